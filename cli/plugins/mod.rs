//! Plugins of others: where they lie, what their manifests say, and which of them the user has approved.

pub mod folders;
pub mod installed;
pub mod lock;
pub mod manifest;
pub mod sealed;
pub mod trust;

use std::path::Path;
use std::sync::Arc;

use annals_core::Error;
use annals_core::host::Plugin;
use annals_worker::describe::Description;

use crate::carrier::Format;
use crate::exit::Trouble;
use crate::load;
use crate::worker::{Limits, Program, Worker, WorkerFormat};
use lock::Lock;
use sealed::Sealed;
use trust::Trust;

/// What decides how a plugin runs, and whether.
#[derive(Clone, Default)]
pub struct Settings {
    /// What it may use in a process of its own.
    pub limits: Limits,
    /// What the user has approved.
    pub trust: Arc<Trust>,
    /// What may run here, if only some.
    pub lock: Option<Arc<Lock>>,
}

/// A plugin that can be used.
pub enum Ready {
    /// In this process.
    Here(Plugin),
    /// In processes of its own.
    Apart(Arc<Worker>),
}

impl Settings {
    /// As the user and the folder want it.
    pub fn load(limits: Limits) -> Result<Self, Trouble> {
        Ok(Self { lock: Lock::find()?.map(Arc::new), ..Self::without_lock(limits)? })
    }

    /// As the user wants it, for commands that look after plugins: they work where the lock is broken, too.
    pub fn without_lock(limits: Limits) -> Result<Self, Trouble> {
        Ok(Self { limits, trust: Arc::new(Trust::load()?), lock: None })
    }

    /// Opens the plugin in a file, which must have the given id and hash if these are known: an approved library in this
    /// process, all else in processes of their own.
    pub fn open(&self, path: &Path, known: Option<(&str, &str)>) -> Result<Ready, Error> {
        let sealed = Sealed::new(path)?;
        if known.is_some_and(|(_, sha256)| sha256 != sealed.sha256) {
            return Err(Error::new("its file is not the one that was added: it has another SHA-256")
                .hint("`annals plugin add` it again, if you know why"));
        }
        if let Some(lock) = &self.lock {
            lock.check(sealed.id().or(known.map(|(id, _)| id)), &sealed.sha256)?;
        }
        self.open_sealed(Arc::new(sealed))
    }

    /// The same of a file that has been read, wherever it may run.
    pub fn open_sealed(&self, sealed: Arc<Sealed>) -> Result<Ready, Error> {
        let trusted = self.trust.has(&sealed.sha256);
        if let (Some(id), true) = (sealed.id(), trusted) {
            let plugin = load::approved(&sealed, id)?;
            // The loader knows libraries by their paths: the next one must not get that of this one.
            std::mem::forget(sealed);
            return Ok(Ready::Here(plugin));
        }
        Worker::new(Program { sealed, trusted, limits: self.limits }).map(|worker| Ready::Apart(Arc::new(worker)))
    }
}

impl Ready {
    /// The plugin's id.
    pub fn id(&self) -> String {
        match self {
            Self::Here(plugin) => plugin.id(),
            Self::Apart(worker) => worker.description.id.clone(),
        }
    }

    /// The plugin's version.
    pub fn version(&self) -> String {
        match self {
            Self::Here(plugin) => plugin.version(),
            Self::Apart(worker) => worker.description.version.clone(),
        }
    }

    /// What it says of itself.
    pub fn description(&self) -> Description {
        match self {
            Self::Here(plugin) => Description::of(*plugin),
            Self::Apart(worker) => worker.description.clone(),
        }
    }

    /// Its formats.
    pub fn formats(&self) -> Vec<Format> {
        match self {
            Self::Here(plugin) => plugin.formats().into_iter().map(Format::Here).collect(),
            Self::Apart(worker) => WorkerFormat::all(worker).into_iter().map(Format::Apart).collect(),
        }
    }
}

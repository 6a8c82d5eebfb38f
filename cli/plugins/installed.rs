//! Plugins that have been installed: found by their manifests, run when they are first used.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use annals_core::Error;
use annals_core::host::Failure;
use annals_worker::describe::{Description, FormatDescription};

use super::folders::{self, Folder, Origin};
use super::manifest::Manifest;
use super::{Ready, Settings};
use crate::carrier::Format;

/// A plugin in a folder of its own.
pub struct Installed {
    /// The folder.
    pub folder: PathBuf,
    /// Who put it there.
    pub of: Origin,
    /// Its manifest.
    pub manifest: Manifest,
    /// What the manifest says.
    pub description: Description,
    settings: Settings,
    ready: OnceLock<Result<Ready, Error>>,
}

impl Installed {
    /// Reads the manifest in `folder`.
    pub fn read(folder: PathBuf, of: Origin, settings: &Settings) -> Result<Self, Error> {
        if folders::is_open_to_all(&folder) {
            return Err(open_to_all("its folder"));
        }
        let manifest = Manifest::read(&folder)?;
        manifest.file()?;
        let description = manifest.description()?;
        Ok(Self { folder, of, manifest, description, settings: settings.clone(), ready: OnceLock::new() })
    }

    /// Its file. Whether there is one for this platform has been looked at.
    pub fn file(&self) -> PathBuf {
        self.manifest.file().map_or_else(|_| self.folder.clone(), |file| self.folder.join(&file.file))
    }

    /// The hash that its file must have.
    pub fn sha256(&self) -> &str {
        self.manifest.file().map_or("", |file| &file.sha256)
    }

    /// Loads it, or asks it what it is, when it is first used.
    fn ready(&self) -> Result<&Ready, Error> {
        let ready = self.ready.get_or_init(|| {
            let ready = self.settings.open(&self.file(), Some((&self.description.id, self.sha256())))?;
            match ready.id() == self.description.id {
                true => Ok(ready),
                false => {
                    Err(Error::new(format!("it calls itself `{}`, its manifest `{}`", ready.id(), self.description.id)))
                }
            }
        });
        ready.as_ref().map_err(Clone::clone)
    }
}

fn open_to_all(what: &str) -> Error {
    Error::new(format!("{what} may be changed by everybody")).hint("`chmod o-w` on it")
}

/// A format of an installed plugin.
#[derive(Clone)]
pub struct InstalledFormat {
    plugin: Arc<Installed>,
    at: usize,
}

impl InstalledFormat {
    /// The formats of a plugin.
    pub fn all(plugin: &Arc<Installed>) -> Vec<Self> {
        (0..plugin.description.formats.len()).map(|at| Self { plugin: Arc::clone(plugin), at }).collect()
    }

    /// What the manifest says of it.
    pub fn info(&self) -> &FormatDescription {
        &self.plugin.description.formats[self.at]
    }

    /// Whether files of this format begin as `head` does, by the manifest.
    pub fn has_magic(&self, head: &[u8]) -> bool {
        self.plugin.manifest.has_magic(&self.info().name, head)
    }

    /// The format itself.
    pub fn format(&self) -> Result<Format, Failure> {
        let (plugin, name) = (&self.plugin.description.id, &self.info().name);
        let unusable = |error: Error| {
            Failure::Refused(Error {
                message: format!("the plugin `{plugin}` cannot be used: {}", error.message),
                ..error
            })
        };
        let ready = self.plugin.ready().map_err(unusable)?;
        ready
            .formats()
            .into_iter()
            .find(|format| format.name() == *name)
            .ok_or_else(|| unusable(Error::new(format!("it has no format `{name}`, though its manifest says so"))))
    }
}

/// What is in all folders.
#[derive(Default)]
pub struct Found {
    /// The plugins.
    pub plugins: Vec<Arc<Installed>>,
    /// What could not be read, with the reason.
    pub broken: Vec<(PathBuf, Error)>,
    /// Plugins whose id is that of another one, with the folder of that.
    pub hidden: Vec<(Arc<Installed>, PathBuf)>,
}

/// Looks through all folders; of two plugins with one id the first counts.
pub fn find(settings: &Settings) -> Found {
    let mut found = Found::default();
    for Folder { path, of } in folders::all() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        if folders::is_open_to_all(&path) {
            found.broken.push((path, open_to_all("this folder of plugins")));
            continue;
        }
        let mut plugins: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        plugins.retain(|plugin| plugin.join(super::manifest::NAME).is_file());
        plugins.sort();
        for folder in plugins {
            match Installed::read(folder.clone(), of, settings) {
                Ok(plugin) => match found.plugins.iter().find(|other| other.description.id == plugin.description.id) {
                    Some(winner) => found.hidden.push((Arc::new(plugin), winner.folder.clone())),
                    None => found.plugins.push(Arc::new(plugin)),
                },
                Err(error) => found.broken.push((folder, error)),
            }
        }
    }
    found
}

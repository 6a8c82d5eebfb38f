//! `annals plugin lock`

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use super::cannot_load;
use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::plugins::lock::{Lock, NAME};
use crate::plugins::sealed::Sealed;
use crate::plugins::{Settings, installed};

/// Writes the lock of this folder: the plugins that are named, and those that are installed.
pub fn run(global: &Global) -> anyhow::Result<Exit> {
    let settings = Settings::without_lock(global.plugin_limits())?;
    let mut lock = Lock::default();
    for path in &global.plugin {
        let failed = |error: annals_core::Error| cannot_load(path, &error);
        let sealed = Arc::new(Sealed::new(path).map_err(failed)?);
        let ready = settings.open_sealed(Arc::clone(&sealed)).map_err(failed)?;
        if let Some(other) =
            lock.plugins.insert(ready.id(), sealed.sha256.clone()).filter(|other| *other != sealed.sha256)
        {
            let cause = format!("another one with this id has the SHA-256 {other}");
            return Err(Trouble::new(format!("plugin `{}` is named twice", ready.id())).cause(cause).into());
        }
    }
    for plugin in installed::find(&settings).plugins {
        lock.plugins.entry(plugin.description.id.clone()).or_insert_with(|| plugin.sha256().to_owned());
    }
    let old = Lock::find().ok().flatten().unwrap_or_default();
    lock.write()?;
    let mut out = std::io::stdout().lock();
    for (id, sha256) in &lock.plugins {
        let change = match old.plugins.get(id) {
            Some(same) if same == sha256 => "as before",
            Some(_) => "changed",
            None => "new",
        };
        writeln!(out, "{id} {sha256} ({change})")?;
    }
    for id in old.plugins.keys().filter(|id| !lock.plugins.contains_key(*id)) {
        writeln!(out, "{id} (gone)")?;
    }
    let path = std::path::absolute(Path::new(NAME)).unwrap_or_else(|_| NAME.into());
    writeln!(out, "only these plugins run in `{}` from now on", path.parent().unwrap_or(&path).display())?;
    Ok(Exit::Done)
}

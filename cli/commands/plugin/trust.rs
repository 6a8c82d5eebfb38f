//! `annals plugin trust`, `annals plugin untrust`

use std::io::Write;
use std::path::{Path, PathBuf};

use super::cannot_load;
use crate::args::Global;
use crate::exit::{Exit, Trouble, near};
use crate::plugins::sealed::{Kind, Sealed};
use crate::plugins::trust::{Approved, Trust};
use crate::plugins::{Settings, installed};

fn sealed(path: &Path) -> Result<Sealed, Trouble> {
    Sealed::new(path).map_err(|error| cannot_load(path, &error))
}

/// Approves a file, or the file of an installed plugin.
pub fn trust(plugin: &Path, global: &Global) -> anyhow::Result<Exit> {
    let path = &file_of(plugin, global)?;
    let sealed = sealed(path)?;
    let new = Trust::load()?.add(&sealed)?;
    let (path, sha256) = (path.display(), &sealed.sha256);
    let how = match sealed.kind {
        Kind::Library(_) => "it is loaded into annals",
        Kind::Program => "it runs without the sandbox",
    };
    let was = if new { "" } else { " already" };
    writeln!(std::io::stdout(), "`{path}` is{was} approved: {how} (sha256 {sha256})")?;
    Ok(Exit::Done)
}

/// The file of an installed plugin, if `plugin` is its id and no path.
fn file_of(plugin: &Path, global: &Global) -> Result<PathBuf, Trouble> {
    let is_id = plugin.to_str().is_some_and(|id| !id.contains(['/', '\\', '.'])) && !plugin.exists();
    let installed =
        if is_id { installed::find(&Settings::without_lock(global.plugin_limits())?).plugins } else { Vec::new() };
    let ids = installed.iter().map(|plugin| plugin.description.id.clone());
    match installed.iter().find(|one| Some(one.description.id.as_str()) == plugin.to_str()) {
        Some(found) => Ok(found.file()),
        None if is_id => {
            let id = plugin.to_string_lossy();
            let hint = match ids.len() {
                0 => "`annals plugin add PATH` installs one".to_owned(),
                _ => near(&id, ids),
            };
            Err(Trouble::new(format!("there is no file and no installed plugin `{id}`")).hint(hint))
        }
        None => Ok(plugin.to_owned()),
    }
}

/// A beginning of a hash that is long enough to mean one.
const HASH_BEGINNING: usize = 8;

/// Takes an approval back.
pub fn untrust(plugin: &str) -> anyhow::Result<Exit> {
    let path = Path::new(plugin);
    let hash = if path.is_file() { Some(sealed(path)?.sha256) } else { None };
    let is_hash = plugin.len() >= HASH_BEGINNING && plugin.bytes().all(|byte| byte.is_ascii_hexdigit());
    let gone = Trust::load()?.remove(|one| match &hash {
        Some(hash) => one.sha256 == *hash,
        None => one.name == plugin || is_hash && one.sha256.starts_with(&plugin.to_ascii_lowercase()),
    })?;
    if gone.is_empty() {
        return Err(Trouble::new(format!("`{plugin}` is not approved")).into());
    }
    for Approved { sha256, name } in gone {
        writeln!(std::io::stdout(), "`{name}` is not approved any more (sha256 {sha256})")?;
    }
    Ok(Exit::Done)
}

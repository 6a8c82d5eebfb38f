//! `annals plugin add`, `annals plugin remove`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_core::Error;
use annals_worker::describe::{Description, FormatDescription};
use clap::Args;

use super::cannot_load;
use crate::args::Global;
use crate::exit::{Exit, Trouble, near};
use crate::plugins::installed::{self, Found, Installed};
use crate::plugins::manifest::{ANY, Manifest, NAME, PlatformFile, platform};
use crate::plugins::sealed::{Kind, Sealed};
use crate::plugins::trust::Trust;
use crate::plugins::{Settings, folders};

/// Install a plugin for yourself, so that its formats are there without `--plugin`
///
/// PATH is a library, a program, or a folder with a `manifest.toml` and the files that it names. The file is copied into
/// your folder of plugins (`$XDG_DATA_HOME/annals/plugins`); an older one of the same id is replaced. It runs sandboxed
/// until you approve it.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  annals plugin add target/release/libannals_gpx.so\n  annals plugin add --trust ./history.py"
)]
pub struct AddArgs {
    /// The library, program or folder
    path: PathBuf,
    /// Approve it as well, as `annals plugin trust` does
    #[arg(long)]
    trust: bool,
}

/// Installs.
pub fn add(args: &AddArgs, global: &Global) -> anyhow::Result<Exit> {
    let failed = |error: Error| cannot_load(&args.path, &error);
    let settings = Settings::without_lock(global.plugin_limits())?;
    let given = if args.path.is_dir() { Some(Manifest::read(&args.path).map_err(failed)?) } else { None };
    let file = match &given {
        Some(manifest) => args.path.join(&manifest.file().map_err(failed)?.file),
        None => args.path.clone(),
    };
    let sealed = Arc::new(Sealed::new(&file).map_err(failed)?);
    if let Some(sha256) = given.as_ref().and_then(|manifest| manifest.file().ok()).map(|file| &file.sha256)
        && *sha256 != sealed.sha256
    {
        let text =
            format!("`{}` is not the file that its {NAME} names: its SHA-256 is {}", file.display(), sealed.sha256);
        return Err(failed(Error::new(text).hint("get it again from where it comes from")).into());
    }
    // What the plugin says itself counts; a manifest that says otherwise is refused.
    let ready = settings.open_sealed(Arc::clone(&sealed)).map_err(failed)?;
    let description = ready.description();
    let manifest = match given {
        Some(manifest) => agrees(manifest, &description).map_err(failed)?,
        None => {
            let platform = if sealed.kind == Kind::Program { ANY.to_owned() } else { platform() };
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Manifest::of(&description, platform, PlatformFile { file: name, sha256: sealed.sha256.clone() })
        }
    };
    let (folder, replaced) = put(&manifest, &sealed)?;
    let mut out = std::io::stdout().lock();
    let formats: Vec<String> = description.formats.iter().map(|format| format.name.clone()).collect();
    let verb = if replaced { "replaced" } else { "added" };
    let formats = if formats.is_empty() { "no formats".to_owned() } else { formats.join(", ") };
    writeln!(out, "{verb} {} {} ({formats}) in `{}`", manifest.id, manifest.version, folder.display())?;
    if args.trust {
        Trust::load()?.add(&sealed)?;
    }
    let hint = match args.trust || settings.trust.has(&sealed.sha256) {
        true => "it is approved".to_owned(),
        false => format!("it runs sandboxed; `annals plugin trust {}` approves it", manifest.id),
    };
    writeln!(out, "{hint}")?;
    Ok(Exit::Done)
}

/// The manifest, if it says what the plugin says.
fn agrees(manifest: Manifest, description: &Description) -> Result<Manifest, Error> {
    let says = manifest.description()?;
    let other = |what: &str, theirs: &str, ours: &str| {
        Err(Error::new(format!("its {NAME} says {what} {ours:?}, the plugin itself {theirs:?}")))
    };
    if says.id != description.id {
        return other("id", &description.id, &says.id);
    }
    if says.version != description.version {
        return other("version", &description.version, &says.version);
    }
    let names = |formats: &[FormatDescription]| {
        let mut names: Vec<&str> = formats.iter().map(|format| format.name.as_str()).collect();
        names.sort_unstable();
        names.join(" ")
    };
    let (theirs, ours) = (names(&description.formats), names(&says.formats));
    if theirs != ours { other("formats", &theirs, &ours) } else { Ok(manifest) }
}

/// Copies a plugin into the user's folder: written beside, then renamed. Tells where, and whether one was there.
fn put(manifest: &Manifest, sealed: &Sealed) -> Result<(PathBuf, bool), Trouble> {
    let plugins = folders::user()
        .ok_or_else(|| Trouble::new("there is no folder for your plugins").hint("set HOME or XDG_DATA_HOME"))?;
    let cannot = |error: std::io::Error| Trouble::new(format!("cannot write to `{}`", plugins.display())).cause(error);
    std::fs::create_dir_all(&plugins).map_err(cannot)?;
    let new = tempfile::Builder::new().prefix(".new-").tempdir_in(&plugins).map_err(cannot)?;
    let name = &manifest.file().map_err(|error| cannot_load(&sealed.path, &error))?.file;
    std::fs::copy(sealed.open_path(), new.path().join(name)).map_err(cannot)?;
    allow(&new.path().join(name), sealed).map_err(cannot)?;
    std::fs::write(new.path().join(NAME), manifest.to_text()).map_err(cannot)?;
    let folder = plugins.join(&manifest.id);
    let replaced = folder.exists();
    if replaced {
        let old = tempfile::Builder::new().prefix(".old-").tempdir_in(&plugins).map_err(cannot)?;
        std::fs::rename(&folder, old.path().join("plugin")).map_err(cannot)?;
    }
    std::fs::rename(new.keep(), &folder).map_err(cannot)?;
    Ok((folder, replaced))
}

/// A folder is made for its owner alone; plugins may be looked at by others, and programs executed.
#[cfg(unix)]
fn allow(file: &Path, sealed: &Sealed) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = if sealed.kind == Kind::Program { 0o755 } else { 0o644 };
    std::fs::set_permissions(file, PermissionsExt::from_mode(mode))?;
    let folder = file.parent().unwrap_or(file);
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o755))
}

#[cfg(not(unix))]
fn allow(_: &Path, _: &Sealed) -> std::io::Result<()> {
    Ok(())
}

/// Removes one of the user's plugins, and its approval.
pub fn remove(id: &str, global: &Global) -> anyhow::Result<Exit> {
    let settings = Settings::without_lock(global.plugin_limits())?;
    let Found { plugins, broken, hidden } = installed::find(&settings);
    let all: Vec<&Installed> =
        plugins.iter().map(|plugin| &**plugin).chain(hidden.iter().map(|(one, _)| &**one)).collect();
    let user = folders::user();
    let is_users = |folder: &Path| user.as_deref().is_some_and(|user| folder.parent() == Some(user));
    let ours = all.iter().find(|plugin| plugin.description.id == id && is_users(&plugin.folder));
    // One that is broken can be removed by the name of its folder.
    let named = |folder: &Path| is_users(folder) && folder.file_name().is_some_and(|name| name == id);
    let folder = ours.map(|plugin| plugin.folder.clone());
    let folder = folder.or_else(|| broken.iter().map(|(folder, _)| folder).find(|folder| named(folder)).cloned());
    let Some(folder) = folder else {
        let trouble = Trouble::new(format!("you have no plugin `{id}`"));
        return Err(match all.iter().find(|plugin| plugin.description.id == id) {
            Some(other) => trouble.hint(format!("there is one in `{}`, which is not yours", other.folder.display())),
            None => trouble.hint(near(id, all.iter().map(|plugin| plugin.description.id.clone()))),
        }
        .into());
    };
    let cannot = |error| Trouble::new(format!("cannot remove `{}`", folder.display())).cause(error);
    std::fs::remove_dir_all(&folder).map_err(cannot)?;
    if let Some(plugin) = ours {
        Trust::load()?.remove(|one| one.sha256 == plugin.sha256())?;
    }
    writeln!(std::io::stdout(), "removed `{}`", folder.display())?;
    Ok(Exit::Done)
}

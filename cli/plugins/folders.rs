//! Where plugins lie: `ANNALS_PLUGIN_PATH`, then the user's folder, then the system's (XDG Base Directory Specification).

use std::path::{Path, PathBuf};

/// A folder of plugins, each in a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Its path.
    pub path: PathBuf,
    /// Who put plugins there.
    pub of: Origin,
}

/// Who put plugins into a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Named by `ANNALS_PLUGIN_PATH`.
    Environment,
    /// `annals plugin add`.
    User,
    /// The system's packages.
    System,
}

impl Origin {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "ANNALS_PLUGIN_PATH",
            Self::User => "yours",
            Self::System => "the system's",
        }
    }
}

/// A variable of the environment that is set and not empty.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Where annals keeps the user's data.
pub fn user_data() -> Option<PathBuf> {
    let folder = variable("XDG_DATA_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".local/share")));
    folder.map(|folder| folder.join("annals"))
}

/// The user's own plugins.
pub fn user() -> Option<PathBuf> {
    user_data().map(|folder| folder.join("plugins"))
}

/// All folders, in the order in which they are looked through.
pub fn all() -> Vec<Folder> {
    let mut folders = Vec::new();
    let mut add = |path: PathBuf, of| folders.push(Folder { path, of });
    for path in variable("ANNALS_PLUGIN_PATH").iter().flat_map(std::env::split_paths) {
        add(path, Origin::Environment);
    }
    user().into_iter().for_each(|path| add(path, Origin::User));
    let system = variable("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    for path in std::env::split_paths(&system).filter(|path| path.is_absolute() && cfg!(unix)) {
        add(path.join("annals/plugins"), Origin::System);
    }
    folders.retain(|folder| !folder.path.as_os_str().is_empty());
    folders
}

/// Whether anybody may put something into a folder, or change a file.
#[cfg(unix)]
pub fn is_open_to_all(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o002 != 0)
}

/// Elsewhere that is not so easily told.
#[cfg(not(unix))]
pub fn is_open_to_all(_: &Path) -> bool {
    false
}

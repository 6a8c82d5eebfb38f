//! Loads plugin libraries: the only user of libloading.

#[cfg(target_os = "linux")]
mod elf;
#[cfg(unix)]
pub mod ended;

use std::path::Path;

use annals_core::abi::{EntryFn, MAJOR, symbol};
use annals_core::error::Error;
use annals_core::host::{Plugin, other_version};
use libloading::Library;

/// ABI versions that a library is asked for, to tell another version from no plugin at all.
const OTHER_MAJORS: std::ops::RangeInclusive<u16> = 0..=9;

/// Loads the plugin in the library at `path`. Naming it is the approval: its code runs in this process.
///
/// The library is never unloaded, so that what it hands out stays valid.
pub fn load(path: &Path) -> Result<Plugin, Error> {
    let id = plugin_id(path)?;
    let library = open(path)?;
    // SAFETY: by the ABI a function of this type bears this name.
    let entry = unsafe { library.get::<EntryFn>(symbol(MAJOR, &id).as_bytes()) };
    let Ok(entry) = entry else {
        let has = |major: &u16| {
            // SAFETY: only looked up, never called.
            unsafe { library.get::<EntryFn>(symbol(*major, &id).as_bytes()) }.is_ok()
        };
        return Err(match OTHER_MAJORS.into_iter().find(has) {
            Some(major) => other_version(major),
            None => Error::new(format!("it is no annals plugin: it has no function `{}`", symbol(MAJOR, &id)))
                .hint("a plugin's file is named `libannals_ID.so` after the ID in its function's name"),
        });
    };
    // SAFETY: as above.
    let table = unsafe { entry() };
    // SAFETY: what a plugin's function returns is static; the library stays loaded.
    let plugin = unsafe { Plugin::new(table) }?;
    std::mem::forget(library);
    if plugin.id() != id {
        return Err(Error::new(format!("it calls itself `{}`, but its file is named for `{id}`", plugin.id())));
    }
    Ok(plugin)
}

/// The id in the name of a library: `libannals_ID.so`, `annals_ID.dll`.
fn plugin_id(path: &Path) -> Result<String, Error> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = stem.strip_prefix("lib").unwrap_or(stem);
    let id = name.strip_prefix("annals_").filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| {
        Error::new("its name is not that of a plugin").hint("a plugin's file is named `libannals_ID.so`")
    })
}

#[cfg(unix)]
fn open(path: &Path) -> Result<Library, Error> {
    use libloading::os::unix;
    // Without a slash dlopen would search the system's folders.
    let path = std::path::absolute(path)?;
    if !path.is_file() {
        let what = if path.exists() { "it is not a file" } else { "there is no such file" };
        return Err(Error::new(what));
    }
    #[cfg(target_os = "linux")]
    elf::check(&path)?;
    ended::watch();
    let flags = unix::RTLD_NOW | unix::RTLD_LOCAL | libc::RTLD_NODELETE;
    // SAFETY: the user named the library to run its code in this process.
    let library = unsafe { unix::Library::open(Some(&path), flags) };
    library.map(Library::from).map_err(|error| not_a_library(&error))
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<Library, Error> {
    let path = std::path::absolute(path)?;
    // SAFETY: the user named the library to run its code in this process.
    unsafe { Library::new(path) }.map_err(|error| not_a_library(&error))
}

fn not_a_library(error: &libloading::Error) -> Error {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    Error::new(format!("it cannot be loaded as a shared library: {reason}"))
}

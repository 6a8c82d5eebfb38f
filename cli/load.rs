//! Loads plugin libraries: the only user of libloading.

#[cfg(target_os = "linux")]
pub mod elf;
#[cfg(unix)]
pub mod ended;

use std::path::Path;

use annals_core::abi::{EntryFn, MAJOR, symbol};
use annals_core::error::Error;
use annals_core::host::{Plugin, other_version};
use libloading::Library;

use crate::plugins::sealed::Sealed;

/// ABI versions that a library is asked for, to tell another version from no plugin at all.
const OTHER_MAJORS: std::ops::RangeInclusive<u16> = 0..=9;

/// Loads the library with the given id, which the user has approved, into this process.
pub fn approved(sealed: &Sealed, id: &str) -> Result<Plugin, Error> {
    #[cfg(unix)]
    ended::watch();
    // SAFETY: the user has approved these bytes.
    let loaded = unsafe { library(&sealed.open_path(), id) };
    loaded.map_err(|error| Error { message: sealed.name_in(&error.message), ..error })
}

/// Loads the library at `path` with the given id, which is to be tested, from where it lies, so that tools find its
/// symbols: naming it for that is the approval.
pub fn for_test(path: &Path, id: &str) -> Result<Plugin, Error> {
    // SAFETY: the user has named it to run it.
    unsafe { library(&std::path::absolute(path)?, id) }
}

/// Loads the library at `path`, an absolute one, whose id is `id`. It is never unloaded, so that what it hands out stays
/// valid.
///
/// # Safety
///
/// The library's code runs in this process.
pub unsafe fn library(path: &Path, id: &str) -> Result<Plugin, Error> {
    // SAFETY: the caller's promise.
    let library = unsafe { open(path) }?;
    // SAFETY: by the ABI a function of this type bears this name.
    let entry = unsafe { library.get::<EntryFn>(symbol(MAJOR, id).as_bytes()) };
    let Ok(entry) = entry else {
        let has = |major: &u16| {
            // SAFETY: only looked up, never called.
            unsafe { library.get::<EntryFn>(symbol(*major, id).as_bytes()) }.is_ok()
        };
        return Err(match OTHER_MAJORS.into_iter().find(has) {
            Some(major) => other_version(major),
            None => Error::new(format!("it is no annals plugin: it has no function `{}`", symbol(MAJOR, id)))
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

#[cfg(unix)]
unsafe fn open(path: &Path) -> Result<Library, Error> {
    use libloading::os::unix;
    let flags = unix::RTLD_NOW | unix::RTLD_LOCAL | libc::RTLD_NODELETE;
    // SAFETY: the caller's promise.
    let library = unsafe { unix::Library::open(Some(path), flags) };
    library.map(Library::from).map_err(|error| not_a_library(&error))
}

#[cfg(not(unix))]
unsafe fn open(path: &Path) -> Result<Library, Error> {
    // SAFETY: the caller's promise.
    unsafe { Library::new(path) }.map_err(|error| not_a_library(&error))
}

fn not_a_library(error: &libloading::Error) -> Error {
    let reason = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    Error::new(format!("it cannot be loaded as a shared library: {reason}"))
}

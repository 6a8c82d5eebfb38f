//! What keeps a plugin's code from everything but its input and output.
//!
//! On Linux: limits of resources, no capabilities, Landlock (no files, no connections) and seccomp (few system calls),
//! in two stages for a library: while it is loaded it may read the system's libraries, afterwards nothing. Elsewhere a
//! worker is a process with its own memory, no more.

#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod syscalls;

use std::io;

/// Limits the address space to `memory` bytes, open files to `files`, and forbids core dumps and growing files.
#[cfg(target_os = "linux")]
pub fn limit(memory: u64, files: u64) -> io::Result<()> {
    limits::set(memory, files)
}

/// Ends this process when its parent, which must be `parent`, does.
#[cfg(target_os = "linux")]
pub fn stay_with(parent: u32) -> io::Result<()> {
    limits::stay_with(parent)
}

/// Before a library is loaded.
#[cfg(target_os = "linux")]
pub fn before_library() -> io::Result<()> {
    limits::drop_rights()?;
    files::only_system()?;
    syscalls::for_loading()
}

/// After a library has been loaded.
#[cfg(target_os = "linux")]
pub fn after_library() -> io::Result<()> {
    files::none()?;
    syscalls::for_working()
}

/// Before a program takes this process over.
#[cfg(target_os = "linux")]
pub fn before_program() -> io::Result<()> {
    limits::drop_rights()?;
    files::only_system()?;
    syscalls::for_program()
}

/// What the system does not offer of all this.
#[cfg(target_os = "linux")]
pub fn lacks() -> Vec<&'static str> {
    let mut lacks = files::lacks();
    if !syscalls::are_offered() {
        lacks.push("seccomp: a plugin may make any system call");
    }
    lacks
}

#[cfg(all(unix, not(target_os = "linux")))]
mod elsewhere {
    use std::io;

    /// Limits the address space to `memory` bytes, as far as the system heeds it.
    pub fn limit(memory: u64, _: u64) -> io::Result<()> {
        let limit = libc::rlimit { rlim_cur: memory as libc::rlim_t, rlim_max: memory as libc::rlim_t };
        // SAFETY: one valid struct. Not every system lets this limit be set.
        unsafe { libc::setrlimit(libc::RLIMIT_DATA, &limit) };
        Ok(())
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
pub use elsewhere::limit;

/// Nothing to be had.
#[cfg(not(unix))]
pub fn limit(_: u64, _: u64) -> io::Result<()> {
    Ok(())
}

/// Nothing to be had: a worker ends when its pipes do.
#[cfg(not(target_os = "linux"))]
pub fn stay_with(_: u32) -> io::Result<()> {
    Ok(())
}

/// Nothing to be had.
#[cfg(not(target_os = "linux"))]
pub fn before_library() -> io::Result<()> {
    Ok(())
}

/// Nothing to be had.
#[cfg(not(target_os = "linux"))]
pub fn after_library() -> io::Result<()> {
    Ok(())
}

/// Nothing to be had.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn before_program() -> io::Result<()> {
    Ok(())
}

/// What the system does not offer.
#[cfg(not(target_os = "linux"))]
pub fn lacks() -> Vec<&'static str> {
    vec!["a sandbox: a worker is a process of its own, with your rights"]
}

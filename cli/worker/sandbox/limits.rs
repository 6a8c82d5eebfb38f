//! Limits of resources, and rights that are given up.

use std::io;

fn checked(result: libc::c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Limits the address space to `memory` bytes, open files to `files`; forbids core dumps and growing files.
pub fn set(memory: u64, files: u64) -> io::Result<()> {
    let set = |resource, limit: u64| {
        let limit = libc::rlimit { rlim_cur: limit, rlim_max: limit };
        // SAFETY: one valid struct.
        checked(unsafe { libc::setrlimit(resource, &limit) })
    };
    set(libc::RLIMIT_AS, memory)?;
    set(libc::RLIMIT_CORE, 0)?;
    set(libc::RLIMIT_FSIZE, 0)?;
    set(libc::RLIMIT_NOFILE, files)
}

/// Ends this process when its parent, which must be `parent`, does.
pub fn stay_with(parent: u32) -> io::Result<()> {
    // SAFETY: plain numbers.
    checked(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    // It may have ended before.
    match std::os::unix::process::parent_id() == parent {
        true => Ok(()),
        false => Err(io::Error::other("annals has gone")),
    }
}

/// No new rights by starting programs, and no capabilities, which root has.
pub fn drop_rights() -> io::Result<()> {
    // SAFETY: plain numbers.
    checked(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    // linux/capability.h: version 3, this process; two sets of effective, permitted and inheritable.
    let (head, none) = ([0x2008_0522u32, 0], [0u32; 6]);
    // SAFETY: structs of that version.
    checked(unsafe { libc::syscall(libc::SYS_capset, head.as_ptr(), none.as_ptr()) } as libc::c_int)
}

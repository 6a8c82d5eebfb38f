//! SIGINT and SIGTERM ask for an orderly end: temporary files vanish, no output is half-written.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Whether the user has asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Listens for the signals. A second one ends the program at once.
#[cfg(unix)]
pub fn listen() {
    extern "C" fn handler(signal: libc::c_int) {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            // SAFETY: both calls are async-signal-safe.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
        }
    }
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: the handler only touches an atomic and async-signal-safe functions. Without SA_RESTART a call that
        // waits returns, and who made it asks `requested`.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as *const () as libc::sighandler_t;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// How long a reader waits before it asks again whether it is to stop, in milliseconds.
#[cfg(unix)]
const PATIENCE: libc::c_int = 100;

/// A pipe, terminal or device that is only read when it has something to give: a signal that comes just before a read,
/// or to another thread, does not end it.
#[cfg(unix)]
struct Watched(File);

#[cfg(unix)]
impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::fd::AsRawFd;
        loop {
            if requested() {
                return Err(io::Error::other("interrupted"));
            }
            let mut of = libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one valid struct.
            match unsafe { libc::poll(&mut of, 1, PATIENCE) } {
                0 => {}
                -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
                // What cannot be waited for shows itself in the read.
                _ => return self.0.read(buffer),
            }
        }
    }
}

/// An input that may never give anything, so that waiting for it ends with the run.
#[cfg(unix)]
pub fn watched(file: File) -> Box<dyn Read + Send> {
    Box::new(Watched(file))
}

/// Standard input, likewise.
#[cfg(unix)]
pub fn stdin() -> io::Result<Box<dyn Read + Send>> {
    use std::os::fd::AsFd;
    Ok(watched(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
}

/// Elsewhere the system's own way stands.
#[cfg(not(unix))]
pub fn listen() {}

/// Elsewhere the system's own way stands.
#[cfg(not(unix))]
pub fn watched(file: File) -> Box<dyn Read + Send> {
    Box::new(file)
}

/// Elsewhere the system's own way stands.
#[cfg(not(unix))]
pub fn stdin() -> io::Result<Box<dyn Read + Send>> {
    Ok(Box::new(io::stdin()))
}

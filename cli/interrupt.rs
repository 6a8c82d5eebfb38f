//! SIGINT and SIGTERM ask for an orderly end: temporary files vanish, no output is half-written.

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
        // SAFETY: the handler only touches an atomic and async-signal-safe functions. Without SA_RESTART a read that
        // waits (a terminal, a pipe) returns, and the reader asks `requested`.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as *const () as libc::sighandler_t;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Elsewhere the system's own way stands.
#[cfg(not(unix))]
pub fn listen() {}

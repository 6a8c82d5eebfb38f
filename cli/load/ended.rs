//! A plugin in this process that calls `exit` would end it with a code of its own, `0` perhaps, with nothing written.

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::{Exit, Trouble};
use crate::{output, report};

static OVER: AtomicBool = AtomicBool::new(false);
static WATCHING: Once = Once::new();

/// From here on an end of the process that is not [`over`] is a plugin's doing, and told as such.
pub fn watch() {
    extern "C" fn ended() {
        if !OVER.load(Ordering::Relaxed) {
            output::remove_pending();
            let trouble = Trouble::new("a plugin ended the program; nothing was written")
                .hint("this is a bug of the plugin; please report it to its authors");
            report::print_error(&trouble);
            // SAFETY: ends the process, without what else is registered for its end.
            unsafe { libc::_exit(Exit::Bug as i32) };
        }
    }
    WATCHING.call_once(|| {
        // SAFETY: the function is static.
        unsafe { libc::atexit(ended) };
    });
}

/// The program is about to end by itself.
pub fn over() {
    OVER.store(true, Ordering::Relaxed);
}

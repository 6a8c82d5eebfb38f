//! Panics turned into errors, where they would cross the plugin boundary.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use crate::error::Error;

/// What went wrong, and whether the one who was called is to blame.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub error: Error,
    pub bug: bool,
}

thread_local! {
    /// How many guards are around what runs on this thread.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    /// Where the last panic within them was; empty = nobody listens.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From here on panics within [`guarded`] are not printed, but told with their place. For a library that has its own
/// copy of Rust's runtime, and so its own hook: a plugin does not write to standard error.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDS.get() == 0 {
                return before(info);
            }
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            PLACE.with(|cell| cell.try_borrow_mut().map(|mut cell| *cell = place)).ok();
        }));
    });
}

/// Runs `work`, turning a panic into a fault.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Fault> {
    GUARDS.set(GUARDS.get() + 1);
    let result = catch_unwind(AssertUnwindSafe(work));
    GUARDS.set(GUARDS.get() - 1);
    match result {
        Ok(result) => result.map_err(|error| Fault { error, bug: false }),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
            let place = PLACE.take();
            let place = if place.is_empty() { String::new() } else { format!(" ({place})") };
            let error = Error::new(format!("the plugin panicked: {text}{place}"));
            // What a panic carries may panic itself when it is dropped.
            std::mem::forget(panic);
            Err(Fault { error, bug: true })
        }
    }
}

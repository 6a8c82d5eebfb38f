//! A panic of ours is a bug, told as one: exit code 3, nothing written, temporary files gone.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;

use crate::exit::{Exit, Trouble};

/// Where the last panic was. Panics inside plugins are caught at their boundary and told there.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// Runs `work`; a panic becomes an error.
pub fn guard<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    panic::set_hook(Box::new(|info| {
        if let (Ok(mut place), Some(location)) = (PLACE.lock(), info.location()) {
            *place = location.to_string();
        }
    }));
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        let place = PLACE.lock().map(|place| place.clone()).unwrap_or_default();
        Err(Trouble::new("annals has a bug; nothing was written")
            .cause(format!("{text} ({place})"))
            .hint("please report it, with the command and, if you can, the input")
            .exit(Exit::Bug)
            .into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_exit_code_3() {
        let error = guard(|| -> anyhow::Result<()> { panic!("the sum is {}", 5) }).unwrap_err();
        let _ = panic::take_hook();
        let trouble = error.downcast::<Trouble>().unwrap();
        assert_eq!(trouble.exit, Exit::Bug);
        assert!(trouble.cause.unwrap().starts_with("the sum is 5 (cli/bug.rs:"));
    }
}

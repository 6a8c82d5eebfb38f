//! Exit codes, and the one kind of error that knows its own.

use std::collections::BTreeSet;
use std::fmt;
use std::process::ExitCode;

/// What the program's exit code says. Documented in the README and in `annals merge --help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything written.
    Done = 0,
    /// Written, but records were rejected or omitted, or a source failed under `--keep-going`; `check` found something.
    Partial = 1,
    /// Nothing written: usage, an unreadable input, a failed output, a limit passed.
    Nothing = 2,
    /// Nothing written: our bug, or a plugin's.
    Bug = 3,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error for people: what, where, why, and what to do.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What could not be done, in one sentence without a full stop.
    pub message: String,
    /// Why.
    pub cause: Option<String>,
    /// Where in an input.
    pub place: Option<Place>,
    /// What to do.
    pub hint: Option<String>,
    /// The exit code it leads to.
    pub exit: Exit,
    /// Whether the run ends even under `--keep-going`.
    pub ends_run: bool,
}

/// A place in an input.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The file as the user named it.
    pub file: String,
    /// Line from 1, where known.
    pub line: Option<u64>,
    /// Column in bytes from 1, where known.
    pub column: Option<u64>,
    /// Byte offset from 0, where known.
    pub offset: Option<u64>,
}

impl Trouble {
    /// A trouble that leads to [`Exit::Nothing`].
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), cause: None, place: None, hint: None, exit: Exit::Nothing, ends_run: false }
    }

    /// The user asked to stop.
    pub fn interrupted() -> Self {
        Self { ends_run: true, ..Self::new("interrupted").exit(Exit::Interrupted) }
    }

    /// Whether the user asked to stop.
    pub fn is_interrupted(&self) -> bool {
        self.exit == Exit::Interrupted
    }

    /// Adds why.
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Adds what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets the exit code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        self.cause.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Trouble {}

/// Whether the reader of an output has gone.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// A hint with the names near to a wrong one, or all of them.
pub fn near(wrong: &str, names: impl IntoIterator<Item = impl Into<String>>) -> String {
    let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
    nearest(wrong, &names).unwrap_or_else(|| {
        if names.is_empty() {
            return "there are none".to_owned();
        }
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        format!("there are {}", all.join(", "))
    })
}

/// A hint with the names near to a wrong one, if any is.
pub fn nearest(wrong: &str, names: &BTreeSet<String>) -> Option<String> {
    let is_near =
        |name: &&String| strsim::jaro_winkler(wrong, name) > 0.8 || strsim::damerau_levenshtein(wrong, name) == 1;
    let near: Vec<String> = names.iter().filter(is_near).map(|name| format!("`{name}`")).collect();
    (!near.is_empty()).then(|| format!("did you mean {}?", near.join(" or ")))
}

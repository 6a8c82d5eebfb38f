//! Checking files against the specification of their format: the `validate` slot.

use crate::claim::Locator;
use crate::error::Error;
use crate::note::{Note, NoteKind};
use crate::plugin::{Format, Host, ImportRequest, Input};

/// A format whose files can be checked.
pub trait Validator: Format {
    /// Tells all that is wrong with `input`, in the order of its lines as far as it can. An error says that the input
    /// cannot be checked at all.
    fn validate(input: Box<dyn Input>, request: &ImportRequest, findings: &mut Findings<'_>) -> Result<(), Error>;
}

/// Where a check puts what it finds.
pub struct Findings<'a> {
    host: &'a dyn Host,
}

impl<'a> Findings<'a> {
    /// Findings that go to `host`: errors as notes of kind `reject`, warnings of kind `repair`.
    pub fn new(host: &'a dyn Host) -> Self {
        Self { host }
    }

    /// Something that the specification forbids. `code` is short, stable and lower-case (`missing-uid`); `text` says
    /// what is wrong, what to do, and where the specification says so.
    pub fn error(&mut self, at: Locator, event: Option<&str>, code: &str, text: impl Into<String>) {
        self.note(NoteKind::Reject, at, event, code, text.into());
    }

    /// Something that is allowed, but that programs are known to read in different ways.
    pub fn warning(&mut self, at: Locator, event: Option<&str>, code: &str, text: impl Into<String>) {
        self.note(NoteKind::Repair, at, event, code, text.into());
    }

    fn note(&mut self, kind: NoteKind, at: Locator, event: Option<&str>, code: &str, text: String) {
        let (code, event) = (code.to_owned(), event.map(str::to_owned));
        self.host.note(&Note { kind, code, text, event, locator: Some(at), bytes: Vec::new() });
    }

    /// Whether the user wants to stop.
    pub fn cancelled(&self) -> bool {
        self.host.cancelled()
    }
}

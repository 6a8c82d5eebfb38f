//! One call of a format, and all that came of it.

use std::cell::RefCell;
use std::sync::Arc;

use annals_core::host::Failure;
use annals_core::plugin::{ExportCounts, Fact, Host, ImportCounts, ImportRequest, Input, Options};
use annals_core::{Event, Note};

use crate::inputs::{Bytes, Cancel};
use crate::subject::Subject;

/// What an import gave, also if it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The events, in the order they came.
    pub events: Vec<Event>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The facts.
    pub facts: Vec<Fact>,
    /// The account, or why there is none.
    pub ended: Result<ImportCounts, Failure>,
}

/// What an export gave, also if it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The account, or why there is none.
    pub ended: Result<ExportCounts, Failure>,
}

/// What a check found, also if it failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated {
    /// The findings: errors of kind reject, warnings of kind repair.
    pub notes: Vec<Note>,
    /// Why the input could not be checked.
    pub ended: Result<(), Failure>,
}

/// A host that keeps what it is told, and takes no text that is not UTF-8.
#[derive(Default)]
pub(crate) struct Ear {
    notes: RefCell<Vec<Note>>,
    facts: RefCell<Vec<Fact>>,
    /// Whether the user wants to stop.
    pub(crate) cancel: Arc<Cancel>,
}

impl Host for Ear {
    fn cancelled(&self) -> bool {
        self.cancel.since().is_some()
    }

    fn note(&self, note: &Note) {
        self.notes.borrow_mut().push(note.clone());
    }

    fn fact(&self, fact: &Fact) {
        self.facts.borrow_mut().push(fact.clone());
    }

    fn strict(&self) -> bool {
        true
    }
}

/// Reads `bytes`.
pub fn import(subject: &dyn Subject, bytes: &[u8], request: &ImportRequest) -> Imported {
    import_from(subject, Bytes::new(bytes), request)
}

/// Reads an input.
pub fn import_from(subject: &dyn Subject, input: impl Input + 'static, request: &ImportRequest) -> Imported {
    let (ear, mut events) = (Ear::default(), Vec::new());
    let ended = subject.import(Box::new(input), request, &ear, &mut |batch| events.extend(batch));
    Imported { events, notes: ear.notes.take(), facts: ear.facts.take(), ended }
}

/// Writes `events`, which are to be in timeline order and to have ids, a hundred a batch.
pub fn export(subject: &dyn Subject, events: &[Event], facts: &[Fact], options: &Options) -> Exported {
    export_in_batches(subject, events, 100, facts, options)
}

/// The same in batches of `rows`.
pub fn export_in_batches(
    subject: &dyn Subject,
    events: &[Event],
    rows: usize,
    facts: &[Fact],
    options: &Options,
) -> Exported {
    let batches: Vec<Vec<Event>> = events.chunks(rows.max(1)).map(<[Event]>::to_vec).collect();
    let (ear, mut bytes) = (Ear::default(), Vec::new());
    let ended = subject.export(Box::new(batches.into_iter()), facts, options, &mut bytes, &ear);
    Exported { bytes, notes: ear.notes.take(), ended }
}

/// Checks `bytes` against the specification of the format.
pub fn validate(subject: &dyn Subject, bytes: &[u8], request: &ImportRequest) -> Validated {
    let ear = Ear::default();
    let ended = subject.validate(Box::new(Bytes::new(bytes)), request, &ear);
    Validated { notes: ear.notes.take(), ended }
}

//! Notes: what a plugin reports about single records while it goes on.

use crate::claim::Locator;

/// What became of the record that a note speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum NoteKind {
    /// Import: the record could not be read and is not among the events.
    Reject = 1,
    /// Import: the record was read, after a repair.
    Repair = 2,
    /// Export: the event was written, but not everything it says.
    Lossy = 3,
    /// Export: the format cannot hold the event; it was not written.
    Omit = 4,
}

impl NoteKind {
    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reject => "reject",
            Self::Repair => "repair",
            Self::Lossy => "lossy",
            Self::Omit => "omit",
        }
    }

    /// The kind with this number in the ABI.
    pub fn from_u32(number: u32) -> Option<Self> {
        [Self::Reject, Self::Repair, Self::Lossy, Self::Omit].into_iter().find(|kind| *kind as u32 == number)
    }
}

/// One thing to tell about one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What became of the record.
    pub kind: NoteKind,
    /// A short, stable, lower-case name of the reason (`bad-date`), the same for all records of its kind.
    pub code: String,
    /// The reason in words, for this record.
    pub text: String,
    /// The id of the event, where known.
    pub event: Option<String>,
    /// Where in the source, where known.
    pub locator: Option<Locator>,
    /// The record's bytes (rejected records only; may be cut short).
    pub bytes: Vec<u8>,
}

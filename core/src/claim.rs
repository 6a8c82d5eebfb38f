//! A claim: one source's word for an event.
//!
//! An event's claims are a *set*, sorted by all fields; equal ones collapse. A field that is `None` says what the
//! event says, so that the claim of an event nobody contradicts is little more than a place. What a source says
//! otherwise stands in the claim's own fields (`revision`, `modified`, `lane`, `edtf`, `title`) and, for every
//! other field, in `differs`.

/// One source's word for an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The label of the source: never a path. Empty = the record's own source, filled in by the host.
    pub source: String,
    /// The id that the record has in its source, where that is not the event's real id.
    pub id: Option<String>,
    /// The instance, where it is not the event's.
    pub instance: Option<String>,
    /// SEQUENCE, where it is not the event's.
    pub revision: Option<i64>,
    /// LAST-MODIFIED in microseconds since 1970 UTC, where it is not the event's.
    pub modified: Option<i64>,
    /// The lane, where it is not the event's.
    pub lane: Option<String>,
    /// Who said it inside the source ("the state news agency").
    pub attributed_to: Option<String>,
    /// Where in the source.
    pub locator: Option<Locator>,
    /// The source's exact words.
    pub quote: Option<String>,
    /// When it happened according to this source, where it is not the event's EDTF.
    pub edtf: Option<String>,
    /// The title that this source gives, where it is not the event's.
    pub title: Option<String>,
    /// JSON text of an object: every other field of canonical JSON that this source says otherwise, with its
    /// value there (`null` = the source says nothing).
    pub differs: Option<String>,
    /// When the source was read (RFC 3339), from the data or an option, never from a clock.
    pub retrieved: Option<String>,
}

/// A place in a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locator {
    /// Byte offset of the record, from 0.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
    /// Line number of its first byte, from 1; 0 = the format has no lines.
    pub line: u64,
}

impl Claim {
    /// Whether this is the record's own claim, whose source the host still has to fill in.
    pub fn is_own(&self) -> bool {
        self.source.is_empty()
    }
}

//! What came of a call as text, for snapshots.

use std::fmt::{self, Display, Formatter};

use annals_core::host::Failure;
use annals_core::json::to_line;
use annals_core::{Error, Note};

use crate::run::{Exported, Imported, Validated};

/// Canonical JSON lines of the events, then facts, notes, and the account or the failure.
impl Display for Imported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.events.iter().try_for_each(|event| writeln!(f, "{}", to_line(event)))?;
        for fact in &self.facts {
            writeln!(f, "fact {} {:?}: {}", fact.kind, fact.key, fact.value)?;
        }
        notes(&self.notes, f)?;
        match &self.ended {
            Ok(counts) => {
                write!(f, "read {} = emitted {} + rejected {}", counts.read(), counts.emitted, counts.rejected)?;
                writeln!(f, " + filtered {}", counts.filtered)
            }
            Err(failure) => writeln!(f, "{}", Told(failure)),
        }
    }
}

/// The bytes as text, then notes, and the account or the failure.
impl Display for Exported {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(&self.bytes);
        f.write_str(&text)?;
        if !text.is_empty() && !text.ends_with('\n') {
            f.write_str("\n")?;
        }
        f.write_str("----\n")?;
        notes(&self.notes, f)?;
        match &self.ended {
            Ok(counts) => {
                let written = counts.read.saturating_sub(counts.omitted);
                writeln!(f, "read {} = written {written} + omitted {}", counts.read, counts.omitted)
            }
            Err(failure) => writeln!(f, "{}", Told(failure)),
        }
    }
}

/// The findings, and the failure.
impl Display for Validated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        notes(&self.notes, f)?;
        self.ended.as_ref().err().map_or(Ok(()), |failure| writeln!(f, "{}", Told(failure)))
    }
}

fn notes(notes: &[Note], f: &mut Formatter<'_>) -> fmt::Result {
    notes.iter().try_for_each(|note| writeln!(f, "{}", NoteLine(note)))
}

/// A note on one line.
pub(crate) struct NoteLine<'a>(pub &'a Note);

impl Display for NoteLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Note { kind, code, text, event, locator, .. } = self.0;
        write!(f, "{} [{code}]", kind.name())?;
        if let Some(event) = event {
            write!(f, " {event:?}")?;
        }
        if let Some(at) = locator {
            write!(f, " at byte {}, length {}", at.offset, at.len)?;
        }
        if let Some(at) = locator.filter(|at| at.line > 0) {
            write!(f, ", line {}", at.line)?;
        }
        write!(f, ": {text}")
    }
}

/// A failure in words.
pub(crate) struct Told<'a>(pub &'a Failure);

impl Display for Told<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let told = |f: &mut Formatter<'_>, error: &Error| {
            write!(f, "{}", error.message)?;
            error.line.iter().try_for_each(|line| write!(f, " (line {line})"))?;
            error.hint.iter().try_for_each(|hint| write!(f, "; hint: {hint}"))
        };
        match self.0 {
            Failure::Refused(error) => f.write_str("refused: ").and_then(|()| told(f, error)),
            Failure::Plugin(error) => f.write_str("the plugin is at fault: ").and_then(|()| told(f, error)),
            Failure::Io(text) => write!(f, "input or output failed: {text}"),
            Failure::Cancelled => f.write_str("cancelled"),
        }
    }
}

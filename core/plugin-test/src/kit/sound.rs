//! What has to hold of every call, whatever the input.

use annals_core::host::{Failure, gives_a_reason};
use annals_core::{Error, Note, NoteKind};

use crate::run::{Exported, Imported, Validated};
use crate::text::{NoteLine, Told};

/// An import of `size` bytes ends with an account, or is refused with a reason; its notes are in order.
pub fn import(imported: &Imported, size: usize) -> Result<(), String> {
    failure(imported.ended.as_ref().err())?;
    notes(&imported.notes, &[NoteKind::Reject, NoteKind::Repair])?;
    places(imported, size)
}

/// An export ends with an account, or is refused with a reason; its notes are in order.
pub fn export(exported: &Exported) -> Result<(), String> {
    failure(exported.ended.as_ref().err())?;
    notes(&exported.notes, &[NoteKind::Lossy, NoteKind::Omit])
}

/// A check of `size` bytes ends, or is refused with a reason; its findings are in order.
pub fn validate(validated: &Validated, size: usize) -> Result<(), String> {
    failure(validated.ended.as_ref().err())?;
    notes(&validated.notes, &[NoteKind::Reject, NoteKind::Repair])?;
    validated.notes.iter().try_for_each(|note| place_of(note, size))
}

/// The only failure that is the input's fault, or the output's, is a refusal with a reason.
pub fn failure(failure: Option<&Failure>) -> Result<(), String> {
    match failure {
        None => Ok(()),
        Some(Failure::Refused(error)) => reason(error),
        Some(failure) => Err(Told(failure).to_string()),
    }
}

fn reason(error: &Error) -> Result<(), String> {
    if !gives_a_reason(error) || error.message.trim().is_empty() {
        return Err("it is refused without a reason".to_owned());
    }
    Ok(())
}

fn notes(notes: &[Note], kinds: &[NoteKind]) -> Result<(), String> {
    for note in notes {
        let wrong = |what: &str| Err(format!("{what}: {}", NoteLine(note)));
        if !kinds.contains(&note.kind) {
            return wrong("a note of a kind that does not belong here");
        }
        let of_code = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if note.code.is_empty() || !note.code.bytes().all(of_code) {
            return wrong("a code is of lower-case letters, digits and `-`");
        }
        if note.text.trim().is_empty() {
            return wrong("a note without a text");
        }
        if note.kind == NoteKind::Omit && note.event.is_none() {
            return wrong("an omission that does not say of which event");
        }
    }
    Ok(())
}

/// Places of notes and events lie inside the input.
pub fn places(imported: &Imported, size: usize) -> Result<(), String> {
    imported.notes.iter().try_for_each(|note| place_of(note, size))?;
    for event in &imported.events {
        let own = event.claims.iter().filter(|claim| claim.is_own()).filter_map(|claim| claim.locator);
        for at in own {
            if at.offset.checked_add(at.len).is_none_or(|end| end > size as u64) {
                let title = event.title.as_deref().unwrap_or("without a title");
                return Err(format!("the event {title:?} is said to be at byte {}, length {}", at.offset, at.len));
            }
        }
    }
    Ok(())
}

fn place_of(note: &Note, size: usize) -> Result<(), String> {
    let outside = |end: Option<u64>| end.is_none_or(|end| end > size as u64);
    if note.locator.is_some_and(|at| outside(at.offset.checked_add(at.len))) {
        return Err(format!("a place outside of the input's {size} bytes: {}", NoteLine(note)));
    }
    Ok(())
}

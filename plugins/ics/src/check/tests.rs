//! Lines in, findings out.

mod layers;

use std::io::Cursor;

use annals_core::testing::Recorder;
use annals_core::{Findings, ImportRequest, NoteKind, Validator};

use crate::Ics;

/// The findings in a file, each as `line code` for an error and `line (code)` for a warning, in order.
pub(crate) fn findings(bytes: &[u8]) -> Vec<String> {
    let host = Recorder::default();
    let input = Box::new(Cursor::new(bytes.to_vec()));
    Ics::validate(input, &ImportRequest::default(), &mut Findings::new(&host)).unwrap();
    let mut notes = host.notes.take();
    notes.sort_by_key(|note| (note.locator.map(|at| at.line), note.code.clone()));
    let told = notes.iter().map(|note| {
        let line = note.locator.map_or(0, |at| at.line);
        assert!(
            note.text.contains("RFC ") || matches!(&*note.code, "too-large" | "too-deep" | "timezone-name"),
            "{}",
            note.text
        );
        match note.kind {
            NoteKind::Reject => format!("{line} {}", note.code),
            _ => format!("{line} ({})", note.code),
        }
    });
    told.collect()
}

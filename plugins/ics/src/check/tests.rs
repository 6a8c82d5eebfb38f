//! Lines in, findings out.

mod layers;
mod values;

use std::io::Cursor;

use annals_core::testing::Recorder;
use annals_core::{Findings, ImportRequest, NoteKind, Validator};

use proptest::prelude::*;

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

/// Checks a file; line ends are CR LF.
#[track_caller]
pub(crate) fn check(text: &str, expected: &[&str]) {
    let found = findings(text.replace('\n', "\r\n").as_bytes());
    assert_eq!(found, expected, "{text}");
}

pub(crate) const HEAD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//a//b//EN\n";

/// Checks components of a calendar; they begin in line 4.
#[track_caller]
pub(crate) fn inside(components: &str, expected: &[&str]) {
    check(&format!("{HEAD}{components}\nEND:VCALENDAR\n"), expected);
}

/// Checks the lines of a VEVENT behind UID and DTSTAMP; they begin in line 7.
#[track_caller]
pub(crate) fn event(lines: &str, expected: &[&str]) {
    inside(&format!("BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\n{lines}\nEND:VEVENT"), expected);
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        findings(&bytes);
    }

    #[test]
    fn any_lines(lines in proptest::collection::vec("(BEGIN|END|DTSTART|RRULE|EXDATE|DURATION|UID|TRIGGER|FREEBUSY|GEO|X-A|TZOFFSETTO)(;(VALUE|TZID|A)=[A-Z-]{0,9})?:(VCALENDAR|VEVENT|VALARM|VTIMEZONE|STANDARD|[-+PTWDHMSZ0-9;,/=]{0,20}|\\PC{0,9})", 0..30)) {
        findings(lines.join("\r\n").as_bytes());
    }
}

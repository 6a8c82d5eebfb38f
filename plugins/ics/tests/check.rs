//! Checks of calendar files of other projects, where they are at hand, and of what annals makes of them.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Cursor;

use annals_core::testing::{Imported, Recorder, export, import};
use annals_core::{Findings, ImportRequest, Note, NoteKind, Validator};
use annals_ics::Ics;

use crate::common::{corpus, host, in_order, tell};

/// The errors of a file.
fn errors(bytes: &[u8]) -> Vec<Note> {
    let recorder = Recorder::default();
    let input = Box::new(Cursor::new(bytes.to_vec()));
    Ics::validate(input, &ImportRequest::default(), &mut Findings::new(&recorder)).unwrap();
    recorder.notes.take().into_iter().filter(|note| note.kind == NoteKind::Reject).collect()
}

fn exported(imported: Imported) -> Vec<u8> {
    let (events, facts) = host(in_order(imported));
    export::<Ics>(events, facts, Default::default()).unwrap().bytes
}

/// What annals writes of clean files has no errors.
#[test]
fn samples_come_out_clean() {
    for name in ["home.ics", "work.ics"] {
        let path = format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"));
        let imported = import::<Ics>(&fs::read(&path).unwrap(), ImportRequest::default()).unwrap();
        assert_eq!(errors(&exported(imported)), [], "{name}");
    }
}

/// What an export has wrong although no component of its source has it wrong in the same words, and why.
const EXPLAINED: &[(&str, &str)] = &[
    ("missing-dtstart", "events of a METHOD need none; several calendars with different METHODs become one without"),
    ("component-not-here", "a VALARM that its source puts outside of any calendar is kept, in the calendar"),
    ("empty-calendar", "no component of the source could be read, or there was none"),
    ("until-type", "a DTSTART that had to be repaired, and no longer fits its UNTIL"),
];

#[test]
fn files_of_others() {
    let paths = corpus();
    if paths.is_empty() {
        tell("0 corpus documents, skipped");
        return;
    }
    let show = std::env::var("SHOW_FINDINGS").unwrap_or_default();
    let (mut sound, mut with_errors, mut unexplained) = (0, 0, Vec::new());
    let mut codes: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut kept: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, path) in &paths {
        let bytes = fs::read(path).unwrap();
        let found = errors(&bytes);
        let Ok(imported) = import::<Ics>(&bytes, ImportRequest::default()) else { continue };
        if imported.notes.is_empty() {
            sound += 1;
            with_errors += usize::from(!found.is_empty());
            for note in &found {
                codes.entry(note.code.clone()).or_default().insert(name);
                if show == note.code || show == "all" {
                    println!("{name}:{}: {}", note.locator.map_or(0, |at| at.line), note.text);
                }
            }
        }
        let said: BTreeSet<(String, String)> = found.into_iter().map(|note| (note.code, note.text)).collect();
        for note in errors(&exported(imported)) {
            if said.contains(&(note.code.clone(), note.text.clone())) {
                kept.entry(note.code).or_default().insert(name);
                continue;
            }
            if show == format!("+{}", note.code) || show == "+all" {
                println!("{name}: {} {}", note.code, note.text);
            }
            if !EXPLAINED.iter().any(|(code, _)| *code == note.code) {
                unexplained.push(format!("{name}: {} {}", note.code, note.text));
            }
        }
    }
    let count = |codes: BTreeMap<String, BTreeSet<&str>>| {
        let mut counts: Vec<_> = codes.into_iter().map(|(code, files)| (files.len(), code)).collect();
        counts.sort_by(|a, b| b.cmp(a));
        counts.into_iter().map(|(files, code)| format!("{code} {files}")).collect::<Vec<_>>().join(", ")
    };
    tell(&format!(
        "{} corpus documents; {sound} are read without notes, {with_errors} of them have errors",
        paths.len()
    ));
    tell(&format!("files by error: {}", count(codes)));
    tell(&format!("exports by error that is the source's: {}", count(kept)));
    assert!(
        unexplained.is_empty(),
        "{} errors, first: {:#?}",
        unexplained.len(),
        &unexplained[..unexplained.len().min(40)]
    );
}

//! Whole files in and out.

mod export;
mod import;
mod round;
mod short;

use annals_core::testing::{Exported, Imported};
use annals_core::{Event, Fact, ImportRequest, Options};

use crate::Ics;

const WORK: &[u8] = include_bytes!("../../samples/work.ics");
const HOME: &[u8] = include_bytes!("../../samples/home.ics");

/// Imports a calendar file.
fn read(bytes: &[u8]) -> Imported {
    annals_core::testing::import::<Ics>(bytes, ImportRequest::default()).unwrap()
}

/// Imports a calendar with these lines, separated by line ends.
fn calendar(lines: &str) -> Imported {
    read(format!("BEGIN:VCALENDAR\n{lines}\nEND:VCALENDAR\n").as_bytes())
}

/// The only event of a calendar that holds one VEVENT with these lines.
fn event(lines: &str) -> Event {
    let mut imported = calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"));
    assert_eq!(imported.events.len(), 1, "{lines}: {:?}", imported.notes);
    imported.events.remove(0)
}

fn write(events: Vec<Event>, mut facts: Vec<Fact>, options: Options) -> Exported {
    facts.sort_by_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    annals_core::testing::export::<Ics>(events, facts, options).unwrap()
}

/// The lines of the component that one event becomes, without BEGIN, END and DTSTAMP; or the code of what is told.
fn component(event: Event, facts: Vec<Fact>, options: Options) -> String {
    let exported = write(vec![event], facts, options);
    if exported.counts.omitted > 0 {
        return exported.notes[0].code.clone();
    }
    let text = String::from_utf8(exported.bytes).unwrap().replace("\r\n ", "").replace("\r\n", "\n");
    let begin = text.find("\nBEGIN:V").unwrap() + 1;
    let lines = text[begin..].lines().skip(1).filter(|line| *line != "DTSTAMP:19700101T000000Z");
    let lines: Vec<&str> = lines.collect();
    lines[..lines.len() - 2].join("\n")
}

/// The codes of the notes.
fn codes(imported: &Imported) -> Vec<&str> {
    imported.notes.iter().map(|note| note.code.as_str()).collect()
}

mod conformance {
    annals_plugin_test::conform!(crate::PLUGIN);
}

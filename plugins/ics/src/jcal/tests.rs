//! Whole files in and out.

use annals_core::testing::{Imported, export, import, options};
use annals_core::{Event, Fact, Format, ImportRequest, NoteKind};
use proptest::prelude::*;

use super::Jcal;
use crate::Ics;

const WORK: &[u8] = include_bytes!("../../samples/work.ics");

fn read(text: &str) -> Imported {
    import::<Jcal>(text.as_bytes(), ImportRequest::default()).unwrap()
}

/// The code of each note.
fn codes(imported: &Imported) -> Vec<&str> {
    imported.notes.iter().map(|note| note.code.as_str()).collect()
}

fn titles(imported: &Imported) -> Vec<&str> {
    imported.events.iter().map(|event| event.title.as_deref().unwrap_or_default()).collect()
}

/// Events and facts without their places.
fn bare(imported: Imported) -> (Vec<Event>, Vec<Fact>) {
    let mut facts = imported.facts;
    facts.sort_by_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    let bare = |event: Event| {
        let claims = event.claims.into_iter().map(|claim| annals_core::Claim { locator: None, ..claim });
        Event { claims: claims.filter(|claim| *claim != Default::default()).collect(), ..event }
    };
    (imported.events.into_iter().map(bare).collect(), facts)
}

#[test]
fn what_ics_says_jcal_says() {
    let (events, facts) = bare(import::<Ics>(WORK, ImportRequest::default()).unwrap());
    let written = export::<Jcal>(events.clone(), facts.clone(), options(&[])).unwrap();
    assert_eq!(written.counts.omitted, 0);
    let again = bare(import::<Jcal>(&written.bytes, ImportRequest::default()).unwrap());
    assert_eq!(again, (events, facts));
    let twice = export::<Jcal>(again.0, again.1, options(&[])).unwrap();
    assert_eq!(written.bytes, twice.bytes);
    let text = String::from_utf8(written.bytes).unwrap();
    // A component a line, between the line of the properties and the last one.
    assert!(text.lines().skip(1).all(|line| line.starts_with("[\"v") || line == "]]"), "{text}");
}

const TWO: &str = r#"["vcalendar",[["version",{},"text","2.0"],["name",{},"text","Work"]],[
["vevent",[["uid",{},"text","a"],["dtstart",{},"date-time","2025-09-10T09:00:00Z"],["summary",{},"text","A"]],[]],
["vevent",[["uid",{},"text","b"],["dtstart",{},"date","2025-09-11"],["summary",{},"text","B"]],[]]]]"#;

#[test]
fn places_are_those_of_the_file() {
    let imported = read(TWO);
    assert_eq!(titles(&imported), ["A", "B"]);
    for (event, number) in imported.events.iter().zip(2..) {
        let at = event.claims[0].locator.unwrap();
        let text = &TWO[at.offset as usize..(at.offset + at.len) as usize];
        assert!(text.starts_with("[\"vevent\"") && text.ends_with("[]]"), "{text}");
        assert_eq!((at.line, event.lane.as_deref()), (number, Some("Work")));
    }
}

#[test]
fn raw_bytes_are_those_of_the_file() {
    let request = ImportRequest { raw: true, ..ImportRequest::default() };
    let event = import::<Jcal>(TWO.as_bytes(), request).unwrap().events.remove(1);
    assert_eq!(event.raw_format.as_deref(), Some("jcal"));
    assert_eq!(event.raw.unwrap(), TWO.lines().nth(2).unwrap().strip_suffix("]]").unwrap().as_bytes());
}

#[test]
fn several_calendars() {
    for text in [
        format!("{TWO}\n{TWO}"),
        format!("[{TWO},{TWO}]"),
        format!("\x1e{TWO}\n\x1e{TWO}\n"),
        format!("[[],{TWO},{TWO}]"),
    ] {
        let Ok(imported) = import::<Jcal>(text.as_bytes(), ImportRequest::default()) else {
            // An empty array is no calendar.
            assert!(text.starts_with("[[]"));
            continue;
        };
        assert_eq!(titles(&imported), ["A", "B", "A", "B"], "{text}");
    }
    assert_eq!(titles(&read("[]")), [""; 0]);
    assert_eq!(titles(&read("[\"vcalendar\"]")), [""; 0]);
    let bare = read(TWO.lines().nth(1).unwrap().strip_suffix(',').unwrap());
    assert_eq!((titles(&bare), codes(&bare)), (vec!["A"], vec!["outside-calendar"]));
}

#[test]
fn a_bad_component_is_rejected_alone() {
    let check = |component: &str, code: &str| {
        let text = TWO.replacen("[\n", &format!("[\n{component},\n"), 1);
        let imported = read(&text);
        assert_eq!(titles(&imported), ["A", "B"], "{component}");
        let note = &imported.notes[0];
        assert_eq!((note.kind, note.code.as_str()), (NoteKind::Reject, code), "{component}");
        assert_eq!((&*note.bytes, note.locator.unwrap().line), (component.as_bytes(), 2));
    };
    check("5", "bad-component");
    check("{\"a\":1}", "bad-component");
    check("[\"vevent\",5,[]]", "bad-component");
    check("[\"vevent\",[[\"uid\",{},\"text\",\"\\x\"]],[]]", "bad-json");
    check("[\"vevent\",[[\"dtstart\",{},\"date\",\"2025-13-40\"]],[]]", "bad-date");
    let request = ImportRequest { max_record: 160, ..ImportRequest::default() };
    let long = TWO.replacen("\"A\"", &format!("\"{}\"", "A".repeat(200)), 1);
    let imported = import::<Jcal>(long.as_bytes(), request).unwrap();
    assert_eq!((titles(&imported), codes(&imported)), (vec!["B"], vec!["too-large"]));
}

#[test]
fn what_is_no_jcal_is_an_error() {
    let check = |text: &str, part: &str, place: (u64, u64)| {
        let error = match import::<Jcal>(text.as_bytes(), ImportRequest::default()) {
            Ok(_) => panic!("{text}"),
            Err(error) => error,
        };
        assert!(error.message.contains(part), "{text}: {}", error.message);
        assert_eq!((error.offset.unwrap(), error.line.unwrap()), place, "{text}");
    };
    check("", "empty", (0, 1));
    check("{}", "found `{`", (0, 1));
    check("[\"vcalendar\",[],[5 6]]", "a comma or `]`", (19, 1));
    check("[\"vcalendar\",[],[]", "the file ends inside", (18, 1));
    check("[\"vcalendar\",[\n[\"name\"", "the file ends inside", (22, 2));
    for cut in 1..TWO.len() {
        assert!(import::<Jcal>(&TWO.as_bytes()[..cut], ImportRequest::default()).is_err(), "cut at {cut}");
    }
}

#[test]
fn sniffing() {
    let check = |text: &str, score: u8| assert_eq!(Jcal::sniff(text.as_bytes(), ""), score, "{text}");
    check(TWO, 95);
    check(" [ \"VCALENDAR\" ,", 95);
    check("\u{feff}[[\n\"vcalendar\",", 90);
    check("\x1e[\"vcalendar\",", 95);
    for other in ["", "[", "[\"vevent\",", "{\"vcalendar\":", "[\"vcalendars\"", "BEGIN:VCALENDAR", "[[[\"vcalendar\""]
    {
        check(other, 0);
    }
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in any::<Vec<u8>>(), cut in 0..TWO.len(), byte in any::<u8>()) {
        let _ = import::<Jcal>(&bytes, ImportRequest::default());
        let mut damaged = TWO.as_bytes().to_vec();
        damaged[cut] = byte;
        let _ = import::<Jcal>(&damaged, ImportRequest { max_record: 64, ..ImportRequest::default() });
        let _ = import::<Jcal>(&damaged, ImportRequest::default());
    }

    #[test]
    fn any_json_is_taken(parts in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "{", "}", ",", ":", "\"vevent\"", "\"vcalendar\"", "{}", "\"dtstart\"", "\"date\"", "\"2025-01-01\"",
        "\"text\"", "5", "null", "[]", "\"recur\"", "{\"freq\":\"DAILY\"}", "\"rrule\"", "\n",
    ]), 0..30)) {
        let text = parts.concat();
        let _ = import::<Jcal>(text.as_bytes(), ImportRequest::default());
        let inner = format!("[\"vcalendar\",[],[[\"vevent\",[{text}],[]]]]");
        let _ = import::<Jcal>(inner.as_bytes(), ImportRequest::default());
    }
}

//! Whole files in and out.

use annals_core::testing::{Imported, export, import, options};
use annals_core::{Event, Format, ImportRequest, NoteKind};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Jscalendar;
use crate::Ics;
use crate::jcal::corpus::{corpus, host, tell};
use crate::line::Line;

const WORK: &[u8] = include_bytes!("../../samples/work.ics");

fn read(text: &str) -> Imported {
    import::<Jscalendar>(text.as_bytes(), ImportRequest::default()).unwrap()
}

/// The codes of the notes.
fn codes(imported: &Imported) -> Vec<&str> {
    imported.notes.iter().map(|note| note.code.as_str()).collect()
}

fn titles(imported: &Imported) -> Vec<&str> {
    imported.events.iter().map(|event| event.title.as_deref().unwrap_or_default()).collect()
}

/// The Group that a calendar with these lines becomes, and the codes of what is told.
fn group(lines: &str) -> (Value, Vec<String>) {
    let text = format!("BEGIN:VCALENDAR\n{lines}\nEND:VCALENDAR\n");
    let (events, facts) = host(import::<Ics>(text.as_bytes(), ImportRequest::default()).unwrap());
    let written = export::<Jscalendar>(events, facts, options(&[])).unwrap();
    let codes = written.notes.iter().map(|note| note.code.clone()).collect();
    (serde_json::from_slice(&written.bytes).unwrap(), codes)
}

/// The first entry that a VEVENT with these lines becomes; nothing may be lost.
fn entry(lines: &str) -> Value {
    let (group, codes) = group(&format!("BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\n{lines}\nEND:VEVENT"));
    assert_eq!(codes, [""; 0], "{lines}");
    group["entries"][0].clone()
}

/// The only event of an Event with these members.
fn event(members: Value) -> Event {
    let mut object = json!({"@type": "Event", "uid": "a", "updated": "2025-01-01T00:00:00Z"});
    object.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let mut imported = read(&object.to_string());
    assert_eq!(imported.events.len(), 1, "{object}: {:?}", imported.notes);
    imported.events.remove(0)
}

#[test]
fn an_event_as_an_object() {
    let made = entry(
        "DTSTART;TZID=Europe/Berlin:20250910T090000\nDTEND;TZID=Europe/Berlin:20250910T100000\nSUMMARY:Talk\nX-A;B=c:d\\,e,f",
    );
    let expected = json!({
        "@type": "Event", "uid": "a", "updated": "2025-01-01T00:00:00Z", "title": "Talk",
        "timeZone": "Europe/Berlin", "start": "2025-09-10T09:00:00", "duration": "PT1H",
        "iCalendar": {"@type": "ICalComponent", "name": "vevent",
            "convertedProperties": {"duration": {"@type": "ICalProperty", "name": "dtend"}},
            "properties": [["x-a", {"b": "c"}, "unknown", "d\\,e,f"]]},
    });
    assert_eq!(made, expected);
}

#[test]
fn until_is_local() {
    let made = entry("DTSTART;TZID=Europe/Berlin:20250910T090000\nRRULE:FREQ=DAILY;UNTIL=20251220T080000Z");
    assert_eq!(made["recurrenceRules"][0]["until"], "2025-12-20T09:00:00");
    let check = |members: Value, rule: &str| assert_eq!(event(members).recurrence.unwrap(), rule);
    let rules = json!([{"@type": "RecurrenceRule", "frequency": "daily", "until": "2025-12-20T09:00:00"}]);
    let zoned = json!({"start": "2025-09-10T09:00:00", "timeZone": "Europe/Berlin", "recurrenceRules": rules});
    check(zoned, "RRULE:FREQ=DAILY;UNTIL=20251220T080000Z");
    let floating = json!({"start": "2025-09-10T09:00:00", "recurrenceRules": rules});
    check(floating, "RRULE:FREQ=DAILY;UNTIL=20251220T090000");
    let day = json!({"start": "2025-09-10T00:00:00", "showWithoutTime": true, "recurrenceRules": rules});
    check(day, "RRULE:FREQ=DAILY;UNTIL=20251220");
}

#[test]
fn what_is_lost_is_told() {
    let check = |lines: &str, expected: &[&str]| assert_eq!(group(lines).1, expected, "{lines}");
    check("BEGIN:VJOURNAL\nUID:a\nDTSTART:20250101T000000Z\nEND:VJOURNAL", &["no-such-entry"]);
    check(
        "BEGIN:VFREEBUSY\nUID:a\nDTSTART:20250101T000000Z\nDTEND:20250102T000000Z\nEND:VFREEBUSY",
        &["no-such-entry"],
    );
    let event =
        |line: &str| format!("BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20250910T090000\n{line}\nEND:VEVENT");
    check(&event("DTEND;TZID=Europe/Paris:20250910T100000"), &["property-respelled"]);
    check(&event("RDATE;VALUE=PERIOD:20250911T070000Z/PT1H"), &["property-respelled"]);
    check(&event("SUMMARY:a\nSUMMARY:b\nURL:https://a.example\nCOMMENT:x"), &[]);
    check(&event("LAST-MODIFIED:20250101T000000Z\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nX-B:c\nEND:VALARM"), &[]);
}

#[test]
fn an_end_in_another_zone_is_the_same_instant() {
    let made = group(
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Berlin:20250910T090000\nDTEND;TZID=America/New_York:20250910T060000\nEND:VEVENT",
    );
    assert_eq!(made.0["entries"][0]["duration"], "PT3H");
}

const GROUP: &str = r#"{"@type":"Group","uid":"g","title":"Work","entries":[
{"@type":"Event","uid":"a","updated":"2025-01-01T00:00:00Z","title":"A","start":"2025-09-10T09:00:00","timeZone":"Etc/UTC"},
{"@type":"Task","uid":"b","updated":"2025-01-01T00:00:00Z","title":"B","due":"2025-09-11T09:00:00"}
]}"#;

#[test]
fn places_and_lanes() {
    let imported = read(GROUP);
    assert_eq!((titles(&imported), codes(&imported)), (vec!["A", "B"], vec![]));
    for (event, number) in imported.events.iter().zip(2..) {
        let at = event.claims[0].locator.unwrap();
        let text = &GROUP[at.offset as usize..(at.offset + at.len) as usize];
        assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
        assert_eq!((at.line, event.lane.as_deref()), (number, Some("Work")));
    }
    assert_eq!(imported.events[1].kind.as_deref(), Some("VTODO"));
}

#[test]
fn the_order_of_members_makes_no_difference() {
    let value: Value = serde_json::from_str(GROUP).unwrap();
    let last = |name: &str| {
        let mut object = value.as_object().unwrap().clone();
        let member = object.shift_remove(name).unwrap();
        object.insert(name.to_owned(), member);
        Value::Object(object).to_string()
    };
    for text in [last("title"), last("@type"), format!("[{GROUP}]")] {
        let imported = read(&text);
        let lanes: Vec<_> = imported.events.iter().map(|event| event.lane.as_deref()).collect();
        assert_eq!((titles(&imported), lanes), (vec!["A", "B"], vec![Some("Work"); 2]), "{text}");
    }
    let request = ImportRequest { max_record: 150, ..ImportRequest::default() };
    let error = import::<Jscalendar>(last("title").as_bytes(), request.clone()).map(drop).unwrap_err();
    assert!(error.message.contains("the title of the group comes behind"), "{}", error.message);
    assert_eq!(titles(&import::<Jscalendar>(GROUP.as_bytes(), request).unwrap()), ["A", "B"]);
}

#[test]
fn objects_without_a_group() {
    let value: Value = serde_json::from_str(GROUP).unwrap();
    let entries = &value["entries"];
    assert_eq!(titles(&read(&entries[0].to_string())), ["A"]);
    assert_eq!(titles(&read(&entries.to_string())), ["A", "B"]);
    assert_eq!(titles(&read(&format!("{}\n{}\n", entries[0], entries[1]))), ["A", "B"]);
    assert_eq!(titles(&read("[]")), [""; 0]);
    assert_eq!(titles(&read(r#"{"@type":"Group"}"#)), [""; 0]);
}

#[test]
fn overrides_are_instances() {
    let object = json!({"@type": "Event", "uid": "a", "title": "A", "start": "2025-09-10T09:00:00",
        "timeZone": "Europe/Berlin", "recurrenceRules": [{"@type": "RecurrenceRule", "frequency": "daily", "count": 5}],
        "recurrenceOverrides": {"2025-09-11T09:00:00": {"title": "B"}, "2025-09-12T09:00:00": {"excluded": true},
            "2025-09-20T09:00:00": {}}});
    let imported = read(&object.to_string());
    assert_eq!(titles(&imported), ["A", "B"]);
    let recurrence = imported.events[0].recurrence.as_deref().unwrap();
    for line in [
        "RRULE:FREQ=DAILY;COUNT=5",
        "EXDATE;TZID=Europe/Berlin:20250912T090000",
        "RDATE;TZID=Europe/Berlin:20250920T090000",
    ] {
        assert!(recurrence.contains(line), "{recurrence}");
    }
    assert_eq!(imported.events[1].instance.as_deref(), Some("2025-09-11T07:00:00Z"));
}

#[test]
fn a_bad_entry_is_rejected_alone() {
    let check = |entry: &str, code: &str| {
        let imported = read(&GROUP.replacen("[\n", &format!("[\n{entry},\n"), 1));
        assert_eq!(titles(&imported), ["A", "B"], "{entry}");
        let note = &imported.notes[0];
        assert_eq!((note.kind, note.code.as_str(), &*note.bytes), (NoteKind::Reject, code, entry.as_bytes()));
    };
    check("5", "bad-entry");
    check("{\"@type\":\"Note\"}", "unknown-type");
    check("{\"@type\":\"Event\",\"start\":\"2025-13-40T09:00:00\"}", "bad-date");
    check("{\"@type\":\"Event\",}", "bad-json");
    for cut in 1..GROUP.len() {
        assert!(import::<Jscalendar>(&GROUP.as_bytes()[..cut], ImportRequest::default()).is_err(), "cut at {cut}");
    }
}

#[test]
fn sniffing() {
    let check = |text: &str, score: u8| assert_eq!(Jscalendar::sniff(text.as_bytes(), ""), score, "{text}");
    check(GROUP, 95);
    check("[{\"uid\":\"a\",\"@type\":\"Task\",", 95);
    check("{\"uid\" : \"x\", \"n\":[1,{}], \"@type\" : \"Event\" ", 95);
    for other in [
        "",
        "{",
        "[]",
        "{\"@type\":\"Alert\"",
        "{\"@type\":\"Person\",\"x\":{\"@type\":\"Event\"}}",
        "{\"type\":\"Event\"}",
        "{\"a\":{\"@type\":\"Event\"}}",
        "\"@type\"",
    ] {
        check(other, 0);
    }
}

#[test]
fn samples_come_back() {
    let (events, facts) = host(import::<Ics>(WORK, ImportRequest::default()).unwrap());
    let written = export::<Jscalendar>(events, facts, options(&[])).unwrap();
    let (events, facts) = host(import::<Jscalendar>(&written.bytes, ImportRequest::default()).unwrap());
    let twice = export::<Jscalendar>(events, facts, options(&[])).unwrap();
    assert_eq!(String::from_utf8(written.bytes).unwrap(), String::from_utf8(twice.bytes).unwrap());
}

#[test]
fn files_of_others_keep_their_times() {
    let (mut read, mut told, mut same) = (0, 0, 0);
    let mut others = Vec::new();
    for path in corpus() {
        let bytes = std::fs::read(&path).unwrap();
        let Ok(imported) = import::<Ics>(&bytes, ImportRequest::default()) else { continue };
        let (events, facts) = host(imported);
        let written = export::<Jscalendar>(events.clone(), facts, options(&[])).unwrap();
        let omitted: Vec<_> = written.notes.iter().filter(|note| note.kind == NoteKind::Omit).collect();
        let lossy: Vec<_> = written.notes.iter().filter(|note| note.kind == NoteKind::Lossy).collect();
        told += lossy.len();
        for note in omitted.iter().filter(|note| note.code != "no-such-entry") {
            println!("{}: {} {}", path.display(), note.code, note.text);
        }
        let (again, _) = host(import::<Jscalendar>(&written.bytes, ImportRequest::default()).unwrap());
        let is_held = |event: &&Event| {
            let other = matches!(event.kind.as_deref(), Some("VJOURNAL" | "VFREEBUSY"));
            !other && !omitted.iter().any(|note| note.code != "no-such-entry" && note.event == event.id)
        };
        let kept = events.iter().filter(is_held);
        let name = path.file_name().unwrap().display().to_string();
        for (one, other) in kept.zip(&again) {
            read += 1;
            let is_told = lossy.iter().any(|note| note.event == one.id);
            let bare = |event: &Event| {
                let mut bare = Event { extra: None, lane: None, recurrence: None, ..event.clone() };
                bare.actors.sort();
                bare
            };
            // Members have no order.
            let recurrence = |event: &Event| {
                let lines = event.recurrence.as_deref().unwrap_or_default().lines();
                let lines: Vec<Line> = lines.filter_map(|line| Line::parse(line.to_owned(), 0).ok()).collect();
                super::convert::counted(lines.iter())
            };
            if bare(one) == bare(other) && recurrence(one) == recurrence(other) {
                same += 1;
            } else if !is_told {
                others.push(format!("{name}: {:.1000?}\n{:.1000?}", bare(one), bare(other)));
            }
        }
    }
    tell(&format!(
        "{read} corpus events as JSCalendar and back: {same} with the same columns, {told} notes of what is lost; not told: {}",
        others.len()
    ));
    println!("{}", others.join("\n\n"));
    assert!(others.len() * 200 <= read, "what differs and is not told is above");
}

proptest! {
    #[test]
    fn any_bytes_are_taken(bytes in any::<Vec<u8>>(), cut in 0..GROUP.len(), byte in any::<u8>()) {
        let _ = import::<Jscalendar>(&bytes, ImportRequest::default());
        let mut damaged = GROUP.as_bytes().to_vec();
        damaged[cut] = byte;
        let _ = import::<Jscalendar>(&damaged, ImportRequest { max_record: 64, ..ImportRequest::default() });
        let _ = import::<Jscalendar>(&damaged, ImportRequest::default());
    }

    #[test]
    fn any_members_are_taken(members in prop::collection::vec((
        prop::sample::select(vec!["start", "due", "duration", "timeZone", "recurrenceRules", "recurrenceOverrides", "alerts",
            "participants", "locations", "links", "iCalendar", "keywords", "showWithoutTime", "recurrenceId", "relatedTo"]),
        prop::sample::select(vec!["5", "\"x\"", "\"2025-09-10T09:00:00\"", "\"P99999999999999W\"", "[{\"byDay\":[{\"day\":\"é\"}]}]",
            "{\"a\":{\"@type\":\"Link\",\"href\":\"x\"}}", "{\"2025-09-10T09:00:00\":{\"title\":\"y\",\"a/b/c\":null}}", "true",
            "{\"properties\":[[\"x-a\",{},\"unknown\",\"a,b\"],5],\"components\":[[\"valarm\",[],[]],{}]}", "null", "\"9999-99-99T99:99:99\""]),
    ), 0..6)) {
        let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let text = format!("{{\"@type\":\"Event\",\"uid\":\"a\",{}\"title\":\"x\"}}", members.iter().map(|member| format!("{member},")).collect::<String>());
        let imported = import::<Jscalendar>(text.as_bytes(), ImportRequest::default()).unwrap();
        prop_assert!(imported.counts.read() > 0);
        let (events, facts) = host(imported);
        let written = export::<Jscalendar>(events, facts, options(&[])).unwrap();
        let _ = import::<Jscalendar>(&written.bytes, ImportRequest::default()).unwrap();
    }
}

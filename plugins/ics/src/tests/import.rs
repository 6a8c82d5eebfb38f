use annals_core::testing::options;
use annals_core::when::Extent;
use annals_core::{Actor, Event, Format, ImportRequest, Locator};
use serde_json::json;

use super::*;

#[test]
fn files_are_told_by_their_beginning() {
    let check = |head: &[u8], expected: u8| assert_eq!(Ics::sniff(head, ""), expected, "{head:?}");
    check(b"BEGIN:VCALENDAR\r\n", 100);
    check(b"\xef\xbb\xbf\r\n\nbegin:vcalendar", 100);
    check(b"\xff\xfeB\0E\0G\0I\0N\0:\0V\0C\0A\0L\0E\0N\0D\0A\0R\0", 100);
    check(b"BEGIN:VCARD", 0);
    check(b"", 0);
}

#[test]
fn a_calendar_of_work() {
    let imported = read(WORK);
    assert_eq!((imported.counts.emitted, imported.notes.len()), (7, 0), "{:?}", imported.notes);
    let kickoff = &imported.events[0];
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(kickoff.id, text("2025-09-kickoff@calendar.example.com"));
    assert_eq!((kickoff.revision, kickoff.stamped), (Some(0), Some(1_755_684_900_000_000)));
    assert_eq!(kickoff.modified, kickoff.stamped);
    assert_eq!(kickoff.when.edtf, text("2025-09-10T10:00:00+02:00/2025-09-10T11:30:00+02:00"));
    assert_eq!((&kickoff.when.zone, kickoff.when.extent), (&text("Europe/Berlin"), Extent::Throughout));
    assert_eq!(kickoff.title, text("Kick-off: new archive"));
    assert_eq!(kickoff.body, text("Agenda:\n1. Goals\n2. Who does what, and by when\n3. Questions"));
    assert_eq!(kickoff.place, text("Room 3.14; first floor"));
    assert_eq!((kickoff.lat, kickoff.lon), (Some(52.520008), Some(13.404954)));
    assert_eq!(kickoff.status, text("TENTATIVE"));
    assert_eq!((&kickoff.kind, &kickoff.lane), (&text("VEVENT"), &text("Work")));
    assert_eq!(kickoff.tags, ["Project", "Archive"]);
    let actor =
        |name: &str, role: &str, address: &str| Actor { name: text(name), role: text(role), address: text(address) };
    assert_eq!(
        kickoff.actors,
        [
            actor("Ada Lovelace", "organizer", "mailto:ada@example.com"),
            actor("Grace Hopper", "attendee", "mailto:grace@example.com"),
            actor("Müller, Jürgen", "attendee", "mailto:juergen@example.com"),
        ]
    );
    // What the columns give byte for byte is not kept twice.
    let extra: serde_json::Value = serde_json::from_str(kickoff.extra.as_ref().unwrap()).unwrap();
    assert_eq!(
        extra,
        json!({"ics": [
            "ATTENDEE;CN=Grace Hopper;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:grace@example.com",
            "CLASS:PUBLIC",
            "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE",
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            "TRIGGER:-PT15M",
            "DESCRIPTION:Kick-off in 15 minutes",
            "END:VALARM",
        ]})
    );
    let start = WORK.windows(12).position(|bytes| bytes == b"BEGIN:VEVENT").unwrap();
    let end = WORK.windows(12).position(|bytes| bytes == b"END:VEVENT\r\n").unwrap() + 12;
    let locator = Locator { offset: start as u64, len: (end - start) as u64, line: 26 };
    assert_eq!(kickoff.claims[0].locator, Some(locator));

    let series = &imported.events[1];
    assert_eq!(
        series.recurrence,
        text("RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;UNTIL=20251031T081500Z\nEXDATE;TZID=Europe/Berlin:20251003T091500")
    );
    assert_eq!(imported.events[2].instance, text("2025-09-12T07:15:00Z"));
    assert_eq!((&imported.events[3].id, &imported.events[3].when.edtf), (&None, &text("2025-10-03")));
    assert_eq!(imported.events[4].when.edtf, text("/2025-09-30T17:00:00+02:00"));
    let kinds: Vec<&str> = imported.events.iter().filter_map(|event| event.kind.as_deref()).collect();
    assert_eq!(kinds[4..], ["VTODO", "VJOURNAL", "VFREEBUSY"]);

    let facts: Vec<(&str, &str)> = imported.facts.iter().map(|fact| (&*fact.kind, &*fact.key)).collect();
    assert_eq!(facts, [("timezone", "Europe/Berlin"), ("calendar", "Work")]);
    assert_eq!(
        imported.facts[1].value,
        json!({"ics": ["METHOD:PUBLISH", "X-WR-CALNAME:Work", "X-WR-TIMEZONE:Europe/Berlin"]})
    );
}

#[test]
fn the_same_event_without_uid_has_one_key() {
    let (work, home) = (read(WORK), read(HOME));
    let key = |imported: &annals_core::testing::Imported| {
        let event = imported.events.iter().find(|event| event.id.is_none()).unwrap();
        annals_core::key::content_key(event)
    };
    assert_eq!(key(&work), key(&home));
}

#[test]
fn records_are_rejected_one_by_one() {
    let check = |bytes: &[u8], code: &str, text: &str, line: u64| {
        let imported = read(bytes);
        let good: Vec<&str> = imported.events.iter().filter_map(|event| event.id.as_deref()).collect();
        assert_eq!((good, imported.counts.rejected), (vec!["good"], 1), "{code}");
        let note = imported.notes.iter().find(|note| note.kind.name() == "reject").unwrap();
        assert_eq!((&*note.code, note.locator.unwrap().line), (code, line));
        assert!(note.text.contains(text), "{}", note.text);
        assert!(note.bytes.starts_with(b"BEGIN:VEVENT\r\nUID:bad"));
    };
    let sample =
        |name: &str| std::fs::read(format!("{}/samples/hostile-{name}.ics", env!("CARGO_MANIFEST_DIR"))).unwrap();
    check(&sample("bad-date"), "bad-date", "`DTSTART;VALUE=DATE:20250230` (line 7): there is no day 2025-02-30", 4);
    check(&sample("truncated"), "truncated", "the file ends in the middle of this VEVENT", 10);
    check(&sample("too-deep"), "too-deep", "32", 4);
}

#[test]
fn a_record_that_is_too_large_is_skipped() {
    let long = "x".repeat(300_000);
    let lines = "X:\n".repeat(40_000);
    for part in [format!("SUMMARY:{long}\n"), lines, format!("A:b\n {long}\n")] {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:bad\n{part}END:VEVENT\nBEGIN:VEVENT\nUID:good\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let request = ImportRequest { max_record: 100_000, ..ImportRequest::default() };
        let imported = annals_core::testing::import::<Ics>(text.as_bytes(), request).unwrap();
        assert_eq!((imported.counts.emitted, imported.counts.rejected), (1, 1));
        assert_eq!(codes(&imported), ["too-large"]);
        assert_eq!(imported.events[0].claims[0].locator.unwrap().len, 33);
    }
}

#[test]
fn files_that_are_no_calendars_are_refused() {
    let check = |bytes: &[u8], expected: &str| {
        let error = annals_core::testing::import::<Ics>(bytes, ImportRequest::default()).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
        assert_eq!(error.line, Some(1));
    };
    check(b"", "not an iCalendar file");
    check(b"\r\n\r\n", "not an iCalendar file");
    check(b"BEGIN:VCARD\nFN:Ada\nEND:VCARD\n", "not an iCalendar file");
    check(b"\xff\xfeB\0E\0", "not an iCalendar file");
    let valid = calendar("");
    assert_eq!((valid.counts.read(), valid.notes.len()), (0, 0));
}

#[test]
fn damage_is_repaired_and_told() {
    let imported = read(include_bytes!("../../samples/hostile-repairs.ics"));
    let mut found = codes(&imported);
    found.sort();
    let expected = "bad-line bad-line bad-timestamp end-before-start missing-end missing-end stray-line \
                    unknown-timezone unknown-timezone";
    assert_eq!(found.join(" "), expected);
    let event = &imported.events[1];
    assert_eq!(event.id.as_deref(), Some("repaired"), "records that wait for a time zone come last");
    assert_eq!(event.when.edtf.as_deref(), Some("2025-09-10T08:00:00"));
    let extra = event.extra.as_ref().unwrap();
    assert!(extra.contains("X-ANNALS-LINE:this is no content line"), "{extra}");
    assert!(extra.ends_with(r#""BEGIN:VALARM","ACTION:AUDIO","END:VALARM"]}"#), "{extra}");

    let check = |bytes: &[u8], code: &str, title: &str| {
        let imported = read(bytes);
        assert_eq!(codes(&imported).first().copied().unwrap_or_default(), code);
        assert_eq!(imported.events[0].title.as_deref(), Some(title));
    };
    check(b"BEGIN:VCALENDAR\rBEGIN:VEVENT\rSUMMARY:a\r b\rEND:VEVENT\rEND:VCALENDAR\r", "", "ab");
    check(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:caf\xe9\nEND:VEVENT\nEND:VCALENDAR", "not-utf8", "café");
    check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:c\u{f8}\nEND:VEVENT\nEND:VCALENDAR".as_bytes(), "", "c\u{f8}");
    check(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\x07b\nEND:VEVENT\nEND:VCALENDAR", "control-characters", "ab");
    // A character that folding has cut in two.
    check(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:caf\xc3\n \xa9\nEND:VEVENT\nEND:VCALENDAR", "", "café");
    check(b"begin:vcalendar\nBegin:VEvent \nsummary:x\nend:vevent\nEND:VCALENDAR", "", "x");
    check(b"BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "outside-calendar", "x");
    check(b"BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT", "outside-calendar", "x");
    check(b"BEGIN:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\nEND:VCALENDAR", "missing-end", "x");
}

#[test]
fn columns() {
    let check = |lines: &str, expected: Event| {
        let found = event(lines);
        let bare = Event { claims: Vec::new(), extra: None, kind: None, ..found };
        assert_eq!(bare, expected, "{lines}");
    };
    let none = Event::new;
    check("UID:", none());
    check("UID:a\\,b", none().id("a,b"));
    check("SUMMARY:", none().title(""));
    check("SUMMARY:one\nSUMMARY:two", none().title("one"));
    check("SEQUENCE:x", none());
    check("DTSTAMP:19700101T000000Z", none());
    check("GEO:91;0", none());
    check("GEO:-33.5;151", Event { lat: Some(-33.5), lon: Some(151.0), ..none() });
    check("CATEGORIES:a\\,b, c ,\nCATEGORIES:d", none().tag("a,b").tag("c").tag("d"));
    check("RECURRENCE-ID;VALUE=DATE:20250910", Event { instance: Some("2025-09-10".into()), ..none() });
    check("RECURRENCE-ID:20250910T100000", Event { instance: Some("2025-09-10T10:00:00".into()), ..none() });
    check(
        "RECURRENCE-ID;TZID=Europe/Berlin;RANGE=THISANDFUTURE:20250910T100000",
        Event { instance: Some("2025-09-10T08:00:00Z".into()), ..none() },
    );
    check("X-ANNALS-KIND:concert\nX-ANNALS-LANE:Hall", none().lane("Hall"));
    assert_eq!(event("X-ANNALS-KIND:concert").kind.as_deref(), Some("concert"));
    let derived = event("UID:a-01234567\nX-ANNALS-UID:a");
    assert_eq!((derived.id.as_deref(), derived.extra), (Some("a"), None));
}

#[test]
fn a_stale_plain_date_is_told() {
    let lines = "DTSTART;VALUE=DATE:20250901\nDTEND;VALUE=DATE:20250902\nX-ANNALS-EDTF:2025-08~";
    let imported = calendar(&format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"));
    assert_eq!(codes(&imported), ["edtf-differs"]);
    assert_eq!(imported.events[0].when.edtf.as_deref(), Some("2025-08~"));
    assert_eq!(imported.events[0].extra, None);
}

const CUSTOM: &str = "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\n\
                      TZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE";

#[test]
fn time_zones_may_come_behind() {
    let vevent = "BEGIN:VEVENT\nDTSTART;TZID=Custom:20250910T080000\nEND:VEVENT";
    let check = |lines: &str, zone: &str| {
        let imported = calendar(lines);
        assert_eq!(imported.events[0].when.zone.as_deref(), Some(zone), "{:?}", imported.notes);
        assert_eq!(imported.notes.is_empty(), zone == "+01:00");
    };
    check(&format!("{CUSTOM}\n{vevent}"), "+01:00");
    check(&format!("{vevent}\n{CUSTOM}"), "+01:00");
    check(vevent, "floating");

    // What cannot wait in bounded memory is read as it is, unless that turns out to be wrong.
    let many = |last: &str| {
        let text = format!("BEGIN:VCALENDAR\n{}\n{last}\nEND:VCALENDAR\n", [vevent; 50].join("\n"));
        let request = ImportRequest { max_record: 2_000, ..ImportRequest::default() };
        annals_core::testing::import::<Ics>(text.as_bytes(), request)
    };
    assert_eq!(many("").unwrap().counts.emitted, 50);
    let error = many(CUSTOM).unwrap_err();
    assert!(error.message.contains("`Custom` is defined too far behind"), "{error}");
}

#[test]
fn floating_times_take_the_zone_that_is_asked_for() {
    let check = |lines: &str, edtf: &str| {
        let text =
            format!("BEGIN:VCALENDAR\nX-WR-TIMEZONE:Asia/Tokyo\nBEGIN:VEVENT\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n");
        let request = ImportRequest { options: options(&[("zone", "Europe/Berlin")]), ..ImportRequest::default() };
        let imported = annals_core::testing::import::<Ics>(text.as_bytes(), request).unwrap();
        let event = &imported.events[0];
        assert_eq!((event.when.edtf.as_deref(), &event.extra), (Some(edtf), &None));
    };
    check("DTSTART:20250910T080000", "2025-09-10T08:00:00+02:00");
    check("DTSTART;TZID=Nowhere:20250910T080000", "2025-09-10T08:00:00+02:00");
    check("DTSTART:20250910T080000Z", "2025-09-10T08:00:00Z");
    check("DTSTART;VALUE=DATE:20250910\nDTEND;VALUE=DATE:20250911", "2025-09-10");
    assert_eq!(event("DTSTART:20250910T080000").when.zone.as_deref(), Some("floating"));
    let request = ImportRequest { options: options(&[("zone", "Mars")]), ..ImportRequest::default() };
    assert!(annals_core::testing::import::<Ics>(WORK, request).is_err());
}

#[test]
fn other_components_are_facts() {
    let imported = calendar(
        "NAME:Two\nX-WR-CALNAME:Three\nBEGIN:VAVAILABILITY\nUID:free\nBEGIN:AVAILABLE\nEND:AVAILABLE\nEND:VAVAILABILITY",
    );
    let facts: Vec<String> =
        imported.facts.iter().map(|fact| format!("{} {} {}", fact.kind, fact.key, fact.value)).collect();
    assert_eq!(
        facts,
        [
            r#"component free {"ics":["BEGIN:VAVAILABILITY","UID:free","BEGIN:AVAILABLE","END:AVAILABLE","END:VAVAILABILITY"]}"#,
            r#"calendar Two {"ics":["NAME:Two","X-WR-CALNAME:Three"]}"#,
        ]
    );
}

#[test]
fn raw_bytes_are_those_of_the_source() {
    let text = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\n\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let request = ImportRequest { raw: true, ..ImportRequest::default() };
    let imported = annals_core::testing::import::<Ics>(text, request).unwrap();
    let event = &imported.events[0];
    let at = event.claims[0].locator.unwrap();
    assert_eq!(event.raw.as_deref(), Some(&text[at.offset as usize..(at.offset + at.len) as usize]));
    assert_eq!(event.raw_format.as_deref(), Some("ics"));
}

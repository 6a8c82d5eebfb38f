use std::collections::BTreeMap;

use annals_core::testing::options;
use annals_core::{Claim, sample};
use proptest::prelude::*;

use super::*;

/// The events of a file in its order: some have to wait for a time zone.
fn in_order(bytes: &[u8]) -> Imported {
    let mut imported = read(bytes);
    imported.events.sort_by_key(|event| event.claims.iter().map(|claim| claim.locator).min());
    imported
}

/// The events and facts of a file, written again.
fn rewrite(bytes: &[u8]) -> Vec<u8> {
    let imported = in_order(bytes);
    write(imported.events, imported.facts, options(&[("claims", "yes"), ("vague", "span")])).bytes
}

#[test]
fn components_begin_where_their_lines_are_read_to_begin() {
    for line in [b"\x01BEGIN:VEVENT", b"BEGIN:VEVENT\x01", b"BEGIN:VEVENT\xa0", b"BE\x07GIN:VTODO"] as [&[u8]; 4] {
        let bytes = [b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n", line, b"\nEND:VEVENT\nEND:VCALENDAR\n"].concat();
        assert_eq!(read(&rewrite(&bytes)).counts.rejected, 0, "{line:?}");
    }
}

#[test]
fn samples_are_written_as_they_are_read() {
    for bytes in [WORK, HOME] {
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n ", "");
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.retain(|line| !line.starts_with("PRODID") && !line.starts_with("CALSCALE"));
            lines.sort();
            lines
        };
        let imported = read(bytes);
        let exported = write(imported.events, imported.facts, Default::default());
        assert_eq!(exported.notes, []);
        assert_eq!(lines(&exported.bytes), lines(bytes));
    }
}

/// A made-up event, without what RFC 5545 has no room for and tells so.
fn made_up(seed: u64) -> Event {
    let mut event = sample::event(seed);
    let second = |us: Option<i64>| us.map(|us| us - us.rem_euclid(1_000_000)).filter(|us| *us != 0);
    (event.modified, event.stamped) = (second(event.modified), second(event.stamped));
    if event.lat.is_none() || event.lon.is_none() {
        (event.lat, event.lon) = (None, None);
    }
    let tags = event.tags.into_iter().map(|tag| tag.trim().to_owned());
    event.tags = tags.filter(|tag| !tag.is_empty()).collect();
    event.id = event.id.filter(|id| !id.trim().is_empty());
    event
}

#[test]
fn made_up_events_come_back() {
    let mut exact = 0;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..4000 {
        let mut event = made_up(seed);
        if event.claims.is_empty() {
            event.claims.push(Claim { source: "made up".into(), ..Claim::default() });
        }
        let exported = write(vec![event.clone()], Vec::new(), options(&[("claims", "yes"), ("vague", "span")]));
        for note in &exported.notes {
            *told.entry(format!("{} {}", note.kind.name(), note.code)).or_default() += 1;
        }
        if exported.counts.omitted > 0 {
            continue;
        }
        let imported = read(&exported.bytes);
        assert_eq!((imported.events.len(), &imported.notes), (1, &Vec::new()), "{seed}: {event:?}");
        let text = String::from_utf8(exported.bytes.clone()).unwrap();
        assert_eq!(String::from_utf8(rewrite(&exported.bytes)).unwrap(), text, "{seed}");
        if exported.notes.is_empty() {
            exact += 1;
            assert_eq!(imported.events[0], event, "{seed}: {text}");
        }
    }
    println!("{exact} of 4000 exact; {told:?}");
    assert!(exact > 2000);
}

/// What properties and fuzzing have found.
#[test]
fn odd_files_are_written_alike_twice() {
    for lines in [
        "BEGIN:VTODO\nX-ANNALS-ZONE:Europe/Berlin\nDTSTART;VALUE=DATE:20251026T023000\nEND:VTODO",
        "BEGIN:VTIMEZONE\nTZID:GMT Standard Time\nBEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\n\
         TZOFFSETTO:+0000\nBEGIN:DAYLIGHT\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:1\nDTSTART;TZID=GMT Standard Time:20250101T000000\nEND:VEVENT",
    ] {
        let first = rewrite(format!("BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n").as_bytes());
        assert_eq!(String::from_utf8(rewrite(&first)), String::from_utf8(first), "{lines}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_bytes_are_taken(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = annals_core::testing::import::<Ics>(&bytes, ImportRequest::default());
    }

    #[test]
    fn any_lines_are_taken(lines in prop::collection::vec(line(), 0..40), bare in any::<bool>()) {
        let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{}\n", lines.join("\n"));
        let text = if bare { text.replace('\n', "\r") } else { text };
        let imported = in_order(text.as_bytes());
        prop_assert_eq!(imported.events.len() as u64, imported.counts.emitted);
        // What was read can be written, read and written again, with the same bytes.
        let first = write(imported.events, imported.facts, Default::default());
        let again = in_order(&first.bytes);
        prop_assert_eq!(again.counts.rejected, 0);
        let second = write(again.events, again.facts, Default::default());
        prop_assert_eq!(String::from_utf8(first.bytes).unwrap(), String::from_utf8(second.bytes).unwrap());
    }
}

/// Lines that calendars are made of, in no order.
fn line() -> impl Strategy<Value = String> {
    let brackets = prop::sample::select(vec![
        "BEGIN:VEVENT",
        "END:VEVENT",
        "END:VEVENT",
        "BEGIN:VTODO",
        "END:VTODO",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "BEGIN:STANDARD",
        "END:STANDARD",
        "END:VCALENDAR",
        "BEGIN:VCALENDAR",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:-0300",
        "TZID:Own",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=5SU",
        " folded",
        "",
        "DTSTART:",
        "UID:",
        "X-ANNALS-EDTF:2025-08~",
        "X-ANNALS-EDTF:[2025\\,2026]",
        "X-ANNALS-EXTENT:throughout",
        "X-ANNALS-BOUNDS:2025-08-02T00:00:00///",
        "X-ANNALS-ZONE:Europe/Berlin",
        "X-ANNALS-PRECISION:day",
        "X-ANNALS-KIND:x",
        "X-ANNALS-LANE:y",
        "X-ANNALS-UID:z",
        "X-ANNALS-STATUS:TENTATIVE",
        "STATUS:TENTATIVE",
        "X-ANNALS-ACTOR:{}",
        "X-ANNALS-EXTRA:{\"a\":1}",
        "X-ANNALS-INSTANCE:1",
        "TRANSP:TRANSPARENT",
        "NAME:n",
        "X-ANNALS-FOO:bar",
        "CATEGORIES:a, b",
        "GEO:1;2",
        "SEQUENCE:+1",
        "X-WR-CALNAME:m",
    ]);
    let name = "(DTSTART|DTEND|DUE|DURATION|RECURRENCE-ID|RDATE|SUMMARY|dtstamp|UID|ATTENDEE|X-A|CATEGORIES|URL)";
    let param = "(;VALUE=DATE|;TZID=Europe/Berlin|;TZID=Own|;TZID=\"No, where\"|;CN=\"a\\^nb\"|;X=y)?";
    let value =
        "(20250910|20250910T080000|20250910T080000Z|20251026T023000|00010101|99991231T235959Z|P1D|-PT1H|\\PC{0,9})";
    let property = (name, param, value).prop_map(|(name, param, value)| format!("{name}{param}:{value}"));
    prop_oneof![brackets.prop_map(str::to_owned), property]
}

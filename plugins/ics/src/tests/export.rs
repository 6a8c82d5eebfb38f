use annals_core::key::content_key;
use annals_core::testing::options;
use annals_core::when::{Qualifier, Zone};
use annals_core::{Actor, Claim, When};
use serde_json::json;

use super::*;

fn when(text: &str, zone: &str) -> When {
    When::parse(text, Zone::parse(zone).as_ref()).unwrap()
}

/// An event whose kind is a VEVENT.
fn vevent() -> Event {
    Event { kind: Some("VEVENT".to_owned()), ..Event::new() }.id("1")
}

fn at_eight() -> Event {
    vevent().when(when("2025-09-10T08:00:00Z", ""))
}

#[test]
fn a_whole_file() {
    let long = "Straße — ".repeat(9) + "end; with, all\\that\nneeds escaping";
    let event = at_eight().title(long).tag("a,b").tag("c");
    let event = Event { stamped: Some(1_755_684_900_000_000), revision: Some(3), ..event };
    let zoned = Event::new().id("2").when(when("2025-09-10T10:00:00", "Asia/Tokyo")).lane("Home");
    let facts = vec![
        Fact { kind: "calendar".into(), key: "Work".into(), value: json!({"ics": ["X-WR-CALNAME:Work", "COLOR:red"]}) },
        Fact { kind: "zone".into(), key: "Asia/Tokyo".into(), value: true.into() },
        Fact { kind: "component".into(), key: "X-A".into(), value: json!({"ics": ["BEGIN:X-A", "B:c", "END:X-A"]}) },
    ];
    let exported = write(vec![Event { lane: Some("Work".into()), ..event }, zoned], facts, Default::default());
    assert_eq!((exported.counts.read, exported.counts.omitted, exported.notes.len()), (2, 0, 0));
    let expected = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//annals//annals//EN\r\n\
        X-WR-CALNAME:Work\r\nCOLOR:red\r\n\
        BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nX-ANNALS-ZONE:Asia/Tokyo\r\nBEGIN:STANDARD\r\n\
        DTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\n\
        TZOFFSETTO:+0900\r\nTZNAME:JST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
        BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20250820T101500Z\r\nSEQUENCE:3\r\nDTSTART:20250910T080000Z\r\n\
        SUMMARY:Straße — Straße — Straße — Straße — Straße — Straße\r\n  — Straße — Straße — Straße — \
        end\\; with\\, all\\\\that\\nneeds esc\r\n aping\r\nCATEGORIES:a\\,b,c\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:19700101T000000Z\r\nDTSTART;TZID=Asia/Tokyo:20250910T100000\r\n\
        X-ANNALS-KIND:\r\nX-ANNALS-LANE:Home\r\nEND:VEVENT\r\n\
        BEGIN:X-A\r\nB:c\r\nEND:X-A\r\nEND:VCALENDAR\r\n";
    assert_eq!(String::from_utf8(exported.bytes).unwrap(), expected);
}

#[test]
fn components() {
    let check = |event: Event, expected: &str| {
        assert_eq!(component(event, Vec::new(), Default::default()), expected);
    };
    check(
        vevent().when(when("2025-08?", "")),
        "UID:1\nDTSTART;VALUE=DATE:20250801\nDTEND;VALUE=DATE:20250901\n\
        X-ANNALS-EDTF:2025-08?\nSTATUS:TENTATIVE\nTRANSP:TRANSPARENT",
    );
    let status = Event { status: Some("TENTATIVE".into()), ..vevent().when(when("2025-08?", "")) };
    check(
        status,
        "UID:1\nDTSTART;VALUE=DATE:20250801\nDTEND;VALUE=DATE:20250901\n\
        X-ANNALS-EDTF:2025-08?\nSTATUS:TENTATIVE\nX-ANNALS-STATUS:TENTATIVE\nTRANSP:TRANSPARENT",
    );
    check(vevent().when(when("2025", "")), "vague-span");
    check(Event { kind: None, ..vevent() }, "undated");
    check(vevent(), "UID:1");
    check(Event { kind: Some("VTODO".into()), ..vevent() }, "UID:1");
    check(
        Event { kind: Some("concert".into()), ..at_eight() },
        "UID:1\nDTSTART:20250910T080000Z\nX-ANNALS-KIND:concert",
    );
    let instance = |text: &str| Event { instance: Some(text.into()), ..at_eight() };
    check(instance("2025-09-10"), "UID:1\nRECURRENCE-ID;VALUE=DATE:20250910\nDTSTART:20250910T080000Z");
    check(instance("2025-09-10T08:00:00Z"), "UID:1\nRECURRENCE-ID:20250910T080000Z\nDTSTART:20250910T080000Z");
    check(instance("the 3rd"), "UID:1\nX-ANNALS-INSTANCE:the 3rd\nDTSTART:20250910T080000Z");
    let actor = |name: Option<&str>, role: &str, address: Option<&str>| Event {
        actors: vec![Actor {
            name: name.map(str::to_owned),
            role: Some(role.to_owned()),
            address: address.map(str::to_owned),
        }],
        ..vevent()
    };
    check(actor(Some("\"A\"; b"), "attendee", Some("mailto:a@b")), "UID:1\nATTENDEE;CN=\"^'A^'; b\":mailto:a@b");
    check(actor(None, "organizer", Some("urn:x")), "UID:1\nORGANIZER:urn:x");
    check(
        actor(Some("A"), "user", Some("a")),
        "UID:1\nX-ANNALS-ACTOR:{\"name\":\"A\"\\,\"role\":\"user\"\\,\"address\":\"a\"}",
    );
    check(actor(Some("A"), "attendee", None), "UID:1\nX-ANNALS-ACTOR:{\"name\":\"A\"\\,\"role\":\"attendee\"}");
    let others = Event { extra: Some(r#"{"csv":{"row":1}}"#.into()), ..vevent() };
    check(others, "UID:1\nX-ANNALS-EXTRA:{\"csv\":{\"row\":1}}");
}

#[test]
fn what_extra_keeps_is_woven_in() {
    let mut event = event(
        "x-first:1\nUID;X-A=1:u\nSUMMARY;LANGUAGE=de:eins\nSUMMARY:zwei\nDTSTART;TZID=\"Europe/Berlin\":20250910T100000\n\
         DURATION:PT1H\nATTENDEE;RSVP=TRUE:mailto:a\nATTENDEE:mailto:b\nCATEGORIES:x, y\nx-last:2\n\
         BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM",
    );
    let check = |event: &Event, expected: &str| {
        assert_eq!(component(event.clone(), Vec::new(), Default::default()), expected);
    };
    let when = "DTSTART;TZID=\"Europe/Berlin\":20250910T100000\nDURATION:PT1H";
    let alarm = "x-first:1\nx-last:2\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM";
    check(
        &event,
        &format!(
            "UID;X-A=1:u\n{when}\nSUMMARY;LANGUAGE=de:eins\nSUMMARY:zwei\nCATEGORIES:x, y\n\
        ATTENDEE;RSVP=TRUE:mailto:a\nATTENDEE:mailto:b\n{alarm}"
        ),
    );
    // An edit wins; what else was said is still said.
    event.title = Some("drei".into());
    event.tags.push("z".into());
    event.actors.remove(1);
    check(
        &event,
        &format!(
            "UID;X-A=1:u\n{when}\nSUMMARY:drei\nSUMMARY:zwei\nCATEGORIES:x,y,z\n\
        ATTENDEE;RSVP=TRUE:mailto:a\n{alarm}"
        ),
    );
    event.when = self::when("2025-09-10T10:00:00", "Europe/Berlin");
    check(
        &event,
        &format!(
            "UID;X-A=1:u\nDTSTART;TZID=Europe/Berlin:20250910T100000\nDURATION:PT1H\nSUMMARY:drei\n\
        SUMMARY:zwei\nCATEGORIES:x,y,z\nATTENDEE;RSVP=TRUE:mailto:a\n{alarm}"
        )
        .replace("\nDURATION:PT1H", ""),
    );
}

#[test]
fn hostile_extra_does_no_harm() {
    let check = |extra: &str, expected: &str| {
        let event = Event { extra: Some(extra.into()), ..vevent() };
        let exported = write(vec![event.clone()], Vec::new(), Default::default());
        assert_eq!(exported.notes.iter().map(|note| &*note.code).collect::<Vec<_>>(), ["bad-extra"], "{extra}");
        assert_eq!(component(event, Vec::new(), Default::default()), expected);
    };
    check("no JSON", "UID:1");
    check(r#"{"ics":"X-A:1"}"#, "UID:1");
    check(r#"{"ics":["X-A:1",2,"no colon"]}"#, "UID:1\nX-A:1");
    check(r#"{"ics":["X-A:1","END:VEVENT","BEGIN:VEVENT"]}"#, "UID:1\nX-A:1");
    check(r#"{"ics":["BEGIN:VALARM"]}"#, "UID:1");
    check(r#"{"ics":["X-ANNALS-EDTF:2025"]}"#, "UID:1");
    check(r#"{"ics":["X-A:1\r\nEND:VEVENT", ""]}"#, "UID:1\nX-A:1END:VEVENT");
}

#[test]
fn options_change_what_is_written() {
    let event = || Event {
        lane: Some("Hall".into()),
        extra: Some(r#"{"ics":["SUMMARY;LANGUAGE=de:Konzert"]}"#.into()),
        ..vevent().title("Konzert")
    };
    let check = |event: Event, pairs: &[(&str, &str)], expected: &str| {
        assert_eq!(component(event, Vec::new(), options(pairs)), expected, "{pairs:?}");
    };
    check(event(), &[], "UID:1\nSUMMARY;LANGUAGE=de:Konzert\nX-ANNALS-LANE:Hall");
    check(event(), &[("prefix", "lane")], "UID:1\nSUMMARY:Hall: Konzert\nX-ANNALS-LANE:Hall");
    check(event(), &[("name", "Hall")], "UID:1\nSUMMARY;LANGUAGE=de:Konzert");
    let claim = Claim { source: "a.ics".into(), title: Some("x, y".into()), ..Claim::default() };
    let claimed = || Event { claims: vec![claim.clone()], ..vevent() };
    check(claimed(), &[], "UID:1");
    check(claimed(), &[("claims", "yes")], "UID:1\nX-ANNALS-CLAIM:{\"source\":\"a.ics\"\\,\"title\":\"x\\, y\"}");
    let span = "UID:1\nDTSTART;VALUE=DATE:20250101\nDTEND;VALUE=DATE:20260101\nX-ANNALS-EDTF:2025\nTRANSP:TRANSPARENT";
    check(vevent().when(when("2025", "")), &[("vague", "span")], span);
    let named = write(Vec::new(), Vec::new(), options(&[("name", "A, b")])).bytes;
    assert!(String::from_utf8(named).unwrap().contains("\r\nNAME:A\\, b\r\nX-WR-CALNAME:A\\, b\r\n"));
}

#[test]
fn merged_calendars_keep_what_they_share() {
    let (work, home) = (read(WORK), read(HOME));
    let (events, facts) = ([work.events, home.events].concat(), [work.facts, home.facts].concat());
    let exported = write(events, facts, Default::default());
    let codes: Vec<&str> = exported.notes.iter().map(|note| &*note.code).collect();
    assert_eq!(codes, ["calendar-properties"]);
    let text = String::from_utf8(exported.bytes.clone()).unwrap();
    assert!(text.contains("PRODID:-//annals//annals//EN\r\nMETHOD:PUBLISH\r\nX-ANNALS-CALENDAR:"));
    assert_eq!(text.matches("\r\nX-ANNALS-CALENDAR:").count(), 2, "what each of them says is kept");
    // Merged with one of them again, nothing changes.
    let (again, more) = (read(&exported.bytes), read(WORK));
    let facts = [again.facts, more.facts].concat();
    let more = write(again.events, facts, Default::default());
    assert_eq!(String::from_utf8(more.bytes).unwrap(), text);
    assert_eq!(text.matches("BEGIN:VTIMEZONE").count(), 1);
    assert_eq!((text.matches("X-ANNALS-LANE:Work").count(), text.matches("X-ANNALS-LANE:Home").count()), (7, 5));
}

#[test]
fn time_zones_of_one_name_are_not_mixed_up() {
    let custom = |offset: &str| {
        let zone = format!(
            "BEGIN:VTIMEZONE\nTZID:Custom\nBEGIN:STANDARD\nDTSTART:19700101T000000\n\
            TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE"
        );
        calendar(&format!("{zone}\nBEGIN:VEVENT\nUID:{offset}\nDTSTART;TZID=Custom:20250910T080000\nEND:VEVENT"))
    };
    let (one, other) = (custom("+0100"), custom("-0800"));
    let (events, facts) = ([one.events, other.events].concat(), [one.facts, other.facts].concat());
    let exported = write(events.clone(), facts, Default::default());
    assert_eq!(exported.notes[0].code, "timezone-conflict");
    let text = String::from_utf8(exported.bytes.clone()).unwrap();
    // The first definition keeps its name, the other one gets a name of its own.
    assert!(
        text.contains("UID:+0100\r\nDTSTAMP:19700101T000000Z\r\nDTSTART;TZID=Custom:20250910T080000\r\n"),
        "{text}"
    );
    let own = text.lines().find_map(|line| line.strip_prefix("TZID:Custom-")).expect("a second definition");
    assert!(text.contains(&format!("\r\nDTSTART;TZID=Custom-{own}:20250910T080000\r\n")), "{text}");
    let again = read(&exported.bytes);
    let whens = |events: &[Event]| events.iter().map(|event| event.when.clone()).collect::<Vec<_>>();
    assert_eq!(whens(&again.events), whens(&events));
    // Written again, and merged with the first file again, nothing changes.
    let once = write(again.events.clone(), again.facts.clone(), Default::default());
    assert_eq!(String::from_utf8(once.bytes).unwrap(), text);
    let facts = [again.facts, custom("+0100").facts].concat();
    let more = write(again.events, facts, Default::default());
    assert_eq!(String::from_utf8(more.bytes).unwrap(), text);
}

#[test]
fn the_same_definition_in_other_words_is_one_zone() {
    let custom = |order: [&str; 2], more: &str| {
        let parts = order.map(|name| {
            format!("BEGIN:{name}\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:{name}")
        });
        calendar(&format!("BEGIN:VTIMEZONE\nTZID:Custom{more}\n{}\nEND:VTIMEZONE", parts.join("\n")))
    };
    let (one, other) = (custom(["STANDARD", "DAYLIGHT"], ""), custom(["DAYLIGHT", "STANDARD"], "\nTZURL:x"));
    let exported = write(Vec::new(), [one.facts, other.facts].concat(), Default::default());
    assert_eq!(exported.notes, []);
    assert_eq!(String::from_utf8(exported.bytes).unwrap().matches("BEGIN:VTIMEZONE").count(), 1);
}

#[test]
fn names_of_zones_without_a_definition_get_one() {
    let event = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=W. Europe Standard Time:20250910T080000\nEND:VEVENT";
    let imported = calendar(event);
    assert_eq!(codes(&imported), ["timezone-by-name"]);
    assert_eq!(imported.events[0].when.zone.as_deref(), Some("Europe/Berlin"));
    let exported = write(imported.events, imported.facts, Default::default());
    let text = String::from_utf8(exported.bytes.clone()).unwrap();
    assert!(text.contains("TZID:W. Europe Standard Time\r\nX-LIC-LOCATION:Europe/Berlin\r\n"), "{text}");
    assert!(text.contains("\r\nDTSTART;TZID=W. Europe Standard Time:20250910T080000\r\n"), "{text}");
    let again = read(&exported.bytes);
    assert_eq!(codes(&again), [""; 0]);
    let twice = write(again.events, again.facts, Default::default());
    assert_eq!(String::from_utf8(twice.bytes).unwrap(), text);
}

#[test]
fn events_in_conflict_get_uids_of_their_own() {
    let (one, other) = (at_eight().title("one"), at_eight().title("other"));
    let hex = |event: &Event| content_key(event).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut keys = [hex(&one), hex(&other)];
    keys.sort();
    let fact = Fact { kind: "conflict".into(), key: "1".into(), value: json!({"keys": keys}) };
    let exported = write(vec![one, other], vec![fact], Default::default());
    let text = String::from_utf8(exported.bytes.clone()).unwrap();
    let derived = format!("\r\nUID:1-{}\r\nX-ANNALS-UID:1\r\n", &keys[1][..8]);
    assert_eq!((text.matches("\r\nUID:1\r\n").count(), text.matches(&derived).count()), (1, 1), "{text}");
    let ids: Vec<_> = read(&exported.bytes).events.into_iter().filter_map(|event| event.id).collect();
    assert_eq!(ids, ["1", "1"]);
}

#[test]
fn what_cannot_be_said_is_told() {
    let check = |event: Event, code: &str| {
        let notes = write(vec![event], Vec::new(), Default::default()).notes;
        assert_eq!(notes.iter().map(|note| &*note.code).collect::<Vec<_>>(), [code]);
    };
    check(vevent().title("a\u{0}b"), "control-characters");
    check(Event { modified: Some(1), ..vevent() }, "rounded");
    check(Event { lat: Some(1.0), ..vevent() }, "geo");
    check(Event { lat: Some(f64::NAN), lon: Some(1.0), ..vevent() }, "geo");
    check(vevent().tag(" x"), "tag");
    check(Event { recurrence: Some("RRULE:FREQ=DAILY\nEND:VEVENT".into()), ..at_eight() }, "recurrence");
    let odd = When { qualifier: Qualifier::None, start_lo: Some(1_738_281_600_000_000), ..when("2025-02", "") };
    check(vevent().when(odd), "date");
}

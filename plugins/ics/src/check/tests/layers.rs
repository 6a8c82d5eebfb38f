//! Mistakes of each layer, in whole files.

use super::{HEAD, check, event, findings, inside};

#[test]
fn bytes() {
    let body = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\nDTSTART;VALUE=DATE:20250910\n";
    let file = |summary: &str| format!("{HEAD}{body}{summary}END:VEVENT\nEND:VCALENDAR\n").replace('\n', "\r\n");
    let raw = |bytes: &[u8], expected: &[&str]| assert_eq!(findings(bytes), expected, "{}", bytes.escape_ascii());
    raw(file("").as_bytes(), &[]);
    raw(file("").replace('\r', "").as_bytes(), &["1 line-end"]);
    raw(file("").replace('\n', "").as_bytes(), &["1 line-end"]);
    raw(file("").trim_end().as_bytes(), &["9 no-line-end"]);
    raw(format!("\u{feff}{}", file("")).as_bytes(), &["1 (byte-order-mark)"]);
    raw(file(&format!("SUMMARY:{}\n", "x".repeat(67))).as_bytes(), &[]);
    raw(file(&format!("SUMMARY:{}\nLOCATION:b\n", "x".repeat(68))).as_bytes(), &["8 (long-line)"]);
    raw(file("SUMMARY:a\u{7}\n").as_bytes(), &["8 control-character"]);
    raw(file("\nSUMMARY:a\n").as_bytes(), &["8 blank-line"]);
    raw(&[file("").as_bytes(), b"stray:a\r\n"].concat(), &["10 stray-line"]);
    let (one, two) = file("SUMMARY:\n").split_once("SUMMARY:").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let with = |text: &[u8]| [one.as_bytes(), b"SUMMARY:", text, two.as_bytes()].concat();
    raw(&with(b"caf\xe9"), &["8 not-utf8"]);
    raw(&with(b"caf\xc3\r\n \xa9"), &["8 (fold-in-character)"]);
    raw(&with(b"a\r\n b\xff"), &["8 not-utf8"]);
    raw(format!(" {}", file("")).as_bytes(), &["1 bad-folding"]);
    let utf16: Vec<u8> = file("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    raw(&[b"\xff\xfe", &*utf16].concat(), &["1 not-utf8"]);
    raw(b"", &["1 no-calendar"]);
    raw(
        b"\0\xff\n\n\x80;:=\"",
        &[
            "1 bad-line",
            "1 control-character",
            "1 line-end",
            "1 no-calendar",
            "1 not-utf8",
            "2 blank-line",
            "3 bad-line",
            "3 no-line-end",
            "3 not-utf8",
        ],
    );
}

#[test]
fn structure() {
    check("BEGIN:VCALENDAR\nEND:VCALENDAR\n", &["1 empty-calendar", "1 missing-prodid", "1 missing-version"]);
    let event = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\nDTSTART;VALUE=DATE:20250910\n";
    check(&format!("{HEAD}{event}"), &["1 truncated", "4 truncated"]);
    check(&format!("{HEAD}{event}END:VCALENDAR\n"), &["4 missing-end"]);
    inside(&format!("{event}{}END:VEVENT", event.replace("UID:a", "UID:b")), &["4 missing-end"]);
    inside(&format!("{event}END:VEVENT\nEND:VTODO"), &["9 stray-end"]);
    check(&format!("{event}END:VEVENT\n"), &["1 no-calendar", "1 outside-calendar"]);
    let missing = "9 missing-property";
    let text = format!("{event}END:VEVENT\nBEGIN:STANDARD\nEND:STANDARD");
    inside(&text, &["9 component-not-here", "9 missing-dtstart", missing, missing]);
    inside(&format!("{event}BEGIN:X-OWN\nA:b\nEND:X-OWN\nEND:VEVENT"), &[]);
    inside(&format!("{event}BEGIN:OWN\nA:b\nEND:OWN\nEND:VEVENT"), &["8 (unknown-component)"]);
    let alarm = "BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM\n";
    inside(&format!("{event}{alarm}SUMMARY:a\nEND:VEVENT"), &["12 property-late"]);
    let deep = "BEGIN:X-A\n".repeat(40) + &"END:X-A\n".repeat(39) + "END:X-A";
    inside(&deep, &["35 too-deep"]);
    inside(&format!("BEGIN: VEVENT{}END:VEVENT", &event[12..]), &["4 bad-line"]);
}

#[test]
fn lines() {
    let dated = |line: &str| format!("DTSTART;VALUE=DATE:20250910\n{line}");
    let check = |line: &str, expected: &[&str]| event(&dated(line), expected);
    check("no colon", &["8 bad-line"]);
    check("ü:a", &["8 bad-line"]);
    check("X_A:b", &["8 bad-name", "8 (unknown-property)"]);
    check("SUMMARY;LANGUAGE:a", &["8 bad-parameter"]);
    check("SUMMARY;LANGUAGE=de_AT:a", &["8 bad-parameter"]);
    check("SUMMARY;LANGUAGE=de,en:a", &["8 bad-parameter"]);
    check("SUMMARY;LANGUAGE=de;LANGUAGE=en:a", &["8 bad-parameter"]);
    check("SUMMARY;LANGUAGE=d\"e:a", &["8 bad-parameter"]);
    check("SUMMARY;X-A=\"b:c;d,e\";X-B=^n^'^^:a", &[]);
    check("SUMMARY;A=b:a", &["8 (unknown-parameter)"]);
    check("SUMMARY;CN=b:a", &["8 (parameter-not-here)"]);
    check("FOO:a", &["8 (unknown-property)"]);
    check("X-FOO;VALUE=ANY;TZID=b:\\x;,", &[]);
    check("ATTENDEE;SENT-BY=mailto-a:mailto:b@example.com", &["8 bad-parameter"]);
    check("ATTENDEE;SENT-BY=\"mailto:a@example.com\";RSVP=yes:mailto:b@example.com", &["8 bad-parameter"]);
    check("ATTENDEE;PARTSTAT=MAYBE;ROLE=X-HOST:mailto:b@example.com", &["8 (unknown-word)"]);
    check("ATTENDEE;MEMBER=\"mailto:a@example.com\",\"mailto:c@example.com\":mailto:b@example.com", &["8 (long-line)"]);
    check("RELATED-TO;RELTYPE=FINISHTOSTART;GAP=PT1H30S:b", &["8 bad-parameter"]);
}

#[test]
fn alarms() {
    let check = |alarm: &str, expected: &[&str]| {
        event(&format!("DTSTART;VALUE=DATE:20250910\nBEGIN:VALARM\n{alarm}\nEND:VALARM"), expected);
    };
    check("ACTION:AUDIO\nTRIGGER;RELATED=END:PT5M", &[]);
    check("ACTION:AUDIO\nTRIGGER;VALUE=DATE-TIME:20250910T000000Z", &[]);
    check("ACTION:AUDIO\nTRIGGER;VALUE=DATE-TIME:20250910T000000", &["10 not-utc"]);
    check("ACTION:AUDIO\nTRIGGER;RELATED=END;VALUE=DATE-TIME:20250910T000000Z", &["10 parameter-not-here"]);
    check("ACTION:DISPLAY\nTRIGGER:-PT5M", &["8 missing-property"]);
    check("ACTION:EMAIL\nTRIGGER:-PT5M\nDESCRIPTION:a\nSUMMARY:b", &["8 missing-property"]);
    check("ACTION:AUDIO\nTRIGGER:-PT5M\nREPEAT:2", &["8 missing-property"]);
    check("TRIGGER:-PT5M", &["8 missing-property"]);
    check("ACTION:PROCEDURE\nTRIGGER:-PT5M", &["9 (unknown-word)"]);
    let todo = |time: &str, relation: &str| {
        format!(
            "BEGIN:VTODO\nUID:a\nDTSTAMP:20250101T000000Z\n{time}\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER{relation}:-PT5M\nEND:VALARM\nEND:VTODO"
        )
    };
    inside(&todo("DUE:20250910T000000Z", ";RELATED=END"), &[]);
    inside(&todo("DUE:20250910T000000Z", ""), &["10 trigger-of-nothing"]);
}

#[test]
fn time_zones() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Z\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\n\
                END:STANDARD\nEND:VTIMEZONE\n";
    let named = |name: &str| zone.replace("TZID:Z", &format!("TZID:{name}"));
    let event =
        "BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\nDTSTART;TZID=Z:20250910T100000\nDURATION:PT1H\nEND:VEVENT";
    let in_zone = |name: &str| event.replace("TZID=Z", &format!("TZID={name}"));
    inside(&(named("Europe/Berlin") + &in_zone("Europe/Berlin")), &[]);
    inside(&format!("{}\n{}", in_zone("Europe/Berlin"), named("Europe/Berlin").trim_end()), &[]);
    inside(&(zone.to_owned() + event), &["4 (timezone-name)"]);
    inside(&(named("W. Europe Standard Time") + &in_zone("W. Europe Standard Time")), &["4 (timezone-name)"]);
    inside(&(named("Europe/Berlin").repeat(2) + &in_zone("Europe/Berlin")), &["12 (timezone-twice)"]);
    inside(&in_zone("Pacific Standard Time"), &["7 timezone-missing"]);
    let berlin = named("Europe/Berlin");
    inside(berlin.replace("DTSTART:19700101T000000", "DTSTART:19700101T000000Z").trim_end(), &["7 not-local"]);
    inside(berlin.replace("+0100", "+2400").trim_end(), &["9 bad-value"]);
    inside(berlin.replace("+0000", "-0000").trim_end(), &["8 bad-value"]);
    let rule = "END:STANDARD".replace("END", "RRULE:FREQ=YEARLY;UNTIL=20200101T000000\nEND");
    inside(berlin.replace("END:STANDARD", &rule).trim_end(), &["10 until-type"]);
    inside("BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE", &["4 no-observance"]);
}

#[test]
fn across_components() {
    let event = |lines: &str| format!("BEGIN:VEVENT\nUID:a\nDTSTAMP:20250101T000000Z\n{lines}END:VEVENT\n");
    let check = |components: &[String], expected: &[&str]| inside(components.concat().trim_end(), expected);
    let day = "DTSTART;VALUE=DATE:20250910\n";
    check(&[event(day), event(day)], &["9 (duplicate)"]);
    check(&[event(day), event(&format!("SEQUENCE:1\n{day}"))], &[]);
    let moved = format!("RECURRENCE-ID;VALUE=DATE:20250911\n{day}");
    check(&[event(&moved)], &["7 (override-alone)"]);
    check(&[event(&moved), event(day)], &[]);
    check(&[event(day), event(&moved), event(&moved)], &["15 (duplicate)"]);
    let timed = format!("RECURRENCE-ID:20250911T000000Z\n{day}");
    check(&[event(day), event(&timed)], &["12 override-type"]);
    check(&["METHOD:REQUEST\n".to_owned(), event(day)], &["5 method", "5 method"]);
    check(&["METHOD:CANCEL\n".to_owned(), event("ORGANIZER:mailto:a@example.com\n")], &[]);
    check(&["X-WR-TIMEZONE:Europe/Berlin\n".to_owned(), event(day)], &["4 (x-wr-timezone)"]);
}

#[test]
fn other_components() {
    inside(
        "BEGIN:VFREEBUSY\nUID:a\nDTSTAMP:20250101T000000Z\nDTSTART:20250910T000000\n\
         FREEBUSY:20250910T100000Z/PT1H,20250910T120000Z/20250910T110000Z\nEND:VFREEBUSY",
        &["7 not-utc", "8 bad-value"],
    );
    inside(
        "BEGIN:VAVAILABILITY\nUID:a\nDTSTAMP:20250101T000000Z\nBUSYTYPE:BUSY\nBEGIN:AVAILABLE\nUID:b\n\
         DTSTAMP:20250101T000000Z\nDTSTART:20250910T000000Z\nRRULE:FREQ=DAILY\nEND:AVAILABLE\nEND:VAVAILABILITY",
        &[],
    );
    inside(
        "BEGIN:VJOURNAL\nUID:a\nDTSTAMP:20250101T000000Z\nDESCRIPTION:a\nDESCRIPTION:b\nBEGIN:PARTICIPANT\nUID:b\n\
         PARTICIPANT-TYPE:SPEAKER\nBEGIN:VLOCATION\nUID:c\nNAME:d\nEND:VLOCATION\nEND:PARTICIPANT\nEND:VJOURNAL",
        &[],
    );
    inside("BEGIN:VTODO\nUID:a\nDTSTAMP:20250101T000000Z\nPERCENT-COMPLETE:101\nEND:VTODO", &["7 bad-value"]);
}

//! `annals check`: what it prints, and its exit codes.

use crate::common::Place;

#[test]
fn formats_without_a_check_are_read() {
    let place = Place::with(&[
        ("good.jsonl", "{\"start\":\"2025\",\"title\":\"a\"}\n"),
        ("bad.jsonl", "{\"start\":\"2025\",\"title\":\"a\"}\n{\"start\":\"nonsense\"}\n"),
    ]);
    let good = place.run(&["check", "good.jsonl"]);
    assert_eq!((good.code, good.stdout.as_slice()), (0, &b""[..]), "{}", good.stderr);
    assert_eq!(good.stderr, "1 file checked, nothing found\n");
    let bad = place.run(&["check", "bad.jsonl", "good.jsonl", "missing.jsonl"]);
    let printed = String::from_utf8(bad.stdout).unwrap();
    assert!(printed.starts_with("bad.jsonl:2: error["), "{printed}");
    assert!(bad.stderr.contains("cannot read `missing.jsonl`"), "{}", bad.stderr);
    assert!(bad.stderr.ends_with("2 files checked: 1 error, 0 warnings; 1 other could not be\n"), "{}", bad.stderr);
    assert_eq!(bad.code, 2);
    let json = place.run(&["check", "--json", "-q", "bad.jsonl"]);
    let finding: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((json.code, &finding["severity"], &finding["line"]), (1, &"error".into(), &2.into()));
}

/// A calendar with a mistake in nearly every line.
const MISTAKES: &str = "\
BEGIN:VCALENDAR
VERSION:2.0
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VEVENT
UID:standup@example.com
DTSTAMP:20250820T101500
DTSTART;TZID=Romance Standard Time:20250901T091500
DTEND;TZID=Romance Standard Time:20250901T091500
RRULE:FREQ=WEEKLY;BYDAY=MO,WEN;UNTIL=20251031
SUMMARY:Stand-up, daily
STATUS:DONE
ATTENDEE;RSVP=yes:ada@example.com
SUMMARY:Stand-up
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER:-15M
END:VALARM
END:VEVENT
BEGIN:VEVENT
DTSTAMP:20250820T101500Z
DTSTART:20250910
DESCRIPTION:a folder, C:\\data, and a line that somebody did not fold although it is long
DURATION:PT1H30S
and a line without a colon
END:VEVENT
END:VCALENDAR
";

#[test]
fn calendars_are_checked_against_the_rfc() {
    let text = MISTAKES.replace('\n', "\r\n");
    let place = Place::with(&[("mistakes.ics", &text)]);
    place.run(&["check", "mistakes.ics"]).expect(1).snapshot("check-mistakes");
    place.run(&["check", "--errors", "--json", "-q", "mistakes.ics"]).expect(1).snapshot("check-mistakes-json");
}

#[test]
fn a_check_reads_standard_input_and_what_annals_writes_is_sound() {
    let place = Place::new();
    let samples = format!("{}/plugins/ics/samples", crate::common::ROOT);
    let (home, work) = (format!("{samples}/home.ics"), format!("{samples}/work.ics"));
    assert_eq!(place.run(&["merge", &home, &work, "-o", "all.ics", "-q"]).code, 0);
    let run = place.run_with_input(&["check", "--errors", "-"], &place.read("all.ics"));
    assert_eq!((run.code, run.stderr.as_str()), (0, "1 file checked, nothing found\n"));
}

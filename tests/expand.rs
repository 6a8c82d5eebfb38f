//! `--expand`: series become their instances, and every one is accounted for.

use serde_json::Value;

use crate::common::{Place, assert_balanced};

const MASTER: &str = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Europe/Berlin:20260323T090000\n\
    DTEND;TZID=Europe/Berlin:20260323T100000\nRRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Berlin:20260406T090000\n\
    SUMMARY:stand-up\nEND:VEVENT\n";
/// Its RECURRENCE-ID is in UTC, where the master is in Berlin.
const OVERRIDE: &str = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID:20260330T070000Z\n\
    DTSTART;TZID=Europe/Berlin:20260331T120000\nDTEND;TZID=Europe/Berlin:20260331T130000\nSUMMARY:moved\nEND:VEVENT\n";
const SINGLE: &str = "BEGIN:VEVENT\nUID:b\nDTSTAMP:20260101T000000Z\nDTSTART:20200101T090000Z\nEND:VEVENT\n";

fn calendar(parts: &[&str]) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{}END:VCALENDAR\n", parts.concat())
}

/// `id start title` of each event.
fn events(place: &Place, args: &[&str]) -> (Vec<String>, Value) {
    let run = place.run(&[&["merge", "-q", "-o", "jsonl:out", "--report", "r.json"], args].concat());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = place.json("r.json");
    assert_balanced(&report);
    let text = |event: &Value, key: &str| event[key].as_str().unwrap_or("-").to_owned();
    let lines = place.text("out");
    let line = |line: &str| {
        let event: Value = serde_json::from_str(line).expect("JSON");
        format!("{} {} {}", text(&event, "id"), text(&event, "start"), text(&event, "title"))
    };
    (lines.lines().map(line).collect(), report)
}

#[test]
fn master_and_override_may_lie_in_two_files() {
    let place = Place::with(&[("m.ics", &calendar(&[MASTER, SINGLE])), ("o.ics", &calendar(&[OVERRIDE]))]);
    let expected = [
        "b 2020-01-01T09:00:00Z -",
        "a 2026-03-23T09:00:00+01:00 stand-up",
        "a 2026-03-31T12:00:00+02:00 moved",
        "a 2026-04-13T09:00:00+02:00 stand-up",
    ];
    for inputs in [["m.ics", "o.ics"], ["o.ics", "m.ics"]] {
        for more in [&["--threads", "1"][..], &["--threads", "3", "--memory", "1M"], &["--dedupe", "none"]] {
            let args = [&inputs[..], &["--expand", "2026-03-20..2026-04-15"], more].concat();
            let (found, report) = events(&place, &args);
            assert_eq!(found, expected, "{args:?}");
            assert_eq!((&report["read"], &report["expanded"], &report["kept"]), (&3.into(), &1.into(), &4.into()));
        }
    }
    // Written, read and expanded again it is the same.
    let run = place.run(&["merge", "-q", "m.ics", "o.ics", "--expand", "2026-03..2026-04", "-o", "x.ics"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let again = place.run(&["merge", "-q", "x.ics", "m.ics", "o.ics", "--expand", "2026-03..2026-04", "-o", "y.ics"]);
    assert_eq!((again.code, place.text("y.ics")), (0, place.text("x.ics")), "{}", again.stderr);
}

#[test]
fn filters_judge_each_instance_alone() {
    let place = Place::with(&[("m.ics", &calendar(&[MASTER, OVERRIDE, SINGLE]))]);
    let (found, report) = events(&place, &["m.ics", "--expand", "2026-03..2026-04", "--overlapping", "2026-04-10.."]);
    assert_eq!(
        found,
        [
            "a 2026-04-13T09:00:00+02:00 stand-up",
            "a 2026-04-20T09:00:00+02:00 stand-up",
            "a 2026-04-27T09:00:00+02:00 stand-up"
        ]
    );
    assert_eq!((&report["expanded"], &report["filtered"]), (&3.into(), &3.into()));
}

#[test]
fn a_series_in_a_zone_of_the_calendar_goes_by_its_clock() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
        RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\n\
        TZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE\n";
    let series = "BEGIN:VEVENT\nUID:z\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Ours:20260323T090000\n\
        RRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\n";
    let place = Place::with(&[("z.ics", &calendar(&[zone, series]))]);
    let (found, _) = events(&place, &["z.ics", "--expand", "2026"]);
    assert_eq!(found, ["z 2026-03-23T09:00:00+01:00 -", "z 2026-03-30T09:00:00+02:00 -"]);
}

#[test]
fn this_and_future_moves_what_follows() {
    let moved = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260413T070000Z\n\
        DTSTART;TZID=Europe/Berlin:20260413T100000\nDTEND;TZID=Europe/Berlin:20260413T103000\nSUMMARY:later\nEND:VEVENT\n";
    let place = Place::with(&[("m.ics", &calendar(&[MASTER])), ("o.ics", &calendar(&[moved]))]);
    let (found, report) = events(&place, &["m.ics", "o.ics", "--expand", "2026-04"]);
    let later = ["13", "20", "27"].map(|day| format!("a 2026-04-{day}T10:00:00+02:00 later"));
    assert_eq!(found, later);
    assert_eq!(
        (&report["read"], &report["expanded"], &report["kept"], &report["filtered"]),
        (&2.into(), &2.into(), &3.into(), &1.into())
    );
}

#[test]
fn what_cannot_be_expanded_is_told_and_stays() {
    let bad =
        "BEGIN:VEVENT\nUID:bad\nDTSTAMP:20260101T000000Z\nDTSTART:20260101T000000Z\nRRULE:FREQ=NEVER\nEND:VEVENT\n";
    let endless = "BEGIN:VEVENT\nUID:bomb\nDTSTAMP:20260101T000000Z\nDTSTART:20260101T000000Z\n\
        RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\nEND:VEVENT\n";
    let place = Place::with(&[("x.ics", &calendar(&[bad, endless]))]);
    let run = place.run(&["merge", "x.ics", "--expand", "2026..2027", "-o", "jsonl:out", "--report", "r.json"]);
    assert!(
        run.stderr.contains("the recurrence of `bad` cannot be evaluated, so that it stays as it is"),
        "{}",
        run.stderr
    );
    assert_balanced(&place.json("r.json"));
    let out = place.text("out");
    assert_eq!((run.code, out.lines().count()), (0, 2), "{out}");
    let wrong = place.run(&["merge", "x.ics", "--expand", "never"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("cannot read the dates of `--expand`"), "{}", wrong.stderr);
}

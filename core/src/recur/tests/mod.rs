use proptest::prelude::*;

use super::*;
use crate::when::{Instant, Zone};

mod bombs;
mod expand;

fn event(when: &str, recurrence: &str) -> Event {
    let (when, zone) = when.split_once(' ').unwrap_or((when, ""));
    let zone = Zone::parse(zone);
    let mut when = When::parse(when, zone.as_ref()).unwrap();
    if when.zone.is_none() {
        when = match when.end_text() {
            None => when.throughout(),
            Some(end) => {
                let day = |text: &str| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
                When::all_day(day(&when.start_text().unwrap()), day(&end))
            }
        };
    }
    Event { recurrence: Some(recurrence.to_owned()), ..Event::new().when(when) }
}

fn series(when: &str, recurrence: &str) -> Result<Series, RecurError> {
    Series::of(&event(when, recurrence)).map(|series| series.expect("a series"))
}

/// The keys of the first instances; `…` if there are more than are asked for.
fn keys(instances: Instances<'_>, asked: usize) -> String {
    let mut keys: Vec<String> = Vec::new();
    for instance in instances {
        match instance {
            Ok(instance) if keys.len() < asked => keys.push(instance.key),
            Ok(_) => {
                keys.push("…".to_owned());
                break;
            }
            Err(error) => keys.push(format!("error: {error}")),
        }
    }
    keys.join(" ")
}

/// Full hours without `:00:00`.
fn short(keys: &str) -> String {
    let short = |key: &str| match key.strip_suffix(":00:00Z") {
        Some(hour) => format!("{hour}Z"),
        None => key.strip_suffix(":00:00").unwrap_or(key).to_owned(),
    };
    keys.split(' ').map(short).collect::<Vec<_>>().join(" ")
}

fn check(when: &str, recurrence: &str, expected: &str) {
    let asked = expected.split(' ').filter(|key| !matches!(*key, "" | "…")).count();
    let got =
        series(when, recurrence).map_or_else(|error| format!("error: {error}"), |s| keys(s.instances(i64::MIN), asked));
    assert_eq!(short(&got), expected, "{when} {recurrence}");
}

#[test]
fn days() {
    check("2025-01-01", "RRULE:FREQ=DAILY;COUNT=3", "2025-01-01 2025-01-02 2025-01-03");
    check("2025-01-01", "rrule:freq=daily;interval=10", "2025-01-01 2025-01-11 2025-01-21 …");
    check("2025-01-31", "RRULE:FREQ=MONTHLY;COUNT=4", "2025-01-31 2025-03-31 2025-05-31 2025-07-31");
    check("2025-01-31", "RRULE:FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20250601", "2025-01-31 2025-03-31 2025-05-31");
    check("2025-01-31", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3", "2025-01-31 2025-02-28 2025-03-31");
    check("2024-02-29", "RRULE:FREQ=YEARLY", "2024-02-29 2028-02-29 2032-02-29 …");
    check("1896-02-29", "RRULE:FREQ=YEARLY;COUNT=2", "1896-02-29 1904-02-29");
    check("2025-03-30", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=3", "2025-03-30 2026-03-29 2027-03-28");
    check("2025-09-02", "RRULE:FREQ=MONTHLY;BYDAY=1TU,3TU;COUNT=3", "2025-09-02 2025-09-16 2025-10-07");
    check("2025-09-30", "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "2025-09-30 2025-10-31 2025-11-28 …");
    // Numbered and plain weekdays together, each for itself.
    check("2025-09-01", "RRULE:FREQ=MONTHLY;BYDAY=SU,1MO;COUNT=4", "2025-09-01 2025-09-07 2025-09-14 2025-09-21");
    check("2025-09-12", "RRULE:FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=2", "2025-09-12 2026-02-13 2026-03-13");
    check("2025-01-06", "RRULE:FREQ=YEARLY;BYWEEKNO=20", "2025-01-06 2025-05-12 2025-05-13 …");
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYYEARDAY=1,100,-1;COUNT=4", "2025-01-01 2025-04-10 2025-12-31 2026-01-01");
}

/// What others read in other ways, see the module.
#[test]
fn contested() {
    let week = "2025-01-01 2025-05-12 2025-05-13 2025-05-14 2025-05-15 2025-05-16 2025-05-17 2025-05-18 2026-05-11 …";
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYWEEKNO=20", week);
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYMONTHDAY=31", "2025-01-01 2025-01-31 2025-03-31 2025-05-31 2025-07-31 …");
    check("2025-01-15", "RRULE:FREQ=YEARLY;BYMONTH=2,3", "2025-01-15 2025-02-15 2025-03-15 2026-02-15 …");
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=MO", "2025-01-01 2025-02-03 2025-02-10 2025-02-17 …");
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYDAY=20MO", "2025-01-01 2025-05-19 2026-05-18 …");
    check("2025-01-05", "RRULE:FREQ=WEEKLY;BYDAY=-1SU", "2025-01-05 2025-01-12 2025-01-19 …");
    // Weeks belong to the year that most of their days lie in, also for an interval.
    check("2024-12-31", "RRULE:FREQ=YEARLY;INTERVAL=2;BYWEEKNO=1;BYDAY=MO,SU", "2024-12-31 2025-12-29 2026-01-04 …");
    // Positions count in whole weeks, not from the start on.
    check("2025-01-08", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2025-01-08 2025-01-15 …");
}

/// RFC 5545 3.8.5.3: the same rule with another start of the week.
#[test]
fn start_of_the_week() {
    let rule = |day: &str| format!("RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST={day}");
    check("1997-08-05", &rule("MO"), "1997-08-05 1997-08-10 1997-08-19 1997-08-24");
    check("1997-08-05", &rule("SU"), "1997-08-05 1997-08-17 1997-08-19 1997-08-31");
}

#[test]
fn the_start_is_the_first_instance() {
    // It does not fit the rule, and does not count.
    check("2025-09-10", "RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2025-09-10 2025-09-15 2025-09-22");
    check("2025-09-10", "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20250911", "2025-09-10");
    check("2025-09-10", "RRULE:FREQ=DAILY;UNTIL=20250910", "2025-09-10");
    check("2025-09-10", "RRULE:FREQ=DAILY;UNTIL=20250909", "");
    check("2025-09-10", "RRULE:FREQ=DAILY;UNTIL=20250909\nRRULE:FREQ=YEARLY;COUNT=1", "2025-09-10");
    check("2025-09-10", "RRULE:", "2025-09-10");
    check("2025-09-10", "RRULE:FREQ=DAILY;COUNT=-1;UNTIL=20250911", "2025-09-10 2025-09-11");
    check("2025-09-10", "RRULE:FREQ=DAILY;COUNT=1", "2025-09-10");
    check("2025-09-10", "RDATE;VALUE=DATE:20251001,20250915", "2025-09-10 2025-09-15 2025-10-01");
    check("2025-09-10", "RDATE;VALUE=DATE:20250905", "2025-09-05 2025-09-10");
    check("2025-09-10", "EXDATE;VALUE=DATE:20250910", "");
    check("2025-09-10", "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20250910", "2025-09-11 2025-09-12");
    check("2025-02-28", "RRULE:FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "2025-02-28");
}

#[test]
fn clocks() {
    // Summer time begins on 30 March and ends on 26 October.
    let berlin = "2025-03-29T10:00 Europe/Berlin";
    check(berlin, "RRULE:FREQ=DAILY;COUNT=3", "2025-03-29T09Z 2025-03-30T08Z 2025-03-31T08Z");
    // 02:30 does not exist on the 30th: read with the offset before, 03:30 in summer time.
    check(
        "2025-03-29T02:30 Europe/Berlin",
        "RRULE:FREQ=DAILY;COUNT=3",
        "2025-03-29T01:30:00Z 2025-03-30T01:30:00Z 2025-03-31T00:30:00Z",
    );
    // It exists twice on 26 October: the first, in summer time.
    check(
        "2025-10-25T02:30 Europe/Berlin",
        "RRULE:FREQ=DAILY;COUNT=3",
        "2025-10-25T00:30:00Z 2025-10-26T00:30:00Z 2025-10-27T01:30:00Z",
    );
    // The start may be the second.
    check(
        "2025-10-26T02:30+01:00 Europe/Berlin",
        "RRULE:FREQ=DAILY;COUNT=2",
        "2025-10-26T01:30:00Z 2025-10-27T01:30:00Z",
    );
    let quarters = "2025-10-26T01:30:00Z 2025-10-26T02Z 2025-10-26T02:15:00Z …";
    check("2025-10-26T02:30+01:00 Europe/Berlin", "RRULE:FREQ=MINUTELY;INTERVAL=15", quarters);
    // Skipped times fall together with later ones, and stay in order.
    check(
        "2025-03-30T01:30 Europe/Berlin",
        "RRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=5",
        "2025-03-30T00:30:00Z 2025-03-30T01Z 2025-03-30T01:30:00Z",
    );
    check("2025-09-10T10:00 +02:00", "RRULE:FREQ=MONTHLY;COUNT=2", "2025-09-10T08Z 2025-10-10T08Z");
    check("2025-09-10T10:00 floating", "RRULE:FREQ=WEEKLY;COUNT=2", "2025-09-10T10 2025-09-17T10");
    check("2025-09-10T10:00:00.25Z", "RRULE:FREQ=DAILY;COUNT=2", "2025-09-10T10:00:00.25Z 2025-09-11T10:00:00.25Z");
    // UNTIL in UTC, inclusive; as a date it includes the local day.
    check(berlin, "RRULE:FREQ=DAILY;UNTIL=20250331T080000Z", "2025-03-29T09Z 2025-03-30T08Z 2025-03-31T08Z");
    check(berlin, "RRULE:FREQ=DAILY;UNTIL=20250331T075959Z", "2025-03-29T09Z 2025-03-30T08Z");
    check(berlin, "RRULE:FREQ=DAILY;UNTIL=20250330", "2025-03-29T09Z 2025-03-30T08Z");
    check(berlin, "RRULE:FREQ=DAILY;UNTIL=20250330T100000", "2025-03-29T09Z 2025-03-30T08Z");
}

#[test]
fn exceptions_and_additions() {
    let daily = |more: &str| format!("RRULE:FREQ=DAILY;COUNT=3\n{more}");
    let berlin = "2025-01-01T10:00 Europe/Berlin";
    check(berlin, &daily("EXDATE;TZID=Europe/Berlin:20250102T100000"), "2025-01-01T09Z 2025-01-03T09Z");
    check(berlin, &daily("EXDATE;TZID=\"Europe/Berlin\":20250102T100000,20250103T100000"), "2025-01-01T09Z");
    check(berlin, &daily("EXDATE:20250102T090000Z"), "2025-01-01T09Z 2025-01-03T09Z");
    check(berlin, &daily("EXDATE;TZID=My own zone:20250102T100000"), "2025-01-01T09Z 2025-01-03T09Z");
    check(
        berlin,
        &daily("EXDATE;TZID=America/New_York:20250102T100000"),
        "2025-01-01T09Z 2025-01-02T09Z 2025-01-03T09Z",
    );
    check(berlin, &daily("EXDATE;VALUE=DATE:20250102"), "2025-01-01T09Z 2025-01-03T09Z");
    check("2025-01-01", &daily("EXDATE:20250102T000000Z"), "2025-01-01 2025-01-03");
    check("2025-01-01", &daily("EXDATE:20250101T220000Z"), "2025-01-01 2025-01-03");
    check("2025-01-01", &daily("EXDATE:20250102T100000Z"), "2025-01-01 2025-01-03");
    check(berlin, "RDATE;TZID=America/New_York:20250102T100000", "2025-01-01T09Z 2025-01-02T15Z");
    check(
        berlin,
        &daily("RDATE:20250101T090000Z,20250101T120000Z"),
        "2025-01-01T09Z 2025-01-01T12Z 2025-01-02T09Z 2025-01-03T09Z",
    );
    check("2025-01-01", "RRULE:FREQ=DAILY;COUNT=5\nEXRULE:FREQ=DAILY;INTERVAL=2", "2025-01-02 2025-01-04");
    check("2025-01-01", "RRULE:FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=MONTHLY;COUNT=2", "2025-01-01 2025-01-08 2025-02-01");
}

#[test]
fn finer_than_a_day() {
    // RFC 5545: every 20 minutes from 9:00 to 16:40, two ways.
    let expected = "1997-09-02T09 1997-09-02T09:20:00 1997-09-02T09:40:00 1997-09-02T10 …";
    check("1997-09-02T09:00", "RRULE:FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40", expected);
    check("1997-09-02T09:00", "RRULE:FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16", expected);
    // Steps go on through the hours that are left out.
    check(
        "2025-01-01T09:56",
        "RRULE:FREQ=MINUTELY;INTERVAL=7;BYHOUR=9",
        "2025-01-01T09:56:00 2025-01-02T09:02:00 2025-01-02T09:09:00 …",
    );
    check("2025-01-01T09:00", "RRULE:FREQ=SECONDLY;INTERVAL=86400", "2025-01-01T09 2025-01-02T09 …");
    check("2025-01-01T09:00", "RRULE:FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "2025-01-01T09 2025-01-02T09 …");
    check("2025-01-01T09:00", "RRULE:FREQ=HOURLY;INTERVAL=36;BYHOUR=9", "2025-01-01T09 2025-01-04T09 …");
    check(
        "2025-01-01T09:00",
        "RRULE:FREQ=HOURLY;INTERVAL=2;BYMINUTE=0,30",
        "2025-01-01T09 2025-01-01T09:30:00 2025-01-01T11 …",
    );
    // Never: nine o'clock is an odd hour.
    check("2025-01-01T08:00", "RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=9", "2025-01-01T08");
}

/// What is asked for is when an instance ends, and the way there is short.
#[test]
fn from_a_time_on() {
    let check = |when: &str, rule: &str, lower: &str, expected: &str| {
        let lower = When::parse(lower, None).unwrap().start_lo.unwrap();
        let asked = expected.split(' ').filter(|key| *key != "…").count();
        let got = keys(series(when, rule).unwrap().instances_in(lower, 400_000, None), asked);
        assert_eq!(short(&got), expected, "{when} {rule}");
    };
    check("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY", "2100", "2100-01-01T00Z 2100-01-01T00:00:01Z …");
    check(
        "1970-01-01T00:00 Europe/Berlin",
        "RRULE:FREQ=SECONDLY;INTERVAL=7",
        "2100",
        "2100-01-01T00:00:06Z 2100-01-01T00:00:13Z …",
    );
    check("1900-01-01", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE", "2025-09-10", "2025-09-10 2025-09-22 2025-09-24 …");
    check("1900-01-31", "RRULE:FREQ=MONTHLY;INTERVAL=5", "2025", "2025-01-31 2027-07-31 …");
    check("0001-02-03", "RRULE:FREQ=YEARLY;INTERVAL=3", "9990", "9991-02-03 9994-02-03 9997-02-03");
    check("2025-01-01", "RRULE:FREQ=DAILY;COUNT=4", "2025-01-03", "2025-01-03 2025-01-04");
    check("2025-01-01", "RRULE:FREQ=DAILY;UNTIL=20250105", "2025-01-04", "2025-01-04 2025-01-05");
    // Three days long: what began before may not have ended.
    check("2025-01-01/2025-01-03", "RRULE:FREQ=WEEKLY", "2025-02-07", "2025-02-05 2025-02-12 …");
    check("2025-01-01/2025-01-03", "RRULE:FREQ=WEEKLY", "2025-02-08", "2025-02-12 2025-02-19 …");
    check("2025-01-01T22:00Z/2025-01-02T01:00Z", "RRULE:FREQ=DAILY", "2030-06-01", "2030-05-31T22Z 2030-06-01T22Z …");
    check("2025-01-01T22:00Z/2025-01-02T00:00Z", "RRULE:FREQ=DAILY", "2030-06-01", "2030-06-01T22Z 2030-06-02T22Z …");
}

#[test]
fn instances_are_as_long_as_the_event() {
    let check = |when: &str, rule: &str, at: usize, expected: &str| {
        let event = event(when, rule);
        let series = Series::of(&event).unwrap().unwrap();
        let first = series.instances(i64::MIN).next().unwrap().unwrap();
        assert_eq!(Some(&first.key), Series::first_key(&event).as_ref());
        assert_eq!(first.when, event.when, "the first instance is the event");
        let instance = series.instances(i64::MIN).nth(at).unwrap().unwrap().when;
        assert_eq!(instance.edtf.as_deref(), Some(expected), "{when} {rule}");
        // Its bounds are those of its own expression.
        let zone = instance.zone.as_deref().and_then(Zone::parse);
        let read = When::parse(expected, zone.as_ref()).unwrap();
        let exact = instance.zone.is_some();
        assert!(!exact || read.bounds() == instance.bounds(), "{when} {rule}");
        let length = |when: &When| when.end_hi.unwrap() - when.start_lo.unwrap();
        assert_eq!(length(&instance), length(&event.when));
        assert_eq!((instance.extent, instance.precision), (event.when.extent, event.when.precision));
    };
    check("2025-03-29", "RRULE:FREQ=DAILY", 2, "2025-03-31");
    check("2025-03-29/2025-03-30", "RRULE:FREQ=WEEKLY", 1, "2025-04-05/2025-04-06");
    check("2025-09-10T10:00 Europe/Berlin", "RRULE:FREQ=MONTHLY", 2, "2025-11-10T10:00:00+01:00");
    let night = "2025-03-28T20:00/2025-03-29T08:00 Europe/Berlin";
    check(night, "RRULE:FREQ=DAILY", 1, "2025-03-29T20:00:00+01:00/2025-03-30T09:00:00+02:00");
    check("2025-09-10T10:00/2025-09-10T11:30", "RRULE:FREQ=DAILY", 1, "2025-09-11T10:00:00/2025-09-11T11:30:00");
    // A day that people wrote stays as vague as it is.
    let vague = Event {
        recurrence: Some("RRULE:FREQ=YEARLY".into()),
        ..Event::new().when(When::parse("1850-05-01~", None).unwrap())
    };
    let second = Series::of(&vague).unwrap().unwrap().instances(i64::MIN).nth(1).unwrap().unwrap();
    assert_eq!((second.when, second.key.as_str()), (When::parse("1851-05-01~", None).unwrap(), "1851-05-01"));
}

#[test]
fn periods_have_ends_of_their_own() {
    let check = |rdate: &str, expected: &str| {
        let series = series("2025-01-01T10:00/2025-01-01T11:00 Europe/Berlin", rdate).unwrap();
        let second = series.instances(i64::MIN).nth(1).unwrap().unwrap();
        assert_eq!(second.when.edtf.as_deref(), Some(expected), "{rdate}");
    };
    check(
        "RDATE;VALUE=PERIOD:20250102T090000Z/20250102T120000Z",
        "2025-01-02T10:00:00+01:00/2025-01-02T13:00:00+01:00",
    );
    check("RDATE;VALUE=PERIOD:20250102T090000Z/PT30M", "2025-01-02T10:00:00+01:00/2025-01-02T10:30:00+01:00");
    check(
        "RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20250329T200000/P1D",
        "2025-03-29T20:00:00+01:00/2025-03-30T20:00:00+02:00",
    );
}

#[test]
fn refused() {
    let check = |when: &str, rule: &str, expected: &str| check(when, rule, &format!("error: {expected}"));
    check("2025-01-01", "RRULE:COUNT=3", "the rule `COUNT=3` has no FREQ");
    check("2025-01-01", "RRULE:FREQ=FORTNIGHTLY", "`FREQ=FORTNIGHTLY` in the rule `FREQ=FORTNIGHTLY`");
    check("2025-01-01", "RRULE:FREQ=DAILY;COUNT=0", "`COUNT=0` in the rule `FREQ=DAILY;COUNT=0`");
    check("2025-01-01", "RRULE:FREQ=DAILY;INTERVAL=0", "`INTERVAL=0` in the rule `FREQ=DAILY;INTERVAL=0`");
    check("2025-01-01", "RRULE:FREQ=DAILY;FREQ=DAILY", "FREQ stands twice in the rule `FREQ=DAILY;FREQ=DAILY`");
    check("2025-01-01", "RRULE:FREQ=YEARLY;BYEASTER=0", "`BYEASTER=0` is not supported in a rule");
    check("2025-01-01", "RRULE:FREQ=YEARLY;RSCALE=CHINESE", "`RSCALE=CHINESE` is not supported in a rule");
    check(
        "2025-01-01",
        "RRULE:FREQ=DAILY;INTERVAL=5000000000",
        "`INTERVAL=5000000000` in the rule `FREQ=DAILY;INTERVAL=5000000000`",
    );
    check(
        "2025-01-01",
        "RRULE:FREQ=WEEKLY;BYMONTHDAY=1",
        "BYMONTHDAY with FREQ=WEEKLY in the rule `FREQ=WEEKLY;BYMONTHDAY=1`",
    );
    check("2025-01-01", "FREQ=DAILY", "`FREQ=DAILY` is no content line of RFC 5545");
    check("2025-01-01", "SUMMARY:x", "`SUMMARY` is no line of a recurrence");
    check("2025-01-01", "EXDATE:2025", "`EXDATE:2025`: `2025` is no date");
    check("2025-01-01T10:00Z", "RDATE;VALUE=DATE:20250102", "RDATE has a date, the event a time of day");
    check("2025-01", "RRULE:FREQ=DAILY", "a series needs a day or a time to start at, not `2025-01`");
    check("0000-03-15", "RRULE:FREQ=YEARLY", "a series starts in the years 1 to 9999");
    let all: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let (sixty, hours) = (all.join(","), all[..24].join(","));
    let huge = format!("RRULE:FREQ=YEARLY;BYDAY=MO,TU;BYHOUR={hours};BYMINUTE={sixty};BYSECOND={sixty}");
    let short = format!("`{}…`", &huge[6..66]);
    check("2025-01-01", &huge, &format!("more than 1000000 times in one period of {short}"));
    check("2025-01-01", &"RRULE:FREQ=DAILY\n".repeat(100), "more than 64 rules");
    let undated = Event { recurrence: Some("RRULE:FREQ=DAILY".into()), ..Event::new() };
    assert_eq!(Series::of(&undated).unwrap_err().message, "a series needs a day or a time to start at, not no date");
    assert!(Series::of(&Event::new()).unwrap().is_none());
}

/// Parts of rules, also such as contradict each other.
fn rule() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("INTERVAL=2".to_owned()),
        (1u32..100_000).prop_map(|n| format!("INTERVAL={n}")),
        (1u32..50).prop_map(|n| format!("COUNT={n}")),
        (1u32..29).prop_map(|n| format!("UNTIL=203002{n:02}T101500Z")),
        (-54i32..54).prop_map(|n| format!("BYWEEKNO={n}")),
        (-6i32..6, 0usize..7)
            .prop_map(|(n, d)| format!("BYDAY={n}{},MO", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][d])),
        (0usize..7).prop_map(|d| format!("BYDAY={}", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][d])),
        (-31i32..32).prop_map(|n| format!("BYMONTHDAY={n},13")),
        (-366i32..367).prop_map(|n| format!("BYYEARDAY={n}")),
        (1u32..13).prop_map(|n| format!("BYMONTH={n}")),
        (0u32..24).prop_map(|n| format!("BYHOUR={n},9")),
        (0u32..60).prop_map(|n| format!("BYMINUTE={n}")),
        (0u32..61).prop_map(|n| format!("BYSECOND={n}")),
        (-367i32..368).prop_map(|n| format!("BYSETPOS={n}")),
        Just("WKST=SU".to_owned()),
        "[A-Z]{1,8}=[0-9A-Z,;=-]{0,8}",
    ];
    let freq = prop_oneof![
        Just("YEARLY"),
        Just("MONTHLY"),
        Just("WEEKLY"),
        Just("DAILY"),
        Just("HOURLY"),
        Just("MINUTELY"),
        Just("SECONDLY")
    ];
    (freq, proptest::collection::vec(part, 0..4)).prop_map(|(freq, parts)| format!("FREQ={freq};{}", parts.join(";")))
}

fn start() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("2024-02-29"),
        Just("2025-01-01/2025-01-03"),
        Just("2025-03-29T02:30 Europe/Berlin"),
        Just("2011-12-29T12:00 Pacific/Apia"),
        Just("2025-12-31T23:59:59Z"),
        Just("2025-10-25T02:30/2025-10-26T02:30 America/New_York"),
        Just("0001-01-01T00:00 floating"),
        Just("9999-12-31T23:59:59 Asia/Tokyo"),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever the rule: no panic, an end, and instances in order, each once.
    #[test]
    fn always_ends(
        rule in rule(), when in start(), exrule in proptest::option::of(rule()), lower in prop_oneof![Just(i64::MIN), any::<i64>(), 0i64..4_102_444_800_000_000],
    ) {
        let exrule = exrule.map(|rule| format!("\nEXRULE:{rule}")).unwrap_or_default();
        let Ok(series) = series(when, &format!("RRULE:{rule}{exrule}\nRDATE;VALUE=PERIOD:20250102T090000Z/PT30M")) else { return Ok(()) };
        let mut last = None;
        for instance in series.instances_in(lower, 2000, None).take(50) {
            let Ok(instance) = instance else { break };
            prop_assert!(instance.when.end_hi.unwrap() > lower);
            prop_assert!(last < instance.when.start_lo);
            last = instance.when.start_lo;
        }
    }

    /// To begin later leaves out what has ended, and changes nothing else.
    #[test]
    fn jumps_lead_to_the_same(rule in rule(), when in start(), at in 0usize..20, short in 0i64..10) {
        let Ok(series) = series(when, &format!("RRULE:{rule}")) else { return Ok(()) };
        let all: Vec<Instance> = series.instances_in(i64::MIN, 5000, None).take(30).map_while(Result::ok).collect();
        let Some(from) = all.get(at) else { return Ok(()) };
        let lower = from.when.end_hi.unwrap() - 1 - short * short * 86_400_000_000;
        let jumped: Vec<Instance> = series.instances_in(lower, 600_000, None).take(30).map_while(Result::ok).collect();
        let expected: Vec<&Instance> = all.iter().filter(|instance| instance.when.end_hi.unwrap() > lower).collect();
        prop_assert_eq!(expected, jumped.iter().take(all.len()).filter(|i| i.when.start_lo <= all[all.len() - 1].when.start_lo).collect::<Vec<_>>());
    }

    #[test]
    fn never_panics(text in "(RRULE|EXDATE|RDATE|EXRULE)?[;:=,/A-Z0-9é\" \n-]{0,40}") {
        if let Ok(Some(series)) = Series::of(&event("2025-01-01T10:00Z", &text)) {
            series.instances_in(i64::MIN, 100, None).take(20).for_each(drop);
        }
    }
}

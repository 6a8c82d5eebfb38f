//! Masters with overrides.

use std::sync::Arc;

use super::*;

/// An override: `INSTANCE WHEN`, with ` +` behind it for THISANDFUTURE.
fn read(text: &str) -> (Event, bool) {
    let (text, this_and_future) = text.strip_suffix(" +").map_or((text, false), |text| (text, true));
    let (instance, when) = text.split_once(' ').unwrap();
    (Event { instance: Some(instance.to_owned()), recurrence: None, ..event(when, "") }, this_and_future)
}

fn expanded(master: &Event, clocks: &Clocks, overrides: &[&str], window: &str) -> String {
    let events: Vec<(Event, bool)> = overrides.iter().map(|text| read(text)).collect();
    let of = |(event, this_and_future): &'_ (Event, bool)| (event.clone(), *this_and_future);
    let events: Vec<(Event, bool)> = events.iter().map(of).collect();
    let none = Clocks::default();
    let overrides: Vec<Override> = events
        .iter()
        .map(|(event, this_and_future)| Override { event, this_and_future: *this_and_future, clocks: &none })
        .collect();
    let expansion = match Expansion::of(master, clocks, &overrides) {
        Ok(expansion) => expansion,
        Err(error) => return format!("error: {error}"),
    };
    let window = When::parse(window, None).unwrap();
    let mut budget = Budget::default();
    let found = expansion.between(window.start_lo.unwrap()..window.end_hi.unwrap(), &mut budget);
    let shown = found.map(|occurrence| {
        let occurrence = occurrence.unwrap();
        let edtf = occurrence.when.edtf.unwrap().replace(":00:00", ":00").replace(":30:00", ":30");
        match occurrence.origin {
            Origin::Master => edtf,
            Origin::Override(index) => format!("{index}={edtf}"),
            Origin::Following(index) => format!("{index}+{edtf}"),
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn check(when: &str, recurrence: &str, overrides: &[&str], window: &str, expected: &str) {
    let got = expanded(&event(when, recurrence), &Clocks::default(), overrides, window);
    assert_eq!(got, expected, "{when} {recurrence} {overrides:?} {window}");
}

#[test]
fn windows() {
    let daily = "RRULE:FREQ=DAILY";
    check("2025-01-01", daily, &[], "2025-02-01/2025-02-02", "2025-02-01 2025-02-02");
    check("2025-01-01/2025-01-02", daily, &[], "2025-02-01", "2025-01-31/2025-02-01 2025-02-01/2025-02-02");
    check("2025-01-01T10:00Z", daily, &[], "2025-02-01", "2025-02-01T10:00Z");
    check("2025-01-01T00:00Z", daily, &[], "2025-02-01", "2025-02-01T00:00Z");
    // Half open at both ends.
    let night = "2025-01-01T22:00Z/2025-01-02T00:00Z";
    check(night, daily, &[], "2025-02-01", "2025-02-01T22:00Z/2025-02-02T00:00Z");
    check("2025-01-01", "", &[], "2025-01", "2025-01-01");
    check("2025-01-01", "", &[], "2025-02", "");
}

#[test]
fn overrides_match_by_instant() {
    let berlin = "2025-06-01T10:00 Europe/Berlin";
    let daily = "RRULE:FREQ=DAILY;COUNT=3";
    let all = |second: &str| format!("2025-06-01T10:00+02:00 2025-06-03T10:00+02:00 {second}");
    let moved = all("0=2025-06-02T12:00+02:00");
    check(berlin, daily, &["2025-06-02T08:00:00Z 2025-06-02T12:00 Europe/Berlin"], "2025", &moved);
    check(berlin, daily, &["2025-06-02T10:00:00 2025-06-02T12:00 Europe/Berlin"], "2025", &moved);
    check(berlin, daily, &["2025-06-02 2025-06-02T12:00 Europe/Berlin"], "2025", &moved);
    // No instance is at that time.
    let orphan = "2025-06-01T10:00+02:00 2025-06-02T10:00+02:00 2025-06-03T10:00+02:00 0=2025-06-02T12:00+02:00";
    check(berlin, daily, &["2025-06-02T10:00:00Z 2025-06-02T12:00 Europe/Berlin"], "2025", orphan);
    // A series that an instant finds by its zone: 22:00 UTC is the next day in Berlin.
    let days = "2025-06-01 2025-06-03 0=2025-06-02T12:00+02:00";
    check("2025-06-01", daily, &["2025-06-01T22:00:00Z 2025-06-02T12:00 Europe/Berlin"], "2025", days);
    check("2025-06-01", daily, &["2025-06-02 2025-06-02T12:00 Europe/Berlin"], "2025", days);
    check("2025-06-01", daily, &["2025-06-01T23:00:00Z 2025-07-02"], "2025", "2025-06-01 2025-06-03 0=2025-07-02");
    let pacific = "2025-06-01 2025-06-03 0=2025-06-02T00:00-07:00";
    check("2025-06-01", daily, &["2025-06-02T00:00:00Z 2025-06-02T00:00 America/Los_Angeles"], "2025", pacific);
    let floating = "2025-06-01T10:00 2025-06-03T10:00 0=2025-06-05T10:00";
    check("2025-06-01T10:00 floating", daily, &["2025-06-02T10:00:00 2025-06-05T10:00 floating"], "2025", floating);
    // A date is all instances of that day, and one event takes their place.
    let twice = "RRULE:FREQ=HOURLY;INTERVAL=12;COUNT=4";
    let day = "2025-06-01T06:00Z 2025-06-01T18:00Z 0=2025-06-02T12:00Z";
    check("2025-06-01T06:00Z", twice, &["2025-06-02 2025-06-02T12:00Z"], "2025", day);
    // A master that does not recur.
    check("2025-06-01", "", &["2025-06-01 2025-07-01"], "2025", "0=2025-07-01");
    // Two versions in conflict.
    check("2025-06-01", "", &["2025-06-01 2025-07-01", "2025-06-01 2025-07-02"], "2025", "0=2025-07-01 1=2025-07-02");
}

#[test]
fn overrides_come_and_go() {
    let daily = "RRULE:FREQ=DAILY";
    let to = |when: &str| vec![format!("2025-06-02 {when}")];
    let check = |when: &str, window: &str, expected: &str| {
        let overrides = to(when);
        check("2025-06-01", daily, &[overrides[0].as_str()], window, expected);
    };
    check("2025-07-09", "2025-06-02/2025-06-03", "2025-06-03");
    check("2025-07-09", "2025-07-09", "2025-07-09 0=2025-07-09");
    check("2025-07-09", "2025-07-10", "2025-07-10");
    check("2025-05-09", "2025-05", "0=2025-05-09");
}

#[test]
fn exdates_beat_overrides() {
    let lines = "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20250602";
    check("2025-06-01", lines, &["2025-06-02 2025-06-09"], "2025", "2025-06-01 2025-06-03");
    let (event_of, clocks) = (read("2025-06-02 2025-06-09").0, Clocks::default());
    let overrides = [Override { event: &event_of, this_and_future: false, clocks: &clocks }];
    let master = event("2025-06-01", lines);
    assert_eq!(Expansion::of(&master, &clocks, &overrides).unwrap().excluded(), [0]);
}

#[test]
fn this_and_future() {
    let weekly = "RRULE:FREQ=WEEKLY;COUNT=4";
    let master = "2025-10-13T10:00/2025-10-13T11:00 Europe/Berlin";
    // An hour later and twice as long, by the clock: summer time ends on the 26th.
    check(
        master,
        weekly,
        &["2025-10-20T08:00:00Z 2025-10-20T11:00/2025-10-20T13:00 Europe/Berlin +"],
        "2025",
        "2025-10-13T10:00+02:00/2025-10-13T11:00+02:00 0+2025-10-27T11:00+01:00/2025-10-27T13:00+01:00 \
         0+2025-11-03T11:00+01:00/2025-11-03T13:00+01:00 0=2025-10-20T11:00+02:00/2025-10-20T13:00+02:00",
    );
    let days = "RRULE:FREQ=DAILY;COUNT=6";
    check(
        "2025-06-01",
        days,
        &["2025-06-02 2025-06-12 +", "2025-06-04 2025-06-24 +", "2025-06-05 2025-07-01"],
        "2025",
        "2025-06-01 0+2025-06-13 1+2025-06-26 0=2025-06-12 1=2025-06-24 2=2025-07-01",
    );
    // Into the window and out of it.
    check("2025-06-01", "RRULE:FREQ=DAILY", &["2025-06-02 2026-06-02 +"], "2026-07-01", "0+2026-07-01");
    check("2025-06-01", "RRULE:FREQ=DAILY", &["2025-06-02 2026-06-02 +"], "2025-07-01", "");
    check("2025-06-10", "RRULE:FREQ=DAILY", &["2025-06-12 2025-05-12 +"], "2025-05-13", "0+2025-05-13");
    // From times to days, and back.
    check("2025-06-01T10:00Z", days, &["2025-06-05T10:00:00Z 2025-06-05 +"], "2025-06-06", "0+2025-06-06");
    check("2025-06-01", days, &["2025-06-05 2025-06-05T10:00Z +"], "2025-06-06", "0+2025-06-06T10:00Z");
    // A start that is no point says nothing of what follows.
    let vague = expanded(&event("2025-06-01", days), &Clocks::default(), &["2025-06-02 2025-06 +"], "2025");
    assert!(vague.starts_with("error: a series needs a day"), "{vague}");
}

/// A zone of the calendar's own: an hour ahead, and two from 30 March 2025 on.
fn own() -> Clock {
    let change = When::parse("2025-03-30T01:00Z", None).unwrap().start_lo.unwrap();
    Clock::Table(Arc::new(Offsets::new(3600, [(change, 7200)])))
}

#[test]
fn zones_of_a_calendar() {
    let clocks = Clocks { own: Some(own()), named: [("Own".to_owned(), own())].into() };
    let check = |when: &str, lines: &str, overrides: &[&str], expected: &str| {
        assert_eq!(expanded(&event(when, lines), &clocks, overrides, "2025"), expected, "{lines} {overrides:?}");
    };
    let daily = "RRULE:FREQ=DAILY;COUNT=3";
    let start = "2025-03-29T10:00 +01:00";
    check(start, daily, &[], "2025-03-29T10:00+01:00 2025-03-30T10:00+02:00 2025-03-31T10:00+02:00");
    let long = "2025-03-29T10:00+01:00/2025-03-29T11:00+01:00 2025-03-30T10:00+02:00/2025-03-30T11:00+02:00";
    check("2025-03-29T10:00/2025-03-29T11:00 +01:00", "RRULE:FREQ=DAILY;COUNT=2", &[], long);
    let except = |line: &str| format!("{daily}\n{line}");
    let gone = "2025-03-29T10:00+01:00 2025-03-31T10:00+02:00";
    check(start, &except("EXDATE;TZID=Own:20250330T100000"), &[], gone);
    check(start, &except("EXDATE:20250330T080000Z"), &[], gone);
    check(start, &except("EXDATE;TZID=Europe/Berlin:20250330T100000"), &[], gone);
    check(start, &except("EXDATE;VALUE=DATE:20250330"), &[], gone);
    let moved = format!("{gone} 0=2025-04-01T00:00Z");
    check(start, daily, &["2025-03-30T08:00:00Z 2025-04-01T00:00Z"], &moved);
    check(start, daily, &["2025-03-30T10:00:00 2025-04-01T00:00Z"], &moved);
    // 02:30 is skipped.
    check("2025-03-29T02:30 +01:00", "RRULE:FREQ=DAILY;COUNT=2", &[], "2025-03-29T02:30+01:00 2025-03-30T03:30+02:00");
    // An RDATE on the clock of the calendar, of an event on another.
    let named = Clocks { own: None, ..clocks.clone() };
    let berlin = event("2025-01-01T10:00Z", "RDATE;TZID=Own:20250701T100000");
    assert_eq!(expanded(&berlin, &named, &[], "2025"), "2025-01-01T10:00Z 2025-07-01T08:00Z");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A window gives what lies in it of all that there is, whatever the overrides are.
    #[test]
    fn windows_are_cut_out_of_the_whole(
        rule in "FREQ=(DAILY;INTERVAL=[1-9]|WEEKLY;BYDAY=MO,SU|MONTHLY;BYMONTHDAY=1,-1);COUNT=2[0-9]",
        moves in proptest::collection::btree_map(0usize..25, (-900i64..900, any::<bool>()), 0..4),
        from in 0i64..400, days in 1i64..60, zone in prop_oneof![Just(""), Just(" Europe/Berlin"), Just(" floating")],
    ) {
        let start = if zone.is_empty() { "2025-01-01" } else { "2025-01-01T09:30" };
        let master = event(&format!("{start}{zone}"), &format!("RRULE:{rule}"));
        let series = Series::of(&master).unwrap().unwrap();
        let instances: Vec<Instance> = series.instances(i64::MIN).map(Result::unwrap).collect();
        let moved: Vec<(Event, bool)> = moves.iter().filter_map(|(at, (hours, this_and_future))| {
            let of = instances.get(*at)?;
            let us = of.when.start_lo? + hours * 3_600_000_000;
            let when = When::instant(Instant { us, nanos: 0, precision: crate::when::Precision::Second, zone: Zone::Utc });
            Some((Event { instance: Some(of.key.clone()), recurrence: None, when, ..master.clone() }, *this_and_future))
        }).collect();
        let clocks = Clocks::default();
        let overrides: Vec<Override> = moved.iter().map(|(event, this_and_future)| Override { event, this_and_future: *this_and_future, clocks: &clocks }).collect();
        let expansion = Expansion::of(&master, &clocks, &overrides).unwrap();
        let mut budget = Budget::new(100_000_000);
        let all: Vec<Occurrence> = expansion.between(i64::MIN..i64::MAX, &mut budget).map(Result::unwrap).collect();
        prop_assert_eq!(all.len(), instances.len());
        let from = series.set().first() + from * US_PER_DAY;
        let to = from + days * US_PER_DAY;
        let lies_in = |when: &When| when.start_lo.unwrap() < to && when.end_hi.unwrap().max(when.start_lo.unwrap() + 1) > from;
        let expected: Vec<&Occurrence> = all.iter().filter(|one| lies_in(&one.when)).collect();
        let got: Vec<Occurrence> = expansion.between(from..to, &mut budget).map(Result::unwrap).collect();
        prop_assert_eq!(expected, got.iter().collect::<Vec<_>>());
    }
}

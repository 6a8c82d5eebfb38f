//! Series: a master and its overrides.

use super::*;

/// A master and its overrides: `id` of none, in the order (master, then instance and time of each override).
fn series(master: &str, rule: &str, overrides: &[(&str, &str)]) -> Vec<Event> {
    let id = |event: Event| event.id("s").title("Standup");
    let master = Event { recurrence: Some(rule.to_owned()), ..id(dated(master)) };
    let others = overrides.iter().map(|(instance, when)| {
        let (when, cancelled) = when.split_once('!').map_or((*when, false), |(when, _)| (when, true));
        let status = cancelled.then(|| "Cancelled".to_owned());
        Event { instance: Some((*instance).to_owned()), status, ..id(dated(when)).title("Moved") }
    });
    std::iter::once(master).chain(others).collect()
}

fn check_series(options: &str, group: &[Event], expected: bool) {
    let verdicts = filter(options).unwrap().judge(group);
    assert_eq!(verdicts.keep, vec![expected; group.len()], "{options}");
    assert_eq!(verdicts.notes, Vec::<String>::new(), "{options}");
}

#[test]
fn series_are_judged_as_one() {
    let check = check_series;
    let old = series("1990-01-01T10:00 Europe/Berlin", "RRULE:FREQ=WEEKLY", &[]);
    check("--during=2025-09-08", &old, true);
    check("--during=2025-09-09", &old, false);
    check("--during=1989", &old, false);
    check("--during=2025-09-08  --certainly", &old, true);
    check("--until=1990", &old, true);
    check("--since=9000", &old, true);
    check("--grep=Standup", &old, true);
    check("--grep=Moved", &old, false);
    check("--during=2025-09-08  --grep=Moved", &old, false);
    let endless = series("1970-01-01T00:00Z", "RRULE:FREQ=SECONDLY", &[]);
    check("--during=2100-01-01T00:00..2100-01-01T00:01", &endless, true);
    check("--during=1960", &endless, false);
    let ended = series("2025-01-01", "RRULE:FREQ=DAILY;COUNT=3", &[]);
    check("--since=2025-01-04", &ended, false);
    check("--since=2025-01-03", &ended, true);
    let never = series("2025-01-01", "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", &[]);
    check("--since=2025-02", &never, false);
    // The first day alone may be as vague as it is.
    let vague = series("2025-05-01~", "RRULE:FREQ=YEARLY", &[]);
    check("--during=2030-05-01", &vague, true);
    check("--during=2030-05-01T00:00..2030-05-01T12:00", &vague, true);
    check("--during=2030-05-01T00:00..2030-05-01T12:00  --certainly", &vague, false);
}

#[test]
fn overrides_take_the_place_of_instances() {
    let check = check_series;
    let daily = |overrides: &[(&str, &str)]| series("2025-09-01T10:00Z", "RRULE:FREQ=DAILY;COUNT=5", overrides);
    let moved = daily(&[("2025-09-03T10:00:00Z", "2025-10-01T10:00 UTC")]);
    check("--during=2025-09-02", &moved, true);
    check("--during=2025-09-03", &moved, false);
    check("--during=2025-10", &moved, true);
    check("--during=2025-10  --grep=Moved", &moved, true);
    // The event that is in the window and the one that matches are not the same.
    check("--during=2025-10  --grep=Standup", &moved, false);
    check("--during=2025-09-02  --grep=Moved", &moved, false);
    check("--grep=Moved", &moved, true);
    let cancelled = daily(&[("2025-09-03T10:00:00Z", "2025-09-03T10:00 UTC!")]);
    check("--during=2025-09-03", &cancelled, false);
    check("--during=2025-09-04", &cancelled, true);
    check("--grep=Moved", &cancelled, false);
    check("--where=status=Cancelled", &cancelled, false);
    // Without a master there is nothing that it is taken from.
    check("--during=2025-09-03", &cancelled[1..], true);
    check("--during=2025-09-04", &cancelled[1..], false);
    // All at once: every instance has an override elsewhere.
    let days: Vec<String> = (1..=5).map(|day| format!("2025-09-0{day}T10:00:00Z")).collect();
    let all: Vec<(&str, &str)> = days.iter().map(|day| (day.as_str(), "2026-01-01T10:00 UTC")).collect();
    check("--during=2025-09", &daily(&all), false);
    // A master that does not recur, with an instance of its own.
    let mut single = daily(&[("2025-09-01T10:00:00Z", "2025-10-01T10:00 UTC")]);
    single[0].recurrence = None;
    check("--during=2025-09", &single, false);
    check("--during=2025-10", &single, true);
}

#[test]
fn versions_in_conflict_each_count() {
    let mut group = series("2025-09-01", "RRULE:FREQ=DAILY;COUNT=2", &[]);
    group.extend(series("2025-10-01", "RRULE:FREQ=DAILY;COUNT=2", &[]));
    check_series("--during=2025-10-02", &group, true);
    check_series("--during=2025-11", &group, false);
    // Without any recurrence each is judged for itself.
    let plain = [dated("2025-09").id("x"), dated("2025-10").id("x")];
    assert_eq!(filter("--during=2025-10").unwrap().judge(&plain).keep, [false, true]);
    let cancelled = Event { status: Some("CANCELLED".into()), ..dated("2025-10") };
    assert!(keeps("--during=2025-10", &cancelled), "one that is cancelled is an event as any other");
}

#[test]
fn what_cannot_be_evaluated_is_possible_and_told() {
    let group = series("2025-09", "RRULE:FREQ=DAILY", &[("2025-09-03", "2025-10-01")]);
    let check = |options: &str, kept: bool, note: &str| {
        let verdicts = filter(options).unwrap().judge(&group);
        assert_eq!(verdicts.keep, [kept; 2], "{options}");
        assert_eq!(verdicts.notes.join("\n"), note, "{options}");
    };
    let reason = "a series needs a day or a time to start at, not `2025-09`";
    check("--during=1900", true, &format!("the recurrence of `s` cannot be evaluated, so it may match: {reason}"));
    let certainly = format!("the recurrence of `s` cannot be evaluated, so it matches no window certainly: {reason}");
    check("--during=1900  --certainly", false, &certainly);
    check("--during=2025-10  --certainly", true, "");
    check("--lane=none", false, "");
    check("--grep=Standup", true, "");
}

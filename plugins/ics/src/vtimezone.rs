//! VTIMEZONE definitions made from the IANA database, for zones that events are in and no source defines.

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_in_month};
use chrono::{DateTime, TimeDelta, TimeZone};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

use crate::line::escape;
use crate::value::{midnight_of, offset_text, time_text};

/// The years whose transitions show the rules now in force: a whole cycle of weekdays and leap years, in the future,
/// so that the rules of the past do not mix in. Fixed, since the clock is never asked.
const YEARS: std::ops::RangeInclusive<i64> = 2040..=2067;

/// When the definition begins, if no event is older than the rules now in force.
const FIRST_YEAR: i64 = 1970;

/// Before this year no zone has changed its clock.
const NO_CHANGES_BEFORE: i64 = 1840;

/// The property that names the zone of the IANA database which a definition was made from. Such a definition is made
/// anew on each export, for the events at hand.
pub(crate) const MADE_FROM: &str = "X-ANNALS-ZONE";

/// A change of the clock.
struct Change {
    /// On the clock before it.
    local: i64,
    from: i32,
    to: i32,
    name: Option<String>,
}

/// The years of the events that a definition is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Years {
    /// The first; `None`: none before the rules now in force.
    pub first: Option<i64>,
    /// The last; `None`: there is none, as with an endless series.
    pub last: Option<i64>,
}

/// The lines of a VTIMEZONE with this TZID.
///
/// Where the rules now in force cover the events, one STANDARD and one DAYLIGHT with these rules, or one STANDARD for
/// a zone that does not change its clock: all that Outlook reads. Older changes, and changes that follow no yearly
/// rule, are single dates from the year before the first event on.
pub(crate) fn vtimezone(zone: Zone, tzid: &str, years: Years) -> Vec<String> {
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", escape(tzid))];
    match zone {
        Zone::Named(tz) => {
            if tzid != tz.name() {
                lines.push(format!("X-LIC-LOCATION:{}", tz.name()));
            }
            lines.push(format!("{MADE_FROM}:{}", tz.name()));
            named(&mut lines, tz, years);
        }
        Zone::Fixed(_) | Zone::Utc | Zone::Floating => {
            lines.push(format!("{MADE_FROM}:{}", zone.name()));
            let offset = zone.offset_at(0);
            still(&mut lines, offset, Some(offset_text(offset)));
        }
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
}

fn named(lines: &mut Vec<String>, tz: Tz, years: Years) {
    let from = years.first.map_or(*YEARS.start(), |year| (year - 1).clamp(NO_CHANGES_BEFORE, *YEARS.start()));
    let past = changes(tz, from..=*YEARS.start() - 1);
    let (to_standard, to_daylight): (Vec<Change>, Vec<Change>) =
        changes(tz, YEARS).into_iter().partition(|change| change.to < change.from);
    match (rule(&to_standard), rule(&to_daylight)) {
        _ if to_standard.is_empty() && to_daylight.is_empty() => {
            dated(lines, tz, &past);
            if past.is_empty() {
                let us = midnight_of(*YEARS.start(), 1, 1);
                still(lines, Zone::Named(tz).offset_at(us), name(tz, us));
            }
        }
        (Some(standard), Some(daylight)) => {
            let rules = [("STANDARD", standard, &to_standard[0]), ("DAYLIGHT", daylight, &to_daylight[0])];
            // From some year on the rules tell all.
            let told = |year: &i64| {
                rules.iter().all(|(_, rule, known)| {
                    let same = |a: &Change| (a.from, a.to, &a.name) == (known.from, known.to, &known.name);
                    past.iter().any(|change| change.local == rule.onset(*year) && same(change))
                })
            };
            let ruled = (from..*YEARS.start()).rev().take_while(told).last().unwrap_or(*YEARS.start());
            let first_ruled = past.partition_point(|change| change.local < midnight_of(ruled, 1, 1));
            dated(lines, tz, &past[..first_ruled]);
            for (kind, rule, known) in &rules {
                let mut later = past[first_ruled..].iter().filter(|change| change.to == known.to);
                let start = match later.next() {
                    Some(change) if ruled > from => change.local,
                    None if ruled > from => rule.onset(*YEARS.start()),
                    _ => rule.onset(FIRST_YEAR),
                };
                observance(lines, kind, known, start, Some(format!("RRULE:{}", rule.text())));
            }
        }
        _ => {
            // Morocco, Gaza: the changes follow the moon, and are known for some years only.
            let last = years.last.map_or(*YEARS.end(), |year| year + 1).clamp(*YEARS.start(), *YEARS.end());
            dated(lines, tz, &changes(tz, from..=last));
        }
    }
}

/// One STANDARD without changes.
fn still(lines: &mut Vec<String>, offset: i32, name: Option<String>) {
    let change = Change { local: 0, from: offset, to: offset, name };
    observance(lines, "STANDARD", &change, midnight_of(FIRST_YEAR, 1, 1), None);
}

/// Changes as single dates, those between the same offsets together.
fn dated(lines: &mut Vec<String>, tz: Tz, changes: &[Change]) {
    let mut groups: Vec<(&Change, bool, Vec<String>)> = Vec::new();
    for change in changes {
        let at = change.local - i64::from(change.from) * US_PER_SECOND;
        let summer = DateTime::from_timestamp_micros(at)
            .is_some_and(|time| tz.offset_from_utc_datetime(&time.naive_utc()).dst_offset() > TimeDelta::zero());
        let same = |(a, known, _): &&mut (&Change, bool, Vec<String>)| {
            (a.from, a.to, &a.name, *known) == (change.from, change.to, &change.name, summer)
        };
        match groups.iter_mut().find(same) {
            Some((_, _, later)) => later.extend(time_text(change.local)),
            None => groups.push((change, summer, Vec::new())),
        }
    }
    for (first, summer, later) in groups {
        let kind = if summer { "DAYLIGHT" } else { "STANDARD" };
        let dates = (!later.is_empty()).then(|| format!("RDATE:{}", later.join(",")));
        observance(lines, kind, first, first.local, dates);
    }
}

fn observance(lines: &mut Vec<String>, kind: &str, change: &Change, start: i64, repeats: Option<String>) {
    lines.push(format!("BEGIN:{kind}"));
    lines.extend(time_text(start).map(|text| format!("DTSTART:{text}")));
    lines.push(format!("TZOFFSETFROM:{}", offset_text(change.from)));
    lines.push(format!("TZOFFSETTO:{}", offset_text(change.to)));
    lines.extend(change.name.as_ref().map(|name| format!("TZNAME:{name}")));
    lines.extend(repeats);
    lines.push(format!("END:{kind}"));
}

/// The abbreviation of a zone at an instant.
fn name(tz: Tz, us: i64) -> Option<String> {
    let time = DateTime::from_timestamp_micros(us)?.naive_utc();
    tz.offset_from_utc_datetime(&time).abbreviation().map(str::to_owned)
}

/// All changes in some years, in order.
fn changes(tz: Tz, years: std::ops::RangeInclusive<i64>) -> Vec<Change> {
    let zone = Zone::Named(tz);
    let (mut us, end) = (midnight_of(*years.start(), 1, 1), midnight_of(*years.end() + 1, 1, 1));
    let mut changes = Vec::new();
    let mut from = zone.offset_at(us);
    while us < end {
        let next = us + US_PER_DAY;
        let to = zone.offset_at(next);
        if to != from {
            // The second of the change, which is the first to have the new offset.
            let (mut before, mut after) = (us / US_PER_SECOND, next / US_PER_SECOND);
            while after - before > 1 {
                let middle = before + (after - before) / 2;
                if zone.offset_at(middle * US_PER_SECOND) == from { before = middle } else { after = middle }
            }
            let at = after * US_PER_SECOND;
            changes.push(Change { local: at + i64::from(from) * US_PER_SECOND, from, to, name: name(tz, at) });
        }
        (us, from) = (next, to);
    }
    changes
}

/// A weekday of a month, once a year: the n-th, the last, or the one within seven days.
struct Yearly {
    month: u32,
    /// 0 = Monday.
    weekday: i64,
    first_day: u32,
    last: bool,
    /// Since midnight.
    time: i64,
}

/// The yearly rule of changes, if one fits them all.
fn rule(changes: &[Change]) -> Option<Yearly> {
    let first = changes.first()?;
    if changes.len() != YEARS.count() {
        return None;
    }
    let day = |change: &Change| civil_from_days(change.local.div_euclid(US_PER_DAY));
    let weekday = |change: &Change| (change.local.div_euclid(US_PER_DAY) + 3).rem_euclid(7);
    let month = day(first).1;
    let time = first.local.rem_euclid(US_PER_DAY);
    let alike = changes.iter().all(|change| {
        (change.from, change.to) == (first.from, first.to)
            && (day(change).1, weekday(change)) == (month, weekday(first))
            && change.local.rem_euclid(US_PER_DAY) == time
    });
    let days = || changes.iter().map(|change| day(change).2);
    let (first_day, last_day) = (days().min()?, days().max()?);
    let last = changes.iter().all(|change| day(change).2 + 7 > days_in_month(day(change).0, month));
    // In a whole cycle each of the seven days comes up.
    let fits = alike && (last || last_day - first_day == 6);
    fits.then(|| Yearly { month, weekday: weekday(first), first_day, last, time })
}

impl Yearly {
    fn text(&self) -> String {
        let weekday = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][self.weekday as usize];
        let Self { month, first_day, .. } = *self;
        if self.last {
            return format!("FREQ=YEARLY;BYMONTH={month};BYDAY=-1{weekday}");
        }
        if first_day % 7 == 1 {
            return format!("FREQ=YEARLY;BYMONTH={month};BYDAY={}{weekday}", first_day / 7 + 1);
        }
        let days: Vec<String> = (first_day..first_day + 7).map(|day| day.to_string()).collect();
        format!("FREQ=YEARLY;BYMONTH={month};BYMONTHDAY={};BYDAY={weekday}", days.join(","))
    }

    /// When the rule takes effect in a year, on the clock before.
    fn onset(&self, year: i64) -> i64 {
        let length = days_in_month(year, self.month);
        let from = if self.last { length - 6 } else { self.first_day };
        let date = (from..from + 7).map(|day| midnight_of(year, self.month, day));
        let fits = |us: &i64| (us.div_euclid(US_PER_DAY) + 3).rem_euclid(7) == self.weekday;
        date.into_iter().find(fits).unwrap_or_default() + self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;
    use crate::zone::Definition;

    fn text(tz: Tz, first: Option<i64>) -> String {
        let lines = vtimezone(Zone::Named(tz), tz.name(), Years { first, last: None });
        lines[3..lines.len() - 1].join("\n")
    }

    #[test]
    fn rules() {
        let check = |tz: Tz, expected: &[&str]| {
            let found = text(tz, None);
            let rules: Vec<&str> = found.lines().filter(|line| line.starts_with("RRULE")).collect();
            assert_eq!(rules, expected, "{tz}");
        };
        check(
            chrono_tz::Europe::Berlin,
            &["RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"],
        );
        check(
            chrono_tz::America::New_York,
            &["RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU"],
        );
        check(
            chrono_tz::Asia::Jerusalem,
            &[
                "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
                "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=23,24,25,26,27,28,29;BYDAY=FR",
            ],
        );
        check(chrono_tz::Asia::Tokyo, &[]);
        check(chrono_tz::Africa::Casablanca, &[]);
    }

    #[test]
    fn lines() {
        assert_eq!(
            text(chrono_tz::Europe::Berlin, None),
            "BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\n\
             RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n\
             BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\n\
             RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT"
        );
        assert_eq!(
            text(chrono_tz::Asia::Kolkata, Some(2001)),
            "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nTZNAME:IST\nEND:STANDARD"
        );
    }

    #[test]
    fn older_changes_only_where_an_event_needs_them() {
        let now = text(chrono_tz::America::New_York, Some(2009));
        assert_eq!(now, text(chrono_tz::America::New_York, None));
        let older = text(chrono_tz::America::New_York, Some(2006));
        assert!(older.contains("DTSTART:20051030T020000") && older.contains("RDATE:20061029T020000"), "{older}");
        assert!(older.contains("DTSTART:20070311T020000") && older.contains("BYMONTH=3;BYDAY=2SU"), "{older}");
        assert!(!text(chrono_tz::Europe::Moscow, Some(2020)).contains("RDATE"));
        assert!(text(chrono_tz::Europe::Moscow, Some(2013)).contains("TZOFFSETFROM:+0400"));
        let fixed = vtimezone(Zone::Fixed(3600), "GMT+0100", Years::default());
        assert_eq!(fixed[2], "X-ANNALS-ZONE:+01:00");
        assert_eq!(fixed[6], "TZOFFSETTO:+0100");
    }

    /// The definition of every zone, read back, gives the zone's own offset, as far back as it was asked to.
    #[test]
    fn definitions_tell_the_time() {
        for tz in chrono_tz::TZ_VARIANTS {
            for first in [None, Some(1990), Some(2015)] {
                let zone = Zone::Named(tz);
                let lines = vtimezone(zone, "x", Years { first, last: None });
                let lines: Vec<Line> = lines
                    .into_iter()
                    .filter(|line| !line.starts_with('X'))
                    .map(|text| Line::parse(text, 0).unwrap())
                    .collect();
                let definition = Definition::read(&lines);
                // Every 41 days and some hours, around the changes of some years too.
                let start = midnight_of(first.unwrap_or(2041), 1, 1);
                for step in 0..if first.is_some() { 400 } else { 90 } {
                    let us = start + step * (41 * 24 + 5) * 3600 * US_PER_SECOND;
                    let offset = zone.offset_at(us);
                    let local = us + i64::from(offset) * US_PER_SECOND;
                    if zone.to_utc(local) != us {
                        // The clock shows this time twice.
                        continue;
                    }
                    assert_eq!(definition.offset_at(local), Some(offset), "{tz} {local} {first:?}");
                }
            }
        }
    }
}

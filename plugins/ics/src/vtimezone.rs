//! VTIMEZONE definitions made from the IANA database, for zones that events are in and no source defines.

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_in_month};
use chrono::{DateTime, TimeZone};
use chrono_tz::{OffsetName, Tz};

use crate::value::{midnight_of, offset_text, time_text};

/// The years whose transitions show the rules now in force: a whole cycle of weekdays and leap years, in the future,
/// so that the rules of the past do not mix in. Fixed, since the clock is never asked.
const YEARS: std::ops::RangeInclusive<i64> = 2040..=2067;

/// When the definition begins. Calendar programs know older rules of IANA zones by name.
const FIRST_YEAR: i64 = 1970;

/// A change of the clock.
struct Change {
    /// On the clock before it.
    local: i64,
    from: i32,
    to: i32,
    name: Option<String>,
}

/// The lines of a VTIMEZONE: one STANDARD and one DAYLIGHT with the rules now in force, one STANDARD for a zone that
/// does not change its clock, single dates where the changes follow no yearly rule.
pub(crate) fn vtimezone(tz: Tz) -> Vec<String> {
    let changes = changes(tz, YEARS);
    let mut lines = vec!["BEGIN:VTIMEZONE".to_owned(), format!("TZID:{}", tz.name())];
    let (to_standard, to_daylight): (Vec<Change>, Vec<Change>) =
        changes.into_iter().partition(|change| change.to < change.from);
    match (rule(&to_standard), rule(&to_daylight)) {
        _ if to_standard.is_empty() && to_daylight.is_empty() => {
            let us = midnight_of(*YEARS.start(), 1, 1);
            let offset = Zone::Named(tz).offset_at(us);
            let still = Change { local: 0, from: offset, to: offset, name: name(tz, us) };
            observance(&mut lines, "STANDARD", &still, midnight_of(FIRST_YEAR, 1, 1), None);
        }
        (Some(standard), Some(daylight)) => {
            for (kind, rule, all) in [("STANDARD", standard, to_standard), ("DAYLIGHT", daylight, to_daylight)] {
                observance(&mut lines, kind, &all[0], rule.first(), Some(format!("RRULE:{}", rule.text())));
            }
        }
        _ => {
            // Morocco, Gaza: the changes follow the moon, and are known for some years only.
            let known = self::changes(tz, FIRST_YEAR..=*YEARS.end());
            let mut groups: Vec<(&Change, Vec<String>)> = Vec::new();
            for change in &known {
                let same = |a: &Change| (a.from, a.to, &a.name) == (change.from, change.to, &change.name);
                match groups.iter_mut().find(|(first, _)| same(first)) {
                    Some((_, later)) => later.extend(time_text(change.local)),
                    None => groups.push((change, Vec::new())),
                }
            }
            for (first, later) in groups {
                let kind = if first.to < first.from { "STANDARD" } else { "DAYLIGHT" };
                let dates = (!later.is_empty()).then(|| format!("RDATE:{}", later.join(",")));
                observance(&mut lines, kind, first, first.local, dates);
            }
        }
    }
    lines.push("END:VTIMEZONE".to_owned());
    lines
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

    /// The first time that the rule takes effect.
    fn first(&self) -> i64 {
        let length = days_in_month(FIRST_YEAR, self.month);
        let from = if self.last { length - 6 } else { self.first_day };
        let date = (from..from + 7).map(|day| midnight_of(FIRST_YEAR, self.month, day));
        let fits = |us: &i64| (us.div_euclid(US_PER_DAY) + 3).rem_euclid(7) == self.weekday;
        date.into_iter().find(fits).unwrap_or_default() + self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;
    use crate::zone::Zones;

    fn text(tz: Tz) -> String {
        let lines = vtimezone(tz);
        lines[2..lines.len() - 1].join("\n")
    }

    #[test]
    fn rules() {
        let check = |tz: Tz, expected: &[&str]| {
            let found = text(tz);
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
            text(chrono_tz::Europe::Berlin),
            "BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nTZNAME:CET\n\
             RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n\
             BEGIN:DAYLIGHT\nDTSTART:19700329T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nTZNAME:CEST\n\
             RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT"
        );
        assert_eq!(
            text(chrono_tz::Asia::Kolkata),
            "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nTZNAME:IST\nEND:STANDARD"
        );
    }

    /// The definition of every zone, read back, gives the zone's own offset.
    #[test]
    fn definitions_tell_the_time() {
        for tz in chrono_tz::TZ_VARIANTS {
            let renamed =
                vtimezone(tz).into_iter().map(|line| if line.starts_with("TZID") { "TZID:x".to_owned() } else { line });
            let lines: Vec<Line> = renamed.map(|text| Line::parse(text, 0).unwrap()).collect();
            let mut zones = Zones::iana();
            zones.define(&lines);
            // Every 41 days and some hours, around the changes of some years too.
            let zone = Zone::Named(tz);
            let start = midnight_of(2041, 1, 1);
            for step in 0..90 {
                let us = start + step * (41 * 24 + 5) * 3600 * US_PER_SECOND;
                let offset = zone.offset_at(us);
                let local = us + i64::from(offset) * US_PER_SECOND;
                let found = zones.find("x", local);
                assert_eq!(found, crate::zone::Found::At(Zone::Fixed(offset)), "{tz} {local}");
            }
        }
    }
}

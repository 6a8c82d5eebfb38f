//! Time zones of a calendar: what a TZID stands for, by the IANA database or by the VTIMEZONE of the file.

use std::collections::BTreeMap;

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_from_civil, days_in_month};

use crate::line::{Line, split_list};
use crate::value::{Stamp, midnight, offset, stamp};

/// The time zones that the TZIDs of a calendar stand for.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    defined: BTreeMap<String, Definition>,
    /// Whether all VTIMEZONEs have been read.
    pub complete: bool,
}

/// What a TZID stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This zone; of a zone that only the file defines, the offset at the time asked for.
    At(Zone),
    /// A VTIMEZONE that still has to come may say.
    Later,
    /// Nothing that is known.
    Unknown,
}

impl Zones {
    /// No zones but those of the IANA database.
    pub fn iana() -> Zones {
        Zones { complete: true, ..Zones::default() }
    }

    /// Adds a VTIMEZONE, given by its lines from BEGIN to END; the first of a name stands. Gives its TZID.
    pub fn define(&mut self, lines: &[Line]) -> Option<String> {
        let tzid = lines.iter().find(|line| line.is("TZID"))?.text_value();
        self.defined.entry(tzid.clone()).or_insert_with(|| Definition::read(lines));
        Some(tzid)
    }

    /// The zone of a TZID; `local` is the time on its clock that is asked for.
    ///
    /// The name of an IANA zone means that zone even where the file defines it too: definitions in files are often
    /// cut down to the rules of one year. But old abbreviations (`EST`, `CET`) are also what programs call zones of
    /// their own, so there a definition in the file counts.
    pub fn find(&self, tzid: &str, local: i64) -> Found {
        let defined = self.defined.get(tzid);
        if let Some(zone) = iana(tzid) {
            let abbreviation = tzid.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if abbreviation && zone != Zone::Utc && defined.is_none() && !self.complete {
                return Found::Later;
            }
            let own = defined.filter(|definition| abbreviation && definition.location.is_none());
            return Found::At(own.and_then(|definition| definition.offset_at(local)).map_or(zone, Zone::Fixed));
        }
        match defined {
            Some(Definition { location: Some(zone), .. }) => return Found::At(*zone),
            Some(definition) => {
                if let Some(seconds) = definition.offset_at(local) {
                    return Found::At(Zone::Fixed(seconds));
                }
            }
            None if !self.complete && suffix(tzid).is_none() => return Found::Later,
            None => {}
        }
        suffix(tzid).map_or(Found::Unknown, Found::At)
    }
}

/// The IANA zone of exactly this name.
pub(crate) fn iana(tzid: &str) -> Option<Zone> {
    // `Zone::parse` also takes any case, offsets and `floating`, which are no names that all readers know.
    let zone = Zone::parse(tzid).filter(|zone| matches!(zone, Zone::Named(_) | Zone::Utc))?;
    (zone.name() == tzid).then_some(zone)
}

/// The IANA zone at the end of a name such as `/freeassociation.sourceforge.net/Europe/Berlin`, in any case.
fn suffix(tzid: &str) -> Option<Zone> {
    let tails = std::iter::successors(Some(tzid), |tail| tail.split_once('/').map(|(_, rest)| rest));
    let named = |tail: &str| Zone::parse(tail).filter(|zone| matches!(zone, Zone::Named(_)));
    tails.filter(|tail| tail.contains('/')).find_map(named)
}

/// The most STANDARD and DAYLIGHT parts of a VTIMEZONE that is understood, since each time in it asks them all. The
/// whole history of a zone has some 200.
const MAX_OBSERVANCES: usize = 2000;

/// A VTIMEZONE (RFC 5545 section 3.6.5).
#[derive(Debug)]
struct Definition {
    /// The IANA zone that X-LIC-LOCATION names.
    location: Option<Zone>,
    /// Empty if one of them cannot be understood.
    observances: Vec<Observance>,
}

impl Definition {
    fn read(lines: &[Line]) -> Definition {
        let location = lines.iter().find(|line| line.is("X-LIC-LOCATION")).and_then(|line| iana(line.value().trim()));
        let mut observances = Vec::new();
        let mut first = None;
        for (at, line) in lines.iter().enumerate() {
            let observance = ["STANDARD", "DAYLIGHT"].iter().any(|name| line.value().trim().eq_ignore_ascii_case(name));
            if line.is("BEGIN") && observance {
                first = Some(at + 1);
            } else if line.is("END") && observance {
                let parts = first.take().map(|first| &lines[first..at]).unwrap_or_default();
                match Observance::read(parts) {
                    Some(observance) if observances.len() < MAX_OBSERVANCES => observances.push(observance),
                    _ => return Definition { location, observances: Vec::new() },
                }
            }
        }
        Definition { location, observances }
    }

    /// Seconds east of UTC when the clock shows `local`; before the first onset what was in force until then.
    fn offset_at(&self, local: i64) -> Option<i32> {
        let last = self.observances.iter().filter_map(|observance| {
            let onset = observance.last_onset(local)?;
            Some((onset - i64::from(observance.from) * US_PER_SECOND, observance.to))
        });
        match last.max() {
            Some((_, offset)) => Some(offset),
            None => self.observances.iter().min_by_key(|observance| observance.start).map(|first| first.from),
        }
    }
}

/// A STANDARD or DAYLIGHT part of a VTIMEZONE.
#[derive(Debug)]
struct Observance {
    /// The offset before, in seconds.
    from: i32,
    /// The offset of this observance, in seconds.
    to: i32,
    /// The first onset, on the clock before.
    start: i64,
    rule: Option<Rule>,
    /// Further onsets, in order.
    dates: Vec<i64>,
}

impl Observance {
    fn read(lines: &[Line]) -> Option<Observance> {
        let value = |name: &str| lines.iter().find(|line| line.is(name)).map(Line::value);
        let from = offset(value("TZOFFSETFROM")?)?;
        let to = offset(value("TZOFFSETTO")?)?;
        let start = local_time(value("DTSTART")?, from)?;
        let rule = match value("RRULE") {
            Some(text) => Some(Rule::read(text, start, from)?),
            None => None,
        };
        let dates = lines.iter().filter(|line| line.is("RDATE")).flat_map(|line| split_list(line.value()));
        let mut dates = dates.map(|text| local_time(text, from)).collect::<Option<Vec<_>>>()?;
        dates.sort_unstable();
        Some(Observance { from, to, start, rule, dates })
    }

    /// The last onset, on the clock before, that a clock showing `local` has passed. A time that the clock skips is
    /// read with the offset before, of a time that it shows twice the first is meant (RFC 5545 section 3.3.5).
    fn last_onset(&self, local: i64) -> Option<i64> {
        let limit = local - i64::from(self.to - self.from).max(0) * US_PER_SECOND;
        let dated = self.dates[..self.dates.partition_point(|onset| *onset <= limit)].last().copied();
        let ruled = self.rule.as_ref().and_then(|rule| rule.last_onset(self.start, limit));
        let started = Some(self.start).filter(|onset| *onset <= limit);
        dated.max(ruled).max(started)
    }
}

/// A time on the clock that was in force before, given on that clock or in UTC.
fn local_time(text: &str, from: i32) -> Option<i64> {
    match stamp(text).ok()? {
        Stamp::Date(date) => Some(midnight(date)),
        Stamp::Time { local, utc: true } => Some(local + i64::from(from) * US_PER_SECOND),
        Stamp::Time { local, utc: false } => Some(local),
    }
}

/// A yearly RRULE with BYMONTH, BYDAY and BYMONTHDAY: all that time zones need.
#[derive(Debug)]
struct Rule {
    months: Vec<u32>,
    /// (which one of the month, 0 = each; weekday, 0 = Monday).
    weekdays: Vec<(i64, i64)>,
    month_days: Vec<i64>,
    interval: i64,
    /// The last possible onset.
    until: i64,
}

const WEEKDAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Rule {
    fn read(text: &str, start: i64, from: i32) -> Option<Rule> {
        let mut rule =
            Rule { months: Vec::new(), weekdays: Vec::new(), month_days: Vec::new(), interval: 1, until: i64::MAX };
        let mut count = None;
        for part in text.trim().split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=')?;
            match name.to_ascii_uppercase().as_str() {
                "FREQ" if value.eq_ignore_ascii_case("YEARLY") => {}
                "BYMONTH" => rule.months = list(value, |text| text.parse().ok().filter(|m| (1..=12).contains(m)))?,
                "BYMONTHDAY" => rule.month_days = list(value, |text| text.parse().ok())?,
                "BYDAY" => rule.weekdays = list(value, weekday)?,
                "INTERVAL" => rule.interval = value.parse().ok().filter(|interval| (1..=400).contains(interval))?,
                "UNTIL" => {
                    rule.until = match stamp(value).ok()? {
                        Stamp::Date(date) => midnight(date) + US_PER_DAY - 1,
                        _ => local_time(value, from)?,
                    };
                }
                "COUNT" => count = Some(value.parse::<usize>().ok().filter(|count| (1..=1000).contains(count))?),
                // The time of day is that of DTSTART, which these repeat.
                "BYHOUR" | "BYMINUTE" | "BYSECOND" | "WKST" => {}
                _ => return None,
            }
        }
        if rule.months.is_empty() && !(rule.weekdays.is_empty() && rule.month_days.is_empty()) {
            return None;
        }
        if let Some(count) = count {
            let first = civil_from_days(start.div_euclid(US_PER_DAY)).0;
            let years = (first..).take(1000);
            rule.until = years.flat_map(|year| rule.onsets(year, start)).nth(count - 1)?;
        }
        Some(rule)
    }

    /// The last onset up to `limit`.
    fn last_onset(&self, start: i64, limit: i64) -> Option<i64> {
        let limit = limit.min(self.until);
        let year = civil_from_days(limit.div_euclid(US_PER_DAY)).0;
        // A rule for 29 February skips 7 years at a turn of a century.
        let years = (year - 8 * self.interval..=year).rev();
        years.filter_map(|year| self.onsets(year, start).into_iter().rfind(|onset| *onset <= limit)).next()
    }

    /// The onsets in a year, in order.
    fn onsets(&self, year: i64, start: i64) -> Vec<i64> {
        let (first_year, first_month, first_day) = civil_from_days(start.div_euclid(US_PER_DAY));
        if (year - first_year).rem_euclid(self.interval) != 0 {
            return Vec::new();
        }
        let mut onsets = Vec::new();
        let months = if self.months.is_empty() { std::slice::from_ref(&first_month) } else { &self.months };
        for &month in months {
            let length = i64::from(days_in_month(year, month));
            for day in 1..=length {
                let date = days_from_civil(year, month, day as u32);
                let by_weekday = self.weekdays.iter().any(|&(which, weekday)| {
                    (date + 3).rem_euclid(7) == weekday
                        && (which == 0 || which == (day + 6) / 7 || which == -((length - day) / 7 + 1))
                });
                let by_day = self.month_days.contains(&day) || self.month_days.contains(&(day - length - 1));
                let fits = match (self.weekdays.is_empty(), self.month_days.is_empty()) {
                    (true, true) => day == i64::from(first_day),
                    (true, false) => by_day,
                    (false, true) => by_weekday,
                    (false, false) => by_day && by_weekday,
                };
                let onset = date * US_PER_DAY + start.rem_euclid(US_PER_DAY);
                if fits && onset >= start {
                    onsets.push(onset);
                }
            }
        }
        onsets.sort_unstable();
        onsets
    }
}

fn list<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    text.split(',').map(|item| read(item.trim())).collect()
}

fn weekday(text: &str) -> Option<(i64, i64)> {
    let (which, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let weekday = WEEKDAYS.iter().position(|weekday| weekday.eq_ignore_ascii_case(name))? as i64;
    let which = if which.is_empty() { 0 } else { which.parse().ok()? };
    Some((which, weekday))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        text.lines().map(|line| Line::parse(line.trim().to_owned(), 0).unwrap()).collect()
    }

    fn zones(tzid: &str, extra: &str, rules: [&str; 2]) -> Zones {
        let [to_summer, to_winter] = rules;
        let mut zones = Zones::iana();
        zones.define(&lines(&format!(
            "BEGIN:VTIMEZONE
            TZID:{tzid}{extra}
            BEGIN:DAYLIGHT
            DTSTART:19810329T020000
            TZOFFSETFROM:+0100
            TZOFFSETTO:+0200
            {to_summer}
            END:DAYLIGHT
            BEGIN:STANDARD
            DTSTART:19961027T030000
            TZOFFSETFROM:+0200
            TZOFFSETTO:+0100
            {to_winter}
            END:STANDARD
            END:VTIMEZONE"
        )));
        zones
    }

    fn find(zones: &Zones, tzid: &str, time: &str) -> String {
        let Ok(Stamp::Time { local, .. }) = stamp(time) else { panic!("{time}") };
        match zones.find(tzid, local) {
            Found::At(zone) => zone.name(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn names() {
        let mut zones = Zones::iana();
        let check = |zones: &Zones, tzid: &str, expected: &str| {
            assert_eq!(find(zones, tzid, "20250701T120000"), expected, "{tzid}");
        };
        check(&zones, "Europe/Berlin", "Europe/Berlin");
        check(&zones, "europe/berlin", "Europe/Berlin");
        check(&zones, "UTC", "UTC");
        check(&zones, "EST", "EST");
        check(&zones, "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin");
        check(&zones, "/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York");
        check(&zones, "/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires");
        check(&zones, "America/New_Yrok", "Unknown");
        check(&zones, "floating", "Unknown");
        check(&zones, "+02:00", "Unknown");
        check(&zones, "", "Unknown");
        zones.complete = false;
        check(&zones, "Customized Time Zone", "Later");
        check(&zones, "EST", "Later");
        check(&zones, "UTC", "UTC");
        check(&zones, "/mozilla.org/20050126_1/Europe/Paris", "Europe/Paris");
    }

    #[test]
    fn definitions() {
        let rules = ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"];
        let own = zones("W. Europe", "", rules);
        let check = |zones: &Zones, time: &str, expected: &str| {
            assert_eq!(find(zones, "W. Europe", time), expected, "{time}");
        };
        check(&own, "20250330T015959", "+01:00");
        check(&own, "20250330T023000", "+01:00"); // skipped by the clock
        check(&own, "20250330T030000", "+02:00");
        check(&own, "20251026T023000", "+02:00"); // shown twice
        check(&own, "20251026T030000", "+01:00");
        check(&own, "19700701T120000", "+01:00"); // before the first onset
        check(&own, "90000701T120000", "+02:00");

        let until = ["RRULE:FREQ=YEARLY;UNTIL=19990328T010000Z;BYMONTH=3;BYDAY=-1SU", rules[1]];
        check(&zones("W. Europe", "", until), "19990701T120000", "+02:00");
        check(&zones("W. Europe", "", until), "20000701T120000", "+01:00");
        let count = ["RRULE:FREQ=YEARLY;COUNT=20;BYMONTH=3;BYDAY=-1SU", rules[1]];
        check(&zones("W. Europe", "", count), "20000701T120000", "+02:00");
        check(&zones("W. Europe", "", count), "20010701T120000", "+01:00");
        let range = ["RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU", rules[1]];
        check(&zones("W. Europe", "", range), "20250330T030000", "+02:00");
        let dates = ["RDATE:20250401T020000,20260401T020000", "RDATE:20251001T030000"];
        check(&zones("W. Europe", "", dates), "20250401T030000", "+02:00");
        check(&zones("W. Europe", "", dates), "20251001T030000", "+01:00");
        let odd = ["RRULE:FREQ=DAILY", rules[1]];
        check(&zones("W. Europe", "", odd), "20250701T120000", "Unknown");

        let located = zones("Mine", "\nX-LIC-LOCATION:Europe/Berlin", odd);
        assert_eq!(find(&located, "Mine", "20250701T120000"), "Europe/Berlin");
        assert_eq!(find(&zones("CET", "", odd), "CET", "20250701T120000"), "CET");
        assert_eq!(find(&zones("EST", "", rules), "EST", "20250701T120000"), "+02:00");
        assert_eq!(find(&zones("Asia/Tokyo", "", rules), "Asia/Tokyo", "20250701T120000"), "Asia/Tokyo");
    }
}

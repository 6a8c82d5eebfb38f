//! VTIMEZONE definitions (RFC 5545 section 3.6.5): the offset that one gives at a time on its clock.

use std::fmt::Write;

use annals_core::key::short_hash;
use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_from_civil, days_in_month};

use super::names::iana;
use crate::line::{Line, split_list};
use crate::value::{Stamp, midnight, offset, stamp};
use crate::vtimezone::MADE_FROM;

/// The most STANDARD and DAYLIGHT parts of a VTIMEZONE that is understood, since each time in it asks them all. The
/// whole history of a zone has some 200.
const MAX_OBSERVANCES: usize = 2000;

/// A VTIMEZONE (RFC 5545 section 3.6.5).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Definition {
    /// The IANA zone that X-ANNALS-ZONE or X-LIC-LOCATION names.
    pub location: Option<Zone>,
    /// In order; empty if one of them cannot be understood.
    observances: Vec<Observance>,
    /// What stands for the observances that cannot be understood: the lines.
    text: String,
}

impl Definition {
    pub fn read(lines: &[Line]) -> Definition {
        let made_from = lines.iter().find(|line| line.is(MADE_FROM)).and_then(|line| Zone::parse(line.value().trim()));
        let location = lines.iter().find(|line| line.is("X-LIC-LOCATION")).and_then(|line| iana(line.value().trim()));
        let location = made_from.or(location);
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
                    _ => {
                        let lines = lines.iter().filter(|line| !line.is("TZID")).map(Line::text);
                        let text = lines.collect::<Vec<_>>().join("\n");
                        return Definition { location, observances: Vec::new(), text };
                    }
                }
            }
        }
        observances.sort();
        Definition { location, observances, text: String::new() }
    }

    /// Eight hexadecimal digits of a hash of what it says, whatever its TZID and wording.
    pub fn fingerprint(&self) -> String {
        let mut said = format!("{}\n{}\n", self.location.map(|zone| zone.name()).unwrap_or_default(), self.text);
        for Observance { from, to, start, rule, dates } in &self.observances {
            let _ = write!(said, "{from} {to} {start} {dates:?}");
            if let Some(Rule { months, weekdays, month_days, interval, until }) = rule {
                let _ = write!(said, " {months:?} {weekdays:?} {month_days:?} {interval} {until}");
            }
            said.push('\n');
        }
        short_hash(said.as_bytes())
    }

    /// Seconds east of UTC when the clock shows `local`; before the first onset what was in force until then.
    pub fn offset_at(&self, local: i64) -> Option<i32> {
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
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
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

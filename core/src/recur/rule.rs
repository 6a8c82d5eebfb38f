//! RRULE and EXRULE: their parts, checked and made explicit (RFC 5545 section 3.3.10).

use std::collections::BTreeSet;

use rrule::{Frequency, NWeekday, Weekday};

use super::RecurError;
use super::lines::{Stamp, shown, stamp};
use crate::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days};

/// A rule as it is written.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub freq: Frequency,
    pub interval: u64,
    pub count: Option<u64>,
    pub until: Option<Stamp>,
    pub week_start: Weekday,
    pub by: By,
    /// What only limits a rule that is finer than a day: hours, minutes, seconds; empty = any.
    pub limits: [Set; 3],
}

/// Sorted, each value once.
pub(super) type Set = BTreeSet<i16>;

/// The BY parts; empty = not given.
#[derive(Clone, Debug, Default)]
pub(super) struct By {
    pub month: Set,
    pub week: Set,
    pub year_day: Set,
    pub month_day: Set,
    /// Weekdays, Monday 0, with their number in the month or year, 0 = every.
    pub day: BTreeSet<(i16, u8)>,
    /// Hours, minutes, seconds.
    pub time: [Set; 3],
    pub position: Set,
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Mon),
    ("TU", Weekday::Tue),
    ("WE", Weekday::Wed),
    ("TH", Weekday::Thu),
    ("FR", Weekday::Fri),
    ("SA", Weekday::Sat),
    ("SU", Weekday::Sun),
];

/// Occurrences that one period may hold: more would take their memory before the first of them is seen.
const MAX_IN_PERIOD: usize = 1_000_000;

impl Rule {
    /// Reads the value of an RRULE for a series that starts at `start` (local microseconds).
    pub fn parse(value: &str, start: i64) -> Result<Self, RecurError> {
        let mut rule = Self::read(value)?;
        rule.check(value)?;
        rule.imply(start);
        rule.coarsen(start);
        if rule.in_period() > MAX_IN_PERIOD {
            return Err(RecurError::too_many());
        }
        Ok(rule)
    }

    fn read(value: &str) -> Result<Self, RecurError> {
        let mut rule = Self {
            freq: Frequency::Yearly,
            interval: 1,
            count: None,
            until: None,
            week_start: Weekday::Mon,
            by: By::default(),
            limits: Default::default(),
        };
        let mut seen = BTreeSet::new();
        for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let bad = || RecurError::new(format!("{} in the rule {}", shown(part), shown(value)));
            let (key, text) = part.split_once('=').ok_or_else(bad)?;
            let (key, text) = (key.to_ascii_uppercase(), text.trim().to_ascii_uppercase());
            if !seen.insert(key.clone()) {
                return Err(RecurError::new(format!("{key} stands twice in the rule {}", shown(value))));
            }
            let numbers = |low: i16, high: i16| numbers(&text, low, high).ok_or_else(bad);
            match key.as_str() {
                "FREQ" => rule.freq = frequency(&text).ok_or_else(bad)?,
                "INTERVAL" => rule.interval = text.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?,
                "COUNT" => rule.count = Some(text.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?),
                "UNTIL" => rule.until = Some(stamp(&text).ok_or_else(bad)?),
                "WKST" => rule.week_start = WEEKDAYS[usize::from(weekday(&text).ok_or_else(bad)?)].1,
                "BYMONTH" => rule.by.month = numbers(1, 12)?,
                "BYWEEKNO" => rule.by.week = numbers(-53, 53)?,
                "BYYEARDAY" => rule.by.year_day = numbers(-366, 366)?,
                "BYMONTHDAY" => rule.by.month_day = numbers(-31, 31)?,
                "BYDAY" => rule.by.day = text.split(',').map(numbered_day).collect::<Option<_>>().ok_or_else(bad)?,
                "BYHOUR" => rule.by.time[0] = numbers(0, 23)?,
                "BYMINUTE" => rule.by.time[1] = numbers(0, 59)?,
                // A leap second is no time that any of our clocks shows.
                "BYSECOND" => rule.by.time[2] = numbers(0, 60)?.into_iter().map(|second| second.min(59)).collect(),
                "BYSETPOS" => rule.by.position = numbers(-366, 366)?,
                // RFC 7529 with what is meant anyway.
                "RSCALE" if text == "GREGORIAN" => {}
                "SKIP" if text == "OMIT" => {}
                _ if key.starts_with("X-") => {}
                _ => return Err(RecurError::new(format!("{} is not supported in a rule", shown(part)))),
            }
            // Zero counts nothing, neither from the front nor from the back.
            let counted = [&rule.by.week, &rule.by.year_day, &rule.by.month_day, &rule.by.position];
            if counted.iter().any(|set| set.contains(&0)) {
                return Err(bad());
            }
        }
        if seen.contains("FREQ") {
            Ok(rule)
        } else {
            Err(RecurError::new(format!("the rule {} has no FREQ", shown(value))))
        }
    }

    /// What RFC 5545 forbids, and what the evaluation cannot do.
    fn check(&self, value: &str) -> Result<(), RecurError> {
        use Frequency::{Daily, Monthly, Weekly, Yearly};
        let fail = |what: &str| Err(RecurError::new(format!("{what} in the rule {}", shown(value))));
        let by = &self.by;
        let numbered = by.day.iter().any(|(number, _)| *number != 0);
        match self.freq {
            Weekly if !by.month_day.is_empty() => return fail("BYMONTHDAY with FREQ=WEEKLY"),
            Daily | Weekly | Monthly if !by.year_day.is_empty() => {
                return fail("BYYEARDAY with FREQ=DAILY, WEEKLY or MONTHLY");
            }
            _ => {}
        }
        if !by.week.is_empty() && self.freq != Yearly {
            return fail("BYWEEKNO without FREQ=YEARLY");
        }
        if numbered && (!matches!(self.freq, Yearly | Monthly) || !by.week.is_empty()) {
            return fail("BYDAY with numbers, which need FREQ=MONTHLY or YEARLY without BYWEEKNO,");
        }
        if numbered && by.day.iter().any(|(number, _)| *number == 0) && !by.position.is_empty() {
            return fail("BYSETPOS with both numbered and plain weekdays");
        }
        Ok(())
    }

    /// Takes what the rule does not say from the start, so that the start can be moved.
    fn imply(&mut self, start: i64) {
        let days = start.div_euclid(US_PER_DAY);
        let (_, month, day) = civil_from_days(days);
        let weekday = (0, days.saturating_add(3).rem_euclid(7) as u8);
        let by = &mut self.by;
        let no_day = by.day.is_empty() && by.month_day.is_empty() && by.year_day.is_empty();
        match self.freq {
            Frequency::Yearly if no_day && !by.week.is_empty() => drop(by.day.insert(weekday)),
            Frequency::Yearly if no_day => {
                by.month_day.insert(day as i16);
                if by.month.is_empty() {
                    by.month.insert(month as i16);
                }
            }
            Frequency::Monthly if no_day => drop(by.month_day.insert(day as i16)),
            Frequency::Weekly if no_day => drop(by.day.insert(weekday)),
            _ => {}
        }
        let clock = clock(start);
        let given = finer_than_day(self.freq);
        for (at, part) in by.time.iter_mut().enumerate() {
            if at < given {
                self.limits[at] = std::mem::take(part);
            } else if part.is_empty() {
                part.insert(clock[at]);
            }
        }
    }

    /// Writes a rule that steps through seconds, minutes or hours with the coarsest unit that gives the same: fewer
    /// steps, and intervals that are days.
    fn coarsen(&mut self, start: i64) {
        if !self.by.position.is_empty() {
            return;
        }
        loop {
            let (unit, coarser, per) = match self.freq {
                Frequency::Secondly => (2, Frequency::Minutely, 60),
                Frequency::Minutely => (1, Frequency::Hourly, 60),
                Frequency::Hourly if self.by.year_day.is_empty() => (0, Frequency::Daily, 24),
                _ => return,
            };
            if self.interval.is_multiple_of(per) {
                self.interval /= per;
                self.by.time[unit] = Set::from([clock(start)[unit]]);
            } else if self.interval == 1 && !self.limits[unit].is_empty() {
                self.by.time[unit] = std::mem::take(&mut self.limits[unit]);
            } else {
                return;
            }
            self.freq = coarser;
        }
    }

    /// How many occurrences one period may hold at most.
    fn in_period(&self) -> usize {
        let days = match self.freq {
            Frequency::Yearly => 366,
            Frequency::Monthly => 31,
            Frequency::Weekly => 7,
            _ => 1,
        };
        self.by.time.iter().map(|set| set.len().max(1)).product::<usize>() * days
    }
}

/// Hour, minute and second that a clock shows.
pub(super) fn clock(local: i64) -> [i16; 3] {
    let second = local.rem_euclid(US_PER_DAY) / US_PER_SECOND;
    [second / 3600, second / 60 % 60, second % 60].map(|part| part as i16)
}

/// How many of hour, minute and second the periods of a frequency fix, so that BYHOUR … only limit.
fn finer_than_day(freq: Frequency) -> usize {
    match freq {
        Frequency::Hourly => 1,
        Frequency::Minutely => 2,
        Frequency::Secondly => 3,
        _ => 0,
    }
}

fn frequency(text: &str) -> Option<Frequency> {
    Some(match text {
        "YEARLY" => Frequency::Yearly,
        "MONTHLY" => Frequency::Monthly,
        "WEEKLY" => Frequency::Weekly,
        "DAILY" => Frequency::Daily,
        "HOURLY" => Frequency::Hourly,
        "MINUTELY" => Frequency::Minutely,
        "SECONDLY" => Frequency::Secondly,
        _ => return None,
    })
}

fn weekday(text: &str) -> Option<u8> {
    WEEKDAYS.iter().position(|(name, _)| *name == text).map(|at| at as u8)
}

/// `MO`, `2TU`, `-1SU`.
fn numbered_day(text: &str) -> Option<(i16, u8)> {
    let text = text.trim();
    let (number, name) = text.split_at_checked(text.len().checked_sub(2)?)?;
    let number = match number {
        "" => 0,
        _ => number.parse().ok().filter(|number: &i16| *number != 0 && number.abs() <= 53)?,
    };
    Some((number, weekday(name)?))
}

fn numbers(text: &str, low: i16, high: i16) -> Option<Set> {
    let number = |part: &str| part.trim().parse().ok().filter(|number| (low..=high).contains(number));
    text.split(',').map(number).collect()
}

/// The weekdays for the evaluation: the plain ones, or those with a number.
pub(super) fn weekdays(days: &BTreeSet<(i16, u8)>, numbered: bool) -> Vec<NWeekday> {
    let day = |(number, day): &(i16, u8)| {
        let weekday = WEEKDAYS[usize::from(*day)].1;
        if numbered { NWeekday::Nth(*number, weekday) } else { NWeekday::Every(weekday) }
    };
    days.iter().filter(|(number, _)| (*number != 0) == numbered).map(day).collect()
}

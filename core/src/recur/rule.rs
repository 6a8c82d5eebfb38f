//! RRULE and EXRULE: their parts, checked and made explicit (RFC 5545 section 3.3.10).

use std::collections::BTreeSet;

use ical::recur::{IcalRecurFreq as Freq, IcalRecurRule, IcalRecurWeekday, IcalRecurWeekdayNum};

use super::RecurError;
use super::lines::{Stamp, shown, stamp};
use crate::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_in_month};

/// A rule that says all of what its start would add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// Without COUNT and UNTIL.
    pub pattern: IcalRecurRule,
    pub count: Option<u64>,
    pub until: Option<Stamp>,
    /// The last local time, where COUNT can be worked out.
    pub last: Option<i64>,
    /// No date fits.
    pub never: bool,
}

/// Parts that `ical-rs` reads; the others it does not know or they are read here.
const PATTERN: [&str; 11] = [
    "BYDAY",
    "BYHOUR",
    "BYMINUTE",
    "BYMONTH",
    "BYMONTHDAY",
    "BYSECOND",
    "BYSETPOS",
    "BYWEEKNO",
    "BYYEARDAY",
    "INTERVAL",
    "WKST",
];

/// Occurrences that one period may hold: more would take their memory before the first of them is seen.
const MAX_IN_PERIOD: usize = 1_000_000;

impl Rule {
    /// Reads the value of an RRULE for a series that starts at `start` (local microseconds).
    pub fn parse(value: &str, start: i64) -> Result<Self, RecurError> {
        let mut rule = Self::read(value)?;
        rule.check(value)?;
        rule.imply(start);
        rule.never = rule.is_impossible() || rule.misses(start);
        rule.coarsen(start);
        if rule.in_period() > MAX_IN_PERIOD {
            return Err(RecurError::new(format!("more than {MAX_IN_PERIOD} times in one period of {}", shown(value))));
        }
        rule.work_out_count(start);
        Ok(rule)
    }

    fn read(value: &str) -> Result<Self, RecurError> {
        let (mut count, mut until) = (None, None);
        let mut seen = BTreeSet::new();
        let mut parts: Vec<&str> = Vec::new();
        for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
            let bad = || RecurError::new(format!("{} in the rule {}", shown(part), shown(value)));
            let (key, text) = part.split_once('=').ok_or_else(bad)?;
            let (key, text) = (key.trim().to_ascii_uppercase(), text.trim().to_ascii_uppercase());
            if !seen.insert(key.clone()) {
                return Err(RecurError::new(format!("{key} stands twice in the rule {}", shown(value))));
            }
            match key.as_str() {
                "FREQ" => parts.insert(0, part),
                // FREQ is needed, whatever it is, and the library does not mind an empty list.
                key if PATTERN.contains(&key) => {
                    let alone = IcalRecurRule::parse(&format!("FREQ=DAILY;{part}")).map_err(|_| bad())?;
                    if text.is_empty() || alone.by_day.iter().any(|day| day.ordinal == Some(0)) {
                        return Err(bad());
                    }
                    parts.push(part);
                }
                // Some programs write -1 for a rule without end.
                "COUNT" if text.strip_prefix('-').is_some_and(|digits| digits.parse::<u64>().is_ok()) => {}
                "COUNT" => count = Some(text.parse().ok().filter(|n| *n > 0).ok_or_else(bad)?),
                "UNTIL" => until = Some(stamp(&text).ok_or_else(bad)?),
                // RFC 7529 with what is meant anyway.
                "RSCALE" if text == "GREGORIAN" => {}
                "SKIP" if text == "OMIT" => {}
                key if key.starts_with("X-") => {}
                _ => return Err(RecurError::new(format!("{} is not supported in a rule", shown(part)))),
            }
        }
        if !seen.contains("FREQ") {
            return Err(RecurError::new(format!("the rule {} has no FREQ", shown(value))));
        }
        let bad = |_| RecurError::new(format!("{} in the rule {}", shown(parts[0]), shown(value)));
        let mut pattern = IcalRecurRule::parse(&parts.join(";")).map_err(bad)?;
        // A leap second is no time that any of our clocks shows.
        pattern.by_second.iter_mut().for_each(|second| *second = (*second).min(59));
        once(&mut pattern.by_second);
        once(&mut pattern.by_minute);
        once(&mut pattern.by_hour);
        once(&mut pattern.by_month_day);
        once(&mut pattern.by_year_day);
        once(&mut pattern.by_week_no);
        once(&mut pattern.by_month);
        once(&mut pattern.by_set_pos);
        pattern.by_day.sort_by_key(|day| (day.weekday, day.ordinal));
        pattern.by_day.dedup();
        Ok(Self { pattern, count, until, last: None, never: false })
    }

    /// What RFC 5545 forbids and others read in different ways.
    fn check(&self, value: &str) -> Result<(), RecurError> {
        use Freq::{Daily, Monthly, Weekly, Yearly};
        let fail = |what: &str| Err(RecurError::new(format!("{what} in the rule {}", shown(value))));
        let by = &self.pattern;
        match by.freq {
            Weekly if !by.by_month_day.is_empty() => return fail("BYMONTHDAY with FREQ=WEEKLY"),
            Daily | Weekly | Monthly if !by.by_year_day.is_empty() => {
                return fail("BYYEARDAY with FREQ=DAILY, WEEKLY or MONTHLY");
            }
            _ => {}
        }
        if !by.by_week_no.is_empty() && by.freq != Yearly {
            return fail("BYWEEKNO without FREQ=YEARLY");
        }
        if !by.by_week_no.is_empty() && by.by_day.iter().any(|day| day.ordinal.is_some()) {
            return fail("BYWEEKNO and BYDAY with numbers");
        }
        Ok(())
    }

    /// Takes what the rule does not say from the start, so that the start can be moved.
    fn imply(&mut self, start: i64) {
        let days = start.div_euclid(US_PER_DAY);
        let (_, month, day) = civil_from_days(days);
        let by = &mut self.pattern;
        let no_day = by.by_day.is_empty() && by.by_month_day.is_empty() && by.by_year_day.is_empty();
        match by.freq {
            // A week without a weekday is the whole week.
            Freq::Yearly if no_day && by.by_week_no.is_empty() => {
                by.by_month_day.push(day as i8);
                if by.by_month.is_empty() {
                    by.by_month.push(month as u8);
                }
            }
            Freq::Monthly if no_day => by.by_month_day.push(day as i8),
            Freq::Weekly if no_day => by.by_day.push(IcalRecurWeekdayNum { ordinal: None, weekday: weekday(days) }),
            _ => {}
        }
        let clock = clock(start);
        let given = finer_than_day(by.freq);
        for (at, part) in [&mut by.by_hour, &mut by.by_minute, &mut by.by_second].into_iter().enumerate() {
            if at >= given && part.is_empty() {
                part.push(clock[at]);
            }
        }
    }

    /// Whether no month has any of the days, or no period as many occurrences as BYSETPOS counts. Other rules that
    /// nothing fits are followed to their end.
    fn is_impossible(&self) -> bool {
        let by = &self.pattern;
        let longest = |month: &u8| days_in_month(2024, u32::from(*month)) as i8;
        let fits = |month: &u8| by.by_month_day.iter().any(|day| day.abs() <= longest(month));
        let months: &[u8] = if by.by_month.is_empty() { &[1] } else { &by.by_month };
        let no_day = !by.by_month_day.is_empty() && !months.iter().any(fits);
        let most = self.in_period();
        let no_position =
            !by.by_set_pos.is_empty() && by.by_set_pos.iter().all(|at| usize::from(at.unsigned_abs()) > most);
        no_day || no_position
    }

    /// Whether a rule that steps through seconds, minutes or hours never comes to a time of day that it is limited to:
    /// a multiple of its interval after midnight modulo a day is a multiple of what both have in common.
    fn misses(&self, start: i64) -> bool {
        let by = &self.pattern;
        let (unit, given) = match by.freq {
            Freq::Secondly => (1, 3),
            Freq::Minutely => (60, 2),
            Freq::Hourly => (3600, 1),
            _ => return false,
        };
        let step = greatest_common(u64::from(by.interval) * unit, 86_400);
        let of_start = start.div_euclid(US_PER_SECOND).rem_euclid(86_400) as u64 / unit * unit;
        let parts = [(&by.by_hour, 24), (&by.by_minute, 60), (&by.by_second, 60)];
        // All that is allowed; of parts that a period is made of, the first.
        let [hours, minutes, seconds] = [0, 1, 2].map(|at| match parts[at] {
            _ if at >= given => vec![0],
            (part, most) if part.is_empty() => (0..most).collect(),
            (part, _) => part.iter().map(|value| u64::from(*value)).collect(),
        });
        let fits = |time: u64| (time + 86_400 - of_start).is_multiple_of(step);
        !hours.iter().any(|hour| {
            minutes.iter().any(|minute| seconds.iter().any(|second| fits(hour * 3600 + minute * 60 + second)))
        })
    }

    /// Writes a rule that steps through seconds, minutes or hours with the coarsest unit that gives the same: fewer
    /// steps, and intervals that are days.
    fn coarsen(&mut self, start: i64) {
        let by = &mut self.pattern;
        if !by.by_set_pos.is_empty() {
            return;
        }
        loop {
            let (unit, part, coarser, per) = match by.freq {
                Freq::Secondly => (2, &mut by.by_second, Freq::Minutely, 60),
                Freq::Minutely => (1, &mut by.by_minute, Freq::Hourly, 60),
                Freq::Hourly if by.by_year_day.is_empty() => (0, &mut by.by_hour, Freq::Daily, 24),
                _ => return,
            };
            if by.interval.is_multiple_of(per) {
                let shown = clock(start)[unit];
                self.never |= !part.is_empty() && !part.contains(&shown);
                *part = vec![shown];
                by.interval /= per;
            } else if by.interval != 1 || part.is_empty() {
                return;
            }
            by.freq = coarser;
        }
    }

    /// Of a rule that gives one occurrence every so many seconds, works out which one is the last.
    fn work_out_count(&mut self, start: i64) {
        let by = &self.pattern;
        let seconds = match by.freq {
            Freq::Weekly => 7 * 86_400,
            Freq::Daily => 86_400,
            Freq::Hourly => 3600,
            Freq::Minutely => 60,
            Freq::Secondly => 1,
            _ => return,
        };
        let weekly = by.freq == Freq::Weekly;
        let weekday = |day: &IcalRecurWeekdayNum| day.weekday == weekday(start.div_euclid(US_PER_DAY));
        let days = if weekly { by.by_day.len() == 1 && by.by_day.iter().all(weekday) } else { by.by_day.is_empty() };
        let dates = by.by_month.is_empty() && by.by_month_day.is_empty() && by.by_year_day.is_empty();
        let clock = clock(start);
        let given = finer_than_day(by.freq);
        let times = [&by.by_hour, &by.by_minute, &by.by_second]
            .into_iter()
            .enumerate()
            .all(|(at, part)| if at < given { part.is_empty() } else { *part == [clock[at]] });
        if let (true, Some(count)) = (days && dates && times && by.by_set_pos.is_empty(), self.count) {
            let step = i64::from(by.interval) * seconds * US_PER_SECOND;
            let periods = i64::try_from(count - 1).unwrap_or(i64::MAX);
            self.last = Some(start.saturating_add(periods.saturating_mul(step)));
            self.count = None;
        }
    }

    /// How many occurrences one period may hold at most.
    fn in_period(&self) -> usize {
        let by = &self.pattern;
        let days = match by.freq {
            Freq::Yearly => 366,
            Freq::Monthly => 31,
            Freq::Weekly => 7,
            _ => 1,
        };
        let given = finer_than_day(by.freq);
        let times = [&by.by_hour, &by.by_minute, &by.by_second].into_iter().skip(given);
        times.map(|part| part.len().max(1)).product::<usize>() * days
    }
}

fn greatest_common(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common(b, a % b) }
}

fn once<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

/// Hour, minute and second that a clock shows.
fn clock(local: i64) -> [u8; 3] {
    let second = local.rem_euclid(US_PER_DAY) / US_PER_SECOND;
    [second / 3600, second / 60 % 60, second % 60].map(|part| part as u8)
}

/// How many of hour, minute and second the periods of a frequency fix, so that BYHOUR … only limit.
fn finer_than_day(freq: Freq) -> usize {
    match freq {
        Freq::Hourly => 1,
        Freq::Minutely => 2,
        Freq::Secondly => 3,
        _ => 0,
    }
}

/// The weekday of a day since 1970-01-01, a Thursday.
fn weekday(days: i64) -> IcalRecurWeekday {
    use IcalRecurWeekday::{Friday, Monday, Saturday, Sunday, Thursday, Tuesday, Wednesday};
    [Thursday, Friday, Saturday, Sunday, Monday, Tuesday, Wednesday][days.rem_euclid(7) as usize]
}

//! The occurrences of one rule, in the order of time.
//!
//! The crate `rrule` expands the rule on the local clock as if it were UTC; zones are ours, so that every zone of the
//! model works and times that a clock skips or shows twice are read as everywhere else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use chrono::{DateTime, Month};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, RRuleSetIter, Tz};

use super::lines::Stamp;
use super::rule::{Rule, clock, weekdays};
use super::{Budget, Clock, RecurError, last_second};
use crate::when::Zone;
use crate::when::civil::{US_PER_DAY, US_PER_HOUR, US_PER_SECOND, civil_from_days, days_from_civil};

/// How far the order of a local clock and that of UTC may be apart: the longest gap that a zone has made was a day.
const SLACK: i64 = 25 * US_PER_HOUR;

/// The occurrences of a rule as UTC microseconds (local ones if floating or all-day), each once.
pub(super) struct Occurrences<'a> {
    rule: &'a Rule,
    clock: &'a Clock,
    patterns: Vec<Peekable<RRuleSetIter>>,
    until: Option<i64>,
    /// How many may still come.
    left: Option<u64>,
    /// Occurrences that were found, but before which another may come yet.
    found: BinaryHeap<Reverse<i64>>,
    newest: i64,
    last: Option<i64>,
    ended: bool,
}

impl<'a> Occurrences<'a> {
    /// The occurrences at `from` or later, and possibly earlier ones. With `first`, the start itself is one whether it
    /// fits the rule or not, and counts (RFC 5545 section 3.8.5.3).
    pub fn of(rule: &'a Rule, clock: &'a Clock, from: i64, first: bool) -> Result<Self, RecurError> {
        let base = aligned(rule, clock.start);
        // What COUNT counts cannot be jumped over.
        let base =
            if rule.count.is_none() { jumped(rule, base, clock.local(from).saturating_sub(SLACK)) } else { base };
        let until = rule.until.map(|until| match until {
            // A date includes its whole day.
            Stamp::Day(day) => clock.zone.to_utc((day + 1) * US_PER_DAY - 1),
            Stamp::Local(local) => clock.zone.to_utc(local),
            Stamp::Utc(utc) => utc,
        });
        let mut occurrences = Self {
            rule,
            clock,
            patterns: patterns(rule, base)?,
            until,
            left: rule.count,
            found: BinaryHeap::new(),
            newest: i64::MIN,
            last: None,
            ended: false,
        };
        if first {
            occurrences.found.push(Reverse(clock.zone.to_utc(clock.start)));
            occurrences.newest = clock.zone.to_utc(clock.start);
            occurrences.left = rule.count.map(|count| count - 1);
        }
        Ok(occurrences)
    }

    /// The next occurrence.
    pub fn next(&mut self, budget: &mut Budget) -> Result<Option<i64>, RecurError> {
        let slack = if matches!(self.clock.zone, Zone::Named(_)) { SLACK } else { 0 };
        loop {
            match self.found.peek() {
                Some(Reverse(first)) if self.ended || first.saturating_add(slack) <= self.newest => {
                    let first = *first;
                    self.found.pop();
                    // Times that a clock skips coincide with later ones.
                    if self.last != Some(first) {
                        self.last = Some(first);
                        return Ok(Some(first));
                    }
                }
                None if self.ended => return Ok(None),
                _ => self.find(budget)?,
            }
        }
    }

    /// Looks at what the patterns give next.
    fn find(&mut self, budget: &mut Budget) -> Result<(), RecurError> {
        budget.step()?;
        let local = if self.left == Some(0) { None } else { self.pull() };
        let Some(local) = local.filter(|local| *local <= last_second()) else {
            self.ended = true;
            return Ok(());
        };
        // The start stands already, or fits and is found here.
        let fraction = self.clock.start.rem_euclid(US_PER_SECOND);
        let local = local + fraction;
        let known = !self.found.is_empty() || self.last.is_some();
        if local < self.clock.start || (local == self.clock.start && known) || !self.within_limits(local) {
            return Ok(());
        }
        let utc = self.clock.zone.to_utc(local);
        match self.until {
            Some(until) if utc > until.saturating_add(SLACK) => self.ended = true,
            Some(until) if utc > until => {}
            _ => {
                self.newest = self.newest.max(utc);
                self.found.push(Reverse(utc));
                self.left = self.left.map(|left| left - 1);
            }
        }
        Ok(())
    }

    /// The earliest of what the patterns give next.
    fn pull(&mut self) -> Option<i64> {
        let next = self.patterns.iter_mut().filter_map(|pattern| pattern.peek().copied()).min()?;
        for pattern in &mut self.patterns {
            let _ = pattern.next_if(|time| *time == next);
        }
        next.timestamp().checked_mul(US_PER_SECOND)
    }

    fn within_limits(&self, local: i64) -> bool {
        let shown = clock(local);
        self.rule.limits.iter().zip(shown).all(|(limit, shown)| limit.is_empty() || limit.contains(&shown))
    }
}

/// The start of the period that `start` lies in: rules speak of whole weeks, months and years.
fn aligned(rule: &Rule, start: i64) -> i64 {
    let days = start.div_euclid(US_PER_DAY);
    let (year, month, _) = civil_from_days(days);
    let second = start.div_euclid(US_PER_SECOND);
    let unit = |seconds: i64| second.div_euclid(seconds) * seconds * US_PER_SECOND;
    match rule.freq {
        Frequency::Yearly => days_from_civil(year, 1, 1) * US_PER_DAY,
        Frequency::Monthly => days_from_civil(year, month, 1) * US_PER_DAY,
        Frequency::Weekly => {
            let since = (days + 3 - i64::from(rule.week_start.num_days_from_monday())).rem_euclid(7);
            (days - since) * US_PER_DAY
        }
        Frequency::Daily => unit(86_400),
        Frequency::Hourly => unit(3600),
        Frequency::Minutely => unit(60),
        Frequency::Secondly => unit(1),
    }
}

/// The last start of a period of the rule that is a period or more before `target`, and not before `base`.
fn jumped(rule: &Rule, base: i64, target: i64) -> i64 {
    if target <= base {
        return base;
    }
    let interval = i64::try_from(rule.interval).unwrap_or(i64::MAX);
    // Whole intervals in a number of periods, one left out for weeks and years that reach into each other.
    let whole = |periods: i64| (periods.saturating_sub(1) / interval).max(0).saturating_mul(interval);
    let (base_days, target_days) = (base.div_euclid(US_PER_DAY), target.div_euclid(US_PER_DAY));
    let ((base_year, base_month, _), (year, month, _)) = (civil_from_days(base_days), civil_from_days(target_days));
    let steps = |seconds: i64| {
        let unit = seconds * US_PER_SECOND;
        base + whole((target - base) / unit) * unit
    };
    match rule.freq {
        Frequency::Yearly => days_from_civil(base_year + whole(year - base_year), 1, 1) * US_PER_DAY,
        Frequency::Monthly => {
            let (from, to) = (base_year * 12 + i64::from(base_month) - 1, year * 12 + i64::from(month) - 1);
            let month = from + whole(to - from);
            days_from_civil(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1) * US_PER_DAY
        }
        Frequency::Weekly => steps(7 * 86_400),
        Frequency::Daily => steps(86_400),
        Frequency::Hourly => steps(3600),
        Frequency::Minutely => steps(60),
        Frequency::Secondly => steps(1),
    }
}

/// The rule for the crate `rrule`, from `base` on. It takes plain and numbered weekdays as conditions that must both
/// hold, so that they are two patterns here.
fn patterns(rule: &Rule, base: i64) -> Result<Vec<Peekable<RRuleSetIter>>, RecurError> {
    // Beyond the last second nothing is left to find.
    let base = base.min(last_second()).div_euclid(US_PER_SECOND);
    let start = DateTime::from_timestamp(base, 0).unwrap_or_default().with_timezone(&Tz::UTC);
    let sets = [weekdays(&rule.by.day, false), weekdays(&rule.by.day, true)];
    let sets: Vec<Vec<NWeekday>> = match sets {
        [plain, numbered] if numbered.is_empty() => vec![plain],
        [plain, numbered] if plain.is_empty() => vec![numbered],
        both => both.into(),
    };
    let pattern = |days: Vec<NWeekday>| {
        let unsupported = |error: rrule::RRuleError| RecurError::new(format!("a rule that is not supported: {error}"));
        let rule = build(rule, days)?.validate(start).map_err(unsupported)?;
        Ok(RRuleSet::new(start).limit().rrule(rule).into_iter().peekable())
    };
    sets.into_iter().map(pattern).collect()
}

fn build(rule: &Rule, days: Vec<NWeekday>) -> Result<RRule<rrule::Unvalidated>, RecurError> {
    let by = &rule.by;
    let small = |set: &super::rule::Set| set.iter().map(|&n| n as i8).collect::<Vec<_>>();
    let unsigned = |set: &super::rule::Set| set.iter().map(|&n| n as u8).collect::<Vec<_>>();
    let months: Vec<Month> = unsigned(&by.month).into_iter().filter_map(|month| Month::try_from(month).ok()).collect();
    let interval = u16::try_from(rule.interval)
        .map_err(|_| RecurError::new(format!("INTERVAL={} is not supported", rule.interval)))?;
    Ok(RRule::new(rule.freq)
        .interval(interval)
        .week_start(rule.week_start)
        .by_set_pos(by.position.iter().map(|&n| n.into()).collect())
        .by_month(&months)
        .by_month_day(small(&by.month_day))
        .by_year_day(by.year_day.iter().copied().collect())
        .by_week_no(small(&by.week))
        .by_weekday(days)
        .by_hour(unsigned(&by.time[0]))
        .by_minute(unsigned(&by.time[1]))
        .by_second(unsigned(&by.time[2])))
}

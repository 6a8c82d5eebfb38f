//! The occurrences of one rule, in the order of time.
//!
//! Rules are walked on the local clock as if it never changed; zones are ours, so that every zone of the model works and
//! times that a clock skips or shows twice are read as everywhere else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use ical::recur::IcalRecurFreq as Freq;

use super::lines::Stamp;
use super::rule::Rule;
use super::walk::Walk;
use super::{Budget, Clock, RecurError, last_second};
use crate::when::civil::{US_PER_DAY, US_PER_HOUR, US_PER_SECOND, civil_from_days, days_from_civil};

/// How far the order of a local clock and that of UTC may be apart: the longest gap that a zone has made was a day.
pub(super) const SLACK: i64 = 25 * US_PER_HOUR;

/// The occurrences of a rule as UTC microseconds (local ones if floating or all-day), each once.
pub(super) struct Occurrences<'a> {
    clock: &'a Clock,
    /// How far the orders of local and of UTC times are apart.
    slack: i64,
    /// The start of the series: the instant, and local microseconds.
    first: i64,
    start: i64,
    walk: Walk,
    until: i64,
    /// How many may still come.
    left: Option<u64>,
    /// Occurrences that were found, but before which another may come yet.
    found: BinaryHeap<Reverse<i64>>,
    newest: i64,
    last: Option<i64>,
    ended: bool,
}

impl<'a> Occurrences<'a> {
    /// The occurrences at `from` or later, and possibly earlier ones, of a rule whose series starts at `first`. A start
    /// that does not fit the rule is none.
    pub fn of(rule: &Rule, clock: &'a Clock, first: i64, from: i64) -> Self {
        let start = clock.to_local(first);
        let mut base = aligned(rule, start);
        let slack = if clock.changes() { SLACK } else { 0 };
        // What COUNT counts cannot be jumped over.
        if rule.count.is_none() {
            base = jumped(rule, base, clock.to_local(from).saturating_sub(slack));
        }
        let until = until(rule, clock);
        let end = clock.to_local(until).saturating_add(slack).min(rule.last.unwrap_or(i64::MAX)).min(last_second());
        let second = |us: i64| us.div_euclid(US_PER_SECOND);
        Self {
            clock,
            slack,
            first,
            start,
            walk: Walk::new(&rule.pattern, second(base), second(end)),
            until,
            left: rule.count,
            found: BinaryHeap::new(),
            newest: i64::MIN,
            last: None,
            ended: rule.never,
        }
    }

    /// The next occurrence.
    pub fn next(&mut self, budget: &mut Budget) -> Result<Option<i64>, RecurError> {
        loop {
            match self.found.peek() {
                Some(Reverse(first)) if self.ended || first.saturating_add(self.slack) <= self.newest => {
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

    /// Looks at what the rule gives next.
    fn find(&mut self, budget: &mut Budget) -> Result<(), RecurError> {
        let second = if self.left == Some(0) { None } else { self.walk.next(budget)? };
        let Some(second) = second else {
            self.ended = true;
            return Ok(());
        };
        let local = second * US_PER_SECOND + self.start.rem_euclid(US_PER_SECOND);
        if local < self.start {
            return Ok(());
        }
        if self.clock.changes() {
            // Its offset is looked up.
            budget.take(2)?;
        }
        // The start may be the second of two times that the clock shows alike.
        let utc = if local == self.start { self.first } else { self.clock.to_utc(local) };
        if (self.first..=self.until).contains(&utc) {
            self.newest = self.newest.max(utc);
            self.found.push(Reverse(utc));
            self.left = self.left.map(|left| left - 1);
        }
        Ok(())
    }
}

/// The last instant that UNTIL allows.
pub(super) fn until(rule: &Rule, clock: &Clock) -> i64 {
    match rule.until {
        None => i64::MAX,
        // A date includes its whole day.
        Some(Stamp::Day(day)) => clock.to_utc((day + 1) * US_PER_DAY - 1),
        Some(Stamp::Local(local)) => clock.to_utc(local),
        Some(Stamp::Utc(utc)) => utc,
    }
}

/// The start of the period that `start` lies in: rules speak of whole weeks, months and years.
fn aligned(rule: &Rule, start: i64) -> i64 {
    let days = start.div_euclid(US_PER_DAY);
    let (year, month, _) = civil_from_days(days);
    let second = start.div_euclid(US_PER_SECOND);
    let unit = |seconds: i64| second.div_euclid(seconds) * seconds * US_PER_SECOND;
    match rule.pattern.freq {
        Freq::Yearly => days_from_civil(year, 1, 1) * US_PER_DAY,
        Freq::Monthly => days_from_civil(year, month, 1) * US_PER_DAY,
        Freq::Weekly => {
            // Weekdays of both from Sunday on; 1970-01-01 was a Thursday.
            let since = (days + 4 - rule.pattern.week_start as i64).rem_euclid(7);
            (days - since) * US_PER_DAY
        }
        Freq::Daily => unit(86_400),
        Freq::Hourly => unit(3600),
        Freq::Minutely => unit(60),
        Freq::Secondly => unit(1),
    }
}

/// The last start of a period of the rule that is a period or more before `target`, and not before `base`.
fn jumped(rule: &Rule, base: i64, target: i64) -> i64 {
    // Nothing is left to find beyond the last second.
    let target = target.min(last_second());
    if target <= base {
        return base;
    }
    let interval = i64::from(rule.pattern.interval);
    // Whole intervals in a number of periods, one left out for weeks and years that reach into each other.
    let whole = |periods: i64| (periods.saturating_sub(1) / interval).max(0) * interval;
    let (base_days, target_days) = (base.div_euclid(US_PER_DAY), target.div_euclid(US_PER_DAY));
    let ((base_year, base_month, _), (year, month, _)) = (civil_from_days(base_days), civil_from_days(target_days));
    let steps = |seconds: i64| {
        let unit = seconds * US_PER_SECOND;
        base + whole((target - base) / unit) * unit
    };
    match rule.pattern.freq {
        Freq::Yearly => days_from_civil(base_year + whole(year - base_year), 1, 1) * US_PER_DAY,
        Freq::Monthly => {
            let (from, to) = (base_year * 12 + i64::from(base_month) - 1, year * 12 + i64::from(month) - 1);
            let month = from + whole(to - from);
            days_from_civil(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1) * US_PER_DAY
        }
        Freq::Weekly => steps(7 * 86_400),
        Freq::Daily => steps(86_400),
        Freq::Hourly => steps(3600),
        Freq::Minutely => steps(60),
        Freq::Secondly => steps(1),
    }
}

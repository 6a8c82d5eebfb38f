//! Recurrence sets in plain numbers: starts, and what repeats them (RFC 5545 section 3.8.5).

use std::collections::BTreeSet;

use super::lines::{Date, End, Line, Stamp, shown};
use super::occur::{Occurrences, until};
use super::rule::Rule;
use super::{Budget, Clock, Clocks, RecurError};
use crate::when::civil::US_PER_DAY;

/// How many rules a set may have. Each may cost a long search that finds nothing.
const MAX_RULES: usize = 64;

/// A recurrence set: a start, and the RRULE, RDATE, EXRULE and EXDATE lines that repeat it.
///
/// Times are UTC microseconds, or local ones if the clock is floating, as it is for days.
#[derive(Clone, Debug)]
pub struct RecurrenceSet {
    clock: Clock,
    first: i64,
    all_day: bool,
    rules: Vec<Rule>,
    exrules: Vec<Rule>,
    /// Starts that stand by themselves, in order, with the ends of those that have their own.
    dates: Vec<(i64, Option<i64>)>,
    exdates: BTreeSet<i64>,
    /// Days since 1970 that have no start.
    exdays: BTreeSet<i64>,
}

/// The starts of a set, see [`RecurrenceSet::starts`].
pub struct Starts<'a> {
    set: &'a RecurrenceSet,
    rules: Vec<Head<'a>>,
    exrules: Vec<Head<'a>>,
    dates: &'a [(i64, Option<i64>)],
    first: i64,
    last: Option<i64>,
}

/// A rule and what it gives next.
struct Head<'a> {
    of: Occurrences<'a>,
    next: Option<Option<i64>>,
}

impl RecurrenceSet {
    /// Reads the content lines of a series that starts at `first` and goes by `clock`; days start at midnight on a floating
    /// clock. Without lines it is the start alone.
    pub fn read(lines: &str, clock: Clock, first: i64, all_day: bool, clocks: &Clocks) -> Result<Self, RecurError> {
        let start = clock.to_local(first);
        let (mut rdates, mut exdates) = (Vec::new(), Vec::new());
        let (mut rules, mut exrules) = (Vec::new(), Vec::new());
        for text in lines.lines().filter(|text| !text.trim().is_empty()) {
            if rules.len() + exrules.len() > MAX_RULES {
                return Err(RecurError::new(format!("more than {MAX_RULES} rules")));
            }
            let line = Line::of(text)?;
            match line.name.as_str() {
                // Some programs write a line for no rule.
                "RRULE" | "EXRULE" if line.value.is_empty() => {}
                "RRULE" => rules.push(Rule::parse(line.value, start)?),
                "EXRULE" => exrules.push(Rule::parse(line.value, start)?),
                "RDATE" => rdates.extend(line.dates(clocks)?),
                "EXDATE" => exdates.extend(line.dates(clocks)?),
                name => return Err(RecurError::new(format!("{} is no line of a recurrence", shown(name)))),
            }
        }
        let mut set = Self {
            clock,
            first,
            all_day,
            rules,
            exrules,
            dates: Vec::new(),
            exdates: BTreeSet::new(),
            exdays: BTreeSet::new(),
        };
        // The start is an instance whether it fits a rule or not, but for rules that all ended before it.
        if set.rules.is_empty() || set.rules.iter().any(|rule| until(rule, &set.clock) >= first) {
            set.dates.push((first, None));
        }
        // What a rule gives and the same rule takes away need not be followed.
        set.rules.retain(|rule| !set.exrules.contains(rule));
        for date in &rdates {
            let date = set.rdate(date)?;
            set.dates.push(date);
        }
        // Of one start that stands twice, the end of its own counts.
        set.dates.sort_by_key(|(start, end)| (*start, end.is_none()));
        set.dates.dedup_by_key(|(start, _)| *start);
        for date in &exdates {
            match date.stamp {
                Stamp::Day(day) => drop(set.exdays.insert(day)),
                _ => drop(set.exdates.insert(set.point(date.stamp, date.clock.as_ref()))),
            }
        }
        Ok(set)
    }

    /// The clock that it goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What the clock shows at the start of the series.
    pub fn local_start(&self) -> i64 {
        self.clock.to_local(self.first)
    }

    /// The start of the series.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// The starts at or after `from`, in order, each once, and possibly earlier ones.
    pub fn starts(&self, from: i64) -> Starts<'_> {
        let head = |rule| Head { of: Occurrences::of(rule, &self.clock, self.first, from), next: None };
        Starts {
            set: self,
            rules: self.rules.iter().map(head).collect(),
            exrules: self.exrules.iter().map(head).collect(),
            dates: &self.dates,
            first: self.first,
            last: None,
        }
    }

    /// Whether an EXDATE takes away what starts at an instant.
    pub fn is_excluded(&self, start: i64) -> bool {
        self.exdates.contains(&start) || self.exdays.contains(&self.day(start))
    }

    /// The day since 1970 that the clock shows.
    pub(super) fn day(&self, at: i64) -> i64 {
        self.clock.to_local(at).div_euclid(US_PER_DAY)
    }

    /// Whether starts are days.
    pub(super) fn is_all_day(&self) -> bool {
        self.all_day
    }

    /// A start or end of a line.
    fn point(&self, stamp: Stamp, clock: Option<&Clock>) -> i64 {
        match stamp {
            Stamp::Day(day) => self.clock.to_utc(day * US_PER_DAY),
            Stamp::Local(us) if self.all_day => us.div_euclid(US_PER_DAY) * US_PER_DAY,
            Stamp::Utc(us) if self.all_day => nearest_midnight(us),
            Stamp::Utc(us) => us,
            // Wall-clock time of a floating event is the same in every zone.
            Stamp::Local(us) if self.clock.is_floating() => us,
            Stamp::Local(us) => clock.unwrap_or(&self.clock).to_utc(us),
        }
    }

    fn rdate(&self, date: &Date) -> Result<(i64, Option<i64>), RecurError> {
        if matches!(date.stamp, Stamp::Day(_)) && !self.all_day {
            return Err(RecurError::new("RDATE has a date, the event a time of day"));
        }
        let start = self.point(date.stamp, date.clock.as_ref());
        let end = match date.end.filter(|_| !self.all_day) {
            None => None,
            Some(End::At(stamp)) => Some(self.point(stamp, date.clock.as_ref())),
            Some(End::After { days, us }) => {
                let clock = date.clock.as_ref().filter(|_| matches!(date.stamp, Stamp::Local(_)));
                let clock = clock.unwrap_or(&self.clock);
                let local = clock.to_local(start).saturating_add(days.saturating_mul(US_PER_DAY));
                Some(if days == 0 { start } else { clock.to_utc(local) }.saturating_add(us))
            }
        };
        Ok((start, end))
    }
}

/// The day that an instant of an all-day series means: somewhere it is the midnight that begins the day, and in most
/// places that is less than half a day away.
pub(super) fn nearest_midnight(utc: i64) -> i64 {
    utc.saturating_add(US_PER_DAY / 2 - 1).div_euclid(US_PER_DAY) * US_PER_DAY
}

impl Head<'_> {
    fn peek(&mut self, budget: &mut Budget) -> Result<Option<i64>, RecurError> {
        if self.next.is_none() {
            self.next = Some(self.of.next(budget)?);
        }
        Ok(self.next.flatten())
    }
}

impl Starts<'_> {
    /// The next start, with an end of its own if it has one.
    pub fn next(&mut self, budget: &mut Budget) -> Result<Option<(i64, Option<i64>)>, RecurError> {
        loop {
            let mut next = self.dates.first().copied();
            // No rule has anything before the start of the series.
            let rules = if next.is_some_and(|(date, _)| date <= self.first) { &mut [] } else { &mut self.rules[..] };
            for rule in rules {
                let head = rule.peek(budget)?.map(|start| (start, None));
                next = match (next, head) {
                    (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                    (a, b) => a.or(b),
                };
            }
            let Some((start, end)) = next else { return Ok(None) };
            budget.take(1)?;
            if self.dates.first().is_some_and(|(date, _)| *date == start) {
                self.dates = &self.dates[1..];
            }
            for rule in &mut self.rules {
                if rule.next == Some(Some(start)) {
                    rule.next = None;
                }
            }
            if self.last != Some(start) && !self.set.is_excluded(start) && !self.is_ruled_out(start, budget)? {
                self.last = Some(start);
                return Ok(Some((start, end)));
            }
        }
    }

    fn is_ruled_out(&mut self, start: i64, budget: &mut Budget) -> Result<bool, RecurError> {
        for rule in &mut self.exrules {
            while rule.peek(budget)?.is_some_and(|out| out < start) {
                rule.next = None;
            }
            if rule.next == Some(Some(start)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

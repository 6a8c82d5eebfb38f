//! The local times that a rule gives, on a clock that never changes, in countable work.
//!
//! The crate `ical-rs` expands the rule. It takes no count of its work and gives up in silence when it has looked at a
//! million periods in vain, so that it is given pieces that are shorter than that: of rules of days and shorter periods
//! some thousands of periods, of rules of hours and shorter ones that are limited to some days only those days.

use ical::recur::expand::IcalRecurExpand;
use ical::recur::{IcalRecurDateTime, IcalRecurFreq as Freq, IcalRecurRule};

use super::{Budget, RecurError};

const DAY: i64 = 86_400;

/// Periods that are looked at at once.
const PIECE: i64 = 4096;

/// The times of a pattern, in seconds, in order.
pub(super) struct Walk {
    pattern: IcalRecurRule,
    /// A start of a period.
    base: i64,
    /// What nothing comes after.
    last: i64,
    /// From one period to the next; `None` if that is no fixed time.
    step: Option<i64>,
    /// The hours or days that the rule is limited to, and how long they are.
    gate: Option<(Box<Walk>, i64)>,
    piece: Option<IcalRecurExpand>,
    /// Where the piece ends.
    end: i64,
    /// Up to where steps are taken.
    paid: i64,
}

impl Walk {
    /// The times at or after `base`, a start of a period, and at or before `last`.
    pub fn new(pattern: &IcalRecurRule, base: i64, last: i64) -> Self {
        let unit = match pattern.freq {
            Freq::Secondly => Some(1),
            Freq::Minutely => Some(60),
            Freq::Hourly => Some(3600),
            Freq::Daily => Some(DAY),
            _ => None,
        };
        let step = unit.map(|unit| unit * i64::from(pattern.interval));
        let gate = gate(pattern, unit)
            .map(|(gate, length)| (Box::new(Walk::new(&gate, base.div_euclid(length) * length, last)), length));
        Self { pattern: pattern.clone(), base, last, step, gate, piece: None, end: base - 1, paid: base }
    }

    /// The next time.
    pub fn next(&mut self, budget: &mut Budget) -> Result<Option<i64>, RecurError> {
        loop {
            budget.take(0)?;
            if let Some(piece) = &mut self.piece {
                let next = piece.next().map(|time| time.seconds());
                let now = next.unwrap_or(self.end);
                let unit = self.step.unwrap_or(DAY * i64::from(self.pattern.interval));
                budget.take((now.saturating_sub(self.paid) / unit).max(1).unsigned_abs())?;
                self.paid = now;
                if next.is_some() {
                    return Ok(next);
                }
                self.piece = None;
            }
            if !self.begin_piece(budget)? {
                return Ok(None);
            }
        }
    }

    /// Whether there is more to look at.
    fn begin_piece(&mut self, budget: &mut Budget) -> Result<bool, RecurError> {
        if self.end >= self.last {
            return Ok(false);
        }
        let (start, end) = match (self.step, &mut self.gate) {
            // There are no million weeks until the year 9999, so it is one piece. More: the weeks of two years reach
            // into each other, which only the iterator itself gets right.
            (None, _) => (self.base, self.last),
            (Some(step), None) => {
                let start = if self.end < self.base { self.base } else { self.end + 1 };
                (start, start.saturating_add(step.saturating_mul(PIECE)) - 1)
            }
            (Some(step), Some((gate, length))) => {
                let Some(from) = gate.next(budget)? else { return Ok(false) };
                let periods = (from - self.base).max(0).unsigned_abs().div_ceil(step.unsigned_abs());
                (self.base + periods as i64 * step, from + *length - 1)
            }
        };
        (self.end, self.paid) = (end.min(self.last), start);
        if start <= self.end {
            let until = Some(IcalRecurDateTime::from_seconds(self.end));
            let pattern = IcalRecurRule { until, ..self.pattern.clone() };
            self.piece = Some(IcalRecurExpand::new(pattern, IcalRecurDateTime::from_seconds(start)));
        }
        Ok(true)
    }
}

/// The hours, or else the days, that a pattern of shorter periods is limited to, as a pattern with their length.
fn gate(pattern: &IcalRecurRule, unit: Option<i64>) -> Option<(IcalRecurRule, i64)> {
    let unit = unit.filter(|unit| *unit < DAY)?;
    let no_day = pattern.by_month.is_empty()
        && pattern.by_month_day.is_empty()
        && pattern.by_year_day.is_empty()
        && pattern.by_day.is_empty();
    let by_hour = if unit < 3600 { pattern.by_hour.clone() } else { Vec::new() };
    let (interval, length) = match (by_hour.is_empty(), no_day) {
        (false, _) => (1, 3600),
        // The pattern of days that is made here has no gate itself.
        (true, false) if unit < 3600 || pattern.interval != 24 || !pattern.by_hour.is_empty() => (24, DAY),
        _ => return None,
    };
    let gate = IcalRecurRule {
        freq: Freq::Hourly,
        interval,
        by_hour,
        by_minute: vec![0],
        by_second: vec![0],
        by_set_pos: Vec::new(),
        ..pattern.clone()
    };
    Some((gate, length))
}

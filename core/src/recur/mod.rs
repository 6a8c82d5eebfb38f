//! Recurrence: the instances of a recurring event (RFC 5545 section 3.8.5).
//!
//! - The start of the event is its first instance, whether it fits the rule or not, unless UNTIL is before it. COUNT
//!   counts what fits the rule. (RFC 5545 leaves a start that does not fit undefined; recurring-ical-events, like
//!   python-dateutil and libical of the rule alone, counts so.)
//! - Instances are as long as the event: whole days if it is all-day, the exact duration if it is timed.
//! - Rules go by the clock of the event's zone. A time that the clock skips is read with the offset before the gap, one
//!   that it shows twice is the first of the two (section 3.3.10, which says elsewhere that a skipped time is no
//!   instance; python-dateutil and recurring-ical-events keep it).
//! - UNTIL may be a date, whatever the start is, and includes that whole day. A date in EXDATE takes away all instances
//!   that start on that day; a time in EXDATE of an all-day event counts as its date, one in UTC as the nearest
//!   midnight's.
//! - A TZID that neither the calendar nor the IANA database defines is the zone of the event.
//! - A series ends with the year 9999, beyond which RFC 5545 has no dates.
//! - Where others differ: `FREQ=YEARLY;BYWEEKNO=…` without BYDAY is all seven days of those weeks, and
//!   `FREQ=YEARLY;BYMONTHDAY=…` without BYMONTH those days of all twelve months. In the table of section 3.3.10 both
//!   parts expand a year, and so python-dateutil, its ports and ical-rs read them; others take the weekday or the month
//!   from the start.
//! - Numbers in BYDAY mean nothing unless FREQ is MONTHLY or YEARLY (`-1SU` is every Sunday of a weekly rule), as for
//!   python-dateutil and libical. Other parts that the RFC forbids beside each other are read so differently that
//!   they are refused, as are RSCALE other than GREGORIAN and SKIP other than OMIT (RFC 7529).
//!
//! Work is counted in steps, see [`Budget`], and an iteration takes [`MAX_STEPS`] at most; when they are used up the
//! iteration ends with an error of [`RecurErrorKind::Limit`]. Rules without COUNT, or with one that can be worked out,
//! are not followed from their start but from just before the time that is asked for.
//!
//! [`RecurrenceSet`] says all this in plain numbers, [`Series`] of an [`Event`], and [`Expansion`] of an event together
//! with the overrides of its instances.

use crate::event::Event;
use crate::when::When;
use crate::when::civil::{US_PER_DAY, US_PER_SECOND, days_from_civil};

mod budget;
mod clock;
#[cfg(test)]
mod corpus;
mod expand;
mod ical;
mod lines;
mod occur;
mod rule;
mod set;
mod shape;
#[cfg(test)]
mod tests;
mod walk;

pub use budget::{Budget, MAX_STEPS, RecurError, RecurErrorKind};
pub use clock::{Clock, Clocks, Offsets};
pub use expand::{Between, Expansion, Occurrence, Origin, Override};
pub use ical::{clock_of, is_this_and_future, start_tzid};
pub use set::{RecurrenceSet, Starts};
use shape::Shape;

/// One instance of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// When it is.
    pub when: When,
    /// Which one it is, as in [`Event::instance`]: the UTC instant if zoned, the date if all-day, local time if
    /// floating.
    pub key: String,
}

/// A recurring event: its start and what repeats it.
#[derive(Clone, Debug)]
pub struct Series {
    set: RecurrenceSet,
    shape: Shape,
}

/// The last second of the year 9999, in microseconds.
fn last_second() -> i64 {
    days_from_civil(10_000, 1, 1) * US_PER_DAY - US_PER_SECOND
}

impl Series {
    /// The series of an event; `None` if it does not recur.
    pub fn of(event: &Event) -> Result<Option<Self>, RecurError> {
        Self::with_clocks(event, &Clocks::default())
    }

    /// The series of an event of a calendar that defines zones itself; `None` if it does not recur.
    pub fn with_clocks(event: &Event, clocks: &Clocks) -> Result<Option<Self>, RecurError> {
        let Some(lines) = event.recurrence.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        Self::read(event, lines, clocks).map(Some)
    }

    /// The series of an event with these content lines; without any it is the event alone.
    fn read(event: &Event, lines: &str, clocks: &Clocks) -> Result<Self, RecurError> {
        let shape = Shape::of(&event.when, clocks)?;
        let set = RecurrenceSet::read(lines, shape.clock.clone(), shape.first(), shape.is_all_day(), clocks)?;
        Ok(Self { set, shape })
    }

    /// The key of the first instance of an event, as that of [`Instance`]; `None` if its start is not exact.
    pub fn first_key(event: &Event) -> Option<String> {
        let shape = Shape::of(&event.when, &Clocks::default()).ok()?;
        Some(shape.key(shape.first()))
    }

    /// The set of starts.
    pub fn set(&self) -> &RecurrenceSet {
        &self.set
    }

    /// The instances that end after `lower` (microseconds like the bounds of [`When`]), in the order of their starts;
    /// `i64::MIN` = all. An error ends the iteration.
    pub fn instances(&self, lower: i64) -> Instances<'_> {
        self.instances_in(lower, MAX_STEPS, None)
    }

    /// As [`Series::instances`], also taking every step from a budget that is shared with others.
    pub fn instances_within<'a>(&'a self, lower: i64, budget: &'a mut Budget) -> Instances<'a> {
        self.instances_in(lower, MAX_STEPS, Some(budget))
    }

    fn instances_in<'a>(&'a self, lower: i64, steps: u64, shared: Option<&'a mut Budget>) -> Instances<'a> {
        let starts = self.set.starts(lower.saturating_sub(self.shape.length()));
        Instances { series: self, lower, starts, own: Budget::new(steps), shared, ended: false }
    }
}

/// The instances of a series, see [`Series::instances`].
pub struct Instances<'a> {
    series: &'a Series,
    lower: i64,
    starts: Starts<'a>,
    own: Budget,
    shared: Option<&'a mut Budget>,
    ended: bool,
}

impl Instances<'_> {
    /// The next start, with an end of its own if it has one.
    fn next_start(&mut self) -> Result<Option<(i64, Option<i64>)>, RecurError> {
        loop {
            let next = match &mut self.shared {
                None => self.starts.next(&mut self.own)?,
                Some(shared) => shared.within(&mut self.own, |budget| self.starts.next(budget))?,
            };
            let Some((start, end)) = next else { return Ok(None) };
            let latest = end.unwrap_or(start.saturating_add(self.series.shape.length()));
            if latest.max(start.saturating_add(1)) > self.lower {
                return Ok(Some((start, end)));
            }
        }
    }
}

impl Iterator for Instances<'_> {
    type Item = Result<Instance, RecurError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_start();
        self.ended = !matches!(next, Ok(Some(_)));
        let shape = &self.series.shape;
        let made = |(start, end)| Instance { when: shape.at(start, end), key: shape.key(start) };
        next.map(|next| next.map(made)).transpose()
    }
}

//! A master event, its overrides, and what becomes of both in a stretch of time (RFC 5545 sections 3.8.4.4 and 3.2.13).
//!
//! - An override takes the place of the instance that starts at its [`Event::instance`], compared by instant on the
//!   clock of the series and not by text: an instant in UTC is the same however the master writes it, local time is that
//!   of the series, a date is every instance of a timed series that starts on that day, and an instant is the day of an
//!   all-day series that it begins in the zone of the override, or else the one whose midnight in UTC it is nearest to.
//! - With RANGE=THISANDFUTURE, the instances that follow and have no override of their own are instances of the override:
//!   moved by as much as it is moved on the clock, and as long as it is. The latest such override counts, as for
//!   recurring-ical-events.
//! - An override that no instance answers to stands for itself. One that an EXDATE takes away is left out, but told.
//!
//! [`Event::instance`]: crate::event::Event::instance

use std::collections::BTreeMap;
use std::ops::Range;

use super::occur::SLACK;
use super::set::nearest_midnight;
use super::shape::plain_day;
use super::{Budget, Clock, Clocks, RecurError, Series, Shape, Starts};
use crate::event::Event;
use crate::when::civil::US_PER_DAY;
use crate::when::{Instant, When, Zone};

/// An event that stands for an instance of a series.
#[derive(Clone, Copy, Debug)]
pub struct Override<'a> {
    /// The event; its [`Event::instance`] says what it stands for.
    pub event: &'a Event,
    /// Whether it also stands for the instances that follow (RANGE=THISANDFUTURE).
    pub this_and_future: bool,
    /// The zones of its own calendar.
    pub clocks: &'a Clocks,
}

/// Where an occurrence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An instance of the master.
    Master,
    /// The override of that index, as it is.
    Override(usize),
    /// An instance that follows the override of that index, and is like it but for its time.
    Following(usize),
}

/// One event of an expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// What it is like.
    pub origin: Origin,
    /// When it is.
    pub when: When,
    /// The instance of the series that it is: its [`Event::instance`].
    pub key: String,
}

/// A series together with the overrides of its instances, which may come from other files.
pub struct Expansion<'a> {
    series: Series,
    overrides: &'a [Override<'a>],
    /// Overrides by the instant that they stand for, and by the day.
    instants: BTreeMap<i64, Vec<usize>>,
    days: BTreeMap<i64, Vec<usize>>,
    /// By the instant from which on they count.
    following: BTreeMap<i64, Following>,
    excluded: Vec<usize>,
}

/// An override that counts for what follows, too.
struct Following {
    index: usize,
    shape: Shape,
    /// The time that it stands for on the clock of the series.
    local: i64,
    /// How far it is moved.
    shift: i64,
}

/// What an override stands for.
enum Target {
    Instant(i64),
    Day(i64),
}

impl<'a> Expansion<'a> {
    /// Puts a master and overrides together. The master need not recur. What is wrong with an override is an error only
    /// if it counts for what follows: any other stands for itself.
    pub fn of(master: &Event, clocks: &Clocks, overrides: &'a [Override<'a>]) -> Result<Self, RecurError> {
        let series = Series::read(master, master.recurrence.as_deref().unwrap_or_default(), clocks)?;
        let (mut instants, mut days) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::<_, Vec<_>>::new());
        let (mut following, mut excluded) = (BTreeMap::new(), Vec::new());
        for (index, of) in overrides.iter().enumerate() {
            let Some(target) = target(&series, of.event) else { continue };
            let at = match target {
                Target::Instant(at) => {
                    instants.entry(at).or_default().push(index);
                    at
                }
                Target::Day(day) => {
                    days.entry(day).or_default().push(index);
                    // Its instance has the time of day of the series.
                    let time = series.set.local_start().rem_euclid(US_PER_DAY);
                    series.set.clock().to_utc(day.saturating_mul(US_PER_DAY).saturating_add(time))
                }
            };
            if series.set.is_excluded(at) {
                excluded.push(index);
            }
            if of.this_and_future {
                let shape = Shape::of(&of.event.when, of.clocks)?;
                let shift = shape.first().saturating_sub(at);
                following.insert(at, Following { index, local: series.set.clock().to_local(at), shift, shape });
            }
        }
        Ok(Self { series, overrides, instants, days, following, excluded })
    }

    /// The overrides that an EXDATE of the master takes away, by index: they come in no expansion.
    pub fn excluded(&self) -> &[usize] {
        &self.excluded
    }

    /// What shares time with `window` (microseconds like the bounds of [`When`]), or starts in it. First come the
    /// instances without overrides in the order of their keys, then the overrides in the order given. Every step is taken
    /// from `budget`; an error ends the iteration.
    pub fn between<'b>(&'b self, window: Range<i64>, budget: &'b mut Budget) -> Between<'b> {
        let series = &self.series;
        let slack = |at: i64| if self.following.is_empty() { at } else { at.saturating_add(2 * SLACK) };
        let mut before = series.shape.length();
        let mut after = 0;
        for following in self.following.values() {
            before = before.max(slack(following.shape.length().saturating_add(following.shift)));
            after = after.max(slack(following.shift.saturating_neg()));
        }
        Between {
            of: self,
            starts: series.set.starts(window.start.saturating_sub(before)),
            last: window.end.saturating_add(after),
            window,
            budget,
            state: State::Instances,
        }
    }

    /// The override of an instance that starts at `start`.
    fn has_override(&self, start: i64) -> bool {
        self.instants.contains_key(&start) || self.days.contains_key(&self.series.set.day(start))
    }

    fn occurrence(&self, start: i64, end: Option<i64>) -> Occurrence {
        let key = self.series.shape.key(start);
        let Some((_, following)) = self.following.range(..start).next_back() else {
            return Occurrence { origin: Origin::Master, when: self.series.shape.at(start, end), key };
        };
        let by = self.series.set.clock().to_local(start).saturating_sub(following.local);
        let shape = &following.shape;
        let by = if shape.is_all_day() { by.div_euclid(US_PER_DAY) * US_PER_DAY } else { by };
        let start = shape.clock.to_utc(shape.start.saturating_add(by));
        Occurrence { origin: Origin::Following(following.index), when: shape.at(start, None), key }
    }
}

/// What the instance of an override is to a series; `None` if it is no date or time.
fn target(series: &Series, event: &Event) -> Option<Target> {
    let text = event.instance.as_deref()?;
    let set = &series.set;
    if let Some(day) = plain_day(text) {
        return Some(if set.is_all_day() { Target::Instant(day * US_PER_DAY) } else { Target::Day(day) });
    }
    let at = Instant::parse(text, Some(&Zone::Floating)).ok()?;
    let (is_floating, us) = (at.zone == Zone::Floating, at.us);
    Some(Target::Instant(match (set.is_all_day(), is_floating) {
        (true, true) => us.div_euclid(US_PER_DAY) * US_PER_DAY,
        (true, false) => {
            let zone = event.when.zone.as_deref().and_then(Zone::parse);
            let local = zone.map(|zone| Clock::Zone(zone).to_local(us));
            local.filter(|local| local.rem_euclid(US_PER_DAY) == 0).unwrap_or_else(|| nearest_midnight(us))
        }
        (false, true) => set.clock().to_utc(us),
        (false, false) => us,
    }))
}

/// The occurrences of an expansion, see [`Expansion::between`].
pub struct Between<'b> {
    of: &'b Expansion<'b>,
    starts: Starts<'b>,
    window: Range<i64>,
    /// What no start after it can be moved into the window.
    last: i64,
    budget: &'b mut Budget,
    state: State,
}

enum State {
    Instances,
    Overrides(usize),
    Ended,
}

impl Between<'_> {
    fn next_instance(&mut self) -> Result<Option<Occurrence>, RecurError> {
        while let Some((start, end)) = self.starts.next(self.budget)? {
            if start >= self.last {
                break;
            }
            if self.of.has_override(start) {
                continue;
            }
            let occurrence = self.of.occurrence(start, end);
            if touches(&occurrence.when, &self.window) {
                return Ok(Some(occurrence));
            }
        }
        Ok(None)
    }
}

/// Whether a time shares some with a window, or starts in it; an unknown bound may be anywhere.
fn touches(when: &When, window: &Range<i64>) -> bool {
    let start = when.start_lo.unwrap_or(i64::MIN);
    let end = when.end_hi.unwrap_or(i64::MAX).max(start.saturating_add(1));
    start < window.end && end > window.start
}

impl Iterator for Between<'_> {
    type Item = Result<Occurrence, RecurError>;

    fn next(&mut self) -> Option<Self::Item> {
        if matches!(self.state, State::Instances) {
            match self.next_instance() {
                Ok(Some(occurrence)) => return Some(Ok(occurrence)),
                Ok(None) => self.state = State::Overrides(0),
                Err(error) => {
                    self.state = State::Ended;
                    return Some(Err(error));
                }
            }
        }
        while let State::Overrides(index) = self.state {
            let Some(of) = self.of.overrides.get(index) else {
                self.state = State::Ended;
                break;
            };
            self.state = State::Overrides(index + 1);
            if !self.of.excluded.contains(&index) && touches(&of.event.when, &self.window) {
                let key = of.event.instance.clone().unwrap_or_default();
                return Some(Ok(Occurrence { origin: Origin::Override(index), when: of.event.when.clone(), key }));
            }
        }
        None
    }
}

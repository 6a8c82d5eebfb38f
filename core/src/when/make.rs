//! Making a [`When`] from parts that are already known.

use chrono::{Datelike, NaiveDate};

use super::civil::{US_PER_SECOND, civil_from_days, days_from_civil, in_range, lower_bound, upper_bound};
use super::instant::{Instant, day_text};
use super::parse::{Bounds, exclusive, tighten};
use super::refuse::quote;
use super::unit::Unit;
use super::zone::Zone;
use super::{Extent, Precision, When, WhenError};

impl When {
    /// No date at all: every bound is unknown.
    pub fn undated() -> When {
        When::default()
    }

    /// Whether there is any date.
    pub fn is_dated(&self) -> bool {
        self.edtf.is_some()
    }

    /// Whether the time is wall-clock time without a zone. A date has no zone but is not floating.
    pub fn is_floating(&self) -> bool {
        self.zone.as_deref() == Some("floating")
    }

    /// The exact moment: it ends one microsecond after it starts.
    pub fn instant(at: Instant) -> When {
        let end = at.us.saturating_add(1);
        When {
            edtf: Some(at.to_text()),
            start_lo: Some(at.us),
            start_hi: Some(at.us),
            end_lo: Some(end),
            end_hi: Some(end),
            start_nanos: at.nanos,
            precision: at.precision,
            zone: Some(at.zone.name()),
            ..When::default()
        }
    }

    /// From `start` until just before `end`, exact, throughout. An end that is not after the start gives the instant
    /// `start`; an end within a microsecond ends with that microsecond. Where only one of them has a zone, a floating
    /// end is read in the zone of the start, and the end of a floating start by its own clock.
    pub fn span(start: Instant, mut end: Instant) -> When {
        match (start.zone == Zone::Floating, end.zone == Zone::Floating) {
            (false, true) => (end.us, end.zone) = (start.zone.to_utc(end.us), start.zone),
            (true, false) => {
                end.us += i64::from(end.zone.offset_at(end.us)) * US_PER_SECOND;
                end.zone = Zone::Floating;
            }
            _ => {}
        }
        let end_us = exclusive(&end);
        if (end.us, end.nanos) <= (start.us, start.nanos) {
            return When::instant(start);
        }
        let (zone, end_zone) = (start.zone.name(), end.zone.name());
        When {
            edtf: Some(format!("{}/{}", start.to_text(), end.to_text())),
            end_lo: Some(end_us),
            end_hi: Some(end_us),
            extent: Extent::Throughout,
            end_zone: (end_zone != zone).then_some(end_zone),
            ..When::instant(start)
        }
    }

    /// Until `end`, exact; since when is unknown (a to-do of RFC 5545 with DUE only).
    pub fn until(end: Instant) -> When {
        let end_us = exclusive(&end);
        When {
            edtf: Some(format!("/{}", end.to_text())),
            end_lo: Some(end_us),
            end_hi: Some(end_us),
            extent: Extent::Throughout,
            precision: end.precision,
            zone: Some(end.zone.name()),
            ..When::default()
        }
    }

    /// The whole days from `first` to `last` (RFC 5545 DATE): exact bounds, throughout. A `last` before `first` counts
    /// as `first`.
    pub fn all_day(first: NaiveDate, last: NaiveDate) -> When {
        let days = |date: NaiveDate| days_from_civil(date.year().into(), date.month(), date.day());
        let (first, last) = (days(first), days(last.max(first)));
        let (lo, hi) = (lower_bound(first), upper_bound(last + 1));
        let edtf = if first == last { day_edtf(first) } else { format!("{}/{}", day_edtf(first), day_edtf(last)) };
        When {
            edtf: Some(edtf),
            start_lo: Some(lo),
            start_hi: Some(upper_bound(first)),
            end_lo: Some(lower_bound(last + 1)),
            end_hi: Some(hi),
            extent: Extent::Throughout,
            precision: Precision::Day,
            ..When::default()
        }
    }

    /// A single dated unit as lasting throughout it, with its exact bounds: `1914` from 1 January to 31 December.
    ///
    /// Does nothing where there is no such unit: intervals, instants, undated, one of several (`[1914,1916]`), masks
    /// that are no stretch of time (`1985-XX-25`), significant digits (`1950S2`).
    pub fn throughout(self) -> When {
        let unit = self.edtf.as_deref().and_then(|text| Unit::parse(text).ok().flatten());
        match unit {
            Some(unit) if unit.whole => When {
                // A lower bound that is saturated or open says nothing about the latest start, and so for the end.
                start_hi: if in_range(unit.lo) { Some(unit.lo) } else { self.start_hi },
                end_lo: if in_range(unit.hi) { Some(unit.hi) } else { self.end_lo },
                start_lo: Some(unit.lo),
                end_hi: Some(unit.hi),
                extent: Extent::Throughout,
                ..self
            },
            _ => self,
        }
    }

    /// The four bounds `start_lo start_hi end_lo end_hi`, as in the fields.
    pub fn bounds(&self) -> [Option<i64>; 4] {
        [self.start_lo, self.start_hi, self.end_lo, self.end_hi]
    }

    /// Narrows the bounds to those given (microseconds like the fields; `None` keeps what is there) and tightens
    /// them. Refused if they contradict the date or one another.
    pub fn with_bounds(self, bounds: [Option<i64>; 4]) -> Result<When, WhenError> {
        let [start_lo, start_hi, end_lo, end_hi] = self.bounds();
        let both = |a: Option<i64>, b: Option<i64>, choose: fn(i64, i64) -> i64| match (a, b) {
            (Some(a), Some(b)) => Some(choose(a, b)),
            (a, b) => a.or(b),
        };
        let narrowed: Bounds = [
            both(start_lo, bounds[0], i64::max),
            both(start_hi, bounds[1], i64::min),
            both(end_lo, bounds[2], i64::max),
            both(end_hi, bounds[3], i64::min),
        ];
        let Some([start_lo, start_hi, end_lo, end_hi]) = tighten(narrowed) else {
            let list = bounds.map(|bound| self.bound_text(bound).unwrap_or("unknown".to_string()));
            let [a, b, c, d] = list;
            let bounds = format!("start {a} to {b}, end {c} to {d}");
            return Err(match &self.edtf {
                Some(edtf) => WhenError::new(format!("{}: the bounds contradict it: {bounds}", quote(edtf)))
                    .hint("leave the bounds out, or correct the date"),
                None => WhenError::new(format!("the bounds contradict one another: {bounds}")),
            });
        };
        Ok(When { start_lo, start_hi, end_lo, end_hi, ..self })
    }
}

/// A day as EDTF, which has no days outside the years ±9999: there the year alone.
fn day_edtf(days: i64) -> String {
    let (year, ..) = civil_from_days(days);
    if year.abs() <= 9999 { day_text(days) } else { format!("Y{year}") }
}

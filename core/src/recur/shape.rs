//! From the time of an event to numbers, and from the start of an instance back to a time.

use super::lines::{Stamp, shown, stamp};
use super::{Clock, Clocks, RecurError, last_second};
use crate::when::civil::{US_PER_DAY, days_from_civil};
use crate::when::instant::day_text;
use crate::when::{Instant, Precision, When, Zone};

/// What makes a [`When`] of a start.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub clock: Clock,
    /// What the clock shows at the start: local microseconds.
    pub start: i64,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Days(When),
    Timed { when: Box<When>, start: Instant, end: Option<Instant> },
}

impl Shape {
    /// Whether times are days, and on which clock they start.
    pub fn of(when: &When, clocks: &Clocks) -> Result<Self, RecurError> {
        let vague = || {
            let edtf = when.edtf.as_deref().map_or("no date".to_owned(), shown);
            RecurError::new(format!("a series needs a day or a time to start at, not {edtf}"))
        };
        let shape = match when.zone.as_deref() {
            None => {
                let day = when.start_text().and_then(|text| plain_day(&text)).ok_or_else(vague)?;
                let end = when.end_text();
                if end.is_some_and(|end| plain_day(&end).is_none()) || when.start_lo.is_none() || when.end_hi.is_none()
                {
                    return Err(vague());
                }
                let kind = Kind::Days(When { said: None, ..when.clone() });
                Self { clock: Zone::Floating.into(), start: day * US_PER_DAY, kind }
            }
            Some(name) => {
                let zone = Zone::parse(name).ok_or_else(|| RecurError::new(format!("`{name}` is no zone")))?;
                let text = when.start_text();
                let start = text.and_then(|text| Instant::parse(&text, Some(&zone)).ok()).ok_or_else(vague)?;
                let start = Instant { zone, ..start };
                let end_zone = when.end_zone.as_deref().and_then(Zone::parse).unwrap_or(zone);
                let (end, exact) = match when.end_text() {
                    Some(text) => {
                        let end = Instant::parse(&text, Some(&end_zone)).map_err(|_| vague())?;
                        let exact = when.end_lo.is_some() && when.end_lo == when.end_hi;
                        (Some(Instant { zone: end_zone, ..end }), exact)
                    }
                    None => (None, when.edtf.as_deref().is_some_and(|edtf| !edtf.contains('/'))),
                };
                if !exact || when.start_lo != Some(start.us) || when.start_hi != Some(start.us) {
                    return Err(vague());
                }
                let clock = clocks.own.clone().unwrap_or(Clock::Zone(zone));
                let when = Box::new(When { said: None, ..when.clone() });
                Self { start: clock.to_local(start.us), clock, kind: Kind::Timed { when, start, end } }
            }
        };
        if (days_from_civil(1, 1, 1) * US_PER_DAY..=last_second()).contains(&shape.start) {
            Ok(shape)
        } else {
            Err(RecurError::new("a series starts in the years 1 to 9999"))
        }
    }

    pub fn is_all_day(&self) -> bool {
        matches!(self.kind, Kind::Days(_))
    }

    /// The start as the bounds of a [`When`] have it.
    pub fn first(&self) -> i64 {
        match &self.kind {
            Kind::Days(_) => self.start,
            Kind::Timed { start, .. } => start.us,
        }
    }

    /// From the start to the latest end.
    pub fn length(&self) -> i64 {
        let end = match &self.kind {
            Kind::Days(when) => when.end_hi.unwrap_or(i64::MAX),
            Kind::Timed { end, .. } => end.map_or(self.first(), |end| end.us),
        };
        end.saturating_sub(self.first()).max(1)
    }

    /// The time that starts at `start`, with an end of its own if it has one.
    pub fn at(&self, start: i64, end: Option<i64>) -> When {
        match &self.kind {
            Kind::Days(when) => {
                let by = start - self.start;
                let shift =
                    |bound: Option<i64>| bound.map(|us| if us == i64::MAX { us } else { us.saturating_add(by) });
                let edtf = when.edtf.as_deref().unwrap_or_default().split('/').map(|side| {
                    let day = plain_day(side).unwrap_or_default() + by.div_euclid(US_PER_DAY);
                    format!("{}{}", day_text(day), side.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit()))
                });
                When {
                    edtf: Some(edtf.collect::<Vec<_>>().join("/")),
                    start_lo: shift(when.start_lo),
                    start_hi: shift(when.start_hi),
                    end_lo: shift(when.end_lo),
                    end_hi: shift(when.end_hi),
                    ..when.clone()
                }
            }
            Kind::Timed { when, start: first, end: last } => {
                // A zone of the calendar's own is written as the offset that it has then.
                let zone_at = |us: i64, zone: Zone| match &self.clock {
                    clock @ Clock::Table(_) if zone == first.zone => clock.zone_at(us),
                    _ => zone,
                };
                let from = Instant { us: start, zone: zone_at(start, first.zone), ..*first };
                let until = match (end, last) {
                    (Some(us), last) => {
                        let zone = zone_at(us, last.map_or(first.zone, |last| last.zone));
                        Some(Instant { us, nanos: 0, precision: Precision::Second, zone })
                    }
                    (None, Some(last)) => {
                        let us = start.saturating_add(last.us - first.us);
                        Some(Instant { us, zone: zone_at(us, last.zone), ..*last })
                    }
                    (None, None) => None,
                };
                let made = until.map_or_else(|| When::instant(from), |until| When::span(from, until));
                let extent = if end.is_some() { made.extent } else { when.extent };
                let (precision, qualifier, part) = (when.precision, when.qualifier, when.part);
                When { extent, precision, qualifier, part, ..made }
            }
        }
    }

    /// What an instance that starts at `start` is called in [`crate::event::Event::instance`].
    pub fn key(&self, start: i64) -> String {
        match &self.kind {
            Kind::Days(_) => day_text(start.div_euclid(US_PER_DAY)),
            Kind::Timed { start: first, .. } => {
                let zone = if self.clock.is_floating() { Zone::Floating } else { Zone::Utc };
                Instant { us: start, zone, ..*first }.to_text()
            }
        }
    }
}

/// Days since 1970 of `2025-09-10`, which may be qualified.
pub(super) fn plain_day(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['?', '~', '%']);
    let digits: String = text.split('-').collect();
    let plain = text.len() == 10 && digits.len() == 8;
    match stamp(&digits).filter(|_| plain)? {
        Stamp::Day(day) => Some(day),
        _ => None,
    }
}

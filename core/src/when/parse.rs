//! Reading EDTF levels 0-2, instants, and intervals of either.

use edtf_core::{Edtf, Set, SetElement, SetKind};

use super::civil::in_range;
use super::instant::{Instant, looks_like_instant};
use super::refuse::{ends_early, not_edtf, quote};
use super::unit::{Unit, qualifier};
use super::zone::Zone;
use super::{Extent, Precision, Qualifier, When, WhenError};

/// The four bounds: `start_lo start_hi end_lo end_hi`.
pub(super) type Bounds = [Option<i64>; 4];

impl When {
    /// Reads EDTF (levels 0-2), an instant, an interval of either (`A/B`, `../B`, `A/..`, `A/`, `/B`, also `A..B`,
    /// `A..`, `..B`) or a set (`[A,B]`, `{A..B}`). `zone` is the zone of times that give none.
    ///
    /// - A date is a moment somewhere in its unit; `[…]` is a moment somewhere between its first and last member.
    /// - `A/B` lasts throughout, from somewhere in A to somewhere in B; dates include their whole unit, an instant as
    ///   the end is exclusive. `{…}` likewise, from its first to its last member.
    /// - `..` is open: the other end limits it, nothing else. An empty end is unknown.
    /// - A date beside a zoned instant is a date in that instant's zone; an end without offset takes the start's
    ///   (ISO 8601-1 on time intervals).
    pub fn parse(text: &str, zone: Option<&Zone>) -> Result<When, WhenError> {
        if text.starts_with(['[', '{']) {
            return match Edtf::parse(text) {
                Ok(Edtf::Set(set)) => Ok(of_set(&set)),
                Ok(_) => Err(not_edtf(text, "not a set")),
                Err(error) => Err(not_edtf(text, error.message)),
            };
        }
        if let Some((start, end)) = text.split_once('/') {
            return interval(start, end, text, zone);
        }
        if let Some((start, end)) = text.split_once("..") {
            let or_open = |half: &str| if half.is_empty() { ".." } else { half }.to_string();
            return interval(&or_open(start), &or_open(end), text, zone);
        }
        if looks_like_instant(text) {
            return Ok(When::instant(Instant::parse(text, zone)?));
        }
        Ok(of_unit(unit(text)?))
    }

    /// Reads a start and an end as people write them, each an EDTF date or an instant (or `..`). Missing or empty ones:
    /// only a start is read as [`When::parse`] does, only an end has an unknown start, none is undated.
    pub fn between(start: Option<&str>, end: Option<&str>, zone: Option<&Zone>) -> Result<When, WhenError> {
        let start = start.filter(|text| !text.is_empty());
        let end = end.filter(|text| !text.is_empty());
        match (start, end) {
            (None, None) => Ok(When::undated()),
            (Some(start), None) => When::parse(start, zone),
            (start, Some(end)) => {
                for text in [start, Some(end)].into_iter().flatten() {
                    if text.contains('/') || text.starts_with(['[', '{']) {
                        let error = WhenError::new(format!("{}: a start or end is one date", quote(text)));
                        return Err(error.hint("give an interval or a set alone, as when"));
                    }
                }
                let start = start.unwrap_or("");
                interval(start, end, &format!("{start}/{end}"), zone)
            }
        }
    }
}

/// One end of an interval.
enum Side {
    Unknown,
    Open,
    /// A date; `open` if it only limits this side (`..2004` as a start, `2004..` as an end).
    Date {
        unit: Unit,
        open: bool,
    },
    At(Instant),
}

impl Side {
    fn start(text: &str, zone: Option<&Zone>) -> Result<Side, WhenError> {
        let rest = text.strip_prefix("..").filter(|rest| !rest.is_empty());
        Side::of(rest.unwrap_or(text), rest.is_some(), zone)
    }

    fn end(text: &str, zone: Option<&Zone>) -> Result<Side, WhenError> {
        let rest = text.strip_suffix("..").filter(|rest| !rest.is_empty());
        Side::of(rest.unwrap_or(text), rest.is_some(), zone)
    }

    fn of(text: &str, open: bool, zone: Option<&Zone>) -> Result<Side, WhenError> {
        match text {
            "" => Ok(Side::Unknown),
            ".." => Ok(Side::Open),
            _ if !open && looks_like_instant(text) => Instant::parse(text, zone).map(Side::At),
            _ => Ok(Side::Date { unit: unit(text)?, open }),
        }
    }

    fn precision(&self) -> Option<Precision> {
        match self {
            Side::Unknown | Side::Open => None,
            Side::Date { unit, .. } => Some(unit.precision),
            Side::At(instant) => Some(instant.precision),
        }
    }

    fn qualifier(&self) -> Qualifier {
        match self {
            Side::Date { unit, .. } => unit.qualifier,
            _ => Qualifier::None,
        }
    }

    fn zone(&self) -> Option<Zone> {
        match self {
            Side::At(instant) => Some(instant.zone),
            _ => None,
        }
    }

    /// Moves a date from as-if-UTC to the zone of the other end.
    fn put_into(&mut self, zone: Zone) {
        if let Side::Date { unit, .. } = self {
            // A bound at the limit is saturated, not a real midnight.
            let is_real = |us: i64| in_range(us) && in_range(before(us));
            let shift = |us: i64| if is_real(us) { zone.to_utc(us) } else { us };
            (unit.lo, unit.hi) = (shift(unit.lo), shift(unit.hi));
        }
    }
}

fn unit(text: &str) -> Result<Unit, WhenError> {
    match Unit::parse(text) {
        Ok(Some(unit)) => Ok(unit),
        Ok(None) => Err(not_edtf(text, "not a date")),
        Err(error) => Err(not_edtf(text, error.message)),
    }
}

fn of_unit(unit: Unit) -> When {
    When {
        start_lo: Some(unit.lo),
        start_hi: Some(before(unit.hi)),
        end_lo: Some(after(unit.lo)),
        end_hi: Some(unit.hi),
        precision: unit.precision,
        qualifier: unit.qualifier,
        edtf: Some(unit.text),
        ..When::default()
    }
}

fn of_set(set: &Set) -> When {
    // (lo, hi) of each member, and how far it is known.
    let mut members = Vec::with_capacity(set.elements.len());
    for element in &set.elements {
        let (first, last) = match element {
            SetElement::Date(date) | SetElement::OnOrBefore(date) | SetElement::OnOrAfter(date) => (date, date),
            SetElement::Range(first, last) => (first, last),
        };
        let (first, last) = (Unit::of(first), Unit::of(last));
        let open_start = matches!(element, SetElement::OnOrBefore(_));
        let open_end = matches!(element, SetElement::OnOrAfter(_));
        let range = matches!(element, SetElement::Range(..));
        if range && set.kind == SetKind::AllMembers {
            members.push((first.lo, first.hi, first.precision));
            members.push((last.lo, last.hi, last.precision));
        } else {
            let lo = if open_start { i64::MIN } else { first.lo };
            let hi = if open_end { i64::MAX } else { last.hi };
            members.push((lo, hi, first.precision.max(last.precision)));
        }
    }
    let lo = members.iter().map(|(lo, ..)| *lo).min();
    let hi = members.iter().map(|(_, hi, _)| *hi).max();
    // All members: the start lies in the member that comes first, the end in the one that comes last.
    let all = set.kind == SetKind::AllMembers;
    let first_hi = if all { members.iter().map(|(_, hi, _)| *hi).min() } else { hi };
    let last_lo = if all { members.iter().map(|(lo, ..)| *lo).max() } else { lo };
    let edtf = Edtf::Set(set.clone());
    When {
        start_lo: lo,
        start_hi: first_hi.map(before),
        end_lo: last_lo.map(after),
        end_hi: hi,
        extent: if all && members.len() > 1 { Extent::Throughout } else { Extent::Moment },
        precision: members.iter().map(|(.., precision)| *precision).max().unwrap_or_default(),
        qualifier: qualifier(edtf.is_uncertain(), edtf.is_approximate()),
        edtf: Some(edtf.to_string()),
        ..When::default()
    }
}

/// An interval from its two halves; `text` is the whole of it.
fn interval(start: &str, end: &str, text: &str, zone: Option<&Zone>) -> Result<When, WhenError> {
    if end.contains('/') {
        return Err(not_edtf(text, "more than one `/`"));
    }
    let (mut first, mut last) = (Side::start(start, zone)?, Side::end(end, zone)?);
    match (&mut first, &mut last) {
        (Side::Unknown | Side::Open, Side::Unknown | Side::Open) => {
            return Err(not_edtf(text, "neither end has a date"));
        }
        (Side::At(first), Side::At(last)) => {
            match (first.zone, last.zone) {
                (Zone::Floating, Zone::Floating) => {}
                (Zone::Floating, _) => {
                    let error = WhenError::new(format!("{}: only the end has an offset", quote(text)));
                    return Err(error.hint("give the start an offset too, or a zone for both"));
                }
                (zone, Zone::Floating) => {
                    last.us = zone.to_utc(last.us);
                    last.zone = zone;
                }
                _ => {}
            }
            if (last.us, last.nanos) < (first.us, first.nanos) {
                return Err(ends_early(start, end));
            }
            return Ok(When::span(*first, *last));
        }
        (Side::Date { unit: first, .. }, Side::Date { unit: last, .. }) => {
            // The order of years beyond the limit, which our bounds no longer show.
            let dates = Edtf::parse(&format!("{}/{}", first.text, last.text));
            if dates.is_err() && !start.starts_with("..") && !end.ends_with("..") {
                return Err(ends_early(start, end));
            }
        }
        (Side::At(instant), date) | (date, Side::At(instant)) => date.put_into(instant.zone),
        _ => {}
    }
    of_sides(&first, &last).ok_or_else(|| ends_early(start, end))
}

/// `None` if the end is before the start.
fn of_sides(first: &Side, last: &Side) -> Option<When> {
    let (start_lo, start_hi) = match first {
        Side::Unknown => (None, None),
        Side::Open => (Some(i64::MIN), Some(i64::MAX)),
        Side::Date { unit, open } => (Some(if *open { i64::MIN } else { unit.lo }), Some(before(unit.hi))),
        Side::At(instant) => (Some(instant.us), Some(instant.us)),
    };
    let (end_lo, end_hi) = match last {
        Side::Unknown => (None, None),
        Side::Open => (Some(i64::MIN), Some(i64::MAX)),
        Side::Date { unit, open } => (Some(after(unit.lo)), Some(if *open { i64::MAX } else { unit.hi })),
        Side::At(instant) => (Some(exclusive(instant)), Some(exclusive(instant))),
    };
    let [start_lo, start_hi, end_lo, end_hi] = tighten([start_lo, start_hi, end_lo, end_hi])?;
    let start_nanos = match first {
        Side::At(instant) => instant.nanos,
        _ => 0,
    };
    let (a, b) = (first.qualifier(), last.qualifier());
    let has = |qualifier| [a, b].iter().any(|q| *q == qualifier || *q == Qualifier::Both);
    Some(When {
        edtf: Some(format!("{}/{}", side_text(first, true), side_text(last, false))),
        start_lo,
        start_hi,
        end_lo,
        end_hi,
        start_nanos,
        extent: Extent::Throughout,
        precision: first.precision().or(last.precision()).unwrap_or_default(),
        qualifier: qualifier(has(Qualifier::Uncertain), has(Qualifier::Approximate)),
        zone: first.zone().or(last.zone()).map(|zone| zone.name()),
        ..When::default()
    })
}

fn side_text(side: &Side, is_start: bool) -> String {
    match side {
        Side::Unknown => String::new(),
        Side::Open => "..".to_string(),
        Side::Date { unit, open: true } if is_start => format!("..{}", unit.text),
        Side::Date { unit, open: true } => format!("{}..", unit.text),
        Side::Date { unit, open: false } => unit.text.clone(),
        Side::At(instant) => instant.to_text(),
    }
}

/// An instant as an exclusive end: nanoseconds below it still belong to the event.
pub(super) fn exclusive(instant: &Instant) -> i64 {
    instant.us.saturating_add(i64::from(instant.nanos > 0))
}

/// The last microsecond before a bound; an open bound stays open.
pub(super) fn before(hi: i64) -> i64 {
    if hi == i64::MAX { hi } else { hi.saturating_sub(1) }
}

/// The first microsecond after a bound; an open bound stays open.
pub(super) fn after(lo: i64) -> i64 {
    if lo == i64::MIN { lo } else { lo.saturating_add(1) }
}

/// Tightens bounds so that each start has an end after it and each end a start before it; `None` if no pair fits.
pub(super) fn tighten([start_lo, start_hi, end_lo, end_hi]: Bounds) -> Option<Bounds> {
    let start_hi = match (start_hi, end_hi) {
        (Some(start), Some(end)) => Some(start.min(before(end))),
        _ => start_hi,
    };
    let end_lo = match (end_lo, start_lo) {
        (Some(end), Some(start)) => Some(end.max(after(start))),
        _ => end_lo,
    };
    let ordered = |lo: Option<i64>, hi: Option<i64>| lo.zip(hi).is_none_or(|(lo, hi)| lo <= hi);
    let fits = ordered(start_lo, start_hi) && ordered(end_lo, end_hi) && ordered(start_lo.map(after), end_hi);
    fits.then_some([start_lo, start_hi, end_lo, end_hi])
}

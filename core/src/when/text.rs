//! Writing a [`When`] as people and files write it, and reading its bounds back.

use super::civil::{US_PER_DAY, YEAR_LIMIT, days_from_civil, in_range};
use super::instant::{Instant, clock_text, looks_like_instant};
use super::refuse::{beyond_limit, quote};
use super::zone::Zone;
use super::{When, WhenError};

/// Which side of a range a bound is, and with it what `..` means there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// `start_lo` or `end_lo`: `..` is the beginning of time, `i64::MIN`.
    Lo,
    /// `start_hi` or `end_hi`: `..` is the end of time, `i64::MAX`.
    Hi,
}

impl When {
    /// The start as a person would write it: the first half of an interval, else the whole. `..` if open, `None` if
    /// unknown or undated.
    pub fn start_text(&self) -> Option<String> {
        let edtf = self.edtf.as_deref()?;
        let start = edtf.split_once('/').map_or(edtf, |(start, _)| start);
        (!start.is_empty()).then(|| start.to_string())
    }

    /// The end as a person would write it: the second half of an interval. `..` if open, `None` if there is none or
    /// it is unknown.
    pub fn end_text(&self) -> Option<String> {
        let (_, end) = self.edtf.as_deref()?.split_once('/')?;
        (!end.is_empty()).then(|| end.to_string())
    }

    /// A bound of this time as RFC 3339, fraction trimmed: `Z` if zoned, no offset if floating or a date; `..` if open
    /// and `None` if unknown. Years beyond 0-9999 have a sign.
    pub fn bound_text(&self, us: Option<i64>) -> Option<String> {
        Some(bound_text(us?, if self.is_zoned() { "Z" } else { "" }))
    }

    /// Reads what [`When::bound_text`] writes. A time without offset is taken as UTC if this time is zoned; one with
    /// an offset is refused if it is not.
    pub fn parse_bound(&self, text: &str, edge: Edge) -> Result<i64, WhenError> {
        if text == ".." {
            return Ok(match edge {
                Edge::Lo => i64::MIN,
                Edge::Hi => i64::MAX,
            });
        }
        if !looks_like_instant(text) {
            let error = WhenError::new(format!("{}: a bound is a date with a time, or ..", quote(text)));
            return Err(error.hint("write a bound such as 2025-09-10T10:00:00"));
        }
        let instant = match saturated(text) {
            Some(us) => return Ok(us),
            None => Instant::parse(text, None)?,
        };
        if !self.is_zoned() && instant.zone != Zone::Floating {
            let error = WhenError::new(format!("{}: an offset, but the time has no zone", quote(text)));
            return Err(error.hint("leave out the offset, or give the event a zone"));
        }
        // A bound counts microseconds: what is below one moves it outward.
        let below = edge == Edge::Hi && instant.nanos > 0;
        let us = instant.us.saturating_add(i64::from(below));
        Some(us).filter(|us| in_range(*us)).ok_or_else(|| beyond_limit(text))
    }

    fn is_zoned(&self) -> bool {
        self.zone.is_some() && !self.is_floating()
    }
}

/// Microseconds as RFC 3339 with `shift` at the end, or `..` if open.
pub(super) fn bound_text(us: i64, shift: &str) -> String {
    match us {
        i64::MIN | i64::MAX => "..".to_string(),
        _ => format!("{}{shift}", clock_text(us.into(), 0)),
    }
}

/// Bounds at the limit of the years, and one microsecond off it, which are no instants that a source may give.
fn saturated(text: &str) -> Option<i64> {
    let (first, last) = (days_from_civil(-YEAR_LIMIT, 1, 1), days_from_civil(YEAR_LIMIT + 1, 1, 1));
    let edges = [first * US_PER_DAY - 1, last * US_PER_DAY, last * US_PER_DAY + 1];
    let text = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    edges.into_iter().find(|us| bound_text(*us, "") == text)
}

//! One EDTF date as a stretch of time: a day, a season, a year, `199X` (ISO 8601-2).

use edtf_core::{Bound, BoundDate, Date, DateField, Edtf, ParseError, YearKind};

use super::civil::{days_from_civil, lower_bound, upper_bound};
use super::{Precision, Qualifier};

/// An EDTF date with its bounds. Masks bound to the full set; `?`, `~` and `%` never move bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// The canonical spelling.
    pub text: String,
    /// First microsecond, as if UTC.
    pub lo: i64,
    /// First microsecond after it.
    pub hi: i64,
    /// How far the date is known.
    pub precision: Precision,
    /// Uncertain, approximate, both.
    pub qualifier: Qualifier,
    /// Whether the bounds are the unit itself, not the hull of a mask such as `1985-XX-25`.
    pub whole: bool,
}

impl Unit {
    /// Reads an EDTF date without time; `None` in `Ok` if it is EDTF of another kind.
    pub fn parse(text: &str) -> Result<Option<Unit>, ParseError> {
        Ok(match Edtf::parse(text)? {
            Edtf::Date(date) => Some(Unit::of(&date)),
            _ => None,
        })
    }

    /// The stretch of time that a date covers.
    ///
    /// The seasons of `edtf-core` are the meteorological ones wanted here: 21 and 25 spring March-May, 24 and 28
    /// winter from December to the February after; 29-32 the same from the southern spring on; 33-36 quarters, 37-39
    /// quadrimesters, 40-41 half-years.
    pub fn of(date: &Date) -> Unit {
        let bounds = Edtf::Date(*date).bounds();
        let first = |day: BoundDate| days_from_civil(day.year, day.month.into(), day.day.into());
        let (lo, hi) = match (bounds.earliest, bounds.latest) {
            (Bound::Date(earliest), Bound::Date(latest)) => (first(earliest), first(latest).saturating_add(1)),
            // Years that do not fit a number lie far past the limit: only their side of it is known.
            _ if is_negative(&date.year.kind) => (i64::MIN, i64::MIN),
            _ => (i64::MAX, i64::MAX),
        };
        Unit {
            text: date.to_string(),
            lo: lower_bound(lo),
            hi: upper_bound(hi),
            precision: precision(date),
            qualifier: qualifier(date.is_uncertain(), date.is_approximate()),
            whole: is_whole(date),
        }
    }
}

/// `?` and `~` of an expression as one value.
pub(super) fn qualifier(uncertain: bool, approximate: bool) -> Qualifier {
    match (uncertain, approximate) {
        (false, false) => Qualifier::None,
        (true, false) => Qualifier::Uncertain,
        (false, true) => Qualifier::Approximate,
        (true, true) => Qualifier::Both,
    }
}

fn is_negative(year: &YearKind) -> bool {
    match year {
        YearKind::Standard { negative, .. } => *negative,
        YearKind::Big { value } => *value < 0,
        YearKind::Exponential { significand, .. } => *significand < 0,
    }
}

/// The unit in which a date is known. An unknown digit makes it the unit around that digit: `1985-XX-25` is known to
/// the year, `15XX-12-25` to the century.
fn precision(date: &Date) -> Precision {
    if let Some(unknown) = unknown_year_digits(date) {
        return match unknown {
            1 => Precision::Decade,
            2 => Precision::Century,
            _ => Precision::Millennium,
        };
    }
    match (&date.month, &date.day) {
        (Some(month), _) if month.has_unspecified() => Precision::Year,
        (Some(_), Some(day)) if day.has_unspecified() => Precision::Month,
        (Some(_), Some(_)) => Precision::Day,
        (Some(month), None) if month.value().is_some_and(|code| code > 12) => Precision::Season,
        (Some(_), None) => Precision::Month,
        _ => Precision::Year,
    }
}

/// How many final digits of the year are open, by a mask (`19XX`) or by significant digits (`1950S2`).
fn unknown_year_digits(date: &Date) -> Option<u32> {
    if let YearKind::Standard { digits, .. } = date.year.kind
        && let Some(first) = digits.iter().position(Option::is_none)
    {
        return Some(4 - first as u32);
    }
    let digits = match date.year.kind {
        YearKind::Standard { .. } => 4,
        YearKind::Big { value } => value.unsigned_abs().to_string().len() as u32,
        YearKind::Exponential { significand, exponent } => {
            significand.unsigned_abs().to_string().len() as u32 + exponent
        }
    };
    date.year.significant_digits.map(|known| digits.saturating_sub(known)).filter(|unknown| *unknown > 0)
}

/// Whether a date is one stretch of time: no mask, or only masks up to its end (`19XX`, `1985-XX`, `1985-XX-XX`).
fn is_whole(date: &Date) -> bool {
    if date.year.significant_digits.is_some() {
        return false;
    }
    let mut digits: Vec<Option<u8>> = match date.year.kind {
        YearKind::Standard { digits, .. } => digits.to_vec(),
        _ => vec![Some(0)],
    };
    let year_digits = digits.len();
    for DateField { digits: pair, .. } in date.month.iter().chain(&date.day) {
        digits.extend(pair);
    }
    let Some(first) = digits.iter().position(Option::is_none) else { return true };
    // A field masked by half (`2016-05-1X`) is a stretch too, but no unit of the calendar.
    digits[first..].iter().all(Option::is_none) && (first < year_digits || (first - year_digits).is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::super::text::bound_text;
    use super::*;

    fn check(input: &str, expected: &str) {
        let unit = Unit::parse(input).unwrap().unwrap();
        let date = |us| bound_text(us, "").replace("T00:00:00", "");
        let whole = if unit.whole { "" } else { " hull" };
        let got = format!("{} {} {:?}{whole}", date(unit.lo), date(unit.hi), unit.precision);
        assert_eq!(got, expected, "{input}");
    }

    #[test]
    fn units() {
        check("2025-09-10", "2025-09-10 2025-09-11 Day");
        check("2024-02", "2024-02-01 2024-03-01 Month");
        check("1985", "1985-01-01 1986-01-01 Year");
        check("1985?", "1985-01-01 1986-01-01 Year");
        check("2004-06~-11", "2004-06-11 2004-06-12 Day");
        check("-0043-03-15", "-0043-03-15 -0043-03-16 Day");
        check("0000", "0000-01-01 0001-01-01 Year");
    }

    #[test]
    fn seasons_are_meteorological() {
        check("2025-21", "2025-03-01 2025-06-01 Season");
        check("2025-22", "2025-06-01 2025-09-01 Season");
        check("2025-23", "2025-09-01 2025-12-01 Season");
        check("2023-24", "2023-12-01 2024-03-01 Season");
        check("2025-25", "2025-03-01 2025-06-01 Season");
        check("2025-28", "2025-12-01 2026-03-01 Season");
        check("2025-29", "2025-09-01 2025-12-01 Season");
        check("2025-30", "2025-12-01 2026-03-01 Season");
        check("2025-31", "2025-03-01 2025-06-01 Season");
        check("2025-32", "2025-06-01 2025-09-01 Season");
        check("2025-33", "2025-01-01 2025-04-01 Season");
        check("2025-36", "2025-10-01 2026-01-01 Season");
        check("2025-37", "2025-01-01 2025-05-01 Season");
        check("2025-39", "2025-09-01 2026-01-01 Season");
        check("2025-40", "2025-01-01 2025-07-01 Season");
        check("2025-41", "2025-07-01 2026-01-01 Season");
    }

    #[test]
    fn masks_bound_to_the_full_set() {
        check("199X", "1990-01-01 2000-01-01 Decade");
        check("19XX", "1900-01-01 2000-01-01 Century");
        check("1XXX", "1000-01-01 2000-01-01 Millennium");
        check("XXXX", "0000-01-01 +10000-01-01 Millennium");
        check("1985-XX", "1985-01-01 1986-01-01 Year");
        check("1985-XX-XX", "1985-01-01 1986-01-01 Year");
        check("1985-04-XX", "1985-04-01 1985-05-01 Month");
        check("1985-XX-25", "1985-01-25 1985-12-26 Year hull");
        check("15XX-12-25", "1500-12-25 1599-12-26 Century hull");
        check("2016-05-1X", "2016-05-10 2016-05-20 Month hull");
        check("1950S2", "1900-01-01 2000-01-01 Century hull");
    }

    #[test]
    fn far_years_saturate_outward() {
        check("Y12025", "+12025-01-01 +12026-01-01 Year");
        check("Y262000", "+262000-01-01 +262001-01-01 Year");
        check("Y262001", "+262001-01-01 .. Year");
        check("Y17E7", "+262001-01-01 .. Year");
        check("Y-17E7", ".. -262000-01-01 Year");
        check("Y9E99", "+262001-01-01 .. Year");
        check("Y-9E99", ".. -262000-01-01 Year");
        check("Y9E18S1", "+262001-01-01 .. Millennium hull");
    }
}

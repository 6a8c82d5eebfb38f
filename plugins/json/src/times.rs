//! Times of other people's JSON: numbers since 1970, as numbers or as text.

use annals_core::when::{Instant, Precision, Zone, civil};
use serde_json::Value;

/// How the times of mapped fields are written; the option `times`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Texts are dates, numbers go by how many digits they have.
    Auto,
    /// Numbers count units of so many nanoseconds since 1970-01-01T00:00:00Z.
    Since1970(i128),
    /// RFC 3339 only.
    Rfc3339,
    /// EDTF only; a whole number is a year or what else its digits say.
    Edtf,
}

/// A time that is not what the option says: message and hint.
pub type Refusal = (String, Option<String>);

impl Times {
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "s" => Self::Since1970(1_000_000_000),
            "ms" => Self::Since1970(1_000_000),
            "us" => Self::Since1970(1_000),
            "ns" => Self::Since1970(1),
            "rfc3339" => Self::Rfc3339,
            "edtf" => Self::Edtf,
            _ => return None,
        })
    }

    /// The date that a value says, as [`annals_core::json`] reads it; `None` = no date. A value of another type is
    /// given back.
    pub fn text(self, value: Value) -> Result<Option<Value>, Refusal> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.trim().is_empty() => Ok(None),
            Value::String(text) => self.of_text(text.trim()).map(|text| Some(text.into())),
            Value::Number(number) => self.of_number(&number.to_string()).map(|text| Some(text.into())),
            other => Ok(Some(other)),
        }
    }

    fn of_text(self, text: &str) -> Result<String, Refusal> {
        let number = Decimal::parse(text);
        match (self, number) {
            (Self::Since1970(unit), Some(number)) => instant(text, number, unit),
            // Few digits are a year, a day, or nothing: only what is too long for a date is a number.
            (Self::Auto, Some(number)) if number.digits() > 8 => {
                if is_compact_time(text) {
                    let message = format!("`{text}` may be a date with a time, or milliseconds since 1970");
                    let hint = format!("write {}T{} for the date, or give times=ms", &text[..8], &text[8..]);
                    return Err((message, Some(hint)));
                }
                self.of_number(text)
            }
            (Self::Rfc3339, _) if Instant::parse(text, None).is_err() => {
                let hint = "write an instant such as 2025-09-10T10:00:00Z, or leave out times=rfc3339";
                Err((format!("`{text}` is not RFC 3339"), Some(hint.to_owned())))
            }
            _ => Ok(text.to_owned()),
        }
    }

    /// The date that a number says, given as JSON spells it.
    pub fn of_number(self, text: &str) -> Result<String, Refusal> {
        if let Some(instant) = self.plain(text) {
            return Ok(instant.to_text());
        }
        let unit = match self {
            Self::Since1970(unit) => unit,
            Self::Edtf => return Ok(text.to_owned()),
            Self::Rfc3339 => {
                let hint = "give times=auto, or the unit: s, ms, us or ns";
                return Err((format!("{text} is a number, not RFC 3339"), Some(hint.to_owned())));
            }
            Self::Auto => auto_unit(text)?,
        };
        match Decimal::parse(text) {
            Some(number) => instant(text, number, unit),
            None => Err(too_large(text)),
        }
    }

    /// The instant of a plain number, which can be one thing only.
    fn plain(self, text: &str) -> Option<Instant> {
        let len = text.len();
        let unit = match self {
            Self::Since1970(unit) => unit,
            Self::Auto if (9..=18).contains(&len) => auto_unit_of(len)?,
            _ => return None,
        };
        if len > 18 || text.starts_with('0') || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let nanos = i128::from(text.parse::<i64>().ok()?) * unit;
        let us = i64::try_from(nanos / 1000).ok().filter(|us| *us < YEAR_10_000)?;
        Some(Instant { us, nanos: (nanos % 1000) as u16, precision: Precision::Second, zone: Zone::Utc })
    }
}

/// The first microsecond that needs a sign before its year.
const YEAR_10_000: i64 = 253_402_300_800_000_000;

/// The unit that a number of so many digits is in, at any time between 1973 and 2286.
fn auto_unit(text: &str) -> Result<i128, Refusal> {
    let number = Decimal::parse(text).ok_or_else(|| too_large(text))?;
    let plain = number.fraction == 0;
    match number.digits() {
        // 1850 is a year and 20250910 is a day to those who write them, and seconds to others.
        0..=4 => {
            let message = format!("{text} may be a year, or seconds since 1970");
            Err((message, Some("give times=edtf for years, times=s for seconds".to_owned())))
        }
        8 if plain && number.sign > 0 && is_day(text) => {
            let message = format!("{text} may be a day, or seconds since 1970");
            Err((
                message,
                Some(format!("write {}-{}-{} for the day, or give times=s", &text[..4], &text[4..6], &text[6..])),
            ))
        }
        digits => auto_unit_of(digits).ok_or_else(|| too_large(text)),
    }
}

/// The same where it can be one thing only.
fn auto_unit_of(digits: usize) -> Option<i128> {
    Some(match digits {
        5..=11 => 1_000_000_000,
        12..=14 => 1_000_000,
        15..=17 => 1_000,
        18..=20 => 1,
        _ => return None,
    })
}

fn too_large(text: &str) -> Refusal {
    (format!("{text} is no time since 1970"), None)
}

fn instant(text: &str, number: Decimal, unit: i128) -> Result<String, Refusal> {
    let too_large = || too_large(text);
    let nanos = number.scaled(unit).ok_or_else(too_large)?;
    let us = i64::try_from(nanos.div_euclid(1000)).map_err(|_| too_large())?;
    let nanos = nanos.rem_euclid(1000) as u16;
    let text = Instant { us, nanos, precision: Precision::Second, zone: Zone::Utc }.to_text();
    // Years that an instant cannot have are not read back.
    Instant::parse(&text, None).map_err(|error| (error.message, error.hint))?;
    Ok(text)
}

/// `YYYYMMDD` of a day that exists.
fn is_day(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    (1000..=2999).contains(&year) && day >= 1 && day <= civil::days_in_month(year.into(), month)
}

/// `YYYYMMDDhhmmss`.
fn is_compact_time(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>, limit| {
        text.get(range).and_then(|p| p.parse().ok()).is_some_and(|n: u32| n < limit)
    };
    text.len() == 14 && is_day(&text[..8]) && part(8..10, 24) && part(10..12, 60) && part(12..14, 61)
}

/// A decimal number, exact: `sign * (whole + fraction / 10^18)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    sign: i128,
    whole: i128,
    /// In units of 10^-18; digits below are cut off.
    fraction: i128,
}

const FRACTION: i128 = 1_000_000_000_000_000_000;

impl Decimal {
    /// Reads what JSON calls a number (also `+1`, `01`); `None` if it is none or has more than 20 whole digits.
    fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // Where the decimal point stands in `digits`, after the exponent.
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        let digit = |at: i64| usize::try_from(at).ok().and_then(|at| digits.as_bytes().get(at)).map_or(0, |b| b - b'0');
        let first = digits.bytes().position(|b| b != b'0').map_or(point, |at| at as i64);
        if point - first > 20 {
            return None;
        }
        let mut number = Self { sign, whole: 0, fraction: 0 };
        for at in first.min(point)..point {
            number.whole = number.whole * 10 + i128::from(digit(at));
        }
        for at in point..point + 18 {
            number.fraction = number.fraction * 10 + i128::from(digit(at));
        }
        Some(number)
    }

    /// How many digits are before the point.
    fn digits(self) -> usize {
        if self.whole == 0 { 1 } else { self.whole.ilog10() as usize + 1 }
    }

    /// This many times `unit`, rounded down.
    fn scaled(self, unit: i128) -> Option<i128> {
        let whole = self.whole.checked_mul(unit)?;
        let fraction = self.fraction.checked_mul(unit)?;
        let total = whole.checked_add(fraction / FRACTION)?;
        // Down, not towards zero.
        Some(if self.sign > 0 { total } else { -total - i128::from(fraction % FRACTION > 0) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(times: &str, value: Value, expected: &str) {
        let got = match Times::parse(times).unwrap().text(value.clone()) {
            Ok(Some(Value::String(text))) => text,
            Ok(other) => format!("{other:?}"),
            Err((message, hint)) => format!("error: {message}; {}", hint.unwrap_or_default()),
        };
        assert_eq!(got, expected, "{value}");
    }

    #[test]
    fn digits_decide() {
        check("auto", json!(1725955200), "2024-09-10T08:00:00Z");
        check("auto", json!(1725955200.25), "2024-09-10T08:00:00.25Z");
        check("auto", json!(1725955200123i64), "2024-09-10T08:00:00.123Z");
        check("auto", json!(1725955200123456i64), "2024-09-10T08:00:00.123456Z");
        check("auto", json!(1725955200123456789i64), "2024-09-10T08:00:00.123456789Z");
        check("auto", json!(-86400), "1969-12-31T00:00:00Z");
        check("auto", json!(1.7259552e9), "2024-09-10T08:00:00Z");
        check("auto", json!("1725955200"), "2024-09-10T08:00:00Z");
        check("auto", json!("1725955200.5"), "2024-09-10T08:00:00.5Z");
        check("auto", json!("-1725955200123"), "1915-04-23T15:59:59.877Z");
        check("auto", json!("2024-09-10"), "2024-09-10");
        check("auto", json!("1850"), "1850");
        check("auto", json!(" "), "None");
        check("auto", json!(null), "None");
        check("auto", json!(true), "Some(Bool(true))");
    }

    #[test]
    fn what_may_be_two_things_is_refused() {
        let year = "error: 1850 may be a year, or seconds since 1970; give times=edtf for years, times=s for seconds";
        check("auto", json!(1850), year);
        check("auto", json!(0), &year.replace("1850", "0"));
        let day = "error: 20250910 may be a day, or seconds since 1970; write 2025-09-10 for the day, or give times=s";
        check("auto", json!(20250910), day);
        check("auto", json!(20251310), "1970-08-23T09:21:50Z");
        check(
            "auto",
            json!("20250910100000"),
            "error: `20250910100000` may be a date with a time, or milliseconds since 1970; write 20250910T100000 for \
             the date, or give times=ms",
        );
        check("auto", json!(123456789012345678901i128 as f64), "error: 1.2345678901234568e+20 is no time since 1970; ");
    }

    #[test]
    fn units() {
        check("s", json!(0), "1970-01-01T00:00:00Z");
        check("s", json!(-0.000000001), "1969-12-31T23:59:59.999999999Z");
        check("ms", json!(1.5), "1970-01-01T00:00:00.0015Z");
        check("us", json!("1500"), "1970-01-01T00:00:00.0015Z");
        check("ns", json!(1), "1970-01-01T00:00:00.000000001Z");
        check("ms", json!("2025-09-10"), "2025-09-10");
        check("s", json!(9.9e15), "error: 9900000000000000.0 is no time since 1970; ");
        check("s", json!(9e12), "error: `+287168-08-24T16:00:00Z`: instants end at the years ±262000; ");
        check("edtf", json!(1850), "1850");
        check("edtf", json!("199X"), "199X");
        check("rfc3339", json!("2025-09-10T10:00:00Z"), "2025-09-10T10:00:00Z");
        check(
            "rfc3339",
            json!("2025"),
            "error: `2025` is not RFC 3339; write an instant such as 2025-09-10T10:00:00Z, or leave out times=rfc3339",
        );
        check("rfc3339", json!(5), "error: 5 is a number, not RFC 3339; give times=auto, or the unit: s, ms, us or ns");
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*", number in any::<f64>(), digits in "[-+]?[0-9]{0,40}[.]?[0-9]{0,30}(e[-+]?[0-9]{1,11})?") {
            for times in ["auto", "s", "ms", "us", "ns", "rfc3339", "edtf"].map(|name| Times::parse(name).unwrap()) {
                let _ = times.text(json!(text));
                let _ = times.text(json!(number));
                let _ = times.text(json!(digits));
            }
        }

        #[test]
        fn exact(us in -60_000_000_000_000_000i64..60_000_000_000_000_000) {
            let text = Instant { us, nanos: 0, precision: Precision::Second, zone: Zone::Utc }.to_text();
            let times = Times::parse("us").unwrap();
            prop_assert_eq!(times.text(json!(us)), Ok(Some(json!(text))));
        }

        #[test]
        fn plain_numbers_are_what_all_are(digits in "[1-9][0-9]{0,19}") {
            for times in ["auto", "s", "ms", "us", "ns"].map(|name| Times::parse(name).unwrap()) {
                let unit = match times {
                    Times::Since1970(unit) => Ok(unit),
                    _ => auto_unit(&digits),
                };
                if let Some(plain) = times.plain(&digits) {
                    prop_assert_eq!(Ok(plain.to_text()), unit.and_then(|unit| super::instant(&digits, Decimal::parse(&digits).unwrap(), unit)));
                }
            }
        }
    }
}

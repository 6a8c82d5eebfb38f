//! Values of RFC 5545 section 3.3: DATE, DATE-TIME, DURATION, UTC-OFFSET.

use annals_core::when::Instant;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_from_civil};
use chrono::NaiveDate;

/// A DATE or DATE-TIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stamp {
    /// A day.
    Date(NaiveDate),
    /// A time of day.
    Time {
        /// Microseconds since 1970-01-01T00:00:00 on the clock that the text is of.
        local: i64,
        /// Whether that clock is UTC.
        utc: bool,
    },
}

/// Reads a DATE or DATE-TIME, also with dashes and colons or without seconds. The hour 24 is midnight of the next day
/// if nothing follows it, the second 60 the first of the next minute.
pub(crate) fn stamp(text: &str) -> Result<Stamp, String> {
    let text = text.trim();
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = compact(date, '-', &[4, 2, 2]).filter(|digits| digits.len() == 8).ok_or("not a date")?;
    let (year, month, day) = (number(&digits[..4]), number(&digits[4..6]), number(&digits[6..]));
    let date =
        NaiveDate::from_ymd_opt(year as i32, month, day).filter(|_| year > 0).ok_or_else(|| no_such_day(&digits))?;
    let Some(time) = time else { return Ok(Stamp::Date(date)) };
    let (time, utc) = match time.strip_suffix(['Z', 'z']) {
        Some(time) => (time, true),
        None => (time, false),
    };
    let digits =
        compact(time, ':', &[2, 2, 2]).filter(|digits| matches!(digits.len(), 4 | 6)).ok_or("not a time of day")?;
    let (hour, minute) = (number(&digits[..2]), number(&digits[2..4]));
    let second = digits.get(4..6).map_or(0, number);
    if hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0) {
        return Err(format!("there is no time of day {hour:02}:{minute:02}:{second:02}"));
    }
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Ok(Stamp::Time { local: midnight(date) + seconds * US_PER_SECOND, utc })
}

impl Stamp {
    /// The value as RFC 5545 has it; `None` outside the years 1-9999.
    pub fn text(self) -> Option<String> {
        match self {
            Stamp::Date(date) => date_text(date),
            Stamp::Time { local, utc } => time_text(local).map(|text| if utc { text + "Z" } else { text }),
        }
    }
}

/// Digits alone, or in groups of these lengths with a separator between, as digits alone.
fn compact(text: &str, separator: char, groups: &[usize]) -> Option<String> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(text) {
        return Some(text.to_owned());
    }
    let parts: Vec<&str> = text.split(separator).collect();
    let fits = parts.len() <= groups.len()
        && parts.iter().zip(groups).all(|(part, length)| part.len() == *length && digits(part));
    fits.then(|| parts.concat())
}

fn number(digits: &str) -> u32 {
    digits.parse().unwrap_or(u32::MAX)
}

fn no_such_day(digits: &str) -> String {
    format!("there is no day {}-{}-{}", &digits[..4], &digits[4..6], &digits[6..])
}

/// The first microsecond of a day, as if UTC.
pub(crate) fn midnight(date: NaiveDate) -> i64 {
    i64::from(date.to_epoch_days()) * US_PER_DAY
}

/// The day that a clock shows.
pub(crate) fn day_of(local: i64) -> Option<NaiveDate> {
    NaiveDate::from_epoch_days(i32::try_from(local.div_euclid(US_PER_DAY)).ok()?)
}

/// A DATE; `None` outside the years 1-9999.
pub(crate) fn date_text(date: NaiveDate) -> Option<String> {
    time_text(midnight(date)).map(|text| text[..8].to_owned())
}

/// A DATE-TIME without `Z`, fractions of the second cut off; `None` outside the years 1-9999.
pub(crate) fn time_text(local: i64) -> Option<String> {
    let (year, month, day) = civil_from_days(local.div_euclid(US_PER_DAY));
    let second = local.rem_euclid(US_PER_DAY) / US_PER_SECOND;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    (1..=9999).contains(&year).then(|| format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}"))
}

/// A DATE-TIME in UTC; `None` outside the years 1-9999.
pub(crate) fn utc_text(us: i64) -> Option<String> {
    time_text(us).map(|text| text + "Z")
}

/// Reads an instant as core writes it (`2025-09-10T08:00:00Z`), or a day (`2025-09-10`).
pub(crate) fn iso(text: &str) -> Option<Stamp> {
    if let Ok(instant) = Instant::parse(text, None) {
        let whole = instant.nanos == 0 && instant.us.rem_euclid(US_PER_SECOND) == 0;
        let utc = instant.zone != annals_core::when::Zone::Floating;
        return whole.then_some(Stamp::Time { local: instant.us, utc });
    }
    match stamp(text) {
        Ok(Stamp::Date(date)) => Some(Stamp::Date(date)),
        _ => None,
    }
}

/// A DURATION: days and weeks count on the calendar, the rest on the clock (RFC 5545 section 3.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration {
    pub days: i64,
    pub seconds: i64,
}

/// Reads a DURATION of at most 10,000 years either way; weeks and days may stand together.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let fail = || "not a duration".to_owned();
    let upper = text.trim().to_ascii_uppercase();
    let (sign, rest) = match upper.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let mut rest = rest.strip_prefix('P').filter(|rest| !rest.is_empty()).ok_or_else(fail)?;
    let (mut days, mut seconds) = (0i64, 0i64);
    let mut timed = false;
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|_| !timed) {
            (rest, timed) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit()).filter(|end| (1..=12).contains(end)).ok_or_else(fail)?;
        let count: i64 = rest[..end].parse().map_err(|_| fail())?;
        let mut unit_and_rest = rest[end..].chars();
        match (unit_and_rest.next(), timed) {
            (Some('W'), _) => days += count * 7,
            (Some('D'), false) => days += count,
            (Some('H'), true) => seconds += count * 3600,
            (Some('M'), true) => seconds += count * 60,
            (Some('S'), true) => seconds += count,
            _ => return Err(fail()),
        }
        rest = unit_and_rest.as_str();
        if days > 3_652_500 || seconds > 3_652_500 * 86_400 {
            return Err("longer than 10,000 years".to_owned());
        }
    }
    Ok(Duration { days: sign * days, seconds: sign * seconds })
}

/// Reads a UTC-OFFSET (`+0100`, `-034530`) as seconds east of UTC, less than a day either way.
pub(crate) fn offset(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, digits) = match text.split_at_checked(1)? {
        ("-", digits) => (-1, digits),
        ("+", digits) => (1, digits),
        _ => (1, text),
    };
    let digits = compact(digits, ':', &[2, 2, 2]).filter(|digits| matches!(digits.len(), 4 | 6))?;
    let (hours, minutes) = (number(&digits[..2]), number(&digits[2..4]));
    let seconds = digits.get(4..6).map_or(0, number);
    let all = i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds);
    (hours < 24 && minutes < 60 && seconds < 60).then(|| sign * all as i32)
}

/// A UTC-OFFSET.
pub(crate) fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let text = format!("{sign}{:02}{:02}", all / 3600, all / 60 % 60);
    if all.is_multiple_of(60) { text } else { format!("{text}{:02}", all % 60) }
}

/// The first microsecond of a day given by year, month and day, which must exist.
pub(crate) fn midnight_of(year: i64, month: u32, day: u32) -> i64 {
    days_from_civil(year, month, day) * US_PER_DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps() {
        let check = |text: &str, expected: &str| {
            let found = match stamp(text) {
                Ok(Stamp::Date(date)) => date_text(date).unwrap(),
                Ok(Stamp::Time { local, utc }) => {
                    format!("{}{}", time_text(local).unwrap(), if utc { "Z" } else { "" })
                }
                Err(reason) => reason,
            };
            assert_eq!(found, expected, "{text}");
        };
        check("20250910", "20250910");
        check("20250910T101112", "20250910T101112");
        check("20250910T101112Z", "20250910T101112Z");
        check(" 2025-09-10t10:11z ", "20250910T101100Z");
        check("20250910T240000", "20250911T000000");
        check("20250910T235960Z", "20250911T000000Z");
        check("00010101T000000", "00010101T000000");
        check("20250230", "there is no day 2025-02-30");
        check("00000101", "there is no day 0000-01-01");
        check("20250910T250000", "there is no time of day 25:00:00");
        check("20250910T1011112Z", "not a time of day");
        for text in ["", "2025", "2025-9-1", "20250910Z", "tomorrow", "2025ü0910", "-0011130T100000"] {
            check(text, "not a date");
        }
    }

    #[test]
    fn durations() {
        let check = |text: &str, expected: Option<(i64, i64)>| {
            assert_eq!(duration(text).ok().map(|duration| (duration.days, duration.seconds)), expected, "{text}");
        };
        check("P1D", Some((1, 0)));
        check("P2W", Some((14, 0)));
        check("P1W1D", Some((8, 0)));
        check("PT1H30M5S", Some((0, 5405)));
        check("+P1DT1S", Some((1, 1)));
        check("-PT15M", Some((0, -900)));
        check("p1dt2h", Some((1, 7200)));
        for text in
            ["", "P", "1", "PT1D", "P1H", "P1", "PD", "P1DT1HT1M", "P999999999999W", "P1Y", "/PT1H", "P9\u{8d}W", "P9é"]
        {
            check(text, None);
        }
        check("P9999999W", None);
    }

    #[test]
    fn offsets() {
        let check = |text: &str, seconds: Option<i32>, again: &str| {
            assert_eq!(offset(text), seconds, "{text}");
            assert_eq!(seconds.map(offset_text).unwrap_or_default(), again);
        };
        check("+0100", Some(3600), "+0100");
        check("-000115", Some(-75), "-000115");
        check("+05:30", Some(19_800), "+0530");
        check("0100", Some(3600), "+0100");
        check("+2400", None, "");
        check("+1", None, "");
        check("é", None, "");
    }
}

//! Dates and times of day as digits.

use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};

/// The days of the years 1000 to 9000, since 1970; with other years some forms differ.
const DAYS: std::ops::Range<i64> = -354_285..2_568_020;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: u32 = 719_468;

/// The number that `N` digits give.
fn digits<const N: usize>(text: &[u8], at: usize) -> Option<u32> {
    let digits: &[u8; N] = text.get(at..at + N)?.try_into().ok()?;
    let mut number = 0;
    for digit in digits.map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    Some(number)
}

/// Days since 1970 of a day that exists, in the years of the short way. As `civil::days_from_civil` in core, but for
/// small numbers.
fn day(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let length = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if day < 1 || day > length || year < 1000 {
        return None;
    }
    // Years that begin in March, so that the leap day comes last.
    let year = year - u32::from(month <= 2);
    let month = if month > 2 { month - 3 } else { month + 9 };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    Some(i64::from(days) - i64::from(EPOCH)).filter(|days| DAYS.contains(days))
}

/// Year, month and day, the reverse; also a little outside of these years, where a clock shows another day than UTC.
fn civil(days: i64) -> (u32, u32, u32) {
    debug_assert!((DAYS.start - 9..DAYS.end + 9).contains(&days));
    let days = (days + i64::from(EPOCH)) as u32;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u32::from(month <= 2), month, day)
}

/// Days of `YYYYMMDD`.
pub(super) fn date(text: &[u8]) -> Option<i64> {
    day(digits::<4>(text, 0)?, digits::<2>(text, 4)?, digits::<2>(text, 6)?)
}

fn time_of_day(hour: u32, minute: u32, second: u32) -> Option<i64> {
    let seconds = hour * 3600 + minute * 60 + second;
    (hour < 24 && minute < 60 && second < 60).then_some(i64::from(seconds) * US_PER_SECOND)
}

/// Microseconds of `YYYYMMDDThhmmss`.
pub(super) fn date_time(text: &[u8]) -> Option<i64> {
    let time = time_of_day(digits::<2>(text, 9)?, digits::<2>(text, 11)?, digits::<2>(text, 13)?)?;
    (text.len() == 15 && text[8] == b'T').then_some(date(text)? * US_PER_DAY + time)
}

/// Microseconds of `YYYYMMDDThhmmssZ`.
pub(crate) fn utc(text: &str) -> Option<i64> {
    date_time(text.as_bytes().strip_suffix(b"Z")?)
}

/// Microseconds of the clock of `YYYY-MM-DDThh:mm:ss`, with `Z` (true) or without.
pub(super) fn iso_time(text: &str) -> Option<(i64, bool)> {
    let (text, utc) = match text.strip_suffix('Z') {
        Some(text) => (text.as_bytes(), true),
        None => (text.as_bytes(), false),
    };
    let time = time_of_day(digits::<2>(text, 11)?, digits::<2>(text, 14)?, digits::<2>(text, 17)?)?;
    let fits = text.len() == 19 && (text[10], text[13], text[16]) == (b'T', b':', b':');
    fits.then_some((iso_date(&text[..10])? * US_PER_DAY + time, utc))
}

/// Days of `YYYY-MM-DD`.
pub(super) fn iso_date(text: &[u8]) -> Option<i64> {
    let fits = text.len() == 10 && (text[4], text[7]) == (b'-', b'-');
    if fits { day(digits::<4>(text, 0)?, digits::<2>(text, 5)?, digits::<2>(text, 8)?) } else { None }
}

/// Whether a time is in the years of the short way.
pub(super) fn in_years(us: i64) -> bool {
    (DAYS.start * US_PER_DAY..DAYS.end * US_PER_DAY).contains(&us)
}

/// Appends `YYYY-MM-DDThh:mm:ss`.
pub(super) fn push_time(text: &mut String, local: i64) {
    let mut buffer = *b"0000-00-00T00:00:00";
    let day = put_day(&mut buffer, [0, 5, 8], local.div_euclid(US_PER_DAY));
    put_clock(day, [11, 14, 17], local);
    push_ascii(text, &buffer);
}

/// Appends `YYYYMMDDThhmmss`.
pub(super) fn push_compact(text: &mut String, local: i64) {
    let mut buffer = *b"00000000T000000";
    let day = put_day(&mut buffer, [0, 4, 6], local.div_euclid(US_PER_DAY));
    put_clock(day, [9, 11, 13], local);
    push_ascii(text, &buffer);
}

/// Appends `YYYY-MM-DD`.
pub(super) fn push_date(text: &mut String, days: i64) {
    let mut buffer = *b"0000-00-00";
    put_day(&mut buffer, [0, 5, 8], days);
    push_ascii(text, &buffer);
}

/// Appends `YYYYMMDD`.
pub(super) fn push_compact_date(text: &mut String, days: i64) {
    let mut buffer = *b"00000000";
    put_day(&mut buffer, [0, 4, 6], days);
    push_ascii(text, &buffer);
}

fn put_day(buffer: &mut [u8], [year_at, month_at, day_at]: [usize; 3], days: i64) -> &mut [u8] {
    let (year, month, day) = civil(days);
    put_two(buffer, year_at, year / 100);
    put_two(buffer, year_at + 2, year % 100);
    put_two(buffer, month_at, month);
    put_two(buffer, day_at, day);
    buffer
}

fn put_clock(buffer: &mut [u8], [hour_at, minute_at, second_at]: [usize; 3], local: i64) {
    let second = (local.rem_euclid(US_PER_DAY) / US_PER_SECOND) as u32;
    put_two(buffer, hour_at, second / 3600);
    put_two(buffer, minute_at, second / 60 % 60);
    put_two(buffer, second_at, second % 60);
}

/// Puts the two digits of a number below 100.
#[inline]
pub(super) fn put_two(buffer: &mut [u8], at: usize, number: u32) {
    buffer[at] = b'0' + (number / 10) as u8;
    buffer[at + 1] = b'0' + (number % 10) as u8;
}

/// Appends ASCII.
pub(super) fn push_ascii(text: &mut String, bytes: &[u8]) {
    text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Stamp, iso, midnight, stamp};
    use annals_core::when::civil::civil_from_days;
    use proptest::prelude::*;

    #[test]
    fn every_day() {
        for days in DAYS {
            let (year, month, day) = civil(days);
            assert_eq!((i64::from(year), month, day), civil_from_days(days));
            assert_eq!(super::day(year, month, day), Some(days));
        }
        assert_eq!((civil(DAYS.start), civil(DAYS.end - 1)), ((1000, 1, 1), (9000, 12, 31)));
        assert_eq!((day(999, 12, 31), day(9001, 1, 1)), (None, None));
    }

    /// What is read, the general way reads alike.
    fn check(text: &str) {
        match stamp(text) {
            Ok(Stamp::Date(day)) => {
                assert!(date(text.as_bytes()).is_none_or(|days| days * US_PER_DAY == midnight(day)))
            }
            Ok(Stamp::Time { local, utc: true }) => assert!(utc(text).is_none_or(|us| us == local), "{text}"),
            Ok(Stamp::Time { local, .. }) => assert!(date_time(text.as_bytes()).is_none_or(|us| us == local), "{text}"),
            Err(_) => assert_eq!((utc(text), date_time(text.as_bytes())), (None, None), "{text}"),
        }
        match iso(text) {
            Some(Stamp::Time { local, utc }) => {
                assert!(iso_time(text).is_none_or(|read| read == (local, utc)), "{text}")
            }
            other => assert!(iso_time(text).is_none(), "{text} {other:?}"),
        }
    }

    #[test]
    fn texts() {
        let mut text = String::new();
        push_compact(&mut text, 1_757_491_200_000_000);
        assert_eq!((text.as_str(), date_time(text.as_bytes())), ("20250910T080000", Some(1_757_491_200_000_000)));
        text.clear();
        push_time(&mut text, 1_757_491_200_000_000);
        assert_eq!((text.as_str(), iso_time(&text)), ("2025-09-10T08:00:00", Some((1_757_491_200_000_000, false))));
        assert_eq!(utc("20250910T080000Z"), Some(1_757_491_200_000_000));
        assert_eq!(iso_date(b"2025-09-10"), date(b"20250910"));
        for text in
            ["20250229T000000Z", "20250910T240000", "20250910T235960Z", "20250910T080000ZZ", "2025-09-10T24:00:00Z"]
        {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn stamps(text in "[0129]{1,2}[0-9]{2}[0-9]-?[01][0-9]-?[0-3][0-9][T ][0-2][0-9]:?[0-6][0-9]:?[0-6][0-9]Z?") {
            check(&text);
        }
    }
}

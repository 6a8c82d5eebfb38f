//! Dates and times of day as digits.

use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND, civil_from_days, days_from_civil, days_in_month};

/// The first and the last year; with others some forms differ.
const YEARS: std::ops::RangeInclusive<i64> = 1000..=9000;

/// The number that `N` digits give.
fn digits<const N: usize>(text: &[u8], at: usize) -> Option<i64> {
    let digits: &[u8; N] = text.get(at..at + N)?.try_into().ok()?;
    let mut number = 0;
    for digit in digits.map(|byte| byte.wrapping_sub(b'0')) {
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(number)
}

fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let exists = YEARS.contains(&year) && day >= 1 && day <= days_in_month(year, month);
    exists.then(|| days_from_civil(year, month, day))
}

/// Days of `YYYYMMDD`.
pub(super) fn date(text: &[u8]) -> Option<i64> {
    day(digits::<4>(text, 0)?, digits::<2>(text, 4)?, digits::<2>(text, 6)?)
}

fn time_of_day(hour: i64, minute: i64, second: i64) -> Option<i64> {
    let seconds = hour * 3600 + minute * 60 + second;
    (hour < 24 && minute < 60 && second < 60).then_some(seconds * US_PER_SECOND)
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
    YEARS.contains(&civil_from_days(us.div_euclid(US_PER_DAY)).0)
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

fn put_day<'a>(buffer: &'a mut [u8], [year_at, month_at, day_at]: [usize; 3], days: i64) -> &'a mut [u8] {
    let (year, month, day) = civil_from_days(days);
    put_digits(&mut buffer[year_at..year_at + 4], year);
    put_digits(&mut buffer[month_at..month_at + 2], month.into());
    put_digits(&mut buffer[day_at..day_at + 2], day.into());
    buffer
}

fn put_clock(buffer: &mut [u8], [hour_at, minute_at, second_at]: [usize; 3], local: i64) {
    let second = local.rem_euclid(US_PER_DAY) / US_PER_SECOND;
    put_digits(&mut buffer[hour_at..hour_at + 2], second / 3600);
    put_digits(&mut buffer[minute_at..minute_at + 2], second / 60 % 60);
    put_digits(&mut buffer[second_at..second_at + 2], second % 60);
}

/// Fills the buffer with the last digits of a number.
pub(super) fn put_digits(buffer: &mut [u8], number: i64) {
    let mut left = number as u32;
    for digit in buffer.iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
}

/// Appends ASCII.
pub(super) fn push_ascii(text: &mut String, bytes: &[u8]) {
    text.push_str(std::str::from_utf8(bytes).unwrap_or_default());
}

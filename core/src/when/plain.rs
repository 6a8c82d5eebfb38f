//! The plain spelling of an instant, `YYYY-MM-DDThh:mm:ss[.f][Z|±hh:mm]`, read and written without detours: nearly all
//! times of nearly all files. What is spelled otherwise is left to [`super::instant`].

use super::civil::{US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND, civil_from_days};
use super::zone::Zone;
use super::{Instant, Precision};

/// What stands behind a time.
enum Shift {
    None,
    Utc,
    /// Seconds east of UTC.
    Offset(i32),
}

impl Instant {
    /// Reads a time in its plain spelling, to the second at least and with a year of four digits: exactly as
    /// [`Instant::parse`] does, and says whether the text is the one that [`Instant::to_text`] writes. `None` for
    /// everything else, be it a time or not.
    pub fn parse_plain(text: &str, default_zone: Option<&Zone>) -> Option<(Instant, bool)> {
        let bytes = text.as_bytes();
        let (clock, rest) = bytes.split_first_chunk::<19>()?;
        let days = plain_day(clock.first_chunk::<10>()?)?;
        let (hour, minute, second) =
            (two(clock[11], clock[12])?, two(clock[14], clock[15])?, two(clock[17], clock[18])?);
        if hour > 23 || minute > 59 || second > 59 || clock[13] != b':' || clock[16] != b':' {
            return None;
        }
        let mut canonical = clock[10] == b'T';
        if !canonical && clock[10] != b't' && clock[10] != b' ' {
            return None;
        }
        let (nanos, rest) = match rest.split_first() {
            Some((b'.', rest)) => {
                let (nanos, rest, trimmed) = fraction(rest)?;
                canonical &= trimmed;
                (nanos, rest)
            }
            _ => (0, rest),
        };
        let shift = match rest {
            [] => Shift::None,
            b"Z" => Shift::Utc,
            &[sign @ (b'+' | b'-'), a, b, b':', c, d] => {
                let (hours, minutes) = (two(a, b)?, two(c, d)?);
                // `-00:00` is not an offset but UTC: an odd spelling.
                if hours > 23 || minutes > 59 || sign == b'-' && hours + minutes == 0 {
                    return None;
                }
                let seconds = (hours * 3600 + minutes * 60) as i32;
                Shift::Offset(if sign == b'-' { -seconds } else { seconds })
            }
            _ => return None,
        };
        let local = days * US_PER_DAY
            + i64::from(hour) * US_PER_HOUR
            + i64::from(minute) * US_PER_MINUTE
            + i64::from(second) * US_PER_SECOND
            + i64::from(nanos / 1000);
        let (us, zone) = match shift {
            Shift::None => {
                let zone = default_zone.copied().unwrap_or(Zone::Floating);
                canonical &= zone == Zone::Floating;
                (zone.to_utc(local), zone)
            }
            Shift::Utc => (local, Zone::Utc),
            Shift::Offset(offset) => {
                let us = local - i64::from(offset) * US_PER_SECOND;
                match default_zone {
                    Some(zone @ Zone::Named(_)) if zone.offset_at(us) == offset => (us, *zone),
                    _ => (us, Zone::Fixed(offset)),
                }
            }
        };
        Some((Instant { us, nanos: (nanos % 1000) as u16, precision: Precision::Second, zone }, canonical))
    }

    /// Appends [`Instant::to_text`].
    pub fn write_to(&self, out: &mut String) {
        let offset = self.zone.offset_at(self.us);
        write_clock(i128::from(self.us) + i128::from(offset) * i128::from(US_PER_SECOND), self.nanos, out);
        match self.zone {
            Zone::Floating => {}
            Zone::Utc => out.push('Z'),
            Zone::Fixed(_) | Zone::Named(_) => write_offset(offset, out),
        }
    }
}

/// Writes instants one after the other; many are of the day of the one before.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Days since 1970-01-01, and their text.
    day: Option<(i64, [u8; 10])>,
}

impl Clock {
    /// Appends microseconds since 1970 as [`Instant::to_text`] does, in UTC or without a zone.
    pub fn write(&mut self, us: i64, is_utc: bool, out: &mut String) {
        match self.text(us, is_utc) {
            Some((text, len)) => out.push_str(str::from_utf8(&text[..len]).expect("digits are ASCII")),
            None => {
                let zone = if is_utc { Zone::Utc } else { Zone::Floating };
                Instant { us, nanos: 0, precision: Precision::Second, zone }.write_to(out);
            }
        }
    }

    /// The same as bytes, and how many of them count; `None` where the year has not four digits.
    #[inline]
    pub(crate) fn text(&mut self, us: i64, is_utc: bool) -> Option<([u8; 27], usize)> {
        let (days, of_day) = (us.div_euclid(US_PER_DAY), us.rem_euclid(US_PER_DAY).cast_unsigned());
        let day = match self.day {
            Some((same, text)) if same == days => text,
            _ => {
                let text = day_text(days)?;
                self.day = Some((days, text));
                text
            }
        };
        let mut text = [0; 27];
        text[..10].copy_from_slice(&day);
        let mut len = put_clock(of_day, &mut text);
        if is_utc {
            text[len] = b'Z';
            len += 1;
        }
        Some((text, len))
    }
}

/// `YYYY-MM-DD` of days since 1970-01-01, where the year has four digits.
fn day_text(days: i64) -> Option<[u8; 10]> {
    let (year, month, day) = civil_from_days(days);
    let year = u32::try_from(year).ok().filter(|year| *year <= 9999)?;
    let mut text = *b"0000-00-00";
    put_two(year / 100, &mut text[0..2]);
    put_two(year % 100, &mut text[2..4]);
    put_two(month, &mut text[5..7]);
    put_two(day, &mut text[8..10]);
    Some(text)
}

/// Puts `Thh:mm:ss[.f]` of the microseconds of a day behind its date; gives the length of both.
fn put_clock(of_day: u64, text: &mut [u8; 27]) -> usize {
    let (seconds, fraction) = ((of_day / 1_000_000) as u32, (of_day % 1_000_000) as u32);
    text[10..19].copy_from_slice(b"T00:00:00");
    put_two(seconds / 3600, &mut text[11..13]);
    put_two(seconds / 60 % 60, &mut text[14..16]);
    put_two(seconds % 60, &mut text[17..19]);
    if fraction == 0 {
        return 19;
    }
    let (millis, micros) = (fraction / 1000, fraction % 1000);
    text[19] = b'.';
    for (at, part) in [(20, millis), (23, micros)] {
        text[at] = b'0' + (part / 100) as u8;
        put_two(part % 100, &mut text[at + 1..at + 3]);
    }
    let mut len = if micros == 0 { 23 } else { 26 };
    while text[len - 1] == b'0' {
        len -= 1;
    }
    len
}

/// Days since 1970-01-01 of `YYYY-MM-DD`; `None` if it is no day, or no such spelling.
pub fn plain_day(text: &[u8; 10]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let (year, month, day) = (two(y1, y2)? * 100 + two(y3, y4)?, two(m1, m2)?, two(d1, d2)?);
    // Most days are told to exist without asking how long their month is.
    let exists =
        (1..=12).contains(&month) && day >= 1 && (day <= 28 || day <= super::civil::days_in_month(year.into(), month));
    exists.then(|| days(year, month, day))
}

/// [`super::civil::days_from_civil`] of years from 0 on, which need no signs.
fn days(year: u32, month: u32, day: u32) -> i64 {
    // An era of 400 years is added, and taken off again.
    let year = year + 400 - u32::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i64::from(era * 146_097 + day_of_era) - 719_468 - 146_097
}

fn two(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Nanoseconds of 1-9 digits, what stands behind them, and whether they are as few as can be.
fn fraction(bytes: &[u8]) -> Option<(u32, &[u8], bool)> {
    let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    let (digits, rest) = bytes.split_at(count);
    let value = digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    const SCALE: [u32; 10] = [0, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];
    Some((value * SCALE[count], rest, digits[count - 1] != b'0'))
}

fn put_two(value: u32, out: &mut [u8]) {
    out[0] = b'0' + (value / 10) as u8;
    out[1] = b'0' + (value % 10) as u8;
}

/// Appends local microseconds and the nanoseconds below them as `YYYY-MM-DDThh:mm:ss[.f]`.
pub(super) fn write_clock(local_us: i128, nanos: u16, out: &mut String) {
    let Ok(local) = i64::try_from(local_us) else { return out.push_str(&super::instant::clock_text(local_us, nanos)) };
    let (days, of_day) = (local.div_euclid(US_PER_DAY), local.rem_euclid(US_PER_DAY));
    let (year, month, day) = civil_from_days(days);
    if !(0..=9999).contains(&year) {
        return out.push_str(&super::instant::clock_text(local_us, nanos));
    }
    let mut text = *b"0000-00-00T00:00:00.000000000";
    let year = year as u32;
    put_two(year / 100, &mut text[0..2]);
    put_two(year % 100, &mut text[2..4]);
    put_two(month, &mut text[5..7]);
    put_two(day, &mut text[8..10]);
    let seconds = (of_day / US_PER_SECOND) as u32;
    put_two(seconds / 3600, &mut text[11..13]);
    put_two(seconds / 60 % 60, &mut text[14..16]);
    put_two(seconds % 60, &mut text[17..19]);
    let fraction = (of_day % US_PER_SECOND) as u32 * 1000 + u32::from(nanos);
    let mut len = 19;
    if fraction > 0 {
        let mut rest = fraction;
        for at in (20..29).rev() {
            text[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        len = 29;
        while text[len - 1] == b'0' {
            len -= 1;
        }
    }
    out.push_str(str::from_utf8(&text[..len]).expect("digits are ASCII"));
}

/// Appends `+hh:mm`, with `:ss` only where there are seconds.
pub(super) fn write_offset(seconds: i32, out: &mut String) {
    let east = seconds.unsigned_abs();
    if east >= 360_000 {
        // No offset that is read, but a zone may be made of any number.
        let sign = if seconds < 0 { '-' } else { '+' };
        return out.push_str(&format!("{sign}{:02}:{:02}", east / 3600, east / 60 % 60));
    }
    let mut text = *b"+00:00:00";
    if seconds < 0 {
        text[0] = b'-';
    }
    put_two(east / 3600, &mut text[1..3]);
    put_two(east / 60 % 60, &mut text[4..6]);
    put_two(east % 60, &mut text[7..9]);
    let len = if east.is_multiple_of(60) { 6 } else { 9 };
    out.push_str(str::from_utf8(&text[..len]).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 5] = ["floating", "UTC", "+02:00", "-03:30", "Europe/Berlin"];

    #[test]
    fn plain_or_not() {
        let check = |text: &str, expected: Option<bool>| {
            assert_eq!(Instant::parse_plain(text, None).map(|(_, canonical)| canonical), expected, "{text}");
        };
        check("2025-09-10T10:00:00Z", Some(true));
        check("2025-09-10T10:00:00", Some(true));
        check("2025-09-10T10:00:00.25+02:00", Some(true));
        check("2025-09-10T10:00:00.250Z", Some(false));
        check("2025-09-10 10:00:00Z", Some(false));
        check("2025-09-10T10:00:00-00:00", None);
        check("2025-09-10T10:00:60Z", None);
        check("2025-02-29T10:00:00Z", None);
        check("2025-09-10T10:00:00.1234567890Z", None);
        check("2025-09-10T10:00:00é", None);
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        for year in 0..=9999 {
            for (month, day) in (1..=12).flat_map(|month| [(month, 1), (month, 28)]) {
                let expected = super::super::civil::days_from_civil(year.into(), month, day);
                assert_eq!(days(year, month, day), expected, "{year} {month} {day}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_slow_way_says_the_same(
            text in "[0-2][0-9][0-9]{2}-[01][0-9]-[0-3][0-9][T t][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9])?",
            zone in prop::option::of(0..ZONES.len()),
        ) {
            let zone = zone.and_then(|at| Zone::parse(ZONES[at]));
            if let Some((instant, canonical)) = Instant::parse_plain(&text, zone.as_ref()) {
                prop_assert_eq!(Instant::parse_any(&text, zone.as_ref()), Ok(instant));
                prop_assert_eq!(instant.to_text() == text, canonical, "{}", text);
            }
        }

        #[test]
        fn never_panics(text in "\\PC*", bytes in any::<[u8; 10]>()) {
            Instant::parse_plain(&text, None);
            plain_day(&bytes);
        }

        #[test]
        fn written_as_ever(us in any::<i64>(), recent in -70_000_000_000_000_000i64..260_000_000_000_000_000, nanos in 0u16..1000, zone in 0..ZONES.len()) {
            for us in [us, recent, recent - recent % 1_000_000] {
                for nanos in [0, nanos] {
                    let mut text = String::new();
                    write_clock(us.into(), nanos, &mut text);
                    prop_assert_eq!(&text, &super::super::instant::clock_text(us.into(), nanos));
                }
            }
            for (us, is_utc) in [(us, true), (recent, true), (recent - recent % 1_000_000, false), (recent - recent % 1000, true)] {
                let zone = if is_utc { Zone::Utc } else { Zone::Floating };
                let (mut clock, mut text) = (Clock::default(), String::new());
                for us in [us, us.saturating_add(1), us] {
                    text.clear();
                    clock.write(us, is_utc, &mut text);
                    prop_assert_eq!(&text, &Instant { us, nanos: 0, precision: Precision::Second, zone }.to_text());
                }
            }
            let instant = Instant { us: recent, nanos, precision: Precision::Second, zone: Zone::parse(ZONES[zone]).unwrap() };
            let again = Instant::parse_plain(&instant.to_text(), Some(&instant.zone));
            prop_assert!(again.is_none_or(|again| again == (instant, true)));
        }
    }
}

//! Instants: RFC 3339 and the common forms of ISO 8601, to the nanosecond.

use super::civil::{
    US_PER_DAY, US_PER_HOUR, US_PER_MINUTE, US_PER_SECOND, YEAR_LIMIT, civil_from_days, days_from_civil, in_range,
};
use super::refuse::{check_day, quote};
use super::zone::{Zone, parse_offset};
use super::{Precision, WhenError};

/// A point in time in its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instant {
    /// Microseconds since 1970-01-01T00:00:00 UTC; if floating, of local time as if it were UTC.
    pub us: i64,
    /// Nanoseconds below the microsecond, 0-999.
    pub nanos: u16,
    /// Second, minute or hour: how far the source wrote the time. The instant is exact all the same.
    pub precision: Precision,
    /// The zone it was given in.
    pub zone: Zone,
}

impl Instant {
    /// Reads RFC 3339 and ISO 8601: `2025-09-10T10:00:00.5Z`, with `t` or one space for `T`, without seconds or
    /// minutes, basic (`20250910T100000Z`), offsets `+hh:mm`, `+hhmm`, `+hh` (after at most one space), years of
    /// four digits or of more with a sign.
    ///
    /// - `Z` (and RFC 3339's `-00:00`, "offset unknown") is UTC, an offset a fixed zone; without either the time is in
    ///   `default_zone`, else floating. An offset that `default_zone` itself has at that instant means that zone.
    /// - A leap second (`:60`) is the first second of the next minute, as in POSIX time.
    /// - `24:00` is refused (RFC 3339 5.6), and so are more than 9 fraction digits: they would be cut off.
    pub fn parse(text: &str, default_zone: Option<&Zone>) -> Result<Instant, WhenError> {
        match Instant::parse_plain(text, default_zone) {
            Some((instant, _)) => Ok(instant),
            None => Instant::parse_any(text, default_zone),
        }
    }

    /// The same for every spelling.
    pub(super) fn parse_any(text: &str, default_zone: Option<&Zone>) -> Result<Instant, WhenError> {
        let fail = |reason: &str| WhenError::new(format!("{}: {reason}", quote(text)));
        let mut reader = Reader { text, at: 0 };
        let days = reader.date()?;
        if !(reader.eat(b'T') || reader.eat(b't') || reader.eat(b' ')) {
            return Err(fail("no time after the date"));
        }
        let (of_day, nanos, precision) = reader.time()?;
        if reader.peek() == Some(b' ') && matches!(reader.text.as_bytes().get(reader.at + 1), Some(b'+' | b'-')) {
            reader.at += 1;
        }
        let shift = &text[reader.at..];
        let local = i128::from(days) * i128::from(US_PER_DAY) + i128::from(of_day);
        let local = i64::try_from(local)
            .ok()
            .filter(|local| in_range(*local))
            .ok_or_else(|| fail(&format!("instants end at the years ±{YEAR_LIMIT}")))?;
        let (us, zone) = match shift {
            "" => {
                let zone = default_zone.copied().unwrap_or(Zone::Floating);
                (zone.to_utc(local), zone)
            }
            "Z" | "z" | "-00:00" | "-0000" | "-00" => (local, Zone::Utc),
            _ => {
                let offset = parse_offset(shift)
                    .ok_or_else(|| fail(&format!("{} is not an offset such as Z or +02:00", quote(shift))))?;
                let us = local - i64::from(offset) * US_PER_SECOND;
                match default_zone {
                    Some(zone @ Zone::Named(_)) if zone.offset_at(us) == offset => (us, *zone),
                    _ => (us, Zone::Fixed(offset)),
                }
            }
        };
        Ok(Instant { us, nanos, precision, zone })
    }

    /// RFC 3339 with up to 9 fraction digits: `2025-09-10T10:00:00.5+02:00`, always with seconds, `Z` for UTC, no
    /// offset if floating. A year beyond 0-9999 has a sign; an offset with seconds (local mean time) shows them.
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(36);
        self.write_to(&mut text);
        text
    }
}

/// Local microseconds and the nanoseconds below them as `YYYY-MM-DDThh:mm:ss[.f]`.
pub(super) fn clock_text(local_us: i128, nanos: u16) -> String {
    let days = local_us.div_euclid(i128::from(US_PER_DAY)) as i64;
    let of_day = local_us.rem_euclid(i128::from(US_PER_DAY)) as i64;
    let (hour, minute) = (of_day / US_PER_HOUR, of_day / US_PER_MINUTE % 60);
    let second = of_day / US_PER_SECOND % 60;
    let mut text = format!("{}T{hour:02}:{minute:02}:{second:02}", day_text(days));
    let fraction = of_day % US_PER_SECOND * 1000 + i64::from(nanos);
    if fraction != 0 {
        text.push_str(format!(".{fraction:09}").trim_end_matches('0'));
    }
    text
}

/// `YYYY-MM-DD` of days since 1970-01-01; a year beyond 0-9999 has a sign and as many digits as it needs.
pub(crate) fn day_text(days: i64) -> String {
    let (year, month, day) = civil_from_days(days);
    let year = match year {
        0..=9999 => format!("{year:04}"),
        10_000.. => format!("+{year}"),
        _ => format!("-{:04}", year.unsigned_abs()),
    };
    format!("{year}-{month:02}-{day:02}")
}

/// Whether `text` is meant as an instant: digits and dashes, then `T` or a space, then a digit.
pub(super) fn looks_like_instant(text: &str) -> bool {
    let Some(at) = text.find(['T', 't', ' ']).filter(|at| *at >= 4) else { return false };
    let date = text[..at].bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'+');
    date && text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit)
}

/// Reads an instant from left to right, byte by byte; never leaves a character boundary, since it only takes ASCII.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn fail(&self, reason: &str) -> WhenError {
        WhenError::new(format!("{}: {reason}", quote(self.text)))
    }

    /// The digits here, as many as there are.
    fn digits(&mut self) -> &str {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        &self.text[start..self.at]
    }

    /// Exactly two digits.
    fn two(&mut self, what: &str) -> Result<u32, WhenError> {
        let pair = self.text.as_bytes().get(self.at..self.at + 2);
        match pair {
            Some([tens @ b'0'..=b'9', ones @ b'0'..=b'9']) => {
                self.at += 2;
                Ok(u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
            }
            _ => Err(self.fail(&format!("{what} needs two digits"))),
        }
    }

    /// Days since 1970-01-01 of an extended (`2025-09-10`) or basic (`20250910`) date.
    fn date(&mut self) -> Result<i64, WhenError> {
        let negative = self.peek() == Some(b'-');
        let signed = self.eat(b'-') || self.eat(b'+');
        let digits = self.digits().to_string();
        if digits.len() == 8 && !signed && self.peek() != Some(b'-') {
            let part = |range: std::ops::Range<usize>| digits[range].parse::<u32>().unwrap_or(0);
            return self.day(i64::from(part(0..4)), part(4..6), part(6..8));
        }
        let year = digits.parse::<i64>().ok().filter(|_| digits.len() == 4 || signed && digits.len() > 4);
        let Some(year) = year else {
            return Err(self.fail("a year has four digits, or a sign and more than four"));
        };
        if negative && year == 0 {
            return Err(self.fail("the year 0 has no sign"));
        }
        if !self.eat(b'-') {
            return Err(self.fail("an instant needs a whole date, such as 2025-09-10"));
        }
        let month = self.two("the month")?;
        if !self.eat(b'-') {
            return Err(self.fail("an instant needs a whole date, such as 2025-09-10"));
        }
        let day = self.two("the day")?;
        self.day(if negative { -year } else { year }, month, day)
    }

    fn day(&self, year: i64, month: u32, day: u32) -> Result<i64, WhenError> {
        check_day(year, month, day).map_err(|reason| self.fail(&reason))?;
        Ok(days_from_civil(year, month, day))
    }

    /// Microseconds since midnight, nanoseconds below them, and how far the time was written.
    fn time(&mut self) -> Result<(i64, u16, Precision), WhenError> {
        let hour = self.two("the hour")?;
        let extended = self.peek() == Some(b':');
        let more = |reader: &mut Self| {
            if extended { reader.eat(b':') } else { reader.peek().is_some_and(|b| b.is_ascii_digit()) }
        };
        let (mut minute, mut second, mut nanos, mut precision) = (0, 0, 0, Precision::Hour);
        if more(self) {
            (minute, precision) = (self.two("the minute")?, Precision::Minute);
            if more(self) {
                (second, precision) = (self.two("the second")?, Precision::Second);
                if self.eat(b'.') || self.eat(b',') {
                    nanos = self.fraction()?;
                }
            }
        }
        if hour == 24 {
            let error = self.fail("hours end at 23");
            return Err(error.hint("write midnight as 00:00 of the next day"));
        }
        for (value, limit, reason) in
            [(hour, 23, "hours end at 23"), (minute, 59, "minutes end at 59"), (second, 60, "seconds end at 59")]
        {
            if value > limit {
                return Err(self.fail(reason));
            }
        }
        let us = i64::from(hour) * US_PER_HOUR
            + i64::from(minute) * US_PER_MINUTE
            + i64::from(second) * US_PER_SECOND
            + i64::from(nanos / 1000);
        Ok((us, (nanos % 1000) as u16, precision))
    }

    /// Nanoseconds of 1-9 fraction digits.
    fn fraction(&mut self) -> Result<u32, WhenError> {
        let digits = self.digits();
        match digits.len() {
            0 => Err(self.fail("no digits after the decimal sign")),
            1..=9 => Ok(format!("{digits:0<9}").parse().unwrap_or(0)),
            _ => Err(self.fail("more than 9 fraction digits").hint("round the time to nanoseconds")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, zone: &str, expected: &str) {
        let zone = Zone::parse(zone);
        let got = match Instant::parse(input, zone.as_ref()) {
            Ok(instant) => {
                let (text, zone) = (instant.to_text(), instant.zone.name());
                let plain = matches!(instant.zone, Zone::Floating | Zone::Utc | Zone::Fixed(_));
                if plain { text } else { format!("{text} {zone}") }
            }
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected, "{input}");
    }

    #[test]
    fn forms() {
        check("2025-09-10T10:00:00Z", "", "2025-09-10T10:00:00Z");
        check("2025-09-10t10:00:00z", "", "2025-09-10T10:00:00Z");
        check("2025-09-10 10:00:00", "", "2025-09-10T10:00:00");
        check("2025-09-10 10:00:00 +0200", "", "2025-09-10T10:00:00+02:00");
        check("2025-09-10T10:00", "", "2025-09-10T10:00:00");
        check("2025-09-10T10", "", "2025-09-10T10:00:00");
        check("20250910T100000Z", "", "2025-09-10T10:00:00Z");
        check("20250910T1000", "", "2025-09-10T10:00:00");
        check("2025-09-10T10:00:00+02", "", "2025-09-10T10:00:00+02:00");
        check("2025-09-10T10:00-0330", "", "2025-09-10T10:00:00-03:30");
        check("2025-09-10T10:00:00-00:00", "", "2025-09-10T10:00:00Z");
        check("2025-09-10T10:00:00+00:00", "", "2025-09-10T10:00:00+00:00");
        check("2025-09-10T10:00:00.123456789Z", "", "2025-09-10T10:00:00.123456789Z");
        check("2025-09-10T10:00:00,500Z", "", "2025-09-10T10:00:00.5Z");
        check("2016-12-31T23:59:60Z", "", "2017-01-01T00:00:00Z");
        check("-0043-03-15T12:00", "", "-0043-03-15T12:00:00");
        check("+12025-01-01T00:00:00Z", "", "+12025-01-01T00:00:00Z");
    }

    #[test]
    fn zones() {
        check("2025-09-10T10:00", "Europe/Berlin", "2025-09-10T10:00:00+02:00 Europe/Berlin");
        check("2025-09-10T10:00+02:00", "Europe/Berlin", "2025-09-10T10:00:00+02:00 Europe/Berlin");
        check("2025-12-10T10:00+02:00", "Europe/Berlin", "2025-12-10T10:00:00+02:00");
        check("2025-09-10T10:00Z", "Europe/London", "2025-09-10T10:00:00Z");
        check("2025-09-10T10:00", "UTC", "2025-09-10T10:00:00Z");
        check("2025-09-10T10:00", "+05:30", "2025-09-10T10:00:00+05:30");
        check("2025-03-30T02:30", "Europe/Berlin", "2025-03-30T03:30:00+02:00 Europe/Berlin");
        check("1850-01-01T12:00", "Europe/Berlin", "1850-01-01T12:00:00+00:53:28 Europe/Berlin");
        check("1850-01-01T12:00:00+00:53:28", "Europe/Berlin", "1850-01-01T12:00:00+00:53:28 Europe/Berlin");
    }

    #[test]
    fn refused() {
        check("2025-02-30T10:00", "", "error: `2025-02-30T10:00`: February 2025 has 28 days");
        check("2025-13-01T10:00", "", "error: `2025-13-01T10:00`: there is no month 13");
        check("2025-09-10T24:00", "", "error: `2025-09-10T24:00`: hours end at 23");
        check("2025-09-10T10:60", "", "error: `2025-09-10T10:60`: minutes end at 59");
        check("2025-09-10T10:00:61", "", "error: `2025-09-10T10:00:61`: seconds end at 59");
        check("2025-09-10T1:00", "", "error: `2025-09-10T1:00`: the hour needs two digits");
        check("2025-09T10:00", "", "error: `2025-09T10:00`: an instant needs a whole date, such as 2025-09-10");
        check("2025-09-10", "", "error: `2025-09-10`: no time after the date");
        check("2025-09-10T10:00:00+2", "", "error: `2025-09-10T10:00:00+2`: `+2` is not an offset such as Z or +02:00");
        check("2025-09-10T10:00é", "", "error: `2025-09-10T10:00é`: `é` is not an offset such as Z or +02:00");
        check(
            "2025-09-10T10:00:00.1234567890",
            "",
            "error: `2025-09-10T10:00:00.1234567890`: more than 9 fraction digits",
        );
        check("+300000-01-01T00:00Z", "", "error: `+300000-01-01T00:00Z`: instants end at the years ±262000");
    }

    #[test]
    fn extremes_do_not_panic() {
        for us in [i64::MIN, i64::MAX] {
            for zone in [Zone::Floating, Zone::Utc, Zone::Fixed(-86_399), Zone::parse("Asia/Manila").unwrap()] {
                Instant { us, nanos: 999, precision: Precision::Second, zone }.to_text();
            }
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let _ = Instant::parse(&text, None);
        }

        #[test]
        fn round_trip(us in -8_000_000_000_000_000_000i64..8_000_000_000_000_000_000, nanos in 0u16..1000, index in 0..4usize) {
            let zone = [Zone::Floating, Zone::Utc, Zone::Fixed(-12_600), Zone::parse("Europe/Berlin").unwrap()][index];
            let instant = Instant { us, nanos, precision: Precision::Second, zone };
            prop_assert_eq!(Instant::parse(&instant.to_text(), Some(&zone)).unwrap(), instant);
        }
    }
}

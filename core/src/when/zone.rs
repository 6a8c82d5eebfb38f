//! Time zones: none, UTC, a fixed offset, or a named zone of the IANA database.

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::civil::{US_PER_DAY, US_PER_SECOND};
use super::plain::write_offset;

/// The zone a time is given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// None: wall-clock time wherever one is (RFC 5545 3.3.5, form 1).
    Floating,
    /// UTC.
    Utc,
    /// Seconds east of UTC, less than 24 hours either way.
    Fixed(i32),
    /// A zone of the IANA database.
    Named(Tz),
}

impl Zone {
    /// Reads `floating`, `UTC` or `Z`, an offset (`+02:00`, `-0330`, `+02`) or an IANA name, exact or in any case.
    ///
    /// `+00:00` is a fixed offset; `Etc/UTC` and other aliases stay the named zones that they are.
    pub fn parse(name: &str) -> Option<Zone> {
        if name.eq_ignore_ascii_case("floating") {
            return Some(Zone::Floating);
        }
        if name.eq_ignore_ascii_case("UTC") || name.eq_ignore_ascii_case("Z") {
            return Some(Zone::Utc);
        }
        if name.starts_with(['+', '-']) {
            return parse_offset(name).map(Zone::Fixed);
        }
        let exact = name.parse::<Tz>().ok();
        exact.or_else(|| TZ_VARIANTS.into_iter().find(|tz| tz.name().eq_ignore_ascii_case(name))).map(Zone::Named)
    }

    /// The name that [`Zone::parse`] reads back: `floating`, `UTC`, `+02:00`, `Europe/Berlin`.
    pub fn name(&self) -> String {
        let mut name = String::new();
        self.write_name(&mut name);
        name
    }

    /// Appends [`Zone::name`].
    pub fn write_name(&self, out: &mut String) {
        match self {
            Zone::Floating => out.push_str("floating"),
            Zone::Utc => out.push_str("UTC"),
            Zone::Fixed(seconds) => write_offset(*seconds, out),
            Zone::Named(tz) => out.push_str(tz.name()),
        }
    }

    /// UTC microseconds of local microseconds (both since 1970-01-01T00:00:00 of their own clock).
    ///
    /// RFC 5545 3.3.5: a time that the clock skips is read with the offset before the gap, a time that it shows
    /// twice is the first of the two. A floating time is returned as it is.
    pub fn to_utc(&self, local_us: i64) -> i64 {
        let offset = match self {
            Zone::Named(tz) => local_offset(*tz, local_us),
            other => other.offset_at(local_us),
        };
        local_us.saturating_sub(i64::from(offset) * US_PER_SECOND)
    }

    /// Seconds east of UTC at an instant (UTC microseconds); 0 if floating.
    ///
    /// Before a zone's first rule this is its local mean time; outside the years that chrono counts (±262,000)
    /// it is the offset of the nearest year.
    pub fn offset_at(&self, utc_us: i64) -> i32 {
        match self {
            Zone::Floating | Zone::Utc => 0,
            Zone::Fixed(seconds) => *seconds,
            Zone::Named(tz) => tz.offset_from_utc_datetime(&naive(utc_us)).fix().local_minus_utc(),
        }
    }
}

/// The offset that a clock in `tz` has when it shows `local_us`.
fn local_offset(tz: Tz, local_us: i64) -> i32 {
    if let Some(offset) = tz.offset_from_local_datetime(&naive(local_us)).earliest() {
        return offset.fix().local_minus_utc();
    }
    // In a gap each of the two offsets points across it to the other, so two steps from anywhere nearby meet both.
    // The clock goes forward in a gap: the offset before it is the smaller.
    let zone = Zone::Named(tz);
    let step = |offset: i32| zone.offset_at(local_us.saturating_sub(i64::from(offset) * US_PER_SECOND));
    let one = step(zone.offset_at(local_us));
    one.min(step(one))
}

/// A date and time for chrono, kept well within its range.
fn naive(us: i64) -> NaiveDateTime {
    let limit = 95_000_000 * US_PER_DAY;
    DateTime::from_timestamp_micros(us.clamp(-limit, limit)).unwrap_or_default().naive_utc()
}

/// Seconds east of UTC of `+hh`, `+hhmm`, `+hh:mm`, `+hhmmss` or `+hh:mm:ss`, less than 24 hours.
///
/// Seconds are not ISO 8601, but local mean times before standard time have them.
pub(super) fn parse_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let parts: Vec<&str> = if rest.contains(':') {
        rest.split(':').collect()
    } else if rest.is_ascii() && rest.len() % 2 == 0 {
        (0..rest.len()).step_by(2).map(|at| &rest[at..at + 2]).collect()
    } else {
        return None;
    };
    if !(1..=3).contains(&parts.len()) {
        return None;
    }
    let mut seconds = 0;
    for (part, (limit, unit)) in parts.iter().zip([(24, 3600), (60, 60), (60, 1)]) {
        if part.len() != 2 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value: i32 = part.parse().ok()?;
        if value >= limit {
            return None;
        }
        seconds += value * unit;
    }
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::super::instant::Instant;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let check = |input: &str, expected: Option<&str>| {
            assert_eq!(Zone::parse(input).map(|zone| zone.name()).as_deref(), expected, "{input}");
        };
        check("floating", Some("floating"));
        check("UTC", Some("UTC"));
        check("Z", Some("UTC"));
        check("Etc/UTC", Some("Etc/UTC"));
        check("Europe/Berlin", Some("Europe/Berlin"));
        check("europe/berlin", Some("Europe/Berlin"));
        check("+02:00", Some("+02:00"));
        check("-0330", Some("-03:30"));
        check("+02", Some("+02:00"));
        check("+00:00", Some("+00:00"));
        check("+00:53:28", Some("+00:53:28"));
        check("+24:00", None);
        check("+2", None);
        check("+1:00", None);
        check("+é", None);
        check("Mars/Olympus", None);
        check("", None);
        assert_eq!(Zone::parse("Z"), Some(Zone::Utc));
        assert_eq!(Zone::parse("+00:00"), Some(Zone::Fixed(0)));
    }

    #[test]
    fn gaps_and_folds() {
        let check = |zone: &str, local: &str, utc: &str| {
            let us = |text| Instant::parse(text, None).unwrap().us;
            assert_eq!(Zone::parse(zone).unwrap().to_utc(us(local)), us(utc), "{local} in {zone}");
        };
        check("Europe/Berlin", "2025-07-01T12:00:00", "2025-07-01T10:00:00");
        check("Europe/Berlin", "2025-01-01T12:00:00", "2025-01-01T11:00:00");
        // The clock goes from 02:00 to 03:00: read with the offset before, +01:00.
        check("Europe/Berlin", "2025-03-30T02:30:00", "2025-03-30T01:30:00");
        check("Europe/Berlin", "2025-03-30T02:00:00", "2025-03-30T01:00:00");
        check("America/New_York", "2025-03-09T02:30:00", "2025-03-09T07:30:00");
        check("Australia/Lord_Howe", "2025-10-05T02:15:00", "2025-10-04T15:45:00");
        // Samoa left out a whole day.
        check("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00");
        // 02:30 comes twice: the first, in summer time.
        check("Europe/Berlin", "2025-10-26T02:30:00", "2025-10-26T00:30:00");
        check("America/New_York", "2025-11-02T01:30:00", "2025-11-02T05:30:00");
        // Local mean time.
        check("Europe/Berlin", "1850-01-01T00:53:28", "1850-01-01T00:00:00");
        check("floating", "2025-07-01T12:00:00", "2025-07-01T12:00:00");
        check("-03:30", "2025-07-01T12:00:00", "2025-07-01T15:30:00");
    }

    proptest! {
        #[test]
        fn never_panics(name in ".*", us in any::<i64>(), index in 0..TZ_VARIANTS.len()) {
            Zone::parse(&name);
            let zone = Zone::Named(TZ_VARIANTS[index]);
            zone.to_utc(us);
            zone.offset_at(us);
        }

        #[test]
        fn to_utc_inverts_offset_at(us in -8_000_000_000_000_000i64..8_000_000_000_000_000, index in 0..TZ_VARIANTS.len()) {
            let zone = Zone::Named(TZ_VARIANTS[index]);
            let local = us + i64::from(zone.offset_at(us)) * US_PER_SECOND;
            let back = zone.to_utc(local);
            // In a fold the first occurrence is taken: never a later instant, and the clock shows the same.
            prop_assert!(back <= us);
            prop_assert_eq!(back + i64::from(zone.offset_at(back)) * US_PER_SECOND, local);
        }
    }
}

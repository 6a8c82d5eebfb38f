//! The content lines of a recurrence: names, parameters, dates and durations (RFC 5545 sections 3.1 and 3.3).

use super::{Clock, Clocks, RecurError};
use crate::when::civil::{US_PER_DAY, US_PER_SECOND, days_from_civil, days_in_month};

/// A content line, taken apart.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// The name in upper case.
    pub name: String,
    /// Parameters: names in upper case, values without quotes.
    params: Vec<(String, &'a str)>,
    /// What stands behind the colon.
    pub value: &'a str,
    text: &'a str,
}

/// A date or a time of day, on the clock that it is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// Days since 1970-01-01.
    Day(i64),
    /// Local microseconds as if UTC.
    Local(i64),
    /// Microseconds in UTC.
    Utc(i64),
}

/// A value of RDATE or EXDATE.
#[derive(Clone, Debug)]
pub(super) struct Date {
    pub stamp: Stamp,
    /// The clock that TZID names, if it is known.
    pub clock: Option<Clock>,
    /// The end of a PERIOD.
    pub end: Option<End>,
}

/// How a PERIOD ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    At(Stamp),
    /// Days on the calendar, microseconds on the clock.
    After {
        days: i64,
        us: i64,
    },
}

impl<'a> Line<'a> {
    /// Takes a line apart: `NAME;PARAM=VALUE;PARAM="VALUE":value`.
    pub fn of(text: &'a str) -> Result<Self, RecurError> {
        let bad = || RecurError::new(format!("{} is no content line of RFC 5545", shown(text)));
        let mut parts = Vec::new();
        let (mut start, mut quoted, mut value) = (0, false, None);
        for (at, byte) in text.bytes().enumerate() {
            match byte {
                b'"' => quoted = !quoted,
                b';' | b':' if !quoted => {
                    parts.push(&text[start..at]);
                    start = at + 1;
                    if byte == b':' {
                        value = Some(&text[start..]);
                        break;
                    }
                }
                _ => {}
            }
        }
        let value = value.ok_or_else(bad)?.trim();
        let (name, params) = parts.split_first().ok_or_else(bad)?;
        let param = |part: &&'a str| {
            let (name, value) = part.split_once('=')?;
            Some((name.to_ascii_uppercase(), value.trim_matches('"')))
        };
        let params = params.iter().map(param).collect::<Option<_>>().ok_or_else(bad)?;
        Ok(Self { name: name.trim().to_ascii_uppercase(), params, value, text })
    }

    /// The value of a parameter, given by its name in upper case.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|(found, _)| found == name).map(|(_, value)| *value)
    }

    /// The whole line.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The values of RDATE or EXDATE.
    pub fn dates(&self, clocks: &Clocks) -> Result<Vec<Date>, RecurError> {
        // A TZID that nobody knows is the calendar's own name for the zone of the event.
        let clock = self.param("TZID").and_then(|tzid| clocks.get(tzid));
        let date = |text: &str| {
            let bad = || RecurError::new(format!("{}: {} is no date", shown(self.text), shown(text)));
            let (start, end) = text.split_once('/').map_or((text, None), |(start, end)| (start, Some(end)));
            let end = match end {
                None => None,
                Some(end) if end.starts_with(['P', 'p', '+']) => {
                    let (days, us) = duration(end).ok_or_else(bad)?;
                    Some(End::After { days, us })
                }
                Some(end) => Some(End::At(stamp(end).ok_or_else(bad)?)),
            };
            Ok(Date { stamp: stamp(start).ok_or_else(bad)?, clock: clock.clone(), end })
        };
        self.value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(date).collect()
    }
}

/// Reads `20250910`, `20250910T100000` and `20250910T100000Z`; a second 60 is the first of the next minute.
pub(super) fn stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let number = |range: std::ops::Range<usize>| {
        let part = text.get(range).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        part.parse::<u32>().ok()
    };
    let (year, month, day) = (number(0..4)?, number(4..6)?, number(6..8)?);
    if !(1..=days_in_month(year.into(), month)).contains(&day) {
        return None;
    }
    let days = days_from_civil(year.into(), month, day);
    if text.len() == 8 {
        return Some(Stamp::Day(days));
    }
    if !matches!(text.as_bytes()[8], b'T' | b't') {
        return None;
    }
    let (hour, minute, second) = (number(9..11)?, number(11..13)?, number(13..15)?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let us = days * US_PER_DAY + i64::from(hour * 3600 + minute * 60 + second) * US_PER_SECOND;
    match &text[15..] {
        "" => Some(Stamp::Local(us)),
        "Z" | "z" => Some(Stamp::Utc(us)),
        _ => None,
    }
}

/// Days and microseconds of a duration such as `P1DT2H`, none longer than ten thousand years.
fn duration(text: &str) -> Option<(i64, i64)> {
    let upper = text.trim().to_ascii_uppercase();
    let mut rest = upper.strip_prefix('+').unwrap_or(&upper).strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (mut days, mut seconds, mut timed) = (0i64, 0i64, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T').filter(|time| !timed && !time.is_empty()) {
            (rest, timed) = (time, true);
        }
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok().filter(|number| *number <= 400_000_000_000)?;
        match (rest.as_bytes()[end], timed) {
            (b'W', false) => days += number * 7,
            (b'D', false) => days += number,
            (b'H', true) => seconds += number * 3600,
            (b'M', true) => seconds += number * 60,
            (b'S', true) => seconds += number,
            _ => return None,
        }
        rest = &rest[end + 1..];
        if days > 4_000_000 || seconds > 400_000_000_000 {
            return None;
        }
    }
    Some((days, seconds * US_PER_SECOND))
}

/// A text in backticks, cut to a length that fits a message.
pub(super) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

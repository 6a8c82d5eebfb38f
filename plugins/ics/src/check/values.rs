//! The grammar of values (RFC 5545 section 3.3), to the letter: what the importer reads kindly is an error here.

use super::properties::Type;
use super::words::is_color;
use crate::value::{Stamp, stamp};

/// What is wrong with a value: a code, what is wrong and what to do, and the section that says so.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub code: &'static str,
    pub text: String,
    pub rule: (&'static str, &'static str),
}

pub(super) fn wrong(code: &'static str, text: impl Into<String>, section: &'static str) -> Wrong {
    Wrong { code, text: text.into(), rule: ("5545", section) }
}

/// The first thing that is wrong with a single value of a type. Words and RECUR are looked at elsewhere.
pub(super) fn check(kind: Type, value: &str) -> Result<(), Wrong> {
    let bad = |fits: bool, text: &str, section: &'static str| match fits {
        true => Ok(()),
        false => Err(wrong("bad-value", text, section)),
    };
    match kind {
        Type::Binary => bad(is_base64(value), "is not BASE64: write groups of four of `A-Za-z0-9+/`", "3.3.1"),
        Type::CalAddress => uri(value).map_err(|text| wrong("bad-uri", text, "3.3.3")),
        Type::Uri => uri(value).map_err(|text| wrong("bad-uri", text, "3.3.13")),
        Type::Date => date(value).map(drop),
        Type::DateTime => date_time(value).map(drop),
        Type::Utc => match date_time(value)? {
            Stamp::Time { utc: true, .. } => Ok(()),
            _ => Err(wrong("not-utc", "has to be in UTC: convert it, and write a `Z` at its end", "3.3.5")),
        },
        Type::Duration => duration(value).map(drop),
        Type::Geo => {
            bad(is_geo(value), "is no place: write latitude;longitude, as in 37.386013;-122.082932", "3.8.1.6")
        }
        Type::Integer(least, most) => match integer(value) {
            Some(number) if (i64::from(least)..=i64::from(most)).contains(&number) => Ok(()),
            Some(_) => Err(wrong("bad-value", format!("has to be from {least} to {most}"), "3.3.8")),
            None => Err(wrong("bad-value", "is no INTEGER: write digits only", "3.3.8")),
        },
        Type::Offset => offset(value),
        Type::Period => period(value),
        Type::RequestStatus => request_status(value),
        Type::Text | Type::Uid => text(value, true),
        Type::Texts => text(value, false),
        Type::Color if is_color(value.trim()) => Ok(()),
        Type::Color => Err(Wrong {
            code: "bad-color",
            text: "is no colour name of CSS3: write one such as `turquoise`".to_owned(),
            rule: ("7986", "5.9"),
        }),
        Type::Recur | Type::Word(_) | Type::OpenWord(_) | Type::XmlReference => Ok(()),
    }
}

/// A DATE.
pub(super) fn date(value: &str) -> Result<Stamp, Wrong> {
    let advice = "is no DATE: write year, month and day, as in 19970714";
    match value.bytes().filter(u8::is_ascii_digit).count() == 8 && value.len() == 8 {
        true => stamp(value).map_err(|reason| wrong("bad-value", format!("is no DATE: {reason}"), "3.3.4")),
        false => Err(wrong("bad-value", advice, "3.3.4")),
    }
}

/// A DATE-TIME.
pub(super) fn date_time(value: &str) -> Result<Stamp, Wrong> {
    let bytes = value.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes[range].iter().all(u8::is_ascii_digit);
    let shaped = matches!(bytes.len(), 15 | 16)
        && digits(0..8)
        && bytes[8].eq_ignore_ascii_case(&b'T')
        && digits(9..15)
        && bytes.get(15).is_none_or(|zone| zone.eq_ignore_ascii_case(&b'Z'));
    if !shaped {
        let advice = "is no DATE-TIME: write it as in 19980118T230000, with a `Z` behind it in UTC";
        return Err(wrong("bad-value", advice, "3.3.5"));
    }
    if &bytes[9..11] == b"24" {
        return Err(wrong("bad-value", "is no DATE-TIME: hours are 00 to 23; write 00 of the next day", "3.3.12"));
    }
    stamp(value).map_err(|reason| wrong("bad-value", format!("is no DATE-TIME: {reason}"), "3.3.5"))
}

/// What matters of a DURATION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub negative: bool,
    /// Whether it has no part shorter than a day.
    pub days_only: bool,
}

/// A DURATION.
pub(super) fn duration(value: &str) -> Result<Length, Wrong> {
    let fail = |text: &str| Err(wrong("bad-value", text, "3.3.6"));
    let upper = value.to_ascii_uppercase();
    let (negative, rest) = match upper.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, upper.strip_prefix('+').unwrap_or(&upper)),
    };
    let Some(rest) = rest.strip_prefix('P') else {
        return fail("is no DURATION: it begins with `P`, as in PT1H30M or P15D");
    };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    // The units that there are, each behind its digits.
    let units = |text: &str| -> Option<String> {
        let mut units = String::new();
        let mut digits = 0;
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits += 1;
            } else if digits > 0 {
                units.push(c);
                digits = 0;
            } else {
                return None;
            }
        }
        (digits == 0).then_some(units)
    };
    let days = units(days);
    match (days.as_deref(), time.map(units)) {
        (Some("W" | "D"), None) => Ok(Length { negative, days_only: true }),
        (Some("" | "D"), Some(Some(time))) if matches!(&*time, "H" | "HM" | "HMS" | "M" | "MS" | "S") => {
            Ok(Length { negative, days_only: false })
        }
        (Some("" | "D"), Some(Some(time))) if time == "HS" => {
            fail("is no DURATION: between hours and seconds there are minutes, as in PT1H0M30S")
        }
        (Some(days), _) if days.contains('W') => fail("is no DURATION: weeks stand alone; write days, as in P9DT2H"),
        _ => fail("is no DURATION: write it as in P15D, PT1H30M, P1DT12H or P2W"),
    }
}

fn period(value: &str) -> Result<(), Wrong> {
    let Some((start, end)) = value.split_once('/') else {
        let advice = "is no PERIOD: write start/end or start/duration, as in 19970101T180000Z/PT5H30M";
        return Err(wrong("bad-value", advice, "3.3.9"));
    };
    let start = date_time(start)?;
    if end.starts_with(['P', 'p', '+', '-']) {
        return match duration(end)?.negative {
            true => Err(wrong("bad-value", "is no PERIOD: its duration has to be positive", "3.3.9")),
            false => Ok(()),
        };
    }
    match (start, date_time(end)?) {
        (Stamp::Time { local: from, utc: a }, Stamp::Time { local: to, utc: b }) if a == b && from >= to => {
            Err(wrong("bad-value", "is no PERIOD: its start has to be before its end", "3.3.9"))
        }
        _ => Ok(()),
    }
}

fn offset(value: &str) -> Result<(), Wrong> {
    let bytes = value.as_bytes();
    let shaped =
        matches!(bytes.len(), 5 | 7) && matches!(bytes[0], b'+' | b'-') && bytes[1..].iter().all(u8::is_ascii_digit);
    if !shaped {
        return Err(wrong("bad-value", "is no UTC-OFFSET: write sign, hours and minutes, as in -0500", "3.3.14"));
    }
    if bytes[0] == b'-' && bytes[1..].iter().all(|digit| *digit == b'0') {
        return Err(wrong("bad-value", "is no UTC-OFFSET: zero is written +0000", "3.3.14"));
    }
    let two = |at: usize| value.get(at..at + 2).and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    match two(1) < 24 && two(3) < 60 && two(5) < 60 {
        true => Ok(()),
        false => Err(wrong("bad-value", "is no UTC-OFFSET: hours go to 23, minutes and seconds to 59", "3.3.14")),
    }
}

fn request_status(value: &str) -> Result<(), Wrong> {
    let (code, rest) = value.split_once(';').unwrap_or((value, ""));
    let parts: Vec<&str> = code.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(parts.len(), 2 | 3) || !parts.iter().all(is_number) || rest.is_empty() {
        return Err(wrong("bad-value", "is no status: write code;text, as in 2.0;Success", "3.8.8.3"));
    }
    let mut parts = split(rest, ';');
    parts.try_for_each(|part| text(part, true))
}

/// TEXT: what a backslash may stand before, and that commas (if it is one text alone) and semicolons have one.
pub(super) fn text(value: &str, single: bool) -> Result<(), Wrong> {
    let mut chars = value.char_indices();
    while let Some((at, c)) = chars.next() {
        let behind = || match at {
            0 => "at its front".to_owned(),
            _ => format!("behind `{}`", tail(&value[..at])),
        };
        let (code, text) = match c {
            '\\' => match chars.next() {
                Some((_, '\\' | ';' | ',' | 'n' | 'N')) => continue,
                Some((_, other)) => {
                    let only = "only `\\\\ \\; \\, \\n` have meaning; a backslash itself is written `\\\\`";
                    ("bad-escape", format!("has `\\{other}` {}: {only}", behind()))
                }
                None => ("bad-escape", "ends with a backslash: write it `\\\\`".to_owned()),
            },
            ';' => ("unescaped", format!("has a semicolon {}: write it `\\;`", behind())),
            ',' if single => ("unescaped", format!("has a comma {}: write it `\\,`", behind())),
            _ => continue,
        };
        return Err(wrong(code, text, "3.3.11"));
    }
    Ok(())
}

/// The last characters of a text.
fn tail(text: &str) -> &str {
    let at = text.char_indices().rev().nth(15).map_or(0, |(at, _)| at);
    &text[at..]
}

/// The parts of a text between separators that no backslash stands before.
pub(super) fn split(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    value.split(move |c: char| {
        let separates = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        separates
    })
}

/// A URI as RFC 3986 has it, as far as a scheme and its characters tell.
pub(super) fn uri(value: &str) -> Result<(), String> {
    let scheme = value.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    if !scheme.is_some_and(is_scheme) {
        let example = if value.contains('@') { "mailto:" } else { "https:" };
        return Err(format!("is no URI: it has to begin with a scheme, such as `{example}`"));
    }
    match value.chars().find(|c| !c.is_ascii() || c.is_ascii_control() || " \"<>\\^`{|}".contains(*c)) {
        Some(c) => Err(format!("is no URI: `{}` has to be percent-encoded", c.escape_debug())),
        None => Ok(()),
    }
}

fn is_base64(value: &str) -> bool {
    let body = value.trim_end_matches('=');
    value.len().is_multiple_of(4)
        && value.len() - body.len() <= 2
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn is_geo(value: &str) -> bool {
    let within = |text: &str, limit: f64| float(text).is_some_and(|number| number.abs() <= limit);
    value.split_once(';').is_some_and(|(lat, lon)| within(lat, 90.0) && within(lon, 180.0))
}

fn float(value: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bare = value.strip_prefix(['+', '-']).unwrap_or(value);
    let (whole, fraction) = bare.split_once('.').map_or((bare, None), |(whole, rest)| (whole, Some(rest)));
    (digits(whole) && fraction.is_none_or(digits)).then(|| value.parse().ok())?
}

fn integer(value: &str) -> Option<i64> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let shaped = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A number too long for this is out of any range.
    shaped.then(|| value.parse().unwrap_or(i64::MAX))
}

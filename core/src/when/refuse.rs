//! Why a text is no date, in words that name the text and the reason.

use super::civil::{YEAR_LIMIT, days_in_month};

/// A text that cannot be read as a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WhenError {
    /// The text and the reason, in one sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl WhenError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The names of the months in English, January first.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A text in backticks, cut to a length that fits a message.
pub(super) fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}

/// Whether the day exists; the reason if not.
pub(super) fn check_day(year: i64, month: u32, day: u32) -> Result<(), String> {
    if !(1..=12).contains(&month) {
        return Err(format!("there is no month {month}"));
    }
    let days = days_in_month(year, month);
    if (1..=days).contains(&day) {
        return Ok(());
    }
    let name = MONTHS[month as usize - 1];
    match day {
        0 => Err("there is no day 0".to_string()),
        _ => Err(format!("{name} {year} has {days} days")),
    }
}

/// Why `text` is not EDTF, with `reason` as the last resort.
pub(super) fn not_edtf(text: &str, reason: &str) -> WhenError {
    let fail = |reason: &str| WhenError::new(format!("{}: {reason}", quote(text)));
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| -> Option<u32> {
        let part = bytes.get(range)?;
        if part.iter().all(u8::is_ascii_digit) { str::from_utf8(part).ok()?.parse().ok() } else { None }
    };
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    let (year, basic) = (digits(0..4), bytes.len() == 8);
    let (month, day) = match (bytes.len(), basic) {
        (_, true) => (digits(4..6), digits(6..8)),
        (10, _) if dash(4) && dash(7) => (digits(5..7), digits(8..10)),
        (7, _) if dash(4) => (digits(5..7), Some(1)),
        _ => (None, None),
    };
    if let (Some(year), Some(month), Some(day)) = (year, month, day) {
        return match check_day(i64::from(year), month, day) {
            Err(reason) => fail(&reason),
            Ok(()) if basic => fail("a date has dashes").hint(format!("write {year:04}-{month:02}-{day:02}")),
            Ok(()) => fail(reason),
        };
    }
    if text.trim().is_empty() {
        return fail("no date").hint("leave it out, or write a date such as 2025-09-10, 2025-09 or 2025");
    }
    if text.trim() != text {
        return fail("white space around the date");
    }
    if text.len() < 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return fail("a year has four digits").hint(format!("write {text:0>4} if that year is meant"));
    }
    fail(reason).hint("write a date such as 2025-09-10, 2025-09, 2025, 199X or 2025-09-10T10:00:00Z (EDTF, RFC 3339)")
}

/// The error of an interval that ends before it starts.
pub(super) fn ends_early(start: &str, end: &str) -> WhenError {
    let message = format!("the end {} is before the start {}", quote(end), quote(start));
    WhenError::new(message).hint("swap the two, or correct one of them")
}

/// The error of a bound beyond the years that microseconds can count.
pub(super) fn beyond_limit(text: &str) -> WhenError {
    WhenError::new(format!("{}: instants end at the years ±{YEAR_LIMIT}", quote(text)))
}

//! Date phrases of people: "c. 1850", "late 1990s", "1914–18", "44 BC", in English.
//!
//! A phrase becomes an EDTF expression, which alone gives the bounds; the words stay in `said`. What could mean two
//! things is refused with a hint, never guessed.
//!
//! - early, mid and late set [`When::part`] and keep the whole unit as bounds; so do circa (`~`) and maybe (`?`).
//! - "the 1860s" is `186X`, "the 1800s" and "19th century" are `18XX`, "1st century" is `00XX`: whole hundreds.
//! - Years BC are astronomical: 44 BC is `-0043`. BC decades, centuries and millennia begin with a year that ends in
//!   0 only in BC counting, so that no mask fits: "10th century BC" is `[-0999..-0900]`.
//! - "before 1900" is a moment, `[..1900]`, and "until 1900" a state, `../1900`; likewise "after" and "since". The year
//!   itself is not excluded.
//! - "between A and B" is a moment, `[A..B]`; "from A to B" and "A–B" last, `A/B`; "A or B" is `[A,B]`.
//! - A range whose ends are no plain EDTF dates ("3rd–1st century BC") is a moment between its first and last year.
//! - A qualifier that the expression cannot carry, as in "between c. 1900 and c. 1910", stays in
//!   [`When::qualifier`] alone.

mod range;
mod spec;
#[cfg(test)]
mod tests;
mod token;
mod words;

use super::instant::looks_like_instant;
use super::refuse::quote;
use super::{When, WhenError};
use token::{month_or_years, tokens};
use words::UNDATED;

/// Which comes first in numeric dates such as `10/7/2008`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// Day, month, year: 10 July.
    Dmy,
    /// Month, day, year: 7 October.
    Mdy,
}

/// Reads a date as people write it: an English phrase, a numeric date, or anything that [`When::parse`] reads (then
/// `said` stays empty).
///
/// Of a numeric date without `order` day and month must differ by being above 12 or be the same; else it is refused.
/// Eight digits are a day (`20250910`). "unknown" and "n.d." are undated.
pub fn phrase(text: &str, order: Option<DateOrder>) -> Result<When, WhenError> {
    let trimmed = text.trim();
    let about = |error: WhenError| WhenError { message: format!("{}: {}", quote(trimmed), error.message), ..error };
    let said = |when: When| When { said: Some(trimmed.to_string()), ..when };
    if let Some((year, second)) = two_readings(trimmed) {
        return Err(about(month_or_years(year, second)));
    }
    let strict = match When::parse(trimmed, None) {
        Ok(when) => return Ok(when),
        Err(error) => error,
    };
    if trimmed.len() == 8 && trimmed.bytes().all(|b| b.is_ascii_digit()) {
        let dashed = format!("{}-{}-{}", &trimmed[..4], &trimmed[4..6], &trimmed[6..]);
        return When::parse(&dashed, None).map(said).map_err(|_| strict);
    }
    if trimmed.is_empty() || looks_like_instant(trimmed) && trimmed.contains(['T', 't', ':']) {
        return Err(strict);
    }
    let bare = trimmed.to_lowercase().replace(['.', '(', ')', '[', ']'], "");
    if UNDATED.contains(&bare.trim()) {
        return Ok(said(When::undated()));
    }
    let tokens = tokens(trimmed).map_err(about)?;
    range::read(&tokens, order).map(said).map_err(about)
}

/// `1914-21` is EDTF for spring 1914, and people's for 1914 to 1921.
fn two_readings(text: &str) -> Option<(&str, &str)> {
    let plain = text.trim_end_matches(['?', '~', '%']);
    let (year, second) = plain.split_once('-')?;
    let digits = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit());
    let both = digits(year, 4) && digits(second, 2) && ("21"..="41").contains(&second) && second > &year[2..];
    both.then_some((year, second))
}

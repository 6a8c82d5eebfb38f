//! Ranges, alternatives and limits: "1914–18", "1862 or 1863", "before 1900", "between 1900 and 1910".

use super::super::civil::US_PER_DAY;
use super::super::instant::day_text;
use super::super::refuse::ends_early;
use super::super::unit::{Unit, qualifier};
use super::super::{Part, Precision, When, WhenError};
use super::DateOrder;
use super::spec::{Spec, Value, Year, no_date, stretch, year_text};
use super::token::{Suffix, Token};
use super::words::{Era, LIMITS_AFTER, LIMITS_BEFORE, Limit, RANGE_WORDS, Word, lookup};

/// Reads a whole phrase.
pub(super) fn read(tokens: &[Token], order: Option<DateOrder>) -> Result<When, WhenError> {
    let tokens = &winter(tokens)[..];
    let (doubt, tokens) = leading_doubt(tokens);
    let spec = |tokens: &[Token]| -> Result<Spec, WhenError> {
        let mut spec = Spec::read(tokens, order)?;
        spec.uncertain |= doubt.0;
        spec.approximate |= doubt.1;
        Ok(spec)
    };
    if let Some((limit, rest)) = limit(tokens) {
        return limited(limit, &spec(rest)?);
    }
    if let Some(rest) = strip(tokens, "between") {
        let (start, end) = split(rest, &["and"])?.ok_or_else(no_date)?;
        let (start, end) = share(spec(start)?, spec(end)?)?;
        return finish(&hull(&start, &end)?, &[&start, &end]);
    }
    let rest = strip(tokens, "from").unwrap_or(tokens);
    let or: Vec<&[Token]> = rest.split(|token| token.is_word("or")).collect();
    if or.len() > 1 {
        return alternatives(or.into_iter().map(spec).collect::<Result<_, _>>()?);
    }
    match split(rest, RANGE_WORDS)? {
        Some((start, end)) => {
            let (start, end) = share(spec(start)?, spec(end)?)?;
            interval(&start, &end)
        }
        None if rest.len() < tokens.len() => limited(Limit::Since, &spec(rest)?),
        None => {
            let spec = spec(rest)?;
            match spec.edtf()? {
                Some(edtf) => finish(&edtf, &[&spec]),
                None => finish(&hull(&spec, &spec)?, &[&spec]),
            }
        }
    }
}

fn strip<'a>(tokens: &'a [Token], word: &str) -> Option<&'a [Token]> {
    tokens.split_first().filter(|(first, _)| first.is_word(word)).map(|(_, rest)| rest)
}

/// "possibly between …": doubt before a word that governs the whole phrase, as (uncertain, approximate).
fn leading_doubt(tokens: &[Token]) -> ((bool, bool), &[Token]) {
    let mut doubt = (false, false);
    let mut rest = tokens;
    while let Some((Token::Word(word), next)) = rest.split_first() {
        match lookup(word) {
            Some(Word::Uncertain) => doubt.0 = true,
            Some(Word::Approximate) => doubt.1 = true,
            _ => break,
        }
        rest = next.strip_prefix(&[Token::Mark(':')]).unwrap_or(next);
    }
    let governs = ["between", "from"].iter().any(|word| strip(rest, word).is_some()) || limit(rest).is_some();
    if governs { (doubt, rest) } else { ((false, false), tokens) }
}

/// "before …", "… onwards": the limit and the date without it.
fn limit(tokens: &[Token]) -> Option<(Limit, &[Token])> {
    let same = |words: &[&str], tokens: &[Token]| words.iter().zip(tokens).all(|(word, token)| token.is_word(word));
    for (words, limit) in LIMITS_BEFORE {
        if tokens.len() > words.len() && same(words, tokens) {
            return Some((*limit, &tokens[words.len()..]));
        }
    }
    for (words, limit) in LIMITS_AFTER {
        let Some(at) = tokens.len().checked_sub(words.len()) else { continue };
        if at > 0 && same(words, &tokens[at..]) {
            return Some((*limit, &tokens[..at]));
        }
    }
    None
}

/// "winter 1940–41" and "winter of 1940/41" are one winter, named after both its years: the second is dropped.
fn winter(tokens: &[Token]) -> Vec<Token> {
    let mut out = tokens.to_vec();
    let year = |token: &Token| match token {
        Token::Number { digits, suffix: Suffix::None } => Some(digits.clone()),
        _ => None,
    };
    for at in 1..out.len().saturating_sub(2) {
        let before = &out[..at];
        let is_winter = before.iter().any(|token| token.is_word("winter"));
        let link = matches!(out[at + 1], Token::Dash { .. } | Token::Mark('/'));
        let (Some(first), Some(second)) = (year(&out[at]), year(&out[at + 2])) else { continue };
        let next = first.parse::<u32>().map(|year| (year + 1).to_string()).unwrap_or_default();
        if is_winter && link && first.len() == 4 && (second == next || second.len() == 2 && next.ends_with(&second)) {
            out.drain(at + 1..at + 3);
            break;
        }
    }
    out
}

/// A start and an end, of tokens.
type Halves<'a> = (&'a [Token], &'a [Token]);

/// Splits at the one range word, else at the one dash: a long one before a spaced one before a hyphen.
fn split<'a>(tokens: &'a [Token], words: &[&str]) -> Result<Option<Halves<'a>>, WhenError> {
    let levels: [&dyn Fn(&Token) -> bool; 4] = [
        &|token| words.iter().any(|word| token.is_word(word)),
        &|token| matches!(token, Token::Dash { long: true, .. }),
        &|token| matches!(token, Token::Dash { spaced: true, .. }),
        &|token| matches!(token, Token::Dash { .. }),
    ];
    for level in levels {
        let mut places = (0..tokens.len()).filter(|at| level(&tokens[*at]));
        match (places.next(), places.next()) {
            (Some(at), None) => return Ok(Some((&tokens[..at], &tokens[at + 1..]))),
            (Some(_), Some(_)) => return Err(WhenError::new("more than one range")),
            _ => {}
        }
    }
    Ok(None)
}

/// Gives each end of a range what only the other says: "10–12 September 2025", "1914–18", "300–200 BC".
fn share(mut start: Spec, mut end: Spec) -> Result<(Spec, Spec), WhenError> {
    let year_only = |year: Year| Value::Date { year: Some(year), month: None, day: None };
    match (start.value, end.value) {
        // 17th-19th century
        (Value::Number { value, .. }, Value::Years { first, precision, .. }) => {
            let era = if first < 0 { Era::Bc } else { Era::Ad };
            let len = if precision == Precision::Century { 100 } else { 1000 };
            start.value = stretch(value, len, era).ok_or_else(no_date)?;
        }
        // 10-12 September 2025
        (Value::Number { value, .. }, Value::Date { year, month: Some(month), day: Some(_) }) => {
            start.value = Value::Date { year, month: Some(month), day: Some(value) };
        }
        // 79-80 AD, 300-200 BC
        (
            Value::Number { value, .. },
            Value::Date { year: Some(Year { era: Some(era), value: last }), month: None, .. },
        ) => {
            start.value = year_only(Year::of(value, era).ok_or_else(no_date)?);
            end.value = year_only(abbreviated(value, last, era)?);
        }
        // 1200-1000 BC, 1914-18 AD: the era stands for both.
        (
            Value::Date { year: Some(Year { value, era: None }), month: None, .. },
            Value::Date { year: Some(Year { era: Some(era), value: last }), month: None, .. },
        ) => {
            start.value = year_only(Year::of(value, era).ok_or_else(no_date)?);
            end.value = year_only(abbreviated(value, last, era)?);
        }
        // AD 79-80
        (
            Value::Date { year: Some(Year { era: Some(Era::Ad), value }), .. },
            Value::Number { value: number, digits },
        ) if value < 100 || digits > 2 => {
            end.value = year_only(Year::of(number, Era::Ad).ok_or_else(no_date)?);
        }
        // 1914-18
        (Value::Date { year: Some(year), month: None, .. }, Value::Number { value, digits: 2 })
            if year.value >= 100 =>
        {
            end.value = year_only(Year { value: year.value / 100 * 100 + value, era: None });
        }
        // 1940s-50s
        (Value::Years { first, precision: Precision::Decade, .. }, Value::ShortDecade(value)) if first >= 0 => {
            let first = first / 100 * 100 + value;
            end.value = Value::Years { first, last: first + 9, precision: Precision::Decade };
        }
        // September 10-12, 2025
        (Value::Date { year: None, month, .. }, Value::Date { year, month: None, day: Some(day) }) => {
            end.value = Value::Date { year, month, day: Some(day) };
            if let Value::Date { day, .. } = start.value {
                start.value = Value::Date { year, month, day };
            }
        }
        // September-October 2025
        (Value::Date { year: None, month, day }, Value::Date { year: Some(year), .. }) => {
            start.value = Value::Date { year: Some(year), month, day };
        }
        // September 2025 - October
        (Value::Date { year: Some(year), .. }, Value::Date { year: None, month, day }) => {
            end.value = Value::Date { year: Some(year), month, day };
        }
        _ => {}
    }
    start.check(None)?;
    end.check(None)?;
    Ok((start, end))
}

/// The second year of a range after the year `first` of its era: of two digits it belongs to the first's century, if
/// there it comes later. BC that may as well be the year itself: 480-79 is refused, 300-50 is not.
fn abbreviated(first: i64, last: i64, era: Era) -> Result<Year, WhenError> {
    let number = if era == Era::Bc { 1 - last } else { last };
    let full = first / 100 * 100 + number;
    let short = first >= 100 && number < 100;
    match era {
        Era::Bc if short && full < first => Err(WhenError::new(format!("the end may be {full} or {number} BC"))
            .hint("write the end of the range with all its digits and its own BC")),
        Era::Ad if short => Ok(Year { value: full, era: Some(era) }),
        _ => Ok(Year { value: last, era: Some(era) }),
    }
}

fn interval(start: &Spec, end: &Spec) -> Result<When, WhenError> {
    if end.value == Value::Present {
        return limited(Limit::Since, start);
    }
    match (start.edtf()?, end.edtf()?) {
        (Some(first), Some(last)) => finish(&format!("{first}/{last}"), &[start, end]),
        _ => finish(&hull(start, end)?, &[start, end]),
    }
}

/// What [`Limit`] says; of a range of years that is no EDTF date, a moment up to its last or from its first year.
fn limited(limit: Limit, spec: &Spec) -> Result<When, WhenError> {
    let edtf = match (spec.edtf()?, spec.years(), limit) {
        (Some(date), _, Limit::Until) => format!("../{date}"),
        (Some(date), _, Limit::Since) => format!("{date}/.."),
        (Some(date), _, Limit::Before) => format!("[..{date}]"),
        (Some(date), _, Limit::After) => format!("[{date}..]"),
        (None, Some((_, last)), Limit::Until | Limit::Before) => format!("[..{}]", year_text(last)),
        (None, Some((first, _)), Limit::Since | Limit::After) => format!("[{}..]", year_text(first)),
        (None, None, _) => return Err(no_date()),
    };
    finish(&edtf, &[spec])
}

/// `[A,B]`: one of them.
fn alternatives(mut specs: Vec<Spec>) -> Result<When, WhenError> {
    for at in (1..specs.len()).rev() {
        let (first, second) = share(specs[at - 1].clone(), specs[at].clone())?;
        (specs[at - 1], specs[at]) = (first, second);
    }
    let mut members = Vec::new();
    for spec in &specs {
        members.push(match (spec.edtf()?, spec.years()) {
            (Some(date), _) => date,
            (None, Some((first, last))) => format!("{}..{}", year_text(first), year_text(last)),
            (None, None) => return Err(no_date()),
        });
    }
    finish(&format!("[{}]", members.join(",")), &specs.iter().collect::<Vec<_>>())
}

/// `[A..B]` from the first of `start` to the last of `end`: in years or months if both are such, else in days.
fn hull(start: &Spec, end: &Spec) -> Result<String, WhenError> {
    if let (Some((first, _)), Some((_, last))) = (start.years(), end.years()) {
        let (first, last) = (year_text(first), year_text(last));
        return Ok(format!("[{first}..{last}]"));
    }
    let (first, last) = (plain(start)?, plain(end)?);
    let is_month = |spec: &Spec| matches!(spec.value, Value::Date { month: Some(1..=12), day: None, .. });
    if is_month(start) && is_month(end) {
        return Ok(format!("[{first}..{last}]"));
    }
    let unit = |text: &str| Unit::parse(text).ok().flatten().ok_or_else(no_date);
    let days = (unit(&first)?.lo.div_euclid(US_PER_DAY), unit(&last)?.hi.div_euclid(US_PER_DAY) - 1);
    Ok(format!("[{}..{}]", day_text(days.0), day_text(days.1)))
}

/// The date without a qualifier, which the ends of a set's range cannot carry.
fn plain(spec: &Spec) -> Result<String, WhenError> {
    let plain = Spec { uncertain: false, approximate: false, ..spec.clone() };
    match (plain.edtf()?, plain.years()) {
        (Some(date), _) => Ok(date),
        (None, Some((first, _))) => Ok(year_text(first)),
        (None, None) => Err(no_date()),
    }
}

/// The expression as a time, with what the words say beyond it. The first date gives the part, as it gives the start.
fn finish(edtf: &str, specs: &[&Spec]) -> Result<When, WhenError> {
    let when = When::parse(edtf, None).map_err(|error| match specs {
        [start, .., end] if edtf.starts_with('[') => {
            let text = |spec| plain(spec).unwrap_or_default();
            ends_early(&text(start), &text(end))
        }
        _ => error,
    })?;
    let precision = match specs.first().map(|spec| spec.value) {
        Some(Value::Years { precision, .. }) => precision,
        _ => when.precision,
    };
    let uncertain = specs.iter().any(|spec| spec.uncertain);
    let approximate = specs.iter().any(|spec| spec.approximate);
    let part = specs.first().map_or(Part::Whole, |spec| spec.part);
    Ok(When { precision, part, qualifier: qualifier(uncertain, approximate), ..when })
}

//! Cutting a phrase into numbers, words, dashes and marks.

use super::super::WhenError;
use super::super::refuse::quote;
use super::words::{HYPHENATED, RANGE_WORDS, SEVERAL_PARTS, Word, lookup};

/// A piece of a phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Digits, with `th` or `s` directly after them.
    Number { digits: String, suffix: Suffix },
    /// Lower case, without dots: `bce` of "B.C.E.".
    Word(String),
    /// A hyphen, or any longer dash, with white space on either side.
    Dash { long: bool, spaced: bool },
    /// Any other sign.
    Mark(char),
    /// A numeric date, its parts as written: `10.9.2025`, `7/2008`.
    Numeric(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    None,
    /// `10th`
    Ordinal,
    /// `1860s`, `1860's`
    Plural,
}

impl Token {
    pub fn is_word(&self, word: &str) -> bool {
        matches!(self, Token::Word(own) if own == word)
    }

    /// The digits of a bare number of `len` digits at most.
    fn bare(&self, lens: std::ops::RangeInclusive<usize>) -> Option<&str> {
        match self {
            Token::Number { digits, suffix: Suffix::None } if lens.contains(&digits.len()) => Some(digits),
            _ => None,
        }
    }
}

/// The tokens of a phrase, numeric dates already joined.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, WhenError> {
    let text = text.to_lowercase().replace("twenty-first", "21st");
    let mut tokens = Vec::new();
    let mut rest = text.as_str();
    let mut space_before = true;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        let token = if c.is_whitespace() {
            None
        } else if c.is_ascii_digit() {
            let (token, taken) = number(rest);
            len = taken;
            Some(token)
        } else if c.is_alphabetic() {
            len = rest.find(|c: char| !c.is_alphabetic() && c != '.').unwrap_or(rest.len());
            Some(Token::Word(rest[..len].replace('.', "")))
        } else if matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}') {
            let long = matches!(c, '\u{2012}'..='\u{2015}');
            let space_after = rest[len..].chars().next().is_none_or(char::is_whitespace);
            Some(Token::Dash { long, spaced: space_before || space_after })
        } else {
            Some(Token::Mark(if c == '’' || c == '‘' { '\'' } else { c }))
        };
        space_before = token.is_none();
        tokens.extend(token);
        rest = &rest[len..];
    }
    join(tokens)
}

/// A number at the start of `rest`, and how many bytes it takes.
fn number(rest: &str) -> (Token, usize) {
    let run = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut len = run(0);
    let mut digits = rest[..len].to_string();
    // 10,000: one to three digits, then groups of three.
    let grouped = len <= 3;
    while grouped && rest[len..].starts_with(',') && run(len + 1) == 3 {
        digits.push_str(&rest[len + 1..len + 4]);
        len += 4;
    }
    let after = &rest[len..];
    let letters: String = after.chars().take_while(|c| c.is_alphabetic()).collect();
    let plural = ["s", "'s", "’s"]
        .into_iter()
        .find(|plural| after.strip_prefix(plural).is_some_and(|next| !next.starts_with(char::is_alphabetic)));
    let (suffix, taken) = match (letters.as_str(), plural) {
        ("st" | "nd" | "rd" | "th", _) => (Suffix::Ordinal, 2),
        (_, Some(plural)) => (Suffix::Plural, plural.len()),
        _ => (Suffix::None, 0),
    };
    (Token::Number { digits, suffix }, len + taken)
}

/// Joins numeric dates and hyphenated words.
fn join(tokens: Vec<Token>) -> Result<Vec<Token>, WhenError> {
    let is_range = tokens.iter().any(|token| match token {
        Token::Word(word) => word == "between" || RANGE_WORDS.contains(&word.as_str()),
        Token::Dash { long, spaced } => *long || *spaced,
        _ => false,
    });
    let mut out: Vec<Token> = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some(token) = rest.first() {
        if let Some((date, taken)) = numeric(rest) {
            out.push(Token::Numeric(date));
            rest = &rest[taken..];
        } else if let Some(pair) = year_month(rest, is_range)? {
            out.push(Token::Numeric(pair));
            rest = &rest[3..];
        } else {
            if !is_hyphen(token) || !joins(&out, &rest[1..]) {
                out.push(token.clone());
            }
            rest = &rest[1..];
        }
    }
    join_parts(&mut out);
    Ok(out)
}

fn is_hyphen(token: &Token) -> bool {
    matches!(token, Token::Dash { long: false, spaced: false })
}

/// Whether a hyphen between these joins words rather than dates: `mid-1860s`, `2024-Q3`, `10-Sep-2025`.
fn joins(before: &[Token], after: &[Token]) -> bool {
    let is_month = |token: &Token| matches!(token, Token::Word(word) if matches!(lookup(word), Some(Word::Month(_))));
    let is_year = |token: &Token| token.bare(4..=4).is_some();
    match (before, after) {
        ([.., Token::Word(word)], _) if word == "to" || HYPHENATED.contains(&word.as_str()) => true,
        ([.., year], [Token::Word(word), ..]) if is_year(year) => word == "q" || word == "h",
        ([.., month], [year, ..]) if is_month(month) => is_year(year),
        ([.., day], [month, dash, year, ..]) if day.bare(1..=2).is_some() => {
            is_month(month) && is_hyphen(dash) && is_year(year)
        }
        _ => false,
    }
}

/// `10.9.2025`, `10/7/2008`, `2025-09-10`, `7/2008`: its parts, and how many tokens they take.
fn numeric(tokens: &[Token]) -> Option<(Vec<String>, usize)> {
    let first = tokens.first()?.bare(1..=4)?;
    let separator = match tokens.get(1)? {
        mark @ (Token::Mark('/' | '.') | Token::Dash { long: false, spaced: false }) => mark,
        _ => return None,
    };
    let second = tokens.get(2)?.bare(1..=4)?;
    let third = tokens.get(3).filter(|next| *next == separator).and(tokens.get(4)).and_then(|next| next.bare(1..=4));
    if let Some(third) = third {
        let parts = [first, second, third];
        let day_like = second.len() <= 2 && parts.iter().filter(|part| part.len() > 2).count() <= 1;
        return day_like.then(|| (parts.map(str::to_string).to_vec(), 5));
    }
    let month_year = matches!(separator, Token::Mark(_)) && first.len() <= 2 && second.len() == 4;
    month_year.then(|| (vec![first.to_string(), second.to_string()], 3))
}

/// `2025-09` inside a phrase: year and month, unless it may be the phrase's range, of years.
fn year_month(tokens: &[Token], is_range: bool) -> Result<Option<Vec<String>>, WhenError> {
    let [year, Token::Dash { long: false, spaced: false }, month, ..] = tokens else { return Ok(None) };
    let (Some(year), Some(month)) = (year.bare(4..=4), month.bare(2..=2)) else { return Ok(None) };
    if !("01"..="12").contains(&month) {
        return Ok(None);
    }
    if !is_range && month > &year[2..] {
        return Err(month_or_years(year, month));
    }
    Ok(Some(vec![year.to_string(), month.to_string()]))
}

/// The refusal of `2001-03`, `1914-21` where both readings make sense.
pub(super) fn month_or_years(year: &str, second: &str) -> WhenError {
    let (what, how) = if second > "12" { ("a season", "the season in words") } else { ("a month", "the month's name") };
    let message = format!("{} may be {what} or a range of years", quote(&format!("{year}-{second}")));
    WhenError::new(message).hint(format!("write {year}/{}{second}, or {how}", &year[..2]))
}

/// "mid to late" as one word: neither part alone.
fn join_parts(tokens: &mut Vec<Token>) {
    let is_part = |token: &Token| matches!(token, Token::Word(word) if matches!(lookup(word), Some(Word::Part(_))));
    let mut at = 0;
    while at + 2 < tokens.len() {
        let link = match &tokens[at + 1] {
            Token::Word(word) => matches!(word.as_str(), "to" | "or" | "and"),
            Token::Dash { .. } | Token::Mark('/') => true,
            _ => false,
        };
        if link && is_part(&tokens[at]) && is_part(&tokens[at + 2]) {
            tokens.splice(at..at + 3, [Token::Word(SEVERAL_PARTS.to_string())]);
        }
        at += 1;
    }
}

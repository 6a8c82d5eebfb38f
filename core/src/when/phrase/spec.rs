//! A single date in words: "late August 2025", "44 BC", "first half of the 19th century".

use super::super::civil::days_from_civil;
use super::super::refuse::{MONTHS, check_day, quote};
use super::super::{Part, Precision, WhenError};
use super::DateOrder;
use super::token::{Suffix, Token};
use super::words::{Era, Somewhere, Word, lookup};

/// A date that a phrase gives, or a part of one that the other end of its range completes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spec {
    pub value: Value,
    pub part: Part,
    pub uncertain: bool,
    pub approximate: bool,
    pub somewhere: Option<Somewhere>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// `month` may be an EDTF season 21-41.
    Date { year: Option<Year>, month: Option<i64>, day: Option<i64> },
    /// A decade, a century, a millennium or a share of one: its first and last year.
    Years { first: i64, last: i64, precision: Precision },
    /// A number that may be a day, a year or a century.
    Number { value: i64, digits: usize },
    /// `60s`.
    ShortDecade(i64),
    /// Until now.
    Present,
}

/// An astronomical year, and the era if the phrase names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Year {
    pub value: i64,
    pub era: Option<Era>,
}

impl Year {
    /// The year `number` of an era; `None` for the year 0, which no era has.
    pub fn of(number: i64, era: Era) -> Option<Year> {
        let value = match era {
            Era::Bc => 1 - number,
            Era::Ad => number,
        };
        (number > 0).then_some(Year { value, era: Some(era) })
    }
}

/// A word or number of a date: its class is a letter of the patterns below.
#[derive(Clone, Copy, Debug)]
struct Item {
    class: char,
    value: i64,
    digits: usize,
    era: Option<Era>,
}

/// What the words of a date make together.
#[derive(Clone, Copy, Debug)]
enum Shape {
    /// Any of day, month or season, and year.
    Date,
    /// A number alone.
    Number,
    Quarter,
    Half,
    Decade,
    /// A century or millennium; or a half or quarter of one, or of a decade.
    Span,
    Present,
}

/// n: number of one or two digits. t: of three or of more than four. y: year. m: month. s: season. d: decade. c: century.
/// k: millennium. e: era. q: quarter. h: half. p: present. Numbers with an era have already become years.
#[rustfmt::skip]
const PATTERNS: &[(&[&str], Shape)] = &[
    (&["y", "my", "ym", "nmy", "mny", "ymn", "ynm", "sy", "ys", "nm", "mn", "m", "s", "ny"], Shape::Date),
    (&["n", "t"], Shape::Number),
    (&["nqy", "qny", "yqn", "nq", "qn"], Shape::Quarter),
    (&["nhy", "hny", "yhn", "nh", "hn"], Shape::Half),
    (&["d"], Shape::Decade),
    (&["de", "ed", "nc", "nce", "nk", "nke", "nhnc", "nhnce", "nqnc", "nqnce", "nhnk", "nhnke", "nhd", "nhde"],
        Shape::Span),
    (&["p"], Shape::Present),
];

impl Spec {
    /// Reads the tokens of one date.
    pub fn read(tokens: &[Token], order: Option<DateOrder>) -> Result<Spec, WhenError> {
        let mut spec =
            Spec { value: Value::Present, part: Part::Whole, uncertain: false, approximate: false, somewhere: None };
        let mut items: Vec<Item> = Vec::new();
        let mut weekday = None;
        let mut numeric = None;
        for token in tokens {
            match token {
                Token::Number { digits, suffix } => items.push(number(digits, *suffix)?),
                Token::Numeric(parts) => {
                    if numeric.replace(numeric_date(parts, order)?).is_some() {
                        return Err(no_date());
                    }
                }
                Token::Mark('?') => spec.uncertain = true,
                Token::Mark('~') => spec.approximate = true,
                Token::Mark('%') => (spec.uncertain, spec.approximate) = (true, true),
                Token::Mark(',' | '.' | ':' | '(' | ')' | '\'') => {}
                Token::Mark(_) | Token::Dash { .. } => return Err(no_date()),
                Token::Word(word) if word == "c" => match items.last() {
                    Some(last) if last.class == 'n' => items.push(Item::of('c', 0)),
                    _ => spec.approximate = true,
                },
                Token::Word(word) => match lookup(word).ok_or_else(|| unknown(word))? {
                    Word::Month(month) => items.push(Item::of('m', month)),
                    Word::Season(season) => items.push(Item::of('s', season)),
                    Word::Ordinal(value) => items.push(Item::of('n', value)),
                    Word::Era(era) => items.push(Item { era: Some(era), ..Item::of('e', 0) }),
                    Word::Century => items.push(Item::of('c', 0)),
                    Word::Millennium => items.push(Item::of('k', 0)),
                    Word::Quarter => items.push(Item::of('q', 0)),
                    Word::Half => items.push(Item::of('h', 0)),
                    Word::Present => items.push(Item::of('p', 0)),
                    Word::Weekday(day) => weekday = Some(day),
                    Word::Somewhere(unit) => spec.somewhere = Some(unit),
                    Word::Uncertain => spec.uncertain = true,
                    Word::Approximate => spec.approximate = true,
                    Word::Part(part) => spec.part = part,
                    Word::Filler => {}
                },
            }
        }
        spec.value = match (numeric, items.as_slice()) {
            (Some(value), []) => value,
            (Some(_), _) => return Err(no_date()),
            (None, _) => value(fold_eras(&items)?)?,
        };
        spec.check(weekday)?;
        Ok(spec)
    }

    /// Whether the day exists, and is the day of the week that it is said to be.
    pub fn check(&self, weekday: Option<i64>) -> Result<(), WhenError> {
        let Value::Date { year: Some(year), month: Some(month), day: Some(day) } = self.value else { return Ok(()) };
        if month > 12 {
            return Err(no_date());
        }
        let (month, day) = (month.unsigned_abs() as u32, day.unsigned_abs() as u32);
        check_day(year.value, month, day).map_err(WhenError::new)?;
        // 1970-01-01 was a Thursday.
        let real = (days_from_civil(year.value, month, day) + 3).rem_euclid(7);
        match weekday {
            Some(said) if said != real => {
                let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
                let (real, said) = (names[real as usize], names[said as usize % 7]);
                let message = format!("{day} {} {} is a {real}, not a {said}", MONTHS[month as usize - 1], year.value);
                Err(WhenError::new(message).hint("correct the date, or leave out the day of the week"))
            }
            _ => Ok(()),
        }
    }

    /// The date as an EDTF date with its qualifier, or `None` if only a range of years is exact.
    pub fn edtf(&self) -> Result<Option<String>, WhenError> {
        let text = match self.value {
            Value::Date { year: Some(year), month, day } => {
                let mut text = year_text(year.value);
                if text.starts_with('Y') && month.is_some() {
                    return Err(WhenError::new("years of more than four digits have no months in EDTF"));
                }
                for part in [month, day].into_iter().flatten() {
                    text.push_str(&format!("-{part:02}"));
                }
                text.push_str(match (self.somewhere, month, day) {
                    (Some(Somewhere::Day), None, _) if !text.starts_with('Y') => "-XX-XX",
                    (Some(Somewhere::Month), None, _) if !text.starts_with('Y') => "-XX",
                    (Some(Somewhere::Day), Some(1..=12), None) => "-XX",
                    _ => "",
                });
                text
            }
            Value::Years { first, last, .. } => match mask(first, last) {
                Some(text) => text,
                None => return Ok(None),
            },
            Value::Date { year: None, .. } => {
                return Err(WhenError::new("no year").hint("write the year too, such as late August 2025"));
            }
            Value::ShortDecade(_) => {
                return Err(WhenError::new("a two-digit decade does not name its century")
                    .hint("write four digits, such as 1860s"));
            }
            Value::Number { digits: 3.., .. } => {
                return Err(WhenError::new("a year that has not four digits needs its era")
                    .hint("write AD or BC with the year, or four digits such as 0476"));
            }
            Value::Number { .. } => {
                return Err(WhenError::new("a two-digit year does not name its century")
                    .hint("write four digits, such as 1863, or AD or BC with the year"));
            }
            Value::Present => return Err(WhenError::new("no date")),
        };
        let sign = match (self.uncertain, self.approximate) {
            (false, false) => "",
            (true, false) => "?",
            (false, true) => "~",
            (true, true) => "%",
        };
        Ok(Some(text + sign))
    }

    /// First and last year, if the date is one or more whole years.
    pub fn years(&self) -> Option<(i64, i64)> {
        match self.value {
            Value::Date { year: Some(year), month: None, day: None } => Some((year.value, year.value)),
            Value::Years { first, last, .. } => Some((first, last)),
            _ => None,
        }
    }
}

impl Item {
    fn of(class: char, value: i64) -> Item {
        Item { class, value, digits: 2, era: None }
    }
}

/// An astronomical year as EDTF.
pub(super) fn year_text(year: i64) -> String {
    match year {
        0..=9999 => format!("{year:04}"),
        -9999..0 => format!("-{:04}", -year),
        _ => format!("Y{year}"),
    }
}

/// `186X`, `18XX`, `1XXX`, if the years are just that.
fn mask(first: i64, last: i64) -> Option<String> {
    let open = match last - first + 1 {
        10 => 1,
        100 => 2,
        1000 => 3,
        _ => return None,
    };
    let aligned = (0..=9999).contains(&first) && first % (last - first + 1) == 0;
    aligned.then(|| format!("{}{}", &year_text(first)[..4 - open], &"XXX"[..open]))
}

/// The `n`-th stretch of `len` years of an era, from 1 on. Those of AD begin with the round year (`18XX`).
pub(super) fn stretch(n: i64, len: i64, era: Era) -> Option<Value> {
    let precision = if len == 100 { Precision::Century } else { Precision::Millennium };
    if !(1..=10_000 / len).contains(&n) {
        return None;
    }
    let first = if era == Era::Bc { 1 - n * len } else { (n - 1) * len };
    Some(Value::Years { first, last: first + len - 1, precision })
}

fn number(digits: &str, suffix: Suffix) -> Result<Item, WhenError> {
    let value = digits.parse().ok().filter(|value| *value < 1_000_000_000_000);
    let value: i64 = value.ok_or_else(|| WhenError::new("a number too large for a year"))?;
    let class = match (suffix, digits.len()) {
        (Suffix::Plural, 2..=4) if value % 10 == 0 => 'd',
        (Suffix::None | Suffix::Ordinal, ..=2) => 'n',
        (Suffix::None, 4) => 'y',
        (Suffix::None, _) => 't',
        _ => return Err(no_date()),
    };
    Ok(Item { class, value, digits: digits.len(), era: None })
}

/// Joins numbers with the era next to them to years: "44 BC", "AD 79". The era of a century or decade stays.
fn fold_eras(items: &[Item]) -> Result<Vec<Item>, WhenError> {
    let is_number = |item: &Item| matches!(item.class, 'n' | 't' | 'y');
    let mut out: Vec<Item> = Vec::new();
    let mut at = 0;
    while let Some(item) = items.get(at) {
        let (next, after) = (items.get(at + 1), items.get(at + 2));
        let century = |item: Option<&Item>| item.is_some_and(|item| matches!(item.class, 'c' | 'k'));
        let pair = match next {
            Some(next) if is_number(item) && next.class == 'e' => Some((item, next)),
            Some(next) if item.class == 'e' && is_number(next) && !century(after) => Some((next, item)),
            _ => None,
        };
        let Some((number, era)) = pair else {
            out.push(*item);
            at += 1;
            continue;
        };
        let year = era.era.and_then(|era| Year::of(number.value, era));
        let year = year.ok_or_else(|| WhenError::new("no era has a year 0"))?;
        out.push(Item { class: 'y', value: year.value, digits: number.digits, era: year.era });
        at += 2;
    }
    Ok(out)
}

/// What the items mean together, by their pattern.
fn value(items: Vec<Item>) -> Result<Value, WhenError> {
    let pattern: String = items.iter().map(|item| item.class).collect();
    let shape = PATTERNS.iter().find(|(patterns, _)| patterns.contains(&pattern.as_str()));
    let (_, shape) = shape.ok_or_else(no_date)?;
    let get = |class: char| items.iter().find(|item| item.class == class);
    let year = get('y').map(|item| Year { value: item.value, era: item.era });
    let n = get('n').map(|item| item.value);
    // The code of the n-th of the shares of a year; -1 is the last.
    let share = |first_code: i64, count: i64| {
        let n = if n == Some(-1) { count } else { n.unwrap_or(0) };
        let month = Some(first_code + n - 1).filter(|_| (1..=count).contains(&n));
        month.map(|_| Value::Date { year, month, day: None })
    };
    let value = match shape {
        Shape::Date => {
            let month = get('m').or(get('s')).map(|item| item.value);
            Some(Value::Date { year, month, day: n }).filter(|_| n.is_none_or(|day| day > 0))
        }
        Shape::Number => items
            .first()
            .filter(|item| item.value >= 0)
            .map(|item| Value::Number { value: item.value, digits: item.digits }),
        Shape::Quarter => share(33, 4),
        Shape::Half => share(40, 2),
        Shape::Decade => get('d').map(|item| decade(*item, Era::Ad)),
        Shape::Span => span(&items),
        Shape::Present => Some(Value::Present),
    };
    value.ok_or_else(no_date)
}

/// "1860s", but "1800s" is the century: both are whole stretches that begin with the year written.
fn decade(item: Item, era: Era) -> Value {
    if item.digits == 2 {
        return Value::ShortDecade(item.value);
    }
    let (len, precision) = if item.value % 100 == 0 { (100, Precision::Century) } else { (10, Precision::Decade) };
    match era {
        Era::Ad => Value::Years { first: item.value, last: item.value + len - 1, precision },
        // The 440s BC are 449 to 440 BC.
        Era::Bc => Value::Years { first: 2 - item.value - len, last: 1 - item.value, precision },
    }
}

/// A century, millennium or decade of an era, or a half or quarter of it.
fn span(items: &[Item]) -> Option<Value> {
    let era = items.iter().find_map(|item| item.era).unwrap_or(Era::Ad);
    let last = items.iter().rev().find(|item| item.class != 'e')?;
    let numbers: Vec<i64> = items.iter().filter(|item| item.class == 'n').map(|item| item.value).collect();
    let whole = match last.class {
        'c' => stretch(*numbers.last()?, 100, era)?,
        'k' => stretch(*numbers.last()?, 1000, era)?,
        _ => Some(decade(*items.iter().find(|item| item.class == 'd')?, era))?,
    };
    let shares = match items.iter().find(|item| matches!(item.class, 'h' | 'q')) {
        None => return Some(whole),
        Some(item) if item.class == 'h' => 2,
        Some(_) => 4,
    };
    let Value::Years { first, last, precision } = whole else { return None };
    let len = (last - first + 1) / shares;
    let n = if numbers[0] == -1 { shares } else { numbers[0] };
    let first = first + (n - 1) * len;
    (1..=shares).contains(&n).then_some(Value::Years { first, last: first + len - 1, precision })
}

/// `10.9.2025`, `10/7/2008`, `2025/9/10`, `7/2008`.
fn numeric_date(parts: &[String], order: Option<DateOrder>) -> Result<Value, WhenError> {
    let numbers: Vec<i64> = parts.iter().map(|part| part.parse().unwrap_or(0)).collect();
    let date = |year: i64, month: i64, day: Option<i64>| {
        let month_days = day.unwrap_or(1).unsigned_abs() as u32;
        check_day(year, month.unsigned_abs() as u32, month_days).map_err(WhenError::new)?;
        Ok(Value::Date { year: Some(Year { value: year, era: None }), month: Some(month), day })
    };
    match (numbers.as_slice(), parts[0].len() == 4, parts.last().is_some_and(|part| part.len() == 4)) {
        ([year, month], true, _) => date(*year, *month, None),
        ([month, year], _, _) => date(*year, *month, None),
        ([year, month, day], true, _) => date(*year, *month, Some(*day)),
        ([one, two, year], _, true) => match order {
            Some(DateOrder::Dmy) => date(*year, *two, Some(*one)),
            Some(DateOrder::Mdy) => date(*year, *one, Some(*two)),
            None if *one > 12 || one == two => date(*year, *two, Some(*one)),
            None if *two > 12 => date(*year, *one, Some(*two)),
            None => Err(WhenError::new("day and month may be either way round")
                .hint("say dates=dmy or dates=mdy, or write the date as 2025-09-10")),
        },
        _ => Err(WhenError::new("a two-digit year does not name its century").hint("write the year with four digits")),
    }
}

fn unknown(word: &str) -> WhenError {
    WhenError::new(format!("the word {} is not part of a date", quote(word))).hint(HINT)
}

pub(super) fn no_date() -> WhenError {
    WhenError::new("not a date phrase").hint(HINT)
}

const HINT: &str = "write a date such as 2025-09-10, 10 September 2025, c. 1850, late 1990s or 44 BC";

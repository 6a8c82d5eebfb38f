//! The windows of filters: dates as people write them, as stretches of time.

use std::ops::Range;

use annals_core::When;
use annals_core::when::{Asked, Extent, Relation, WhenError, Window, Zone, phrase};

use crate::exit::Trouble;

/// A window and what it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test(Asked);

/// A stretch of time on both clocks: (from, to) in UTC and local.
struct Span {
    utc: (i64, i64),
    local: (i64, i64),
    /// Where it ends if it is the end of a window: a time of day is exact.
    last: (i64, i64),
}

/// An option as it was given, for errors.
#[derive(Clone, Copy)]
struct Given<'a> {
    option: &'a str,
    text: &'a str,
}

impl Test {
    /// `A..B`, `A..`, `..B`, or one date or interval alone.
    pub fn of(option: &str, text: &str, relation: Relation, zone: &Zone) -> Result<Self, Trouble> {
        let given = Given { option, text };
        let whole = 0..text.len();
        let is_set = text.trim_start().starts_with(['[', '{']);
        let Some((start, end)) = text.split_once("..").filter(|_| !is_set) else {
            let span = given.span(whole.clone(), zone, true)?;
            let asked = Asked { relation, utc: window(span.utc), local: window(span.local) };
            return Self(asked).checked(given, whole);
        };
        let (start, end) = (0..start.len(), text.len() - end.len()..text.len());
        let side = |range: Range<usize>| {
            let is_open = text[range.clone()].trim().is_empty();
            if is_open { Ok(None) } else { given.span(range, zone, false).map(Some) }
        };
        match (side(start)?, side(end.clone())?) {
            (None, None) => Err(given.trouble("neither end has a date", whole).hint("give `A..B`, `A..` or `..B`")),
            (from, to) => Self::between(relation, from, to).checked(given, end),
        }
    }

    /// From the start of a date on.
    pub fn since(text: &str, zone: &Zone) -> Result<Self, Trouble> {
        let span = Given { option: "--since", text }.one_date(zone)?;
        Ok(Self::between(Relation::Overlaps, Some(span), None))
    }

    /// Up to the end of a date.
    pub fn until(text: &str, zone: &Zone) -> Result<Self, Trouble> {
        let span = Given { option: "--until", text }.one_date(zone)?;
        Ok(Self::between(Relation::Overlaps, None, Some(span)))
    }

    fn between(relation: Relation, from: Option<Span>, to: Option<Span>) -> Self {
        let [from_utc, from_local] = from.map_or([i64::MIN; 2], |span| [span.utc.0, span.local.0]);
        let [to_utc, to_local] = to.map_or([i64::MAX; 2], |span| [span.last.0, span.last.1]);
        Self(Asked { relation, utc: window((from_utc, to_utc)), local: window((from_local, to_local)) })
    }

    fn checked(self, given: Given<'_>, end: Range<usize>) -> Result<Self, Trouble> {
        if self.0.utc.from < self.0.utc.to && self.0.local.from < self.0.local.to {
            return Ok(self);
        }
        let trouble = given.trouble("the end of the window is not after its start", end);
        Err(trouble.hint("swap the two; a date as the end includes all of it, a time of day is exact"))
    }

    /// Whether `until` ends before `since` begins, so that together they ask for the impossible.
    pub fn contradict(since: &Self, until: &Self) -> bool {
        since.0.utc.from >= until.0.utc.to || since.0.local.from >= until.0.local.to
    }

    /// The window itself.
    pub fn asked(&self) -> Asked {
        self.0
    }

    /// The window on the clock of events with this zone.
    pub fn window(&self, zone: Option<&str>) -> &Window {
        if is_local(zone) { &self.0.local } else { &self.0.utc }
    }

    /// Whether an event passes, whose time is on the clock of `zone`.
    pub fn passes(&self, when: &When, zone: Option<&str>, certainly: bool) -> bool {
        self.0.passes(when, is_local(zone), certainly)
    }
}

/// Whether times of this zone are what a clock shows: dates and floating times.
fn is_local(zone: Option<&str>) -> bool {
    zone.is_none_or(|zone| zone == "floating")
}

fn window((from, to): (i64, i64)) -> Window {
    Window { from, to }
}

impl Given<'_> {
    fn trouble(&self, reason: &str, range: Range<usize>) -> Trouble {
        let cause = format!("{reason}{}", pointed(self.text, range));
        Trouble::new(format!("cannot read the dates of `{}`", self.option)).cause(cause)
    }

    fn one_date(&self, zone: &Zone) -> Result<Span, Trouble> {
        if self.text.contains("..") {
            let trouble = self.trouble("more than one date", 0..self.text.len());
            return Err(trouble.hint("give one date, or `--during A..B` or `--overlapping A..B`"));
        }
        self.span(0..self.text.len(), zone, false)
    }

    /// The stretch that a part of the text speaks of.
    fn span(&self, range: Range<usize>, zone: &Zone, interval: bool) -> Result<Span, Trouble> {
        let text = self.text[range.clone()].trim();
        let when = read(text).map_err(|error| {
            let trouble = self.trouble(&error.message, range.clone());
            error.hint.into_iter().fold(trouble, Trouble::hint)
        })?;
        if when.extent == Extent::Throughout && !interval {
            let trouble = self.trouble("a start or end is one date", range);
            return Err(trouble.hint("give the first and the last date as `A..B`"));
        }
        let (Some(from), Some(to)) = (when.start_lo, when.end_hi) else {
            let trouble = self.trouble("a window needs a start and an end", range);
            return Err(trouble.hint("give `A..B`; leave out one of them where the window is open"));
        };
        let is_time = when.zone.is_some() && when.extent == Extent::Moment;
        let last = if is_time { from.saturating_add((when.start_nanos > 0).into()) } else { to };
        // Open ends are open on every clock.
        let clock = |us: i64, read: &dyn Fn(i64) -> i64| if us == i64::MIN || us == i64::MAX { us } else { read(us) };
        let utc = |us| clock(us, &|us| zone.to_utc(us));
        let local = |us| clock(us, &|us| us.saturating_add(i64::from(zone.offset_at(us)) * 1_000_000));
        Ok(if when.zone.is_none() || when.is_floating() {
            Span { utc: (utc(from), utc(to)), local: (from, to), last: (utc(last), last) }
        } else {
            Span { utc: (from, to), local: (local(from), local(to)), last: (last, local(last)) }
        })
    }
}

/// EDTF, an instant or a phrase.
fn read(text: &str) -> Result<When, WhenError> {
    let undated = || WhenError { message: format!("`{text}` is no date"), hint: None };
    match phrase(text, None) {
        Ok(when) if when.is_dated() => Ok(when),
        Ok(_) => Err(undated()),
        // Words are a phrase that failed, digits an EDTF that failed.
        Err(error) => match When::parse(text, None) {
            Err(strict) if text.split(|c: char| !c.is_alphabetic()).all(|word| word.len() < 3) => Err(strict),
            _ => Err(error),
        },
    }
}

/// The text on a line of its own with carets under a part of it.
pub fn pointed(text: &str, range: Range<usize>) -> String {
    let columns = |text: &str| text.chars().count();
    let (before, part) = (columns(&text[..range.start]), columns(&text[range]).max(1));
    format!("\n    {text}\n    {}{}", " ".repeat(before), "^".repeat(part))
}

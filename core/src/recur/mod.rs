//! Recurrence: the instances of a recurring event (RFC 5545 section 3.8.5).
//!
//! - The start of the event is its first instance, whether it fits the rule or not, and COUNT counts it.
//! - Instances are as long as the event: whole days if it is all-day, the exact duration if it is timed.
//! - Rules go by the clock of the event's zone. A time that the clock skips is read with the offset before the gap, one
//!   that it shows twice is the first of the two (section 3.3.10).
//! - UNTIL may be a date, whatever the start is, and includes that whole day. A date in EXDATE takes away all instances
//!   that start on that day; a time in EXDATE of an all-day event counts as its date.
//! - A TZID that is no IANA zone is the zone of the event.
//! - A series ends with the year 9999, beyond which RFC 5545 has no dates.
//!
//! Every look at a rule is a step, and an iteration takes [`MAX_STEPS`] at most. Rules without COUNT are not followed
//! from their start but from just before the time that is asked for.

use std::collections::BTreeSet;

use crate::event::Event;
use crate::when::civil::{US_PER_DAY, US_PER_SECOND, days_from_civil};
use crate::when::instant::day_text;
use crate::when::{Instant, Precision, When, Zone};

mod lines;
mod occur;
mod rule;
#[cfg(test)]
mod tests;

use lines::{Date, End, Line, Stamp};
use occur::Occurrences;
use rule::Rule;

/// How many steps an iteration takes before it gives up.
pub const MAX_STEPS: u32 = 1_000_000;

/// How many rules a series may have. Each may cost a long search that finds nothing.
const MAX_RULES: usize = 64;

/// Why a recurrence cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RecurError {
    /// The reason, in words without a full stop.
    pub message: String,
}

impl RecurError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    fn too_many() -> Self {
        Self::new("too many instances")
    }
}

/// One instance of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// When it is.
    pub when: When,
    /// Which one it is, as in [`Event::instance`]: the UTC instant if zoned, the date if all-day, local time if
    /// floating.
    pub key: String,
}

/// A recurring event: its start and what repeats it.
#[derive(Clone, Debug)]
pub struct Series {
    clock: Clock,
    shape: Shape,
    rules: Vec<Rule>,
    exrules: Vec<Rule>,
    /// Starts that stand by themselves, in order, with the ends of those that have their own.
    dates: Vec<(i64, Option<i64>)>,
    exdates: BTreeSet<i64>,
    /// Days since 1970 that have no instance.
    exdays: BTreeSet<i64>,
}

/// The clock that a series goes by, and what it shows at the start.
#[derive(Clone, Debug)]
struct Clock {
    /// Local microseconds, as if UTC.
    start: i64,
    /// Floating for dates too.
    zone: Zone,
}

impl Clock {
    /// What the clock shows at an instant.
    fn local(&self, utc: i64) -> i64 {
        utc.saturating_add(i64::from(self.zone.offset_at(utc)) * US_PER_SECOND)
    }
}

/// What makes a [`When`] of a start.
#[derive(Clone, Debug)]
enum Shape {
    Days(When),
    Timed { when: Box<When>, start: Instant, end: Option<Instant> },
}

/// Steps left to take.
struct Budget(u32);

impl Budget {
    fn step(&mut self) -> Result<(), RecurError> {
        self.0 = self.0.checked_sub(1).ok_or_else(RecurError::too_many)?;
        Ok(())
    }
}

/// The last second of the year 9999, in microseconds.
fn last_second() -> i64 {
    days_from_civil(10_000, 1, 1) * US_PER_DAY - US_PER_SECOND
}

impl Series {
    /// The series of an event; `None` if it does not recur.
    pub fn of(event: &Event) -> Result<Option<Self>, RecurError> {
        let Some(text) = event.recurrence.as_deref().filter(|text| !text.trim().is_empty()) else { return Ok(None) };
        let (clock, shape) = shape(&event.when)?;
        let (mut rdates, mut exdates) = (Vec::new(), Vec::new());
        let (mut rules, mut exrules) = (Vec::new(), Vec::new());
        for text in text.lines().filter(|text| !text.trim().is_empty()) {
            if rules.len() + exrules.len() > MAX_RULES {
                return Err(RecurError::new(format!("more than {MAX_RULES} rules")));
            }
            let line = Line::of(text)?;
            match line.name.as_str() {
                "RRULE" => rules.push(Rule::parse(line.value, clock.start)?),
                "EXRULE" => exrules.push(Rule::parse(line.value, clock.start)?),
                "RDATE" => rdates.extend(line.dates()?),
                "EXDATE" => exdates.extend(line.dates()?),
                name => return Err(RecurError::new(format!("{} is no line of a recurrence", lines::shown(name)))),
            }
        }
        let mut series =
            Self { clock, shape, rules, exrules, dates: Vec::new(), exdates: BTreeSet::new(), exdays: BTreeSet::new() };
        if series.rules.is_empty() {
            series.dates.push((series.start(), None));
        }
        for date in &rdates {
            let date = series.rdate(date)?;
            series.dates.push(date);
        }
        // Of one start that stands twice, the end of its own counts.
        series.dates.sort_by_key(|(start, end)| (*start, end.is_none()));
        series.dates.dedup_by_key(|(start, _)| *start);
        for date in &exdates {
            match date.stamp {
                Stamp::Day(day) => drop(series.exdays.insert(day)),
                _ => drop(series.exdates.insert(series.point(date.stamp, date.zone))),
            }
        }
        // What the rules have that is not supported is found now, not on the way.
        for rule in series.rules.iter().chain(&series.exrules) {
            Occurrences::of(rule, &series.clock, i64::MIN, true)?;
        }
        Ok(Some(series))
    }

    /// The key of the first instance of an event, as that of [`Instance`]; `None` if its start is not exact.
    pub fn first_key(event: &Event) -> Option<String> {
        let (clock, shape) = shape(&event.when).ok()?;
        Some(shape.key(&clock, clock.zone.to_utc(clock.start)))
    }

    /// The instances that end after `lower` (microseconds like the bounds of [`When`]), in the order of their starts;
    /// `i64::MIN` = all. An error ends the iteration.
    pub fn instances(&self, lower: i64) -> Instances<'_> {
        self.instances_in(lower, MAX_STEPS)
    }

    fn instances_in(&self, lower: i64, steps: u32) -> Instances<'_> {
        let from = lower.saturating_sub(self.length());
        let head = |rule, first| Ok(Head { of: Occurrences::of(rule, &self.clock, from, first)?, next: None });
        let rules: Result<Vec<_>, _> = self.rules.iter().map(|rule| head(rule, true)).collect();
        let exrules: Result<Vec<_>, _> = self.exrules.iter().map(|rule| head(rule, false)).collect();
        let (failed, rules, exrules) = match (rules, exrules) {
            (Ok(rules), Ok(exrules)) => (None, rules, exrules),
            (Err(error), _) | (_, Err(error)) => (Some(error), Vec::new(), Vec::new()),
        };
        Instances {
            series: self,
            lower,
            rules,
            exrules,
            dates: &self.dates,
            budget: Budget(steps),
            failed,
            ended: false,
        }
    }

    fn start(&self) -> i64 {
        self.clock.zone.to_utc(self.clock.start)
    }

    /// From the start to the latest end.
    fn length(&self) -> i64 {
        let end = match &self.shape {
            Shape::Days(when) => when.end_hi.unwrap_or(i64::MAX),
            Shape::Timed { end, .. } => end.map_or(self.start(), |end| end.us),
        };
        end.saturating_sub(self.start()).max(1)
    }

    /// A start or end where the bounds of the series have it.
    fn point(&self, stamp: Stamp, zone: Option<Zone>) -> i64 {
        let all_day = matches!(self.shape, Shape::Days(_));
        match stamp {
            Stamp::Day(day) => self.clock.zone.to_utc(day * US_PER_DAY),
            Stamp::Local(us) | Stamp::Utc(us) if all_day => us.div_euclid(US_PER_DAY) * US_PER_DAY,
            Stamp::Utc(us) => us,
            // Wall-clock time of a floating event is the same in every zone.
            Stamp::Local(us) if self.clock.zone == Zone::Floating => us,
            Stamp::Local(us) => zone.unwrap_or(self.clock.zone).to_utc(us),
        }
    }

    fn rdate(&self, date: &Date) -> Result<(i64, Option<i64>), RecurError> {
        let all_day = matches!(self.shape, Shape::Days(_));
        if matches!(date.stamp, Stamp::Day(_)) && !all_day {
            return Err(RecurError::new("RDATE has a date, the event a time of day"));
        }
        let start = self.point(date.stamp, date.zone);
        let end = match date.end.filter(|_| !all_day) {
            None => None,
            Some(End::At(stamp)) => Some(self.point(stamp, date.zone)),
            Some(End::After { days, us }) => {
                let zone = date.zone.filter(|_| matches!(date.stamp, Stamp::Local(_))).unwrap_or(self.clock.zone);
                let local = start + i64::from(zone.offset_at(start)) * US_PER_SECOND + days * US_PER_DAY;
                Some(if days == 0 { start } else { zone.to_utc(local) }.saturating_add(us))
            }
        };
        Ok((start, end))
    }
}

/// Whether times are days, and on which clock they start.
fn shape(when: &When) -> Result<(Clock, Shape), RecurError> {
    let vague = || {
        let edtf = when.edtf.as_deref().map_or("no date".to_owned(), lines::shown);
        RecurError::new(format!("a series needs a day or a time to start at, not {edtf}"))
    };
    let (clock, shape) = match when.zone.as_deref() {
        None => {
            let day = when.start_text().and_then(|text| plain_day(&text)).ok_or_else(vague)?;
            let end = when.end_text();
            if end.is_some_and(|end| plain_day(&end).is_none()) || when.start_lo.is_none() || when.end_hi.is_none() {
                return Err(vague());
            }
            (Clock { start: day * US_PER_DAY, zone: Zone::Floating }, Shape::Days(When { said: None, ..when.clone() }))
        }
        Some(name) => {
            let zone = Zone::parse(name).ok_or_else(|| RecurError::new(format!("`{name}` is no zone")))?;
            let start = when.start_text().and_then(|text| Instant::parse(&text, Some(&zone)).ok()).ok_or_else(vague)?;
            let start = Instant { zone, ..start };
            let end_zone = when.end_zone.as_deref().and_then(Zone::parse).unwrap_or(zone);
            let (end, exact) = match when.end_text() {
                Some(text) => {
                    let end = Instant::parse(&text, Some(&end_zone)).map_err(|_| vague())?;
                    (Some(Instant { zone: end_zone, ..end }), when.end_lo.is_some() && when.end_lo == when.end_hi)
                }
                None => (None, when.edtf.as_deref().is_some_and(|edtf| !edtf.contains('/'))),
            };
            if !exact || when.start_lo != Some(start.us) || when.start_hi != Some(start.us) {
                return Err(vague());
            }
            let local = start.us.saturating_add(i64::from(zone.offset_at(start.us)) * US_PER_SECOND);
            let when = Box::new(When { said: None, ..when.clone() });
            (Clock { start: local, zone }, Shape::Timed { when, start, end })
        }
    };
    if (days_from_civil(1, 1, 1) * US_PER_DAY..=last_second()).contains(&clock.start) {
        Ok((clock, shape))
    } else {
        Err(RecurError::new("a series starts in the years 1 to 9999"))
    }
}

/// Days since 1970 of `2025-09-10`, which may be qualified.
fn plain_day(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['?', '~', '%']);
    let digits: String = text.split('-').collect();
    let plain = text.len() == 10 && digits.len() == 8;
    match lines::stamp(&digits).filter(|_| plain)? {
        Stamp::Day(day) => Some(day),
        _ => None,
    }
}

impl Shape {
    /// The instance that starts at `start`, with an end of its own if it has one.
    fn instance(&self, clock: &Clock, start: i64, end: Option<i64>) -> Instance {
        let when = match self {
            Shape::Days(when) => {
                let by = start - clock.start;
                let shift =
                    |bound: Option<i64>| bound.map(|us| if us == i64::MAX { us } else { us.saturating_add(by) });
                let edtf = when.edtf.as_deref().unwrap_or_default().split('/').map(|side| {
                    let day = plain_day(side).unwrap_or_default() + by.div_euclid(US_PER_DAY);
                    format!("{}{}", day_text(day), side.trim_start_matches(|c: char| c == '-' || c.is_ascii_digit()))
                });
                When {
                    edtf: Some(edtf.collect::<Vec<_>>().join("/")),
                    start_lo: shift(when.start_lo),
                    start_hi: shift(when.start_hi),
                    end_lo: shift(when.end_lo),
                    end_hi: shift(when.end_hi),
                    ..when.clone()
                }
            }
            Shape::Timed { when, start: first, end: last } => {
                let from = Instant { us: start, ..*first };
                let until = match (end, last) {
                    (Some(us), last) => {
                        let zone = last.map_or(first.zone, |last| last.zone);
                        Some(Instant { us, nanos: 0, precision: Precision::Second, zone })
                    }
                    (None, Some(last)) => Some(Instant { us: start.saturating_add(last.us - first.us), ..*last }),
                    (None, None) => None,
                };
                let made = until.map_or_else(|| When::instant(from), |until| When::span(from, until));
                let extent = if end.is_some() { made.extent } else { when.extent };
                let (precision, qualifier, part) = (when.precision, when.qualifier, when.part);
                When { extent, precision, qualifier, part, ..made }
            }
        };
        Instance { key: self.key(clock, start), when }
    }

    fn key(&self, clock: &Clock, start: i64) -> String {
        match self {
            Shape::Days(_) => day_text(start.div_euclid(US_PER_DAY)),
            Shape::Timed { start: first, .. } => {
                let zone = if clock.zone == Zone::Floating { Zone::Floating } else { Zone::Utc };
                Instant { us: start, zone, ..*first }.to_text()
            }
        }
    }
}

/// The instances of a series, see [`Series::instances`].
pub struct Instances<'a> {
    series: &'a Series,
    lower: i64,
    rules: Vec<Head<'a>>,
    exrules: Vec<Head<'a>>,
    dates: &'a [(i64, Option<i64>)],
    budget: Budget,
    failed: Option<RecurError>,
    ended: bool,
}

/// A rule and what it gives next.
struct Head<'a> {
    of: Occurrences<'a>,
    next: Option<Option<i64>>,
}

impl Head<'_> {
    fn peek(&mut self, budget: &mut Budget) -> Result<Option<i64>, RecurError> {
        if self.next.is_none() {
            self.next = Some(self.of.next(budget)?);
        }
        Ok(self.next.flatten())
    }
}

impl Instances<'_> {
    /// The next start, with an end of its own if it has one.
    fn next_start(&mut self) -> Result<Option<(i64, Option<i64>)>, RecurError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        loop {
            let mut next = self.dates.first().copied();
            for rule in &mut self.rules {
                let head = rule.peek(&mut self.budget)?.map(|start| (start, None));
                next = match (next, head) {
                    (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
                    (a, b) => a.or(b),
                };
            }
            let Some((start, end)) = next else { return Ok(None) };
            if self.dates.first().is_some_and(|(date, _)| *date == start) {
                self.dates = &self.dates[1..];
            }
            for rule in &mut self.rules {
                if rule.next == Some(Some(start)) {
                    rule.next = None;
                }
            }
            let latest = end.unwrap_or(start.saturating_add(self.series.length())).max(start.saturating_add(1));
            if latest > self.lower && !self.is_excluded(start)? {
                return Ok(Some((start, end)));
            }
        }
    }

    fn is_excluded(&mut self, start: i64) -> Result<bool, RecurError> {
        let Series { clock, exdates, exdays, .. } = self.series;
        if exdates.contains(&start) || exdays.contains(&clock.local(start).div_euclid(US_PER_DAY)) {
            return Ok(true);
        }
        for rule in &mut self.exrules {
            while rule.peek(&mut self.budget)?.is_some_and(|out| out < start) {
                rule.next = None;
            }
            if rule.next == Some(Some(start)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Iterator for Instances<'_> {
    type Item = Result<Instance, RecurError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.next_start();
        self.ended = !matches!(next, Ok(Some(_)));
        let made = |(start, end)| self.series.shape.instance(&self.series.clock, start, end);
        next.map(|next| next.map(made)).transpose()
    }
}

//! The time of a record. What is spelled plainly goes to the columns as it stands; for all else there is [`Times`].

use annals_core::json::Times;
use annals_core::json::lex::Unusual;
use annals_core::table::{Builder, Code, Number, Text};
use annals_core::when::civil::US_PER_DAY;
use annals_core::when::{Extent, Instant, Part, Precision, Qualifier, When, Zone, plain_day};

/// What a record says about its time, key by key.
#[derive(Default)]
pub struct Told<'a> {
    pub when: Option<&'a str>,
    pub start: Option<&'a str>,
    pub end: Option<&'a str>,
    /// A start that does not stand in the record as it is to be read, and an end.
    pub other_start: Option<String>,
    pub other_end: Option<String>,
    pub bounds: Option<[Option<&'a str>; 4]>,
    pub extent: Option<Extent>,
    pub precision: Option<Precision>,
    pub qualifier: Option<Qualifier>,
    pub part: Option<Part>,
    pub said: Option<&'a str>,
    pub zone: Option<Zone>,
    pub end_zone: Option<Zone>,
}

/// What windows ask of a time.
pub struct Clock {
    /// Bounds and extent.
    pub when: When,
    /// Whether it is a date or floating.
    pub local: bool,
    pub floating: bool,
}

impl Default for Clock {
    fn default() -> Self {
        Self { when: When::default(), local: true, floating: false }
    }
}

/// A time that is plain.
struct Plain<'a> {
    first: &'a str,
    last: Option<&'a str>,
    /// The instants and whether their texts are canonical; none for days.
    instants: Option<(Ends, bool)>,
    /// `start_lo start_hi end_lo end_hi`
    bounds: [i64; 4],
    extent: Extent,
    precision: Precision,
}

/// One instant, or two.
type Ends = (Instant, Option<Instant>);

impl<'a> Told<'a> {
    /// Sets the time of the current row, and gives what windows ask of it. `option` is the zone that the user says
    /// zoneless times are in.
    pub fn put(&self, option: Option<&Zone>, columns: &mut Builder) -> Result<Clock, Unusual> {
        if self.is_empty() {
            return Ok(Clock::default());
        }
        match self.plain(option) {
            Some(plain) => {
                self.put_plain(&plain, columns);
                Ok(plain.clock())
            }
            None => self.put_any(option, columns),
        }
    }

    /// What windows ask of the time, if it is plain or there is none.
    pub fn clock(&self, option: Option<&Zone>) -> Option<Clock> {
        if self.is_empty() { Some(Clock::default()) } else { self.plain(option).map(|plain| plain.clock()) }
    }

    fn start(&self) -> Option<&str> {
        self.other_start.as_deref().or(self.start)
    }

    fn end(&self) -> Option<&str> {
        self.other_end.as_deref().or(self.end)
    }

    fn is_empty(&self) -> bool {
        let texts = [self.when, self.start(), self.end(), self.said];
        texts == [None; 4]
            && self.bounds.is_none()
            && (self.extent, self.precision, self.qualifier, self.part) == (None, None, None, None)
            && (self.zone, self.end_zone) == (None, None)
    }

    /// The time, if it is plain and all keys say the same of it.
    fn plain(&self, option: Option<&Zone>) -> Option<Plain<'_>> {
        if self.end_zone.is_some() || self.zone == Some(Zone::Floating) && option.is_some() {
            return None;
        }
        let zone = self.zone.as_ref().or(option);
        let (start, end) = (non_empty(self.start()), non_empty(self.end()));
        let when = non_empty(self.when);
        let (first, last) = match when {
            None => (start?, end),
            Some(when) => when.split_once('/').map_or((when, None), |(first, last)| (first, Some(last))),
        };
        let mut plain = match first.len() {
            10 => days(first, last).filter(|_| self.zone.is_none())?,
            _ => instants(first, last, zone)?,
        };
        if when.is_some() {
            // Other words for the same are for others to compare.
            let canonical = plain.instants.is_none_or(|(_, canonical)| canonical);
            let same = |given: Option<&str>, derived| given.is_none() || given == derived;
            if !canonical || !same(start, Some(first)) || !same(end, last) {
                return None;
            }
        }
        let own = plain.instants.map(|((first, _), _)| first.zone);
        let becomes_moment = plain.extent == Extent::Throughout && self.extent == Some(Extent::Moment);
        if self.zone.is_some_and(|zone| own != Some(zone)) || becomes_moment {
            return None;
        }
        match self.bounds {
            Some(bounds) => {
                plain.narrow(bounds)?;
                plain.extent = self.extent.unwrap_or(plain.extent);
            }
            // Without bounds others know how something lasts throughout a day.
            None if self.extent.is_some_and(|extent| extent != plain.extent) => return None,
            None => {}
        }
        Some(plain)
    }

    fn put_plain(&self, plain: &Plain<'_>, columns: &mut Builder) {
        let numbers = [Number::StartLo, Number::StartHi, Number::EndLo, Number::EndHi].into_iter().zip(plain.bounds);
        numbers.for_each(|(column, bound)| columns.number(column, bound));
        if plain.extent != Extent::default() {
            columns.code(Code::Extent, plain.extent as u8);
        }
        self.put_codes(plain.precision, columns);
        self.said.into_iter().for_each(|said| columns.text(Text::Said, said));
        match (plain.last, plain.instants) {
            (None, None | Some((_, true))) => columns.text(Text::Edtf, plain.first),
            (Some(end), None | Some((_, true))) => always(columns, Text::Edtf, |out| {
                out.push_str(plain.first);
                out.push('/');
                out.push_str(end);
            }),
            (_, Some(((first, last), false))) => always(columns, Text::Edtf, |out| {
                first.write_to(out);
                if let Some(last) = last {
                    out.push('/');
                    last.write_to(out);
                }
            }),
        }
        let Some(((first, last), _)) = plain.instants else { return };
        if first.nanos > 0 {
            columns.nanos(first.nanos);
        }
        put_zone(Text::Zone, first.zone, columns);
        if let Some(last) = last.filter(|last| last.zone != first.zone) {
            put_zone(Text::EndZone, last.zone, columns);
        }
    }

    fn put_codes(&self, precision: Precision, columns: &mut Builder) {
        let precision = self.precision.unwrap_or(precision);
        if precision != Precision::default() {
            columns.code(Code::Precision, precision as u8);
        }
        self.qualifier.into_iter().for_each(|qualifier| columns.code(Code::Qualifier, qualifier as u8));
        self.part.into_iter().for_each(|part| columns.code(Code::Part, part as u8));
    }

    /// Sets the time however it is told, unless something is wrong with it.
    fn put_any(&self, option: Option<&Zone>, columns: &mut Builder) -> Result<Clock, Unusual> {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let times = Times {
            when: text(self.when),
            start: text(self.start()),
            end: text(self.end()),
            bounds: self.bounds.map(|bounds| bounds.map(text)),
            extent: self.extent,
            precision: self.precision,
            qualifier: self.qualifier,
            part: self.part,
            said: text(self.said),
            zone: self.zone,
            end_zone: self.end_zone,
        };
        let mut repairs = Vec::new();
        let when = times.resolve(option, &mut repairs).map_err(|_| Unusual)?;
        if !repairs.is_empty() {
            return Err(Unusual);
        }
        columns.when(&when);
        let floating = when.zone.as_deref() == Some("floating");
        Ok(Clock { local: when.zone.is_none() || floating, floating, when })
    }
}

impl Plain<'_> {
    fn clock(&self) -> Clock {
        let [start_lo, start_hi, end_lo, end_hi] = self.bounds.map(Some);
        let floating = self.instants.is_some_and(|((first, _), _)| first.zone == Zone::Floating);
        let when = When { start_lo, start_hi, end_lo, end_hi, extent: self.extent, ..When::default() };
        Clock { when, local: floating || self.instants.is_none(), floating }
    }

    /// Takes the bounds that a record gives. `None` if they are spelled otherwise than instants are, or contradict the
    /// date.
    fn narrow(&mut self, given: [Option<&str>; 4]) -> Option<()> {
        let is_zoned = self.instants.is_some_and(|((first, _), _)| first.zone != Zone::Floating);
        let mut bounds = [None; 4];
        for at in 0..4 {
            bounds[at] = match given[at] {
                None => None,
                text if at % 2 == 1 && text == given[at - 1] => bounds[at - 1],
                Some(text) => {
                    let (bound, _) = Instant::parse_plain(text, None)?;
                    if bound.nanos > 0 || (bound.zone != Zone::Floating) != is_zoned {
                        return None;
                    }
                    Some(bound.us)
                }
            };
        }
        // Most bounds are those that the time has anyway.
        if !bounds.iter().zip(self.bounds).all(|(given, own)| given.is_none_or(|given| given == own)) {
            let [start_lo, start_hi, end_lo, end_hi] = self.bounds.map(Some);
            let own = When { start_lo, start_hi, end_lo, end_hi, ..When::default() };
            let narrowed = own.with_bounds(bounds).ok()?.bounds();
            for (own, narrowed) in self.bounds.iter_mut().zip(narrowed) {
                *own = narrowed?;
            }
        }
        Some(())
    }
}

/// A day, or from one to a later one.
fn days<'a>(first: &'a str, last: Option<&'a str>) -> Option<Plain<'a>> {
    let lo = |text: &str| Some(plain_day(text.as_bytes().try_into().ok()?)? * US_PER_DAY);
    let (start, end) = (lo(first)?, lo(last.unwrap_or(first))?);
    if last.is_some() && end <= start {
        return None;
    }
    let extent = if last.is_some() { Extent::Throughout } else { Extent::Moment };
    let bounds = [start, start + US_PER_DAY - 1, end + 1, end + US_PER_DAY];
    Some(Plain { first, last, instants: None, bounds, extent, precision: Precision::Day })
}

/// An instant, or from one to a later one.
fn instants<'a>(first: &'a str, last: Option<&'a str>, zone: Option<&Zone>) -> Option<Plain<'a>> {
    let (start, canonical) = Instant::parse_plain(first, zone)?;
    let precision = start.precision;
    let Some(last) = last else {
        let bounds = [start.us, start.us, start.us + 1, start.us + 1];
        let instants = Some(((start, None), canonical));
        return Some(Plain { first, last: None, instants, bounds, extent: Extent::Moment, precision });
    };
    let (end, also) = Instant::parse_plain(last, zone)?;
    let both_or_none = (start.zone == Zone::Floating) == (end.zone == Zone::Floating);
    if (end.us, end.nanos) <= (start.us, start.nanos) || !both_or_none {
        return None;
    }
    let exclusive = end.us + i64::from(end.nanos > 0);
    let instants = Some(((start, Some(end)), canonical && also));
    let bounds = [start.us, start.us, exclusive, exclusive];
    Some(Plain { first, last: Some(last), instants, bounds, extent: Extent::Throughout, precision })
}

fn put_zone(column: Text, zone: Zone, columns: &mut Builder) {
    always(columns, column, |out| zone.write_name(out));
}

/// Sets a text that is written without fail.
fn always(columns: &mut Builder, column: Text, write: impl FnOnce(&mut String)) {
    let Ok(()) = columns.text_with(column, |out| {
        write(out);
        Ok::<(), std::convert::Infallible>(())
    });
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    let is_plain = |text: &str| text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    text.filter(|text| is_plain(text) || !text.trim().is_empty())
}

//! From the bytes of a plain record straight to the columns. What a record means is said by [`crate::record`], the
//! long way through a tree of values; here are the spellings that nearly all records have, and whatever is
//! [`Unusual`] takes the long way. Both give the same, which `tests` hold.

mod dry;
mod nested;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod time;

use annals_core::Locator;
use annals_core::json::lex::{Keys, Lexer, MARK, Unusual};
use annals_core::table::{Builder, Number, Text};
use annals_core::when::{Extent, Instant, Part, Precision, Qualifier, Zone};
use serde_json::Value;

use crate::fields::Fields;
use crate::times::Times;
use scan::Token;
use table::{Action, Table, UNKNOWN};
use time::{Clock, Told};

pub use dry::Dry;

/// Reads plain records.
pub struct Fast {
    table: Table,
    times: Times,
    zone: Option<Zone>,
    /// Whether a key of annals with a value of the wrong type is somebody else's key.
    foreign: bool,
    /// Whether numbers may stand under `start` and `end`.
    numbers: bool,
    /// The last zone that was looked up.
    last_zone: (String, Zone),
    /// What goes to `extra`, and scratch for other texts.
    extra: String,
    scratch: String,
    keys: Keys,
    /// Where the keys of `extra` stand in the record.
    unknown: Vec<(usize, usize)>,
    /// The keys of earlier records by their place, as they stand in the text, with their numbers.
    order: Vec<(Token, u8)>,
}

/// How many keys of a record are remembered.
const MAX_ORDER: usize = 64;

/// How many keys of `extra` are compared with one another.
const MAX_UNKNOWN: usize = 64;

/// What a record says that is put into the columns at its end.
#[derive(Default)]
struct Rest<'a> {
    told: Told<'a>,
    local_id: Option<&'a str>,
    claims: usize,
    has_extra: bool,
}

/// What a filter may ask of a record.
pub struct Seen<'a> {
    pub clock: Clock,
    pub local_id: Option<&'a str>,
    /// Whether it is no part of a series, and has no claim but its own.
    pub alone: bool,
}

impl Fast {
    /// A reader by the options; `None` where they need the long way.
    pub fn new(fields: &Fields, zone: Option<Zone>) -> Option<Self> {
        Some(Self {
            table: Table::new(fields)?,
            times: fields.times(),
            zone,
            foreign: fields.is_foreign(),
            numbers: fields.takes_numbers(),
            last_zone: ("UTC".to_owned(), Zone::Utc),
            extra: String::new(),
            scratch: String::new(),
            keys: Keys::default(),
            unknown: Vec::new(),
            order: Vec::new(),
        })
    }

    /// Fills the current row of `columns`. If that is `Unusual`, what it has of the row is to be forgotten.
    pub fn read<'a>(&mut self, text: &'a str, at: Locator, columns: &mut Builder) -> Result<Seen<'a>, Unusual> {
        if !text.starts_with('{') {
            return Err(Unusual);
        }
        self.extra.clear();
        self.unknown.clear();
        let mut rest = Rest::default();
        let mut lexer = Lexer::new(text);
        self.members(&mut lexer, text, at, &mut rest, columns)?;
        if !lexer.at_end() {
            return Err(Unusual);
        }
        match (rest.local_id, rest.claims) {
            (id, 0) => columns.own_claim(Some(at), id),
            (None, _) => {}
            (Some(_), _) => return Err(Unusual),
        }
        if !self.extra.is_empty() {
            // Whether both have the same key is for others to compare.
            if rest.has_extra {
                return Err(Unusual);
            }
            self.extra.push('}');
            columns.text(Text::Extra, &self.extra);
        }
        let clock = rest.told.put(self.zone.as_ref(), columns)?;
        let alone = rest.claims == 0 && !columns.has(Text::Instance) && !columns.has(Text::Recurrence);
        Ok(Seen { clock, local_id: rest.local_id, alone })
    }

    fn members<'a>(
        &mut self,
        lexer: &mut Lexer<'a>,
        text: &'a str,
        at: Locator,
        rest: &mut Rest<'a>,
        columns: &mut Builder,
    ) -> Result<(), Unusual> {
        lexer.expect(b'{')?;
        if lexer.eat(b'}') {
            return Ok(());
        }
        let (mut seen, mut place) = (0u64, 0);
        loop {
            let (key, number) = self.key(place, lexer)?;
            place += 1;
            if number == UNKNOWN || self.is_others(self.table.action(number), lexer) {
                self.unknown(key, text, lexer)?;
            } else if !lexer.null() {
                self.member(self.table.action(number), lexer, at, rest, columns)?;
            }
            if number != UNKNOWN {
                if seen >> number & 1 == 1 {
                    return Err(Unusual);
                }
                seen |= 1 << number;
            }
            if !lexer.eat(b',') {
                return lexer.expect(b'}');
            }
        }
    }

    /// Takes the key at this place of the record, and gives its number. Most records have the keys of the one before, in
    /// the same order.
    #[inline]
    fn key<'a>(&mut self, place: usize, lexer: &mut Lexer<'a>) -> Result<(&'a str, u8), Unusual> {
        if let Some((token, number)) = self.order.get(place)
            && let Some(key) = lexer.same_key(&token.text)
        {
            return Ok((key, *number));
        }
        let key = lexer.key()?;
        Ok((key, self.learn(place, key)?))
    }

    /// The number of a key that stands at this place of the record, where later ones may have it as well.
    fn learn(&mut self, place: usize, key: &str) -> Result<u8, Unusual> {
        if key.starts_with(MARK) {
            return Err(Unusual);
        }
        let number = self.table.find(key);
        if place == self.order.len() && place < MAX_ORDER {
            self.order.push((Token::default(), UNKNOWN));
        }
        if let Some((token, last)) = self.order.get_mut(place) {
            token.set(key);
            *last = number;
        }
        Ok(number)
    }

    /// Whether a value of this type makes the key somebody else's.
    #[inline]
    fn is_others(&self, action: Action, lexer: &mut Lexer<'_>) -> bool {
        matches!(action, Action::Text { mapped: false, .. } | Action::Id { mapped: false })
            && self.foreign
            && !matches!(lexer.peek(), b'"' | b'n')
    }

    /// Keeps a member in `extra`.
    fn unknown<'a>(&mut self, key: &'a str, text: &'a str, lexer: &mut Lexer<'a>) -> Result<(), Unusual> {
        let from = key.as_ptr() as usize - text.as_ptr() as usize;
        let twice = self.unknown.iter().any(|&(from, len)| text.as_bytes()[from..from + len] == *key.as_bytes());
        if twice || self.unknown.len() == MAX_UNKNOWN {
            return Err(Unusual);
        }
        self.unknown.push((from, key.len()));
        self.extra.push_str(if self.extra.is_empty() { "{\"" } else { ",\"" });
        self.extra.push_str(key);
        self.extra.push_str("\":");
        lexer.value(&mut self.extra, &mut self.keys)
    }

    fn member<'a>(
        &mut self,
        action: Action,
        lexer: &mut Lexer<'a>,
        at: Locator,
        rest: &mut Rest<'a>,
        columns: &mut Builder,
    ) -> Result<(), Unusual> {
        let told = &mut rest.told;
        match action {
            Action::Text { column, mapped } if !mapped || lexer.peek() == b'"' => {
                columns.text_with(column, |out| lexer.string(out))?;
            }
            Action::Text { column, .. } => columns.text_with(column, |out| lexer.value(out, &mut self.keys))?,
            Action::Id { mapped: false } => columns.text_with(Text::Id, |out| lexer.string(out))?,
            Action::Id { mapped: true } => {
                if let Some(id) = mapped_id(lexer)? {
                    columns.text(Text::Id, id);
                }
            }
            Action::LocalId => rest.local_id = mapped_id(lexer)?,
            Action::Revision { mapped } => {
                let revision = if mapped && lexer.peek() == b'"' {
                    lexer.plain_string()?.trim().parse().map_err(|_| Unusual)?
                } else {
                    nested::integer(lexer)?
                };
                columns.number(Number::Revision, revision);
            }
            Action::Instant { column, mapped: false } => columns.number(column, nested::instant(lexer)?),
            Action::Instant { column, mapped: true } => {
                let mut other = None;
                let text = self.date(lexer, true, &mut other)?;
                if let Some(text) = other.as_deref().or(text) {
                    columns.number(column, nested::instant_of(text)?);
                }
            }
            Action::When => told.when = Some(lexer.plain_string()?),
            Action::Start { mapped } => told.start = self.date(lexer, mapped, &mut told.other_start)?,
            Action::End { mapped } => told.end = self.date(lexer, mapped, &mut told.other_end)?,
            Action::Bounds => told.bounds = Some(nested::bounds(lexer)?),
            Action::Extent => told.extent = Some(extent(lexer.plain_string()?)?),
            Action::Precision => told.precision = Some(precision(lexer.plain_string()?)?),
            Action::Qualifier => told.qualifier = Some(qualifier(lexer.plain_string()?)?),
            Action::Part => told.part = Some(part(lexer.plain_string()?)?),
            Action::Said => told.said = Some(lexer.plain_string()?),
            Action::Zone => told.zone = Some(self.zone_of(lexer.plain_string()?)?),
            Action::EndZone => told.end_zone = Some(self.zone_of(lexer.plain_string()?)?),
            Action::Degrees { column, mapped } => {
                let text =
                    if mapped && lexer.peek() == b'"' { lexer.plain_string()?.trim() } else { lexer.number()? };
                let degrees: f64 = text.parse().map_err(|_| Unusual)?;
                if !degrees.is_finite() {
                    return Err(Unusual);
                }
                columns.degrees(column, degrees);
            }
            Action::Tags => nested::tags(lexer, columns)?,
            Action::Actors => nested::actors(lexer, columns)?,
            Action::Claims => rest.claims = nested::claims(lexer, at, &mut self.keys, columns)?,
            Action::Extra => {
                columns.text_with(Text::Extra, |out| nested::object(lexer, out, &mut self.keys))?;
                rest.has_extra = true;
            }
            Action::Skip => {
                self.scratch.clear();
                lexer.value(&mut self.scratch, &mut self.keys)?;
            }
        }
        Ok(())
    }

    /// The date under a key, as the long way reads it; in `other` if it is not as it stands. `None` = no date.
    fn date<'a>(
        &self,
        lexer: &mut Lexer<'a>,
        mapped: bool,
        other: &mut Option<String>,
    ) -> Result<Option<&'a str>, Unusual> {
        if lexer.peek() == b'"' {
            return self.date_of_text(lexer.plain_string()?, mapped, other);
        }
        self.date_of_number(lexer.number()?, mapped, other)
    }

    #[inline]
    fn date_of_text<'a>(
        &self,
        text: &'a str,
        mapped: bool,
        other: &mut Option<String>,
    ) -> Result<Option<&'a str>, Unusual> {
        if !mapped || Instant::parse_plain(text, None).is_some() {
            return Ok(Some(text));
        }
        match self.times.text(Value::String(text.to_owned())) {
            Ok(None) => {}
            Ok(Some(Value::String(text))) => *other = Some(text),
            _ => return Err(Unusual),
        }
        Ok(None)
    }

    fn date_of_number<'a>(
        &self,
        number: &str,
        mapped: bool,
        other: &mut Option<String>,
    ) -> Result<Option<&'a str>, Unusual> {
        if !mapped && !self.numbers {
            return Err(Unusual);
        }
        *other = Some(self.times.of_number(number).map_err(|_| Unusual)?);
        Ok(None)
    }

    fn zone_of(&mut self, name: &str) -> Result<Zone, Unusual> {
        if self.last_zone.0 != name {
            self.last_zone = (name.to_owned(), Zone::parse(name).ok_or(Unusual)?);
        }
        Ok(self.last_zone.1)
    }
}

/// A text or number as an id; an empty one is none.
fn mapped_id<'a>(lexer: &mut Lexer<'a>) -> Result<Option<&'a str>, Unusual> {
    let id = if lexer.peek() == b'"' { lexer.plain_string()? } else { lexer.number()? };
    Ok(Some(id).filter(|id| !id.is_empty()))
}

fn extent(name: &str) -> Result<Extent, Unusual> {
    match name {
        "moment" => Ok(Extent::Moment),
        "throughout" => Ok(Extent::Throughout),
        _ => Err(Unusual),
    }
}

fn precision(name: &str) -> Result<Precision, Unusual> {
    Ok(match name {
        "second" => Precision::Second,
        "minute" => Precision::Minute,
        "hour" => Precision::Hour,
        "day" => Precision::Day,
        "week" => Precision::Week,
        "month" => Precision::Month,
        "season" => Precision::Season,
        "year" => Precision::Year,
        "decade" => Precision::Decade,
        "century" => Precision::Century,
        "millennium" => Precision::Millennium,
        _ => return Err(Unusual),
    })
}

fn qualifier(name: &str) -> Result<Qualifier, Unusual> {
    match name {
        "uncertain" => Ok(Qualifier::Uncertain),
        "approximate" => Ok(Qualifier::Approximate),
        "both" => Ok(Qualifier::Both),
        _ => Err(Unusual),
    }
}

fn part(name: &str) -> Result<Part, Unusual> {
    match name {
        "early" => Ok(Part::Early),
        "mid" => Ok(Part::Mid),
        "late" => Ok(Part::Late),
        _ => Err(Unusual),
    }
}

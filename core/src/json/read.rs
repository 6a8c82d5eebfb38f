//! Reading an event from a JSON object, canonical or written by hand.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::time::Times;
use super::{MAX_DEPTH, depth_of, nested};
use crate::event::Event;
use crate::when::{Instant, Zone};

/// Why an object is no event: one field of it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}`: {message}")]
pub struct FieldError {
    /// A short, stable name of the reason: `bad-field`, `bad-date` or `too-deep`.
    pub code: &'static str,
    /// The key, with the path to it where it is nested (`claims[0].locator.line`).
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl FieldError {
    pub(super) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: "bad-field", field: field.into(), message: message.into(), hint: None }
    }

    pub(super) fn expected(field: impl Into<String>, expected: &str, found: &Value) -> Self {
        Self::new(field, format!("expected {expected}, found {}", describe(found)))
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same error in a field inside another.
    pub(super) fn within(self, path: &str) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        Self { field: format!("{path}{joint}{}", self.field), ..self }
    }

    /// The error with its hint in one sentence, for a note.
    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{self}; {hint}"),
            None => self.to_string(),
        }
    }
}

/// An event as read, and what had to be put right on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The event.
    pub event: Event,
    /// What was put right.
    pub repairs: Vec<Repair>,
}

/// Something that was put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// A short, stable name of the reason: `when-wins`, `zone-offset`, `zone-unused`, `unknown-key` or
    /// `duplicate-key`.
    pub code: &'static str,
    /// The reason in words.
    pub text: String,
}

impl Repair {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

/// The event that `map` says, as [`read_object`] reads it, without what was put right.
pub fn from_object(map: Map<String, Value>, zone: Option<&Zone>) -> Result<Event, FieldError> {
    read_object(map, zone).map(|reading| reading.event)
}

/// Reads the event that `map` says. `zone` is the zone of times that give none, neither themselves nor by the key
/// `zone`; it also takes the place of a `zone` that says `floating`.
///
/// - `when` is read where there is one; else `start` and `end`. Both take EDTF, RFC 3339 and date phrases. A `start`
///   or `end` beside `when` that says something else is passed over (repair `when-wins`).
/// - `bounds` narrow what the date says; `extent`, `precision`, `qualifier`, `part` and `said` replace it.
/// - Keys that are none of [`super::FIELDS`] go to `extra`, behind what an `extra` of the object has; `annals` and
///   `conflict` are passed over.
pub fn read_object(map: Map<String, Value>, zone: Option<&Zone>) -> Result<Reading, FieldError> {
    let mut event = Event::new();
    let mut times = Times::default();
    let mut repairs = Vec::new();
    let (mut extra, mut unknown) = (None, Map::new());
    for (key, value) in map {
        match key.as_str() {
            "id" => event.id = text(value, &key)?,
            "instance" => event.instance = text(value, &key)?,
            "revision" => event.revision = integer(value, &key)?,
            "modified" => event.modified = instant(value, &key)?,
            "stamped" => event.stamped = instant(value, &key)?,
            "when" => times.when = date(value, &key)?,
            "start" => times.start = date(value, &key)?,
            "end" => times.end = date(value, &key)?,
            "bounds" => times.bounds = nested::bounds(value)?,
            "extent" => times.extent = name(value, &key, "moment or throughout")?,
            "precision" => times.precision = name(value, &key, "a unit from second to millennium")?,
            "qualifier" => times.qualifier = name(value, &key, "uncertain, approximate or both")?,
            "part" => times.part = name(value, &key, "early, mid or late")?,
            "said" => times.said = text(value, &key)?,
            "zone" => times.zone = zone_key(value, &key)?,
            "end_zone" => times.end_zone = zone_key(value, &key)?,
            "recurrence" => event.recurrence = text(value, &key)?,
            "title" => event.title = text(value, &key)?,
            "body" => event.body = text(value, &key)?,
            "kind" => event.kind = text(value, &key)?,
            "status" => event.status = text(value, &key)?,
            "lane" => event.lane = text(value, &key)?,
            "url" => event.url = text(value, &key)?,
            "place" => event.place = text(value, &key)?,
            "lat" => event.lat = degrees(value, &key)?,
            "lon" => event.lon = degrees(value, &key)?,
            "tags" => event.tags = nested::tags(value)?,
            "actors" => event.actors = nested::actors(value, &mut repairs)?,
            "claims" => event.claims = nested::claims(value, &mut repairs)?,
            "extra" => extra = object(value, &key)?,
            "annals" | "conflict" => {}
            _ => drop(unknown.insert(key, value)),
        }
    }
    event.extra = join_extra(extra, unknown, &mut repairs)?;
    event.when = times.resolve(zone, &mut repairs)?;
    Ok(Reading { event, repairs })
}

fn join_extra(
    explicit: Option<Map<String, Value>>,
    unknown: Map<String, Value>,
    repairs: &mut Vec<Repair>,
) -> Result<Option<String>, FieldError> {
    if explicit.is_none() && unknown.is_empty() {
        return Ok(None);
    }
    let mut extra = explicit.unwrap_or_default();
    for (key, value) in unknown {
        if extra.contains_key(&key) {
            let text = format!("`{key}` also stands in `extra`: that one is kept");
            repairs.push(Repair::new("duplicate-key", text));
        } else {
            extra.insert(key, value);
        }
    }
    compact("extra", extra).map(Some)
}

/// An object as compact JSON text.
pub(super) fn compact(field: &str, map: Map<String, Value>) -> Result<String, FieldError> {
    if depth_of(&map) > MAX_DEPTH {
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        return Err(FieldError { code: "too-deep", ..FieldError::new(field, message) });
    }
    Ok(Value::Object(map).to_string())
}

pub(super) fn text(value: Value, field: &str) -> Result<Option<String>, FieldError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(ref number) if field == "id" => Err(FieldError::expected(field, "a text", &value)
            .hint(format!("write \"{number}\", or id=id to take numbers as ids"))),
        other => Err(FieldError::expected(field, "a text", &other)),
    }
}

pub(super) fn integer(value: Value, field: &str) -> Result<Option<i64>, FieldError> {
    match value {
        Value::Null => Ok(None),
        other => match other.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(FieldError::expected(field, "a whole number of 64 bits", &other)),
        },
    }
}

fn degrees(value: Value, field: &str) -> Result<Option<f64>, FieldError> {
    match value {
        Value::Null => Ok(None),
        other => match other.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(FieldError::expected(field, "a number of degrees", &other)),
        },
    }
}

pub(super) fn object(value: Value, field: &str) -> Result<Option<Map<String, Value>>, FieldError> {
    match value {
        Value::Null => Ok(None),
        Value::Object(map) => Ok(Some(map)),
        other => Err(FieldError::expected(field, "an object", &other)),
    }
}

/// Microseconds of an RFC 3339 instant; digits below them are cut off.
pub(super) fn instant(value: Value, field: &str) -> Result<Option<i64>, FieldError> {
    let Some(text) = text(value, field)? else { return Ok(None) };
    let bad_date = |error: FieldError| FieldError { code: "bad-date", ..error };
    let at = Instant::parse(&text, None)
        .map_err(|error| bad_date(FieldError { hint: error.hint, ..FieldError::new(field, error.message) }))?;
    if at.zone == Zone::Floating {
        let error = FieldError::new(field, format!("`{text}`: no offset"));
        return Err(bad_date(error.hint("write an instant such as 2025-09-10T10:00:00Z")));
    }
    Ok(Some(at.us))
}

/// A date as text. A number could be a year, or a count of anything since any day.
fn date(value: Value, field: &str) -> Result<Option<String>, FieldError> {
    match value {
        Value::Number(number) => {
            let hint =
                format!("write \"{number}\" if that is a date; times=s|ms|us|ns reads numbers as time since 1970");
            let error = FieldError::new(field, format!("expected a date as text, found {number}"));
            Err(FieldError { code: "bad-date", ..error.hint(hint) })
        }
        other => text(other, field),
    }
}

/// A value of one of the small enums of [`crate::when`].
fn name<T: DeserializeOwned>(value: Value, field: &str, expected: &str) -> Result<Option<T>, FieldError> {
    match value {
        Value::Null => Ok(None),
        Value::String(_) => match T::deserialize(&value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(FieldError::expected(field, expected, &value)),
        },
        other => Err(FieldError::expected(field, expected, &other)),
    }
}

fn zone_key(value: Value, field: &str) -> Result<Option<Zone>, FieldError> {
    let Some(name) = text(value, field)? else { return Ok(None) };
    match Zone::parse(&name) {
        Some(zone) => Ok(Some(zone)),
        None => Err(FieldError::new(field, format!("there is no time zone `{}`", short(&name)))
            .hint("write an IANA name such as Europe/Berlin, an offset such as +02:00, UTC or floating")),
    }
}

/// A value in few words.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Array(items) if items.is_empty() => "an empty array".to_owned(),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) => format!("\"{}\"", short(text)),
        other => short(&other.to_string()),
    }
}

/// A text cut to a length that fits a message, on one line.
fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(60).is_some() {
        short.push('…');
    }
    short
}

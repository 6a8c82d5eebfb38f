//! Reading what stands in arrays and objects: tags, actors, claims, bounds.

use serde_json::{Map, Value};

use super::read::{FieldError, Repair, compact, instant, integer, object, text};
use crate::claim::{Claim, Locator};
use crate::event::Actor;

/// An array of texts, or one text.
pub(super) fn tags(value: Value) -> Result<Vec<String>, FieldError> {
    let expected = |found: &Value| FieldError::expected("tags", "an array of texts", found);
    match value {
        Value::Null => Ok(Vec::new()),
        Value::String(tag) => Ok(vec![tag]),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::String(tag) => Ok(tag),
                other => Err(expected(&other)),
            })
            .collect(),
        other => Err(expected(&other)),
    }
}

/// An array of objects, or of names.
pub(super) fn actors(value: Value, repairs: &mut Vec<Repair>) -> Result<Vec<Actor>, FieldError> {
    items(value, "actors", |item, at| {
        let map = match item {
            Value::String(name) => return Ok(Actor { name: Some(name), ..Actor::default() }),
            Value::Object(map) => map,
            other => return Err(FieldError::expected("", "an object or a name", &other)),
        };
        let mut actor = Actor::default();
        for (key, value) in map {
            match key.as_str() {
                "name" => actor.name = text(value, &key)?,
                "role" => actor.role = text(value, &key)?,
                "address" => actor.address = text(value, &key)?,
                _ => repairs.push(unknown_key(&format!("actors[{at}].{key}"), &value)),
            }
        }
        Ok(actor)
    })
}

/// An array of objects. One without a source is the record's own claim.
pub(super) fn claims(value: Value, repairs: &mut Vec<Repair>) -> Result<Vec<Claim>, FieldError> {
    items(value, "claims", |item, at| {
        let Some(map) = object(item, "")? else {
            return Err(FieldError::expected("", "an object", &Value::Null));
        };
        let mut claim = Claim::default();
        for (key, value) in map {
            match key.as_str() {
                "source" => claim.source = text(value, &key)?.unwrap_or_default(),
                "id" => claim.id = text(value, &key)?,
                "instance" => claim.instance = text(value, &key)?,
                "revision" => claim.revision = integer(value, &key)?,
                "modified" => claim.modified = instant(value, &key)?,
                "lane" => claim.lane = text(value, &key)?,
                "attributed_to" => claim.attributed_to = text(value, &key)?,
                "locator" => {
                    let map = object(value, &key)?;
                    let locator = map.map(|map| locator(map, at, repairs)).transpose();
                    claim.locator = locator.map_err(|error| error.within(&key))?;
                }
                "quote" => claim.quote = text(value, &key)?,
                "edtf" => claim.edtf = text(value, &key)?,
                "title" => claim.title = text(value, &key)?,
                "differs" => {
                    let map = object(value, &key)?;
                    claim.differs = map.map(|map| compact(&key, map)).transpose()?;
                }
                "retrieved" => claim.retrieved = text(value, &key)?,
                _ => repairs.push(unknown_key(&format!("claims[{at}].{key}"), &value)),
            }
        }
        Ok(claim)
    })
}

/// The locator of the claim numbered `claim`.
fn locator(map: Map<String, Value>, claim: usize, repairs: &mut Vec<Repair>) -> Result<Locator, FieldError> {
    let mut locator = Locator::default();
    for (key, value) in map {
        let place = match key.as_str() {
            "offset" => &mut locator.offset,
            "len" => &mut locator.len,
            "line" => &mut locator.line,
            _ => {
                repairs.push(unknown_key(&format!("claims[{claim}].locator.{key}"), &value));
                continue;
            }
        };
        *place = match value {
            Value::Null => 0,
            other => other.as_u64().ok_or_else(|| FieldError::expected(&key, "a whole number", &other))?,
        };
    }
    Ok(locator)
}

/// The texts of the four bounds: `start_lo start_hi end_lo end_hi`.
pub(super) fn bounds(value: Value) -> Result<Option<[Option<String>; 4]>, FieldError> {
    let Some(map) = object(value, "bounds")? else { return Ok(None) };
    let mut bounds = [const { None }; 4];
    for (key, value) in map {
        let first = match key.as_str() {
            "start" => 0,
            "end" => 2,
            _ => return Err(FieldError::new(key, "bounds are those of `start` and `end`").within("bounds")),
        };
        match value {
            Value::Null => {}
            Value::Array(pair) if pair.len() == 2 => {
                for (at, bound) in pair.into_iter().enumerate() {
                    let bound = text(bound, "").map_err(|error| error.within(&format!("bounds.{key}[{at}]")));
                    bounds[first + at] = bound?;
                }
            }
            other => {
                let error = FieldError::expected(key, "an array of two: earliest and latest", &other);
                return Err(error.within("bounds"));
            }
        }
    }
    Ok(Some(bounds))
}

/// Reads each item of an array, with its number.
fn items<T>(
    value: Value,
    field: &str,
    mut read: impl FnMut(Value, usize) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            let read = |(at, item)| read(item, at).map_err(|error: FieldError| error.within(&format!("{field}[{at}]")));
            items.into_iter().enumerate().map(read).collect()
        }
        other => Err(FieldError::expected(field, "an array", &other)),
    }
}

fn unknown_key(field: &str, value: &Value) -> Repair {
    let found = super::read::describe(value);
    Repair::new("unknown-key", format!("`{field}` is no key of annals and is left out: {found}"))
}

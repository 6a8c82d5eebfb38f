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
    items(value, "actors", |item, path| {
        let map = match item {
            Value::String(name) => return Ok(Actor { name: Some(name), ..Actor::default() }),
            Value::Object(map) => map,
            other => return Err(FieldError::expected(path, "an object or a name", &other)),
        };
        let mut actor = Actor::default();
        for (key, value) in map {
            let field = format!("{path}.{key}");
            match key.as_str() {
                "name" => actor.name = text(value, &field)?,
                "role" => actor.role = text(value, &field)?,
                "address" => actor.address = text(value, &field)?,
                _ => repairs.push(unknown_key(&field, &value)),
            }
        }
        Ok(actor)
    })
}

/// An array of objects. One without a source is the record's own claim.
pub(super) fn claims(value: Value, repairs: &mut Vec<Repair>) -> Result<Vec<Claim>, FieldError> {
    items(value, "claims", |item, path| {
        let Some(map) = object(item, path)? else {
            return Err(FieldError::expected(path, "an object", &Value::Null));
        };
        let mut claim = Claim::default();
        for (key, value) in map {
            let field = format!("{path}.{key}");
            match key.as_str() {
                "source" => claim.source = text(value, &field)?.unwrap_or_default(),
                "id" => claim.id = text(value, &field)?,
                "instance" => claim.instance = text(value, &field)?,
                "revision" => claim.revision = integer(value, &field)?,
                "modified" => claim.modified = instant(value, &field)?,
                "lane" => claim.lane = text(value, &field)?,
                "attributed_to" => claim.attributed_to = text(value, &field)?,
                "locator" => {
                    let map = object(value, &field)?;
                    claim.locator = map.map(|map| locator(map, &field, repairs)).transpose()?;
                }
                "quote" => claim.quote = text(value, &field)?,
                "edtf" => claim.edtf = text(value, &field)?,
                "title" => claim.title = text(value, &field)?,
                "differs" => {
                    let map = object(value, &field)?;
                    claim.differs = map.map(|map| compact(&field, map)).transpose()?;
                }
                "retrieved" => claim.retrieved = text(value, &field)?,
                _ => repairs.push(unknown_key(&field, &value)),
            }
        }
        Ok(claim)
    })
}

fn locator(map: Map<String, Value>, path: &str, repairs: &mut Vec<Repair>) -> Result<Locator, FieldError> {
    let mut locator = Locator::default();
    for (key, value) in map {
        let field = format!("{path}.{key}");
        let place = match key.as_str() {
            "offset" => &mut locator.offset,
            "len" => &mut locator.len,
            "line" => &mut locator.line,
            _ => {
                repairs.push(unknown_key(&field, &value));
                continue;
            }
        };
        *place = match value {
            Value::Null => 0,
            other => other.as_u64().ok_or_else(|| FieldError::expected(&field, "a whole number", &other))?,
        };
    }
    Ok(locator)
}

/// The texts of the four bounds: `start_lo start_hi end_lo end_hi`.
pub(super) fn bounds(value: Value) -> Result<Option<[Option<String>; 4]>, FieldError> {
    let Some(map) = object(value, "bounds")? else { return Ok(None) };
    let mut bounds = [const { None }; 4];
    for (key, value) in map {
        let field = format!("bounds.{key}");
        let first = match key.as_str() {
            "start" => 0,
            "end" => 2,
            _ => return Err(FieldError::new(field, "bounds are those of `start` and `end`")),
        };
        match value {
            Value::Null => {}
            Value::Array(pair) if pair.len() == 2 => {
                for (at, bound) in pair.into_iter().enumerate() {
                    bounds[first + at] = text(bound, &format!("{field}[{at}]"))?;
                }
            }
            other => return Err(FieldError::expected(field, "an array of two: earliest and latest", &other)),
        }
    }
    Ok(Some(bounds))
}

/// Reads each item of an array; `path` names it.
fn items<T>(
    value: Value,
    field: &str,
    mut read: impl FnMut(Value, &str) -> Result<T, FieldError>,
) -> Result<Vec<T>, FieldError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(at, item)| read(item, &format!("{field}[{at}]"))).collect()
        }
        other => Err(FieldError::expected(field, "an array", &other)),
    }
}

fn unknown_key(field: &str, value: &Value) -> Repair {
    let found = super::read::describe(value);
    Repair::new("unknown-key", format!("`{field}` is no key of annals and is left out: {found}"))
}

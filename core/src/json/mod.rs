//! Canonical JSON of an event: one object, its keys in one order, every key present.
//!
//! [`FIELDS`] says what each key means; [`event_schema`] and [`timeline_schema`] are the same as JSON Schema.
//! [`from_object`] also reads what people write by hand: `{"start": "2025-08~", "title": "vague"}` is a whole event.
//! The bytes of [`Event::raw`] never stand in JSON.

use serde_json::{Map, Value};

use crate::event::Event;

mod fields;
pub mod lex;
mod nested;
mod read;
mod rows;
pub mod scan;
mod time;
mod write;

pub use fields::{ACTOR_FIELDS, CLAIM_FIELDS, FIELDS, Field, Kind, LOCATOR_FIELDS, event_schema, timeline_schema};
pub use read::{FieldError, Reading, Repair, from_object, read_object};
pub use rows::{RowWriter, write_some_of};
pub use time::Times;
pub use write::{write_line, write_some, write_string};

/// How deep `extra` and `differs` may be nested. Read and written again they stand a few levels deeper, and JSON
/// readers stop at 128.
pub const MAX_DEPTH: usize = 100;

/// The event as canonical JSON on one line, without the line end.
pub fn to_line(event: &Event) -> String {
    let mut line = String::with_capacity(512);
    write_line(event, &mut line);
    line
}

/// The event as a canonical JSON object.
pub fn to_object(event: &Event) -> Map<String, Value> {
    serde_json::from_str(&to_line(event)).expect("write_line writes one JSON object")
}

/// How deep arrays and objects are nested in an object, itself included.
fn depth_of(map: &Map<String, Value>) -> usize {
    1 + map.values().map(depth).max().unwrap_or(0)
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => depth_of(map),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;

//! Properties that pass `ical-rs` unseen.
//!
//! A property that JSCalendar has no member for stands in the `iCalendar` member of its object, in jCal syntax
//! (draft-ietf-calext-jscalendar-icalendar section 5.1.1). `ical-rs` puts it there and takes it out, but splits values of
//! unknown types at commas and semicolons, and writes rules and floats in another spelling. So that our own jCal
//! is what stands there, such a property goes through it as a TEXT that holds its jCal.

use serde_json::{Map, Value, json};

use crate::jcal::component::{Reader, write};
use crate::jcal::property::to_json;
use crate::line::{Line, escape};

/// The property that holds another.
const HIDDEN: &str = "X-ANNALS-JCAL";

/// A line that hides a property.
pub(super) fn hide(line: &Line) -> String {
    hide_value(&to_json(line))
}

/// A line that hides a component, given by its lines from BEGIN to END.
pub(super) fn hide_component(lines: &[Line]) -> String {
    let mut bytes = Vec::new();
    write(lines, &mut bytes);
    hide_value(&serde_json::from_slice(&bytes).unwrap_or_default())
}

fn hide_value(value: &Value) -> String {
    format!("{HIDDEN};VALUE=TEXT:{}", escape(&value.to_string()))
}

/// Puts what is hidden into its place in every `iCalendar` member.
pub(super) fn reveal(value: &mut Value) {
    each_hatch(value, &mut |hatch| {
        let Some(Value::Array(properties)) = hatch.shift_remove("properties") else { return };
        let (mut own, mut components) = (Vec::new(), Vec::new());
        for property in properties {
            match hidden(&property) {
                None => own.push(property),
                Some(value) if value.get(1).is_some_and(Value::is_array) => components.push(value),
                Some(value) => own.push(value),
            }
        }
        if !own.is_empty() {
            hatch.insert("properties".to_owned(), Value::Array(own));
        }
        if !components.is_empty() {
            match hatch.get_mut("components") {
                Some(Value::Array(known)) => known.extend(components),
                _ => drop(hatch.insert("components".to_owned(), Value::Array(components))),
            }
        }
    });
}

/// What a property of jCal hides.
fn hidden(property: &Value) -> Option<Value> {
    let [Value::String(name), _, _, Value::String(text)] = property.as_array()?.as_slice() else { return None };
    if name.eq_ignore_ascii_case(HIDDEN) { serde_json::from_str(text).ok() } else { None }
}

/// Hides what stands in every `iCalendar` member, also in patches of them.
pub(super) fn conceal(value: &mut Value) {
    let conceal_all = |list: &mut Vec<Value>| {
        let hide = |value: &Value| json!([HIDDEN.to_ascii_lowercase(), {}, "text", value.to_string()]);
        list.iter_mut().for_each(|value| *value = hide(value));
    };
    each_hatch(value, &mut |hatch| {
        if let Some(Value::Array(properties)) = hatch.get_mut("properties") {
            conceal_all(properties);
        }
        if let Some(Value::Array(mut components)) = hatch.shift_remove("components") {
            conceal_all(&mut components);
            match hatch.get_mut("properties") {
                Some(Value::Array(properties)) => properties.extend(components),
                _ => drop(hatch.insert("properties".to_owned(), Value::Array(components))),
            }
        }
        // The same in the patch of an instance.
        for (path, value) in hatch.iter_mut() {
            if let (true, Value::Array(properties)) = (path.ends_with("iCalendar/properties"), value) {
                conceal_all(properties);
            }
        }
    });
}

/// Calls `f` with each `iCalendar` member, and with each object that has paths into one. Values are at most as deep as
/// `serde_json` reads.
fn each_hatch(value: &mut Value, f: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            for (name, value) in object.iter_mut() {
                match value {
                    Value::Object(hatch) if name == "iCalendar" => f(hatch),
                    value => each_hatch(value, f),
                }
            }
            if object.keys().any(|path| path.ends_with("iCalendar/properties")) {
                f(object);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_hatch(item, f)),
        _ => {}
    }
}

/// The lines, with those that hide others replaced by them; `number` is the line of all.
pub(super) fn shown(lines: Vec<Line>, number: u64, limit: usize) -> Vec<(String, u64)> {
    // Components come behind properties, and with them what is hidden in their place.
    let mut reader = Reader::new(limit);
    for line in lines {
        if !line.is(HIDDEN) {
            reader.lines.push((line.into_text(), number));
            continue;
        }
        let text = line.text_value();
        let is_component =
            serde_json::from_str::<Value>(&text).is_ok_and(|value| value.get(1).is_some_and(Value::is_array));
        let before = reader.lines.len();
        let read = match is_component {
            true => reader.component(text.as_bytes(), number).map(drop),
            false => reader.property(text.as_bytes(), number),
        };
        if read.is_err() {
            reader.lines.truncate(before);
            reader.lines.push((Line::keeping(&text, number).into_text(), number));
        }
    }
    reader.lines
}

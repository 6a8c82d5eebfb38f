//! Writing canonical JSON straight into a text, without a tree of values.

use std::fmt::{Display, Write};

use serde_json::{Map, Value};

use super::{MAX_DEPTH, depth_of, lex};
use crate::claim::{Claim, Locator};
use crate::event::{Actor, Event};
use crate::when::{Extent, Instant, Part, Precision, Qualifier, When, Zone};

/// Appends the event as one line of canonical JSON, without the line end.
pub fn write_line(event: &Event, out: &mut String) {
    write_keys(event, None, out);
}

/// Appends an object with some keys of the canonical JSON of the event, in their order.
pub fn write_some(event: &Event, keys: &[&str], out: &mut String) {
    write_keys(event, Some(keys), out);
}

fn write_keys(event: &Event, keys: Option<&[&str]>, out: &mut String) {
    let mut object = Object { only: keys, ..Object::open(out) };
    object.text("id", event.id.as_deref());
    object.text("instance", event.instance.as_deref());
    object.number("revision", event.revision);
    object.instant("modified", event.modified);
    object.instant("stamped", event.stamped);
    write_when(&event.when, &mut object);
    object.text("recurrence", event.recurrence.as_deref());
    object.text("title", event.title.as_deref());
    object.text("body", event.body.as_deref());
    object.text("kind", event.kind.as_deref());
    object.text("status", event.status.as_deref());
    object.text("lane", event.lane.as_deref());
    object.text("url", event.url.as_deref());
    object.text("place", event.place.as_deref());
    object.degrees("lat", event.lat);
    object.degrees("lon", event.lon);
    object.array("tags", &event.tags, |tag, out| write_string(tag, out));
    object.array("actors", &event.actors, write_actor);
    object.array("claims", &event.claims, write_claim);
    object.embedded("extra", event.extra.as_deref());
    object.close();
}

fn write_when(when: &When, object: &mut Object<'_>) {
    object.text("when", when.edtf.as_deref());
    object.text("start", when.start_text().as_deref());
    object.text("end", when.end_text().as_deref());
    let bounds = when.bounds();
    object.value("bounds", |out| {
        if bounds.iter().all(Option::is_none) {
            return out.push_str("null");
        }
        let texts = bounds.map(|bound| when.bound_text(bound));
        let mut pairs = Object::open(out);
        pairs.array("start", &texts[..2], |text, out| write_text(text.as_deref(), out));
        pairs.array("end", &texts[2..], |text, out| write_text(text.as_deref(), out));
        pairs.close();
    });
    // What an undated event does not have is null; whatever it has all the same is not lost.
    let dated = when.is_dated();
    object.text("extent", (dated || when.extent != Extent::Moment).then(|| extent_name(when.extent)));
    object.text("precision", (dated || when.precision != Precision::default()).then(|| precision_name(when.precision)));
    object.text("qualifier", qualifier_name(when.qualifier));
    object.text("part", part_name(when.part));
    object.text("said", when.said.as_deref());
    object.text("zone", when.zone.as_deref());
    object.text("end_zone", when.end_zone.as_deref());
}

fn write_actor(actor: &Actor, out: &mut String) {
    let mut object = Object::open(out);
    object.text("name", actor.name.as_deref());
    object.text("role", actor.role.as_deref());
    object.text("address", actor.address.as_deref());
    object.close();
}

fn write_claim(claim: &Claim, out: &mut String) {
    let mut object = Object::open(out);
    object.text("source", Some(&claim.source));
    object.text("id", claim.id.as_deref());
    object.text("instance", claim.instance.as_deref());
    object.number("revision", claim.revision);
    object.instant("modified", claim.modified);
    object.text("lane", claim.lane.as_deref());
    object.text("attributed_to", claim.attributed_to.as_deref());
    object.value("locator", |out| match &claim.locator {
        Some(locator) => write_locator(locator, out),
        None => out.push_str("null"),
    });
    object.text("quote", claim.quote.as_deref());
    object.text("edtf", claim.edtf.as_deref());
    object.text("title", claim.title.as_deref());
    object.embedded("differs", claim.differs.as_deref());
    object.text("retrieved", claim.retrieved.as_deref());
    object.close();
}

fn write_locator(locator: &Locator, out: &mut String) {
    let mut object = Object::open(out);
    object.number("offset", Some(locator.offset));
    object.number("len", Some(locator.len));
    object.number("line", Some(locator.line));
    object.close();
}

/// An object under way.
struct Object<'a> {
    out: &'a mut String,
    /// The keys to write; `None` = all.
    only: Option<&'a [&'a str]>,
}

impl<'a> Object<'a> {
    fn open(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, only: None }
    }

    fn close(self) {
        self.out.push('}');
    }

    /// Writes a key and its value, if they are to be written. Names are ours and need no escape.
    fn value(&mut self, name: &str, write: impl FnOnce(&mut String)) {
        if self.only.is_some_and(|only| !only.contains(&name)) {
            return;
        }
        // No value ends in an opening brace: there this is the first key.
        if !self.out.ends_with('{') {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        write(self.out);
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.value(name, |out| write_text(value, out));
    }

    fn number(&mut self, name: &str, value: Option<impl Display>) {
        self.value(name, |out| match value {
            // Writing into a String cannot fail.
            Some(value) => drop(write!(out, "{value}")),
            None => out.push_str("null"),
        });
    }

    /// The shortest decimal that reads back as the same number; JSON has none for infinity and NaN.
    fn degrees(&mut self, name: &str, value: Option<f64>) {
        self.number(name, value.and_then(serde_json::Number::from_f64));
    }

    fn instant(&mut self, name: &str, us: Option<i64>) {
        let instant = |us| Instant { us, nanos: 0, precision: Precision::Second, zone: Zone::Utc };
        self.text(name, us.map(|us| instant(us).to_text()).as_deref());
    }

    fn array<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T, &mut String)) {
        self.value(name, |out| {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        });
    }

    /// A JSON object given as text.
    fn embedded(&mut self, name: &str, json: Option<&str>) {
        self.value(name, |out| match json {
            Some(json) => write_embedded(json, out),
            None => out.push_str("null"),
        });
    }
}

/// Appends a JSON object given as text.
pub(super) fn write_embedded(json: &str, out: &mut String) {
    if is_canonical(json) {
        return out.push_str(json);
    }
    // A careless plugin must not break the line: such a text is written anew, or as a text.
    match serde_json::from_str::<Map<String, Value>>(json) {
        Ok(map) if depth_of(&map) <= MAX_DEPTH && !json.contains(MAGIC) => {
            out.push_str(&Value::Object(map).to_string());
        }
        _ => {
            let mut object = Object::open(out);
            object.text("not_an_object", Some(json));
            object.close();
        }
    }
}

/// Whether `json` is an object spelled as [`Value`] would spell it, as far as that is told without a tree.
fn is_canonical(json: &str) -> bool {
    let has_magic = || memchr::memchr(b'$', json.as_bytes()).is_some() && json.contains(MAGIC);
    lex::is_compact_object(json, MAX_DEPTH) && !has_magic()
}

/// How serde_json marks numbers inside; an object with such a key would be read as a number.
const MAGIC: &str = "$serde_json::private::";

fn write_text(value: Option<&str>, out: &mut String) {
    match value {
        Some(text) => write_string(text, out),
        None => out.push_str("null"),
    }
}

/// Appends `text` as a JSON string, escaping no more than JSON demands.
pub fn write_string(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    loop {
        let at = lex::special(bytes, copied);
        // What needs an escape is ASCII, so that both cuts are between characters.
        out.push_str(&text[copied..at]);
        let Some(byte) = bytes.get(at) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            _ => drop(write!(out, "\\u{byte:04x}")),
        }
        copied = at + 1;
    }
    out.push('"');
}

pub(super) fn extent_name(extent: Extent) -> &'static str {
    match extent {
        Extent::Moment => "moment",
        Extent::Throughout => "throughout",
    }
}

pub(super) fn precision_name(precision: Precision) -> &'static str {
    match precision {
        Precision::Second => "second",
        Precision::Minute => "minute",
        Precision::Hour => "hour",
        Precision::Day => "day",
        Precision::Week => "week",
        Precision::Month => "month",
        Precision::Season => "season",
        Precision::Year => "year",
        Precision::Decade => "decade",
        Precision::Century => "century",
        Precision::Millennium => "millennium",
    }
}

pub(super) fn qualifier_name(qualifier: Qualifier) -> Option<&'static str> {
    match qualifier {
        Qualifier::None => None,
        Qualifier::Uncertain => Some("uncertain"),
        Qualifier::Approximate => Some("approximate"),
        Qualifier::Both => Some("both"),
    }
}

pub(super) fn part_name(part: Part) -> Option<&'static str> {
    match part {
        Part::Whole => None,
        Part::Early => Some("early"),
        Part::Mid => Some("mid"),
        Part::Late => Some("late"),
    }
}

//! The keys of canonical JSON as one table, and JSON Schemas made of it.

use serde_json::{Map, Value, json};

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What its value is, where it is not null.
    pub kind: Kind,
    /// What it means, with unit and specification.
    pub text: &'static str,
}

/// What the value of a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is a URI or IRI.
    Uri,
    /// A whole number within 64 bits.
    Integer,
    /// A whole number from 0.
    Count,
    /// A finite number.
    Number,
    /// An RFC 3339 instant in UTC.
    Instant,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// The four bounds of a time.
    Bounds,
    /// An array of texts.
    Texts,
    /// An array of objects with the keys of [`ACTOR_FIELDS`].
    Actors,
    /// An array of objects with the keys of [`CLAIM_FIELDS`].
    Claims,
    /// An object with the keys of [`LOCATOR_FIELDS`].
    Locator,
    /// An object with any keys.
    Object,
}

const fn field(name: &'static str, kind: Kind, text: &'static str) -> Field {
    Field { name, kind, text }
}

const UNITS: &[&str] =
    &["second", "minute", "hour", "day", "week", "month", "season", "year", "decade", "century", "millennium"];

/// The keys of an event, in the order in which they are written.
pub const FIELDS: &[Field] = &[
    field("id", Kind::Text, "The real id: UID of RFC 5545, a UUID, a URI. sha256-… is minted when there is none."),
    field(
        "instance",
        Kind::Text,
        "Which instance of a recurring event (RECURRENCE-ID, RFC 5545 3.8.4.4): UTC instant if zoned, date if all-day, \
         local time if floating.",
    ),
    field("revision", Kind::Integer, "Version of the record; the highest wins (SEQUENCE, RFC 5545 3.8.7.4)."),
    field("modified", Kind::Instant, "When the record was last changed (LAST-MODIFIED), to the microsecond."),
    field("stamped", Kind::Instant, "When this copy of the record was made (DTSTAMP), to the microsecond."),
    field(
        "when",
        Kind::Text,
        "The time as EDTF (ISO 8601-2, levels 0-2), extended by times of day with up to 9 fraction digits: with an offset \
         if zoned, without if floating. Years are astronomical (44 BC is -0043). null = undated. Goes before start and \
         end.",
    ),
    field("start", Kind::Text, "First half of when, else the whole of it. `..` = open, null = unknown."),
    field(
        "end",
        Kind::Text,
        "Second half of when. A date includes its whole last unit, a time of day is exact and exclusive. `..` = open, \
         null = none or unknown.",
    ),
    field(
        "bounds",
        Kind::Bounds,
        "Earliest and latest start (inclusive), earliest and latest end (exclusive): RFC 3339 to the microsecond, UTC if \
         zoned, without offset if floating or a date. `..` = open, null = unknown.",
    ),
    field(
        "extent",
        Kind::OneOf(&["moment", "throughout"]),
        "Whether it happened at some moment within the bounds or lasted throughout.",
    ),
    field("precision", Kind::OneOf(UNITS), "The unit in which the start is known."),
    field(
        "qualifier",
        Kind::OneOf(&["uncertain", "approximate", "both"]),
        "EDTF qualification anywhere in when: ? uncertain, ~ approximate, % both. Never moves bounds.",
    ),
    field("part", Kind::OneOf(&["early", "mid", "late"]), "The part of the unit that is meant. Never moves bounds."),
    field("said", Kind::Text, "The time in the words of the source."),
    field(
        "zone",
        Kind::Text,
        "The zone of the time: an IANA name, a fixed offset such as +02:00, UTC, or floating. null for dates.",
    ),
    field("end_zone", Kind::Text, "The zone of the end, where it is another one."),
    field(
        "recurrence",
        Kind::Text,
        "RRULE, RDATE, EXRULE and EXDATE lines (RFC 5545), unfolded, joined by line feeds.",
    ),
    field("title", Kind::Text, "One line that names the event (SUMMARY)."),
    field("body", Kind::Text, "The longer text (DESCRIPTION)."),
    field("kind", Kind::Text, "What sort of record it is: a component such as VEVENT, a timestamp_desc, …"),
    field("status", Kind::Text, "STATUS (RFC 5545 3.8.1.11): TENTATIVE, CONFIRMED, CANCELLED, …"),
    field("lane", Kind::Text, "A viewer's row: the calendar, host or file."),
    field("url", Kind::Uri, "A page about the event."),
    field("place", Kind::Text, "Where it happened, in words (LOCATION)."),
    field("lat", Kind::Number, "Latitude in degrees, WGS 84, north positive."),
    field("lon", Kind::Number, "Longitude in degrees, WGS 84, east positive."),
    field("tags", Kind::Texts, "Categories, in the order of the source."),
    field("actors", Kind::Actors, "Who took part, in the order of the source."),
    field(
        "claims",
        Kind::Claims,
        "Who says so: one entry a source and record, sorted. What is null there is as the event says.",
    ),
    field("extra", Kind::Object, "What the source has beyond these keys, lossless and in order."),
];

/// The keys of an actor.
pub const ACTOR_FIELDS: &[Field] = &[
    field("name", Kind::Text, "The name as a person would say it."),
    field("role", Kind::Text, "organizer, attendee, user, host, …"),
    field("address", Kind::Text, "A URI (mailto:…), an account name or a network address."),
];

/// The keys of a claim.
pub const CLAIM_FIELDS: &[Field] = &[
    field("source", Kind::Text, "The label of the source, never a path. Empty or null = the record itself."),
    field("id", Kind::Text, "The id in that source, where it is not the event's."),
    field("instance", Kind::Text, "The instance, where it is not the event's."),
    field("revision", Kind::Integer, "The revision, where it is not the event's."),
    field("modified", Kind::Instant, "The last change, where it is not the event's."),
    field("lane", Kind::Text, "The lane, where it is not the event's."),
    field("attributed_to", Kind::Text, "Who said it inside the source."),
    field("locator", Kind::Locator, "Where in the source the record stands."),
    field("quote", Kind::Text, "The source's exact words."),
    field("edtf", Kind::Text, "The time according to this source, as EDTF, where it is not the event's."),
    field("title", Kind::Text, "The title in this source, where it is not the event's."),
    field("differs", Kind::Object, "Every other key that this source says otherwise, with its value there."),
    field("retrieved", Kind::Text, "When the source was read (RFC 3339)."),
];

/// The keys of a locator.
pub const LOCATOR_FIELDS: &[Field] = &[
    field("offset", Kind::Count, "Bytes before the record."),
    field("len", Kind::Count, "Length of the record in bytes."),
    field("line", Kind::Count, "Line of its first byte, from 1; 0 = the format has no lines."),
];

/// The JSON Schema (draft 2020-12) of an event.
pub fn event_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "annals event",
        "description": "An event as annals writes it: every key present, null = absent. All keys may be left out when \
                        written by hand, and any other key is kept in extra.",
    });
    append(&mut schema, record(FIELDS));
    schema
}

/// The JSON Schema (draft 2020-12) of a timeline document, which refers to that of an event beside it.
pub fn timeline_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "annals timeline",
        "type": "object",
        "required": ["events"],
        "properties": {
            "annals": { "const": 1, "description": "The version of this format." },
            "timeline": {
                "type": "object",
                "description": "What is said of the timeline as a whole.",
                "properties": {
                    "facts": {
                        "type": "array",
                        "description": "Facts, sorted by kind, key and value.",
                        "items": {
                            "type": "object",
                            "required": ["kind", "key", "value"],
                            "properties": {
                                "kind": { "type": "string", "description": "calendar, timezone, title, …" },
                                "key": { "type": "string", "description": "Which one: a name, a TZID." },
                                "value": { "description": "What is said of it." },
                            },
                        },
                    },
                },
            },
            "events": {
                "type": "array",
                "description": "The events in the order of time, undated ones last.",
                "items": {
                    "$ref": "annals-event.schema.json",
                    "properties": {
                        "conflict": {
                            "type": "boolean",
                            "description": "true: another event has the same id and version, but says otherwise.",
                        },
                    },
                },
            },
        },
    })
}

fn record(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| {
            let mut schema = kind_schema(field.kind);
            append(&mut schema, json!({ "description": field.text }));
            (field.name.to_owned(), schema)
        })
        .collect();
    json!({ "type": "object", "properties": properties })
}

fn kind_schema(kind: Kind) -> Value {
    match kind {
        Kind::Text => json!({ "type": ["string", "null"] }),
        Kind::Uri => json!({ "type": ["string", "null"], "format": "iri-reference" }),
        Kind::Integer => json!({ "type": ["integer", "null"], "minimum": i64::MIN, "maximum": i64::MAX }),
        Kind::Count => json!({ "type": ["integer", "null"], "minimum": 0, "maximum": u64::MAX }),
        Kind::Number => json!({ "type": ["number", "null"] }),
        Kind::Instant => json!({ "type": ["string", "null"], "format": "date-time" }),
        Kind::OneOf(names) => {
            let names: Vec<Value> = names.iter().map(|name| json!(name)).chain([Value::Null]).collect();
            json!({ "enum": names })
        }
        Kind::Bounds => {
            let text = kind_schema(Kind::Text);
            let pair = json!({ "type": ["array", "null"], "items": text, "minItems": 2, "maxItems": 2 });
            let properties = json!({ "start": pair, "end": pair });
            json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
        }
        Kind::Texts => json!({ "type": ["array", "string", "null"], "items": { "type": "string" } }),
        Kind::Actors => {
            let mut items = record(ACTOR_FIELDS);
            // By hand an actor may be a mere name.
            items["type"] = json!(["object", "string"]);
            json!({ "type": ["array", "null"], "items": items })
        }
        Kind::Claims => json!({ "type": ["array", "null"], "items": record(CLAIM_FIELDS) }),
        Kind::Locator => {
            let mut schema = record(LOCATOR_FIELDS);
            schema["type"] = json!(["object", "null"]);
            schema
        }
        Kind::Object => json!({ "type": ["object", "null"] }),
    }
}

fn append(schema: &mut Value, more: Value) {
    if let (Value::Object(schema), Value::Object(more)) = (schema, more) {
        schema.extend(more);
    }
}

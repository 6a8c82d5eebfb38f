//! Other people's JSON: which of its fields say what, by the options.

use annals_core::json::{FIELDS, FieldError, Kind, read_object};
use annals_core::when::{Instant, Zone};
use annals_core::{Error, Options};
use serde_json::{Map, Value};

use crate::times::{Refusal, Times};

/// The options that name a field, and the key that it fills.
const MAPPED: &[(&str, &str)] = &[
    ("start", "start"),
    ("end", "end"),
    ("title", "title"),
    ("body", "body"),
    ("id", "id"),
    ("revision", "revision"),
    ("modified", "modified"),
    ("kind", "kind"),
    ("status", "status"),
    ("url", "url"),
    ("place", "place"),
    ("lat", "lat"),
    ("lon", "lon"),
    ("lane-field", "lane"),
    ("tags-field", "tags"),
];

/// The options of both formats, after what one of them has beside.
macro_rules! options {
    ($beside:literal) => {
        concat!(
            "{\n",
            $beside,
            r#"  "type": "object",
  "properties": {
    "start": { "type": "string", "description": "Field with the start; a dot leads into nested objects (time.begin), as in all of these. A field that fills a key is no longer in extra." },
    "end": { "type": "string", "description": "Field with the end." },
    "title": { "type": "string", "description": "Field with the title. A number or object becomes its text, as for all texts." },
    "body": { "type": "string", "description": "Field with the longer text." },
    "id": { "type": "string", "description": "Field with the id. Such an id is good inside its source only, unless the field is id itself or id-scope says that sources share it." },
    "revision": { "type": "string", "description": "Field with the version of the record: a whole number, the highest wins." },
    "modified": { "type": "string", "description": "Field with the time of the last change." },
    "kind": { "type": "string", "description": "Field with the sort of record." },
    "status": { "type": "string", "description": "Field with the status." },
    "url": { "type": "string", "description": "Field with the URL." },
    "place": { "type": "string", "description": "Field with the place, in words." },
    "lat": { "type": "string", "description": "Field with the latitude in degrees (WGS 84), a number or a text." },
    "lon": { "type": "string", "description": "Field with the longitude in degrees (WGS 84), a number or a text." },
    "lane-field": { "type": "string", "description": "Field with the lane (lane= gives all records the same)." },
    "tags-field": { "type": "string", "description": "Field with the tags: an array, or one tag (tags= gives all records the same)." },
    "times": { "type": "string", "enum": ["auto", "s", "ms", "us", "ns", "rfc3339", "edtf"], "default": "auto", "description": "What the times are. auto: texts are dates, numbers count from 1970-01-01 UTC by their digits: up to 11 seconds, 12-14 ms, 15-17 us, 18-20 ns; what may as well be a year or a day is rejected. s, ms, us, ns: numbers, also as text, count these units. edtf: numbers are years." }
  }
}"#
        )
    };
}

/// The options of `json`.
pub const OPTIONS: &str = options!("");
/// Those of `jsonl`, whose lines can be read in parts.
pub const LINES_OPTIONS: &str = options!("  \"parts\": \"lines\",\n");

/// Where the keys of an event come from.
pub struct Fields {
    /// Key and path of the field.
    mapped: Vec<(&'static str, String)>,
    times: Times,
    /// Whether the options speak of other people's JSON at all.
    foreign: bool,
    /// Whether the user said what numbers are.
    typed: bool,
}

impl Fields {
    pub fn new(options: &Options) -> Result<Self, Error> {
        let field = |&(option, key): &(&str, &'static str)| Some((key, options.text(option)?.to_owned()));
        let mapped: Vec<_> = MAPPED.iter().filter_map(field).collect();
        let times = options.text("times");
        let names = "times= takes auto, s, ms, us, ns, rfc3339 or edtf";
        let parsed = Times::parse(times.unwrap_or("auto"))
            .ok_or_else(|| Error::new(format!("there is no times={}", times.unwrap_or_default())).hint(names))?;
        // What is the default may be given by the host as well.
        let typed = times.is_some_and(|name| name != "auto");
        Ok(Self { foreign: typed || !mapped.is_empty(), mapped, times: parsed, typed })
    }

    /// The keys that options map, with the paths of their fields.
    pub fn mapped(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.mapped.iter().map(|(key, path)| (*key, path.as_str()))
    }

    /// Whether the options speak of other people's JSON at all.
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// Whether the options name a field with the start or end.
    pub fn is_dated(&self) -> bool {
        self.mapped().any(|(key, _)| matches!(key, "start" | "end"))
    }

    /// Whether `start` and `end` may be numbers without being mapped.
    pub fn takes_numbers(&self) -> bool {
        self.typed || self.is_dated()
    }

    /// What the times are.
    pub fn times(&self) -> Times {
        self.times
    }

    /// The record with its fields under the keys of annals, and its local id. What has no key of its own, or the
    /// wrong type for the one that its name would be, goes to `extra`.
    pub fn apply(
        &self,
        mut record: Map<String, Value>,
        zone: Option<&Zone>,
    ) -> Result<(Map<String, Value>, Option<String>), FieldError> {
        if !self.foreign {
            return Ok((record, None));
        }
        let mut found = Vec::with_capacity(self.mapped.len());
        for (key, path) in &self.mapped {
            // Two keys may be filled by one field.
            found.push((*key, path, get(&record, path).cloned().unwrap_or_default()));
        }
        for (_, path) in &self.mapped {
            remove(&mut record, path);
        }
        let mut event = Map::new();
        let mut extra = Map::new();
        for (key, value) in record {
            match self.own_key(&key, &value, zone) {
                Some(value) => drop(event.insert(key, value?)),
                None => drop(extra.insert(key, value)),
            }
        }
        if let Some(Value::Object(own)) = event.get_mut("extra") {
            own.extend(extra);
        } else if !extra.is_empty() {
            event.insert("extra".to_owned(), extra.into());
        }
        let mut local_id = None;
        for (key, path, value) in found {
            let value = self.mapped_value(key, path, value, zone)?;
            match value {
                Value::String(id) if key == "id" && path != "id" => local_id = Some(id),
                Value::Null => {}
                value => drop(event.insert(key.to_owned(), value)),
            }
        }
        Ok((event, local_id))
    }

    /// What a record says under a key of annals without being asked; `None` if it does not mean that key.
    fn own_key(&self, key: &str, value: &Value, zone: Option<&Zone>) -> Option<Result<Value, FieldError>> {
        let field = FIELDS.iter().find(|field| field.name == key)?;
        let is_mapped = |key| self.mapped.iter().any(|(mapped, _)| *mapped == key);
        if is_mapped(key) || self.is_dated() && matches!(key, "when" | "bounds") {
            return None;
        }
        let is_text = matches!(value, Value::String(_) | Value::Null);
        let fits = match (key, field.kind) {
            ("start" | "end", _) if value.is_number() && self.takes_numbers() => {
                return Some(self.date(key, key, value.clone()));
            }
            ("zone" | "end_zone", _) => is_text && value.as_str().is_none_or(|name| Zone::parse(name).is_some()),
            (_, Kind::OneOf(names)) => value.as_str().is_none_or(|name| names.contains(&name)) && is_text,
            (_, Kind::Text | Kind::Uri) => is_text,
            (_, Kind::Bounds | Kind::Object) => matches!(value, Value::Object(_) | Value::Null),
            _ => {
                let alone = Map::from_iter([(key.to_owned(), value.clone())]);
                read_object(alone, zone).is_ok_and(|reading| reading.repairs.is_empty())
            }
        };
        fits.then(|| Ok(value.clone()))
    }

    /// The value of a mapped field as the key wants it; null = absent.
    fn mapped_value(&self, key: &str, path: &str, value: Value, zone: Option<&Zone>) -> Result<Value, FieldError> {
        let refuse = |expected: &str, value: &Value| {
            let mut found = value.to_string();
            if found.len() > 60 {
                found = format!("{}…", found.chars().take(60).collect::<String>());
            }
            let message = format!("expected {expected}, found {found}");
            FieldError {
                code: "bad-field",
                field: path.to_owned(),
                message,
                hint: Some(format!("{key}= names this field")),
            }
        };
        match key {
            _ if value.is_null() => Ok(value),
            "start" | "end" => self.date(key, path, value),
            "modified" => {
                let date = self.date(key, path, value)?;
                let Some(text) = date.as_str() else { return Ok(date) };
                // A time without offset is in the zone of the source.
                Ok(Instant::parse(text, zone).map_or(date.clone(), |at| at.to_text().into()))
            }
            "revision" => match (&value, value.as_str().map(|text| text.trim().parse::<i64>())) {
                (_, Some(Ok(number))) => Ok(number.into()),
                (Value::Number(_), _) if value.as_i64().is_some() => Ok(value),
                _ => Err(refuse("a whole number of 64 bits", &value)),
            },
            "lat" | "lon" => match value.as_str().map(str::trim) {
                None if value.is_number() => Ok(value),
                Some("") => Ok(Value::Null),
                text => match text.and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite()) {
                    Some(number) => Ok(number.into()),
                    None => Err(refuse("a number of degrees", &value)),
                },
            },
            "id" => match value {
                Value::String(ref text) if text.is_empty() => Ok(Value::Null),
                Value::String(_) => Ok(value),
                Value::Number(number) => Ok(number.to_string().into()),
                _ => Err(refuse("a text or a number", &value)),
            },
            "tags" => match value {
                Value::Array(tags) => Ok(tags.into_iter().map(as_text).collect()),
                Value::Object(_) => Err(refuse("an array of texts", &value)),
                one => Ok(as_text(one)),
            },
            _ => Ok(as_text(value)),
        }
    }

    fn date(&self, key: &str, path: &str, value: Value) -> Result<Value, FieldError> {
        let refuse = |(message, hint): Refusal| FieldError { code: "bad-date", field: path.to_owned(), message, hint };
        match self.times.text(value).map_err(refuse)? {
            Some(Value::String(text)) => Ok(text.into()),
            None => Ok(Value::Null),
            Some(other) => {
                let found = match other {
                    Value::Array(_) => "an array",
                    Value::Object(_) => "an object",
                    _ => "true or false",
                };
                let hint = Some(format!("{key}= names this field; a dot leads to a field inside it"));
                Err(refuse((format!("expected a date, found {found}"), hint)))
            }
        }
    }
}

fn as_text(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Null => value,
        other => other.to_string().into(),
    }
}

/// The field at a path. A key that has the dots in its name goes before the way into an object.
fn get<'a>(mut map: &'a Map<String, Value>, mut path: &str) -> Option<&'a Value> {
    loop {
        if let Some(value) = map.get(path) {
            return Some(value);
        }
        let (key, rest) = path.split_once('.')?;
        map = map.get(key)?.as_object()?;
        path = rest;
    }
}

/// Takes the field at a path away, and the objects that are empty then.
fn remove(map: &mut Map<String, Value>, path: &str) {
    if map.shift_remove(path).is_some() {
        return;
    }
    let Some((key, rest)) = path.split_once('.') else { return };
    let Some(Value::Object(inner)) = map.get_mut(key) else { return };
    let before = inner.len();
    remove(inner, rest);
    if inner.is_empty() && before > 0 {
        map.shift_remove(key);
    }
}

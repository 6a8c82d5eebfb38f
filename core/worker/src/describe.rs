//! What a worker says of itself: the answer to `describe`.

use std::collections::HashSet;

use annals_core::Error;
use annals_core::host::{FormatRef, Plugin, one_line};
use serde_json::{Map, Value, json};

use crate::message::{Encoding, shown};

/// A plugin has at most this many formats.
const MAX_FORMATS: usize = 256;

/// A text of a description has at most as many bytes.
const MAX_TEXT: usize = 1 << 20;

/// A plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// How it wants to be sent events.
    pub encoding: Encoding,
    /// Its formats.
    pub formats: Vec<FormatDescription>,
}

/// A format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FormatDescription {
    /// The name that users type.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// File name extensions without the dot.
    pub extensions: Vec<String>,
    /// Media types.
    pub media_types: Vec<String>,
    /// The JSON Schema of its options.
    pub options: String,
    /// An example command line.
    pub example: String,
    /// Whether it can be read.
    pub import: bool,
    /// Whether it can be written.
    pub export: bool,
    /// Whether its files can be checked.
    pub check: bool,
    /// Whether it can be asked how surely an input is of this format.
    pub sniff: bool,
}

impl Description {
    /// Of a plugin that is loaded here.
    pub fn of(plugin: Plugin) -> Self {
        let formats = plugin.formats().into_iter().map(FormatDescription::of).collect();
        Self { id: plugin.id(), version: plugin.version(), encoding: Encoding::Frames, formats }
    }

    /// As the answer to `describe`.
    pub fn to_json(&self) -> Value {
        let formats: Vec<Value> = self.formats.iter().map(FormatDescription::to_json).collect();
        json!({ "id": self.id, "version": self.version, "encoding": self.encoding.name(), "formats": formats })
    }

    /// From the answer, checked as a descriptor is.
    pub fn parse(value: &Value) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| Error::new("its description is not a JSON object"))?;
        let id = text(map, "id")?;
        let valid = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if id.is_empty() || id.len() > 100 || !id.bytes().all(valid) {
            let id = shown(id.as_bytes());
            return Err(Error::new(format!("its id {id} is not of lower-case letters, digits and `_`")));
        }
        let encoding = text(map, "encoding")?;
        let encoding = match encoding.as_str() {
            "" => Encoding::Lines,
            name => Encoding::of(name)
                .ok_or_else(|| Error::new(format!("its encoding {} is not known", shown(name.as_bytes()))))?,
        };
        let formats = map.get("formats").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if formats.len() > MAX_FORMATS {
            return Err(Error::new(format!("it has {} formats; at most {MAX_FORMATS} are allowed", formats.len())));
        }
        let formats = formats.iter().map(FormatDescription::parse).collect::<Result<Vec<_>, _>>()?;
        let mut names = HashSet::new();
        if let Some(twice) = formats.iter().find(|format| !names.insert(&format.name)) {
            return Err(Error::new(format!("it has two formats `{}`", twice.name)));
        }
        Ok(Self { id, version: one_line(&text(map, "version")?), encoding, formats })
    }
}

impl FormatDescription {
    /// Of a format that is loaded here.
    pub fn of(format: FormatRef) -> Self {
        Self {
            name: format.name(),
            summary: format.summary(),
            extensions: format.extensions(),
            media_types: format.media_types(),
            options: format.options(),
            example: format.example(),
            import: format.can_import(),
            export: format.can_export(),
            check: format.can_validate(),
            sniff: format.can_sniff(),
        }
    }

    /// As in the answer to `describe`.
    pub fn to_json(&self) -> Value {
        let options: Value = serde_json::from_str(&self.options).unwrap_or_default();
        json!({
            "name": self.name,
            "summary": self.summary,
            "extensions": self.extensions,
            "media_types": self.media_types,
            "options": options,
            "example": self.example,
            "import": self.import,
            "export": self.export,
            "check": self.check,
            "sniff": self.sniff,
        })
    }

    fn parse(value: &Value) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| Error::new("a format's description is not a JSON object"))?;
        let name = text(map, "name")?;
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(valid) {
            return Err(Error::new(format!("a format has the name {}", shown(name.as_bytes()))));
        }
        let options = match map.get("options") {
            None | Some(Value::Null) => "{}".to_owned(),
            Some(Value::Object(schema)) if schema.get("properties").is_none_or(is_properties) => {
                let options = Value::Object(schema.clone()).to_string();
                if options.len() > MAX_TEXT {
                    return Err(Error::new(format!("the options schema of format `{name}` is too long")));
                }
                options
            }
            Some(Value::Object(_)) => {
                let text = format!("format `{name}` has an options schema whose properties are no objects");
                return Err(Error::new(text));
            }
            Some(_) => {
                return Err(Error::new(format!("format `{name}` has an options schema that is not a JSON object")));
            }
        };
        let flag = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or(false);
        Ok(Self {
            summary: one_line(&text(map, "summary")?),
            extensions: words(map, "extensions")?,
            media_types: words(map, "media_types")?,
            options,
            example: one_line(&text(map, "example")?),
            import: flag("import"),
            export: flag("export"),
            check: flag("check"),
            sniff: flag("sniff"),
            name,
        })
    }
}

fn is_properties(properties: &Value) -> bool {
    properties.as_object().is_some_and(|all| all.values().all(Value::is_object))
}

fn text(map: &Map<String, Value>, key: &str) -> Result<String, Error> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) if text.len() <= MAX_TEXT => Ok(text.clone()),
        Some(Value::String(_)) => Err(Error::new(format!("`{key}` of its description is too long"))),
        Some(_) => Err(Error::new(format!("`{key}` of its description is not a text"))),
    }
}

fn words(map: &Map<String, Value>, key: &str) -> Result<Vec<String>, Error> {
    let wrong = || Error::new(format!("`{key}` of its description is not an array of texts"));
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(words)) => words.iter().map(|word| word.as_str().map(one_line).ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_checked() {
        let check = |text: &str, expected: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            let found = Description::parse(&value).err().map(|error| error.message).unwrap_or_default();
            assert_eq!(found, expected, "{text}");
        };
        check(r#"{"id":"a_1"}"#, "");
        check(r#"{"id":"a","formats":[{"name":"x","options":{"properties":{}}}]}"#, "");
        check("[]", "its description is not a JSON object");
        check("{}", "its id \"\" is not of lower-case letters, digits and `_`");
        check(r#"{"id":7}"#, "`id` of its description is not a text");
        check(r#"{"id":"a","encoding":"xml"}"#, "its encoding \"xml\" is not known");
        check(r#"{"id":"a","formats":[1]}"#, "a format's description is not a JSON object");
        check(r#"{"id":"a","formats":[{"name":"a b"}]}"#, "a format has the name \"a b\"");
        check(r#"{"id":"a","formats":[{"name":"x"},{"name":"x"}]}"#, "it has two formats `x`");
        check(
            r#"{"id":"a","formats":[{"name":"x","options":{"properties":{"a":1}}}]}"#,
            "format `x` has an options schema whose properties are no objects",
        );
        check(
            r#"{"id":"a","formats":[{"name":"x","options":[]}]}"#,
            "format `x` has an options schema that is not a JSON object",
        );
        check(
            r#"{"id":"a","formats":[{"name":"x","extensions":"a"}]}"#,
            "`extensions` of its description is not an array of texts",
        );
    }

    #[test]
    fn a_description_is_read_as_it_was_written() {
        let format = FormatDescription {
            name: "x".into(),
            extensions: vec!["a".into()],
            options: r#"{"properties":{}}"#.into(),
            import: true,
            ..FormatDescription::default()
        };
        let description =
            Description { id: "a".into(), version: "1".into(), encoding: Encoding::Frames, formats: vec![format] };
        assert_eq!(Description::parse(&description.to_json()), Ok(description));
    }
}

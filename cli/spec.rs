//! What users write for an input or output: `[FORMAT][,KEY=VALUE…:]PATH`.

use annals_core::plugin::Options;
use serde_json::{Map, Value};

use crate::carrier::Format;
use crate::exit::{Trouble, near};
use crate::registry::Registry;

/// A parsed input or output.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spec {
    /// The format, where it is named.
    pub format: Option<String>,
    /// Options in the order given.
    pub options: Vec<(String, String)>,
    /// The path, `-` for the standard streams.
    pub path: String,
}

/// Options that every input takes, whatever its format: name, what it does.
pub const COMMON: &[(&str, &str)] = &[
    ("label", "the source's name in claims and reports, in place of its file name"),
    ("lane", "the lane of its events (a viewer's row), where they have none"),
    ("tags", "tags to add to its events, separated by `+`"),
    ("zone", "the time zone of times without one: an IANA name, an offset or `floating`"),
    ("host", "the host that its events speak of, added as an actor where they name none"),
    ("id-scope", "a name for the scope of its local ids: sources of one scope share them"),
];

impl Spec {
    /// Parses `text`. A prefix counts only if it begins with a known format or with a comma, and all of its options
    /// read `KEY=VALUE`; `./a:b` forces a path. In a value `\:`, `\,` and `\\` stand for `:`, `,` and `\`.
    pub fn parse(text: &str, registry: &Registry) -> Self {
        let path_only = Self { path: text.to_owned(), ..Self::default() };
        let mut prefix = vec![String::new()];
        let mut chars = text.char_indices();
        while let Some((at, char)) = chars.next() {
            let part = prefix.last_mut().expect("never empty");
            match char {
                '\\' if text[at + 1..].starts_with([':', ',', '\\']) => part.extend(chars.next().map(|(_, c)| c)),
                ',' => prefix.push(String::new()),
                ':' => return Self::of_prefix(&prefix, &text[at + 1..], registry).unwrap_or(path_only),
                // A slash before the colon: this is a path, unless a value holds it (`zone=Europe/Berlin`).
                '/' if !part.contains('=') => return path_only,
                _ => part.push(char),
            }
        }
        path_only
    }

    fn of_prefix(prefix: &[String], path: &str, registry: &Registry) -> Option<Self> {
        let (format, options) = prefix.split_first()?;
        if !(registry.has(format) || (format.is_empty() && !options.is_empty())) || path.is_empty() {
            return None;
        }
        let format = (!format.is_empty()).then(|| format.clone());
        Some(Self { format, options: pairs(options)?, path: path.to_owned() })
    }

    /// Parses `FORMAT[,KEY=VALUE…]`, as `-f` and `-t` take it.
    pub fn parse_format(text: &str, registry: &Registry) -> Result<Self, Trouble> {
        let parts: Vec<String> = text.split(',').map(str::to_owned).collect();
        registry.named(&parts[0])?;
        let options = pairs(&parts[1..]).ok_or_else(|| {
            Trouble::new(format!("`{text}` is not `FORMAT[,KEY=VALUE…]`")).hint("for example `ics,name=Team`")
        })?;
        Ok(Self { format: Some(parts[0].clone()), options, path: String::new() })
    }

    /// Takes out the value of an option.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.options.iter().rposition(|(key, _)| key == name)?;
        let value = self.options[at].1.clone();
        self.options.retain(|(key, _)| key != name);
        Some(value)
    }
}

fn pairs(parts: &[String]) -> Option<Vec<(String, String)>> {
    parts.iter().map(|part| part.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))).collect()
}

/// The options of a format as it wants them: checked and typed by its schema.
pub fn typed_options(format: &Format, options: &[(String, String)]) -> Result<Options, Trouble> {
    let schema: Value = serde_json::from_str(&format.options()).unwrap_or_default();
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    let mut typed = Map::new();
    for (name, value) in options {
        let Some(property) = properties.get(name) else {
            let names: Vec<String> = properties.keys().cloned().collect();
            let trouble = Trouble::new(format!("format `{}` has no option `{name}`", format.name()));
            return Err(if names.is_empty() {
                trouble.hint("it takes none")
            } else {
                trouble.hint(format!("{} (`annals formats {}` tells all)", near(name, names), format.name()))
            });
        };
        typed.insert(name.clone(), typed_option(format, name, value, property)?);
    }
    Ok(Options(typed))
}

fn typed_option(format: &Format, name: &str, value: &str, property: &Value) -> Result<Value, Trouble> {
    let bad = |expected: String| {
        let option = format!("option `{name}` of format `{}`", format.name());
        Trouble::new(format!("{option} is {value:?}, which is not {expected}"))
            .hint(format!("see `annals formats {}`", format.name()))
    };
    if let Some(values) = property["enum"].as_array() {
        let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        return if names.contains(&value) {
            Ok(value.into())
        } else {
            Err(bad(format!("one of {}", names.join(", "))))
        };
    }
    match property["type"].as_str() {
        Some("boolean") => match value {
            "yes" | "true" | "1" | "on" => Ok(true.into()),
            "no" | "false" | "0" | "off" => Ok(false.into()),
            _ => Err(bad("`yes` or `no`".to_owned())),
        },
        Some("integer") => value.parse::<i64>().map(Into::into).map_err(|_| bad("a whole number".to_owned())),
        _ => Ok(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs() {
        let registry = Registry::built_in();
        let check = |text: &str, format: Option<&str>, options: &[(&str, &str)], path: &str| {
            let expected = Spec {
                format: format.map(str::to_owned),
                options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                path: path.to_owned(),
            };
            assert_eq!(Spec::parse(text, &registry), expected, "{text}");
        };
        check("a.ics", None, &[], "a.ics");
        check("ics:a", Some("ics"), &[], "a");
        check("jsonl,start=ts,title=msg:x.jsonl", Some("jsonl"), &[("start", "ts"), ("title", "msg")], "x.jsonl");
        check(",lane=Physics:a.ics", None, &[("lane", "Physics")], "a.ics");
        check("ics,zone=Europe/Berlin:dir/a.ics", Some("ics"), &[("zone", "Europe/Berlin")], "dir/a.ics");
        check("ics,zone=+02\\:00:a.ics", Some("ics"), &[("zone", "+02:00")], "a.ics");
        check("ics,label=a\\,b:c", Some("ics"), &[("label", "a,b")], "c");
        check("foo:a.ics", None, &[], "foo:a.ics");
        check("./ics:a.ics", None, &[], "./ics:a.ics");
        check("ics,nonsense:a.ics", None, &[], "ics,nonsense:a.ics");
        check("ics:", None, &[], "ics:");
        check("json:-", Some("json"), &[], "-");
    }
}

//! `--where FIELD=VALUE`: a field of canonical JSON and what it is to be.

use annals_core::json::{ACTOR_FIELDS, CLAIM_FIELDS, FIELDS, Field, LOCATOR_FIELDS};
use annals_core::table::Text;
use serde_json::{Map, Value};

use super::view::View;
use crate::exit::{Trouble, near};

/// A condition on one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Where {
    /// The key of canonical JSON.
    key: &'static str,
    /// The keys below it, joined by dots; empty = none.
    path: String,
    value: String,
    negated: bool,
}

impl Where {
    /// Reads `FIELD=VALUE` or `FIELD!=VALUE`.
    pub fn parse(text: &str) -> Result<Self, Trouble> {
        let bad = || {
            let trouble = Trouble::new(format!("`--where {text}` is not `FIELD=VALUE` or `FIELD!=VALUE`"));
            trouble.hint("for example `kind=VEVENT` or `status!=CANCELLED`; an empty VALUE stands for a missing one")
        };
        let (field, value) = text.split_once('=').ok_or_else(bad)?;
        let (field, negated) = field.strip_suffix('!').map_or((field, false), |field| (field, true));
        let field = field.trim();
        if field.is_empty() {
            return Err(bad());
        }
        let (key, path) = field.split_once('.').unwrap_or((field, ""));
        let known = find(FIELDS, key).ok_or_else(|| unknown(field, key, FIELDS))?;
        let inner = match known.name {
            "actors" => Some(ACTOR_FIELDS),
            "claims" => Some(CLAIM_FIELDS),
            _ => None,
        };
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match inner.filter(|_| field.contains('.')) {
            Some(fields) => {
                find(fields, first).ok_or_else(|| unknown(field, first, fields))?;
                if first == "locator" && !rest.is_empty() && find(LOCATOR_FIELDS, rest).is_none() {
                    return Err(unknown(field, rest, LOCATOR_FIELDS));
                }
            }
            None if field.contains('.') && (path.is_empty() || !matches!(known.name, "extra" | "bounds")) => {
                let trouble = Trouble::new(format!("`--where {text}`: `{key}` has no fields of its own"));
                return Err(trouble.hint(format!("write `{key}=…`; `extra.NAME`, `actors.name`, `claims.source` have")));
            }
            None => {}
        }
        Ok(Self { key: known.name, path: path.to_owned(), value: value.to_owned(), negated })
    }

    /// Whether it holds; `json` gives the canonical JSON where no column says it as plain text.
    pub fn holds<'a>(&self, view: &dyn View, json: &dyn Fn() -> &'a Map<String, Value>) -> bool {
        let equal = match self.column() {
            Some(column) => view.text(column).unwrap_or_default() == self.value,
            None => is(json().get(self.key), &self.path, &self.value),
        };
        equal != self.negated
    }

    /// The column that has the very text of canonical JSON.
    fn column(&self) -> Option<Text> {
        match self.key {
            "when" => Some(Text::Edtf),
            "extra" => None,
            key => Text::ALL.iter().copied().find(|column| column.name() == key),
        }
    }

    /// The columns of the event table that the field is made of.
    #[cfg(test)]
    pub fn columns(&self) -> &'static [&'static str] {
        match self.key {
            "when" | "start" | "end" => &["edtf"],
            "bounds" => &["start_lo", "start_hi", "end_lo", "end_hi", "zone"],
            "extent" => &["extent", "edtf"],
            "precision" => &["precision", "edtf"],
            _ => {
                let at = FIELDS.iter().position(|field| field.name == self.key).unwrap_or_default();
                std::slice::from_ref(&FIELDS[at].name)
            }
        }
    }
}

fn find<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.name == name)
}

fn unknown(field: &str, name: &str, fields: &[Field]) -> Trouble {
    let trouble = Trouble::new(format!("`--where`: events have no field `{field}`"));
    let names = fields.iter().map(|field| field.name);
    trouble.hint(format!("{} (`extra.NAME` for what a format has beyond these)", near(name, names)))
}

/// Whether a value is `wanted`: missing and null are the empty text, of an array any item counts, and what is no text
/// is compared as it stands in canonical JSON.
fn is(value: Option<&Value>, path: &str, wanted: &str) -> bool {
    match value {
        None | Some(Value::Null) => wanted.is_empty(),
        Some(Value::Array(items)) if items.is_empty() => wanted.is_empty(),
        Some(Value::Array(items)) => items.iter().any(|item| is(Some(item), path, wanted)),
        Some(Value::Object(map)) if !path.is_empty() => {
            // A name may have dots itself: the longest one that is there counts.
            let cuts = path.match_indices('.').map(|(at, _)| at).rev();
            let (key, rest) = std::iter::once((path, ""))
                .chain(cuts.map(|at| (&path[..at], &path[at + 1..])))
                .find(|(key, _)| map.contains_key(*key))
                .unwrap_or((path, ""));
            is(map.get(key), rest, wanted)
        }
        Some(_) if !path.is_empty() => wanted.is_empty(),
        Some(Value::String(text)) => text == wanted,
        Some(other) => {
            let text = other.to_string();
            text == wanted
        }
    }
}

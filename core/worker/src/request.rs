//! What a worker is asked: the second argument of its command line, a JSON object.

use annals_core::plugin::{ImportRequest, Options};
use serde_json::{Map, Value, json};

/// The first argument of a worker's command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell what the plugin is.
    Describe,
    /// Say how surely the bytes on standard input are of each format.
    Sniff,
    /// Read standard input.
    Import,
    /// Write the events that come as messages.
    Export,
    /// Check standard input against the specification of the format.
    Check,
}

impl Action {
    const ALL: [Self; 5] = [Self::Describe, Self::Sniff, Self::Import, Self::Export, Self::Check];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Describe => "describe",
            Self::Sniff => "sniff",
            Self::Import => "import",
            Self::Export => "export",
            Self::Check => "check",
        }
    }

    /// The action of a word.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

/// A request of any action; what an action has no use for is empty.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The format.
    pub format: String,
    /// For messages: what is read. For `sniff`, the name of the file.
    pub label: String,
    /// The size of the input in bytes, where known.
    pub size: Option<u64>,
    /// Options, columns, limits.
    pub import: ImportRequest,
}

impl Request {
    /// As the argument that says it.
    pub fn to_json(&self) -> String {
        let ImportRequest { options, wanted, raw, batch_rows, max_record } = &self.import;
        let request = json!({
            "format": self.format,
            "label": self.label,
            "size": self.size,
            "options": options.0,
            "wanted": wanted,
            "raw": raw,
            "batch_rows": batch_rows,
            "max_record": max_record,
        });
        request.to_string()
    }

    /// From the argument; what is missing is as if it were not asked.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(text);
        let map = parsed.map_err(|error| format!("the request is not a JSON object: {error}"))?;
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let number = |key: &str| map.get(key).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
        let names = |value: &Value| -> Option<Vec<String>> {
            value.as_array().map(|names| names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
        };
        let default = ImportRequest::default();
        Ok(Self {
            format: text("format"),
            label: text("label"),
            size: map.get("size").and_then(Value::as_u64),
            import: ImportRequest {
                options: Options(map.get("options").and_then(Value::as_object).cloned().unwrap_or_default()),
                wanted: map.get("wanted").and_then(names),
                raw: map.get("raw").and_then(Value::as_bool).unwrap_or(false),
                batch_rows: number("batch_rows").unwrap_or(default.batch_rows),
                max_record: number("max_record").unwrap_or(default.max_record),
            },
        })
    }
}

//! Claims as JSON, with the keys of canonical JSON.

use annals_core::{Claim, Locator};
use serde_json::{Map, Value};

/// A claim as a JSON object; what it does not say is left out.
pub(crate) fn write(claim: &Claim) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(name.to_owned(), value);
        }
    };
    let text = |text: &Option<String>| text.as_deref().map(Value::from);
    put("source", Some(claim.source.as_str().into()));
    put("id", text(&claim.id));
    put("instance", text(&claim.instance));
    put("revision", claim.revision.map(Value::from));
    put("modified", claim.modified.map(Value::from));
    put("lane", text(&claim.lane));
    put("attributed_to", text(&claim.attributed_to));
    put("locator", claim.locator.map(|at| serde_json::json!({"offset": at.offset, "len": at.len, "line": at.line})));
    put("quote", text(&claim.quote));
    put("edtf", text(&claim.edtf));
    put("title", text(&claim.title));
    put("differs", text(&claim.differs));
    put("retrieved", text(&claim.retrieved));
    Value::Object(object)
}

/// Reads what [`write()`] writes.
pub(crate) fn read(json: &str) -> Option<Claim> {
    let Ok(Value::Object(object)) = serde_json::from_str(json) else { return None };
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let locator = object.get("locator").map(|locator| {
        let field = |name: &str| locator.get(name).and_then(Value::as_u64).unwrap_or(0);
        Locator { offset: field("offset"), len: field("len"), line: field("line") }
    });
    Some(Claim {
        source: text("source")?,
        id: text("id"),
        instance: text("instance"),
        revision: object.get("revision").and_then(Value::as_i64),
        modified: object.get("modified").and_then(Value::as_i64),
        lane: text("lane"),
        attributed_to: text("attributed_to"),
        locator,
        quote: text("quote"),
        edtf: text("edtf"),
        title: text("title"),
        differs: text("differs"),
        retrieved: text("retrieved"),
    })
}

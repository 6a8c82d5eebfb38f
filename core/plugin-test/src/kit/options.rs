//! The options that a format takes.

use annals_core::plugin::Options;
use annals_core::{ImportRequest, sample};
use serde_json::{Map, Value, json};

use super::{Found, Trial, Verdict, count, sound};
use crate::run::{export, import};

/// Options that a host keeps for itself, of every input.
const OF_THE_HOST: [&str; 5] = ["label", "lane", "tags", "host", "id-scope"];

pub fn schema(trial: &Trial<'_>) -> Verdict {
    let (about, mut found) = (trial.subject.about(), Found::default());
    let schema: Map<String, Value> = serde_json::from_str(&about.options).unwrap_or_default();
    let Some(properties) = schema.get("properties") else {
        found.check(schema.is_empty(), || "the options schema has no `properties`".to_owned());
        return found.verdict("none");
    };
    let empty = Map::new();
    found.check(properties.is_object(), || "`properties` is not an object".to_owned());
    let properties = properties.as_object().unwrap_or(&empty);
    for (name, property) in properties {
        let mut wrong = |holds: bool, what: &str| found.check(holds, || format!("option `{name}` {what}: {property}"));
        let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b));
        wrong(is_plain && !name.is_empty(), "is not of lower-case letters, digits, `-` and `_`");
        let of_the_host = about.can_import && OF_THE_HOST.contains(&name.as_str());
        wrong(!of_the_host, "is one that the host keeps for itself");
        let kind = property["type"].as_str().unwrap_or_default();
        wrong(["string", "boolean", "integer"].contains(&kind), "has no type that a host knows");
        wrong(property["description"].as_str().is_some_and(|text| !text.trim().is_empty()), "has no description");
        let values = property.get("enum").map(|values| values.as_array().cloned().unwrap_or_default());
        let are_texts = values.as_ref().is_none_or(|all| !all.is_empty() && all.iter().all(Value::is_string));
        wrong(are_texts && (values.is_none() || kind == "string"), "has an `enum` that is not of texts");
        if let Some(default) = property.get("default") {
            let fits = match kind {
                "string" => default.is_string(),
                "boolean" => default.is_boolean(),
                _ => default.is_i64(),
            };
            wrong(fits, "has a default of another type");
            wrong(values.is_none_or(|values| values.contains(default)), "has a default that is not in its `enum`");
        }
    }
    if let Some(parts) = schema.get("parts") {
        found.check(parts == "lines", || format!("`parts` is {parts}, and can only be \"lines\""));
        found.check(about.can_import, || "it has `parts`, and cannot be read".to_owned());
    }
    found.verdict(count(properties.len(), "option"))
}

/// All that the schema allows is taken or refused with a reason.
pub fn values(trial: &Trial<'_>) -> Verdict {
    let (about, mut found, mut tried) = (trial.subject.about(), Found::default(), 0);
    let schema: Value = serde_json::from_str(&about.options).unwrap_or_default();
    let events: Vec<_> = (0..40).map(|seed| sample::event(seed).id(seed.to_string())).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        for value in values_of(property) {
            let at = || format!("{name}={value}");
            (trial.at)(&at());
            tried += 1;
            let options = Options(Map::from_iter([(name.clone(), value.clone())]));
            if about.can_export {
                found.hold(sound::export(&export(trial.subject, &events, &[], &options)), at);
            }
            // The place of a part is the host's to say, and counts bytes that are not here.
            if !about.can_import || name.starts_with("part-") {
                continue;
            }
            for sample in trial.samples {
                let request = ImportRequest { options: options.clone(), ..ImportRequest::default() };
                let imported = import(trial.subject, &sample.bytes, &request);
                found.hold(sound::import(&imported, sample.bytes.len()), || format!("{}, {}", at(), sample.name));
            }
        }
    }
    match tried {
        0 => Verdict::Skipped("the format takes no options".to_owned()),
        _ => found.verdict(count(tried, "value")),
    }
}

fn values_of(property: &Value) -> Vec<Value> {
    match (property["enum"].as_array(), property["type"].as_str()) {
        (Some(values), _) => values.clone(),
        (None, Some("boolean")) => vec![json!(true), json!(false)],
        (None, Some("integer")) => vec![json!(0), json!(1), json!(-1), json!(i64::MAX), json!(i64::MIN)],
        _ => vec![json!(""), json!("x"), json!("\u{0}é\n")],
    }
}

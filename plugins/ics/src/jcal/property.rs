//! A property as jCal spells it (RFC 7265 sections 3.4 to 3.6 and 5), and back.

use serde_json::{Map, Number, Value};

use super::types::{Shape, clock, default_type, offset, period, shape, time_from_json, time_to_json};
use crate::line::{Line, escape, is_name, param_value, split_list, split_parts, unescape};

/// A content line as `[name, {parameters}, type, value…]`.
///
/// Whatever would not come back the same, such as a date that is none, stands there as it is written, with the type
/// `unknown` if the line gives none.
pub(crate) fn to_json(line: &Line) -> Value {
    let mut params: Map<String, Value> = Map::new();
    let (mut declared, mut base64) = (None, false);
    for (name, mut values) in line.params() {
        let name = name.to_ascii_lowercase();
        if name == "value" && declared.is_none() && values.len() == 1 && is_name(&values[0]) {
            declared = Some(values[0].to_ascii_lowercase());
            continue;
        }
        base64 |= name == "encoding" && values.len() == 1 && values[0].eq_ignore_ascii_case("BASE64");
        let value = match values.len() {
            1 => Value::String(values.remove(0)),
            _ => Value::Array(values.into_iter().map(Value::String).collect()),
        };
        params.insert(name, value);
    }
    if declared.as_deref() == Some("binary") && base64 {
        params.shift_remove("encoding");
    }
    let name = line.name().to_ascii_lowercase();
    let default = default_type(&name);
    let kind = declared.as_deref().unwrap_or(default);
    let values = values(&name, kind, line.value()).filter(|values| {
        let back = texts(&name, kind, values).map(|text| canonical(&name, kind, &text));
        back.is_ok_and(|text| text == canonical(&name, kind, line.value()))
    });
    let (kind, values) = match values {
        Some(values) => (kind, values),
        None => (
            declared.as_deref().filter(|kind| *kind != default).unwrap_or("unknown"),
            vec![Value::String(line.value().to_owned())],
        ),
    };
    let mut property = vec![Value::String(name), Value::Object(params), Value::String(kind.to_owned())];
    property.extend(values);
    Value::Array(property)
}

/// The values of a property; `None` if they are not of this type.
fn values(name: &str, kind: &str, text: &str) -> Option<Vec<Value>> {
    let string = |text: &str| Some(Value::String(text.to_owned()));
    let one = |value: Option<Value>| value.map(|value| vec![value]);
    let list = |read: &dyn Fn(&str) -> Option<String>| -> Option<Vec<Value>> {
        match shape(name) {
            Shape::List => text.split(',').map(|item| read(item).map(Value::String)).collect(),
            _ => one(read(text).map(Value::String)),
        }
    };
    match (kind, shape(name)) {
        ("text", Shape::List) => split_list(text).map(|item| string(&unescape(item))).collect(),
        ("text", Shape::Parts) => {
            let parts = split_parts(text).map(|part| Value::String(unescape(part))).collect();
            Some(vec![Value::Array(parts)])
        }
        ("text", Shape::One) => one(string(&unescape(text))),
        ("date" | "date-time", _) => {
            list(&|item| time_to_json(item).filter(|_| (kind == "date") != item.contains('T')))
        }
        ("time", _) => list(&|item| clock(item, true)),
        ("period", Shape::List) => text.split(',').map(period_value).collect(),
        ("period", _) => one(period_value(text)),
        ("utc-offset", _) => list(&|item| offset(item, true)),
        ("integer", _) => one(number(text).filter(Value::is_i64)),
        ("float", Shape::Parts) => {
            let parts: Option<Vec<Value>> = text.split(';').map(number).collect();
            one(parts.map(Value::Array))
        }
        ("float", _) => one(number(text)),
        ("boolean", _) => one(match text.to_ascii_uppercase().as_str() {
            "TRUE" => Some(Value::Bool(true)),
            "FALSE" => Some(Value::Bool(false)),
            _ => None,
        }),
        ("recur", _) => one(rule(text)),
        _ => one(string(text)),
    }
}

/// A PERIOD as an array of its start and its end or duration (section 3.6.9).
fn period_value(text: &str) -> Option<Value> {
    let period = period(text, time_to_json)?;
    let parts = period.split('/').map(|part| Value::String(part.to_owned()));
    Some(Value::Array(parts.collect()))
}

/// A number that JSON writes with the same characters.
fn number(text: &str) -> Option<Value> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit() || b"-+.eE".contains(&byte));
    let number: Number = serde_json::from_str(text).ok().filter(|_| digits)?;
    (number.to_string() == text).then_some(Value::Number(number))
}

/// A RECUR as an object (section 3.6.10), its parts in their order.
fn rule(text: &str) -> Option<Value> {
    let mut parts = Map::new();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').filter(|(name, _)| is_name(name))?;
        let name = name.to_ascii_lowercase();
        let values: Option<Vec<Value>> = value.split(',').map(|item| rule_value(&name, item)).collect();
        let mut values = values?;
        let value = if values.len() == 1 { values.remove(0) } else { Value::Array(values) };
        if parts.insert(name, value).is_some() {
            return None;
        }
    }
    Some(Value::Object(parts))
}

fn rule_value(name: &str, item: &str) -> Option<Value> {
    let text = match name {
        "until" => time_to_json(item)?,
        // BYMONTH may be `5L` (RFC 7529).
        "count" | "interval" | "bysecond" | "byminute" | "byhour" | "bymonthday" | "byyearday" | "byweekno"
        | "bymonth" | "bysetpos" => match number(item) {
            Some(number) => return Some(number),
            None => item.to_owned(),
        },
        _ => item.to_owned(),
    };
    Some(Value::String(text))
}

/// A value in the one spelling that all its spellings have, to compare.
fn canonical(name: &str, kind: &str, text: &str) -> String {
    match (kind, shape(name)) {
        ("text", Shape::List) => split_list(text).map(|item| escape(&unescape(item))).collect::<Vec<_>>().join(","),
        ("text", Shape::Parts) => split_parts(text).map(|part| escape(&unescape(part))).collect::<Vec<_>>().join(";"),
        ("text", Shape::One) => escape(&unescape(text)),
        ("boolean" | "recur", _) => text.to_ascii_uppercase(),
        _ => text.to_owned(),
    }
}

/// A property as a content line; or why it is none.
pub(crate) fn from_json(property: &Value) -> Result<String, &'static str> {
    let [Value::String(name), Value::Object(params), Value::String(kind), values @ ..] =
        property.as_array().map(Vec::as_slice).unwrap_or_default()
    else {
        return Err("it is not [name, {parameters}, type, value]");
    };
    let (name, kind) = (name.to_ascii_uppercase(), kind.to_ascii_lowercase());
    if !is_name(&name) || !is_name(&kind) || matches!(name.as_str(), "BEGIN" | "END") {
        return Err("its name or type cannot be one");
    }
    let mut line = name.clone();
    for (param, value) in params {
        // Damaged files have odd ones.
        if param.trim() != param || param.is_empty() || param.contains(['=', ';', ':', ',', '"']) {
            return Err("the name of a parameter cannot be one");
        }
        // The type says it.
        if param.eq_ignore_ascii_case("value") && kind != "unknown" {
            continue;
        }
        let values: Vec<String> = match value {
            Value::Array(values) => values.iter().map(|value| param_value(&scalar(value))).collect(),
            value => vec![param_value(&scalar(value))],
        };
        line.push_str(&format!(";{}={}", param.to_ascii_uppercase(), values.join(",")));
    }
    if kind == "binary" && !params.keys().any(|param| param.eq_ignore_ascii_case("encoding")) {
        line.push_str(";ENCODING=BASE64");
    }
    if kind != "unknown" && kind != default_type(&name) {
        line.push_str(&format!(";VALUE={}", kind.to_ascii_uppercase()));
    }
    line.push(':');
    line.push_str(&texts(&name, &kind, values)?);
    Ok(line)
}

/// The value of a content line.
fn texts(name: &str, kind: &str, values: &[Value]) -> Result<String, &'static str> {
    let texts: Result<Vec<String>, _> = values.iter().map(|value| text(name, kind, value)).collect();
    Ok(texts?.join(","))
}

fn text(name: &str, kind: &str, value: &Value) -> Result<String, &'static str> {
    match value {
        Value::Array(parts) => {
            let separator = if kind == "period" { "/" } else { ";" };
            let part = |part: &Value| match part {
                Value::Array(items) if items.iter().all(|item| !item.is_array()) => texts(name, kind, items),
                Value::Array(_) => Err("its value is nested too deep"),
                part => text(name, kind, part),
            };
            let parts: Result<Vec<String>, _> = parts.iter().map(part).collect();
            Ok(parts?.join(separator))
        }
        Value::Object(parts) if kind == "recur" => {
            let part = |(name, value): (&String, &Value)| {
                let values = match value {
                    Value::Array(values) => values.as_slice(),
                    value => std::slice::from_ref(value),
                };
                let values: Vec<String> = values.iter().map(|value| rule_text(name, value)).collect();
                format!("{}={}", name.to_ascii_uppercase(), values.join(","))
            };
            Ok(parts.iter().map(part).collect::<Vec<_>>().join(";"))
        }
        Value::Object(_) => Err("an object is no value of its type"),
        Value::Bool(value) if kind == "boolean" => Ok(value.to_string().to_ascii_uppercase()),
        value => Ok(scalar_text(kind, &scalar(value))),
    }
}

fn rule_text(name: &str, value: &Value) -> String {
    let text = scalar(value);
    match time_from_json(&text) {
        Some(time) if name.eq_ignore_ascii_case("until") => time,
        _ => text,
    }
}

fn scalar_text(kind: &str, text: &str) -> String {
    let plain = match kind {
        "text" => return escape(text),
        "date" | "date-time" => time_from_json(text),
        "time" => clock(text, false),
        "period" => period(text, time_from_json).or_else(|| time_from_json(text)),
        "utc-offset" => offset(text, false),
        _ => None,
    };
    plain.unwrap_or_else(|| text.to_owned())
}

/// A text, or anything else as JSON writes it.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn json_of(line: &str) -> Value {
        to_json(&Line::parse(line.to_owned(), 0).unwrap())
    }

    #[test]
    fn both_ways() {
        let check = |line: &str, json: Value| {
            assert_eq!(json_of(line), json, "{line}");
            assert_eq!(from_json(&json).as_deref(), Ok(line));
        };
        // The examples of RFC 7265 sections 3.4 to 3.6 and 5.
        check(
            "SUMMARY;LANGUAGE=en:Meeting with Fred",
            json!(["summary", {"language": "en"}, "text", "Meeting with Fred"]),
        );
        check("CATEGORIES:computers,ietf", json!(["categories", {}, "text", "computers", "ietf"]));
        check("REQUEST-STATUS:2.0;Success", json!(["request-status", {}, "text", ["2.0", "Success"]]));
        check("GEO:37.386013;-122.0820", serde_json::from_str(r#"["geo",{},"float",[37.386013,-122.0820]]"#).unwrap());
        check(
            "ATTENDEE;MEMBER=\"mailto:a@example.org\",\"mailto:b@example.org\":mailto:c@example.org",
            json!(["attendee", {"member": ["mailto:a@example.org", "mailto:b@example.org"]}, "cal-address",
                "mailto:c@example.org"]),
        );
        check("DTSTART;VALUE=DATE:20111111", json!(["dtstart", {}, "date", "2011-11-11"]));
        check(
            "DTEND;TZID=America/New_York:20110517T133000",
            json!(["dtend", {"tzid": "America/New_York"}, "date-time", "2011-05-17T13:30:00"]),
        );
        check("ATTACH;ENCODING=BASE64;VALUE=BINARY:SGVsbG8=", json!(["attach", {}, "binary", "SGVsbG8="]));
        check("X-NON-SMOKING;VALUE=BOOLEAN:TRUE", json!(["x-non-smoking", {}, "boolean", true]));
        check("PERCENT-COMPLETE:95", json!(["percent-complete", {}, "integer", 95]));
        check(
            "FREEBUSY;FBTYPE=FREE:19970101T180000Z/19970102T070000Z,19970103T180000Z/PT5H30M",
            json!(["freebusy", {"fbtype": "FREE"}, "period", ["1997-01-01T18:00:00Z", "1997-01-02T07:00:00Z"],
                ["1997-01-03T18:00:00Z", "PT5H30M"]]),
        );
        check(
            "RRULE:FREQ=YEARLY;COUNT=5;BYDAY=-1SU,2MO;BYMONTH=10",
            json!(["rrule", {}, "recur", {"freq": "YEARLY", "count": 5, "byday": ["-1SU", "2MO"], "bymonth": 10}]),
        );
        check(
            "RRULE:FREQ=DAILY;UNTIL=20250910T090000Z",
            json!(["rrule", {}, "recur", {"freq": "DAILY", "until": "2025-09-10T09:00:00Z"}]),
        );
        check("TZOFFSETFROM:-0500", json!(["tzoffsetfrom", {}, "utc-offset", "-05:00"]));
        check(
            "X-COMPLAINT-DEADLINE:20110512T120000Z",
            json!(["x-complaint-deadline", {}, "unknown", "20110512T120000Z"]),
        );
        check("X-RAW;X-P=1:a\\,b;c,d\\n", json!(["x-raw", {"x-p": "1"}, "unknown", "a\\,b;c,d\\n"]));
        check("X-SAID;VALUE=TEXT:a\\, b", json!(["x-said", {}, "text", "a, b"]));
        check("DESCRIPTION;CN=a^nb^^c^'d:x\\n\\\\y\\;", json!(["description", {"cn": "a\nb^c\"d"}, "text", "x\n\\y;"]));
        check(
            "RDATE;VALUE=PERIOD:20250910T090000/PT1H",
            json!(["rdate", {}, "period", ["2025-09-10T09:00:00", "PT1H"]]),
        );
        check(
            "EXDATE:20250910T090000,20250911T090000",
            json!(["exdate", {}, "date-time", "2025-09-10T09:00:00", "2025-09-11T09:00:00"]),
        );
        check("TRIGGER;VALUE=DATE-TIME:20250910T090000Z", json!(["trigger", {}, "date-time", "2025-09-10T09:00:00Z"]));
        check("SOURCE;VALUE=URI:https://a.example/,;", json!(["source", {}, "uri", "https://a.example/,;"]));
        check("SUMMARY:", json!(["summary", {}, "text", ""]));
        // What is not of its type stays as it is.
        check("DTSTART;VALUE=DATE:20110806T160000", json!(["dtstart", {}, "date", "20110806T160000"]));
        check("DTSTART:2011-08-06", json!(["dtstart", {}, "unknown", "2011-08-06"]));
        check("GEO:a;b", json!(["geo", {}, "unknown", "a;b"]));
        check("SEQUENCE:007", json!(["sequence", {}, "unknown", "007"]));
        check("RRULE:FREQ=DAILY;;X", json!(["rrule", {}, "unknown", "FREQ=DAILY;;X"]));
        check("RRULE:FREQ=YEARLY;BYMONTH=5L", json!(["rrule", {}, "recur", {"freq": "YEARLY", "bymonth": "5L"}]));
    }

    #[test]
    fn spellings_of_others() {
        let check = |json: Value, line: &str| assert_eq!(from_json(&json).as_deref(), Ok(line), "{json}");
        check(json!(["SUMMARY", {}, "TEXT", "x"]), "SUMMARY:x");
        check(json!(["freebusy", {}, "period", "1997-01-01T18:00:00Z/PT1H"]), "FREEBUSY:19970101T180000Z/PT1H");
        check(json!(["rrule", {}, "recur", "FREQ=DAILY"]), "RRULE:FREQ=DAILY");
        check(json!(["summary", {"value": "X"}, "text"]), "SUMMARY:");
        check(json!(["summary", {"x": 1}, "text", 5, null, true]), "SUMMARY;X=1:5,,true");
        check(json!(["x-a", {}, "text", [["a", "b"], "c;"]]), "X-A;VALUE=TEXT:a,b;c\\;");
    }

    #[test]
    fn what_is_no_property() {
        let check = |json: Value| assert!(from_json(&json).is_err(), "{json}");
        check(json!("summary"));
        check(json!([]));
        check(json!(["summary", {}, 5, "x"]));
        check(json!(["summary", [], "text", "x"]));
        check(json!(["", {}, "text", "x"]));
        check(json!(["a b", {}, "text", "x"]));
        check(json!(["begin", {}, "text", "VEVENT"]));
        check(json!(["x", {"a:b": "c"}, "text", "x"]));
        check(json!(["x", {}, "text", {"a": 1}]));
        check(json!(["x", {}, "text", [[["a"]]]]));
    }

    proptest! {
        #[test]
        fn any_line_comes_back(
            name in "(SUMMARY|DTSTART|GEO|RRULE|CATEGORIES|REQUEST-STATUS|FREEBUSY|X-A|SEQUENCE|TZOFFSETTO)",
            kind in "(;VALUE=(TEXT|DATE|PERIOD|INTEGER|FLOAT|RECUR|URI|X-B))?",
            value in "[^\\p{Cc}]{0,20}|[0-9TZ:;,=./P\\\\-]{0,20}",
        ) {
            let line = format!("{name}{kind}:{value}");
            let parsed = Line::parse(line.clone(), 0).unwrap();
            let json = to_json(&parsed);
            let back = Line::parse(from_json(&json).unwrap(), 0).unwrap();
            prop_assert_eq!(&to_json(&back), &json, "{}", line);
            prop_assert_eq!(unescape(back.value()).to_uppercase(), unescape(parsed.value()).to_uppercase());
        }
    }
}

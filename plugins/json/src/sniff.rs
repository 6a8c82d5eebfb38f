//! Telling the two formats by their first bytes, and apart.

use annals_core::json::FIELDS;
use annals_core::json::scan::end_of_value;
use serde_json::{Map, Value};

use crate::jsonl::without_bom;

/// How surely it is `json`, and how surely `jsonl`; at most one of them is 50 or more.
pub fn sniff(head: &[u8], name: &str) -> (u8, u8) {
    if head.starts_with(b"\xff\xfe{") || head.starts_with(b"\xff\xfe[") || head.starts_with(b"\xfe\xff\0{") {
        // UTF-16: refused, but with a reason.
        return (50, 0);
    }
    let head = without_bom(head).trim_ascii_start();
    match head.first() {
        Some(b'[') => (array(&head[1..]), 0),
        Some(b'{') => object(head, name),
        _ => (0, 0),
    }
}

fn array(rest: &[u8]) -> u8 {
    match rest.trim_ascii_start().first() {
        Some(b'{') => 60,
        Some(b']') => 55,
        _ => 20,
    }
}

fn object(head: &[u8], name: &str) -> (u8, u8) {
    let named_lines = name.ends_with(".jsonl") || name.ends_with(".ndjson");
    let Some(end) = end_of_value(head) else {
        // It goes on behind the head, or over lines.
        let keys = keys(head);
        let has = |name: &str| keys.iter().any(|key| key == name);
        return match (has("annals"), has("events"), named_lines && !head.contains(&b'\n')) {
            (true, _, _) => (100, 0),
            (_, true, _) => (80, 0),
            (_, _, true) => (0, 60),
            _ => (if is_canonical(&keys) { 60 } else { 30 }, 0),
        };
    };
    let Ok(map) = serde_json::from_slice::<Map<String, Value>>(&head[..end]) else { return (0, 0) };
    let keys: Vec<String> = map.keys().cloned().collect();
    if map.contains_key("annals") {
        return (100, 0);
    }
    // The next record: on a line of its own, behind blank lines perhaps.
    let rest = &head[end..];
    let next = rest.trim_ascii_start();
    let own_line = next.is_empty() || rest[..rest.len() - next.len()].contains(&b'\n');
    if map.get("events").is_some_and(Value::is_array) && next.first() != Some(&b'{') {
        return (80, 0);
    }
    let one_line = !head[..end].contains(&b'\n');
    match (one_line && own_line, next.first()) {
        (true, None | Some(b'{')) => (0, if is_canonical(&keys) { 90 } else { 70 }),
        (true, _) if named_lines => (0, 60),
        (false, None | Some(b'{')) => (if is_canonical(&keys) { 60 } else { 30 }, 0),
        _ => (0, 0),
    }
}

/// Whether the keys are those of an event of annals: a time or a title, and nearly all of them known.
fn is_canonical(keys: &[String]) -> bool {
    let known = keys.iter().filter(|key| FIELDS.iter().any(|field| field.name == key.as_str())).count();
    let telling = keys.iter().any(|key| matches!(key.as_str(), "when" | "start" | "title"));
    telling && known >= 2 && known * 4 >= keys.len() * 3
}

/// The keys of an object that is cut off, as far as it goes.
fn keys(head: &[u8]) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = &head[1..];
    loop {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let Some(end) = end_of_value(rest) else { return keys };
        let Ok(key) = serde_json::from_slice::<String>(&rest[..end]) else { return keys };
        keys.push(key);
        let Some(value) = rest[end..].trim_ascii_start().strip_prefix(b":") else { return keys };
        rest = value.trim_ascii_start();
        match end_of_value(rest) {
            Some(end) => rest = &rest[end..],
            None => return keys,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn which_it_is() {
        let check =
            |head: &str, name: &str, expected: (u8, u8)| assert_eq!(sniff(head.as_bytes(), name), expected, "{head}");
        check("{\"annals\":1,\"timeline\":{\"facts\":[]},\"events\":[\n{\"id\":", "", (100, 0));
        check("{\"annals\":1,\"events\":[]}", "", (100, 0));
        check("{\"annals\":1,\"events\":[]}\n", "x.jsonl", (100, 0));
        check("\u{feff}{\n \"events\": [\n", "", (80, 0));
        check("{\"scale\":\"human\",\"events\":[{}]}", "", (80, 0));
        check("[\n  {\"a\":1}", "", (60, 0));
        check("[]", "", (55, 0));
        check("[1,2]", "", (20, 0));
        check("{\"start\":\"2025\",\"title\":\"x\"}", "x.json", (0, 90));
        check("{\n\"start\":\"2025\",\n\"title\":\"x\"}", "", (60, 0));
        check("{\"start\":\"2025\",\"title\":\"x\"}\n{\"start\":\"2026\"}", "", (0, 90));
        check("{\"ts\":1,\"msg\":\"x\"}\r\n\r\n{\"ts\":2", "", (0, 70));
        check("{\"user\":1,\"events\":[]}\n{\"user\":2}", "", (0, 70));
        check("{\"ts\":1}\nbroken\n", "", (0, 0));
        check("{\"ts\":1}\nbroken\n", "x.jsonl", (0, 60));
        check("{\"ts\":1,\"long\":\"", "x.ndjson", (0, 60));
        check("{\"type\":\"FeatureCollection\",\n\"features\":[", "", (30, 0));
        check("BEGIN:VCALENDAR", "", (0, 0));
        check("", "", (0, 0));
        assert_eq!(sniff(b"\xff\xfe{\0", ""), (50, 0));
    }

    proptest! {
        #[test]
        fn never_both(text in "[\\[{\":,}a1\n ]{0,40}", bytes in any::<Vec<u8>>()) {
            for head in [text.as_bytes(), &bytes] {
                let (json, jsonl) = sniff(head, "x.jsonl");
                prop_assert!(json < 50 || jsonl < 50);
            }
        }
    }
}

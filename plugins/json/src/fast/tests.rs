//! The short way and the long way give the same.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use annals_core::json::{FIELDS, Kind, to_line};
use annals_core::plugin::{Import, Out};
use annals_core::table::from_batch;
use annals_core::testing::{Recorder, options};
use annals_core::{Claim, Event, ImportRequest, Note, When, sample};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::jsonl;

mod dry;

/// Events and notes of JSON lines, by the short way with the long one behind it, or by the long one only.
fn read(lines: &[u8], request: &ImportRequest, slow: bool) -> (Vec<Event>, Vec<Note>, u64) {
    let host = Recorder::default();
    let mut importer = jsonl::Importer::open(Box::new(Cursor::new(lines.to_vec())), request).unwrap();
    if slow {
        importer = importer.slow();
    }
    let mut out = Out::new(&host);
    while importer.step(&mut out).unwrap() {}
    let events = from_batch(&out.take()).unwrap();
    (events, host.notes.take(), out.counts().read())
}

fn request(pairs: &[(&str, &str)]) -> ImportRequest {
    ImportRequest { options: options(pairs), max_record: 100_000, ..ImportRequest::default() }
}

/// How many of the lines took the short way.
#[track_caller]
fn same(lines: &str, pairs: &[(&str, &str)]) -> usize {
    let request = request(pairs);
    assert_eq!(read(lines.as_bytes(), &request, false), read(lines.as_bytes(), &request, true), "{pairs:?} {lines}");
    let zone = request.options.text("zone").and_then(Zone::parse);
    let Some(mut fast) = Fast::new(&Fields::new(&request.options).unwrap(), zone) else { return 0 };
    let mut columns = Builder::default();
    let is_fast = |line: &&str| {
        let fast = fast.read(line.trim(), Locator::default(), &mut columns).is_ok();
        columns.cancel_row();
        fast
    };
    lines.lines().filter(is_fast).count()
}

#[track_caller]
fn is_fast(line: &str, pairs: &[(&str, &str)]) {
    assert_eq!(same(line, pairs), 1, "{line} {pairs:?}");
}

#[track_caller]
fn is_slow(line: &str, pairs: &[(&str, &str)]) {
    assert_eq!(same(line, pairs), 0, "{line} {pairs:?}");
}

#[test]
fn what_takes_the_short_way() {
    let record = r#"{"start":"2016-01-01T00:06:15.166Z","end":"2016-01-01T00:21:15.166Z","id":"64881719","seq":0,
        "title":"Review \"ōsaka\" #0","description":"a\n b\u00e9\/","source":"syslog","tags":["INCIDENT","RELEASE"]}"#
        .replace("\n        ", "");
    is_fast(&record, &[("revision", "seq"), ("body", "description")]);
    is_fast(&record, &[]);
    is_fast(
        &record,
        &[("start", "end"), ("title", "source"), ("id", "id"), ("lane-field", "source2"), ("zone", "Europe/Berlin")],
    );
    is_fast(&record, &[("tags-field", "title"), ("id", "source"), ("times", "rfc3339")]);
    is_fast(r#"{"ts":1725955200123,"status":200,"host":{"name":"a","ip":[1,2]},"ok":true}"#, &[("start", "ts")]);
    is_fast(
        r#"{"ts":"2025-09-10 10:00:00","lat":"52.5","n":[1.50]}"#,
        &[("start", "ts"), ("lat", "lat"), ("title", "n")],
    );
    is_fast(r#"{"start":"2025-09-10T10:00:00+02:00","end":"2025-09-10T11:00:00+01:00"}"#, &[("zone", "Europe/Berlin")]);
    is_fast(r#"{"start":"2025-09-10T10:00:00","zone":"Europe/Berlin","modified":"2025-09-10T10:00:00Z"}"#, &[]);
    is_fast(r#"{"start":"2025-08~","title":"vague"}"#, &[]);
    is_fast(r#"{"start":"late August 1850"} "#, &[]);
    is_fast("{}", &[]);
    is_fast(r#"{"start":"2025-09-10","end":"2025-09-12","claims":[],"tags":"one"}"#, &[]);
}

#[test]
fn own_records_take_the_short_way() {
    let at = |text: &str| Instant::parse(text, None).unwrap();
    let zoned = Instant { zone: Zone::parse("Europe/Berlin").unwrap(), ..at("2025-09-10T10:00:00.123456789Z") };
    let days = When::parse("2025-09-10/2025-09-12", None).unwrap();
    let [lo, _, _, hi] = days.bounds();
    // As a calendar has them.
    let three_days = days.clone().with_bounds([lo, lo, hi, hi]).unwrap();
    let times = [
        When::undated(),
        When::instant(at("2025-09-10T10:00:00Z")),
        When::instant(at("2025-09-10T10:00:00.5")),
        When::instant(zoned),
        When::span(at("2025-09-10T10:00:00.5+02:00"), at("2025-09-10T11:00:00.123456789+02:00")),
        When::span(zoned, Instant { us: zoned.us + 1, ..zoned }),
        When::parse("2025-09-10", None).unwrap(),
        When::parse("2025-09-10", None).unwrap().throughout(),
        days,
        three_days,
        When::parse("2025-09~", None).unwrap(),
        When::parse("../1918", None).unwrap(),
    ];
    for when in times {
        let mut event = Event::new().id("a").title("t\"\n").tag("x").when(when);
        event.extra = Some(r#"{"X-A":[1,{"b":null}]}"#.to_owned());
        event.claims.push(Claim { source: "a.ics".to_owned(), locator: Some(Locator::default()), ..Claim::default() });
        event.claims.push(Claim { quote: Some("\"".to_owned()), revision: Some(-1), ..Claim::default() });
        is_fast(&to_line(&event), &[]);
    }
}

#[test]
fn what_takes_the_long_way() {
    is_slow(r#"{"title":"a","title":"b"}"#, &[]);
    is_slow(r#"{"a":1,"a":2}"#, &[]);
    is_slow(r#"{"status":200,"status":"x"}"#, &[("title", "a")]);
    is_slow(r#"{"a":{"b":1,"b":2}}"#, &[]);
    is_slow(r#"{"a":1e5}"#, &[]);
    is_slow(r#"{"title":1}"#, &[]);
    is_slow(r#"{"when":"2025","start":"2024"}"#, &[]);
    is_slow(r#"{"start":"2025-02-30"}"#, &[]);
    is_slow(r#"{"extra":{"a":1},"b":1}"#, &[]);
    is_slow(r#"{"a":{"b":1}}"#, &[("title", "a.b")]);
    is_slow(r#"{"m":"x"}"#, &[("title", "m"), ("body", "m")]);
    is_slow(r#"{"title":"a"},"#, &[]);
    is_slow(r#"{"title":"\ud800"}"#, &[]);
    is_slow("{\"title\":\"\u{1}\"}", &[]);
}

#[test]
fn samples_are_the_same_both_ways() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = fs::read(&path).unwrap();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for pairs in OPTIONS {
                let request = request(pairs);
                assert_eq!(read(&bytes, &request, false), read(&bytes, &request, true), "{}", path.display());
            }
        }
    }
}

const OPTIONS: &[&[(&str, &str)]] = &[
    &[],
    &[("revision", "seq"), ("body", "description")],
    &[("start", "ts"), ("title", "msg"), ("id", "key"), ("revision", "seq"), ("lane-field", "source")],
    &[("start", "start"), ("end", "end"), ("id", "id"), ("tags-field", "tags"), ("zone", "Europe/Berlin")],
    &[("zone", "+02:00"), ("modified", "ts")],
    &[("zone", "floating"), ("lat", "ts"), ("lon", "seq"), ("kind", "source"), ("url", "msg")],
    &[("times", "ms"), ("start", "ts"), ("end", "end")],
    &[("times", "rfc3339"), ("start", "start")],
    &[("times", "edtf"), ("end", "ts"), ("status", "key"), ("place", "")],
    &[("times", "s")],
    &[("title", "start"), ("start", "title")],
    &[("body", "host.name")],
];

const DATES: &[&str] = &[
    "2016-01-01T00:06:15.166Z",
    "2016-01-01T00:06:15.1660Z",
    "2016-01-01T02:06:15.166+02:00",
    "2016-01-01T02:06:15.166001234+01:00",
    "2016-07-01T02:06:15",
    "2016-07-01 02:06:15",
    "2016-07-01T02:06:15-00:00",
    "2016-07-01T02:06",
    "2016-02-30T00:00:00Z",
    "2016-07-01",
    "2016-06-15T12:00:00Z",
    "2015-06-15",
    "2016-07-01T02:06:15Z/2016-07-01T02:06:16Z",
    "2016-07-01T02:06:15Z/2016-07-01T02:06:15Z",
    "2016-07-01/2016-07-03",
    "2016-07",
    "0000-01-01",
    "9999-12-31T23:59:59.999999999-23:59",
    "late August 1850",
    "1850?",
    "..",
    "",
    " ",
    "1467338775",
    "20160701",
    "1467338775123",
    " 2016-07-01T02:06:15Z ",
    "2016\\/07\\/01",
];

const VALUES: &[&str] = &[
    "null",
    "true",
    "1",
    "-0",
    "0",
    "1.50",
    "-3",
    "7",
    "1e5",
    "1E+5",
    "1e+5",
    "123456789012345678901234567890",
    "1467338775",
    "1467338775123",
    "1467338775123456",
    "1467338775123456789",
    "1467338775.25",
    "2016",
    "20160701",
    "\"\"",
    "\"a\"",
    "\"3\"",
    "\" 4 \"",
    "\"52.5\"",
    "\"UTC\"",
    "\"floating\"",
    "\"Europe/Berlin\"",
    "\"+02:00\"",
    "\"mars\"",
    "\"throughout\"",
    "\"moment\"",
    "\"day\"",
    "\"minute\"",
    "\"both\"",
    "\"none\"",
    "\"late\"",
    "\"whole\"",
    "\"é\\n\\\"\\u00e9\\ud83c\\udf89\\/\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"caf\u{e9} \u{1f389}\"",
    "\"two\nlines\"",
    "[]",
    "[\"a\",\"b\\n\"]",
    "[1,\"a\"]",
    "[null]",
    "{}",
    "{\"a\":1}",
    "{\"a\":1,\"a\":2}",
    "{ \"b\" : [ 1 , {\"c\":\"\\/\"} ] }",
    "{\"$serde_json::private::Number\":\"1\"}",
    "[{\"name\":\"Ada\",\"role\":null}]",
    "[\"Ada\"]",
    "[{\"name\":1}]",
    "[{\"x\":1}]",
    "[{\"source\":\"a.ics\",\"locator\":{\"offset\":1,\"len\":2,\"line\":3},\"differs\":{\"title\":null}}]",
    "[{\"id\":\"x\"},{\"source\":null,\"revision\":2,\"modified\":\"2016-01-01T00:06:15Z\"}]",
    "[{\"source\":\"\",\"locator\":{\"line\":-1}}]",
    "[{\"quote\":\"a\\\"b\",\"unknown\":1}]",
    "[{\"id\":\"a\",\"id\":\"b\"}]",
    "{\"start\":[\"2016-01-01T00:06:15.166Z\",\"2016-01-01T00:06:15.166Z\"],\"end\":null}",
    "{\"start\":[\"2016-07-01T02:06:15\",null],\"end\":[\"..\",\"..\"]}",
    "{\"start\":[\"2016-07-01T00:00:00\",\"2016-07-01T12:00:00\"]}",
    "{\"start\":1}",
    "[",
    "\"",
    "{",
    "nul",
    "01",
    "1.",
];

const KEYS: &[&str] = &[
    "ts",
    "seq",
    "description",
    "source",
    "msg",
    "key",
    "x",
    "y",
    "annals",
    "conflict",
    "",
    "host.name",
    "a\\u0062",
    "é",
    "$serde_json::private::Number",
    "type",
    "host",
];

/// One member of an object: mostly a value that its key may have.
fn member() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        2 => prop::sample::select(KEYS),
        3 => prop::sample::select(FIELDS).prop_map(|field| field.name),
        2 => prop::sample::select(vec!["start", "end", "when", "zone", "title", "id"]),
    ];
    let date = prop::sample::select(DATES).prop_map(|date| format!("\"{date}\""));
    let value = prop::sample::select(VALUES).prop_map(str::to_owned);
    (key, date, value, prop::sample::select(VALUES), "[ \t]{0,1}", 0..8).prop_map(
        |(key, date, value, text, space, dice)| {
            let kind = FIELDS.iter().find(|field| field.name == key).map(|field| field.kind);
            let dated = matches!(key, "start" | "end" | "when" | "ts" | "modified" | "stamped");
            let value = match kind {
                _ if dated && dice > 0 => date,
                Some(Kind::Text | Kind::Uri) if dice > 1 && key != "zone" && key != "end_zone" => {
                    if text.starts_with('"') && text.len() > 1 { text.to_owned() } else { "\"text\"".to_owned() }
                }
                _ => value,
            };
            format!("{space}\"{key}\"{space}:{space}{value}{space}")
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn records_are_the_same_both_ways(records in prop::collection::vec(prop::collection::vec(member(), 0..7), 1..6), at in 0..OPTIONS.len()) {
        let lines: Vec<String> = records.iter().map(|members| format!("{{{}}}", members.join(","))).collect();
        same(&lines.join("\n"), OPTIONS[at]);
    }

    #[test]
    fn canonical_records_are_the_same_both_ways(
        seeds in prop::collection::vec(any::<u64>(), 1..6),
        changes in prop::collection::vec((0..FIELDS.len(), 0usize..4, prop::sample::select(DATES), prop::sample::select(VALUES)), 0..4),
        at in 0..OPTIONS.len(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut lines = String::new();
        for seed in seeds {
            let line = to_line(&sample::event(seed));
            let mut map: Map<String, Value> = serde_json::from_str(&line).unwrap();
            for (key, how, date, value) in &changes {
                let key = FIELDS[*key].name;
                match how {
                    0 => drop(map.shift_remove(key)),
                    1 => drop(map.insert(key.to_owned(), Value::Null)),
                    2 => drop(map.insert(key.to_owned(), json!(date))),
                    _ => drop(serde_json::from_str(value).ok().and_then(|value| map.insert(key.to_owned(), value))),
                }
            }
            lines.push_str(&Value::Object(map).to_string());
            lines.push('\n');
        }
        same(&lines, OPTIONS[at]);
        let mut cut = cut.index(lines.len());
        while !lines.is_char_boundary(cut) {
            cut -= 1;
        }
        same(&lines[..cut], OPTIONS[at]);
        same(&format!("{}{}", &lines[..cut], lines[cut..].chars().skip(2).collect::<String>()), &[]);
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}", json in "[\\[{\":,}\\]a1\\\\ \nu]{0,80}") {
        same(&text, &[]);
        same(&format!("{{{json}"), OPTIONS[2]);
    }
}

use std::fs;
use std::path::Path;

use annals_core::json::{event_schema, timeline_schema, to_line};
use annals_core::plugin::Fact;
use annals_core::testing::{Exported, Imported, export, import, options};
use annals_core::{Error, Event, ImportRequest, NoteKind, sample};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn request(pairs: &[(&str, &str)]) -> ImportRequest {
    ImportRequest { options: options(pairs), max_record: 1000, ..ImportRequest::default() }
}

fn read_json(text: &[u8]) -> Result<Imported, Error> {
    import::<Json>(text, request(&[]))
}

fn read_jsonl(text: &[u8], pairs: &[(&str, &str)]) -> Imported {
    import::<Jsonl>(text, request(pairs)).unwrap()
}

/// Events by title, rejects by code and place, in one line.
fn told(imported: &Imported) -> String {
    let titles = imported.events.iter().map(|event| event.title.clone().unwrap_or("-".to_owned()));
    let notes = imported.notes.iter().map(|note| {
        let at = note.locator.unwrap_or_default();
        format!("{} {}@{}+{}:{}", note.kind.name(), note.code, at.offset, at.len, at.line)
    });
    titles.chain(notes).collect::<Vec<_>>().join(" | ")
}

#[track_caller]
fn check_json(text: &str, expected: &str) {
    let found = match read_json(text.as_bytes()) {
        Ok(imported) => told(&imported),
        Err(error) => {
            format!("error at {}:{}: {error}", error.offset.unwrap_or_default(), error.line.unwrap_or_default())
        }
    };
    assert_eq!(found, expected, "{text}");
}

fn sample_file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).unwrap()
}

fn without_places(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        // The claim that every record without one gets.
        for claim in event.claims.iter_mut().filter(|claim| claim.is_own()) {
            claim.locator = None;
        }
        event.claims.retain(|claim| *claim != Default::default());
    }
    events
}

#[test]
fn shapes_of_json() {
    check_json(r#"{"annals":1,"timeline":{},"events":[{"title":"a"},{"title":"b"}]}"#, "a | b");
    check_json("\u{feff} {\"events\": [ {\"title\":\"a\"} , {\"title\":\"b\"} ], \"annals\": 1}\n", "a | b");
    check_json(r#"{"x":[{"events":[1]}],"events":[{"title":"a"}],"y":"]}"}"#, "a");
    check_json(r#"[{"title":"a"},{"title":"b"}]"#, "a | b");
    check_json("[]", "");
    check_json(r#"{"annals":1}"#, "");
    check_json(r#"{"start":"2025","title":"a"}"#, "a");
    check_json(
        "{\"title\":\"a\"}\n{\"title\":\"b\"} {\"events\":[{\"title\":\"c\"}]}[{\"title\":\"d\"}]",
        "a | b | c | d",
    );
    check_json(r#"{"title":"a","events":3}"#, "a");
    check_json("{}", "-");
}

#[test]
fn broken_json() {
    check_json("", "error at 0:1: the file is empty");
    check_json(" \n", "error at 2:2: the file is empty");
    check_json("nothing", "error at 0:1: expected { or [, found `n`");
    check_json("{\"title\":\"a\"}, {}", "error at 13:1: a comma after the end of the JSON value");
    check_json("[{}\n{}]", "error at 4:2: expected a comma or ], found `{`");
    check_json("[{},]", "error at 4:1: expected a value, found `]`");
    check_json("[,{}]", "error at 1:1: expected a value, found `,`");
    check_json("[{}", "error at 3:1: the file ends inside the array that begins at line 1");
    check_json("{\n\"events\":[{},\n{\"a\":1", "error at 22:3: the file ends inside the value that begins at line 3");
    check_json("{\"events\":[\n{}", "error at 14:2: the file ends inside the array `events` that begins at line 1");
    check_json("{\"events\":[{}]", "error at 14:1: the file ends inside the object that begins at line 1");
    check_json("{\"events\":[{}] \"a\"", "error at 15:1: expected a comma or }, found `\"`");
    check_json("{\"a\" 1}", "error at 5:1: expected a colon, found `1`");
    check_json("{a:1}", "error at 1:1: expected a key in quotes or }, found `a`");
    check_json("{\"a\":}", "error at 5:1: expected a value, found `}`");
    check_json("{\"annals\":1,\"events\":{}}", "error at 21:1: `events` is not an array");
    check_json("{\"annals\":2,\"events\":[]}", "error at 10:1: the document has version 2; this annals reads up to 1");
    check_json("{\"events\":[{\"a\":\u{1}}]}\u{0}", "error at 20:1: expected { or [, found the byte 0x00");
}

#[test]
fn rejects_have_places() {
    check_json("[{},\n 3, {\"tags\":1}]", "- | reject not-an-object@6+1:2 | reject bad-field@9+10:2");
    let notes = read_json(b"[null]").unwrap().notes;
    assert_eq!(
        (notes[0].text.as_str(), notes[0].bytes.as_slice()),
        ("an event is an object, not null", b"null".as_slice())
    );
    let long = format!("{{\"title\":\"{}\"}}", "x".repeat(2000));
    check_json(&long, "reject too-large@0+2012:1");
    check_json(&format!("[{long},{{}}]"), "- | reject too-large@1+2012:1");
    check_json(&format!("{{\"x\":{long},\"events\":[{{}}]}}"), "-");
    check_json(
        &format!("{{\"x\":{long},\"timeline\":{{\"facts\":[{{\"kind\":\"a\",\"key\":\"b\",\"value\":1}}]}}}}"),
        &format!("reject too-large@0+{}:1", long.len() + 62),
    );
    check_json(
        &format!("{{\"annals\":1,\"timeline\":{long},\"events\":[]}}"),
        "error at 23:1: `timeline` is larger than a record may be",
    );
}

#[test]
fn facts_are_told_and_derived_ones_are_not() {
    let text = br#"{"events":[],"timeline":{"facts":[{"kind":"title","key":"x","value":{"b":1.50}},
        {"kind":"zone","key":"UTC","value":1},{"kind":"conflict","key":"a","value":1},{"kind":1}], "more":2}}"#;
    let imported = read_json(text).unwrap();
    assert_eq!(imported.facts.len(), 1);
    assert_eq!(
        (imported.facts[0].kind.as_str(), imported.facts[0].value.to_string()),
        ("title", r#"{"b":1.50}"#.into())
    );
    assert_eq!(imported.notes[0].code, "bad-fact");
    let other = read_json(br#"{"timeline":{"events":[]},"title":"a"}"#).unwrap();
    assert_eq!((other.events.len(), other.facts.len()), (1, 0));
}

#[test]
fn jsonl_skips_blank_lines() {
    let text = b"\xef\xbb\xbf {\"title\":\"a\"}\r\n\r\n \t\n[1]\n{\"title\":\"b\"}";
    let imported = read_jsonl(text, &[]);
    assert_eq!(told(&imported), "a | b | reject not-an-object@24+3:4");
    let places: Vec<_> = imported.events.iter().map(|event| event.claims[0].locator.unwrap()).collect();
    assert_eq!((places[0].offset, places[0].len, places[1].offset, places[1].line), (4, 13, 28, 5));
    assert_eq!(imported.counts.read(), 3);
    assert_eq!(told(&read_jsonl(b"", &[])), "");
    let long = format!("{{}}\n\"{}\n{{}}", "x".repeat(3000));
    assert_eq!(told(&read_jsonl(long.as_bytes(), &[])), "- | - | reject too-large@3+3002:2");
    let utf16 = import::<Jsonl>(b"\xfe\xff\0{", request(&[])).unwrap_err();
    assert_eq!(utf16.hint.as_deref(), Some("convert it: iconv -f UTF-16 -t UTF-8"));
}

/// One event as its canonical JSON without what is null, and without claims but local ids.
#[track_caller]
fn check_foreign(line: &str, pairs: &[(&str, &str)], expected: &str) {
    let imported = read_jsonl(line.as_bytes(), pairs);
    let found = match imported.events.first() {
        None => format!("{}: {}", imported.notes[0].code, imported.notes[0].text),
        Some(event) => {
            let mut object = annals_core::json::to_object(event);
            object.retain(|key, value| {
                !value.is_null()
                    && *value != json!([])
                    && !["bounds", "extent", "precision", "when", "claims"].contains(&key.as_str())
            });
            let local = event.claims.iter().find_map(|claim| claim.id.clone());
            let repairs: String = imported.notes.iter().map(|note| format!(" ({})", note.code)).collect();
            format!("{}{}{repairs}", Value::Object(object), local.map(|id| format!(" local {id}")).unwrap_or_default())
        }
    };
    assert_eq!(found, expected, "{line} {pairs:?}");
}

#[test]
fn fields_of_other_people() {
    let basic = [("start", "ts"), ("title", "msg"), ("id", "key"), ("revision", "seq")];
    check_foreign(
        r#"{"ts":1725955200,"msg":"up","key":17,"seq":"3","x":{"y":1.50}}"#,
        &basic,
        r#"{"revision":3,"start":"2024-09-10T08:00:00Z","zone":"UTC","title":"up","extra":{"x":{"y":1.50}}} local 17"#,
    );
    check_foreign(r#"{"key":"","msg":null}"#, &basic, "{}");
    check_foreign(r#"{"id":"a","msg":404}"#, &basic, r#"{"title":"404","extra":{"id":"a"}}"#);
    check_foreign(r#"{"id":7}"#, &[("id", "id")], r#"{"id":"7"}"#);
    check_foreign(
        r#"{"a":{"b":"2025","c":{"d":"t"}},"e.f":"p","e":{"f":"no"}}"#,
        &[("start", "a.b"), ("title", "a.c.d"), ("place", "e.f")],
        r#"{"start":"2025","title":"t","place":"p","extra":{"e":{"f":"no"}}}"#,
    );
    check_foreign(r#"{"m":"x"}"#, &[("title", "m"), ("body", "m")], r#"{"title":"x","body":"x"}"#);
    check_foreign(
        r#"{"t":["a",1],"w":"web","la":"52.5","lo":" ","u":{"a":1}}"#,
        &[("tags-field", "t"), ("lane-field", "w"), ("lat", "la"), ("lon", "lo"), ("body", "u")],
        r#"{"body":"{\"a\":1}","lane":"web","lat":52.5,"tags":["a","1"]}"#,
    );
    check_foreign(
        r#"{"m":"2025-01-01 12:00"}"#,
        &[("modified", "m"), ("zone", "Europe/Berlin")],
        r#"{"modified":"2025-01-01T11:00:00Z"}"#,
    );
}

#[test]
fn what_has_the_name_of_a_key_but_not_its_type_is_extra() {
    check_foreign(
        r#"{"ts":"2025","kind":3,"actors":[{"login":"ada"}],"modified":"yesterday","title":"kept","when":"x","annals":2,"lat":1}"#,
        &[("start", "ts")],
        r#"{"start":"2025","title":"kept","lat":1.0,"extra":{"kind":3,"actors":[{"login":"ada"}],"modified":"yesterday","when":"x","annals":2}}"#,
    );
    check_foreign(r#"{"start":1725955200000}"#, &[("times", "ms")], r#"{"start":"2024-09-10T08:00:00Z","zone":"UTC"}"#);
    check_foreign(
        r#"{"ts":"2025-09-10T10:00","zone":"mars","extra":3}"#,
        &[("start", "ts"), ("zone", "UTC")],
        r#"{"start":"2025-09-10T10:00:00Z","zone":"UTC","extra":{"zone":"mars","extra":3}}"#,
    );
}

#[test]
fn bad_fields_of_other_people() {
    let start = [("start", "ts")];
    check_foreign(
        r#"{"ts":1850}"#,
        &start,
        "bad-date: `ts`: 1850 may be a year, or seconds since 1970; give times=edtf for years, times=s for seconds",
    );
    check_foreign(
        r#"{"ts":{"year":1850}}"#,
        &start,
        "bad-date: `ts`: expected a date, found an object; start= names this field; a dot leads to a field inside it",
    );
    check_foreign(
        r#"{"v":"x"}"#,
        &[("revision", "v")],
        "bad-field: `v`: expected a whole number of 64 bits, found \"x\"; revision= names this field",
    );
    check_foreign(r#"{"start":"2025-02-30"}"#, &[], "bad-date: `start`: `2025-02-30`: February 2025 has 28 days");
    check_foreign(r#"{"when":"2025","start":"2024"}"#, &[], r#"{"start":"2025"} (when-wins)"#);
    for (pair, message) in
        [(("times", "weeks"), "there is no times=weeks"), (("zone", "Mars"), "there is no time zone `Mars`")]
    {
        let error = import::<Json>(b"[]", request(&[pair])).unwrap_err();
        assert_eq!(error.message, message);
    }
}

#[test]
fn raw_is_the_record() {
    let request = ImportRequest { raw: true, ..ImportRequest::default() };
    let imported = import::<Json>(b"[ {\"title\" : \"a\"} ]", request).unwrap();
    assert_eq!(imported.events[0].raw.as_deref(), Some(b"{\"title\" : \"a\"}".as_slice()));
    assert_eq!(imported.events[0].raw_format.as_deref(), Some("json"));
}

fn three() -> (Vec<Event>, Vec<Fact>) {
    let events = ["a", "b", "c"].map(|id| Event::new().id(id).title(format!("event {id}")));
    let fact = |kind: &str, key: &str, value| Fact { kind: kind.to_owned(), key: key.to_owned(), value };
    let facts = vec![
        fact("conflict", "b", json!(1)),
        fact("title", "All \"of\" it", json!({"n": 1})),
        fact("zone", "UTC", json!(null)),
    ];
    (events.into(), facts)
}

#[test]
fn a_document() {
    let (events, facts) = three();
    let written = export::<Json>(events.clone(), facts.clone(), options(&[])).unwrap();
    let text = String::from_utf8(written.bytes).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"annals":1,"timeline":{"facts":[{"kind":"title","key":"All \"of\" it","value":{"n":1}}]},"events":["#
    );
    assert_eq!(lines[1], format!("{},", to_line(&events[0])));
    assert!(lines[2].ends_with(r#","extra":null,"conflict":true},"#));
    assert_eq!((lines[3], lines[4], text.ends_with("]}\n")), (to_line(&events[2]).as_str(), "]}", true));
    let again = read_json(text.as_bytes()).unwrap();
    assert_eq!(without_places(again.events), events);
    assert_eq!(again.facts, facts[1..2]);
    let Exported { bytes, notes, .. } = export::<Json>(vec![], vec![], options(&[])).unwrap();
    assert_eq!(String::from_utf8(bytes).unwrap(), "{\"annals\":1,\"timeline\":{\"facts\":[]},\"events\":[\n]}\n");
    assert_eq!(notes, []);
}

#[test]
fn lines() {
    let (events, facts) = three();
    let written = export::<Jsonl>(events.clone(), facts, options(&[])).unwrap();
    let text = String::from_utf8(written.bytes).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(text.lines().next(), Some(to_line(&events[0]).as_str()));
    assert!(text.lines().nth(1).unwrap().ends_with(",\"conflict\":true}"));
    let [note] = written.notes.as_slice() else { panic!("one note") };
    assert_eq!((note.kind, note.code.as_str(), note.event.as_deref()), (NoteKind::Lossy, "facts", None));
    assert_eq!(note.text, "1 fact is not written: JSONL has no place for the facts of a timeline; json has");
    assert_eq!(export::<Jsonl>(vec![], vec![], options(&[])).unwrap().bytes, b"");
}

#[test]
fn samples_say_what_they_say() {
    let chronicle = read_jsonl(&sample_file("chronicle.jsonl"), &[]);
    insta::assert_snapshot!("chronicle", shown(&chronicle));
    let document = read_json(&sample_file("document.json")).unwrap();
    insta::assert_snapshot!("document", shown(&document));
    let foreign = [("start", "ts"), ("title", "msg"), ("id", "key"), ("revision", "seq"), ("lane-field", "host.name")];
    insta::assert_snapshot!("foreign", shown(&read_jsonl(&sample_file("foreign.jsonl"), &foreign)));
}

fn shown(imported: &Imported) -> String {
    let mut text = String::new();
    for event in &imported.events {
        let mut object = annals_core::json::to_object(event);
        object.retain(|_, value| !value.is_null() && *value != json!([]));
        text.push_str(&format!("{}\n", Value::Object(object)));
    }
    for note in &imported.notes {
        text.push_str(&format!("{} {}: {}\n", note.kind.name(), note.code, note.text));
    }
    text
}

#[test]
fn hostile_samples_lose_only_what_is_broken() {
    for code in ["bad-json", "not-an-object", "bad-field", "bad-date", "not-utf8", "too-deep", "too-large"] {
        let imported = import::<Jsonl>(
            &sample_file(&format!("hostile-{code}.jsonl")),
            ImportRequest { max_record: if code == "too-large" { 1000 } else { 100_000 }, ..ImportRequest::default() },
        )
        .unwrap();
        assert_eq!(imported.events.len(), 1, "{code}");
        assert!(imported.counts.rejected > 0, "{code}");
        for note in &imported.notes {
            assert_eq!(note.code, code, "{}", note.text);
        }
    }
    let rejects =
        import::<Json>(&sample_file("hostile-rejects.json"), ImportRequest { max_record: 2000, ..request(&[]) });
    insta::assert_snapshot!("hostile_rejects", shown(&rejects.unwrap()));
    for name in ["cut-off", "missing-comma", "utf16", "version"] {
        let error = read_json(&sample_file(&format!("hostile-{name}.json"))).unwrap_err();
        assert!(error.offset.is_some() && error.hint.is_some() || name == "missing-comma", "{name}: {error}");
    }
}

#[test]
fn samples_are_told_apart() {
    for (name, expected) in [("chronicle.jsonl", (0, 90)), ("document.json", (100, 0)), ("foreign.jsonl", (0, 70))] {
        let head = sample_file(name);
        assert_eq!((Json::sniff(&head, name), Jsonl::sniff(&head, name)), expected, "{name}");
    }
}

#[test]
fn options_are_a_schema() {
    let schema: Value = serde_json::from_str(fields::OPTIONS).unwrap();
    for (name, option) in schema["properties"].as_object().unwrap() {
        assert!(option["type"].is_string() && option["description"].is_string(), "{name}");
    }
}

/// The schemas beside the source are those of core; `UPDATE_GENERATED=1 cargo test` writes them anew.
#[test]
fn schemas_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    for (name, schema) in [("annals-event", event_schema()), ("annals-timeline", timeline_schema())] {
        let path = folder.join(format!("{name}.schema.json"));
        let text = format!("{schema:#}\n");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            fs::write(&path, &text).unwrap();
        }
        let stale = format!("{} is stale: UPDATE_GENERATED=1 cargo test", path.display());
        assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{stale}");
    }
}

#[test]
fn many_records_wait_in_one_batch() {
    let lines = "{\"title\":\"a\"}\n".repeat(10_000);
    assert_eq!(read_jsonl(lines.as_bytes(), &[]).counts.emitted, 10_000);
    assert_eq!(read_json(lines.as_bytes()).unwrap().counts.emitted, 10_000);
    let array = format!("[{}]", lines.trim_end().replace('\n', ","));
    assert_eq!(read_json(array.as_bytes()).unwrap().counts.emitted, 10_000);
}

proptest! {
    #[test]
    fn written_and_read_it_is_the_same(seeds in prop::collection::vec(any::<u64>(), 0..20)) {
        let events: Vec<Event> = seeds.into_iter().map(sample::event).collect();
        let expected = without_places(events.clone());
        let request = || ImportRequest::default();
        let lines = export::<Jsonl>(events.clone(), vec![], options(&[])).unwrap().bytes;
        let read = import::<Jsonl>(&lines, request()).unwrap();
        prop_assert_eq!(read.notes, []);
        prop_assert_eq!(without_places(read.events), expected.clone());
        prop_assert_eq!(without_places(import::<Json>(&lines, request()).map_or(vec![], |read| read.events)), expected.clone());
        let document = export::<Json>(events, vec![], options(&[])).unwrap().bytes;
        let read = import::<Json>(&document, request()).unwrap();
        prop_assert_eq!(without_places(read.events), expected);
    }

    #[test]
    fn nothing_panics(bytes in any::<Vec<u8>>(), text in "[\\[{\":,}\\]a1\\\\ \n]{0,80}") {
        for input in [&bytes, text.as_bytes()] {
            let _ = read_json(input);
            let _ = import::<Jsonl>(input, request(&[("start", "a"), ("title", "a.1")]));
        }
    }

    #[test]
    fn what_is_cut_short_is_told(cut in 0usize..442) {
        let document = sample_file("document.json");
        let whole = document.trim_ascii_end().len();
        let error = read_json(&document[..cut.min(whole - 1)]).unwrap_err();
        prop_assert!(error.offset.is_some());
        let chronicle = sample_file("chronicle.jsonl");
        let cut = chronicle.len() * cut / 442;
        let read = import::<Jsonl>(&chronicle[..cut], ImportRequest::default()).unwrap();
        let lines = chronicle[..cut].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        prop_assert_eq!(read.counts.read(), lines as u64);
        prop_assert!(read.counts.rejected <= 1);
    }
}

mod conformance {
    annals_plugin_test::conform!(crate::PLUGIN);
}

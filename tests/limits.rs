//! Rejected records, failing sources, and how much is told of them.

use serde_json::{Value, json};

use crate::cases::{GOOD, MIXED};
use crate::common::{Place, assert_balanced};

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn rejected_records_are_kept_with_reason_and_place() {
    let place = Place::with(&[("a.jsonl", MIXED)]);
    let args = ["merge", "a.jsonl", "-o", "x.json", "--rejects", "rejects.jsonl", "--report", "r.json"];
    place.run(&args).expect(1).snapshot("rejects");
    assert_balanced(&place.json("r.json"));
    let rejects = lines(&place.text("rejects.jsonl"));
    let told: Vec<[&Value; 4]> =
        rejects.iter().map(|reject| ["source", "code", "line", "record"].map(|key| &reject[key])).collect();
    assert_eq!(told[0], [&json!("a.jsonl"), &json!("bad-date"), &json!(1), &json!("{\"start\":\"2025-02-30\"}")]);
    assert_eq!(told[1], [&json!("a.jsonl"), &json!("bad-field"), &json!(3), &json!("{\"tags\":3}")]);
    assert_eq!(place.json("x.json")["events"].as_array().unwrap().len(), 1);
}

#[test]
fn a_rejected_record_that_is_no_text_is_kept_as_hex() {
    let place = Place::new();
    place.write("a.jsonl", [b"{\"title\":\"caf\xe9\"}\n", GOOD.as_bytes()].concat());
    let _ = place.run(&["merge", "a.jsonl", "-t", "json", "--rejects", "rejects.jsonl"]).expect(1);
    let rejects = lines(&place.text("rejects.jsonl"));
    assert_eq!(rejects[0]["record"], Value::Null);
    assert_eq!(rejects[0]["record_hex"], "7b227469746c65223a22636166e9227d");
}

#[test]
fn too_many_rejects_end_the_run_with_nothing_written() {
    let place = Place::with(&[("a.jsonl", MIXED), ("b.jsonl", MIXED)]);
    let _ = place.run(&["merge", "a.jsonl", "-t", "json", "--max-rejects", "2"]).expect(1);
    place.run(&["merge", "a.jsonl", "-o", "x.json", "--max-rejects", "1"]).expect(2).snapshot("max-rejects");
    let _ = place.run(&["merge", "a.jsonl", "b.jsonl", "-o", "x.json", "--max-rejects", "1", "--keep-going"]).expect(2);
    let _ = place.run(&["merge", "a.jsonl", "b.jsonl", "-o", "x.json", "--max-rejects", "3"]).expect(2);
    assert_eq!(place.names(), ["a.jsonl", "b.jsonl"]);
}

#[test]
fn lenient_makes_rejects_no_failure() {
    let place = Place::with(&[("a.jsonl", MIXED)]);
    let run = place.run(&["merge", "a.jsonl", "--lenient"]).ok();
    assert!(run.stderr.contains("read 3 = written 1 + rejected 2"), "{}", run.stderr);
}

#[test]
fn quiet_tells_errors_only_and_verbose_every_note() {
    let many: String = (0..6).map(|_| "{\"start\":\"2025-02-30\"}\n").chain([GOOD]).collect();
    let place = Place::with(&[("a.jsonl", &many)]);
    place.run(&["merge", "a.jsonl", "-o", "x.json"]).expect(1).snapshot("notes-normal");
    place.run(&["merge", "a.jsonl", "-o", "x.json", "-v"]).expect(1).snapshot("notes-verbose");
    place.run(&["merge", "a.jsonl", "-o", "x.json", "-q"]).expect(1).snapshot("notes-quiet");
    place.run(&["merge", "missing.jsonl", "-o", "x.json", "-q"]).expect(2).snapshot("notes-quiet-error");
    place.run(&["merge", "a.jsonl", "-q", "-v"]).expect(2).snapshot("quiet-and-verbose");
}

#[test]
fn colours_are_there_only_when_asked_for() {
    let place = Place::with(&[("a.jsonl", MIXED)]);
    let coloured = place.run(&["merge", "a.jsonl", "-o", "x.json", "--color", "always"]).expect(1);
    assert!(coloured.stderr.contains("\u{1b}["), "{}", coloured.stderr);
    for color in ["never", "auto"] {
        let plain = place.run(&["merge", "a.jsonl", "-o", "x.json", "--color", color]).expect(1);
        assert!(!plain.stderr.contains('\u{1b}'), "{}", plain.stderr);
    }
    place.run(&["merge", "a.jsonl", "--color", "sometimes"]).expect(2).snapshot("color-unknown");
}

#[test]
fn control_characters_of_a_source_do_not_reach_the_terminal() {
    let place = Place::with(&[("a.jsonl", "{\"start\":\"\u{1b}[31m\\u001b]0;x\\u0007\"}\n"), ("b.jsonl", GOOD)]);
    let run = place.run(&["merge", "a.jsonl", "b.jsonl", "-o", "x.json"]).expect(1);
    assert!(!run.stderr.contains(['\u{1b}', '\u{7}']), "{:?}", run.stderr);
    let title = "{\"start\":\"2025\",\"title\":\"\\u001b[31mred\\u0007\"}\n";
    place.write("c.jsonl", title);
    let run = place.run(&["show", "c.jsonl"]).ok();
    assert!(!run.text().contains(['\u{1b}', '\u{7}']), "{:?}", run.text());
}

#[test]
fn a_source_that_fails_stops_the_run_unless_told_to_go_on() {
    let place = Place::with(&[("good.jsonl", GOOD), ("bad.json", "[{\"title\":\"cut")]);
    place.run(&["merge", "good.jsonl", "bad.json", "-o", "x.json"]).expect(2).snapshot("source-fails");
    assert_eq!(place.names(), ["bad.json", "good.jsonl"]);
    let args = ["merge", "good.jsonl", "bad.json", "-o", "x.json", "--keep-going", "--report", "r.json"];
    place.run(&args).expect(1).snapshot("source-fails-keep-going");
    let report = place.json("r.json");
    assert_balanced(&report);
    let status: Vec<&Value> = report["sources"].as_array().unwrap().iter().map(|source| &source["status"]).collect();
    assert_eq!(status, ["failed", "complete"]);
    assert_eq!(report["failures"].as_array().unwrap().len(), 1);
    let _ = place.run(&[&args[..], &["--lenient"]].concat()).ok();
    let _ = place.run(&["merge", "bad.json", "--keep-going", "-o", "y.json"]).expect(2);
    assert!(!place.path("y.json").exists());
}

#[test]
fn a_source_that_fails_contributes_no_event() {
    let place =
        Place::with(&[("good.jsonl", GOOD), ("bad.json", "[{\"title\":\"read before the end\"},{\"title\":\"cut")]);
    let run = place.run(&["merge", "good.jsonl", "bad.json", "--keep-going"]).expect(1);
    assert_eq!(run.titles(), ["Good"]);
}

#[test]
fn records_over_the_limit_are_rejected() {
    let long = format!("{{\"start\":\"2025\",\"title\":\"{}\"}}\n", "x".repeat(2000));
    let place = Place::with(&[("a.jsonl", &(long.clone() + GOOD))]);
    place.run(&["merge", "a.jsonl", "-o", "x.json", "--max-record", "1K"]).expect(1).snapshot("max-record-jsonl");
    place.write("a.json", format!("[{long},{GOOD}]"));
    place.run(&["merge", "a.json", "-o", "x.json", "--max-record", "1K"]).expect(1).snapshot("max-record-json");
    let event = |lines: &str| crate::cases::event("a", "20250910T080000Z", "a", lines);
    place.write("a.ics", crate::cases::calendar(&[event(&"X-A:1\r\n".repeat(300)), event("")]));
    place.run(&["merge", "a.ics", "-o", "x.json", "--max-record", "1K"]).expect(1).snapshot("max-record-ics");
    place.run(&["merge", "a.ics", "--max-record", "1X"]).expect(2).snapshot("max-record-bad-size");
}

//! What people do with the program: each test is one story.

use std::fs;

use serde_json::Value;

use crate::cases::{GOOD, NOTES, ada, ben, calendar, event};
use crate::common::{Place, assert_balanced, golden};

/// A folder with the three sources of most stories.
fn three() -> Place {
    Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben()), ("notes.jsonl", NOTES)])
}

#[test]
fn two_calendars_and_notes_become_one_timeline_in_two_formats() {
    let place = three();
    let args = ["merge", "ada.ics", "ben.ics", "notes.jsonl", "-o", "all.ics", "-o", "all.json", "--report", "r.json"];
    place.run(&args).ok().snapshot("merge-three-sources");
    let report = place.json("r.json");
    assert_balanced(&report);
    let total = |key: &str| report[key].as_u64().unwrap();
    assert_eq!((total("read"), total("kept"), total("merged"), total("rejected")), (9, 7, 2, 0));
    golden("merge-three-sources.ics", &place.read("all.ics"));
    golden("merge-three-sources.json", &place.read("all.json"));
    golden("merge-three-sources.report.json", &place.read("r.json"));
}

#[test]
fn the_order_of_arguments_changes_no_byte() {
    let place = three();
    let inputs = ["ada.ics", "ben.ics", "notes.jsonl"];
    let mut seen: Option<Vec<Vec<u8>>> = None;
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let [a, b, c] = order.map(|at: usize| inputs[at]);
        let run = place.run(&["merge", a, b, c, "-o", "x.ics", "-o", "x.json", "-t", "jsonl", "--report", "r.json"]);
        let run = run.ok();
        let bytes =
            vec![place.read("x.ics"), place.read("x.json"), place.read("r.json"), run.stdout, run.stderr.into_bytes()];
        assert_eq!(*seen.get_or_insert_with(|| bytes.clone()), bytes, "{a} {b} {c}");
    }
}

#[test]
fn running_again_on_the_own_output_changes_no_byte() {
    let place = three();
    let sources = ["merge", "ada.ics", "ben.ics", "notes.jsonl"];
    for format in ["json", "jsonl", "ics"] {
        let (one, two) = (format!("one.{format}"), format!("two.{format}"));
        let _ = place.run(&[&sources[..], &["-o", &one]].concat()).ok();
        let _ = place.run(&["merge", &one, "-o", &two]).ok();
        assert_eq!(place.text(&one), place.text(&two), "{format}");
        // With the sources once more nothing is new either; ICS keeps no claims, so that the wording alone is equal.
        if format != "ics" {
            let three = format!("three.{format}");
            let _ = place.run(&[&sources[..], &[&one, "-o", &three]].concat()).ok();
            assert_eq!(place.text(&one), place.text(&three), "{format} with its sources");
        }
    }
}

#[test]
fn claims_survive_a_calendar_when_asked_for() {
    let place = three();
    let _ = place.run(&["merge", "ada.ics", "ben.ics", "-o", "ics,claims=yes:one.ics", "-o", "one.json"]).ok();
    let _ = place.run(&["merge", "one.ics", "-o", "ics,claims=yes:two.ics"]).ok();
    assert_eq!(place.text("one.ics"), place.text("two.ics"));
    let talk = |run: crate::common::Run| {
        run.ok().events().into_iter().find(|event| event["title"] == "Talk").map(|event| event["claims"].clone())
    };
    assert_eq!(talk(place.run(&["merge", "one.ics"])), talk(place.run(&["merge", "one.json"])));
}

#[test]
fn an_output_may_be_an_input() {
    let place = three();
    let _ = place.run(&["merge", "ada.ics", "ben.ics", "-o", "expected.ics"]).ok();
    let _ = place.run(&["merge", "ada.ics", "ben.ics", "-o", "ada.ics"]).ok();
    assert_eq!(place.text("ada.ics"), place.text("expected.ics"));
}

#[test]
fn a_merged_event_keeps_what_each_source_says() {
    let place = three();
    let run = place.run(&["merge", "ada.ics", "ben.ics"]).ok();
    let talk = run.events().into_iter().find(|event| event["title"] == "Talk").expect("the talk");
    assert_eq!((&talk["revision"], &talk["place"]), (&2.into(), &"Room 2".into()));
    let claims = talk["claims"].as_array().unwrap();
    let sources: Vec<&str> = claims.iter().map(|claim| claim["source"].as_str().unwrap()).collect();
    assert_eq!(sources, ["ada.ics", "ben.ics"]);
    assert_eq!((&claims[0]["revision"], &claims[0]["edtf"]), (&1.into(), &"2025-09-10T08:00:00Z".into()));
    assert_eq!(claims[0]["differs"]["place"], "Room 1");
    assert_eq!(claims[1]["differs"], Value::Null);
}

#[test]
fn the_highest_sequence_wins_in_any_order_of_files() {
    let version = |n: u32| calendar(&[event("a", "20250910T080000Z", &format!("v{n}"), &format!("SEQUENCE:{n}\r\n"))]);
    let place = Place::with(&[("1.ics", &version(10)), ("2.ics", &version(9)), ("3.ics", &version(2))]);
    let run = place.run(&["merge", "3.ics", "1.ics", "2.ics"]).ok();
    assert_eq!(run.titles(), ["v10"]);
    assert!(run.stderr.contains("read 3 = written 1 + merged 2"), "{}", run.stderr);
}

#[test]
fn a_file_given_twice_is_counted_as_merged() {
    let place = three();
    for dedupe in ["none", "identity", "exact"] {
        let once = place.run(&["merge", "notes.jsonl", "--dedupe", dedupe]).ok();
        let twice = place.run(&["merge", "notes.jsonl", "notes.jsonl", "--dedupe", dedupe]).ok();
        assert_eq!(once.text(), twice.text(), "{dedupe}");
        assert!(twice.stderr.contains("read 6 = written 3 + merged 3"), "{dedupe}: {}", twice.stderr);
    }
}

#[test]
fn equal_records_of_one_source_stay_and_pair_off_across_sources() {
    let place = Place::with(&[("a.jsonl", NOTES), ("b.jsonl", NOTES)]);
    let run = place.run(&["merge", "a.jsonl"]).ok();
    assert_eq!(run.titles(), ["Found the letters", "Heard the talk", "Heard the talk"]);
    let ids: Vec<String> = run.events().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids[2], format!("{}-2", ids[1]), "equal events are numbered");
    let run = place.run(&["merge", "a.jsonl", "b.jsonl"]).ok();
    assert_eq!(run.titles().len(), 3);
    assert!(run.events().iter().all(|event| event["claims"].as_array().unwrap().len() == 2));
}

#[test]
fn minted_ids_are_recomputed_when_they_are_read() {
    let place = Place::with(&[("notes.jsonl", NOTES)]);
    let text = place.run(&["merge", "notes.jsonl"]).ok().text().to_owned();
    let id = place.run(&["merge", "notes.jsonl"]).ok().events()[0]["id"].as_str().unwrap().to_owned();
    place.write("edited.jsonl", text.replace("Found the letters", "Lost the letters"));
    let run = place.run(&["merge", "edited.jsonl"]).ok();
    assert_eq!(run.titles()[0], "Lost the letters");
    let new = run.events()[0]["id"].as_str().unwrap().to_owned();
    assert!(new.starts_with("sha256-") && new != id, "{new}");
    // Both are there when merged: an edited copy is another event.
    place.write("own.jsonl", text);
    assert_eq!(place.run(&["merge", "own.jsonl", "edited.jsonl"]).ok().titles().len(), 4);
}

#[test]
fn dedupe_goes_as_far_as_told() {
    let place = three();
    let count = |dedupe: &str| {
        let run = place.run(&["merge", "ada.ics", "ben.ics", "--dedupe", dedupe]).ok();
        run.titles().len()
    };
    assert_eq!([count("none"), count("identity"), count("exact")], [6, 5, 4]);
}

/// Two calendars that contradict each other under one id and version.
fn contradiction() -> Place {
    let one = calendar(&[event("talk", "20250910T080000Z", "Talk", "LOCATION:Room 1\r\n")]);
    let two = calendar(&[event("talk", "20250910T080000Z", "Talk", "LOCATION:Room 2\r\n")]);
    Place::with(&[("one.ics", &one), ("two.ics", &two)])
}

#[test]
fn contradictions_both_stay_and_are_told() {
    let place = contradiction();
    let run = place.run(&["merge", "one.ics", "two.ics", "-o", "x.ics", "-t", "jsonl", "--report", "r.json"]).ok();
    let places: Vec<Value> = run.events().iter().map(|event| event["place"].clone()).collect();
    assert_eq!(places, ["Room 1", "Room 2"]);
    let report = place.json("r.json");
    assert_balanced(&report);
    assert_eq!((&report["conflicts"], &report["conflict_ids"]), (&1.into(), &serde_json::json!(["talk"])));
    let text = place.text("x.ics");
    assert_eq!((text.matches("UID:talk").count(), text.matches("X-ANNALS-UID:talk").count()), (3, 1), "{text}");
    run.snapshot("conflict-both");
    // The conflict is read back as what it was, and written again the same.
    let _ = place.run(&["merge", "x.ics", "-o", "y.ics"]).ok();
    assert_eq!(text, place.text("y.ics"));
}

#[test]
fn of_contradictions_one_may_stand() {
    let place = contradiction();
    let run = place.run(&["merge", "one.ics", "two.ics", "--conflict", "one"]).ok();
    assert_eq!(run.events().len(), 1);
    assert_eq!(run.events()[0]["claims"].as_array().unwrap().len(), 2);
    assert!(run.stderr.contains("read 2 = written 1 + merged 1"), "{}", run.stderr);
}

#[test]
fn a_contradiction_may_be_an_error_that_writes_nothing() {
    let place = contradiction();
    let args = ["merge", "one.ics", "two.ics", "--conflict", "fail", "-o", "x.ics", "-o", "x.json", "--report", "r"];
    place.run(&args).expect(2).snapshot("conflict-fail");
    assert_eq!(place.names(), ["one.ics", "two.ics"]);
}

#[test]
fn sources_whose_ids_only_happen_to_be_equal_get_scopes() {
    let place = contradiction();
    let run = place.run(&["merge", "ics,id-scope=a:one.ics", "ics,id-scope=b:two.ics"]).ok();
    let ids: Vec<Value> = run.events().iter().map(|event| event["id"].clone()).collect();
    assert_eq!(ids, ["a:talk", "b:talk"]);
    assert!(!run.stderr.contains("conflict"), "{}", run.stderr);
}

#[test]
fn several_outputs_and_standard_output_come_from_one_run() {
    let place = Place::with(&[("a.jsonl", GOOD)]);
    let run = place.run(&["merge", "a.jsonl", "-o", "x.json", "-o", "ics:y", "-t", "jsonl"]).ok();
    assert_eq!(run.titles(), ["Good"]);
    assert!(fs::read_to_string(place.path("y")).unwrap().starts_with("BEGIN:VCALENDAR"));
    assert_eq!(place.json("x.json")["annals"], 1);
}

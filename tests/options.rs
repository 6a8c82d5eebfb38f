//! What the options of inputs and outputs do.

use serde_json::{Value, json};

use crate::cases::{GOOD, ada, calendar, event};
use crate::common::Place;

/// The events of one input given as `spec`, which names `a.ics` or `a.jsonl`.
fn events(spec: &str) -> Vec<Value> {
    let floating = calendar(&[event("a", "20250910T080000", "Talk", "CATEGORIES:own\r\n")]);
    let place = Place::with(&[("a.ics", &floating), ("a.jsonl", GOOD), ("log.jsonl", LOG)]);
    place.run(&["merge", spec]).ok().events()
}

const LOG: &str = "{\"ts\":1725955200,\"msg\":\"up\",\"key\":17,\"seq\":1}\n{\"ts\":1725955201,\"msg\":\"down\",\"key\":18,\"seq\":1}\n";

#[test]
fn a_label_replaces_the_file_name() {
    assert_eq!(events(",label=Ada:a.ics")[0]["claims"][0]["source"], "Ada");
    assert_eq!(events(r"jsonl,label=a\,b\:c:a.jsonl")[0]["claims"][0]["source"], "a,b:c");
}

#[test]
fn a_lane_is_given_where_there_is_none() {
    assert_eq!(events("ics,lane=Physics:a.ics")[0]["lane"], "Physics");
    let place = Place::with(&[("a.jsonl", "{\"start\":\"2025\",\"lane\":\"own\"}\n")]);
    assert_eq!(place.run(&["merge", ",lane=Physics:a.jsonl"]).ok().events()[0]["lane"], "own");
}

#[test]
fn tags_are_added_once() {
    assert_eq!(events("ics,tags=one+own+two:a.ics")[0]["tags"], json!(["own", "one", "two"]));
}

#[test]
fn a_zone_is_given_to_times_without_one() {
    assert_eq!(events("a.ics")[0]["zone"], "floating");
    let event = &events("ics,zone=Europe/Berlin:a.ics")[0];
    assert_eq!((&event["zone"], &event["when"]), (&json!("Europe/Berlin"), &json!("2025-09-10T08:00:00+02:00")));
    assert_eq!(events(r"ics,zone=+09\:00:a.ics")[0]["when"], "2025-09-10T08:00:00+09:00");
}

#[test]
fn a_host_becomes_an_actor() {
    let actors = events("jsonl,host=web-1:a.jsonl")[0]["actors"].clone();
    assert_eq!(actors, json!([{"name": "web-1", "role": "host", "address": null}]));
}

#[test]
fn fields_of_foreign_json_are_mapped_and_their_ids_stay_local() {
    let place = Place::with(&[("a.jsonl", LOG), ("b.jsonl", LOG)]);
    let spec = |name: &str, more: &str| format!("jsonl,start=ts,title=msg,id=key{more}:{name}");
    let run = place.run(&["merge", &spec("a.jsonl", ""), &spec("b.jsonl", ",tags=b")]).ok();
    assert_eq!(run.titles(), ["up", "up", "down", "down"], "17 here is not 17 there");
    assert!(run.events().iter().all(|event| event["id"].as_str().unwrap().starts_with("sha256-")));
    assert_eq!(run.events()[0]["claims"][0]["id"], "17");
    let [a, b] =
        [("a.jsonl", ""), ("b.jsonl", ",tags=b")].map(|(name, more)| spec(name, &format!("{more},id-scope=db")));
    let run = place.run(&["merge", &a, &b]).ok();
    assert_eq!(run.titles(), ["up", "down"]);
    assert_eq!(run.events()[0]["id"], "db:17");
}

#[test]
fn outputs_take_options_too() {
    let place = Place::with(&[("ada.ics", &ada())]);
    let _ = place.run(&["merge", ",lane=Ada:ada.ics", "-o", "ics,name=Team,prefix=lane:x.ics"]).ok();
    let text = place.text("x.ics");
    assert!(text.contains("X-WR-CALNAME:Team\r\n") && text.contains("SUMMARY:Ada: Talk\r\n"), "{text}");
    let run = place.run(&["merge", "ada.ics", "-t", "ics,name=Team"]).ok();
    assert!(run.text().contains("X-WR-CALNAME:Team\r\n"));
}

#[test]
fn what_a_calendar_cannot_hold_is_omitted_and_told() {
    let place = Place::with(&[("a.jsonl", "{\"start\":\"1850~\",\"title\":\"vague\"}\n{\"title\":\"undated\"}\n")]);
    place.write("good.jsonl", GOOD);
    let args = ["merge", "a.jsonl", "good.jsonl", "-o", "x.ics", "--report", "r.json"];
    place.run(&args).expect(1).snapshot("calendar-omits-the-vague");
    let report = place.json("r.json");
    crate::common::assert_balanced(&report);
    assert_eq!((&report["outputs"][0]["written"], &report["outputs"][0]["omitted"]), (&json!(1), &json!(2)));
    let _ = place.run(&[&args[..], &["--lenient"]].concat()).ok();
    let run = place.run(&["merge", "a.jsonl", "-o", "ics,vague=span:y.ics"]).expect(1);
    assert!(run.stderr.contains("written 1 + omitted 1"), "{}", run.stderr);
    assert!(place.text("y.ics").contains("18500101"));
}

#[test]
fn wrong_options_get_near_names() {
    let place = Place::with(&[("a.jsonl", GOOD)]);
    place.run(&["merge", "jsonl,titel=x:a.jsonl"]).expect(2).snapshot("input-option-unknown");
    place.run(&["merge", "a.jsonl", "-o", "json,pretty=yes:x"]).expect(2).snapshot("output-option-unknown");
    place.run(&["merge", "a.jsonl", "-t", "ics,claims=perhaps"]).expect(2).snapshot("option-not-yes-or-no");
    place.run(&["merge", "a.jsonl", "-t", "ics,prefix=title"]).expect(2).snapshot("option-not-one-of");
    place.run(&["merge", "a.jsonl", "-t", "ics,name"]).expect(2).snapshot("option-without-value");
    place.run(&["merge", "jsonl,zone=Europe/Berlni:a.jsonl"]).expect(2).snapshot("zone-unknown");
    assert_eq!(place.names(), ["a.jsonl"]);
}

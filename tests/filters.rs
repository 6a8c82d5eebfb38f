//! Filters through the program: they judge the merged event, a series as one, and the account tells what they left out.

use serde_json::Value;

use crate::cases::{calendar, event};
use crate::common::{Place, Run, assert_balanced};

/// The titles that these options leave, and the total of the account: read, kept, merged, filtered.
fn left(place: &Place, inputs: &[&str], options: &[&str]) -> (Vec<String>, [u64; 4]) {
    let run = run(place, inputs, options);
    let report: Value = place.json("r.json");
    assert_balanced(&report);
    (run.titles(), ["read", "kept", "merged", "filtered"].map(|key| report[key].as_u64().expect("a count")))
}

fn run(place: &Place, inputs: &[&str], options: &[&str]) -> Run {
    place.run(&[&["merge", "--report", "r.json"], inputs, options].concat()).ok()
}

/// Locks what [`left`] gives.
fn check(place: &Place, inputs: &[&str], options: &[&str], titles: &[&str], account: [u64; 4]) {
    let found = left(place, inputs, options);
    assert_eq!((found.0.iter().map(String::as_str).collect(), found.1), (titles.to_vec(), account), "{options:?}");
}

#[test]
fn a_version_that_has_moved_out_of_the_window_takes_the_old_one_with_it() {
    let version = |n: u32, day: u32| {
        calendar(&[event("a", &format!("202509{day}T080000Z"), &format!("v{n}"), &format!("SEQUENCE:{n}\r\n"))])
    };
    let place = Place::with(&[("1.ics", &version(1, 10)), ("2.ics", &version(2, 20))]);
    let inputs = ["1.ics", "2.ics"];
    check(&place, &inputs, &["--during", "2025-09-10"], &[], [2, 0, 0, 2]);
    check(&place, &inputs, &["--during", "2025-09-20"], &["v2"], [2, 1, 1, 0]);
    check(&place, &["1.ics"], &["--during", "2025-09-10"], &["v1"], [1, 1, 0, 0]);
    // Without identity both are events.
    check(&place, &inputs, &["--during", "2025-09-10", "--dedupe", "none"], &["v1"], [2, 1, 0, 1]);
    let report = place.json("r.json");
    let filtered: Vec<&Value> =
        report["sources"].as_array().expect("sources").iter().map(|one| &one["filtered"]).collect();
    assert_eq!(filtered, [0, 1]);
}

#[test]
fn a_cancelled_override_takes_its_instance_away() {
    let master = event("s", "20250901T080000Z", "Weekly", "RRULE:FREQ=WEEKLY;COUNT=3\r\n");
    let over = |lines: &str| {
        event("s", "20250908T080000Z", "Cancelled", &format!("RECURRENCE-ID:20250908T080000Z\r\n{lines}"))
    };
    let place = Place::with(&[("s.ics", &calendar(&[master]))]);
    place.write("over.ics", calendar(&[over("STATUS:CANCELLED\r\n")]));
    place.write("stands.ics", calendar(&[over("")]));
    let second = ["--during", "2025-09-08"];
    check(&place, &["s.ics"], &second, &["Weekly"], [1, 1, 0, 0]);
    check(&place, &["s.ics", "over.ics"], &second, &[], [2, 0, 0, 2]);
    check(&place, &["s.ics", "stands.ics"], &second, &["Weekly", "Cancelled"], [2, 2, 0, 0]);
    // Another instance is enough for the whole series.
    check(&place, &["s.ics", "over.ics"], &["--during", "2025-09-15"], &["Weekly", "Cancelled"], [2, 2, 0, 0]);
}

#[test]
fn a_series_that_began_before_the_window_is_in_it_while_it_lasts() {
    let series = |uid: &str, rule: &str| event(uid, "20200106T080000Z", uid, &format!("RRULE:FREQ=WEEKLY{rule}\r\n"));
    let once = event("once", "20200106T080000Z", "once", "");
    let place = Place::new();
    place.write("a.ics", calendar(&[series("endless", ""), series("short", ";COUNT=10"), once]));
    let options = ["--since", "2025-09-01"];
    check(&place, &["a.ics"], &options, &["endless"], [3, 1, 0, 2]);
    check(&place, &["a.ics"], &["--until", "2020-01-06"], &["endless", "short", "once"], [3, 3, 0, 0]);
    check(&place, &["a.ics"], &["--since", "2020-03-01", "--until", "2020-03-31"], &["endless", "short"], [3, 2, 0, 1]);
}

#[test]
fn a_recurrence_that_cannot_be_read_is_told_once_however_many_calendars_have_it() {
    let odd = calendar(&[event("odd", "20250901T080000Z", "odd", "RRULE:FREQ=SOMETIMES\r\n")]);
    let place = Place::with(&[("a.ics", &odd), ("b.ics", &odd), ("c.ics", &odd), ("d.ics", &odd)]);
    let all = ["a.ics", "b.ics", "c.ics", "d.ics"];
    let options = ["--during", "2030"];
    for inputs in [&all[..1], &all] {
        let found = run(&place, inputs, &options);
        assert_eq!(found.titles(), ["odd"], "it may match");
        assert_eq!(found.stderr.matches("cannot be evaluated").count(), 1, "{}", found.stderr);
        assert!(!found.stderr.contains("more events that the filters"), "{}", found.stderr);
        assert_eq!(place.json("r.json")["unjudged"].as_array().expect("a list").len(), 1);
        let found = run(&place, inputs, &["--during", "2030", "--certainly"]);
        assert_eq!((found.titles().len(), place.json("r.json")["filtered"].as_u64()), (0, Some(inputs.len() as u64)));
    }
}

#[test]
fn lanes_and_tags_are_those_of_any_source() {
    let talk = |tag: &str| calendar(&[event("talk", "20250910T080000Z", "Talk", &format!("CATEGORIES:{tag}\r\n"))]);
    let other = calendar(&[event("other", "20250911T080000Z", "Other", "")]);
    let place = Place::with(&[("a.ics", &talk("one")), ("b.ics", &talk("two")), ("c.ics", &other)]);
    let inputs = ["ics,lane=Ada:a.ics", "ics,lane=Ben:b.ics", "ics,lane=Cy:c.ics"];
    for options in [&["--lane", "Ada"][..], &["--lane", "Ben"], &["--tag", "one"], &["--tag", "two"]] {
        check(&place, &inputs, options, &["Talk"], [3, 1, 1, 1]);
    }
    check(&place, &inputs, &["--lane", "Ben", "--lane", "Cy"], &["Talk", "Other"], [3, 2, 1, 0]);
    check(&place, &inputs, &["--lane", "Dora"], &[], [3, 0, 0, 3]);
}

#[test]
fn undated_events_are_possibly_in_a_window_and_never_certainly() {
    let lines = "{\"title\":\"undated\"}\n{\"start\":\"2025-08~\",\"title\":\"August\"}\n{\"start\":\"2025-08-15\",\"title\":\"day\"}\n";
    let place = Place::with(&[("a.jsonl", lines)]);
    let input = ["a.jsonl"];
    check(&place, &input, &["--during", "2025-08-15"], &["August", "day", "undated"], [3, 3, 0, 0]);
    check(&place, &input, &["--during", "2025-08-15", "--possibly"], &["August", "day", "undated"], [3, 3, 0, 0]);
    check(&place, &input, &["--during", "2025-08-15", "--certainly"], &["day"], [3, 1, 0, 2]);
    check(&place, &input, &["--overlapping", "2025-08-15..", "--certainly"], &["day"], [3, 1, 0, 2]);
    check(&place, &input, &["--since", "2025-09"], &["undated"], [3, 1, 0, 2]);
    check(&place, &input, &["--until", "2025-08-14"], &["August", "undated"], [3, 2, 0, 1]);
}

#[test]
fn kinds_words_and_fields_choose_too() {
    let lines = concat!(
        "{\"start\":\"2025-01\",\"title\":\"Paper\",\"kind\":\"note\",\"place\":\"Berlin\"}\n",
        "{\"start\":\"2025-02\",\"title\":\"Letter\",\"body\":\"about the paper\",\"kind\":\"mail\"}\n",
        "{\"start\":\"2025-03\",\"title\":\"Call\",\"kind\":\"note\",\"status\":\"CONFIRMED\"}\n",
    );
    let place = Place::with(&[("a.jsonl", lines)]);
    let check = |options: &[&str], titles: &[&str]| {
        let kept = titles.len() as u64;
        check(&place, &["a.jsonl"], options, titles, [3, kept, 0, 3 - kept]);
    };
    check(&["--kind", "note"], &["Paper", "Call"]);
    check(&["--grep", "(?i)PAPER"], &["Paper", "Letter"]);
    check(&["--grep", "^Paper$"], &["Paper"]);
    check(&["--where", "place=Berlin"], &["Paper"]);
    check(&["--where", "place="], &["Letter", "Call"]);
    check(&["--where", "status!=CONFIRMED", "--kind", "note"], &["Paper"]);
    check(&["--kind", "note", "--during", "2025-03..2025-04"], &["Call"]);
}

#[test]
fn filters_give_the_same_whatever_the_memory() {
    let noise = |n: u64| format!("{:016x}", (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).repeat(20);
    let line = |n: u64| {
        let (day, lane, body) = (n % 28 + 1, n % 5, noise(n));
        let id = if n.is_multiple_of(3) { format!("\"id\":\"{}\",\"revision\":{n},", n % 40) } else { String::new() };
        format!("{{{id}\"start\":\"2025-09-{day:02}\",\"title\":\"{n}\",\"lane\":\"{lane}\",\"body\":\"{body}\"}}\n")
    };
    let place = Place::with(&[("a.jsonl", &(0..700).map(line).collect::<String>())]);
    place.write("b.jsonl", (500..1200).map(line).collect::<String>());
    let options = ["--during", "2025-09-05..2025-09-20", "--lane", "1", "--lane", "2", "--grep", "[13579]$"];
    let inputs = ["a.jsonl", "b.jsonl"];
    let seen = run(&place, &inputs, &options);
    let report = place.text("r.json");
    assert_balanced(&place.json("r.json"));
    assert!(place.json("r.json")["filtered"].as_u64().is_some_and(|filtered| filtered > 500));
    assert!(!seen.titles().is_empty());
    for threads in ["1", "4"] {
        let other = run(&place, &inputs, &[&options[..], &["--memory", "1M", "--threads", threads]].concat());
        assert!(other.stdout == seen.stdout && place.text("r.json") == report, "{threads} threads");
    }
    // Filters only leave out: what they keep is what is there without them.
    let all = run(&place, &inputs, &[]);
    assert!(seen.text().lines().all(|line| all.text().lines().any(|other| other == line)));
}

#[test]
fn wrong_filters_are_told_before_anything_is_read() {
    let place = Place::new();
    let check = |options: &[&str], name: &str| {
        place.run(&[&["merge", "missing.jsonl"], options].concat()).expect(2).snapshot(name);
    };
    check(&["--during", "2025-09..2025-08"], "filter-window-ends-first");
    check(&["--during", "someday"], "filter-no-date");
    check(&["--since", "2025-02-30"], "filter-no-such-day");
    check(&["--since", "2025", "--until", "2024"], "filter-until-before-since");
    check(&["--grep", "a(b"], "filter-bad-expression");
    check(&["--where", "titel=x"], "filter-field-unknown");
    check(&["--where", "title"], "filter-where-without-value");
    check(&["--certainly", "--possibly"], "filter-certainly-and-possibly");
    check(&["--during", "2025", "--zone", "Europe/Berlni"], "filter-zone-unknown");
}

//! Large inputs that are in order already stream through: no byte tells, but for the temporary files that are missing.

use std::ops::Range;

use crate::common::{Place, Run, assert_balanced};

/// Lines of a log in order: five to a second, some of them said twice.
fn log(lines: Range<usize>, whose: &str) -> Vec<String> {
    let line = |n: usize| {
        let (second, n) = (n / 5, if n % 50 == 1 { n - 1 } else { n });
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        // Every third line is in all logs.
        let whose = if n.is_multiple_of(3) { "all" } else { whose };
        let body = format!("{n:08}").repeat(20);
        format!("{{\"start\":\"2025-09-10T{time}Z\",\"title\":\"{whose} {n}\",\"body\":\"{body}\"}}\n")
    };
    lines.map(line).collect()
}

const NAMES: [&str; 3] = ["a.jsonl", "b.jsonl", "c.jsonl"];

/// Three logs with so many lines each that have a time, and three at the end that have none.
fn logs(count: usize) -> Place {
    let place = Place::new();
    for (name, first) in NAMES.into_iter().zip([0, 1000, 200]) {
        place.write(name, log(first..first + count, name).concat() + &"{\"title\":\"the end\"}\n".repeat(3));
    }
    place
}

/// Where nothing can be kept aside, and little memory: what comes through has streamed.
const STREAMS: [&str; 4] = ["--memory", "1M", "--temp-dir", "missing"];

/// All that a run leaves.
fn all(place: &Place, run: &Run) -> [Option<String>; 4] {
    let file = |name: &str| std::fs::read_to_string(place.path(name)).ok();
    [file("x.json"), file("y.jsonl"), file("r.json"), Some(run.stderr.clone())]
}

/// Runs it in the general way, and with little memory in all ways; gives the last run.
fn check(place: &Place, args: &[&str], streams: bool, code: i32) -> Run {
    let clean = || ["x.json", "y.jsonl", "r.json"].map(|name| std::fs::remove_file(place.path(name)).ok());
    let args = [&["merge"], &NAMES[..], &["-o", "x.json", "-o", "y.jsonl", "--report", "r.json"], args].concat();
    clean();
    let run = place.run(&args).expect(code);
    let expected = all(place, &run);
    let little = if streams { &STREAMS[..] } else { &STREAMS[..2] };
    let mut last = run;
    for threads in ["1", "4"] {
        clean();
        last = place.run(&[&args[..], little, &["--threads", threads]].concat()).expect(code);
        assert!(all(place, &last) == expected, "{} differs\n{}", last.line, last.stderr);
        if code < 2 {
            assert_balanced(&place.json("r.json"));
        }
        assert!(place.names().iter().all(|name| !name.starts_with('.')), "{:?}", place.names());
    }
    if !streams && code < 2 {
        let run = place.run(&[&args[..], &STREAMS].concat()).expect(2);
        assert!(run.stderr.starts_with("error: cannot keep temporary data in `missing`"), "{}", run.stderr);
    }
    last
}

#[test]
fn what_is_in_order_streams() {
    // A megabyte each.
    let place = logs(4500);
    let _ = check(&place, &[], true, 0);
    let report = place.json("r.json");
    assert!(report["merged"].as_u64() > Some(2000) && report["read"] == 13_509, "{report:#}");
}

#[test]
fn records_stream_however_far_they_are_joined() {
    let place = logs(1500);
    for dedupe in ["none", "identity"] {
        // One source is given twice.
        let _ = check(&place, &["a.jsonl", "--dedupe", dedupe], true, 0);
    }
}

#[test]
fn filters_and_options_stream() {
    let place = logs(1500);
    for options in [
        &["--grep", "7"][..],
        &["--since", "2025-09-10T00:10:00Z", "--until", "2025-09-10T00:12:00Z"],
        &["--tag", "t", ",tags=t:a.jsonl"],
    ] {
        let _ = check(&place, options, true, 0);
    }
}

#[test]
fn what_is_not_in_order_is_sorted() {
    let place = Place::new();
    for name in NAMES {
        let mut lines = log(0..1500, name);
        lines.rotate_left(700);
        place.write(name, lines.concat());
    }
    let _ = check(&place, &[], false, 0);
}

#[test]
fn a_late_surprise_is_found_and_nothing_is_told_twice() {
    let old = "{\"start\":\"2025-09-09\",\"title\":\"before all\"}\n";
    let id = "{\"id\":\"a@example.org\",\"start\":\"2025-09-11\",\"title\":\"with an id\"}\n";
    let zone = "{\"start\":\"2025-09-11T10:00:00\",\"zone\":\"Europe/Berlin\",\"title\":\"there\"}\n";
    let series = "{\"start\":\"2025-09-11\",\"recurrence\":\"RRULE:FREQ=DAILY;COUNT=3\",\"title\":\"daily\"}\n";
    let floating = "{\"start\":\"2025-09-11T10:00:00\",\"title\":\"anywhere\"}\n";
    for line in [old, id, zone, series] {
        let place = Place::new();
        for (name, end) in NAMES.into_iter().zip(["", "{\"title\":\n", line]) {
            place.write(name, log(0..1500, name).concat() + floating + end);
        }
        let run = check(&place, &[], false, 1);
        assert_eq!(run.stderr.matches("stays floating").count(), 3, "{}", run.stderr);
    }
}

#[test]
fn a_source_that_fails_late_contributes_nothing() {
    let place = logs(1500);
    let lines = log(0..1500, "cut").concat().trim_end().replace('\n', ",");
    place.write("cut.json", format!("[{lines},{{\"title\":\"cut"));
    let run = check(&place, &["cut.json", "--keep-going"], false, 1);
    assert!(run.stderr.contains("cut.json"), "{}", run.stderr);
    let _ = check(&place, &["cut.json"], false, 2);
    assert!(!place.path("x.json").exists());
    let _ = check(&place, &["missing.json"], false, 2);
}

#[test]
fn rejected_lines_are_told_once() {
    let place = logs(1500);
    let text = place.text("a.jsonl");
    let (head, rest) = text.split_at(text.match_indices('\n').nth(700).expect("a line").0 + 1);
    place.write("a.jsonl", format!("{head}{{\"start\":\nnothing\n{rest}"));
    let _ = check(&place, &["--max-rejects", "2"], true, 1);
    let _ = check(&place, &["--max-rejects", "1"], false, 2);
}

#[test]
fn facts_come_before_the_first_event() {
    let place = logs(1500);
    let lines = log(0..1500, "own").concat().trim_end().replace('\n', ",");
    let facts = "[{\"kind\":\"title\",\"key\":\"All of it\",\"value\":null}]";
    for text in [
        format!("{{\"annals\":1,\"timeline\":{{\"facts\":{facts}}},\"events\":[{lines}]}}"),
        format!("{{\"annals\":1,\"events\":[{lines}],\"timeline\":{{\"facts\":{facts}}}}}"),
    ] {
        place.write("own.json", text);
        let _ = check(&place, &["own.json"], false, 0);
        assert!(place.text("x.json").contains("All of it"));
    }
}

#[test]
fn one_time_with_more_lines_than_fit() {
    let place = Place::new();
    let line = |n: usize| format!("{{\"start\":\"2025-09-10T08:00:00Z\",\"title\":\"line {}\"}}\n", n / 2 * 2);
    place.write("a.jsonl", log(0..1000, "a").concat());
    place.write("b.jsonl", log(0..500, "b").concat() + &(0..3000).map(line).collect::<String>());
    place.write("c.jsonl", (1500..4500).map(line).collect::<String>());
    let _ = check(&place, &[], false, 0);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_fails_leaves_the_others_as_they_were() {
    let place = logs(1500);
    let _ = check(&place, &["-o", "json:/dev/null"], true, 0);
    let run = check(&place, &["-o", "json:/dev/full"], false, 2);
    assert!(run.stderr.starts_with("error: cannot write `/dev/full`"), "{}", run.stderr);
    assert!(!place.path("x.json").exists());
}

#[test]
fn what_is_explained_is_not_streamed() {
    let place = logs(1500);
    let _ = check(&place, &["--explain", "e.jsonl"], false, 0);
    assert!(place.text("e.jsonl").lines().count() > 100);
}

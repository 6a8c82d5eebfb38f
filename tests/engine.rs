//! The merge engine through the program: much data, little memory, and what goes wrong on the way.

use std::ops::Range;

use serde_json::Value;

use crate::cases::{NOTES, ada, ben, calendar, event};
use crate::common::{Place, assert_balanced, golden};

/// Lines of a log: the n-th is always the same, at a time of its own.
fn log(lines: Range<usize>) -> String {
    let line = |n: usize| {
        // All times come once, in no order.
        let second = n * 7919 % 86_400;
        let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
        let noise = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let body = format!("{noise:016x}").repeat(12);
        format!("{{\"start\":\"2025-09-10T{time}Z\",\"title\":\"line {n}\",\"body\":\"{body}\"}}\n")
    };
    lines.map(line).collect()
}

/// As many lines that all say the same.
fn equal(count: usize) -> String {
    "{\"title\":\"tick\"}\n".repeat(count)
}

/// The smallest memory there may be, with which a few thousand lines do not fit.
const LITTLE: [&str; 2] = ["--memory", "1M"];
/// How the program may be told to work; no byte may depend on it.
const WAYS: [&[&str]; 4] = [
    &["--threads", "1"],
    &["--threads", "1", "--memory", "1M"],
    &["--threads", "4", "--memory", "1M"],
    &["--threads", "4", "--memory", "4M"],
];

fn number(report: &Value, key: &str) -> u64 {
    report[key].as_u64().unwrap_or_else(|| panic!("{key} of {report}"))
}

/// The total of a report that balances: read, kept, merged, filtered, rejected.
fn total(report: &Value) -> [u64; 5] {
    assert_balanced(report);
    ["read", "kept", "merged", "filtered", "rejected"].map(|key| number(report, key))
}

/// A folder with sources of all kinds, and their names.
fn mixed() -> (Place, Vec<&'static str>) {
    let place = Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben()), ("notes.jsonl", NOTES)]);
    let weekly = |lines: &str| event("weekly", "20250901T080000Z", "Weekly", lines);
    let moved = event("weekly", "20250909T080000Z", "Weekly, moved", "RECURRENCE-ID:20250908T080000Z\r\n");
    place.write("series.ics", calendar(&[weekly("RRULE:FREQ=WEEKLY;COUNT=9\r\n"), moved]));
    place.write("rooms.ics", calendar(&[weekly("RRULE:FREQ=WEEKLY;COUNT=9\r\nLOCATION:Room 1\r\n")]));
    place.write("a.jsonl", log(0..900) + &equal(5));
    place.write("b.jsonl", equal(3) + &log(600..1300));
    let version = |n: usize| {
        let (id, revision, day) = (n % 150, n % 4, n % 28 + 1);
        format!("{{\"id\":\"{id}\",\"revision\":{revision},\"start\":\"2025-03-{day:02}\",\"title\":\"{id}\"}}\n")
    };
    place.write("versions.jsonl", (0..500).map(version).collect::<String>());
    let _ = place.run(&["merge", "ada.ics", "notes.jsonl", "rooms.ics", "-o", "own.json"]).ok();
    let names = ["ada.ics", "ben.ics", "notes.jsonl", "series.ics", "rooms.ics", "a.jsonl", "b.jsonl"];
    (place, [&names[..], &["versions.jsonl", "own.json"]].concat())
}

#[test]
fn memory_and_threads_change_no_byte() {
    let (place, names) = mixed();
    let files = ["-o", "x.json", "-t", "jsonl", "--report", "r.json", "--explain", "e.jsonl"];
    let mut seen: Option<[String; 5]> = None;
    for way in WAYS {
        let run = place.run(&[&["merge"], &names[..], &files, way].concat()).ok();
        let [json, report, explain] = ["x.json", "r.json", "e.jsonl"].map(|name| place.text(name));
        let all = [json, report, explain, run.text().to_owned(), run.stderr.clone()];
        assert!(*seen.get_or_insert_with(|| all.clone()) == all, "{way:?}\n{}", run.stderr);
    }
    let report = place.json("r.json");
    let [read, kept, merged, ..] = total(&report);
    assert_eq!(read, kept + merged);
    // The log has 1,300 different lines, and a tick five times.
    let log = |event: &Value| event["title"].as_str().is_some_and(|title| title.starts_with("line") || title == "tick");
    let events = place.json("x.json")["events"].as_array().expect("events").clone();
    assert_eq!(events.iter().filter(|event| log(event)).count(), 1305);
    assert!(number(&report, "conflicts") > 0, "versions of one revision on several days");
}

/// A large file is read in parts by several threads: places, notes and rejects must not show it.
#[test]
fn a_file_read_in_parts_is_the_same_file() {
    let mut text = log(0..6000);
    // Not UTF-8, not JSON, no zone, binary at the beginning of a line: here and there.
    for (at, line) in
        ["{\"start\":\"2025-02-30\"}", "nonsense", "\u{0}\u{0}", "{\"start\":\"2025-01-01T10:00\"}"].iter().enumerate()
    {
        let cut = text.len() / 5 * (at + 1);
        let cut = cut + text[cut..].find('\n').expect("a line end") + 1;
        text.insert_str(cut, &format!("{line}\n\n"));
    }
    assert!(text.len() > 3 << 18, "{} bytes are too few for parts", text.len());
    let place = Place::with(&[("a.jsonl", &text)]);
    let run = |threads: &str| {
        let [out, report, rejects] = ["o", "r", "x"].map(|name| format!("{name}{threads}"));
        let output = format!("jsonl:{out}");
        let args =
            ["merge", "a.jsonl", "--memory", "1M", "--threads", threads, "-v", "-o", &output, "--report", &report];
        let run = place.run(&[&args[..], &["--rejects", &rejects]].concat()).expect(1);
        assert_balanced(&place.json(&report));
        let report = place.text(&report).replace(&out, "OUT");
        (place.read(&out), report, place.text(&rejects), run.stderr.replace(&out, "OUT"))
    };
    let (bytes, report, rejects, stderr) = run("1");
    let other = run("4");
    assert!(bytes == other.0, "the events differ");
    assert_eq!((report, rejects.clone(), stderr), (other.1, other.2, other.3));
    assert_eq!(rejects.lines().count(), 3);
}

#[test]
fn what_does_not_fit_goes_to_temporary_files() {
    let place = Place::with(&[("a.jsonl", &log(0..3000))]);
    let args = ["merge", "a.jsonl", "-o", "x.json", "--temp-dir", "missing"];
    place.run(&[&args[..], &LITTLE].concat()).expect(2).snapshot("temp-dir-missing");
    assert_eq!(place.names(), ["a.jsonl"]);
    let _ = place.run(&[&args[..], &["--memory", "1G"]].concat()).ok();
    assert_eq!(place.json("x.json")["events"].as_array().expect("events").len(), 3000);
}

#[test]
fn standard_output_is_kept_in_the_folder_for_temporary_files_until_the_end() {
    let place = Place::with(&[("a.jsonl", NOTES), ("t/keep", "")]);
    let args = ["merge", "a.jsonl"];
    place.run(&[&args[..], &["--temp-dir", "missing"]].concat()).expect(2).snapshot("temp-dir-missing-for-stdout");
    let args = [&args[..], &["--temp-dir", "t"]].concat();
    let mut command = place.command(&args);
    let run = place.finish(&args, command.env("TMPDIR", "missing").output().expect("the program starts"));
    assert_eq!(run.ok().titles().len(), 3);
}

/// Runs the program in a shell that has set these limits.
#[cfg(unix)]
fn limited(place: &Place, limits: &str, args: &[&str]) -> crate::common::Run {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_annals")]).args(args);
    command.current_dir(place.path(""));
    place.finish(args, command.output().expect("a shell"))
}

#[cfg(unix)]
#[test]
fn many_inputs_are_one_with_few_open_files() {
    let place = Place::new();
    let mut whole = String::new();
    for n in 0..300 {
        let part = log(n * 5..n * 5 + 5);
        place.write(&format!("in/{n:03}.jsonl"), &part);
        whole.push_str(&part);
    }
    place.write("whole.jsonl", whole);
    let one = place.run(&["merge", "jsonl,label=log:whole.jsonl", "--report", "one.json"]).ok();
    let args = ["merge", "jsonl,label=log:in", "--report", "many.json", "--threads", "4", "--memory", "1M"];
    let many = limited(&place, "ulimit -n 40", &args).ok();
    assert_eq!(total(&place.json("one.json")), [1500, 1500, 0, 0, 0]);
    assert_eq!(total(&place.json("many.json")), [1500, 1500, 0, 0, 0]);
    let without_places = |run: &crate::common::Run| {
        let mut events = run.events();
        events.iter_mut().for_each(|event| event["claims"][0]["locator"] = Value::Null);
        events
    };
    assert_eq!(without_places(&many), without_places(&one));
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_nothing_is_written() {
    let place = Place::with(&[("a.jsonl", &log(0..3000)), ("x.json", "old"), ("t/keep", "")]);
    let args = ["merge", "a.jsonl", "-o", "x.json", "-o", "y.json", "--temp-dir", "t", "--memory", "1M"];
    // The signal of a file that grows too large must not end the program before it can tell.
    let run = limited(&place, "trap '' XFSZ; ulimit -f 32", &args).expect(2);
    assert!(run.stderr.starts_with("error: cannot keep temporary data in `t`\nCaused by: File too large"));
    assert!(run.stderr.contains("hint: `--temp-dir DIR`"), "{}", run.stderr);
    assert_eq!(
        (place.names(), place.text("x.json")),
        (["a.jsonl", "t", "x.json"].map(str::to_owned).to_vec(), "old".into())
    );
    assert_eq!(std::fs::read_dir(place.path("t")).expect("a folder").count(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_leaves_the_others_as_they_were() {
    let place = Place::with(&[("a.jsonl", &log(0..1000)), ("x.json", "old")]);
    for device in ["json:/dev/full", "jsonl:/dev/full", "ics:/dev/full"] {
        let run = place.run(&["merge", "a.jsonl", "-o", "x.json", "-o", device, "-o", "y.json"]).expect(2);
        assert!(run.stderr.starts_with("error: cannot write `/dev/full`\nCaused by: No space left"), "{}", run.stderr);
        assert_eq!(
            (place.names(), place.text("x.json").as_str()),
            (vec!["a.jsonl".to_owned(), "x.json".to_owned()], "old")
        );
    }
}

#[test]
fn thousands_of_events_of_one_moment_keep_their_order_and_pair_off() {
    let line = |n: usize| format!("{{\"start\":\"2025-09-10T08:00:00Z\",\"title\":\"{n}\"}}\n");
    let (forward, back): (String, String) = ((0..5000).map(line).collect(), (0..5000).rev().map(line).collect());
    let place = Place::with(&[("a.jsonl", &forward), ("b.jsonl", &back)]);
    let run = place.run(&["merge", "b.jsonl", "a.jsonl", "--report", "r.json"]).ok();
    assert_eq!(total(&place.json("r.json")), [10_000, 5000, 5000, 0, 0]);
    assert_eq!(run.titles(), (0..5000).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(run.events().iter().all(|event| event["claims"].as_array().expect("claims").len() == 2));
}

#[test]
fn inputs_in_order_and_in_reverse_become_one_timeline() {
    let line = |n: usize| format!("{{\"start\":\"{}\",\"title\":\"{n}\"}}\n", 1000 + n);
    let (forward, back): (String, String) = ((0..2000).map(line).collect(), (0..2000).rev().map(line).collect());
    let place = Place::with(&[("a.jsonl", &forward), ("b.jsonl", &back)]);
    let expected: Vec<String> = (0..2000).map(|n| n.to_string()).collect();
    for name in ["a.jsonl", "b.jsonl"] {
        assert!(place.run(&[&["merge", name][..], &LITTLE].concat()).ok().titles() == expected, "{name}");
    }
}

#[test]
fn the_first_and_the_last_years_are_in_order_and_the_undated_come_last() {
    let times =
        ["Y-500000", "-9999", "-0001-12-31", "0000", "1969-12-31T23:59:59.999999999Z", "1970", "9999-12-31", "Y500000"];
    let line = |time: &&str| format!("{{\"when\":\"{time}\",\"title\":\"{time}\"}}\n");
    let undated = "{\"title\":\"-\"}\n".to_owned();
    let lines: String = [undated].into_iter().chain(times.iter().rev().map(line)).collect();
    let place = Place::with(&[("a.jsonl", &lines)]);
    let expected = [&times[..], &["-"]].concat();
    for memory in ["1M", "1G"] {
        let run = place.run(&["merge", "a.jsonl", "--memory", memory]).ok();
        assert_eq!(run.titles(), expected);
        place.write("own.jsonl", run.text());
        assert_eq!(place.run(&["merge", "own.jsonl", "a.jsonl"]).ok().text(), run.text(), "again");
    }
}

#[test]
fn of_equal_lines_as_many_stay_as_one_source_has() {
    for (n, m) in [(5, 3), (3, 5), (10_100, 50)] {
        let place = Place::with(&[("a.jsonl", &equal(n)), ("b.jsonl", &equal(m))]);
        let run = place.run(&["merge", "a.jsonl", "b.jsonl", "--report", "r.json"]).ok();
        let (most, least) = (n.max(m), n.min(m));
        assert_eq!(total(&place.json("r.json")), [n + m, most, least, 0, 0].map(|count| count as u64));
        let claims: Vec<usize> =
            run.events().iter().map(|event| event["claims"].as_array().expect("claims").len()).collect();
        assert_eq!(claims.iter().filter(|&&count| count == 2).count(), least);
        let ids: std::collections::BTreeSet<String> =
            run.events().iter().map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
        assert!(ids.len() == most && ids.iter().any(|id| id.ends_with(&format!("-{most}"))));
    }
}

#[test]
fn a_large_file_given_twice_adds_nothing() {
    let place = Place::with(&[("a.jsonl", &(log(0..500) + &equal(100)))]);
    for dedupe in ["none", "identity", "exact"] {
        let args = ["merge", "a.jsonl", "--dedupe", dedupe, "--report", "r.json"];
        let once = place.run(&args).ok();
        assert_eq!(total(&place.json("r.json")), [600, 600, 0, 0, 0], "{dedupe}");
        let twice = place.run(&[&args[..], &["a.jsonl"], &LITTLE].concat()).ok();
        assert_eq!(total(&place.json("r.json")), [1200, 600, 600, 0, 0], "{dedupe}");
        assert!(once.stdout == twice.stdout, "{dedupe}");
    }
}

#[test]
fn a_source_that_fails_late_contributes_nothing_even_if_its_rows_were_kept_aside() {
    let lines = log(0..1500);
    let array: Vec<&str> = lines.lines().collect();
    let ids: String = (0..50).map(|n| format!(",{{\"id\":\"{n}\",\"revision\":2,\"title\":\"new\"}}")).collect();
    let place = Place::with(&[("cut.json", &format!("[{}{ids},{{\"title\":\"cut", array.join(",")))]);
    // Others say the same as it, or an older version.
    let old: String = (0..50).map(|n| format!("{{\"id\":\"{n}\",\"revision\":1,\"title\":\"old\"}}\n")).collect();
    place.write("good.jsonl", log(1200..1700) + &old);
    let alone = place.run(&["merge", "good.jsonl"]).ok();
    for way in WAYS {
        let args = ["merge", "good.jsonl", "cut.json", "--keep-going", "--report", "r.json"];
        let run = place.run(&[&args[..], way].concat()).expect(1);
        assert!(run.stdout == alone.stdout, "{way:?}");
        let report = place.json("r.json");
        assert_eq!(total(&report), [550, 550, 0, 0, 0], "{way:?}");
        assert_eq!((&report["sources"][0]["status"], &report["sources"][0]["read"]), (&"failed".into(), &0.into()));
    }
    // Without leave to go on nothing is written.
    let _ = place.run(&[&["merge", "good.jsonl", "cut.json", "-o", "x.json"][..], &LITTLE].concat()).expect(2);
    assert!(!place.path("x.json").exists());
}

#[test]
fn merges_are_explained() {
    let place = Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben())]);
    let room = |room: u32| calendar(&[event("room", "20250912T080000Z", "Talk", &format!("LOCATION:Room {room}\r\n"))]);
    place.write("one.ics", room(1));
    place.write("two.ics", room(2));
    let inputs = ["merge", "ada.ics", "ben.ics", "one.ics", "two.ics", "-o", "x.json", "--explain", "e.jsonl"];
    let _ = place.run(&inputs).ok();
    let mut lines: Vec<Value> =
        place.text("e.jsonl").lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    // Identity before exact; those of one rule by their hashes, which is no order for people.
    lines.sort_by_key(|line| line["when"].as_str().map(str::to_owned));
    let told = |line: &Value| {
        let count = |key: &str| line[key].as_array().expect("a list").len();
        (
            line["rule"].as_str().expect("a rule").to_owned(),
            line["conflict"] == true,
            count("members"),
            count("alternates"),
        )
    };
    let told: Vec<_> = lines.iter().map(told).collect();
    let expected =
        [("identity", false, 2, 1), ("identity", true, 1, 0), ("identity", true, 1, 0), ("exact", false, 2, 0)];
    assert_eq!(told, expected.map(|(rule, conflict, members, others)| (rule.to_owned(), conflict, members, others)));
    golden("explain.json", format!("{:#}\n", Value::from(lines)).as_bytes());
}

#[test]
fn an_id_that_all_records_share_is_one_event_with_many_contradictions() {
    let line = |n: usize| format!("{{\"id\":\"same\",\"start\":\"2025\",\"title\":\"{n}\"}}\n");
    let place = Place::with(&[("a.jsonl", &(0..1500).map(line).collect::<String>())]);
    let run = place.run(&["merge", "a.jsonl", "--report", "r.json"]).ok();
    assert_eq!(total(&place.json("r.json")), [1500, 1500, 0, 0, 0]);
    assert_eq!(number(&place.json("r.json"), "conflicts"), 1);
    assert!(run.stderr.contains("has 1500 versions that contradict each other"), "{}", run.stderr);
}

#[test]
fn progress_is_told_only_when_asked_for() {
    let place = Place::with(&[("a.jsonl", NOTES)]);
    let plain = place.run(&["merge", "a.jsonl"]).ok();
    for when in [&["--progress", "never"][..], &["--progress", "auto"], &["--progress", "always", "-q"]] {
        let run = place.run(&[&["merge", "a.jsonl"], when].concat()).ok();
        assert_eq!(run.stdout, plain.stdout);
        assert!(!run.stderr.contains("reading"), "{when:?}: {}", run.stderr);
    }
    let run = place.run(&["merge", "a.jsonl", "--progress", "always"]).ok();
    assert_eq!(run.stdout, plain.stdout);
    assert!(run.stderr.contains("reading") && run.stderr.contains("read 3 = written 3"), "{}", run.stderr);
}

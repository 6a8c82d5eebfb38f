//! `annals plugin check`: our own plugins pass the conformance kit, and a bad one fails where it is bad.

use std::path::Path;

#[cfg(target_os = "linux")]
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::common::compile;
use crate::common::{Place, ROOT, library};

/// A few samples of each of our formats.
const SAMPLES: [(&str, &str); 5] = [
    (
        "a.ics",
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Tests//EN\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20250801T090000Z\r\n\
         DTSTART:20250910T080000Z\r\nSUMMARY:Talk\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ),
    ("a.jcal", r#"["vcalendar",[],[["vevent",[["uid",{},"text","a"],["dtstart",{},"date","2025-09-10"]],[]]]]"#),
    ("a.jscal", r#"{"@type":"Event","uid":"a","start":"2025-09-10T08:00:00","title":"Talk"}"#),
    ("a.json", r#"{"annals":1,"events":[{"id":"a","start":"2025-08~","title":"Letters"}]}"#),
    ("a.jsonl", "{\"start\":\"2025-09-10\",\"title\":\"Talk\"}\n{\"start\":1}\n{\"title\":\"Undated\"}\n"),
];

#[test]
fn our_own_plugins_pass() {
    let place = Place::new();
    for (name, text) in SAMPLES {
        place.write(&format!("samples/{name}"), text);
    }
    for plugin in ["ics", "json", "markdown"] {
        let library = library(plugin);
        // What a library exports is not told of every system's, and valgrind is not everywhere.
        let skipped = ["--skip", "symbols", "--skip", "leaks"];
        let args = ["plugin", "check", &library, "--samples", "samples", "--untimed", "--fuzz", "1", "--runs", "20"];
        place.run(&[&args[..], &skipped].concat()).ok().snapshot(&format!("plugin-check-{plugin}"));
    }
}

/// Each reading is a process of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_program_passes() {
    let place = Place::with(&[
        ("samples/a.bash_history", "ls\n#1700000000\nmake\n#1700000060\nfor i in 1 2\ndo echo $i\ndone\n"),
        ("samples/b.zsh_history", ": 1700000000:0;ls -l\n: 1700000100:0;echo a \\\nb\n"),
    ]);
    let program = Path::new(ROOT).join("plugins/history/history.py");
    let args = ["plugin", "check", program.to_str().expect("UTF-8"), "--samples", "samples", "--untimed"];
    let only = ["sniff", "samples", "accounting", "locators", "read-error", "max-record", "truncation", "cancel"];
    let only: Vec<&str> = only.iter().flat_map(|name| ["--only", name]).collect();
    place.run(&[&args[..], &only].concat()).ok().snapshot("plugin-check-program");
}

#[test]
fn what_cannot_be_checked() {
    let place = Place::with(&[("libannals_text.so", "not a library\n"), ("samples/a.ics.options.json", "[]")]);
    place.run(&["plugin", "check", "libannals_missing.so"]).expect(2).snapshot("plugin-check-missing");
    let run = place.run(&["plugin", "check", "libannals_text.so"]).expect(2);
    assert!(run.stderr.contains("it cannot be loaded as a shared library: "), "{}", run.stderr);
    let markdown = library("markdown");
    place.run(&["plugin", "check", &markdown, "--only", "snif"]).expect(2).snapshot("plugin-check-unknown-test");
    place.run(&["plugin", "check", &markdown, "--samples", "none"]).expect(2).snapshot("plugin-check-no-folder");
    place.write("samples/a.ics", "");
    place.run(&["plugin", "check", &markdown, "--samples", "samples"]).expect(2).snapshot("plugin-check-bad-options");
}

/// A plugin in C with one good format and several that are each wrong in one way.
#[cfg(target_os = "linux")]
fn wrong() -> Place {
    let place = Place::new();
    compile(&place, "wrong");
    for format in ["good", "crashes", "lies", "restless", "careless", "loses"] {
        place.write(&format!("samples/a.{format}"), "one\ntwo\n");
    }
    place
}

#[cfg(target_os = "linux")]
#[test]
fn a_bad_plugin_fails_where_it_is_bad() {
    let place = wrong();
    let args = ["plugin", "check", "libannals_wrong.so", "--untimed"];
    place.run(&[&args[..], &["--skip", "leaks"]].concat()).expect(1).snapshot("plugin-check-wrong");
    let run = place.run(&[&args[..], &["--format", "json", "--only", "truncation", "--only", "flags"]].concat());
    let report: Value = serde_json::from_slice(&run.expect(1).stdout).expect("JSON");
    let of = |format: &str, test: &str| {
        let tests = report["tests"].as_array().expect("tests");
        let found = tests.iter().find(|row| row["format"] == format && row["test"] == test);
        found.unwrap_or_else(|| panic!("{format} {test}")).clone()
    };
    assert_eq!(of("good", "truncation")["verdict"], "passed");
    assert_eq!(of("good", "truncation")["failures"], Value::Null);
    assert_eq!(of("hangs", "truncation")["verdict"], "skipped", "it has no sample");
    let crash = "the process is killed by signal 6 (SIGABRT), at: a.crashes cut at byte 1";
    assert_eq!(of("crashes", "truncation")["failures"][0], crash);
    assert_eq!(of("careless", "flags")["verdict"], "failed");
    assert_eq!(report["failed"], 3, "{report:#}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_plugin_that_never_ends_is_stopped() {
    let place = wrong();
    place.write("endless/a.hangs", "one\ntwo\n");
    let args =
        ["plugin", "check", "libannals_wrong.so", "--samples", "endless", "--only", "truncation", "--timeout", "5"];
    place.run(&args).expect(1).snapshot("plugin-check-endless");
}

#[cfg(target_os = "linux")]
#[test]
fn lost_memory_is_found_where_there_is_valgrind() {
    let place = wrong();
    let run = place.run(&["plugin", "check", "libannals_wrong.so", "--only", "leaks"]);
    let found =
        run.text().contains("FAIL  leaks          definitely lost: ") && run.text().contains(", in `open_as`\n");
    let skipped = run.text().contains("skip  leaks          there is no valgrind\n");
    assert!(found && run.code == 1 || skipped && run.code == 0, "{}", run.text());
}

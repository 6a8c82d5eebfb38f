//! Importers pass over records that lie outside the windows of a filter, where an input can be read again. Nothing tells
//! whether they did: inputs that can be read only once, pipes, give the same bytes and the same account.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;
use std::thread;

use crate::common::{Place, Run, assert_balanced, library};

const WINDOW: [&str; 2] = ["--during", "2025-09-10..2025-09-12"];

/// Runs the program on pipes with these names; but of what cannot be read the program shows a line, from a file.
fn through_pipes(place: &Place, files: &[(&str, Vec<u8>)], args: &[&str]) -> Run {
    let (regular, piped): (Vec<_>, Vec<_>) = files.iter().partition(|(name, _)| name.starts_with("bad"));
    regular.iter().for_each(|(name, bytes)| drop(place.write(name, bytes)));
    for (name, _) in &piped {
        assert!(Command::new("mkfifo").arg(place.path(name)).status().expect("mkfifo").success());
    }
    let output = thread::scope(|scope| {
        let writer = |(name, bytes): &&(&str, Vec<u8>)| {
            let (path, bytes) = (place.path(name), bytes.clone());
            // The program may have had enough before the end.
            scope.spawn(move || File::options().write(true).open(path).and_then(|mut pipe| pipe.write_all(&bytes)).ok())
        };
        let writers: Vec<_> = piped.iter().map(writer).collect();
        let output = place.command(args).output().expect("the program starts");
        for ((name, _), writer) in piped.iter().zip(&writers) {
            // Who still waits for a reader is let go.
            while !writer.is_finished() {
                let path = place.path(name);
                OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).expect("a pipe");
                thread::yield_now();
            }
        }
        output
    });
    place.finish(args, output)
}

/// Asserts that all is the same; `options` come before the inputs. Gives the run.
fn same_of(files: &[(&str, Vec<u8>)], inputs: &[&str], options: &[&str]) -> (Run, Place) {
    const TOLD: [&str; 3] = ["r.json", "rejects.jsonl", "explain.jsonl"];
    let told = ["--report", TOLD[0], "--rejects", TOLD[1], "--explain", TOLD[2]];
    let told = if options.contains(&"--quiet") { &told[..4] } else { &told };
    let args = [&["merge"], told, options, inputs].concat();
    let piped = Place::new();
    let expected = through_pipes(&piped, files, &args);
    let place = Place::new();
    files.iter().for_each(|(name, bytes)| drop(place.write(name, bytes)));
    for more in [&[][..], &["--threads", "1"], &["--threads", "3", "--memory", "4M"]] {
        let run = place.run(&[&args, more].concat());
        assert_eq!((run.code, &run.stderr), (expected.code, &expected.stderr), "{args:?} {more:?}");
        assert!(run.stdout == expected.stdout, "{args:?} {more:?}:\n{}\n{}", run.text(), expected.text());
        for name in TOLD.iter().filter(|name| piped.path(name).exists()) {
            assert_eq!(place.text(name), piped.text(name), "{args:?} {more:?}");
        }
    }
    if expected.code < 2 {
        assert_balanced(&piped.json("r.json"));
    }
    (expected, place)
}

fn same(files: &[(&str, &str)], options: &[&str]) -> Run {
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, text)| (*name, (*text).into())).collect();
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    same_of(&files, &names, options).0
}

/// The titles that are left for each way to join.
fn check(files: &[(&str, &str)], expected: [&[&str]; 2]) {
    for (dedupe, titles) in [("none", expected[0]), ("identity", expected[1]), ("exact", expected[1])] {
        let run = same(files, &[&WINDOW[..], &["--dedupe", dedupe]].concat());
        assert_eq!(run.titles(), titles, "{dedupe} {files:?}");
    }
}

fn line(id: &str, revision: u32, day: u32) -> String {
    format!(
        "{{\"id\":\"{id}\",\"revision\":{revision},\"start\":\"2025-09-{day:02}T10:00:00Z\",\"title\":\"v{revision}\"}}\n"
    )
}

#[test]
fn a_version_that_has_moved_takes_the_others_with_it() {
    let (old, new) = (line("a", 1, 11), line("a", 2, 20));
    check(&[("a.jsonl", &old), ("b.jsonl", &new)], [&["v1"], &[]]);
    check(&[("a.jsonl", &format!("{old}{new}"))], [&["v1"], &[]]);
    check(&[("a.jsonl", &format!("{new}{old}"))], [&["v1"], &[]]);
    // Into the window, with what it says otherwise as a claim.
    let (old, new) = (line("a", 1, 1), line("a", 2, 11));
    check(&[("a.jsonl", &old), ("b.jsonl", &new)], [&["v2"], &["v2"]]);
    let (first, last) = (line("a", 3, 30), line("b", 9, 3));
    check(&[("a.jsonl", &format!("{first}{last}{new}")), ("b.jsonl", &format!("{old}{last}{old}"))], [&["v2"], &[]]);
}

#[test]
fn series_and_claims_are_rows_always() {
    let master = r#"{"id":"s","start":"2025-01-01T10:00:00Z","recurrence":"RRULE:FREQ=DAILY","title":"daily"}"#;
    let over = r#"{"id":"s","instance":"20250911T100000Z","start":"2025-10-01T10:00:00Z","title":"moved"}"#;
    let plain = r#"{"id":"s","start":"2025-10-01T10:00:00Z","title":"plain"}"#;
    let titles = &["daily", "moved"][..];
    check(&[("a.jsonl", &format!("{master}\n{over}\n"))], [titles, titles]);
    let _ = same(&[("a.jsonl", &format!("{plain}\n{over}\n")), ("b.jsonl", master)], &WINDOW);
    let claims = r#"{"id":"c","start":"2025-10-01T10:00:00Z","title":"now","claims":[{"source":"x","revision":3,
        "differs":{"start":"2025-09-11T10:00:00Z"}},{"source":"y"}]}"#;
    let _ = same(&[("a.jsonl", &claims.replace("\n", "")), ("b.jsonl", &line("c", 1, 11))], &WINDOW);
}

/// Lines with all that may make a difference.
fn mixture(seed: u64, count: u64) -> Vec<u8> {
    const ODD: [&[u8]; 22] = [
        b"",
        b"  ",
        b"{",
        b"[1]",
        b"{}",
        b"null",
        b"{\"start\":\"2025-02-30\"}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"title\":1}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"title\":\"\\ud800\"}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"title\":\"\\u00e9\\ud83c\\udf89\\x\"}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"title\":\"\xff\"}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"title\":\"a\",\"title\":\"b\"}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"x\":1,\"x\":2}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"x\":{\"a\":1,\"a\":2}}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"revision\":1.5}",
        b"{\"start\":\"2025-01-01T10:00:00Z\",\"tags\":[\"a\",1]}",
        b"{\"start\":\"2025-01-01T10:00:00Z\"} x",
        b" {\"start\":\"2025-01-01T10:00:00Z\",\"id\":\"5\"} ",
        b"{\"start\":\"2025-01-02T10:00:00Z\",\"end\":\"2025-01-01T10:00:00Z\"}",
        b"{\"start\":\"2025-01-01T10:00:00\",\"title\":\"floating\"}",
        b"{\"id\":\"sha256-0123456789abcdef0123456789abcdef\",\"start\":\"2025-01-01T10:00:00Z\"}",
        b"{\"zone\":\"Europe/Berlin\",\"start\":\"2025-01-01T10:00:00\",\"x\":[{\"a\":[1,null]},true,\"\\\"\"],\"end\":null}",
    ];
    let mut out = Vec::new();
    let mut state = seed;
    for n in 0..count {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (dice, day, id) = (state >> 33, (state >> 40) % 40 + 1, (state >> 50) % 30);
        let month = 9 + day / 30;
        let start = format!("2025-{month:02}-{:02}", day % 30 + 1);
        let body = "text ".repeat((dice % 60) as usize);
        let line = match dice % 16 {
            0 => String::from_utf8_lossy(ODD[(dice / 16) as usize % ODD.len()]).into_owned(),
            1..=6 => format!(
                "{{\"id\":\"{id}\",\"revision\":{},\"start\":\"{start}T10:00:00Z\",\"body\":\"{body}\",\"n\":{n}}}",
                dice / 16 % 4
            ),
            7 => format!("{{\"start\":\"{start}T10:00:00+02:00\",\"title\":\"same\",\"lane\":\"{}\"}}", dice / 16 % 3),
            8 => format!("{{\"key\":\"{id}\",\"start\":\"{start}T10:00:00Z\",\"title\":\"{n}\"}}"),
            9 => format!("{{\"start\":\"{start}\",\"title\":\"day\",\"key\":{}}}", id % 5),
            10 => format!("{{\"start\":\"{start}T10:00:00\",\"id\":\"{id}\",\"body\":\"{body}\"}}"),
            11 => format!("{{\"when\":\"2025-{month:02}\",\"title\":\"month\"}}"),
            12 => format!("{{\"id\":\"{}\",\"title\":\"undated\"}}", id + 20),
            13 => format!("{{\"start\":\"{start}T10:00:00Z\",\"end\":\"{start}T11:00:00Z\",\"title\":\"{body}\"}}"),
            14 => format!("{{ \"title\" : \"spaced\", \"start\": \"{start}T10:00:00.000Z\", \"id\": \"{id}\" }}"),
            _ => {
                format!("{{\"id\":\"{id}\",\"start\":\"{start}T23:59:59.999999999Z\",\"lane\":\"x\",\"tags\":[\"t\"]}}")
            }
        };
        if dice % 16 == 0 {
            out.extend(ODD[(dice / 16) as usize % ODD.len()]);
        } else {
            out.extend(line.bytes());
        }
        out.extend(if dice % 7 == 0 { &b"\r\n"[..] } else { b"\n" });
    }
    out
}

#[test]
fn all_is_the_same_as_through_a_pipe() {
    let mut first = b"\xef\xbb\xbf".to_vec();
    first.extend(mixture(1, 400));
    let mut last = mixture(3, 200);
    last.extend(b"{\"id\":\"3\",\"revision\":9,\"start\":\"2025-10-05T10:00:00Z\",\"title\":\"no line end\"}");
    let files = [("a.jsonl", first), ("b.jsonl", mixture(2, 700)), ("c.jsonl", last)];
    let inputs: [&[&str]; 4] = [
        &["a.jsonl", "b.jsonl", "c.jsonl"],
        &["jsonl,id=key:a.jsonl", "jsonl,id=key,id-scope=s:b.jsonl", "jsonl,id=key,id-scope=s:c.jsonl"],
        &[",lane=L,zone=Europe/Berlin:a.jsonl", ",tags=t+u,host=h:b.jsonl", ",id-scope=x,label=l:c.jsonl"],
        &["jsonl,start=start,id=id,revision=n:a.jsonl", "jsonl,times=s,title=body:b.jsonl", "c.jsonl"],
    ];
    let options: [&[&str]; 6] = [
        &["--during", "2025-09-10..2025-09-12"],
        &["--overlapping", "2025-09-20..", "--lane", "x", "--lane", "1", "--quiet"],
        &["--since", "2025-09-15", "--until", "2025-09-25T10:00Z", "--zone", "Asia/Tokyo", "--certainly"],
        &["--until", "2025-09-05", "--conflict", "one", "--quiet"],
        &["--during", "2025-09", "--max-record", "150", "--grep", "a|e"],
        &["--during", "2026", "--quiet"],
    ];
    for (n, options) in options.iter().enumerate() {
        for dedupe in ["none", "identity", "exact"] {
            let inputs = inputs[(n + usize::from(dedupe == "none")) % inputs.len()];
            let (run, _) = same_of(&files, inputs, &[options, &["--dedupe", dedupe][..]].concat());
            assert_eq!(run.code, 1, "there are rejects: {}", run.stderr);
        }
    }
}

#[test]
fn what_is_far_apart_is_found_again() {
    let filler = "filler ".repeat(100);
    let row = |n: u32| {
        let (id, day) = if n.is_multiple_of(400) { (n % 3, n / 400 % 28 + 1) } else { (n, 28) };
        format!("{{\"body\":\"{filler}\",\"start\":\"2025-09-{day:02}T10:00:00Z\",\"id\":\"{id}\",\"revision\":{n}}}\n")
    };
    let text: Vec<u8> = (0..4000).flat_map(|n| row(n).into_bytes()).collect();
    let (run, place) = same_of(&[("a.jsonl", text)], &["a.jsonl"], &["--during", "2025-09-10", "--conflict", "both"]);
    assert_eq!((run.code, place.json("r.json")["read"].as_u64()), (0, Some(4000)));
    assert!(place.json("r.json")["merged"].as_u64() > Some(0), "{}", place.text("r.json"));
}

#[test]
fn inputs_in_order_stream_past_what_is_outside() {
    let row = |n: u64| {
        let (day, hour, minute) = (n / 600 + 1, n / 60 % 10, n % 60);
        format!("{{\"start\":\"2025-09-{day:02}T{hour:02}:{minute:02}:00Z\",\"title\":\"{}\"}}\n", "word ".repeat(20))
    };
    let text: Vec<u8> = (0..12_000).flat_map(|n| row(n).into_bytes()).collect();
    let files = [("a.jsonl", text.clone()), ("b.jsonl", text)];
    let (run, _) = same_of(&files, &["a.jsonl", "b.jsonl"], &["--during", "2025-09-10..2025-09-12", "--quiet"]);
    assert_eq!(run.events().len(), 1800);
}

#[test]
fn a_source_that_fails_counts_for_nothing() {
    let bad = [mixture(7, 100), vec![0; 300]].concat();
    let files = [("a.jsonl", mixture(5, 300)), ("bad.jsonl", b"\xff\xfe{\0}\0".to_vec()), ("c.jsonl", bad)];
    let inputs = ["a.jsonl", "jsonl:bad.jsonl", "c.jsonl"];
    let (run, _) = same_of(&files, &inputs, &["--during", "2025-09-10", "--keep-going"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn plugins_by_other_carriers_come_to_the_same() {
    let library = library("json");
    let place = Place::new();
    place.write("a.jsonl", mixture(9, 500));
    place.write("b.jsonl", mixture(10, 500));
    let args = ["merge", "a.jsonl", "b.jsonl", "--during", "2025-09-10", "--report", "r.json"];
    let built_in = place.run(&args).expect(1);
    let report = place.text("r.json");
    // A worker is not asked to pass over anything, and comes to the same.
    for carrier in ["worker", "loaded"] {
        let run = place.run(&[&args[..], &["--plugin", &library]].concat()).expect(1);
        assert!(run.stdout == built_in.stdout && run.stderr == built_in.stderr, "{carrier}");
        assert_eq!(place.text("r.json"), report.replace("built in", carrier));
        place.trust(&library);
    }
}

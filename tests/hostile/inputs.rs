//! Nothing that is read or asked for takes the program down: an exit code and a clear error each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use crate::cases::{GOOD, ada};
use crate::common::{Place, assert_balanced};

/// A failing input: exit code 2 with its error, and beside a good one under `--keep-going` only itself missing.
fn fails(name: &str, file: &str, bytes: &[u8]) {
    let place = Place::with(&[("good.jsonl", GOOD)]);
    place.write(file, bytes);
    fails_in(&place, name, file);
}

fn fails_in(place: &Place, name: &str, input: &str) {
    let run = place.run(&["merge", input, "-o", "x.json", "--report", "r.json"]).expect(2);
    assert!(!place.path("x.json").exists() && !place.path("r.json").exists(), "{name}: something was written");
    run.snapshot(&format!("hostile-{name}"));
    let args = ["merge", input, "good.jsonl", "--keep-going", "-o", "x.json", "-t", "jsonl", "--report", "r.json"];
    let run = place.run(&args).expect(1);
    assert_eq!(run.titles(), ["Good"], "{name}");
    let report = place.json("r.json");
    assert_balanced(&report);
    assert_eq!(report["failures"].as_array().map(Vec::len), Some(1), "{name}: {report:#}");
}

#[test]
fn files_without_anything_in_them() {
    fails("empty-ics", "a.ics", b"");
    fails("empty-jsonl", "a.jsonl", b"");
    fails("blank-ics", "a.ics", b" \r\n\n\t\n");
    fails("blank-json", "a.json", b" \n\n\t\n");
}

#[test]
fn bytes_that_are_no_text() {
    let garbage: Vec<u8> = (0..4096u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 | 0x80).collect();
    fails("garbage-ics", "a.ics", &garbage);
    fails("garbage-json", "a.json", &garbage);
    fails("garbage", "a.bin", &garbage);
    fails("not-utf8-json", "a.json", b"\xff[]");
    fails("half-utf8-json", "a.json", b"[{\"title\":\"caf\xc3");
}

#[test]
fn documents_that_are_cut_off() {
    fails("cut-off-json", "a.json", b"{\"annals\":1,\"events\":[{\"title\":\"who");
    fails("cut-off-array", "a.json", b"[");
    fails("cut-off-calendar", "a.ics", b"BEGIN:VCAL");
}

#[test]
fn deep_documents() {
    let deep = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    let place = Place::with(&[("good.jsonl", GOOD)]);
    for name in ["deep.json", "deep.jsonl"] {
        let object = [b"{\"title\":\"x\",\"a\":".as_slice(), &deep, b"}\n"].concat();
        place.write(name, if name == "deep.json" { [b"[", &object[..], b"]"].concat() } else { object });
        let run = place.run(&["merge", name, "good.jsonl", "--report", "r.json"]).expect(1);
        assert!(run.titles() == ["Good"] && run.stderr.contains("reject [too-deep]"), "{name}: {}", run.stderr);
        assert_balanced(&place.json("r.json"));
    }
    place.write("unclosed.json", "[".repeat(10_000));
    let _ = place.run(&["merge", "unclosed.json"]).expect(2);
}

#[test]
fn days_that_do_not_exist() {
    let calendar = ada().replace("20250911T110000Z", "20250230").replace("20251003T000000Z", "20251301T250000Z");
    let place = Place::with(&[("a.ics", &calendar)]);
    let run = place.run(&["merge", "a.ics", "-o", "x.json", "--report", "r.json"]).expect(1);
    assert_balanced(&place.json("r.json"));
    assert_eq!(place.json("x.json")["events"].as_array().map(Vec::len), Some(1));
    run.snapshot("hostile-no-such-day");
}

/// A file of one line of 100 MB.
fn huge(place: &Place, name: &str, begin: &str, end: &str) {
    let mut out = BufWriter::new(File::create(place.path(name)).expect("a file"));
    out.write_all(begin.as_bytes()).expect("room on the disk");
    let block = [b'x'; 1 << 20];
    (0..100).for_each(|_| out.write_all(&block).expect("room on the disk"));
    out.write_all(end.as_bytes()).and_then(|()| out.flush()).expect("room on the disk");
}

#[test]
fn lines_without_an_end() {
    let place = Place::with(&[("good.jsonl", GOOD)]);
    huge(&place, "a.jsonl", "{\"title\":\"", "\"}\n");
    huge(&place, "a.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:", "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    for name in ["a.jsonl", "a.ics"] {
        let start = Instant::now();
        let run = place.run(&["merge", name, "good.jsonl", "-t", "jsonl", "--report", "r.json"]).expect(1);
        assert!(start.elapsed() < Duration::from_secs(60), "{name} took {:?}", start.elapsed());
        assert_eq!(run.titles(), ["Good"], "{name}");
        let report = place.json("r.json");
        assert_balanced(&report);
        assert_eq!(report["rejected"], 1, "{name}: {}", run.stderr);
    }
}

#[test]
fn inputs_that_cannot_be_opened() {
    let place = Place::with(&[("good.jsonl", GOOD)]);
    fails_in(&place, "missing", "missing.ics");
    let place = Place::with(&[("good.jsonl", GOOD)]);
    fails_in(&place, "below-a-file", "good.jsonl/x.ics");
    let place = Place::with(&[("good.jsonl", GOOD)]);
    fails_in(&place, "format-unknown-prefix", "icss:good.ics");
    let place = Place::with(&[("good.jsonl", GOOD), ("folder/a.txt", "no calendar\n")]);
    fails_in(&place, "folder-of-another-format", "ics:folder");
    let place = Place::with(&[("good.jsonl", GOOD), ("a.xyz", "neither this nor that\n")]);
    fails_in(&place, "format-not-known", "a.xyz");
    let place = Place::with(&[("good.jsonl", GOOD), ("a.ics", &ada())]);
    fails_in(&place, "option-unknown", "ics,colour=red:a.ics");
    fails_in_again(&place, "zone-bad", "ics,zone=Mars/Olympus:a.ics");
    fails_in_again(&place, "option-of-another-type", "jsonl,times=weeks:a.ics");
}

fn fails_in_again(place: &Place, name: &str, input: &str) {
    ["x.json", "r.json"].iter().for_each(|file| std::fs::remove_file(place.path(file)).expect("it was written"));
    fails_in(place, name, input);
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::with(&[("good.jsonl", GOOD), ("folder.json/keep", "")]);
    let refused = |name: &str, args: &[&str]| {
        place.run(&[&["merge", "good.jsonl"], args].concat()).expect(2).snapshot(&format!("hostile-{name}"));
        assert_eq!(place.names(), ["folder.json", "good.jsonl"], "{name}");
    };
    refused("output-in-a-missing-folder", &["-o", "missing/x.json"]);
    refused("output-below-a-file", &["-o", "good.jsonl/x.json"]);
    refused("output-is-a-folder", &["-o", "x.json", "-o", "folder.json"]);
    refused("output-twice", &["-o", "x.json", "-o", "./x.json"]);
    refused("output-and-report-are-one", &["-o", "x.json", "--report", "x.json"]);
    refused("standard-output-twice", &["-o", "json:-", "-t", "ics"]);
    refused("output-without-extension", &["-o", "x"]);
    refused("output-of-an-unknown-format", &["-o", "docx:x"]);
    refused("to-unknown", &["-t", "xml"]);
    refused("report-in-a-missing-folder", &["-o", "x.json", "--report", "missing/r.json"]);
}

#[test]
fn devices() {
    if cfg!(unix) {
        let place = Place::with(&[("good.jsonl", GOOD)]);
        fails_in(&place, "null-device", "ics:/dev/null");
        let _ = place.run(&["merge", "good.jsonl", "-o", "json:/dev/null"]).ok();
        place.run(&["merge", "/dev/null/x"]).expect(2).snapshot("hostile-below-a-device");
    }
}

//! Workers that lie, break off or do not listen, through the program: a named failure, nothing written, nothing that hangs.
#![cfg(unix)]

use std::path::Path;

use annals_core::host::Plugin;
use annals_worker::frame::{Kind, write_frame};
use annals_worker::request::{Action, Request};
use annals_worker::testing::served;

use crate::common::{Place, ROOT, Run, assert_balanced};

/// A plugin whose output is the file that it reads.
fn echo() -> String {
    Path::new(ROOT).join("tests/plugins/echo.sh").into_os_string().into_string().expect("UTF-8")
}

/// What a good worker says of three lines, the last of them no event.
fn good() -> Vec<u8> {
    // SAFETY: the descriptor that the macro made.
    let json = unsafe { Plugin::built_in(&annals_json::PLUGIN) }.expect("a good descriptor");
    let request = Request { format: "jsonl".to_owned(), ..Request::default() };
    served(
        json,
        Action::Import,
        &request,
        "{\"start\":\"2025\",\"title\":\"a\"}\n{\"start\":\"2026\",\"title\":\"b\"}\n{\n",
    )
}

fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, kind, &[payload]).expect("memory can be written");
    bytes
}

/// Where its last message begins.
fn end_of(output: &[u8]) -> usize {
    output.windows(4).rposition(|head| head == b"E\0\0\0").expect("an end")
}

fn run(place: &Place, args: &[&str]) -> Run {
    place.run(&[args, &["--plugin", &echo()]].concat())
}

/// A worker that says `output`: the run fails for the reason, and writes nothing; with `--keep-going` the others are merged.
fn fails(output: &[u8], reason: &str) {
    let place = Place::with(&[("b.jsonl", "{\"start\":\"2025\",\"title\":\"other\"}\n")]);
    place.write("a.echo", output);
    let before = place.names();
    let failed = run(&place, &["merge", "a.echo", "b.jsonl", "-o", "out.json", "--report", "r.json"]).expect(3);
    assert!(failed.stderr.contains(reason), "{reason}: {}", failed.stderr);
    assert_eq!(place.names(), before, "nothing is written");
    let rest = run(&place, &["merge", "a.echo", "b.jsonl", "--report", "r.json", "--keep-going"]);
    assert_eq!(rest.titles(), ["other"], "{}", rest.stderr);
    assert!(rest.stderr.contains(reason), "{}", rest.stderr);
    assert_balanced(&place.json("r.json"));
}

#[test]
fn what_a_good_worker_says_is_merged() {
    let place = Place::new();
    place.write("a.echo", good());
    let run = run(&place, &["merge", "a.echo", "--report", "r.json"]).expect(1);
    assert_eq!(run.titles(), ["a", "b"]);
    let report = place.json("r.json");
    assert_balanced(&report);
    assert_eq!((report["read"].as_u64(), report["rejected"].as_u64()), (Some(3), Some(1)));
}

#[test]
fn a_stream_that_is_cut() {
    let good = good();
    fails(&good[..3], "it ended before it was done, with exit code 0");
    fails(&good[..end_of(&good)], "it ended before it was done, with exit code 0");
    fails(&good[..good.len() - 1], "it ended before it was done, with exit code 0");
}

#[test]
fn an_account_that_lies() {
    let good = good();
    let with = |account: &str| [&good[..end_of(&good)], &frame(Kind::End, account.as_bytes())].concat();
    let more = r#"{"read":4,"emitted":3,"rejected":1,"filtered":0}"#;
    fails(&with(more), "the plugin says 3 events and 1 rejects, but gave 2 and 1");
    fails(&with(r#"{"read":4,"emitted":2,"rejected":1,"filtered":0}"#), "the plugin's account does not balance");
    fails(&with(r#"{"read":3,"emitted":2,"rejected":1}"#), "its account has no whole number `filtered`");
}

#[test]
fn what_is_not_the_protocol() {
    let hello = frame(Kind::Hello, b"1");
    let behind = |rest: &[u8]| [&hello, rest].concat();
    fails(b"hello world", "\"hello wo\" is not the head of a frame");
    fails(&behind(b"D\0\0\0\xff\xff\xff\xffabc"), "a frame of 4294967295 bytes");
    fails(&behind(&frame(Kind::Batch, &[0; 64])), "bad batch: a message does not begin with the continuation marker");
    fails(&frame(Kind::Hello, b"2"), "it speaks version 2 of the protocol, not 1");
    fails(&behind("[".repeat(100_000).as_bytes()), "is not the head of a frame");
    fails(&behind(&frame(Kind::End, "[".repeat(100_000).as_bytes())), "recursion limit exceeded");
    let escape = frame(Kind::Error, br#"{"message":"red \u001b[31m","blame":"plugin"}"#);
    fails(&behind(&escape), "red \u{fffd}[31m");
}

#[test]
fn what_comes_after_the_end_changes_nothing() {
    let place = Place::new();
    place.write("a.echo", [good(), b"noise".to_vec()].concat());
    assert_eq!(run(&place, &["merge", "a.echo"]).expect(1).titles(), ["a", "b"]);
}

/// The plugin does as `how` says; it may start processes where it is approved.
fn acts(how: &str, is_trusted: bool, input: &[u8]) -> Run {
    let place = Place::new();
    if is_trusted {
        place.trust(&echo());
    }
    let source = format!("echo,how={how}:-");
    place.run_with_input(&["merge", &source, "--plugin", &echo()], input)
}

#[test]
fn a_worker_that_does_not_listen_is_not_waited_for() {
    let much = vec![b'x'; 4 << 20];
    for trusted in [false, true] {
        assert_eq!(acts("deaf", trusted, &much).ok().text(), "");
        let refused = acts("refuses", trusted, &much);
        assert!(
            refused.stderr.contains("not\u{fffd}this") && refused.stderr.contains("but that"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn how_a_worker_ended_is_told() {
    for trusted in [false, true] {
        let failed = acts("fails", trusted, b"x").expect(3);
        let reason = "it ended before it was done, with exit code 7; its last words: why it fails";
        assert!(failed.stderr.contains(reason), "{}", failed.stderr);
        let closed = acts("closes", trusted, b"x").expect(3);
        assert!(closed.stderr.contains("it closed its output before it was done"), "{}", closed.stderr);
    }
}

#[test]
fn what_a_worker_leaves_running_is_not_waited_for() {
    let left = acts("leaves", true, b"x").expect(3);
    assert!(left.stderr.contains("it ended before it was done, with exit code 7"), "{}", left.stderr);
    assert_eq!(acts("leaves-after", true, b"x").ok().text(), "");
}

/// More events than pipes hold.
fn many() -> String {
    (0..20_000)
        .map(|n| format!("{{\"start\":\"2025-01-01T10:00:00Z\",\"title\":\"number {n} {}\"}}\n", "x".repeat(100)))
        .collect()
}

#[test]
fn an_export_that_does_not_take_its_events() {
    let place = Place::with(&[("a.jsonl", &many())]);
    place.trust(&echo());
    let export = |how: &str| {
        let target = format!("echo,how={how}:out");
        run(&place, &["merge", "a.jsonl", "-q", "-o", &target])
    };
    let deaf = export("deaf-export").expect(3);
    assert!(deaf.stderr.contains("did not take all events, it says it took 0"), "{}", deaf.stderr);
    // Its own reason is told, though others are stopped by it.
    for _ in 0..5 {
        assert!(export("fails").expect(3).stderr.contains("exit code 7; its last words: why it fails"));
    }
    let refused = export("refuses");
    assert!(refused.code != 0 && refused.stderr.contains("not\u{fffd}this"), "{}", refused.stderr);
    let left = export("leaves").expect(3);
    assert!(left.stderr.contains("with exit code 7"), "{}", left.stderr);
    assert_eq!(place.names(), ["a.jsonl"]);
    // Both pipes are full before the worker reads: nobody waits for the other for ever.
    let _ = export("writes-first").ok();
    assert!(place.read("out").len() > 1 << 20);
}

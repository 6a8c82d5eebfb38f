//! An interrupted run ends in good order. Unix only: elsewhere the system's own way stands.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use crate::common::{Place, Run};

/// Waits for something that happens soon.
fn wait_for(what: &str, mut happened: impl FnMut() -> bool) {
    let start = Instant::now();
    while !happened() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what} did not happen within a minute");
        yield_now();
    }
}

/// Interrupts a run that waits for its standard input, of which it has some.
fn interrupted(signal: &str) -> Run {
    let place = Place::with(&[("x.json", "old"), ("t/keep", "")]);
    let args = ["merge", "jsonl:-", "-o", "x.json", "-o", "x.ics"];
    let mut command = place.command(&args);
    let mut child = command.env("TMPDIR", place.path("t")).stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // More than pipe and program hold unread: when all of it is written, the program is reading, and listens.
    let line = format!("{{\"start\":\"2025\",\"title\":\"{}\"}}\n", "x".repeat(1000));
    (0..1000).for_each(|_| stdin.write_all(line.as_bytes()).expect("the program reads"));
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
    wait_for("the end", || child.try_wait().expect("the program can be asked").is_some());
    drop(stdin);
    let run = place.finish(&args, child.wait_with_output().expect("its output"));
    assert!(run.code != 0 && run.stderr.contains("interrupted"), "{}\n{}", run.code, run.stderr);
    assert_eq!((place.names(), place.text("x.json").as_str()), (vec!["t".to_owned(), "x.json".to_owned()], "old"));
    assert_eq!(fs::read_dir(place.path("t")).expect("a folder").count(), 1, "a temporary file stayed");
    run
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    for signal in ["INT", "TERM"] {
        let _ = interrupted(signal);
    }
}

#[test]
fn an_interrupted_run_has_its_own_exit_code() {
    for signal in ["INT", "TERM"] {
        assert_eq!(interrupted(signal).expect(130).stderr, "error: interrupted\n");
    }
}

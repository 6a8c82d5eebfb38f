//! An interrupted run ends in good order. Unix only: elsewhere the system's own way stands.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
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

/// Sends a signal to a run that waits for its standard input, of which it has some; then looks that nothing stayed.
fn ended(signal: &str, more: &[&str], meanwhile: impl FnOnce(&Place, &Child)) -> Run {
    let place = Place::with(&[("x.json", "old"), ("t/keep", "")]);
    let args = [&["merge", "jsonl:-", "-o", "x.json", "-o", "x.ics"], more].concat();
    let mut command = place.command(&args);
    let mut child = command.env("TMPDIR", place.path("t")).stdin(Stdio::piped()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // More than pipe and program hold unread: when all of it is written, the program is reading, and listens.
    let line = format!("{{\"start\":\"2025\",\"title\":\"{}\"}}\n", "x".repeat(1000));
    (0..3000).for_each(|_| stdin.write_all(line.as_bytes()).expect("the program reads"));
    meanwhile(&place, &child);
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.expect("kill").success());
    wait_for("the end", || child.try_wait().expect("the program can be asked").is_some());
    drop(stdin);
    let run = place.finish(&args, child.wait_with_output().expect("its output"));
    assert_eq!((place.names(), place.text("x.json").as_str()), (vec!["t".to_owned(), "x.json".to_owned()], "old"));
    assert_eq!(fs::read_dir(place.path("t")).expect("a folder").count(), 1, "a temporary file stayed");
    run
}

fn interrupted(signal: &str) -> Run {
    let run = ended(signal, &[], |_, _| {});
    assert!(run.code != 0 && run.stderr.contains("interrupted"), "{}\n{}", run.code, run.stderr);
    run
}

/// With so little memory that there is a temporary file by now.
#[cfg(target_os = "linux")]
fn ended_with_temporary_file(signal: &str) -> Run {
    ended(signal, &["--memory", "1M", "--temp-dir", "t"], |place, child| {
        let folder = place.path("t").canonicalize().expect("a folder");
        let opened = || fs::read_dir(format!("/proc/{}/fd", child.id())).expect("the open files").flatten();
        let is_inside = |path: std::path::PathBuf| path.starts_with(&folder);
        assert!(
            opened().any(|entry| fs::read_link(entry.path()).is_ok_and(is_inside)),
            "nothing is in a temporary file"
        );
        assert_eq!(fs::read_dir(folder).expect("a folder").count(), 1, "a temporary file has a name");
    })
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

#[cfg(target_os = "linux")]
#[test]
fn temporary_files_vanish_however_a_run_ends() {
    for signal in ["INT", "TERM"] {
        assert_eq!(ended_with_temporary_file(signal).expect(130).stderr, "error: interrupted\n");
    }
    // Ended by the signal itself: nothing could be put in order.
    assert_eq!(ended_with_temporary_file("KILL").expect(-1).stderr, "");
}

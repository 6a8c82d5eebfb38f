//! Everything that the program says of itself.

use crate::cases::{GOOD, NOTES, ada, ben};
use crate::common::Place;

#[test]
fn annals_alone_gives_examples() {
    Place::new().run(&[]).ok().snapshot("annals-alone");
}

#[test]
fn the_whole_help() {
    let place = Place::new();
    place.run(&["--version"]).ok().snapshot("version");
    place.run(&["-h"]).ok().snapshot("help-short");
    place.run(&["--help"]).ok().snapshot("help");
    for command in ["merge", "show", "check", "formats", "plugin", "completions", "man"] {
        place.run(&[command, "--help"]).ok().snapshot(&format!("help-{command}"));
    }
    place.run(&["plugin", "list", "--help"]).ok().snapshot("help-plugin-list");
    for command in ["check", "new", "dev"] {
        place.run(&["plugin", command, "--help"]).ok().snapshot(&format!("help-plugin-{command}"));
    }
}

#[test]
fn the_help_tells_every_exit_code() {
    let run = Place::new().run(&["merge", "--help"]).ok();
    let status = run.text().split("Exit status:").nth(1).expect("a paragraph on the exit status").to_owned();
    assert!(["0 ", "1 ", "2 ", "3 ", "130 "].iter().all(|code| status.contains(code)), "{status}");
}

#[test]
fn formats_and_plugins() {
    let place = Place::new();
    place.run(&["formats"]).ok().snapshot("formats");
    for format in ["ics", "jcal", "jscalendar", "json", "jsonl"] {
        place.run(&["formats", format]).ok().snapshot(&format!("formats-{format}"));
    }
    place.run(&["plugin", "list"]).ok().snapshot("plugin-list");
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = place.run(&["completions", shell]).ok();
        assert!(run.text().contains("annals") && run.text().contains("keep-going"), "{shell}");
        assert_eq!(run.stderr, "", "{shell}");
    }
    place.run(&["completions", "bahs"]).expect(2).snapshot("completions-unknown");
}

#[test]
fn the_manual() {
    let place = Place::new();
    for args in [&["man"][..], &["man", "merge"], &["man", "show"]] {
        let run = place.run(args).ok();
        assert!(run.text().contains(".TH ") && run.text().contains("annals"), "{args:?}");
    }
    place.run(&["man", "mrege"]).expect(2).snapshot("man-unknown");
}

#[test]
fn wrong_names_get_near_ones() {
    let place = Place::with(&[("a.jsonl", GOOD)]);
    place.run(&["mrege", "a.jsonl"]).expect(2).snapshot("command-unknown");
    place.run(&["merge", "a.jsonl", "--ouptut", "x"]).expect(2).snapshot("flag-unknown");
    place.run(&["merge", "a.jsonl", "-f", "jsnol"]).expect(2).snapshot("from-unknown");
    place.run(&["merge", "a.jsonl", "-t", "isc"]).expect(2).snapshot("to-unknown");
    place.run(&["merge", "a.jsonl", "-o", "x.docx"]).expect(2).snapshot("output-unknown");
    place.run(&["merge", "isc:a.jsonl"]).expect(2).snapshot("prefix-unknown");
    place.run(&["merge", "a.jsonl", "--dedupe", "exakt"]).expect(2).snapshot("dedupe-unknown");
    place.run(&["merge", "a.jsonl", "--conflict", "boht"]).expect(2).snapshot("conflict-unknown");
    place.run(&["merge", "a.jsonl", "--max-rejects", "many"]).expect(2).snapshot("max-rejects-not-a-number");
    place.run(&["formats", "jsn"]).expect(2).snapshot("formats-unknown");
    place.run(&["merge"]).expect(2).snapshot("merge-without-inputs");
    place.run(&["show"]).expect(2).snapshot("show-without-inputs");
    assert_eq!(place.names(), ["a.jsonl"]);
}

#[test]
fn show_gives_tabs_in_a_pipe() {
    let place = Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben()), ("notes.jsonl", NOTES)]);
    place.run(&["show", "ada.ics", "ben.ics", "notes.jsonl"]).ok().snapshot("show");
    place.run(&["show", "ada.ics", "-n", "2"]).ok().snapshot("show-first-two");
    place.run(&["show", "missing.ics"]).expect(2).snapshot("show-missing");
}

//! A plugin gives the same bytes, notes and exit codes however it is carried, and a bad one is named.

use std::fs;

use crate::cases::{GOOD, ada};
#[cfg(target_os = "linux")]
use crate::common::compile;
use crate::common::{Place, file_name, library, samples};

#[test]
fn built_in_and_loaded_plugins_give_the_same() {
    for (plugin, path) in samples() {
        let name = file_name(&path);
        let library = library(&plugin);
        let (place, trusting) = (Place::new(), Place::new());
        trusting.trust(&library);
        for place in [&place, &trusting] {
            place.write(name, fs::read(&path).expect("a sample"));
        }
        for format in ["json", "jsonl", "ics", "jcal", "jscalendar"] {
            let args = ["merge", name, "-t", format, "-v"];
            let built_in = place.run(&args);
            for (carrier, place) in [("in a worker", &place), ("loaded", &trusting)] {
                let run = place.run(&[&args[..], &["--plugin", &library]].concat());
                assert_eq!((built_in.code, &built_in.stderr), (run.code, &run.stderr), "{name} to {format} {carrier}");
                assert!(built_in.stdout == run.stdout, "{name} to {format}: other bytes {carrier}");
            }
        }
    }
}

#[test]
fn all_plugins_loaded_give_the_same_as_built_in() {
    let place = Place::with(&[("ada.ics", &ada()), ("a.jsonl", GOOD)]);
    let args = ["merge", "ada.ics", "a.jsonl", "-t", "json", "--report", "r.json"];
    let built_in = place.run(&args).ok();
    let before = place.text("r.json");
    let (ics, json) = (library("ics"), library("json"));
    // The report tells the carrier, and nothing else differs.
    assert!(before.contains("built in"));
    for carrier in ["worker", "loaded"] {
        let run = place.run(&[&args[..], &["--plugin", &ics, "--plugin", &json]].concat()).ok();
        assert_eq!((built_in.text(), &built_in.stderr), (run.text(), &run.stderr), "{carrier}");
        assert_eq!(before.replace("built in", carrier), place.text("r.json"));
        place.trust(&ics);
        place.trust(&json);
    }
}

#[test]
fn a_loaded_plugin_hides_the_one_that_is_built_in() {
    let place = Place::new();
    let library = library("json");
    place.run(&["plugin", "list", "--plugin", &library]).ok().snapshot("plugin-list-worker");
    place.trust(&library);
    place.run(&["plugin", "list", "--plugin", &library]).ok().snapshot("plugin-list-loaded");
}

#[test]
fn markdown_is_there_once_its_library_is_named() {
    let place = Place::with(&[("ada.ics", &ada())]);
    let run = place.run(&["formats"]).ok();
    assert!(!run.text().contains("markdown"), "{}", run.text());
    place.run(&["merge", "ada.ics", "-t", "markdown"]).expect(2).snapshot("markdown-without-its-library");
    let library = library("markdown");
    let run = place.run(&["formats", "--plugin", &library]).ok();
    assert!(run.text().contains("\nmarkdown "), "{}", run.text());
    place.run(&["formats", "markdown", "--plugin", &library]).ok().snapshot("formats-markdown");
    place.run(&["merge", "ada.ics", "-t", "markdown", "--plugin", &library]).ok().snapshot("markdown");
    let _ = place.run(&["merge", "ada.ics", "-o", "x.md", "--plugin", &library]).ok();
    assert!(place.text("x.md").contains("Talk"));
    // What can only be written cannot be read.
    let run = place.run(&["merge", "markdown:x.md", "--plugin", &library]).expect(2);
    run.snapshot("markdown-cannot-be-read");
}

/// Runs with the library `name`, which must be refused.
fn refused(place: &Place, name: &str, snapshot: &str) {
    place.write("a.jsonl", GOOD);
    let library = place.path(name).display().to_string();
    let run = place.run(&["merge", "a.jsonl", "-o", "x.json", "--plugin", &library]);
    assert!(!place.path("x.json").exists());
    run.expect(2).snapshot(snapshot);
    // Commands that only look go on, but tell.
    let run = place.run(&["formats", "--plugin", &library]).expect(2);
    assert!(run.text().contains("\njsonl "), "{}", run.text());
}

#[test]
fn files_that_are_no_libraries_are_refused() {
    let place =
        Place::with(&[("libannals_text.so", "not a library\n"), ("notes.so", "text"), ("libannals_dir.so/x", "")]);
    refused(&place, "notes.so", "plugin-with-another-name");
    refused(&place, "libannals_missing.so", "plugin-missing");
    refused(&place, "libannals_dir.so", "plugin-is-a-folder");
    let library = place.path("libannals_text.so").display().to_string();
    // The reason is the system's own.
    let run = place.run(&["merge", "a.jsonl", "--plugin", &library]).expect(2);
    assert!(run.stderr.contains("Caused by: it cannot be loaded as a shared library: "), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn libraries_that_are_no_plugins_are_refused() {
    let place = Place::new();
    for name in ["plain", "future", "nothing", "magic", "renamed", "twofold"] {
        let library = format!("libannals_{name}.so");
        compile(&place, name);
        refused(&place, &library, &format!("plugin-{name}"));
    }
}

//! How inputs are found and how outputs are put into place.

use std::fs;
use std::io::Read;

use crate::cases::{GOOD, NOTES, ada, ben};
use crate::common::Place;

fn good(n: u32) -> String {
    format!("{{\"id\":\"{n}\",\"start\":\"2025-09-{n:02}\",\"title\":\"{n}\"}}\n")
}

#[test]
fn a_file_whose_bytes_would_not_change_is_left_untouched() {
    let place = Place::with(&[("a.jsonl", GOOD)]);
    let _ = place.run(&["merge", "a.jsonl", "-o", "x.json"]).ok();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    fs::File::options().append(true).open(place.path("x.json")).unwrap().set_modified(old).unwrap();
    let before = fs::metadata(place.path("x.json")).unwrap();
    let _ = place.run(&["merge", "a.jsonl", "-o", "x.json"]).ok();
    let after = fs::metadata(place.path("x.json")).unwrap();
    assert_eq!(after.modified().unwrap(), old);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        assert_eq!(after.ino(), before.ino());
    }
    place.write("a.jsonl", GOOD.replace("Good", "Better"));
    let _ = place.run(&["merge", "a.jsonl", "-o", "x.json"]).ok();
    assert_ne!(fs::metadata(place.path("x.json")).unwrap().modified().unwrap(), old);
    assert!(place.text("x.json").contains("Better") && before.len() > 0);
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_mode_and_a_new_one_follows_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with(&[("a.jsonl", GOOD), ("old.json", "{}")]);
    fs::set_permissions(place.path("old.json"), fs::Permissions::from_mode(0o640)).unwrap();
    // The plainest way to know the umask: a file of our own.
    fs::File::create(place.path("ours")).unwrap();
    let _ = place.run(&["merge", "a.jsonl", "-o", "old.json", "-o", "new.json", "--report", "r.json"]).ok();
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("old.json"), 0o640);
    assert_eq!((mode("new.json"), mode("r.json")), (mode("ours"), mode("ours")));
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays_a_link() {
    let place = Place::with(&[("a.jsonl", GOOD), ("far/real.json", "{}")]);
    std::os::unix::fs::symlink("far/real.json", place.path("link.json")).unwrap();
    let _ = place.run(&["merge", "a.jsonl", "-o", "link.json"]).ok();
    assert!(place.path("link.json").is_symlink());
    assert_eq!(place.json("far/real.json")["events"][0]["title"], "Good");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_written_straight() {
    let place = Place::with(&[("a.jsonl", GOOD)]);
    let made = std::process::Command::new("mkfifo").arg(place.path("pipe")).status();
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let child = place.command(&["merge", "a.jsonl", "-o", "jsonl:pipe"]).spawn().unwrap();
    let mut text = String::new();
    fs::File::open(place.path("pipe")).unwrap().read_to_string(&mut text).unwrap();
    let _ = place.finish(&["merge"], child.wait_with_output().unwrap()).ok();
    assert!(text.contains("Good") && place.path("pipe").exists(), "{text}");
}

#[test]
fn standard_input_and_output_are_a_dash() {
    let place = Place::new();
    let run = place.run_with_input(&["merge", "-"], GOOD.as_bytes()).ok();
    assert_eq!(run.events()[0]["claims"][0]["source"], "-");
    let json = place.run_with_input(&["merge", "-", "-t", "json"], GOOD.as_bytes()).ok();
    for args in [&["merge", "-", "-o", "json:-"][..], &["merge", "jsonl:-", "-t", "json", "-o", "-"]] {
        assert_eq!(place.run_with_input(args, GOOD.as_bytes()).ok().text(), json.text(), "{args:?}");
    }
    let run = place.run_with_input(&["merge", "-f", "ics", "-"], ada().as_bytes()).ok();
    assert_eq!(run.titles(), ["Talk", "Lunch", "Holiday"]);
    place.run_with_input(&["merge", "-", "-"], GOOD.as_bytes()).expect(2).snapshot("standard-input-twice");
}

#[test]
fn convert_is_another_name_for_merge() {
    let place = Place::with(&[("ada.ics", &ada())]);
    assert_eq!(place.run(&["convert", "ada.ics"]).ok().text(), place.run(&["merge", "ada.ics"]).ok().text());
}

#[test]
fn globs_and_folders_and_lists_find_the_same_files() {
    let place = Place::new();
    for n in 1..=3 {
        place.write(&format!("in/{n}.jsonl"), good(n));
    }
    place.write("in/deep/er/4.jsonl", good(4));
    place.write("in/deep/.hidden.jsonl", good(5));
    place.write("in/notes.txt", "not of a known format");
    let folder = place.run(&["merge", "in"]).ok();
    assert_eq!(folder.titles(), ["1", "2", "3", "4"]);
    assert_eq!(place.run(&["merge", "in/*.jsonl"]).ok().titles(), ["1", "2", "3"]);
    assert_eq!(place.run(&["merge", "in/**/[1-9].jsonl"]).ok().text(), folder.text());
    place.write("list", "in/1.jsonl\n\nin/deep\nin/[23].jsonl\n");
    assert_eq!(place.run(&["merge", "--files-from", "list"]).ok().text(), folder.text());
    let run = place.run_with_input(&["merge", "--files-from", "-", "in/1.jsonl"], b"in/deep\nin/[23].jsonl\n").ok();
    assert_eq!(run.text(), folder.text());
    place.run(&["merge", "in/*.ics"]).expect(2).snapshot("glob-without-a-match");
    place.write("empty/notes.txt", "x");
    place.run(&["merge", "empty"]).expect(2).snapshot("folder-without-a-known-format");
    place.run(&["merge", "--files-from", "missing"]).expect(2).snapshot("list-that-is-missing");
}

#[test]
fn labels_are_made_unique_by_their_folders() {
    let place = Place::with(&[("ada/a.jsonl", &good(1)), ("ben/a.jsonl", &good(2)), ("ben/b.jsonl", &good(3))]);
    let run = place.run(&["merge", "ada", "ben"]).ok();
    let labels: Vec<String> =
        run.events().iter().map(|event| event["claims"][0]["source"].as_str().unwrap().to_owned()).collect();
    assert_eq!(labels, ["ada/a.jsonl", "ben/a.jsonl", "b.jsonl"]);
    assert!(!run.text().contains(place.path("").to_str().unwrap()), "a path leaked");
}

#[test]
fn a_path_with_a_colon_is_forced_by_a_dot() {
    let place = Place::with(&[("jsonl:a", GOOD), ("foo:a.jsonl", GOOD)]);
    assert_eq!(place.run(&["merge", "./jsonl:a"]).ok().titles(), ["Good"]);
    assert_eq!(place.run(&["merge", "foo:a.jsonl"]).ok().titles(), ["Good"]);
}

#[test]
fn a_failed_output_leaves_all_outputs_as_they_were() {
    let place = Place::with(&[("a.jsonl", GOOD), ("x.json", "old"), ("folder/keep", "")]);
    let run = place.run(&["merge", "a.jsonl", "-o", "x.json", "-o", "json:folder", "--report", "r.json"]);
    run.expect(2).snapshot("output-is-a-folder");
    assert_eq!(place.text("x.json"), "old");
    assert_eq!(place.names(), ["a.jsonl", "folder", "x.json"]);
}

#[test]
fn nothing_depends_on_the_folder_for_temporary_files_or_the_locale() {
    let place = Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben()), ("notes.jsonl", NOTES), ("t/keep", "")]);
    let args = ["merge", "ada.ics", "ben.ics", "notes.jsonl", "-t", "json"];
    let plain = place.run(&args).ok();
    let mut command = place.command(&args);
    command.env("TMPDIR", place.path("t")).env("LC_ALL", "tr_TR.UTF-8").env("TZ", "Asia/Tokyo");
    let other = place.finish(&args, command.output().unwrap()).ok();
    assert_eq!((plain.text(), &plain.stderr), (other.text(), &other.stderr));
    assert_eq!(fs::read_dir(place.path("t")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    use std::process::{Command, Stdio};
    let line = |n: u32| format!("{{\"id\":\"{n}\",\"start\":\"2025\",\"title\":\"event {n}\"}}\n");
    let place = Place::with(&[("many.jsonl", &(0..4000).map(line).collect::<String>())]);
    for args in [["merge", "many.jsonl", "-q"], ["show", "many.jsonl", "-q"]] {
        let mut child = place.command(&args).spawn().unwrap();
        let input = Stdio::from(child.stdout.take().unwrap());
        // The command is dropped at once: it would hold the pipe open.
        let head = Command::new("head").args(["-n", "1"]).stdin(input).stdout(Stdio::piped()).spawn().unwrap();
        let line = head.wait_with_output().unwrap().stdout;
        let run = place.finish(&args, child.wait_with_output().unwrap());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
        assert_eq!(line.iter().filter(|&&byte| byte == b'\n').count(), 1);
    }
}

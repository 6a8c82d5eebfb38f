//! `annals plugin new` and `annals plugin dev`: what authors of plugins begin with.

use std::fs;
use std::process::Command;

use crate::common::{Place, ROOT, Run};
use crate::projects::{prepare, projects, target, with_cargo};

/// Runs a program of the system in a folder of `place`, and gives all that it tells.
fn run(place: &Place, folder: &str, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(args).current_dir(place.path(folder));
    let output = with_cargo(&mut command, &place.path("")).output().expect("the program starts");
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8(told).expect("UTF-8");
    assert!(output.status.success(), "{program} {args:?}: {told}");
    told
}

/// Runs annals in a folder of `place`, with what cargo needs.
fn annals(place: &Place, folder: &str, args: &[&str]) -> Run {
    let mut command = place.command(args);
    command.current_dir(place.path(folder));
    place.finish(args, with_cargo(&mut command, &place.path("")).output().expect("the program starts"))
}

#[test]
fn what_cannot_be_made() {
    let place = Place::with(&[("full/a.txt", ""), ("file", "")]);
    for (name, args) in [
        ("new-bad-name", &["Shell-History"][..]),
        ("new-built-in", &["jsonl", "--lang", "python"]),
        ("new-not-empty", &["days", "--path", "full"]),
        ("new-file", &["days", "--path", "file"]),
        ("new-no-checkout", &["days", "--core", "full"]),
        ("new-unknown-language", &["days", "--lang", "pyhton"]),
    ] {
        place.run(&[&["plugin", "new"], args].concat()).expect(2).snapshot(name);
    }
    assert_eq!(place.names(), ["file", "full"]);
    place.run(&["plugin", "dev"]).expect(2).snapshot("dev-nothing");
    place.run(&["plugin", "dev", "--project", "ful"]).expect(2).snapshot("dev-no-folder");
    place.write("two/a.py", "");
    place.write("two/b.py", "");
    place.run(&["plugin", "dev", "--project", "two"]).expect(2).snapshot("dev-two-programs");
}

#[test]
fn a_project_in_python() {
    let place = Place::new();
    fs::create_dir(place.path("days")).expect("a folder");
    let new = ["plugin", "new", "days", "--lang", "python"];
    place.run(&new).ok().snapshot("new-python");
    place.run(&new).expect(2).snapshot("new-again");
    run(&place, "days", "python3", &["tests/test_days.py"]);
    let listed = annals(&place, "days", &["plugin", "dev"]).ok();
    assert!(
        listed.text().contains("days 0.1.0       days             in a worker, sandboxed: ./days.py\n"),
        "{}",
        listed.text()
    );
    let merge = ["plugin", "dev", "--project", "days", "--in-process", "--", "merge"];
    place.run(&[&merge[..], &["days/samples/bad.days", "-t", "days"]].concat()).expect(1).snapshot("dev-python-bad");
    let in_process = ["plugin", "dev", "--project", "days", "--in-process"];
    let listed = place.run(&in_process).ok();
    assert!(listed.text().contains("in a worker with your rights, approved: days/days.py"), "{}", listed.text());
    assert!(!place.data().join("annals").exists(), "the approval is for that run alone");
    // What is said of the format in the one project is true of what annals makes of it.
    let _ = place
        .run(&["merge", "--plugin", "days/days.py", "days/samples/good.days", "-o", "a.json", "-o", "a.days"])
        .ok();
    assert_eq!(
        place.run(&["merge", "--plugin", "days/days.py", "a.days", "-t", "days"]).ok().stdout,
        place.read("a.days")
    );
}

#[test]
fn a_project_in_rust() {
    let place = projects();
    let args = ["plugin", "new", "my_days", "--path", "plugins/days", "--core", ROOT];
    place.run(&args).ok().snapshot("new-rust");
    let folder = "plugins/days";
    prepare(&place.path(folder));
    run(&place, folder, env!("CARGO"), &["fmt", "--check"]);
    let told = run(&place, folder, env!("CARGO"), &["test", "--quiet"]);
    assert!(told.contains("test result: ok. 27 passed"), "{told}");
    let left = annals(&place, folder, &["plugin", "dev", "--", "merge", "samples/bad.my_days", "-t", "my_days"]);
    assert_eq!((left.code, left.text()), (1, "2025-09-13\tThe one good line\n"), "{}", left.stderr);
    let here = annals(&place, folder, &["plugin", "dev", "--in-process"]).ok();
    assert!(
        here.text().contains("my_days 0.1.0    my_days          loaded into this process, approved: "),
        "{}",
        here.text()
    );
    assert!(!place.data().join("annals").exists(), "the approval is for that run alone");
    let library = target().join("debug/libannals_my_days.so");
    let check =
        ["plugin", "check", library.to_str().expect("UTF-8"), "--samples", "samples", "--untimed", "--skip", "leaks"];
    let checked = annals(&place, folder, &check).ok();
    assert!(!checked.text().contains("FAIL"), "{}", checked.text());
    // What does not build is told as cargo tells it.
    let line = place.text("plugins/days/src/line.rs");
    place.write("plugins/days/src/line.rs", line + "pub fn more() { missing() }\n");
    let broken = annals(&place, folder, &["plugin", "dev"]).expect(2);
    let told = [
        "error[E0425]: cannot find function `missing`",
        "error: cannot build the plugin in `.`\nCaused by: cargo tells above",
    ];
    assert!(told.iter().all(|text| broken.stderr.contains(text)), "{}", broken.stderr);
}

#[test]
fn where_annals_core_comes_from() {
    let place = Place::new();
    let check = |args: &[&str], expected: &str| {
        let _ = place.run(&[&["plugin", "new", "days"], args].concat()).ok();
        let manifest = place.text("days/Cargo.toml");
        assert!(manifest.contains(&format!("annals-core = {{ {expected} }}\n")), "{manifest}");
        fs::remove_dir_all(place.path("days")).expect("a folder");
    };
    let (home, version) = (env!("CARGO_PKG_REPOSITORY"), env!("CARGO_PKG_VERSION"));
    check(&[], &format!("git = \"{home}\", tag = \"v{version}\""));
    check(&["--rev", "1a2b3c"], &format!("git = \"{home}\", rev = \"1a2b3c\""));
    check(&["--git", "https://example.org/a\"b"], "git = \"https://example.org/a\\\"b\"");
    check(&["--core", ROOT], &format!("path = \"{ROOT}/core\""));
}

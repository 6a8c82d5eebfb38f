//! The shape of the repository itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::common::{ROOT, samples};

/// The files below a folder of the repository, without what is built and hidden folders.
fn files(folder: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if !path.is_dir() {
                found.push(path);
            } else if name != "target" && !name.to_string_lossy().starts_with('.') {
                walk(&path, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(ROOT).join(folder), &mut found);
    found.sort();
    found
}

/// The Rust files below a folder, with their text.
fn sources(folder: &str) -> Vec<(String, String)> {
    let rust = files(folder).into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| (inside(&path), fs::read_to_string(&path).expect("a source file"));
    let sources: Vec<_> = rust.map(read).collect();
    assert!(!sources.is_empty(), "{folder} has no sources");
    sources
}

/// A path as it is in the repository.
fn inside(path: &Path) -> String {
    path.strip_prefix(ROOT).expect("in the repository").to_string_lossy().replace('\\', "/")
}

/// The code of a source file: without comments, and without what is only for tests.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            // An item on one line, or one that ends with its brace.
            let item = lines.next().unwrap_or_default();
            if !item.ends_with([';', '}']) {
                let _ = lines.find(|line| *line == "}");
            }
            continue;
        }
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

/// Tests in files of their own, and the aid of other crates' tests, may look around.
fn is_for_tests(path: &str) -> bool {
    ["/tests.rs", "/testing.rs", "/corpus.rs"].iter().any(|end| path.ends_with(end)) || path.contains("/tests/")
}

/// The normal dependencies of each package of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--offline", "--no-deps", "--format-version", "1"]).current_dir(ROOT);
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata in JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let of = |package: &Value| {
        let all = package["dependencies"].as_array().expect("dependencies").iter();
        all.filter(|dependency| dependency["kind"].is_null()).map(name).collect()
    };
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (name(package), of(package))).collect()
}

#[test]
fn dependencies_point_in_one_direction() {
    let all = dependencies();
    for (package, needs) in &all {
        let ours: Vec<&str> = needs.iter().map(String::as_str).filter(|need| need.starts_with("annals")).collect();
        match package.as_str() {
            "annals" => assert!(ours.contains(&"annals-core"), "{ours:?}"),
            "annals-core" => assert!(ours.is_empty(), "core needs {ours:?}"),
            // Plugins, and the tests for those who write them.
            other => assert_eq!(ours, ["annals-core"], "{other} sees core alone"),
        }
    }
    let markdown = all["annals"].contains("annals-markdown");
    assert!(!markdown && all.contains_key("annals-markdown"), "markdown is the plugin that is not built in");
    for heavy in ["clap", "libloading", "anyhow", "tempfile", "glob", "tokio"] {
        assert!(!all["annals-core"].contains(heavy), "core needs {heavy}");
    }
}

#[test]
fn there_are_not_many_packages() {
    let lock = fs::read_to_string(Path::new(ROOT).join("Cargo.lock")).expect("Cargo.lock");
    let count = lock.matches("[[package]]").count();
    assert!(count <= 180, "{count} packages: is the new one worth its weight? If so, raise the number here");
}

#[test]
fn core_touches_nothing_but_what_it_is_given() {
    let outside = ["fs", "env", "time", "thread", "net", "process"];
    for (path, text) in sources("core/src") {
        if is_for_tests(&path) {
            continue;
        }
        let code = code(&text);
        for module in outside {
            assert!(!code.contains(&format!("std::{module}")), "{path} uses std::{module}");
            let imported = code.lines().filter(|line| line.trim_start().starts_with("use std::{"));
            let names = |line: &str| line.split(['{', '}', ',', ':', ';']).any(|name| name.trim() == module);
            assert!(!imported.into_iter().any(names), "{path} imports std::{module}");
        }
    }
}

#[test]
fn only_the_loader_loads_libraries() {
    for (path, text) in sources("cli").into_iter().chain(sources("core/src")).chain(sources("plugins")) {
        let loads = code(&text).contains("libloading");
        assert_eq!(loads, path == "cli/load.rs", "{path}: cli/load.rs is the only user of libloading");
    }
}

#[test]
fn only_the_report_writes_to_standard_error() {
    for (path, text) in sources("cli") {
        let code = code(&text);
        let writes = ["eprintln!", "eprint!", "stderr()", "dbg!"].iter().any(|how| code.contains(how));
        let may = path == "cli/report.rs" || path == "cli/progress.rs";
        assert!(!writes || may, "{path}: cli/report.rs, and the line of progress, are the only writers to stderr");
    }
    for (path, text) in sources("plugins").into_iter().chain(sources("core/src")) {
        let code = code(&text);
        let prints = ["println!", "print!", "stderr()", "stdout()", "dbg!"].iter().any(|how| code.contains(how));
        assert!(!prints || is_for_tests(&path), "{path} prints");
    }
}

#[test]
fn files_are_short() {
    for (path, text) in ["cli", "core", "plugins", "tests"].into_iter().flat_map(sources) {
        let (lines, limit) = (text.lines().count(), if path == "cli/main.rs" { 60 } else { 500 });
        assert!(lines <= limit, "{path} has {lines} lines, the limit is {limit}");
    }
}

#[test]
fn every_plugin_has_a_folder_of_its_own() {
    for manifest in files("plugins").iter().filter(|path| path.ends_with("Cargo.toml")) {
        let text = fs::read_to_string(manifest).expect("a manifest");
        assert!(text.contains("\"cdylib\"") && text.contains("\"lib\""), "{} is lib and cdylib", inside(manifest));
    }
}

#[test]
fn no_snapshot_waits_for_review() {
    for path in ["cli", "core", "plugins", "tests"].into_iter().flat_map(files) {
        let waits = [".snap.new", ".pending-snap"].iter().any(|end| path.to_string_lossy().ends_with(end));
        assert!(!waits, "{}: accept or remove it", inside(&path));
    }
}

#[test]
fn every_snapshot_and_golden_file_has_a_test() {
    let tests: String = sources("tests").into_iter().map(|(_, text)| text).collect();
    let samples: Vec<(String, String)> = samples()
        .into_iter()
        .map(|(plugin, path)| (plugin, path.file_name().expect("a name").to_string_lossy().into_owned()))
        .collect();
    let sample_snapshots: BTreeSet<String> =
        samples.iter().map(|(plugin, name)| format!("sample-{plugin}-{name}")).collect();
    let formats = ["ics", "jcal", "jscalendar", "json", "jsonl"];
    let sample_golden: BTreeSet<String> =
        samples.iter().flat_map(|(plugin, name)| formats.map(|format| format!("{plugin}/{name}.{format}"))).collect();
    // Names that a test puts together: what it puts before the part that it quotes.
    let composed = ["hostile-", "help-", "help-plugin-", "formats-", "plugin-", "plugin-check-"];
    for path in files("tests/snapshots") {
        let name = inside(&path).replace("tests/snapshots/", "").replace(".snap", "");
        let quoted = |name: &str| tests.contains(&format!("\"{name}\""));
        let known = quoted(&name) || composed.iter().any(|start| name.strip_prefix(start).is_some_and(quoted));
        assert!(known || sample_snapshots.contains(&name), "no test makes the snapshot {name}");
    }
    for path in files("tests/golden").iter().filter(|path| !path.ends_with(".gitattributes")) {
        let name = inside(path).replace("tests/golden/", "");
        assert!(tests.contains(&format!("\"{name}\"")) || sample_golden.contains(&name), "no test makes {name}");
    }
}

#[test]
fn nothing_speaks_of_the_machine_that_it_was_made_on() {
    for path in ["tests/snapshots", "tests/golden"].into_iter().flat_map(files) {
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        let leaks = ["/tmp/", "/home/", "/root/", ROOT].into_iter().find(|place| text.contains(place));
        assert_eq!(leaks, None, "{}", inside(&path));
    }
}

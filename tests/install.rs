//! Plugins that are installed, approved and locked: one story per test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{Place, ROOT, Run, library};

const HISTORY: &str = "#1700000000\nmake\n#1700000060\nls\n";

/// A plugin that is a program: the one of this repository.
fn program() -> String {
    Path::new(ROOT).join("plugins/history/history.py").display().to_string()
}

fn place() -> Place {
    Place::with(&[("a.bash_history", HISTORY), ("noname", HISTORY)])
}

fn added() -> Place {
    let place = place();
    place.run(&["plugin", "add", &program()]).ok().snapshot_without("plugin-add", &place.data());
    place
}

fn is_two(run: Run) {
    assert_eq!(run.ok().titles(), ["make", "ls"]);
}

#[test]
fn an_installed_plugin_is_there_without_being_named() {
    let place = added();
    place.run(&["plugin", "list"]).ok().snapshot_without("plugin-list-installed", &place.data());
    // By its extension, by what it says of the first bytes, by its name.
    is_two(place.run(&["merge", "a.bash_history"]));
    is_two(place.run(&["merge", "noname"]));
    is_two(place.run(&["merge", "history:noname"]));
    place.run(&["plugin", "info", "history"]).ok().snapshot_without("plugin-info", &place.data());
    let info = place.run(&["plugin", "info", "history", "--json"]).ok();
    let info: serde_json::Value = serde_json::from_str(info.text()).expect("JSON");
    assert_eq!(
        (&info["id"], &info["installed"], &info["formats"][0]["name"]),
        (&"history".into(), &"yours".into(), &"history".into())
    );
    // Once more replaces it.
    let again = place.run(&["plugin", "add", "--trust", &program()]).ok();
    assert!(again.text().starts_with("replaced history 1.0.0") && again.text().ends_with("it is approved\n"));
    is_two(place.run(&["merge", "noname", "--report", "r.json"]));
    assert_eq!(place.json("r.json")["sources"][0]["carrier"], "trusted worker");
    place.run(&["plugin", "remove", "histroy"]).expect(2).snapshot("plugin-remove-unknown");
    let _ = place.run(&["plugin", "remove", "history"]).ok();
    let _ = place.run(&["merge", "a.bash_history"]).expect(2);
    // With its approval gone, it is sandboxed again.
    let _ = place.run(&["plugin", "add", &program()]).ok();
    let list = place.run(&["plugin", "list"]).ok();
    assert!(list.text().contains("sandboxed"), "{}", list.text());
}

#[test]
fn libraries_are_installed_as_programs_are() {
    let place = place();
    let _ = place.run(&["plugin", "add", &library("markdown")]).ok();
    let sandboxed = place.run(&["merge", "jsonl:noname", "-t", "markdown"]);
    let _ = place.run(&["plugin", "trust", "markdown"]).ok();
    let list = place.run(&["plugin", "list"]).ok();
    assert!(list.text().contains("loaded into this process, approved"), "{}", list.text());
    let loaded = place.run(&["merge", "jsonl:noname", "-t", "markdown"]);
    assert_eq!((sandboxed.code, sandboxed.stdout), (loaded.code, loaded.stdout));
}

#[test]
fn a_file_that_has_changed_does_not_run() {
    let place = added();
    let file = place.data().join("annals/plugins/history/history.py");
    let changed = fs::read_to_string(&file).expect("the plugin") + "# changed\n";
    fs::write(&file, changed).expect("it can be changed");
    place.run(&["merge", "history:noname", "-o", "x.json"]).expect(2).snapshot("plugin-changed");
    place.run(&["merge", "noname", "-o", "x.json"]).expect(2).snapshot("plugin-changed-unnamed");
    assert!(!place.path("x.json").exists());
}

#[test]
fn where_a_lock_is_only_its_plugins_run() {
    let place = added();
    let lock = |args: &[&str]| place.run(&[&["plugin", "lock"], args].concat()).ok();
    let _ = lock(&[]);
    is_two(place.run(&["merge", "noname"]));
    // Another plugin is not in it.
    let markdown = library("markdown");
    let named = ["merge", "noname", "-t", "markdown", "--plugin", &markdown];
    place.run(&named).expect(2).snapshot("plugin-not-in-the-lock");
    let _ = lock(&["--plugin", &markdown]);
    let _ = place.run(&named).ok();
    // The same plugin in another version.
    let other = fs::read_to_string(program()).expect("the plugin").replace("1.0.0", "1.0.1");
    let path = place.write("history.py", other);
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it can be made executable");
    let _ = place.run(&["plugin", "add", "./history.py"]).ok();
    place.run(&["merge", "history:noname", "-o", "x.json"]).expect(2).snapshot("plugin-other-than-in-the-lock");
    assert!(lock(&[]).text().contains("(changed)"));
    is_two(place.run(&["merge", "noname"]));
    place.write("annals-plugins.lock", "no lock");
    place.run(&["merge", "noname"]).expect(2).snapshot("plugin-lock-broken");
    // What its hint says helps.
    let _ = lock(&[]);
    is_two(place.run(&["merge", "noname"]));
}

#[test]
fn folders_that_everybody_may_change_are_refused() {
    let place = added();
    let folder = place.data().join("annals/plugins/history");
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o757)).expect("it is ours");
    place.run(&["plugin", "list"]).expect(1).snapshot_without("plugin-folder-open", &place.data());
    place.run(&["merge", "history:noname"]).expect(2).snapshot("plugin-none-since-open");
    // What is built in goes on.
    let _ = place.run(&["merge", "jsonl:noname"]).expect(1);
}

#[test]
fn of_two_with_one_id_the_first_counts() {
    let place = added();
    // The same as a plugin of the system, and by ANNALS_PLUGIN_PATH before both.
    let installed = place.data().join("annals/plugins/history");
    let manifest = fs::read_to_string(installed.join("manifest.toml")).expect("a manifest");
    for (folder, version) in [("system/annals/plugins", "0.9.0"), ("own", "2.0.0")] {
        let folder = place.data().join(folder).join("history");
        fs::create_dir_all(&folder).expect("a folder");
        fs::copy(installed.join("history.py"), folder.join("history.py")).expect("a copy");
        fs::write(folder.join("manifest.toml"), manifest.replace("1.0.0", version)).expect("a manifest");
    }
    place.run(&["plugin", "list"]).ok().snapshot_without("plugin-list-hidden", &place.data());
    let mut command = place.command(&["plugin", "list"]);
    let output = command.env("ANNALS_PLUGIN_PATH", place.data().join("own")).output().expect("the program starts");
    let run = place.finish(&["plugin", "list"], output).ok();
    assert!(run.text().contains("history 2.0.0    history "), "{}", run.text());
    // One of the system is not the user's to remove.
    let _ = place.run(&["plugin", "remove", "history"]).ok();
    let run = place.run(&["plugin", "remove", "history"]).expect(2);
    assert!(run.stderr.contains("which is not yours"), "{}", run.stderr);
}

#[test]
fn a_format_that_is_built_in_stays_so() {
    let place = place();
    let _ = place.run(&["plugin", "add", &library("json")]).ok();
    place.run(&["plugin", "list"]).ok().snapshot_without("plugin-list-shadowed", &place.data());
    let _ = place.run(&["merge", "jsonl:noname", "--report", "r.json"]).expect(1);
    assert_eq!(place.json("r.json")["sources"][0]["carrier"], "built in");
}

#[test]
fn a_folder_with_a_manifest_is_installed_if_it_tells_the_truth() {
    let place = added();
    let manifest = fs::read_to_string(place.data().join("annals/plugins/history/manifest.toml")).expect("a manifest");
    let refused = |name: &str, manifest: &str, python: &[u8]| {
        place.write("given/manifest.toml", manifest);
        let path = place.write("given/history.py", python);
        fs::set_permissions(path, PermissionsExt::from_mode(0o755)).expect("it is ours");
        let run = place.run(&["plugin", "add", "given"]);
        if name.is_empty() { drop(run.ok()) } else { run.expect(2).snapshot(name) }
    };
    let python = fs::read(program()).expect("the plugin");
    refused("", &manifest, &python);
    refused("plugin-add-other-hash", &manifest, &[&python[..], b"#"].concat());
    refused("plugin-add-other-version", &manifest.replace("1.0.0", "1.0.1"), &python);
    refused("plugin-add-other-formats", &manifest.replace("name = \"history\"", "name = \"histories\""), &python);
    refused("plugin-add-no-platform", &manifest.replace("platforms.any", "platforms.vax"), &python);
    refused("plugin-add-no-toml", "id = ", &python);
}

#[test]
fn approvals_are_given_and_taken() {
    let place = place();
    let markdown = library("markdown");
    let carrier = || {
        let list = place.run(&["plugin", "list", "--plugin", &markdown]).ok();
        ["sandboxed", "approved"].into_iter().find(|word| list.text().contains(word)).expect("a word")
    };
    assert_eq!(carrier(), "sandboxed");
    place.trust(&markdown);
    assert_eq!(carrier(), "approved");
    let run = place.run(&["plugin", "trust", &markdown]).ok();
    assert!(run.text().contains("is already approved"), "{}", run.text());
    let _ = place.run(&["plugin", "untrust", &markdown]).ok();
    assert_eq!(carrier(), "sandboxed");
    place.trust(&markdown);
    let _ = place.run(&["plugin", "untrust", "libannals_markdown.so"]).ok();
    place.run(&["plugin", "untrust", "libannals_markdown.so"]).expect(2).snapshot("plugin-untrust-unknown");
    place.run(&["plugin", "trust", "nobody"]).expect(2).snapshot("plugin-trust-unknown");
}

//! Calendar files of other projects, where they are at hand: no crash, balanced accounts, stable outputs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Place, ROOT, assert_balanced};

/// The calendars below a folder, by the folder that they lie in.
fn calendars(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<String>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            calendars(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            found.entry(folder.to_owned()).or_default().push(path.display().to_string());
        }
    }
}

#[test]
fn other_projects_calendars() {
    let mut folders = BTreeMap::new();
    calendars(&Path::new(ROOT).join("../shared/corpus/ics"), &mut folders);
    let count: usize = folders.values().map(Vec::len).sum();
    if count == 0 {
        return tell("0 corpus documents, skipped");
    }
    let mut events = 0;
    for (folder, mut files) in folders {
        files.sort();
        let place = Place::new();
        let options = ["merge", "--files-from", "list", "--keep-going", "-q", "-o", "x.ics", "-o", "x.json"];
        place.write("list", files.iter().map(|file| format!("./{file}\n").replace(".//", "/")).collect::<String>());
        let run = place.run(&[&options[..], &["--report", "r.json"]].concat());
        assert!([0, 1, 2].contains(&run.code), "{}: {}\n{}", folder.display(), run.code, run.stderr);
        if run.code == 2 {
            continue;
        }
        let report = place.json("r.json");
        assert_balanced(&report);
        events += report["read"].as_u64().unwrap_or(0);
        // What an output could not hold in full may read otherwise, and is told; what is written then stays.
        let lossy = report["notes"].as_array().expect("notes").iter().any(|note| note["output"] == "x.ics");
        let again = |one: &str, two: &str| {
            let _ = place.run(&["merge", one, "-o", two, "-q"]);
            let (before, after) = (place.text(one), place.text(two));
            let differs = before.lines().zip(after.lines()).find(|(before, after)| before != after);
            assert!(before == after, "{}: {one} read and written again: {differs:?}", folder.display());
        };
        again("x.json", "y.json");
        if lossy {
            let _ = place.run(&["merge", "x.ics", "-o", "y.ics", "-q"]);
            again("y.ics", "z.ics");
        } else {
            again("x.ics", "y.ics");
        }
    }
    tell(&format!("{count} corpus documents, {events} records"));
}

/// Prints past the test harness, which would keep what a passing test says to itself.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

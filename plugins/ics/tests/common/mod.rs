//! What the tests with files of other projects share.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use annals_core::key::content_key;
use annals_core::testing::Imported;
use annals_core::when::Zone;
use annals_core::{Event, Fact};

/// The calendars of the corpus, by name in order; none where it is not at hand.
pub fn corpus() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/ics");
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.sort();
    let named = |path: PathBuf| path.strip_prefix(&folder).map(|name| (name.display().to_string(), path.clone()));
    paths.into_iter().filter_map(|path| named(path).ok()).collect()
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            found.push(path);
        }
    }
}

/// The events in the order of the source: some had to wait for a time zone.
pub fn in_order(mut imported: Imported) -> Imported {
    imported.events.sort_by_key(|event| event.claims.iter().map(|claim| claim.locator).min());
    imported
}

/// What the host does between import and export: ids for events without one, facts in order and without repeats, the
/// zones that are used.
pub fn host(imported: Imported) -> (Vec<Event>, Vec<Fact>) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let (mut events, mut facts) = (imported.events, imported.facts);
    for event in &mut events {
        if event.id.as_deref().is_none_or(|id| id.starts_with("sha256-")) {
            event.id = None;
            let key: String = content_key(event)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
            let times = seen.entry(key.clone()).and_modify(|times| *times += 1).or_insert(1);
            event.id = Some(if *times == 1 { format!("sha256-{key}") } else { format!("sha256-{key}-{times}") });
        }
        for zone in [&event.when.zone, &event.when.end_zone].into_iter().flatten() {
            if let Some(Zone::Named(tz)) = Zone::parse(zone) {
                facts.push(Fact { kind: "zone".to_owned(), key: tz.name().to_owned(), value: true.into() });
            }
        }
    }
    facts.sort_by_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    (events, facts)
}

/// Prints past the test harness, which would keep what a passing test says to itself.
pub fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

//! Calendar files of other projects, where they are at hand: what was read from them is the same after it was written
//! as jCal and read again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use annals_core::testing::{Imported, export, import, options};
use annals_core::{Event, Fact, ImportRequest};
use serde_json::Value;

use super::Jcal;
use super::property::to_json;
use crate::Ics;
use crate::export::lines_of;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            found.push(path);
        }
    }
}

/// The calendar files, in order.
pub(crate) fn corpus() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/ics"), &mut paths);
    paths.sort();
    paths
}

/// What the host does between import and export.
pub(crate) fn host(imported: Imported) -> (Vec<Event>, Vec<Fact>) {
    let (mut events, mut facts) = (imported.events, imported.facts);
    events.sort_by_key(|event| event.claims.iter().map(|claim| claim.locator).min());
    for (at, event) in events.iter_mut().enumerate() {
        event.claims.clear();
        if event.id.as_deref().is_none_or(|id| id.starts_with("sha256-")) {
            event.id = Some(format!("sha256-{at:032}"));
        }
    }
    facts.sort_by_cached_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    (events, facts)
}

/// The properties of a calendar as multisets: of each its component, its parameters as a set, its decoded value.
pub(crate) fn properties(bytes: &[u8]) -> BTreeMap<String, usize> {
    let (mut counts, mut open) = (BTreeMap::new(), Vec::new());
    for line in lines_of(bytes) {
        let name = line.value().trim().to_ascii_uppercase();
        if line.is("BEGIN") {
            open.push(name);
        } else if line.is("END") {
            open.pop();
        } else {
            let mut json = to_json(&line);
            if let Some(Value::Object(params)) = json.get_mut(1) {
                params.sort_keys();
            }
            *counts.entry(format!("{} {json}", open.join("/"))).or_default() += 1;
        }
    }
    counts
}

#[test]
fn files_of_others_survive_as_jcal() {
    let (mut read, mut same_bytes, mut same) = (0, 0, 0);
    let mut others = Vec::new();
    for path in corpus() {
        let bytes = fs::read(&path).unwrap();
        let Ok(imported) = import::<Ics>(&bytes, ImportRequest::default()) else { continue };
        read += 1;
        let (events, facts) = host(imported);
        let ics = export::<Ics>(events.clone(), facts.clone(), options(&[])).unwrap();
        let jcal = export::<Jcal>(events, facts, options(&[])).unwrap();
        assert_eq!(jcal.counts, ics.counts);
        let again = import::<Jcal>(&jcal.bytes, ImportRequest::default()).unwrap();
        assert_eq!(again.counts.rejected, 0, "{path:?}: {:?}", again.notes);
        let (events, facts) = host(again);
        let back = export::<Ics>(events.clone(), facts.clone(), options(&[])).unwrap();
        let twice = export::<Jcal>(events, facts, options(&[])).unwrap();
        if twice.bytes != jcal.bytes {
            let (one, two) = (String::from_utf8_lossy(&jcal.bytes), String::from_utf8_lossy(&twice.bytes));
            let at = one.lines().zip(two.lines()).find(|(one, two)| one != two);
            others.push(format!("{}: not a fixed point: {at:.200?}", path.file_name().unwrap().display()));
        }
        same_bytes += usize::from(back.bytes == ics.bytes);
        let (before, after) = (properties(&ics.bytes), properties(&back.bytes));
        if before == after {
            same += 1;
        } else {
            let lost = before.iter().find(|(line, count)| after.get(*line) != Some(count));
            others.push(format!("{}: {lost:.200?}", path.file_name().unwrap().display()));
        }
    }
    tell(&match read {
        0 => "0 corpus documents, skipped".to_owned(),
        _ => format!(
            "{read} corpus documents as jCal and back: {same} with the same properties, {same_bytes} with the same bytes"
        ),
    });
    println!("{}", others.join("\n"));
    // Broken parameters, and properties behind a component inside another, do not come back in their places.
    assert!(others.len() * 100 <= read);
}

/// Prints past the test harness, which would keep what a passing test says to itself.
pub(crate) fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

//! Calendar files of other projects, where they are at hand: nothing panics, an export is a fixed point, and every
//! property survives.

mod common;

use std::collections::BTreeMap;
use std::fs;

use annals_core::testing::{export, import};
use annals_core::{Event, ImportRequest};
use annals_ics::Ics;

use crate::common::{corpus, host, in_order, tell};

/// Unfolded lines and how often each stands there, without those that say nothing of the calendar; those of the
/// calendar itself only where there is one, since of several they are merged. Time zones likewise, and once each.
fn properties(bytes: &[u8], single: bool) -> BTreeMap<String, usize> {
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    let text = text.replace("\n ", "").replace("\n\t", "").replace('\u{feff}', "");
    let (mut counts, mut open) = (BTreeMap::new(), Vec::new());
    for line in text.lines().map(|line| line.trim_end_matches('\r')) {
        let upper = line.trim().to_ascii_uppercase();
        let kept = single || open.len() > 1 && open.get(1).is_none_or(|name: &String| name != "VTIMEZONE");
        if let Some(name) = upper.strip_prefix("BEGIN:") {
            open.push(name.to_owned());
        } else if upper.starts_with("END:") {
            open.pop();
        } else if kept && !line.trim().is_empty() {
            let own = ["VERSION:", "PRODID", "CALSCALE:GREGORIAN"].iter().any(|start| upper.starts_with(start));
            if !(own && open.len() == 1 || upper == "UID:") {
                let count = counts.entry(line.to_owned()).or_default();
                *count = if open.get(1).is_some_and(|name| name == "VTIMEZONE") { 1 } else { *count + 1 };
            }
        }
    }
    counts
}

#[test]
fn files_of_others_survive() {
    let paths = corpus();
    if paths.is_empty() {
        tell("0 corpus documents, skipped");
        return;
    }
    let (mut refused, mut events, mut rejected, mut clean, mut differing) = (0, 0, 0, 0, 0);
    let (mut lines, mut missing) = (0, 0);
    let mut codes: BTreeMap<String, usize> = BTreeMap::new();
    for (name, path) in &paths {
        let bytes = fs::read(path).unwrap();
        let Ok(imported) = import::<Ics>(&bytes, ImportRequest::default()) else {
            refused += 1;
            continue;
        };
        let imported = in_order(imported);
        events += imported.counts.emitted;
        rejected += imported.counts.rejected;
        for note in &imported.notes {
            *codes.entry(format!("{} {}", note.kind.name(), note.code)).or_default() += 1;
        }
        let notes: Vec<String> = imported.notes.iter().map(|note| note.text.clone()).collect();
        let damage =
            ["not-utf8", "control-characters", "bad-line", "stray-line", "missing-end", "outside-calendar", "no-tzid"];
        let damaged =
            imported.counts.rejected > 0 || imported.notes.iter().any(|note| damage.contains(&note.code.as_str()));
        let read = imported.events.clone();
        let (list, facts) = host(imported);
        let first = export::<Ics>(list, facts, Default::default()).unwrap();
        for note in &first.notes {
            *codes.entry(format!("{} {}", note.kind.name(), note.code)).or_default() += 1;
            assert_ne!(note.kind.name(), "omit", "{name}: what ICS says, ICS holds: {note:?}");
        }

        let again = in_order(import::<Ics>(&first.bytes, ImportRequest::default()).unwrap());
        assert_eq!(again.counts.rejected, 0, "{name}: {:?}", again.notes);
        assert_eq!(again.counts.emitted as usize, read.len(), "{name}");
        let conflict = first.notes.iter().any(|note| note.code == "timezone-conflict");
        for (one, other) in read.iter().zip(&again.events).filter(|_| !conflict) {
            let bare = |event: &Event| {
                let mut event = Event { claims: Vec::new(), ..event.clone() };
                event.id = event.id.filter(|id| !id.starts_with("sha256-"));
                event
            };
            assert_eq!(bare(one), bare(other), "{name}");
        }
        let (list, facts) = host(again);
        let second = export::<Ics>(list, facts, Default::default()).unwrap();
        if first.bytes != second.bytes {
            let (one, two) = (String::from_utf8_lossy(&first.bytes), String::from_utf8_lossy(&second.bytes));
            let at = one.lines().zip(two.lines()).find(|(a, b)| a != b);
            panic!("{name}: not a fixed point: {at:?}");
        }

        if !damaged && !conflict {
            clean += 1;
            let upper = String::from_utf8_lossy(&bytes).to_ascii_uppercase();
            let single = upper.matches("BEGIN:VCALENDAR").count() == 1;
            let (before, after) = (properties(&bytes, single), properties(&first.bytes, true));
            // A line that a note tells of is no longer what it was.
            let repaired = |line: &str| notes.iter().any(|text| text.contains(&shown(line)));
            let lost: Vec<_> = before
                .iter()
                .filter(|(line, _)| !repaired(line))
                .map(|(line, count)| (line, count - after.get(line).unwrap_or(&0).min(count)))
                .filter(|(_, lost)| *lost > 0)
                .collect();
            lines += before.iter().filter(|(line, _)| !repaired(line)).map(|(_, count)| count).sum::<usize>();
            missing += lost.iter().map(|(_, lost)| lost).sum::<usize>();
            if !lost.is_empty() {
                differing += 1;
                println!("{name}: lost {:?}", lost.iter().take(3).collect::<Vec<_>>());
                // Start and end are written anew together, if one of them had to be repaired.
                let times = ["DTSTART", "DTEND", "DUE", "DURATION"];
                let other = lost.iter().find(|(line, _)| !times.iter().any(|time| line.starts_with(time)));
                assert_eq!(other, None, "{name}");
            }
        }
    }
    tell(&format!(
        "{} corpus documents, {refused} are no calendars; {events} events, {rejected} rejected",
        paths.len()
    ));
    tell(&format!(
        "{clean} without damage, of which {differing} lose a property; {lines} lines, {missing} not the same"
    ));
    println!("{codes:#?}");
    assert!(lines > 0 && missing * 1000 <= lines, "files that lose a property are listed above");
}

/// How a note begins to tell of a line.
fn shown(line: &str) -> String {
    format!("`{}", line.chars().take(80).collect::<String>())
}

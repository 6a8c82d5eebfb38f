//! What is written and read again.

use std::collections::{BTreeMap, BTreeSet};

use annals_core::json::to_object;
use annals_core::key::is_minted;
use annals_core::plugin::Options;
use annals_core::when::civil::{US_PER_DAY, civil_from_days};
use annals_core::{Event, Fact, ImportRequest, NoteKind};
use serde_json::{Map, Value, json};

use super::export::{as_given, made_up, made_up_plainly};
use super::import::{request, short};
use super::{Found, Trial, Verdict, count};
use crate::run::{export, import};
use crate::text::Told;

pub fn round_trip(trial: &Trial<'_>) -> Verdict {
    let about = trial.subject.about();
    if !about.can_import || !about.can_export {
        let what = if about.can_export { "read" } else { "written" };
        return Verdict::Skipped(format!("the format cannot be {what}"));
    }
    let (mut found, mut tally) = (Found::default(), Tally::default());
    for sample in trial.samples {
        (trial.at)(&sample.name);
        let imported = import(trial.subject, &sample.bytes, &request(sample));
        round(trial, &sample.name, as_given(imported.events, &sample.name), imported.facts, &mut found, &mut tally);
    }
    for (what, events) in [("made-up events", made_up(300)), ("plain made-up events", made_up_plainly(300))] {
        (trial.at)(what);
        round(trial, what, events, Vec::new(), &mut found, &mut tally);
    }
    found.verdict(tally.to_string())
}

/// What became of the events that were written.
#[derive(Default)]
struct Tally {
    equal: usize,
    lossy: usize,
    omitted: usize,
    /// Whether a note spoke of the timeline as a whole, so that every event may have lost something.
    all_lossy: bool,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { equal, lossy, omitted, all_lossy } = self;
        write!(f, "{} equal, {lossy} told as lossy, {omitted} omitted", count(*equal, "event"))?;
        if *all_lossy { write!(f, "; losses told of the whole timeline are not looked into") } else { Ok(()) }
    }
}

/// An event's place in a timeline. A minted id says that there is none.
type Id = (Option<String>, Option<String>);

fn id_of(event: &Event) -> Id {
    (event.id.clone(), event.instance.clone())
}

fn round(
    trial: &Trial<'_>,
    what: &str,
    events: Vec<Event>,
    mut facts: Vec<Fact>,
    found: &mut Found,
    tally: &mut Tally,
) {
    facts.extend(zones(&events));
    let key = |fact: &Fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string());
    facts.sort_by_cached_key(key);
    facts.dedup();
    let exported = export(trial.subject, &events, &facts, &Options::default());
    if let Err(failure) = &exported.ended {
        return found.check(false, || format!("{what}: {}", Told(failure)));
    }
    let again = import(trial.subject, &exported.bytes, &ImportRequest::default());
    if let Err(failure) = &again.ended {
        return found.check(false, || format!("{what}: what it has written it does not read: {}", Told(failure)));
    }
    let rejects = again.notes.iter().filter(|note| note.kind == NoteKind::Reject).map(|note| &note.text);
    rejects.for_each(|text| found.check(false, || format!("{what}: it rejects what it has written: {text}")));
    let told = |kind: NoteKind| -> BTreeSet<Option<String>> {
        exported.notes.iter().filter(|note| note.kind == kind).map(|note| note.event.clone()).collect()
    };
    let (lossy, omitted) = (told(NoteKind::Lossy), told(NoteKind::Omit));
    let all_lossy = lossy.contains(&None);
    tally.all_lossy |= all_lossy;
    let (written, back) = (events.iter().filter(|event| !omitted.contains(&event.id)).count(), again.events.len());
    found.check(written == back, || format!("{what}: {} written, and {back} come back", count(written, "event")));
    let mut came_back: BTreeMap<Id, Vec<Event>> = BTreeMap::new();
    for event in again.events {
        came_back.entry(id_of(&event)).or_default().push(event);
    }
    // Those without an id of their own are told apart by their contents.
    let mut nameless = came_back.remove(&(None, None)).unwrap_or_default();
    for event in events {
        if omitted.contains(&event.id) {
            tally.omitted += 1;
            continue;
        }
        if lossy.contains(&event.id) || all_lossy {
            tally.lossy += 1;
            continue;
        }
        let is_minted = event.id.as_deref().is_some_and(is_minted);
        let mut given = came_back.remove(&id_of(&event)).unwrap_or_default();
        let alike = |other: &Event| content(&event) == content(other);
        if is_minted && given.is_empty() {
            let at = nameless.iter().position(alike).or((!nameless.is_empty()).then_some(0));
            given.extend(at.map(|at| nameless.swap_remove(at)));
        }
        let place = || format!("{what}, event {:?} {}", event.id, short(&format!("{:?}", event.title)));
        let [back] = given.as_slice() else {
            found.check(false, || format!("{}: comes back {}", place(), count(given.len(), "time")));
            continue;
        };
        let result = difference(&content(&event), &content(back));
        tally.equal += usize::from(result.is_ok());
        found.hold(result, place);
    }
}

/// What an event says, without who says it, and without an id that it did not come with.
fn content(event: &Event) -> Map<String, Value> {
    let id = event.id.clone().filter(|id| !is_minted(id));
    to_object(&Event { id, claims: Vec::new(), raw: None, raw_format: None, ..event.clone() })
}

/// Where two events in canonical JSON differ.
pub fn difference(first: &Map<String, Value>, second: &Map<String, Value>) -> Result<(), String> {
    let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let differ = keys.into_iter().find(|key| first.get(*key) != second.get(*key));
    let said = |map: &Map<String, Value>, key: &str| short(&map.get(key).unwrap_or(&Value::Null).to_string());
    differ.map_or(Ok(()), |key| Err(format!("`{key}` was {} and is {}", said(first, key), said(second, key))))
}

/// The time zones that events are in, as a host tells exporters.
fn zones(events: &[Event]) -> Vec<Fact> {
    let year = |us: i64| civil_from_days(us.div_euclid(US_PER_DAY)).0;
    let mut zones: BTreeMap<&String, (Option<i64>, Option<i64>, bool)> = BTreeMap::new();
    for event in events {
        let when = &event.when;
        let is_iana = |zone: &&String| !matches!(zone.as_str(), "UTC" | "floating") && !zone.starts_with(['+', '-']);
        for zone in when.zone.iter().chain(&when.end_zone).filter(is_iana) {
            let (first, last, endless) = zones.entry(zone).or_default();
            *first = (*first).into_iter().chain(when.start_lo.or(when.end_hi).map(year)).min();
            *last = (*last).max(when.end_hi.or(when.start_lo).map(year));
            *endless |= event.recurrence.is_some();
        }
    }
    let fact = |(zone, (first, last, endless)): (&String, (Option<i64>, Option<i64>, bool))| {
        let value = match first {
            Some(first) => json!({"first": first, "last": last.filter(|_| !endless)}),
            None => json!({}),
        };
        Fact { kind: "zone".to_owned(), key: zone.clone(), value }
    };
    zones.into_iter().map(fact).collect()
}

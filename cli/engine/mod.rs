//! The merge: many sources' records become one timeline.
//!
//! In memory. [`identity`] joins records of one id, [`exact`] joins equal records without one; both work on
//! [`assertion`]s, so that the result depends on the set of what was claimed and not on the order of merging.

mod assertion;
mod exact;
#[cfg_attr(not(test), expect(dead_code, reason = "no command filters yet"))]
pub mod filter;
mod identity;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use annals_core::account::Account;
use annals_core::key;
use annals_core::{Event, Fact};
use serde_json::json;

/// How far records are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Dedupe {
    /// Not at all; only a source given twice is one
    None,
    /// Records of one id, the newest version of them
    Identity,
    /// And equal records without an id, across sources
    #[default]
    Exact,
}

/// What becomes of records of one id and version that contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Conflict {
    /// Each stays, marked as a conflict
    #[default]
    Both,
    /// The smallest stays, the others become its claims
    One,
    /// Stop and write nothing
    Fail,
}

/// A record on its way into the timeline.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it says; its claims name their sources.
    pub event: Event,
    /// Which source it is from: an index into the accounts.
    pub source: usize,
    /// Its id inside that source, if it has no real one.
    pub local: Option<String>,
}

/// Ids with their instances, and how many events of each contradict each other.
pub type Conflicts = BTreeMap<(String, Option<String>), usize>;

/// The merged timeline.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The events in order, each with an id.
    pub events: Vec<Event>,
    /// The facts, sorted, each once; with the derived kinds `zone` and `conflict`.
    pub facts: Vec<Fact>,
    /// Per source: how many of its records stand, and how many became claims.
    pub accounts: Vec<Account>,
    /// What is in conflict, with how many events each has.
    pub conflicts: Conflicts,
}

/// Merges `records` of `sources` sources. `Err` = the ids in conflict, under [`Conflict::Fail`].
pub fn merge(
    mut records: Vec<Record>,
    facts: Vec<Fact>,
    sources: usize,
    dedupe: Dedupe,
    conflict: Conflict,
) -> Result<Timeline, Vec<String>> {
    let mut timeline = Timeline { accounts: vec![Account::default(); sources], ..Timeline::default() };
    for record in &mut records {
        record.event = assertion::canonical(std::mem::take(&mut record.event));
    }
    if dedupe >= Dedupe::Identity {
        records = identity::join(records, conflict, &mut timeline)?;
    }
    records = exact::join(records, dedupe, &mut timeline);
    for record in &records {
        timeline.accounts[record.source].kept += 1;
    }
    timeline.events = records.into_iter().map(|record| record.event).collect();
    timeline.events.sort_by_cached_key(key::sort_key);
    mint(&mut timeline.events);
    timeline.facts = all_facts(facts, &timeline);
    Ok(timeline)
}

/// Gives every event without a real id a minted one; equal events are numbered in timeline order.
fn mint(events: &mut [Event]) {
    let mut seen: HashMap<key::ContentKey, u64> = HashMap::new();
    for event in events.iter_mut().filter(|event| event.id.is_none()) {
        let key = key::content_key(event);
        let n = seen.entry(key).or_default();
        *n += 1;
        event.id = Some(key::minted_id(&key, *n));
    }
}

fn all_facts(facts: Vec<Fact>, timeline: &Timeline) -> Vec<Fact> {
    let mut all: BTreeMap<(String, String, String), Fact> = BTreeMap::new();
    let mut add = |fact: Fact| {
        all.insert((fact.kind.clone(), fact.key.clone(), fact.value.to_string()), fact);
    };
    facts.into_iter().for_each(&mut add);
    let zones = timeline.events.iter().flat_map(|event| [&event.when.zone, &event.when.end_zone]).flatten();
    for zone in zones.filter(|zone| is_iana(zone)) {
        add(Fact { kind: "zone".to_owned(), key: zone.clone(), value: json!(null) });
    }
    let mut keys: BTreeMap<(&String, &Option<String>), Vec<String>> = BTreeMap::new();
    if !timeline.conflicts.is_empty() {
        for event in &timeline.events {
            let Some(id) = event.id.as_ref() else { continue };
            if timeline.conflicts.contains_key(&(id.clone(), event.instance.clone())) {
                keys.entry((id, &event.instance)).or_default().push(key::hex(&key::content_key(event)));
            }
        }
    }
    for ((id, instance), mut keys) in keys {
        keys.sort();
        let value = json!({ "instance": instance, "keys": keys });
        add(Fact { kind: "conflict".to_owned(), key: id.clone(), value });
    }
    all.into_values().collect()
}

fn is_iana(zone: &str) -> bool {
    !matches!(zone, "UTC" | "floating") && !zone.starts_with(['+', '-'])
}

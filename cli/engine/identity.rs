//! Identity: records of one id and instance are versions of one event.
//!
//! The newest version wins as a whole: highest revision, then LAST-MODIFIED, then DTSTAMP (RFC 5546 section 2.1.5).
//! Records tied at the top that differ in substance are a conflict.

use std::collections::{BTreeMap, HashMap};

use annals_core::Event;
use annals_core::key::substance_bytes;

use super::assertion::{Assertion, bytes_of, content_of, put_together, take_apart};
use super::{Conflict, Record, Timeline};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Id {
    Real(String),
    /// An id that means something inside one source only.
    Local(usize, String),
}

/// Joins the records of one id. Records without an id pass.
pub fn join(records: Vec<Record>, conflict: Conflict, timeline: &mut Timeline) -> Result<Vec<Record>, Vec<String>> {
    let mut joined = Vec::with_capacity(records.len());
    let mut groups: HashMap<(Id, Option<String>), Vec<Record>> = HashMap::new();
    for record in records {
        let id = match (&record.event.id, &record.local) {
            (Some(id), _) => Id::Real(id.clone()),
            (None, Some(local)) => Id::Local(record.source, local.clone()),
            (None, None) => {
                joined.push(record);
                continue;
            }
        };
        groups.entry((id, record.event.instance.clone())).or_default().push(record);
    }
    let mut in_conflict = Vec::new();
    for ((id, instance), group) in groups {
        if group.len() == 1 {
            joined.extend(group);
            continue;
        }
        let events = join_group(&group, conflict != Conflict::One);
        if events.len() > 1 {
            let name = match id {
                Id::Real(id) | Id::Local(_, id) => id,
            };
            if conflict == Conflict::Fail {
                in_conflict.push(name);
                continue;
            }
            *timeline.conflicts.entry((name, instance)).or_default() += events.len();
        }
        let mut stays = vec![false; group.len()];
        for (event, record) in events {
            stays[record] = true;
            joined.push(Record { event, source: group[record].source, local: group[record].local.clone() });
        }
        for (record, _) in group.iter().zip(stays).filter(|(_, stays)| !stays) {
            timeline.accounts[record.source].merged += 1;
        }
    }
    if !in_conflict.is_empty() {
        in_conflict.sort();
        return Err(in_conflict);
    }
    Ok(joined)
}

type Version = (i64, Option<i64>, Option<i64>);

fn version(event: &Event) -> Version {
    (event.revision.unwrap_or(0), event.modified, event.stamped)
}

/// The events of one id, one for each substance of its newest version (or the smallest alone), each with the index
/// of the record that stands as it.
fn join_group(group: &[Record], every_substance: bool) -> Vec<(Event, usize)> {
    let assertions: Vec<Assertion> =
        group.iter().enumerate().flat_map(|(at, record)| take_apart(&record.event, at)).collect();
    // Only what a record itself says can stand, not what it reports as another's claim.
    let own: Vec<Assertion> = group.iter().enumerate().map(|(at, record)| own_content(record, at)).collect();
    let newest = own.iter().map(|a| version(&a.content)).max().expect("a group has records");
    let mut substances: BTreeMap<Vec<u8>, &Assertion> = BTreeMap::new();
    for assertion in own.iter().filter(|a| version(&a.content) == newest) {
        let rank = |a: &Assertion| (a.bytes.clone(), group[a.record].source, a.record);
        let smallest = substances.entry(substance_bytes(&assertion.content)).or_insert(assertion);
        if rank(assertion) < rank(smallest) {
            *smallest = assertion;
        }
    }
    let smallest = substances.iter().min_by_key(|(_, a)| &a.bytes).map(|(substance, _)| substance.clone());
    let smallest = smallest.expect("the newest version has a record");
    if !every_substance {
        substances.retain(|substance, _| *substance == smallest);
    }
    // Each assertion of the newest version goes to its substance's event, all others to the smallest.
    let home = |a: &Assertion| {
        let substance = substance_bytes(&a.content);
        let fits = version(&a.content) == newest && substances.contains_key(&substance);
        if fits { substance } else { smallest.clone() }
    };
    substances
        .iter()
        .map(|(substance, standing)| {
            let claims = assertions.iter().filter(|a| home(a) == *substance);
            (put_together(&standing.content, claims), standing.record)
        })
        .collect()
}

fn own_content(record: &Record, at: usize) -> Assertion {
    let content = content_of(&record.event);
    let bytes = bytes_of(&content);
    Assertion { content, bytes, claim: annals_core::Claim::default(), record: at }
}

//! Identity: records of one id and instance are versions of one event.
//!
//! The newest version wins as a whole: highest revision, then LAST-MODIFIED, then DTSTAMP (RFC 5546 section 2.1.5).
//! Records tied at the top that differ in substance are a conflict.

use std::collections::{BTreeMap, HashMap};

use annals_core::Event;
use annals_core::key::substance_bytes;

use super::assertion::{Assertion, bytes_of, content_of, join_simply, put_together, take_apart};
use super::{Conflict, Joined, Member, Record};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Id<'a> {
    Real(&'a str),
    /// An id that means something inside one source only.
    Local(usize, &'a str),
}

/// Joins records, each of which has an id; they may be of several.
pub fn join(records: Vec<Record>, conflict: Conflict) -> Vec<Joined> {
    let mut groups: HashMap<(Id<'_>, Option<&str>), Vec<usize>> = HashMap::new();
    for (at, record) in records.iter().enumerate() {
        let id = match (&record.event.id, &record.local) {
            (Some(id), _) => Id::Real(id),
            (None, local) => Id::Local(record.source, local.as_deref().unwrap_or_default()),
        };
        groups.entry((id, record.event.instance.as_deref())).or_default().push(at);
    }
    if groups.len() == 1 {
        drop(groups);
        return join_group(records, conflict != Conflict::One);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    groups.sort();
    let mut records: Vec<Option<Record>> = records.into_iter().map(Some).collect();
    let mut take = |group: Vec<usize>| group.into_iter().filter_map(|at| records[at].take()).collect();
    groups.into_iter().flat_map(|group| join_group(take(group), conflict != Conflict::One)).collect()
}

type Version = (i64, Option<i64>, Option<i64>);

fn version(event: &Event) -> Version {
    (event.revision.unwrap_or(0), event.modified, event.stamped)
}

/// The events of one id, one for each substance of its newest version (or the smallest alone).
fn join_group(mut group: Vec<Record>, every_substance: bool) -> Vec<Joined> {
    if group.len() == 1 {
        return group.into_iter().map(Joined::alone).collect();
    }
    // The order of the records must not matter.
    group.sort_by(|a, b| (a.source, &a.event.claims).cmp(&(b.source, &b.event.claims)));
    join_plain(&mut group).map_or_else(|| join_any(&group, every_substance), |joined| vec![joined])
}

/// What nearly all groups are: claims that only say where, and one newest version without contradictions.
fn join_plain(group: &mut [Record]) -> Option<Joined> {
    let newest = group.iter().map(|record| version(&record.event)).max()?;
    let top: Vec<usize> = (0..group.len()).filter(|&at| version(&group[at].event) == newest).collect();
    let first = &group[top[0]].event;
    let same = |at: &usize| same_substance(first, &group[*at].event);
    top.iter().all(same).then(|| join_simply(group, &top)).flatten()
}

fn same_substance(a: &Event, b: &Event) -> bool {
    a.when == b.when && (&a.recurrence, &a.title, &a.status, &a.place) == (&b.recurrence, &b.title, &b.status, &b.place)
}

fn join_any(group: &[Record], every_substance: bool) -> Vec<Joined> {
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
    let mut claims: HashMap<Vec<u8>, Vec<&Assertion>> = HashMap::new();
    assertions.iter().for_each(|a| claims.entry(home(a)).or_default().push(a));
    let mut records: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    own.iter().for_each(|a| records.entry(home(a)).or_default().push(a.record));
    let mut joined = |(substance, standing): (&Vec<u8>, &&Assertion)| {
        let claims = claims.remove(substance).unwrap_or_default();
        let event = put_together(&standing.content, claims.into_iter());
        let of = records.remove(substance).unwrap_or_default();
        let at = of.iter().position(|&at| at == standing.record).expect("what stands is at home");
        Joined::new(Box::new(event), of.iter().map(|&at| Member::of(&group[at])).collect(), at)
    };
    substances.iter().map(&mut joined).collect()
}

fn own_content(record: &Record, at: usize) -> Assertion {
    let content = content_of(&record.event);
    let bytes = bytes_of(&content);
    Assertion { content, bytes, claim: annals_core::Claim::default(), record: at }
}

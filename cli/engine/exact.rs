//! Exact: equal records without a real id are one event across sources, never inside one.
//!
//! A log may say a thing three times in a second. The n-th such record of one source pairs off with the n-th of
//! another: a multiset union by maximum.

use std::collections::HashMap;

use annals_core::json::to_line;
use annals_core::key;

use super::assertion::{bytes_of, content_of, put_together, take_apart};
use super::{Dedupe, Record, Timeline};

/// Joins equal records. What is equal depends on `dedupe`: with `exact` all that a record without an id says, else
/// also who says it where, so that only one record read twice is one; a source given twice adds nothing in any mode.
/// Records that `identity` has joined pass.
pub fn join(records: Vec<Record>, dedupe: Dedupe, timeline: &mut Timeline) -> Vec<Record> {
    let (mut joined, pairing): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|record| dedupe >= Dedupe::Identity && record.event.id.is_some());
    let mut groups: HashMap<Vec<u8>, Vec<Record>> = HashMap::new();
    for record in pairing {
        let key = match dedupe {
            Dedupe::Exact => key::content_key(&record.event).to_vec(),
            Dedupe::None | Dedupe::Identity => to_line(&record.event).into_bytes(),
        };
        groups.entry(key).or_default().push(record);
    }
    for mut group in groups.into_values() {
        group.sort_by(|a, b| {
            let rank = |r: &Record| (r.source, key::place(&r.event).map(|(source, at)| (source.to_owned(), at)));
            rank(a).cmp(&rank(b)).then_with(|| a.event.claims.cmp(&b.event.claims))
        });
        let mut occurrences: Vec<Vec<Record>> = Vec::new();
        let (mut source, mut n) = (usize::MAX, 0);
        for record in group {
            n = if record.source == source { n + 1 } else { 0 };
            source = record.source;
            if occurrences.len() <= n {
                occurrences.push(Vec::new());
            }
            occurrences[n].push(record);
        }
        joined.extend(occurrences.into_iter().map(|same| join_equal(same, timeline)));
    }
    joined
}

/// One event of records that say the same, one from each source. The smallest row stands: rows may still differ in
/// what the content key leaves out (lane, how a zone is named).
fn join_equal(mut same: Vec<Record>, timeline: &mut Timeline) -> Record {
    if same.len() == 1 {
        return same.remove(0);
    }
    let bytes = |record: &Record| bytes_of(&content_of(&record.event));
    let standing = (0..same.len()).min_by_key(|&at| (bytes(&same[at]), same[at].source)).expect("not empty");
    let assertions: Vec<_> = same.iter().enumerate().flat_map(|(at, record)| take_apart(&record.event, at)).collect();
    let event = put_together(&content_of(&same[standing].event), assertions.iter());
    for (at, record) in same.iter().enumerate() {
        timeline.accounts[record.source].merged += u64::from(at != standing);
    }
    Record { event, ..same.swap_remove(standing) }
}

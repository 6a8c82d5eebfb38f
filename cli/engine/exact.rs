//! Exact: equal records without a real id are one event across sources, never inside one.
//!
//! A log may say a thing three times in a second. The n-th such record of one source pairs off with the n-th of
//! another: a multiset union by maximum.

use std::collections::HashMap;

use annals_core::json::to_line;
use annals_core::key;

use super::assertion::{bytes_of, content_of, join_simply, put_together, take_apart};
use super::{Dedupe, Joined, Member, Record};

/// Joins equal records. What is equal depends on `dedupe`: with `exact` all that a record without an id says, else
/// also who says it where, so that only one record read twice is one; a source given twice adds nothing in any mode.
pub fn join(records: Vec<Record>, dedupe: Dedupe) -> Vec<Joined> {
    let mut groups: HashMap<Vec<u8>, Vec<Record>> = HashMap::new();
    for record in records {
        let key = match dedupe {
            Dedupe::Exact if record.event.id.is_none() => key::content_key(&record.event).to_vec(),
            _ => to_line(&record.event).into_bytes(),
        };
        groups.entry(key).or_default().push(record);
    }
    let mut groups: Vec<(Vec<u8>, Vec<Record>)> = groups.into_iter().collect();
    groups.sort_by(|(a, _), (b, _)| a.cmp(b));
    groups.into_iter().flat_map(|(_, group)| join_content(group)).collect()
}

/// Joins records that say the same: the n-th of each source.
pub fn join_content(mut group: Vec<Record>) -> Vec<Joined> {
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
    occurrences.into_iter().map(join_equal).collect()
}

/// One event of records that say the same, one from each source. The smallest row stands: rows may still differ in
/// what the content key leaves out (lane, how a zone is named).
pub fn join_equal(mut same: Vec<Record>) -> Joined {
    if same.len() == 1 {
        return Joined::alone(same.remove(0));
    }
    let all: Vec<usize> = (0..same.len()).collect();
    if let Some(joined) = join_simply(&mut same, &all) {
        return joined;
    }
    let bytes = |record: &Record| bytes_of(&content_of(&record.event));
    let standing = (0..same.len()).min_by_key(|&at| (bytes(&same[at]), same[at].source)).expect("not empty");
    let assertions: Vec<_> = same.iter().enumerate().flat_map(|(at, record)| take_apart(&record.event, at)).collect();
    let event = put_together(&content_of(&same[standing].event), assertions.iter());
    Joined::new(Box::new(event), same.iter().map(Member::of).collect(), standing)
}

//! Joins rows by their columns, without events between: the short way of groups in which nothing is to be weighed.
//!
//! It decides nothing by itself: [`identity`](super::identity) and [`exact`](super::exact) say what becomes of a group,
//! and take every group that this finds unusual. Both give the same, which the tests hold.

use std::sync::Arc;

use annals_core::Claim;
use annals_core::json::write_some_of;
use annals_core::table::{ActorText, ClaimText, Code, Degrees, Number, Rows, Text};

use super::chunk::Chunk;

/// A row of a group.
pub type Member = (Arc<Chunk>, usize);

/// What rows become: one of them, with the claims of all.
pub struct Plain {
    /// Which one.
    pub standing: usize,
    /// In order, each once.
    pub claims: Vec<Claim>,
}

/// Joins rows of one real id and instance with equal times, of which one version is the newest. `None` = they are not
/// such.
pub fn by_id(group: &[Member]) -> Option<Plain> {
    let version = |(chunk, row): &Member| {
        let number = |column| chunk.rows.number(column, *row);
        (number(Number::Revision).unwrap_or(0), number(Number::Modified), number(Number::Stamped))
    };
    let newest = group.iter().map(version).max()?;
    let standing = (0..group.len()).filter(|&at| version(&group[at]) == newest).min_by_key(|&at| source(&group[at]))?;
    let (chunk, row) = &group[standing];
    chunk.rows.text(Text::Id, *row)?;
    let mut claims = Vec::with_capacity(group.len());
    let mut keys = Vec::new();
    for (at, member) in group.iter().enumerate() {
        keys.clear();
        if at != standing {
            compare(member, &group[standing], &mut keys)?;
            // Versions that contradict each other are weighed elsewhere.
            if keys.first() == Some(&"instance") || !keys.is_empty() && version(member) == newest {
                return None;
            }
        }
        let from = claims.len();
        claims.extend(own_claims(member)?);
        claims[from..].iter_mut().for_each(|claim| tell(claim, member, &keys));
    }
    Some(Plain { standing, claims: sorted(claims) })
}

/// Joins rows without a real id that say the same throughout, each of another source. `None` = they are not such.
pub fn by_content(group: &[Member]) -> Option<Plain> {
    let standing = (0..group.len()).min_by_key(|&at| source(&group[at]))?;
    let mut claims = Vec::with_capacity(group.len());
    let mut keys = Vec::new();
    for (at, member) in group.iter().enumerate() {
        if member.0.rows.text(Text::Id, member.1).is_some()
            || group[..at].iter().any(|one| source(one) == source(member))
        {
            return None;
        }
        if at != standing {
            compare(member, &group[standing], &mut keys)?;
        }
        if !keys.is_empty() {
            return None;
        }
        claims.extend(own_claims(member)?);
    }
    Some(Plain { standing, claims: sorted(claims) })
}

fn source((chunk, row): &Member) -> u32 {
    chunk.source(*row)
}

fn sorted(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort();
    claims.dedup();
    claims
}

/// The claims of a row, if all of them only say who and where.
fn own_claims((chunk, row): &Member) -> Option<impl Iterator<Item = Claim>> {
    const SAYS: [ClaimText; 5] =
        [ClaimText::Instance, ClaimText::Lane, ClaimText::Edtf, ClaimText::Title, ClaimText::Differs];
    let rows = &chunk.rows;
    let is_own = |at| {
        rows.claim_revision(at).is_none()
            && rows.claim_modified(at).is_none()
            && SAYS.iter().all(|field| rows.claim_text(*field, at).is_none())
    };
    let all = rows.claims(*row);
    all.clone().all(is_own).then(|| all.map(|at| rows.claim(at)))
}

/// `claim`, which only says who and where, with what its row says otherwise than the one that stands, as
/// [`super::assertion::tell`] does: what a claim has fields for goes there, unless it is null.
fn tell(claim: &mut Claim, (chunk, row): &Member, keys: &[&'static str]) {
    let (rows, row) = (&chunk.rows, *row);
    let text = |column| rows.text(column, row).map(str::to_owned);
    let mut others = Vec::new();
    for &key in keys {
        let is_said = match key {
            "revision" => {
                claim.revision = rows.number(Number::Revision, row);
                claim.revision.is_some()
            }
            "modified" => {
                claim.modified = rows.number(Number::Modified, row);
                claim.modified.is_some()
            }
            "lane" => {
                claim.lane = text(Text::Lane);
                claim.lane.is_some()
            }
            "title" => {
                claim.title = text(Text::Title);
                claim.title.is_some()
            }
            _ => false,
        };
        if !is_said {
            others.push(key);
        }
    }
    if !others.is_empty() {
        let mut differs = String::new();
        write_some_of(rows, row, &others, &mut differs);
        claim.differs = Some(differs);
    }
}

/// Columns of the time.
const TIMES: [Text; 4] = [Text::Edtf, Text::Said, Text::Zone, Text::EndZone];
const BOUNDS: [Number; 4] = [Number::StartLo, Number::StartHi, Number::EndLo, Number::EndHi];

/// Adds the keys of canonical JSON, in their order, in which two rows of one id differ. `None` = their times differ, or
/// they have what is better compared as events.
fn compare((a, at): &Member, (b, bt): &Member, keys: &mut Vec<&'static str>) -> Option<()> {
    let (a, at, b, bt) = (&a.rows, *at, &b.rows, *bt);
    let text = |column| a.text(column, at) == b.text(column, bt);
    let number = |column| a.number(column, at) == b.number(column, bt);
    let code = |column: &Code| a.code(*column, at) == b.code(*column, bt);
    let is_same = text(Text::Id)
        && BOUNDS.into_iter().all(number)
        && a.nanos(at) == b.nanos(bt)
        && Code::ALL.iter().all(code)
        && TIMES.into_iter().all(text)
        && is_plain(a, at)
        && is_plain(b, bt);
    if !is_same {
        return None;
    }
    let texts = |columns: &[Text], keys: &mut Vec<&'static str>| {
        keys.extend(columns.iter().filter(|column| !text(**column)).map(|column| column.name()));
    };
    texts(&[Text::Instance], keys);
    let numbers = [Number::Revision, Number::Modified, Number::Stamped];
    keys.extend(numbers.into_iter().filter(|column| !number(*column)).map(Number::name));
    texts(
        &[Text::Recurrence, Text::Title, Text::Body, Text::Kind, Text::Status, Text::Lane, Text::Url, Text::Place],
        keys,
    );
    let degrees = |column: &Degrees| a.degrees(*column, at) != b.degrees(*column, bt);
    keys.extend(Degrees::ALL.iter().filter(|column| degrees(column)).map(|column| column.name()));
    if !a.tags(at).eq(b.tags(bt)) {
        keys.push("tags");
    }
    if !same_actors(a, at, b, bt) {
        keys.push("actors");
    }
    texts(&[Text::Extra], keys);
    Some(())
}

/// Whether a row has no source bytes, and no degrees that may be equal and yet not the same.
fn is_plain(rows: &Rows, row: usize) -> bool {
    let odd = |degrees: f64| degrees == 0.0 || degrees.is_nan();
    rows.raw(row).is_none()
        && rows.text(Text::RawFormat, row).is_none()
        && !Degrees::ALL.iter().any(|column| rows.degrees(*column, row).is_some_and(odd))
}

fn same_actors(a: &Rows, at: usize, b: &Rows, bt: usize) -> bool {
    let (at, bt) = (a.actors(at), b.actors(bt));
    let same = |(at, bt)| ActorText::ALL.iter().all(|field| a.actor_text(*field, at) == b.actor_text(*field, bt));
    at.len() == bt.len() && at.zip(bt).all(same)
}

#[cfg(test)]
mod tests {
    use annals_core::table::to_batch;
    use annals_core::{Event, Locator, sample};

    use super::*;
    use crate::engine::chunk::Meta;
    use crate::engine::{Conflict, Dedupe, Joined, Record, exact, identity};

    /// Checks that what `plain` makes of records, one from each source, is what the events become; and says whether it
    /// makes anything of them.
    fn check(
        mut events: Vec<Event>,
        plain: fn(&[Member]) -> Option<Plain>,
        join: impl Fn(Vec<Record>) -> Vec<Joined>,
    ) -> bool {
        for (at, event) in events.iter_mut().enumerate() {
            let locator = Some(Locator { offset: 10 * at as u64, len: 3, line: 1 });
            event.claims = vec![Claim { source: format!("source {at}"), locator, ..Claim::default() }];
        }
        let meta = Meta { source: (0..events.len() as u32).collect(), ..Meta::default() };
        let chunk = Chunk::new(&to_batch(&events, None), meta);
        // The order of the rows must not matter.
        let group: Vec<Member> = (0..events.len()).rev().map(|row| (Arc::clone(&chunk), row)).collect();
        let Some(Plain { standing, claims }) = plain(&group) else { return false };
        let record = |(source, event): (usize, &Event)| {
            let event = Box::new(event.clone());
            Record { event, source, local: None, weight: 0, explained: false }
        };
        let joined = join(events.iter().enumerate().map(record).collect());
        let [one] = joined.as_slice() else { panic!("{joined:?}") };
        let event = Event { claims, ..chunk.rows.event(group[standing].1) };
        assert_eq!(event, *one.event);
        assert_eq!(group[standing].1, one.standing.source);
        true
    }

    #[test]
    fn rows_of_one_id_become_what_their_events_become() {
        let join = |records| identity::join(records, Conflict::Both);
        let mut plain = 0;
        for seed in 0..300 {
            let first = Event { id: Some("a".to_owned()), ..sample::event(seed) };
            let mut other = Event { id: first.id.clone(), instance: first.instance.clone(), ..sample::event(seed + 1) };
            let newer = Event { revision: Some(first.revision.unwrap_or(0) + 1), ..first.clone() };
            for events in [
                vec![first.clone(), first.clone(), newer.clone()],
                vec![first.clone(), Event { title: Some("b".to_owned()), tags: Vec::new(), ..newer }],
                vec![first.clone(), other.clone()],
                vec![first.clone(), Event { body: Some("b".to_owned()), ..first.clone() }],
            ] {
                plain += usize::from(check(events, by_id, join));
            }
            other.when = first.when.clone();
            plain += usize::from(check(vec![other.clone(), first, other], by_id, join));
        }
        assert!(plain > 600, "{plain}");
    }

    #[test]
    fn rows_that_say_the_same_become_what_their_events_become() {
        let join = |records| exact::join(records, Dedupe::Exact);
        let mut plain = 0;
        for seed in 0..300 {
            let one = Event { id: None, ..sample::event(seed) };
            plain += usize::from(check(vec![one.clone(), one.clone(), one.clone()], by_content, join));
            let laned = Event { lane: Some("another".to_owned()), ..one.clone() };
            assert!(!check(vec![one.clone(), laned], by_content, join));
            let with_id = Event { id: Some("a".to_owned()), ..one.clone() };
            assert!(!check(vec![one, with_id], by_content, join));
        }
        assert!(plain > 200, "{plain}");
    }
}

//! An assertion: what one source says of an event, in full.
//!
//! A merged event is a set of assertions, one of which stands as the event while the others are claims that tell
//! only where they differ. Taking an event apart and putting it together again are inverse, so merging is the union
//! of sets: commutative, associative and idempotent.

use std::cmp::Ordering;

use annals_core::json::{from_object, to_line, to_object, write_some};
use annals_core::{Claim, Event, When};
use serde_json::{Map, Value};

use super::{Joined, Member, Record};

/// Keys of canonical JSON that follow from others, or that a claim has a field for.
const NOT_IN_DIFFERS: [&str; 4] = ["id", "start", "end", "claims"];
/// Keys of canonical JSON that follow from `when`, where they are not said. A claim with an `edtf` says the others.
const TIME: [&str; 8] = ["bounds", "extent", "precision", "qualifier", "part", "said", "zone", "end_zone"];

/// What one source says of an event.
#[derive(Clone, Debug)]
pub struct Assertion {
    /// What it says, without claims.
    pub content: Event,
    /// The canonical bytes of `content`: what puts equal versions in order.
    pub bytes: String,
    /// Who says so and where; nothing of what it says.
    pub claim: Claim,
    /// The record that brought it.
    pub record: usize,
}

/// The assertions of one record.
pub fn take_apart(event: &Event, record: usize) -> Vec<Assertion> {
    let content = content_of(event);
    let bytes = bytes_of(&content);
    event
        .claims
        .iter()
        .map(|claim| {
            let other = if says_the_same(claim) { None } else { overlay(&content, claim) };
            match other {
                Some(other) => Assertion { bytes: bytes_of(&other), content: other, claim: claim_place(claim), record },
                // A claim written by hand may not fit any event; then it stays as it is.
                None => Assertion { content: content.clone(), bytes: bytes.clone(), claim: claim.clone(), record },
            }
        })
        .collect()
}

/// Puts assertions together to one event, in which `standing` stands.
pub fn put_together<'a>(standing: &Event, assertions: impl Iterator<Item = &'a Assertion>) -> Event {
    let base = to_object(standing);
    let base_bytes = bytes_of(standing);
    let mut event = standing.clone();
    event.claims = assertions
        .map(|assertion| {
            let mut claim = assertion.claim.clone();
            if assertion.bytes != base_bytes {
                differ(&mut claim, &assertion.content, &base);
            }
            claim
        })
        .collect();
    event.claims.sort();
    event.claims.dedup();
    event
}

/// The same event with its claims as the merge itself would tell them; they may have been written by hand.
pub fn canonical(event: Event) -> Event {
    if event.claims.iter().all(says_the_same) {
        return event;
    }
    put_together(&content_of(&event), take_apart(&event, 0).iter())
}

/// Whether all claims of an event only say who and where.
pub fn own_claims(event: &Event) -> bool {
    event.claims.iter().all(says_the_same)
}

/// Fills into `claim`, which says only who and where, what its source says of `other` and `standing` does not.
pub fn tell(claim: &mut Claim, other: &Event, standing: &Event) {
    if !tell_simply(claim, other, standing) {
        differ(claim, &content_of(other), &to_object(&content_of(standing)));
    }
}

/// The same where their times are the same; `false` = they are not.
fn tell_simply(claim: &mut Claim, other: &Event, standing: &Event) -> bool {
    if other.when != standing.when {
        return false;
    }
    let mut keys = differing(other, standing);
    // What the claim has fields for goes there; `null` is the one thing that they cannot say.
    keys.retain(|key| match *key {
        "instance" => moved(&mut claim.instance, &other.instance),
        "revision" => moved(&mut claim.revision, &other.revision),
        "modified" => moved(&mut claim.modified, &other.modified),
        "lane" => moved(&mut claim.lane, &other.lane),
        "title" => moved(&mut claim.title, &other.title),
        _ => true,
    });
    if !keys.is_empty() {
        let mut differs = String::new();
        write_some(other, &keys, &mut differs);
        claim.differs = Some(differs);
    }
    true
}

/// Says it in a field of the claim, if that can; `true` = it cannot.
fn moved<T: Clone>(field: &mut Option<T>, said: &Option<T>) -> bool {
    field.clone_from(said);
    said.is_none()
}

/// The keys of canonical JSON, in their order and without those of the time, in which two events differ.
fn differing(a: &Event, b: &Event) -> Vec<&'static str> {
    let mut keys = Vec::new();
    macro_rules! compare {
        ($($key:literal: $field:ident),*) => {
            $(if a.$field != b.$field {
                keys.push($key);
            })*
        };
    }
    compare!("instance": instance, "revision": revision, "modified": modified, "stamped": stamped);
    compare!("recurrence": recurrence, "title": title, "body": body, "kind": kind, "status": status, "lane": lane);
    compare!("url": url, "place": place, "lat": lat, "lon": lon, "tags": tags, "actors": actors, "extra": extra);
    keys
}

/// The order of the canonical bytes of two events with one id and time, by the first key in which they differ.
fn compare_simply(a: &Event, b: &Event) -> Ordering {
    let Some(key) = differing(a, b).first().copied() else { return Ordering::Equal };
    let value = |event: &Event| {
        let mut text = String::new();
        write_some(event, &[key], &mut text);
        // What follows in the whole is a comma.
        text.pop();
        text.push(',');
        text
    };
    value(a).cmp(&value(b))
}

/// Joins records of one id and time, whose claims only say where. Of the `candidates` the smallest stands.
pub fn join_simply(group: &mut [Record], candidates: &[usize]) -> Option<Joined> {
    let first = *candidates.first()?;
    if !group.iter().all(|record| own_claims(&record.event)) {
        return None;
    }
    let mut standing = first;
    for &at in &candidates[1..] {
        let (a, b) = (&group[at], &group[standing]);
        if a.event.id != b.event.id || a.event.when != b.event.when {
            return None;
        }
        if compare_simply(&a.event, &b.event).then(a.source.cmp(&b.source)) == Ordering::Less {
            standing = at;
        }
    }
    let mut claims = Vec::new();
    for (at, record) in group.iter().enumerate() {
        let same = at == standing || record.event.says_the_same(&group[standing].event);
        for claim in &record.event.claims {
            let mut claim = claim.clone();
            if !same {
                tell(&mut claim, &record.event, &group[standing].event);
            }
            claims.push(claim);
        }
    }
    claims.sort();
    claims.dedup();
    let members = group.iter().map(Member::of).collect();
    let mut event = std::mem::take(&mut group[standing].event);
    event.claims = claims;
    Some(Joined::new(event, members, standing))
}

/// What an event says, without who says it.
pub fn content_of(event: &Event) -> Event {
    Event { claims: Vec::new(), ..event.clone() }
}

/// The canonical bytes of what an event says.
pub fn bytes_of(content: &Event) -> String {
    debug_assert!(content.claims.is_empty());
    to_line(content)
}

/// A claim without what it says.
fn claim_place(claim: &Claim) -> Claim {
    Claim {
        source: claim.source.clone(),
        id: claim.id.clone(),
        attributed_to: claim.attributed_to.clone(),
        locator: claim.locator,
        quote: claim.quote.clone(),
        retrieved: claim.retrieved.clone(),
        ..Claim::default()
    }
}

fn says_the_same(claim: &Claim) -> bool {
    *claim == claim_place(claim)
}

/// What the source of `claim` says, given what the event says.
fn overlay(event: &Event, claim: &Claim) -> Option<Event> {
    let mut object = to_object(event);
    if let Some(edtf) = &claim.edtf {
        TIME.iter().for_each(|key| drop(object.shift_remove(*key)));
        object.insert("when".to_owned(), edtf.as_str().into());
    }
    let differs: Option<Map<String, Value>> =
        claim.differs.as_deref().and_then(|differs| serde_json::from_str(differs).ok());
    object.extend(differs.into_iter().flatten().filter(|(key, _)| !NOT_IN_DIFFERS.contains(&key.as_str())));
    ["start", "end"].iter().for_each(|key| drop(object.shift_remove(*key)));
    let mut other = from_object(object, None).ok()?;
    let set = |field: &mut Option<String>, value: &Option<String>| {
        if value.is_some() {
            field.clone_from(value);
        }
    };
    set(&mut other.instance, &claim.instance);
    set(&mut other.lane, &claim.lane);
    set(&mut other.title, &claim.title);
    other.revision = claim.revision.or(other.revision);
    other.modified = claim.modified.or(other.modified);
    other.claims = Vec::new();
    Some(other)
}

/// Fills in where `other` says something else than the standing event, whose canonical JSON is `base`.
fn differ(claim: &mut Claim, other: &Event, base: &Map<String, Value>) {
    let mut base = base.clone();
    let object = to_object(other);
    if let Some(edtf) = other.when.edtf.as_ref().filter(|_| object["when"] != base["when"]) {
        // The other time is told in full by its EDTF and what that does not imply.
        let implied = When::parse(edtf, None).unwrap_or_default();
        let implied = to_object(&Event::new().when(implied));
        let all = TIME.iter().all(|key| implied[*key] == object[*key]);
        for key in TIME {
            base.insert(key.to_owned(), implied[key].clone());
        }
        if !all {
            base.insert("bounds".to_owned(), Value::Bool(false));
        }
    }
    let mut differs = Map::new();
    for (key, value) in object {
        if NOT_IN_DIFFERS.contains(&key.as_str()) || base.get(&key) == Some(&value) {
            continue;
        }
        // `null` is the one thing that the claim's own fields cannot say.
        match (key.as_str(), value.is_null()) {
            ("instance", false) => claim.instance.clone_from(&other.instance),
            ("revision", false) => claim.revision = other.revision,
            ("modified", false) => claim.modified = other.modified,
            ("lane", false) => claim.lane.clone_from(&other.lane),
            ("title", false) => claim.title.clone_from(&other.title),
            ("when", false) => claim.edtf.clone_from(&other.when.edtf),
            _ => drop(differs.insert(key, value)),
        }
    }
    claim.differs = (!differs.is_empty()).then(|| Value::Object(differs).to_string());
}

#[cfg(test)]
mod tests {
    use annals_core::sample;

    use super::*;

    #[test]
    fn the_short_way_orders_as_the_bytes_do() {
        for a in 0..60 {
            for b in 0..60 {
                let [mut a, b] = [a, b].map(|seed| content_of(&sample::event(seed)));
                (a.id, a.when) = (b.id.clone(), b.when.clone());
                assert_eq!(compare_simply(&a, &b), bytes_of(&a).cmp(&bytes_of(&b)), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn the_short_way_tells_what_the_long_way_tells() {
        let mut simple = 0;
        for seed in 0..300 {
            let standing = content_of(&sample::event(seed));
            let mut other = content_of(&sample::event(seed + 1));
            other.when = standing.when.clone();
            let [mut short, mut long] = [const { None }; 2].map(|_: Option<()>| Claim::default());
            simple += usize::from(tell_simply(&mut short, &other, &standing));
            differ(&mut long, &other, &to_object(&standing));
            assert_eq!(short, long, "{standing:?} {other:?}");
        }
        assert_eq!(simple, 300);
    }
}

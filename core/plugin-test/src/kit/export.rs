//! Made-up events, written.

use annals_core::host::Failure;
use annals_core::key::{content_key, minted_id, sort_key};
use annals_core::plugin::Options;
use annals_core::{Event, Fact, NoteKind, sample};
use std::collections::BTreeSet;
use std::io::{self, Write};

use super::import::short;
use super::{Found, Trial, Verdict, count, sound};
use crate::run::{Ear, Exported, export as run, export_in_batches};
use crate::text::Told;

/// Events that a host might give: in timeline order, each with an id and a claim of a source.
pub fn made_up(number: u64) -> Vec<Event> {
    let events = (0..number).map(|seed| {
        let mut event = sample::event(seed);
        // Two with one id would have been merged.
        event.id = event.id.map(|id| format!("{seed}-{id}"));
        event
    });
    as_given(events.collect(), "made-up")
}

/// The same with what nearly every format can say: whole seconds, both coordinates, texts without control characters.
pub fn made_up_plainly(number: u64) -> Vec<Event> {
    let second = |us: Option<i64>| us.map(|us| us - us.rem_euclid(1_000_000)).filter(|us| *us != 0);
    let plain = |text: Option<String>| text.filter(|text| !text.trim().is_empty() && !text.contains(char::is_control));
    let mut events = made_up(number);
    for event in &mut events {
        (event.modified, event.stamped) = (second(event.modified), second(event.stamped));
        if event.lat.is_none() || event.lon.is_none() {
            (event.lat, event.lon) = (None, None);
        }
        event.tags = std::mem::take(&mut event.tags).into_iter().filter_map(|tag| plain(Some(tag))).collect();
        event.tags.retain(|tag| tag.trim() == tag);
        for text in [&mut event.title, &mut event.body, &mut event.place] {
            *text = plain(text.take());
        }
        event.extra = None;
        event.actors.clear();
    }
    as_given(events, "made-up")
}

/// Events as a host gives them to an exporter.
pub fn as_given(mut events: Vec<Event>, source: &str) -> Vec<Event> {
    for event in &mut events {
        (event.raw, event.raw_format) = (None, None);
        event.own_claim().source = source.to_owned();
    }
    events.sort_by_cached_key(sort_key);
    let mut taken = BTreeSet::new();
    events.retain_mut(|event| {
        if event.id.is_none() {
            let key = content_key(event);
            let mut free = (1..).map(|n| minted_id(&key, n)).filter(|id| !taken.contains(&(Some(id.clone()), None)));
            event.id = free.next();
        }
        taken.insert((event.id.clone(), event.instance.clone()))
    });
    events
}

pub fn export(trial: &Trial<'_>) -> Verdict {
    if !trial.subject.about().can_export {
        return Verdict::Skipped("the format cannot be written".to_owned());
    }
    let (events, mut found, options) = (made_up(200), Found::default(), Options::default());
    let facts = [Fact { kind: "title".to_owned(), key: "A title".to_owned(), value: serde_json::json!({}) }];
    let write = |rows: usize| export_in_batches(trial.subject, &events, rows, &facts, &options);
    (trial.at)("200 made-up events");
    let first = write(100);
    found.hold(sound::export(&first), || "200 made-up events".to_owned());
    found.hold(of_its_events(&first, &events), || "200 made-up events".to_owned());
    for rows in [100, 1, 7, 1000] {
        (trial.at)(&format!("batches of {rows} rows"));
        found.hold(same(&first, &write(rows)), || format!("written again in batches of {rows}"));
    }
    (trial.at)("no events");
    let nothing = run(trial.subject, &[], &[], &options);
    found.hold(sound::export(&nothing), || "no events".to_owned());
    found.check(nothing.ended.is_ok(), || "a timeline without events is refused".to_owned());
    for at in [0, first.bytes.len() / 2, first.bytes.len().saturating_sub(1)] {
        (trial.at)(&format!("an output that takes {at} bytes"));
        let (mut full, ear) = (Full { room: at }, Ear::default());
        let batches = Box::new(std::iter::once(events.clone()));
        let ended = trial.subject.export(batches, &facts, &options, &mut full, &ear);
        let right = matches!(ended, Err(Failure::Io(_))) || first.bytes.len() <= at || first.ended.is_err();
        found.check(right, || {
            let told = ended.map_or_else(|failure| Told(&failure).to_string(), |_| "a success".to_owned());
            format!("an output that fails after {at} bytes comes to {told}")
        });
    }
    let omitted = first.ended.as_ref().map_or(0, |counts| counts.omitted);
    found.verdict(format!("{}, {omitted} omitted", count(events.len(), "event")))
}

/// Notes name events that were given, and an event is omitted once.
fn of_its_events(exported: &Exported, events: &[Event]) -> Result<(), String> {
    let ids: BTreeSet<Option<&String>> = events.iter().map(|event| event.id.as_ref()).collect();
    for note in exported.notes.iter().filter(|note| note.event.is_some()) {
        if !ids.contains(&note.event.as_ref()) {
            return Err(format!("a note names an event that was not given: {:?}", note.event));
        }
    }
    let omitted = |note: &&annals_core::Note| note.kind == NoteKind::Omit;
    let all: Vec<_> = exported.notes.iter().filter(omitted).map(|note| note.event.as_ref()).collect();
    let given = |id: Option<&String>| events.iter().filter(|event| event.id.as_ref() == id).count();
    let twice = all.iter().find(|id| all.iter().filter(|other| other == id).count() > given(**id));
    twice.map_or(Ok(()), |id| Err(format!("the event {id:?} is omitted twice")))
}

/// Whether two exports gave the same.
fn same(first: &Exported, second: &Exported) -> Result<(), String> {
    if first == second {
        return Ok(());
    }
    let (first, second) = (first.to_string(), second.to_string());
    let differ = first.lines().zip(second.lines()).find(|(a, b)| a != b);
    Err(match differ {
        Some((a, b)) => format!("first {}, then {}", short(a), short(b)),
        None => "other bytes".to_owned(),
    })
}

/// An output that is full at some point.
struct Full {
    room: usize,
}

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() > self.room {
            return Err(io::Error::other("the disk is full"));
        }
        self.room -= bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

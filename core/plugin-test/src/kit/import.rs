//! What samples give when they are read as they are.

use annals_core::json::{from_object, to_object};
use annals_core::{Event, ImportRequest};

use serde_json::{Map, Value};

use super::{Found, Trial, Verdict, cannot_read, count, sound};
use crate::run::{Imported, import};
use crate::samples::Sample;
use crate::text::Told;

/// What a host asks of a sample.
pub fn request(sample: &Sample) -> ImportRequest {
    ImportRequest { options: sample.options.clone(), ..ImportRequest::default() }
}

pub fn samples(trial: &Trial<'_>) -> Verdict {
    if let Some(verdict) = cannot_read(trial) {
        return verdict;
    }
    let (mut found, mut events, mut reasons) = (Found::default(), 0, Vec::new());
    for sample in trial.samples {
        (trial.at)(&sample.name);
        let imported = import(trial.subject, &sample.bytes, &request(sample));
        events += imported.events.len();
        reasons.extend(imported.ended.err().map(|failure| format!("{}: {}", sample.name, Told(&failure))));
    }
    found.check(events > 0, || {
        let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
        format!("no sample gives an event{reasons}")
    });
    let count = format!("{} with {}", count(trial.samples.len(), "sample"), super::count(events, "event"));
    found.verdict(match reasons.len() {
        0 => count,
        refused => format!("{count}, {refused} refused"),
    })
}

pub fn schema(trial: &Trial<'_>) -> Verdict {
    each(trial, "event", |sample, found| {
        let imported = import(trial.subject, &sample.bytes, &request(sample));
        for (n, event) in imported.events.iter().enumerate() {
            found.hold(as_json(event), || format!("{}, event {} {:?}", sample.name, n + 1, event.title));
        }
        imported.events.len()
    })
}

/// What canonical JSON does not give back is no event: `extra` that is no object, bounds out of order, a time zone that
/// there is not.
fn as_json(event: &Event) -> Result<(), String> {
    let event = Event { raw: None, raw_format: None, ..event.clone() };
    let is_object = |text: &String| serde_json::from_str::<Map<String, Value>>(text).is_ok();
    if !event.extra.as_ref().is_none_or(is_object) {
        return Err("`extra` is not a JSON object".to_owned());
    }
    let when = &event.when;
    let in_order = |a: Option<i64>, b: Option<i64>| a.zip(b).is_none_or(|(a, b)| a <= b);
    let ordered = in_order(when.start_lo, when.start_hi)
        && in_order(when.end_lo, when.end_hi)
        && in_order(when.start_lo, when.end_hi);
    if !ordered {
        return Err("the bounds of its time are not in order".to_owned());
    }
    let object = to_object(&event);
    let again = from_object(object.clone(), None).map_err(|error| error.sentence())?;
    super::round::difference(&object, &to_object(&again))
}

pub fn accounting(trial: &Trial<'_>) -> Verdict {
    each(trial, "record", |sample, found| {
        let imported = import(trial.subject, &sample.bytes, &request(sample));
        found.hold(sound::import(&imported, sample.bytes.len()), || sample.name.clone());
        imported.ended.map_or(0, |counts| counts.read() as usize)
    })
}

pub fn locators(trial: &Trial<'_>) -> Verdict {
    each(trial, "place", |sample, found| {
        let imported = import(trial.subject, &sample.bytes, &request(sample));
        found.hold(sound::places(&imported, sample.bytes.len()), || sample.name.clone());
        let lines = sample.bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() as u64 + 1;
        let own = imported.events.iter().flat_map(|event| &event.claims).filter(|claim| claim.is_own());
        let places = own.filter_map(|claim| claim.locator).chain(imported.notes.iter().filter_map(|note| note.locator));
        let places: Vec<_> = places.collect();
        for at in &places {
            found.check(at.line <= lines, || format!("{}: line {} of {lines}", sample.name, at.line));
        }
        places.len()
    })
}

pub fn determinism(trial: &Trial<'_>) -> Verdict {
    each(trial, "event", |sample, found| {
        let read = || import(trial.subject, &sample.bytes, &request(sample));
        let (first, second) = (read(), read());
        found.hold(same(&first, &second), || format!("{} read twice", sample.name));
        first.events.len()
    })
}

/// Whether two imports gave the same. Of one that fails only the failure counts: what came before it is not kept.
pub fn same(first: &Imported, second: &Imported) -> Result<(), String> {
    if first == second || first.ended.is_err() && first.ended == second.ended {
        return Ok(());
    }
    let (first, second) = (first.to_string(), second.to_string());
    let differ = first.lines().zip(second.lines()).find(|(a, b)| a != b);
    Err(match differ {
        Some((a, b)) => format!("first {}, then {}", short(a), short(b)),
        None => "one says more than the other".to_owned(),
    })
}

/// A line that is not too long.
pub fn short(text: &str) -> String {
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

/// Runs `test` on every sample; it gives how many things it has looked at.
pub fn each(trial: &Trial<'_>, what: &str, mut test: impl FnMut(&Sample, &mut Found) -> usize) -> Verdict {
    if let Some(verdict) = cannot_read(trial) {
        return verdict;
    }
    let (mut found, mut looked_at) = (Found::default(), 0);
    for sample in trial.samples {
        (trial.at)(&sample.name);
        looked_at += test(sample, &mut found);
    }
    found.verdict(format!("{} of {}", count(looked_at, what), count(trial.samples.len(), "sample")))
}

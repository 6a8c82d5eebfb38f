//! The same samples, given and asked for in other ways.

use annals_core::host::Failure;
use annals_core::{Event, ImportRequest, schema, table};
use serde_json::Value;

use super::import::{each, request, same};
use super::{Trial, Verdict, count, sound};
use crate::inputs::Bytes;
use crate::run::{Imported, import, import_from};
use crate::text::Told;

pub fn empty(trial: &Trial<'_>) -> Verdict {
    if !trial.subject.about().can_import {
        return Verdict::Skipped("the format cannot be read".to_owned());
    }
    let mut found = super::Found::default();
    let imported = import(trial.subject, b"", &ImportRequest::default());
    found.hold(sound::import(&imported, 0), || "an empty input".to_owned());
    found.check(imported.events.is_empty(), || {
        format!("an empty input gives {}", count(imported.events.len(), "event"))
    });
    found.verdict(match &imported.ended {
        Ok(_) => "no records".to_owned(),
        Err(failure) => Told(failure).to_string(),
    })
}

pub fn batches(trial: &Trial<'_>) -> Verdict {
    each(trial, "event", |sample, found| {
        let whole = import(trial.subject, &sample.bytes, &request(sample));
        for batch_rows in [1, 2, 7, 1 << 20] {
            let request = ImportRequest { batch_rows, ..request(sample) };
            let other = import(trial.subject, &sample.bytes, &request);
            found.hold(same(&whole, &other), || format!("{}, {batch_rows} rows a batch", sample.name));
        }
        whole.events.len()
    })
}

pub fn reads(trial: &Trial<'_>) -> Verdict {
    each(trial, "event", |sample, found| {
        let whole = import(trial.subject, &sample.bytes, &request(sample));
        for at_once in [1, 2, 3, 61, 1 << 20] {
            let other = import_from(trial.subject, Bytes::new(&sample.bytes).in_pieces(at_once), &request(sample));
            found.hold(same(&whole, &other), || {
                format!("{} as a stream of at most {} a read", sample.name, count(at_once, "byte"))
            });
        }
        whole.events.len()
    })
}

pub fn wanted(trial: &Trial<'_>) -> Verdict {
    let columns: Vec<String> = schema::event_schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut sets: Vec<Vec<String>> = columns.iter().map(|column| vec![column.clone()]).collect();
    sets.push(columns.iter().step_by(2).cloned().collect());
    each(trial, "event", |sample, found| {
        let whole = import(trial.subject, &sample.bytes, &request(sample));
        let only = |events: &[Event], set: &[String]| table::to_batch(events, Some(set));
        for set in &sets {
            let request = ImportRequest { wanted: Some(set.clone()), ..request(sample) };
            let other = import(trial.subject, &sample.bytes, &request);
            let place = || format!("{}, only {} wanted", sample.name, set.join(" "));
            found.check(other.events.len() == whole.events.len(), || {
                format!("{}: {} instead of {}", place(), count(other.events.len(), "event"), whole.events.len())
            });
            found.check(only(&whole.events, set) == only(&other.events, set), || {
                format!("{}: the columns hold something else than when all are wanted", place())
            });
        }
        let request = ImportRequest { raw: true, ..request(sample) };
        let raw = import(trial.subject, &sample.bytes, &request);
        let without = |event: &Event| Event { raw: None, raw_format: None, ..event.clone() };
        let alike = whole.events.iter().map(without).eq(raw.events.iter().map(without));
        found.check(alike, || format!("{}: with `raw` wanted the events are others", sample.name));
        whole.events.len()
    })
}

/// Formats whose schema says `"parts": "lines"` are read in two parts, at some ends of lines.
pub fn parts(trial: &Trial<'_>) -> Verdict {
    let schema: Value = serde_json::from_str(&trial.subject.about().options).unwrap_or_default();
    if schema["parts"] != "lines" {
        return Verdict::Skipped("the format is not read in parts".to_owned());
    }
    each(trial, "event", |sample, found| {
        let whole = import(trial.subject, &sample.bytes, &request(sample));
        if whole.ended.is_err() {
            return 0;
        }
        let ends = (1..sample.bytes.len()).filter(|&at| sample.bytes[at - 1] == b'\n').collect::<Vec<_>>();
        for &cut in ends.iter().step_by(ends.len() / 16 + 1) {
            let (head, tail) = sample.bytes.split_at(cut);
            let mut of_tail = request(sample);
            let line = head.iter().filter(|byte| **byte == b'\n').count();
            of_tail.options.0.insert("part-offset".to_owned(), cut.into());
            of_tail.options.0.insert("part-line".to_owned(), line.into());
            let (first, second) =
                (import(trial.subject, head, &request(sample)), import(trial.subject, tail, &of_tail));
            found.hold(same(&whole, &joined(first, second)), || format!("{} in two parts at byte {cut}", sample.name));
        }
        whole.events.len()
    })
}

fn joined(mut first: Imported, second: Imported) -> Imported {
    first.events.extend(second.events);
    first.notes.extend(second.notes);
    first.facts.extend(second.facts);
    first.ended = first.ended.and_then(|mut a| {
        let b = second.ended?;
        (a.emitted, a.rejected, a.filtered) = (a.emitted + b.emitted, a.rejected + b.rejected, a.filtered + b.filtered);
        Ok(a)
    });
    first
}

pub fn read_error(trial: &Trial<'_>) -> Verdict {
    each(trial, "failure", |sample, found| {
        let size = sample.bytes.len();
        let places = [0, 1, size / 3, size / 2, size.saturating_sub(1), size];
        for at in places {
            let input = Bytes::new(&sample.bytes).failing_at(at);
            let imported = import_from(trial.subject, input, &request(sample));
            // It may be sure before the end of what it is given that this is none of its files.
            let refused_before = matches!(imported.ended, Err(Failure::Refused(_)));
            found.check(refused_before || matches!(imported.ended, Err(Failure::Io(_))), || {
                let told = imported.ended.map_or_else(|failure| Told(&failure).to_string(), |_| "a success".to_owned());
                format!("{}, whose reading fails after {at} bytes, comes to {told}", sample.name)
            });
        }
        places.len()
    })
}

pub fn max_record(trial: &Trial<'_>) -> Verdict {
    each(trial, "limit", |sample, found| {
        let size = sample.bytes.len();
        let limits = [1, 16, 100, size / 2, size, size + 1];
        for max_record in limits {
            let request = ImportRequest { max_record, raw: true, ..request(sample) };
            let imported = import(trial.subject, &sample.bytes, &request);
            let place = || format!("{} with records of at most {}", sample.name, count(max_record, "byte"));
            found.hold(sound::import(&imported, size), place);
            let own = |event: &Event| event.claims.iter().find(|claim| claim.is_own()).and_then(|claim| claim.locator);
            for event in &imported.events {
                let len = own(event).map_or(0, |at| at.len).max(event.raw.as_ref().map_or(0, |raw| raw.len() as u64));
                found.check(len <= max_record as u64, || format!("{}: an event of {len} bytes is read", place()));
            }
        }
        limits.len()
    })
}

//! Stopping when asked to.

use std::cell::Cell;
use std::time::{Duration, Instant};

use annals_core::host::Failure;
use annals_core::plugin::Options;

use super::export::made_up;
use super::import::request;
use super::{Found, Trial, Verdict};
use crate::inputs::Bytes;
use crate::run::{Ear, export};
use crate::samples::Sample;
use crate::text::Told;

/// How soon a plugin returns.
const SOON: Duration = Duration::from_millis(100);
/// How many events are written, and read again: some hundreds of kilobytes.
const EVENTS: u64 = 2000;
/// How many of them are given at once. A host's batches may be larger.
const BATCH: usize = 1000;

pub fn cancel(trial: &Trial<'_>) -> Verdict {
    let (about, mut found, mut tried) = (trial.subject.about(), Found::default(), Vec::new());
    let mut inputs: Vec<Sample> = trial.samples.to_vec();
    if about.can_export {
        let events = made_up(EVENTS);
        let written = export(trial.subject, &events, &[], &Options::default());
        inputs.push(Sample { name: "made-up events".to_owned(), bytes: written.bytes, ..Sample::default() });
        let batches: Vec<_> = events.chunks(BATCH).map(<[_]>::to_vec).collect();
        let half = batches.len() / 2;
        asked_in("an export", trial, &mut found, |ear, _| {
            let cancel = ear.cancel.clone();
            let batches = Box::new(batches.into_iter().enumerate().map(move |(n, events)| {
                if n >= half {
                    cancel.set();
                }
                events
            }));
            trial.subject.export(batches, &[], &Options::default(), &mut Vec::new(), ear).map(drop)
        });
        tried.push("export");
    }
    inputs.sort_by_key(|sample| sample.bytes.len());
    if let Some(largest) = inputs.pop().filter(|_| about.can_import) {
        let input =
            |ear: &Ear| Box::new(Bytes::new(&largest.bytes).cancelling_at(largest.bytes.len() / 2, ear.cancel.clone()));
        asked_in("an import", trial, &mut found, |ear, returned| {
            trial.subject.import(input(ear), &request(&largest), ear, &mut |_| returned()).map(drop)
        });
        tried.push("import");
        if about.can_validate {
            asked_in("a check", trial, &mut found, |ear, _| {
                trial.subject.validate(input(ear), &request(&largest), ear)
            });
            tried.push("validate");
        }
    }
    if tried.is_empty() {
        return Verdict::Skipped("there are no samples of it".to_owned());
    }
    found.verdict(tried.join(", "))
}

/// Makes a call that is asked to stop when half done. It is late if it neither returns nor gives a batch soon: between
/// batches a host stops by itself.
fn asked_in(
    what: &str,
    trial: &Trial<'_>,
    found: &mut Found,
    call: impl FnOnce(&Ear, &mut dyn FnMut()) -> Result<(), Failure>,
) {
    (trial.at)(what);
    let ear = Ear::default();
    let took: Cell<Option<Duration>> = Cell::new(None);
    let mut returned = || {
        let since = ear.cancel.since().map(|since| Instant::now() - since);
        took.set(took.get().or(since));
    };
    let ended = call(&ear, &mut returned);
    returned();
    // What is nearly done may be done.
    if let Some(failure) = ended.err().filter(|failure| *failure != Failure::Cancelled) {
        found.check(false, || format!("{what} that is asked to stop: {}", Told(&failure)));
    }
    let took = took.get().unwrap_or_default();
    found.check(!trial.timed || took <= SOON, || {
        format!("{what} goes on for {} ms when asked to stop, the limit is {}", took.as_millis(), SOON.as_millis())
    });
}

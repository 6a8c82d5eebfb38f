//! The format's own check of files.

use annals_core::ImportRequest;

use super::import::{each, request};
use super::{Trial, Verdict, sound};
use crate::run::validate as run;

pub fn validate(trial: &Trial<'_>) -> Verdict {
    if !trial.subject.about().can_validate {
        return Verdict::Skipped("the format has no check of its own".to_owned());
    }
    each(trial, "finding", |sample, found| {
        let check = |bytes: &[u8], request: &ImportRequest| run(trial.subject, bytes, request);
        let first = check(&sample.bytes, &request(sample));
        found.check(first == check(&sample.bytes, &request(sample)), || {
            format!("{} checked twice differs", sample.name)
        });
        for cut in super::cut::cuts(sample.bytes.len(), 200) {
            let at = || format!("{} cut at byte {cut}", sample.name);
            (trial.at)(&at());
            found.hold(sound::validate(&check(&sample.bytes[..cut], &request(sample)), cut), at);
        }
        first.notes.len()
    })
}

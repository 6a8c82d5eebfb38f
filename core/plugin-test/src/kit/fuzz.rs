//! Samples with mistakes in them.

use annals_core::ImportRequest;
use annals_core::plugin::Options;
use annals_core::sample::Dice;

use super::export::as_given;
use super::import::request;
use super::{Found, Trial, Verdict, cannot_read, count, sound};
use crate::run::{export, import, validate};
use crate::samples::Sample;

/// Mutated samples do not grow beyond this.
const MAX_BYTES: usize = 1 << 20;

pub fn fuzz(trial: &Trial<'_>) -> Verdict {
    let Some((seed, runs)) = trial.fuzz else { return Verdict::Skipped("it needs a seed: `--fuzz SEED`".to_owned()) };
    if let Some(verdict) = cannot_read(trial) {
        return verdict;
    }
    let (about, mut found, mut events) = (trial.subject.about(), Found::default(), 0);
    for seed in (0..runs).map(|run| seed.wrapping_add(run)) {
        if found.is_full() {
            break;
        }
        let (sample, bytes) = mutated(trial.samples, seed);
        let at = || format!("{} mutated by `--fuzz {seed} --runs 1`", sample.name);
        (trial.at)(&at());
        trial.subject.sniff(&bytes[..bytes.len().min(64 << 10)], &sample.name);
        let imported = import(trial.subject, &bytes, &request(sample));
        found.hold(sound::import(&imported, bytes.len()), at);
        if about.can_validate {
            found.hold(sound::validate(&validate(trial.subject, &bytes, &request(sample)), bytes.len()), at);
        }
        if about.can_export && imported.ended.is_ok() {
            events += imported.events.len();
            let given = as_given(imported.events, &sample.name);
            let exported = export(trial.subject, &given, &[], &Options::default());
            found.hold(sound::export(&exported), || format!("written again, {}", at()));
            let again = import(trial.subject, &exported.bytes, &ImportRequest::default());
            found.hold(sound::import(&again, exported.bytes.len()), || format!("written and read again, {}", at()));
        }
    }
    found.verdict(format!("{} of seed {seed}, {} written again", count(runs as usize, "run"), count(events, "event")))
}

/// One of the samples with some mistakes, the same for the same seed.
fn mutated(samples: &[Sample], seed: u64) -> (&Sample, Vec<u8>) {
    let mut dice = Dice::new(seed);
    let sample = &samples[dice.below(samples.len() as u64) as usize];
    let mut bytes = sample.bytes.clone();
    for _ in 0..=dice.below(8) {
        mutate(&mut bytes, samples, &mut dice);
    }
    bytes.truncate(MAX_BYTES);
    (sample, bytes)
}

fn mutate(bytes: &mut Vec<u8>, samples: &[Sample], dice: &mut Dice) {
    const TELLING: [u8; 16] = *b"\0\n\r\t \"\\{}[]:;,\xff\xc3";
    let at = dice.below(bytes.len() as u64 + 1) as usize;
    let (start, end) = range(bytes.len(), at, dice);
    match dice.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        1 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
        2 => bytes.insert(at, dice.pick(&TELLING)),
        3 => drop(bytes.drain(start..end)),
        4 => {
            let copy = bytes[start..end].to_vec();
            bytes.splice(start..start, copy);
        }
        5 => bytes.truncate(at),
        6 => {
            // Digits are where numbers are read.
            if let Some(digit) = bytes[at..].iter_mut().find(|byte| byte.is_ascii_digit()) {
                *digit = b'0' + dice.below(10) as u8;
            }
        }
        _ => {
            let other = &samples[dice.below(samples.len() as u64) as usize].bytes;
            let from = dice.below(other.len() as u64 + 1) as usize;
            let (from, to) = range(other.len(), from, dice);
            bytes.splice(start..end, other[from..to].iter().copied());
        }
    }
}

/// A range that begins at `start`, short ones most of the time.
fn range(len: usize, start: usize, dice: &mut Dice) -> (usize, usize) {
    let most = if dice.one_in(4) { len as u64 + 1 } else { 40 };
    (start, (start + dice.below(most) as usize).min(len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_all() {
        let sample = |bytes: &[u8]| Sample { bytes: bytes.to_vec(), ..Sample::default() };
        let samples = [sample(b""), sample(b"BEGIN:VEVENT\nDTSTART:20250910\n"), sample(b"{}")];
        for seed in 0..500 {
            assert_eq!(mutated(&samples, seed), mutated(&samples, seed));
        }
        let differ = (0..100).filter(|&seed| mutated(&samples, seed) != mutated(&samples, seed + 1)).count();
        assert!(differ > 90, "{differ}");
    }
}

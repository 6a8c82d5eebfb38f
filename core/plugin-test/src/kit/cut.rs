//! Samples that end too early.

use super::{Found, Trial, Verdict, cannot_read, count, sound};
use crate::run::import;
use crate::samples::Sample;

/// How many bytes all ends of one sample have together, about: larger samples are cut less often.
const BYTES: usize = 64 << 20;

pub fn truncation(trial: &Trial<'_>) -> Verdict {
    if let Some(verdict) = cannot_read(trial) {
        return verdict;
    }
    let (mut found, mut tried, mut thinned) = (Found::default(), 0, 0);
    for sample in trial.samples {
        let size = sample.bytes.len();
        let cuts = cuts(size, trial.cuts.min(BYTES / size.max(1)).max(16));
        thinned += usize::from(cuts.len() <= size);
        for cut in cuts {
            if found.is_full() {
                break;
            }
            let at = || format!("{} cut at byte {cut}", sample.name);
            (trial.at)(&at());
            let Sample { bytes, .. } = sample;
            let imported = import(trial.subject, &bytes[..cut], &super::import::request(sample));
            found.hold(sound::import(&imported, cut), at);
            tried += 1;
        }
    }
    let all =
        if thinned == 0 { ", at every byte".to_owned() } else { format!(", {thinned} of them not at every byte") };
    found.verdict(format!("{} in {tried} lengths{all}", count(trial.samples.len(), "sample")))
}

/// Lengths from 0 to `size`, both included, all or evenly chosen so that there are about `limit`.
pub fn cuts(size: usize, limit: usize) -> Vec<usize> {
    let limit = limit.max(1);
    if size < limit {
        return (0..=size).collect();
    }
    // 128 bits, so that nothing overflows.
    (0..=limit).map(|n| (size as u128 * n as u128 / limit as u128) as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert_eq!(cuts(3, 10), [0, 1, 2, 3]);
        assert_eq!(cuts(0, 10), [0]);
        assert_eq!(cuts(100, 4), [0, 25, 50, 75, 100]);
        assert_eq!(cuts(10, 10).len(), 11);
    }
}

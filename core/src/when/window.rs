//! Whether an event lies within a window or overlaps it, for certain or possibly.

use super::parse::{after, before};
use super::{Extent, When};

/// What a window asks of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// To lie within it.
    Within,
    /// To share time with it.
    Overlaps,
}

/// A window on both clocks, and what it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// To lie within, or to share time.
    pub relation: Relation,
    /// For events in a zone.
    pub utc: Window,
    /// For dates and floating times: what the clock of some zone shows then, as if UTC.
    pub local: Window,
}

impl Asked {
    /// Whether an event passes; `local` = it is a date or floating.
    pub fn passes(&self, when: &When, local: bool, certainly: bool) -> bool {
        let window = if local { &self.local } else { &self.utc };
        match (self.relation, certainly) {
            (Relation::Within, true) => when.certainly_within(window),
            (Relation::Within, false) => when.possibly_within(window),
            (Relation::Overlaps, true) => when.certainly_overlaps(window),
            (Relation::Overlaps, false) => when.possibly_overlaps(window),
        }
    }
}

/// A stretch of time, half-open: from `from` until just before `to`, in microseconds like the bounds of [`When`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first microsecond; `i64::MIN` = open.
    pub from: i64,
    /// The first microsecond after it; `i64::MAX` = open.
    pub to: i64,
}

impl When {
    /// Whether the event lies within the window whatever its start and end really are. An unknown bound is never
    /// certain.
    pub fn certainly_within(&self, window: &Window) -> bool {
        !window.is_empty()
            && self.start_lo.is_some_and(|start| start >= window.from)
            && self.end_hi.is_some_and(|end| end <= window.to)
    }

    /// Whether some start and end that the bounds allow lie within the window. An unknown bound allows everything.
    pub fn possibly_within(&self, window: &Window) -> bool {
        let fits =
            self.start_hi.is_none_or(|start| start >= window.from) && self.end_lo.is_none_or(|end| end <= window.to);
        // A moment is a point between the earliest start and the latest end: it overlaps only by lying within.
        self.possibly_overlaps(window) && (self.extent == Extent::Moment || fits)
    }

    /// Whether the event and the window share time whatever its start and end really are.
    pub fn certainly_overlaps(&self, window: &Window) -> bool {
        if self.extent == Extent::Moment {
            return self.certainly_within(window);
        }
        // Of an end that is unknown it is still known to come after the start, and the other way round.
        let start_hi = self.start_hi.or(self.end_hi.map(before));
        let end_lo = self.end_lo.or(self.start_lo.map(after));
        !window.is_empty()
            && start_hi.is_some_and(|start| start < window.to)
            && end_lo.is_some_and(|end| end > window.from)
    }

    /// Whether the event and the window share time for some start and end that the bounds allow.
    pub fn possibly_overlaps(&self, window: &Window) -> bool {
        !window.is_empty()
            && self.start_lo.is_none_or(|start| start < window.to)
            && self.end_hi.is_none_or(|end| end > window.from)
    }
}

impl Window {
    fn is_empty(&self) -> bool {
        self.from >= self.to
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::tighten;
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, window: &str, expected: [bool; 4]) {
        let window = When::parse(window, None).unwrap();
        let window = Window { from: window.start_lo.unwrap(), to: window.end_hi.unwrap() };
        assert_eq!(judge(&When::parse(input, None).unwrap(), &window), expected, "{input}");
    }

    /// certainly within, possibly within, certainly overlaps, possibly overlaps
    fn judge(when: &When, window: &Window) -> [bool; 4] {
        [
            when.certainly_within(window),
            when.possibly_within(window),
            when.certainly_overlaps(window),
            when.possibly_overlaps(window),
        ]
    }

    #[test]
    fn examples() {
        check("1985-04", "1985", [true, true, true, true]);
        check("198X", "1985", [false, true, false, true]);
        check("1985", "1986", [false, false, false, false]);
        check("1914/1918", "1916", [false, false, true, true]);
        check("1914/1918", "1914", [false, false, true, true]);
        check("1914/1918", "1910/1920", [true, true, true, true]);
        check("../1918", "1918", [false, true, true, true]);
        check("../1918", "1916", [false, false, false, true]);
        check("../1918", "../1920", [true, true, true, true]);
        // An unknown start is never certain, but the end before 1919 lies in the window.
        check("/1918", "1910/1920", [false, true, true, true]);
        check("/1918", "1919", [false, false, false, false]);
        check("1914/", "1914", [false, true, true, true]);
        let all = Window { from: i64::MIN, to: i64::MAX };
        assert_eq!(judge(&When::undated(), &all), [false, true, false, true]);
    }

    /// Judges by trying every start and end that the bounds allow; of a moment, every point between the earliest start
    /// and the latest end. Unknown bounds reach beyond all windows.
    fn oracle(when: &When, window: &Window) -> [bool; 4] {
        let fits = |value: i64, lo: Option<i64>, hi: Option<i64>| {
            lo.is_none_or(|lo| lo <= value) && hi.is_none_or(|hi| value <= hi)
        };
        let mut events = Vec::new();
        for start in -4..16 {
            match when.extent {
                Extent::Moment => {
                    if fits(start, when.start_lo, when.end_hi.map(|end| end - 1)) {
                        events.push((start, start + 1));
                    }
                }
                Extent::Throughout => {
                    let ends = start + 1..17;
                    let ends = ends.filter(|end| fits(*end, when.end_lo, when.end_hi));
                    events.extend(ends.filter(|_| fits(start, when.start_lo, when.start_hi)).map(|end| (start, end)));
                }
            }
        }
        let within = |(start, end): &(i64, i64)| window.from <= *start && *end <= window.to;
        let overlaps = |(start, end): &(i64, i64)| *start.max(&window.from) < *end.min(&window.to);
        [events.iter().all(within), events.iter().any(within), events.iter().all(overlaps), events.iter().any(overlaps)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn agrees_with_the_oracle(
            bounds in proptest::array::uniform4(proptest::option::weighted(0.8, 0i64..12)),
            moment in any::<bool>(),
            from in 0i64..12,
            to in 0i64..12,
        ) {
            let Some([start_lo, start_hi, end_lo, end_hi]) = tighten(bounds) else { return Ok(()) };
            let extent = if moment { Extent::Moment } else { Extent::Throughout };
            let when = When { start_lo, start_hi, end_lo, end_hi, extent, ..When::undated() };
            let window = Window { from, to };
            prop_assert_eq!(judge(&when, &window), oracle(&when, &window), "{:?} {:?}", when.bounds(), window);
        }
    }
}

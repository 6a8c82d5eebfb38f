//! Any bytes are taken, and what was read is accounted for; the series in it end within the limit of work.
#![no_main]

use annals_core::recur::{Budget, Clocks, Expansion, Override, is_this_and_future};
use annals_core::testing::import;
use annals_fuzz::{choices, request};
use annals_ics::Ics;
use libfuzzer_sys::fuzz_target;

/// How many steps a series may take here, so that an input does not take long.
const STEPS: u64 = 20_000;

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let pairs: &[(&str, &str)] = match choice >> 5 {
        1 => &[("zone", "America/New_York")],
        2 => &[("charset", "windows-1252")],
        _ => &[],
    };
    let Ok(imported) = import::<Ics>(data, request(choice, pairs)) else { return };
    assert_eq!(imported.events.len() as u64, imported.counts.emitted);
    let clocks = Clocks::default();
    let overrides = imported.events.iter().filter(|event| event.instance.is_some());
    let overrides: Vec<Override<'_>> = overrides
        .map(|event| Override { event, this_and_future: is_this_and_future(event), clocks: &clocks })
        .collect();
    for master in imported.events.iter().filter(|event| event.recurrence.is_some()).take(4) {
        let Ok(expansion) = Expansion::of(master, &clocks, &overrides) else { continue };
        let mut budget = Budget::new(STEPS);
        let found = expansion.between(i64::MIN / 4..i64::MAX / 4, &mut budget).take_while(Result::is_ok).count();
        assert!(found as u64 <= STEPS + overrides.len() as u64);
    }
});

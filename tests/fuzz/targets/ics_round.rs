//! Any bytes are taken; what was read can be written, read and written again, with the same bytes.
#![no_main]

use annals_core::testing::{Imported, export, import, options};
use annals_core::{Event, ImportRequest};
use annals_fuzz::{choices, request, sorted};
use annals_ics::Ics;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let Ok(imported) = import::<Ics>(data, request(choice, &[])) else { return };
    assert_eq!(imported.events.len() as u64, imported.counts.emitted);
    let options = || options(if choice & 16 == 0 { &[] } else { &[("claims", "yes"), ("vague", "span")] });
    let write = |mut imported: Imported| {
        // The host brings the events in an order and gives each an id.
        imported.events.sort_by_key(|event| event.claims.iter().map(|claim| claim.locator).min());
        let with_id = |(at, event): (usize, Event)| match event.id {
            Some(_) => event,
            None => event.id(format!("minted-{at}")),
        };
        let events = imported.events.into_iter().enumerate().map(with_id).collect();
        export::<Ics>(events, sorted(imported.facts), options()).expect("events can be written").bytes
    };
    let first = write(imported);
    let again = import::<Ics>(&first, ImportRequest::default()).expect("what was written can be read");
    if again.counts.rejected > 0 {
        let why: Vec<_> = again.notes.iter().map(|note| (&note.code, &note.text)).collect();
        panic!("what was written is rejected: {why:?}\n{}", String::from_utf8_lossy(&first));
    }
    let second = write(again);
    if first != second {
        let text = String::from_utf8_lossy;
        panic!("written differently the second time\n--- first\n{}\n--- second\n{}", text(&first), text(&second));
    }
});

//! Any bytes are taken, as jCal or as JSCalendar; what was read can be written as both and read again, and jCal is then the
//! same bytes.
#![no_main]

use annals_core::testing::{Imported, export, import, options};
use annals_core::{Event, Fact, ImportRequest};
use annals_fuzz::{choices, request, sorted};
use annals_ics::{Jcal, Jscalendar};
use libfuzzer_sys::fuzz_target;

/// What the host does between import and export.
fn host(mut imported: Imported) -> (Vec<Event>, Vec<Fact>) {
    imported.events.sort_by_key(|event| event.claims.iter().map(|claim| claim.locator).min());
    let with_id = |(at, event): (usize, Event)| match event.id {
        Some(_) => event,
        None => event.id(format!("minted-{at}")),
    };
    (imported.events.into_iter().enumerate().map(with_id).collect(), sorted(imported.facts))
}

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let read = if choice & 16 == 0 { import::<Jcal> } else { import::<Jscalendar> };
    let Ok(imported) = read(data, request(choice, &[])) else { return };
    assert_eq!(imported.events.len() as u64, imported.counts.emitted);
    let (events, facts) = host(imported);
    let objects = export::<Jscalendar>(events.clone(), facts.clone(), options(&[])).expect("events can be written").bytes;
    import::<Jscalendar>(&objects, ImportRequest::default()).expect("what was written can be read");
    let first = export::<Jcal>(events, facts, options(&[])).expect("events can be written").bytes;
    let again = import::<Jcal>(&first, ImportRequest::default()).expect("what was written can be read");
    assert_eq!(again.counts.rejected, 0, "{}", String::from_utf8_lossy(&first));
    let (events, facts) = host(again);
    let second = export::<Jcal>(events, facts, options(&[])).expect("events can be written").bytes;
    if first != second {
        let text = String::from_utf8_lossy;
        panic!("written differently the second time\n--- first\n{}\n--- second\n{}", text(&first), text(&second));
    }
});

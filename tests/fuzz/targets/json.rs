//! Any bytes are taken, as a document of one's own and of others; what was read is the same when written and read, as
//! a document with its facts and as lines.
#![no_main]

use annals_core::ImportRequest;
use annals_core::testing::{export, import, options};
use annals_fuzz::{choices, fields, request, sorted, without_places};
use annals_json::{Json, Jsonl};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let Ok(imported) = import::<Json>(data, request(choice, fields(choice))) else { return };
    assert_eq!(imported.events.len() as u64, imported.counts.emitted);
    let (events, facts) = (imported.events, sorted(imported.facts));

    let document = export::<Json>(events.clone(), facts.clone(), options(&[])).expect("events can be written").bytes;
    let again = import::<Json>(&document, ImportRequest::default()).expect("what was written can be read");
    let text = String::from_utf8_lossy(&document);
    assert_eq!(again.notes, [], "{text}");
    assert_eq!(sorted(again.facts), facts, "{text}");
    let events = without_places(events);
    assert_eq!(without_places(again.events), events, "{text}");

    let lines = export::<Jsonl>(events.clone(), Vec::new(), options(&[])).expect("events can be written").bytes;
    let again = import::<Jsonl>(&lines, ImportRequest::default()).expect("what was written can be read");
    assert_eq!(without_places(again.events), events, "{}", String::from_utf8_lossy(&lines));
});

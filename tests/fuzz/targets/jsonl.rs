//! Any bytes are taken, as one's own lines and as those of others; what was read is the same when written and read.
#![no_main]

use annals_core::ImportRequest;
use annals_core::testing::{export, import, options};
use annals_fuzz::{choices, fields, request, without_places};
use annals_json::Jsonl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (choice, data) = choices(data);
    let Ok(imported) = import::<Jsonl>(data, request(choice, fields(choice))) else { return };
    assert_eq!(imported.events.len() as u64, imported.counts.emitted);
    let events = imported.events;
    let lines = export::<Jsonl>(events.clone(), Vec::new(), options(&[])).expect("events can be written").bytes;
    let again = import::<Jsonl>(&lines, ImportRequest::default()).expect("what was written can be read");
    assert_eq!(again.notes, [], "{}", String::from_utf8_lossy(&lines));
    assert_eq!(without_places(again.events), without_places(events), "{}", String::from_utf8_lossy(&lines));
});

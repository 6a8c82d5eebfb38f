//! Whatever a worker writes, annals makes an import, an export or an answer of it, or says what is wrong; and a worker
//! survives whatever it is sent.
#![no_main]

use annals_core::table::Rows;
use annals_core::testing::Recorder;
use annals_fuzz::{choices, json, quiet};
use annals_worker::client::{self, Import};
use annals_worker::request::{Action, Request};
use annals_worker::testing::{Wire, served};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    quiet();
    let (choice, data) = choices(data);
    let host = Recorder::default();
    match choice & 7 {
        0..=2 => {
            let mut import = Import::new(Wire::new(data, data.len() as u64), 7, &host);
            let mut rows = 0;
            loop {
                match import.next_batch() {
                    Ok(Some(batch)) => {
                        Rows::of(&batch).expect("the rows of a batch can be read");
                        rows += batch.num_rows() as u64;
                    }
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
            if let Ok(counts) = import.finish() {
                assert_eq!(counts.emitted, rows);
            }
        }
        3 => drop(client::check(Wire::new(data, 0), &host)),
        4 => drop(client::describe(Wire::new(data, 0)).map(|said| said.to_json())),
        5 => drop(client::sniff(Wire::new(data, 0))),
        6 => {
            let mut out = Vec::new();
            let given = || Some(u64::from(choice >> 3));
            let counts = client::export(Wire::new(data, 0), &mut out, &host, given);
            assert!(counts.is_err() || out.len() <= data.len());
        }
        _ => {
            let request = Request { format: "jsonl".to_owned(), ..Request::default() };
            served(json(), Action::Export, &request, data);
        }
    }
});

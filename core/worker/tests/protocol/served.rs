//! What a plugin does in a worker is what it does in this process.

use std::cell::Cell;
use std::io::{Cursor, Write};

use annals_core::host::Failure;
use annals_core::plugin::{ExportCounts, Host};
use annals_core::testing::{Recorder, batches, options};
use annals_core::{Error, Event, Fact, ImportRequest, Note, json, sample, table};
use annals_worker::batch::Writer;
use annals_worker::client;
use annals_worker::frame::{Frames, HEAD, ROOM};
use annals_worker::message::{Encoding, Message, VERSION};
use annals_worker::request::{Action, Request};
use annals_worker::testing::{Wire, served};
use proptest::prelude::*;
use serde_json::Value;

use crate::common::{Imported, format, import, plugin, request, tell};

/// An import without a worker.
fn direct(words: &str, request: &ImportRequest) -> Result<Imported, Failure> {
    let host = Recorder::default();
    let mut stream = format().import(Box::new(Cursor::new(words.as_bytes().to_vec())), "label", request, &host)?;
    let mut events = Vec::new();
    while let Some(batch) = stream.next_events()? {
        events.extend(batch);
    }
    let counts = stream.finish()?;
    let account = [counts.read(), counts.emitted, counts.rejected, counts.filtered];
    Ok(Imported { events, account, notes: host.notes.take(), facts: host.facts.take() })
}

/// The same messages as lines.
fn as_lines(output: &[u8]) -> Vec<u8> {
    let mut frames = Frames::new(output, ROOM);
    let mut reader = annals_worker::batch::Reader::default();
    let mut writer = Writer::new(Encoding::Lines);
    let mut lines = Vec::new();
    while let Some(frame) = frames.next_frame().unwrap() {
        match Message::decode(frame).unwrap() {
            Message::Batches(bytes) => {
                reader.read(bytes).unwrap().iter().for_each(|batch| writer.write(batch, &mut lines).unwrap());
            }
            message => message.write(&mut lines, Encoding::Lines).unwrap(),
        }
    }
    lines
}

/// Without what canonical JSON says in another way.
fn in_json(imported: Imported) -> Vec<String> {
    imported.events.iter().map(|event| Value::Object(json::to_object(event)).to_string()).collect()
}

fn same(words: &str, import_request: &ImportRequest) {
    let request = Request { import: import_request.clone(), ..request() };
    let expected = direct(words, import_request);
    let output = served(plugin(), Action::Import, &request, words);
    let found = import(&output);
    match (&found, &expected) {
        (Err(found), Err(expected)) => assert_eq!(tell(found), tell(expected), "{words}"),
        _ => assert_eq!(found, expected, "{words}"),
    }
    if let Ok(expected) = expected {
        let found = import(&as_lines(&output)).unwrap();
        assert_eq!((&found.account, &found.facts, &found.notes), (&expected.account, &expected.facts, &expected.notes));
        assert_eq!(in_json(found), in_json(expected), "{words}");
    }
}

#[test]
fn imports_are_the_same() {
    let request = ImportRequest::default();
    same("1 2 reject repair fact fact filter 3 reject max", &request);
    same("", &request);
    same(&(0..3000).map(|n| n.to_string()).collect::<Vec<_>>().join(" "), &request);
    same("refuse", &request);
    same("1 reject fail 2", &request);
    same("1 panic", &request);
}

#[test]
fn a_request_arrives() {
    let import = ImportRequest {
        options: options(&[("how", "well")]),
        wanted: Some(vec!["title".to_owned()]),
        raw: true,
        batch_rows: 7,
        max_record: 12345,
    };
    same("1 2 3 4 5 6 7 8 9 max", &import);
    let request = Request { format: "f".into(), label: "l\n\"".into(), size: Some(9), import: import.clone() };
    let found = Request::parse(&request.to_json()).unwrap();
    assert_eq!((found.format, found.label, found.size), (request.format, request.label, request.size));
    assert_eq!(found.import.options.0, import.options.0);
    assert_eq!((found.import.wanted, found.import.raw), (import.wanted, import.raw));
    assert_eq!((found.import.batch_rows, found.import.max_record), (7, 12345));
    assert!(Request::parse("[]").is_err());
    assert_eq!(Request::parse("{}").unwrap().import.batch_rows, ImportRequest::default().batch_rows);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_import_is_the_same(
        words in prop::collection::vec(
            prop_oneof![
                8 => (0..10_000u64).prop_map(|seed| seed.to_string()),
                2 => prop::sample::select(vec!["reject", "repair", "fact", "filter", ""]).prop_map(str::to_owned),
                1 => prop::sample::select(vec!["fail", "panic", "reject"]).prop_map(str::to_owned),
            ],
            0..40,
        ),
        batch_rows in 1..20usize,
    ) {
        same(&words.join(" "), &ImportRequest { batch_rows, ..ImportRequest::default() });
    }

    #[test]
    fn any_export_is_the_same(seeds in prop::collection::vec(0..10_000u64, 0..250), how in 0..4usize) {
        let how = ["well", "omits", "fails", "stops"][how];
        let events = || seeds.iter().enumerate().map(|(n, seed)| sample::event(*seed).id(n.to_string()));
        same_export(events().collect(), how);
    }
}

fn facts() -> Vec<Fact> {
    let fact = |key: &str, value| Fact { kind: "k".into(), key: key.into(), value };
    vec![fact("a", 1.into()), fact("b", serde_json::json!(["\u{1b}", null]))]
}

/// What came of an export: bytes, notes, account.
type Exported = (Vec<u8>, Vec<Note>, Result<ExportCounts, String>);

/// What annals sends to an export.
fn sent(events: Vec<Event>, encoding: Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    Message::Hello(VERSION).write(&mut bytes, encoding).unwrap();
    facts().into_iter().for_each(|fact| Message::Fact(fact).write(&mut bytes, encoding).unwrap());
    let mut writer = Writer::new(encoding);
    batches(events).for_each(|batch| writer.write(&batch.unwrap(), &mut bytes).unwrap());
    Message::End(Default::default()).write(&mut bytes, encoding).unwrap();
    bytes
}

fn same_export(events: Vec<Event>, how: &str) {
    let host = Recorder::default();
    let mut bytes = Vec::new();
    let options = options(&[("how", how)]);
    let counts = format().export(batches(events.clone()), &facts(), &options, &mut bytes, &host);
    let expected: Exported = (bytes, host.notes.take(), counts.map_err(|failure| tell(&failure)));
    let import = ImportRequest { options, ..ImportRequest::default() };
    let rows = events.len() as u64;
    let output = served(plugin(), Action::Export, &Request { import, ..request() }, sent(events, Encoding::Frames));
    for output in [output.clone(), as_lines(&output)] {
        let (host, mut bytes) = (Recorder::default(), Vec::new());
        let counts = client::export(Wire::new(output.as_slice(), 0), &mut bytes, &host, || Some(rows));
        let found: Exported = (bytes, host.notes.take(), counts.map_err(|failure| tell(&failure)));
        match how {
            // What was written before it failed may not have been sent.
            "fails" => assert_eq!((&found.1, &found.2), (&expected.1, &expected.2)),
            _ => assert_eq!(found, expected, "{how}"),
        }
    }
}

#[test]
fn exports_are_the_same() {
    let events = |count: u64| (0..count).map(|seed| sample::event(seed).id(seed.to_string())).collect();
    for how in ["well", "omits", "fails", "stops"] {
        for count in [0, 1, 100, 101, 1000] {
            same_export(events(count), how);
        }
    }
}

#[test]
fn an_export_without_the_end_of_its_events_is_none() {
    let events: Vec<Event> = (0..250).map(|seed| sample::event(seed).id(seed.to_string())).collect();
    let all = sent(events, Encoding::Frames);
    let mut ends = vec![0];
    let mut frames = Frames::new(all.as_slice(), ROOM);
    while let Some(frame) = frames.next_frame().unwrap() {
        ends.push(ends.last().unwrap() + annals_worker::frame::HEAD + frame.len());
    }
    // At and around every boundary of a message, and all over the short ones.
    let near = |at: usize| ends.iter().any(|end| at.abs_diff(*end) < 12);
    for at in (0..all.len()).filter(|at| near(*at)) {
        let output = served(plugin(), Action::Export, &request(), &all[..at]);
        let counts =
            client::export(Wire::new(output.as_slice(), 0), &mut Vec::new(), &Recorder::default(), || Some(250));
        let failure = counts.err().map(|failure| tell(&failure)).unwrap_or_default();
        let named = ["annals has gone", "in the middle of a frame"].iter().any(|name| failure.contains(name));
        assert!(named, "{at} of {}: {failure}", all.len());
    }
}

#[test]
fn what_annals_does_not_send_is_told() {
    let hello = || Message::Hello(VERSION);
    let check = |messages: Vec<Message>, expected: &str| {
        let mut bytes = Vec::new();
        messages.iter().for_each(|message| message.write(&mut bytes, Encoding::Frames).unwrap());
        let output = served(plugin(), Action::Export, &request(), bytes);
        let counts = client::export(Wire::new(output.as_slice(), 0), &mut Vec::new(), &Recorder::default(), || Some(0));
        assert_eq!(counts.err().map(|failure| tell(&failure)).unwrap_or_default(), expected);
    };
    check(vec![hello(), Message::End(Default::default())], "");
    check(vec![hello(), Message::Data(b"x".to_vec()), Message::End(Default::default())], "refused: annals sent `data`");
    check(vec![hello(), Message::Batches(b"x".to_vec())], "refused: bad batch: it ends in the middle of a message");
    check(vec![], "refused: annals has gone");
    let mut part = Vec::new();
    let columns = ["title".to_owned()];
    Writer::new(Encoding::Frames).write(&table::to_batch(&[Event::default()], Some(&columns)), &mut part).unwrap();
    let part = Message::Batches(part.split_off(HEAD));
    check(vec![hello(), part], "refused: annals sent a batch that is not of the whole event table");
}

#[test]
fn other_questions_are_answered() {
    let said = served(plugin(), Action::Describe, &Request::default(), "");
    let said = client::describe(Wire::new(said.as_slice(), 0)).unwrap();
    assert_eq!(said, annals_worker::describe::Description::of(plugin()));
    assert_eq!((said.id.as_str(), said.formats[0].extensions.len()), ("play", 2));
    let sniff = |label: &str, head: &str| {
        let request = Request { label: label.to_owned(), ..Request::default() };
        let said = served(plugin(), Action::Sniff, &request, head);
        client::sniff(Wire::new(said.as_slice(), 0)).unwrap()
    };
    assert_eq!(sniff("a.play", ""), [("play".to_owned(), 100)]);
    assert_eq!(sniff("", "four"), [("play".to_owned(), 4)]);
    let check = |text: &str| {
        let host = Recorder::default();
        let said = served(plugin(), Action::Check, &request(), text);
        let found = client::check(Wire::new(said.as_slice(), 1000), &host).map_err(|failure| tell(&failure));
        let direct = Recorder::default();
        let input = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let expected = format().validate(input, "label", &ImportRequest::default(), &direct);
        assert_eq!(found, expected.map_err(|failure| tell(&failure)));
        assert_eq!(host.notes, direct.notes);
        host.notes.take().len()
    };
    assert_eq!((check("some"), check("refuse")), (2, 2));
    let nothing = Request { format: "other".to_owned(), ..Request::default() };
    let said = served(plugin(), Action::Import, &nothing, "");
    assert_eq!(tell(&import(&said).unwrap_err()), "plugin: the plugin has no format `other`");
}

/// A host that adds up what it is told of progress.
struct Listener(Cell<u32>);

impl Host for Listener {
    fn progress(&self, done: u64) {
        self.0.set(self.0.get() + done as u32);
    }

    fn note(&self, _: &Note) {}

    fn fact(&self, _: &Fact) {}
}

#[test]
fn progress_arrives_and_logs_are_passed_over() {
    let mut bytes = Vec::new();
    let end = serde_json::json!({"read": 0, "emitted": 0, "rejected": 0, "filtered": 0});
    let messages = [
        Message::Hello(1),
        Message::Progress(3),
        Message::Log("so far".to_owned()),
        Message::Progress(4),
        Message::End(end.as_object().unwrap().clone()),
    ];
    messages.iter().for_each(|message| message.write(&mut bytes, Encoding::Lines).unwrap());
    let host = Listener(Cell::default());
    annals_worker::testing::import(&bytes, 0, &host).unwrap();
    assert_eq!(host.0.get(), 7);
}

#[test]
fn who_cannot_be_written_to_is_told() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let input = std::io::BufReader::new(Cursor::new(b"1 2 3".to_vec()));
    assert!(annals_worker::serve::serve(plugin(), Action::Import, &request(), input, &mut Gone).is_err());
    let output = served(plugin(), Action::Export, &request(), sent(Vec::new(), Encoding::Frames));
    let counts = client::export(Wire::new(output.as_slice(), 0), &mut Gone, &Recorder::default(), || Some(0));
    assert_eq!(tell(&counts.unwrap_err()), "io: broken pipe");
}

#[test]
fn errors_arrive_with_their_places() {
    let error = Error { column: Some(4), ..Error::new("no").hint("so").at(7, 3) };
    for encoding in [Encoding::Frames, Encoding::Lines] {
        for bug in [true, false] {
            let mut bytes = Vec::new();
            Message::Hello(1).write(&mut bytes, encoding).unwrap();
            Message::Error(error.clone(), bug).write(&mut bytes, encoding).unwrap();
            let expected = if bug { Failure::Plugin(error.clone()) } else { Failure::Refused(error.clone()) };
            assert_eq!(import(&bytes).unwrap_err(), expected);
        }
    }
}

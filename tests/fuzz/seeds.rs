//! Writes what the target `frames` begins with into a folder: the outputs of workers that behave, and a dictionary.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use annals_core::testing::{batches, options};
use annals_core::{Event, Fact, ImportRequest, sample};
use annals_fuzz::json;
use annals_worker::batch::Writer;
use annals_worker::frame::Kind;
use annals_worker::message::{Encoding, Message, VERSION};
use annals_worker::request::{Action, Request};
use annals_worker::testing::served;

const EVENTS: &str = r#"{"id":"a","start":"2025-08~","title":"vague","x":[1,{"y":null}]}
{"start":"2025-02-30"}
{"start":"2025-01-01T10:00:00Z","end":"2025-01-01T11:00:00Z","tags":["t"],"lat":1.5}
"#;

/// What an export is sent.
fn sent(encoding: Encoding) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    Message::Hello(VERSION).write(&mut bytes, encoding)?;
    let fact = Fact { kind: "calendar".to_owned(), key: "a".to_owned(), value: 1.into() };
    Message::Fact(fact).write(&mut bytes, encoding)?;
    let events: Vec<Event> = (1..=2).map(sample::event).collect();
    let mut writer = Writer::new(encoding);
    for batch in batches(events) {
        writer.write(&batch.map_err(|error| io::Error::other(error.message))?, &mut bytes)?;
    }
    Message::End(Default::default()).write(&mut bytes, encoding)?;
    Ok(bytes)
}

fn main() -> io::Result<()> {
    let folder: PathBuf = std::env::args_os().nth(1).expect("a folder as the argument").into();
    let seeds = folder.join("frames");
    fs::create_dir_all(&seeds)?;
    let request = Request {
        format: "jsonl".to_owned(),
        import: ImportRequest { options: options(&[]), ..ImportRequest::default() },
        ..Request::default()
    };
    let export = sent(Encoding::Frames)?;
    // The first byte chooses what is done with the rest, see `choices`.
    let outputs = [
        ("import", 0u8, served(json(), Action::Import, &request, EVENTS)),
        ("check", 3, served(json(), Action::Check, &request, EVENTS)),
        ("describe", 4, served(json(), Action::Describe, &request, "")),
        ("sniff", 5, served(json(), Action::Sniff, &request, EVENTS)),
        ("export", 6 | 2 << 3, served(json(), Action::Export, &request, export.clone())),
        ("sent", 7, export),
        ("sent-lines", 7, sent(Encoding::Lines)?),
        ("lines", 0, LINES.into()),
    ];
    for (name, choice, bytes) in outputs {
        fs::write(seeds.join(name), [&[choice], bytes.as_slice()].concat())?;
    }
    dictionary(&folder.join("frames.dict"))
}

const LINES: &str = r#"{"hello":1}
{"event":{"start":"2025-08~","title":"vague","claims":[{"source":"","locator":{"offset":0,"len":9,"line":1}}]}}
{"note":{"kind":"reject","code":"bad","text":"no","offset":9,"len":3,"line":2,"event":"e","base64":"/w=="}}
{"fact":{"kind":"calendar","key":"a","value":{"name":"x"}}}
{"progress":12}
{"log":"said"}
{"end":{"read":2,"emitted":1,"rejected":1,"filtered":0}}
"#;

fn dictionary(path: &Path) -> io::Result<()> {
    let heads = Kind::ALL.map(|kind| format!("\"{}\\x00\\x00\\x00\"", char::from(kind as u8)));
    let words = [
        "hello", "event", "note", "fact", "data", "base64", "progress", "log", "result", "end", "error", "kind",
        "code", "text", "reject", "repair", "lossy", "omit", "read", "emitted", "rejected", "filtered", "written",
        "omitted", "message", "hint", "blame", "plugin", "offset", "len", "line", "start", "claims", "extra",
        "options", "formats",
    ];
    let words = words.map(|word| format!("\"\\\"{word}\\\":\""));
    let wild =
        ["\\xff\\xff\\xff\\xff", "\\xff\\xff\\xff\\x7f", "\\x00\\x00\\x00\\x80"].map(|bytes| format!("\"{bytes}\""));
    let all: Vec<String> = heads.into_iter().chain(words).chain(wild).collect();
    fs::write(path, all.join("\n") + "\n")
}

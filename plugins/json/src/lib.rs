//! The formats `json` and `jsonl`: annals' own canonical JSON, what people write by hand, and, through options,
//! the JSON of anybody else.
//!
//! `json` is a document `{"annals":1,"timeline":{…},"events":[…]}`, an array of events or one event; `jsonl` has one
//! event a line. The objects are the same ([`annals_core::json`]).

use annals_core::{Error, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input};

mod export;
mod fast;
mod fields;
mod json;
mod jsonl;
mod record;
mod sniff;
mod times;

#[cfg(test)]
mod tests;

annals_core::plugin! { id: "json", version: env!("CARGO_PKG_VERSION"), formats: [Json: import export, Jsonl: import export] }

/// A document of events.
pub struct Json;

/// One event a line.
pub struct Jsonl;

impl Format for Json {
    const INFO: FormatInfo = FormatInfo {
        name: "json",
        summary: "annals' own JSON document, an array of objects, or one object",
        extensions: "json",
        media_types: "application/json",
        options: fields::OPTIONS,
        example: "annals merge json,start=created_at,title=name,id=id:issues.json -o timeline.json",
    };

    fn sniff(head: &[u8], name: &str) -> u8 {
        sniff::sniff(head, name).0
    }
}

impl Format for Jsonl {
    const INFO: FormatInfo = FormatInfo {
        name: "jsonl",
        summary: "one JSON object a line: annals' own, or anybody's",
        extensions: "jsonl ndjson",
        media_types: "application/jsonl application/x-ndjson application/x-jsonlines",
        options: fields::LINES_OPTIONS,
        example: "annals merge jsonl,start=ts,title=msg,id=key,revision=seq:x.jsonl",
    };

    fn sniff(head: &[u8], name: &str) -> u8 {
        sniff::sniff(head, name).1
    }
}

impl Importer for Json {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(json::Importer::open(input, &request)?))
    }
}

impl Importer for Jsonl {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(jsonl::Importer::open(input, &request)?))
    }
}

impl Exporter for Json {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        export::json(cx)
    }
}

impl Exporter for Jsonl {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        export::jsonl(cx)
    }
}

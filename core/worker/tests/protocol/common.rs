//! A plugin that does as its input says, and what came of it, as text.

use std::io::{Read, Write};

use annals_core::check::{Findings, Validator};
use annals_core::host::{Failure, FormatRef, Plugin};
use annals_core::testing::Recorder;
use annals_core::{
    Error, Event, Export, Exporter, Fact, Format, FormatInfo, Import, ImportRequest, Importer, Input, Locator, Note,
    Out, sample,
};
use annals_worker::request::Request;
use annals_worker::testing;

/// Each word of its input is something that it does, see [`Playing::play`].
pub struct Play;

pub const INFO: FormatInfo = FormatInfo {
    name: "play",
    summary: "does as it is told",
    extensions: "play pl",
    media_types: "text/x-play",
    options: r#"{"properties":{"how":{"type":"string"}}}"#,
    example: "annals merge a.play",
};

impl Format for Play {
    const INFO: FormatInfo = INFO;

    fn sniff(head: &[u8], name: &str) -> u8 {
        if name.ends_with(".play") { 100 } else { head.len().min(99) as u8 }
    }
}

pub struct Playing {
    words: std::vec::IntoIter<String>,
    max_record: usize,
    at: u64,
}

impl Importer for Play {
    fn open(mut input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        let mut text = String::new();
        input.read_to_string(&mut text)?;
        if text == "refuse" {
            return Err(Error::new("not so").hint("but so").at(7, 3));
        }
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        Ok(Box::new(Playing { words: words.into_iter(), max_record: request.max_record, at: 0 }))
    }
}

impl Import for Playing {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let Some(word) = self.words.next() else { return Ok(false) };
        self.at += 1;
        let at = Locator { offset: self.at, len: word.len() as u64, line: self.at };
        match word.as_str() {
            "reject" => out.reject(at, b"\xff bytes", "bad-word", "no good"),
            "repair" => out.repair(at, Some("x"), "mended", "better\nso"),
            "filter" => out.filter(3),
            "fact" => out.fact("title", "t", serde_json::json!({ "at": self.at })),
            "fail" => return Err(Error::new("cannot go on").at(self.at, 1)),
            "panic" => panic!("in step"),
            "max" => out.fact("max", "", self.max_record.into()),
            "" => {}
            // A number: the event of this seed.
            seed => out.event(sample::event(seed.parse().unwrap_or(0))),
        }
        Ok(true)
    }
}

impl Exporter for Play {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        let how = cx.options.text("how").unwrap_or_default().to_owned();
        let facts: Vec<String> = cx.facts.iter().map(|fact| format!("{}={}", fact.key, fact.value)).collect();
        writeln!(cx, "facts {}", facts.join(" "))?;
        while let Some(event) = cx.next_event()? {
            match how.as_str() {
                "omits" => cx.omit(&event, "no-room", "no"),
                "fails" => return Err(Error::new("will not").hint("ask again")),
                "stops" => return Ok(()),
                _ => cx.write_all(format!("{event:?}\n").as_bytes())?,
            }
        }
        cx.write_all(b"\xff\0").map_err(Error::from)
    }
}

impl Validator for Play {
    fn validate(mut input: Box<dyn Input>, _: &ImportRequest, findings: &mut Findings<'_>) -> Result<(), Error> {
        let mut text = String::new();
        input.read_to_string(&mut text)?;
        let at = Locator { offset: 0, len: text.len() as u64, line: 1 };
        findings.error(at, Some("e"), "wrong", text.clone());
        findings.warning(at, None, "odd", "hm");
        if text == "refuse" { Err(Error::new("cannot be checked")) } else { Ok(()) }
    }
}

annals_core::plugin! { id: "play", version: "1.2.3", formats: [Play: import export validate] }

pub fn plugin() -> Plugin {
    // SAFETY: a static descriptor of this crate.
    unsafe { Plugin::new(&PLUGIN) }.unwrap()
}

pub fn format() -> FormatRef {
    plugin().formats()[0]
}

pub fn request() -> Request {
    Request { format: "play".to_owned(), label: "label".to_owned(), ..Request::default() }
}

/// The kind and text of a failure.
pub fn tell(failure: &Failure) -> String {
    match failure {
        Failure::Refused(error) => format!("refused: {error}"),
        Failure::Plugin(error) => format!("plugin: {error}"),
        Failure::Io(error) => format!("io: {error}"),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}

/// What came of an import.
#[derive(Debug, PartialEq)]
pub struct Imported {
    pub events: Vec<Event>,
    /// Read, emitted, rejected, filtered.
    pub account: [u64; 4],
    pub notes: Vec<Note>,
    pub facts: Vec<Fact>,
}

/// What comes of an import that has this output.
pub fn import(output: &[u8]) -> Result<Imported, Failure> {
    let host = Recorder::default();
    let (events, counts) = testing::import(output, 1000, &host)?;
    let account = [counts.read(), counts.emitted, counts.rejected, counts.filtered];
    Ok(Imported { events, account, notes: host.notes.take(), facts: host.facts.take() })
}

/// The same as text, for what fails; empty for what does not.
pub fn failure(output: &[u8]) -> String {
    import(output).err().map(|failure| tell(&failure)).unwrap_or_default()
}

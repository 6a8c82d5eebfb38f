//! The plugin boundary from end to end: formats that behave and formats that do not, through descriptor and vtable.

mod common;

use std::cell::Cell;
use std::io::{self, Cursor, Read, Write};

use annals_core::abi::{FormatTable, PluginTable, Str};
use annals_core::host::{Failure, Plugin};
use annals_core::plugin::{ImportCounts, Options};
use annals_core::testing::Recorder;
use annals_core::{
    Error, Event, Export, Exporter, Fact, Format, FormatInfo, Host, Import, ImportRequest, Importer, Input, Locator,
    Note, Out, sample,
};
use common::Full;

const fn info(name: &'static str) -> FormatInfo {
    FormatInfo { name, summary: "", extensions: "", media_types: "", options: "{}", example: "" }
}

/// What to do is the first word of the input: how a test tells the format how to misbehave.
struct Play;

struct Playing {
    word: String,
    step: u64,
}

impl Format for Play {
    const INFO: FormatInfo = info("play");

    fn sniff(head: &[u8], _: &str) -> u8 {
        assert_ne!(head, b"panic", "sniffing");
        100
    }
}

impl Importer for Play {
    fn open(mut input: Box<dyn Input>, _: ImportRequest) -> Result<Box<dyn Import>, Error> {
        let mut word = String::new();
        input.read_to_string(&mut word)?;
        match word.as_str() {
            "open-panics" => panic!("in open"),
            "open-fails" => Err(Error::new("not so").hint("but so").at(7, 3)),
            _ => Ok(Box::new(Playing { word, step: 0 })),
        }
    }
}

impl Import for Playing {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        self.step += 1;
        let at = Locator { offset: self.step, len: 1, line: self.step };
        match self.word.as_str() {
            "step-panics" if self.step > 2 => panic!("in step"),
            "step-fails" if self.step > 2 => Err(Error::new("a NUL: \0")),
            "endless" => Ok(true),
            "rejects" => {
                out.reject(at, b"bytes", "bad", "no good");
                out.repair(at, Some("x"), "mended", "better");
                out.filter(2);
                Ok(self.step < 3)
            }
            count => {
                out.event(sample::event(self.step));
                out.fact("title", "t", self.step.into());
                Ok(count.parse().map_or(true, |count: u64| self.step < count))
            }
        }
    }
}

impl Exporter for Play {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        let how = cx.options.text("how").unwrap_or_default().to_owned();
        match how.as_str() {
            "panics" => panic!("in export"),
            "fails" => return Err(Error::new("will not").hint("ask again")),
            "takes-one" => {
                cx.next_event()?;
                return Ok(());
            }
            _ => {}
        }
        while let Some(event) = cx.next_event()? {
            if how == "omits" {
                cx.omit(&event, "no-room", "no");
                continue;
            }
            let facts = cx.facts.len();
            writeln!(cx, "{} {facts}", event.id.as_deref().unwrap_or("-"))?;
        }
        Ok(())
    }
}

annals_core::plugin! { id: "play", version: "1.2.3", formats: [Play: import export] }

fn plugin() -> Plugin {
    // SAFETY: a static descriptor of this crate.
    unsafe { Plugin::new(&PLUGIN) }.unwrap()
}

type Imported = (Vec<Event>, ImportCounts, Vec<Note>, Vec<Fact>);

fn import(word: &'static str, batch_rows: usize) -> Result<Imported, Failure> {
    let host = Recorder::default();
    let request = ImportRequest { batch_rows, ..ImportRequest::default() };
    let input = Box::new(Cursor::new(word.as_bytes().to_vec()));
    let mut stream = plugin().formats()[0].import(input, "label", &request, &host)?;
    let mut events = Vec::new();
    while let Some(batch) = stream.next_events()? {
        assert!(batch.len() <= batch_rows);
        events.extend(batch);
    }
    let counts = stream.finish()?;
    Ok((events, counts, host.notes.take(), host.facts.take()))
}

/// The kind and text of a failure.
fn tell(failure: Failure) -> String {
    match failure {
        Failure::Refused(error) => format!("refused: {error}"),
        Failure::Plugin(error) => format!("plugin: {error}"),
        Failure::Io(error) => format!("io: {error}"),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}

#[test]
fn events_cross_whole_whatever_the_batch() {
    for batch_rows in [1, 3, 7, 100] {
        let (events, counts, _, facts) = import("20", batch_rows).unwrap();
        let expected: Vec<Event> = (1..=20).map(sample::event).collect();
        assert_eq!(events, expected, "{batch_rows}");
        assert_eq!((counts.emitted, counts.read(), facts.len()), (20, 20, 20));
    }
}

#[test]
fn notes_and_counts_cross() {
    let (events, counts, notes, _) = import("rejects", 4).unwrap();
    assert!(events.is_empty());
    assert_eq!((counts.rejected, counts.filtered, counts.read()), (3, 6, 9));
    assert_eq!(notes.len(), 6);
    assert_eq!(notes[0].bytes, b"bytes");
    assert_eq!(notes[1].event.as_deref(), Some("x"));
    assert_eq!(notes[2].locator, Some(Locator { offset: 2, len: 1, line: 2 }));
}

#[test]
fn an_import_that_fails_is_told_as_what_it_is() {
    let check = |word, expected: &str| assert_eq!(tell(import(word, 1).err().unwrap()), expected);
    check("open-panics", "plugin: the plugin panicked: in open");
    check("step-panics", "plugin: the plugin panicked: in step");
    check("step-fails", "refused: a NUL: \0");
    let Err(Failure::Refused(error)) = import("open-fails", 1) else { panic!() };
    let expected = Error { hint: Some("but so".to_owned()), ..Error::new("not so").at(7, 3) };
    assert_eq!(error, expected);
}

#[test]
fn a_sniff_that_panics_says_no() {
    let format = plugin().formats()[0];
    assert_eq!((format.sniff(b"panic", ""), format.sniff(b"else", "")), (0, 100));
}

#[test]
fn only_wanted_columns_cross() {
    let host = Recorder::default();
    let request = ImportRequest { wanted: Some(vec!["title".to_owned()]), ..ImportRequest::default() };
    let input = Box::new(Cursor::new(b"3".to_vec()));
    let mut stream = plugin().formats()[0].import(input, "", &request, &host).unwrap();
    for event in stream.next_events().unwrap().unwrap() {
        assert_eq!(event, Event { title: event.title.clone(), ..Event::default() });
    }
}

/// An input that cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

impl Input for Broken {}

/// A host whose user wants to stop after a while.
struct Impatient(Cell<u32>);

impl Host for Impatient {
    fn cancelled(&self) -> bool {
        self.0.set(self.0.get() + 1);
        self.0.get() > 10
    }

    fn note(&self, _: &Note) {}

    fn fact(&self, _: &Fact) {}
}

#[test]
fn the_host_knows_what_it_did_itself() {
    let format = plugin().formats()[0];
    let host = Recorder::default();
    let failure = format.import(Box::new(Broken), "", &ImportRequest::default(), &host).err().unwrap();
    assert_eq!(tell(failure), "io: the disk is gone");
    let host = Impatient(Cell::new(0));
    let input = Box::new(Cursor::new(b"endless".to_vec()));
    let mut stream = format.import(input, "", &ImportRequest::default(), &host).unwrap();
    assert_eq!(tell(stream.next_events().unwrap_err()), "cancelled");
}

fn export(how: &str, events: u64, out: &mut dyn Write) -> Result<(u64, u64, usize), Failure> {
    let host = Recorder::default();
    let options = Options([("how".to_owned(), how.into())].into_iter().collect());
    let facts = [Fact { kind: "k".into(), key: "k".into(), value: 1.into() }];
    let rows = (0..events).map(|n| Event::new().id(n.to_string()));
    let counts = plugin().formats()[0].export(annals_core::testing::batches(rows), &facts, &options, out, &host)?;
    Ok((counts.read, counts.omitted, host.notes.take().len()))
}

#[test]
fn exports() {
    let mut out = Vec::new();
    assert_eq!(export("well", 3, &mut out).unwrap(), (3, 0, 0));
    assert_eq!(out, b"0 1\n1 1\n2 1\n");
    assert_eq!(export("omits", 5000, &mut Vec::new()).unwrap(), (5000, 5000, 5000));
    let check = |how, events, expected: &str| {
        assert_eq!(tell(export(how, events, &mut Vec::new()).unwrap_err()), expected);
    };
    check("panics", 1, "plugin: the plugin panicked: in export");
    check("fails", 1, "refused: will not");
    check("takes-one", 2, "plugin: the plugin did not take all events, it says it took 1");
    check("takes-one", 9000, "plugin: the plugin did not take all events, it says it took 1");
    assert_eq!(tell(export("well", 1, &mut Full).unwrap_err()), "io: the disk is full");
}

#[test]
fn descriptors_that_are_wrong_are_refused() {
    let check = |change: &dyn Fn(&mut PluginTable), expected: &str| {
        let mut table = PluginTable { get_extension: None, ..annals_core::shim::plugin("play", "1", "{}", FORMATS) };
        change(&mut table);
        let table: &'static PluginTable = Box::leak(Box::new(table));
        // SAFETY: static, and as large as it says or refused for it.
        let error = unsafe { Plugin::new(table) }.err().map(|error| error.message).unwrap_or_default();
        assert_eq!(error, expected);
    };
    static GOOD: FormatTable = annals_core::shim::format::<Play>();
    static FORMATS: &[&FormatTable] = &[&GOOD];
    let with = |change: fn(&mut FormatTable)| -> &'static [&'static FormatTable] {
        let mut format = annals_core::shim::import::<Play>(annals_core::shim::format::<Play>());
        change(&mut format);
        Box::leak(Box::new([&*Box::leak(Box::new(format))]))
    };
    let set = |table: &mut PluginTable, formats: &'static [&'static FormatTable]| {
        table.formats = formats.as_ptr().cast();
    };
    check(&|_| {}, "");
    check(&|t| t.magic[0] = b'x', "its descriptor does not begin with the magic of an annals plugin");
    check(&|t| t.abi_major = 2, "it speaks version 2 of the plugin ABI; this annals speaks version 1");
    check(&|t| t.abi_minor = 9, "");
    check(&|t| t.struct_size = 0, "its descriptor is too small (0 bytes)");
    check(&|t| t.struct_size = u32::MAX, "");
    check(&|t| t.id = Str::EMPTY, "its id \"\" is not of lower-case letters, digits and `_`");
    check(&|t| t.id = Str::new("A b"), "its id \"A b\" is not of lower-case letters, digits and `_`");
    check(&|t| t.formats = std::ptr::null(), "its list of formats is NULL or misaligned");
    check(&|t| set(t, with(|f| f.name = Str::EMPTY)), "a format has the name \"\"");
    check(&|t| set(t, with(|f| f.struct_size = 8)), "a format's descriptor is too small (8 bytes)");
    let no_stats = "format `play` has `open_import` but no `stream_stats`";
    check(&|t| set(t, with(|f| f.stream_stats = None)), no_stats);
    let no_json = "format `play` has an options schema that is not a JSON object";
    check(&|t| set(t, with(|f| f.options = Str::new("{"))), no_json);
    // SAFETY: NULL is refused.
    assert!(unsafe { Plugin::new(std::ptr::null()) }.is_err());
}

#[test]
fn an_account_that_lies_is_found_out() {
    use annals_core::abi::{ArrowArrayStream, ImportStats};
    unsafe extern "C" fn lie(_: *mut ArrowArrayStream, stats: *mut ImportStats) -> std::ffi::c_int {
        // SAFETY: the host gives room for the statistics.
        let stats = unsafe { &mut *stats };
        (stats.complete, stats.read, stats.emitted) = (1, 5, 5);
        0
    }
    unsafe extern "C" fn not_complete(_: *mut ArrowArrayStream, stats: *mut ImportStats) -> std::ffi::c_int {
        // SAFETY: as above.
        let stats = unsafe { &mut *stats };
        (stats.read, stats.emitted) = (3, 3);
        0
    }
    let check = |stats: annals_core::abi::StreamStatsFn, expected: &str| {
        let mut format = annals_core::shim::import::<Play>(annals_core::shim::format::<Play>());
        format.stream_stats = Some(stats);
        let formats: &'static [&'static FormatTable] = Box::leak(Box::new([&*Box::leak(Box::new(format))]));
        let table = Box::leak(Box::new(annals_core::shim::plugin("play", "1", "{}", formats)));
        let host = Recorder::default();
        // SAFETY: static.
        let plugin = unsafe { Plugin::new(table) }.unwrap();
        let input = Box::new(Cursor::new(b"3".to_vec()));
        let mut stream = plugin.formats()[0].import(input, "", &ImportRequest::default(), &host).unwrap();
        while stream.next_events().unwrap().is_some() {}
        assert_eq!(tell(stream.finish().unwrap_err()), expected);
    };
    check(lie, "plugin: the plugin says 5 events and 0 rejects, but gave 3 and 0");
    check(not_complete, "plugin: the plugin ended the stream without completing the import");
}

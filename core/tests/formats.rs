//! Formats in safe Rust that misbehave in ways of their own, through the host; and a host that does, through the
//! format's table.

mod common;

use std::io::{self, Cursor, Read, Write};
use std::ptr;

use annals_core::abi::{
    ArrowArrayStream, ErrorOut, FormatTable, HostTable, ImportStats, PluginTable, Request, Source, Str, UNKNOWN,
};
use annals_core::host::{Failure, Plugin};
use annals_core::plugin::Options;
use annals_core::testing::Recorder;
use annals_core::{
    Error, Event, Export, Exporter, Fact, Format, FormatInfo, Host, Import, ImportRequest, Importer, Input, Locator,
    Note, Out, sample,
};
use common::Full;

const fn info(name: &'static str) -> FormatInfo {
    FormatInfo {
        name,
        summary: "A format",
        extensions: "a b",
        media_types: "x/a x/b",
        options: r#"{"properties":{}}"#,
        example: "annals",
    }
}

/// A plugin that reads, and one that writes, each in its module as in its crate.
mod reads {
    use super::*;

    pub struct Reads;

    struct Reading {
        input: Box<dyn Input>,
        request: ImportRequest,
        how: String,
    }

    impl Format for Reads {
        const INFO: FormatInfo = info("reads");

        fn sniff(head: &[u8], _: &str) -> u8 {
            head[0]
        }
    }

    impl Importer for Reads {
        fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
            let how = request.options.text("how").unwrap_or_default().to_owned();
            match how.as_str() {
                "open panics with a NUL" => panic!("a \0 in it"),
                "open panics with no text" => std::panic::panic_any(7),
                "open fails with all" => {
                    return Err(Error { column: Some(4), ..Error::new("no \0").hint("yes \0").at(0, 9) });
                }
                _ => {}
            }
            Ok(Box::new(Reading { input, request, how }))
        }
    }

    impl Import for Reading {
        fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
            let at = Locator { offset: 0, len: 0, line: 0 };
            match self.how.as_str() {
                "step panics with a NUL" => panic!("a \0 in it"),
                "swallows" => {
                    let _ = self.input.read(&mut [0; 8]);
                    out.event(Event::new());
                    return Ok(false);
                }
                "tells the request" => {
                    let wanted = self.request.wanted.as_deref().unwrap_or_default().join("+");
                    let ImportRequest { raw, batch_rows, max_record, .. } = self.request;
                    let size = self.input.size();
                    out.event(Event::new().title(format!("{wanted} {raw} {batch_rows} {max_record} {size:?}")));
                    return Ok(false);
                }
                "filters wildly" => {
                    out.event(Event::new());
                    out.filter(u64::MAX);
                    return Ok(false);
                }
                "many at once" => (0..10).for_each(|n| out.event(sample::event(n))),
                "large reject" => out.reject(at, &vec![b'x'; 2 << 20], "large", "too large"),
                _ => out.event(sample::event(1)),
            }
            Ok(false)
        }
    }

    impl Drop for Reading {
        fn drop(&mut self) {
            assert_ne!(self.how, "drop panics");
        }
    }

    annals_core::plugin! { id: "reads_1", version: "0.0.1", formats: [Reads: import] }
}

mod writes {
    use super::*;

    pub struct Writes;

    impl Format for Writes {
        const INFO: FormatInfo = info("writes");
    }

    impl Exporter for Writes {
        fn export(cx: &mut Export<'_>) -> Result<(), Error> {
            let how = cx.options.text("how").unwrap_or_default().to_owned();
            let most = cx.options.integer("most").unwrap_or(i64::MAX);
            let mut taken = 0;
            while taken < most {
                let Some(event) = cx.next_event()? else { break };
                taken += 1;
                match how.as_str() {
                    "panics with a NUL" => panic!("a \0 in it"),
                    "omits twice" => (0..2).for_each(|_| cx.omit(&event, "no-room", "no")),
                    "omits odd ones" if taken % 2 == 1 => cx.omit(&event, "no-room", "no"),
                    "swallows" => drop(cx.write(b"x")),
                    "loses" => cx.lossy(Some(&event), "cut", "cut short"),
                    _ => writeln!(cx, "{}", event.id.as_deref().unwrap_or_default())?,
                }
            }
            Ok(())
        }
    }

    annals_core::plugin! { id: "writes_1", version: "0.0.2", formats: [Writes: export] }
}

fn plugin(table: &'static PluginTable) -> Plugin {
    // SAFETY: a static descriptor of this crate.
    unsafe { Plugin::new(table) }.unwrap()
}

fn tell(failure: Failure) -> String {
    match failure {
        Failure::Refused(error) => format!("refused: {error}"),
        // The place of a panic is told by loaded libraries, and so where a test has called a library's entry.
        Failure::Plugin(error) => {
            let text = error.to_string();
            format!("plugin: {}", text.split(" (core/tests/").next().unwrap_or_default())
        }
        Failure::Io(error) => format!("io: {error}"),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}

fn request(how: &str) -> ImportRequest {
    let options = Options([("how".to_owned(), how.into())].into_iter().collect());
    ImportRequest { options, ..ImportRequest::default() }
}

fn import(request: &ImportRequest, input: Box<dyn Input>, host: &dyn Host) -> Result<Vec<Event>, Failure> {
    let mut stream = plugin(&reads::PLUGIN).formats()[0].import(input, "label", request, host)?;
    let mut events = Vec::new();
    while let Some(batch) = stream.next_events()? {
        events.extend(batch);
    }
    stream.finish()?;
    Ok(events)
}

fn import_bytes(request: &ImportRequest) -> Result<Vec<Event>, Failure> {
    import(request, Box::new(Cursor::new(b"123".to_vec())), &Recorder::default())
}

#[test]
fn a_descriptor_says_what_the_format_says() {
    let (reads, writes) = (plugin(&reads::PLUGIN), plugin(&writes::PLUGIN));
    assert_eq!((reads.id(), reads.version()), ("reads_1".to_owned(), "0.0.1".to_owned()));
    assert_eq!((writes.id(), writes.version()), ("writes_1".to_owned(), "0.0.2".to_owned()));
    let (reads, writes) = (reads.formats()[0], writes.formats()[0]);
    assert_eq!((reads.can_import(), reads.can_export()), (true, false));
    assert_eq!((writes.can_import(), writes.can_export()), (false, true));
    assert_eq!((reads.name(), reads.summary(), reads.example()), ("reads".into(), "A format".into(), "annals".into()));
    assert_eq!(
        (reads.extensions(), reads.media_types()),
        (vec!["a".into(), "b".into()], vec!["x/a".into(), "x/b".into()])
    );
    assert_eq!(
        (reads::annals_plugin_entry(), writes::annals_plugin_entry()),
        (&raw const reads::PLUGIN, &raw const writes::PLUGIN)
    );
}

#[test]
fn a_sniff_is_a_score_up_to_100() {
    let sniff = |head: &[u8]| plugin(&reads::PLUGIN).formats()[0].sniff(head, "");
    // An empty head makes this format panic.
    assert_eq!((sniff(&[]), sniff(&[0]), sniff(&[50]), sniff(&[100]), sniff(&[255])), (0, 0, 50, 100, 100));
}

#[test]
fn what_a_format_cannot_do_is_refused() {
    let host = Recorder::default();
    let input = Box::new(Cursor::new(Vec::new()));
    let failed = plugin(&writes::PLUGIN).formats()[0].import(input, "", &ImportRequest::default(), &host).err();
    assert_eq!(tell(failed.unwrap()), "refused: format `writes` cannot be read");
    let none = std::iter::empty();
    let failed = plugin(&reads::PLUGIN).formats()[0].export(none, &[], &Options::default(), &mut Vec::new(), &host);
    assert_eq!(tell(failed.unwrap_err()), "refused: format `reads` cannot be written");
}

#[test]
fn an_import_that_panics_is_the_plugins_fault_and_ends_nothing_else() {
    let check = |how, expected: &str| assert_eq!(tell(import_bytes(&request(how)).unwrap_err()), expected);
    check("open panics with a NUL", "plugin: the plugin panicked: a \0 in it");
    check("open panics with no text", "plugin: the plugin panicked: no message");
    check("step panics with a NUL", "plugin: the plugin panicked: a \0 in it");
    check(
        "filters wildly",
        "plugin: the plugin's account does not balance: read 18446744073709551615 != 1 + 0 + 18446744073709551615",
    );
    assert_eq!(import_bytes(&request("drop panics")).unwrap(), [sample::event(1)]);
}

#[test]
fn an_error_arrives_whole() {
    let Err(Failure::Refused(error)) = import_bytes(&request("open fails with all")) else { panic!() };
    let expected = Error {
        message: "no \0".to_owned(),
        hint: Some("yes \0".to_owned()),
        offset: Some(0),
        line: Some(9),
        column: Some(4),
    };
    assert_eq!(error, expected);
}

#[test]
fn a_step_may_give_more_than_a_batch() {
    let request = ImportRequest { batch_rows: 3, ..request("many at once") };
    let expected: Vec<Event> = (0..10).map(sample::event).collect();
    assert_eq!(import_bytes(&request).unwrap(), expected);
}

#[test]
fn the_request_arrives_whole() {
    let wanted = ["id", "title"].map(str::to_owned).to_vec();
    let full = ImportRequest {
        wanted: Some(wanted),
        raw: true,
        batch_rows: 7,
        max_record: 99,
        ..request("tells the request")
    };
    assert_eq!(import_bytes(&full).unwrap(), [Event::new().title("id+title true 7 99 Some(3)")]);
    struct Endless(io::Repeat);
    impl Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }
    impl Input for Endless {}
    let events = import(&request("tells the request"), Box::new(Endless(io::repeat(0))), &Recorder::default()).unwrap();
    assert_eq!(events, [Event::new().title(" false 4096 67108864 None")]);
}

#[test]
fn a_large_reject_is_cut() {
    let host = Recorder::default();
    import(&request("large reject"), Box::new(Cursor::new(Vec::new())), &host).unwrap();
    assert_eq!(host.notes.take()[0].bytes.len(), 1 << 20);
}

/// An input that cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

impl Input for Broken {}

#[test]
fn an_input_error_that_the_format_swallows_is_told_all_the_same() {
    let failure = import(&request("swallows"), Box::new(Broken), &Recorder::default()).unwrap_err();
    assert_eq!(tell(failure), "io: the disk is gone");
}

/// A host whose user wants to stop.
struct Stopping;

impl Host for Stopping {
    fn cancelled(&self) -> bool {
        true
    }

    fn note(&self, _: &Note) {}

    fn fact(&self, _: &Fact) {}
}

fn export(how: &str, most: i64, events: u64, out: &mut dyn Write, host: &dyn Host) -> Result<(u64, u64), Failure> {
    let options = Options([("how".to_owned(), how.into()), ("most".to_owned(), most.into())].into_iter().collect());
    let rows = (0..events).map(|n| Event { id: Some(n.to_string()), ..sample::event(n) });
    let counts =
        plugin(&writes::PLUGIN).formats()[0].export(annals_core::testing::batches(rows), &[], &options, out, host)?;
    Ok((counts.read, counts.omitted))
}

#[test]
fn an_export_takes_all_and_counts_what_it_omits() {
    let check = |how, events, expected| {
        assert_eq!(export(how, i64::MAX, events, &mut Vec::new(), &Recorder::default()).unwrap(), expected, "{how}");
    };
    check("", 0, (0, 0));
    check("", 4096, (4096, 0));
    check("", 4097, (4097, 0));
    check("omits odd ones", 5, (5, 3));
    check("loses", 5, (5, 0));
    let mut out = Vec::new();
    export("", i64::MAX, 3, &mut out, &Recorder::default()).unwrap();
    assert_eq!(out, b"0\n1\n2\n");
}

#[test]
fn an_export_that_goes_wrong_is_told_as_what_it_is() {
    let host = Recorder::default();
    let check = |how, expected: &str| {
        assert_eq!(tell(export(how, i64::MAX, 2, &mut Vec::new(), &host).unwrap_err()), expected, "{how}");
    };
    check("panics with a NUL", "plugin: the plugin panicked: a \0 in it");
    let twice = "read 2, written 0, omitted 4, notes of omission 4";
    check("omits twice", &format!("plugin: the plugin's account does not balance: {twice}"));
    assert_eq!(tell(export("", i64::MAX, 2, &mut Full, &host).unwrap_err()), "io: the disk is full");
    assert_eq!(tell(export("swallows", i64::MAX, 2, &mut Full, &host).unwrap_err()), "io: the disk is full");
    assert_eq!(tell(export("", i64::MAX, 2, &mut Vec::new(), &Stopping).unwrap_err()), "cancelled");
}

fn check_stops(most: i64, events: u64) {
    let done = export("", most, events, &mut Vec::new(), &Recorder::default());
    assert!(matches!(done, Err(Failure::Plugin(_))), "{most} of {events}: {done:?}");
}

#[test]
fn an_export_that_stops_early_is_found_out() {
    check_stops(1, 2);
    check_stops(4095, 5000);
    check_stops(4097, 5000);
}

#[test]
fn an_export_that_stops_between_batches_is_found_out() {
    check_stops(0, 3);
    check_stops(4096, 5000);
}

/// Calls `open_import` as another host might; the code and the message.
fn open(change: impl Fn(&mut HostTable, &mut Source, &mut Request, &mut ErrorOut)) -> (i32, String, ArrowArrayStream) {
    unsafe extern "C" fn read(_: *mut std::ffi::c_void, _: *mut u8, _: usize) -> i64 {
        0
    }
    let mut host = HostTable {
        struct_size: size_of::<HostTable>() as u32,
        reserved: 0,
        context: ptr::null_mut(),
        cancelled: None,
        progress: None,
        log: None,
        note: None,
        fact: None,
        get_extension: None,
    };
    let mut source = Source {
        struct_size: size_of::<Source>() as u32,
        reserved: 0,
        context: ptr::null_mut(),
        label: Str::EMPTY,
        size: UNKNOWN,
        read: Some(read),
        read_at: None,
        bytes: ptr::null(),
    };
    let mut request = Request {
        struct_size: size_of::<Request>() as u32,
        reserved: 0,
        flags: 0,
        options: Str::EMPTY,
        wanted: Str::EMPTY,
        batch_rows: 0,
        max_record: u64::MAX,
    };
    let mut error = ErrorOut {
        struct_size: size_of::<ErrorOut>() as u32,
        kind: 0,
        message: Str::EMPTY,
        hint: Str::EMPTY,
        offset: 0,
        line: 0,
        column: 0,
        private_data: ptr::null_mut(),
        release: None,
    };
    change(&mut host, &mut source, &mut request, &mut error);
    let mut stream = ArrowArrayStream::empty();
    static TABLE: FormatTable = annals_core::shim::import::<reads::Reads>(annals_core::shim::format::<reads::Reads>());
    // Leaked, as the stream uses them until its release.
    let (host, source) = (Box::leak(Box::new(host)), Box::leak(Box::new(source)));
    // SAFETY: all of it lives.
    let code = unsafe { TABLE.open_import.unwrap()(host, source, &request, &mut stream, &mut error) };
    // SAFETY: filled by the format, borrowed until the release.
    let message = unsafe { error.message.to_text() };
    if let Some(release) = error.release {
        // SAFETY: the second time it does nothing.
        unsafe {
            release(&mut error);
            release(&mut error);
        }
        assert!(error.release.is_none());
    }
    (code, message, stream)
}

#[test]
fn a_format_refuses_what_it_does_not_know() {
    let check = |change: &dyn Fn(&mut HostTable, &mut Source, &mut Request, &mut ErrorOut), expected: (i32, &str)| {
        let (code, message, stream) = open(change);
        assert_eq!((code, message.as_str()), expected);
        assert!(stream.release.is_none());
    };
    let unknown = "the host asks for what this plugin does not know (flags 0x3)";
    check(&|_, _, request, _| request.flags = 3, (1, unknown));
    check(&|_, _, request, error| (request.flags, error.struct_size) = (3, 8), (1, ""));
    let (code, message, _) = open(|_, _, request, _| request.options = Str::new("[]"));
    assert!(code == 1 && message.starts_with("the options are not a JSON object: "), "{message}");
}

#[test]
fn a_stream_of_a_format_bears_being_used_oddly() {
    static TABLE: FormatTable = annals_core::shim::import::<reads::Reads>(annals_core::shim::format::<reads::Reads>());
    let (open_import, stats) = (TABLE.open_import.unwrap(), TABLE.stream_stats.unwrap());
    // A host of no slots at all; the format does without.
    let (code, _, mut stream) = open(|host, _, _, _| host.struct_size = 16);
    assert_eq!(code, 0);
    let mut array = annals_core::abi::FFI_ArrowArray::empty();
    let mut out = ImportStats { struct_size: 40, complete: 9, read: 9, emitted: 9, rejected: 9, filtered: 9 };
    let (get_next, release) = (stream.get_next.unwrap(), stream.release.unwrap());
    // SAFETY: the ABI's calls, in an order that a host may use, with NULL where it may go wrong.
    unsafe {
        assert_eq!(open_import(ptr::null(), ptr::null(), ptr::null(), ptr::null_mut(), ptr::null_mut()), 1);
        assert!(stream.get_last_error.unwrap()(&mut stream).is_null());
        assert_eq!(TABLE.stream_error.unwrap()(&mut stream, ptr::null_mut()), 1);
        assert_eq!(stats(&mut stream, ptr::null_mut()), 1);
        assert_eq!(get_next(&mut stream, &mut array), 0);
        assert_eq!((array.len(), stats(&mut stream, &mut out)), (1, 0));
        assert_eq!((out.complete, out.read, out.emitted, out.rejected, out.filtered), (0, 1, 1, 0, 0));
        for _ in 0..2 {
            array = annals_core::abi::FFI_ArrowArray::empty();
            assert_eq!((get_next(&mut stream, &mut array), array.is_released()), (0, true));
            assert_eq!((stats(&mut stream, &mut out), out.complete), (0, 1));
        }
        release(&mut stream);
        release(&mut stream);
        assert_eq!(get_next(&mut stream, &mut array), 5);
        assert_eq!((stats(&mut stream, &mut out), stats(ptr::null_mut(), &mut out)), (1, 1));
    }
    assert!(stream.release.is_none());
}

//! Plugins as another language might make them, each wrong in one way: streams, accounts and callbacks by hand.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::io::Cursor;
use std::mem::size_of;
use std::ptr;
use std::sync::Arc;

use annals_core::abi::{
    ArrowArrayStream, ErrorOut, ExportRequest, ExportStats, FFI_ArrowArray, FFI_ArrowSchema, FormatTable, HostTable,
    ImportStats, NoteIn, Request, Sink, Source, Str,
};
use annals_core::host::{Failure, FormatRef, Plugin};
use annals_core::plugin::Options;
use annals_core::testing::Recorder;
use annals_core::{Event, Format, FormatInfo, ImportRequest, shim};
use arrow_array::{Array, ArrayRef, Int64Array, StringArray, StructArray};
use arrow_schema::{DataType, Field, Schema};

struct Made;

impl Format for Made {
    const INFO: FormatInfo =
        FormatInfo { name: "made", summary: "", extensions: "", media_types: "", options: "{}", example: "" };

    fn sniff(head: &[u8], _: &str) -> u8 {
        head.first().copied().unwrap_or(0)
    }
}

/// Behind a stream: in what way it is wrong, and how often it has been asked.
struct State {
    word: String,
    given: usize,
    host: *const HostTable,
}

fn state<'a>(stream: *mut ArrowArrayStream) -> &'a mut State {
    // SAFETY: only called with the streams of `open_import`, which own a state.
    unsafe { &mut *(*stream).private_data.cast::<State>() }
}

unsafe extern "C" fn open_import(
    host: *const HostTable,
    source: *const Source,
    _: *const Request,
    out: *mut ArrowArrayStream,
    _: *mut ErrorOut,
) -> c_int {
    // SAFETY: the host passes a source.
    let source = unsafe { &*source };
    // SAFETY: the label lives as long as the source.
    let word = unsafe { source.label.to_text() };
    match word.as_str() {
        "fails without a word" => return 1,
        "gives no stream" => return 0,
        _ => {}
    }
    let (read, mut byte) = (source.read.unwrap(), 0);
    if word == "reads oddly" {
        // SAFETY: what the host must bear.
        let read = unsafe {
            [
                read(ptr::null_mut(), &mut byte, 1),
                read(source.context, ptr::null_mut(), 1),
                read(source.context, &mut byte, 0),
                read(source.context, &mut byte, 1),
                read(source.context, &mut byte, 1),
            ]
        };
        assert_eq!((read, byte), ([-1, -1, 0, 1, 0], 0));
    }
    let has = |callback: &str| word != format!("has no {callback}");
    let stream = ArrowArrayStream {
        get_schema: has("get_schema").then_some(get_schema),
        get_next: has("get_next").then_some(get_next),
        get_last_error: has("get_last_error").then_some(get_last_error),
        release: has("release").then_some(release),
        private_data: Box::into_raw(Box::new(State { word: word.clone(), given: 0, host })).cast(),
    };
    // SAFETY: the host gives room for a stream.
    unsafe { out.write(stream) };
    0
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    let word = state(stream).word.as_str();
    if word.starts_with("schema fails") {
        return 5;
    }
    let title = Field::new("title", DataType::Utf8, true);
    let fields = match word {
        "unknown column" => vec![Field::new("titel", DataType::Utf8, true)],
        "column of another type" => vec![Field::new("title", DataType::Int64, true)],
        "column twice" => vec![title.clone(), title],
        _ => vec![title],
    };
    let metadata = match word {
        "schema of version 2" => HashMap::from([("annals.schema".to_owned(), "2".to_owned())]),
        "schema without version" => HashMap::new(),
        _ => HashMap::from([("annals.schema".to_owned(), "1".to_owned())]),
    };
    let schema = match word {
        "schema that is no struct" => FFI_ArrowSchema::try_from(&DataType::Int64),
        _ => FFI_ArrowSchema::try_from(&Schema::new_with_metadata(fields, metadata)),
    };
    // SAFETY: the host gives room for a schema.
    unsafe { out.write(schema.unwrap()) };
    0
}

/// Two rows with the title `a`, as a struct.
fn rows(nulls: Option<Vec<bool>>) -> StructArray {
    let titles: ArrayRef = Arc::new(StringArray::from(vec!["a", "a"]));
    let fields = vec![Field::new("title", DataType::Utf8, true)].into();
    StructArray::new(fields, vec![titles], nulls.map(Into::into))
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    let state = state(stream);
    state.given += 1;
    if state.word.starts_with("next fails") || state.word == "has no get_last_error" {
        return 5;
    }
    if state.given > 1 {
        // The end: `out` as it was.
        return 0;
    }
    // SAFETY: the host table lives as long as the stream.
    unsafe { tell(&*state.host, &state.word) };
    let array = match state.word.as_str() {
        "null row" => FFI_ArrowArray::new(&rows(Some(vec![true, false])).to_data()),
        "no columns" => FFI_ArrowArray::new(&StructArray::new_empty_fields(2, None).to_data()),
        "no struct" => FFI_ArrowArray::new(&Int64Array::from(vec![1, 2]).to_data()),
        _ => FFI_ArrowArray::new(&rows(None).to_data()),
    };
    // SAFETY: the host gives room for an array.
    unsafe { out.write(array) };
    0
}

/// Calls back as the word says.
///
/// # Safety
///
/// The table must be the host's.
unsafe fn tell(host: &HostTable, word: &str) {
    let note = NoteIn {
        struct_size: if word == "note too small" { 8 } else { size_of::<NoteIn>() as u32 },
        kind: if word == "note of kind 9" { 9 } else { 1 },
        code: Str::new("bad"),
        text: Str { ptr: c"\xff".as_ptr(), len: 1 },
        event: Str::EMPTY,
        offset: 0,
        len: 0,
        line: 0,
        bytes: Str::EMPTY,
    };
    // SAFETY: the table's own context, and texts that live for the call.
    unsafe {
        match word {
            "note too small" | "note of kind 9" | "reject" | "reject untold" => {
                host.note.unwrap()(host.context, &note);
            }
            "note of NULL" => host.note.unwrap()(host.context, ptr::null()),
            "note of no context" => host.note.unwrap()(ptr::null_mut(), &note),
            "fact no JSON" => host.fact.unwrap()(host.context, Str::new("k"), Str::new("k"), Str::new("{")),
            _ => {}
        }
    }
}

unsafe extern "C" fn get_last_error(stream: *mut ArrowArrayStream) -> *const c_char {
    let says = |text: &'static CStr| text.as_ptr();
    match state(stream).word.as_str() {
        "schema fails aloud" => says(c"no such table"),
        "next fails aloud" => says(c"the tape is torn"),
        "next fails in bad UTF-8" => says(c"\xff"),
        _ => ptr::null(),
    }
}

unsafe extern "C" fn release(stream: *mut ArrowArrayStream) {
    // SAFETY: called once, with a stream of `open_import`.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<State>()));
        stream.write(ArrowArrayStream::empty());
    }
}

unsafe extern "C" fn stream_stats(stream: *mut ArrowArrayStream, stats: *mut ImportStats) -> c_int {
    // SAFETY: the host gives room for the statistics.
    let stats = unsafe { &mut *stats };
    (stats.complete, stats.read, stats.emitted) = (1, 2, 2);
    match state(stream).word.as_str() {
        "stats fail" => return 1,
        "stats incomplete" => stats.complete = 0,
        "stats of too many" => (stats.read, stats.emitted) = (3, 3),
        "stats with a reject" => (stats.read, stats.rejected) = (3, 1),
        "stats out of balance" => stats.read = 7,
        "stats that overflow" => (stats.read, stats.filtered) = (1, u64::MAX),
        "reject" => (stats.read, stats.rejected) = (3, 1),
        _ => {}
    }
    0
}

/// Does with the stream what the option `how` says.
unsafe extern "C" fn run_export(
    host: *const HostTable,
    input: *mut ArrowArrayStream,
    _: *const Sink,
    request: *const ExportRequest,
    stats: *mut ExportStats,
    _: *mut ErrorOut,
) -> c_int {
    // SAFETY: what the host passes is valid for the call.
    let (host, input, stats, options) = unsafe { (&*host, &mut *input, &mut *stats, (*request).options.to_text()) };
    let is = |word: &str| options.contains(&format!("\"{word}\""));
    if is("fails without a word") {
        return 1;
    }
    if is("releases unread") {
        // SAFETY: the stream is the plugin's to release.
        unsafe { input.release.unwrap()(input) };
        return 0;
    }
    if !is("leaves all") && !is("leaves all, counts wildly") {
        loop {
            let mut array = FFI_ArrowArray::empty();
            // SAFETY: the host's stream, in turn.
            assert_eq!(unsafe { input.get_next.unwrap()(input, &mut array) }, 0);
            if array.is_released() {
                break;
            }
            stats.read += array.len() as u64;
        }
        stats.written = stats.read;
    }
    let omit = NoteIn {
        struct_size: size_of::<NoteIn>() as u32,
        kind: 4,
        code: Str::new("no-room"),
        text: Str::EMPTY,
        event: Str::EMPTY,
        offset: u64::MAX,
        len: 0,
        line: 0,
        bytes: Str::EMPTY,
    };
    if is("omits one") || is("overflows") {
        // SAFETY: the table's own context.
        unsafe { host.note.unwrap()(host.context, &omit) };
    }
    if is("omits one") || is("omits one untold") {
        (stats.written, stats.omitted) = (stats.read - 1, 1);
    }
    if is("overflows") {
        (stats.written, stats.omitted) = (u64::MAX, 1);
    }
    if is("writes fewer") {
        stats.written -= 1;
    }
    if is("leaves all, counts wildly") {
        stats.read = u64::MAX;
    }
    0
}

static TABLE: FormatTable = FormatTable {
    open_import: Some(open_import),
    stream_stats: Some(stream_stats),
    run_export: Some(run_export),
    ..shim::format::<Made>()
};

fn format() -> FormatRef {
    static FORMATS: &[&FormatTable] = &[&TABLE];
    let table = Box::leak(Box::new(shim::plugin("made", "1", "{}", FORMATS)));
    // SAFETY: a static descriptor.
    unsafe { Plugin::new(table) }.unwrap().formats()[0]
}

#[test]
fn a_descriptor_is_checked_to_its_last_format() {
    let check = |change: fn(&mut FormatTable), expected: &str| {
        let mut last = FormatTable { name: Str::new("last"), ..shim::format::<Made>() };
        change(&mut last);
        let last: &'static FormatTable = Box::leak(Box::new(last));
        let formats: &'static [&'static FormatTable] = Box::leak(Box::new([&TABLE, last]));
        let table = Box::leak(Box::new(shim::plugin("made", "1", "{}", formats)));
        // SAFETY: a static descriptor.
        let error = unsafe { Plugin::new(table) }.err().map(|error| error.message).unwrap_or_default();
        assert_eq!(error, expected);
    };
    check(|_| {}, "");
    check(|format| format.name = Str::new("A-b_9"), "");
    check(|format| format.name = Str::new("made"), "it has two formats `made`");
    check(|format| format.name = Str::EMPTY, "a format has the name \"\"");
    check(|format| format.name = Str { ptr: ptr::null(), len: 3 }, "its text `name` is NULL, but not empty");
    check(|format| format.example.len = usize::MAX, "its text `example` is 18446744073709551615 bytes long");
    check(|format| format.name = Str::new("a b"), "a format has the name \"a b\"");
    check(|format| format.name = Str::new("\u{e4}"), "a format has the name \"\u{e4}\"");
    check(|format| format.struct_size -= 1, "a format's descriptor is too small (151 bytes)");
    check(|format| format.struct_size += 8, "");
    check(|format| format.options = Str::EMPTY, "");
    check(|format| format.options = Str::new("{} {}"), "format `last` has an options schema that is not a JSON object");
    let no_objects = "format `last` has an options schema whose properties are no objects";
    check(|format| format.options = Str::new(r#"{"properties":[]}"#), no_objects);
    check(|format| format.options = Str::new(r#"{"properties":{"a":true}}"#), no_objects);
    let no_stats = "format `last` has `open_import` but no `stream_stats`";
    check(|format| format.open_import = Some(open_import), no_stats);
    check(|format| format.sniff = None, "");
}

fn tell_failure(failure: Failure) -> String {
    match failure {
        Failure::Refused(error) => format!("refused: {error}"),
        Failure::Plugin(error) => format!("plugin: {error}"),
        Failure::Io(error) => format!("io: {error}"),
        Failure::Cancelled => "cancelled".to_owned(),
    }
}

fn import(word: &str) -> Result<String, Failure> {
    let host = Recorder::default();
    let input = Box::new(Cursor::new(vec![0]));
    let mut stream = format().import(input, word, &ImportRequest::default(), &host)?;
    let mut events = Vec::new();
    while let Some(batch) = stream.next_events()? {
        events.extend(batch);
    }
    assert!(events.iter().all(|event| *event == Event::new().title("a")));
    let counts = stream.finish()?;
    Ok(format!("{} events, {} rejects, {} notes", counts.emitted, counts.rejected, host.notes.take().len()))
}

/// An import from the stream that `word` names ends so. An expectation that ends with `…` is a beginning.
fn check_import(word: &str, expected: &str) {
    let found = import(word).unwrap_or_else(tell_failure);
    match expected.strip_suffix('…') {
        Some(beginning) => assert!(found.starts_with(beginning), "{word}: {found}"),
        None => assert_eq!(found, expected, "{word}"),
    }
}

#[test]
fn a_stream_that_keeps_to_the_interface_is_read() {
    check_import("well", "2 events, 0 rejects, 0 notes");
    check_import("reads oddly", "2 events, 0 rejects, 0 notes");
    check_import("reject", "2 events, 1 rejects, 1 notes");
}

#[test]
fn an_open_that_does_not_say_why_is_still_a_failure() {
    check_import("fails without a word", "refused: the plugin gives no reason");
    check_import("gives no stream", "plugin: the stream lacks a callback");
}

#[test]
fn a_stream_without_a_callback_is_the_plugins_fault() {
    for callback in ["get_schema", "get_next", "release"] {
        check_import(&format!("has no {callback}"), "plugin: the stream lacks a callback");
    }
    check_import("has no get_last_error", "refused: no reason given");
}

#[test]
fn a_schema_that_is_not_the_event_tables_is_refused() {
    check_import("schema fails", "plugin: no reason given");
    check_import("schema fails aloud", "plugin: no such table");
    check_import("schema of version 2", "plugin: the table has schema version 2, not 1");
    check_import("schema without version", "plugin: the table's metadata has no `annals.schema`");
    check_import("schema that is no struct", "plugin: bad schema: …");
    check_import("unknown column", "plugin: the table has a column `titel` that the event table has not");
    check_import("column twice", "plugin: the table has two columns `title`");
    check_import("column of another type", "plugin: column `title` is of type Int64, not Utf8");
}

#[test]
fn an_error_of_the_stream_is_told_with_what_text_there_is() {
    check_import("next fails", "refused: no reason given");
    check_import("next fails aloud", "refused: the tape is torn");
    check_import("next fails in bad UTF-8", "refused: \u{fffd}");
}

#[test]
fn an_account_that_lies_is_found_out() {
    let check = |word, expected: &str| check_import(word, &format!("plugin: the plugin{expected}"));
    check("stats fail", " ended the stream without completing the import");
    check("stats incomplete", " ended the stream without completing the import");
    check("stats of too many", " says 3 events and 0 rejects, but gave 2 and 0");
    check("stats with a reject", " says 2 events and 1 rejects, but gave 2 and 0");
    check("reject untold", " says 2 events and 0 rejects, but gave 2 and 1");
    check("stats out of balance", "'s account does not balance: read 7 != 2 + 0 + 0");
    check("stats that overflow", "'s account does not balance: read 1 != 2 + 0 + 18446744073709551615");
}

#[test]
fn a_callback_called_wrongly_breaks_the_contract_or_does_nothing() {
    check_import("note too small", "plugin: the plugin broke the ABI: a note of 8 bytes");
    check_import("note of kind 9", "plugin: the plugin broke the ABI: a note of the unknown kind 9");
    check_import("fact no JSON", "plugin: the plugin broke the ABI: a fact `k` that is not JSON: …");
    check_import("note of NULL", "2 events, 0 rejects, 0 notes");
    check_import("note of no context", "2 events, 0 rejects, 0 notes");
}

fn check_export(word: &str, events: u64, expected: &str) {
    let host = Recorder::default();
    let options = Options([("how".to_owned(), word.into())].into_iter().collect());
    let rows = (0..events).map(|n| Event::new().id(n.to_string()));
    let found = match format().export(annals_core::testing::batches(rows), &[], &options, &mut Vec::new(), &host) {
        Ok(counts) => format!("read {}, omitted {}", counts.read, counts.omitted),
        Err(failure) => tell_failure(failure),
    };
    assert_eq!(found, expected, "{word}");
}

#[test]
fn an_export_by_hand_is_counted() {
    check_export("well", 3, "read 3, omitted 0");
    check_export("well", 0, "read 0, omitted 0");
    check_export("well", 5000, "read 5000, omitted 0");
    check_export("omits one", 3, "read 3, omitted 1");
    check_export("fails without a word", 3, "refused: the plugin gives no reason");
}

#[test]
fn an_export_that_lies_is_found_out() {
    let balance = |numbers: &str| format!("plugin: the plugin's account does not balance: {numbers}");
    let check = |word, events, numbers: &str| check_export(word, events, &balance(numbers));
    check("omits one untold", 3, "read 3, written 2, omitted 1, notes of omission 0");
    check("writes fewer", 3, "read 3, written 2, omitted 0, notes of omission 0");
    check("overflows", 0, "read 0, written 18446744073709551615, omitted 1, notes of omission 1");
    check_export("leaves all", 3, "plugin: the plugin did not take all events, it says it took 0");
    let wild = "plugin: the plugin did not take all events, it says it took 18446744073709551615";
    check_export("leaves all, counts wildly", 3, wild);
}

#[test]
fn an_export_that_releases_the_stream_unread_is_found_out() {
    check_export("releases unread", 3, "plugin: the plugin did not take all events, it says it took 0");
}

/// Not the input's fault, whatever it holds.
#[test]
fn a_batch_that_is_not_of_the_schema_is_the_plugins_fault() {
    check_import("null row", "plugin: bad batch: a row that is null");
    check_import("no struct", "plugin: bad batch: …");
}

#[test]
fn a_batch_that_lacks_columns_is_the_plugins_fault() {
    check_import("no columns", "plugin: bad batch: …");
}

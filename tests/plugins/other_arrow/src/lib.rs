//! A plugin as somebody else might write it in Rust: arrow-rs of another major version than annals has, its own streams
//! ([`FFI_ArrowArrayStream`]), and the structs of `annals_plugin.h` declared anew (`abi.rs`).
//!
//! The format: a line is `SECONDS WORDS`, where `#word` is a tag as well and `@word` an actor.

mod abi;

use std::collections::HashMap;
use std::ffi::c_int;
use std::io::{self, BufRead, BufReader, Read};
use std::mem::{replace, size_of};
use std::sync::{Arc, LazyLock, Mutex};

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{
    Array, ArrayRef, ListArray, RecordBatch, RecordBatchReader, StringArray, StructArray, TimestampMicrosecondArray,
    UInt64Array, new_null_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use abi::{ErrorOut, ExportRequest, ExportStats, Format, Host, ImportStats, Note, Plugin, Request, Sink, Source, Str};

/// The account of an import.
#[derive(Clone, Copy, Default)]
struct Counts {
    emitted: u64,
    rejected: u64,
    complete: bool,
}

/// By the `private_data` of its stream, which stays the same wherever the host moves the stream.
static COUNTS: LazyLock<Mutex<HashMap<usize, Arc<Mutex<Counts>>>>> = LazyLock::new(Mutex::default);

struct Bytes(*const Source);
// SAFETY: a stream is used from one thread at a time.
unsafe impl Send for Bytes {}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the host keeps the source until the stream is released.
        let read = unsafe { ((*self.0).read)((*self.0).context, buffer.as_mut_ptr(), buffer.len()) };
        usize::try_from(read).map_err(|_| io::Error::other("the input could not be read"))
    }
}

struct Reader {
    host: *const Host,
    input: BufReader<Bytes>,
    batch_rows: usize,
    offset: u64,
    line: u64,
    counts: Arc<Mutex<Counts>>,
}
// SAFETY: as above.
unsafe impl Send for Reader {}

/// A line as it is read: seconds, words, (offset, len, line).
type Row = (i64, String, [u64; 3]);

impl Reader {
    /// The next row; lines that are none are rejected.
    fn row(&mut self) -> Result<Option<Row>, ArrowError> {
        loop {
            let mut line = Vec::new();
            let len = self.input.read_until(b'\n', &mut line)? as u64;
            if len == 0 {
                return Ok(None);
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let place = [self.offset, text.len() as u64, self.line + 1];
            self.offset += len;
            self.line += 1;
            let parts = text.split_once(' ').and_then(|(seconds, words)| Some((seconds.parse().ok()?, words)));
            if let Some((seconds, words)) = parts {
                return Ok(Some((seconds, words.to_owned(), place)));
            }
            let [offset, len, line] = place;
            let (code, reason) = (Str::of("no-seconds"), Str::of("a line begins with its seconds"));
            let size = size_of::<Note>() as u32;
            let (event, bytes) = (Str::of(""), Str::of(&text));
            let note = Note { struct_size: size, kind: 1, code, text: reason, event, offset, len, line, bytes };
            // SAFETY: the host keeps its table until the stream is released.
            unsafe { ((*self.host).note)((*self.host).context, &note) };
            self.counts.lock().unwrap().rejected += 1;
        }
    }
}

impl Iterator for Reader {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        // SAFETY: as above.
        if unsafe { ((*self.host).cancelled)((*self.host).context) } != 0 {
            return Some(Err(ArrowError::ComputeError("cancelled".to_owned())));
        }
        let mut rows = Vec::new();
        while rows.len() < self.batch_rows {
            match self.row() {
                Ok(Some(row)) => rows.push(row),
                Ok(None) => break,
                Err(error) => return Some(Err(error)),
            }
        }
        let mut counts = self.counts.lock().unwrap();
        counts.emitted += rows.len() as u64;
        counts.complete = rows.is_empty();
        (!rows.is_empty()).then(|| batch(&rows))
    }
}

impl RecordBatchReader for Reader {
    fn schema(&self) -> SchemaRef {
        batch(&[]).expect("no rows").schema()
    }
}

fn list(items: ArrayRef, counts: impl Iterator<Item = usize>) -> ArrayRef {
    let field = Arc::new(Field::new("item", items.data_type().clone(), false));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(counts), items, None))
}

/// Rows as columns of the event table.
fn batch(rows: &[Row]) -> Result<RecordBatch, ArrowError> {
    let times = |after: i64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(row.0 * 1_000_000 + after)).collect::<TimestampMicrosecondArray>())
    };
    let texts =
        |text: fn(&Row) -> Option<&str>| -> ArrayRef { Arc::new(rows.iter().map(text).collect::<StringArray>()) };
    let words = |row: &Row, sign: char| -> Vec<String> {
        row.1.split(' ').filter_map(|word| word.strip_prefix(sign)).map(str::to_owned).collect()
    };
    let mut tags = ListBuilder::new(StringBuilder::new());
    rows.iter().for_each(|row| tags.append_value(words(row, '#').into_iter().map(Some)));
    let names: Vec<Vec<String>> = rows.iter().map(|row| words(row, '@')).collect();
    let all: StringArray = names.iter().flatten().map(Some).collect();
    let nulls = |data_type: &DataType, len| new_null_array(data_type, len);
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let actors = StructArray::new(
        Fields::from(vec![text("name"), text("role"), text("address")]),
        vec![Arc::new(all.clone()), nulls(&DataType::Utf8, all.len()), nulls(&DataType::Utf8, all.len())],
        None,
    );
    let number = |name: &str| Field::new(name, DataType::UInt64, false);
    let place = |at: usize| -> ArrayRef { Arc::new(rows.iter().map(|row| Some(row.2[at])).collect::<UInt64Array>()) };
    let locator: ArrayRef = Arc::new(StructArray::new(
        Fields::from(vec![number("offset"), number("len"), number("line")]),
        vec![place(0), place(1), place(2)],
        None,
    ));
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = [
        "source",
        "id",
        "instance",
        "revision",
        "modified",
        "lane",
        "attributed_to",
        "locator",
        "quote",
        "edtf",
        "title",
        "differs",
        "retrieved",
    ]
    .into_iter()
    .map(|name| match name {
        "source" => (Field::new(name, DataType::Utf8, false), texts(|_| Some(""))),
        "locator" => (Field::new(name, locator.data_type().clone(), true), locator.clone()),
        "revision" => (Field::new(name, DataType::Int64, true), nulls(&DataType::Int64, rows.len())),
        "modified" => (Field::new(name, utc.clone(), true), nulls(&utc, rows.len())),
        _ => (text(name), nulls(&DataType::Utf8, rows.len())),
    })
    .unzip();
    let claims: ArrayRef = Arc::new(StructArray::new(fields.into(), columns, None));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("claims", list(claims, rows.iter().map(|_| 1))),
        ("title", texts(|row| Some(&row.1))),
        ("tags", Arc::new(tags.finish())),
        ("actors", list(Arc::new(actors), names.iter().map(Vec::len))),
        ("start_lo", times(0)),
        ("start_hi", times(0)),
        ("end_lo", times(1)),
        ("end_hi", times(1)),
        ("zone", texts(|_| Some("UTC"))),
        ("edtf", Arc::new(rows.iter().map(|row| Some(edtf(row.0))).collect::<StringArray>())),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, column)| Field::new(*name, column.data_type().clone(), true)).collect();
    let metadata = HashMap::from([("annals.schema".to_owned(), "1".to_owned())]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    RecordBatch::try_new(schema, columns.into_iter().map(|(_, column)| column).collect())
}

/// Seconds of 1970-01-01.
fn edtf(seconds: i64) -> String {
    format!("1970-01-01T{:02}:{:02}:{:02}Z", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

unsafe extern "C" fn open_import(
    host: *const Host,
    source: *const Source,
    request: *const Request,
    out: *mut FFI_ArrowArrayStream,
    error: *mut ErrorOut,
) -> c_int {
    // SAFETY: the host keeps all of them for the call, host and source until the stream is released.
    unsafe {
        if (*request).flags & !1 != 0 {
            (*error).message = Str::of("flags that are not known");
            return 1;
        }
        let counts = Arc::new(Mutex::new(Counts::default()));
        let (input, batch_rows) = (BufReader::new(Bytes(source)), (*request).batch_rows as usize);
        let reader = Reader { host, input, batch_rows, offset: 0, line: 0, counts: counts.clone() };
        let stream = FFI_ArrowArrayStream::new(Box::new(reader));
        COUNTS.lock().unwrap().insert(stream.private_data as usize, counts);
        out.write(stream);
    }
    0
}

unsafe extern "C" fn stream_stats(stream: *mut FFI_ArrowArrayStream, stats: *mut ImportStats) -> c_int {
    // SAFETY: the host passes a stream of this format, and room for the statistics.
    let (key, stats) = unsafe { ((*stream).private_data as usize, &mut *stats) };
    // Asked once, before the release.
    let Some(counts) = COUNTS.lock().unwrap().remove(&key) else { return 1 };
    let counts = *counts.lock().unwrap();
    stats.complete = counts.complete.into();
    (stats.emitted, stats.rejected, stats.filtered) = (counts.emitted, counts.rejected, 0);
    stats.read = counts.emitted + counts.rejected;
    0
}

unsafe extern "C" fn run_export(
    _: *const Host,
    input: *mut FFI_ArrowArrayStream,
    sink: *const Sink,
    request: *const ExportRequest,
    stats: *mut ExportStats,
    error: *mut ErrorOut,
) -> c_int {
    // SAFETY: the host gives the stream away and keeps the rest for the call.
    let (input, sink, flags, stats) =
        unsafe { (replace(&mut *input, FFI_ArrowArrayStream::empty()), &*sink, (*request).flags, &mut *stats) };
    let written = ArrowArrayStreamReader::try_new(input).and_then(|reader| write(reader, sink, stats));
    if flags != 0 || written.is_err() {
        // SAFETY: the host's error struct.
        unsafe { (*error).message = Str::of("the events cannot be written") };
        return 1;
    }
    0
}

fn write(reader: ArrowArrayStreamReader, sink: &Sink, stats: &mut ExportStats) -> Result<(), ArrowError> {
    for batch in reader {
        let batch = batch?;
        let column = |name: &str| {
            batch.column_by_name(name).ok_or_else(|| ArrowError::SchemaError(format!("there is no column {name}")))
        };
        let (title, start, tags) = (column("title")?, column("start_lo")?, column("tags")?);
        let (title, start) = (title.as_string::<i32>(), start.as_primitive::<TimestampMicrosecondType>());
        let (tags, claims, actors) = (tags.as_list::<i32>(), column("claims")?, column("actors")?);
        for row in 0..batch.num_rows() {
            let count = |lists: &ArrayRef| lists.as_list::<i32>().value_length(row);
            let (claims, actors) = (count(claims), count(actors));
            let seconds = start.is_valid(row).then(|| start.value(row) / 1_000_000);
            let tags = tags.value(row);
            let tags: Vec<&str> = tags.as_string::<i32>().iter().flatten().collect();
            let title = title.is_valid(row).then(|| title.value(row));
            let line = format!("{seconds:?} {title:?} {tags:?} {actors} actors, {claims} claims\n");
            // SAFETY: a slot of the host's, called with its context and valid bytes.
            if unsafe { (sink.write)(sink.context, line.as_ptr(), line.len()) } != 0 {
                return Err(ArrowError::ComputeError("the output could not be written".to_owned()));
            }
        }
        stats.read += batch.num_rows() as u64;
        stats.written = stats.read;
    }
    Ok(())
}

static FORMAT: Format = Format {
    struct_size: size_of::<Format>() as u32,
    reserved: 0,
    name: Str::of("words"),
    summary: Str::of("words with a time, by another arrow"),
    extensions: Str::of("words"),
    media_types: Str::of("text/plain"),
    options: Str::of("{}"),
    example: Str::of("annals merge a.words"),
    sniff: None,
    open_import: Some(open_import),
    stream_error: None,
    stream_stats: Some(stream_stats),
    run_export: Some(run_export),
    validate: None,
};
static FORMATS: &[&Format] = &[&FORMAT];
static PLUGIN: Plugin = Plugin {
    magic: *b"annalsPL",
    abi_major: 1,
    abi_minor: 0,
    struct_size: size_of::<Plugin>() as u32,
    id: Str::of("other_arrow"),
    version: Str::of(env!("CARGO_PKG_VERSION")),
    manifest: Str::of("{}"),
    formats: FORMATS.as_ptr(),
    formats_len: FORMATS.len(),
    get_extension: None,
};

#[unsafe(no_mangle)]
pub extern "C" fn annals_plugin_v1_other_arrow() -> *const Plugin {
    &PLUGIN
}

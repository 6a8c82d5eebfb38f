//! The safe side of the plugin boundary: what an author of a format implements.
//!
//! A format is a type, not a value: its facts are constants and its operations associated functions, so that the
//! [`crate::plugin!`] macro can make a static descriptor of it. Every call into a format arrives through the C ABI
//! ([`crate::abi`]), built in or loaded alike.

use std::io::{self, Read, Write};

use arrow_array::RecordBatch;
use serde_json::{Map, Value};

use crate::claim::Locator;
use crate::error::Error;
use crate::event::Event;
use crate::note::{Note, NoteKind};
use crate::outside::{Outside, Windows};
use crate::table::{self, Builder};

/// What a format is called and what it takes.
#[derive(Clone, Copy, Debug)]
pub struct FormatInfo {
    /// The name that users type (`ics`).
    pub name: &'static str,
    /// One line for `annals formats`.
    pub summary: &'static str,
    /// File name extensions without the dot, separated by spaces.
    pub extensions: &'static str,
    /// Media types, separated by spaces.
    pub media_types: &'static str,
    /// A JSON Schema (an object with `properties`) of the options; see [`Options`].
    ///
    /// `"parts": "lines"` beside `properties` says that each line is read for itself, so that a host may give lines of a
    /// large input to several imports. It then sets the integers `part-offset` and `part-line`: how many bytes and lines
    /// come before the part, to be counted in locators.
    pub options: &'static str,
    /// An example command line for `annals formats NAME`.
    pub example: &'static str,
}

/// A named format.
pub trait Format: 'static {
    /// Its name and facts.
    const INFO: FormatInfo;

    /// How surely `head` (the first bytes of an input, at most 64 KiB) is of this format: 0 no, 50 likely,
    /// 100 certain. Must be pure and fast; `name` is the file name or empty.
    fn sniff(head: &[u8], name: &str) -> u8 {
        let _ = (head, name);
        0
    }
}

/// A format that can be read.
pub trait Importer: Format {
    /// Starts reading `input`.
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error>;
}

/// An import under way.
pub trait Import: Send {
    /// Reads on and gives `out` some events and notes; `false` at the end of the data.
    ///
    /// One call should give a record or a few: the caller stops calling when a batch is full. A record that cannot
    /// be read is rejected through `out` and reading goes on; an error ends the import, and then the source
    /// contributes nothing.
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error>;
}

/// A format that can be written.
pub trait Exporter: Format {
    /// Writes all events of `cx`, in their order. Every event is either written or omitted with
    /// [`Export::omit`].
    fn export(cx: &mut Export<'_>) -> Result<(), Error>;
}

/// The bytes of a source, opened by the host. A plugin never sees a path.
pub trait Input: Read + Send {
    /// The size in bytes, where known.
    fn size(&self) -> Option<u64> {
        None
    }
}

impl Input for &'static [u8] {
    fn size(&self) -> Option<u64> {
        Some(self.len() as u64)
    }
}

impl Input for io::Cursor<Vec<u8>> {
    fn size(&self) -> Option<u64> {
        Some(self.get_ref().len() as u64)
    }
}

/// What the host asks of an import.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The options of the format, valid by its schema.
    pub options: Options,
    /// The columns of the event table that are wanted; `None` = all. What is not wanted may stay empty.
    pub wanted: Option<Vec<String>>,
    /// Whether [`Event::raw`] is wanted.
    pub raw: bool,
    /// How many events make a batch at most.
    pub batch_rows: usize,
    /// The largest record in bytes; a larger one is rejected.
    pub max_record: usize,
}

impl Default for ImportRequest {
    fn default() -> Self {
        Self { options: Options::default(), wanted: None, raw: false, batch_rows: 4096, max_record: 64 << 20 }
    }
}

/// The options of a format: a JSON object that the host has checked against the format's schema.
///
/// The schema is an object with `properties`; each has `type` (`string`, `boolean`, `integer`), `description`, and
/// optionally `enum` and `default`. The host types what the user wrote (`claims=yes`) by it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options(pub Map<String, Value>);

impl Options {
    /// A text option.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// A boolean option, `false` when absent.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }
}

/// What the host offers a plugin while it works.
pub trait Host {
    /// Whether the user wants to stop; then return soon, with any error.
    fn cancelled(&self) -> bool {
        false
    }
    /// Bytes read or rows written so far.
    fn progress(&self, done: u64) {
        let _ = done;
    }
    /// Reports one record.
    fn note(&self, note: &Note);
    /// Tells a fact of the timeline: calendar name, time zone definition, document title.
    fn fact(&self, fact: &Fact);
    /// The windows outside of which records need not be given as rows; see [`crate::outside`].
    fn windows(&self) -> Option<&Windows> {
        None
    }
    /// Tells of a record outside the windows, and asks whether its row is wanted all the same.
    fn outside(&self, record: &Outside<'_>) -> bool {
        let _ = record;
        true
    }
    /// Whether texts that are not UTF-8 break the contract, instead of being mended: for tests of plugins.
    fn strict(&self) -> bool {
        false
    }
}

/// A fact of the timeline as a whole. Facts are merged by (kind, key, value) and reach exporters before their first
/// event.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// `calendar`, `timezone`, `zone`, `title`, …
    pub kind: String,
    /// Which one (a calendar's name, a TZID).
    pub key: String,
    /// What is said of it.
    pub value: Value,
}

/// Where an import puts what it has read.
pub struct Out<'a> {
    host: &'a dyn Host,
    columns: Builder,
    /// The account without the rows that are still in `columns`.
    counts: ImportCounts,
}

/// The account of an import: read = emitted + rejected + filtered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Records given as events.
    pub emitted: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Records left out on purpose.
    pub filtered: u64,
}

impl ImportCounts {
    /// All records read.
    pub fn read(&self) -> u64 {
        self.emitted + self.rejected + self.filtered
    }
}

/// The most bytes of a rejected record that are kept.
pub const MAX_REJECT_BYTES: usize = 1 << 20;

impl<'a> Out<'a> {
    /// An empty one.
    pub fn new(host: &'a dyn Host) -> Self {
        Self::resume(host, ImportCounts::default(), Builder::default())
    }

    /// One record read as one event.
    pub fn event(&mut self, event: Event) {
        self.columns.event(&event);
    }

    /// The columns themselves, for importers that fill them without an [`Event`] between: set values, then end the row.
    /// A row that is not ended when the record is rejected is forgotten.
    pub fn columns(&mut self) -> &mut Builder {
        &mut self.columns
    }

    /// One record that cannot be read: where it is, its bytes, and why. `code` is short, stable and lower-case
    /// (`bad-date`); `text` speaks of this record.
    pub fn reject(&mut self, at: Locator, bytes: &[u8], code: &str, text: impl Into<String>) {
        self.counts.rejected += 1;
        self.columns.cancel_row();
        let bytes = bytes[..bytes.len().min(MAX_REJECT_BYTES)].to_vec();
        self.host.note(&note(NoteKind::Reject, code, text.into(), None, Some(at), bytes));
    }

    /// Something was read after a repair; `event` is the id, where there is one.
    pub fn repair(&mut self, at: Locator, event: Option<&str>, code: &str, text: impl Into<String>) {
        self.host.note(&note(NoteKind::Repair, code, text.into(), event, Some(at), Vec::new()));
    }

    /// `records` were left out on purpose.
    pub fn filter(&mut self, records: u64) {
        self.counts.filtered += records;
    }

    /// The windows outside of which records need not be given as rows, if the host says so.
    pub fn windows(&self) -> Option<&'a Windows> {
        self.host.windows()
    }

    /// Tells of a record outside the windows; `row` is filled in. If the answer is `true`, it must be given as the next
    /// row; else it has been counted, and its row is forgotten.
    pub fn outside(&mut self, record: Outside<'_>) -> bool {
        let row = self.counts.emitted + self.columns.len() as u64;
        let wanted = self.host.outside(&Outside { row, ..record });
        self.counts.filtered += u64::from(!wanted);
        wanted
    }

    /// Tells a fact of the timeline.
    pub fn fact(&mut self, kind: &str, key: &str, value: Value) {
        self.host.fact(&Fact { kind: kind.to_owned(), key: key.to_owned(), value });
    }

    /// Whether the user wants to stop.
    pub fn cancelled(&self) -> bool {
        self.host.cancelled()
    }

    /// Tells how many bytes have been read.
    pub fn progress(&self, bytes: u64) {
        self.host.progress(bytes);
    }

    /// How many events wait to be taken.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether no event waits.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// About how many bytes wait to be taken.
    pub fn bytes(&self) -> usize {
        self.columns.bytes()
    }

    /// The account so far.
    pub fn counts(&self) -> ImportCounts {
        ImportCounts { emitted: self.counts.emitted + self.columns.len() as u64, ..self.counts }
    }

    /// Takes the events; the counts stay.
    pub fn take(&mut self) -> RecordBatch {
        self.counts = self.counts();
        self.columns.finish()
    }

    /// Goes on with the account of an earlier one, and with its columns, which have been taken.
    pub fn resume(host: &'a dyn Host, counts: ImportCounts, columns: Builder) -> Self {
        Self { host, columns, counts }
    }

    /// The columns, to go on with later.
    pub fn into_columns(self) -> Builder {
        self.columns
    }
}

/// The account of an export: read = written + omitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportCounts {
    /// Events taken from the host.
    pub read: u64,
    /// Events that the format cannot hold.
    pub omitted: u64,
}

/// An export under way: the events, the facts, and where the bytes go.
pub struct Export<'a> {
    /// The options, valid by the format's schema.
    pub options: Options,
    /// The facts of the timeline, sorted by kind, key and value.
    pub facts: Vec<Fact>,
    batches: &'a mut dyn Iterator<Item = Result<RecordBatch, Error>>,
    /// What is left of the last batch.
    events: std::vec::IntoIter<Event>,
    sink: &'a mut dyn Write,
    host: &'a dyn Host,
    counts: ExportCounts,
}

impl<'a> Export<'a> {
    /// An export of the events in `batches` to `sink`.
    pub fn new(
        options: Options,
        facts: Vec<Fact>,
        batches: &'a mut dyn Iterator<Item = Result<RecordBatch, Error>>,
        sink: &'a mut dyn Write,
        host: &'a dyn Host,
    ) -> Self {
        Self { options, facts, batches, events: Vec::new().into_iter(), sink, host, counts: ExportCounts::default() }
    }

    /// The next event in timeline order; its `id` is always set (minted by the host where the source had none).
    /// `None` at the end.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        loop {
            if self.host.cancelled() {
                return Err(Error::new("interrupted"));
            }
            if let Some(event) = self.events.next() {
                self.counts.read += 1;
                return Ok(Some(event));
            }
            match self.batches.next().transpose()? {
                Some(batch) => self.events = table::from_batch(&batch)?.into_iter(),
                None => return Ok(None),
            }
        }
    }

    /// The next events as columns, for exporters that write them without an [`Event`] between; see [`table::Rows`].
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        if self.host.cancelled() {
            return Err(Error::new("interrupted"));
        }
        let batch = match self.events.as_slice() {
            [] => self.batches.next().transpose()?,
            left => Some(table::to_batch(left, None)),
        };
        self.events = Vec::new().into_iter();
        self.counts.read += batch.as_ref().map_or(0, RecordBatch::num_rows) as u64;
        Ok(batch)
    }

    /// Whether the user wants to stop: for exporters that take long over a batch.
    pub fn cancelled(&self) -> bool {
        self.host.cancelled()
    }

    /// The facts of one kind.
    pub fn facts_of(&self, kind: &str) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(move |fact| fact.kind == kind)
    }

    /// The format cannot hold this event; it is not written.
    pub fn omit(&mut self, event: &Event, code: &str, text: impl Into<String>) {
        self.counts.omitted += 1;
        self.host.note(&note(NoteKind::Omit, code, text.into(), event.id.as_deref(), None, Vec::new()));
    }

    /// The event (`None`: the timeline) is written, but not everything it says.
    pub fn lossy(&mut self, event: Option<&Event>, code: &str, text: impl Into<String>) {
        let id = event.and_then(|event| event.id.as_deref());
        self.host.note(&note(NoteKind::Lossy, code, text.into(), id, None, Vec::new()));
    }

    /// The account so far.
    pub fn counts(&self) -> ExportCounts {
        self.counts
    }
}

impl Write for Export<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

fn note(
    kind: NoteKind,
    code: &str,
    text: String,
    event: Option<&str>,
    locator: Option<Locator>,
    bytes: Vec<u8>,
) -> Note {
    Note { kind, code: code.to_owned(), text, event: event.map(str::to_owned), locator, bytes }
}

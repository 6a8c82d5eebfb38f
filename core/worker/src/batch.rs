//! Events as messages: Arrow IPC in frames, canonical JSON in lines.

use std::collections::HashMap;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals_core::{Error, json, schema, table};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::writer::StreamEncoder;
use arrow_ipc::{MessageHeader, root_as_message};
use arrow_schema::{ArrowError, DataType, SchemaRef};

use crate::frame::{Kind, write_frame};
use crate::message::{Encoding, Message};

/// A batch has at most this many rows.
pub const MAX_ROWS: usize = 1 << 20;

/// The marker that begins an encapsulated message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// Writes batches of one schema.
pub struct Writer {
    encoding: Encoding,
    encoder: Option<(SchemaRef, StreamEncoder)>,
}

impl Writer {
    /// Nothing is written yet.
    pub fn new(encoding: Encoding) -> Self {
        Self { encoding, encoder: None }
    }

    /// Writes a batch.
    pub fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> io::Result<()> {
        let other = |error: ArrowError| io::Error::other(error.to_string());
        if self.encoding == Encoding::Lines {
            let events = table::from_batch(batch).map_err(|error| io::Error::other(error.message))?;
            return events
                .iter()
                .try_for_each(|event| Message::Event(json::to_object(event)).write(out, self.encoding));
        }
        let encoder = match &mut self.encoder {
            Some((schema, encoder)) if *schema == batch.schema() => encoder,
            Some(_) => return Err(io::Error::other("the columns of the batches change")),
            none => {
                let encoder = StreamEncoder::try_new(&batch.schema()).map_err(other)?;
                &mut none.insert((batch.schema(), encoder)).1
            }
        };
        let pieces = encoder.encode(batch).map_err(other)?;
        let pieces: Vec<&[u8]> = pieces.iter().map(Buffer::as_slice).collect();
        write_frame(out, Kind::Batch, &pieces)
    }
}

/// Reads batches, and believes nothing.
///
/// Message by message rather than by arrow's decoder of streams: that one waits, at a message without a body, for what
/// follows, and looks at the schema only with the first batch.
#[derive(Default)]
pub struct Reader {
    schema: Option<SchemaRef>,
}

impl Reader {
    /// The batches in a frame: whole messages of an Arrow IPC stream without compression and dictionaries.
    pub fn read(&mut self, bytes: Vec<u8>) -> Result<Vec<RecordBatch>, Error> {
        let bad = |text: String| Error::new(format!("bad batch: {text}"));
        let mut buffer = Buffer::from_vec(bytes);
        let mut batches = Vec::new();
        while !buffer.is_empty() {
            let (metadata, whole) = message(&buffer).map_err(bad)?;
            let (head, body) = (buffer.slice_with_length(8, metadata), buffer.slice(8 + metadata));
            let body = body.slice_with_length(0, whole - metadata - 8);
            buffer.advance(whole);
            let parsed = root_as_message(&head).map_err(|error| bad(error.to_string()))?;
            // Guarded: arrow asserts what it cannot read.
            let read = catch_unwind(AssertUnwindSafe(|| self.part(parsed, &body)));
            batches.extend(read.map_err(|_| bad("its buffers do not fit its schema".to_owned()))??);
        }
        Ok(batches)
    }

    /// Reads a message that [`message`] has found in order.
    fn part(&mut self, message: arrow_ipc::Message<'_>, body: &Buffer) -> Result<Option<RecordBatch>, Error> {
        let bad = |error: &dyn std::fmt::Display| Error::new(format!("bad batch: {error}"));
        if let Some(schema) = message.header_as_schema() {
            if self.schema.is_some() {
                return Err(bad(&"a second schema"));
            }
            let schema = try_fb_to_schema(schema).map_err(|error| bad(&error))?;
            schema::check(&schema)?;
            // A view may show one text a million times.
            if let Some(field) = schema.fields().iter().find(|field| has_views(field.data_type())) {
                return Err(bad(&format!("column `{}` is a view; plain Utf8 is wanted here", field.name())));
            }
            self.schema = Some(Arc::new(schema));
            return Ok(None);
        }
        let (Some(batch), Some(schema)) = (message.header_as_record_batch(), &self.schema) else {
            return Err(bad(&"a batch before its schema"));
        };
        let batch = read_record_batch(body, batch, Arc::clone(schema), &HashMap::new(), None, &message.version());
        batch.map(Some).map_err(|error| bad(&error))
    }
}

fn has_views(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8View => true,
        DataType::List(item) => has_views(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_views(field.data_type())),
        _ => false,
    }
}

/// The lengths of the metadata, and of all, of the message that `bytes` begin with, if arrow may be given it: a schema
/// or a batch, whole, with a body
/// as long as it says, without compression (a kilobyte may say that it is a terabyte).
fn message(bytes: &[u8]) -> Result<(usize, usize), String> {
    let cut = || "it ends in the middle of a message".to_owned();
    let (head, rest) = bytes.split_first_chunk::<8>().ok_or_else(cut)?;
    if head[..4] != CONTINUATION {
        return Err("a message does not begin with the continuation marker".to_owned());
    }
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if length == 0 {
        return Err("the mark of the end of a stream; the message `end` ends it".to_owned());
    }
    let metadata = rest.get(..length).ok_or_else(cut)?;
    let message = root_as_message(metadata).map_err(|error| format!("its metadata cannot be read: {error}"))?;
    let body = usize::try_from(message.bodyLength()).map_err(|_| "its body has a negative length".to_owned())?;
    let whole = length.checked_add(8).and_then(|length| length.checked_add(body));
    let whole = whole.filter(|whole| *whole <= bytes.len()).ok_or_else(cut)?;
    match message.header_type() {
        MessageHeader::Schema if message.header_as_schema().is_some() => Ok((length, whole)),
        MessageHeader::RecordBatch => {
            let batch = message.header_as_record_batch().ok_or("a batch without its header")?;
            if batch.compression().is_some() {
                return Err("it is compressed, which is not allowed here".to_owned());
            }
            match usize::try_from(batch.length()) {
                Ok(rows) if rows <= MAX_ROWS => Ok((length, whole)),
                Ok(rows) => Err(format!("{rows} rows; at most {MAX_ROWS} are allowed")),
                Err(_) => Err("a negative number of rows".to_owned()),
            }
        }
        other => Err(format!("a message of kind {other:?}; only a schema and record batches are allowed")),
    }
}

//! Events as messages: Arrow IPC in frames, canonical JSON in lines.

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use annals_core::{Error, json, schema, table};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::try_fb_to_schema;
use arrow_ipc::reader::read_record_batch;
use arrow_ipc::writer::StreamEncoder;
use arrow_schema::{ArrowError, Schema, SchemaRef};

use crate::frame::{Kind, ROOM, write_frame};
use crate::ipc;
use crate::message::{Encoding, Message};

/// A batch is sent in parts where it is larger, so that no batch is too large for a frame.
const LARGE: usize = ROOM / 2;

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
        let is_first = self.encoder.is_none();
        let encoder = match &mut self.encoder {
            Some((schema, encoder)) if *schema == batch.schema() => encoder,
            Some(_) => return Err(io::Error::other("the columns of the batches change")),
            none => {
                let encoder = StreamEncoder::try_new(&batch.schema()).map_err(other)?;
                &mut none.insert((batch.schema(), encoder)).1
            }
        };
        let pieces = encoder.encode(batch).map_err(other)?;
        let rows = batch.num_rows();
        if rows > 1 && pieces.iter().map(Buffer::len).sum::<usize>() > LARGE {
            if is_first {
                // The schema has not been sent.
                self.encoder = None;
            }
            drop(pieces);
            self.write(&batch.slice(0, rows / 2), out)?;
            return self.write(&batch.slice(rows / 2, rows - rows / 2), out);
        }
        let pieces: Vec<&[u8]> = pieces.iter().map(Buffer::as_slice).collect();
        write_frame(out, Kind::Batch, &pieces)
    }
}

/// Reads batches, and believes nothing.
#[derive(Default)]
pub struct Reader {
    schema: Option<SchemaRef>,
}

impl Reader {
    /// The batches in a frame: whole messages of an Arrow IPC stream without compression and dictionaries. After an error
    /// nothing more can be read.
    pub fn read(&mut self, bytes: Vec<u8>) -> Result<Vec<RecordBatch>, Error> {
        let mut buffer = Buffer::from_vec(bytes);
        let mut batches = Vec::new();
        while !buffer.is_empty() {
            let (metadata, body) = ipc::split(&buffer).map_err(bad)?;
            let next = metadata.len() + body.len() + ipc::HEAD;
            let message = ipc::message(&metadata).map_err(bad)?;
            match (message.header_as_schema(), &self.schema) {
                (Some(schema), None) => {
                    let schema = guarded(|| try_fb_to_schema(schema))?;
                    check(&schema)?;
                    self.schema = Some(Arc::new(schema));
                }
                (Some(_), Some(_)) => return Err(bad("a second schema")),
                (None, None) => return Err(bad("a batch before the schema")),
                (None, Some(schema)) => {
                    let batch = ipc::batch(&message, body.len()).map_err(bad)?;
                    let version = message.version();
                    let read = || read_record_batch(&body, batch, schema.clone(), &HashMap::new(), None, &version);
                    batches.push(guarded(read)?);
                }
            }
            buffer.advance(next);
        }
        Ok(batches)
    }
}

fn bad(why: impl Display) -> Error {
    Error::new(format!("bad batch: {why}"))
}

/// arrow asserts some of what it cannot read.
fn guarded<T>(work: impl FnOnce() -> Result<T, ArrowError>) -> Result<T, Error> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(bad),
        Err(_) => Err(bad("its buffers do not fit its schema")),
    }
}

fn check(schema: &Schema) -> Result<(), Error> {
    schema::check(schema)?;
    // A view may show one text a million times.
    match schema.fields().iter().find(|field| table::has_views(field.data_type())) {
        Some(field) => Err(bad(format!("column `{}` is a view; plain Utf8 is wanted here", field.name()))),
        None => Ok(()),
    }
}

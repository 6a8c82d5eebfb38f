//! Messages of an Arrow IPC stream, looked at before arrow reads them (Arrow columnar format, "IPC Streaming Format").
//!
//! arrow believes what the metadata says of lengths and places, and asserts what does not fit. All that the metadata itself
//! shows to be wrong is refused here, before anything is allocated for it.

use arrow_buffer::Buffer;
use arrow_ipc::{Endianness, Message, MessageHeader, MetadataVersion, RecordBatch, root_as_message_with_opts};
use flatbuffers::VerifierOptions;

/// A batch has at most this many rows.
pub const MAX_ROWS: usize = 1 << 20;

/// The bytes of a message before its metadata: the continuation marker and the length of the metadata.
pub(crate) const HEAD: usize = 8;

/// The marker that begins an encapsulated message.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// The event table has some sixty fields; tables in metadata may be used again and again, as if there were billions.
const METADATA: VerifierOptions = VerifierOptions {
    max_depth: 64,
    max_tables: 4096,
    max_apparent_size: 1 << 20,
    ignore_missing_null_terminator: false,
};

/// The metadata and the body of the message that `bytes` begin with.
pub(crate) fn split(bytes: &Buffer) -> Result<(Buffer, Buffer), String> {
    let cut = || "it ends in the middle of a message".to_owned();
    let (head, rest) = bytes.split_first_chunk::<HEAD>().ok_or_else(cut)?;
    if head[..4] != CONTINUATION {
        return Err("a message does not begin with the continuation marker".to_owned());
    }
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if length == 0 {
        return Err("the mark of the end of a stream; the message `end` ends it".to_owned());
    }
    let metadata = rest.get(..length).ok_or_else(cut)?;
    let body = message(metadata)?.bodyLength();
    let body = usize::try_from(body).map_err(|_| format!("a body of {body} bytes"))?;
    if body > rest.len() - length {
        return Err(cut());
    }
    Ok((bytes.slice_with_length(HEAD, length), bytes.slice_with_length(HEAD + length, body)))
}

/// The message that some metadata is: a schema or a batch.
pub(crate) fn message(metadata: &[u8]) -> Result<Message<'_>, String> {
    let message = root_as_message_with_opts(&METADATA, metadata);
    let message = message.map_err(|error| format!("its metadata cannot be read: {error}"))?;
    if ![MetadataVersion::V4, MetadataVersion::V5].contains(&message.version()) {
        return Err(format!("its metadata is of version {:?}", message.version()));
    }
    match message.header_type() {
        MessageHeader::Schema => match message.header_as_schema() {
            Some(schema) if schema.endianness() == Endianness::Little => Ok(message),
            Some(_) => Err("its numbers are big-endian".to_owned()),
            None => Err("a schema without its header".to_owned()),
        },
        MessageHeader::RecordBatch => Ok(message),
        other => Err(format!("a message of kind {other:?}; only a schema and record batches are allowed")),
    }
}

/// The batch that a message is, if what it says can be true of a body of so many bytes.
pub(crate) fn batch<'a>(message: &Message<'a>, body: usize) -> Result<RecordBatch<'a>, String> {
    let batch = message.header_as_record_batch().ok_or("a batch without its header")?;
    // A kilobyte may say that it is a terabyte.
    if batch.compression().is_some() {
        return Err("it is compressed, which is not allowed here".to_owned());
    }
    let rows = batch.length();
    if !usize::try_from(rows).is_ok_and(|rows| rows <= MAX_ROWS) {
        return Err(format!("{rows} rows; 0 to {MAX_ROWS} are allowed"));
    }
    for node in batch.nodes().into_iter().flatten() {
        let (length, nulls) = (node.length(), node.null_count());
        // Offsets are of 32 bits, so no list has more items.
        if !(0..=i64::from(i32::MAX)).contains(&length) || !(0..=length).contains(&nulls) {
            return Err(format!("a column of {length} values of which {nulls} are null"));
        }
    }
    let mut together = 0u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let (offset, length) = (buffer.offset(), buffer.length());
        let is_inside = |end: u64| end <= body as u64;
        let end = u64::try_from(offset).ok().zip(u64::try_from(length).ok()).and_then(|(a, b)| a.checked_add(b));
        if !end.is_some_and(is_inside) {
            return Err(format!("a buffer of {length} bytes at byte {offset} of a body of {body}"));
        }
        together += length.unsigned_abs();
        // Buffers that are not aligned are copied, and one place may be used again and again.
        if !is_inside(together) {
            return Err("buffers that overlap".to_owned());
        }
    }
    Ok(batch)
}

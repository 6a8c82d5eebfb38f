//! Messages of Arrow IPC, true ones and others, and what comes of them.

use std::collections::HashMap;
use std::sync::Arc;

use annals_core::schema::{VERSION, VERSION_KEY};
use annals_core::table::{self, Rows};
use annals_core::testing::batches;
use annals_core::{Event, sample};
use annals_worker::batch::Reader;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_buffer::Buffer;
use arrow_ipc::writer::StreamEncoder;
use arrow_ipc::{
    BodyCompressionArgs, CompressionType, FieldNode, MessageArgs, MessageHeader, MetadataVersion, RecordBatchArgs,
};
use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef};
use flatbuffers::FlatBufferBuilder;

/// What comes of frames: the number of rows, or what is wrong.
pub fn read(frames: &[Vec<u8>]) -> Result<usize, String> {
    let mut reader = Reader::default();
    let mut count = 0;
    for frame in frames {
        for batch in reader.read(frame.clone()).map_err(|error| error.message)? {
            Rows::of(&batch).map_err(|error| error.message)?;
            count += table::from_batch(&batch).unwrap().len();
        }
    }
    Ok(count)
}

pub fn check(frames: &[Vec<u8>], expected: &str) {
    let found = read(frames).err().unwrap_or_default();
    assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{expected:?}: {found}");
}

/// The messages of batches: the schema, then each batch.
pub fn messages(batches: &[RecordBatch]) -> Vec<Vec<u8>> {
    let mut encoder = StreamEncoder::try_new(&batches[0].schema()).unwrap();
    let mut encode = |batch| encoder.encode(batch).unwrap().iter().map(Buffer::as_slice).collect::<Vec<_>>().concat();
    let mut all: Vec<Vec<u8>> = batches.iter().map(&mut encode).collect();
    let schema = message_length(&all[0]);
    let first = all[0].split_off(schema);
    all.insert(1, first);
    all
}

pub fn message_length(message: &[u8]) -> usize {
    let metadata = u32::from_le_bytes(message[4..8].try_into().unwrap()) as usize;
    8 + metadata + arrow_ipc::root_as_message(&message[8..8 + metadata]).unwrap().bodyLength() as usize
}

pub fn events(count: u64) -> RecordBatch {
    batches((0..count).map(sample::event).collect::<Vec<Event>>()).next().unwrap().unwrap()
}

pub fn schema_of(fields: impl Into<Fields>) -> SchemaRef {
    Arc::new(Schema::new_with_metadata(fields, HashMap::from([(VERSION_KEY.to_owned(), VERSION.to_owned())])))
}

pub fn table_of(columns: Vec<(Field, ArrayRef)>) -> RecordBatch {
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(schema_of(fields), arrays).unwrap()
}

/// A schema message for two columns: `revision` (numbers) and `title` (texts), and a batch of three rows.
pub fn small() -> [Vec<u8>; 2] {
    let revision: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let title: ArrayRef = Arc::new(StringArray::from(vec!["a", "é", ""]));
    let revision = (Field::new("revision", DataType::Int64, true), revision);
    let messages = messages(&[table_of(vec![revision, (Field::new("title", DataType::Utf8, true), title)])]);
    messages.try_into().unwrap()
}

/// A batch as its metadata says, whatever the body.
#[derive(Clone)]
pub struct Lie {
    pub rows: i64,
    /// Length and number of nulls of each column.
    pub nodes: Vec<(i64, i64)>,
    /// Offset and length.
    pub buffers: Vec<(i64, i64)>,
    pub body: Vec<u8>,
    pub body_length: Option<i64>,
    pub compressed: bool,
    pub version: MetadataVersion,
}

impl Lie {
    /// The truth about [`small`].
    pub fn none() -> Self {
        let mut body: Vec<u8> = [1i64, 2, 3].iter().flat_map(|number| number.to_le_bytes()).collect();
        body.extend([0i32, 1, 3, 3].iter().flat_map(|offset| offset.to_le_bytes()));
        body.extend("aé".bytes());
        Self {
            rows: 3,
            nodes: vec![(3, 0), (3, 0)],
            buffers: vec![(0, 0), (0, 24), (0, 0), (24, 16), (40, 3)],
            body,
            body_length: None,
            compressed: false,
            version: MetadataVersion::V5,
        }
    }

    pub fn message(&self) -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let nodes: Vec<FieldNode> = self.nodes.iter().map(|(length, nulls)| FieldNode::new(*length, *nulls)).collect();
        let buffers: Vec<arrow_ipc::Buffer> =
            self.buffers.iter().map(|(offset, length)| arrow_ipc::Buffer::new(*offset, *length)).collect();
        let (nodes, buffers) = (builder.create_vector(&nodes), builder.create_vector(&buffers));
        let compression = self.compressed.then(|| {
            let args = BodyCompressionArgs { codec: CompressionType::LZ4_FRAME, ..Default::default() };
            arrow_ipc::BodyCompression::create(&mut builder, &args)
        });
        let args = RecordBatchArgs {
            length: self.rows,
            nodes: Some(nodes),
            buffers: Some(buffers),
            compression,
            ..Default::default()
        };
        let batch = arrow_ipc::RecordBatch::create(&mut builder, &args);
        let length = self.body_length.unwrap_or(self.body.len() as i64);
        let header = (MessageHeader::RecordBatch, Some(batch.as_union_value()));
        encapsulated(builder, header, length, self.version, &self.body)
    }
}

pub fn encapsulated(
    mut builder: FlatBufferBuilder<'_>,
    header: (MessageHeader, Option<flatbuffers::WIPOffset<flatbuffers::UnionWIPOffset>>),
    length: i64,
    version: MetadataVersion,
    body: &[u8],
) -> Vec<u8> {
    let args =
        MessageArgs { version, header_type: header.0, header: header.1, bodyLength: length, custom_metadata: None };
    let message = arrow_ipc::Message::create(&mut builder, &args);
    builder.finish(message, None);
    let metadata = builder.finished_data();
    [&[0xff; 4], &(metadata.len() as u32).to_le_bytes(), metadata, body].map(<[u8]>::to_vec).concat()
}

/// What comes of a batch that lies.
pub fn lie(change: impl FnOnce(&mut Lie), expected: &str) {
    let mut batch = Lie::none();
    change(&mut batch);
    check(&[small()[0].clone(), batch.message()], expected);
}

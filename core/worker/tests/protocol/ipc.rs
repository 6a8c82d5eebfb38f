//! Arrow IPC that lies: refused with a name, before anything is allocated for it.

use std::collections::HashMap;
use std::sync::Arc;

use annals_core::schema::{VERSION, VERSION_KEY, event_schema};
use annals_core::table::{self, Rows};
use annals_core::testing::batches;
use annals_core::{Event, sample};
use annals_worker::batch::{Reader, Writer};
use annals_worker::frame::{Frame, Frames, HEAD, ROOM};
use annals_worker::message::Encoding;
use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_buffer::Buffer;
use arrow_ipc::writer::StreamEncoder;
use arrow_ipc::{
    BodyCompressionArgs, CompressionType, FieldNode, MessageArgs, MessageHeader, MetadataVersion, RecordBatchArgs,
    SchemaArgs,
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
struct Lie {
    rows: i64,
    /// Length and number of nulls of each column.
    nodes: Vec<(i64, i64)>,
    /// Offset and length.
    buffers: Vec<(i64, i64)>,
    body: Vec<u8>,
    body_length: Option<i64>,
    compressed: bool,
    version: MetadataVersion,
}

impl Lie {
    /// The truth about [`small`].
    fn none() -> Self {
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

    fn message(&self) -> Vec<u8> {
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
fn lie(change: impl FnOnce(&mut Lie), expected: &str) {
    let mut batch = Lie::none();
    change(&mut batch);
    check(&[small()[0].clone(), batch.message()], expected);
}

#[test]
fn the_truth_is_believed() {
    lie(|_| {}, "");
    lie(|lie| lie.version = MetadataVersion::V4, "");
    let all = messages(&[events(3), events(5)]);
    check(&all, "");
    assert_eq!(read(&all), Ok(8));
    assert_eq!(read(&[all.concat()]), Ok(8), "in one frame");
    // A schema that ends its frame, and batches without a body.
    let empty = messages(&[RecordBatch::new_empty(event_schema())]);
    assert_eq!(read(&empty), Ok(0));
    let columns = schema_of(Fields::empty());
    let rows = arrow_array::RecordBatchOptions::new().with_row_count(Some(4));
    let bare = RecordBatch::try_new_with_options(columns, Vec::new(), &rows).unwrap();
    let bare = messages(&[bare.clone(), bare]);
    assert_eq!(read(&bare), Ok(8), "each where it came, though nothing follows");
    assert_eq!(read(&[bare.concat()]), Ok(8));
}

#[test]
fn what_the_writer_writes_is_read() {
    let mut writer = Writer::new(Encoding::Frames);
    let mut reader = Reader::default();
    for count in [3, 1, 100] {
        let mut bytes = Vec::new();
        writer.write(&events(count), &mut bytes).unwrap();
        let found = reader.read(bytes.split_off(HEAD)).unwrap();
        assert_eq!(found, [events(count)]);
    }
    let error = writer.write(&RecordBatch::new_empty(schema_of(Fields::empty())), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "the columns of the batches change");
}

#[test]
fn a_large_batch_is_sent_in_parts() {
    let texts = |count: usize, size: usize| {
        let title: ArrayRef =
            Arc::new(StringArray::from_iter_values((0..count).map(|n| format!("{n} {}", "x".repeat(size)))));
        table_of(vec![(Field::new("title", DataType::Utf8, true), title)])
    };
    let (large, small) = (texts(50, 2 << 20), texts(3, 5));
    let mut writer = Writer::new(Encoding::Frames);
    let mut bytes = Vec::new();
    [&small, &large, &small].into_iter().for_each(|batch| writer.write(batch, &mut bytes).unwrap());
    let mut other = Writer::new(Encoding::Frames);
    let mut large_first = Vec::new();
    [&large, &small].into_iter().for_each(|batch| other.write(batch, &mut large_first).unwrap());
    for (bytes, expected) in [(bytes, vec![&small, &large, &small]), (large_first, vec![&large, &small])] {
        let mut frames = Frames::new(bytes.as_slice(), ROOM / 2 + (1 << 20));
        let mut reader = Reader::default();
        let mut found = Vec::new();
        while let Some(Frame::Binary(_, payload)) = frames.next_frame().unwrap() {
            found.extend(reader.read(payload).unwrap());
        }
        assert!(found.len() > expected.len());
        let titles = |batches: &[RecordBatch]| -> Vec<String> {
            let column =
                |batch: &RecordBatch| batch.column(0).as_string::<i32>().iter().flatten().map(str::to_owned).collect();
            batches.iter().flat_map::<Vec<String>, _>(column).collect()
        };
        let expected: Vec<RecordBatch> = expected.into_iter().cloned().collect();
        assert!(titles(&found) == titles(&expected));
    }
}

#[test]
fn a_message_that_is_cut_is_refused() {
    let [schema, batch] = small();
    for message in [&schema, &batch] {
        for at in 1..message.len() {
            let found =
                read(&[vec![], if message == &schema { vec![] } else { schema.clone() }, message[..at].to_vec()]);
            assert!(found.is_err(), "{at}");
        }
    }
    // Nor is it put together from two frames.
    let (start, end) = batch.split_at(100);
    check(&[schema.clone(), start.to_vec(), end.to_vec()], "it ends in the middle of a message");
    check(&[schema, batch.clone(), batch[..batch.len() - 1].to_vec()], "it ends in the middle of a message");
}

#[test]
fn lengths_of_messages() {
    let [schema, batch] = small();
    for length in [1u32 << 31, u32::MAX, i32::MAX as u32, 0x7fff_fff8, batch.len() as u32] {
        let mut long = batch.clone();
        long[4..8].copy_from_slice(&length.to_le_bytes());
        check(&[schema.clone(), long], "it ends in the middle of a message");
    }
    for length in [1u32, 4, 8, 15] {
        let mut short = batch.clone();
        short[4..8].copy_from_slice(&length.to_le_bytes());
        check(&[schema.clone(), short], "its metadata cannot be read");
    }
    check(&[schema.clone(), [[0xff; 4], [0; 4]].concat()], "the mark of the end of a stream");
    check(&[schema.clone(), batch[4..].to_vec()], "does not begin with the continuation marker");
    check(&[schema, vec![0; 64]], "does not begin with the continuation marker");
    for length in [-1, i64::MIN] {
        lie(|lie| lie.body_length = Some(length), &format!("a body of {length} bytes"));
    }
    for length in [44, 1 << 31, (1 << 31) - 1, 1 << 32, i64::MAX - 7, i64::MAX] {
        lie(|lie| lie.body_length = Some(length), "it ends in the middle of a message");
    }
    lie(|lie| lie.body_length = Some(0), "a buffer of 24 bytes at byte 0 of a body of 0");
    lie(|lie| lie.body_length = Some(42), "a buffer of 3 bytes at byte 40 of a body of 42");
    // The rest is taken for the next message, and is none.
    lie(|lie| lie.body.extend([0; 64]), "");
    lie(
        |lie| (lie.body_length, lie.body) = (Some(43), [lie.body.as_slice(), &[0; 64]].concat()),
        "continuation marker",
    );
}

#[test]
fn buffers() {
    for (offset, length) in
        [(-1, 24), (0, -1), (i64::MIN, 24), (0, i64::MIN), (i64::MAX, 24), (24, i64::MAX), (1 << 62, 1 << 62)]
    {
        lie(|lie| lie.buffers[1] = (offset, length), &format!("a buffer of {length} bytes at byte {offset} of a body"));
    }
    lie(|lie| lie.buffers[4] = (41, 3), "a buffer of 3 bytes at byte 41 of a body of 43");
    lie(|lie| lie.buffers[4] = (44, 0), "a buffer of 0 bytes at byte 44 of a body of 43");
    lie(|lie| lie.buffers[1] = (0, 43), "buffers that overlap");
    lie(|lie| lie.buffers[1] = (0, 16), "bad batch");
    lie(|lie| lie.buffers.truncate(4), "bad batch");
    lie(|lie| lie.buffers.clear(), "bad batch");
    lie(|lie| lie.buffers.extend([(0, 0); 100]), "");
    lie(|lie| lie.buffers[3] = (24, 12), "bad batch");
    lie(|lie| lie.buffers[3] = (24, 0), "bad batch");
    // No whole number of offsets.
    let odd = |lie: &mut Lie| {
        lie.body.push(0);
        lie.buffers[3] = (24, 17);
    };
    lie(odd, "its buffers do not fit its schema");
    // Not aligned, but true: it is copied.
    let shifted = |lie: &mut Lie| {
        lie.body.insert(0, 7);
        lie.buffers.iter_mut().for_each(|buffer| buffer.0 += 1);
    };
    lie(shifted, "");
}

#[test]
fn rows_and_nulls() {
    for rows in [-1, i64::MIN, 1 << 62, i64::MAX, (1 << 20) + 1] {
        lie(|lie| lie.rows = rows, &format!("{rows} rows; 0 to 1048576 are allowed"));
    }
    for rows in [0, 2, 4, 1 << 20] {
        lie(|lie| lie.rows = rows, "bad batch");
    }
    for length in [-1, 1 << 31, 1 << 62, i64::MAX, i64::MIN] {
        lie(|lie| lie.nodes[0].0 = length, &format!("a column of {length} values"));
    }
    for length in [4, 1000, i64::from(i32::MAX)] {
        lie(|lie| lie.nodes[0].0 = length, "bad batch");
        lie(|lie| lie.nodes[1].0 = length, "bad batch");
    }
    for nulls in [-1, 4, i64::MAX, i64::MIN] {
        lie(|lie| lie.nodes[0].1 = nulls, "are null");
    }
    // There is no buffer that says which.
    for nulls in 1..=3 {
        lie(|lie| lie.nodes[0].1 = nulls, "bad batch");
    }
    let with_nulls = |bits: u8, nulls| {
        move |lie: &mut Lie| {
            lie.body.extend([0, 0, 0, 0, 0, bits]);
            lie.buffers[0] = (48, 1);
            lie.nodes[0].1 = nulls;
        }
    };
    lie(with_nulls(0b110, 1), "");
    lie(with_nulls(0b110, 2), "bad batch");
    lie(with_nulls(0b000, 1), "bad batch");
    lie(|lie| lie.nodes.truncate(1), "bad batch");
    lie(|lie| lie.nodes.clear(), "bad batch");
}

#[test]
fn offsets_and_texts() {
    let offsets = |offsets: [i32; 4]| {
        move |lie: &mut Lie| {
            let bytes: Vec<u8> = offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
            lie.body[24..40].copy_from_slice(&bytes);
        }
    };
    lie(offsets([0, 0, 0, 3]), "");
    lie(offsets([1, 1, 3, 3]), "");
    for wrong in [
        [0, 3, 1, 3],
        [0, -1, 3, 3],
        [-1, 0, 1, 3],
        [0, 1, 3, 4],
        [0, 1, 3, i32::MAX],
        [0, i32::MIN, 3, 3],
        [3, 1, 3, 3],
    ] {
        lie(offsets(wrong), "bad batch");
    }
    // In the middle of a character, and what is no UTF-8.
    lie(offsets([0, 2, 3, 3]), "bad batch");
    lie(|lie| lie.body[40] = 0xff, "bad batch");
    lie(|lie| lie.body[41] = b'a', "bad batch");
}

#[test]
fn compression_is_refused_unread() {
    lie(|lie| lie.compressed = true, "it is compressed");
    // The length that a buffer of 24 bytes says it has unpacked: an exabyte.
    lie(
        |lie| {
            lie.compressed = true;
            lie.body[..8].copy_from_slice(&(1i64 << 60).to_le_bytes());
        },
        "it is compressed",
    );
}

#[test]
fn other_messages() {
    let [schema, batch] = small();
    check(std::slice::from_ref(&batch), "a batch before the schema");
    check(&[schema.clone(), schema.clone()], "a second schema");
    check(&[schema.clone(), batch.clone(), schema.clone()], "a second schema");
    check(&[schema.clone(), batch, vec![]], "");
    let values: ArrayRef = Arc::new(DictionaryArray::<arrow_array::types::Int32Type>::from_iter(["a", "b", "a"]));
    let field = Field::new("title", values.data_type().clone(), true);
    let mut coded = StreamEncoder::try_new(&schema_of(vec![field.clone()])).unwrap();
    let coded = coded.encode(&table_of(vec![(field, values)])).unwrap();
    let coded: Vec<Vec<u8>> = coded.iter().map(|buffer| buffer.to_vec()).collect();
    check(&[coded.concat()], "column `title` is of type Dictionary");
    for kind in [MessageHeader::NONE, MessageHeader::Tensor, MessageHeader::DictionaryBatch, MessageHeader(77)] {
        let mut builder = FlatBufferBuilder::new();
        let args = SchemaArgs::default();
        let table = arrow_ipc::Schema::create(&mut builder, &args).as_union_value();
        let message = encapsulated(builder, (kind, Some(table)), 0, MetadataVersion::V5, &[]);
        let found = read(&[schema.clone(), message]).unwrap_err();
        let named = ["a message of kind", "its metadata cannot be read"].iter().any(|name| found.contains(name));
        assert!(named, "{kind:?}: {found}");
    }
    for kind in [MessageHeader::Schema, MessageHeader::RecordBatch] {
        let message = encapsulated(FlatBufferBuilder::new(), (kind, None), 0, MetadataVersion::V5, &[]);
        assert!(read(&[schema.clone(), message]).is_err(), "{kind:?} without a header");
    }
    lie(|lie| lie.version = MetadataVersion::V1, "its metadata is of version V1");
    lie(|lie| lie.version = MetadataVersion(99), "bad batch");
}

#[test]
fn big_endian_numbers_are_refused() {
    let mut builder = FlatBufferBuilder::new();
    let fields = builder.create_vector::<flatbuffers::ForwardsUOffset<arrow_ipc::Field<'_>>>(&[]);
    let args = SchemaArgs { endianness: arrow_ipc::Endianness::Big, fields: Some(fields), ..Default::default() };
    let schema = arrow_ipc::Schema::create(&mut builder, &args).as_union_value();
    let message = encapsulated(builder, (MessageHeader::Schema, Some(schema)), 0, MetadataVersion::V5, &[]);
    check(&[message], "its numbers are big-endian");
}

#[test]
fn what_the_types_do_not_hold_is_checked() {
    let column = |name: &str, data_type, array: ArrayRef| {
        let batch = table_of(vec![(Field::new(name, data_type, true), array)]);
        read(&messages(&[batch]))
    };
    // A code that means nothing, and a null where there is none.
    let codes: ArrayRef = Arc::new(arrow_array::UInt8Array::from(vec![Some(200)]));
    assert!(column("extent", DataType::UInt8, codes).is_err());
    let null: ArrayRef = Arc::new(arrow_array::UInt8Array::from(vec![None]));
    assert!(column("extent", DataType::UInt8, null).is_err());
    let lat: ArrayRef = Arc::new(Float64Array::from(vec![1.5]));
    assert_eq!(column("lat", DataType::Float64, lat), Ok(1));
}

#[test]
fn batches_without_rows_end_at_some_time() {
    let columns = schema_of(Fields::empty());
    let empty = messages(&[RecordBatch::new_empty(columns)]);
    let frame =
        |bytes: &[u8]| [&[b'B', 0, 0, 0], &(bytes.len() as u32).to_le_bytes(), bytes].map(<[u8]>::to_vec).concat();
    let hello = b"H\0\0\0\x01\0\0\x001".to_vec();
    let expected = "plugin: more than 10000 batches without rows, for which it read nothing";
    let each = [hello.clone(), frame(&empty[0]), frame(&empty[1]).repeat(10_010)].concat();
    assert_eq!(crate::common::failure(&each), expected);
    let together = [hello, frame(&[empty[0].clone(), empty[1].repeat(10_010)].concat())].concat();
    assert_eq!(crate::common::failure(&together), expected);
}

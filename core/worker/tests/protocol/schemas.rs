//! Schemas that are not the event table's.

use std::collections::HashMap;
use std::sync::Arc;

use annals_core::schema::{VERSION, VERSION_KEY};
use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::writer::StreamEncoder;
use arrow_ipc::{MessageHeader, MetadataVersion, SchemaArgs};
use arrow_schema::{DataType, Field, Schema};
use flatbuffers::FlatBufferBuilder;

use super::ipc::*;

fn schema_message(schema: &Schema) -> Vec<u8> {
    let message = StreamEncoder::try_new(schema).unwrap().encode(&RecordBatch::new_empty(Arc::new(schema.clone())));
    let bytes = message.unwrap().iter().map(Buffer::as_slice).collect::<Vec<_>>().concat();
    bytes[..message_length(&bytes)].to_vec()
}

#[test]
fn schemas() {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let says = |fields: Vec<Field>, expected: &str| check(&[schema_message(&schema_of(fields))], expected);
    says(vec![text("title"), text("id")], "");
    says(vec![text("titel")], "a column `titel` that the event table has not");
    says(vec![text("title"), text("title")], "two columns `title`");
    says(vec![Field::new("title", DataType::Utf8View, true)], "is a view");
    says(vec![Field::new("title", DataType::LargeUtf8, true)], "column `title` is of type LargeUtf8");
    says(vec![Field::new("title", DataType::Null, true)], "column `title` is of type Null");
    says(vec![Field::new("lat", DataType::Int64, true)], "column `lat` is of type Int64");
    let bare = Schema::new(vec![text("title")]);
    check(&[schema_message(&bare)], "has no `annals.schema`");
    says((0..100_000).map(|n| text(&format!("c{n}"))).collect(), "its metadata cannot be read: Too many tables");
    says((0..1500).map(|n| text(&format!("c{n}"))).collect(), "a column `c0` that the event table has not");
    let deep =
        |depth| (0..depth).fold(DataType::Utf8, |inner, _| DataType::List(Arc::new(Field::new("item", inner, false))));
    says(vec![Field::new("tags", deep(5), true)], "column `tags` is of type");
    let mut metadata = HashMap::from([(VERSION_KEY.to_owned(), VERSION.to_owned())]);
    metadata.insert("pandas".to_owned(), "x".repeat(100_000));
    check(&[schema_message(&Schema::new_with_metadata(vec![text("title")], metadata.clone()))], "");
    metadata.insert("pandas".to_owned(), "x".repeat(2 << 20));
    check(
        &[schema_message(&Schema::new_with_metadata(vec![text("title")], metadata.clone()))],
        "its metadata cannot be read: Apparent size too large",
    );
    metadata.remove("pandas");
    (0..10_000).for_each(|n| drop(metadata.insert(n.to_string(), String::new())));
    check(&[schema_message(&Schema::new_with_metadata(vec![text("title")], metadata))], "Too many tables");
}

/// A schema of a field in fields, each the child of the next so many times.
fn nested(depth: usize, times: usize) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let name = builder.create_string(&"n".repeat(1000));
    let kind = arrow_ipc::Struct_::create(&mut builder, &Default::default()).as_union_value();
    let mut field = None;
    for _ in 0..depth {
        let children: Vec<_> = field.into_iter().cycle().take(times).collect();
        let children = builder.create_vector(&children);
        let args = arrow_ipc::FieldArgs {
            name: Some(name),
            nullable: true,
            type_type: arrow_ipc::Type::Struct_,
            type_: Some(kind),
            dictionary: None,
            children: Some(children),
            custom_metadata: None,
        };
        field = Some(arrow_ipc::Field::create(&mut builder, &args));
    }
    let fields = builder.create_vector(&[field.unwrap()]);
    let schema = arrow_ipc::Schema::create(&mut builder, &SchemaArgs { fields: Some(fields), ..Default::default() });
    let header = (MessageHeader::Schema, Some(schema.as_union_value()));
    encapsulated(builder, header, 0, MetadataVersion::V5, &[])
}

#[test]
fn deep_schemas() {
    check(&[nested(3, 1)], "has no `annals.schema`");
    check(&[nested(500, 1)], "its metadata cannot be read: Nested table depth limit reached");
    check(&[nested(10_000, 1)], "its metadata cannot be read: Nested table depth limit reached");
    // A tree only when it is read, of 2^25 fields.
    let tree = nested(25, 2);
    assert!(tree.len() < 10_000);
    check(&[tree], "its metadata cannot be read");
}

//! The event table: its columns, their exact Arrow types and nullability.
//!
//! `core/include/event-table.tsv` is this schema written down; a test holds the two equal.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

use crate::error::Error;

/// The key of the schema version in the schema's metadata.
pub const VERSION_KEY: &str = "annals.schema";
/// The schema version that this crate writes and reads.
pub const VERSION: &str = "1";

/// Microseconds since 1970-01-01T00:00:00 on no particular clock (see [`crate::when::When`]).
fn local_time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

/// Microseconds since 1970-01-01T00:00:00Z.
pub(crate) fn utc_time() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn list(item: DataType) -> DataType {
    DataType::List(Arc::new(Field::new("item", item, false)))
}

/// The fields of one actor.
pub(crate) fn actor_fields() -> Fields {
    Fields::from(["name", "role", "address"].map(|name| Field::new(name, DataType::Utf8, true)).to_vec())
}

/// The fields of a locator.
pub(crate) fn locator_fields() -> Fields {
    Fields::from(["offset", "len", "line"].map(|name| Field::new(name, DataType::UInt64, false)).to_vec())
}

/// The fields of one claim.
pub(crate) fn claim_fields() -> Fields {
    let text = |name| Field::new(name, DataType::Utf8, true);
    Fields::from(vec![
        Field::new("source", DataType::Utf8, false),
        text("id"),
        text("instance"),
        Field::new("revision", DataType::Int64, true),
        Field::new("modified", utc_time(), true),
        text("lane"),
        text("attributed_to"),
        Field::new("locator", DataType::Struct(locator_fields()), true),
        text("quote"),
        text("edtf"),
        text("title"),
        text("differs"),
        text("retrieved"),
    ])
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let bound = |name| Field::new(name, local_time(), true);
    let code = |name| Field::new(name, DataType::UInt8, false);
    let fields = vec![
        text("id"),
        text("instance"),
        Field::new("revision", DataType::Int64, true),
        Field::new("modified", utc_time(), true),
        Field::new("stamped", utc_time(), true),
        text("edtf"),
        bound("start_lo"),
        bound("start_hi"),
        bound("end_lo"),
        bound("end_hi"),
        Field::new("start_nanos", DataType::UInt16, false),
        code("extent"),
        code("precision"),
        code("qualifier"),
        code("part"),
        text("said"),
        text("zone"),
        text("end_zone"),
        text("recurrence"),
        text("title"),
        text("body"),
        text("kind"),
        text("status"),
        text("lane"),
        text("url"),
        text("place"),
        Field::new("lat", DataType::Float64, true),
        Field::new("lon", DataType::Float64, true),
        Field::new("tags", list(DataType::Utf8), false),
        Field::new("actors", list(DataType::Struct(actor_fields())), false),
        Field::new("claims", list(DataType::Struct(claim_fields())), false),
        text("extra"),
        Field::new("raw", DataType::Binary, true),
        text("raw_format"),
    ];
    let metadata = HashMap::from([(VERSION_KEY.to_owned(), VERSION.to_owned())]);
    Arc::new(Schema::new_with_metadata(fields, metadata))
});

/// The schema of the event table.
pub fn event_schema() -> SchemaRef {
    Arc::clone(&SCHEMA)
}

/// The names of its columns.
pub fn event_schema_names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| SCHEMA.fields().iter().map(|field| field.name().as_str()).collect());
    &NAMES
}

/// Refuses a table that is not the event table: another version, an unknown column, another type. Columns may be
/// absent, in any order, and text may be Utf8View.
pub fn check(schema: &Schema) -> Result<(), Error> {
    match schema.metadata().get(VERSION_KEY).map(String::as_str) {
        Some(VERSION) => {}
        Some(other) => return Err(Error::new(format!("the table has schema version {other}, not {VERSION}"))),
        None => return Err(Error::new(format!("the table's metadata has no `{VERSION_KEY}`"))),
    }
    let (mut seen, mut next) = (0u64, 0);
    for field in schema.fields() {
        let name = field.name().as_str();
        // Nearly all tables have their columns in our order, though not all of them.
        let ours = SCHEMA.fields();
        let find = || ours[next..].iter().position(|field| field.name() == name).map(|at| next + at);
        let Some(at) = find().or_else(|| ours.iter().position(|field| field.name() == name)) else {
            return Err(Error::new(format!("the table has a column `{name}` that the event table has not")));
        };
        if seen >> at & 1 == 1 {
            return Err(Error::new(format!("the table has two columns `{name}`")));
        }
        seen |= 1 << at;
        next = at + 1;
        let expected = &ours[at];
        if !same_type(field.data_type(), expected.data_type()) {
            let (found, expected) = (field.data_type(), expected.data_type());
            return Err(Error::new(format!("column `{name}` is of type {found}, not {expected}")));
        }
    }
    Ok(())
}

/// Equal but for Utf8View in place of Utf8 and the nullability of nested fields (nulls are checked in the data).
fn same_type(found: &DataType, expected: &DataType) -> bool {
    match (found, expected) {
        (DataType::Utf8View, DataType::Utf8) => true,
        (DataType::List(found), DataType::List(expected)) => same_type(found.data_type(), expected.data_type()),
        (DataType::Struct(found), DataType::Struct(expected)) => {
            found.len() == expected.len()
                && found
                    .iter()
                    .zip(expected)
                    .all(|(f, e)| f.name() == e.name() && same_type(f.data_type(), e.data_type()))
        }
        _ => found == expected,
    }
}

/// The schema as a table of text: column, type, nullable; nested fields below their parent.
pub fn as_text() -> String {
    fn write(out: &mut String, prefix: &str, fields: &Fields) {
        for field in fields {
            let name = format!("{prefix}{}", field.name());
            let nullable = if field.is_nullable() { "null" } else { "not null" };
            let nested = match field.data_type() {
                DataType::List(item) => match item.data_type() {
                    DataType::Struct(fields) => Some((format!("{name}[]."), fields.clone())),
                    _ => None,
                },
                DataType::Struct(fields) => Some((format!("{name}."), fields.clone())),
                _ => None,
            };
            let shown = match (field.data_type(), &nested) {
                (DataType::List(_), Some(_)) => "list<struct>".to_owned(),
                (DataType::Struct(_), Some(_)) => "struct".to_owned(),
                (DataType::List(item), None) => format!("list<{}>", item.data_type().to_string().to_lowercase()),
                (DataType::Timestamp(_, zone), _) => match zone {
                    Some(zone) => format!("timestamp(us, {zone})"),
                    None => "timestamp(us)".to_owned(),
                },
                (other, _) => other.to_string().to_lowercase(),
            };
            out.push_str(&format!("{name}\t{shown}\t{nullable}\n"));
            if let Some((prefix, fields)) = nested {
                write(out, &prefix, &fields);
            }
        }
    }
    let mut out = format!("# {VERSION_KEY} = {VERSION}; generated from core/src/schema.rs\n");
    write(&mut out, "", SCHEMA.fields());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_table_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/include/event-table.tsv");
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(path, as_text()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert_eq!(written, as_text(), "run with UPDATE_GENERATED=1 to write {path}");
    }

    #[test]
    fn a_foreign_table_is_refused() {
        let check = |fields: Vec<Field>, version: &str, expected: &str| {
            let metadata = HashMap::from([(VERSION_KEY.to_owned(), version.to_owned())]);
            let found = check(&Schema::new_with_metadata(fields, metadata)).map_err(|error| error.message);
            assert_eq!(found.err().unwrap_or_default(), expected);
        };
        let text = |name| Field::new(name, DataType::Utf8, true);
        check(vec![text("title"), text("id")], "1", "");
        check(vec![Field::new("title", DataType::Utf8View, true)], "1", "");
        check(vec![text("title")], "2", "the table has schema version 2, not 1");
        check(vec![text("titel")], "1", "the table has a column `titel` that the event table has not");
        check(vec![text("title"), text("title")], "1", "the table has two columns `title`");
        check(vec![text("lat")], "1", "column `lat` is of type Utf8, not Float64");
    }
}

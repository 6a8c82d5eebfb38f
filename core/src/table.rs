//! The only place where rows become columns and columns rows.

use std::sync::Arc;

use arrow_array::types::{Float64Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, ListArray, PrimitiveArray, RecordBatch, StringArray,
    StringViewArray, StructArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};

use crate::claim::{Claim, Locator};
use crate::error::Error;
use crate::event::{Actor, Event};
use crate::schema::{self, actor_fields, claim_fields, event_schema, locator_fields};
use crate::when::{Extent, Part, Precision, Qualifier, When};

/// Columns from rows. `wanted` = the names of the columns to fill, `None` = all; the others are absent.
pub fn to_batch(events: &[Event], wanted: Option<&[String]>) -> RecordBatch {
    let schema = event_schema();
    let keep: Vec<usize> = (0..schema.fields().len())
        .filter(|&at| wanted.is_none_or(|wanted| wanted.iter().any(|name| name == schema.field(at).name())))
        .collect();
    let columns = keep.iter().map(|&at| column(schema.field(at).name(), events)).collect();
    let fields: Vec<Field> = keep.iter().map(|&at| schema.field(at).clone()).collect();
    let schema = arrow_schema::Schema::new_with_metadata(fields, schema.metadata().clone());
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(events.len()));
    RecordBatch::try_new_with_options(Arc::new(schema), columns, &options)
        .expect("the columns are made from the schema itself")
}

fn text<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(values))
}

fn number<T: ArrowPrimitiveType>(values: impl Iterator<Item = Option<T::Native>>) -> ArrayRef {
    Arc::new(PrimitiveArray::<T>::from_iter(values))
}

fn code(values: impl Iterator<Item = u8>) -> ArrayRef {
    Arc::new(PrimitiveArray::<UInt8Type>::from_iter_values(values))
}

fn utc(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from_iter(values).with_timezone("UTC"))
}

fn bound(events: &[Event], get: impl Fn(&When) -> Option<i64>) -> ArrayRef {
    number::<TimestampMicrosecondType>(events.iter().map(|event| get(&event.when)))
}

fn column(name: &str, events: &[Event]) -> ArrayRef {
    let rows = || events.iter();
    match name {
        "id" => text(rows().map(|e| e.id.as_deref())),
        "instance" => text(rows().map(|e| e.instance.as_deref())),
        "revision" => number::<Int64Type>(rows().map(|e| e.revision)),
        "modified" => utc(rows().map(|e| e.modified)),
        "stamped" => utc(rows().map(|e| e.stamped)),
        "edtf" => text(rows().map(|e| e.when.edtf.as_deref())),
        "start_lo" => bound(events, |when| when.start_lo),
        "start_hi" => bound(events, |when| when.start_hi),
        "end_lo" => bound(events, |when| when.end_lo),
        "end_hi" => bound(events, |when| when.end_hi),
        "start_nanos" => Arc::new(PrimitiveArray::<UInt16Type>::from_iter_values(rows().map(|e| e.when.start_nanos))),
        "extent" => code(rows().map(|e| e.when.extent as u8)),
        "precision" => code(rows().map(|e| e.when.precision as u8)),
        "qualifier" => code(rows().map(|e| e.when.qualifier as u8)),
        "part" => code(rows().map(|e| e.when.part as u8)),
        "said" => text(rows().map(|e| e.when.said.as_deref())),
        "zone" => text(rows().map(|e| e.when.zone.as_deref())),
        "end_zone" => text(rows().map(|e| e.when.end_zone.as_deref())),
        "recurrence" => text(rows().map(|e| e.recurrence.as_deref())),
        "title" => text(rows().map(|e| e.title.as_deref())),
        "body" => text(rows().map(|e| e.body.as_deref())),
        "kind" => text(rows().map(|e| e.kind.as_deref())),
        "status" => text(rows().map(|e| e.status.as_deref())),
        "lane" => text(rows().map(|e| e.lane.as_deref())),
        "url" => text(rows().map(|e| e.url.as_deref())),
        "place" => text(rows().map(|e| e.place.as_deref())),
        "lat" => number::<Float64Type>(rows().map(|e| e.lat)),
        "lon" => number::<Float64Type>(rows().map(|e| e.lon)),
        "tags" => {
            let items = StringArray::from_iter_values(rows().flat_map(|e| &e.tags));
            list(DataType::Utf8, rows().map(|e| e.tags.len()), Arc::new(items))
        }
        "actors" => actors(events),
        "claims" => claims(events),
        "extra" => text(rows().map(|e| e.extra.as_deref())),
        "raw" => Arc::new(BinaryArray::from_iter(rows().map(|e| e.raw.as_deref()))),
        "raw_format" => text(rows().map(|e| e.raw_format.as_deref())),
        _ => unreachable!("a column of the schema without a writer: {name}"),
    }
}

fn list(item: DataType, lengths: impl Iterator<Item = usize>, values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new("item", item, false));
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), values, None))
}

fn actors(events: &[Event]) -> ArrayRef {
    let all = || events.iter().flat_map(|e| &e.actors);
    let columns = vec![
        text(all().map(|a| a.name.as_deref())),
        text(all().map(|a| a.role.as_deref())),
        text(all().map(|a| a.address.as_deref())),
    ];
    let items = structs(actor_fields(), columns, None, all().count());
    list(DataType::Struct(actor_fields()), events.iter().map(|e| e.actors.len()), items)
}

fn claims(events: &[Event]) -> ArrayRef {
    let all = || events.iter().flat_map(|e| &e.claims);
    let place = |get: fn(&Locator) -> u64| -> ArrayRef {
        let values = all().map(|c| c.locator.as_ref().map_or(0, get));
        Arc::new(PrimitiveArray::<UInt64Type>::from_iter_values(values))
    };
    let places = vec![place(|l| l.offset), place(|l| l.len), place(|l| l.line)];
    let valid = NullBuffer::from_iter(all().map(|c| c.locator.is_some()));
    let count = all().count();
    let columns = vec![
        text(all().map(|c| Some(c.source.as_str()))),
        text(all().map(|c| c.id.as_deref())),
        text(all().map(|c| c.instance.as_deref())),
        number::<Int64Type>(all().map(|c| c.revision)),
        utc(all().map(|c| c.modified)),
        text(all().map(|c| c.lane.as_deref())),
        text(all().map(|c| c.attributed_to.as_deref())),
        structs(locator_fields(), places, Some(valid), count),
        text(all().map(|c| c.quote.as_deref())),
        text(all().map(|c| c.edtf.as_deref())),
        text(all().map(|c| c.title.as_deref())),
        text(all().map(|c| c.differs.as_deref())),
        text(all().map(|c| c.retrieved.as_deref())),
    ];
    let items = structs(claim_fields(), columns, None, count);
    list(DataType::Struct(claim_fields()), events.iter().map(|e| e.claims.len()), items)
}

fn structs(fields: Fields, columns: Vec<ArrayRef>, valid: Option<NullBuffer>, len: usize) -> ArrayRef {
    Arc::new(StructArray::try_new_with_length(fields, columns, valid, len).expect("columns made from the fields"))
}

/// Rows from columns, after [`schema::check`]. A null where none may be, or an unknown code, is an error.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Event>, Error> {
    schema::check(&batch.schema())?;
    let columns = Columns { batch };
    let mut events = vec![Event::default(); batch.num_rows()];
    macro_rules! texts {
        ($($name:literal => $($field:ident).+),* $(,)?) => {
            $(columns.texts($name, |row, value| events[row].$($field).+ = Some(value.to_owned()))?;)*
        };
    }
    texts! {
        "id" => id, "instance" => instance, "edtf" => when.edtf, "said" => when.said, "zone" => when.zone,
        "end_zone" => when.end_zone, "recurrence" => recurrence, "title" => title, "body" => body,
        "kind" => kind, "status" => status, "lane" => lane, "url" => url, "place" => place, "extra" => extra,
        "raw_format" => raw_format,
    }
    macro_rules! numbers {
        ($type:ty: $($name:literal => $($field:ident).+),* $(,)?) => {
            $(columns.numbers::<$type>($name, |row, value| events[row].$($field).+ = Some(value));)*
        };
    }
    numbers!(Int64Type: "revision" => revision);
    numbers!(Float64Type: "lat" => lat, "lon" => lon);
    numbers!(TimestampMicrosecondType:
        "modified" => modified, "stamped" => stamped, "start_lo" => when.start_lo, "start_hi" => when.start_hi,
        "end_lo" => when.end_lo, "end_hi" => when.end_hi);
    columns.numbers::<UInt16Type>("start_nanos", |row, value| events[row].when.start_nanos = value);
    columns.codes("extent", |row, code| Extent::from_code(code).map(|it| events[row].when.extent = it))?;
    columns.codes("precision", |row, code| Precision::from_code(code).map(|it| events[row].when.precision = it))?;
    columns.codes("qualifier", |row, code| Qualifier::from_code(code).map(|it| events[row].when.qualifier = it))?;
    columns.codes("part", |row, code| Part::from_code(code).map(|it| events[row].when.part = it))?;
    if let Some(raw) = batch.column_by_name("raw") {
        let raw = raw.as_any().downcast_ref::<BinaryArray>().expect("checked type");
        for (event, value) in events.iter_mut().zip(raw) {
            event.raw = value.map(<[u8]>::to_vec);
        }
    }
    if let Some(row) = events.iter().position(|event| event.when.start_nanos > 999) {
        return Err(Error::new(format!("row {row} of column `start_nanos` is above 999")));
    }
    columns.lists("tags", |row, items| {
        let tags = Columns::text_array(items, "tags")?;
        tags.non_null("tags")?;
        events[row].tags = (0..items.len()).map(|at| tags.value(at).to_owned()).collect();
        Ok(())
    })?;
    columns.lists("actors", |row, items| {
        events[row].actors = actor_rows(items)?;
        Ok(())
    })?;
    columns.lists("claims", |row, items| {
        events[row].claims = claim_rows(items)?;
        Ok(())
    })?;
    Ok(events)
}

fn actor_rows(items: &ArrayRef) -> Result<Vec<Actor>, Error> {
    let items = Struct::of(items, "actors")?;
    let [name, role, address] = [items.texts(0)?, items.texts(1)?, items.texts(2)?];
    let actor = |at| Actor { name: name.get(at), role: role.get(at), address: address.get(at) };
    Ok((0..items.0.len()).map(actor).collect())
}

fn claim_rows(items: &ArrayRef) -> Result<Vec<Claim>, Error> {
    let items = Struct::of(items, "claims")?;
    let source = items.texts(0)?;
    source.non_null("claims.source")?;
    let [id, instance, lane, attributed_to] = [items.texts(1)?, items.texts(2)?, items.texts(5)?, items.texts(6)?];
    let [quote, edtf, title, differs] = [items.texts(8)?, items.texts(9)?, items.texts(10)?, items.texts(11)?];
    let retrieved = items.texts(12)?;
    let revision = items.numbers::<Int64Type>(3);
    let modified = items.numbers::<TimestampMicrosecondType>(4);
    let places = items.0.column(7);
    let place = places.as_any().downcast_ref::<StructArray>().expect("checked type");
    let part = |at: usize, row: usize| Struct(place).numbers::<UInt64Type>(at).value(row);
    let locator = |row| Locator { offset: part(0, row), len: part(1, row), line: part(2, row) };
    let claim = |at| Claim {
        source: source.get(at).unwrap_or_default(),
        id: id.get(at),
        instance: instance.get(at),
        revision: revision.is_valid(at).then(|| revision.value(at)),
        modified: modified.is_valid(at).then(|| modified.value(at)),
        lane: lane.get(at),
        attributed_to: attributed_to.get(at),
        locator: place.is_valid(at).then(|| locator(at)),
        quote: quote.get(at),
        edtf: edtf.get(at),
        title: title.get(at),
        differs: differs.get(at),
        retrieved: retrieved.get(at),
    };
    Ok((0..items.0.len()).map(claim).collect())
}

/// The enums of [`When`] by their code in the table.
macro_rules! codes {
    ($($type:ident { $($variant:ident),* })*) => {
        $(impl $type {
            /// The value with this code in the event table.
            pub fn from_code(code: u8) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|value| *value as u8 == code)
            }
        })*
    };
}
codes! {
    Extent { Moment, Throughout }
    Precision { Second, Minute, Hour, Day, Week, Month, Season, Year, Decade, Century, Millennium }
    Qualifier { None, Uncertain, Approximate, Both }
    Part { Whole, Early, Mid, Late }
}

/// A text column of either layout.
enum Texts<'a> {
    Utf8(&'a StringArray),
    View(&'a StringViewArray),
}

impl Texts<'_> {
    fn is_valid(&self, at: usize) -> bool {
        match self {
            Self::Utf8(array) => array.is_valid(at),
            Self::View(array) => array.is_valid(at),
        }
    }

    fn value(&self, at: usize) -> &str {
        match self {
            Self::Utf8(array) => array.value(at),
            Self::View(array) => array.value(at),
        }
    }

    fn get(&self, at: usize) -> Option<String> {
        self.is_valid(at).then(|| self.value(at).to_owned())
    }

    fn non_null(&self, name: &str) -> Result<(), Error> {
        let nulls = match self {
            Self::Utf8(array) => array.null_count(),
            Self::View(array) => array.null_count(),
        };
        if nulls > 0 { Err(Error::new(format!("column `{name}` has a null, which it may not"))) } else { Ok(()) }
    }
}

/// An array of structs whose type has been checked.
struct Struct<'a>(&'a StructArray);

impl<'a> Struct<'a> {
    fn of(items: &'a ArrayRef, name: &str) -> Result<Self, Error> {
        let items = items.as_any().downcast_ref::<StructArray>().expect("checked type");
        if items.null_count() > 0 {
            return Err(Error::new(format!("column `{name}` has a null item, which it may not")));
        }
        Ok(Self(items))
    }

    fn texts(&self, at: usize) -> Result<Texts<'a>, Error> {
        Columns::text_array(self.0.column(at), self.0.column_names()[at])
    }

    fn numbers<T: ArrowPrimitiveType>(&self, at: usize) -> &'a PrimitiveArray<T> {
        self.0.column(at).as_any().downcast_ref().expect("checked type")
    }
}

struct Columns<'a> {
    batch: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    fn text_array<'b>(array: &'b ArrayRef, name: &str) -> Result<Texts<'b>, Error> {
        let any = array.as_any();
        let utf8 = any.downcast_ref::<StringArray>().map(Texts::Utf8);
        let texts = utf8.or_else(|| any.downcast_ref::<StringViewArray>().map(Texts::View));
        texts.ok_or_else(|| Error::new(format!("column `{name}` is not text")))
    }

    fn texts(&self, name: &str, mut set: impl FnMut(usize, &str)) -> Result<(), Error> {
        if let Some(column) = self.batch.column_by_name(name) {
            let texts = Self::text_array(column, name)?;
            for row in (0..column.len()).filter(|&row| texts.is_valid(row)) {
                set(row, texts.value(row));
            }
        }
        Ok(())
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &str, mut set: impl FnMut(usize, T::Native)) {
        if let Some(column) = self.batch.column_by_name(name) {
            let array: &PrimitiveArray<T> = column.as_any().downcast_ref().expect("checked type");
            for row in (0..array.len()).filter(|&row| array.is_valid(row)) {
                set(row, array.value(row));
            }
        }
    }

    fn codes(&self, name: &str, mut set: impl FnMut(usize, u8) -> Option<()>) -> Result<(), Error> {
        let mut unknown = None;
        self.numbers::<UInt8Type>(name, |row, code| {
            if set(row, code).is_none() {
                unknown.get_or_insert((row, code));
            }
        });
        match unknown {
            Some((row, code)) => Err(Error::new(format!("row {row} of column `{name}` has the unknown code {code}"))),
            None => Ok(()),
        }
    }

    fn lists(&self, name: &str, mut set: impl FnMut(usize, &ArrayRef) -> Result<(), Error>) -> Result<(), Error> {
        let Some(column) = self.batch.column_by_name(name) else { return Ok(()) };
        let lists = column.as_any().downcast_ref::<ListArray>().expect("checked type");
        for row in (0..lists.len()).filter(|&row| lists.is_valid(row) && lists.value_length(row) > 0) {
            set(row, &lists.value(row))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_from_columns() {
        let events: Vec<Event> = (0..200).map(crate::sample::event).collect();
        let batch = to_batch(&events, None);
        assert_eq!(batch.schema(), event_schema());
        assert_eq!(from_batch(&batch).unwrap(), events);
    }

    #[test]
    fn an_unwanted_column_is_absent() {
        let events = vec![Event::new().title("a").body("b")];
        let batch = to_batch(&events, Some(&["title".to_owned()]));
        assert_eq!(batch.num_columns(), 1);
        assert_eq!(from_batch(&batch).unwrap(), vec![Event::new().title("a")]);
    }

    #[test]
    fn an_unknown_code_is_an_error() {
        let batch = to_batch(&[Event::new()], Some(&["part".to_owned()]));
        let column: ArrayRef = Arc::new(PrimitiveArray::<UInt8Type>::from(vec![9]));
        let batch = RecordBatch::try_new(batch.schema(), vec![column]).unwrap();
        assert_eq!(from_batch(&batch).unwrap_err().message, "row 0 of column `part` has the unknown code 9");
    }
}

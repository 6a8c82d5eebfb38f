//! One batch of rows picked from several.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ByteArrayType, Float64Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryArray, GenericByteArray, ListArray, PrimitiveArray, RecordBatch,
    RecordBatchOptions, StringArray, StructArray,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, TimeUnit};

use super::columns::Code;
use super::nulls::{are_shared_zeros, null_numbers, null_texts, shared_zeros};
use crate::schema::event_schema;

/// A row of one of several batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// Which batch.
    pub batch: u32,
    /// Which of its rows.
    pub row: u32,
}

/// The picked rows as one batch with all columns of the event table; columns that a batch lacks are null. The batches
/// must be of the event table with plain text columns.
pub fn gather(batches: &[&RecordBatch], picks: &[Pick]) -> RecordBatch {
    let schema = event_schema();
    let of_batches: Vec<Vec<Option<&ArrayRef>>> = batches.iter().map(|batch| columns_of(batch, &schema)).collect();
    let columns = schema.fields().iter().enumerate().map(|(at, field)| {
        let arrays: Vec<Option<&ArrayRef>> = of_batches.iter().map(|columns| columns[at]).collect();
        match field.name().as_str() {
            "precision" => primitive::<UInt8Type>(&arrays, picks, field, Code::Precision.default()),
            _ => column(&arrays, picks, field),
        }
    });
    let columns = columns.collect();
    let options = RecordBatchOptions::new().with_row_count(Some(picks.len()));
    RecordBatch::try_new_with_options(schema, columns, &options).expect("the columns are made from the schema itself")
}

/// The columns of a batch in the order of the whole table. Most batches have theirs in that order.
fn columns_of<'a>(batch: &'a RecordBatch, schema: &Schema) -> Vec<Option<&'a ArrayRef>> {
    let own = batch.schema_ref().fields();
    let mut next = 0;
    let mut find = |name: &String| {
        if own.get(next).is_some_and(|field| field.name() == name) {
            next += 1;
            return Some(batch.column(next - 1));
        }
        batch.column_by_name(name)
    };
    schema.fields().iter().map(|field| find(field.name())).collect()
}

fn column(arrays: &[Option<&ArrayRef>], picks: &[Pick], field: &Field) -> ArrayRef {
    match field.data_type() {
        DataType::Utf8 => texts(arrays, picks),
        DataType::Binary => binary(arrays, picks),
        DataType::Int64 => primitive::<Int64Type>(arrays, picks, field, 0),
        DataType::Timestamp(TimeUnit::Microsecond, _) => primitive::<TimestampMicrosecondType>(arrays, picks, field, 0),
        DataType::UInt8 => primitive::<UInt8Type>(arrays, picks, field, 0),
        DataType::UInt16 => primitive::<UInt16Type>(arrays, picks, field, 0),
        DataType::UInt64 => primitive::<UInt64Type>(arrays, picks, field, 0),
        DataType::Float64 => primitive::<Float64Type>(arrays, picks, field, 0.0),
        DataType::List(item) => list(arrays, picks, item),
        DataType::Struct(fields) => {
            let structs: Vec<Option<&StructArray>> =
                arrays.iter().map(|array| array.map(|array| array.as_struct())).collect();
            let columns = fields.iter().enumerate().map(|(at, field)| {
                let columns: Vec<Option<&ArrayRef>> =
                    structs.iter().map(|structs| structs.map(|structs| structs.column(at))).collect();
                column(&columns, picks, field)
            });
            let columns = columns.collect();
            let nulls = nulls(arrays, picks);
            Arc::new(
                StructArray::try_new_with_length(fields.clone(), columns, nulls, picks.len()).expect("same fields"),
            )
        }
        other => unreachable!("the event table has no {other}"),
    }
}

/// Where the picked values are null; `None` = nowhere.
fn nulls(arrays: &[Option<&ArrayRef>], picks: &[Pick]) -> Option<NullBuffer> {
    if arrays.iter().all(|array| array.is_some_and(|array| array.null_count() == 0)) {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(picks.len());
    let nulls: Vec<_> = arrays.iter().map(|array| array.map(|array| array.nulls())).collect();
    for pick in picks {
        let nulls = nulls[pick.batch as usize];
        valid.append(nulls.is_some_and(|nulls| nulls.is_none_or(|nulls| nulls.is_valid(pick.row as usize))));
    }
    Some(NullBuffer::new(valid.finish())).filter(|nulls| nulls.null_count() > 0)
}

fn primitive<T: ArrowPrimitiveType>(
    arrays: &[Option<&ArrayRef>],
    picks: &[Pick],
    field: &Field,
    absent: T::Native,
) -> ArrayRef {
    if field.is_nullable() && arrays.iter().all(|array| array.is_none_or(|array| array.null_count() == array.len())) {
        return Arc::new(null_numbers::<T>(picks.len()).with_data_type(field.data_type().clone()));
    }
    let values: Vec<Option<&ScalarBuffer<T::Native>>> =
        arrays.iter().map(|array| array.map(|array| array.as_primitive::<T>().values())).collect();
    let nulls = if field.is_nullable() { nulls(arrays, picks) } else { None };
    if absent == T::Native::default()
        && values.iter().all(|values| values.is_none_or(are_shared_zeros))
        && let Some(zeros) = shared_zeros(picks.len())
    {
        return Arc::new(PrimitiveArray::<T>::new(zeros, nulls).with_data_type(field.data_type().clone()));
    }
    let values: Vec<Option<&[T::Native]>> = values.into_iter().map(|values| values.map(AsRef::as_ref)).collect();
    let picked: Vec<T::Native> = match values.iter().copied().collect::<Option<Vec<&[T::Native]>>>() {
        Some(values) => picks.iter().map(|pick| values[pick.batch as usize][pick.row as usize]).collect(),
        None => {
            let one = |pick: &Pick| values[pick.batch as usize].map_or(absent, |values| values[pick.row as usize]);
            picks.iter().map(one).collect()
        }
    };
    let picked = ScalarBuffer::from(picked);
    Arc::new(PrimitiveArray::<T>::new(picked, nulls).with_data_type(field.data_type().clone()))
}

fn texts(arrays: &[Option<&ArrayRef>], picks: &[Pick]) -> ArrayRef {
    let some = |array: &&ArrayRef| array.null_count() < array.len();
    let arrays: Vec<Option<Bytes<'_>>> =
        arrays.iter().map(|array| array.filter(some).map(|array| Bytes::of(array.as_string::<i32>()))).collect();
    if arrays.iter().all(Option::is_none) {
        return null_texts(picks.len());
    }
    let (offsets, values, nulls) = bytes(&arrays, picks);
    // SAFETY: whole texts of other text arrays.
    Arc::new(unsafe { StringArray::new_unchecked(offsets, values.into(), nulls) })
}

fn binary(arrays: &[Option<&ArrayRef>], picks: &[Pick]) -> ArrayRef {
    let arrays: Vec<Option<Bytes<'_>>> =
        arrays.iter().map(|array| array.map(|array| Bytes::of(array.as_binary::<i32>()))).collect();
    let (offsets, values, nulls) = bytes(&arrays, picks);
    Arc::new(BinaryArray::new(offsets, values.into(), nulls))
}

/// Values of any length.
struct Bytes<'a> {
    ends: &'a [i32],
    values: &'a [u8],
    nulls: Option<&'a NullBuffer>,
}

impl<'a> Bytes<'a> {
    fn of<T: ByteArrayType<Offset = i32>>(array: &'a GenericByteArray<T>) -> Self {
        let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
        Self { ends: array.value_offsets(), values: array.value_data(), nulls }
    }

    fn get(&self, row: usize) -> Option<&'a [u8]> {
        let range = self.ends[row].cast_unsigned() as usize..self.ends[row + 1].cast_unsigned() as usize;
        self.nulls.is_none_or(|nulls| nulls.is_valid(row)).then(|| &self.values[range])
    }
}

fn bytes(arrays: &[Option<Bytes<'_>>], picks: &[Pick]) -> (OffsetBuffer<i32>, Vec<u8>, Option<NullBuffer>) {
    let value = |pick: &Pick| arrays[pick.batch as usize].as_ref().and_then(|array| array.get(pick.row as usize));
    // First how long they are, so that nothing grows.
    let mut offsets = Vec::with_capacity(picks.len() + 1);
    offsets.push(0);
    let mut len = 0;
    offsets.extend(picks.iter().map(|pick| {
        len += value(pick).map_or(0, <[u8]>::len);
        len as i32
    }));
    assert!(i32::try_from(len).is_ok(), "the texts of a batch are below 2 GiB");
    let mut values = Vec::with_capacity(len);
    picks.iter().for_each(|pick| values.extend_from_slice(value(pick).unwrap_or_default()));
    let full = arrays.iter().all(|array| array.as_ref().is_some_and(|array| array.nulls.is_none()));
    let nulls = (!full).then(|| {
        let mut valid = BooleanBufferBuilder::new(picks.len());
        picks.iter().for_each(|pick| valid.append(value(pick).is_some()));
        NullBuffer::new(valid.finish())
    });
    let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
    // SAFETY: they begin with 0 and never fall.
    (unsafe { OffsetBuffer::new_unchecked(ScalarBuffer::from(offsets)) }, values, nulls)
}

fn list(arrays: &[Option<&ArrayRef>], picks: &[Pick], item: &Arc<Field>) -> ArrayRef {
    let lists: Vec<Option<&ListArray>> = arrays.iter().map(|array| array.map(|array| array.as_list())).collect();
    let mut offsets = Vec::with_capacity(picks.len() + 1);
    offsets.push(0);
    let mut inner = Vec::with_capacity(picks.len());
    for pick in picks {
        if let Some(list) = lists[pick.batch as usize] {
            let ends = &list.value_offsets()[pick.row as usize..][..2];
            inner.extend((ends[0]..ends[1]).map(|row| Pick { batch: pick.batch, row: row.cast_unsigned() }));
        }
        offsets.push(i32::try_from(inner.len()).expect("the items of a batch are below 2^31"));
    }
    let values: Vec<Option<&ArrayRef>> = lists.iter().map(|list| list.map(ListArray::values)).collect();
    let values = column(&values, &inner, item);
    let values = if inner.is_empty() { arrow_array::new_empty_array(item.data_type()) } else { values };
    Arc::new(ListArray::new(Arc::clone(item), OffsetBuffer::new(ScalarBuffer::from(offsets)), values, None))
}

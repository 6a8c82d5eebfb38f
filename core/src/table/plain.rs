//! Text columns of the other layout that may come in.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray};
use arrow_schema::{DataType, Field, Schema};

use crate::error::Error;
use crate::schema;

/// The batch, of the event table, with Utf8 wherever it has Utf8View.
pub fn plain_text(batch: &RecordBatch) -> Result<RecordBatch, Error> {
    schema::check(&batch.schema())?;
    if !batch.columns().iter().any(|column| has_views(column.data_type())) {
        return Ok(batch.clone());
    }
    let columns: Vec<ArrayRef> = batch.columns().iter().map(plain).collect();
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(&columns);
    let fields: Vec<Field> =
        fields.map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone())).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()));
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(schema, columns, &options).map_err(|error| Error::new(error.to_string()))
}

/// Whether there is Utf8View somewhere in it.
pub fn has_views(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8View => true,
        DataType::List(item) => has_views(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| has_views(field.data_type())),
        _ => false,
    }
}

fn plain(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().iter().collect::<StringArray>()),
        DataType::List(item) if has_views(item.data_type()) => {
            let (_, offsets, values, nulls) = array.as_list::<i32>().clone().into_parts();
            let values = plain(&values);
            let item = item.as_ref().clone().with_data_type(values.data_type().clone());
            Arc::new(ListArray::new(Arc::new(item), offsets, values, nulls))
        }
        DataType::Struct(fields) if has_views(array.data_type()) => {
            let (_, columns, nulls) = array.as_struct().clone().into_parts();
            let columns: Vec<ArrayRef> = columns.iter().map(plain).collect();
            let fields = fields.iter().zip(&columns);
            let fields: Vec<Field> =
                fields.map(|(f, column)| f.as_ref().clone().with_data_type(column.data_type().clone())).collect();
            Arc::new(StructArray::new(fields.into(), columns, nulls))
        }
        _ => Arc::clone(array),
    }
}

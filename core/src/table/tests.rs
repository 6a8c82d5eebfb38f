//! Rows to columns and back.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt8Type;
use arrow_array::{ArrayRef, PrimitiveArray, RecordBatch, StringViewArray};
use arrow_schema::{DataType, Field, Schema};

use super::*;
use crate::schema::event_schema;

#[test]
fn rows_come_back_from_columns() {
    let events: Vec<Event> = (0..200).map(crate::sample::event).collect();
    let batch = to_batch(&events, None);
    assert_eq!(batch.schema(), event_schema());
    assert_eq!(from_batch(&batch).unwrap(), events);
}

#[test]
fn a_builder_is_empty_after_a_batch() {
    let mut builder = Builder::default();
    for round in 0..3 {
        let events: Vec<Event> = (round..round + 50).map(crate::sample::event).collect();
        events.iter().for_each(|event| builder.event(event));
        assert_eq!(from_batch(&builder.finish()).unwrap(), events);
    }
}

#[test]
fn a_cancelled_row_leaves_nothing() {
    let mut builder = Builder::default();
    let events: Vec<Event> = (0..60).map(crate::sample::event).collect();
    for pair in events.chunks(2) {
        builder.event(&pair[0]);
        builder.event(&pair[1]);
        builder.rows -= 1;
        builder.cancel_row();
        let failed: Result<(), ()> = builder.text_with(Text::Title, |out| {
            out.push_str("half");
            Err(())
        });
        assert!(failed.is_err() && !builder.has(Text::Title));
    }
    let kept: Vec<Event> = events.iter().step_by(2).cloned().collect();
    assert_eq!(from_batch(&builder.finish()).unwrap(), kept);
}

#[test]
fn the_second_of_two_values_stays() {
    let mut builder = Builder::default();
    builder.text(Text::Title, "first, and longer");
    builder.text(Text::Title, "second");
    builder.number(Number::Revision, 1);
    builder.number(Number::Revision, 2);
    builder.end_row();
    let expected = Event { revision: Some(2), ..Event::new().title("second") };
    assert_eq!(from_batch(&builder.finish()).unwrap(), [expected]);
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

#[test]
fn views_are_read_as_text() {
    let events: Vec<Event> = (0..50).map(crate::sample::event).collect();
    let batch = to_batch(&events, None);
    let mut columns = batch.columns().to_vec();
    let mut fields: Vec<Field> = batch.schema().fields().iter().map(|field| field.as_ref().clone()).collect();
    for (column, field) in columns.iter_mut().zip(&mut fields) {
        if field.data_type() == &DataType::Utf8 {
            *column = Arc::new(column.as_string::<i32>().iter().collect::<StringViewArray>());
            *field = field.clone().with_data_type(DataType::Utf8View);
        }
    }
    let schema = Schema::new_with_metadata(fields, batch.schema().metadata().clone());
    let views = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    assert_eq!(from_batch(&views).unwrap(), events);
}

#[test]
fn picked_rows_are_as_they_were() {
    let events: Vec<Event> = (0..120).map(crate::sample::event).collect();
    let batches: Vec<RecordBatch> = events.chunks(50).map(|events| to_batch(events, None)).collect();
    let titles = to_batch(&events[..10], Some(&["title".to_owned()]));
    let batches: Vec<&RecordBatch> = batches.iter().chain([&titles]).collect();
    let picks = [(2, 19), (0, 7), (3, 4), (1, 49), (0, 7), (2, 0)].map(|(batch, row)| Pick { batch, row });
    let picked = from_batch(&gather(&batches, &picks)).unwrap();
    let title = Event { title: events[4].title.clone(), ..Event::default() };
    let expected = [&events[119], &events[7], &title, &events[99], &events[7], &events[100]];
    assert_eq!(picked.iter().collect::<Vec<_>>(), expected);
    assert_eq!(gather(&batches, &[]).num_rows(), 0);
}

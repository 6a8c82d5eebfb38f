//! Makes what an importer gives ready for the merge: claims complete, minted ids dropped, common options applied.

use std::borrow::Cow;
use std::sync::Arc;

use annals_core::table::{self, Rows, Text};
use annals_core::{Actor, Claim, Event, key};
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, RecordBatchOptions, StringArray, StructArray};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};

use crate::engine::canonical;

/// The options that the host itself takes from an input's prefix.
#[derive(Default)]
pub struct Common {
    pub lane: Option<String>,
    pub tags: Vec<String>,
    pub host: Option<String>,
    pub id_scope: Option<String>,
}

/// Rows, and their ids inside the source where they have no real one (empty: none has).
pub type Ready = (RecordBatch, Vec<Option<String>>);

/// Makes a batch ready; `label` is the name of its source.
pub fn ready(batch: &RecordBatch, label: &str, common: &Common) -> Result<Ready, annals_core::Error> {
    if let Some(ready) = by_column(batch, label, common) {
        return Ok(ready);
    }
    let mut locals = Vec::with_capacity(batch.num_rows());
    let mut events = table::from_batch(batch)?;
    for event in &mut events {
        let (one, local) = record(std::mem::take(event), label, common);
        *event = canonical(one);
        locals.push(local);
    }
    if locals.iter().all(Option::is_none) {
        locals.clear();
    }
    Ok((table::to_batch(&events, None), locals))
}

/// The same without an event between, for what nearly all batches are: one claim a row, which only says where.
fn by_column(batch: &RecordBatch, label: &str, common: &Common) -> Option<Ready> {
    if !common.tags.is_empty() || common.host.is_some() || common.id_scope.is_some() {
        return None;
    }
    let at = |name: &str| batch.schema().index_of(name).ok();
    let mut columns = batch.columns().to_vec();
    let claims_at = at("claims")?;
    let claims: &ListArray = columns[claims_at].as_list();
    if !claims.value_offsets().windows(2).all(|ends| ends[1] - ends[0] == 1)
        || claims.value_offsets().first() != Some(&0)
    {
        return None;
    }
    let items = claims.values().as_struct();
    let says = ["instance", "revision", "modified", "lane", "edtf", "title", "differs"];
    if !says.iter().all(|name| items.column_by_name(name).is_some_and(|said| said.null_count() == said.len())) {
        return None;
    }
    let sources: &StringArray = items.column_by_name("source")?.as_string();
    let own = sources.values().is_empty();
    if !own && (0..sources.len()).any(|row| sources.value(row).is_empty()) {
        return None;
    }
    let mut locals = Vec::new();
    let rows = Rows::of(batch).ok()?;
    if own {
        let ids: &StringArray = items.column_by_name("id")?.as_string();
        if ids.null_count() < ids.len() {
            let local = |row| ids.is_valid(row).then(|| ids.value(row).to_owned());
            locals = (0..ids.len()).map(|row| local(row).filter(|_| real_id(&rows, row).is_none())).collect();
        }
        columns[claims_at] = Arc::new(labelled(claims, label));
    }
    if (0..rows.len()).any(|row| rows.text(Text::Id, row) != real_id(&rows, row)) {
        columns[at("id")?] = Arc::new((0..rows.len()).map(|row| real_id(&rows, row)).collect::<StringArray>());
    }
    if let Some(lane) = &common.lane {
        let lane = |row| rows.text(Text::Lane, row).or(Some(lane));
        columns[at("lane")?] = Arc::new((0..rows.len()).map(lane).collect::<StringArray>());
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Some((RecordBatch::try_new_with_options(batch.schema(), columns, &options).ok()?, locals))
}

/// The real id of a record with these ids, or the one inside its source: as [`ready`] makes them.
pub fn ids<'a>(
    id: Option<&'a str>,
    local: Option<&'a str>,
    common: &Common,
) -> (Option<Cow<'a, str>>, Option<&'a str>) {
    let real = id.filter(|id| is_real(id));
    match (&common.id_scope, real, local) {
        (Some(scope), Some(id), _) | (Some(scope), None, Some(id)) => (Some(format!("{scope}:{id}").into()), None),
        (_, Some(id), _) => (Some(id.into()), None),
        (_, None, local) => (None, local),
    }
}

fn is_real(id: &str) -> bool {
    !id.is_empty() && !key::is_minted(id)
}

/// The id of a row, unless it is none or was minted.
fn real_id(rows: &Rows, row: usize) -> Option<&str> {
    rows.text(Text::Id, row).filter(|id| is_real(id))
}

/// The claims with this source.
fn labelled(claims: &ListArray, label: &str) -> ListArray {
    let (field, offsets, values, nulls) = claims.clone().into_parts();
    let (fields, mut columns, struct_nulls) = values.as_struct().clone().into_parts();
    let count = columns[0].len();
    let ends = (0..=count).map(|n| i32::try_from(n * label.len()).expect("the labels of a batch are below 2 GiB"));
    let ends = OffsetBuffer::new(ScalarBuffer::from(ends.collect::<Vec<_>>()));
    let labels: ArrayRef = Arc::new(StringArray::new(ends, label.repeat(count).into_bytes().into(), None));
    let at = fields.iter().position(|field| field.name() == "source").expect("claims have a source");
    columns[at] = labels;
    let items = StructArray::new(fields, columns, struct_nulls);
    ListArray::new(field, offsets, Arc::new(items), nulls)
}

/// A record ready for the merge, and its id inside its source if it has no real one.
fn record(mut event: Event, label: &str, common: &Common) -> (Event, Option<String>) {
    if event.id.as_deref().is_some_and(|id| !is_real(id)) {
        event.id = None;
    }
    if event.claims.is_empty() {
        event.claims.push(Claim::default());
    }
    let mut local = None;
    for claim in event.claims.iter_mut().filter(|claim| claim.is_own()) {
        label.clone_into(&mut claim.source);
        if event.id.is_none() {
            local = local.or_else(|| claim.id.clone());
        }
    }
    if let (Some(scope), Some(id)) = (&common.id_scope, &local) {
        event.id = Some(format!("{scope}:{id}"));
        local = None;
    } else if let (Some(scope), Some(id)) = (&common.id_scope, &event.id) {
        // A real id that collides with other sources' is told apart by its scope.
        event.id = Some(format!("{scope}:{id}"));
    }
    event.claims.sort();
    event.claims.dedup();
    if event.lane.is_none() {
        event.lane.clone_from(&common.lane);
    }
    for tag in &common.tags {
        if !event.tags.contains(tag) {
            event.tags.push(tag.clone());
        }
    }
    if let Some(host) = &common.host
        && !event.actors.iter().any(|actor| actor.role.as_deref() == Some("host"))
    {
        event.actors.push(Actor { name: Some(host.clone()), role: Some("host".to_owned()), address: None });
    }
    (event, local)
}

#[cfg(test)]
mod tests {
    use annals_core::{Locator, sample};

    use super::*;

    fn check(events: &[Event], common: &Common, expect_columns: bool) {
        let batch = table::to_batch(events, None);
        let by_column = by_column(&batch, "a.ics", common);
        assert_eq!(by_column.is_some(), expect_columns);
        let expected = events.iter().map(|event| record(event.clone(), "a.ics", common));
        let (expected, locals): (Vec<Event>, Vec<Option<String>>) =
            expected.map(|(event, local)| (canonical(event), local)).unzip();
        for (event, (expected, local)) in events.iter().zip(expected.iter().zip(&locals)) {
            let own = event.claims.iter().find(|claim| claim.is_own()).and_then(|claim| claim.id.as_deref());
            let found = ids(event.id.as_deref(), own, common);
            assert_eq!((found.0.as_deref(), found.1), (expected.id.as_deref(), local.as_deref()));
        }
        let (batch, found) = ready(&batch, "a.ics", common).unwrap();
        assert_eq!(table::from_batch(&batch).unwrap(), expected);
        assert!(found == locals || found.is_empty() && locals.iter().all(Option::is_none));
    }

    #[test]
    fn columns_say_what_events_say() {
        let any: Vec<Event> = (0..200).map(sample::event).collect();
        check(&any, &Common::default(), false);
        let mut plain = any;
        for (n, event) in plain.iter_mut().enumerate() {
            let id = (n % 3 == 0).then(|| n.to_string());
            let locator = Some(Locator { offset: n as u64, ..Locator::default() });
            event.claims = vec![Claim { id, locator, ..Claim::default() }];
        }
        plain[3].id = Some("sha256-0123456789abcdef0123456789abcdef".to_owned());
        plain[6].id = Some(String::new());
        plain[9].id = None;
        check(&plain, &Common::default(), true);
        check(&plain, &Common { lane: Some("L".to_owned()), ..Common::default() }, true);
        check(&plain, &Common { tags: vec!["t".to_owned()], ..Common::default() }, false);
        check(&plain, &Common { id_scope: Some("s".to_owned()), ..Common::default() }, false);
        plain.iter_mut().for_each(|event| "other".clone_into(&mut event.claims[0].source));
        check(&plain, &Common::default(), true);
    }
}

//! Some rows on their way through the engine: columns of the event table, and what the engine knows of each row.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals_core::table::{self, Pick, Rows};
use arrow_array::cast::AsArray;
use arrow_array::types::{UInt8Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, FixedSizeBinaryArray, RecordBatch, RecordBatchOptions, StringArray, UInt8Array, UInt32Array,
    UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// The number of a row that needs no more joining.
pub const DONE: u64 = u64::MAX;
/// The filters leave this row out, unless it is joined with others: then they judge the whole.
pub const FILTERED: u8 = 1;
/// The row lies outside the windows of the filters, so that it is left out unless it is joined with rows that do not.
pub const OUT: u8 = 8;
/// There may be more events that say the same: minted ids are numbered.
pub const REPEATED: u8 = 2;
/// The filters could not judge this row alone.
pub const UNJUDGED: u8 = 4;

/// The first half of a content key.
pub type Content = [u8; 16];

/// What the engine knows of each row. A list that is empty says nothing of any row.
#[derive(Clone, Default)]
pub struct Meta {
    /// The number of the row, by which the groups know it.
    pub seq: Vec<u64>,
    /// The source.
    pub source: Vec<u32>,
    /// [`FILTERED`], [`REPEATED`]
    pub flags: Vec<u8>,
    /// How many more records of the same source are in this one.
    pub weight: Vec<u32>,
    /// The id inside the source, for rows without a real one.
    pub local: Vec<Option<String>>,
    /// The content of rows without a real id.
    pub content: Vec<Content>,
}

impl Meta {
    fn pick(of: &[&Self], picks: &[Pick]) -> Self {
        fn list<T: Clone + Default>(of: &[&Meta], picks: &[Pick], get: impl Fn(&Meta) -> &Vec<T>) -> Vec<T> {
            if of.iter().all(|meta| get(meta).is_empty()) {
                return Vec::new();
            }
            let one = |pick: &Pick| get(of[pick.batch as usize]).get(pick.row as usize).cloned().unwrap_or_default();
            picks.iter().map(one).collect()
        }
        Self {
            seq: list(of, picks, |meta| &meta.seq),
            source: list(of, picks, |meta| &meta.source),
            flags: list(of, picks, |meta| &meta.flags),
            weight: list(of, picks, |meta| &meta.weight),
            local: list(of, picks, |meta| &meta.local),
            content: list(of, picks, |meta| &meta.content),
        }
    }

    fn bytes(&self) -> usize {
        let locals: usize = self.local.iter().map(|local| 24 + local.as_ref().map_or(0, String::len)).sum();
        self.seq.capacity() * 8
            + self.source.capacity() * 4
            + self.flags.capacity()
            + self.content.capacity() * 16
            + locals
    }
}

/// Some rows.
pub struct Chunk {
    /// The columns of the event table that are not null in every row.
    pub events: RecordBatch,
    /// The same values, by name.
    pub rows: Rows,
    /// What the engine knows of them.
    pub meta: Meta,
    /// Where it stands among the chunks of a batch under way: the number of that batch, and the place.
    slot: AtomicU64,
    /// How many bytes it takes.
    bytes: usize,
    /// Whether a row may be much larger than the others.
    uneven: bool,
}

impl Chunk {
    /// Columns of the event table, and what is known of their rows.
    pub fn new(events: &RecordBatch, meta: Meta) -> Arc<Self> {
        let rows = Rows::of(events).expect("checked when it came in");
        Self::of(events, rows, meta)
    }

    /// The same with the rows of `events`.
    pub fn of(events: &RecordBatch, rows: Rows, meta: Meta) -> Arc<Self> {
        let events = prune(events);
        let columns: usize = events.columns().iter().map(|column| table::bytes_of(column.as_ref())).sum();
        let bytes = columns + meta.bytes() + 4096;
        let uneven = (0..events.num_columns()).any(|at| longest(events.column(at)) > LONG);
        Arc::new(Self { events, rows, meta, slot: AtomicU64::new(0), bytes, uneven })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.events.num_rows()
    }

    /// How many bytes it takes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// About how many bytes a row takes.
    pub fn row_bytes(&self, row: usize) -> usize {
        let more = |uneven: bool| -> usize {
            if uneven { self.events.columns().iter().map(|column| length(column, row)).sum() } else { 0 }
        };
        self.bytes / self.len() + more(self.uneven)
    }

    /// Numbers its rows from `row` on, beginning with `first`.
    pub fn number(self: &mut Arc<Self>, row: usize, first: u64) {
        let mut seq = vec![DONE; row];
        seq.extend((first..).take(self.len() - row));
        match Arc::get_mut(self) {
            Some(chunk) => chunk.meta.seq = seq,
            None => *self = Self::new(&self.events, Meta { seq, ..self.meta.clone() }),
        }
    }

    /// Whether a row has this flag.
    pub fn has(&self, row: usize, flag: u8) -> bool {
        self.meta.flags.get(row).is_some_and(|flags| flags & flag != 0)
    }

    /// The content of a row, where it is known.
    pub fn content(&self, row: usize) -> Option<&Content> {
        self.meta.content.get(row).filter(|content| **content != Content::default())
    }

    /// How many more records are in a row.
    pub fn weight(&self, row: usize) -> u32 {
        self.meta.weight.get(row).copied().unwrap_or(0)
    }

    /// The source of a row.
    pub fn source(&self, row: usize) -> u32 {
        self.meta.source[row]
    }
}

/// A value longer than this makes its row much larger than most rows are.
const LONG: usize = 16 << 10;

/// Where the texts or lists of a column end.
fn ends(column: &ArrayRef) -> &[i32] {
    let texts = column.as_string_opt::<i32>().map(|texts| texts.value_offsets());
    let bytes = || column.as_binary_opt::<i32>().map(|bytes| bytes.value_offsets());
    let lists = || column.as_list_opt::<i32>().map(|lists| lists.value_offsets());
    texts.or_else(bytes).or_else(lists).unwrap_or_default()
}

/// About how many bytes an item of a column takes: one of a text, more of a list.
fn item_bytes(column: &ArrayRef) -> usize {
    let lists = column.as_list_opt::<i32>().map(|lists| lists.values());
    lists.map_or(1, |items| table::bytes_of(items.as_ref()) / items.len().max(1))
}

/// About how many bytes the longest text or list of a column takes.
fn longest(column: &ArrayRef) -> usize {
    let longest = ends(column).windows(2).map(|ends| ends[1] - ends[0]).max();
    longest.unwrap_or(0).cast_unsigned() as usize * item_bytes(column)
}

/// About how many bytes the text or list of a row takes.
fn length(column: &ArrayRef, row: usize) -> usize {
    let length = ends(column).get(row..row + 2).map_or(0, |ends| ends[1] - ends[0]);
    length.cast_unsigned() as usize * item_bytes(column)
}

/// Without the columns that are null in every row.
fn prune(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    let full = |at: &usize| !schema.field(*at).is_nullable() || batch.column(*at).null_count() < batch.num_rows();
    let keep: Vec<usize> = (0..batch.num_columns()).filter(full).collect();
    batch.project(&keep).expect("columns of its own")
}

/// Rows picked from several chunks, before they are a chunk or a batch themselves.
#[derive(Default)]
pub struct Picked {
    /// The number of this batch among all; 0 = none yet.
    epoch: u64,
    chunks: Vec<Arc<Chunk>>,
    picks: Vec<Pick>,
    bytes: usize,
}

static EPOCH: AtomicU64 = AtomicU64::new(1);

impl Picked {
    /// Adds a row.
    pub fn push(&mut self, chunk: &Arc<Chunk>, row: usize) {
        if self.picks.is_empty() {
            self.epoch = EPOCH.fetch_add(1, Ordering::Relaxed);
        }
        let slot = chunk.slot.load(Ordering::Relaxed);
        let batch = if slot >> 24 == self.epoch {
            slot & 0xff_ffff
        } else {
            let at = self.chunks.len() as u64;
            chunk.slot.store(self.epoch << 24 | at, Ordering::Relaxed);
            self.chunks.push(Arc::clone(chunk));
            at
        };
        self.bytes += chunk.row_bytes(row);
        self.picks.push(Pick { batch: batch as u32, row: row as u32 });
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.picks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.picks.is_empty()
    }

    /// About how many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The picked rows with all columns of the event table, and what is known of them; this is empty again.
    pub fn take(&mut self) -> (RecordBatch, Meta) {
        let batches: Vec<&RecordBatch> = self.chunks.iter().map(|chunk| &chunk.events).collect();
        let events = table::gather(&batches, &self.picks);
        let metas: Vec<&Meta> = self.chunks.iter().map(|chunk| &chunk.meta).collect();
        let meta = Meta::pick(&metas, &self.picks);
        self.chunks.clear();
        self.picks.clear();
        self.bytes = 0;
        (events, meta)
    }
}

/// The columns beside the event table in a temporary file.
const META: [&str; 6] = ["_seq", "_source", "_flags", "_weight", "_local", "_content"];

/// The schema of a temporary file with these columns of the event table.
pub fn spill_schema(columns: &[&str]) -> SchemaRef {
    let schema = table::Builder::default().schema();
    let mut fields: Vec<Field> =
        columns.iter().map(|name| schema.field_with_name(name).expect("a column of the table").clone()).collect();
    let types = [
        DataType::UInt64,
        DataType::UInt32,
        DataType::UInt8,
        DataType::UInt32,
        DataType::Utf8,
        DataType::FixedSizeBinary(16),
    ];
    fields.extend(META.into_iter().zip(types).map(|(name, of)| Field::new(name, of, true)));
    SchemaRef::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

/// Rows as a batch of a temporary file.
pub fn to_spill(events: &RecordBatch, meta: Meta, schema: &SchemaRef) -> RecordBatch {
    let rows = events.num_rows();
    let padded = |mut list: Vec<u32>| {
        list.resize(rows, 0);
        list
    };
    let mut flags = meta.flags;
    flags.resize(rows, 0);
    let mut locals = meta.local;
    locals.resize(rows, None);
    let content: ArrayRef = if meta.content.is_empty() {
        arrow_array::new_null_array(&DataType::FixedSizeBinary(16), rows)
    } else {
        let bytes: Vec<u8> = meta.content.concat();
        Arc::new(FixedSizeBinaryArray::new(16, bytes.into(), None))
    };
    let known: Vec<ArrayRef> = vec![
        Arc::new(UInt64Array::from(meta.seq)),
        Arc::new(UInt32Array::from(meta.source)),
        Arc::new(UInt8Array::from(flags)),
        Arc::new(UInt32Array::from(padded(meta.weight))),
        Arc::new(StringArray::from(locals)),
        content,
    ];
    let of_table = schema.fields().len() - META.len();
    let columns = schema.fields()[..of_table]
        .iter()
        .map(|field| Arc::clone(events.column_by_name(field.name()).expect("a batch with all columns")));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let columns = columns.chain(known).collect();
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).expect("columns of the schema")
}

/// The rows of a batch of a temporary file.
pub fn from_spill(batch: &RecordBatch) -> Arc<Chunk> {
    let of_table: Vec<usize> = (0..batch.num_columns() - META.len()).collect();
    let events = batch.project(&of_table).expect("columns of its own");
    let known = |at: usize| batch.column(of_table.len() + at);
    let flags = known(2).as_primitive::<UInt8Type>().values();
    let weight = known(3).as_primitive::<UInt32Type>().values();
    let local = known(4).as_string::<i32>();
    let content = known(5).as_fixed_size_binary();
    let some = |any: bool| any.then_some(());
    let meta = Meta {
        seq: known(0).as_primitive::<UInt64Type>().values().to_vec(),
        source: known(1).as_primitive::<UInt32Type>().values().to_vec(),
        flags: some(flags.iter().any(|&flags| flags != 0)).map_or_else(Vec::new, |()| flags.to_vec()),
        weight: some(weight.iter().any(|&weight| weight != 0)).map_or_else(Vec::new, |()| weight.to_vec()),
        local: some(local.null_count() < local.len())
            .map_or_else(Vec::new, |()| local.iter().map(|local| local.map(str::to_owned)).collect()),
        content: some(content.null_count() == 0).map_or_else(Vec::new, |()| {
            content.iter().map(|content| content.and_then(|c| c.try_into().ok()).unwrap_or_default()).collect()
        }),
    };
    Chunk::new(&events, meta)
}

#[cfg(test)]
mod tests {
    use annals_core::{Event, sample};

    use super::*;

    #[test]
    fn a_large_row_among_small_ones_is_counted_as_what_it_is() {
        let mut events: Vec<Event> = (0..1000).map(|n| Event::new().title(n.to_string())).collect();
        let claim = |n: u64| annals_core::Claim { source: n.to_string(), ..annals_core::Claim::default() };
        events[1].body = Some("x".repeat(1 << 20));
        events[2].claims = (0..2000).map(claim).collect();
        let check = |events: &[Event], row: usize, expected: std::ops::Range<usize>| {
            let meta = Meta { source: vec![0; events.len()], ..Meta::default() };
            let mut picked = Picked::default();
            picked.push(&Chunk::new(&table::to_batch(events, None), meta), row);
            assert!(expected.contains(&picked.bytes()), "{row}: {}", picked.bytes());
        };
        check(&events, 0, 1..20_000);
        check(&events, 1, 1 << 20..1 << 22);
        check(&events, 2, 10_000..1 << 21);
        check(&events[..1], 0, 1..20_000);
    }

    #[test]
    fn rows_come_back_from_a_temporary_file() {
        let events: Vec<Event> = (0..100).map(sample::event).collect();
        let meta = Meta {
            seq: (0..100).collect(),
            source: vec![3; 100],
            flags: (0..100).map(|n| n as u8 % 4).collect(),
            local: (0..100).map(|n| (n % 3 == 0).then(|| n.to_string())).collect(),
            content: (0..100u8).map(|n| [n; 16]).collect(),
            ..Meta::default()
        };
        let chunk = Chunk::new(&table::to_batch(&events, None), meta);
        let mut picked = Picked::default();
        (0..100).rev().for_each(|row| picked.push(&chunk, row));
        let (batch, meta) = picked.take();
        let schema = spill_schema(&batch.schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>());
        let back = from_spill(&to_spill(&batch, meta, &schema));
        for row in 0..100 {
            let was = 99 - row;
            assert_eq!(back.rows.event(row), events[was]);
            assert_eq!((back.meta.seq[row], back.source(row)), (was as u64, 3));
            assert_eq!(back.meta.local[row], chunk.meta.local[was]);
            assert_eq!((back.content(row), back.has(row, REPEATED)), (chunk.content(was), was % 4 >= 2));
        }
    }
}

//! Sorted runs, in memory or in a temporary file, and their merge into one.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;

use super::chunk::{Chunk, Meta, Picked, from_spill, spill_schema, to_spill};
use super::order::{Order, compare};
use crate::exit::Trouble;
use crate::interrupt;
use crate::spill::{Part, SpillFile};

/// How many runs are merged at once; what is beyond is merged in passes before.
pub const FAN_IN: usize = 512;
/// How many rows make a batch at most.
pub const BATCH_ROWS: usize = 4096;

/// Rows in one order.
pub enum Run {
    /// Kept in memory.
    Memory(Sorted),
    /// In a temporary file.
    File(Part),
}

/// Chunks, and the order of their rows.
pub struct Sorted {
    chunks: Vec<Arc<Chunk>>,
    order: Vec<Key>,
}

/// A row by what it is sorted by first.
#[derive(Clone, Copy)]
struct Key {
    /// The upper half first: as one number it would take eight bytes more a row.
    prefix: [u64; 2],
    chunk: u32,
    row: u32,
}

impl Key {
    fn new(prefix: u128, chunk: u32, row: u32) -> Self {
        Self { prefix: [(prefix >> 64) as u64, prefix as u64], chunk, row }
    }

    fn prefix(&self) -> u128 {
        u128::from(self.prefix[0]) << 64 | u128::from(self.prefix[1])
    }
}

/// Sorts the rows of `chunks`.
pub fn sort(chunks: Vec<Arc<Chunk>>, order: Order) -> Sorted {
    let mut keys = Vec::with_capacity(chunks.iter().map(|chunk| chunk.len()).sum());
    for (at, chunk) in chunks.iter().enumerate() {
        let key = |row| Key::new(order.prefix(chunk, row), at as u32, row as u32);
        keys.extend((0..chunk.len()).map(key));
    }
    sort_keys(chunks, keys)
}

/// Some rows of a chunk, each with what it is sorted by first.
pub type Lent = (Arc<Chunk>, Vec<(u128, u32)>);

/// Sorts some rows of chunks.
pub fn sort_some(some: Vec<Lent>) -> Sorted {
    let mut keys = Vec::with_capacity(some.iter().map(|(_, rows)| rows.len()).sum());
    for (at, (_, rows)) in some.iter().enumerate() {
        keys.extend(rows.iter().map(|&(prefix, row)| Key::new(prefix, at as u32, row)));
    }
    sort_keys(some.into_iter().map(|(chunk, _)| chunk).collect(), keys)
}

fn sort_keys(chunks: Vec<Arc<Chunk>>, mut keys: Vec<Key>) -> Sorted {
    let place = |key: &Key| (chunks[key.chunk as usize].as_ref(), key.row as usize);
    // Stable, since it is fast on what is already in order.
    keys.sort_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| compare(place(a), place(b))));
    Sorted { chunks, order: keys }
}

/// Writes rows in order to a temporary file, in batches of about `batch_bytes`.
pub fn write(
    file: &mut SpillFile,
    columns: &[&str],
    batch_bytes: usize,
    mut next: impl FnMut() -> Result<Option<(Arc<Chunk>, usize)>, Trouble>,
) -> Result<Part, Trouble> {
    let schema = spill_schema(columns);
    let mut picked = Picked::default();
    let batches = std::iter::from_fn(|| -> Option<Result<RecordBatch, Trouble>> {
        while picked.len() < BATCH_ROWS && picked.bytes() < batch_bytes {
            match next() {
                Ok(Some((chunk, row))) => picked.push(&chunk, row),
                Ok(None) => break,
                Err(trouble) => return Some(Err(trouble)),
            }
        }
        (!picked.is_empty()).then(|| {
            let (events, meta): (RecordBatch, Meta) = picked.take();
            Ok(to_spill(&events, meta, &schema))
        })
    });
    file.append_batches(&schema, batches)
}

/// The columns that any of the chunks has.
fn columns<'a>(chunks: impl Iterator<Item = &'a Arc<Chunk>>) -> Vec<&'static str> {
    let all = annals_core::schema::event_schema_names();
    let mut has = vec![false; all.len()];
    for chunk in chunks {
        for (has, name) in has.iter_mut().zip(all) {
            *has = *has || chunk.events.column_by_name(name).is_some();
        }
    }
    all.iter().zip(has).filter(|(_, has)| *has).map(|(name, _)| *name).collect()
}

impl Sorted {
    /// No rows yet.
    pub fn new() -> Self {
        Self { chunks: Vec::new(), order: Vec::new() }
    }

    /// Takes a chunk, of which there are no rows yet; gives its place.
    pub fn add(&mut self, chunk: &Arc<Chunk>) -> u32 {
        self.chunks.push(Arc::clone(chunk));
        (self.chunks.len() - 1) as u32
    }

    /// Takes a row that comes after all others.
    pub fn push(&mut self, prefix: u128, chunk: u32, row: usize) {
        self.order.push(Key::new(prefix, chunk, row as u32));
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// The rows, in no order; and others of their chunks.
    pub fn chunks(&self) -> &[Arc<Chunk>] {
        &self.chunks
    }

    /// Writes it to a temporary file.
    pub fn spill(&self, file: &mut SpillFile, batch_bytes: usize) -> Result<Part, Trouble> {
        let mut keys = self.order.iter();
        write(file, &columns(self.chunks.iter()), batch_bytes, || {
            Ok(keys.next().map(|key| (Arc::clone(&self.chunks[key.chunk as usize]), key.row as usize)))
        })
    }
}

/// Chunks one after the other, none of them empty, in one order.
pub type Chunks<'a> = Box<dyn Iterator<Item = Result<Arc<Chunk>, Trouble>> + 'a>;

/// A run being read.
enum Cursor<'a> {
    Memory { run: Sorted, at: usize },
    Chunks { rest: Chunks<'a>, chunk: Arc<Chunk>, prefixes: Vec<u128>, at: usize },
}

/// Rows that a merge passes over.
pub type Skip = Box<dyn Fn(&Chunk, usize) -> bool + Send>;

impl<'a> Cursor<'a> {
    fn open(run: Run, order: Order, skip: Option<&Skip>) -> Result<Option<Self>, Trouble> {
        let cursor = match run {
            Run::Memory(run) if run.order.is_empty() => None,
            Run::Memory(run) => Some(Self::Memory { run, at: 0 }),
            Run::File(part) => {
                let chunks = part.batches()?.map(|batch| batch.map(|batch| from_spill(&batch)));
                Self::of(Box::new(chunks), order)?
            }
        };
        let Some(mut cursor) = cursor else { return Ok(None) };
        let (chunk, row) = cursor.row();
        let there = !skip.is_some_and(|skip| skip(chunk, row)) || cursor.advance(order, skip)?;
        Ok(there.then_some(cursor))
    }

    fn of(mut rest: Chunks<'a>, order: Order) -> Result<Option<Self>, Trouble> {
        let Some(chunk) = rest.next().transpose()? else { return Ok(None) };
        let prefixes = prefixes(&chunk, order);
        Ok(Some(Self::Chunks { rest, chunk, prefixes, at: 0 }))
    }

    fn prefix(&self) -> u128 {
        match self {
            Self::Memory { run, at } => run.order[*at].prefix(),
            Self::Chunks { prefixes, at, .. } => prefixes[*at],
        }
    }

    fn row(&self) -> (&Arc<Chunk>, usize) {
        match self {
            Self::Memory { run, at } => {
                let key = run.order[*at];
                (&run.chunks[key.chunk as usize], key.row as usize)
            }
            Self::Chunks { chunk, at, .. } => (chunk, *at),
        }
    }

    /// Goes on to the next row that is not passed over, if there is one.
    fn advance(&mut self, order: Order, skip: Option<&Skip>) -> Result<bool, Trouble> {
        while self.step(order)? {
            let (chunk, row) = self.row();
            if !skip.is_some_and(|skip| skip(chunk, row)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn step(&mut self, order: Order) -> Result<bool, Trouble> {
        match self {
            Self::Memory { run, at } => {
                *at += 1;
                Ok(*at < run.order.len())
            }
            Self::Chunks { rest, chunk, prefixes: all, at } => {
                *at += 1;
                if *at == all.len() {
                    let Some(next) = rest.next().transpose()? else { return Ok(false) };
                    *chunk = next;
                    *all = prefixes(chunk, order);
                    *at = 0;
                }
                Ok(true)
            }
        }
    }
}

fn prefixes(chunk: &Chunk, order: Order) -> Vec<u128> {
    (0..chunk.len()).map(|row| order.prefix(chunk, row)).collect()
}

/// The prefix that a row is sorted by, its chunk, and its place there.
pub type Row<'a> = (u128, &'a Arc<Chunk>, usize);

/// The merge of runs: all their rows in one order.
pub struct Merge<'a> {
    order: Order,
    cursors: Vec<Cursor<'a>>,
    /// A heap of cursors, the smallest first.
    heap: Vec<u32>,
    /// Whether the first of the heap has been given out and is still to go on.
    given: bool,
    /// Such rows are not given.
    skip: Option<Skip>,
}

impl<'a> Merge<'a> {
    /// Merges `runs`; more than can be merged at once are first merged to fewer.
    pub fn new(
        runs: Vec<Run>,
        order: Order,
        file: &mut SpillFile,
        batch_bytes: usize,
        skip: Option<Skip>,
    ) -> Result<Self, Trouble> {
        let (files, mut rest): (Vec<Run>, Vec<Run>) = runs.into_iter().partition(|run| matches!(run, Run::File(_)));
        let mut files = VecDeque::from(files);
        while files.len() > FAN_IN {
            // No more than needed: the last pass merges all that are left.
            let some: Vec<Run> = files.drain(..FAN_IN.min(files.len() - FAN_IN + 1)).collect();
            let mut merge = Self::of(some, order, None)?;
            let columns = annals_core::schema::event_schema_names();
            files.push_back(Run::File(write(file, columns, batch_bytes, || {
                Ok(merge.next()?.map(|(_, chunk, row)| (Arc::clone(chunk), row)))
            })?));
        }
        rest.extend(files);
        Self::of(rest, order, skip)
    }

    fn of(runs: Vec<Run>, order: Order, skip: Option<Skip>) -> Result<Self, Trouble> {
        let cursors: Result<Vec<Option<Cursor<'a>>>, Trouble> =
            runs.into_iter().map(|run| Cursor::open(run, order, skip.as_ref())).collect();
        Ok(Self::over(cursors?.into_iter().flatten().collect(), order, skip))
    }

    /// Merges chunks that are not all there yet.
    pub fn of_chunks(sources: Vec<Chunks<'a>>, order: Order) -> Result<Self, Trouble> {
        let cursors: Result<Vec<Option<Cursor<'a>>>, Trouble> =
            sources.into_iter().map(|chunks| Cursor::of(chunks, order)).collect();
        Ok(Self::over(cursors?.into_iter().flatten().collect(), order, None))
    }

    fn over(cursors: Vec<Cursor<'a>>, order: Order, skip: Option<Skip>) -> Self {
        let mut merge = Self { order, cursors, heap: Vec::new(), given: false, skip };
        merge.heap = (0..merge.cursors.len() as u32).collect();
        for at in (0..merge.heap.len() / 2).rev() {
            merge.sink(at);
        }
        merge
    }

    /// The last row that was given is given once more.
    pub fn put_back(&mut self) {
        self.given = false;
    }

    /// The chunks that are being read, and the first row of each that has not been given for good.
    pub fn under_way(&mut self) -> impl Iterator<Item = (&mut Arc<Chunk>, usize)> {
        self.cursors.iter_mut().filter_map(|cursor| match cursor {
            Cursor::Memory { .. } => None,
            Cursor::Chunks { chunk, at, .. } => Some((chunk, *at)),
        })
    }

    /// The next row, and the prefix that it is sorted by.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, Trouble> {
        if interrupt::requested() {
            return Err(Trouble::interrupted());
        }
        if std::mem::take(&mut self.given) {
            let first = self.heap[0] as usize;
            if !self.cursors[first].advance(self.order, self.skip.as_ref())? {
                self.heap.swap_remove(0);
            }
            self.sink(0);
        }
        let Some(&first) = self.heap.first() else { return Ok(None) };
        self.given = true;
        let first = &self.cursors[first as usize];
        let (chunk, row) = first.row();
        Ok(Some((first.prefix(), chunk, row)))
    }

    fn less(&self, a: u32, b: u32) -> bool {
        let (a, b) = (&self.cursors[a as usize], &self.cursors[b as usize]);
        let whole = || {
            let ((a, at), (b, bt)) = (a.row(), b.row());
            compare((a, at), (b, bt))
        };
        a.prefix().cmp(&b.prefix()).then_with(whole) == Ordering::Less
    }

    fn sink(&mut self, mut at: usize) {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < self.heap.len() && self.less(self.heap[child], self.heap[least]) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            self.heap.swap(at, least);
            at = least;
        }
    }
}

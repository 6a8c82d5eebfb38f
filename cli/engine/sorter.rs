//! Rows of groups, put into an order of their own.

use std::sync::Arc;

use annals_core::table::Builder;
use annals_core::{Claim, Event, key};
use arrow_array::{RecordBatch, RecordBatchOptions};

use super::Settings;
use super::chunk::{Chunk, Content, DONE, Meta, Picked};
use super::order::Order;
use super::run::{BATCH_ROWS, Lent, Merge, Run, sort, sort_some};
use crate::exit::Trouble;
use crate::spill::SpillFile;

/// Rows that are put into an order of their own, in little memory.
pub struct Sorter {
    order: Order,
    /// How many bytes may be in memory.
    pub limit: usize,
    batch_bytes: usize,
    picked: Picked,
    chunks: Vec<Arc<Chunk>>,
    /// Rows of chunks that are in memory anyway.
    lent: Vec<Lent>,
    bytes: usize,
    runs: Vec<Run>,
}

impl Sorter {
    /// An empty one.
    pub fn new(order: Order, settings: &Settings) -> Self {
        let (limit, batch_bytes) = (settings.memory / 8, settings.batch_bytes());
        let (picked, chunks, lent, runs) = Default::default();
        Self { order, limit, batch_bytes, picked, chunks, lent, bytes: 0, runs }
    }

    /// Takes a row of a chunk that stays in memory.
    pub fn lend(&mut self, chunk: &Arc<Chunk>, row: usize) {
        self.lend_by(chunk, row, self.order.prefix(chunk, row));
    }

    /// The same for a row that is sorted by something else; then all rows must be.
    pub fn lend_by(&mut self, chunk: &Arc<Chunk>, row: usize, prefix: u128) {
        let key = (prefix, row as u32);
        match self.lent.last_mut() {
            Some((last, rows)) if Arc::ptr_eq(last, chunk) => rows.push(key),
            _ => self.lent.push((Arc::clone(chunk), vec![key])),
        }
    }

    /// Takes a copy of a row.
    pub fn push(&mut self, chunk: &Arc<Chunk>, row: usize, file: &mut SpillFile) -> Result<(), Trouble> {
        self.picked.push(chunk, row);
        if self.picked.len() >= BATCH_ROWS || self.picked.bytes() > 1 << 20 {
            self.take_picked();
            self.make_room(file)?;
        }
        Ok(())
    }

    /// Takes all rows of a chunk.
    pub fn push_chunk(&mut self, chunk: Arc<Chunk>, file: &mut SpillFile) -> Result<(), Trouble> {
        self.bytes += chunk.bytes() + 48 * chunk.len();
        self.chunks.push(chunk);
        self.make_room(file)
    }

    /// Lets go of the chunks that rows were copied from.
    pub fn take_picked(&mut self) {
        if !self.picked.is_empty() {
            let (events, meta) = self.picked.take();
            let chunk = Chunk::new(&events, meta);
            self.bytes += chunk.bytes() + 48 * chunk.len();
            self.chunks.push(chunk);
        }
    }

    /// Moves rows to a temporary file, if there are too many.
    pub fn make_room(&mut self, file: &mut SpillFile) -> Result<(), Trouble> {
        if self.bytes > self.limit {
            let run = sort(std::mem::take(&mut self.chunks), self.order);
            self.runs.push(Run::File(run.spill(file, self.batch_bytes)?));
            self.bytes = 0;
        }
        Ok(())
    }

    /// Adds runs that are in the same order.
    pub fn add(&mut self, runs: Vec<Run>) {
        self.runs.extend(runs);
    }

    /// The rows in sorted runs.
    pub fn runs(mut self) -> Vec<Run> {
        self.take_picked();
        if !self.chunks.is_empty() {
            self.runs.push(Run::Memory(sort(self.chunks, self.order)));
        }
        if !self.lent.is_empty() {
            self.runs.push(Run::Memory(sort_some(self.lent)));
        }
        self.runs
    }

    /// The rows in order.
    pub fn merge(self, file: &mut SpillFile) -> Result<Merge<'static>, Trouble> {
        let (order, batch_bytes) = (self.order, self.batch_bytes);
        Merge::new(self.runs(), order, file, batch_bytes, None)
    }
}

/// Rows made of events, or of rows, on their way into a sorter.
pub struct Made {
    builder: Builder,
    meta: Meta,
    picked: PickedWithClaims,
    sorter: Sorter,
}

/// Rows of chunks, each with other claims.
struct PickedWithClaims {
    picked: Picked,
    claims: Builder,
    meta: Meta,
}

impl Made {
    /// An empty one.
    pub fn new(order: Order, settings: &Settings) -> Self {
        let claims = Builder::new(Some(&["claims".to_owned()]));
        let picked = PickedWithClaims { picked: Picked::default(), claims, meta: Meta::default() };
        Self { builder: Builder::default(), meta: Meta::default(), picked, sorter: Sorter::new(order, settings) }
    }

    /// Adds an event, or a row on its way to become one.
    pub fn push(
        &mut self,
        (seq, flags): (u64, u8),
        event: &Event,
        (source, weight): (usize, u32),
        file: &mut SpillFile,
    ) -> Result<(), Trouble> {
        let content: Content = match event.id {
            Some(_) => [0; 16],
            None => *key::content_key(event).first_chunk().expect("a key has 32 bytes"),
        };
        self.meta.seq.push(seq);
        self.meta.source.push(source as u32);
        self.meta.flags.push(flags);
        self.meta.weight.push(weight);
        self.meta.content.push(content);
        self.builder.event(event);
        if self.builder.len() >= BATCH_ROWS || self.builder.bytes() > 1 << 20 {
            self.take(file)?;
        }
        Ok(())
    }

    /// Adds a row of a chunk with other claims; it needs no more joining.
    pub fn push_row(
        &mut self,
        (chunk, row): (&Arc<Chunk>, usize),
        flags: u8,
        claims: &[Claim],
        file: &mut SpillFile,
    ) -> Result<(), Trouble> {
        let PickedWithClaims { picked, claims: builder, meta } = &mut self.picked;
        meta.seq.push(DONE);
        meta.source.push(chunk.source(row));
        meta.flags.push(flags);
        meta.content.push(chunk.content(row).copied().unwrap_or_default());
        claims.iter().for_each(|claim| builder.claim(claim));
        builder.end_row();
        picked.push(chunk, row);
        if picked.len() >= BATCH_ROWS || picked.bytes() + builder.bytes() > 1 << 20 {
            self.take(file)?;
        }
        Ok(())
    }

    fn take(&mut self, file: &mut SpillFile) -> Result<(), Trouble> {
        if !self.builder.is_empty() {
            let chunk = Chunk::new(&self.builder.finish(), std::mem::take(&mut self.meta));
            self.sorter.push_chunk(chunk, file)?;
        }
        if !self.picked.picked.is_empty() {
            let chunk = self.picked.take();
            self.sorter.push_chunk(chunk, file)?;
        }
        Ok(())
    }

    /// The sorter with all of them.
    pub fn finish(mut self, file: &mut SpillFile) -> Result<Sorter, Trouble> {
        self.take(file)?;
        Ok(self.sorter)
    }
}

impl PickedWithClaims {
    fn take(&mut self) -> Arc<Chunk> {
        let (events, _) = self.picked.take();
        let claims = self.claims.finish();
        let at = events.schema_ref().index_of("claims").expect("a batch with all columns");
        let mut columns = events.columns().to_vec();
        columns[at] = Arc::clone(claims.column(0));
        let options = RecordBatchOptions::new().with_row_count(Some(events.num_rows()));
        let events = RecordBatch::try_new_with_options(events.schema(), columns, &options).expect("the same columns");
        Chunk::new(&events, std::mem::take(&mut self.meta))
    }
}

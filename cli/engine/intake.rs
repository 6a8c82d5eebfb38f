//! What comes in: batches of importers become chunks, sorted runs, and entries for the groups.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use annals_core::key;
use annals_core::table::{Rows, Text};
use arrow_array::RecordBatch;

use super::chunk::{Chunk, FILTERED, Meta, OUT, UNJUDGED};
use super::entries::Entries;
use super::filter::Filter;
use super::order::{Group, Order};
use super::run::{Run, sort};
use super::zones::Zones;
use super::{Dedupe, Settings};
use crate::exit::Trouble;
use crate::spill::SpillFile;

/// Numbers rows, across threads.
#[derive(Default)]
pub struct Numbers(AtomicU64);

/// Where one thread puts the rows that it has read.
pub struct Intake<'a> {
    settings: &'a Settings,
    numbers: &'a Numbers,
    /// How many bytes of rows and entries may be kept in memory.
    limit: usize,
    chunks: Vec<Arc<Chunk>>,
    bytes: usize,
    got: Got,
}

/// What one thread has taken in.
pub struct Got {
    /// The rows.
    pub runs: Vec<Run>,
    /// What groups they may be in.
    pub entries: Entries,
    /// The zones of each source.
    pub zones: HashMap<u32, Zones>,
    /// Whether there are rows that the filters could not judge.
    pub unjudged: bool,
    /// Where they go if they are too many.
    pub file: SpillFile,
}

impl Got {
    /// Nothing yet.
    pub fn new(settings: &Settings) -> Self {
        let file = SpillFile::new(&settings.temp_dir);
        Self { runs: Vec::new(), entries: Entries::default(), zones: HashMap::new(), unjudged: false, file }
    }
}

impl<'a> Intake<'a> {
    /// One of `threads`.
    pub fn new(settings: &'a Settings, numbers: &'a Numbers, threads: usize) -> Self {
        let got = Got::new(settings);
        let limit = settings.memory / 8 * 5 / threads;
        Self { settings, numbers, limit, chunks: Vec::new(), bytes: 0, got }
    }

    /// One of `threads` that take rows when others are in memory already.
    pub fn late(settings: &'a Settings, numbers: &'a Numbers, threads: usize) -> Self {
        Self { limit: settings.memory / 8 / threads, ..Self::new(settings, numbers, threads) }
    }

    /// Takes rows of a source. `local` = their ids inside the source, where they have no real one; empty = none.
    pub fn add(&mut self, source: u32, batch: &RecordBatch, local: Vec<Option<String>>) -> Result<(), Trouble> {
        let count = batch.num_rows();
        let first = self.numbers.0.fetch_add(count as u64, Ordering::Relaxed);
        let chunk = chunk_of(self.settings, source, first, batch, local);
        // It is told later, if it turns out to have no company indeed.
        self.got.unjudged |= chunk.meta.flags.iter().any(|flags| flags & UNJUDGED != 0);
        enter(self.settings, &mut self.got.entries, &chunk, 0..count);
        self.got.zones.entry(source).or_default().chunk(&chunk);
        self.bytes += chunk.bytes() + 48 * count;
        self.chunks.push(chunk);
        if self.bytes > self.limit {
            self.spill()?;
        }
        if self.got.entries.bytes() > self.limit / 4 {
            self.got.entries.spill(&mut self.got.file)?;
        }
        Ok(())
    }

    /// Takes rows that are known to have company, and gives the number of the first.
    pub fn add_late(&mut self, source: u32, batch: &RecordBatch, local: Vec<Option<String>>) -> Result<u64, Trouble> {
        let count = batch.num_rows();
        let first = self.numbers.0.fetch_add(count as u64, Ordering::Relaxed);
        let chunk = chunk_of(self.settings, source, first, batch, local);
        self.bytes += chunk.bytes() + 48 * count;
        self.chunks.push(chunk);
        if self.bytes > self.limit {
            self.spill()?;
        }
        Ok(first)
    }

    /// Takes note of a record that lies outside the windows of the filters and has no row: its place in the source, its
    /// real id, or the one inside the source.
    pub fn left(&mut self, source: u32, place: u64, id: Option<&str>, local: Option<&str>) -> Result<(), Trouble> {
        let local = local.filter(|_| self.settings.dedupe >= Dedupe::Identity);
        // What has no id has only equal company, which lies outside as well.
        let hash = match (id, local) {
            (Some(id), _) => Group::hash_of_series(id),
            (None, Some(local)) => Group::hash_of_local(source, local),
            (None, None) => return Ok(()),
        };
        self.got.entries.add_left(hash, source, place);
        if self.got.entries.bytes() > self.limit / 4 {
            self.got.entries.spill(&mut self.got.file)?;
        }
        Ok(())
    }

    /// Moves the rows in memory to a temporary file, as a run of their own.
    fn spill(&mut self) -> Result<(), Trouble> {
        let run = sort(std::mem::take(&mut self.chunks), Order::Time);
        self.bytes = 0;
        let part = run.spill(&mut self.got.file, self.settings.batch_bytes())?;
        self.settings.progress.spilled(part.len());
        self.got.runs.push(Run::File(part));
        Ok(())
    }

    /// All that came in.
    pub fn finish(mut self) -> Result<Got, Trouble> {
        // Where there are files the memory is for reading them.
        if !self.got.runs.is_empty() && !self.chunks.is_empty() {
            self.spill()?;
        } else if !self.chunks.is_empty() {
            self.got.runs.push(Run::Memory(sort(self.chunks, Order::Time)));
        }
        Ok(self.got)
    }
}

/// Rows of a source with what the engine needs to know of them, numbered from `first`.
pub fn chunk_of(
    settings: &Settings,
    source: u32,
    first: u64,
    batch: &RecordBatch,
    local: Vec<Option<String>>,
) -> Arc<Chunk> {
    let count = batch.num_rows();
    let mut meta =
        Meta { seq: (first..first + count as u64).collect(), source: vec![source; count], local, ..Meta::default() };
    let rows = Rows::of(batch).expect("checked when it came in");
    let has_id = |row: &usize| rows.text(Text::Id, *row).is_some();
    if !(0..count).all(|row| has_id(&row)) {
        let mut buffer = Vec::new();
        let mut content = |row| match has_id(&row) {
            true => [0; 16],
            false => *key::content_key_of(&rows, row, &mut buffer).first_chunk().expect("a key has 32 bytes"),
        };
        meta.content = (0..count).map(&mut content).collect();
    }
    if !settings.filter.is_empty() {
        meta.flags = (0..count).map(|row| judge(&settings.filter, &rows, row)).collect();
    }
    Chunk::of(batch, rows, meta)
}

/// What the filters make of a row that has no company, as flags.
fn judge(filter: &Filter, rows: &Rows, row: usize) -> u8 {
    let flag = |keep: bool| if keep { 0 } else { FILTERED };
    if rows.text(Text::Recurrence, row).is_none() && rows.text(Text::Instance, row).is_none() {
        return match filter.is_out(rows, row) {
            true => FILTERED | OUT,
            false => flag(filter.keeps_row(rows, row)),
        };
    }
    let verdicts = filter.judge(&[rows.event(row)]);
    flag(verdicts.keep[0]) | if verdicts.notes.is_empty() { 0 } else { UNJUDGED }
}

/// Enters rows into the groups that they may have to do with.
pub fn enter(settings: &Settings, entries: &mut Entries, chunk: &Chunk, rows: Range<usize>) {
    let identity = Group::of_identity(settings);
    for row in rows {
        let (source, number) = (chunk.source(row), (chunk.meta.seq[row], chunk.has(row, OUT)));
        let real = chunk.rows.text(Text::Id, row).is_some();
        let local = !real && settings.dedupe >= Dedupe::Identity;
        let of_identity = if local { Group::Identity } else { identity };
        if let Some(hash) = of_identity.hash(chunk, row).filter(|_| real || local) {
            entries.add(hash, false, source, number);
        }
        if let Some(hash) = Group::Content.hash(chunk, row) {
            entries.add(hash, true, source, number);
        }
        if settings.expand.is_some() && chunk.rows.text(Text::Recurrence, row).is_some() {
            let is_local = || chunk.meta.local.get(row).is_some_and(Option::is_some);
            entries.add_alone(!(real || local && is_local()), source, chunk.meta.seq[row]);
        }
    }
}

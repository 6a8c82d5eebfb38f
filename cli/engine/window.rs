//! Sources that are in the order of the timeline already: merged window by window, while they are still being read.
//!
//! Without ids only equal events are joined, and those have equal times. So a window that has all rows of its times is
//! a timeline of its own, and what the engine makes of the windows, one after the other, is what it makes of the whole.

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

use annals_core::account::Account;
use annals_core::table::{Rows, Text};
use arrow_array::RecordBatch;

use super::chunk::{Chunk, Meta};
use super::intake::{Got, chunk_of, enter};
use super::order::{Order, compare};
use super::run::{Chunks, Merge, Run, Sorted};
use super::zones::is_iana;
use super::{Explain, Settings, Stream, merge_telling, none_left};
use crate::exit::Trouble;
use crate::progress::Progress;

/// A window with so many rows is full.
const ROWS: usize = 32 << 10;
/// A window with so many bytes is full, however much memory there is.
const BYTES: usize = 32 << 20;

/// Takes the rows of one source as long as they are fit for windows.
pub struct Ordered<'a> {
    settings: &'a Settings,
    source: u32,
    /// The last row.
    last: Option<Arc<Chunk>>,
}

impl<'a> Ordered<'a> {
    /// Those of the source with this number.
    pub fn new(settings: &'a Settings, source: usize) -> Self {
        Self { settings, source: source as u32, last: None }
    }

    /// The next rows; `None` = one of them is not in order, or may have to do with rows of other times.
    pub fn take(&mut self, batch: &RecordBatch, local: &[Option<String>]) -> Option<Arc<Chunk>> {
        let rows = Rows::of(batch).expect("checked when it came in");
        if local.iter().any(Option::is_some) || !is_plain(&rows) {
            return None;
        }
        let chunk = chunk_of(self.settings, self.source, 0, batch, Vec::new());
        let mut before = self.last.as_ref().map(|last| (Order::Time.prefix(last, 0), last.as_ref(), 0));
        for row in 0..chunk.len() {
            let prefix = Order::Time.prefix(&chunk, row);
            if let Some((least, last, at)) = before
                && least.cmp(&prefix).then_with(|| compare((last, at), (&chunk, row))) == Ordering::Greater
            {
                return None;
            }
            before = Some((prefix, &chunk, row));
        }
        if let Some(at) = chunk.len().checked_sub(1) {
            // Not the chunk itself: it is given away.
            let meta = Meta { source: vec![self.source], content: vec![chunk.meta.content[at]], ..Meta::default() };
            self.last = Some(Chunk::new(&chunk.events.slice(at, 1), meta));
        }
        Some(chunk)
    }
}

/// Whether the rows have to do with none but equal ones, and lead to no facts.
fn is_plain(rows: &Rows) -> bool {
    let all = 0..rows.len();
    let none = |column| !rows.has(column) || all.clone().all(|row| rows.text(column, row).is_none());
    let mut last = None;
    // Time zones become facts. A zone without a time would leave open whether equal rows have equal times.
    let mut is_local = |column, row| {
        let zone = rows.text(column, row);
        let is_same = zone == last;
        last = zone;
        is_same || zone.is_none_or(|zone| !is_iana(zone))
    };
    let dated = |row| rows.text(Text::Zone, row).is_none() || rows.text(Text::Edtf, row).is_some();
    [Text::Id, Text::Instance, Text::Recurrence].into_iter().all(none)
        && [Text::Zone, Text::EndZone]
            .into_iter()
            .filter(|column| rows.has(*column))
            .all(|column| all.clone().all(|row| is_local(column, row)))
        && (!rows.has(Text::Zone) || all.clone().all(dated))
}

/// The timeline of sources that are in order, as it comes.
pub struct Windows<'a> {
    settings: &'a Settings,
    merge: Merge<'a>,
    /// The number of the next row of this window.
    numbers: Rc<Cell<u64>>,
    /// The present window.
    stream: Option<Stream>,
    accounts: Vec<Account>,
}

impl<'a> Windows<'a> {
    /// Merges sources, each as [`Ordered`] gave it; takes the first chunk of every one.
    pub fn new(settings: &'a Settings, sources: Vec<Chunks<'a>>) -> Result<Self, Trouble> {
        let (accounts, numbers) = (vec![Account::default(); sources.len()], Rc::new(Cell::new(0)));
        let numbered = |chunks: Chunks<'a>| -> Chunks<'a> {
            let numbers = Rc::clone(&numbers);
            Box::new(chunks.map(move |chunk| {
                let mut chunk = chunk?;
                number(&mut chunk, 0, &numbers);
                Ok(chunk)
            }))
        };
        let merge = Merge::of_chunks(sources.into_iter().map(numbered).collect(), Order::Time)?;
        Ok(Self { settings, merge, numbers, stream: None, accounts })
    }

    /// The next events, as [`Stream::next`] gives them.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        loop {
            if let Some(stream) = &mut self.stream {
                if let Some(batch) = stream.next()? {
                    return Ok(Some(batch));
                }
                add(&mut self.accounts, stream.accounts());
                self.stream = None;
            }
            let Some(got) = self.window()? else { return Ok(None) };
            let (failed, explain) = (vec![false; self.accounts.len()], Explain::default());
            let merged = merge_telling(
                &Progress::default(),
                self.settings,
                vec![got],
                failed,
                Vec::new(),
                explain,
                &mut none_left,
            )?;
            if !(merged.facts.is_empty() && merged.conflicts.is_empty() && merged.remarks.count == 0) {
                return Err(Trouble::new("a window has what belongs to the whole"));
            }
            add(&mut self.accounts, &merged.joined);
            self.stream = Some(merged.stream);
        }
    }

    /// Per source, after the end: what has become of its rows.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The rows of the next window; `None` = there are no more.
    fn window(&mut self) -> Result<Option<Got>, Trouble> {
        self.numbers.set(0);
        self.number_rest();
        let mut window = Window::new(self.settings, self.accounts.len());
        let mut last = None;
        while let Some((prefix, chunk, row)) = self.merge.next()? {
            let is_whole = window.is_full() && last.is_some_and(|last| last != prefix);
            if is_whole || window.is_too_large() {
                self.merge.put_back();
                if is_whole {
                    break;
                }
                // One time has so many rows.
                window.spill()?;
                self.number_rest();
                continue;
            }
            window.push(prefix, chunk, row)?;
            last = Some(prefix);
        }
        Ok(last.map(|_| window.finish()))
    }

    /// Numbers the rows that are still to come of chunks under way; the others are of no window any more, or have been
    /// copied.
    fn number_rest(&mut self) {
        for (chunk, row) in self.merge.under_way() {
            number(chunk, row, &self.numbers);
        }
    }
}

/// Numbers the rows of a chunk from `row` on.
fn number(chunk: &mut Arc<Chunk>, row: usize, numbers: &Cell<u64>) {
    chunk.number(row, numbers.get());
    numbers.set(numbers.get() + (chunk.len() - row) as u64);
}

fn add(accounts: &mut [Account], more: &[Account]) {
    accounts.iter_mut().zip(more).for_each(|(account, more)| *account += *more);
}

/// Rows of some times, all that there are.
struct Window<'a> {
    settings: &'a Settings,
    sorted: Sorted,
    /// The place of each source's present chunk in `sorted`.
    places: Vec<Option<u32>>,
    rows: usize,
    /// Of the rows in memory.
    bytes: usize,
    got: Got,
}

impl<'a> Window<'a> {
    fn new(settings: &'a Settings, sources: usize) -> Self {
        let (sorted, places, got) = (Sorted::new(), vec![None; sources], Got::new(settings));
        Self { settings, sorted, places, rows: 0, bytes: 0, got }
    }

    fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES.min(self.settings.memory / 16) || !self.got.runs.is_empty()
    }

    /// Whether the rows must leave the memory, though there may be more of their time.
    fn is_too_large(&self) -> bool {
        self.bytes > self.settings.memory / 4
    }

    /// Moves the rows to a temporary file.
    fn spill(&mut self) -> Result<(), Trouble> {
        let sorted = std::mem::replace(&mut self.sorted, Sorted::new());
        let part = sorted.spill(&mut self.got.file, self.settings.batch_bytes())?;
        self.settings.progress.spilled(part.len());
        self.got.runs.push(Run::File(part));
        self.places.fill(None);
        self.bytes = 0;
        Ok(())
    }

    /// Takes the next row.
    fn push(&mut self, prefix: u128, chunk: &Arc<Chunk>, row: usize) -> Result<(), Trouble> {
        let place = &mut self.places[chunk.source(row) as usize];
        let place = match *place {
            Some(place) if Arc::ptr_eq(&self.sorted.chunks()[place as usize], chunk) => place,
            _ => *place.insert(self.sorted.add(chunk)),
        };
        self.sorted.push(prefix, place, row);
        enter(self.settings, &mut self.got.entries, chunk, row..row + 1);
        self.rows += 1;
        self.bytes += chunk.row_bytes(row) + 48;
        if self.got.entries.bytes() > self.settings.memory / 16 {
            self.got.entries.spill(&mut self.got.file)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Got {
        if self.sorted.len() > 0 {
            self.got.runs.push(Run::Memory(self.sorted));
        }
        self.got
    }
}

//! The merged timeline as a stream of batches.

use std::collections::HashMap;

use annals_core::account::Account;
use annals_core::key;
use arrow_array::builder::StringBuilder;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use std::sync::Arc;

use super::chunk::{Content, DONE, FILTERED, Meta, Picked, REPEATED};
use super::entries::Groups;
use super::run::{BATCH_ROWS, Merge};
use crate::exit::Trouble;

/// About how many bytes make a batch.
const BATCH_BYTES: usize = 4 << 20;

/// Gives the events in timeline order, each with an id.
pub struct Stream {
    merge: Merge<'static>,
    groups: Arc<Groups>,
    /// Per source: what becomes of the rows that are in no group.
    accounts: Vec<Account>,
    picked: Picked,
    /// Which of several equal events each picked row is.
    numbers: Vec<u64>,
    /// How many events of each content there were at the present time.
    seen: HashMap<Content, u64>,
    seen_at: u128,
    batch_bytes: usize,
}

impl Stream {
    pub(super) fn new(merge: Merge<'static>, groups: Arc<Groups>, sources: usize, memory: usize) -> Self {
        Self {
            merge,
            groups,
            accounts: vec![Account::default(); sources],
            picked: Picked::default(),
            numbers: Vec::new(),
            seen: HashMap::new(),
            seen_at: 0,
            batch_bytes: (memory / 16).clamp(256 << 10, BATCH_BYTES),
        }
    }

    /// The next events, all columns of the event table; `None` at the end.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Trouble> {
        // Bytes of rows left out; what is picked keeps the chunks around them alive.
        let mut left_out = 0;
        while self.picked.len() < BATCH_ROWS && self.picked.bytes() < self.batch_bytes {
            if left_out > 4 * self.batch_bytes && !self.picked.is_empty() {
                break;
            }
            let Some((at, chunk, row)) = self.merge.next()? else { break };
            let (seq, source) = (chunk.meta.seq[row], chunk.source(row) as usize);
            if seq != DONE {
                if chunk.has(row, FILTERED) {
                    self.accounts[source].filtered += 1;
                    left_out += chunk.bytes() / chunk.len();
                    continue;
                }
                self.accounts[source].kept += 1;
            }
            let mut number = 1;
            if let Some(content) = chunk.content(row)
                && (chunk.has(row, REPEATED) || self.groups.repeated.get(seq))
            {
                // Equal events have equal times.
                if at != self.seen_at {
                    self.seen.clear();
                    self.seen_at = at;
                }
                let n = self.seen.entry(*content).or_default();
                *n += 1;
                number = *n;
            }
            self.picked.push(chunk, row);
            self.numbers.push(number);
        }
        if self.picked.is_empty() {
            return Ok(None);
        }
        let (events, meta) = self.picked.take();
        let numbers = std::mem::take(&mut self.numbers);
        Ok(Some(mint(&events, &meta, &numbers)))
    }

    /// Per source, after the end: how many rows that were in no group stand, and how many were left out.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }
}

/// Gives every event without a real id a minted one.
fn mint(events: &RecordBatch, meta: &Meta, numbers: &[u64]) -> RecordBatch {
    let ids = events.column(0).as_string::<i32>();
    if ids.null_count() == 0 {
        return events.clone();
    }
    let mut minted = StringBuilder::with_capacity(ids.len(), ids.value_data().len() + 40 * ids.null_count());
    let mut text = String::new();
    for (row, (id, &number)) in ids.iter().zip(numbers).enumerate() {
        if let Some(id) = id {
            minted.append_value(id);
        } else {
            let mut key = key::ContentKey::default();
            key[..16].copy_from_slice(&meta.content[row]);
            text.clear();
            key::write_minted_id(&key, number, &mut text);
            minted.append_value(&text);
        }
    }
    let minted: ArrayRef = Arc::new(minted.finish());
    let columns = std::iter::once(minted).chain(events.columns()[1..].iter().cloned()).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(events.num_rows()));
    RecordBatch::try_new_with_options(events.schema(), columns, &options).expect("the same columns")
}

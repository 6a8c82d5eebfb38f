//! Growing columns: values are appended, and what no row has set takes no room.

use std::sync::Arc;

use super::nulls::{null_numbers, null_texts};
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringArray};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer, OffsetBuffer, ScalarBuffer};

/// Which values are there. As long as all are, they are only counted.
#[derive(Default)]
pub(super) struct Valid {
    len: usize,
    nulls: usize,
    bits: Option<BooleanBufferBuilder>,
}

impl Valid {
    #[inline]
    fn len(&self) -> usize {
        self.len
    }

    #[inline]
    fn pad(&mut self, len: usize) {
        if len > self.len {
            self.pad_more(len);
        }
    }

    #[cold]
    fn pad_more(&mut self, len: usize) {
        let bits = self.bits.get_or_insert_with(|| {
            let mut bits = BooleanBufferBuilder::new(0);
            bits.append_n(self.len, true);
            bits
        });
        bits.append_n(len - self.len, false);
        self.nulls += len - self.len;
        self.len = len;
    }

    #[inline]
    fn push(&mut self) {
        self.len += 1;
        if let Some(bits) = &mut self.bits {
            bits.append(true);
        }
    }

    fn truncate(&mut self, len: usize) {
        if let Some(bits) = &mut self.bits {
            while bits.len() > len {
                self.nulls -= usize::from(!bits.get_bit(bits.len() - 1));
                bits.truncate(bits.len() - 1);
            }
        }
        self.len = self.len.min(len);
    }

    fn finish(&mut self) -> Option<NullBuffer> {
        let Valid { nulls, bits, .. } = std::mem::take(self);
        bits.filter(|_| nulls > 0).map(|mut bits| NullBuffer::new(bits.finish()))
    }
}

/// Texts.
#[derive(Default)]
pub(super) struct Texts {
    ends: Vec<i32>,
    values: String,
    valid: Valid,
    /// Length of the values of the last batch: the next one will be alike.
    expected: (usize, usize),
}

impl Texts {
    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Whether there is a text at `row`, the last one, that is not empty.
    pub(super) fn has_text(&self, row: usize) -> bool {
        let start = row.checked_sub(1).map_or(0, |before| self.ends.get(before).copied().unwrap_or(0));
        self.ends.get(row).is_some_and(|&end| end > start)
    }

    pub(super) fn bytes(&self) -> usize {
        self.values.len()
    }

    /// The last text.
    pub(super) fn last(&self) -> &str {
        let mut ends = self.ends.iter().rev().map(|&end| usize::try_from(end).unwrap_or(0));
        let (end, start) = (ends.next().unwrap_or(0), ends.next().unwrap_or(0));
        &self.values[start..end]
    }

    /// Makes room for the text of row `row` and gives the buffer that it is to be appended to; [`Texts::close`] ends it.
    #[inline]
    pub(super) fn open(&mut self, row: usize) -> &mut String {
        if self.ends.capacity() == 0 {
            self.ends.reserve(self.expected.0 + 1);
            self.values.reserve(self.expected.1);
        }
        if self.valid.len() > row {
            self.truncate(row);
        }
        let end = self.end();
        self.ends.resize(row, end);
        self.valid.pad(row);
        &mut self.values
    }

    #[inline]
    pub(super) fn close(&mut self) {
        self.ends.push(self.end_of_values());
        self.valid.push();
    }

    pub(super) fn set(&mut self, row: usize, text: &str) {
        self.open(row).push_str(text);
        self.close();
    }

    /// Sets the text that `write` appends, unless it fails or is not wanted.
    pub(super) fn set_with<E>(
        &mut self,
        row: usize,
        wanted: bool,
        write: impl FnOnce(&mut String) -> Result<(), E>,
    ) -> Result<bool, E> {
        let written = write(self.open(row));
        let kept = written.is_ok() && wanted;
        if kept {
            self.close();
        } else {
            self.abandon();
        }
        written.map(|()| kept)
    }

    pub(super) fn push(&mut self, text: &str) {
        self.set(self.len(), text);
    }

    /// Forgets a text that was opened and not closed.
    #[inline]
    pub(super) fn abandon(&mut self) {
        self.values.truncate(usize::try_from(self.end()).unwrap_or(0));
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if self.valid.len() > len {
            self.valid.truncate(len);
            self.ends.truncate(len);
        }
        self.abandon();
    }

    pub(super) fn pad(&mut self, len: usize) {
        if self.valid.len() < len {
            self.ends.resize(len, self.end());
            self.valid.pad(len);
        }
    }

    #[inline]
    fn end(&self) -> i32 {
        self.ends.last().copied().unwrap_or(0)
    }

    #[inline]
    fn end_of_values(&self) -> i32 {
        i32::try_from(self.values.len()).expect("the texts of a batch are below 2 GiB")
    }

    pub(super) fn finish(&mut self, len: usize) -> ArrayRef {
        if self.valid.len() == 0 {
            return null_texts(len);
        }
        self.pad(len);
        self.expected = (len, self.values.len());
        let mut offsets = Vec::with_capacity(len + 1);
        offsets.push(0);
        offsets.append(&mut self.ends);
        self.ends = Vec::new();
        // What it grew by and did not need; the next batch begins with the right size.
        self.values.shrink_to_fit();
        let values = std::mem::take(&mut self.values).into_bytes();
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        // SAFETY: the offsets are ends of whole texts that were appended to a String.
        Arc::new(unsafe { StringArray::new_unchecked(offsets, values.into(), self.valid.finish()) })
    }

    /// The same where no value may be null.
    pub(super) fn finish_items(&mut self) -> ArrayRef {
        if self.len() == 0 {
            return Arc::new(StringArray::new(OffsetBuffer::new_empty(), Vec::<u8>::new().into(), None));
        }
        self.finish(self.len())
    }
}

/// Numbers of any width.
pub(super) struct Numbers<T: ArrowPrimitiveType = Int64Type> {
    values: Vec<T::Native>,
    valid: Valid,
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), valid: Valid::default() }
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    pub(super) fn set(&mut self, row: usize, value: T::Native) {
        self.truncate(row);
        self.pad(row);
        self.values.push(value);
        self.valid.push();
    }

    pub(super) fn truncate(&mut self, len: usize) {
        if self.values.len() > len {
            self.values.truncate(len);
            self.valid.truncate(len);
        }
    }

    pub(super) fn pad(&mut self, len: usize) {
        if self.values.len() < len {
            self.values.resize(len, T::Native::default());
            self.valid.pad(len);
        }
    }

    pub(super) fn finish(&mut self, len: usize) -> PrimitiveArray<T> {
        if self.values.is_empty() {
            return null_numbers(len);
        }
        self.pad(len);
        self.values.shrink_to_fit();
        PrimitiveArray::new(std::mem::take(&mut self.values).into(), self.valid.finish())
    }
}

/// Values that are never null; what no row has set is `default`.
#[derive(Default)]
pub(super) struct Plain<T> {
    values: Vec<T>,
    default: T,
}

impl<T: Copy> Plain<T> {
    pub(super) fn new(default: T) -> Self {
        Self { values: Vec::new(), default }
    }

    pub(super) fn set(&mut self, row: usize, value: T) {
        self.values.resize(row, self.default);
        self.values.push(value);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
    }

    pub(super) fn finish(&mut self, len: usize) -> Vec<T> {
        self.values.resize(len, self.default);
        std::mem::take(&mut self.values)
    }
}

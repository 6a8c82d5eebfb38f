//! Growing columns: values are appended, and what no row has set takes no room.

use std::sync::Arc;

use super::nulls::{null_numbers, null_texts, shared_zeros};
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

/// Which items have something.
#[derive(Default)]
pub(super) struct Located(Valid);

impl Located {
    #[inline]
    pub(super) fn push(&mut self, is_there: bool) {
        if is_there { self.0.push() } else { self.0.pad_more(self.0.len + 1) }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    pub(super) fn finish(&mut self) -> Option<NullBuffer> {
        self.0.finish()
    }
}

/// Texts.
#[derive(Default)]
pub(super) struct Texts {
    /// 0, then where each text ends; empty before the first one.
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
        self.ends.get(row..row + 2).is_some_and(|ends| ends[1] > ends[0])
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
        if self.ends.is_empty() {
            self.begin();
        }
        if self.valid.len() != row {
            self.truncate(row);
            self.pad(row);
        }
        &mut self.values
    }

    /// Makes room for about as much as the last batch had.
    #[cold]
    fn begin(&mut self) {
        self.ends.reserve(more_than(self.expected.0) + 1);
        self.values.reserve(more_than(self.expected.1));
        self.ends.push(0);
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
            self.ends.truncate(len + 1);
        }
        self.abandon();
    }

    pub(super) fn pad(&mut self, len: usize) {
        if self.valid.len() < len {
            self.ends.resize(len + 1, self.end());
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
        // What they grew by and did not need.
        self.ends.shrink_to_fit();
        self.values.shrink_to_fit();
        let values = std::mem::take(&mut self.values).into_bytes();
        let offsets = ScalarBuffer::from(std::mem::take(&mut self.ends));
        // SAFETY: the offsets are 0 and the ends of whole texts that were appended to a String.
        Arc::new(unsafe {
            let offsets = OffsetBuffer::new_unchecked(offsets);
            StringArray::new_unchecked(offsets, values.into(), self.valid.finish())
        })
    }

    /// The same where no value may be null.
    pub(super) fn finish_items(&mut self) -> ArrayRef {
        if self.len() == 0 {
            return Arc::new(StringArray::new(OffsetBuffer::new_empty(), Vec::<u8>::new().into(), None));
        }
        self.finish(self.len())
    }
}

/// How much room is made for what had this size in the last batch: a little more, since growing is dear.
fn more_than(expected: usize) -> usize {
    expected + expected / 8
}

/// Makes room for about as many values as the last batch had.
#[inline]
pub(super) fn begin<T>(values: &mut Vec<T>, expected: usize) {
    if values.capacity() == 0 {
        values.reserve(more_than(expected));
    }
}

/// Numbers of any width.
pub(super) struct Numbers<T: ArrowPrimitiveType = Int64Type> {
    values: Vec<T::Native>,
    valid: Valid,
    expected: usize,
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), valid: Valid::default(), expected: 0 }
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    #[inline]
    pub(super) fn set(&mut self, row: usize, value: T::Native) {
        begin(&mut self.values, self.expected);
        if self.values.len() != row {
            self.truncate(row);
            self.pad(row);
        }
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
        self.expected = len;
        self.values.shrink_to_fit();
        PrimitiveArray::new(std::mem::take(&mut self.values).into(), self.valid.finish())
    }
}

/// Values that are never null; what no row has set is `default`.
pub(super) struct Plain<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    default: T::Native,
    expected: usize,
}

impl<T: ArrowPrimitiveType> Default for Plain<T> {
    fn default() -> Self {
        Self::new(T::Native::default())
    }
}

impl<T: ArrowPrimitiveType> Plain<T> {
    pub(super) fn new(default: T::Native) -> Self {
        Self { values: Vec::new(), default, expected: 0 }
    }

    #[inline]
    pub(super) fn set(&mut self, row: usize, value: T::Native) {
        begin(&mut self.values, self.expected);
        self.values.resize(row, self.default);
        self.values.push(value);
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.values.truncate(len);
    }

    pub(super) fn finish(&mut self, len: usize) -> ArrayRef {
        if self.values.is_empty()
            && self.default == T::Native::default()
            && let Some(zeros) = shared_zeros(len)
        {
            return Arc::new(PrimitiveArray::<T>::new(zeros, None));
        }
        self.values.resize(len, self.default);
        self.expected = len;
        self.values.shrink_to_fit();
        Arc::new(PrimitiveArray::<T>::new(std::mem::take(&mut self.values).into(), None))
    }
}

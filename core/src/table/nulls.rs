//! Columns without a value: many a batch has twenty of them, and all share one block of zeros.

use std::sync::{Arc, OnceLock};

use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, StringArray};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::DataType;

/// Bytes of the block: enough for so many values of eight bytes as a batch has rows.
const BYTES: usize = 64 << 10;

fn zeros() -> &'static Buffer {
    static ZEROS: OnceLock<Buffer> = OnceLock::new();
    ZEROS.get_or_init(|| Buffer::from(vec![0; BYTES]))
}

fn no_value(len: usize) -> NullBuffer {
    // SAFETY: no bit of the block is set.
    unsafe { NullBuffer::new_unchecked(BooleanBuffer::new(zeros().clone(), 0, len), len) }
}

/// So many zeros, if the block has them.
pub(super) fn shared_zeros<T: ArrowNativeType>(len: usize) -> Option<ScalarBuffer<T>> {
    (len * size_of::<T>() <= BYTES).then(|| ScalarBuffer::new(zeros().clone(), 0, len))
}

/// Whether these values are of the block, and so all zero.
pub(super) fn are_shared_zeros<T: ArrowNativeType>(values: &ScalarBuffer<T>) -> bool {
    values.inner().data_ptr() == zeros().data_ptr()
}

/// So many texts that are null.
pub(super) fn null_texts(len: usize) -> ArrayRef {
    if (len + 1) * size_of::<i32>() > BYTES {
        return Arc::new(StringArray::new_null(len));
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::new(zeros().clone(), 0, len + 1));
    // SAFETY: texts of no bytes.
    Arc::new(unsafe { StringArray::new_unchecked(offsets, Buffer::default(), Some(no_value(len))) })
}

/// So many numbers that are null.
pub(super) fn null_numbers<T: ArrowPrimitiveType>(len: usize) -> PrimitiveArray<T> {
    if len * size_of::<T::Native>() > BYTES {
        return PrimitiveArray::new_null(len);
    }
    PrimitiveArray::new(ScalarBuffer::new(zeros().clone(), 0, len), Some(no_value(len)))
}

/// About how many bytes the values of an array take; what is null throughout takes none.
pub fn bytes_of(array: &dyn Array) -> usize {
    use arrow_array::cast::AsArray;
    if array.null_count() == array.len() {
        return 0;
    }
    match array.data_type() {
        DataType::List(_) => array.len() * size_of::<i32>() + bytes_of(array.as_list::<i32>().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(bytes_of_ref).sum(),
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()),
    }
}

fn bytes_of_ref(array: &ArrayRef) -> usize {
    bytes_of(array.as_ref())
}

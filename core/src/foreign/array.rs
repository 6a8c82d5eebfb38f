//! An array against the type that the schema gives it.

use std::ffi::c_void;

use arrow_schema::{DataType, Fields};

use super::{RawArray, children};
use crate::abi::FFI_ArrowArray;
use crate::error::Error;

/// The most rows of a batch. The host asks for few thousand; a batch is in memory at once.
pub(crate) const MAX_ROWS: i64 = 1 << 20;
/// The most items of all lists of a batch: offsets have 32 bits.
const MAX_ITEMS: i64 = i32::MAX as i64;
/// The most buffers of a column of views.
const MAX_VIEW_BUFFERS: i64 = 1 << 16;

/// Refuses a batch that cannot be one of these columns.
///
/// # Safety
///
/// Pointers that are neither NULL nor misaligned must be valid, and buffers as long as their arrays say.
pub(crate) unsafe fn check(array: &FFI_ArrowArray, fields: &Fields) -> Result<(), Error> {
    // SAFETY: the same struct, see the assertion beside it.
    let raw = unsafe { &*std::ptr::from_ref(array).cast::<RawArray>() };
    if !(0..=MAX_ROWS).contains(&raw.length) {
        return Err(Error::new(format!("bad batch: it has {} rows; at most {MAX_ROWS} can be", raw.length)));
    }
    let data_type = DataType::Struct(fields.clone());
    // SAFETY: the caller's promise.
    unsafe { walk(raw, &data_type, "") }.map_err(|error| Error::new(format!("bad batch: {error}")))
}

/// Checks an array and what is below it. `path` names its column.
unsafe fn walk(raw: &RawArray, data_type: &DataType, path: &str) -> Result<(), Error> {
    let of = if path.is_empty() { "the batch".to_owned() } else { format!("column `{path}`") };
    let wrong = |what: &str| Err(Error::new(format!("{of} {what}")));
    if !(0..=MAX_ITEMS).contains(&raw.length) || !(0..=MAX_ITEMS - raw.length).contains(&raw.offset) {
        return wrong(&format!("has a length of {} from offset {}", raw.length, raw.offset));
    }
    if !(-1..=raw.length).contains(&raw.null_count) {
        return wrong(&format!("has {} nulls in {} rows", raw.null_count, raw.length));
    }
    if !raw.dictionary.is_null() {
        return wrong("has a dictionary");
    }
    let (first, end) = (raw.offset as usize, (raw.offset + raw.length) as usize);
    // SAFETY: the caller's promise, here and below.
    let buffers = match unsafe { buffers(raw, data_type) } {
        Ok(buffers) => buffers,
        Err(what) => return wrong(&what),
    };
    if raw.null_count > 0 && buffers[0].is_null() {
        return wrong("has nulls but does not say where");
    }
    // SAFETY: as above.
    let children = match unsafe { children(raw.children, raw.n_children, super::schema::FIELDS) } {
        Ok(children) => children,
        Err(error) => return wrong(&format!("is wrong: {error}")),
    };
    let expected = match data_type {
        DataType::Struct(fields) => fields.len(),
        DataType::List(_) => 1,
        _ => 0,
    };
    if children.len() != expected {
        return wrong(&format!("has {} children, not {expected}", children.len()));
    }
    let last = match data_type {
        DataType::Utf8 | DataType::Binary | DataType::List(_) => {
            // SAFETY: as above.
            match unsafe { last_offset(buffers[1], first, end) } {
                Ok(last) => last,
                Err(what) => return wrong(&what),
            }
        }
        _ => 0,
    };
    match data_type {
        DataType::Struct(fields) => {
            for (field, child) in fields.iter().zip(children) {
                let name = field.name();
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if child.length < raw.offset + raw.length {
                    return Err(Error::new(format!(
                        "column `{path}` has {} values for {} rows",
                        child.length,
                        raw.offset + raw.length
                    )));
                }
                // SAFETY: as above.
                unsafe { walk(child, field.data_type(), &path) }?;
            }
            Ok(())
        }
        DataType::List(item) => {
            if children[0].length < last {
                return wrong(&format!("has {} items, but offsets up to {last}", children[0].length));
            }
            // SAFETY: as above.
            unsafe { walk(children[0], item.data_type(), &format!("{path}[]")) }
        }
        DataType::Utf8 | DataType::Binary if last > 0 && buffers[2].is_null() => wrong("has no bytes"),
        DataType::Utf8 | DataType::Binary => Ok(()),
        _ if end > 0 && buffers[1].is_null() => wrong("has no values"),
        DataType::Utf8View => {
            let lengths = buffers[buffers.len() - 1].cast::<i64>();
            let count = buffers.len() - 3;
            if count > 0 && (lengths.is_null() || !lengths.is_aligned()) {
                return wrong("does not say how long its buffers are, or misaligned");
            }
            // SAFETY: as above.
            let in_range = |at: usize| (0..=MAX_ITEMS).contains(unsafe { &*lengths.add(at) });
            if (0..count).all(in_range) { Ok(()) } else { wrong("has a buffer whose length is out of range") }
        }
        _ => Ok(()),
    }
}

/// The buffers, as many as the type has.
unsafe fn buffers<'a>(raw: &RawArray, data_type: &DataType) -> Result<&'a [*const c_void], String> {
    let (least, most) = match data_type {
        DataType::Struct(_) => (1, 1),
        DataType::Utf8 | DataType::Binary => (3, 3),
        DataType::Utf8View => (3, MAX_VIEW_BUFFERS),
        _ => (2, 2),
    };
    if !(least..=most).contains(&raw.n_buffers) {
        return Err(format!("has {} buffers, not {least}", raw.n_buffers));
    }
    if raw.buffers.is_null() || !raw.buffers.is_aligned() {
        return Err("has a list of buffers that is NULL or misaligned".to_owned());
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(raw.buffers, raw.n_buffers as usize) })
}

/// The last of the offsets from `first` to `end`, which must not be negative and not fall.
unsafe fn last_offset(buffer: *const c_void, first: usize, end: usize) -> Result<i64, String> {
    // An array of nothing needs no offsets.
    if end == 0 {
        return Ok(0);
    }
    let offsets = buffer.cast::<i32>();
    if offsets.is_null() || !offsets.is_aligned() {
        return Err("has offsets that are NULL or misaligned".to_owned());
    }
    // SAFETY: the caller's promise: one more than values.
    let offsets = unsafe { std::slice::from_raw_parts(offsets.add(first), end - first + 1) };
    if offsets[0] < 0 {
        return Err(format!("has the negative offset {}", offsets[0]));
    }
    match offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        Some(at) => Err(format!("has offsets that fall from {} to {} at row {at}", offsets[at], offsets[at + 1])),
        None => Ok(i64::from(offsets[offsets.len() - 1])),
    }
}

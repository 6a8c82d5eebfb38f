//! A schema: how deep and how wide it is, and its texts.

use std::ffi::c_char;

use super::{RawSchema, children};
use crate::abi::FFI_ArrowSchema;
use crate::error::Error;

/// The event table is three levels deep (a list of structs); this leaves room.
const DEPTH: usize = 8;
/// Fields at one place, and in all.
pub(super) const FIELDS: usize = 256;
/// The longest format and name, in bytes. An IANA zone has 32.
const TEXT: usize = 256;
/// Entries of metadata, and bytes of one key or value.
const ENTRIES: i32 = 64;
const ENTRY: i32 = 1 << 16;

/// Refuses a schema that cannot be one.
///
/// # Safety
///
/// Pointers that are neither NULL nor misaligned must be valid, and texts end with NUL.
pub(crate) unsafe fn check(schema: &FFI_ArrowSchema) -> Result<(), Error> {
    // SAFETY: the same struct, see the assertion beside it.
    let raw = unsafe { &*std::ptr::from_ref(schema).cast::<RawSchema>() };
    let mut left = FIELDS;
    // SAFETY: the caller's promise.
    unsafe { walk(raw, DEPTH, &mut left) }.map_err(|error| Error::new(format!("bad schema: {error}")))
}

unsafe fn walk(raw: &RawSchema, depth: usize, left: &mut usize) -> Result<(), Error> {
    let wrong = |what: &str| Err(Error::new(what));
    if depth == 0 {
        return wrong("it is nested too deep");
    }
    // SAFETY: the caller's promise, here and below.
    let (format, name) = unsafe { (text(raw.format), text(raw.name)) };
    let Some(format) = format.filter(|format| !format.is_empty()) else {
        return wrong("a field's format is missing, too long or not UTF-8");
    };
    if !raw.name.is_null() && name.is_none() {
        return wrong("a field's name is too long or not UTF-8");
    }
    if !raw.dictionary.is_null() {
        return wrong("a field is encoded by a dictionary, which the event table is not");
    }
    // SAFETY: as above.
    unsafe { metadata(raw.metadata) }?;
    // SAFETY: as above.
    let children = unsafe { children(raw.children, raw.n_children, *left) }?;
    *left -= children.len();
    if format.starts_with('+') && format != "+s" && children.is_empty() {
        return wrong("a nested field has no child");
    }
    // SAFETY: as above.
    children.into_iter().try_for_each(|child| unsafe { walk(child, depth - 1, left) })
}

/// A text that ends with NUL; `None` = it is NULL, too long, or not UTF-8.
unsafe fn text<'a>(ptr: *const c_char) -> Option<&'a str> {
    if ptr.is_null() {
        return None;
    }
    // SAFETY: nothing behind the NUL is read.
    let len = (0..=TEXT).find(|&at| unsafe { *ptr.add(at) } == 0)?;
    // SAFETY: these bytes have just been read.
    str::from_utf8(unsafe { std::slice::from_raw_parts(ptr.cast(), len) }).ok()
}

/// Number of entries; per entry the length of the key, the key, the length of the value, the value. All lengths are
/// `int32_t` in native order, unaligned.
unsafe fn metadata(ptr: *const c_char) -> Result<(), Error> {
    if ptr.is_null() {
        return Ok(());
    }
    let mut at = 0;
    let mut number = |most: i32| {
        // SAFETY: by the interface the number stands there; what comes before has been found in order.
        let number = unsafe { ptr.add(at).cast::<i32>().read_unaligned() };
        at += size_of::<i32>();
        let is_entry = most == ENTRY;
        match number {
            0.. if number <= most => {
                at += if is_entry { number.unsigned_abs() as usize } else { 0 };
                Ok(number)
            }
            _ => Err(Error::new("its metadata has a length that is out of range")),
        }
    };
    let entries = number(ENTRIES)?;
    (0..2 * entries).try_for_each(|_| number(ENTRY).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(metadata_bytes: &[u8], expected: bool) {
        // SAFETY: room for what a wrong length would read.
        let found = unsafe { metadata(metadata_bytes.as_ptr().cast()) };
        assert_eq!(found.is_ok(), expected, "{metadata_bytes:?}");
    }

    fn entries(numbers: &[(i32, &str)]) -> Vec<u8> {
        numbers.iter().flat_map(|(number, text)| [&number.to_ne_bytes()[..], text.as_bytes()].concat()).collect()
    }

    #[test]
    fn metadata_is_walked_to_its_end() {
        check(&entries(&[(0, "")]), true);
        check(&entries(&[(1, ""), (3, "key"), (5, "value")]), true);
        check(&entries(&[(-1, "")]), false);
        check(&entries(&[(i32::MAX, "")]), false);
        check(&entries(&[(1, ""), (-1, "")]), false);
        check(&entries(&[(1, ""), (3, "key"), (i32::MAX, "")]), false);
    }
}

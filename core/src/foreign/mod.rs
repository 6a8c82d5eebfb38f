//! What somebody else hands over as Arrow C structs, looked at before arrow reads it.
//!
//! arrow's importer takes the structs at their word: it asserts, computes lengths without a bound, reads the last offset
//! to know how long a buffer is, and recurses as deep as they go. Here everything is refused that can be seen to be wrong
//! without reading beyond what the structs themselves promise. What cannot be seen, since the interface carries no
//! lengths, is a buffer shorter than its array, a pointer to nowhere, and a text without its NUL.
//!
//! Source: <https://arrow.apache.org/docs/format/CDataInterface.html>

mod array;
mod schema;

use std::ffi::{c_char, c_void};
use std::mem::size_of;

use crate::abi::{FFI_ArrowArray, FFI_ArrowSchema};
use crate::error::Error;

pub(crate) use array::check as check_array;
pub(crate) use schema::check as check_schema;

/// `struct ArrowSchema`; the fields of arrow's own are private.
#[repr(C)]
struct RawSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *const *const RawSchema,
    dictionary: *const RawSchema,
    release: Option<unsafe extern "C" fn(*mut RawSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`
#[repr(C)]
struct RawArray {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const *const c_void,
    children: *const *const RawArray,
    dictionary: *const RawArray,
    release: Option<unsafe extern "C" fn(*mut RawArray)>,
    private_data: *mut c_void,
}

const _: () = assert!(size_of::<RawSchema>() == size_of::<FFI_ArrowSchema>());
const _: () = assert!(size_of::<RawArray>() == size_of::<FFI_ArrowArray>());

/// The children behind a pointer to so many pointers.
///
/// # Safety
///
/// Pointers that are neither NULL nor misaligned must be valid for `'a`.
unsafe fn children<'a, T>(list: *const *const T, count: i64, most: usize) -> Result<Vec<&'a T>, Error> {
    let count = usize::try_from(count).ok().filter(|&count| count <= most);
    let Some(count) = count else { return Err(Error::new("its number of children is out of range")) };
    if count == 0 {
        return Ok(Vec::new());
    }
    if list.is_null() || !list.is_aligned() {
        return Err(Error::new("its list of children is NULL or misaligned"));
    }
    // SAFETY: the caller's promise.
    let list = unsafe { std::slice::from_raw_parts(list, count) };
    let child = |&child: &*const T| match child.is_aligned() {
        // SAFETY: as above.
        true => unsafe { child.as_ref() },
        false => None,
    };
    list.iter().map(child).collect::<Option<_>>().ok_or_else(|| Error::new("a child is NULL or misaligned"))
}

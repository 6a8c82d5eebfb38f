//! The bytes that a plugin reads and writes through the host.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::io::{self, Read, Write};
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::abi::{Sink, Source, Str, UNKNOWN};
use crate::plugin::Input;

/// The most bytes that one call reads, whatever room a plugin says it has.
const MAX_READ: usize = 16 << 20;

/// What `context` of a [`Source`] points to.
pub(super) struct SourceContext {
    pub input: Box<dyn Input>,
    pub error: Option<io::Error>,
    /// Bytes read so far.
    pub read: Rc<Cell<u64>>,
}

impl SourceContext {
    pub(super) fn new(input: Box<dyn Input>) -> Self {
        Self { input, error: None, read: Rc::default() }
    }

    pub(super) fn table(&mut self, label: &str) -> Source {
        Source {
            struct_size: size_of::<Source>() as u32,
            reserved: 0,
            context: std::ptr::from_mut(self).cast(),
            label: Str::new(label),
            size: self.input.size().unwrap_or(UNKNOWN),
            read: Some(read),
            read_at: None,
            bytes: std::ptr::null(),
        }
    }
}

unsafe extern "C" fn read(context: *mut c_void, buffer: *mut u8, capacity: usize) -> i64 {
    // SAFETY: the plugin passes back the context of its source, and a buffer of the said size.
    let (Some(context), false) = (unsafe { context.cast::<SourceContext>().as_mut() }, buffer.is_null()) else {
        return -1;
    };
    if capacity == 0 {
        return 0;
    }
    let capacity = capacity.min(MAX_READ);
    // SAFETY: as above; zeroed first, since a plugin's buffer may be uninitialised.
    let buffer = unsafe {
        std::ptr::write_bytes(buffer, 0, capacity);
        std::slice::from_raw_parts_mut(buffer, capacity)
    };
    loop {
        let read = catch_unwind(AssertUnwindSafe(|| context.input.read(buffer)));
        match read.unwrap_or_else(|_| Err(io::Error::other("reading panicked"))) {
            Ok(read) => {
                context.read.set(context.read.get() + read as u64);
                return read as i64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                context.error = Some(error);
                return -1;
            }
        }
    }
}

/// What `context` of a [`Sink`] points to.
pub(super) struct SinkContext<'w> {
    pub out: &'w mut dyn Write,
    pub error: Option<io::Error>,
    /// The plugin gave bytes that are NULL, or more than there can be.
    pub is_misused: bool,
}

impl SinkContext<'_> {
    pub(super) fn table(&mut self) -> Sink {
        Sink {
            struct_size: size_of::<Sink>() as u32,
            reserved: 0,
            context: std::ptr::from_mut(self).cast(),
            write: Some(write),
        }
    }
}

unsafe extern "C" fn write(context: *mut c_void, bytes: *const u8, len: usize) -> c_int {
    // SAFETY: the plugin passes back the context of its sink, and bytes of the said length.
    let Some(context) = (unsafe { context.cast::<SinkContext<'_>>().as_mut() }) else { return 1 };
    if len > 0 && (bytes.is_null() || len > isize::MAX as usize) {
        context.is_misused = true;
        return 1;
    }
    // SAFETY: as above.
    let bytes = unsafe { Str { ptr: bytes.cast(), len }.bytes() };
    let written = catch_unwind(AssertUnwindSafe(|| context.out.write_all(bytes)));
    match written.unwrap_or_else(|_| Err(io::Error::other("writing panicked"))) {
        Ok(()) => 0,
        Err(error) => {
            context.error = Some(error);
            1
        }
    }
}

//! The host's tables as safe objects.

use std::ffi::c_void;
use std::io::{self, Read, Write};
use std::mem::{offset_of, size_of};

use crate::abi::{HostTable, NoteIn, Sink, Source, Str, UNKNOWN};
use crate::note::Note;
use crate::outside::{NAME, Outside, OutsideTable, RecordIn, Windows};
use crate::plugin::{Fact, Host, Input};

/// Reads a slot of a table, unless it lies beyond the table's own size.
macro_rules! slot {
    ($table:expr, $type:ty, $field:ident) => {{
        let table = $table;
        let size = offset_of!($type, $field) + size_of::<*const c_void>();
        if table.struct_size as usize >= size { table.$field } else { None }
    }};
}

/// The host's table; valid for as long as the stream or call it was given to.
pub(super) struct HostHandle {
    table: *const HostTable,
    /// What the host says of records that need not be rows, and whom to tell of them.
    windows: Option<(Windows, *const OutsideTable)>,
}

// SAFETY: the ABI lets a stream be used from one thread at a time, whichever, and the table goes with the stream.
unsafe impl Send for HostHandle {}

impl HostHandle {
    /// The caller has made sure that `table` is not NULL.
    pub(super) fn new(table: *const HostTable) -> Self {
        let mut handle = Self { table, windows: None };
        let (table, name) = (handle.table(), Str::new(NAME));
        // SAFETY: a slot of the host's, called with its context; what it gives is valid as long as its table.
        let outside = slot!(table, HostTable, get_extension).map(|get| unsafe { get(table.context, name) });
        let outside = outside.unwrap_or(std::ptr::null()).cast::<OutsideTable>();
        // SAFETY: as above.
        handle.windows = unsafe { outside.as_ref().and_then(|table| table.asked()) }.map(|asked| (asked, outside));
        handle
    }

    fn table(&self) -> &HostTable {
        // SAFETY: the host keeps it valid; `open_import` and `run_export` refuse NULL.
        unsafe { &*self.table }
    }
}

impl Host for HostHandle {
    fn cancelled(&self) -> bool {
        let table = self.table();
        // SAFETY: a slot of the host's, called with its context.
        slot!(table, HostTable, cancelled).is_some_and(|call| unsafe { call(table.context) } != 0)
    }

    fn progress(&self, done: u64) {
        let table = self.table();
        if let Some(call) = slot!(table, HostTable, progress) {
            // SAFETY: as above.
            unsafe { call(table.context, done) };
        }
    }

    fn note(&self, note: &Note) {
        let table = self.table();
        let Some(call) = slot!(table, HostTable, note) else { return };
        let locator = note.locator.as_ref();
        let note = NoteIn {
            struct_size: size_of::<NoteIn>() as u32,
            kind: note.kind as u32,
            code: Str::new(&note.code),
            text: Str::new(&note.text),
            event: note.event.as_deref().map_or(Str::EMPTY, Str::new),
            offset: locator.map_or(UNKNOWN, |l| l.offset),
            len: locator.map_or(0, |l| l.len),
            line: locator.map_or(0, |l| l.line),
            bytes: Str { ptr: note.bytes.as_ptr().cast(), len: note.bytes.len() },
        };
        // SAFETY: as above; the note and its texts live for the call.
        unsafe { call(table.context, &note) };
    }

    fn fact(&self, fact: &Fact) {
        let table = self.table();
        if let Some(call) = slot!(table, HostTable, fact) {
            let json = fact.value.to_string();
            // SAFETY: as above.
            unsafe { call(table.context, Str::new(&fact.kind), Str::new(&fact.key), Str::new(&json)) };
        }
    }

    fn windows(&self) -> Option<&Windows> {
        self.windows.as_ref().map(|(windows, _)| windows)
    }

    fn outside(&self, record: &Outside<'_>) -> bool {
        // SAFETY: as in `new`.
        let table = self.windows.as_ref().and_then(|(_, table)| unsafe { table.as_ref() });
        let call = table.and_then(|table| table.outside.map(|call| (call, table.context)));
        // SAFETY: as above; the record and its texts live for the call.
        call.is_none_or(|(call, context)| unsafe { call(context, &RecordIn::of(record)) } != 0)
    }
}

/// The host's source as an input.
pub(super) struct SourceHandle(pub *const Source);

// SAFETY: as for `HostHandle`.
unsafe impl Send for SourceHandle {}

impl SourceHandle {
    fn table(&self) -> &Source {
        // SAFETY: the host keeps it valid; `open_import` refuses NULL.
        unsafe { &*self.0 }
    }
}

impl Read for SourceHandle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let table = self.table();
        let Some(call) = slot!(table, Source, read) else { return Err(io::Error::other("the host gives no bytes")) };
        // SAFETY: a slot of the host's, called with its context and a buffer of the said size.
        let read = unsafe { call(table.context, buffer.as_mut_ptr(), buffer.len()) };
        let read = usize::try_from(read).map_err(|_| io::Error::other("the input could not be read"))?;
        Ok(read.min(buffer.len()))
    }
}

impl Input for SourceHandle {
    fn size(&self) -> Option<u64> {
        Some(self.table().size).filter(|&size| size != UNKNOWN)
    }
}

/// The host's sink as a writer.
pub(super) struct SinkHandle(pub *const Sink);

impl Write for SinkHandle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: the host keeps it valid for the call; `run_export` refuses NULL.
        let table = unsafe { &*self.0 };
        let Some(call) = slot!(table, Sink, write) else { return Err(io::Error::other("the host takes no bytes")) };
        // SAFETY: a slot of the host's, called with its context and valid bytes.
        match unsafe { call(table.context, bytes.as_ptr(), bytes.len()) } {
            0 => Ok(bytes.len()),
            _ => Err(io::Error::other("the output could not be written")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

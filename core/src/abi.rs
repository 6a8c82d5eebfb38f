//! The C ABI between annals and its plugins, exactly as in `include/annals_plugin.h`.
//!
//! A test compiles the header with `cc` and holds the sizes and offsets equal. Rules: the major version is in the
//! symbol; a minor version only appends fields; each side reads no more than the smaller of its own and the other's
//! `struct_size`; a slot that is NULL or beyond the other's size is not offered.

use std::ffi::{c_char, c_int, c_void};

pub use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema};

/// `"annalsPL"` as bytes: the first field of a descriptor.
pub const MAGIC: [u8; 8] = *b"annalsPL";
/// The major version; part of the symbol's name.
pub const MAJOR: u16 = 1;
/// The minor version: how far fields have been appended.
pub const MINOR: u16 = 0;
/// `annals_request.flags`: the host wants [`crate::Event::raw`].
pub const FLAG_RAW: u64 = 1;
/// `annals_source.size`, `annals_note.offset`: not known.
pub const UNKNOWN: u64 = u64::MAX;

/// The name of the function that a library of plugin `id` exports.
pub fn symbol(major: u16, id: &str) -> String {
    format!("annals_plugin_v{major}_{id}")
}

/// A borrowed UTF-8 text; not NUL-terminated. `ptr` may be NULL where `len` is 0.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Str {
    /// The first byte.
    pub ptr: *const c_char,
    /// Length in bytes.
    pub len: usize,
}

impl Str {
    /// No text.
    pub const EMPTY: Self = Self { ptr: std::ptr::null(), len: 0 };

    /// Borrows `text`; the caller keeps it alive.
    pub const fn new(text: &str) -> Self {
        Self { ptr: text.as_ptr().cast(), len: text.len() }
    }

    /// The bytes.
    ///
    /// # Safety
    ///
    /// `ptr` must be NULL or valid for `len` bytes for as long as the result is used.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        // More than the half of all memory is no text.
        if self.ptr.is_null() || self.len == 0 || self.len > isize::MAX as usize {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.ptr.cast(), self.len) }
    }

    /// The text, owned; invalid UTF-8 is replaced.
    ///
    /// # Safety
    ///
    /// As [`Str::bytes`].
    pub unsafe fn to_text(self) -> String {
        // SAFETY: the caller's promise.
        String::from_utf8_lossy(unsafe { self.bytes() }).into_owned()
    }
}

/// Why a call failed. The caller owns the struct and gives it zeroed but for `struct_size`; the callee fills it, and
/// the caller calls `release` when it is not NULL.
#[repr(C)]
pub struct ErrorOut {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// 0 the input or output is at fault, 1 the plugin is (it panicked, say).
    pub kind: u32,
    /// What is wrong.
    pub message: Str,
    /// What to do about it; may be empty.
    pub hint: Str,
    /// Byte offset from 0, [`UNKNOWN`] if none.
    pub offset: u64,
    /// Line from 1, 0 if none.
    pub line: u64,
    /// Column in bytes from 1, 0 if none.
    pub column: u64,
    /// The callee's.
    pub private_data: *mut c_void,
    /// Frees what the callee filled in.
    pub release: Option<unsafe extern "C" fn(*mut ErrorOut)>,
}

/// A source's bytes, opened by the host. Never a path.
#[repr(C)]
pub struct Source {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// The host's.
    pub context: *mut c_void,
    /// The source's label, for messages.
    pub label: Str,
    /// Size in bytes, [`UNKNOWN`] for a stream.
    pub size: u64,
    /// Reads up to `capacity` bytes; 0 at the end, negative on failure (the host knows why).
    pub read: Option<unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i64>,
    /// As `read`, from an offset; NULL for what cannot seek.
    pub read_at: Option<unsafe extern "C" fn(*mut c_void, u64, *mut u8, usize) -> i64>,
    /// The whole input where the host has it in memory, else NULL.
    pub bytes: *const u8,
}

/// What the host asks of an import.
#[repr(C)]
pub struct Request {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// [`FLAG_RAW`]; a plugin refuses flags that it does not know.
    pub flags: u64,
    /// JSON object: options valid by the format's schema.
    pub options: Str,
    /// Names of the wanted columns separated by spaces; empty = all.
    pub wanted: Str,
    /// How many rows make a batch.
    pub batch_rows: u64,
    /// The largest record in bytes.
    pub max_record: u64,
}

/// What the host asks of an export.
#[repr(C)]
pub struct ExportRequest {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// None yet.
    pub flags: u64,
    /// JSON object: options valid by the format's schema.
    pub options: Str,
    /// JSON array of `{"kind","key","value"}`, sorted.
    pub facts: Str,
}

/// One thing to tell about one record; see [`crate::Note`].
#[repr(C)]
pub struct NoteIn {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// 1 reject, 2 repair, 3 lossy, 4 omit.
    pub kind: u32,
    /// Short, stable, lower-case name of the reason.
    pub code: Str,
    /// The reason in words.
    pub text: Str,
    /// The event's id, may be empty.
    pub event: Str,
    /// Byte offset of the record, [`UNKNOWN`] if none.
    pub offset: u64,
    /// Length of the record in bytes.
    pub len: u64,
    /// Line from 1, 0 if none.
    pub line: u64,
    /// The record's bytes (rejected records).
    pub bytes: Str,
}

/// What the host offers. Valid until the stream or the call it was given to ends; used from one thread at a time.
#[repr(C)]
pub struct HostTable {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// The host's.
    pub context: *mut c_void,
    /// Nonzero when the user wants to stop.
    pub cancelled: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    /// Bytes read or rows written so far.
    pub progress: Option<unsafe extern "C" fn(*mut c_void, u64)>,
    /// A line for `-v`.
    pub log: Option<unsafe extern "C" fn(*mut c_void, Str)>,
    /// Reports one record.
    pub note: Option<unsafe extern "C" fn(*mut c_void, *const NoteIn)>,
    /// Tells a fact: kind, key, JSON value.
    pub fact: Option<unsafe extern "C" fn(*mut c_void, Str, Str, Str)>,
    /// What comes later, by name; NULL = not offered.
    pub get_extension: Option<unsafe extern "C" fn(*mut c_void, Str) -> *const c_void>,
}

/// Where an export's bytes go.
#[repr(C)]
pub struct Sink {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// The host's.
    pub context: *mut c_void,
    /// Takes all of the bytes; 0, or nonzero on failure (the host knows why).
    pub write: Option<unsafe extern "C" fn(*mut c_void, *const u8, usize) -> c_int>,
}

/// The account of an import: read = emitted + rejected + filtered.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ImportStats {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Nonzero when the end of the data has been reached.
    pub complete: u32,
    /// Records found.
    pub read: u64,
    /// Rows given.
    pub emitted: u64,
    /// Records rejected, each with a note.
    pub rejected: u64,
    /// Records left out on purpose.
    pub filtered: u64,
}

/// The account of an export: read = written + omitted.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ExportStats {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// Rows taken.
    pub read: u64,
    /// Rows written.
    pub written: u64,
    /// Rows omitted, each with a note.
    pub omitted: u64,
}

/// Arrow C stream interface, `struct ArrowArrayStream`.
#[repr(C)]
pub struct ArrowArrayStream {
    /// Gives the schema; 0, or an errno.
    pub get_schema: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut FFI_ArrowSchema) -> c_int>,
    /// Gives the next batch, a released array at the end; 0, or an errno.
    pub get_next: Option<unsafe extern "C" fn(*mut ArrowArrayStream, *mut FFI_ArrowArray) -> c_int>,
    /// The text of the last error, valid until the next call; may be NULL.
    pub get_last_error: Option<unsafe extern "C" fn(*mut ArrowArrayStream) -> *const c_char>,
    /// Frees the stream and sets itself NULL.
    pub release: Option<unsafe extern "C" fn(*mut ArrowArrayStream)>,
    /// The producer's.
    pub private_data: *mut c_void,
}

impl ArrowArrayStream {
    /// A released stream.
    pub const fn empty() -> Self {
        Self {
            get_schema: None,
            get_next: None,
            get_last_error: None,
            release: None,
            private_data: std::ptr::null_mut(),
        }
    }
}

/// `sniff` slot: head, file name -> 0-100.
pub type SniffFn = unsafe extern "C" fn(Str, Str) -> c_int;
/// `open_import` slot: starts an import; 0, or nonzero with the error filled in. The host keeps host table and
/// source valid until it releases the stream.
pub type OpenImportFn = unsafe extern "C" fn(
    *const HostTable,
    *const Source,
    *const Request,
    *mut ArrowArrayStream,
    *mut ErrorOut,
) -> c_int;
/// `stream_error` slot: the last error of a stream of this format, in full.
pub type StreamErrorFn = unsafe extern "C" fn(*mut ArrowArrayStream, *mut ErrorOut) -> c_int;
/// `stream_stats` slot: the account of a stream of this format.
pub type StreamStatsFn = unsafe extern "C" fn(*mut ArrowArrayStream, *mut ImportStats) -> c_int;
/// `run_export` slot: takes all of the stream (and releases it) and writes it; 0, or nonzero with the error.
pub type RunExportFn = unsafe extern "C" fn(
    *const HostTable,
    *mut ArrowArrayStream,
    *const Sink,
    *const ExportRequest,
    *mut ExportStats,
    *mut ErrorOut,
) -> c_int;
/// `validate` slot, for `annals check`: notes what is wrong with a source, of kind reject what is forbidden, of kind
/// repair what is read in different ways; 0, or nonzero with the error.
pub type ValidateFn = unsafe extern "C" fn(*const HostTable, *const Source, *const Request, *mut ErrorOut) -> c_int;

/// One format.
#[repr(C)]
pub struct FormatTable {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// The name that users type.
    pub name: Str,
    /// One line about it.
    pub summary: Str,
    /// File name extensions without the dot, separated by spaces.
    pub extensions: Str,
    /// Media types, separated by spaces.
    pub media_types: Str,
    /// JSON Schema of the options.
    pub options: Str,
    /// An example command line.
    pub example: Str,
    /// May be NULL.
    pub sniff: Option<SniffFn>,
    /// NULL = the format cannot be read.
    pub open_import: Option<OpenImportFn>,
    /// May be NULL.
    pub stream_error: Option<StreamErrorFn>,
    /// Required with `open_import`.
    pub stream_stats: Option<StreamStatsFn>,
    /// NULL = the format cannot be written.
    pub run_export: Option<RunExportFn>,
    /// May be NULL.
    pub validate: Option<ValidateFn>,
}

/// The descriptor of a plugin: what its exported function returns. Static, never freed.
#[repr(C)]
pub struct PluginTable {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`MAJOR`] that the plugin was built with.
    pub abi_major: u16,
    /// [`MINOR`] that the plugin was built with.
    pub abi_minor: u16,
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// The plugin's id: lower-case letters, digits and `_`.
    pub id: Str,
    /// Its version.
    pub version: Str,
    /// JSON object about it (`description`, `license`, …).
    pub manifest: Str,
    /// Pointers to its formats.
    pub formats: *const *const FormatTable,
    /// How many.
    pub formats_len: usize,
    /// What comes later, by name; may be NULL.
    pub get_extension: Option<unsafe extern "C" fn(Str) -> *const c_void>,
}

// SAFETY: descriptors are immutable and point to statics only.
unsafe impl Sync for FormatTable {}
// SAFETY: as above.
unsafe impl Sync for PluginTable {}
// SAFETY: as above.
unsafe impl Send for PluginTable {}

/// The type of the exported function.
pub type EntryFn = unsafe extern "C" fn() -> *const PluginTable;

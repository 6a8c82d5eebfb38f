//! `annals_plugin.h`, as far as this plugin needs it.

use std::ffi::{c_int, c_void};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Str {
    ptr: *const u8,
    len: usize,
}

impl Str {
    pub const fn of(text: &str) -> Self {
        Self { ptr: text.as_ptr(), len: text.len() }
    }
}

#[repr(C)]
pub struct ErrorOut {
    pub struct_size: u32,
    pub kind: u32,
    pub message: Str,
    pub hint: Str,
    pub offset: u64,
    pub line: u64,
    pub column: u64,
    pub private_data: *mut c_void,
    pub release: Option<unsafe extern "C" fn(*mut ErrorOut)>,
}

#[repr(C)]
pub struct Source {
    pub struct_size: u32,
    pub reserved: u32,
    pub context: *mut c_void,
    pub label: Str,
    pub size: u64,
    pub read: unsafe extern "C" fn(*mut c_void, *mut u8, usize) -> i64,
}

#[repr(C)]
pub struct Request {
    pub struct_size: u32,
    pub reserved: u32,
    pub flags: u64,
    pub options: Str,
    pub wanted: Str,
    pub batch_rows: u64,
    pub max_record: u64,
}

#[repr(C)]
pub struct ExportRequest {
    pub struct_size: u32,
    pub reserved: u32,
    pub flags: u64,
    pub options: Str,
    pub facts: Str,
}

#[repr(C)]
pub struct Note {
    pub struct_size: u32,
    pub kind: u32,
    pub code: Str,
    pub text: Str,
    pub event: Str,
    pub offset: u64,
    pub len: u64,
    pub line: u64,
    pub bytes: Str,
}

#[repr(C)]
pub struct Host {
    pub struct_size: u32,
    pub reserved: u32,
    pub context: *mut c_void,
    pub cancelled: unsafe extern "C" fn(*mut c_void) -> c_int,
    pub progress: unsafe extern "C" fn(*mut c_void, u64),
    pub log: Option<unsafe extern "C" fn(*mut c_void, Str)>,
    pub note: unsafe extern "C" fn(*mut c_void, *const Note),
}

#[repr(C)]
pub struct Sink {
    pub struct_size: u32,
    pub reserved: u32,
    pub context: *mut c_void,
    pub write: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> c_int,
}

#[repr(C)]
pub struct ImportStats {
    pub struct_size: u32,
    pub complete: u32,
    pub read: u64,
    pub emitted: u64,
    pub rejected: u64,
    pub filtered: u64,
}

#[repr(C)]
pub struct ExportStats {
    pub struct_size: u32,
    pub reserved: u32,
    pub read: u64,
    pub written: u64,
    pub omitted: u64,
}

type OpenImport =
    unsafe extern "C" fn(*const Host, *const Source, *const Request, *mut FFI_ArrowArrayStream, *mut ErrorOut) -> c_int;
type RunExport = unsafe extern "C" fn(
    *const Host,
    *mut FFI_ArrowArrayStream,
    *const Sink,
    *const ExportRequest,
    *mut ExportStats,
    *mut ErrorOut,
) -> c_int;

#[repr(C)]
pub struct Format {
    pub struct_size: u32,
    pub reserved: u32,
    pub name: Str,
    pub summary: Str,
    pub extensions: Str,
    pub media_types: Str,
    pub options: Str,
    pub example: Str,
    pub sniff: Option<unsafe extern "C" fn(Str, Str) -> c_int>,
    pub open_import: Option<OpenImport>,
    pub stream_error: Option<unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *mut ErrorOut) -> c_int>,
    pub stream_stats: Option<unsafe extern "C" fn(*mut FFI_ArrowArrayStream, *mut ImportStats) -> c_int>,
    pub run_export: Option<RunExport>,
    pub validate: Option<unsafe extern "C" fn(*const Host, *const Source, *const Request, *mut ErrorOut) -> c_int>,
}
// SAFETY: static texts and functions.
unsafe impl Sync for Format {}

#[repr(C)]
pub struct Plugin {
    pub magic: [u8; 8],
    pub abi_major: u16,
    pub abi_minor: u16,
    pub struct_size: u32,
    pub id: Str,
    pub version: Str,
    pub manifest: Str,
    pub formats: *const &'static Format,
    pub formats_len: usize,
    pub get_extension: Option<unsafe extern "C" fn(Str) -> *const c_void>,
}
// SAFETY: as above.
unsafe impl Sync for Plugin {}

//! The plugin's side of the ABI: makes a descriptor of safe [`Format`]s. Used by [`crate::plugin!`] only.

mod export;
mod import;
mod tables;
mod validate;

use std::ffi::{c_int, c_void};
use std::mem::size_of;

use serde_json::{Map, Value};

use crate::abi::{ErrorOut, FormatTable, MAGIC, MAJOR, MINOR, PluginTable, Str};
use crate::check::Validator;
use crate::error::Error;
use crate::guard::{Fault, guarded};
use crate::plugin::{Exporter, Format, Importer, Options};

/// A descriptor of a format that can do nothing yet.
pub const fn format<F: Format>() -> FormatTable {
    FormatTable {
        struct_size: size_of::<FormatTable>() as u32,
        reserved: 0,
        name: Str::new(F::INFO.name),
        summary: Str::new(F::INFO.summary),
        extensions: Str::new(F::INFO.extensions),
        media_types: Str::new(F::INFO.media_types),
        options: Str::new(F::INFO.options),
        example: Str::new(F::INFO.example),
        sniff: Some(sniff::<F>),
        open_import: None,
        stream_error: None,
        stream_stats: None,
        run_export: None,
        validate: None,
    }
}

/// The same with import.
pub const fn import<F: Importer>(mut table: FormatTable) -> FormatTable {
    table.open_import = Some(import::open_import::<F>);
    table.stream_error = Some(import::stream_error);
    table.stream_stats = Some(import::stream_stats);
    table
}

/// The same with export.
pub const fn export<F: Exporter>(mut table: FormatTable) -> FormatTable {
    table.run_export = Some(export::run_export::<F>);
    table
}

/// The same with checking.
pub const fn validate<F: Validator>(mut table: FormatTable) -> FormatTable {
    table.validate = Some(validate::validate::<F>);
    table
}

/// A descriptor of a plugin.
pub const fn plugin(
    id: &'static str,
    version: &'static str,
    manifest: &'static str,
    formats: &'static [&'static FormatTable],
) -> PluginTable {
    PluginTable {
        magic: MAGIC,
        abi_major: MAJOR,
        abi_minor: MINOR,
        struct_size: size_of::<PluginTable>() as u32,
        id: Str::new(id),
        version: Str::new(version),
        manifest: Str::new(manifest),
        // A reference and a pointer have one layout.
        formats: formats.as_ptr().cast(),
        formats_len: formats.len(),
        get_extension: None,
    }
}

/// What a library does when it is loaded: its panics are told to the host, and not printed.
pub fn loaded() {
    crate::guard::listen();
}

unsafe extern "C" fn sniff<F: Format>(head: Str, name: Str) -> c_int {
    // SAFETY: the host keeps both texts valid for the call.
    let (head, name) = unsafe { (head.bytes(), name.to_text()) };
    guarded(|| Ok(c_int::from(F::sniff(head, &name)))).unwrap_or(0)
}

/// Options from their JSON text.
fn options(text: &str) -> Result<Options, Error> {
    if text.is_empty() {
        return Ok(Options::default());
    }
    let parsed: Result<Map<String, Value>, _> = serde_json::from_str(text);
    parsed.map(Options).map_err(|error| Error::new(format!("the options are not a JSON object: {error}")))
}

/// Hands an error to the host.
///
/// # Safety
///
/// `out` must be NULL or as the ABI says: zeroed but for `struct_size`.
unsafe fn give_error(out: *mut ErrorOut, fault: &Fault) {
    // SAFETY: the caller's promise.
    let Some(out) = (unsafe { out.as_mut() }) else { return };
    if (out.struct_size as usize) < size_of::<ErrorOut>() {
        return;
    }
    let texts = Box::new((fault.error.message.clone(), fault.error.hint.clone().unwrap_or_default()));
    out.kind = u32::from(fault.bug);
    out.message = Str::new(&texts.0);
    out.hint = Str::new(&texts.1);
    out.offset = fault.error.offset.unwrap_or(crate::abi::UNKNOWN);
    out.line = fault.error.line.unwrap_or(0);
    out.column = fault.error.column.unwrap_or(0);
    out.private_data = Box::into_raw(texts).cast::<c_void>();
    out.release = Some(release_error);
}

unsafe extern "C" fn release_error(error: *mut ErrorOut) {
    // SAFETY: called with the struct that `give_error` filled, once: both fields are cleared.
    let Some(error) = (unsafe { error.as_mut() }) else { return };
    let texts = std::mem::replace(&mut error.private_data, std::ptr::null_mut());
    error.release = None;
    if !texts.is_null() {
        // SAFETY: `give_error` boxed it.
        drop(unsafe { Box::from_raw(texts.cast::<(String, String)>()) });
    }
}

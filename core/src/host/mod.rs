//! The host's side of the ABI: a plugin's descriptor, checked, with safe calls to its formats.

mod export;
mod import;
mod io;
mod limits;
mod probe;
mod settle;
mod tables;
mod told;
mod validate;

use std::collections::HashSet;
use std::mem::size_of;

use crate::abi::{ErrorOut, FormatTable, MAGIC, MAJOR, PluginTable, Str, UNKNOWN};
use crate::error::Error;

use limits::{MAX_DESCRIPTOR_TEXT, MAX_FORMATS, MAX_TEXT, beginning, is_text};

pub use import::ImportStream;
pub use limits::one_line;
pub use probe::Probe;
pub use settle::{settle_export, settle_import};
pub use told::{RawNote, Told, presentable};

/// What stands for the message of a failure that says nothing.
const NO_REASON: &str = "the plugin gives no reason";

/// Whether a plugin said why it failed.
pub fn gives_a_reason(error: &Error) -> bool {
    ![NO_REASON, crate::stream::NO_REASON].contains(&error.message.as_str())
}

/// Why a call into a plugin failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The input is not as the format wants it, or the output cannot be written; the plugin says so.
    Refused(Error),
    /// The host could not read the input or write the output.
    Io(String),
    /// The plugin panicked or broke the contract of the ABI.
    Plugin(Error),
    /// The host asked it to stop.
    Cancelled,
}

/// A plugin whose descriptor has been checked.
#[derive(Clone, Copy)]
pub struct Plugin {
    table: &'static PluginTable,
    /// Whether its data is validated.
    checked: bool,
}

impl Plugin {
    /// Checks a descriptor.
    ///
    /// # Safety
    ///
    /// `table` must be NULL or what a plugin's exported function returned: static, and as large as it says.
    pub unsafe fn new(table: *const PluginTable) -> Result<Self, Error> {
        if !table.is_aligned() {
            return Err(Error::new("its descriptor is misaligned"));
        }
        // SAFETY: the caller's promise. Magic, versions and size lead the struct in every version.
        let Some(table) = (unsafe { table.as_ref() }) else {
            return Err(Error::new("it returns no descriptor"));
        };
        if table.magic != MAGIC {
            return Err(Error::new("its descriptor does not begin with the magic of an annals plugin"));
        }
        if table.abi_major != MAJOR {
            return Err(other_version(table.abi_major));
        }
        if (table.struct_size as usize) < size_of::<PluginTable>() {
            return Err(Error::new(format!("its descriptor is too small ({} bytes)", table.struct_size)));
        }
        let plugin = Self { table, checked: true };
        texts_of(&[("id", table.id)])?;
        let valid_id = |id: &str| {
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        if !valid_id(&plugin.id()) {
            return Err(Error::new(format!("its id {:?} is not of lower-case letters, digits and `_`", plugin.id())));
        }
        texts_of(&[("version", table.version), ("manifest", table.manifest)])?;
        plugin.check_formats()?;
        Ok(plugin)
    }

    fn check_formats(self) -> Result<(), Error> {
        let PluginTable { formats, formats_len, .. } = *self.table;
        if formats_len > MAX_FORMATS {
            return Err(Error::new(format!("it says it has {formats_len} formats; at most {MAX_FORMATS} can be")));
        }
        if formats_len > 0 && (formats.is_null() || !formats.is_aligned()) {
            return Err(Error::new("its list of formats is NULL or misaligned"));
        }
        let mut names = HashSet::new();
        for at in 0..formats_len {
            // SAFETY: the descriptor is static and as large as it says.
            let table = unsafe { *formats.add(at) };
            let table = match table.is_aligned() {
                // SAFETY: as above.
                true => unsafe { table.as_ref() },
                false => None,
            };
            let Some(table) = table else {
                return Err(Error::new(format!("format {} of its list is NULL or misaligned", at + 1)));
            };
            let format = FormatRef { table, checked: self.checked };
            format.check()?;
            if !names.insert(format.name()) {
                return Err(Error::new(format!("it has two formats `{}`", format.name())));
            }
        }
        Ok(())
    }

    /// The same for a plugin that is linked in and was made by [`crate::plugin!`]: its batches come from our own
    /// [`crate::table::Builder`], and are not validated again.
    ///
    /// # Safety
    ///
    /// The descriptor must be one that the macro made.
    pub unsafe fn built_in(table: &'static PluginTable) -> Result<Self, Error> {
        // SAFETY: a static descriptor.
        let plugin = unsafe { Self::new(table) }?;
        Ok(Self { checked: false, ..plugin })
    }

    /// Its id.
    pub fn id(self) -> String {
        text(self.table.id)
    }

    /// Its version.
    pub fn version(self) -> String {
        one_line(&text(self.table.version))
    }

    /// Its formats.
    pub fn formats(self) -> Vec<FormatRef> {
        if self.table.formats_len == 0 {
            return Vec::new();
        }
        // SAFETY: the descriptor is static; `new` refused a NULL list.
        let list = unsafe { std::slice::from_raw_parts(self.table.formats, self.table.formats_len) };
        // SAFETY: as above.
        list.iter()
            .filter_map(|&table| unsafe { table.as_ref() })
            .map(|table| FormatRef { table, checked: self.checked })
            .collect()
    }
}

/// What to say of a plugin of another ABI version.
pub fn other_version(major: u16) -> Error {
    Error::new(format!("it speaks version {major} of the plugin ABI; this annals speaks version {MAJOR}"))
        .hint("build it against the annals_plugin.h of this version")
}

/// A format of a checked plugin.
#[derive(Clone, Copy)]
pub struct FormatRef {
    table: &'static FormatTable,
    checked: bool,
}

impl FormatRef {
    fn check(self) -> Result<(), Error> {
        if (self.table.struct_size as usize) < size_of::<FormatTable>() {
            return Err(Error::new(format!("a format's descriptor is too small ({} bytes)", self.table.struct_size)));
        }
        let FormatTable { name, summary, extensions, media_types, options, example, .. } = *self.table;
        texts_of(&[("name", name), ("summary", summary), ("extensions", extensions), ("media_types", media_types)])?;
        texts_of(&[("options", options), ("example", example)])?;
        let name = self.name();
        if name.is_empty()
            || name.len() > 64
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        {
            return Err(Error::new(format!("a format has the name {name:?}")));
        }
        if self.can_import() && self.table.stream_stats.is_none() {
            return Err(Error::new(format!("format `{name}` has `open_import` but no `stream_stats`")));
        }
        let Ok(options) = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&self.options()) else {
            return Err(Error::new(format!("format `{name}` has an options schema that is not a JSON object")));
        };
        let is_schema = |properties: &serde_json::Value| {
            properties.as_object().is_some_and(|all| all.values().all(serde_json::Value::is_object))
        };
        match options.get("properties").is_none_or(is_schema) {
            true => Ok(()),
            false => Err(Error::new(format!("format `{name}` has an options schema whose properties are no objects"))),
        }
    }

    /// The name that users type.
    pub fn name(self) -> String {
        text(self.table.name)
    }

    /// One line about it.
    pub fn summary(self) -> String {
        one_line(&text(self.table.summary))
    }

    /// File name extensions without the dot.
    pub fn extensions(self) -> Vec<String> {
        one_line(&text(self.table.extensions)).split_whitespace().map(str::to_owned).collect()
    }

    /// Media types.
    pub fn media_types(self) -> Vec<String> {
        one_line(&text(self.table.media_types)).split_whitespace().map(str::to_owned).collect()
    }

    /// The JSON Schema of its options.
    pub fn options(self) -> String {
        let options = text(self.table.options);
        if options.is_empty() { "{}".to_owned() } else { options }
    }

    /// An example command line.
    pub fn example(self) -> String {
        one_line(&text(self.table.example))
    }

    /// Whether it can be read.
    pub fn can_import(self) -> bool {
        self.table.open_import.is_some()
    }

    /// Whether it can be written.
    pub fn can_export(self) -> bool {
        self.table.run_export.is_some()
    }

    /// Whether its files can be checked against its specification.
    pub fn can_validate(self) -> bool {
        self.table.validate.is_some()
    }

    /// Whether it can say how surely an input is of this format.
    pub fn can_sniff(self) -> bool {
        self.table.sniff.is_some()
    }

    /// How surely `head` is of this format, 0-100.
    pub fn sniff(self, head: &[u8], name: &str) -> u8 {
        let Some(sniff) = self.table.sniff else { return 0 };
        let head = Str { ptr: head.as_ptr().cast(), len: head.len() };
        // SAFETY: both texts live for the call.
        let score = unsafe { sniff(head, Str::new(name)) };
        // What is out of range is as good as its nearer end.
        u8::try_from(score.clamp(0, 100)).unwrap_or(0)
    }
}

/// A text of a checked descriptor; what is not UTF-8 in it is replaced.
fn text(text: Str) -> String {
    // SAFETY: texts of a static descriptor.
    unsafe { beginning(text, MAX_DESCRIPTOR_TEXT) }
}

/// Refuses texts of a descriptor that are none.
fn texts_of(texts: &[(&str, Str)]) -> Result<(), Error> {
    match texts.iter().find(|(_, text)| !is_text(*text) || text.len > MAX_DESCRIPTOR_TEXT) {
        Some((name, text)) if text.ptr.is_null() => {
            Err(Error::new(format!("its text `{name}` is NULL, but not empty")))
        }
        Some((name, text)) => Err(Error::new(format!("its text `{name}` is {} bytes long", text.len))),
        None => Ok(()),
    }
}

/// An empty error struct for a callee to fill.
fn error_out() -> ErrorOut {
    ErrorOut {
        struct_size: size_of::<ErrorOut>() as u32,
        kind: 0,
        message: Str::EMPTY,
        hint: Str::EMPTY,
        offset: UNKNOWN,
        line: 0,
        column: 0,
        private_data: std::ptr::null_mut(),
        release: None,
    }
}

/// Takes over what a callee filled in.
fn take_error(mut out: ErrorOut) -> Failure {
    // SAFETY: filled by the callee, borrowed until `release`.
    let (message, hint) = unsafe { (beginning(out.message, MAX_TEXT), beginning(out.hint, MAX_TEXT)) };
    let some = |number: u64| (number > 0).then_some(number);
    let error = Error {
        message: if message.is_empty() { NO_REASON.to_owned() } else { message },
        hint: (!hint.is_empty()).then_some(hint),
        offset: Some(out.offset).filter(|&offset| offset != UNKNOWN),
        line: some(out.line),
        column: some(out.column),
    };
    if let Some(release) = out.release {
        // SAFETY: called once, as the ABI asks.
        unsafe { release(&mut out) };
    }
    if out.kind == 0 { Failure::Refused(error) } else { Failure::Plugin(error) }
}

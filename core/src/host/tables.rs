//! The host's tables that a plugin calls back through.

use std::ffi::{c_int, c_void};
use std::io::{self, Read, Write};
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::abi::{HostTable, NoteIn, Sink, Source, Str, UNKNOWN};
use crate::claim::Locator;
use crate::note::{Note, NoteKind};
use crate::outside::{FLAG_CERTAINLY, FLAG_FLOATING, NAME, Outside, OutsideTable, RecordIn, WindowIn};
use crate::plugin::{Fact, Host, Input};

/// What `context` of a [`HostTable`] points to.
pub(super) struct HostContext<'h> {
    pub host: &'h dyn Host,
    /// Notes of each kind, by its number.
    pub notes: [u64; 5],
    /// The first thing in which the plugin broke the contract.
    pub breach: Option<String>,
    /// How many records were told of and not wanted as rows.
    pub outside: u64,
    /// The windows as the plugin sees them, and the table that has them; made when it asks.
    windows: Vec<WindowIn>,
    outside_table: Option<Box<OutsideTable>>,
}

impl<'h> HostContext<'h> {
    pub(super) fn new(host: &'h dyn Host) -> Self {
        Self { host, notes: [0; 5], breach: None, outside: 0, windows: Vec::new(), outside_table: None }
    }

    pub(super) fn table(&mut self) -> HostTable {
        HostTable {
            struct_size: size_of::<HostTable>() as u32,
            reserved: 0,
            context: std::ptr::from_mut(self).cast(),
            cancelled: Some(cancelled),
            progress: Some(progress),
            log: None,
            note: Some(note),
            fact: Some(fact),
            get_extension: Some(get_extension),
        }
    }

    fn breach(&mut self, text: String) {
        self.breach.get_or_insert(text);
    }

    /// Texts that are not UTF-8 are mended, unless the host is strict.
    fn expect_texts(&mut self, of: &str, texts: [&[u8]; 3]) {
        if let Some(bad) = texts.into_iter().find(|text| str::from_utf8(text).is_err()).filter(|_| self.host.strict()) {
            self.breach(format!("{of} with a text that is not UTF-8: {:?}", String::from_utf8_lossy(bad)));
        }
    }
}

/// Runs a callback; a panic of ours must not unwind into the plugin.
fn call<T>(context: *mut c_void, otherwise: T, work: impl FnOnce(&mut HostContext<'_>) -> T) -> T {
    // SAFETY: the plugin passes back the context of its table, on one thread at a time.
    let Some(context) = (unsafe { context.cast::<HostContext<'_>>().as_mut() }) else { return otherwise };
    catch_unwind(AssertUnwindSafe(|| work(context))).unwrap_or(otherwise)
}

unsafe extern "C" fn cancelled(context: *mut c_void) -> c_int {
    call(context, 0, |cx| c_int::from(cx.host.cancelled()))
}

unsafe extern "C" fn progress(context: *mut c_void, done: u64) {
    call(context, (), |cx| cx.host.progress(done));
}

unsafe extern "C" fn note(context: *mut c_void, note: *const NoteIn) {
    // SAFETY: the plugin's note lives for the call.
    let Some(raw) = (unsafe { note.as_ref() }) else { return };
    call(context, (), |cx| {
        if (raw.struct_size as usize) < size_of::<NoteIn>() {
            return cx.breach(format!("a note of {} bytes", raw.struct_size));
        }
        let Some(kind) = NoteKind::from_u32(raw.kind) else {
            return cx.breach(format!("a note of the unknown kind {}", raw.kind));
        };
        cx.notes[raw.kind as usize] += 1;
        // SAFETY: as above.
        cx.expect_texts("a note", unsafe { [raw.code.bytes(), raw.text.bytes(), raw.event.bytes()] });
        // SAFETY: as above.
        let (event, bytes) = unsafe { (raw.event.to_text(), raw.bytes.bytes().to_vec()) };
        let locator = Locator { offset: raw.offset, len: raw.len, line: raw.line };
        cx.host.note(&Note {
            kind,
            // SAFETY: as above.
            code: unsafe { raw.code.to_text() },
            // SAFETY: as above.
            text: unsafe { raw.text.to_text() },
            event: (!event.is_empty()).then_some(event),
            locator: (raw.offset != UNKNOWN).then_some(locator),
            bytes,
        });
    });
}

unsafe extern "C" fn fact(context: *mut c_void, kind: Str, key: Str, json: Str) {
    // SAFETY: the plugin's texts live for the call.
    let bytes = unsafe { [kind.bytes(), key.bytes(), json.bytes()] };
    // SAFETY: as above.
    let (kind, key, json) = unsafe { (kind.to_text(), key.to_text(), json.to_text()) };
    call(context, (), |cx| cx.expect_texts("a fact", bytes));
    call(context, (), |cx| match serde_json::from_str(&json) {
        Ok(value) => cx.host.fact(&Fact { kind, key, value }),
        Err(error) => cx.breach(format!("a fact `{kind}` that is not JSON: {error}")),
    });
}

unsafe extern "C" fn get_extension(context: *mut c_void, name: Str) -> *const c_void {
    // SAFETY: the plugin's text lives for the call.
    let is_known = unsafe { name.bytes() } == NAME.as_bytes();
    call(context, std::ptr::null(), |cx| {
        let Some(asked) = cx.host.windows().filter(|_| is_known) else { return std::ptr::null() };
        if cx.outside_table.is_none() {
            cx.windows = asked.asked.iter().map(WindowIn::of).collect();
            cx.outside_table = Some(Box::new(OutsideTable {
                struct_size: size_of::<OutsideTable>() as u32,
                flags: if asked.certainly { FLAG_CERTAINLY } else { 0 },
                context,
                windows: cx.windows.as_ptr(),
                windows_len: cx.windows.len(),
                outside: Some(outside),
            }));
        }
        cx.outside_table.as_deref().map_or(std::ptr::null(), |table| std::ptr::from_ref(table).cast())
    })
}

unsafe extern "C" fn outside(context: *mut c_void, record: *const RecordIn) -> c_int {
    // SAFETY: the plugin's record lives for the call.
    let Some(raw) = (unsafe { record.as_ref() }) else { return 1 };
    call(context, 1, |cx| {
        // SAFETY: as above.
        let (id, local_id) = unsafe { (raw.id.bytes(), raw.local_id.bytes()) };
        let (size, texts) = (raw.struct_size as usize, (text_of(id), text_of(local_id)));
        let (true, (Ok(id), Ok(local_id))) = (size >= size_of::<RecordIn>(), texts) else {
            cx.breach("a record outside the windows that is none".to_owned());
            return 1;
        };
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let RecordIn { offset, line, row, flags, .. } = *raw;
        let (id, local_id, floating) = (some(id), some(local_id), flags & FLAG_FLOATING != 0);
        let wanted = cx.host.outside(&Outside { offset, line, row, id, local_id, floating });
        cx.outside += u64::from(!wanted);
        c_int::from(wanted)
    })
}

/// The text that a plugin gives, if it is one; most are short and ASCII.
#[inline]
fn text_of(bytes: &[u8]) -> Result<&str, std::str::Utf8Error> {
    // SAFETY: ASCII is UTF-8.
    if bytes.is_ascii() { Ok(unsafe { str::from_utf8_unchecked(bytes) }) } else { str::from_utf8(bytes) }
}

/// What `context` of a [`Source`] points to.
pub(super) struct SourceContext {
    pub input: Box<dyn Input>,
    pub error: Option<io::Error>,
    pub read: u64,
}

impl SourceContext {
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
    // SAFETY: as above; zeroed first, since a plugin's buffer may be uninitialised.
    let buffer = unsafe {
        std::ptr::write_bytes(buffer, 0, capacity);
        std::slice::from_raw_parts_mut(buffer, capacity)
    };
    loop {
        let read = catch_unwind(AssertUnwindSafe(|| context.input.read(buffer)));
        match read.unwrap_or_else(|_| Err(io::Error::other("reading panicked"))) {
            Ok(read) => {
                context.read += read as u64;
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

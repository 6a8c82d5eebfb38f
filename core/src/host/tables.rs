//! The host's table that a plugin calls back through.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::limits::is_text;
use super::told::{RawNote, Told};
use crate::abi::{HostTable, NoteIn, Str, UNKNOWN};
use crate::claim::Locator;
use crate::note::NoteKind;
use crate::outside::{FLAG_CERTAINLY, FLAG_FLOATING, NAME, Outside, OutsideTable, RecordIn, WindowIn};
use crate::plugin::Host;

/// What `context` of a [`HostTable`] points to.
pub(super) struct HostContext<'h> {
    /// Notes and facts. When they fail, the plugin is asked to stop, and no longer listened to.
    pub told: Told<'h>,
    /// How many records were told of and not wanted as rows.
    pub outside: u64,
    /// How many rows the import has given.
    pub rows: u64,
    /// How many bytes the import has read; `None` = an export.
    read: Option<Rc<Cell<u64>>>,
    /// Offset, line and row of the last record that was told of.
    pub last_outside: (u64, u64, u64),
    /// The windows as the plugin sees them, and the table that has them; made when it asks.
    windows: Vec<WindowIn>,
    outside_table: Option<Box<OutsideTable>>,
}

impl<'h> HostContext<'h> {
    pub(super) fn new(host: &'h dyn Host, read: Option<Rc<Cell<u64>>>) -> Self {
        Self {
            told: Told::new(host),
            outside: 0,
            rows: 0,
            read,
            last_outside: (0, 1, 0),
            windows: Vec::new(),
            outside_table: None,
        }
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

    /// How much has been told; it grows with everything that is.
    pub(super) fn told(&self) -> u64 {
        self.told.count() + self.outside
    }
}

/// Runs a callback; a panic of ours must not unwind into the plugin.
fn call<T>(context: *mut c_void, otherwise: T, work: impl FnOnce(&mut HostContext<'_>) -> T) -> T {
    // SAFETY: the plugin passes back the context of its table, on one thread at a time.
    let Some(context) = (unsafe { context.cast::<HostContext<'_>>().as_mut() }) else { return otherwise };
    catch_unwind(AssertUnwindSafe(|| work(context))).unwrap_or(otherwise)
}

unsafe extern "C" fn cancelled(context: *mut c_void) -> c_int {
    call(context, 0, |cx| c_int::from(cx.told.has_failed() || cx.told.host().cancelled()))
}

unsafe extern "C" fn progress(context: *mut c_void, done: u64) {
    call(context, (), |cx| cx.told.host().progress(done));
}

unsafe extern "C" fn note(context: *mut c_void, note: *const NoteIn) {
    // SAFETY: the plugin's note lives for the call.
    let Some(raw) = (unsafe { note.as_ref() }) else { return };
    call(context, (), |cx| {
        if cx.told.has_failed() {
            return;
        }
        if (raw.struct_size as usize) < size_of::<NoteIn>() {
            return cx.told.breach(&format!("a note of {} bytes", raw.struct_size));
        }
        let Some(kind) = NoteKind::from_u32(raw.kind) else {
            return cx.told.breach(&format!("a note of the unknown kind {}", raw.kind));
        };
        let texts = [("code", raw.code), ("text", raw.text), ("event", raw.event), ("bytes", raw.bytes)];
        if let Some((name, text)) = texts.into_iter().find(|(_, text)| !is_text(*text)) {
            return cx.told.breach(&format!("a note whose {name} is no text, but {} bytes long", text.len));
        }
        // SAFETY: as above.
        let (code, text, event) = unsafe { (raw.code.bytes(), raw.text.bytes(), raw.event.bytes()) };
        // SAFETY: as above.
        let bytes = unsafe { raw.bytes.bytes() };
        let locator = Locator { offset: raw.offset, len: raw.len, line: raw.line };
        let locator = (raw.offset != UNKNOWN).then_some(locator);
        let read = cx.read.as_ref().map(|read| read.get());
        cx.told.note(RawNote { kind, code, text, event, locator, bytes }, read);
    });
}

unsafe extern "C" fn fact(context: *mut c_void, kind: Str, key: Str, json: Str) {
    call(context, (), |cx| {
        if cx.told.has_failed() {
            return;
        }
        if let Some(text) = [kind, key, json].into_iter().find(|text| !is_text(*text)) {
            return cx.told.breach(&format!("a fact of which one part is no text, but {} bytes long", text.len));
        }
        let read = cx.read.as_ref().map_or(0, |read| read.get());
        // SAFETY: the plugin's texts live for the call.
        let (kind, key, json) = unsafe { (kind.bytes(), key.bytes(), json.bytes()) };
        cx.told.fact(kind, key, json, read);
    });
}

unsafe extern "C" fn get_extension(context: *mut c_void, name: Str) -> *const c_void {
    // SAFETY: the plugin's text lives for the call.
    let is_known = unsafe { name.bytes() } == NAME.as_bytes();
    call(context, std::ptr::null(), |cx| {
        let Some(asked) = cx.told.host().windows().filter(|_| is_known) else { return std::ptr::null() };
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
        if cx.told.has_failed() {
            return 1;
        }
        let is_record = raw.struct_size as usize >= size_of::<RecordIn>() && is_text(raw.id) && is_text(raw.local_id);
        if !is_record {
            cx.told.breach("a record outside the windows that is none");
            return 1;
        }
        // SAFETY: as above.
        let (Ok(id), Ok(local_id)) = (unsafe { (text_of(raw.id.bytes()), text_of(raw.local_id.bytes())) }) else {
            cx.told.breach("a record outside the windows whose id is not UTF-8");
            return 1;
        };
        let some = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let RecordIn { offset, line, row, flags, .. } = *raw;
        // By these the record is found again.
        let last = cx.last_outside;
        if offset < last.0 || line < last.1 || row < last.2.max(cx.rows) {
            cx.told.breach(&format!(
                "a record outside the windows, at byte {offset}, line {line}, row {row}, out of order"
            ));
            return 1;
        }
        cx.last_outside = (offset, line, row);
        let (id, local_id, floating) = (some(id), some(local_id), flags & FLAG_FLOATING != 0);
        let wanted = cx.told.host().outside(&Outside { offset, line, row, id, local_id, floating });
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

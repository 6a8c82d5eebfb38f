//! The host's extension `annals.outside.1`: records outside the windows of a filter are told by their ids, not given as
//! rows. The C side of it is `include/annals_outside.h`.
//!
//! Nearly all records of a large log lie outside of what is asked for, and to fill columns with them costs more than to
//! read them. But what a filter judges is the merged event, so that a record outside still counts where another version
//! of it lies within. So the host is told of each, and may ask for its row: at once, or in a second reading.

use std::ffi::{c_int, c_void};
use std::mem::size_of;

use crate::abi::Str;
use crate::when::{Asked, Relation, When, Window};

/// The name of the extension.
pub const NAME: &str = "annals.outside.1";
/// `annals_outside.flags`: an event has to pass whatever its vague dates really are.
pub const FLAG_CERTAINLY: u32 = 1;
/// `annals_outside_record.flags`: the time of the record is floating.
pub const FLAG_FLOATING: u32 = 1;

/// The windows that events have to pass, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// What is asked.
    pub asked: Vec<Asked>,
    /// Whether it has to be so whatever vague dates really are.
    pub certainly: bool,
}

impl Windows {
    /// Whether an event lies outside; `local` = its time is a date or floating. Only bounds and extent are looked at.
    pub fn exclude(&self, when: &When, local: bool) -> bool {
        !self.asked.iter().all(|asked| asked.passes(when, local, self.certainly))
    }
}

/// A record that lies outside. It is one whole row with no claim but its own, without instance and recurrence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outside<'a> {
    /// The byte offset of the record, at which a part of the input may begin.
    pub offset: u64,
    /// The number of its line, from 1.
    pub line: u64,
    /// Its `id`.
    pub id: Option<&'a str>,
    /// The id of its own claim.
    pub local_id: Option<&'a str>,
    /// Whether its time has no zone.
    pub floating: bool,
    /// How many rows the import has given before it: its place among them, if it is asked for.
    pub row: u64,
}

/// `struct annals_window`
#[derive(Clone, Copy)]
#[repr(C)]
pub struct WindowIn {
    /// 0 to lie within, 1 to share time.
    pub relation: u32,
    /// Reserved, 0.
    pub reserved: u32,
    /// For events in a zone: the first microsecond, and the first one after.
    pub utc_from: i64,
    /// As above.
    pub utc_to: i64,
    /// For dates and floating times, by the clock, as if UTC.
    pub local_from: i64,
    /// As above.
    pub local_to: i64,
}

/// `struct annals_outside_record`
#[repr(C)]
pub struct RecordIn {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// [`FLAG_FLOATING`]
    pub flags: u32,
    /// See [`Outside`].
    pub offset: u64,
    /// See [`Outside`].
    pub line: u64,
    /// See [`Outside`].
    pub row: u64,
    /// May be empty.
    pub id: Str,
    /// May be empty.
    pub local_id: Str,
}

/// `struct annals_outside`: what the host gives for [`NAME`].
#[repr(C)]
pub struct OutsideTable {
    /// Size of the struct in bytes.
    pub struct_size: u32,
    /// [`FLAG_CERTAINLY`]
    pub flags: u32,
    /// The host's.
    pub context: *mut c_void,
    /// The windows.
    pub windows: *const WindowIn,
    /// How many.
    pub windows_len: usize,
    /// Tells of a record: 0, then it counts as filtered; nonzero, then it is given as the next row.
    pub outside: Option<unsafe extern "C" fn(*mut c_void, *const RecordIn) -> c_int>,
}

impl WindowIn {
    pub(crate) fn of(asked: &Asked) -> Self {
        Self {
            relation: u32::from(asked.relation == Relation::Overlaps),
            reserved: 0,
            utc_from: asked.utc.from,
            utc_to: asked.utc.to,
            local_from: asked.local.from,
            local_to: asked.local.to,
        }
    }

    fn asked(&self) -> Option<Asked> {
        let relation = match self.relation {
            0 => Relation::Within,
            1 => Relation::Overlaps,
            _ => return None,
        };
        let window = |from, to| Window { from, to };
        let (utc, local) = (window(self.utc_from, self.utc_to), window(self.local_from, self.local_to));
        Some(Asked { relation, utc, local })
    }
}

impl RecordIn {
    pub(crate) fn of(record: &Outside<'_>) -> Self {
        Self {
            struct_size: size_of::<Self>() as u32,
            flags: if record.floating { FLAG_FLOATING } else { 0 },
            offset: record.offset,
            line: record.line,
            row: record.row,
            id: record.id.map_or(Str::EMPTY, Str::new),
            local_id: record.local_id.map_or(Str::EMPTY, Str::new),
        }
    }
}

impl OutsideTable {
    /// What is asked, if this is all that is asked.
    ///
    /// # Safety
    ///
    /// The windows must be valid.
    pub(crate) unsafe fn asked(&self) -> Option<Windows> {
        if (self.struct_size as usize) < size_of::<Self>()
            || self.flags & !FLAG_CERTAINLY != 0
            || self.windows.is_null()
        {
            return None;
        }
        // SAFETY: the caller's promise.
        let windows = unsafe { std::slice::from_raw_parts(self.windows, self.windows_len) };
        let asked = windows.iter().map(WindowIn::asked).collect::<Option<_>>()?;
        Some(Windows { asked, certainly: self.flags & FLAG_CERTAINLY != 0 })
    }
}

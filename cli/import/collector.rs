//! What importers tell while they read.

use std::cell::{Cell, RefCell};
use std::sync::atomic::Ordering;

use annals_core::outside::{Outside, Windows};
use annals_core::{Fact, Host, Note, NoteKind};

use super::{Shared, Stops};
use crate::engine::{Intake, NUMBERS};
use crate::exit::Trouble;
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::progress::Progress;
use crate::record::{Common, ids};

/// How far apart the stops of a source are, in bytes.
const STOP: u64 = 256 << 10;

/// Keeps what an import tells.
pub struct Collector<'a, 'i> {
    pub at: usize,
    pub source: u32,
    pub common: &'a Common,
    pub intake: RefCell<&'a mut Intake<'i>>,
    /// Outside of these records are left out.
    pub windows: Option<&'a Windows>,
    pub stops: RefCell<Stops>,
    /// How many times without a zone were left out.
    pub floating: Cell<usize>,
    pub notes: RefCell<Notes>,
    pub note_file: &'a RefCell<NoteFile>,
    /// Notes that could not be kept.
    pub failed: RefCell<Option<Trouble>>,
    pub facts: RefCell<Vec<Fact>>,
    pub shared: &'a Shared<'a>,
    pub progress: &'a Progress,
    /// Bytes that have been told as progress.
    pub told: Cell<u64>,
}

impl Host for Collector<'_, '_> {
    fn cancelled(&self) -> bool {
        interrupt::requested()
            || self.failed.borrow().is_some()
            || self.shared.is_over_limit()
            || self.shared.stop.load(Ordering::Relaxed) < self.at
    }

    fn progress(&self, done: u64) {
        self.progress.read(done.saturating_sub(self.told.replace(done)));
    }

    fn note(&self, note: &Note) {
        if note.kind == NoteKind::Reject {
            self.shared.rejected.fetch_add(1, Ordering::Relaxed);
        }
        if let Err(trouble) = self.notes.borrow_mut().push(note.clone(), &mut self.note_file.borrow_mut()) {
            self.failed.borrow_mut().get_or_insert(trouble);
        }
    }

    fn fact(&self, fact: &Fact) {
        self.facts.borrow_mut().push(fact.clone());
    }

    fn windows(&self) -> Option<&Windows> {
        self.windows
    }

    fn outside(&self, record: &Outside<'_>) -> bool {
        if record.offset >= NUMBERS {
            return true;
        }
        let (id, local) = ids(record.id, record.local_id, self.common);
        let mut stops = self.stops.borrow_mut();
        if stops.last().is_none_or(|(offset, _)| record.offset >= offset + STOP) {
            stops.push((record.offset, record.line));
        }
        self.floating.set(self.floating.get() + usize::from(record.floating));
        if let Err(trouble) = self.intake.borrow_mut().left(self.source, record.offset, id.as_deref(), local) {
            self.failed.borrow_mut().get_or_insert(trouble);
        }
        false
    }
}

//! For tests of formats: runs an importer or exporter directly, without the ABI between.

use std::cell::RefCell;
use std::io::Cursor;

use arrow_array::RecordBatch;

use crate::error::Error;
use crate::event::Event;
use crate::note::Note;
use crate::plugin::{Export, ExportCounts, Exporter, Fact, Host, ImportCounts, ImportRequest, Importer, Options, Out};
use crate::table;

/// A host that keeps what it is told.
#[derive(Default)]
pub struct Recorder {
    /// The notes, in order.
    pub notes: RefCell<Vec<Note>>,
    /// The facts, in order.
    pub facts: RefCell<Vec<Fact>>,
}

impl Host for Recorder {
    fn note(&self, note: &Note) {
        self.notes.borrow_mut().push(note.clone());
    }

    fn fact(&self, fact: &Fact) {
        self.facts.borrow_mut().push(fact.clone());
    }
}

/// What an import gave.
#[derive(Debug, Default)]
pub struct Imported {
    /// The events, in the order of the source.
    pub events: Vec<Event>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The facts.
    pub facts: Vec<Fact>,
    /// The account.
    pub counts: ImportCounts,
}

/// What an export gave.
#[derive(Debug, Default)]
pub struct Exported {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The notes.
    pub notes: Vec<Note>,
    /// The account.
    pub counts: ExportCounts,
}

/// Options from `name=value` texts; `yes`, `no` and whole numbers are typed.
pub fn options(pairs: &[(&str, &str)]) -> Options {
    let typed = |value: &str| match value {
        "yes" => true.into(),
        "no" => false.into(),
        _ => value.parse::<i64>().map_or_else(|_| value.into(), Into::into),
    };
    Options(pairs.iter().map(|(name, value)| ((*name).to_owned(), typed(value))).collect())
}

/// Events as the batches that an export takes.
pub fn batches<I: IntoIterator<Item = Event>>(events: I) -> impl Iterator<Item = Result<RecordBatch, Error>> + use<I> {
    let mut events = events.into_iter();
    std::iter::from_fn(move || {
        let events: Vec<Event> = events.by_ref().take(100).collect();
        (!events.is_empty()).then(|| Ok(table::to_batch(&events, None)))
    })
}

/// Imports `bytes`.
pub fn import<F: Importer>(bytes: &[u8], request: ImportRequest) -> Result<Imported, Error> {
    let host = Recorder::default();
    let mut import = F::open(Box::new(Cursor::new(bytes.to_vec())), request)?;
    let mut out = Out::new(&host);
    while import.step(&mut out)? {}
    let events = table::from_batch(&out.take())?;
    let counts = out.counts();
    Ok(Imported { events, notes: host.notes.take(), facts: host.facts.take(), counts })
}

/// Exports `events`.
pub fn export<F: Exporter>(events: Vec<Event>, facts: Vec<Fact>, options: Options) -> Result<Exported, Error> {
    let host = Recorder::default();
    let mut bytes = Vec::new();
    let mut batches = batches(events);
    let mut cx = Export::new(options, facts, &mut batches, &mut bytes, &host);
    F::export(&mut cx)?;
    let counts = cx.counts();
    Ok(Exported { bytes, notes: host.notes.take(), counts })
}

//! The short way from sources to outputs, for large inputs that are in order already: nothing waits for the end.
//!
//! Whether it can be gone all the way is known only at its end. When it cannot (a record is out of order or has an id, a
//! source fails, an output fails), nothing has come of it: the outputs are not in their places, and the run begins anew
//! in the general way, which also finds out what there is to tell.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use annals_core::outside::{Outside, Windows};
use annals_core::plugin::ImportRequest;
use annals_core::{Fact, Host, Note, NoteKind};

use crate::carrier::ImportStream;
use crate::engine::heap::give_back;
use crate::engine::{self, Chunk, Chunks, Ordered, Settings};
use crate::exit::Trouble;
use crate::export::{self, Resolved};
use crate::import::{self, Chosen};
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::pipeline::{self, Reading, Written};
use crate::record::{Common, ids, ready};
use crate::registry::Registry;
use crate::report::{Noted, Report, SourceReport};
use crate::source::Source;

/// All sources are open at once.
const SOURCES: usize = 64;

/// Reads, merges and writes, if it can be done in one go; `None` = it cannot, and nothing has been done.
pub fn run(
    reading: &Reading,
    sources: &[Source],
    targets: &[Resolved<'_>],
    registry: &Registry,
) -> Result<Option<Written>, Trouble> {
    let settings = &reading.settings;
    let bytes = settings.input_bytes.get().copied();
    let is_large = bytes.is_some_and(|bytes| bytes > settings.large_bytes());
    if !is_large || sources.len() > SOURCES || reading.explain.is_some() || targets.iter().any(Resolved::is_final) {
        return Ok(None);
    }
    settings.progress.phase("reading");
    settings.progress.total(bytes);
    let turns = Turns { free: Mutex::new(reading.threads), freed: Condvar::new() };
    let (rejected, over) = (AtomicU64::new(0), AtomicBool::new(false));
    let shared = Shared { sources, reading, registry, windows: settings.filter.windows(), rejected, over, turns };
    let written = thread::scope(|scope| {
        let written = shared.stream(scope, targets);
        shared.over.store(true, Ordering::Relaxed);
        written
    });
    match written {
        Ok(written) => Ok(Some(written)),
        Err(_) if interrupt::requested() => Err(Trouble::interrupted()),
        Err(_) => {
            give_back();
            Ok(None)
        }
    }
}

/// What the threads share.
struct Shared<'a> {
    sources: &'a [Source],
    reading: &'a Reading,
    registry: &'a Registry,
    windows: Option<Windows>,
    rejected: AtomicU64,
    /// No more is wanted.
    over: AtomicBool,
    turns: Turns,
}

/// What comes from a source.
enum Told {
    Rows(Arc<Chunk>),
    /// The end.
    End(Box<(SourceReport, Notes)>),
}

/// What came at the end of each source.
type Ends = RefCell<Vec<Option<(SourceReport, Notes)>>>;

/// Why there is no way on; the general way tells.
fn no_way<T>(_: T) -> Trouble {
    Trouble::new("the inputs do not stream")
}

impl<'a> Shared<'a> {
    fn settings(&self) -> &'a Settings {
        &self.reading.settings
    }

    fn is_over_limit(&self) -> bool {
        self.reading.limits.max_rejects.is_some_and(|limit| self.rejected.load(Ordering::Relaxed) > limit)
    }

    fn stream<'s>(&'s self, scope: &'s thread::Scope<'s, '_>, targets: &[Resolved<'_>]) -> Result<Written, Trouble> {
        let ends: Ends = RefCell::new(self.sources.iter().map(|_| None).collect());
        let note_file = RefCell::new(NoteFile::new(&self.settings().temp_dir));
        let hosts: Vec<Collector<'_>> = self.sources.iter().map(|_| Collector::new(self, &note_file)).collect();
        let source = |(at, host)| -> Result<Chunks<'_>, Trouble> {
            if self.reading.threads > 1 {
                let (sender, receiver) = sync_channel(1);
                scope.spawn(move || self.read_ahead(at, &sender));
                return Ok(chunks(at, move || receive(&receiver), &ends));
            }
            let mut reader = Reader::open(self, at, host)?;
            Ok(chunks(at, move || reader.next(), &ends))
        };
        let sources: Result<Vec<Chunks<'_>>, Trouble> = hosts.iter().enumerate().map(source).collect();
        let mut windows = engine::Windows::new(self.settings(), sources?)?;
        let mut told = Report::default();
        let pending = export::all(&mut || windows.next(), &[], targets, self.settings(), &mut told)?;
        let mut report = Report { outputs: told.outputs, ..Report::default() };
        for (line, notes) in ends.borrow_mut().drain(..).map(|end| end.expect("all sources have come to their ends")) {
            if !notes.is_empty() {
                report.notes.push(Noted { of: line.label.clone(), format: line.format.clone(), notes });
            }
            report.sources.push(line);
        }
        report.notes.extend(told.notes);
        pipeline::finish(&[windows.accounts()], &mut report);
        Ok((report, pending))
    }

    /// Reads a source on a thread of its own.
    fn read_ahead(&self, at: usize, sender: &SyncSender<Result<Told, Trouble>>) {
        let note_file = RefCell::new(NoteFile::new(&self.settings().temp_dir));
        let host = Collector::new(self, &note_file);
        let mut reader = match Reader::open(self, at, &host) {
            Ok(reader) => reader,
            Err(trouble) => return drop(sender.send(Err(trouble))),
        };
        loop {
            let told = self.turns.take(|| reader.next());
            let is_last = !matches!(told, Ok(Told::Rows(_)));
            if sender.send(told).is_err() || is_last {
                return;
            }
        }
    }
}

fn receive(from: &Receiver<Result<Told, Trouble>>) -> Result<Told, Trouble> {
    from.recv().map_err(no_way)?
}

/// What `next` tells, as chunks; the end goes to `ends`.
fn chunks<'a>(at: usize, mut next: impl FnMut() -> Result<Told, Trouble> + 'a, ends: &'a Ends) -> Chunks<'a> {
    Box::new(std::iter::from_fn(move || match next() {
        Ok(Told::Rows(chunk)) => Some(Ok(chunk)),
        Ok(Told::End(end)) => {
            ends.borrow_mut()[at] = Some(*end);
            None
        }
        Err(trouble) => Some(Err(trouble)),
    }))
}

/// A source being read.
struct Reader<'h> {
    shared: &'h Shared<'h>,
    source: &'h Source,
    host: &'h Collector<'h>,
    line: SourceReport,
    common: Common,
    stream: Option<ImportStream<'h>>,
    ordered: Ordered<'h>,
    floating: usize,
}

impl<'h> Reader<'h> {
    fn open(shared: &'h Shared<'h>, at: usize, host: &'h Collector<'h>) -> Result<Self, Trouble> {
        let (source, reading) = (&shared.sources[at], shared.reading);
        let Chosen { opened, entry, common, options } = import::open(source, reading.from.as_deref(), shared.registry)?;
        let line = SourceReport {
            label: source.label.clone(),
            path: source.path.clone(),
            format: entry.format.name(),
            plugin: entry.plugin.clone(),
            carrier: entry.carrier.name().to_owned(),
            status: "complete".to_owned(),
            ..SourceReport::default()
        };
        let most = reading.settings.batch_rows();
        // Some batches of every source are in memory at once.
        let batch_rows = ((reading.settings.memory >> 12) / shared.sources.len()).clamp(256, most);
        let max_record = reading.limits.max_record;
        let request = ImportRequest { options, max_record, batch_rows, ..ImportRequest::default() };
        let stream = entry.format.import(opened, &source.label, &request, host).map_err(no_way)?;
        let ordered = Ordered::new(&reading.settings, at);
        Ok(Self { shared, source, host, line, common, stream: Some(stream), ordered, floating: 0 })
    }

    fn next(&mut self) -> Result<Told, Trouble> {
        while let Some(stream) = &mut self.stream {
            let Some(batch) = stream.next_batch().map_err(no_way)? else { break };
            let (batch, local) = ready(&batch, &self.source.label, &self.common).map_err(no_way)?;
            if self.host.unfit.get() {
                return Err(no_way(()));
            }
            if batch.num_rows() > 0 {
                self.floating += import::floating_rows(&batch);
                return self.ordered.take(&batch, &local).map(Told::Rows).ok_or_else(|| no_way(()));
            }
        }
        self.end()
    }

    fn end(&mut self) -> Result<Told, Trouble> {
        let counts = self.stream.take().ok_or_else(|| no_way(()))?.finish().map_err(no_way)?;
        if self.host.unfit.get() || self.shared.is_over_limit() {
            return Err(no_way(()));
        }
        self.floating += self.host.floating.get();
        let mut notes = self.host.notes.take();
        let note_file = &mut self.host.note_file.borrow_mut();
        if self.floating > 0 {
            notes.push(import::floating_note(self.floating), note_file)?;
        }
        notes.end(note_file)?;
        let mut line = std::mem::take(&mut self.line);
        line.account.read = counts.read();
        (line.account.filtered, line.account.rejected) = (counts.filtered, counts.rejected);
        Ok(Told::End(Box::new((line, notes))))
    }
}

/// Keeps what an import tells.
struct Collector<'a> {
    shared: &'a Shared<'a>,
    notes: RefCell<Notes>,
    note_file: &'a RefCell<NoteFile>,
    /// A fact has been told, which must come before all events; or a note could not be kept.
    unfit: Cell<bool>,
    /// Bytes that have been told as progress.
    told: Cell<u64>,
    /// How many times without a zone were left out.
    floating: Cell<usize>,
}

impl<'a> Collector<'a> {
    fn new(shared: &'a Shared<'a>, note_file: &'a RefCell<NoteFile>) -> Self {
        let (notes, unfit) = (RefCell::default(), Cell::new(false));
        Self { shared, notes, note_file, unfit, told: Cell::new(0), floating: Cell::new(0) }
    }
}

impl Host for Collector<'_> {
    fn cancelled(&self) -> bool {
        let over = self.shared.over.load(Ordering::Relaxed) || self.shared.is_over_limit();
        interrupt::requested() || self.unfit.get() || over
    }

    fn progress(&self, done: u64) {
        self.shared.settings().progress.read(done.saturating_sub(self.told.replace(done)));
    }

    fn note(&self, note: &Note) {
        if note.kind == NoteKind::Reject {
            self.shared.rejected.fetch_add(1, Ordering::Relaxed);
        }
        let kept = self.notes.borrow_mut().push(note.clone(), &mut self.note_file.borrow_mut());
        self.unfit.set(self.unfit.get() || kept.is_err());
    }

    fn fact(&self, _: &Fact) {
        self.unfit.set(true);
    }

    fn windows(&self) -> Option<&Windows> {
        self.shared.windows.as_ref()
    }

    fn outside(&self, record: &Outside<'_>) -> bool {
        // With an id it may be a version of what lies within; without, only equal ones matter, which do not either.
        let has_id = !matches!(ids(record.id, record.local_id, &Common::default()), (None, None));
        self.unfit.set(self.unfit.get() || has_id);
        self.floating.set(self.floating.get() + usize::from(record.floating && !has_id));
        has_id
    }
}

/// How many sources may be read at the same time.
struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    /// Works when it is its turn.
    fn take<T>(&self, work: impl FnOnce() -> T) -> T {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner) -= 1;
        let _turn = Turn(self);
        work()
    }
}

/// Somebody's turn, until it is dropped.
struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

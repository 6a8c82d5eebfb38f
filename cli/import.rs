//! Reads sources through their importers, several at once, into the engine.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use annals_core::host::Failure;
use annals_core::plugin::{ImportCounts, ImportRequest, Options};
use annals_core::table::Text;
use annals_core::when::Zone;
use annals_core::{Fact, Host, Note, NoteKind, table};

use crate::engine::{Got, Intake, Numbers, Settings};
use crate::exit::{Exit, Place, Trouble, nearest};
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::progress::Progress;
use crate::record::{Common, ready};
use crate::registry::{Entry, Registry};
use crate::report::{Noted, Report, SourceReport};
use crate::source::{Opened, Source};
use crate::spec::{COMMON, typed_options};

/// Limits on what is read.
#[derive(Clone, Debug)]
pub struct Limits {
    /// The largest record in bytes.
    pub max_record: usize,
    /// More rejected records than this in all end the run.
    pub max_rejects: Option<u64>,
    /// Whether a source that fails leaves the others to go on.
    pub keep_going: bool,
}

/// What all sources gave.
pub struct Read {
    /// Their records.
    pub got: Vec<Got>,
    /// Which of them failed.
    pub failed: Vec<bool>,
    /// The facts of the others.
    pub facts: Vec<Fact>,
}

/// What is the same for all sources.
pub struct Importing<'a> {
    /// The format of sources that name none.
    pub from: Option<&'a str>,
    /// Limits on what is read.
    pub limits: &'a Limits,
    /// How the engine works.
    pub settings: &'a Settings,
    /// How many threads read.
    pub threads: usize,
    /// The formats.
    pub registry: &'a Registry,
}

/// What the threads share.
struct Shared<'a> {
    sources: &'a [Source],
    importing: &'a Importing<'a>,
    numbers: Numbers,
    /// The next source to read.
    next: AtomicUsize,
    /// The first source that ends the run; those after it are not wanted any more.
    stop: AtomicUsize,
    rejected: AtomicU64,
}

/// What one source gave, beside its records.
struct One {
    counts: ImportCounts,
    facts: Vec<Fact>,
    notes: Notes,
}

/// What became of one source.
type Outcome = (SourceReport, Result<One, Trouble>);

/// Keeps what an import tells.
struct Collector<'a> {
    at: usize,
    notes: RefCell<Notes>,
    note_file: &'a RefCell<NoteFile>,
    /// Notes that could not be kept.
    failed: RefCell<Option<Trouble>>,
    facts: RefCell<Vec<Fact>>,
    shared: &'a Shared<'a>,
    progress: &'a Progress,
    /// Bytes that have been told as progress.
    told: Cell<u64>,
}

impl Host for Collector<'_> {
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
}

impl Shared<'_> {
    fn is_over_limit(&self) -> bool {
        self.importing.limits.max_rejects.is_some_and(|limit| self.rejected.load(Ordering::Relaxed) > limit)
    }
}

/// Reads all `sources`.
pub fn all(sources: &[Source], importing: &Importing<'_>, report: &mut Report) -> Result<Read, Trouble> {
    let threads = importing.threads.min(sources.len()).max(1);
    let shared = Shared {
        sources,
        importing,
        numbers: Numbers::default(),
        next: AtomicUsize::new(0),
        stop: AtomicUsize::new(usize::MAX),
        rejected: AtomicU64::new(0),
    };
    importing.settings.progress.phase("reading");
    importing.settings.progress.total(sources.iter().map(Source::size).sum());
    let outcomes: Vec<Mutex<Option<Outcome>>> = sources.iter().map(|_| Mutex::default()).collect();
    let work = || {
        let mut intake = Intake::new(importing.settings, &shared.numbers, threads);
        let note_file = RefCell::new(NoteFile::new(&importing.settings.temp_dir));
        shared.work(&mut intake, &note_file, &outcomes);
        intake.finish()
    };
    let got = match threads {
        1 => vec![work()],
        _ => std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        }),
    };
    let (mut failed, mut facts) = (Vec::new(), Vec::new());
    for (outcome, source) in outcomes.into_iter().zip(sources) {
        let outcome = outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What was not begun comes after what ended the run.
        let Some((mut line, result)) = outcome else { break };
        failed.push(result.is_err());
        match result {
            Ok(one) => {
                line.status = "complete".to_owned();
                line.account.read = one.counts.read();
                (line.account.filtered, line.account.rejected) = (one.counts.filtered, one.counts.rejected);
                facts.extend(one.facts);
                if !one.notes.is_empty() {
                    let (of, format) = (source.label.clone(), line.format.clone());
                    report.notes.push(Noted { of, format, notes: one.notes });
                }
            }
            Err(trouble) if importing.limits.keep_going && !trouble.ends_run => {
                line.status = "failed".to_owned();
                report.failures.push(trouble);
            }
            Err(trouble) => return Err(trouble),
        }
        report.sources.push(line);
    }
    if report.failures.len() == sources.len() {
        return Err(report.failures.remove(0));
    }
    Ok(Read { got, failed, facts })
}

impl Shared<'_> {
    /// Reads one source after the other, as long as there are any.
    fn work(&self, intake: &mut Intake<'_>, note_file: &RefCell<NoteFile>, outcomes: &[Mutex<Option<Outcome>>]) {
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at >= self.sources.len() || self.stop.load(Ordering::Relaxed) < at {
                return;
            }
            let source = &self.sources[at];
            let mut line =
                SourceReport { label: source.label.clone(), path: source.path.clone(), ..Default::default() };
            let result = self.source(at, &mut line, intake, note_file);
            intake.end(result.is_ok());
            if result.as_ref().is_err_and(|trouble| trouble.ends_run || !self.importing.limits.keep_going) {
                self.stop.fetch_min(at, Ordering::Relaxed);
            }
            *outcomes[at].lock().unwrap_or_else(PoisonError::into_inner) = Some((line, result));
        }
    }

    fn source(
        &self,
        at: usize,
        line: &mut SourceReport,
        intake: &mut Intake<'_>,
        note_file: &RefCell<NoteFile>,
    ) -> Result<One, Trouble> {
        let (source, registry) = (&self.sources[at], self.importing.registry);
        let (common, zone, options) = common_options(source)?;
        let opened = Opened::open(&source.path).map_err(|error| cannot_open(source, &error, registry))?;
        let entry = choose(source, self.importing.from, &opened, registry)?;
        line.format = entry.format.name();
        (line.plugin, line.carrier) = (entry.plugin.clone(), entry.carrier.name().to_owned());
        let mut options = typed_options(entry.format, &options)?;
        options.0.extend(zone.map(|zone| ("zone".to_owned(), zone.into())));
        let host = Collector {
            at,
            notes: RefCell::default(),
            note_file,
            failed: RefCell::default(),
            facts: RefCell::default(),
            shared: self,
            progress: &self.importing.settings.progress,
            told: Cell::new(0),
        };
        self.import(host, entry, opened, options, &common, intake)
    }

    fn import(
        &self,
        host: Collector<'_>,
        entry: &Entry,
        opened: Opened,
        options: Options,
        common: &Common,
        intake: &mut Intake<'_>,
    ) -> Result<One, Trouble> {
        let (at, progress) = (host.at, host.progress);
        let (source, limits) = (&self.sources[at], self.importing.limits);
        let batch_rows = self.importing.settings.batch_rows();
        let request = ImportRequest { options, max_record: limits.max_record, batch_rows, ..ImportRequest::default() };
        let mut floating = 0;
        let trouble = |failure| trouble_of(failure, source, entry);
        let counts = (|| {
            let mut stream = entry.format.import(Box::new(opened), &source.label, &request, &host).map_err(trouble)?;
            while let Some(batch) = stream.next_batch().map_err(trouble)? {
                let (batch, local) = ready(&batch, &source.label, common)
                    .map_err(|error| trouble_of(Failure::Plugin(error), source, entry))?;
                floating += floating_rows(&batch);
                progress.events(batch.num_rows() as u64);
                intake.add(at as u32, &batch, local)?;
            }
            stream.finish().map_err(trouble)
        })();
        if let Some(trouble) = host.failed.take() {
            return Err(trouble);
        }
        let over = self.is_over_limit().then_some(limits.max_rejects).flatten();
        match (over, counts) {
            (Some(limit), _) => Err(Trouble {
                ends_run: true,
                ..Trouble::new(format!("more than {limit} records were rejected"))
                    .cause(last_reject(&host.notes.borrow(), source))
                    .hint("raise `--max-rejects`; `--rejects FILE` then keeps all of them")
            }),
            (None, Ok(counts)) => {
                let mut notes = host.notes.into_inner();
                let note_file = &mut host.note_file.borrow_mut();
                if floating > 0 {
                    notes.push(floating_note(floating), note_file)?;
                }
                notes.end(note_file)?;
                Ok(One { counts, facts: host.facts.into_inner(), notes })
            }
            (None, Err(trouble)) => Err(trouble),
        }
    }
}

/// How many times have no zone.
pub fn floating_rows(batch: &arrow_array::RecordBatch) -> usize {
    let rows = table::Rows::of(batch).expect("checked when it came in");
    let has_zones = rows.has(Text::Zone);
    (0..rows.len()).filter(|&row| has_zones && rows.text(Text::Zone, row) == Some("floating")).count()
}

/// What is said of times without a zone, once a source.
pub fn floating_note(floating: usize) -> Note {
    Note {
        kind: NoteKind::Repair,
        code: "floating".to_owned(),
        text: match floating {
            1 => "a time without a zone stays floating; `,zone=NAME:` before the path gives it one".to_owned(),
            n => format!("{n} times without a zone stay floating; `,zone=NAME:` before the path gives them one"),
        },
        event: None,
        locator: None,
        bytes: Vec::new(),
    }
}

fn cannot_read(source: &Source) -> Trouble {
    Trouble::new(format!("cannot read `{}`", source.path))
}

fn cannot_open(source: &Source, error: &std::io::Error, registry: &Registry) -> Trouble {
    if interrupt::requested() {
        return Trouble::interrupted();
    }
    let trouble = cannot_read(source).cause(error);
    // `icss:a.ics` is a path, but hardly meant as one.
    let prefix = source.path.split([':', ',']).next().filter(|prefix| prefix.len() < source.path.len());
    let names = registry.entries.iter().map(|entry| entry.format.name()).collect();
    match prefix.filter(|_| error.kind() == std::io::ErrorKind::NotFound) {
        Some(prefix) if registry.has(prefix) => {
            trouble.hint(format!("options are written KEY=VALUE, before a colon: `{prefix},label=NAME:PATH`"))
        }
        Some(prefix) => Trouble { hint: nearest(prefix, &names), ..trouble },
        None => trouble,
    }
}

/// The format of a source, by its name or by its first bytes.
pub fn choose<'a>(
    source: &Source,
    from: Option<&str>,
    opened: &Opened,
    registry: &'a Registry,
) -> Result<&'a Entry, Trouble> {
    let named = source.spec.format.as_deref().or(from);
    if opened.head().is_empty() {
        return Err(cannot_read(source).cause("it is empty").hint("an input must have at least one byte"));
    }
    let entry = match named {
        Some(name) => registry.named(name)?,
        None => registry.for_input(opened.head(), if source.path == "-" { "" } else { &source.path })?,
    };
    if !entry.format.can_import() {
        return Err(Trouble::new(format!("format `{}` can only be written, not read", entry.format.name())));
    }
    Ok(entry)
}

/// The options of every input, with `zone` apart; and those of the format.
pub type Split = (Common, Option<String>, Vec<(String, String)>);

/// Splits off the options that every input takes.
pub fn common_options(source: &Source) -> Result<Split, Trouble> {
    let mut spec = source.spec.clone();
    let mut take = |name: &str| {
        debug_assert!(COMMON.iter().any(|(common, _)| *common == name));
        spec.take(name)
    };
    let zone = take("zone");
    if let Some(zone) = zone.as_deref().filter(|zone| Zone::parse(zone).is_none()) {
        return Err(Trouble::new(format!("there is no time zone `{zone}`"))
            .hint("an IANA name such as `Europe/Berlin`, an offset such as `+02\\:00`, `UTC` or `floating`"));
    }
    let tags = take("tags").unwrap_or_default();
    let common = Common {
        lane: take("lane"),
        tags: tags.split('+').filter(|tag| !tag.is_empty()).map(str::to_owned).collect(),
        host: take("host"),
        id_scope: take("id-scope"),
    };
    Ok((common, zone, spec.options))
}

fn last_reject(notes: &Notes, source: &Source) -> String {
    notes.last_reject().map_or_else(String::new, |note| {
        let line = note.locator.map_or(0, |l| l.line);
        format!("the last one: {}:{line}: {}", source.label, note.text)
    })
}

fn trouble_of(failure: Failure, source: &Source, entry: &Entry) -> Trouble {
    let format = entry.format.name();
    match failure {
        Failure::Cancelled => Trouble::interrupted(),
        Failure::Io(_) if interrupt::requested() => Trouble::interrupted(),
        Failure::Io(error) => cannot_read(source).cause(error),
        Failure::Refused(error) => Trouble {
            message: format!("cannot read `{}` as {format}", source.path),
            cause: Some(error.message),
            place: Some(Place {
                file: source.path.clone(),
                line: error.line,
                column: error.column,
                offset: error.offset,
            })
            .filter(|place| place.line.or(place.offset).is_some()),
            hint: error.hint,
            ..cannot_read(source)
        },
        Failure::Plugin(error) => Trouble::new(format!("plugin {} failed on `{}`", entry.describe(), source.path))
            .cause(error)
            .hint("this is a bug of the plugin; please report it to its authors")
            .exit(Exit::Bug),
    }
}

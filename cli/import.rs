//! Reads sources through their importers, several at once, into the engine.

mod collector;
pub mod late;

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use annals_core::host::Failure;
use annals_core::outside::Windows;
use annals_core::plugin::{ImportCounts, ImportRequest, Options};
use annals_core::table::Text;
use annals_core::when::Zone;
use annals_core::{Fact, Note, NoteKind, table};

use crate::engine::{Got, Intake, Numbers, Settings};
use crate::exit::{Exit, Place, Trouble, nearest};
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::parts::{self, Part};
use crate::record::{Common, ready};
use crate::registry::{Entry, Registry};
use crate::report::{Noted, Report, SourceReport};
use crate::source::{Opened, Source};
use crate::spec::{COMMON, typed_options};
use collector::Collector;

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
    /// Numbers the rows that come later.
    pub numbers: Numbers,
    /// Per source: lines at which a reading of what was left out may begin.
    pub stops: Vec<Stops>,
}

/// Lines of a source by offset and number, some distance apart.
pub type Stops = Vec<(u64, u64)>;

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
    tasks: &'a [Task],
    importing: &'a Importing<'a>,
    windows: Option<Windows>,
    numbers: Numbers,
    /// The next task.
    next: AtomicUsize,
    /// The first task that ends the run; those after it are not wanted any more.
    stop: AtomicUsize,
    rejected: AtomicU64,
}

/// A source to read, or a part of it.
struct Task {
    source: usize,
    part: Option<Part>,
}

/// What one task gave, beside its records.
#[derive(Default)]
struct One {
    counts: ImportCounts,
    floating: usize,
    facts: Vec<Fact>,
    notes: Vec<Notes>,
    stops: Stops,
}

impl One {
    /// Adds what the next part of the same source gave.
    fn add(&mut self, mut next: Self) {
        self.counts.emitted += next.counts.emitted;
        self.counts.rejected += next.counts.rejected;
        self.counts.filtered += next.counts.filtered;
        self.floating += next.floating;
        self.facts.append(&mut next.facts);
        self.notes.append(&mut next.notes);
        self.stops.append(&mut next.stops);
    }
}

/// What became of one task.
type Outcome = (SourceReport, Result<One, Trouble>);

impl Shared<'_> {
    fn is_over_limit(&self) -> bool {
        self.importing.limits.max_rejects.is_some_and(|limit| self.rejected.load(Ordering::Relaxed) > limit)
    }
}

/// Reads all `sources`.
pub fn all(sources: &[Source], importing: &Importing<'_>, report: &mut Report) -> Result<Read, Trouble> {
    let tasks = plan(sources, importing);
    let threads = importing.threads.min(tasks.len()).max(1);
    let shared = Shared {
        sources,
        tasks: &tasks,
        importing,
        windows: importing.settings.filter.windows(),
        numbers: Numbers::default(),
        next: AtomicUsize::new(0),
        stop: AtomicUsize::new(usize::MAX),
        rejected: AtomicU64::new(0),
    };
    importing.settings.progress.total(importing.settings.input_bytes.get().copied());
    importing.settings.progress.phase("reading");
    let outcomes: Vec<Mutex<Option<Outcome>>> = tasks.iter().map(|_| Mutex::default()).collect();
    let work = || {
        let mut intake = Intake::new(importing.settings, &shared.numbers, threads);
        let note_file = RefCell::new(NoteFile::new(&importing.settings.temp_dir));
        shared.work(&mut intake, &note_file, &outcomes);
        intake.finish()
    };
    let got: Vec<Result<Got, Trouble>> = match threads {
        1 => vec![work()],
        _ => std::thread::scope(|scope| {
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        }),
    };
    let (mut failed, mut facts, mut stops) = (Vec::new(), Vec::new(), Vec::new());
    let note_file = &mut NoteFile::new(&importing.settings.temp_dir);
    let mut outcomes = outcomes.into_iter().map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner));
    for (at, source) in sources.iter().enumerate() {
        let parts = tasks.iter().filter(|task| task.source == at).count();
        // What was not begun comes after what ended the run.
        let Some((mut line, result)) = whole(outcomes.by_ref().take(parts)) else { break };
        failed.push(result.is_err());
        stops.push(Stops::new());
        match result {
            Ok(one) => {
                stops[at] = one.stops;
                line.status = "complete".to_owned();
                line.account.read = one.counts.read();
                (line.account.filtered, line.account.rejected) = (one.counts.filtered, one.counts.rejected);
                facts.extend(one.facts);
                let mut notes = one.notes;
                if one.floating > 0 {
                    let mut last = Notes::default();
                    last.push(floating_note(one.floating), note_file)?;
                    notes.push(last);
                }
                report.notes.extend(notes.into_iter().filter(|notes| !notes.is_empty()).map(|notes| Noted {
                    of: source.label.clone(),
                    format: line.format.clone(),
                    notes,
                }));
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
    let got = got.into_iter().collect::<Result<_, Trouble>>()?;
    Ok(Read { got, failed, facts, numbers: shared.numbers, stops })
}

/// What is to be read one after the other: the sources, large ones in parts where their format allows it.
fn plan(sources: &[Source], importing: &Importing<'_>) -> Vec<Task> {
    let size = importing.settings.part_bytes();
    let all = importing.settings.input_bytes.get().copied().unwrap_or(0);
    // To count the lines before a part costs a reading: not where the sources are shared out well as they are.
    let is_large = |bytes: &u64| *bytes >= 2 * size && bytes.saturating_mul(3 * importing.threads as u64) > all;
    let parts = |source: &Source| -> Option<Vec<Part>> {
        source.size().filter(|bytes| importing.threads > 1 && is_large(bytes))?;
        let opened = Opened::open(&source.path).ok()?;
        let entry = choose(source, importing.from, &opened, importing.registry).ok()?;
        // An error shows itself when the source is read as a whole.
        parts::can_split(entry).then(|| parts::split(&source.path, size, importing.threads).ok()).flatten()
    };
    let tasks = sources.iter().enumerate().flat_map(|(at, source)| match parts(source) {
        Some(parts) => parts.into_iter().map(|part| Task { source: at, part: Some(part) }).collect(),
        None => vec![Task { source: at, part: None }],
    });
    tasks.collect()
}

/// What became of a source by what became of its parts; `None` = not all of them were begun, and none failed.
fn whole(parts: impl Iterator<Item = Option<Outcome>>) -> Option<Outcome> {
    let mut all: Option<(SourceReport, One)> = None;
    let mut missing = false;
    for part in parts {
        match part {
            Some((line, Ok(one))) => match &mut all {
                Some((_, whole)) => whole.add(one),
                None => all = Some((line, one)),
            },
            Some((line, Err(trouble))) => return Some((line, Err(trouble))),
            None => missing = true,
        }
    }
    all.filter(|_| !missing).map(|(line, one)| (line, Ok(one)))
}

impl Shared<'_> {
    /// Reads one source after the other, as long as there are any.
    fn work(&self, intake: &mut Intake<'_>, note_file: &RefCell<NoteFile>, outcomes: &[Mutex<Option<Outcome>>]) {
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = self.tasks.get(at).filter(|_| self.stop.load(Ordering::Relaxed) >= at) else { return };
            let source = &self.sources[task.source];
            let mut line =
                SourceReport { label: source.label.clone(), path: source.path.clone(), ..Default::default() };
            let result = self.source(at, &mut line, intake, note_file);
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
        let Task { source, part } = &self.tasks[at];
        let (source, registry) = (&self.sources[*source], self.importing.registry);
        let Chosen { mut opened, entry, common, mut options } = open(source, self.importing.from, registry)?;
        line.format = entry.format.name();
        (line.plugin, line.carrier) = (entry.plugin.clone(), entry.carrier.name().to_owned());
        if let Some(Part { from, to, line }) = *part {
            opened = Opened::part(&source.path, from, to).map_err(|error| cannot_open(source, &error, registry))?;
            options.0.extend([("part-offset", from), ("part-line", line)].map(|(name, n)| (name.to_owned(), n.into())));
        }
        // What is left out may have to be read again.
        let again = parts::can_split(entry) && source.size().is_some_and(|size| size > 0);
        let host = Collector {
            at,
            source: self.tasks[at].source as u32,
            common: &common,
            intake: RefCell::new(intake),
            windows: self.windows.as_ref().filter(|_| again),
            stops: RefCell::default(),
            floating: Cell::new(0),
            notes: RefCell::default(),
            note_file,
            failed: RefCell::default(),
            facts: RefCell::default(),
            shared: self,
            progress: &self.importing.settings.progress,
            told: Cell::new(part.map_or(0, |part| part.from)),
        };
        self.import(host, entry, opened, options)
    }

    fn import(&self, host: Collector<'_, '_>, entry: &Entry, opened: Opened, options: Options) -> Result<One, Trouble> {
        let (at, progress) = (host.at, host.progress);
        let number = self.tasks[at].source;
        let (source, limits) = (&self.sources[number], self.importing.limits);
        let batch_rows = self.importing.settings.batch_rows();
        let request = ImportRequest { options, max_record: limits.max_record, batch_rows, ..ImportRequest::default() };
        let mut floating = 0;
        let trouble = |failure| trouble_of(failure, source, entry);
        let counts = (|| {
            let mut stream = entry.format.import(opened, &source.label, &request, &host).map_err(trouble)?;
            while let Some(batch) = stream.next_batch().map_err(trouble)? {
                let (batch, local) = ready(&batch, &source.label, host.common)
                    .map_err(|error| trouble_of(Failure::Plugin(error), source, entry))?;
                floating += floating_rows(&batch);
                progress.events(batch.num_rows() as u64);
                host.intake.borrow_mut().add(host.source, &batch, local)?;
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
                notes.end(&mut host.note_file.borrow_mut())?;
                floating += host.floating.get();
                let (facts, stops) = (host.facts.into_inner(), host.stops.into_inner());
                Ok(One { counts, floating, facts, notes: vec![notes], stops })
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
        Some(prefix) => Trouble { hint: nearest(prefix, &names).or_else(|| registry.of_broken()), ..trouble },
        None => trouble,
    }
}

/// A source that is open, and how it is to be read.
pub struct Chosen<'a> {
    /// Its bytes.
    pub opened: Opened,
    /// Its format.
    pub entry: &'a Entry,
    /// What every input may be given.
    pub common: Common,
    /// The options of the format, with the zone.
    pub options: Options,
}

/// Opens a source and finds out how it is to be read.
pub fn open<'a>(source: &Source, from: Option<&str>, registry: &'a Registry) -> Result<Chosen<'a>, Trouble> {
    let (common, zone, options) = common_options(source)?;
    let opened = Opened::open(&source.path).map_err(|error| cannot_open(source, &error, registry))?;
    let entry = choose(source, from, &opened, registry)?;
    let mut options = typed_options(&entry.format, &options)?;
    options.0.extend(zone.map(|zone| ("zone".to_owned(), zone.into())));
    Ok(Chosen { opened, entry, common, options })
}

/// The format of a source, by its name or by its first bytes.
fn choose<'a>(
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
fn common_options(source: &Source) -> Result<Split, Trouble> {
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

/// A plugin broke the contract, or crashed, at work on `path`.
pub fn plugin_failed(entry: &Entry, path: &str, error: annals_core::Error) -> Trouble {
    let hint = error.hint.clone();
    Trouble::new(format!("plugin {} failed on `{path}`", entry.describe()))
        .cause(error)
        .hint(hint.unwrap_or_else(|| "this is a bug of the plugin; please report it to its authors".to_owned()))
        .exit(Exit::Bug)
}

/// What the failure of a format is to the user.
pub fn trouble_of(failure: Failure, source: &Source, entry: &Entry) -> Trouble {
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
        Failure::Plugin(error) => plugin_failed(entry, &source.path, error),
    }
}

//! Reads sources through their importers and makes their records ready for the merge.

use std::cell::{Cell, RefCell};

use annals_core::host::Failure;
use annals_core::plugin::{ImportRequest, Options};
use annals_core::when::Zone;
use annals_core::{Actor, Claim, Event, Fact, Host, Note, NoteKind, key};

use crate::engine::Record;
use crate::exit::{Exit, Place, Trouble, nearest};
use crate::interrupt;
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
#[derive(Default)]
pub struct Read {
    /// Their records.
    pub records: Vec<Record>,
    /// Their facts.
    pub facts: Vec<Fact>,
}

/// The options that the host itself takes from an input's prefix.
#[derive(Default)]
struct Common {
    lane: Option<String>,
    tags: Vec<String>,
    host: Option<String>,
    id_scope: Option<String>,
}

/// What one source gave.
struct One {
    events: Vec<Event>,
    facts: Vec<Fact>,
    notes: Vec<Note>,
}

/// Keeps what an import tells.
struct Collector<'a> {
    notes: RefCell<Vec<Note>>,
    facts: RefCell<Vec<Fact>>,
    rejects: Cell<u64>,
    limits: &'a Limits,
}

impl Host for Collector<'_> {
    fn cancelled(&self) -> bool {
        interrupt::requested() || self.over_limit()
    }

    fn note(&self, note: &Note) {
        if note.kind == NoteKind::Reject {
            self.rejects.set(self.rejects.get() + 1);
        }
        self.notes.borrow_mut().push(note.clone());
    }

    fn fact(&self, fact: &Fact) {
        self.facts.borrow_mut().push(fact.clone());
    }
}

impl Collector<'_> {
    fn over_limit(&self) -> bool {
        self.limits.max_rejects.is_some_and(|limit| self.rejects.get() > limit)
    }
}

/// Reads all `sources`. `from` is the format of those that name none.
pub fn all(
    sources: &[Source],
    from: Option<&str>,
    limits: &Limits,
    registry: &Registry,
    report: &mut Report,
) -> Result<Read, Trouble> {
    let mut read = Read::default();
    let mut rejected = 0;
    for (at, source) in sources.iter().enumerate() {
        let mut line = SourceReport { label: source.label.clone(), path: source.path.clone(), ..Default::default() };
        let common_and_options = common_options(source);
        let result = common_and_options.and_then(|(common, zone, options)| {
            let opened = Opened::open(&source.path).map_err(|error| cannot_open(source, &error, registry))?;
            let entry = choose(source, from, &opened, registry)?;
            line.format = entry.format.name();
            (line.plugin, line.carrier) = (entry.plugin.clone(), entry.carrier.name().to_owned());
            let mut options = typed_options(entry.format, &options)?;
            options.0.extend(zone.map(|zone| ("zone".to_owned(), zone.into())));
            Ok((common, one(source, entry, opened, options, limits, rejected)?))
        });
        let (common, (counts, one)) = match result {
            Ok((common, result)) => (common, result),
            Err(trouble) if limits.keep_going && !trouble.ends_run => {
                line.status = "failed".to_owned();
                report.sources.push(line);
                report.failures.push(trouble);
                continue;
            }
            Err(trouble) => return Err(trouble),
        };
        line.status = "complete".to_owned();
        line.account.read = counts.read();
        (line.account.filtered, line.account.rejected) = (counts.filtered, counts.rejected);
        rejected += counts.rejected;
        add(source, at, &line.format, &common, one, &mut read, report);
        report.sources.push(line);
    }
    if report.failures.len() == sources.len() {
        return Err(report.failures.remove(0));
    }
    Ok(read)
}

/// Adds what one source gave, in the canonical order of its notes.
fn add(source: &Source, at: usize, format: &str, common: &Common, mut one: One, read: &mut Read, report: &mut Report) {
    let floating = one.events.iter().filter(|event| event.when.is_floating()).count();
    if floating > 0 {
        one.notes.push(Note {
            kind: NoteKind::Repair,
            code: "floating".to_owned(),
            text: match floating {
                1 => "a time without a zone stays floating; `,zone=NAME:` before the path gives it one".to_owned(),
                n => format!("{n} times without a zone stay floating; `,zone=NAME:` before the path gives them one"),
            },
            event: None,
            locator: None,
            bytes: Vec::new(),
        });
    }
    one.notes.sort_by(|a, b| {
        let rank = |note: &Note| (note.locator.map_or(u64::MAX, |l| l.offset), note.kind);
        rank(a).cmp(&rank(b)).then_with(|| a.code.cmp(&b.code))
    });
    report.notes.extend(one.notes.into_iter().map(|note| Noted {
        of: source.label.clone(),
        format: format.to_owned(),
        note,
    }));
    read.facts.append(&mut one.facts);
    read.records.extend(one.events.into_iter().map(|event| record(event, at, source, common)));
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

type Split = (Common, Option<String>, Vec<(String, String)>);

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

fn one(
    source: &Source,
    entry: &Entry,
    opened: Opened,
    options: Options,
    limits: &Limits,
    rejected: u64,
) -> Result<(annals_core::plugin::ImportCounts, One), Trouble> {
    let host = Collector { notes: RefCell::default(), facts: RefCell::default(), rejects: Cell::new(rejected), limits };
    let request = ImportRequest { options, max_record: limits.max_record, ..ImportRequest::default() };
    let mut events = Vec::new();
    let counts = (|| {
        let mut stream = entry.format.import(Box::new(opened), &source.label, &request, &host)?;
        while let Some(mut batch) = stream.next_events()? {
            events.append(&mut batch);
        }
        stream.finish()
    })();
    let over = host.over_limit().then_some(limits.max_rejects).flatten();
    match (over, counts) {
        (Some(limit), _) => Err(Trouble {
            ends_run: true,
            ..Trouble::new(format!("more than {limit} records were rejected"))
                .cause(last_reject(&host.notes.borrow(), source))
                .hint("raise `--max-rejects`; `--rejects FILE` then keeps all of them")
        }),
        (None, Ok(counts)) => {
            Ok((counts, One { events, facts: host.facts.into_inner(), notes: host.notes.into_inner() }))
        }
        (None, Err(failure)) => Err(trouble_of(failure, source, entry)),
    }
}

fn last_reject(notes: &[Note], source: &Source) -> String {
    let note = notes.iter().rfind(|note| note.kind == NoteKind::Reject);
    note.map_or_else(String::new, |note| {
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

/// A record ready for the merge: claims complete, minted ids dropped, common options applied.
fn record(mut event: Event, at: usize, source: &Source, common: &Common) -> Record {
    if event.id.as_deref().is_some_and(|id| id.is_empty() || key::is_minted(id)) {
        event.id = None;
    }
    if event.claims.is_empty() {
        event.claims.push(Claim::default());
    }
    let mut local = None;
    for claim in event.claims.iter_mut().filter(|claim| claim.is_own()) {
        claim.source.clone_from(&source.label);
        if event.id.is_none() {
            local = local.or_else(|| claim.id.clone());
        }
    }
    if let (Some(scope), Some(id)) = (&common.id_scope, &local) {
        event.id = Some(format!("{scope}:{id}"));
        local = None;
    } else if let (Some(scope), Some(id)) = (&common.id_scope, &event.id) {
        // A real id that collides with other sources' is told apart by its scope.
        event.id = Some(format!("{scope}:{id}"));
    }
    event.claims.sort();
    event.claims.dedup();
    if event.lane.is_none() {
        event.lane.clone_from(&common.lane);
    }
    for tag in &common.tags {
        if !event.tags.contains(tag) {
            event.tags.push(tag.clone());
        }
    }
    if let Some(host) = &common.host
        && !event.actors.iter().any(|actor| actor.role.as_deref() == Some("host"))
    {
        event.actors.push(Actor { name: Some(host.clone()), role: Some("host".to_owned()), address: None });
    }
    Record { event, source: at, local }
}

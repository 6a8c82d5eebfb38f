//! Writes the timeline through exporters.

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use annals_core::account::OutputAccount;
use annals_core::host::Failure;
use annals_core::plugin::Options;
use annals_core::{Fact, Host, Note};
use arrow_array::RecordBatch;

use crate::engine::Settings;
use crate::exit::Trouble;
use crate::import::plugin_failed;
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::output::{self, Pending};
use crate::registry::{Entry, Registry};
use crate::report::{Noted, OutputReport, Report};
use crate::spec::{Spec, typed_options};

/// An output as given: with a path that tells its format, or with both.
pub type Target = Spec;

/// Where what is told about a run goes.
pub struct SideFiles<'a> {
    /// `--report`
    pub report: Option<&'a Path>,
    /// `--rejects`
    pub rejects: Option<&'a Path>,
    /// `--explain`
    pub explain: Option<&'a Path>,
}

/// An output whose format is known.
pub struct Resolved<'a> {
    path: String,
    entry: &'a Entry,
    options: Options,
}

impl Resolved<'_> {
    /// Whether what is written cannot be taken back.
    pub fn is_final(&self) -> bool {
        self.path != "/dev/null" && output::is_device(&self.path)
    }
}

/// Finds the formats of all outputs and refuses what cannot be written, before anything is read.
pub fn resolve<'a>(
    targets: &[Target],
    files: &SideFiles<'_>,
    registry: &'a Registry,
) -> Result<Vec<Resolved<'a>>, Trouble> {
    let side = [files.report, files.rejects, files.explain]
        .into_iter()
        .flatten()
        .map(|path| path.to_string_lossy().into_owned());
    let paths: Vec<String> = targets.iter().map(|target| target.path.clone()).chain(side).collect();
    output::check_distinct(&paths)?;
    for path in paths.iter().filter(|path| *path != "-") {
        let parent = Path::new(path).parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
            let trouble = Trouble::new(format!("cannot write `{path}`"));
            return Err(if parent.exists() {
                trouble.cause(format!("`{}` is not a folder", parent.display()))
            } else {
                trouble
                    .cause(format!("the folder `{}` does not exist", parent.display()))
                    .hint(format!("create it first: `mkdir -p {}`", parent.display()))
            });
        }
    }
    targets.iter().map(|target| resolve_one(target, registry)).collect()
}

fn resolve_one<'a>(target: &Target, registry: &'a Registry) -> Result<Resolved<'a>, Trouble> {
    let entry = match target.format.as_deref() {
        Some(name) => registry.named(name)?,
        None => registry.for_output(&target.path)?,
    };
    if !entry.format.can_export() {
        return Err(Trouble::new(format!("format `{}` can only be read, not written", entry.format.name())));
    }
    let options = typed_options(&entry.format, &target.options)?;
    Ok(Resolved { path: target.path.clone(), entry, options })
}

/// Keeps what an export tells.
struct Collector<'a> {
    notes: RefCell<Notes>,
    note_file: RefCell<NoteFile>,
    /// Notes that could not be kept.
    failed: RefCell<Option<Trouble>>,
    /// Another output has failed.
    stop: &'a AtomicBool,
}

impl Host for Collector<'_> {
    fn cancelled(&self) -> bool {
        interrupt::requested() || self.failed.borrow().is_some() || self.stop.load(Ordering::Relaxed)
    }

    fn note(&self, note: &Note) {
        if let Err(trouble) = self.notes.borrow_mut().push(note.clone(), &mut self.note_file.borrow_mut()) {
            self.failed.borrow_mut().get_or_insert(trouble);
        }
    }

    fn fact(&self, _: &Fact) {}
}

/// How many batches wait for an exporter.
const WAITING: usize = 2;

/// Writes the timeline to every output, each on a thread of its own; none is in its place yet. `next` gives the events.
pub fn all(
    next: &mut dyn FnMut() -> Result<Option<RecordBatch>, Trouble>,
    facts: &[Fact],
    targets: &[Resolved<'_>],
    settings: &Settings,
    report: &mut Report,
) -> Result<Vec<Pending>, Trouble> {
    let pending: Vec<Pending> =
        targets.iter().map(|target| Pending::new(&target.path, &settings.temp_dir)).collect::<Result<_, Trouble>>()?;
    let stop = AtomicBool::new(false);
    let (streamed, written) = thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for (target, pending) in targets.iter().zip(pending) {
            let (sender, receiver) = mpsc::sync_channel(WAITING);
            let stop = &stop;
            senders.push(sender);
            threads.push(scope.spawn(move || one(target, pending, facts, receiver, &settings.temp_dir, stop)));
        }
        let mut kept = 0;
        let streamed = (|| {
            while let Some(batch) = next()? {
                kept += batch.num_rows() as u64;
                settings.progress.events(batch.num_rows() as u64);
                for sender in &senders {
                    if sender.send(Ok(batch.clone())).is_err() {
                        // An output has failed; its thread says why.
                        stop.store(true, Ordering::Relaxed);
                        return Ok(kept);
                    }
                }
                if interrupt::requested() {
                    return Err(Trouble::interrupted());
                }
            }
            Ok(kept)
        })();
        if streamed.is_err() {
            stop.store(true, Ordering::Relaxed);
            // Otherwise an exporter would take the end of the events for the end of the timeline.
            for sender in &senders {
                let _ = sender.send(Err(annals_core::Error::new("the merge failed")));
            }
        }
        drop(senders);
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let written: Vec<Result<Written, Trouble>> = threads.into_iter().map(join).collect();
        (streamed, written)
    });
    // An output that was stopped is not what went wrong.
    let failed =
        written.iter().filter_map(|written| written.as_ref().err()).min_by_key(|trouble| trouble.is_interrupted());
    let kept = match (streamed, failed) {
        (Err(trouble), _) => return Err(trouble),
        (Ok(_), Some(trouble)) => return Err(trouble.clone()),
        (Ok(kept), None) => kept,
    };
    let mut outputs = Vec::new();
    for (target, written) in targets.iter().zip(written) {
        let Written { pending, account, notes } = written?;
        let format = &target.entry.format;
        if !account.balances(kept) {
            let lie = format!("the plugin took {} of {kept} events", account.written + account.omitted);
            return Err(trouble_of(Failure::Plugin(annals_core::Error::new(lie)), target));
        }
        if !notes.is_empty() {
            report.notes.push(Noted { of: target.path.clone(), format: format.name(), notes });
        }
        report.outputs.push(OutputReport { path: target.path.clone(), format: format.name(), account });
        outputs.push(pending);
    }
    Ok(outputs)
}

/// An output that has been written.
struct Written {
    pending: Pending,
    account: OutputAccount,
    notes: Notes,
}

fn one(
    target: &Resolved<'_>,
    pending: Pending,
    facts: &[Fact],
    batches: mpsc::Receiver<Result<RecordBatch, annals_core::Error>>,
    temp_dir: &Path,
    stop: &AtomicBool,
) -> Result<Written, Trouble> {
    let note_file = RefCell::new(NoteFile::new(temp_dir));
    let host = Collector { notes: RefCell::default(), note_file, failed: RefCell::default(), stop };
    let mut writer = BufWriter::with_capacity(64 << 10, pending);
    let counts = target.entry.format.export(batches.into_iter(), facts, &target.options, &mut writer, &host);
    let flushed = writer.flush();
    // What could not be written is not tried again.
    let (pending, _) = writer.into_parts();
    if let Some(trouble) = host.failed.take() {
        return Err(trouble);
    }
    let counts = counts.map_err(|failure| trouble_of(failure, target))?;
    flushed.map_err(|error| cannot_write(target).cause(error))?;
    let account = OutputAccount { written: counts.read - counts.omitted, filtered: 0, omitted: counts.omitted };
    Ok(Written { pending, account, notes: host.notes.into_inner() })
}

fn cannot_write(target: &Resolved<'_>) -> Trouble {
    Trouble::new(format!("cannot write `{}`", target.path))
}

fn trouble_of(failure: Failure, target: &Resolved<'_>) -> Trouble {
    let trouble = cannot_write(target);
    match failure {
        Failure::Io(error) => trouble.cause(error),
        Failure::Cancelled => Trouble::interrupted(),
        Failure::Refused(error) => Trouble { hint: error.hint, ..trouble.cause(error.message) },
        Failure::Plugin(error) => plugin_failed(target.entry, &target.path, error),
    }
}

/// The report and the rejected records, ready to be put into place.
pub fn side_files(paths: &SideFiles<'_>, report: &Report, temp_dir: &Path) -> Result<Vec<Pending>, Trouble> {
    let mut files = Vec::new();
    let mut add = |path: &Path, write: &dyn Fn(&mut dyn Write) -> std::io::Result<()>| {
        let name = path.to_string_lossy();
        let mut writer = BufWriter::new(Pending::new(&name, temp_dir)?);
        let written = write(&mut writer).and_then(|()| writer.flush());
        let (pending, _) = writer.into_parts();
        written.map_err(|error| Trouble::new(format!("cannot write `{name}`")).cause(error))?;
        files.push(pending);
        Ok(())
    };
    if let Some(path) = paths.report {
        add(path, &|out| report.write_json(out))?;
    }
    if let Some(path) = paths.rejects {
        add(path, &|out| report.write_rejects(out))?;
    }
    Ok(files)
}

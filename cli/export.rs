//! Writes the timeline through exporters.

use std::cell::RefCell;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use annals_core::account::OutputAccount;
use annals_core::host::Failure;
use annals_core::plugin::Options;
use annals_core::{Event, Fact, Host, Note};
use arrow_array::RecordBatch;

use crate::engine::Timeline;
use crate::exit::{Exit, Trouble};
use crate::interrupt;
use crate::output::{self, Pending};
use crate::registry::{Entry, Registry};
use crate::report::{Noted, OutputReport, Report};
use crate::spec::{Spec, typed_options};

/// An output as given: with a path that tells its format, or with both.
pub type Target = Spec;

/// Where the report and the rejected records go.
pub type SideFiles<'a> = (Option<&'a Path>, Option<&'a Path>);

/// An output whose format is known.
pub struct Resolved<'a> {
    path: String,
    entry: &'a Entry,
    options: Options,
}

/// Finds the formats of all outputs and refuses what cannot be written, before anything is read.
pub fn resolve<'a>(
    targets: &[Target],
    (report, rejects): SideFiles<'_>,
    registry: &'a Registry,
) -> Result<Vec<Resolved<'a>>, Trouble> {
    let side = [report, rejects].into_iter().flatten().map(|path| path.to_string_lossy().into_owned());
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
    let options = typed_options(entry.format, &target.options)?;
    Ok(Resolved { path: target.path.clone(), entry, options })
}

/// Keeps what an export tells.
#[derive(Default)]
struct Collector(RefCell<Vec<Note>>);

impl Host for Collector {
    fn cancelled(&self) -> bool {
        interrupt::requested()
    }

    fn note(&self, note: &Note) {
        self.0.borrow_mut().push(note.clone());
    }

    fn fact(&self, _: &Fact) {}
}

/// The events of a timeline, shared by its outputs.
struct Events {
    all: Arc<Vec<Event>>,
    at: usize,
}

impl Iterator for Events {
    type Item = Result<RecordBatch, annals_core::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.all.get(self.at..).filter(|rest| !rest.is_empty())?;
        let some = &rest[..rest.len().min(4096)];
        self.at += some.len();
        Some(Ok(annals_core::table::to_batch(some, None)))
    }
}

/// Writes the timeline to every output, none of which is in its place yet.
pub fn all(timeline: Timeline, targets: &[Resolved<'_>], report: &mut Report) -> Result<Vec<Pending>, Trouble> {
    let kept = timeline.events.len() as u64;
    let events = Arc::new(timeline.events);
    let mut outputs = Vec::new();
    for target in targets {
        let mut pending = Pending::new(&target.path)?;
        let format = target.entry.format;
        let host = Collector::default();
        let rows = Events { all: Arc::clone(&events), at: 0 };
        let mut writer = BufWriter::with_capacity(256 << 10, pending.writer());
        let counts = format.export(rows, &timeline.facts, &target.options, &mut writer, &host);
        let flushed = writer.flush();
        drop(writer);
        let counts = counts.map_err(|failure| trouble_of(failure, target))?;
        flushed.map_err(|error| cannot_write(target).cause(error))?;
        let account = OutputAccount { written: counts.read - counts.omitted, filtered: 0, omitted: counts.omitted };
        if !account.balances(kept) {
            let lie = format!("the plugin took {} of {kept} events", counts.read);
            return Err(trouble_of(Failure::Plugin(annals_core::Error::new(lie)), target));
        }
        report.notes.extend(host.0.into_inner().into_iter().map(|note| Noted {
            of: target.path.clone(),
            format: format.name(),
            note,
        }));
        report.outputs.push(OutputReport { path: target.path.clone(), format: format.name(), account });
        outputs.push(pending);
    }
    Ok(outputs)
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
        Failure::Plugin(error) => {
            Trouble::new(format!("plugin {} failed on `{}`", target.entry.describe(), target.path))
                .cause(error)
                .hint("this is a bug of the plugin; please report it to its authors")
                .exit(Exit::Bug)
        }
    }
}

/// The report and the rejected records, ready to be put into place.
pub fn side_files((report_path, rejects_path): SideFiles<'_>, report: &Report) -> Result<Vec<Pending>, Trouble> {
    let mut files = Vec::new();
    let mut add = |path: &Path, write: &dyn Fn(&mut dyn Write) -> std::io::Result<()>| {
        let name = path.to_string_lossy();
        let mut pending = Pending::new(&name)?;
        let mut writer = BufWriter::new(pending.writer());
        let written = write(&mut writer).and_then(|()| writer.flush());
        drop(writer);
        written.map_err(|error| Trouble::new(format!("cannot write `{name}`")).cause(error))?;
        files.push(pending);
        Ok(())
    };
    if let Some(path) = report_path {
        add(path, &|out| out.write_all(report.to_json().as_bytes()))?;
    }
    if let Some(path) = rejects_path {
        add(path, &|out| report.write_rejects(out))?;
    }
    Ok(files)
}

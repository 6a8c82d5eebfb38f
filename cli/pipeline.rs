//! The data flow: sources -> importers -> one merge -> exporters -> outputs.

mod streaming;

use std::path::PathBuf;

use annals_core::account::Account;

use crate::engine::{self, Explain, Left, Merged, Settings};
use crate::exit::Trouble;
use crate::export::{self, Resolved, SideFiles, Target};
use crate::import::{self, Importing, Limits, late};
use crate::output::{self, Pending};
use crate::registry::Registry;
use crate::report::Report;
use crate::source::{self, Source};

/// What is to be read and how it is joined.
pub struct Reading {
    /// Inputs as given.
    pub inputs: Vec<String>,
    /// `-f`: the format of inputs that name none.
    pub from: Option<String>,
    /// Limits on what is read.
    pub limits: Limits,
    /// How many threads to use.
    pub threads: usize,
    /// How the engine works.
    pub settings: Settings,
    /// `--explain`
    pub explain: Option<PathBuf>,
}

/// What is to be written.
pub struct Writing {
    /// The outputs.
    pub targets: Vec<Target>,
    /// `--report`
    pub report: Option<PathBuf>,
    /// `--rejects`
    pub rejects: Option<PathBuf>,
}

/// The account, and the outputs that are to be put into place.
pub type Written = (Report, Vec<Pending>);

/// Reads, merges and writes. Nothing is put into place before everything has been written; on an error nothing is.
pub fn run(reading: &Reading, writing: &Writing, registry: &Registry) -> Result<Report, Trouble> {
    engine::heap::keep_freed();
    let side_files = SideFiles {
        report: writing.report.as_deref(),
        rejects: writing.rejects.as_deref(),
        explain: reading.explain.as_deref(),
    };
    let targets = export::resolve(&writing.targets, &side_files, registry)?;

    let sources = find(reading, registry)?;
    let (report, mut pending) = match streaming::run(reading, &sources, &targets, registry)? {
        Some(streamed) => streamed,
        None => sorted(reading, &sources, &targets, registry)?,
    };
    pending.extend(export::side_files(&side_files, &report, &reading.settings.temp_dir)?);
    output::commit(pending)?;
    reading.settings.progress.finish();
    Ok(report)
}

/// Reads all, then merges and writes it: the general way.
fn sorted(
    reading: &Reading,
    sources: &[Source],
    targets: &[Resolved<'_>],
    registry: &Registry,
) -> Result<Written, Trouble> {
    let mut report = Report::default();
    let mut merged = merge(reading, sources, registry, &mut report)?;
    let stream = &mut merged.stream;
    let mut pending = export::all(&mut || stream.next(), &merged.facts, targets, &reading.settings, &mut report)?;
    pending.extend(merged.explain.finish()?);
    finish(&[&merged.joined, merged.stream.accounts()], &mut report);
    Ok((report, pending))
}

/// Finds what is to be read, and how much it is.
pub fn find(reading: &Reading, registry: &Registry) -> Result<Vec<Source>, Trouble> {
    let sources = source::find(&reading.inputs, registry)?;
    let bytes: Option<u64> = sources.iter().map(Source::size).sum();
    if let Some(bytes) = bytes {
        reading.settings.input_bytes.get_or_init(|| bytes);
    }
    Ok(sources)
}

/// Reads and merges; the events are still to come out of the stream.
pub fn merge(
    reading: &Reading,
    sources: &[Source],
    registry: &Registry,
    report: &mut Report,
) -> Result<Merged, Trouble> {
    let explain =
        reading.explain.as_ref().map(|path| Pending::new(&path.to_string_lossy(), &reading.settings.temp_dir));
    let explain = explain.transpose()?;
    let importing = Importing {
        from: reading.from.as_deref(),
        limits: &reading.limits,
        settings: &reading.settings,
        threads: reading.threads,
        registry,
    };
    let read = import::all(sources, &importing, report)?;
    let (numbers, stops) = (read.numbers, read.stops);
    let mut read_left = |left: &[Left]| late::read(sources, &importing, &numbers, &stops, left);
    let explain = Explain::to(explain);
    let mut merged = engine::merge(&reading.settings, read.got, read.failed, read.facts, explain, &mut read_left)?;
    // They have become rows, with which the engine reckons.
    report.sources.iter_mut().zip(&merged.late).for_each(|(source, late)| source.account.filtered -= late);
    report.conflicts.clone_from(&merged.conflicts);
    report.unjudged = std::mem::take(&mut merged.remarks);
    Ok(merged)
}

/// Settles the account, when all events have come out of the stream: adds what the engine counted, per source.
pub fn finish(counted: &[&[Account]], report: &mut Report) {
    for accounts in counted {
        for (source, account) in report.sources.iter_mut().zip(*accounts) {
            source.account += *account;
        }
    }
    assert!(
        report.sources.iter().all(|source| source.account.balances()),
        "the account does not balance: {:?}",
        report.sources
    );
}

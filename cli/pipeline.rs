//! The data flow: sources -> importers -> one merge -> exporters -> outputs.

use std::path::PathBuf;

use crate::engine::{self, Conflict, Dedupe, Timeline};
use crate::exit::Trouble;
use crate::export::{self, Target};
use crate::import::{self, Limits};
use crate::output;
use crate::registry::Registry;
use crate::report::Report;
use crate::source;

/// What is to be read and how it is joined.
pub struct Reading {
    /// Inputs as given.
    pub inputs: Vec<String>,
    /// `-f`: the format of inputs that name none.
    pub from: Option<String>,
    /// How far records are joined.
    pub dedupe: Dedupe,
    /// What becomes of contradictions.
    pub conflict: Conflict,
    /// Limits on what is read.
    pub limits: Limits,
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

/// Reads, merges and writes. Nothing is put into place before everything has been written; on an error nothing is.
pub fn run(reading: &Reading, writing: &Writing, registry: &Registry) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let side_files = (writing.report.as_deref(), writing.rejects.as_deref());
    let targets = export::resolve(&writing.targets, side_files, registry)?;

    let timeline = timeline(reading, registry, &mut report)?;
    let mut pending = export::all(timeline, &targets, &mut report)?;
    pending.extend(export::side_files(side_files, &report)?);
    output::commit(pending)?;
    Ok(report)
}

/// Reads and merges.
pub fn timeline(reading: &Reading, registry: &Registry, report: &mut Report) -> Result<Timeline, Trouble> {
    let sources = source::find(&reading.inputs, registry)?;
    let read = import::all(&sources, reading.from.as_deref(), &reading.limits, registry, report)?;
    let timeline = engine::merge(read.records, read.facts, sources.len(), reading.dedupe, reading.conflict)
        .map_err(|ids| conflict_trouble(&ids))?;
    for (source, merged) in report.sources.iter_mut().zip(&timeline.accounts) {
        (source.account.kept, source.account.merged) = (merged.kept, merged.merged);
    }
    report.conflicts.clone_from(&timeline.conflicts);
    assert!(report.total().balances(), "the account does not balance: {:?}", report.total());
    Ok(timeline)
}

fn conflict_trouble(ids: &[String]) -> Trouble {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > 3 { format!(" and {} more", ids.len() - 3) } else { String::new() };
    Trouble::new(format!("records contradict each other under one id and version: {}{more}", shown.join(", ")))
        .hint("`--conflict both` keeps all, `--conflict one` the smallest; `id-scope=NAME` tells sources apart")
}

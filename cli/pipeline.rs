//! The data flow: sources -> importers -> one merge -> exporters -> outputs.

use std::path::PathBuf;

use crate::engine::{self, Conflict, Dedupe};
use crate::exit::Trouble;
use crate::export::{self, Target};
use crate::import::{self, Limits};
use crate::output;
use crate::registry::Registry;
use crate::report::Report;
use crate::source;

/// What a run is to do.
pub struct Plan {
    /// Inputs as given.
    pub inputs: Vec<String>,
    /// `-f`: the format of inputs that name none.
    pub from: Option<String>,
    /// The outputs.
    pub targets: Vec<Target>,
    /// How far records are joined.
    pub dedupe: Dedupe,
    /// What becomes of contradictions.
    pub conflict: Conflict,
    /// Limits on what is read.
    pub limits: Limits,
    /// `--report`
    pub report: Option<PathBuf>,
    /// `--rejects`
    pub rejects: Option<PathBuf>,
}

/// Runs it. Nothing is put into place before everything has been written; on an error nothing is.
pub fn run(plan: &Plan, registry: &Registry) -> Result<Report, Trouble> {
    let mut report = Report::default();
    let sources = source::find(&plan.inputs, registry)?;
    let targets = export::resolve(&plan.targets, plan.report.as_deref(), plan.rejects.as_deref(), registry)?;

    let read = import::all(&sources, plan.from.as_deref(), &plan.limits, registry, &mut report)?;
    let timeline = engine::merge(read.records, read.facts, sources.len(), plan.dedupe, plan.conflict)
        .map_err(|ids| conflict_trouble(&ids))?;
    for (source, merged) in report.sources.iter_mut().zip(&timeline.accounts) {
        (source.account.kept, source.account.merged) = (merged.kept, merged.merged);
    }
    report.conflicts = timeline.conflicts.clone();

    let mut pending = export::all(timeline, &targets, &mut report)?;
    assert!(report.total().balances(), "the account does not balance: {:?}", report.total());
    pending.extend(export::side_files(plan.report.as_deref(), plan.rejects.as_deref(), &report)?);
    output::commit(pending)?;
    Ok(report)
}

fn conflict_trouble(ids: &[String]) -> Trouble {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > 3 { format!(" and {} more", ids.len() - 3) } else { String::new() };
    Trouble::new(format!("records contradict each other under one id and version: {}{more}", shown.join(", ")))
        .hint("`--conflict both` keeps all, `--conflict one` the smallest; `id-scope=NAME` tells sources apart")
}

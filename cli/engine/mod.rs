//! The merge engine: records of all sources become one timeline, in bounded memory.
//!
//! ```text
//! batches ─intake─▶ chunks ─run─▶ runs sorted by time ────────────────┐
//!             └───▶ entries ─▶ groups: rows with company              ├─run::Merge─▶ stream ─▶ batches
//!                              └─join─▶ what they become, sorted ─────┘
//! ```
//!
//! A row has company if another row has its id and instance, or says the same. Such rows are found by hashes of what
//! they may have in common, taken out, and joined (`identity`, `exact`) after their equality is verified; all others
//! pass. What does not fit the memory limit goes to temporary files (`spill`).
//!
//! Sources that are in order already, and without ids, go through it in windows while they are being read (`window`).

mod ahead;
mod assertion;
mod chunk;
mod entries;
mod exact;
pub mod expand;
mod explain;
pub mod filter;
pub mod heap;
mod identity;
mod intake;
mod join;
mod order;
mod plain;
mod run;
mod sorter;
mod stream;
#[cfg(test)]
mod tests;
mod window;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use annals_core::account::Account;
use annals_core::{Claim, Event, Fact};
use serde_json::json;

pub use assertion::canonical;
pub use chunk::Chunk;
pub use entries::{Left, NUMBERS};
pub use explain::Explain;
pub use intake::{Got, Intake, Numbers};
pub use run::Chunks;
pub use stream::Stream;
pub use window::{Ordered, Windows};

use crate::exit::Trouble;
use crate::progress::Progress;
use crate::spill::SpillFile;
use entries::groups;
use expand::{Calendars, Expand};
use filter::Filter;
use heap::give_back;
use join::Joiner;
use order::Order;
use run::{FAN_IN, Merge};
use zones::Zones;

/// How far records are joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Dedupe {
    /// Not at all; only a source given twice is one
    None,
    /// Records of one id, the newest version of them
    Identity,
    /// And equal records without an id, across sources
    #[default]
    Exact,
}

/// What becomes of records of one id and version that contradict each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Conflict {
    /// Each stays, marked as a conflict
    #[default]
    Both,
    /// The smallest stays, the others become its claims
    One,
    /// Stop and write nothing
    Fail,
}

/// How the engine works.
pub struct Settings {
    /// How far records are joined.
    pub dedupe: Dedupe,
    /// What becomes of contradictions.
    pub conflict: Conflict,
    /// What stays.
    pub filter: Filter,
    /// The time whose instances series become.
    pub expand: Option<Expand>,
    /// About how many bytes of memory to use.
    pub memory: usize,
    /// How many bytes the inputs have, once that is known.
    pub input_bytes: OnceLock<u64>,
    /// Where temporary files go.
    pub temp_dir: PathBuf,
    /// Who is told how far it is.
    pub progress: Progress,
}

impl Settings {
    /// How many rows an importer gives at a time.
    pub fn batch_rows(&self) -> usize {
        (self.memory >> 14).clamp(256, run::BATCH_ROWS)
    }

    /// Inputs with fewer bytes are held in memory: that costs little, and any number of threads may read one of them.
    pub fn large_bytes(&self) -> u64 {
        (self.memory as u64 / 4).min(256 << 20)
    }

    /// About how many bytes of a large input are read at a time by one thread.
    pub fn part_bytes(&self) -> u64 {
        (self.memory as u64 / 8).clamp(256 << 10, 32 << 20)
    }

    /// How large batches in temporary files are. One of each run is in memory at once, and there are the fewer runs the
    /// smaller the input is; each batch costs time of its own.
    fn batch_bytes(&self) -> usize {
        // Rows take more room in memory than in the input.
        let runs = self
            .input_bytes
            .get()
            .map_or(FAN_IN as u64, |bytes| 4 * bytes / self.memory as u64)
            .clamp(1, FAN_IN as u64);
        (self.memory / 8 / runs as usize).clamp(64 << 10, 1 << 20)
    }
}

/// A record that is joined with others.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it says; its claims name their sources.
    pub event: Box<Event>,
    /// Which source it is from: an index into the accounts.
    pub source: usize,
    /// Its id inside that source, if it has no real one.
    pub local: Option<String>,
    /// How many more records of its source are in it.
    pub weight: u32,
    /// Whether what becomes of it is written down.
    pub explained: bool,
}

/// What is left of a record that has become part of an event.
#[derive(Clone, Debug)]
pub struct Member {
    source: usize,
    local: Option<String>,
    weight: u32,
    revision: Option<i64>,
    /// Its claim, where that is to be written down.
    claim: Option<Box<Claim>>,
}

impl Member {
    fn of(record: &Record) -> Self {
        let Record { event, source, local, weight, explained } = record;
        let claim = event.claims.first().filter(|_| *explained).cloned().map(Box::new);
        Self { source: *source, local: local.clone(), weight: *weight, revision: event.revision, claim }
    }
}

/// One event of one or more records.
#[derive(Debug)]
pub struct Joined {
    event: Box<Event>,
    /// The record that stands as it.
    standing: Member,
    /// The records that became its claims.
    others: Vec<Member>,
}

impl Joined {
    fn new(event: Box<Event>, mut members: Vec<Member>, standing: usize) -> Self {
        let standing = members.swap_remove(standing);
        Self { event, standing, others: members }
    }

    fn alone(record: Record) -> Self {
        let standing = Member::of(&record);
        Self { event: record.event, standing, others: Vec::new() }
    }
}

/// Ids with their instances, and how many events of each contradict each other.
pub type Conflicts = BTreeMap<(String, Option<String>), usize>;

/// What the filters could not judge: some of it in words, and how often.
#[derive(Debug, Default)]
pub struct Remarks {
    /// The first ones by their text.
    pub some: BTreeSet<String>,
    /// How many there were.
    pub count: usize,
}

impl Remarks {
    /// How many are kept in words.
    const KEPT: usize = 20;

    fn extend(&mut self, remarks: impl IntoIterator<Item = String>) {
        for remark in remarks {
            self.count += 1;
            self.some.insert(remark);
            if self.some.len() > Self::KEPT {
                self.some.pop_last();
            }
        }
    }
}

/// The merged timeline.
pub struct Merged {
    /// The events in order.
    pub stream: Stream,
    /// The facts, sorted, each once; with the derived kinds `zone` and `conflict`.
    pub facts: Vec<Fact>,
    /// Per source: what has become of the rows that had company.
    pub joined: Vec<Account>,
    /// What is in conflict, with how many events each has.
    pub conflicts: Conflicts,
    /// Where the merges are written down.
    pub explain: Explain,
    /// What the filters could not judge.
    pub remarks: Remarks,
    /// Per source: how many records that it had left out have been read after all.
    pub late: Vec<u64>,
}

/// Reads records that importers have left out, in the order given.
pub type ReadLeft<'a> = &'a mut dyn FnMut(&[Left]) -> Result<Late, Trouble>;

/// Records that have been read after all.
pub struct Late {
    /// The rows.
    pub got: Vec<Got>,
    /// The number of each, in the order of what was asked for.
    pub numbers: Vec<u64>,
}

/// Merges what has come in. `failed` says of each source whether it did not come in whole.
pub fn merge(
    settings: &Settings,
    got: Vec<Got>,
    failed: Vec<bool>,
    facts: Vec<Fact>,
    explain: Explain,
    read_left: ReadLeft<'_>,
) -> Result<Merged, Trouble> {
    merge_telling(&settings.progress, settings, got, failed, facts, explain, read_left)
}

/// Where importers leave out nothing.
pub fn none_left(_: &[Left]) -> Result<Late, Trouble> {
    unreachable!("importers were not told of the windows")
}

/// The same, with someone to be told how far it is.
fn merge_telling(
    progress: &Progress,
    settings: &Settings,
    got: Vec<Got>,
    failed: Vec<bool>,
    facts: Vec<Fact>,
    mut explain: Explain,
    read_left: ReadLeft<'_>,
) -> Result<Merged, Trouble> {
    let mut file = SpillFile::new(&settings.temp_dir);
    let mut joined = vec![Account::default(); failed.len()];
    let mut remarks = Remarks::default();
    let (mut zones, mut conflicts) = (Zones::default(), Conflicts::new());
    let (mut runs, mut entries, mut unjudged) = (Vec::new(), Vec::new(), false);
    for one in got {
        runs.extend(one.runs);
        entries.push(one.entries);
        unjudged |= one.unjudged;
        for (_, of_source) in one.zones.into_iter().filter(|(source, _)| !failed[*source as usize]) {
            zones.add(of_source);
        }
    }
    progress.phase("joining");
    let in_memory = runs.iter().all(|run| matches!(run, run::Run::Memory(_)));
    if !in_memory {
        give_back();
    }
    // What is written down goes by the hashes, which are the same in every run.
    let mut neighbours = in_memory && !explain.is_on();
    let mut groups = groups(entries, &failed, neighbours)?;
    let mut late = vec![0; failed.len()];
    if !groups.left.is_empty() {
        let left = std::mem::take(&mut groups.left);
        let Late { got, numbers } = read_left(&left)?;
        left.iter().for_each(|one| late[one.source as usize] += 1);
        let more = runs.len();
        runs.extend(got.into_iter().flat_map(|one| one.runs));
        if neighbours && runs[more..].iter().any(|run| !matches!(run, run::Run::Memory(_))) {
            // Those in files cannot be lent, and one group has one order.
            neighbours = false;
            groups.neighbours = Vec::new();
        }
        groups.found(&left, &numbers, neighbours);
    }
    let calendars = if settings.expand.is_some() { Calendars::of(&facts) } else { Calendars::default() };
    let joiner = Joiner {
        settings,
        failed: &failed,
        accounts: &mut joined,
        zones: &mut zones,
        calendars: &calendars,
        conflicts: &mut conflicts,
        file: &mut file,
        explain: &mut explain,
        remarks: &mut remarks,
        unjudged,
        clashes: Vec::new(),
    };
    let (more, clashes) = joiner.join(&runs, &groups)?;
    runs.extend(more);
    if settings.conflict == Conflict::Fail && !conflicts.is_empty() {
        return Err(conflict_trouble(&conflicts));
    }
    progress.phase("merging");
    if !in_memory {
        give_back();
    }
    let (groups, sources) = (Arc::new(groups), failed.len());
    let known = Arc::clone(&groups);
    // What was joined with others comes as what it has become.
    let skip = move |chunk: &chunk::Chunk, row: usize| {
        let seq = chunk.meta.seq[row];
        seq != chunk::DONE && (failed[chunk.source(row) as usize] || known.identity.get(seq) || known.content.get(seq))
    };
    let merge = Merge::new(runs, Order::Time, &mut file, settings.batch_bytes(), Some(Box::new(skip)))?;
    let stream = Stream::new(merge, groups, sources, settings.memory);
    Ok(Merged { stream, facts: all_facts(facts, &zones, clashes), joined, conflicts, explain, remarks, late })
}

fn conflict_trouble(conflicts: &Conflicts) -> Trouble {
    let mut ids: Vec<&str> = conflicts.keys().map(|(id, _)| id.as_str()).collect();
    ids.dedup();
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    let more = if ids.len() > 3 { format!(" and {} more", ids.len() - 3) } else { String::new() };
    Trouble::new(format!("records contradict each other under one id and version: {}{more}", shown.join(", ")))
        .hint("`--conflict both` keeps all, `--conflict one` the smallest; `id-scope=NAME` tells sources apart")
}

fn all_facts(facts: Vec<Fact>, zones: &Zones, clashes: Vec<serde_json::Value>) -> Vec<Fact> {
    let mut all: BTreeMap<(String, String, String), Fact> = BTreeMap::new();
    let mut add = |fact: Fact| {
        all.insert((fact.kind.clone(), fact.key.clone(), fact.value.to_string()), fact);
    };
    facts.into_iter().for_each(&mut add);
    zones.facts().for_each(&mut add);
    for mut clash in clashes {
        let key = clash["id"].as_str().unwrap_or_default().to_owned();
        let value = json!({ "instance": clash["instance"].take(), "keys": clash["keys"].take() });
        add(Fact { kind: "conflict".to_owned(), key, value });
    }
    all.into_values().collect()
}

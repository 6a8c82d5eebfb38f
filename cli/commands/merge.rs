//! `annals merge`

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::OnceLock;

use clap::Args;

use super::filtering::Filtering;
use super::plugin::registry;
use crate::args::Global;
use crate::engine::{Conflict, Dedupe, Settings};
use crate::exit::{Exit, Trouble};
use crate::import::Limits;
use crate::pipeline::{self, Reading, Writing};
use crate::progress::{Progress, When};
use crate::registry::Registry;
use crate::report::Level;
use crate::spec::Spec;

/// Merge inputs into one timeline and write it
///
/// An INPUT is a file, a folder (read recursively), a pattern, or `-` for standard input, optionally with a prefix
/// `[FORMAT][,KEY=VALUE…:]`: `jsonl,start=ts,title=msg:x.jsonl`, `,lane=Physics:a.ics`. Every format takes the
/// options label, lane, tags, zone, host and id-scope; `annals formats NAME` tells its own. Without -o and -t, JSON
/// lines go to standard output.
///
/// Exit status: 0 everything written; 1 written, but records were rejected or omitted or a source failed; 2 nothing
/// written; 3 nothing written, a bug of annals or of a plugin; 130 interrupted.
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// What to read: `[FORMAT][,KEY=VALUE…:]PATH`
    #[arg(value_name = "INPUT")]
    pub inputs: Vec<String>,
    /// Read more inputs from a file, one a line (`-` for standard input)
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// The format of inputs that name none
    #[arg(short, long, value_name = "FORMAT")]
    pub from: Option<String>,
    /// Write to this file: `[FORMAT[,KEY=VALUE…]:]PATH` (repeatable; format from its name)
    #[arg(short, long, value_name = "OUTPUT")]
    pub output: Vec<String>,
    /// Write this format to standard output: `FORMAT[,KEY=VALUE…]`
    #[arg(short, long, value_name = "FORMAT")]
    pub to: Option<String>,
    #[command(flatten)]
    pub joining: Joining,
    /// Write the account of the run to this file (JSON)
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write the rejected records to this file (JSON lines)
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Exit with 0 even if records were rejected or omitted, or a source failed
    #[arg(long)]
    pub lenient: bool,
}

/// Options of whatever reads and merges.
#[derive(Args, Debug)]
pub struct Joining {
    /// How far records are joined
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    pub dedupe: Dedupe,
    /// What becomes of records of one id and version that contradict each other
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    pub conflict: Conflict,
    /// Go on when a source fails; it then contributes nothing
    #[arg(long)]
    pub keep_going: bool,
    /// Stop, with nothing written, when more records than this are rejected
    #[arg(long, value_name = "N")]
    pub max_rejects: Option<u64>,
    /// Reject records larger than this (K, M and G are powers of 1024)
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_record)]
    pub max_record: usize,
    #[command(flatten)]
    pub filtering: Filtering,
    /// Write each merge, with rule, members and what they say otherwise, to this file (JSON lines)
    #[arg(long, value_name = "FILE")]
    pub explain: Option<PathBuf>,
    /// Use about this much memory; what is beyond goes to temporary files [default: a quarter of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = parse_memory, help_heading = "Resources")]
    pub memory: Option<usize>,
    /// Read with this many threads; the outputs do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = parse_threads, help_heading = "Resources")]
    pub threads: Option<usize>,
    /// Where temporary files go [default: the system's folder for them]
    #[arg(long, value_name = "DIR", help_heading = "Resources")]
    pub temp_dir: Option<PathBuf>,
    /// When to show how far a long run is
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Resources")]
    pub progress: When,
}

impl Joining {
    /// What is to be read, and how.
    pub fn reading(&self, inputs: Vec<String>, from: Option<String>, quiet: bool) -> Result<Reading, Trouble> {
        let limits = Limits { max_record: self.max_record, max_rejects: self.max_rejects, keep_going: self.keep_going };
        let settings = Settings {
            input_bytes: OnceLock::new(),
            dedupe: self.dedupe,
            conflict: self.conflict,
            filter: self.filtering.filter()?,
            expand: self.filtering.expand()?,
            memory: self.memory.unwrap_or_else(default_memory),
            temp_dir: self.temp_dir.clone().unwrap_or_else(std::env::temp_dir),
            progress: Progress::new(if quiet { When::Never } else { self.progress }),
        };
        let threads = self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
        Ok(Reading { inputs, from, limits, threads, settings, explain: self.explain.clone() })
    }
}

/// A quarter of the machine's memory.
fn default_memory() -> usize {
    let total = memory_of_machine().unwrap_or(4 << 30);
    usize::try_from(total / 4).unwrap_or(usize::MAX)
}

/// What the system has, or the control group that the process is in.
fn memory_of_machine() -> Option<u64> {
    let kilobytes = |line: &str| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok();
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = text.lines().find_map(kilobytes)? << 10;
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    Some(group.and_then(|limit| limit.trim().parse().ok()).map_or(total, |limit: u64| limit.min(total)))
}

/// The size of the largest record: the columns of a batch have room for 2 GiB of text.
pub fn parse_record(text: &str) -> Result<usize, String> {
    parse_size(text).and_then(|size| if size > 1 << 30 { Err("at most 1G".to_owned()) } else { Ok(size) })
}

pub fn parse_memory(text: &str) -> Result<usize, String> {
    parse_size(text).and_then(|size| if size < 1 << 20 { Err("at least 1M".to_owned()) } else { Ok(size) })
}

fn parse_threads(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|threads| (1..=1024).contains(threads)).ok_or_else(|| "a number from 1 to 1024".to_owned())
}

fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KIB" => 1 << 10,
        "M" | "MIB" => 1 << 20,
        "G" | "GIB" => 1 << 30,
        other => return Err(format!("`{other}` is no unit; K, M or G")),
    };
    let number: usize = digits.parse().map_err(|_| "a size is a number and a unit, such as 64M".to_owned())?;
    number.checked_mul(unit).filter(|&size| size > 0).ok_or_else(|| "the size is out of range".to_owned())
}

/// Merges.
pub fn run(args: &MergeArgs, global: &Global) -> anyhow::Result<Exit> {
    let registry = registry(global)?;
    let mut inputs = args.inputs.clone();
    if let Some(path) = &args.files_from {
        inputs.extend(read_list(path)?);
    }
    if inputs.is_empty() {
        let trouble = Trouble::new("there is nothing to read");
        return Err(trouble.hint("name at least one input: `annals merge a.ics b.ics -o all.ics`").into());
    }
    if let Some(from) = &args.from {
        registry.named(from)?;
    }
    let reading = args.joining.reading(inputs, args.from.clone(), global.level() == Level::Quiet)?;
    let writing =
        Writing { targets: targets(args, &registry)?, report: args.report.clone(), rejects: args.rejects.clone() };
    let report = pipeline::run(&reading, &writing, &registry)?;
    report.print(global.level());
    if report.is_partial() && global.level() > Level::Quiet && args.rejects.is_none() && report.total().rejected > 0 {
        crate::report::hint("`--rejects FILE` keeps the rejected records");
    }
    Ok(if report.is_partial() && !args.lenient { Exit::Partial } else { Exit::Done })
}

fn targets(args: &MergeArgs, registry: &Registry) -> Result<Vec<Spec>, Trouble> {
    let mut targets: Vec<Spec> = args.output.iter().map(|output| Spec::parse(output, registry)).collect();
    let to_stdout = match &args.to {
        Some(to) => Some(Spec::parse_format(to, registry)?),
        None if targets.is_empty() => Some(Spec { format: Some("jsonl".to_owned()), ..Spec::default() }),
        None => None,
    };
    // `-t FORMAT -o -` says the same thing twice.
    match (to_stdout, targets.iter_mut().find(|target| target.path == "-" && target.format.is_none())) {
        (Some(to), Some(target)) => *target = Spec { path: "-".to_owned(), ..to },
        (Some(to), None) => targets.push(Spec { path: "-".to_owned(), ..to }),
        (None, _) => {}
    }
    Ok(targets)
}

fn read_list(path: &std::path::Path) -> Result<Vec<String>, Trouble> {
    let cannot = |error: std::io::Error| Trouble::new(format!("cannot read `{}`", path.display())).cause(error);
    let reader: Box<dyn Read> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(cannot)?)
    };
    let lines: Result<Vec<String>, _> = BufReader::new(reader).lines().collect();
    Ok(lines.map_err(cannot)?.into_iter().filter(|line| !line.trim().is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes() {
        let check = |text: &str, expected: Option<usize>| assert_eq!(parse_size(text).ok(), expected, "{text}");
        check("64M", Some(64 << 20));
        check("1k", Some(1024));
        check("2GiB", Some(2 << 30));
        check("100", Some(100));
        check("0", None);
        check("M", None);
        check("5T", None);
        check("99999999999999999999G", None);
    }
}

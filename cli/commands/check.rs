//! `annals check`

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::path::PathBuf;

use annals_core::plugin::{Fact, Host, ImportRequest};
use annals_core::{Note, NoteKind};
use anstyle::{AnsiColor, Style};
use clap::Args;
use serde_json::json;

use super::merge::parse_record;
use super::plugin::registry;
use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::import::{Chosen, open, trouble_of};
use crate::interrupt;
use crate::notes::{NoteFile, Notes};
use crate::registry::Registry;
use crate::report::{Level, clean, line, print_error};
use crate::source::{self, Source};

/// Check files against the specification of their format
///
/// Prints what is wrong, a line each: `FILE:LINE: error[CODE]: what, what to do, and where the specification says so`.
/// An error is what the specification forbids, a warning what it allows but programs read in different ways. Formats
/// without a check of their own are read, and what had to be repaired or rejected is told.
///
/// The exit code is 0 if nothing was found, 1 if something was, 2 if a file could not be checked.
#[derive(Args, Debug)]
#[command(
    after_help = "Formats with a check of their own: ics (RFC 5545 and what extends it); of others, `annals formats NAME` \
                  tells.\n\nExamples:\n  annals check *.ics\n  annals check --errors --json calendar.ics | jq -r .code | sort | uniq -c"
)]
pub struct CheckArgs {
    /// Files, folders and patterns, as for `annals merge`
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<String>,
    /// The format of inputs that name none
    #[arg(short, long, value_name = "FORMAT")]
    from: Option<String>,
    /// Find errors only, no warnings
    #[arg(long)]
    errors: bool,
    /// Print JSON lines: path, line, offset, len, severity, code, event, text
    #[arg(long)]
    json: bool,
    /// The largest record
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_record)]
    max_record: usize,
    /// Where temporary files go, if there are very many findings
    #[arg(long, value_name = "DIR")]
    temp_dir: Option<PathBuf>,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Keeps what is found in one file.
struct Found {
    notes: RefCell<Notes>,
    file: RefCell<NoteFile>,
    failed: RefCell<Option<Trouble>>,
    errors_only: bool,
    counts: [Cell<u64>; 2],
}

impl Host for Found {
    fn cancelled(&self) -> bool {
        interrupt::requested() || self.failed.borrow().is_some()
    }

    fn note(&self, note: &Note) {
        let is_error = note.kind == NoteKind::Reject;
        if self.errors_only && !is_error {
            return;
        }
        let count = &self.counts[usize::from(is_error)];
        count.set(count.get() + 1);
        // The record itself is not told.
        let note = Note { bytes: Vec::new(), ..note.clone() };
        if let Err(trouble) = self.notes.borrow_mut().push(note, &mut self.file.borrow_mut()) {
            self.failed.borrow_mut().get_or_insert(trouble);
        }
    }

    fn fact(&self, _: &Fact) {}
}

/// Checks.
pub fn run(args: &CheckArgs, global: &Global) -> anyhow::Result<Exit> {
    let registry = registry(global)?;
    let sources = source::find(&args.inputs, &registry)?;
    let temp_dir = args.temp_dir.clone().unwrap_or_else(std::env::temp_dir);
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let (mut errors, mut warnings, mut failed) = (0, 0, 0);
    for source in &sources {
        let found = Found {
            notes: RefCell::default(),
            file: RefCell::new(NoteFile::new(&temp_dir)),
            failed: RefCell::default(),
            errors_only: args.errors,
            counts: Default::default(),
        };
        let checked = check(source, args, &registry, &found);
        let [of_warning, of_error] = found.counts.each_ref().map(Cell::get);
        (errors, warnings) = (errors + of_error, warnings + of_warning);
        found.notes.borrow().each(|note| print(source, note, args.json, &mut out))?;
        if let Err(trouble) = found.failed.take().map_or(checked, Err) {
            out.flush()?;
            if trouble.exit != Exit::Nothing {
                return Err(trouble.into());
            }
            failed += 1;
            print_error(&trouble);
        }
    }
    out.flush()?;
    if global.level() != Level::Quiet {
        line(&summary(sources.len(), errors, warnings, failed));
    }
    Ok(match (failed, errors + warnings) {
        (0, 0) => Exit::Done,
        (0, _) => Exit::Partial,
        _ => Exit::Nothing,
    })
}

fn check(source: &Source, args: &CheckArgs, registry: &Registry, found: &Found) -> Result<(), Trouble> {
    let Chosen { opened, entry, options, .. } = open(source, args.from.as_deref(), registry)?;
    let request = ImportRequest { options, max_record: args.max_record, ..ImportRequest::default() };
    let trouble = |failure| trouble_of(failure, source, entry);
    if entry.format.can_validate() {
        return entry.format.validate(opened, &source.label, &request, found).map_err(trouble);
    }
    let mut stream = entry.format.import(opened, &source.label, &request, found).map_err(trouble)?;
    while stream.next_batch().map_err(trouble)?.is_some() {}
    stream.finish().map_err(trouble)?;
    Ok(())
}

fn print(source: &Source, note: &Note, as_json: bool, out: &mut dyn Write) -> io::Result<()> {
    let is_error = note.kind == NoteKind::Reject;
    let severity = if is_error { "error" } else { "warning" };
    let place = note.locator;
    let number = place.map(|at| at.line).filter(|line| *line > 0);
    if as_json {
        let finding = json!({
            "path": source.path, "line": number, "offset": place.map(|at| at.offset), "len": place.map(|at| at.len),
            "severity": severity, "code": note.code, "event": note.event, "text": note.text,
        });
        return writeln!(out, "{finding}");
    }
    let style = if is_error { ERROR } else { WARNING };
    let at = number.map(|line| format!(":{line}")).unwrap_or_default();
    writeln!(out, "{}{at}: {style}{severity}[{}]{style:#}: {}", clean(&source.path), note.code, clean(&note.text))
}

fn summary(files: usize, errors: u64, warnings: u64, failed: u64) -> String {
    let count = |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let mut text = match errors + warnings {
        0 => format!("{} checked, nothing found", count(files as u64 - failed, "file")),
        _ => format!(
            "{} checked: {}, {}",
            count(files as u64 - failed, "file"),
            count(errors, "error"),
            count(warnings, "warning")
        ),
    };
    if failed > 0 {
        text.push_str(&format!("; {} could not be", count(failed, "other")));
    }
    text
}

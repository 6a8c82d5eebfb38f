//! What annals tells people: the only writer to stderr. And the same for machines: the report and the rejects.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};

use annals_core::account::{Account, OutputAccount};
use annals_core::{Note, NoteKind};
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::json;

use crate::engine::{Conflicts, Remarks};
use crate::exit::{Place, Trouble};
use crate::notes::Notes;

/// How many notes of one code a source gets to show.
const SHOWN: usize = 3;
/// The longest line of an input that an error shows, in characters.
const LINE_SHOWN: usize = 100;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const QUIET: Style = AnsiColor::Cyan.on_default();

/// How much to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Errors only
    Quiet,
    /// Notes in short, and the account
    #[default]
    Normal,
    /// Every note
    Verbose,
}

/// A source in the report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SourceReport {
    /// Its name in claims.
    pub label: String,
    /// Its path as given.
    pub path: String,
    /// The format it was read with.
    pub format: String,
    /// The plugin that read it.
    pub plugin: String,
    /// How the plugin is carried.
    pub carrier: String,
    /// `complete` or `failed`.
    pub status: String,
    /// Its account.
    #[serde(flatten)]
    pub account: Account,
}

/// An output in the report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct OutputReport {
    /// Its path as given.
    pub path: String,
    /// The format it was written in.
    pub format: String,
    /// Its account.
    #[serde(flatten)]
    pub account: OutputAccount,
}

/// Notes, and whose they are.
pub struct Noted {
    /// The source's label or the output's path.
    pub of: String,
    /// The format.
    pub format: String,
    /// The notes.
    pub notes: Notes,
}

/// The account of a run.
#[derive(Default)]
pub struct Report {
    /// The sources, in order of their labels.
    pub sources: Vec<SourceReport>,
    /// The outputs, in the order given.
    pub outputs: Vec<OutputReport>,
    /// What is in conflict, with how many events each has.
    pub conflicts: Conflicts,
    /// What the filters could not judge.
    pub unjudged: Remarks,
    /// The notes: per source, then per output.
    pub notes: Vec<Noted>,
    /// Failed sources under `--keep-going`.
    pub failures: Vec<Trouble>,
}

impl Report {
    /// The account of all sources.
    pub fn total(&self) -> Account {
        let mut total = Account::default();
        self.sources.iter().for_each(|source| total += source.account);
        total
    }

    /// Whether a record was rejected or omitted, or a source failed.
    pub fn is_partial(&self) -> bool {
        self.total().rejected > 0
            || self.outputs.iter().any(|output| output.account.omitted > 0)
            || !self.failures.is_empty()
    }

    /// Writes the report as JSON.
    pub fn write_json(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let total = self.total();
        let report = json!({
            "read": total.read, "expanded": total.expanded, "kept": total.kept, "merged": total.merged,
            "filtered": total.filtered, "rejected": total.rejected, "conflicts": self.conflicts.len(),
            "sources": self.sources, "outputs": self.outputs,
            "conflict_ids": self.conflicts.keys().map(|(id, _)| id).collect::<BTreeSet<_>>(),
            "unjudged": self.unjudged.some,
            "failures": self.failures.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "notes": [],
        });
        let report = format!("{report:#}");
        let head = report.strip_suffix("[]\n}").expect("the notes come last");
        out.write_all(head.as_bytes())?;
        let mut any = false;
        for noted in &self.notes {
            noted.notes.each(|note| {
                let key = if note.kind <= NoteKind::Repair { "source" } else { "output" };
                let note = json!({
                    "kind": note.kind.name(), "code": note.code, key: noted.of, "event": note.event,
                    "offset": note.locator.map(|l| l.offset), "len": note.locator.map(|l| l.len),
                    "line": note.locator.map(|l| l.line).filter(|&line| line > 0), "text": note.text,
                });
                let note = format!("{note:#}").replace('\n', "\n    ");
                write!(out, "{}\n    {note}", if any { "," } else { "[" })?;
                any = true;
                Ok(())
            })?;
        }
        out.write_all(if any { b"\n  ]\n}\n" } else { b"[]\n}\n" })
    }

    /// The rejected records as JSON lines.
    pub fn write_rejects(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for noted in &self.notes {
            noted.notes.each(|note| {
                if note.kind != NoteKind::Reject {
                    return Ok(());
                }
                let text = std::str::from_utf8(&note.bytes).ok();
                let bytes = text.is_none().then(|| annals_core::key::hex(&note.bytes));
                let line = json!({
                    "source": noted.of, "format": noted.format, "code": note.code, "reason": note.text,
                    "offset": note.locator.map(|l| l.offset), "len": note.locator.map(|l| l.len),
                    "line": note.locator.map(|l| l.line).filter(|&line| line > 0),
                    "record": text, "record_hex": bytes,
                });
                writeln!(out, "{line}")
            })?;
        }
        Ok(())
    }

    /// Tells people: notes, conflicts, failures, and the account line.
    pub fn print(&self, level: Level) {
        self.failures.iter().for_each(print_error);
        if level == Level::Quiet {
            return;
        }
        self.print_notes(level);
        for remark in self.unjudged.some.iter().take(SHOWN) {
            warn(&clean(remark));
        }
        if self.unjudged.count > SHOWN {
            warn(&format!("… and {} more events that the filters could not judge", self.unjudged.count - SHOWN));
        }
        for ((id, instance), events) in self.conflicts.iter().take(SHOWN) {
            let instance = instance.as_ref().map(|instance| format!(", instance {instance},")).unwrap_or_default();
            let id = clean(&format!("`{id}`{instance}"));
            warn(&format!("conflict: id {id} has {events} versions that contradict each other; all are kept"));
        }
        if self.conflicts.len() > SHOWN {
            warn(&format!("… and {} more conflicts", self.conflicts.len() - SHOWN));
        }
        if !self.conflicts.is_empty() {
            hint(
                "`--conflict one` keeps the smallest; if the sources merely use the same ids for different events, \
                  read them with their own `id-scope=NAME`",
            );
        }
        line(&self.account_line());
    }

    fn print_notes(&self, level: Level) {
        // The sources of one label stand one after the other.
        for same in self.notes.chunk_by(|a, b| a.of == b.of) {
            let of = same[0].of.as_str();
            let mut groups: Vec<(String, Vec<Note>, usize)> = Vec::new();
            for noted in same {
                // Temporary data that cannot be read back cannot be told either.
                let _ = noted.notes.each(|note| {
                    let at = groups.iter().position(|(code, ..)| *code == note.code).unwrap_or_else(|| {
                        groups.push((note.code.clone(), Vec::new(), 0));
                        groups.len() - 1
                    });
                    let (_, shown, count) = &mut groups[at];
                    *count += 1;
                    if level == Level::Verbose {
                        print_note(of, note);
                    } else if shown.len() < SHOWN {
                        shown.push(note.clone());
                    }
                    Ok(())
                });
            }
            for (code, shown, count) in groups.iter().filter(|_| level != Level::Verbose) {
                shown.iter().for_each(|note| print_note(of, note));
                if *count > shown.len() {
                    warn(&format!("{of}: … and {} more [{code}]", count - shown.len()));
                }
            }
        }
    }

    /// `read 1200 = written 1100 + merged 80 + filtered 15 + rejected 5`
    pub fn account_line(&self) -> String {
        let total = self.total();
        let mut left = vec![format!("read {}", total.read)];
        if total.expanded > 0 {
            left.push(format!("expanded {}", total.expanded));
        }
        let all_written = self.outputs.iter().all(|output| output.account.written == total.kept);
        let stands = if all_written && !self.outputs.is_empty() { "written" } else { "kept" };
        let mut right = vec![format!("{stands} {}", total.kept)];
        for (name, count) in [("merged", total.merged), ("filtered", total.filtered), ("rejected", total.rejected)] {
            if count > 0 {
                right.push(format!("{name} {count}"));
            }
        }
        let mut text = format!("{} = {}", left.join(" + "), right.join(" + "));
        for output in self.outputs.iter().filter(|output| output.account.omitted > 0) {
            let OutputAccount { written, omitted, .. } = output.account;
            text.push_str(&format!("\n{}: kept {} = written {written} + omitted {omitted}", output.path, total.kept));
        }
        text
    }
}

fn print_note(of: &str, note: &Note) {
    let place = match note.locator {
        Some(locator) if locator.line > 0 => format!("{of}:{}", locator.line),
        Some(locator) => format!("{of}: byte {}", locator.offset),
        None => of.to_owned(),
    };
    let event = note.event.as_ref().filter(|_| note.kind > NoteKind::Repair);
    let event = event.map(|id| format!(" `{id}`")).unwrap_or_default();
    let (kind, code, text) = (note.kind.name(), &note.code, clean(&note.text));
    warn(&format!("{place}: {kind}{} [{code}]: {text}", clean(&event)));
}

/// Prints an error: what, why, where with the line itself, and what to do.
pub fn print_error(trouble: &Trouble) {
    let mut text = format!("{ERROR}error{ERROR:#}: {}\n", clean(&trouble.message));
    if let Some(cause) = &trouble.cause {
        text.push_str(&format!("Caused by: {}\n", clean(cause)));
    }
    if let Some(place) = &trouble.place {
        text.push_str(&show_place(place));
    }
    if let Some(hint) = &trouble.hint {
        text.push_str(&format!("{QUIET}hint{QUIET:#}: {}\n", clean(hint)));
    }
    write(&text);
}

fn show_place(place: &Place) -> String {
    let Some(number) = place.line else {
        let offset = place.offset.map(|offset| format!(": byte {offset}")).unwrap_or_default();
        return format!("  --> {}{offset}\n", clean(&place.file));
    };
    let mut text = format!("  --> {}:{number}\n", clean(&place.file));
    if let Some(line) = read_line(&place.file, number) {
        let margin = " ".repeat(number.to_string().len());
        let shown: String = clean(&line).chars().take(LINE_SHOWN).collect();
        text.push_str(&format!("{margin} |\n{number} | {shown}\n"));
        let column = usize::try_from(place.column.unwrap_or(1)).unwrap_or(1).clamp(1, LINE_SHOWN);
        text.push_str(&format!("{margin} | {}^\n", " ".repeat(column - 1)));
    }
    text
}

/// Line `number` of a regular file, cut short if it is long.
fn read_line(path: &str, number: u64) -> Option<String> {
    let file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))?;
    let mut reader = BufReader::new(file);
    for _ in 1..number {
        if reader.skip_until(b'\n').ok()? == 0 {
            return None;
        }
    }
    let mut line = Vec::new();
    reader.take(4 * LINE_SHOWN as u64).read_until(b'\n', &mut line).ok()?;
    Some(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Text from outside without control characters, which could command the terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Whether to use colours, here and on stdout.
pub fn set_color(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
        clap::ColorChoice::Always => anstream::ColorChoice::Always,
        clap::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
}

/// Prints a warning.
pub fn warn(text: &str) {
    write(&format!("{WARNING}warning{WARNING:#}: {text}\n"));
}

/// Prints a hint.
pub fn hint(text: &str) {
    write(&format!("{QUIET}hint{QUIET:#}: {text}\n"));
}

/// Prints a line as it is.
pub fn line(text: &str) {
    write(&format!("{text}\n"));
}

/// A closed stderr is no reason to stop.
fn write(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

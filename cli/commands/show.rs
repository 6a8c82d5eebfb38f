//! `annals show`

use std::io::{IsTerminal, Write};

use annals_core::Event;
use annals_core::table::from_batch;
use annals_core::when::Part;
use anstyle::{AnsiColor, Style};
use clap::Args;

use super::merge::Joining;
use super::plugin::registry;
use crate::args::Global;
use crate::exit::Exit;
use crate::report::{Level, Report, clean};
use crate::{output, pipeline};

/// Look at a timeline: date, lane and title of each event
///
/// On a terminal the columns are aligned; in a pipe they are separated by tabs, one event a line, for cut and awk.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// What to read, as for `annals merge`
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<String>,
    /// The format of inputs that name none
    #[arg(short, long, value_name = "FORMAT")]
    from: Option<String>,
    /// Show the first N events
    #[arg(short = 'n', long = "count", value_name = "N")]
    count: Option<usize>,
    #[command(flatten)]
    joining: Joining,
}

const DATE: Style = AnsiColor::Cyan.on_default();
const LANE: Style = AnsiColor::Green.on_default();
/// The widest a column gets on a terminal, in characters.
const WIDEST: usize = 25;

/// How many rows decide how wide the columns are.
const MEASURED: usize = 1000;

/// Shows.
pub fn run(args: &ShowArgs, global: &Global) -> anyhow::Result<Exit> {
    let registry = registry(global)?;
    let mut report = Report::default();
    let reading = args.joining.reading(args.inputs.clone(), args.from.clone(), global.level() == Level::Quiet)?;
    let mut merged = pipeline::merge(&reading, &pipeline::find(&reading, &registry)?, &registry, &mut report)?;
    let mut table = Table::default();
    let (mut left, mut more) = (args.count.unwrap_or(usize::MAX), 0);
    while let Some(batch) = merged.stream.next()? {
        let shown = left.min(batch.num_rows());
        reading.settings.progress.finish();
        table.print(&from_batch(&batch.slice(0, shown))?)?;
        left -= shown;
        more += batch.num_rows() - shown;
    }
    table.finish()?;
    output::commit(merged.explain.finish()?.into_iter().collect())?;
    pipeline::finish(&[&merged.joined, merged.stream.accounts()], &mut report);
    report.print(global.level());
    match more {
        0 => {}
        1 => crate::report::line("… and 1 more event"),
        more => crate::report::line(&format!("… and {more} more events")),
    }
    Ok(if report.is_partial() { Exit::Partial } else { Exit::Done })
}

/// Rows on their way to standard output.
#[derive(Default)]
struct Table {
    /// The first rows, until there are enough to know how wide the columns are.
    first: Vec<[String; 3]>,
    widths: Option<[usize; 2]>,
}

impl Table {
    fn print(&mut self, events: &[Event]) -> std::io::Result<()> {
        let rows: Vec<[String; 3]> = events.iter().map(row).collect();
        if self.widths.is_some() {
            return self.write(&rows);
        }
        self.first.extend(rows);
        if self.first.len() >= MEASURED { self.finish() } else { Ok(()) }
    }

    fn finish(&mut self) -> std::io::Result<()> {
        let first = std::mem::take(&mut self.first);
        let width = |at: usize| first.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).min(WIDEST);
        self.widths.get_or_insert_with(|| [width(0), width(1)]);
        self.write(&first)
    }

    fn write(&self, rows: &[[String; 3]]) -> std::io::Result<()> {
        let terminal = std::io::stdout().is_terminal();
        let mut out = std::io::BufWriter::new(anstream::stdout().lock());
        let [dates, lanes] = self.widths.unwrap_or_default();
        for [date, lane, title] in rows {
            if terminal {
                writeln!(out, "{DATE}{date:dates$}{DATE:#}  {LANE}{lane:lanes$}{LANE:#}  {title}")?;
            } else {
                writeln!(out, "{date}\t{lane}\t{title}")?;
            }
        }
        out.flush()
    }
}

fn row(event: &Event) -> [String; 3] {
    let one_line = |text: &str| clean(&text.split_whitespace().collect::<Vec<_>>().join(" "));
    let lane = event.lane.as_deref().or_else(|| event.claims.first().map(|claim| claim.source.as_str()));
    let title = event.title.as_deref().or(event.body.as_deref()).unwrap_or("(untitled)");
    [date(event), one_line(lane.unwrap_or("")), one_line(title)]
}

/// The start as a person would write it, without the seconds that nobody gave.
fn date(event: &Event) -> String {
    let when = &event.when;
    let part = match when.part {
        Part::Whole => "",
        Part::Early => "early ",
        Part::Mid => "mid ",
        Part::Late => "late ",
    };
    let start = when.start_text().or_else(|| when.end_text().map(|end| format!("until {end}")));
    let start = start.unwrap_or_else(|| if when.is_dated() { "unknown".to_owned() } else { "undated".to_owned() });
    match start.split_once('T') {
        Some((day, time)) => {
            let zone = time.find(['Z', '+', '-']).map_or("", |at| &time[at..]);
            let clock = &time[..time.len() - zone.len()];
            let clock = clock.strip_suffix(":00").unwrap_or(clock);
            format!("{part}{day} {clock}{zone}")
        }
        None => format!("{part}{start}"),
    }
}

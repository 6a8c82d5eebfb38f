//! `annals show`

use std::io::{IsTerminal, Write};

use annals_core::Event;
use annals_core::when::Part;
use anstyle::{AnsiColor, Style};
use clap::Args;

use super::merge::Joining;
use super::plugin::registry;
use crate::args::Global;
use crate::exit::Exit;
use crate::pipeline;
use crate::report::{Report, clean};

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

/// Shows.
pub fn run(args: &ShowArgs, global: &Global) -> anyhow::Result<Exit> {
    let registry = registry(global)?;
    let mut report = Report::default();
    let reading = args.joining.reading(args.inputs.clone(), args.from.clone());
    let timeline = pipeline::timeline(&reading, &registry, &mut report)?;
    let shown = args.count.unwrap_or(usize::MAX).min(timeline.events.len());
    print(&timeline.events[..shown])?;
    report.print(global.level());
    match timeline.events.len() - shown {
        0 => {}
        1 => crate::report::line("… and 1 more event"),
        more => crate::report::line(&format!("… and {more} more events")),
    }
    Ok(if report.is_partial() { Exit::Partial } else { Exit::Done })
}

fn print(events: &[Event]) -> std::io::Result<()> {
    let rows: Vec<[String; 3]> = events.iter().map(row).collect();
    let terminal = std::io::stdout().is_terminal();
    let mut out = std::io::BufWriter::new(anstream::stdout().lock());
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0).min(WIDEST);
    let (dates, lanes) = (width(0), width(1));
    for [date, lane, title] in &rows {
        if terminal {
            writeln!(out, "{DATE}{date:dates$}{DATE:#}  {LANE}{lane:lanes$}{LANE:#}  {title}")?;
        } else {
            writeln!(out, "{date}\t{lane}\t{title}")?;
        }
    }
    out.flush()
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

//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{ArgAction, Args, ColorChoice, Parser, Subcommand};

use crate::commands::{check, completions, formats, man, merge, plugin, show};
use crate::report::Level;
use crate::worker::Limits;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// What `annals` alone prints.
pub const EXAMPLES: &str = "\
annals merge a.ics b.ics c.jsonl -o all.ics -o all.json   merge calendars and events into two formats
annals merge a.ics | jq -r '[.start,.title]|@tsv'         one JSON object a line, for scripts
annals show *.ics                                         look at a timeline
annals check a.ics                                        is this calendar right?
annals formats                                            what can be read and written

`annals --help` tells more";

/// Merges events from any source into one accountable timeline and writes any format
///
/// annals is pandoc for timelines: importers read calendars, JSON and more into one event table, one merge joins
/// what is the same and keeps who said it, exporters write any format. Every record is accounted for.
#[derive(Debug, Parser)]
#[command(name = "annals", version, styles = STYLES, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options of every command.
#[derive(Args, Debug)]
pub struct Global {
    /// Use the plugin in this library or program (repeatable)
    ///
    /// It runs in a process of its own, without access to files and network, unless you have approved it with `annals
    /// plugin trust`.
    #[arg(long, value_name = "PATH", global = true, help_heading = "Global options")]
    pub plugin: Vec<PathBuf>,
    /// How much memory a plugin in a process of its own may use
    #[arg(long, value_name = "SIZE", global = true, default_value = PLUGIN_MEMORY, value_parser = merge::parse_memory,
          help_heading = "Global options")]
    plugin_memory: usize,
    /// After how many seconds without a sign of life such a plugin is stopped
    #[arg(long, value_name = "SECONDS", global = true, default_value_t = PLUGIN_TIMEOUT, help_heading = "Global options")]
    plugin_timeout: u64,
    /// Tell errors only
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Global options")]
    quiet: bool,
    /// Tell every note, not just the first three of a kind
    #[arg(short, long, global = true, help_heading = "Global options")]
    verbose: bool,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto, value_enum,
          hide_possible_values = false, action = ArgAction::Set, help_heading = "Global options")]
    pub color: ColorChoice,
    /// The SHA-256 of a plugin's file that is approved for this run alone; see `annals plugin dev`.
    #[arg(skip)]
    pub approved: Option<String>,
}

/// What `--plugin-memory` and `--plugin-timeout` are if nobody says it.
const PLUGIN_MEMORY: &str = "2G";
const PLUGIN_TIMEOUT: u64 = 60;

impl Global {
    /// Takes over what the command line around this one says, but for its plugins.
    pub fn inherit(&mut self, outer: &Self) {
        let default = |memory: &usize| merge::parse_memory(PLUGIN_MEMORY).is_ok_and(|default| *memory == default);
        if default(&self.plugin_memory) {
            self.plugin_memory = outer.plugin_memory;
        }
        if self.plugin_timeout == PLUGIN_TIMEOUT {
            self.plugin_timeout = outer.plugin_timeout;
        }
        if !self.quiet && !self.verbose {
            (self.quiet, self.verbose) = (outer.quiet, outer.verbose);
        }
    }

    /// What a plugin in a process of its own may use.
    pub fn plugin_limits(&self) -> Limits {
        Limits { memory: self.plugin_memory as u64, patience: Duration::from_secs(self.plugin_timeout) }
    }

    /// How much to tell.
    pub fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    #[command(visible_alias = "convert")]
    Merge(merge::MergeArgs),
    Show(show::ShowArgs),
    Check(check::CheckArgs),
    Formats(formats::FormatsArgs),
    Plugin(plugin::PluginArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

//! `annals plugin`

use std::io::Write;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::registry::{Carrier, Registry};
use crate::report;

/// Look at plugins
#[derive(Args, Debug)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// List the plugins, their formats and how they are carried
    ///
    /// A plugin named with `--plugin PATH` runs in this process with your rights: naming it is the approval.
    List,
}

/// The formats for a command that needs all plugins which the user named.
pub fn registry(global: &Global) -> Result<Registry, Trouble> {
    let registry = Registry::new(&global.plugin);
    registry.require_all()?;
    Ok(registry)
}

/// The formats for a command that only tells what there is.
pub fn registry_of_all(global: &Global) -> Registry {
    Registry::new(&global.plugin)
}

/// Tells which libraries could not be loaded, and why.
pub fn print_failed(registry: &Registry) -> Exit {
    for (path, error) in &registry.failed {
        let trouble = Trouble::new(format!("cannot load plugin `{}`", path.display())).cause(error);
        report::print_error(&Trouble { hint: error.hint.clone(), ..trouble });
    }
    if registry.failed.is_empty() { Exit::Done } else { Exit::Nothing }
}

/// Runs the subcommand.
pub fn run(args: &PluginArgs, global: &Global) -> anyhow::Result<Exit> {
    match args.command {
        PluginCommand::List => list(global),
    }
}

fn list(global: &Global) -> anyhow::Result<Exit> {
    let registry = registry_of_all(global);
    let mut out = std::io::stdout().lock();
    let mut plugins: Vec<(String, &Carrier, Vec<String>)> = Vec::new();
    for entry in &registry.entries {
        let name = format!("{} {}", entry.plugin, entry.version);
        match plugins.iter_mut().find(|(found, carrier, _)| *found == name && *carrier == &entry.carrier) {
            Some((_, _, formats)) => formats.push(entry.format.name()),
            None => plugins.push((name, &entry.carrier, vec![entry.format.name()])),
        }
    }
    for (name, carrier, formats) in plugins {
        let carrier = match carrier {
            Carrier::BuiltIn => "built in".to_owned(),
            Carrier::Loaded(path) => format!("loaded into this process from {}, approved by --plugin", path.display()),
        };
        writeln!(out, "{name:16} {:16} {carrier}", formats.join(" "))?;
    }
    for (format, loser, winner) in &registry.shadowed {
        writeln!(out, "format {format} of {loser} is hidden by {winner}")?;
    }
    Ok(print_failed(&registry))
}

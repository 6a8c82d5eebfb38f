//! `annals plugin`

mod check;
mod list;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::registry::Registry;
use crate::report;

/// Look at plugins, and test them
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
    Check(check::CheckArgs),
    #[command(hide = true)]
    RunTest(check::RunTestArgs),
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
    match &args.command {
        PluginCommand::List => list::run(global),
        PluginCommand::Check(args) => check::run(args, global),
        PluginCommand::RunTest(args) => check::run_test(args),
    }
}

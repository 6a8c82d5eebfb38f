//! `annals plugin`

use std::path::{Path, PathBuf};
use std::sync::Arc;

mod add;
mod check;
mod dev;
mod info;
mod list;
mod lock;
mod new;
mod trust;

use annals_core::Error;
use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::plugins::Settings;
use crate::registry::Registry;
use crate::report;

/// Look at plugins, write them, and test them
#[derive(Args, Debug)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// List the plugins, their formats and how they are carried
    List,
    Info(info::InfoArgs),
    Add(add::AddArgs),
    /// Remove a plugin that you have added, and its approval
    Remove {
        /// The plugin's id
        id: String,
    },
    /// Approve a plugin: its code runs with your rights
    ///
    /// A plugin that is not approved runs in a process of its own, without access to files and network. An approved
    /// library is loaded into annals itself, which is faster; an approved program runs without the sandbox. The
    /// approval is of the file's SHA-256: when the file changes, it is to be given again.
    Trust {
        /// The library or program, or the id of an installed plugin
        #[arg(value_name = "PLUGIN")]
        which: PathBuf,
    },
    /// Take the approval of a plugin back
    Untrust {
        /// The library or program, its name, or the beginning of its SHA-256
        #[arg(value_name = "PLUGIN")]
        which: String,
    },
    /// Write which plugins may run in this folder, to `annals-plugins.lock`
    ///
    /// Where that file is, only the plugins in it run, and only as long as their files have the same SHA-256: for runs
    /// that must give the same every night. It has the plugins that are installed and those named by `--plugin`.
    Lock,
    New(new::NewArgs),
    Dev(dev::DevArgs),
    Check(check::CheckArgs),
    #[command(hide = true)]
    RunTest(check::RunTestArgs),
}

/// The formats for a command that needs all plugins which the user named.
pub fn registry(global: &Global) -> Result<Registry, Trouble> {
    let registry = registry_of_all(global)?;
    registry.require_all()?;
    Ok(registry)
}

/// The formats for a command that only tells what there is.
pub fn registry_of_all(global: &Global) -> Result<Registry, Trouble> {
    let mut settings = Settings::load(global.plugin_limits())?;
    Arc::make_mut(&mut settings.trust).once.clone_from(&global.approved);
    Ok(Registry::new(&global.plugin, &settings))
}

/// Why a plugin cannot be used.
pub fn cannot_load(path: &Path, error: &Error) -> Trouble {
    let trouble = Trouble::new(format!("cannot load plugin `{}`", path.display())).cause(error);
    Trouble { hint: error.hint.clone(), ..trouble }
}

/// Tells which libraries could not be loaded, and why.
pub fn print_failed(registry: &Registry) -> Exit {
    for (path, error) in &registry.failed {
        report::print_error(&cannot_load(path, error));
    }
    if registry.failed.is_empty() { Exit::Done } else { Exit::Nothing }
}

/// Runs the subcommand.
pub fn run(args: &PluginArgs, global: &Global) -> anyhow::Result<Exit> {
    match &args.command {
        PluginCommand::List => list::run(global),
        PluginCommand::New(args) => new::run(args, global),
        PluginCommand::Dev(args) => dev::run(args, global),
        PluginCommand::Check(args) => check::run(args, global),
        PluginCommand::RunTest(args) => check::run_test(args),
        PluginCommand::Info(args) => info::run(args, global),
        PluginCommand::Add(args) => add::add(args, global),
        PluginCommand::Remove { id } => add::remove(id, global),
        PluginCommand::Lock => lock::run(global),
        PluginCommand::Trust { which } => trust::trust(which, global),
        PluginCommand::Untrust { which } => trust::untrust(which),
    }
}

//! The commands: each file is one command's arguments, help and code.

pub mod check;
pub mod completions;
pub mod filtering;
pub mod formats;
pub mod man;
pub mod merge;
pub mod plugin;
pub mod show;

use std::io::Write;

use crate::args::{Cli, Command, EXAMPLES};
use crate::exit::Exit;

/// `annals` alone.
fn examples() -> anyhow::Result<Exit> {
    writeln!(std::io::stdout(), "{EXAMPLES}")?;
    Ok(Exit::Done)
}

/// Runs the command of a command line.
pub fn run(cli: &Cli) -> anyhow::Result<Exit> {
    match &cli.command {
        None => examples(),
        Some(Command::Merge(args)) => merge::run(args, &cli.global),
        Some(Command::Show(args)) => show::run(args, &cli.global),
        Some(Command::Check(args)) => check::run(args, &cli.global),
        Some(Command::Formats(args)) => formats::run(args, &cli.global),
        Some(Command::Plugin(args)) => plugin::run(args, &cli.global),
        Some(Command::Completions(args)) => completions::run(args),
        Some(Command::Man(args)) => man::run(args),
    }
}

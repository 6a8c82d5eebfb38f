//! The commands: each file is one command's arguments, help and code.

pub mod completions;
pub mod filtering;
pub mod formats;
pub mod man;
pub mod merge;
pub mod plugin;
pub mod show;

use std::io::Write;

use crate::args::EXAMPLES;
use crate::exit::Exit;

/// `annals` alone.
pub fn examples() -> anyhow::Result<Exit> {
    writeln!(std::io::stdout(), "{EXAMPLES}")?;
    Ok(Exit::Done)
}

//! `annals man`

use std::io::Write;

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::exit::{Exit, Trouble, near};

/// Print the manual page, of the program or of a command
///
/// For example: `annals man merge | man -l -`
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The command, none for the program
    command: Option<String>,
}

/// Prints the page.
pub fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let mut program = Cli::command();
    program.build();
    let command = match &args.command {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| {
            let names = program.get_subcommands().map(|command| command.get_name().to_owned());
            Trouble::new(format!("there is no command `{name}`")).hint(near(name, names))
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(Exit::Done)
}

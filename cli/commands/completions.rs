//! `annals completions`

use std::io::Write;

use clap::{Args, CommandFactory};

use crate::args::Cli;
use crate::exit::Exit;

/// Print a completion script for a shell
///
/// For example: `annals completions bash > ~/.local/share/bash-completion/completions/annals`
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints the script.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "annals", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(Exit::Done)
}

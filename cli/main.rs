//! annals: merges events from any source into one accountable timeline and writes any format.
//!
//! `main` only turns a result into an exit code; [`pipeline`] is the data flow on one screen.

mod args;
mod bug;
mod carrier;
mod commands;
mod engine;
mod exit;
mod export;
mod import;
mod interrupt;
mod load;
mod notes;
mod output;
mod parts;
mod pipeline;
mod plugins;
mod progress;
mod record;
mod registry;
mod report;
mod source;
mod spec;
mod spill;
mod worker;

use std::process::ExitCode;

use args::Cli;
use clap::Parser;
use exit::{Exit, Trouble, is_broken_pipe};

fn main() -> ExitCode {
    if let Some(code) = worker::launch::run_if_worker(std::env::args_os()) {
        return code;
    }
    interrupt::listen();
    let cli = Cli::parse();
    report::set_color(cli.global.color);
    let exit = run(&cli);
    #[cfg(unix)]
    load::ended::over();
    exit
}

fn run(cli: &Cli) -> ExitCode {
    let error = match bug::guard(|| commands::run(cli)) {
        Ok(exit) => return exit.into(),
        Err(error) if is_broken_pipe(&error) => return Exit::Done.into(),
        Err(error) => error,
    };
    let trouble = error.downcast::<Trouble>().unwrap_or_else(|error| Trouble::new(format!("{error:#}")));
    report::print_error(&trouble);
    trouble.exit.into()
}

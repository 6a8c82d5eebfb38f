//! A worker's own side: limits and the sandbox, then the plugin's code.

use std::ffi::OsString;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use annals_core::Error;
use annals_worker::message::{Encoding, Message, VERSION};
use annals_worker::request::{Action, Request};
use annals_worker::serve::serve;
use serde_json::Value;

use super::{ARGUMENT, sandbox};
use crate::load;

/// What annals tells a worker of how to begin.
struct Launch {
    /// The library or program.
    path: PathBuf,
    /// The id of a library.
    id: Option<String>,
    /// Bytes of address space.
    memory: u64,
    /// The process that must stay.
    parent: u32,
}

/// Does the work of a worker if this process has been started as one.
pub fn run_if_worker(mut args: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    if args.nth(1)? != ARGUMENT {
        return None;
    }
    let texts: Vec<String> = args.filter_map(|arg| arg.into_string().ok()).collect();
    let [launch, action, request] = texts.as_slice() else { return Some(wrong("three arguments are wanted")) };
    Some(match (parse(launch), Action::of(action), Request::parse(request)) {
        (Some(launch), Some(action), Ok(parsed)) => match &launch.id {
            Some(id) => library(&launch, id, action, &parsed),
            None => program(&launch, action, request),
        },
        _ => wrong("the arguments cannot be read"),
    })
}

fn parse(text: &str) -> Option<Launch> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(Launch {
        path: value["path"].as_str()?.into(),
        id: value["id"].as_str().map(str::to_owned),
        memory: value["memory"].as_u64()?,
        parent: u32::try_from(value["parent"].as_u64()?).ok()?,
    })
}

/// Ends with a sentence for annals to quote.
fn wrong(text: &str) -> ExitCode {
    crate::report::line(text);
    ExitCode::from(2)
}

/// Loads a library and serves with it.
fn library(launch: &Launch, id: &str, action: Action, request: &Request) -> ExitCode {
    // What the plugin prints must not come between the messages.
    let out = match private_output() {
        Ok(out) => out,
        Err(error) => return wrong(&format!("its output cannot be set apart: {error}")),
    };
    let mut out = BufWriter::with_capacity(64 << 10, out);
    let input = io::stdin();
    let prepared = sandbox::limit(launch.memory, 64)
        .and_then(|()| sandbox::stay_with(launch.parent))
        .and_then(|()| sandbox::before_library());
    let loaded = prepared.map_err(|error| no_sandbox(&error)).and_then(|()| {
        // SAFETY: the library's code runs in this process, which exists for nothing else.
        let plugin = unsafe { load::library(Path::new(&launch.path), id) }?;
        sandbox::after_library().map_err(|error| no_sandbox(&error))?;
        Ok(plugin)
    });
    let served = match loaded {
        Ok(plugin) => serve(plugin, action, request, BufReader::with_capacity(64 << 10, Input(input)), &mut out),
        Err(error) => Message::Hello(VERSION)
            .write(&mut out, Encoding::Frames)
            .and_then(|()| Message::Error(error, false).write(&mut out, Encoding::Frames))
            .and_then(|()| out.flush()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => wrong(&error.to_string()),
    }
}

fn no_sandbox(error: &io::Error) -> Error {
    Error::new(format!("the sandbox cannot be set up: {error}")).hint(
        "`annals plugin list` tells what the system offers; a plugin that you trust needs none: `annals plugin trust`",
    )
}

/// Standard input without the lock of the standard library's, which a plugin's thread might hold.
struct Input(io::Stdin);

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().read(buffer)
    }
}

/// Becomes the program.
#[cfg(unix)]
fn program(launch: &Launch, action: Action, request: &str) -> ExitCode {
    use std::os::unix::process::CommandExt;
    let prepared = sandbox::limit(launch.memory, 256)
        .and_then(|()| sandbox::stay_with(launch.parent))
        .and_then(|()| sandbox::before_program());
    if let Err(error) = prepared {
        return wrong(&no_sandbox(&error).message);
    }
    let error = std::process::Command::new(&launch.path).arg(action.name()).arg(request).env_clear().exec();
    wrong(&format!("it cannot be started: {error}"))
}

#[cfg(not(unix))]
fn program(launch: &Launch, action: Action, request: &str) -> ExitCode {
    let mut command = std::process::Command::new(&launch.path);
    match command.arg(action.name()).arg(request).env_clear().status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => wrong(&format!("it ended before it was done ({status})")),
        Err(error) => wrong(&format!("it cannot be started: {error}")),
    }
}

/// Standard output for messages alone; whatever else is printed goes to standard error.
#[cfg(unix)]
fn private_output() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    let out = io::stdout().as_fd().try_clone_to_owned()?;
    // SAFETY: both are open descriptors of this process.
    match unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(out.into()),
    }
}

#[cfg(not(unix))]
fn private_output() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

//! `annals plugin dev`

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, Parser};
use serde_json::Value;

use super::cannot_load;
use crate::args::{Cli, Global};
use crate::commands;
use crate::exit::{Exit, Trouble};
use crate::interrupt;
use crate::plugins::sealed::Sealed;

/// Build the plugin of a folder, and run annals with it
///
/// A folder with a Cargo.toml is built with cargo; the library is taken that comes of it. Else the one program in Python in
/// the folder is the plugin. It runs as any plugin that is not approved: in a process of its own, without access to files
/// and network.
///
/// The exit code is that of the command; 2 if the plugin does not build.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  annals plugin dev\n  annals plugin dev -- merge samples/good.diary -o all.ics\n  annals plugin dev --release --in-process -- merge large.diary --report account.json"
)]
pub struct DevArgs {
    /// The folder of the plugin, or its program
    #[arg(long, value_name = "PATH", default_value = ".")]
    project: PathBuf,
    /// Approve this build for this run: a library is loaded into annals itself, a program runs without the sandbox
    #[arg(long)]
    in_process: bool,
    /// Build with optimizations
    #[arg(long)]
    release: bool,
    /// The command line to run, without `annals` [default: plugin list]
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Builds and runs.
pub fn run(args: &DevArgs, global: &Global) -> anyhow::Result<Exit> {
    let plugin = args.plugin()?;
    let default = ["plugin", "list"].map(OsString::from);
    let given = if args.args.is_empty() { &default[..] } else { &args.args };
    let line = [OsString::from("annals")].into_iter().chain(given.iter().cloned());
    let mut cli = Cli::parse_from(line);
    cli.global.plugin.splice(0..0, [plugin.clone()].into_iter().chain(global.plugin.iter().cloned()));
    cli.global.inherit(global);
    if args.in_process {
        let sealed = Sealed::new(&plugin).map_err(|error| cannot_load(&plugin, &error))?;
        cli.global.approved = Some(sealed.sha256);
    }
    commands::run(&cli)
}

impl DevArgs {
    /// The library or program, built.
    fn plugin(&self) -> Result<PathBuf, Trouble> {
        let project = &self.project;
        if project.is_file() {
            return Ok(project.clone());
        }
        if !project.is_dir() {
            return Err(Trouble::new(format!("there is no folder `{}`", project.display())));
        }
        if project.join("Cargo.toml").is_file() {
            return library(project, self.release);
        }
        program(project)
    }
}

/// The program in Python in a folder.
fn program(folder: &Path) -> Result<PathBuf, Trouble> {
    let no_plugin = |message: &str, hint: &str| {
        Trouble::new(format!("cannot tell the plugin in `{}`", folder.display())).cause(message).hint(hint)
    };
    let entries = std::fs::read_dir(folder).map_err(|error| no_plugin(&error.to_string(), "name another folder"))?;
    let is_program = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".py") && !name.starts_with("test_") && !name.starts_with('.') && path.is_file()
    };
    let programs: Vec<PathBuf> =
        entries.flatten().map(|entry| folder.join(entry.file_name())).filter(is_program).collect();
    match programs.as_slice() {
        [program] => Ok(program.clone()),
        [] => Err(no_plugin(
            "it has neither a Cargo.toml nor a program in Python",
            "`annals plugin new` makes one; what is written in other languages you build yourself, for `--plugin PATH`",
        )),
        _ => Err(no_plugin("it has several programs in Python", "name the one with `--project FILE`")),
    }
}

/// Builds a crate, and gives its library. cargo tells what is wrong with it on its own.
fn library(folder: &Path, release: bool) -> Result<PathBuf, Trouble> {
    let cannot =
        |cause: String| Trouble::new(format!("cannot build the plugin in `{}`", folder.display())).cause(cause);
    let mut cargo =
        Command::new(std::env::var_os("CARGO").filter(|cargo| !cargo.is_empty()).unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--lib", "--message-format", "json-render-diagnostics"]).current_dir(folder);
    cargo.args(release.then_some("--release")).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = cargo.spawn().map_err(|error| {
        cannot(format!("cargo does not start: {error}")).hint("is Rust installed? See https://rustup.rs")
    })?;
    let mut libraries = Vec::new();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(|error| cannot(error.to_string()))?;
        libraries.extend(serde_json::from_str(&line).ok().and_then(|message| artifact(&message)));
    }
    let status = child.wait().map_err(|error| cannot(error.to_string()))?;
    if interrupt::requested() {
        return Err(Trouble::interrupted());
    }
    if !status.success() {
        return Err(cannot("cargo tells above what is wrong with it".to_owned()));
    }
    // Of a package its own, not those of the packages that it needs; of a workspace any.
    let manifest = folder.join("Cargo.toml").canonicalize().ok();
    let own = libraries.iter().filter(|(of, _)| of.canonicalize().ok() == manifest);
    let own: Vec<&PathBuf> = own.map(|(_, path)| path).collect();
    let any: Vec<&PathBuf> = libraries.iter().map(|(_, path)| path).collect();
    match (own.as_slice(), any.as_slice()) {
        ([one], _) | ([], [one]) => Ok((*one).clone()),
        ([], []) => Err(cannot("no library `annals_ID` comes of it".to_owned())
            .hint("Cargo.toml has to say `name = \"annals_ID\"` and `crate-type = [\"lib\", \"cdylib\"]` in `[lib]`")),
        _ => Err(cannot("several plugins come of it".to_owned()).hint("name the folder of one with `--project DIR`")),
    }
}

/// The manifest and the library, if this message of cargo tells of a plugin.
fn artifact(message: &Value) -> Option<(PathBuf, PathBuf)> {
    let is_it = message["reason"] == "compiler-artifact"
        && message["target"]["crate_types"].as_array()?.iter().any(|kind| kind == "cdylib");
    let files = message["filenames"].as_array().filter(|_| is_it)?.iter().filter_map(Value::as_str).map(PathBuf::from);
    let is_library = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&format!("{}annals_", std::env::consts::DLL_PREFIX))
            && name.ends_with(std::env::consts::DLL_SUFFIX)
    };
    let library = files.into_iter().find(is_library)?;
    Some((message["manifest_path"].as_str()?.into(), library))
}

//! `annals plugin`

use std::io::Write;
use std::path::{Path, PathBuf};

use annals_core::Error;
use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::{Exit, Trouble};
use crate::plugins::sealed::{Kind, Sealed};
use crate::plugins::trust::{Approved, Trust};
use crate::registry::{Carrier, Registry};
use crate::{report, worker};

/// Look at plugins
#[derive(Args, Debug)]
pub struct PluginArgs {
    #[command(subcommand)]
    command: PluginCommand,
}

#[derive(Debug, Subcommand)]
enum PluginCommand {
    /// List the plugins, their formats and how they are carried
    List,
    /// Approve a plugin: its code runs with your rights
    ///
    /// A plugin that is not approved runs in a process of its own, without access to files and network. An approved
    /// library is loaded into annals itself, which is faster; an approved program runs without the sandbox. The
    /// approval is of the file's SHA-256: when the file changes, it is to be given again.
    Trust {
        /// The library or program
        path: PathBuf,
    },
    /// Take the approval of a plugin back
    Untrust {
        /// The library or program, its name, or the beginning of its SHA-256
        plugin: String,
    },
}

/// The formats for a command that needs all plugins which the user named.
pub fn registry(global: &Global) -> Result<Registry, Trouble> {
    let registry = registry_of_all(global)?;
    registry.require_all()?;
    Ok(registry)
}

/// The formats for a command that only tells what there is.
pub fn registry_of_all(global: &Global) -> Result<Registry, Trouble> {
    Registry::new(&global.plugin, global.plugin_limits())
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
        PluginCommand::List => list(global),
        PluginCommand::Trust { path } => trust(path),
        PluginCommand::Untrust { plugin } => untrust(plugin),
    }
}

fn sealed(path: &Path) -> Result<Sealed, Trouble> {
    Sealed::new(path).map_err(|error| cannot_load(path, &error))
}

fn trust(path: &Path) -> anyhow::Result<Exit> {
    let sealed = sealed(path)?;
    let new = Trust::load()?.add(&sealed)?;
    let (path, sha256) = (path.display(), &sealed.sha256);
    let how = match sealed.kind {
        Kind::Library(_) => "it is loaded into annals",
        Kind::Program => "it runs without the sandbox",
    };
    let was = if new { "" } else { " already" };
    writeln!(std::io::stdout(), "`{path}` is{was} approved: {how} (sha256 {sha256})")?;
    Ok(Exit::Done)
}

/// A beginning of a hash that is long enough to mean one.
const HASH_BEGINNING: usize = 8;

fn untrust(plugin: &str) -> anyhow::Result<Exit> {
    let path = Path::new(plugin);
    let hash = if path.is_file() { Some(sealed(path)?.sha256) } else { None };
    let is_hash = plugin.len() >= HASH_BEGINNING && plugin.bytes().all(|byte| byte.is_ascii_hexdigit());
    let gone = Trust::load()?.remove(|one| match &hash {
        Some(hash) => one.sha256 == *hash,
        None => one.name == plugin || is_hash && one.sha256.starts_with(&plugin.to_ascii_lowercase()),
    })?;
    if gone.is_empty() {
        return Err(Trouble::new(format!("`{plugin}` is not approved")).into());
    }
    for Approved { sha256, name } in gone {
        writeln!(std::io::stdout(), "`{name}` is not approved any more (sha256 {sha256})")?;
    }
    Ok(Exit::Done)
}

fn list(global: &Global) -> anyhow::Result<Exit> {
    let registry = registry_of_all(global)?;
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
            Carrier::Loaded(path) => format!("loaded into this process, approved: {}", path.display()),
            Carrier::Worker(path) => format!("in a worker, sandboxed: {}", path.display()),
            Carrier::Trusted(path) => format!("in a worker with your rights, approved: {}", path.display()),
        };
        writeln!(out, "{name:16} {:16} {carrier}", formats.join(" "))?;
    }
    for (format, loser, winner) in &registry.shadowed {
        writeln!(out, "format {format} of {loser} is hidden by {winner}")?;
    }
    let apart = registry.entries.iter().any(|entry| matches!(entry.carrier, Carrier::Worker(_)));
    for lack in worker::lacks().iter().filter(|_| apart) {
        writeln!(out, "this system does not offer {lack}")?;
    }
    Ok(print_failed(&registry))
}

//! `annals plugin list`

use std::io::Write;

use super::{cannot_load, print_failed, registry_of_all};
use crate::args::Global;
use crate::exit::Exit;
use crate::registry::Carrier;
use crate::{report, worker};

/// Lists.
pub fn run(global: &Global) -> anyhow::Result<Exit> {
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
    for (plugin, winner) in &registry.installed {
        let (id, version) = (&plugin.description.id, &plugin.description.version);
        if let Some(winner) = winner {
            writeln!(out, "plugin {id} {version} in {} is hidden by {}", plugin.folder.display(), winner.display())?;
        }
    }
    for (format, loser, winner) in &registry.shadowed {
        writeln!(out, "format {format} of {loser} is hidden by {winner}")?;
    }
    let apart = registry.entries.iter().any(|entry| matches!(entry.carrier, Carrier::Worker(_)));
    for lack in worker::lacks().iter().filter(|_| apart) {
        writeln!(out, "this system does not offer {lack}")?;
    }
    for (folder, error) in &registry.broken {
        report::print_error(&cannot_load(folder, error));
    }
    match print_failed(&registry) {
        Exit::Done if !registry.broken.is_empty() => Ok(Exit::Partial),
        exit => Ok(exit),
    }
}

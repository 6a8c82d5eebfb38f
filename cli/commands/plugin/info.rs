//! `annals plugin info`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_worker::describe::Description;
use clap::Args;
use serde_json::json;

use super::{cannot_load, registry_of_all};
use crate::args::Global;
use crate::exit::{Exit, Trouble, near};
use crate::plugins::Settings;
use crate::plugins::sealed::Sealed;
use crate::registry::{Carrier, Registry};
use crate::worker;

/// Tell all about a plugin
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// The id of a plugin, or the path of a library or program
    #[arg(value_name = "PLUGIN")]
    which: String,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A plugin, as it is told of.
struct Told {
    description: Description,
    path: Option<PathBuf>,
    /// Who installed it.
    of: Option<&'static str>,
    sha256: Option<String>,
    runs: &'static str,
}

/// Tells.
pub fn run(args: &InfoArgs, global: &Global) -> anyhow::Result<Exit> {
    let told = find(&args.which, global)?;
    let Told { description, path, of, sha256, runs } = &told;
    let mut out = std::io::stdout().lock();
    let lacks = if *runs == SANDBOXED { worker::lacks() } else { Vec::new() };
    if args.json {
        let mut value = description.to_json();
        value["path"] = json!(path);
        value["installed"] = json!(of);
        value["sha256"] = json!(sha256);
        value["runs"] = json!(runs);
        value["lacks"] = json!(lacks);
        writeln!(out, "{value}")?;
        return Ok(Exit::Done);
    }
    writeln!(out, "{} {}\n", description.id, description.version)?;
    if let Some(path) = path {
        writeln!(out, "file      {}", path.display())?;
    }
    if let Some(of) = of {
        writeln!(out, "folder    {of}")?;
    }
    if let Some(sha256) = sha256 {
        writeln!(out, "sha256    {sha256}")?;
    }
    writeln!(out, "runs      {runs}")?;
    lacks.iter().try_for_each(|lack| writeln!(out, "          this system does not offer {lack}"))?;
    for format in &description.formats {
        let ways = [(format.import, "read"), (format.export, "write"), (format.check, "check")];
        let ways: Vec<&str> = ways.into_iter().filter(|(can, _)| *can).map(|(_, way)| way).collect();
        let extensions: Vec<String> = format.extensions.iter().map(|extension| format!(".{extension}")).collect();
        writeln!(out, "\n{}: {}", format.name, format.summary)?;
        writeln!(out, "          {}  {}", ways.join(", "), extensions.join(" "))?;
    }
    Ok(Exit::Done)
}

const SANDBOXED: &str = "in a process of its own, sandboxed";

fn runs(carrier: &Carrier) -> &'static str {
    match carrier {
        Carrier::BuiltIn => "built in",
        Carrier::Loaded(_) => "loaded into annals, since you have approved it",
        Carrier::Worker(_) => SANDBOXED,
        Carrier::Trusted(_) => "in a process of its own with your rights, since you have approved it",
    }
}

fn find(plugin: &str, global: &Global) -> Result<Told, Trouble> {
    let path = Path::new(plugin);
    if path.is_file() {
        let failed = |error| cannot_load(path, &error);
        let sealed = Arc::new(Sealed::new(path).map_err(failed)?);
        let settings = Settings::without_lock(global.plugin_limits())?;
        let ready = settings.open_sealed(Arc::clone(&sealed)).map_err(failed)?;
        let (description, runs) = (ready.description(), runs(&Carrier::of(&ready, path.to_owned())));
        return Ok(Told {
            description,
            path: Some(path.to_owned()),
            of: None,
            sha256: Some(sealed.sha256.clone()),
            runs,
        });
    }
    let registry = registry_of_all(global)?;
    let installed = registry.installed.iter().map(|(plugin, _)| plugin).find(|one| one.description.id == plugin);
    if let Some(one) = installed {
        let carrier = registry.entries.iter().find(|entry| entry.plugin == plugin).map(|entry| &entry.carrier);
        let runs = carrier.map_or("not at all: its formats are others'", runs);
        let (path, sha256) = (Some(one.file()), Some(one.sha256().to_owned()));
        return Ok(Told { description: one.description.clone(), path, of: Some(one.of.name()), sha256, runs });
    }
    named(plugin, &registry)
}

/// One that is built in or named by `--plugin`.
fn named(plugin: &str, registry: &Registry) -> Result<Told, Trouble> {
    let entries: Vec<_> = registry.entries.iter().filter(|entry| entry.plugin == plugin).collect();
    let Some(first) = entries.first() else {
        let names = registry.entries.iter().map(|entry| entry.plugin.clone());
        return Err(Trouble::new(format!("there is no plugin `{plugin}`")).hint(near(plugin, names)));
    };
    let formats = entries.iter().map(|entry| entry.format.description()).collect();
    let path = match &first.carrier {
        Carrier::BuiltIn => None,
        Carrier::Loaded(path) | Carrier::Worker(path) | Carrier::Trusted(path) => Some(path.clone()),
    };
    let sha256 = path.as_deref().and_then(|path| Sealed::new(path).ok()).map(|sealed| sealed.sha256);
    let (id, version) = (first.plugin.clone(), first.version.clone());
    let encoding = annals_worker::message::Encoding::Frames;
    let description = Description { id, version, encoding, formats };
    Ok(Told { description, path, of: None, sha256, runs: runs(&first.carrier) })
}

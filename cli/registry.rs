//! The formats there are, from which plugin and by which carrier.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use annals_core::abi::PluginTable;
use annals_core::error::Error;
use annals_core::host::{Failure, Plugin};

use crate::carrier::Format;
use crate::commands::plugin::cannot_load;
use crate::exit::{Trouble, near};
use crate::plugins::installed::{self, Found, Installed, InstalledFormat};
use crate::plugins::sealed::library_id;
use crate::plugins::{Ready, Settings};

/// The plugins that are built in. A new one is one line here and one in `Cargo.toml`.
static BUILTIN: &[&PluginTable] = &[
    &annals_ics::PLUGIN,
    &annals_json::PLUGIN, //
];

/// How a plugin is carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Linked into the program.
    BuiltIn,
    /// Loaded from a library, which the user has approved, into this process.
    Loaded(PathBuf),
    /// A library or program that the user has not approved, in a sandboxed process.
    Worker(PathBuf),
    /// A program that the user has approved, in a process with the user's rights.
    Trusted(PathBuf),
}

impl Carrier {
    /// Of a plugin that the user names by `path`.
    pub fn of(ready: &Ready, path: PathBuf) -> Self {
        match ready {
            Ready::Here(_) => Self::Loaded(path),
            Ready::Apart(worker) if worker.is_trusted() => Self::Trusted(path),
            Ready::Apart(_) => Self::Worker(path),
        }
    }

    /// Of an installed plugin, which need not run for that.
    fn of_installed(plugin: &Installed, settings: &Settings) -> Self {
        let path = plugin.file();
        match (settings.trust.has(plugin.sha256()), library_id(&path)) {
            (true, Some(_)) => Self::Loaded(path),
            (true, None) => Self::Trusted(path),
            (false, _) => Self::Worker(path),
        }
    }

    /// The word in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::BuiltIn => "built in",
            Self::Loaded(_) => "loaded",
            Self::Worker(_) => "worker",
            Self::Trusted(_) => "trusted worker",
        }
    }
}

/// A format and where it comes from.
#[derive(Clone)]
pub struct Entry {
    /// The format.
    pub format: Format,
    /// The id of its plugin.
    pub plugin: String,
    /// The version of its plugin.
    pub version: String,
    /// How the plugin is carried.
    pub carrier: Carrier,
}

/// All formats, and the libraries that could not be loaded.
#[derive(Default)]
pub struct Registry {
    /// The formats; names are unique.
    pub entries: Vec<Entry>,
    /// Libraries that failed, with the reason.
    pub failed: Vec<(PathBuf, Error)>,
    /// Formats that lost their name to another plugin's: (name, loser, winner).
    pub shadowed: Vec<(String, String, String)>,
    /// Installed plugins that cannot be used, with the reason.
    pub broken: Vec<(PathBuf, Error)>,
    /// Installed plugins, and those that lost their id to another's, with the folder of that.
    pub installed: Vec<(Arc<Installed>, Option<PathBuf>)>,
}

impl Registry {
    /// The plugins that the user names by `paths`, then those that are built in, then those that are installed: of two
    /// formats of one name the first counts. So a named plugin may take the place of a built-in one, an installed one
    /// never does.
    pub fn new(paths: &[PathBuf], settings: &Settings) -> Self {
        let mut registry = Self::default();
        for path in paths {
            match settings.open(path, None) {
                Ok(ready) => {
                    let carrier = Carrier::of(&ready, path.clone());
                    registry.add(&ready.id(), &ready.version(), ready.formats(), &carrier);
                }
                Err(error) => registry.failed.push((path.clone(), error)),
            }
        }
        registry.add_built_in();
        let Found { plugins, broken, hidden } = installed::find(settings);
        for plugin in plugins {
            let formats = InstalledFormat::all(&plugin).into_iter().map(Format::Installed);
            let carrier = Carrier::of_installed(&plugin, settings);
            registry.add(&plugin.description.id, &plugin.description.version, formats, &carrier);
            registry.installed.push((plugin, None));
        }
        registry.broken = broken;
        registry.installed.extend(hidden.into_iter().map(|(plugin, winner)| (plugin, Some(winner))));
        registry.entries.sort_by_key(|entry| entry.format.name());
        registry
    }

    fn add_built_in(&mut self) {
        for table in BUILTIN {
            // SAFETY: a static descriptor linked into this program.
            match unsafe { Plugin::built_in(table) } {
                Ok(plugin) => {
                    let formats = plugin.formats().into_iter().map(Format::Here);
                    self.add(&plugin.id(), &plugin.version(), formats, &Carrier::BuiltIn);
                }
                Err(error) => self.failed.push((PathBuf::from("(built in)"), error)),
            }
        }
    }

    /// The built-in plugins alone.
    pub fn built_in() -> Self {
        let mut registry = Self::default();
        registry.add_built_in();
        registry
    }

    fn add(&mut self, plugin: &str, version: &str, formats: impl IntoIterator<Item = Format>, carrier: &Carrier) {
        for format in formats {
            let name = format.name();
            let (plugin, version) = (plugin.to_owned(), version.to_owned());
            let entry = Entry { format, plugin, version, carrier: carrier.clone() };
            match self.entries.iter().find(|entry| entry.format.name() == name) {
                Some(winner) => self.shadowed.push((name, entry.describe(), winner.describe())),
                None => self.entries.push(entry),
            }
        }
    }

    /// Fails if a library that the user named could not be loaded.
    pub fn require_all(&self) -> Result<(), Trouble> {
        let Some((path, error)) = self.failed.first() else { return Ok(()) };
        Err(cannot_load(path, error))
    }

    /// The format of a name.
    pub fn named(&self, name: &str) -> Result<&Entry, Trouble> {
        self.entries.iter().find(|entry| entry.format.name() == name).ok_or_else(|| {
            let names = self.entries.iter().map(|entry| entry.format.name());
            let hint = near(name, names);
            Trouble::new(format!("there is no format `{name}`")).hint(match self.of_broken() {
                Some(broken) => format!("{hint}; {broken}"),
                None => hint,
            })
        })
    }

    /// A hint that some plugins are not there because they are broken, if so.
    pub fn of_broken(&self) -> Option<String> {
        let some = "some installed plugins cannot be used, as `annals plugin list` tells";
        (!self.broken.is_empty()).then(|| some.to_owned())
    }

    /// Whether there is a format of this name.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.format.name() == name)
    }

    /// The format to read an input with: what its first bytes say to a built-in format, else the extension, else
    /// what they say to a loaded one.
    pub fn for_input(&self, head: &[u8], name: &str) -> Result<&Entry, Trouble> {
        let readable = || self.entries.iter().filter(|entry| entry.format.can_import());
        let built_in = readable().filter(|entry| entry.carrier == Carrier::BuiltIn || self.replaces_built_in(entry));
        if let Some(entry) = best_sniff(built_in, head, name)? {
            return Ok(entry);
        }
        if let Some(entry) = self.by_extension(name, |entry| entry.format.can_import())? {
            return Ok(entry);
        }
        let by_magic = |entry: &&Entry| matches!(&entry.format, Format::Installed(format) if format.has_magic(head));
        match readable().filter(by_magic).collect::<Vec<_>>().as_slice() {
            [] => {}
            [one] => return Ok(one),
            [one, two, ..] => return Err(tie(name, one, two)),
        }
        if let Some(entry) = best_sniff(readable(), head, name)? {
            return Ok(entry);
        }
        for entry in readable() {
            // One that cannot even be asked may be the one.
            if let Format::Installed(format) = &entry.format
                && let Err(Failure::Refused(error)) = format.format()
            {
                let trouble = Trouble::new(format!("cannot tell whether `{name}` is `{}`", entry.format.name()));
                return Err(Trouble { hint: error.hint.clone(), ..trouble.cause(error) });
            }
        }
        let names: Vec<String> = readable().map(|entry| entry.format.name()).collect();
        let what = if name.is_empty() { "standard input" } else { name };
        Err(Trouble::new(format!("cannot tell the format of `{what}`"))
            .hint(format!("name it with `-f FORMAT` or `FORMAT:{what}`; formats: {}", names.join(", "))))
    }

    /// The format to write a file with, by its extension.
    pub fn for_output(&self, name: &str) -> Result<&Entry, Trouble> {
        self.by_extension(name, |entry| entry.format.can_export())?.ok_or_else(|| {
            let names: Vec<String> = self
                .entries
                .iter()
                .filter(|entry| entry.format.can_export())
                .map(|entry| entry.format.name())
                .collect();
            Trouble::new(format!("cannot tell the format of the output `{name}` from its name"))
                .hint(format!("name it with `-o FORMAT:{name}`; formats: {}", names.join(", ")))
        })
    }

    fn by_extension(&self, name: &str, fits: impl Fn(&Entry) -> bool) -> Result<Option<&Entry>, Trouble> {
        let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
        let Some(extension) = extension.map(str::to_ascii_lowercase) else { return Ok(None) };
        let fitting: Vec<&Entry> =
            self.entries.iter().filter(|entry| fits(entry) && entry.format.extensions().contains(&extension)).collect();
        match fitting.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            [one, two, ..] => Err(tie(name, one, two)),
        }
    }

    fn replaces_built_in(&self, entry: &Entry) -> bool {
        self.shadowed.iter().any(|(name, loser, _)| *name == entry.format.name() && loser.ends_with("built in)"))
    }
}

impl Entry {
    /// For people: `ics 0.1.0 (built in)`.
    pub fn describe(&self) -> String {
        match &self.carrier {
            Carrier::BuiltIn => format!("{} {} (built in)", self.plugin, self.version),
            Carrier::Loaded(path) | Carrier::Worker(path) | Carrier::Trusted(path) => {
                format!("{} {} ({})", self.plugin, self.version, path.display())
            }
        }
    }
}

fn best_sniff<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    head: &[u8],
    name: &str,
) -> Result<Option<&'a Entry>, Trouble> {
    let mut scored: Vec<(u8, &Entry)> = entries.map(|entry| (entry.format.sniff(head, name), entry)).collect();
    scored.retain(|(score, _)| *score >= 50);
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    match scored.as_slice() {
        [(a, one), (b, two), ..] if a == b => Err(tie(name, one, two)),
        [(_, one), ..] => Ok(Some(one)),
        [] => Ok(None),
    }
}

fn tie(name: &str, one: &Entry, two: &Entry) -> Trouble {
    let (a, b) = (one.format.name(), two.format.name());
    Trouble::new(format!("`{name}` could be `{a}` (plugin {}) or `{b}` (plugin {})", one.describe(), two.describe()))
        .hint(format!("name the format: `{a}:{name}` or `{b}:{name}`"))
}

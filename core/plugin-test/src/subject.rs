//! A format as its tests see it, however its plugin is carried.

use std::io::Write;

use annals_core::abi::PluginTable;
use annals_core::host::{Failure, FormatRef, Plugin, Probe};
use annals_core::plugin::{ExportCounts, Fact, Host, ImportCounts, ImportRequest, Input, Options};
use annals_core::{Error, Event, table};

/// What a format says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The name that users type.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// File name extensions without the dot.
    pub extensions: Vec<String>,
    /// Media types.
    pub media_types: Vec<String>,
    /// The JSON Schema of its options.
    pub options: String,
    /// An example command line.
    pub example: String,
    /// Whether it can be read.
    pub can_import: bool,
    /// Whether it can be written.
    pub can_export: bool,
    /// Whether it has a check of its own.
    pub can_validate: bool,
}

/// A format under test. The kit asks for no more than this, so that a plugin in another process, or behind another
/// boundary, can be tested as one that is linked in.
pub trait Subject {
    /// What it says of itself.
    fn about(&self) -> About;

    /// How surely `head` is of this format, 0-100.
    fn sniff(&self, head: &[u8], name: &str) -> u8;

    /// Reads all of `input` and gives the events batch by batch, empty batches too. It is not for the carrier to
    /// look whether the host has cancelled, but to pass it on.
    fn import(
        &self,
        input: Box<dyn Input>,
        request: &ImportRequest,
        host: &dyn Host,
        take: &mut dyn FnMut(Vec<Event>),
    ) -> Result<ImportCounts, Failure>;

    /// Writes all `batches` to `out`.
    fn export(
        &self,
        batches: Box<dyn Iterator<Item = Vec<Event>>>,
        facts: &[Fact],
        options: &Options,
        out: &mut dyn Write,
        host: &dyn Host,
    ) -> Result<ExportCounts, Failure>;

    /// Checks `input` against the specification of the format.
    fn validate(&self, input: Box<dyn Input>, request: &ImportRequest, host: &dyn Host) -> Result<(), Failure>;

    /// The descriptor itself, if it is in this process.
    fn probe(&self) -> Option<Probe> {
        None
    }
}

impl Subject for FormatRef {
    fn about(&self) -> About {
        About {
            name: self.name(),
            summary: self.summary(),
            extensions: self.extensions(),
            media_types: self.media_types(),
            options: self.options(),
            example: self.example(),
            can_import: self.can_import(),
            can_export: self.can_export(),
            can_validate: self.can_validate(),
        }
    }

    fn sniff(&self, head: &[u8], name: &str) -> u8 {
        FormatRef::sniff(*self, head, name)
    }

    fn import(
        &self,
        input: Box<dyn Input>,
        request: &ImportRequest,
        host: &dyn Host,
        take: &mut dyn FnMut(Vec<Event>),
    ) -> Result<ImportCounts, Failure> {
        let mut stream = FormatRef::import(*self, input, "sample", request, host)?;
        while let Some(events) = stream.next_events()? {
            take(events);
        }
        stream.finish()
    }

    fn export(
        &self,
        batches: Box<dyn Iterator<Item = Vec<Event>>>,
        facts: &[Fact],
        options: &Options,
        out: &mut dyn Write,
        host: &dyn Host,
    ) -> Result<ExportCounts, Failure> {
        let batches = batches.map(|events| Ok(table::to_batch(&events, None)));
        FormatRef::export(*self, batches, facts, options, out, host)
    }

    fn validate(&self, input: Box<dyn Input>, request: &ImportRequest, host: &dyn Host) -> Result<(), Failure> {
        FormatRef::validate(*self, input, "sample", request, host)
    }

    fn probe(&self) -> Option<Probe> {
        Some(FormatRef::probe(*self))
    }
}

/// The plugin behind a descriptor, with all checks of a loaded one.
pub fn plugin(table: &'static PluginTable) -> Result<Plugin, Error> {
    // SAFETY: a descriptor of type `PluginTable` is one that `annals_core::plugin!` made, or whose maker has taken on
    // what the ABI asks of it: texts and lists that are static and as long as they say.
    unsafe { Plugin::new(table) }
}

/// The format `name` of a plugin, through the table that a program would call it through.
///
/// # Panics
///
/// If the descriptor is refused or has no such format.
pub fn format(table: &'static PluginTable, name: &str) -> FormatRef {
    let plugin = plugin(table).unwrap_or_else(|error| panic!("the descriptor is refused: {error}"));
    let found = plugin.formats().into_iter().find(|format| format.name() == name);
    found.unwrap_or_else(|| panic!("the plugin has no format `{name}`"))
}

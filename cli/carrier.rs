//! A format, however its plugin is carried: linked in, loaded, or in a process of its own.

use std::io::Write;

use annals_core::host::{self, Failure, FormatRef};
use annals_core::plugin::{ExportCounts, Host, ImportCounts, ImportRequest, Options};
use annals_core::{Error, Fact};
use annals_worker::describe::FormatDescription;
use arrow_array::RecordBatch;

use crate::plugins::installed::InstalledFormat;
use crate::source::Opened;
use crate::worker::{self, WorkerFormat};

/// A format.
#[derive(Clone)]
pub enum Format {
    /// Its plugin runs in this process.
    Here(FormatRef),
    /// Its plugin runs in processes of its own.
    Apart(WorkerFormat),
    /// Its plugin is installed, and becomes one of the others when it is first used.
    Installed(InstalledFormat),
}

impl Format {
    /// What its plugin has told of it, or its manifest; one in this process is asked.
    fn told(&self) -> Result<&FormatDescription, FormatRef> {
        match self {
            Self::Here(format) => Err(*format),
            Self::Apart(format) => Ok(format.info()),
            Self::Installed(format) => Ok(format.info()),
        }
    }

    /// The name that users type.
    pub fn name(&self) -> String {
        self.told().map_or_else(|format| format.name(), |told| told.name.clone())
    }

    /// One line about it.
    pub fn summary(&self) -> String {
        self.told().map_or_else(|format| format.summary(), |told| told.summary.clone())
    }

    /// File name extensions without the dot.
    pub fn extensions(&self) -> Vec<String> {
        self.told().map_or_else(|format| format.extensions(), |told| told.extensions.clone())
    }

    /// Media types.
    pub fn media_types(&self) -> Vec<String> {
        self.told().map_or_else(|format| format.media_types(), |told| told.media_types.clone())
    }

    /// The JSON Schema of its options.
    pub fn options(&self) -> String {
        self.told().map_or_else(|format| format.options(), |told| told.options.clone())
    }

    /// An example command line.
    pub fn example(&self) -> String {
        self.told().map_or_else(|format| format.example(), |told| told.example.clone())
    }

    /// Whether it can be read.
    pub fn can_import(&self) -> bool {
        self.told().map_or_else(|format| format.can_import(), |told| told.import)
    }

    /// Whether it can be written.
    pub fn can_export(&self) -> bool {
        self.told().map_or_else(|format| format.can_export(), |told| told.export)
    }

    /// Whether its files can be checked against its specification.
    pub fn can_validate(&self) -> bool {
        self.told().map_or_else(|format| format.can_validate(), |told| told.check)
    }

    /// All that is said of it.
    pub fn description(&self) -> FormatDescription {
        self.told().map_or_else(FormatDescription::of, Clone::clone)
    }

    /// How surely `head` is of this format, 0-100.
    pub fn sniff(&self, head: &[u8], name: &str) -> u8 {
        match self {
            Self::Here(format) => format.sniff(head, name),
            Self::Apart(format) => format.sniff(head, name),
            // One that cannot be used knows nothing of it.
            Self::Installed(format) if format.info().sniff => {
                format.format().map_or(0, |format| format.sniff(head, name))
            }
            Self::Installed(_) => 0,
        }
    }

    /// Starts reading `opened`. The label serves messages only.
    pub fn import<'h>(
        &self,
        opened: Opened,
        label: &str,
        request: &ImportRequest,
        host: &'h dyn Host,
    ) -> Result<ImportStream<'h>, Failure> {
        Ok(match self {
            Self::Here(format) => ImportStream::Here(format.import(Box::new(opened), label, request, host)?),
            Self::Apart(format) => ImportStream::Apart(Box::new(format.import(opened, label, request, host)?)),
            Self::Installed(format) => format.format()?.import(opened, label, request, host)?,
        })
    }

    /// Writes the events of `batches` to `out`; see [`FormatRef::export`].
    pub fn export(
        &self,
        batches: impl Iterator<Item = Result<RecordBatch, Error>> + Send + 'static,
        facts: &[Fact],
        options: &Options,
        out: &mut dyn Write,
        host: &dyn Host,
    ) -> Result<ExportCounts, Failure> {
        match self {
            Self::Here(format) => format.export(batches, facts, options, out, host),
            Self::Apart(format) => format.export(batches, facts, options, out, host),
            Self::Installed(format) => format.format()?.export(batches, facts, options, out, host),
        }
    }

    /// Checks `opened` against the specification of the format; see [`FormatRef::validate`].
    pub fn validate(
        &self,
        opened: Opened,
        label: &str,
        request: &ImportRequest,
        host: &dyn Host,
    ) -> Result<(), Failure> {
        match self {
            Self::Here(format) => format.validate(Box::new(opened), label, request, host),
            Self::Apart(format) => format.validate(opened, label, request, host),
            Self::Installed(format) => format.format()?.validate(opened, label, request, host),
        }
    }
}

/// An import under way: batches of events, then the account.
pub enum ImportStream<'h> {
    /// In this process.
    Here(host::ImportStream<'h>),
    /// In a process of its own.
    Apart(Box<worker::Import<'h>>),
}

impl ImportStream<'_> {
    /// The next events as columns, with plain text, `None` at the end of the data.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Failure> {
        match self {
            Self::Here(stream) => stream.next_batch(),
            Self::Apart(stream) => stream.next_batch(),
        }
    }

    /// The account, after the end.
    pub fn finish(self) -> Result<ImportCounts, Failure> {
        match self {
            Self::Here(stream) => stream.finish(),
            Self::Apart(stream) => stream.finish(),
        }
    }
}

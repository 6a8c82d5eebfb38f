//! A plugin that is a program, as the kit sees it.

use std::io::Write;

use annals_core::host::Failure;
use annals_core::plugin::{ExportCounts, Fact, Host, ImportCounts, ImportRequest, Input, Options};
use annals_core::{Event, table};
use annals_plugin_test::{About, Subject};

use crate::source::Opened;
use crate::worker::WorkerFormat;

/// For messages: samples have no name of their own.
const LABEL: &str = "sample";

impl Subject for WorkerFormat {
    fn about(&self) -> About {
        let info = self.info().clone();
        About {
            name: info.name,
            summary: info.summary,
            extensions: info.extensions,
            media_types: info.media_types,
            options: info.options,
            example: info.example,
            can_import: info.import,
            can_export: info.export,
            can_validate: info.check,
        }
    }

    fn sniff(&self, head: &[u8], name: &str) -> u8 {
        WorkerFormat::sniff(self, head, name)
    }

    fn import(
        &self,
        input: Box<dyn Input>,
        request: &ImportRequest,
        host: &dyn Host,
        take: &mut dyn FnMut(Vec<Event>),
    ) -> Result<ImportCounts, Failure> {
        let mut stream = WorkerFormat::import(self, Opened::input(input), LABEL, request, host)?;
        while let Some(batch) = stream.next_batch()? {
            take(table::from_batch(&batch).map_err(Failure::Plugin)?);
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
        // They are sent by another thread, which the iterator need not be made for.
        let batches: Vec<_> = batches.map(|events| Ok(table::to_batch(&events, None))).collect();
        WorkerFormat::export(self, batches.into_iter(), facts, options, out, host)
    }

    fn validate(&self, input: Box<dyn Input>, request: &ImportRequest, host: &dyn Host) -> Result<(), Failure> {
        WorkerFormat::validate(self, Opened::input(input), LABEL, request, host)
    }
}

//! What tests of plugins look at behind the safe calls: texts as they are, scores out of range, requests of a later
//! version.

use std::io::Cursor;
use std::mem::size_of;

use crate::abi::{ArrowArrayStream, ExportRequest, ExportStats, Sink, Source, Str};
use crate::error::Error;
use crate::host::import::RequestTexts;
use crate::host::io::{SinkContext, SourceContext};
use crate::host::tables::HostContext;
use crate::host::{FormatRef, Plugin, error_out, take_error};
use crate::plugin::{Fact, Host, ImportRequest};
use crate::stream::{Batches, Consumer, produce};

/// A request flag that no version has.
const FLAG_OF_LATER: u64 = 1 << 63;

/// A format's own descriptor.
#[derive(Clone, Copy)]
pub struct Probe(FormatRef);

impl FormatRef {
    /// The descriptor, for tests of plugins.
    pub fn probe(self) -> Probe {
        Probe(self)
    }
}

impl Plugin {
    /// The plugin's own texts, each with its name in the descriptor.
    pub fn texts(self) -> Vec<(&'static str, &'static [u8])> {
        let table = self.table;
        [("id", table.id), ("version", table.version), ("manifest", table.manifest)].map(bytes).into()
    }
}

impl Probe {
    /// The format's texts, each with its name in the descriptor.
    pub fn texts(self) -> Vec<(&'static str, &'static [u8])> {
        let table = self.0.table;
        [
            ("name", table.name),
            ("summary", table.summary),
            ("extensions", table.extensions),
            ("media_types", table.media_types),
            ("options", table.options),
            ("example", table.example),
        ]
        .map(bytes)
        .into()
    }

    /// What `sniff` gives, in range or not; `None` = the slot is empty.
    pub fn sniff(self, head: &[u8], name: &str) -> Option<i64> {
        let sniff = self.0.table.sniff?;
        let head = Str { ptr: head.as_ptr().cast(), len: head.len() };
        // SAFETY: both texts live for the call.
        Some(i64::from(unsafe { sniff(head, Str::new(name)) }))
    }

    /// Whether an import of nothing, with a request flag that nobody knows, is refused. `None` = the slot is empty.
    pub fn import_refuses_unknown_flags(self) -> Option<bool> {
        let open_import = self.0.table.open_import?;
        let mut source = SourceContext::new(Box::new(Cursor::new(Vec::new())));
        let mut host = HostContext::new(&Nobody, None);
        let (host_table, source_table): (_, Source) = (host.table(), source.table("probe"));
        let request = ImportRequest::default();
        let texts = RequestTexts::of(&request);
        let mut raw = texts.request(&request);
        raw.flags = FLAG_OF_LATER;
        let (mut stream, mut error) = (ArrowArrayStream::empty(), error_out());
        // SAFETY: the tables and what they point to live until the stream is released, at the end of this function.
        let code = unsafe { open_import(&host_table, &source_table, &raw, &mut stream, &mut error) };
        if code != 0 {
            drop(take_error(error));
            return Some(true);
        }
        // SAFETY: the plugin is trusted to keep to the Arrow C stream interface. It may refuse when first asked for rows.
        let refused = unsafe { Consumer::new(stream) }.map_or(true, |mut consumer| consumer.next().is_err());
        Some(refused)
    }

    /// The same of an export.
    pub fn export_refuses_unknown_flags(self) -> Option<bool> {
        let run_export = self.0.table.run_export?;
        let request = ExportRequest {
            struct_size: size_of::<ExportRequest>() as u32,
            reserved: 0,
            flags: FLAG_OF_LATER,
            options: Str::new("{}"),
            facts: Str::new("[]"),
        };
        let (mut stream, mut error) = (produce(Nothing), error_out());
        let mut sink = SinkContext { out: &mut std::io::sink(), error: None, is_misused: false };
        let mut host = HostContext::new(&Nobody, None);
        let (sink_table, host_table): (Sink, _) = (sink.table(), host.table());
        let mut stats =
            ExportStats { struct_size: size_of::<ExportStats>() as u32, reserved: 0, read: 0, written: 0, omitted: 0 };
        // SAFETY: everything passed lives for the call; the stream is given away.
        let code = unsafe { run_export(&host_table, &mut stream, &sink_table, &request, &mut stats, &mut error) };
        if let Some(release) = stream.release {
            // SAFETY: our own stream, released once.
            unsafe { release(&mut stream) };
        }
        if code != 0 {
            drop(take_error(error));
        }
        Some(code != 0)
    }
}

fn bytes((name, text): (&'static str, Str)) -> (&'static str, &'static [u8]) {
    // SAFETY: texts of a static descriptor.
    (name, unsafe { text.bytes() })
}

/// A host that does not listen.
struct Nobody;

impl Host for Nobody {
    fn note(&self, _: &crate::note::Note) {}
    fn fact(&self, _: &Fact) {}
}

/// A timeline without events.
struct Nothing;

impl Batches for Nothing {
    fn schema(&self) -> arrow_schema::SchemaRef {
        crate::schema::event_schema()
    }

    fn next(&mut self) -> Result<Option<arrow_array::RecordBatch>, Error> {
        Ok(None)
    }
}

//! Export through a format's vtable.

use std::cell::Cell;
use std::io::Write;
use std::mem::size_of;
use std::rc::Rc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde_json::json;

use crate::abi::{ExportRequest, ExportStats, Str};
use crate::error::Error;
use crate::host::io::SinkContext;
use crate::host::tables::HostContext;
use crate::host::{Failure, FormatRef, error_out, settle_export, take_error};
use crate::note::NoteKind;
use crate::plugin::{ExportCounts, Fact, Host, Options};
use crate::schema::event_schema;
use crate::stream::{Batches, produce};

/// What has been given of the batches.
#[derive(Default)]
struct Taken {
    rows: Cell<u64>,
    /// The stream was released before its end.
    left: Cell<bool>,
}

/// The batches, watched.
struct Given<I: Iterator>(I, Rc<Taken>);

impl<I: Iterator<Item = Result<RecordBatch, Error>> + 'static> Batches for Given<I> {
    fn schema(&self) -> SchemaRef {
        event_schema()
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        let batch = self.0.next().transpose()?;
        self.1.rows.set(self.1.rows.get() + batch.as_ref().map_or(0, RecordBatch::num_rows) as u64);
        Ok(batch)
    }
}

impl<I: Iterator> Drop for Given<I> {
    fn drop(&mut self) {
        self.1.left.set(self.0.next().is_some());
    }
}

impl FormatRef {
    /// Writes the events of `batches`, which must be of the whole event table, in timeline order and with ids, to `out`.
    pub fn export(
        self,
        batches: impl Iterator<Item = Result<RecordBatch, Error>> + 'static,
        facts: &[Fact],
        options: &Options,
        out: &mut dyn Write,
        host: &dyn Host,
    ) -> Result<ExportCounts, Failure> {
        let Some(run_export) = self.table.run_export else {
            return Err(Failure::Refused(Error::new(format!("format `{}` cannot be written", self.name()))));
        };
        let facts: Vec<_> =
            facts.iter().map(|fact| json!({"kind": fact.kind, "key": fact.key, "value": fact.value})).collect();
        let facts = serde_json::Value::Array(facts).to_string();
        let options = serde_json::Value::Object(options.0.clone()).to_string();
        let request = ExportRequest {
            struct_size: size_of::<ExportRequest>() as u32,
            reserved: 0,
            flags: 0,
            options: Str::new(&options),
            facts: Str::new(&facts),
        };
        let given = Rc::new(Taken::default());
        let mut stream = produce(Given(batches.fuse(), given.clone()));
        let mut sink = SinkContext { out, error: None, is_misused: false };
        let mut host = HostContext::new(host, None);
        let (sink_table, host_table) = (sink.table(), host.table());
        let mut stats =
            ExportStats { struct_size: size_of::<ExportStats>() as u32, reserved: 0, read: 0, written: 0, omitted: 0 };
        let mut error = error_out();
        // SAFETY: everything passed lives for the call; the stream is given away.
        let code = unsafe { run_export(&host_table, &mut stream, &sink_table, &request, &mut stats, &mut error) };
        // A stream that the plugin left is ours to release.
        if let Some(release) = stream.release {
            // SAFETY: our own stream, released once.
            unsafe { release(&mut stream) };
        }
        let lie = |text: String| Err(Failure::Plugin(Error::new(text)));
        if sink.is_misused {
            return lie("the plugin broke the ABI: it writes bytes that are none".to_owned());
        }
        if let Some(error) = sink.error.take() {
            return Err(Failure::Io(error.to_string()));
        }
        let failure = take_error(error);
        if let Some(failure) = host.told.take_failure() {
            return Err(failure);
        }
        if code != 0 {
            return Err(if host.told.host().cancelled() { Failure::Cancelled } else { failure });
        }
        let given = (!given.left.get()).then_some(given.rows.get());
        settle_export(&stats, given, host.told.notes(NoteKind::Omit)).map_err(Failure::Plugin)
    }
}

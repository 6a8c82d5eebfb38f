//! Import through a format's vtable.

use std::mem::size_of;

use arrow_array::RecordBatch;

use crate::abi::{ArrowArrayStream, FLAG_RAW, HostTable, ImportStats, Request, Source, Str};
use crate::error::Error;
use crate::event::Event;
use crate::host::io::SourceContext;
use crate::host::limits::MAX_IDLE;
use crate::host::tables::HostContext;
use crate::host::{Failure, FormatRef, error_out, settle_import, take_error};
use crate::note::NoteKind;
use crate::plugin::{Host, ImportCounts, ImportRequest, Input};
use crate::stream::Consumer;
use crate::table::{self, Rows};

/// An import under way: batches of events, then the account.
pub struct ImportStream<'h> {
    format: FormatRef,
    // Dropped first: the stream uses the tables below.
    consumer: Consumer,
    source: Box<SourceContext>,
    host: Box<HostContext<'h>>,
    _tables: Box<(HostTable, Source)>,
    _label: Box<str>,
    rows: u64,
    /// How many batches without rows have come while nothing was read or told.
    idle: u32,
}

/// The texts that a request points to.
pub(super) struct RequestTexts {
    options: String,
    wanted: String,
}

impl RequestTexts {
    pub fn of(request: &ImportRequest) -> Self {
        Self {
            options: serde_json::Value::Object(request.options.0.clone()).to_string(),
            wanted: request.wanted.as_ref().map(|wanted| wanted.join(" ")).unwrap_or_default(),
        }
    }

    /// The request as the ABI has it; it points to these texts.
    pub fn request(&self, request: &ImportRequest) -> Request {
        Request {
            struct_size: size_of::<Request>() as u32,
            reserved: 0,
            flags: if request.raw { FLAG_RAW } else { 0 },
            options: Str::new(&self.options),
            wanted: Str::new(&self.wanted),
            batch_rows: request.batch_rows as u64,
            max_record: request.max_record as u64,
        }
    }
}

impl FormatRef {
    /// Starts reading `input`. The label serves messages only.
    pub fn import<'h>(
        self,
        input: Box<dyn Input>,
        label: &str,
        request: &ImportRequest,
        host: &'h dyn Host,
    ) -> Result<ImportStream<'h>, Failure> {
        let Some(open_import) = self.table.open_import else {
            return Err(Failure::Refused(Error::new(format!("format `{}` cannot be read", self.name()))));
        };
        let label: Box<str> = label.into();
        let mut source = Box::new(SourceContext::new(input));
        let mut host = Box::new(HostContext::new(host, Some(source.read.clone())));
        let tables = Box::new((host.table(), source.table(&label)));
        let texts = RequestTexts::of(request);
        let raw = texts.request(request);
        let mut stream = ArrowArrayStream::empty();
        let mut error = error_out();
        // SAFETY: the tables and what they point to live in boxes that outlive the stream; the rest for the call.
        let code = unsafe { open_import(&tables.0, &tables.1, &raw, &mut stream, &mut error) };
        let failure = take_error(error);
        if code != 0 {
            return Err(blame(&mut source, &mut host, failure));
        }
        // SAFETY: the plugin is trusted to keep to the Arrow C stream interface.
        let consumer = unsafe { if self.checked { Consumer::new(stream) } else { Consumer::trusting(stream) } };
        let consumer = consumer.map_err(|error| blame(&mut source, &mut host, Failure::Plugin(error)))?;
        Ok(ImportStream { format: self, consumer, source, host, _tables: tables, _label: label, rows: 0, idle: 0 })
    }
}

impl ImportStream<'_> {
    /// The next events as columns, with plain text, `None` at the end of the data. [`Rows::of`] it cannot fail.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Failure> {
        self.host.rows = self.rows;
        let before = (self.source.read.get(), self.host.told());
        let batch = match self.consumer.next() {
            Ok(batch) => batch,
            Err(fault) if fault.bug => return Err(Failure::Plugin(fault.error)),
            Err(fault) => return Err(self.explain(fault.error)),
        };
        if let Some(failure) = self.host.told.take_failure() {
            return Err(failure);
        }
        let Some(batch) = batch else { return Ok(None) };
        // A plugin need not ask whether it is to stop.
        if self.host.told.host().cancelled() {
            return Err(Failure::Cancelled);
        }
        let is_idle = batch.num_rows() == 0 && before == (self.source.read.get(), self.host.told());
        self.idle = if is_idle { self.idle + 1 } else { 0 };
        if self.idle > MAX_IDLE {
            let text = format!("more than {MAX_IDLE} batches without rows, for which it read nothing");
            return Err(Failure::Plugin(Error::new(text)));
        }
        self.rows += batch.num_rows() as u64;
        let batch = table::plain_text(&batch).map_err(Failure::Plugin)?;
        Rows::of(&batch).map_err(Failure::Plugin)?;
        Ok(Some(batch))
    }

    /// The next events, `None` at the end of the data.
    pub fn next_events(&mut self) -> Result<Option<Vec<Event>>, Failure> {
        let batch = self.next_batch()?;
        batch.map(|batch| table::from_batch(&batch).map_err(Failure::Plugin)).transpose()
    }

    /// Bytes read so far.
    pub fn bytes_read(&self) -> u64 {
        self.source.read.get()
    }

    /// The account, after the end. The import is complete only if it equals what the host counted.
    pub fn finish(mut self) -> Result<ImportCounts, Failure> {
        let lie = |text: String| Failure::Plugin(Error::new(text));
        self.source.error.take().map_or(Ok(()), |error| Err(Failure::Io(error.to_string())))?;
        self.host.told.take_failure().map_or(Ok(()), Err)?;
        let mut stats = ImportStats {
            struct_size: size_of::<ImportStats>() as u32,
            complete: 0,
            read: 0,
            emitted: 0,
            rejected: 0,
            filtered: 0,
        };
        let stream_stats = self.format.table.stream_stats.expect("checked with the descriptor");
        // SAFETY: the stream is of this format and not yet released.
        if unsafe { stream_stats(self.consumer.raw(), &mut stats) } != 0 || stats.complete == 0 {
            return Err(lie("the plugin ended the stream without completing the import".to_owned()));
        }
        let rejects = self.host.told.notes(NoteKind::Reject);
        if self.host.last_outside.2 > self.rows {
            let row = self.host.last_outside.2;
            return Err(lie(format!("the plugin told of a record behind row {row}, but gave {} rows", self.rows)));
        }
        settle_import(&stats, self.rows, rejects, self.host.outside).map_err(Failure::Plugin)
    }

    fn explain(&mut self, error: Error) -> Failure {
        let mut failure = Failure::Refused(error);
        if let Some(stream_error) = self.format.table.stream_error {
            let mut out = error_out();
            // SAFETY: the stream is of this format and not yet released.
            if unsafe { stream_error(self.consumer.raw(), &mut out) } == 0 {
                failure = take_error(out);
            }
        }
        blame(&mut self.source, &mut self.host, failure)
    }
}

/// What came first: an input that could not be read, a contract that was broken, a user who wants to stop; else what the
/// plugin makes of it.
pub(super) fn blame(source: &mut SourceContext, host: &mut HostContext<'_>, failure: Failure) -> Failure {
    match (source.error.take(), host.told.take_failure()) {
        (Some(error), _) => Failure::Io(error.to_string()),
        (None, Some(failure)) => failure,
        (None, None) if host.told.host().cancelled() => Failure::Cancelled,
        (None, None) => failure,
    }
}

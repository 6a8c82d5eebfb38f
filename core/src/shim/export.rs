//! Export: a stream of batches to a format's exporter.

use std::ffi::c_int;

use arrow_array::RecordBatch;
use serde_json::Value;

use super::tables::{HostHandle, SinkHandle};
use super::{give_error, options};
use crate::abi::{ArrowArrayStream, ErrorOut, ExportRequest, ExportStats, HostTable, Sink};
use crate::error::Error;
use crate::guard::guarded;
use crate::plugin::{Export, ExportCounts, Exporter, Fact};
use crate::stream::Consumer;

/// The batches of a stream.
struct Stream(Consumer);

impl Iterator for Stream {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map_err(|fault| fault.error).transpose()
    }
}

pub(super) unsafe extern "C" fn run_export<F: Exporter>(
    host: *const HostTable,
    input: *mut ArrowArrayStream,
    sink: *const Sink,
    request: *const ExportRequest,
    stats: *mut ExportStats,
    error: *mut ErrorOut,
) -> c_int {
    let done = guarded(|| {
        // SAFETY: the host keeps the request valid for the call and gives the stream away.
        let (Some(request), Some(input)) = (unsafe { (request.as_ref(), input.as_mut()) }) else {
            return Err(Error::new("the host passed NULL"));
        };
        // Taken first, so that it is released whatever happens below.
        let input = std::mem::replace(input, ArrowArrayStream::empty());
        // SAFETY: the host's stream keeps to the interface.
        let consumer = unsafe { Consumer::trusting(input) }?;
        if host.is_null() || sink.is_null() {
            return Err(Error::new("the host passed NULL"));
        }
        if request.flags != 0 {
            let flags = request.flags;
            return Err(Error::new(format!("the host asks for what this plugin does not know (flags {flags:#x})")));
        }
        // SAFETY: as above.
        let (options_text, facts_text) = unsafe { (request.options.to_text(), request.facts.to_text()) };
        let (host, mut sink) = (HostHandle::new(host), SinkHandle(sink));
        let mut batches = Stream(consumer);
        let mut cx = Export::new(options(&options_text)?, facts(&facts_text)?, &mut batches, &mut sink, &host);
        F::export(&mut cx)?;
        Ok(cx.counts())
    });
    match done {
        Ok(ExportCounts { read, omitted }) => {
            // SAFETY: the host gives room for the statistics.
            if let Some(stats) = unsafe { stats.as_mut() } {
                (stats.read, stats.written, stats.omitted) = (read, read.saturating_sub(omitted), omitted);
            }
            0
        }
        Err(fault) => {
            // SAFETY: the host's error struct.
            unsafe { give_error(error, &fault) };
            1
        }
    }
}

fn facts(text: &str) -> Result<Vec<Fact>, Error> {
    let bad = |error| Error::new(format!("the facts are not a JSON array: {error}"));
    let mut list: Vec<Value> = if text.is_empty() { Vec::new() } else { serde_json::from_str(text).map_err(bad)? };
    let text_of = |fact: &Value, key: &str| fact[key].as_str().unwrap_or_default().to_owned();
    let fact =
        |fact: &mut Value| Fact { kind: text_of(fact, "kind"), key: text_of(fact, "key"), value: fact["value"].take() };
    Ok(list.iter_mut().map(fact).collect())
}

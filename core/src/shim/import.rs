//! Import: a format's records as a stream of batches.

use std::ffi::c_int;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use super::tables::{HostHandle, SourceHandle};
use super::{give_error, options};
use crate::abi::{ArrowArrayStream, ErrorOut, FLAG_RAW, HostTable, ImportStats, Request, Source};
use crate::error::Error;
use crate::guard::guarded;
use crate::plugin::{Import, ImportCounts, ImportRequest, Importer, Out};
use crate::stream::{Batches, Producer, produce};
use crate::table::Builder;

/// An import as batches.
struct Records {
    import: Box<dyn Import>,
    host: HostHandle,
    counts: ImportCounts,
    columns: Builder,
    batch_rows: usize,
    ended: bool,
}

/// A batch of large records ends early: about as many bytes as this.
const BATCH_BYTES: usize = 1 << 20;

impl Batches for Records {
    fn schema(&self) -> SchemaRef {
        self.columns.schema()
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        let mut out = Out::resume(&self.host, self.counts, std::mem::take(&mut self.columns));
        while !self.ended && out.len() < self.batch_rows && out.bytes() < BATCH_BYTES {
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
            self.ended = !self.import.step(&mut out)?;
        }
        let batch = (!out.is_empty()).then(|| out.take());
        self.counts = out.counts();
        self.columns = out.into_columns();
        Ok(batch)
    }
}

/// The host's request.
///
/// # Safety
///
/// Its texts must be valid.
pub(super) unsafe fn import_request(raw: &Request) -> Result<ImportRequest, Error> {
    if raw.flags & !FLAG_RAW != 0 {
        return Err(Error::new(format!("the host asks for what this plugin does not know (flags {:#x})", raw.flags)));
    }
    // SAFETY: the caller's promise.
    let (options_text, wanted) = unsafe { (raw.options.to_text(), raw.wanted.to_text()) };
    let wanted = (!wanted.is_empty()).then(|| wanted.split(' ').map(str::to_owned).collect::<Vec<_>>());
    Ok(ImportRequest {
        options: options(&options_text)?,
        wanted,
        raw: raw.flags & FLAG_RAW != 0,
        batch_rows: usize::try_from(raw.batch_rows).unwrap_or(usize::MAX).clamp(1, 1 << 20),
        max_record: usize::try_from(raw.max_record).unwrap_or(usize::MAX),
    })
}

pub(super) unsafe extern "C" fn open_import<F: Importer>(
    host: *const HostTable,
    source: *const Source,
    request: *const Request,
    out: *mut ArrowArrayStream,
    error: *mut ErrorOut,
) -> c_int {
    let opened = guarded(|| {
        // SAFETY: the host keeps the request valid for the call.
        let (false, false, Some(raw)) = (host.is_null(), source.is_null(), unsafe { request.as_ref() }) else {
            return Err(Error::new("the host passed NULL"));
        };
        // SAFETY: as above.
        let request = unsafe { import_request(raw) }?;
        let (batch_rows, columns) = (request.batch_rows, Builder::new(request.wanted.as_deref()));
        let import = F::open(Box::new(SourceHandle(source)), request)?;
        let host = HostHandle::new(host);
        Ok(produce(Records { import, host, counts: ImportCounts::default(), columns, batch_rows, ended: false }))
    });
    match opened {
        Ok(stream) => {
            // SAFETY: the host gives room for a stream.
            unsafe { out.write(stream) };
            0
        }
        Err(fault) => {
            // SAFETY: the host's error struct.
            unsafe { give_error(error, &fault) };
            1
        }
    }
}

pub(super) unsafe extern "C" fn stream_error(stream: *mut ArrowArrayStream, error: *mut ErrorOut) -> c_int {
    // SAFETY: the host passes a stream of this format.
    match unsafe { Producer::<Records>::of(stream) }.and_then(|producer| producer.fault.as_ref()) {
        Some(fault) => {
            // SAFETY: the host's error struct.
            unsafe { give_error(error, fault) };
            0
        }
        None => 1,
    }
}

pub(super) unsafe extern "C" fn stream_stats(stream: *mut ArrowArrayStream, stats: *mut ImportStats) -> c_int {
    // SAFETY: as in `stream_error`; the host gives room for the statistics.
    let (Some(producer), Some(stats)) = (unsafe { (Producer::<Records>::of(stream), stats.as_mut()) }) else {
        return 1;
    };
    let counts = producer.batches.counts;
    *stats = ImportStats {
        struct_size: stats.struct_size,
        complete: u32::from(producer.complete),
        read: counts.emitted.saturating_add(counts.rejected).saturating_add(counts.filtered),
        emitted: counts.emitted,
        rejected: counts.rejected,
        filtered: counts.filtered,
    };
    0
}

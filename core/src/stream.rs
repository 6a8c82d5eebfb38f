//! Arrow C streams, both ends: batches that cross the plugin boundary.
//!
//! Own code rather than arrow's: its exporter aborts the process when the producer panics or an error text holds a
//! NUL, and its importer hides the producer's state, which [`crate::abi::FormatTable::stream_stats`] needs.

use std::any::Any;
use std::ffi::{CStr, CString, c_char, c_int};

use arrow_array::ffi::from_ffi_and_data_type;
use arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray};
use arrow_schema::{ArrowError, DataType, Schema, SchemaRef};

use crate::abi::{ArrowArrayStream, FFI_ArrowArray, FFI_ArrowSchema};
use crate::error::Error;
use crate::foreign::{check_array, check_schema};
use crate::guard::{Fault, guarded};
use crate::schema;

/// What stands for the text of an error that has none.
pub(crate) const NO_REASON: &str = "no reason given";
/// errno EIO, the answer of a failed call.
const EIO: c_int = 5;

/// Where the batches of a stream come from.
pub(crate) trait Batches: Any {
    /// The schema of all batches.
    fn schema(&self) -> SchemaRef;
    /// The next batch.
    fn next(&mut self) -> Result<Option<RecordBatch>, Error>;
}

/// The producer's side, behind `private_data`.
pub(crate) struct Producer<B> {
    pub batches: B,
    pub fault: Option<Fault>,
    pub complete: bool,
    last_error: CString,
}

/// A stream of `batches`.
pub(crate) fn produce<B: Batches>(batches: B) -> ArrowArrayStream {
    let producer = Producer { batches, fault: None, complete: false, last_error: CString::default() };
    ArrowArrayStream {
        get_schema: Some(get_schema::<B>),
        get_next: Some(get_next::<B>),
        get_last_error: Some(get_last_error::<B>),
        release: Some(release::<B>),
        private_data: Box::into_raw(Box::new(producer)).cast(),
    }
}

impl<B: Batches> Producer<B> {
    /// The producer behind a stream that [`produce`] made with the same type.
    ///
    /// # Safety
    ///
    /// `stream` must be NULL or such a stream, not used by anybody else meanwhile.
    pub(crate) unsafe fn of<'a>(stream: *mut ArrowArrayStream) -> Option<&'a mut Self> {
        // SAFETY: the caller's promise.
        let stream = unsafe { stream.as_ref() }?;
        stream.release?;
        // SAFETY: `produce` put a boxed producer there, and `release` is still to come.
        unsafe { stream.private_data.cast::<Self>().as_mut() }
    }

    fn fail(&mut self, fault: Fault) -> c_int {
        let text = fault.error.message.replace('\0', "\u{fffd}");
        self.last_error = CString::new(text).unwrap_or_default();
        self.fault = Some(fault);
        EIO
    }
}

unsafe extern "C" fn get_schema<B: Batches>(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowSchema) -> c_int {
    // SAFETY: the consumer calls with the stream that `produce` made.
    let Some(producer) = (unsafe { Producer::<B>::of(stream) }) else { return EIO };
    let made = guarded(|| {
        FFI_ArrowSchema::try_from(producer.batches.schema().as_ref()).map_err(|error| Error::new(error.to_string()))
    });
    match made {
        Ok(schema) => {
            // SAFETY: the consumer gives room for a schema.
            unsafe { out.write(schema) };
            0
        }
        Err(fault) => producer.fail(fault),
    }
}

unsafe extern "C" fn get_next<B: Batches>(stream: *mut ArrowArrayStream, out: *mut FFI_ArrowArray) -> c_int {
    // SAFETY: as in `get_schema`.
    let Some(producer) = (unsafe { Producer::<B>::of(stream) }) else { return EIO };
    if let Some(fault) = producer.fault.take() {
        return producer.fail(fault);
    }
    let made = guarded(|| Ok(producer.batches.next()?.map(|b| FFI_ArrowArray::new(&StructArray::from(b).to_data()))));
    match made {
        Ok(array) => {
            producer.complete = array.is_none();
            // SAFETY: the consumer gives room for an array.
            unsafe { out.write(array.unwrap_or_else(FFI_ArrowArray::empty)) };
            0
        }
        Err(fault) => producer.fail(fault),
    }
}

unsafe extern "C" fn get_last_error<B: Batches>(stream: *mut ArrowArrayStream) -> *const c_char {
    // SAFETY: as in `get_schema`.
    match unsafe { Producer::<B>::of(stream) } {
        Some(producer) if producer.fault.is_some() => producer.last_error.as_ptr(),
        _ => std::ptr::null(),
    }
}

unsafe extern "C" fn release<B: Batches>(stream: *mut ArrowArrayStream) {
    // SAFETY: as in `get_schema`; NULL and a second release are no-ops.
    let Some(stream) = (unsafe { stream.as_mut() }) else { return };
    if stream.release.is_none() {
        return;
    }
    let private_data = std::mem::replace(stream, ArrowArrayStream::empty()).private_data;
    // SAFETY: `produce` boxed it, and the stream no longer points to it.
    let producer = unsafe { Box::from_raw(private_data.cast::<Producer<B>>()) };
    let _ = guarded(|| {
        drop(producer);
        Ok(())
    });
}

/// What arrow says is wrong, without the kind of its error.
fn words_of(error: &ArrowError) -> String {
    match error {
        ArrowError::InvalidArgumentError(text) | ArrowError::CDataInterface(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The consumer's side: takes batches of the event table from a stream that somebody else made.
pub(crate) struct Consumer {
    stream: ArrowArrayStream,
    schema: SchemaRef,
    /// Whether the data is validated. A host's is not, whose every word a plugin takes.
    checked: bool,
}

impl Consumer {
    /// Takes over `stream` and checks its schema.
    ///
    /// # Safety
    ///
    /// The stream must keep to the Arrow C stream interface.
    pub(crate) unsafe fn new(stream: ArrowArrayStream) -> Result<Self, Error> {
        let mut consumer = Self { stream, schema: SchemaRef::new(Schema::empty()), checked: true };
        let (Some(get_schema), Some(_), Some(_)) =
            (consumer.stream.get_schema, consumer.stream.get_next, consumer.stream.release)
        else {
            return Err(Error::new("the stream lacks a callback"));
        };
        let mut raw = FFI_ArrowSchema::empty();
        // SAFETY: the caller's promise.
        if unsafe { get_schema(&mut consumer.stream, &mut raw) } != 0 {
            return Err(Error::new(consumer.last_error()));
        }
        // SAFETY: as above.
        unsafe { check_schema(&raw) }?;
        // Guarded: arrow asserts what it cannot read.
        let schema =
            guarded(|| Schema::try_from(&raw).map_err(|error| Error::new(format!("bad schema: {}", words_of(&error)))));
        let schema = schema.map_err(|fault| match fault.bug {
            true => Error::new("bad schema: it cannot be read"),
            false => fault.error,
        })?;
        schema::check(&schema)?;
        consumer.schema = SchemaRef::new(schema);
        Ok(consumer)
    }

    /// The same without validating the data: that of the host that this plugin serves, or of a plugin that is linked in.
    ///
    /// # Safety
    ///
    /// As for [`Consumer::new`]; and the data must be valid.
    pub(crate) unsafe fn trusting(stream: ArrowArrayStream) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        let mut consumer = unsafe { Self::new(stream) }?;
        consumer.checked = false;
        Ok(consumer)
    }

    /// The next batch, `None` at the end. A batch that is not what the schema says is the producer's bug.
    pub(crate) fn next(&mut self) -> Result<Option<RecordBatch>, Fault> {
        let get_next = self.stream.get_next.expect("checked by `new`");
        let mut raw = FFI_ArrowArray::empty();
        // SAFETY: `new` was promised a stream that keeps to the interface.
        if unsafe { get_next(&mut self.stream, &mut raw) } != 0 {
            return Err(Fault { error: Error::new(self.last_error()), bug: false });
        }
        if raw.is_released() {
            return Ok(None);
        }
        let (schema, checked) = (&self.schema, self.checked);
        if checked {
            // SAFETY: as above.
            unsafe { check_array(&raw, schema.fields()) }.map_err(|error| Fault { error, bug: true })?;
        }
        // Guarded: arrow asserts what it cannot read.
        let batch = guarded(|| {
            let bad = |error: ArrowError| Error::new(format!("bad batch: {}", words_of(&error)));
            let data_type = DataType::Struct(schema.fields().clone());
            // SAFETY: as above. The data is validated below as far as the interface lets it be.
            let data = unsafe { from_ffi_and_data_type(raw, data_type) }.map_err(bad)?;
            if checked {
                for (field, column) in schema.fields().iter().zip(data.child_data()) {
                    let bad = |error| format!("bad batch: column `{}`: {}", field.name(), words_of(&error));
                    column.validate_full().map_err(|error| Error::new(bad(error)))?;
                }
                data.validate_data().map_err(bad)?;
            }
            let rows = StructArray::from(data);
            if rows.null_count() > 0 {
                return Err(Error::new("bad batch: a row that is null"));
            }
            let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
            RecordBatch::try_new_with_options(schema.clone(), rows.columns().to_vec(), &options).map_err(bad)
        });
        batch.map(Some).map_err(|fault| match fault.bug {
            true => Fault { error: Error::new("bad batch: its buffers or children do not fit its schema"), bug: true },
            false => Fault { bug: true, ..fault },
        })
    }

    /// The stream itself, for the calls that take one.
    pub(crate) fn raw(&mut self) -> &mut ArrowArrayStream {
        &mut self.stream
    }

    fn last_error(&mut self) -> String {
        let text = self.stream.get_last_error.map(|get| {
            // SAFETY: as in `next`.
            unsafe { get(&mut self.stream) }
        });
        match text {
            // SAFETY: by the interface a text that ends with NUL and lives until the next call.
            Some(text) if !text.is_null() => unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned(),
            _ => NO_REASON.to_owned(),
        }
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        if let Some(release) = self.stream.release {
            // SAFETY: released once; release sets itself NULL.
            unsafe { release(&mut self.stream) };
        }
    }
}

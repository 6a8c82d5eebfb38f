//! Checking: a source against the specification of its format.

use std::ffi::c_int;

use super::give_error;
use super::import::import_request;
use super::tables::{HostHandle, SourceHandle};
use crate::abi::{ErrorOut, HostTable, Request, Source};
use crate::check::{Findings, Validator};
use crate::error::Error;
use crate::guard::guarded;

pub(super) unsafe extern "C" fn validate<F: Validator>(
    host: *const HostTable,
    source: *const Source,
    request: *const Request,
    error: *mut ErrorOut,
) -> c_int {
    let done = guarded(|| {
        // SAFETY: the host keeps the request valid for the call.
        let (false, false, Some(raw)) = (host.is_null(), source.is_null(), unsafe { request.as_ref() }) else {
            return Err(Error::new("the host passed NULL"));
        };
        // SAFETY: as above.
        let request = unsafe { import_request(raw) }?;
        let host = HostHandle::new(host);
        F::validate(Box::new(SourceHandle(source)), &request, &mut Findings::new(&host))
    });
    match done {
        Ok(()) => 0,
        Err(fault) => {
            // SAFETY: the host's error struct.
            unsafe { give_error(error, &fault) };
            1
        }
    }
}

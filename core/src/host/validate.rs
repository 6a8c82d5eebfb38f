//! Checking through a format's vtable.

use crate::error::Error;
use crate::host::import::{RequestTexts, blame};
use crate::host::io::SourceContext;
use crate::host::tables::HostContext;
use crate::host::{Failure, FormatRef, error_out, take_error};
use crate::plugin::{Host, ImportRequest, Input};

impl FormatRef {
    /// Checks `input` against the specification of the format. What is found goes to `host`: errors as notes of kind
    /// `reject`, warnings of kind `repair`. The label serves messages only.
    pub fn validate(
        self,
        input: Box<dyn Input>,
        label: &str,
        request: &ImportRequest,
        host: &dyn Host,
    ) -> Result<(), Failure> {
        let Some(validate) = self.table.validate else {
            return Err(Failure::Refused(Error::new(format!("format `{}` cannot be checked", self.name()))));
        };
        let mut source = SourceContext::new(input);
        let mut host = HostContext::new(host, Some(source.read.clone()));
        let (host_table, source_table) = (host.table(), source.table(label));
        let texts = RequestTexts::of(request);
        let mut error = error_out();
        // SAFETY: everything passed lives for the call.
        let code = unsafe { validate(&host_table, &source_table, &texts.request(request), &mut error) };
        let failure = take_error(error);
        match (code, source.error.is_some() || host.told.has_failed()) {
            (0, false) => Ok(()),
            _ => Err(blame(&mut source, &mut host, failure)),
        }
    }
}

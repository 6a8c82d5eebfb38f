//! Times: DTSTART, DTEND, DUE and DURATION with the properties that say what these cannot, and back.

mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use read::{read_annals, read_instance, read_plain};
pub(crate) use write::{Form, Omitted, additions, local_text, write};

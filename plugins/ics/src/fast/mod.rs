//! The short way for records that say plain things plainly, as almost all do.
//!
//! The reference is the general way (`record`, `read`, `extra`, `write`): it knows every case and every repair. The
//! short way takes a record only if it is sure to come to the same result, byte for byte, and leaves it to the general
//! way otherwise; so it has no messages of its own. Tests hold both equal over samples, a corpus and random damage.

mod clock;
mod content;
mod digits;
mod export;
mod import;
mod kept;
mod split;
mod text;
mod times;

pub(crate) use export::Writer;
pub(crate) use import::{Place, Reader};
pub(crate) use text::clean_text;

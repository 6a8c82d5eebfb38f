//! The only place where rows become columns and columns rows.

mod buffers;
mod builder;
mod columns;
mod gather;
mod nulls;
mod parts;
mod plain;
mod rows;

use arrow_array::RecordBatch;

use crate::error::Error;
use crate::event::Event;
use crate::when::{Extent, Part, Precision, Qualifier};

pub use builder::Builder;
pub use columns::{ActorText, ClaimText, Code, Degrees, Number, Text};
pub use gather::{Pick, gather};
pub use nulls::bytes_of;
pub use plain::{has_views, plain_text};
pub use rows::Rows;

/// Columns from rows. `wanted` = the names of the columns to fill, `None` = all; the others are absent.
pub fn to_batch(events: &[Event], wanted: Option<&[String]>) -> RecordBatch {
    let mut builder = Builder::new(wanted);
    events.iter().for_each(|event| builder.event(event));
    builder.finish()
}

/// Rows from columns, after [`crate::schema::check`]. A null where none may be, or an unknown code, is an error.
pub fn from_batch(batch: &RecordBatch) -> Result<Vec<Event>, Error> {
    let batch = plain_text(batch)?;
    let rows = Rows::of(&batch)?;
    Ok((0..rows.len()).map(|row| rows.event(row)).collect())
}

/// The enums of [`crate::when::When`] by their code in the table.
macro_rules! codes {
    ($($type:ident { $($variant:ident),* })*) => {
        $(impl $type {
            /// The value with this code in the event table.
            pub fn from_code(code: u8) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|value| *value as u8 == code)
            }
        })*
    };
}
codes! {
    Extent { Moment, Throughout }
    Precision { Second, Minute, Hour, Day, Week, Month, Season, Year, Decade, Century, Millennium }
    Qualifier { None, Uncertain, Approximate, Both }
    Part { Whole, Early, Mid, Late }
}

#[cfg(test)]
mod tests;

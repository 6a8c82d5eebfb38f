//! When something happened: four bounds that never claim more than the source said.
//!
//! EDTF (ISO 8601-2) levels 0-2 by the crate `edtf-core` for dates, own instants and zones on top.

use serde::{Deserialize, Serialize};

pub mod civil;
#[cfg(test)]
mod corpus;
pub mod instant;
mod make;
mod parse;
pub mod phrase;
mod plain;
mod refuse;
#[cfg(test)]
mod tests;
mod text;
mod unit;
pub mod window;
pub mod zone;

pub use instant::Instant;
pub use phrase::{DateOrder, phrase};
pub use plain::{Clock, plain_day};
pub use refuse::WhenError;
pub use text::Edge;
pub use window::{Asked, Relation, Window};
pub use zone::Zone;

/// When an event happened.
///
/// The start lies between `start_lo` and `start_hi` (both inclusive), the end between `end_lo` and `end_hi`
/// (exclusive: the first microsecond after the event). All bounds are microseconds since 1970-01-01T00:00:00,
/// UTC if zoned, local time as if UTC if floating or a date. `None` = unknown, `i64::MIN`/`i64::MAX` = open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The time as EDTF; instants with up to 9 fraction digits, with an offset if zoned, without if floating.
    /// `None` = undated.
    pub edtf: Option<String>,
    /// Earliest possible start.
    pub start_lo: Option<i64>,
    /// Latest possible start.
    pub start_hi: Option<i64>,
    /// Earliest possible end, exclusive. An exact moment has end = start + 1.
    pub end_lo: Option<i64>,
    /// Latest possible end, exclusive.
    pub end_hi: Option<i64>,
    /// Nanoseconds of the start below the microsecond, 0-999.
    pub start_nanos: u16,
    /// A moment somewhere within the bounds, or a state throughout them.
    pub extent: Extent,
    /// The unit of the start.
    pub precision: Precision,
    /// EDTF `?`, `~`, `%` anywhere in the expression.
    pub qualifier: Qualifier,
    /// Early, mid or late within the unit; never moves bounds.
    pub part: Part,
    /// The phrase of the source ("late August").
    pub said: Option<String>,
    /// IANA name, fixed offset (`+02:00`), `UTC` or `floating`; `None` for dates and undated events.
    pub zone: Option<String>,
    /// The zone of the end, where it is another one.
    pub end_zone: Option<String>,
}

/// A moment somewhere within the bounds, or a state throughout them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Extent {
    /// Happened at some moment within the bounds.
    #[default]
    Moment = 0,
    /// Lasted throughout.
    Throughout = 1,
}

/// The unit in which the start is known; finer sorts first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Precision {
    /// A second or finer.
    #[default]
    Second = 10,
    /// A time given to the minute.
    Minute = 20,
    /// A time given to the hour.
    Hour = 30,
    /// A calendar day.
    Day = 40,
    /// An ISO week.
    Week = 50,
    /// A calendar month.
    Month = 60,
    /// A season, quarter, quadrimester or half-year.
    Season = 70,
    /// A year.
    Year = 80,
    /// A decade (`199X`).
    Decade = 90,
    /// A century (`19XX`).
    Century = 100,
    /// A millennium (`1XXX`) or coarser.
    Millennium = 110,
}

/// EDTF qualification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Qualifier {
    /// Neither.
    #[default]
    None = 0,
    /// `?`
    Uncertain = 1,
    /// `~`
    Approximate = 2,
    /// `%`, or `?` and `~` on different components.
    Both = 3,
}

/// Which part of the unit the source speaks of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
pub enum Part {
    /// The whole of it.
    #[default]
    Whole = 0,
    /// "early August"
    Early = 1,
    /// "mid-August"
    Mid = 2,
    /// "late August"
    Late = 3,
}

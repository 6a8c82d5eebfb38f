//! The options that filter, of whatever reads and merges.

use clap::Args;

use crate::engine::expand::Expand;
use crate::engine::filter::{Filter, Given};
use crate::exit::Trouble;

/// Options that leave events out.
#[derive(Args, Clone, Debug)]
pub struct Filtering {
    /// Only events within this time: `A..B`, `A..`, `..B` or one date
    ///
    /// Dates are EDTF (`2025-08`, `2025-08-01T10:00`, `199X`) or phrases (`late 1990s`). A window goes from the start of
    /// A to the end of B: a date includes all of it, a time of day is exact. Of a series one instance is enough.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true, help_heading = "Filters")]
    pub during: Option<String>,
    /// Only events that overlap this time
    #[arg(long, value_name = "A..B", allow_hyphen_values = true, help_heading = "Filters")]
    pub overlapping: Option<String>,
    /// Only events that go on at the start of A or are later
    #[arg(long, value_name = "A", allow_hyphen_values = true, help_heading = "Filters")]
    pub since: Option<String>,
    /// Only events that begin before the end of B
    #[arg(long, value_name = "B", allow_hyphen_values = true, help_heading = "Filters")]
    pub until: Option<String>,
    /// Only events that match these times whatever their vague dates really are; undated ones never do
    #[arg(long, conflicts_with = "possibly", help_heading = "Filters")]
    pub certainly: bool,
    /// Also events that may match these times (the default); undated ones always may
    #[arg(long, help_heading = "Filters")]
    pub possibly: bool,
    /// Only events with this tag, in any source (repeatable: any of them)
    #[arg(long, value_name = "T", help_heading = "Filters")]
    pub tag: Vec<String>,
    /// Only events in this lane, in any source (repeatable: any of them)
    #[arg(long, value_name = "L", help_heading = "Filters")]
    pub lane: Vec<String>,
    /// Only events of this kind, such as VEVENT (repeatable: any of them)
    #[arg(long, value_name = "K", help_heading = "Filters")]
    pub kind: Vec<String>,
    /// Only events whose title, body or place matches, in any source; `(?i)` ignores case
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, help_heading = "Filters")]
    pub grep: Option<String>,
    /// Only events with this value: `FIELD=VALUE` or `FIELD!=VALUE` (repeatable: all of them)
    ///
    /// FIELD is a key of canonical JSON or a path below one, such as `status`, `extra.NAME` or `actors.name`. Of several
    /// values one is enough. What is missing equals an empty VALUE: `place=` finds events without a place.
    #[arg(long = "where", value_name = "FIELD=VALUE", help_heading = "Filters")]
    pub wheres: Vec<String>,
    /// Series become their instances that share time with this: `A..B`, `A..`, `..B` or one date
    ///
    /// Each instance is an event of its own, with the id of the series and its `instance`; overrides take the place of
    /// theirs, also where they lie in another file. What does not recur stays as it is. Filters then judge each instance
    /// alone. Work on one series ends after 3 million steps, which is told.
    #[arg(long, value_name = "A..B", allow_hyphen_values = true, help_heading = "Filters")]
    pub expand: Option<String>,
    /// The zone in which the dates of filters are read; dates and floating times are compared by its clock
    #[arg(long, value_name = "NAME", default_value = "UTC", allow_hyphen_values = true, help_heading = "Filters")]
    pub zone: String,
}

impl Filtering {
    /// The time whose instances series become.
    pub fn expand(&self) -> Result<Option<Expand>, Trouble> {
        self.expand.as_deref().map(|text| Expand::new(text, &self.zone)).transpose()
    }

    /// The filter that they make together.
    pub fn filter(&self) -> Result<Filter, Trouble> {
        Filter::new(&Given {
            during: self.during.as_deref(),
            overlapping: self.overlapping.as_deref(),
            since: self.since.as_deref(),
            until: self.until.as_deref(),
            certainly: self.certainly,
            tags: &self.tag,
            lanes: &self.lane,
            kinds: &self.kind,
            grep: self.grep.as_deref(),
            wheres: &self.wheres,
            zone: &self.zone,
        })
    }
}

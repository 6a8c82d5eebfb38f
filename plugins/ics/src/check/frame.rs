//! A component that has begun and not ended yet: what of its lines matters at its end.

use std::collections::BTreeMap;

use annals_core::Locator;

use super::components::Component;
use super::recur::Facts;
use super::values::Length;
use crate::value::Stamp;

/// How many rules of a component are compared with its DTSTART.
pub(super) const MAX_RULES: usize = 16;

/// The forms of a time (RFC 5545 sections 3.3.4 and 3.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Form {
    Date,
    Floating,
    Utc,
    Zoned,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Date => "a DATE",
            Form::Floating => "a local time without TZID",
            Form::Utc => "a time in UTC",
            Form::Zoned => "a local time with TZID",
        }
    }

    /// Whether both are DATEs or both are not, and both are floating or both are not: what many properties have to be
    /// towards DTSTART.
    pub fn fits(self, other: Form) -> bool {
        (self == Form::Date) == (other == Form::Date) && (self == Form::Floating) == (other == Form::Floating)
    }
}

/// A time with its place.
#[derive(Clone, Debug)]
pub(super) struct Time {
    pub at: Locator,
    pub stamp: Stamp,
    pub tzid: Option<String>,
}

impl Time {
    pub fn form(&self) -> Form {
        match (self.stamp, &self.tzid) {
            (Stamp::Date(_), _) => Form::Date,
            (Stamp::Time { utc: true, .. }, _) => Form::Utc,
            (Stamp::Time { .. }, Some(_)) => Form::Zoned,
            (Stamp::Time { .. }, None) => Form::Floating,
        }
    }

    /// Whether it comes after another; `None` if they are not on one clock.
    pub fn is_after(&self, other: &Time) -> Option<bool> {
        match (self.stamp, other.stamp) {
            (Stamp::Date(a), Stamp::Date(b)) => Some(a > b),
            (Stamp::Time { local: a, .. }, Stamp::Time { local: b, .. })
                if self.form() == other.form() && self.tzid == other.tzid =>
            {
                Some(a > b)
            }
            _ => None,
        }
    }
}

/// An open component.
#[derive(Default)]
pub(super) struct Frame {
    /// Its name in upper case.
    pub name: String,
    /// What is known of it.
    pub component: Option<&'static Component>,
    /// Its BEGIN.
    pub at: Locator,
    /// How often each known property stands in it.
    pub counts: BTreeMap<&'static str, u32>,
    pub uid: Option<String>,
    pub sequence: i64,
    pub start: Option<Time>,
    pub end: Option<Time>,
    pub due: Option<Time>,
    pub recurrence: Option<Time>,
    pub length: Option<(Locator, Length)>,
    pub rules: Vec<(Locator, Facts)>,
    /// The first EXDATE or RDATE of each form.
    pub dates: BTreeMap<(&'static str, Form), Locator>,
    pub action: Option<String>,
    pub tzid: Option<String>,
    /// Whether there is X-LIC-LOCATION.
    pub has_location: bool,
    /// The TRIGGER, if it is relative: whether to the end.
    pub trigger: Option<(Locator, bool)>,
    /// The first relative TRIGGERs of its alarms: to the start, to the end.
    pub triggers: [Option<Locator>; 2],
    /// Whether a component stands in it.
    pub has_inner: bool,
    /// How many STANDARD and DAYLIGHT stand in it.
    pub observances: u64,
}

impl Frame {
    /// How often a property stands in it.
    pub fn count(&self, property: &str) -> u32 {
        self.counts.get(property).copied().unwrap_or(0)
    }

    /// Whether a property stands in it.
    pub fn has(&self, property: &str) -> bool {
        self.count(property) > 0
    }
}

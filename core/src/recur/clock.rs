//! Clocks that series go by: zones of the model, and zones that a calendar defines itself (VTIMEZONE).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::when::Zone;
use crate::when::civil::{US_PER_DAY, US_PER_SECOND};

/// A clock: what it shows at an instant, and when it shows a time.
///
/// Instants are UTC microseconds since 1970, local times microseconds since 1970 as if the clock were UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clock {
    /// A zone of the model: floating, UTC, a fixed offset or one of the IANA database.
    Zone(Zone),
    /// A zone with a definition of its own.
    Table(Arc<Offsets>),
}

/// The offsets of a zone, and when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offsets {
    first: i32,
    /// UTC microseconds, in order, each once, and seconds east of UTC from then on.
    changes: Vec<(i64, i32)>,
}

/// What the TZIDs of a calendar mean that defines zones itself.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// The clock of the event, where the zone of its time says less: an event in a zone of the calendar's own has a
    /// fixed offset as its zone.
    pub own: Option<Clock>,
    /// By TZID. A definition in the calendar goes before a zone of that name in the IANA database.
    pub named: BTreeMap<String, Clock>,
}

impl Clocks {
    /// The clock of a TZID; `None` if nobody knows it.
    pub(super) fn get(&self, tzid: &str) -> Option<Clock> {
        self.named.get(tzid).cloned().or_else(|| Zone::parse(tzid).map(Clock::Zone))
    }
}

impl Clock {
    /// When the clock shows a local time. One that it skips is read with the offset before the gap, one that it shows
    /// twice is the first of the two (RFC 5545 section 3.3.5). Floating time is returned as it is.
    pub fn to_utc(&self, local: i64) -> i64 {
        match self {
            Clock::Zone(zone) => zone.to_utc(local),
            Clock::Table(offsets) => offsets.to_utc(local),
        }
    }

    /// What the clock shows at an instant.
    pub fn to_local(&self, utc: i64) -> i64 {
        utc.saturating_add(i64::from(self.offset_at(utc)) * US_PER_SECOND)
    }

    /// Seconds east of UTC at an instant; 0 if floating.
    pub fn offset_at(&self, utc: i64) -> i32 {
        match self {
            Clock::Zone(zone) => zone.offset_at(utc),
            Clock::Table(offsets) => offsets.at(utc),
        }
    }

    /// Whether it is the clock of wherever one is.
    pub fn is_floating(&self) -> bool {
        *self == Clock::Zone(Zone::Floating)
    }

    /// Whether its offset may change.
    pub(super) fn changes(&self) -> bool {
        matches!(self, Clock::Zone(Zone::Named(_)) | Clock::Table(_))
    }

    /// The zone to write an instant in.
    pub(super) fn zone_at(&self, utc: i64) -> Zone {
        match self {
            Clock::Zone(zone) => *zone,
            Clock::Table(offsets) => Zone::Fixed(offsets.at(utc)),
        }
    }
}

impl From<Zone> for Clock {
    fn from(zone: Zone) -> Self {
        Clock::Zone(zone)
    }
}

impl Offsets {
    /// A zone whose offset is `first` (seconds east of UTC, less than a day) until it changes. `changes` say when
    /// (UTC microseconds) and to what; in any order, of two at once the last counts. After the last change the offset
    /// stays, so that they should reach as far as a series is looked at.
    pub fn new(first: i32, changes: impl IntoIterator<Item = (i64, i32)>) -> Self {
        let day = |offset: i32| offset.clamp(-86_399, 86_399);
        let changes: BTreeMap<i64, i32> = changes.into_iter().collect();
        Self { first: day(first), changes: changes.into_iter().map(|(at, offset)| (at, day(offset))).collect() }
    }

    fn at(&self, utc: i64) -> i32 {
        let after = self.changes.partition_point(|(at, _)| *at <= utc);
        after.checked_sub(1).map_or(self.first, |last| self.changes[last].1)
    }

    fn to_utc(&self, local: i64) -> i64 {
        // Offsets are less than a day.
        let near = |at: i64| self.changes.partition_point(|(change, _)| *change < at);
        let (from, to) = (near(local.saturating_sub(US_PER_DAY)), near(local.saturating_add(US_PER_DAY)));
        let mut offset = from.checked_sub(1).map_or(self.first, |last| self.changes[last].1);
        let with = |offset: i32| local.saturating_sub(i64::from(offset) * US_PER_SECOND);
        for (at, next) in &self.changes[from..to] {
            // Before the change, or in the gap that it makes.
            if with(offset) < *at || with(*next) < *at {
                break;
            }
            offset = *next;
        }
        with(offset)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{Offset, TimeZone};
    use proptest::prelude::*;

    use super::*;
    use crate::when::civil::US_PER_HOUR;

    /// A zone of the IANA database as a table of the years 1970 to 2009.
    fn table(name: &str) -> (Zone, Clock) {
        let zone = Zone::parse(name).unwrap();
        let Zone::Named(tz) = zone else { panic!("{name}") };
        let offset = |second: i64| tz.timestamp_opt(second, 0).unwrap().offset().fix().local_minus_utc();
        let hours = (0..40 * 366 * 24).map(|hour| hour * 3600);
        let changes = hours.filter(|at| offset(*at) != offset(at - 3600)).map(|hour| {
            // Not all zones change at the full hour of UTC.
            let at = (hour - 3599..=hour).find(|at| offset(*at) == offset(hour)).unwrap();
            (at * US_PER_SECOND, offset(hour))
        });
        (zone, Clock::Table(Arc::new(Offsets::new(offset(-1), changes))))
    }

    #[test]
    fn a_table_is_as_its_zone() {
        for name in ["Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe", "Asia/Tokyo"] {
            let (zone, clock) = table(name);
            let Clock::Table(table) = &clock else { panic!("{name}") };
            let around = |(at, _): (i64, i32)| (-200..200).map(move |half| at + half * US_PER_HOUR / 2);
            for us in table.changes.iter().copied().flat_map(around).chain([0, US_PER_DAY * 13_999]) {
                assert_eq!(clock.to_utc(us), zone.to_utc(us), "{name} {us}");
                assert_eq!(clock.offset_at(us), zone.offset_at(us), "{name} {us}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_table_is_a_clock(first in any::<i32>(), changes in proptest::collection::vec((any::<i64>(), any::<i32>()), 0..9), us in any::<i64>()) {
            let clock = Clock::Table(Arc::new(Offsets::new(first, changes)));
            clock.to_utc(us);
            clock.to_local(us);
        }
    }
}

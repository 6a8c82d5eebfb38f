//! Clocks of IANA zones with their offsets remembered.

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};

use crate::zone::iana;

/// The clock of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Floating,
    Utc,
    /// A zone by its number in [`Clocks`].
    Named(usize),
}

/// A time as its clock shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub clock: Clock,
    /// Microseconds since 1970, UTC (if floating, of the clock).
    pub us: i64,
    /// What the clock shows at that time, likewise.
    pub shown: i64,
}

/// The zones met so far.
#[derive(Default)]
pub(crate) struct Clocks {
    known: Vec<Known>,
    last: usize,
}

struct Known {
    name: String,
    /// `None`: what this TZID stands for is not settled by its name.
    zone: Option<Zone>,
    /// The offset in each block of time since 1970, where that is the same throughout and around it.
    blocks: Vec<i32>,
}

/// Blocks of 2^40 microseconds, about 12.7 days.
const BLOCK_BITS: u32 = 40;
/// Until the year 2100.
const BLOCKS: usize = 3700;
/// Offsets are asked for at this distance; all changes of all zones are more than six days apart.
const STEP: i64 = 3 * US_PER_DAY;
/// Not asked yet.
const UNKNOWN: i32 = i32::MAX;
/// The offset changes in the block or near it.
const CHANGING: i32 = i32::MIN;
/// More zones than any sensible calendar has are not remembered.
const MOST: usize = 100;

impl Clocks {
    /// The clock of a TZID that is the name of an IANA zone, whatever a VTIMEZONE says: no abbreviation such as `EST`.
    pub fn find(&mut self, tzid: &str) -> Option<Clock> {
        let at = match self.known.get(self.last) {
            Some(known) if known.name == tzid => self.last,
            _ => match self.known.iter().position(|known| known.name == tzid) {
                Some(at) => at,
                None if self.known.len() == MOST => return None,
                None => {
                    let abbreviation = tzid.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
                    let zone = iana(tzid).filter(|zone| !abbreviation && matches!(zone, Zone::Named(_)));
                    self.known.push(Known { name: tzid.to_owned(), zone, blocks: Vec::new() });
                    self.known.len() - 1
                }
            },
        };
        self.last = at;
        self.known[at].zone.map(|_| Clock::Named(at))
    }

    /// The name as the event table has it.
    pub fn name(&self, clock: Clock) -> &str {
        match clock {
            Clock::Floating => "floating",
            Clock::Utc => "UTC",
            Clock::Named(at) => &self.known[at].name,
        }
    }

    /// The time that a clock showing `local` means.
    pub fn local(&mut self, clock: Clock, local: i64) -> Moment {
        let Clock::Named(at) = clock else { return Moment { clock, us: local, shown: local } };
        match self.steady(at, local) {
            Some(offset) => Moment { clock, us: local - i64::from(offset) * US_PER_SECOND, shown: local },
            None => {
                let us = self.known[at].zone.unwrap_or(Zone::Utc).to_utc(local);
                self.at(clock, us)
            }
        }
    }

    /// This time on a clock.
    pub fn at(&mut self, clock: Clock, us: i64) -> Moment {
        let Clock::Named(at) = clock else { return Moment { clock, us, shown: us } };
        let offset = match self.steady(at, us) {
            Some(offset) => offset,
            None => self.known[at].zone.unwrap_or(Zone::Utc).offset_at(us),
        };
        Moment { clock, us, shown: us + i64::from(offset) * US_PER_SECOND }
    }

    /// Whether what the clock shows means this time, not an other at which it shows the same.
    pub fn is_plain(&mut self, moment: Moment) -> bool {
        let Clock::Named(_) = moment.clock else { return true };
        self.local(moment.clock, moment.shown).us == moment.us
    }

    /// The offset of a zone if it does not change for days around, on its own clock or in UTC.
    fn steady(&mut self, at: usize, us: i64) -> Option<i32> {
        let known = &mut self.known[at];
        let block = usize::try_from(us >> BLOCK_BITS).ok().filter(|block| *block < BLOCKS)?;
        if known.blocks.is_empty() {
            known.blocks.resize(BLOCKS, UNKNOWN);
        }
        if known.blocks[block] == UNKNOWN {
            let zone = known.zone?;
            let (first, end) = ((block as i64) << BLOCK_BITS, (block as i64 + 1) << BLOCK_BITS);
            let offset = zone.offset_at(first - STEP);
            let mut probes = (0..).map(|step| first + step * STEP).take_while(|us| *us <= end + 2 * STEP);
            let steady = probes.all(|us| zone.offset_at(us) == offset);
            known.blocks[block] = if steady { offset } else { CHANGING };
        }
        Some(known.blocks[block]).filter(|offset| *offset != CHANGING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::TZ_VARIANTS;
    use proptest::prelude::*;

    #[test]
    fn names() {
        let mut clocks = Clocks::default();
        let check = |clocks: &mut Clocks, tzid: &str, found: bool| {
            assert_eq!(clocks.find(tzid).is_some(), found, "{tzid}");
        };
        for _ in 0..2 {
            check(&mut clocks, "Europe/Berlin", true);
            check(&mut clocks, "europe/berlin", false);
            check(&mut clocks, "Asia/Tokyo", true);
            check(&mut clocks, "CET", false);
            check(&mut clocks, "UTC", false);
            check(&mut clocks, "+02:00", false);
            check(&mut clocks, "", false);
        }
    }

    proptest! {
        /// What is remembered is what the zone itself says, around changes too.
        #[test]
        fn offsets(index in 0..TZ_VARIANTS.len(), us in 0i64..4_200_000_000_000_000, steps in 1i64..20) {
            let zone = Zone::Named(TZ_VARIANTS[index]);
            let mut clocks = Clocks::default();
            let Some(clock) = clocks.find(&zone.name()) else { return Ok(()) };
            for step in 0..steps {
                let us = us + step * 70_000_000_000;
                let local = clocks.local(clock, us);
                prop_assert_eq!(local.us, zone.to_utc(us));
                prop_assert_eq!(local.shown - local.us, i64::from(zone.offset_at(local.us)) * US_PER_SECOND);
                let moment = clocks.at(clock, us);
                prop_assert_eq!(moment.shown - us, i64::from(zone.offset_at(us)) * US_PER_SECOND);
                prop_assert_eq!(clocks.is_plain(moment), zone.to_utc(moment.shown) == us);
            }
        }
    }
}

//! Which time zones the standing events are in, and in which years: what exporters must know before the first event.
//!
//! Uses are counted, since rows that become part of others no longer stand.

use std::collections::HashMap;

use annals_core::table::{Number, Rows, Text};
use annals_core::when::civil::{US_PER_DAY, civil_from_days};
use annals_core::{Event, Fact};
use serde_json::{Value, json};

use super::chunk::{Chunk, FILTERED};

/// The years that an event is in, as far as they are known; a series may go on for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Years {
    first: Option<i64>,
    last: Option<i64>,
    endless: bool,
}

impl Years {
    fn new(start: Option<i64>, end: Option<i64>, recurs: bool) -> Self {
        let year = |us: i64| civil_from_days(us.div_euclid(US_PER_DAY)).0;
        Self { first: start.or(end).map(year), last: end.or(start).map(year), endless: recurs }
    }
}

/// The zones, and how often each is used in which years.
#[derive(Clone, Debug, Default)]
pub struct Zones(HashMap<String, HashMap<Years, i64>>);

impl Zones {
    fn count(&mut self, zone: &str, years: Years, count: i64) {
        if !is_iana(zone) {
            return;
        }
        match self.0.get_mut(zone) {
            Some(uses) => *uses.entry(years).or_default() += count,
            None => drop(self.0.insert(zone.to_owned(), HashMap::from([(years, count)]))),
        }
    }

    /// Counts the zones of an event.
    pub fn event(&mut self, event: &Event, count: i64) {
        let when = &event.when;
        let years = Years::new(when.start_lo, when.end_hi, event.recurrence.is_some());
        for zone in [&when.zone, &when.end_zone].into_iter().flatten() {
            self.count(zone, years, count);
        }
    }

    /// Counts the zones of a row.
    pub fn row(&mut self, rows: &Rows, row: usize, count: i64) {
        for zone in [Text::Zone, Text::EndZone].into_iter().filter_map(|column| rows.text(column, row)) {
            self.count(zone, years(rows, row), count);
        }
    }

    /// Counts the zones of the rows that stand.
    pub fn chunk(&mut self, chunk: &Chunk) {
        for column in [Text::Zone, Text::EndZone].into_iter().filter(|column| chunk.rows.has(*column)) {
            // Most rows have the zone and the year of the row before.
            let mut last: Option<(&str, Years, i64)> = None;
            for row in (0..chunk.len()).filter(|&row| !chunk.has(row, FILTERED)) {
                let Some(zone) = chunk.rows.text(column, row).filter(|zone| is_iana(zone)) else { continue };
                let years = years(&chunk.rows, row);
                match &mut last {
                    Some((same, same_years, count)) if *same == zone && *same_years == years => *count += 1,
                    _ => {
                        if let Some((zone, years, count)) = last {
                            self.count(zone, years, count);
                        }
                        last = Some((zone, years, 1));
                    }
                }
            }
            if let Some((zone, years, count)) = last {
                self.count(zone, years, count);
            }
        }
    }

    /// Adds the uses of others.
    pub fn add(&mut self, others: Zones) {
        for (zone, uses) in others.0 {
            let known = self.0.entry(zone).or_default();
            uses.into_iter().for_each(|(years, count)| *known.entry(years).or_default() += count);
        }
    }

    /// A fact for each zone that is used: `{"first": year, "last": year}`, without what is not known; `last` is `null` if
    /// a series may go on for ever.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        self.0.iter().filter_map(|(zone, uses)| {
            let mut used = uses.iter().filter(|(_, count)| **count > 0).map(|(years, _)| *years).peekable();
            used.peek()?;
            let all = used.reduce(|a, b| Years {
                first: a.first.into_iter().chain(b.first).min(),
                last: a.last.max(b.last),
                endless: a.endless || b.endless,
            })?;
            let mut value = serde_json::Map::new();
            if let Some(first) = all.first {
                value.insert("first".to_owned(), first.into());
                value.insert("last".to_owned(), if all.endless { Value::Null } else { json!(all.last) });
            }
            Some(Fact { kind: "zone".to_owned(), key: zone.clone(), value: value.into() })
        })
    }
}

fn years(rows: &Rows, row: usize) -> Years {
    let recurs = rows.has(Text::Recurrence) && rows.text(Text::Recurrence, row).is_some();
    Years::new(rows.number(Number::StartLo, row), rows.number(Number::EndHi, row), recurs)
}

/// Whether exporters have to know a zone.
pub fn is_iana(zone: &str) -> bool {
    !matches!(zone, "UTC" | "floating") && !zone.starts_with(['+', '-'])
}

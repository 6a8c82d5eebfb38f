//! Expands series that are described as JSON, one a line, for `tests/oracles/recur.py`.
//!
//! ```json
//! {"start": "2025-06-01T10:00:00", "end": null, "zone": "Europe/Berlin", "lines": "RRULE:FREQ=DAILY",
//!  "offsets": null, "overrides": [{"instance": "2025-06-02T08:00:00Z", "start": …, "end": …, "zone": …,
//!  "this_and_future": false}], "window": ["2025-06-01T00:00Z", "2025-07-01T00:00Z"], "most": 100}
//! ```
//!
//! Days end with their last. `offsets` is `[first, [[UTC second, offset], …]]` of a zone that the calendar defines. The
//! answer has the keys `starts` (UTC seconds, or local ones if floating or all-day) and `error`.

use std::io::{BufRead, Write, stdin, stdout};
use std::sync::Arc;

use annals_core::event::Event;
use annals_core::recur::{Budget, Clock, Clocks, Expansion, Offsets, Override};
use annals_core::when::{When, Zone};
use serde_json::{Value, json};

/// The time of a master or an override.
fn when(value: &Value) -> Result<When, String> {
    let zone = value["zone"].as_str().and_then(Zone::parse);
    let start = value["start"].as_str().ok_or("no start")?;
    let text = value["end"].as_str().map_or_else(|| start.to_owned(), |end| format!("{start}/{end}"));
    let when = When::parse(&text, zone.as_ref()).map_err(|error| error.to_string())?;
    let days = [start, value["end"].as_str().unwrap_or(start)].map(|day| day.parse::<chrono::NaiveDate>());
    Ok(match days {
        [Ok(first), Ok(last)] => When::all_day(first, last),
        _ => when,
    })
}

fn clocks(value: &Value) -> Clocks {
    let offset = |value: &Value| value.as_i64().unwrap_or(0) as i32;
    let change = |change: &Value| (change[0].as_i64().unwrap_or(0) * 1_000_000, offset(&change[1]));
    let offsets =
        |value: &Value| Offsets::new(offset(&value[0]), value[1].as_array().into_iter().flatten().map(change));
    let own = value["offsets"].is_array().then(|| Clock::Table(Arc::new(offsets(&value["offsets"]))));
    Clocks { own, ..Clocks::default() }
}

/// What is found, and why there is no more.
fn expand(value: &Value, starts: &mut Vec<i64>) -> Result<(), String> {
    let lines = value["lines"].as_str().unwrap_or_default();
    let master = Event { recurrence: Some(lines.to_owned()), ..Event::new().when(when(value)?) };
    let mut events = Vec::new();
    for of in value["overrides"].as_array().into_iter().flatten() {
        let instance = of["instance"].as_str().map(str::to_owned);
        let this_and_future = of["this_and_future"].as_bool().unwrap_or(false);
        events.push((Event { instance, ..Event::new().when(when(of)?) }, this_and_future, clocks(of)));
    }
    let overrides: Vec<Override> = events
        .iter()
        .map(|(event, this_and_future, clocks)| Override { event, this_and_future: *this_and_future, clocks })
        .collect();
    let expansion = Expansion::of(&master, &clocks(value), &overrides).map_err(|error| error.to_string())?;
    let bound = |at: usize| -> Result<i64, String> {
        let text = value["window"][at].as_str().ok_or("no window")?;
        let when = When::parse(text, None).map_err(|error| error.to_string())?;
        when.start_lo.ok_or_else(|| "no window".to_owned())
    };
    let most = value["most"].as_u64().unwrap_or(u64::MAX) as usize;
    for occurrence in expansion.between(bound(0)?..bound(1)?, &mut Budget::default()).take(most) {
        let start = occurrence.map_err(|error| error.to_string())?.when.start_lo;
        starts.extend(start.map(|us| us.div_euclid(1_000_000)));
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    for line in stdin().lock().lines() {
        let value: Value = serde_json::from_str(&line?)?;
        let mut starts = Vec::new();
        let error = expand(&value, &mut starts).err();
        writeln!(stdout(), "{}", json!({"starts": starts, "error": error}))?;
    }
    Ok(())
}

//! What the content lines that the iCalendar importer keeps say of a series: in [`Event::extra`] its TZID and RANGE, in
//! facts of kind `timezone` what a TZID means.

use serde_json::Value;

use super::lines::{Line, Stamp, stamp};
use super::{Budget, Clock, Clocks, Offsets, RecurrenceSet};
use crate::event::Event;
use crate::when::Zone;
use crate::when::civil::{US_PER_DAY, days_from_civil};

/// A definition is followed through these years; Outlook has the rules of today begin in 1601.
const YEARS: std::ops::Range<i64> = 1900..2100;
/// How many steps following one takes at most.
const STEPS: u64 = 1_000_000;
/// How many STANDARD and DAYLIGHT parts a definition may have.
const MAX_OBSERVANCES: usize = 2000;

/// Whether an override also stands for the instances that follow: RANGE=THISANDFUTURE in its RECURRENCE-ID.
pub fn is_this_and_future(event: &Event) -> bool {
    kept(event, "RECURRENCE-ID", "THISANDFUTURE", |line| {
        line.param("RANGE").filter(|range| range.eq_ignore_ascii_case("THISANDFUTURE")).map(drop)
    })
    .is_some()
}

/// The TZID of the start of an event.
pub fn start_tzid(event: &Event) -> Option<String> {
    kept(event, "DTSTART", "TZID", |line| line.param("TZID").map(str::to_owned))
}

/// What a kept line of this name says; only where a certain text is found at all the JSON is read.
fn kept<T>(event: &Event, name: &str, text: &str, say: impl Fn(&Line<'_>) -> Option<T>) -> Option<T> {
    let extra = event.extra.as_deref().filter(|extra| extra.contains(text))?;
    let extra: Value = serde_json::from_str(extra).ok()?;
    let lines = extra.get("ics")?.as_array()?.iter().filter_map(Value::as_str);
    lines.filter_map(|line| Line::of(line).ok()).filter(|line| line.name == name).find_map(|line| say(&line))
}

/// The clock that a VTIMEZONE defines (RFC 5545 section 3.6.5), given by its content lines from BEGIN to END; `None` if it
/// is none, or takes too much work.
pub fn clock_of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Clock> {
    let mut changes = Vec::new();
    let mut earliest: Option<(i64, i32)> = None;
    let mut budget = Budget::new(STEPS);
    let mut part: Option<Vec<Line<'a>>> = None;
    let mut parts = 0;
    for text in lines {
        let line = Line::of(text).ok()?;
        let is_part = ["STANDARD", "DAYLIGHT"].iter().any(|name| line.value.trim().eq_ignore_ascii_case(name));
        match line.name.as_str() {
            "BEGIN" if is_part => part = Some(Vec::new()),
            "END" if is_part => {
                parts += 1;
                if parts > MAX_OBSERVANCES {
                    return None;
                }
                let (start, from) = observance(&part.take()?, &mut budget, &mut changes)?;
                if earliest.is_none_or(|(known, _)| start < known) {
                    earliest = Some((start, from));
                }
            }
            _ => {
                if let Some(lines) = &mut part {
                    lines.push(line);
                }
            }
        }
    }
    let (_, first) = earliest?;
    Some(Clock::Table(std::sync::Arc::new(Offsets::new(first, changes))))
}

/// The onsets of a STANDARD or DAYLIGHT part; gives its first one, and the offset before.
fn observance(lines: &[Line<'_>], budget: &mut Budget, changes: &mut Vec<(i64, i32)>) -> Option<(i64, i32)> {
    let value = |name: &str| lines.iter().find(|line| line.name == name).map(|line| line.value.trim());
    let (from, to) = (offset(value("TZOFFSETFROM")?)?, offset(value("TZOFFSETTO")?)?);
    // Onsets are on the clock that was in force before.
    let clock = Clock::Zone(Zone::Fixed(from));
    let first = match stamp(value("DTSTART")?)? {
        Stamp::Day(day) => clock.to_utc(day.checked_mul(US_PER_DAY)?),
        Stamp::Local(local) => clock.to_utc(local),
        Stamp::Utc(utc) => utc,
    };
    let repeats = lines.iter().filter(|line| matches!(line.name.as_str(), "RRULE" | "RDATE")).map(Line::text);
    let repeats = repeats.collect::<Vec<_>>().join("\n");
    let set = RecurrenceSet::read(&repeats, clock, first, false, &Clocks::default()).ok()?;
    let [begin, end] = [YEARS.start, YEARS.end].map(|year| days_from_civil(year, 1, 1) * US_PER_DAY);
    changes.push((first, to));
    let mut starts = set.starts(begin);
    while let Some((start, _)) = starts.next(budget).ok()?.filter(|(start, _)| *start < end) {
        changes.push((start, to));
    }
    Some((first, from))
}

/// A UTC-OFFSET (section 3.3.14) in seconds.
fn offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("-", digits) => (-1, digits),
        ("+", digits) => (1, digits),
        _ => return None,
    };
    let two = |at: usize| digits.get(at..at + 2)?.parse::<u8>().ok().map(i64::from);
    let seconds = match digits.len() {
        4 => two(0)? * 3600 + two(2)? * 60,
        6 => two(0)? * 3600 + two(2)? * 60 + two(4)?,
        _ => return None,
    };
    i32::try_from(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(extra: &str) -> Event {
        Event { extra: Some(extra.to_owned()), ..Event::new() }
    }

    #[test]
    fn what_is_kept() {
        let of = event(r#"{"ics":["DTSTART;TZID=\"a: b\":20250101T000000","RECURRENCE-ID;RANGE=thisandfuture:1"]}"#);
        assert_eq!((start_tzid(&of).as_deref(), is_this_and_future(&event("{"))), (Some("a: b"), false));
        assert!(!is_this_and_future(&of), "the text stands there in upper case, as in RFC 5545");
        let of = event(r#"{"ics":["X-A:DTSTART;TZID=a","RECURRENCE-ID;RANGE=THISANDFUTURE:1"]}"#);
        assert_eq!((start_tzid(&of), is_this_and_future(&of)), (None, true));
    }

    #[test]
    fn definitions() {
        let text = "BEGIN:VTIMEZONE\nTZID:Own\nBEGIN:DAYLIGHT\nDTSTART:19810329T020000\nTZOFFSETFROM:+0100\n\
            TZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nBEGIN:STANDARD\n\
            DTSTART:19961027T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
            RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE";
        let clock = clock_of(text.lines()).unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        for day in 0..4000 {
            let us = (days_from_civil(2015, 1, 1) + day) * US_PER_DAY + US_PER_DAY / 24;
            assert_eq!(clock.offset_at(us), berlin.offset_at(us), "{us}");
        }
        assert_eq!(clock.offset_at(0), 3600);
        for bad in ["", "BEGIN:STANDARD\nEND:STANDARD", "x", "BEGIN:STANDARD\nDTSTART:1\nEND:STANDARD"] {
            assert_eq!(clock_of(bad.lines()), None, "{bad}");
        }
        // As Outlook writes it.
        let outlook = "BEGIN:STANDARD\nDTSTART:16010101T020000\nTZOFFSETFROM:-0400\nTZOFFSETTO:-0500\n\
            RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
            DTSTART:16010101T020000\nTZOFFSETFROM:-0500\nTZOFFSETTO:-0400\n\
            RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3\nEND:DAYLIGHT";
        let (clock, new_york) = (clock_of(outlook.lines()).unwrap(), Zone::parse("America/New_York").unwrap());
        for day in 0..4000 {
            let us = (days_from_civil(2015, 1, 1) + day) * US_PER_DAY + US_PER_DAY / 24;
            assert_eq!(clock.offset_at(us), new_york.offset_at(us), "{us}");
        }
        let bomb = text.replace("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=SECONDLY");
        assert_eq!(clock_of(bomb.lines()), None);
    }
}

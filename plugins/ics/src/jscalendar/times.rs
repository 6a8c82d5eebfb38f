//! Times on the clock of the start. JSCalendar gives an object one time zone, and all its times are local to it, UNTIL
//! too (RFC 8984 sections 4.3.3 and 4.7.1), where iCalendar gives each property its own and UNTIL in UTC.

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};

use crate::line::{Line, param_value};
use crate::value::{Stamp, stamp, time_text, utc_text};
use crate::zone::{Found, Zones};

/// The clock that the times of a component are on.
#[derive(Clone, Debug, PartialEq)]
enum Clock {
    /// Days without a time.
    Date,
    Utc,
    Floating,
    /// That of a TZID.
    Zoned(String),
}

impl Clock {
    /// The clock of the start; of the end of a task without one.
    fn of(lines: &[Line]) -> Option<Clock> {
        let start = top(lines).find(|line| line.is("DTSTART")).or_else(|| top(lines).find(|line| line.is("DUE")))?;
        Clock::of_value(start, start.value())
    }

    /// The clock of one of the values of a line.
    fn of_value(line: &Line, value: &str) -> Option<Clock> {
        Some(match stamp(value).ok()? {
            Stamp::Date(_) => Clock::Date,
            Stamp::Time { utc: true, .. } => Clock::Utc,
            Stamp::Time { .. } => line.param("TZID").map_or(Clock::Floating, Clock::Zoned),
        })
    }

    /// The zone at this local time, if the clock has one.
    fn zone(&self, local: i64, zones: &Zones) -> Option<Zone> {
        match self {
            Clock::Utc => Some(Zone::Utc),
            Clock::Zoned(tzid) => match zones.find(tzid, local) {
                Found::At(zone) | Found::Meant(zone) => Some(zone),
                _ => None,
            },
            _ => None,
        }
    }

    fn to_utc(&self, local: i64, zones: &Zones) -> Option<i64> {
        Some(self.zone(local, zones)?.to_utc(local))
    }

    fn to_local(&self, utc: i64, zones: &Zones) -> Option<i64> {
        // A zone that only a VTIMEZONE defines is known by its local time.
        let mut local = utc;
        for _ in 0..2 {
            local = utc + i64::from(self.zone(local, zones)?.offset_at(utc)) * US_PER_SECOND;
        }
        Some(local)
    }
}

/// The properties of the component itself.
fn top(lines: &[Line]) -> impl Iterator<Item = &Line> {
    let mut depth = 0usize;
    lines.iter().filter(move |line| {
        depth += usize::from(line.is("BEGIN"));
        let own = depth == 1;
        depth = depth.saturating_sub(usize::from(line.is("END")));
        own
    })
}

/// The lines of a component with all its times on the clock of its start.
pub(super) fn as_local(lines: &[Line], zones: &Zones) -> Vec<Line> {
    let Some(clock) = Clock::of(lines) else { return lines.to_vec() };
    let start = top(lines).find(|line| line.is("DTSTART")).and_then(|line| local(line.value()));
    each_top(lines, |line| {
        if line.is("RRULE") || line.is("EXRULE") {
            return with_until(line, |until| until_to_local(until, &clock, zones));
        }
        if !["DTEND", "DUE", "RDATE", "EXDATE"].iter().any(|name| line.is(name)) {
            return None;
        }
        let moved = on_clock(line, &clock, zones);
        let line = moved.as_ref().unwrap_or(line);
        let lasting = if line.is("DTEND") { start.and_then(|start| lasting(start, line, &clock, zones)) } else { None };
        lasting.or(moved)
    })
}

/// The lines of a component with UNTIL as its start wants it: a day, in UTC, or local (RFC 5545 section 3.3.10).
pub(super) fn until_of_start(lines: Vec<Line>, zones: &Zones) -> Vec<Line> {
    let Some(clock) = Clock::of(&lines) else { return lines };
    each_top(&lines, |line| {
        let rule = line.is("RRULE") || line.is("EXRULE");
        rule.then(|| with_until(line, |until| until_to_rule(until, &clock, zones))).flatten()
    })
}

fn each_top(lines: &[Line], change: impl Fn(&Line) -> Option<Line>) -> Vec<Line> {
    let mut depth = 0usize;
    let each = |line: &Line| {
        depth += usize::from(line.is("BEGIN"));
        let changed = if depth == 1 { change(line) } else { None };
        depth = depth.saturating_sub(usize::from(line.is("END")));
        changed.unwrap_or_else(|| line.clone())
    };
    lines.iter().map(each).collect()
}

fn local(text: &str) -> Option<i64> {
    match stamp(text).ok()? {
        Stamp::Time { local, .. } => Some(local),
        Stamp::Date(_) => None,
    }
}

/// A rule with another UNTIL.
fn with_until(line: &Line, change: impl Fn(&str) -> Option<String>) -> Option<Line> {
    let mut changed = false;
    let parts = line.value().split(';').map(|part| match part.split_once('=') {
        Some((name, until)) if name.eq_ignore_ascii_case("UNTIL") => match change(until) {
            Some(until) => {
                changed = true;
                format!("{name}={until}")
            }
            None => part.to_owned(),
        },
        _ => part.to_owned(),
    });
    let value = parts.collect::<Vec<_>>().join(";");
    if changed { rebuilt(line, line.name(), None, &value) } else { None }
}

fn until_to_local(until: &str, clock: &Clock, zones: &Zones) -> Option<String> {
    match (stamp(until).ok()?, clock) {
        // UNTIL includes its whole day.
        (Stamp::Date(_), clock) if *clock != Clock::Date => Some(format!("{}T235959", until.get(..8)?)),
        (Stamp::Time { local, utc: true }, Clock::Zoned(_)) => time_text(clock.to_local(local, zones)?),
        _ => None,
    }
}

fn until_to_rule(until: &str, clock: &Clock, zones: &Zones) -> Option<String> {
    let Stamp::Time { local, .. } = stamp(until).ok()? else { return None };
    match clock {
        Clock::Date => time_text(local).and_then(|text| text.get(..8).map(str::to_owned)),
        Clock::Utc => utc_text(local),
        Clock::Floating => time_text(local),
        Clock::Zoned(_) => clock.to_utc(local, zones).map_or_else(|| time_text(local), utc_text),
    }
}

/// A line whose times are on another clock, with these on `clock`; `None` if it is right as it is.
fn on_clock(line: &Line, clock: &Clock, zones: &Zones) -> Option<Line> {
    if !matches!(clock, Clock::Utc | Clock::Zoned(_)) {
        return None;
    }
    let mut changed = false;
    let mut moved = |value: &str| -> Option<String> {
        let own = Clock::of_value(line, value)?;
        if own == *clock || !matches!(own, Clock::Utc | Clock::Zoned(_)) {
            return Some(value.to_owned());
        }
        let utc = own.to_utc(local(value)?, zones)?;
        changed = true;
        let text = time_text(clock.to_local(utc, zones)?)?;
        Some(if *clock == Clock::Utc { text + "Z" } else { text })
    };
    let values: Option<Vec<String>> = line
        .value()
        .split(',')
        .map(|value| match value.split_once('/') {
            None => moved(value),
            Some((start, end)) if end.starts_with(['P', '+', '-']) => Some(format!("{}/{end}", moved(start)?)),
            Some((start, end)) => Some(format!("{}/{}", moved(start)?, moved(end)?)),
        })
        .collect();
    let values = values?;
    let tzid = match clock {
        Clock::Zoned(tzid) => Some(tzid.as_str()),
        _ => Some(""),
    };
    if changed { rebuilt(line, line.name(), tzid, &values.join(",")) } else { None }
}

/// A DTEND as DURATION, where the clock is set between start and end: the days of a duration count on the calendar, the
/// rest on the clock, so that the difference of the local times is not it.
fn lasting(start: i64, end: &Line, clock: &Clock, zones: &Zones) -> Option<Line> {
    let end_local = local(end.value())?;
    let end_utc = clock.to_utc(end_local, zones)?;
    let apparent = end_local - start;
    let mut days = apparent.div_euclid(US_PER_DAY);
    let rest = |days: i64| Some(end_utc - clock.to_utc(start + days * US_PER_DAY, zones)?);
    let mut exact = rest(days)?;
    if apparent < 0 || exact == apparent - days * US_PER_DAY {
        return None;
    }
    if exact < 0 {
        days -= 1;
        exact = rest(days)?;
    }
    if days < 0 || exact < 0 {
        return None;
    }
    let seconds = exact / US_PER_SECOND;
    let mut text = String::from("P");
    if days > 0 {
        text.push_str(&format!("{days}D"));
    }
    if seconds > 0 || days == 0 {
        text.push('T');
        let parts = [(seconds / 3600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
        let parts = parts.into_iter().filter(|(count, unit)| *count > 0 || (seconds == 0 && *unit == 'S'));
        parts.for_each(|(count, unit)| text.push_str(&format!("{count}{unit}")));
    }
    Line::parse(format!("DURATION:{text}"), end.number).ok()
}

/// The line with another value, and another TZID if one is given (empty: none).
fn rebuilt(line: &Line, name: &str, tzid: Option<&str>, value: &str) -> Option<Line> {
    let mut text = name.to_owned();
    for (param, values) in line.params() {
        if tzid.is_some() && param.eq_ignore_ascii_case("TZID") {
            continue;
        }
        let values: Vec<String> = values.iter().map(|value| param_value(value)).collect();
        text.push_str(&format!(";{param}={}", values.join(",")));
    }
    if let Some(tzid) = tzid.filter(|tzid| !tzid.is_empty()) {
        text.push_str(&format!(";TZID={}", param_value(tzid)));
    }
    Line::parse(format!("{text}:{value}"), line.number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        let all = format!("BEGIN:VEVENT\n{text}\nEND:VEVENT");
        all.lines().map(|line| Line::parse(line.to_owned(), 0).unwrap()).collect()
    }

    fn texts(lines: Vec<Line>) -> String {
        let texts: Vec<String> = lines.into_iter().map(Line::into_text).collect();
        texts[1..texts.len() - 1].join("\n")
    }

    const BERLIN: &str = "DTSTART;TZID=Europe/Berlin:20250910T090000";

    #[test]
    fn until() {
        let check = |start: &str, rule: &str, json: &str, back: &str| {
            let made =
                texts(as_local(&lines(&format!("{start}\nRRULE:FREQ=DAILY;UNTIL={rule};COUNT=1")), &Zones::iana()));
            assert_eq!(made, format!("{start}\nRRULE:FREQ=DAILY;UNTIL={json};COUNT=1"));
            let made = texts(until_of_start(lines(&made), &Zones::iana()));
            assert_eq!(made, format!("{start}\nRRULE:FREQ=DAILY;UNTIL={back};COUNT=1"));
        };
        check(BERLIN, "20250920T070000Z", "20250920T090000", "20250920T070000Z");
        check(BERLIN, "20251220T080000Z", "20251220T090000", "20251220T080000Z");
        check(BERLIN, "20250920", "20250920T235959", "20250920T215959Z");
        check("DTSTART:20250910T090000Z", "20250920T070000Z", "20250920T070000Z", "20250920T070000Z");
        check("DTSTART:20250910T090000", "20250920T070000", "20250920T070000", "20250920T070000");
        check("DTSTART;VALUE=DATE:20250910", "20250920", "20250920", "20250920");
        check("DTSTART;TZID=Nowhere:20250910T090000", "20250920T070000", "20250920T070000", "20250920T070000");
        let day = until_of_start(lines("DTSTART;VALUE=DATE:20250910\nRRULE:UNTIL=20250920T000000"), &Zones::iana());
        assert_eq!(texts(day), "DTSTART;VALUE=DATE:20250910\nRRULE:UNTIL=20250920");
    }

    #[test]
    fn other_zones() {
        let check = |line: &str, expected: &str| {
            let made = texts(as_local(&lines(&format!("{BERLIN}\n{line}")), &Zones::iana()));
            assert_eq!(made, format!("{BERLIN}\n{expected}"));
        };
        check("DTEND:20250910T080000Z", "DTEND;TZID=Europe/Berlin:20250910T100000");
        check(
            "DTEND;TZID=America/New_York;X-A=\"b:c\":20250910T040000",
            "DTEND;X-A=\"b:c\";TZID=Europe/Berlin:20250910T100000",
        );
        check("EXDATE:20250911T070000Z,20251211T080000Z", "EXDATE;TZID=Europe/Berlin:20250911T090000,20251211T090000");
        check("RDATE;VALUE=PERIOD:20250911T070000Z/PT1H", "RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20250911T090000/PT1H");
        for same in [
            "DTEND;TZID=Europe/Berlin:20250910T100000",
            "DTEND:20250910T100000",
            "EXDATE;VALUE=DATE:20250911",
            "DTEND:odd",
        ] {
            check(same, same);
        }
    }

    #[test]
    fn ends_behind_a_change_of_the_clock() {
        let check = |start: &str, end: &str, expected: &str| {
            let start = format!("DTSTART;TZID=Europe/Berlin:{start}");
            let made = texts(as_local(&lines(&format!("{start}\nDTEND;TZID=Europe/Berlin:{end}")), &Zones::iana()));
            let end = format!("DTEND;TZID=Europe/Berlin:{end}");
            let expected = if expected.is_empty() { end } else { format!("DURATION:{expected}") };
            assert_eq!(made, format!("{start}\n{expected}"));
        };
        check("20250329T120000", "20250330T120000", "");
        check("20250330T010000", "20250330T050000", "PT3H");
        check("20251026T010000", "20251026T050000", "PT5H");
        check("20250329T010000", "20250330T050000", "P1DT3H");
        check("20250910T090000", "20250910T100000", "");
    }
}

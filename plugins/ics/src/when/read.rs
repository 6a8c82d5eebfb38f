//! Reading times.

use annals_core::When;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};
use annals_core::when::{Edge, Extent, Instant, Precision, Zone};
use chrono::NaiveDate;
use serde_json::{Value, from_value};

use crate::line::Line;
use crate::read::{Fault, Reading};
use crate::value::{Duration, Stamp, day_of, duration, midnight, stamp};
use crate::zone::Found;

#[derive(Clone, Copy)]
enum Point {
    Day(NaiveDate),
    At(Instant),
}

/// The time that DTSTART, DTEND, DUE and DURATION say.
///
/// - A DTEND is exclusive; a DUE that is a day is the last day.
/// - Of several of one name the first counts, of an end and a DURATION the end.
/// - An end that cannot be read, or is before the start, is left out, with a note; a start is not.
pub(crate) fn read_plain(kind: Option<&str>, lines: &[&Line], cx: &mut Reading<'_>) -> Result<When, Fault> {
    let mut first: [Option<&Line>; 4] = [None; 4];
    for line in lines.iter().copied() {
        let known = NAMES.iter().position(|name| line.is(name)).map(|at| &mut first[at]);
        match known {
            _ if line.value().trim().is_empty() => cx.leave_out("empty-date", line, "it says nothing"),
            Some(slot @ None) => *slot = Some(line),
            _ => cx.leave_out("repeated-date", line, "it is the second of its name"),
        }
    }
    let [start_line, dtend, due, mut duration_line] = first;
    let end_line = if kind == Some("VTODO") { due.or(dtend) } else { dtend.or(due) };
    if let (Some(line), true) = (duration_line, end_line.is_some()) {
        cx.leave_out("end-and-duration", line, "the end is given too");
        duration_line = None;
    }
    let start = start_line.map(|line| point(line, cx)).transpose()?;
    let mut end = match end_line.map(|line| (line, point(line, cx))) {
        None => None,
        Some((_, Ok(end))) => Some(end),
        Some((_, Err(Fault::Later(tzid)))) => return Err(Fault::Later(tzid)),
        Some((line, Err(Fault::Bad(code, _)))) => {
            cx.leave_out(code, line, &stamp(line.value()).err().unwrap_or_default());
            None
        }
    };
    // A DUE that is a day includes it.
    if let (Some(Point::Day(day)), Some(line)) = (&mut end, end_line)
        && line.is("DUE")
    {
        *day = day.succ_opt().unwrap_or(*day);
    }
    let early = |cx: &mut Reading<'_>, line: Option<&Line>| {
        if let Some(line) = line {
            cx.leave_out("end-before-start", line, "it is before the start");
        }
    };
    match (start, end) {
        (None, None) => Ok(When::undated()),
        (None, Some(Point::At(end))) => Ok(When::until(end)),
        (None, Some(Point::Day(end))) => {
            let last = end.pred_opt().unwrap_or(end);
            let text = format!("/{}", last.format("%Y-%m-%d"));
            When::parse(&text, None).map_err(|error| Fault::Bad("bad-date", error.to_string()))
        }
        (Some(Point::Day(start)), Some(Point::Day(end))) => {
            if end < start {
                early(cx, end_line);
            }
            Ok(When::all_day(start, end.pred_opt().unwrap_or(end)))
        }
        (Some(Point::Day(day)), None) => {
            let Some((line, length)) = length(duration_line, cx) else { return Ok(When::all_day(day, day)) };
            let days = length.days + length.seconds.div_euclid(86_400);
            if length.seconds.rem_euclid(86_400) != 0 {
                cx.repair("duration-of-day", format!("{} is not whole days, as the start is", line.shown()));
            }
            let last = day_of(midnight(day) + (days - 1).max(0) * US_PER_DAY);
            if days < 0 {
                early(cx, Some(line));
            } else if last.is_none() {
                cx.leave_out("bad-duration", line, "it is too long");
            }
            Ok(When::all_day(day, last.unwrap_or(day)))
        }
        (Some(Point::At(start)), None) => match (length(duration_line, cx), start_line) {
            (Some(length), Some(line)) => lasting(start, line, length, cx),
            _ => Ok(When::instant(start)),
        },
        (Some(start), Some(end)) => {
            let (start, end) = alike(start, end, end_line, cx);
            let Some(end) = end else { return Ok(When::instant(start)) };
            if end.us < start.us {
                early(cx, end_line);
            }
            Ok(When::span(start, end))
        }
    }
}

/// The properties that say when.
const NAMES: [&str; 4] = ["DTSTART", "DTEND", "DUE", "DURATION"];

/// The length that a DURATION says, if it can be read.
fn length<'a>(line: Option<&'a Line>, cx: &mut Reading<'_>) -> Option<(&'a Line, Duration)> {
    let line = line?;
    match duration(line.value()) {
        Ok(length) => Some((line, length)),
        Err(reason) => {
            cx.leave_out("bad-duration", line, &reason);
            None
        }
    }
}

/// Both ends as times of one kind: a day beside a time begins at its midnight, an end without zone is in the zone of
/// the start. A start without zone is not put into the zone of the end, which would be a guess; the end is left out.
fn alike(start: Point, end: Point, line: Option<&Line>, cx: &mut Reading<'_>) -> (Instant, Option<Instant>) {
    let shown = line.map(|line| line.shown()).unwrap_or_default();
    let midnight_in = |day, zone, cx: &mut Reading<'_>| {
        cx.repair("mixed-dates", format!("{shown}: of start and end, one is a day and read as its midnight"));
        at(zone, midnight(day))
    };
    let (start, end) = match (start, end) {
        (Point::At(start), Point::At(end)) => (start, end),
        (Point::Day(day), Point::At(end)) => (midnight_in(day, end.zone, cx), end),
        (Point::At(start), Point::Day(day)) => (start, midnight_in(day, start.zone, cx)),
        (Point::Day(start), Point::Day(end)) => {
            (midnight_in(start, Zone::Floating, cx), midnight_in(end, Zone::Floating, cx))
        }
    };
    match (start.zone, end.zone) {
        (Zone::Floating, Zone::Floating) => (start, Some(end)),
        (Zone::Floating, _) => {
            if let Some(line) = line {
                cx.leave_out("mixed-zones", line, "it is in a zone, the start is not");
            }
            (start, None)
        }
        (zone, Zone::Floating) => {
            cx.repair("mixed-zones", format!("{shown} has no zone, and is read in that of the start"));
            (start, Some(at(zone, end.us)))
        }
        _ => (start, Some(end)),
    }
}

/// A time of a start with a DURATION: days on the calendar, the rest on the clock (RFC 5545 section 3.3.6).
fn lasting(
    start: Instant,
    line: &Line,
    (length, duration): (&Line, Duration),
    cx: &mut Reading<'_>,
) -> Result<When, Fault> {
    if duration.days < 0 || duration.seconds < 0 {
        cx.leave_out("end-before-start", length, "it is negative");
        return Ok(When::instant(start));
    }
    let offset = i64::from(start.zone.offset_at(start.us)) * US_PER_SECOND;
    let local = start.us + offset + duration.days * US_PER_DAY;
    let tzid = line.param("TZID").filter(|_| start.zone != Zone::Utc);
    let mut end = if duration.days == 0 { start } else { zoned(tzid.as_deref(), local, line, cx)? };
    end.us += duration.seconds * US_PER_SECOND;
    Ok(When::span(start, end))
}

/// The DATE or DATE-TIME of a property.
fn point(line: &Line, cx: &mut Reading<'_>) -> Result<Point, Fault> {
    let as_day = line.param("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
    let found = stamp(line.value()).map_err(|reason| bad("bad-date", line, &reason))?;
    if let Some(text) = found.text().filter(|text| text != line.value()) {
        cx.repair("odd-date", format!("{} is read as {text}", line.shown()));
    }
    match found {
        Stamp::Date(day) => {
            if !as_day {
                cx.repair("date-without-value", format!("{} is a day, but VALUE=DATE is missing", line.shown()));
            }
            Ok(Point::Day(day))
        }
        Stamp::Time { local, utc } => {
            if as_day {
                cx.repair("date-with-time", format!("{} has a time of day, which VALUE=DATE denies", line.shown()));
            }
            let tzid = line.param("TZID");
            if !utc {
                return zoned(tzid.as_deref(), local, line, cx).map(Point::At);
            }
            if tzid.is_some() {
                cx.repair("utc-with-tzid", format!("{} gives UTC and a time zone; read as UTC", line.shown()));
            }
            Ok(Point::At(at(Zone::Utc, local)))
        }
    }
}

/// A time of this clock: of the zone that TZID names, else of the zone that is asked for, else floating.
fn zoned(tzid: Option<&str>, local: i64, line: &Line, cx: &mut Reading<'_>) -> Result<Instant, Fault> {
    let zone = match tzid {
        None => None,
        Some(tzid) => match cx.zones.find(tzid, local) {
            Found::At(zone) => Some(zone),
            Found::Meant(zone) => {
                let text = format!("{}: no VTIMEZONE defines it; read as {}", line.shown(), zone.name());
                cx.repair("timezone-by-name", text);
                if cx.meant.iter().all(|(known, _)| known != tzid) {
                    cx.meant.push((tzid.to_owned(), zone));
                }
                Some(zone)
            }
            Found::Later => return Err(Fault::Later(tzid.to_owned())),
            Found::Unknown => {
                let fate = cx.default.map_or("floating".to_owned(), |zone| zone.name());
                let text = format!("{}: no such time zone, read as {fate}", line.shown());
                let hint = if cx.default.is_none() { "; zone=NAME gives one" } else { "" };
                cx.repair("unknown-timezone", text + hint);
                None
            }
        },
    };
    Ok(at(zone.or(cx.default).unwrap_or(Zone::Floating), local))
}

fn at(zone: Zone, local: i64) -> Instant {
    Instant { us: zone.to_utc(local), nanos: 0, precision: Precision::Second, zone }
}

fn bad(code: &'static str, line: &Line, reason: &str) -> Fault {
    Fault::Bad(code, format!("{}: {reason}", line.shown()))
}

/// The canonical text of a RECURRENCE-ID: a UTC instant if zoned, a day, or local time if floating.
pub(crate) fn read_instance(line: &Line, cx: &mut Reading<'_>) -> Result<String, Fault> {
    Ok(match point(line, cx)? {
        Point::Day(day) => day.format("%Y-%m-%d").to_string(),
        Point::At(Instant { zone: Zone::Floating, us, .. }) => at(Zone::Floating, us).to_text(),
        Point::At(instant) => at(Zone::Utc, instant.us).to_text(),
    })
}

/// What the properties of annals add to the time that the others say.
pub(crate) fn read_annals(base: When, lines: &[&Line], cx: &mut Reading<'_>) -> When {
    let find = |name: &str| lines.iter().find(|line| line.is(name)).map(|line| (*line, line.text_value()));
    let zone = find("X-ANNALS-ZONE");
    let hint = zone.as_ref().map(|(_, name)| name.as_str()).or(base.zone.as_deref()).and_then(Zone::parse);
    let mut when = match find("X-ANNALS-EDTF") {
        Some((_, text)) if text.is_empty() => When::undated(),
        Some((line, text)) => When::parse(&text, hint.as_ref()).unwrap_or_else(|error| {
            cx.repair("bad-edtf", format!("{}: {error}; the plain date is used", line.shown()));
            base
        }),
        None => base,
    };
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    // A time that a clock shows is no instant, so that a zone alone does not say what it is there.
    match zone {
        Some((line, name)) if when.zone.as_deref() == Some("floating") && name != "floating" => {
            cx.leave_out("bad-zone", line, "the time has no zone");
        }
        Some((_, name)) => when.zone = some(name),
        None => {}
    }
    if let Some((_, name)) = find("X-ANNALS-END-ZONE") {
        when.end_zone = some(name);
    }
    // The names are those of canonical JSON.
    let name = |name: &str| find(name).map(|(_, value)| Value::String(value.to_ascii_lowercase()));
    if let Some(extent) = name("X-ANNALS-EXTENT") {
        let extent = from_value(extent).unwrap_or(when.extent);
        when = When { extent, ..if extent == Extent::Throughout { when.throughout() } else { when } };
    }
    if let Some(precision) = name("X-ANNALS-PRECISION") {
        when.precision = from_value(precision).unwrap_or(when.precision);
    }
    if let Some(qualifier) = name("X-ANNALS-QUALIFIER") {
        when.qualifier = from_value(qualifier).unwrap_or(when.qualifier);
    }
    if let Some(part) = name("X-ANNALS-PART") {
        when.part = from_value(part).unwrap_or(when.part);
    }
    if let Some((_, said)) = find("X-ANNALS-SAID") {
        when.said = Some(said);
    }
    if let Some((line, text)) = find("X-ANNALS-BOUNDS") {
        let bounds = parse_bounds(&when, &text).and_then(|bounds| when.clone().with_bounds(bounds).ok());
        match bounds {
            Some(bounded) => when = bounded,
            None => cx.repair("bad-bounds", format!("{} does not fit the date, and is left out", line.shown())),
        }
    }
    when
}

fn parse_bounds(when: &When, text: &str) -> Option<[Option<i64>; 4]> {
    let parts: Vec<&str> = text.split('/').collect();
    let parts: [&str; 4] = parts.try_into().ok()?;
    let mut bounds = [None; 4];
    for ((bound, part), edge) in bounds.iter_mut().zip(parts).zip([Edge::Lo, Edge::Hi, Edge::Lo, Edge::Hi]) {
        if !part.is_empty() {
            *bound = Some(when.parse_bound(part, edge).ok()?);
        }
    }
    Some(bounds)
}

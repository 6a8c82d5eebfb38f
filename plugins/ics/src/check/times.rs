//! The times of a component, one by one.

use super::file::Calendar;
use super::frame::{Form, Frame, Time};
use super::grammar::Content;
use super::properties::{Property, section};
use super::tell::Tell;
use crate::value::Stamp;

/// Looks at the time zone of a time.
pub(super) fn zone(
    line: &Content<'_>,
    known: &Property,
    time: &Time,
    frame: &Frame,
    calendar: &mut Calendar,
    tell: &mut Tell<'_, '_>,
) {
    let name = known.name;
    let form = time.form();
    if matches!(form, Form::Date | Form::Utc) && line.params.iter().any(|param| param.name == "TZID") {
        let text = format!("{name} is {}, which has no TZID: leave it out (RFC 5545 section 3.2.19)", form.name());
        tell.error(line.at, "tzid-not-here", text);
        return;
    }
    let component = frame.component.filter(|component| component.is_observance());
    if let Some(component) = component {
        if form != Form::Floating {
            let text = format!(
                "{name} of {} is {}: write a local time without TZID (RFC 5545 section 3.6.5)",
                component.name,
                form.name()
            );
            tell.error(line.at, "not-local", text);
        }
        return;
    }
    let is_free_busy = frame.name == "VFREEBUSY" && matches!(name, "DTSTART" | "DTEND" | "FREEBUSY");
    if is_free_busy && form != Form::Utc {
        let text = format!(
            "{name} of VFREEBUSY is {}: convert it to UTC, and write a `Z` at its end ({})",
            form.name(),
            section(known.rule)
        );
        tell.error(line.at, "not-utc", text);
        return;
    }
    match (form, &time.tzid) {
        (Form::Zoned, Some(tzid)) => calendar.uses(tzid, line.at),
        (Form::Floating, _) => tell.warning_once(line.at, "floating-time", || {
            format!("{name} is a local time without TZID: programs take it in the reader's zone, in UTC, or in that of the calendar (RFC 5545 section 3.3.5)")
        }),
        _ => {}
    }
}

/// Notes in a component the times that matter at its end.
pub(super) fn note_time(known: &Property, time: Time, frame: &mut Frame) {
    match known.name {
        "DTSTART" => frame.start = Some(time),
        "DTEND" => frame.end = Some(time),
        "DUE" => frame.due = Some(time),
        "RECURRENCE-ID" => frame.recurrence = Some(time),
        "EXDATE" | "RDATE" => {
            frame.dates.entry((known.name, time.form())).or_insert(time.at);
        }
        _ => {}
    }
}

/// Whether an end that is no duration is in UTC; the start is looked at as a time.
pub(super) fn is_utc(period: &str) -> bool {
    period.split('/').nth(1).is_none_or(|end| end.starts_with(['P', 'p', '+', '-']) || end.ends_with(['Z', 'z']))
}

/// The DATE or DATE-TIME of UNTIL as a form.
pub(super) fn until_form(until: Stamp) -> Form {
    match until {
        Stamp::Date(_) => Form::Date,
        Stamp::Time { utc: true, .. } => Form::Utc,
        Stamp::Time { .. } => Form::Floating,
    }
}

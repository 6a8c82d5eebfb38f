//! What can be said of a component only at its end.

use super::components::Component;
use super::file::Calendar;
use super::frame::{Form, Frame};
use super::properties::section;
use super::tell::Tell;
use super::times::until_form;

/// Tells what is wrong with a component as a whole.
pub(super) fn check(frame: &Frame, calendar: &Calendar, tell: &mut Tell<'_, '_>) {
    let Some(component) = frame.component else { return };
    for name in component.required.split(' ').filter(|name| !frame.has(name)) {
        missing(frame, component, name, tell);
    }
    if let ("VEVENT", false, None) = (component.name, frame.has("DTSTART"), &calendar.method) {
        missing(frame, component, "DTSTART", tell);
    }
    match component.name {
        "VEVENT" | "VTODO" | "VAVAILABILITY" | "AVAILABLE" | "VFREEBUSY" | "VJOURNAL" => times(frame, component, tell),
        "VALARM" => alarm(frame, tell),
        "VTIMEZONE" if frame.observances == 0 => {
            let text = "VTIMEZONE has neither STANDARD nor DAYLIGHT: it needs one of them (RFC 5545 section 3.6.5)";
            tell.error(frame.at, "no-observance", text.to_owned());
        }
        _ => {}
    }
    rules(frame, component, tell);
    if component.is_entry() {
        alarms(frame, tell);
        method(frame, component, calendar, tell);
    }
}

fn missing(frame: &Frame, component: &Component, name: &str, tell: &mut Tell<'_, '_>) {
    let advice = match name {
        "UID" => "give it one that no other has, and that never changes",
        "DTSTAMP" => "write when this was made, in UTC",
        "DTSTART" => "write when it begins",
        "PRODID" => "name the program that wrote the file",
        "VERSION" => "write VERSION:2.0",
        _ => "it has to be there once",
    };
    let code = match name {
        "UID" => "missing-uid",
        "DTSTAMP" => "missing-dtstamp",
        "DTSTART" => "missing-dtstart",
        "PRODID" => "missing-prodid",
        "VERSION" => "missing-version",
        _ => "missing-property",
    };
    tell.error(frame.at, code, format!("{} has no {name}: {advice} ({})", component.name, section(component.rule)));
}

/// Start, end and duration, and what has to fit them.
fn times(frame: &Frame, component: &Component, tell: &mut Tell<'_, '_>) {
    let (last, rule) = match component.name {
        "VTODO" => ("DUE", "RFC 5545 section 3.8.2.3"),
        _ => ("DTEND", "RFC 5545 section 3.8.2.2"),
    };
    let end = if last == "DUE" { &frame.due } else { &frame.end };
    if let (Some(_), Some((at, _))) = (end, &frame.length) {
        let text =
            format!("{} has both {last} and DURATION: leave one out ({})", component.name, section(component.rule));
        tell.error(*at, "end-and-duration", text);
    }
    if let (Some((at, length)), Some(start)) = (&frame.length, &frame.start) {
        if start.form() == Form::Date && !length.days_only {
            let text = "DURATION has hours, minutes or seconds, but DTSTART is a DATE: write days or weeks (RFC 5545 section 3.8.2.5)";
            tell.error(*at, "duration-of-date", text.to_owned());
        }
        if length.negative {
            let text = "DURATION is negative: it has to be positive (RFC 5545 section 3.8.2.5)";
            tell.error(*at, "negative-duration", text.to_owned());
        }
    }
    if frame.length.is_some() && !frame.has("DTSTART") && matches!(component.name, "VTODO" | "VAVAILABILITY") {
        let text =
            format!("{} has DURATION without DTSTART: write DTSTART ({})", component.name, section(component.rule));
        tell.error(frame.at, "missing-dtstart", text);
    }
    let Some(start) = &frame.start else { return };
    if let Some(end) = end {
        let (from, to) = (start.form(), end.form());
        if !from.fits(to) {
            let text = format!("{last} is {}, but DTSTART is {}: write both alike ({rule})", to.name(), from.name());
            tell.error(end.at, "types-differ", text);
        } else if end.is_after(start) == Some(false) {
            let advice = if to == Form::Date { "; it is the day after the last" } else { "" };
            let text = format!("{last} is not after DTSTART: write a later one, or leave it out{advice} ({rule})");
            tell.error(end.at, "end-not-after-start", text);
        }
    } else if component.name == "VEVENT" && start.form() != Form::Date && !frame.has("DTEND") && !frame.has("DURATION")
    {
        tell.warning_once(frame.at, "no-end", || {
            "a VEVENT with neither DTEND nor DURATION: by the RFC it ends when it begins, but some programs show an hour \
             (RFC 5545 section 3.6.1)"
                .to_owned()
        });
    }
    for (&(name, form), at) in &frame.dates {
        if !form.fits(start.form()) {
            let text = format!(
                "{name} is {}, but DTSTART is {}: programs match them in different ways; write both alike (RFC 5545 section 3.8.5)",
                form.name(),
                start.form().name()
            );
            tell.warning(*at, "dates-differ", text);
        }
    }
}

/// The rules, which have to fit DTSTART (RFC 5545 section 3.3.10).
fn rules(frame: &Frame, component: &Component, tell: &mut Tell<'_, '_>) {
    if let (Some((at, _)), false, false) = (frame.rules.first(), frame.has("DTSTART"), component.is_observance()) {
        let text = format!(
            "{} has RRULE without DTSTART, where the rule begins: write DTSTART (RFC 5545 section 3.8.5.3)",
            component.name
        );
        tell.error(*at, "missing-dtstart", text);
    }
    let Some(start) = &frame.start else { return };
    for (at, facts) in &frame.rules {
        let form = start.form();
        if form == Form::Date && facts.has_time {
            let text = "RRULE has BYHOUR, BYMINUTE or BYSECOND, but DTSTART is a DATE: leave them out (RFC 5545 section 3.3.10)";
            tell.error(*at, "rule-of-date", text.to_owned());
        }
        let Some(until) = facts.until.map(until_form) else { continue };
        let needed = match form {
            _ if component.is_observance() => Form::Utc,
            Form::Zoned => Form::Utc,
            form => form,
        };
        if until != needed {
            let of = if component.is_observance() { "in a time zone" } else { form.name() };
            let text = format!(
                "UNTIL is {}, but DTSTART is {of}: write {} (RFC 5545 section 3.3.10)",
                until.name(),
                needed.name()
            );
            tell.error(*at, "until-type", text);
        }
    }
}

fn alarm(frame: &Frame, tell: &mut Tell<'_, '_>) {
    let mut error = |code, text: String| tell.error(frame.at, code, text + " (RFC 5545 section 3.6.6)");
    if frame.has("REPEAT") != frame.has("DURATION") {
        let (one, other) = if frame.has("REPEAT") { ("REPEAT", "DURATION") } else { ("DURATION", "REPEAT") };
        error("missing-property", format!("VALARM has {one} without {other}: write both or none"));
    }
    let needed = match frame.action.as_deref() {
        Some("DISPLAY") => "DESCRIPTION",
        Some("EMAIL") => "DESCRIPTION SUMMARY ATTENDEE",
        _ => return,
    };
    let action = frame.action.as_deref().unwrap_or_default();
    for name in needed.split(' ').filter(|name| !frame.has(name)) {
        error("missing-property", format!("VALARM with ACTION:{action} has no {name}: write what it is to say"));
    }
}

/// What the alarms of an entry count from has to be there.
fn alarms(frame: &Frame, tell: &mut Tell<'_, '_>) {
    let has_start = frame.has("DTSTART");
    let last = if frame.name == "VTODO" { "DUE" } else { "DTEND" };
    let has_end = frame.has(last) || (has_start && (frame.has("DURATION") || frame.name == "VEVENT"));
    let needs = [(has_start, "DTSTART"), (has_end, last)];
    for ((there, name), at) in needs.into_iter().zip(frame.triggers) {
        if let (Some(at), false) = (at, there) {
            let text = format!(
                "TRIGGER counts from {name}, which {} does not have: write {name}, or a TRIGGER with VALUE=DATE-TIME (RFC 5545 section 3.8.6.3)",
                frame.name
            );
            tell.error(at, "trigger-of-nothing", text);
        }
    }
}

/// What a METHOD asks for (RFC 5546).
fn method(frame: &Frame, component: &Component, calendar: &Calendar, tell: &mut Tell<'_, '_>) {
    let Some(method) = calendar.method.as_deref() else { return };
    let (rule, organizer, attendee) = match (component.name, method) {
        ("VEVENT", "REQUEST") => ("3.2.2", true, true),
        ("VEVENT", "REPLY") => ("3.2.3", true, true),
        ("VEVENT", "ADD") => ("3.2.4", true, false),
        ("VEVENT", "CANCEL") => ("3.2.5", true, false),
        ("VEVENT", "REFRESH") => ("3.2.6", true, true),
        ("VEVENT", "COUNTER") => ("3.2.7", true, false),
        ("VEVENT", "DECLINECOUNTER") => ("3.2.8", true, false),
        _ => return,
    };
    for (needed, name) in [(organizer, "ORGANIZER"), (attendee, "ATTENDEE")] {
        if needed && !frame.has(name) {
            let text =
                format!("METHOD:{method} asks for {name}: write it, or leave METHOD out (RFC 5546 section {rule})");
            tell.error(frame.at, "method", text);
        }
    }
}

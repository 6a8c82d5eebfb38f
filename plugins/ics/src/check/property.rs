//! One property: whether it may stand where it stands, and what it says.

use std::collections::BTreeSet;

use super::components::{Often, has};
use super::file::Calendar;
use super::frame::{Frame, MAX_RULES, Time};
use super::grammar::Content;
use super::properties::{Property, Type, property, section};
use super::tell::{Tell, shown};
use super::times::{is_utc, note_time, zone};
use super::values::{self, Wrong};
use super::{params, recur};
use crate::value::stamp;

/// Tells what is wrong with a property, and notes in its component what matters at the end.
pub(super) fn check(line: &Content<'_>, frame: &mut Frame, calendar: &mut Calendar, tell: &mut Tell<'_, '_>) {
    let known = property(&line.name);
    params::check(line, known, tell);
    let Some(known) = known else {
        unknown(line, frame, tell);
        return;
    };
    let Some(component) = frame.component else { return };
    let count = frame.counts.entry(known.name).or_default();
    *count = count.saturating_add(1);
    match component.takes(known.name) {
        Often::Never => {
            let text =
                format!("{} may not stand in {}: leave it out ({})", known.name, component.name, section(known.rule));
            tell.error(line.at, "property-not-here", text);
            return;
        }
        Often::Once if *count > 1 => {
            let text = format!(
                "{} stands in {} more than once: leave one ({})",
                known.name,
                component.name,
                section(component.rule)
            );
            tell.error(line.at, "property-twice", text);
        }
        Often::Many if known.name == "RRULE" && *count > 1 => {
            let text = "several RRULEs: programs read the first, the last or all of them; write one, and RDATEs (RFC 5545 section 3.8.5.3)";
            tell.warning(line.at, "several-rules", text.to_owned());
        }
        _ => {}
    }
    if known.name == "EXRULE" {
        let text = "EXRULE is no longer defined, and many programs ignore it: write EXDATEs (RFC 5545 appendix A.3)";
        tell.warning(line.at, "deprecated", text.to_owned());
    }
    if component.properties_first && frame.has_inner {
        let text = format!(
            "{} stands behind a component: properties of {} come before those within ({})",
            known.name,
            component.name,
            section(component.rule)
        );
        tell.error(line.at, "property-late", text);
    }
    let Some(kind) = value_type(line, known, tell) else { return };
    value(line, known, kind, frame, calendar, tell);
}

fn unknown(line: &Content<'_>, frame: &mut Frame, tell: &mut Tell<'_, '_>) {
    frame.has_location |= line.name == "X-LIC-LOCATION";
    if line.name == "X-WR-TIMEZONE" {
        let text = "X-WR-TIMEZONE is no standard: some programs move times without TZID to that zone, others ignore it; \
                    write TZID or UTC on each time (RFC 5545 section 3.3.5)";
        tell.warning_once(line.at, "x-wr-timezone", || text.to_owned());
    }
    if !line.name.starts_with("X-") && frame.component.is_some() {
        let text = format!(
            "no RFC defines {}: programs ignore it; name own ones X-… (RFC 5545 section 3.8.8.2)",
            shown(&line.name)
        );
        tell.warning(line.at, "unknown-property", text);
    }
}

/// The type of the value, by VALUE or by default; `None` if it is one that the property does not take.
fn value_type(line: &Content<'_>, known: &Property, tell: &mut Tell<'_, '_>) -> Option<Type> {
    let rule = section(known.rule);
    let Some(said) = line.param("VALUE") else {
        if known.explicit {
            let names: Vec<&str> = known.types.iter().map(|kind| kind.name()).collect();
            let text = format!("{} has no default type: write VALUE={} ({rule})", known.name, names.join(" or VALUE="));
            tell.error(line.at, "value-missing", text);
            return (known.types.len() == 1).then(|| known.types[0]);
        }
        return Some(known.types[0]);
    };
    let kind = known.types.iter().find(|kind| kind.name().eq_ignore_ascii_case(said)).copied();
    if kind.is_none() {
        let names: Vec<&str> = known.types.iter().map(|kind| kind.name()).collect();
        let text = format!("{} takes no VALUE={}, but {} ({rule})", known.name, shown(said), names.join(", "));
        tell.error(line.at, "value-type", text);
    }
    kind
}

fn value(
    line: &Content<'_>,
    known: &Property,
    kind: Type,
    frame: &mut Frame,
    calendar: &mut Calendar,
    tell: &mut Tell<'_, '_>,
) {
    let text = line.value;
    let wrong = |tell: &mut Tell<'_, '_>, value: &str, Wrong { code, text, rule }: Wrong| {
        // What has to be in UTC is said of the property.
        let rule = if code == "not-utc" { known.rule } else { rule };
        let text = format!("{}: {} {text} ({})", known.name, shown(value), section(rule));
        match code {
            "unknown-word" => tell.warning(line.at, code, text),
            _ => tell.error(line.at, code, text),
        }
    };
    match kind {
        Type::Recur => {
            let (found, facts) = recur::check(text);
            for one in found {
                wrong(tell, text, one);
            }
            if frame.rules.len() < MAX_RULES {
                frame.rules.push((line.at, facts));
            }
            return;
        }
        Type::Word(words) | Type::OpenWord(words) => {
            word(line, known, words, matches!(kind, Type::OpenWord(_)), tell);
        }
        Type::Binary => binary(line, known, tell),
        _ => {}
    }
    let separate = known.list && kind != Type::Texts;
    let values = text.split(move |c| separate && c == ',');
    let tzid =
        line.param("TZID").filter(|tzid| !tzid.is_empty()).map(|tzid| tzid.chars().take(256).collect::<String>());
    let (mut dated, mut forms) = (false, BTreeSet::new());
    for value in values {
        if kind == Type::DateTime && known.types.contains(&Type::Date) && values::date(value).is_ok() {
            if !dated {
                let text = format!(
                    "{}: {} is a DATE: write {};VALUE=DATE:{value} ({})",
                    known.name,
                    shown(value),
                    known.name,
                    section(known.rule)
                );
                tell.error(line.at, "date-without-value", text);
            }
            dated = true;
        } else if let Err(one) = values::check(kind, value) {
            // Lists that are wrong are so in each value, mostly.
            wrong(tell, value, one);
            break;
        }
        if matches!(kind, Type::Date | Type::DateTime | Type::Period) {
            let first = value.split('/').next().unwrap_or_default();
            let Ok(stamp) = stamp(first) else { continue };
            let time = Time { at: line.at, stamp, tzid: tzid.clone() };
            // Of a long list, one time of each form tells all.
            if forms.insert(time.form()) {
                zone(line, known, &time, frame, calendar, tell);
                note_time(known, time, frame);
            }
        }
    }
    note(line, known, kind, frame, calendar, tell);
}

fn word(line: &Content<'_>, known: &Property, words: &[&str], open: bool, tell: &mut Tell<'_, '_>) {
    let value = line.value;
    if words.iter().any(|word| word.eq_ignore_ascii_case(value)) {
        return;
    }
    let (rule, all) = (section(known.rule), words.join(", "));
    if !open {
        tell.error(line.at, "bad-value", format!("{}: {} is none of {all} ({rule})", known.name, shown(value)));
    } else if !super::grammar::is_token(value) {
        tell.error(
            line.at,
            "bad-value",
            format!("{}: {} is no word; known are {all} ({rule})", known.name, shown(value)),
        );
    } else if !value.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("X-")) {
        let text = format!(
            "{}: no RFC defines {}, and programs ignore it; known are {all} ({rule})",
            known.name,
            shown(value)
        );
        tell.warning(line.at, "unknown-word", text);
    }
}

fn binary(line: &Content<'_>, known: &Property, tell: &mut Tell<'_, '_>) {
    if !line.param("ENCODING").is_some_and(|encoding| encoding.eq_ignore_ascii_case("BASE64")) {
        let text = format!("{} is BINARY without ENCODING=BASE64: write it (RFC 5545 section 3.3.1)", known.name);
        tell.error(line.at, "encoding-missing", text);
    }
}

/// What other properties leave behind.
fn note(
    line: &Content<'_>,
    known: &Property,
    kind: Type,
    frame: &mut Frame,
    calendar: &mut Calendar,
    tell: &mut Tell<'_, '_>,
) {
    let (text, at) = (line.value, line.at);
    let empty = text.trim().is_empty();
    match known.name {
        "UID" | "PRODID" | "TZID" if empty => {
            tell.error(at, "empty", format!("{} is empty: give it a text ({})", known.name, section(known.rule)));
        }
        "UID" => frame.uid = Some(text.chars().take(256).collect()),
        "TZID" => frame.tzid = Some(text.chars().take(256).collect()),
        "SEQUENCE" => frame.sequence = text.parse().unwrap_or(0),
        "DURATION" => frame.length = values::duration(text).ok().map(|length| (at, length)),
        "METHOD" => calendar.method = Some(text.to_ascii_uppercase()),
        "ACTION" => frame.action = Some(text.to_ascii_uppercase()),
        "TRIGGER" => {
            let related = line.param("RELATED");
            if kind == Type::Duration {
                frame.trigger = Some((at, related.is_some_and(|to| to.eq_ignore_ascii_case("END"))));
            } else if related.is_some() {
                let text =
                    "TRIGGER is a time, which RELATED says nothing of: leave RELATED out (RFC 5545 section 3.8.6.3)";
                tell.error(at, "parameter-not-here", text.to_owned());
            }
        }
        "VERSION" if text != "2.0" => {
            let advice = match text.trim() {
                "1.0" => "this is vCalendar 1.0, of which many programs read little: save it as iCalendar 2.0",
                _ => "write VERSION:2.0",
            };
            tell.error(
                at,
                "bad-version",
                format!("VERSION: {} is not 2.0: {advice} (RFC 5545 section 3.7.4)", shown(text)),
            );
        }
        "STATUS" => {
            let words = frame.component.map(|component| component.status).unwrap_or_default();
            if !words.is_empty() && !words.iter().any(|word| word.eq_ignore_ascii_case(text)) {
                let text = format!(
                    "STATUS: {} is none that {} takes: {} (RFC 5545 section 3.8.1.11)",
                    shown(text),
                    frame.name,
                    words.join(", ")
                );
                tell.error(at, "bad-value", text);
            }
        }
        "FREEBUSY" if !text.split(',').all(is_utc) => {
            let text = "FREEBUSY has times that are not in UTC: convert them (RFC 5545 section 3.8.2.6)";
            tell.error(at, "not-utc", text.to_owned());
        }
        "LINK" if line.param("LINKREL").is_none() => {
            tell.error(
                at,
                "parameter-missing",
                "LINK has no LINKREL: say what the link is (RFC 9253 section 8.2)".to_owned(),
            );
        }
        _ => {}
    }
    if has("ATTACH IMAGE", known.name)
        && kind == Type::Uri
        && line.param("ENCODING").is_some_and(|how| how.eq_ignore_ascii_case("BASE64"))
    {
        let text =
            format!("{} has ENCODING=BASE64 without VALUE=BINARY: write it (RFC 5545 section 3.2.7)", known.name);
        tell.error(at, "value-missing", text);
    }
}

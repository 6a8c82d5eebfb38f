//! A component as an Event or Task of JSCalendar (RFC 8984), and back.
//!
//! The mapping is that of `ical-rs`. Around it stands what needs time zones: an end in another zone than the start,
//! UNTIL, RDATE and EXDATE go on the clock of the start, which is the only one that JSCalendar has. What a conversion
//! and its inverse do not give back is kept whole in the object, if it has no word for it, else it is told.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ical::ical::Ical;
use ical::tree::cst::IcalCst;
use serde_json::{Map, Value};

use super::hidden::{conceal, hide, hide_component, reveal, shown};
use super::times::{as_local, until_of_start};
use crate::export::{Said, lines_of};
use crate::jcal::component::{Fault, Numbered};
use crate::jcal::property::to_json;
use crate::jcal::types::{Shape, default_type, shape};
use crate::line::{Line, escape, param_value, split_list, unescape};
use crate::zone::Zones;

/// Properties of which JSCalendar has at most one, the first.
const ONCE: [&str; 21] = [
    "UID",
    "SUMMARY",
    "DESCRIPTION",
    "COLOR",
    "CREATED",
    "DTSTAMP",
    "LAST-MODIFIED",
    "COMPLETED",
    "SEQUENCE",
    "PRIORITY",
    "PERCENT-COMPLETE",
    "CLASS",
    "STATUS",
    "TRANSP",
    "DTSTART",
    "DUE",
    "DURATION",
    "DTEND",
    "RECURRENCE-ID",
    "GEO",
    "ORGANIZER",
];

/// Properties that JSCalendar has members for, of which there may be several.
const OFTEN: [&str; 15] = [
    "STYLED-DESCRIPTION",
    "CATEGORIES",
    "CONCEPT",
    "RRULE",
    "EXRULE",
    "RDATE",
    "EXDATE",
    "RELATED-TO",
    "LOCATION",
    "CONFERENCE",
    "ATTACH",
    "IMAGE",
    "LINK",
    "ATTENDEE",
    "JSPROP",
];

/// Those of the calendar itself, and of alarms.
const CALENDAR: [&str; 9] = ["UID", "PRODID", "NAME", "DESCRIPTION", "SOURCE", "COLOR", "METHOD", "CREATED", "JSPROP"];
const ALARM: [&str; 4] = ["TRIGGER", "ACTION", "ACKNOWLEDGED", "JSID"];

/// Properties of the time, which say nothing to others unless they are converted.
const TIMES: [&str; 9] = ["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID"];

fn is_one_of(names: &[&str], line: &Line) -> bool {
    names.iter().any(|name| line.is(name))
}

/// Adds a component, given by its lines from BEGIN to END, to the entries; tells what is lost.
pub(super) fn entry(lines: &[Line], zones: &Zones) -> Result<(Value, Vec<Fault>), Fault> {
    let wanted = counted(lines.iter());
    let lines = as_local(lines, zones);
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    let mut best: Option<(Value, BTreeMap<String, usize>)> = None;
    // What the first attempt loses is kept whole in the second.
    for _ in 0..2 {
        let entry = attempt(&lines, &kept)?;
        let back = components(&entry, 0, usize::MAX)?;
        let back = back.into_iter().next().unwrap_or_default();
        let back: Vec<Line> = back.into_iter().filter_map(|(line, _)| Line::parse(line, 0).ok()).collect();
        let back = until_of_start(back, zones);
        let found = counted(back.iter());
        let missing = |of: &BTreeMap<String, usize>, from: &BTreeMap<String, usize>| {
            let left =
                |(line, count): (&String, &usize)| (line.clone(), count.saturating_sub(*from.get(line).unwrap_or(&0)));
            of.iter().map(left).filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>()
        };
        let mut lost = missing(&wanted, &found);
        // What it did not say is as wrong.
        lost.extend(missing(&found, &wanted));
        let done = lost.is_empty();
        kept = lost.clone();
        if best.as_ref().is_none_or(|(_, least)| lost.values().sum::<usize>() <= least.values().sum()) {
            best = Some((entry, lost));
        }
        if done {
            break;
        }
    }
    let (entry, lost) = best.ok_or_else(|| bad("it cannot be converted"))?;
    let names: std::collections::BTreeSet<&str> = lost.keys().filter_map(|key| key.split('"').nth(1)).collect();
    let lossy = names
        .into_iter()
        .map(|name| ("property-respelled", format!("{} does not say all that it said", name.to_ascii_uppercase())));
    Ok((entry, lossy.collect()))
}

/// The lines by what they say, and how often; those of sub-components with the names around them.
pub(super) fn counted<'a>(lines: impl Iterator<Item = &'a Line>) -> BTreeMap<String, usize> {
    let (mut counts, mut open) = (BTreeMap::new(), Vec::new());
    for line in lines {
        if line.is("BEGIN") {
            open.push(line.value().to_ascii_uppercase());
        } else if line.is("END") {
            open.pop();
        } else {
            for key in keys(line, open.get(1..).unwrap_or_default()) {
                *counts.entry(key).or_default() += 1;
            }
        }
    }
    counts
}

/// What parameters say that need not be given (RFC 5545 section 3.2).
const DEFAULTS: [(&str, &str); 5] = [
    ("role", "REQ-PARTICIPANT"),
    ("cutype", "INDIVIDUAL"),
    ("partstat", "NEEDS-ACTION"),
    ("rsvp", "FALSE"),
    ("related", "START"),
];

/// What a line says, without the order of its parameters and of the parts of a rule; each value of a list for itself.
fn keys(line: &Line, within: &[String]) -> Vec<String> {
    let mut json = to_json(line);
    if let Some(params) = json.get_mut(1).and_then(Value::as_object_mut) {
        params.retain(|name, value| {
            let is = |text: &str| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(text));
            !DEFAULTS.iter().any(|(default, text)| name == default && is(text))
        });
        params.sort_keys();
    }
    json.get_mut(3).and_then(Value::as_object_mut).into_iter().for_each(Map::sort_keys);
    let within = within.join("/");
    match json.as_array_mut() {
        Some(parts) if parts.len() > 4 => {
            let values = parts.split_off(3);
            let of = |value| format!("{}{value}{within}", Value::Array(parts.clone()));
            values.into_iter().map(of).collect()
        }
        Some(parts) if parts.len() == 4 => {
            let value = parts.pop().unwrap_or_default();
            vec![format!("{}{value}{within}", Value::Array(parts.clone()))]
        }
        _ => vec![format!("{json}{within}")],
    }
}

fn bad(text: &str) -> Fault {
    ("bad-entry", text.to_owned())
}

/// Converts a component, with the lines that are kept whole in the object.
fn attempt(lines: &[Line], kept: &BTreeMap<String, usize>) -> Result<Value, Fault> {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    let mut kept = kept.clone();
    let mut open: Vec<String> = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    // DTSTAMP and LAST-MODIFIED are one member, `updated`.
    let modified = lines.iter().any(|line| line.is("LAST-MODIFIED"));
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let name = line.value().trim().to_ascii_uppercase();
        if line.is("BEGIN") {
            if !open.is_empty() && name != "VALARM" {
                let end = end_of(lines, at);
                push(&mut text, &hide_component(&lines[at..end]));
                at = end;
                continue;
            }
            open.push(name);
            push(&mut text, line.text());
        } else if line.is("END") {
            open.pop();
            push(&mut text, line.text());
        } else {
            let mut asked = false;
            for key in keys(line, open.get(1..).unwrap_or_default()) {
                if let Some(count) = kept.get_mut(&key).filter(|count| **count > 0) {
                    *count -= 1;
                    asked = true;
                }
            }
            let own = match open.len() {
                1 if is_one_of(&ONCE, line) => {
                    let name = line.name().to_ascii_uppercase();
                    let again = seen.contains(&name) || (name == "DTSTAMP" && modified);
                    seen.push(name);
                    !again
                }
                1 => is_one_of(&OFTEN, line) && !is_progress(line),
                _ => is_one_of(&ALARM, line),
            };
            let own = own && (!asked || (open.len() == 1 && is_one_of(&TIMES, line)));
            match own {
                true => push(&mut text, &plain_text(line)),
                false => push(&mut text, &hide(line)),
            }
        }
        at += 1;
    }
    text.push_str("END:VCALENDAR\r\n");
    let mut group = group_of(&text)?;
    let entry = group.get_mut("entries").and_then(|entries| entries.get_mut(0)).map(Value::take);
    let mut entry = entry.ok_or_else(|| bad("JSCalendar has no such component"))?;
    reveal(&mut entry);
    in_fixed_order(&mut entry);
    Ok(entry)
}

/// Puts members into an order that is not that of the lines: the type and what names the object first, what iCalendar
/// says beyond it last. Elements of collections, and parts of rules, stay in theirs.
fn in_fixed_order(entry: &mut Value) {
    let Some(entry) = entry.as_object_mut() else { return };
    sort_members(entry);
    for collection in ["participants", "locations", "links", "virtualLocations", "alerts", "relatedTo"] {
        let elements = entry.get_mut(collection).and_then(Value::as_object_mut);
        elements.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut).for_each(sort_members);
    }
}

fn sort_members(object: &mut Map<String, Value>) {
    if let Some(Value::Object(hatch)) = object.get_mut("iCalendar") {
        hatch.get_mut("convertedProperties").and_then(Value::as_object_mut).into_iter().for_each(Map::sort_keys);
    }
    let first = ["@type", "uid", "title"];
    let rank = |name: &String| match first.iter().position(|of| of == name) {
        Some(at) => at,
        None => first.len() + usize::from(name == "iCalendar"),
    };
    let mut members: Vec<(String, Value)> = std::mem::take(object).into_iter().collect();
    members.sort_by(|(a, _), (b, _)| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    object.extend(members);
}

/// Whether an ATTENDEE says how far a task is, which `ical-rs` takes for the progress of the task itself.
fn is_progress(line: &Line) -> bool {
    let status = || line.param("PARTSTAT").unwrap_or_default().to_ascii_uppercase();
    line.is("ATTENDEE") && matches!(status().as_str(), "COMPLETED" | "IN-PROCESS")
}

/// The line with its TEXT escaped as it must be, since readers differ over what else they find.
fn plain_text(line: &Line) -> String {
    if default_type(line.name()) != "text" || line.param("VALUE").is_some() || shape(line.name()) == Shape::Parts {
        return line.text().to_owned();
    }
    let before = &line.text()[..line.text().len() - line.value().len()];
    let values: Vec<String> = match shape(line.name()) {
        Shape::List => split_list(line.value()).map(|item| escape(&unescape(item))).collect(),
        _ => vec![escape(&unescape(line.value()))],
    };
    format!("{before}{}", values.join(","))
}

/// Where the component that begins at `from` ends.
fn end_of(lines: &[Line], from: usize) -> usize {
    let mut depth = 0usize;
    for (at, line) in lines.iter().enumerate().skip(from) {
        depth += usize::from(line.is("BEGIN"));
        depth -= usize::from(line.is("END"));
        if depth == 0 {
            return at + 1;
        }
    }
    lines.len()
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push_str("\r\n");
}

/// A calendar as a Group.
fn group_of(text: &str) -> Result<Value, Fault> {
    // A panic over odd input must cost no more than the component.
    let group = catch_unwind(AssertUnwindSafe(|| IcalCst::parse(text).map(|cst| cst.decode().to_jscalendar())));
    match group {
        Ok(Ok(group)) => Ok(group),
        Ok(Err(error)) => Err(("bad-entry", format!("it cannot be converted: {error}"))),
        Err(_) => Err(bad("it cannot be converted")),
    }
}

/// The members of a Group without its entries, from the properties of a calendar.
pub(super) fn group(lines: &[Line]) -> Result<Map<String, Value>, Fault> {
    let mut text = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
    let properties = lines.iter().filter(|line| !is_one_of(&["BEGIN", "END", "VERSION"], line));
    let mut seen: Vec<&str> = Vec::new();
    for line in properties {
        let once = !seen.iter().any(|name| line.is(name)) || line.is("JSPROP");
        seen.push(line.name());
        let own = once && is_one_of(&CALENDAR, line);
        push(&mut text, &if own { line.text().to_owned() } else { hide(line) });
    }
    text.push_str("END:VCALENDAR\r\n");
    let mut group = group_of(&text)?;
    reveal(&mut group);
    match group {
        Value::Object(group) => Ok(group),
        _ => Err(bad("it cannot be converted")),
    }
}

/// The components that an entry is made of, each from BEGIN to END: a series first, then its instances that are otherwise.
pub(super) fn components(entry: &Value, number: u64, limit: usize) -> Result<Vec<Numbered>, Fault> {
    let lines = read(entry, number, limit)?;
    let (mut components, mut depth, mut from) = (Vec::new(), 0usize, 0);
    // The calendar around them is left out.
    for (at, (line, _)) in lines.iter().enumerate() {
        if starts(line, "BEGIN:") {
            depth += 1;
            if depth == 2 {
                from = at;
            }
        } else if starts(line, "END:") {
            if depth == 2 {
                components.push(lines[from..=at].to_vec());
            }
            depth = depth.saturating_sub(1);
        }
    }
    if components.is_empty() {
        return Err(bad("it is no entry of JSCalendar"));
    }
    let counted: Vec<&[&str]> =
        COLLECTIONS.iter().filter(|(name, _)| is_counted(entry.get(name))).map(|of| of.1).collect();
    let orders = ["recurrenceRules", "excludedRecurrenceRules"].map(|name| rule_orders(entry.get(name)));
    for (at, component) in components.iter_mut().enumerate() {
        component.retain_mut(|(line, _)| match Line::parse(line.clone(), 0) {
            Ok(parsed) if parsed.is("JSID") => !counted.iter().any(|names| names.contains(&"VALARM")),
            Ok(parsed) => {
                if counted.iter().any(|names| is_one_of(names, &parsed)) {
                    *line = without_id(&parsed);
                }
                true
            }
            Err(_) => true,
        });
        let mut orders = orders.clone();
        for (line, _) in component.iter_mut().filter(|_| at == 0) {
            let Ok(parsed) = Line::parse(line.clone(), 0) else { continue };
            let of = ["RRULE", "EXRULE"].iter().position(|name| parsed.is(name));
            if let Some(order) = of.and_then(|of| orders[of].pop_front()) {
                *line = in_order(&parsed, &order);
            }
        }
    }
    Ok(components)
}

/// Collections of an entry, and what comes of their elements.
const COLLECTIONS: [(&str, &[&str]); 5] = [
    ("participants", &["ATTENDEE", "ORGANIZER"]),
    ("locations", &["LOCATION", "GEO"]),
    ("links", &["ATTACH", "IMAGE", "LINK"]),
    ("virtualLocations", &["CONFERENCE"]),
    ("alerts", &["VALARM"]),
];

/// Whether the keys of a collection are no more than the numbers of its elements, as export gives them.
fn is_counted(collection: Option<&Value>) -> bool {
    let keys = collection.and_then(Value::as_object).into_iter().flat_map(Map::keys);
    keys.enumerate().all(|(at, key)| *key == (at + 1).to_string())
}

/// A line without the key that its element had.
fn without_id(line: &Line) -> String {
    let mut text = line.name().to_owned();
    for (name, values) in line.params().filter(|(name, _)| !name.eq_ignore_ascii_case("JSID")) {
        let values: Vec<String> = values.iter().map(|value| param_value(value)).collect();
        text.push_str(&format!(";{name}={}", values.join(",")));
    }
    format!("{text}:{}", line.value())
}

/// Of each rule the parts in their order, by the names that they have in a RECUR.
fn rule_orders(rules: Option<&Value>) -> VecDeque<Vec<String>> {
    let names = |rule: &Value| {
        let members = rule.as_object().into_iter().flat_map(Map::keys);
        let name = |member: &String| match member.as_str() {
            "frequency" => "FREQ".to_owned(),
            "bySetPosition" => "BYSETPOS".to_owned(),
            "firstDayOfWeek" => "WKST".to_owned(),
            other => other.to_ascii_uppercase(),
        };
        members.map(name).collect()
    };
    rules.and_then(Value::as_array).into_iter().flatten().map(names).collect()
}

/// A rule with its parts in an order.
fn in_order(line: &Line, order: &[String]) -> String {
    let mut parts: Vec<&str> = line.value().split(';').collect();
    let place = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default();
        order.iter().position(|of| of == name).unwrap_or(order.len())
    };
    parts.sort_by_key(place);
    let before = line.text().len() - line.value().len();
    format!("{}{}", &line.text()[..before], parts.join(";"))
}

/// The lines of the calendar that a Group or an entry converts to.
pub(super) fn read(value: &Value, number: u64, limit: usize) -> Result<Numbered, Fault> {
    let mut value = value.clone();
    conceal(&mut value);
    let text =
        catch_unwind(AssertUnwindSafe(|| Ical::from_jscalendar(&value).map(|ical| IcalCst::from(ical).to_bytes())));
    let text = match text {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return Err(("bad-entry", error.to_string())),
        Err(_) => return Err(bad("it cannot be converted")),
    };
    Ok(shown(lines_of(&text), number, limit))
}

pub(super) fn starts(line: &str, with: &str) -> bool {
    line.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Nothing is lost.
pub(super) const NOTHING: Said = Ok(Vec::new());

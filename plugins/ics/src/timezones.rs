//! The VTIMEZONEs of an export, and what TZIDs stand for in it.

use std::collections::BTreeMap;

use annals_core::when::Zone;
use annals_core::{Export, Fact};
use serde_json::Value;

use crate::export::component_lines;
use crate::line::{Line, escape};
use crate::vtimezone::{Years, vtimezone};
use crate::zone::{Definition, Homonyms, Zones, base_of, iana};

/// A definition as a source has it.
struct Given {
    lines: Vec<Line>,
    definition: Definition,
}

impl Given {
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(Line::text)
    }
}

/// The VTIMEZONEs to write, in order of their TZIDs: those that the sources define, and one for each other zone that
/// events are in.
///
/// Where sources mean different zones by one TZID, the definition with the smallest text keeps the TZID, and each
/// other one gets its fingerprint behind it. A TZID that has got one before counts as the one it was.
pub(crate) fn time_zones(cx: &mut Export<'_>) -> (Vec<Vec<Line>>, Zones) {
    let mut given: BTreeMap<String, Vec<Given>> = BTreeMap::new();
    for lines in cx.facts_of("timezone").filter_map(component_lines) {
        let Some(tzid) = lines.iter().find(|line| line.is("TZID")).map(Line::text_value) else { continue };
        let definition = Definition::read(&lines);
        let base = base_of(&tzid, &definition).unwrap_or(&tzid).to_owned();
        given.entry(base).or_default().push(Given { lines, definition });
    }
    let mut written: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    let mut homonyms = Homonyms::new();
    let mut doubted = Vec::new();
    for (tzid, mut definitions) in given {
        definitions.sort_by(|a, b| a.texts().cmp(b.texts()));
        if iana(&tzid).is_some() {
            // All mean the zone of that name; the definition that goes back farthest serves most events.
            let longest = definitions.iter().rev().max_by_key(|given| given.lines.len());
            written.extend(longest.map(|given| (tzid, given.lines.clone())));
            continue;
        }
        let mut names = Vec::new();
        let mut known: Vec<&Definition> = Vec::new();
        for given in &definitions {
            if known.contains(&&given.definition) {
                continue;
            }
            let fingerprint = given.definition.fingerprint();
            let name = match known.is_empty() {
                true => tzid.clone(),
                false => format!("{tzid}-{fingerprint}"),
            };
            known.push(&given.definition);
            written.insert(name.clone(), named(&given.lines, &name));
            names.push((fingerprint, name));
        }
        if names.len() > 1 {
            let others: Vec<String> = names[1..].iter().map(|(_, name)| format!("`{name}`")).collect();
            doubted.push(format!("the merged calendars mean different time zones by `{tzid}`: {}", others.join(", ")));
            homonyms.insert(tzid, names);
        }
    }
    for text in doubted {
        cx.lossy(None, "timezone-conflict", text);
    }
    let years: BTreeMap<&str, Years> = cx.facts_of("zone").map(|fact| (fact.key.as_str(), years(fact))).collect();
    let mut make = |tzid: &str, zone: Zone| {
        if !written.contains_key(tzid) && zone != Zone::Floating {
            let years = years.get(zone.name().as_str()).copied().unwrap_or_default();
            let lines = vtimezone(zone, tzid, years).into_iter().filter_map(|text| Line::parse(text, 0).ok());
            written.insert(tzid.to_owned(), lines.collect());
        }
    };
    for fact in cx.facts_of("timezone") {
        if let Some(zone) = fact.value.get("zone").and_then(Value::as_str).and_then(Zone::parse) {
            make(&fact.key, zone);
        }
    }
    for fact in cx.facts_of("zone") {
        if let Some(zone @ Zone::Named(tz)) = Zone::parse(&fact.key) {
            make(tz.name(), zone);
        }
    }
    let definitions: Vec<Vec<Line>> = written.into_values().collect();
    let mut zones = Zones::iana();
    for lines in &definitions {
        zones.define(lines);
    }
    zones.set_homonyms(homonyms);
    (definitions, zones)
}

/// A definition under a TZID.
fn named(lines: &[Line], tzid: &str) -> Vec<Line> {
    let renamed = |line: &Line| match Line::parse(format!("TZID:{}", escape(tzid)), 0) {
        Ok(line_of) if line.is("TZID") && line.text_value() != tzid => line_of,
        _ => line.clone(),
    };
    lines.iter().map(renamed).collect()
}

/// The years that a fact of kind `zone` tells.
fn years(fact: &Fact) -> Years {
    let year = |name: &str| fact.value.get(name).and_then(Value::as_i64);
    Years { first: year("first"), last: year("last") }
}

//! The way through all events: headings, items, and a note of what is left out.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;

use annals_core::when::Zone;
use annals_core::{Error, Event, Export, Fact};
use serde_json::Value;

use crate::entry::{self, Style};
use crate::escape;
use crate::group::{Group, heading};

/// How many events choose the headings.
const AHEAD: usize = 200;
/// How much is gathered before it is written.
const CHUNK: usize = 64 << 10;

pub fn export(cx: &mut Export<'_>) -> Result<(), Error> {
    // Both are on unless the user says no.
    let on = |cx: &Export<'_>, name: &str| cx.options.0.get(name).is_none_or(|value| *value != Value::Bool(false));
    let style = Style { body: on(cx, "body"), claims: on(cx, "claims") };
    let zone = zone(cx)?;
    let mut ahead = VecDeque::new();
    let group = match cx.options.text("group").and_then(Group::parse) {
        Some(group) => group,
        None => {
            while ahead.len() < AHEAD {
                match cx.next_event()? {
                    Some(event) => ahead.push_back(event),
                    None => break,
                }
            }
            Group::of(ahead.iter(), zone.as_ref())
        }
    };
    let mut text = format!("# {}\n", title(cx));
    let mut under = String::new();
    let mut left_out: BTreeMap<&str, u64> = BTreeMap::new();
    while let Some(event) = next(cx, &mut ahead)? {
        let above = heading(&event.when, group, zone.as_ref());
        if above != under {
            text.push_str(&format!("\n## {}\n\n", escape::inline(&above)));
            under = above;
        }
        // A day is all that a heading of its own unit can say.
        let day_heading = group == Group::Day;
        entry::write(&event, &under, day_heading, style, zone.as_ref(), &mut text);
        for name in entry::left_out(&event, style) {
            *left_out.entry(name).or_default() += 1;
        }
        if text.len() >= CHUNK {
            cx.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    cx.write_all(text.as_bytes())?;
    if !left_out.is_empty() {
        let list: Vec<String> = left_out.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        cx.lossy(None, "fields", format!("a chronology does not show, of so many events: {}", list.join(", ")));
    }
    Ok(())
}

fn next(cx: &mut Export<'_>, ahead: &mut VecDeque<Event>) -> Result<Option<Event>, Error> {
    match ahead.pop_front() {
        Some(event) => Ok(Some(event)),
        None => cx.next_event(),
    }
}

fn zone(cx: &Export<'_>) -> Result<Option<Zone>, Error> {
    match cx.options.text("zone") {
        None => Ok(None),
        Some(name) => match Zone::parse(name) {
            Some(zone) => Ok(Some(zone)),
            None => Err(Error::new(format!("there is no time zone `{name}`"))
                .hint("zone= takes an IANA name such as Europe/Berlin, an offset such as +02:00, or UTC")),
        },
    }
}

/// The title of the timeline, if it has one.
fn title(cx: &Export<'_>) -> String {
    let name = |fact: &Fact| match &fact.value {
        Value::String(name) if fact.key.is_empty() => name.clone(),
        _ => fact.key.clone(),
    };
    let mut titles: Vec<String> = cx.facts_of("title").map(name).map(|title| escape::inline(&title)).collect();
    titles.dedup();
    titles.retain(|title| !title.is_empty());
    if titles.is_empty() { "Timeline".to_owned() } else { titles.join(" · ") }
}

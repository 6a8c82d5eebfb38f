//! Writing a calendar.

use std::collections::HashMap;
use std::io::Write;

use annals_core::key::{content_key, hex};
use annals_core::table::{Rows, Text, plain_text};
use annals_core::{Error, Event, Export, Fact};
use serde_json::Value;

use crate::assembly::Names;
use crate::calendar;
use crate::extra::compose;
use crate::fast::Writer;
use crate::fold::fold;
use crate::line::{Line, without_controls};
use crate::timezones::time_zones;
use crate::write::{WriteOptions, Writing, component};

/// How much is written at a time.
const FLUSH: usize = 256 << 10;

/// Writes all events as one VCALENDAR.
pub(crate) fn export(cx: &mut Export<'_>) -> Result<(), Error> {
    export_by(cx, Some(Writer::default()))
}

/// The same by a short way, or by the general way alone.
pub(crate) fn export_by(cx: &mut Export<'_>, short: Option<Writer>) -> Result<(), Error> {
    export_as(cx, short, ContentLines)
}

/// What a component says that is lost in another spelling, or why it cannot be spelled.
pub(crate) type Said = Result<Vec<(&'static str, String)>, (&'static str, String)>;

/// Another spelling of a calendar, made from its content lines piece by piece.
pub(crate) trait Spell {
    /// Whether all is written as it is.
    const PLAIN: bool = false;
    /// Whether components that are no events have to come before these.
    const COMPONENTS_FIRST: bool = false;

    /// Respells what is in the buffer: BEGIN:VCALENDAR and the properties of the calendar.
    fn head(&mut self, buffer: &mut Vec<u8>);

    /// Adds a component, given by its lines from BEGIN to END.
    fn component(&mut self, lines: Vec<Line>, buffer: &mut Vec<u8>) -> Said;

    /// Adds the end.
    fn end(&mut self, buffer: &mut Vec<u8>);
}

/// iCalendar itself.
struct ContentLines;

impl Spell for ContentLines {
    const PLAIN: bool = true;

    fn head(&mut self, _: &mut Vec<u8>) {}

    fn component(&mut self, lines: Vec<Line>, buffer: &mut Vec<u8>) -> Said {
        lines.iter().for_each(|line| fold(line.text(), buffer));
        Ok(Vec::new())
    }

    fn end(&mut self, buffer: &mut Vec<u8>) {
        fold("END:VCALENDAR", buffer);
    }
}

/// The content lines that annals has written.
pub(crate) fn lines_of(written: &[u8]) -> Vec<Line> {
    let text = String::from_utf8_lossy(written).replace("\r\n ", "");
    text.split("\r\n").filter_map(|line| Line::parse(line.to_owned(), 0).ok()).collect()
}

/// Writes all events as one calendar in a spelling, those for which there is a short way by that.
pub(crate) fn export_as<S: Spell>(cx: &mut Export<'_>, short: Option<Writer>, mut spelling: S) -> Result<(), Error> {
    let options = WriteOptions {
        prefix_lane: cx.options.text("prefix") == Some("lane"),
        vague_spans: cx.options.text("vague") == Some("span"),
        claims: cx.options.flag("claims"),
    };
    let mut buffer = Vec::with_capacity(8 << 10);
    // No version number: the same events are to give the same bytes in every version.
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//annals//annals//EN"] {
        fold(line, &mut buffer);
    }
    let properties = calendar::properties(cx);
    let mut names = Names::default();
    for line in &properties {
        names.see(line);
        fold(line.text(), &mut buffer);
    }
    spelling.head(&mut buffer);
    let (definitions, zones) = time_zones(cx);
    for lines in definitions {
        whole(lines, &mut spelling, cx, &mut buffer);
    }
    if S::COMPONENTS_FIRST {
        others(&mut spelling, cx, &mut buffer);
    }
    let conflicts = conflicts(cx);
    let writing = Writing { zones: &zones, calendar: names.get(), options };
    // Lanes before titles, claims and TZIDs of two meanings change what stands in a component.
    let mut short = short.filter(|_| !options.prefix_lane && !options.claims && !zones.has_homonyms());
    while let Some(batch) = cx.next_batch()? {
        let batch = plain_text(&batch)?;
        let rows = Rows::of(&batch)?;
        for row in 0..rows.len() {
            if cx.cancelled() {
                return Err(Error::new("interrupted"));
            }
            let start = buffer.len();
            let in_conflict = conflicts.contains_key(rows.text(Text::Id, row).unwrap_or_default());
            let uid = if in_conflict { own_uid(&rows.event(row), &conflicts) } else { None };
            let mut plain = |short: &mut Writer| short.row(&rows, row, uid.as_deref(), writing.calendar, &mut buffer);
            if short.as_mut().and_then(&mut plain).is_none() {
                buffer.truncate(start);
                component_of(&rows.event(row), uid.as_deref(), writing, &mut spelling, cx, &mut buffer);
            } else if !S::PLAIN {
                let lines = lines_of(&buffer[start..]);
                buffer.truncate(start);
                let said = spelling.component(lines, &mut buffer);
                tell(said, || rows.event(row), cx);
            }
            if buffer.len() >= FLUSH {
                cx.write_all(&buffer)?;
                buffer.clear();
            }
        }
    }
    if !S::COMPONENTS_FIRST {
        others(&mut spelling, cx, &mut buffer);
    }
    spelling.end(&mut buffer);
    cx.write_all(&buffer)?;
    Ok(())
}

/// Writes the component of an event, or says why it is omitted.
fn component_of<S: Spell>(
    event: &Event,
    uid: Option<&str>,
    writing: Writing<'_>,
    spelling: &mut S,
    cx: &mut Export<'_>,
    buffer: &mut Vec<u8>,
) {
    let said = compose(event, uid, writing).and_then(|composed| {
        let name = component(event);
        let (begin, end) = (format!("BEGIN:{name}"), format!("END:{name}"));
        if S::PLAIN {
            let lines = composed.lines.iter().map(String::as_str);
            [&*begin].into_iter().chain(lines).chain([&*end]).for_each(|line| fold(line, buffer));
            return Ok(composed.lossy);
        }
        let lines = [begin].into_iter().chain(composed.lines).chain([end]);
        let lines = lines.filter_map(|line| Line::parse(line, 0).ok()).collect();
        let more = spelling.component(lines, buffer)?;
        Ok(composed.lossy.into_iter().chain(more).collect())
    });
    tell(said, || event, cx);
}

/// Writes the components that are neither events nor time zones.
fn others<S: Spell>(spelling: &mut S, cx: &mut Export<'_>, buffer: &mut Vec<u8>) {
    let mut components: Vec<Vec<Line>> = cx.facts_of("component").filter_map(component_lines).collect();
    components.sort_by(|a, b| a.iter().map(Line::text).cmp(b.iter().map(Line::text)));
    for lines in components {
        whole(lines, spelling, cx, buffer);
    }
}

/// Writes a component that is no event.
fn whole<S: Spell>(lines: Vec<Line>, spelling: &mut S, cx: &mut Export<'_>, buffer: &mut Vec<u8>) {
    match spelling.component(lines, buffer) {
        Ok(lossy) => lossy.into_iter().for_each(|(code, text)| cx.lossy(None, code, text)),
        Err((code, text)) => cx.lossy(None, code, text),
    }
}

/// Tells what is lost of an event, or that it is omitted.
fn tell<E: std::borrow::Borrow<Event>>(said: Said, event: impl FnOnce() -> E, cx: &mut Export<'_>) {
    match said {
        Ok(lossy) if lossy.is_empty() => {}
        Ok(lossy) => {
            let event = event();
            lossy.into_iter().for_each(|(code, text)| cx.lossy(Some(event.borrow()), code, text));
        }
        Err((code, text)) => cx.omit(event().borrow(), code, text),
    }
}

/// The content lines that a fact holds.
pub(crate) fn fact_lines(fact: &Fact) -> Vec<Line> {
    let lines = fact.value.get("ics").and_then(Value::as_array).into_iter().flatten();
    let texts = lines.filter_map(Value::as_str).map(|text| without_controls(text).trim_start().to_owned());
    texts.filter_map(|text| Line::parse(text, 0).ok()).collect()
}

/// The lines of a fact that is a component, from BEGIN to END; `None` if these do not match, which would damage all
/// that comes behind.
pub(crate) fn component_lines(fact: &Fact) -> Option<Vec<Line>> {
    let lines = fact_lines(fact);
    let mut open = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let name = line.value().trim().to_ascii_uppercase();
        if line.is("BEGIN") {
            open.push(name);
        } else if line.is("END") && open.pop() != Some(name) {
            return None;
        }
        if open.is_empty() != (at + 1 == lines.len()) {
            return None;
        }
    }
    (!lines.is_empty()).then_some(lines)
}

/// By id: instances, and the content keys, in order, of events that share both as a conflict.
type Conflicts = HashMap<String, Vec<(Option<String>, Vec<String>)>>;

fn conflicts(cx: &Export<'_>) -> Conflicts {
    let mut conflicts = Conflicts::new();
    for fact in cx.facts_of("conflict") {
        let Some(keys) = fact.value.get("keys").and_then(Value::as_array) else { continue };
        let mut keys: Vec<String> = keys.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        keys.sort();
        let instance = fact.value["instance"].as_str().map(str::to_owned);
        let of_id = conflicts.entry(fact.key.clone()).or_default();
        of_id.retain(|(known, _)| *known != instance);
        of_id.push((instance, keys));
    }
    conflicts
}

/// The UID of an event that shares its id with an other in a conflict, all but the smallest one.
fn own_uid(event: &Event, conflicts: &Conflicts) -> Option<String> {
    let id = event.id.as_deref()?;
    let (_, keys) = conflicts.get(id)?.iter().find(|(instance, _)| *instance == event.instance)?;
    let key = hex(&content_key(event));
    let derived = keys.binary_search(&key).is_ok_and(|at| at > 0);
    derived.then(|| format!("{id}-{}", &key[..8]))
}

//! What a component says beyond the columns of an event: kept on import, woven in again on export.
//!
//! [`Event::extra`] holds `{"ics": [content lines]}`. The lines are those that export would not make from the columns
//! byte for byte: other properties, properties of the table with other parameters or another spelling, and whole
//! sub-components. They stand in the order in which export writes them, so that a file written by annals and read
//! again has the same `extra`. All lines of a slot are kept, or none of it: thus the first of two SUMMARYs is not
//! taken for the second, and an edited title is told from one that is spelled differently.

use std::collections::{BTreeMap, VecDeque};

use annals_core::{Actor, Event};
use serde_json::{Map, Value};

use crate::line::{Line, without_controls};
use crate::read::{Reading, actor, read_slot, same};
use crate::slot::Slot;
use crate::when::{Omitted, additions};
use crate::write::{Generated, Writing, actor_line, generate};
use crate::zone::Zones;

/// What [`Event::extra`] holds.
#[derive(Debug, Default)]
pub(crate) struct Extra {
    /// Properties.
    pub lines: Vec<Line>,
    /// Sub-components, all their lines.
    pub subs: Vec<String>,
    /// What other formats keep there.
    pub others: Option<Map<String, Value>>,
}

impl Extra {
    /// Reads the JSON text; the second value says whether something in it could not be used.
    pub fn read(json: Option<&str>) -> (Extra, bool) {
        let mut extra = Extra::default();
        let Some(json) = json else { return (extra, false) };
        let Ok(Value::Object(mut object)) = serde_json::from_str(json) else { return (extra, true) };
        let lines = object.shift_remove("ics");
        extra.others = (lines.is_none() || !object.is_empty()).then_some(object);
        let Some(lines) = lines else { return (extra, false) };
        let Value::Array(lines) = lines else { return (extra, true) };
        let mut damaged = false;
        let mut open: Vec<String> = Vec::new();
        for line in &lines {
            let text = line.as_str().map(|text| without_controls(text).trim_start().to_owned());
            let Some(Ok(line)) = text.map(|text| Line::parse(text, 0)) else {
                damaged = true;
                continue;
            };
            let (begins, ends) = (line.is("BEGIN"), line.is("END"));
            let name = line.value().trim().to_ascii_uppercase();
            if begins {
                open.push(name);
            } else if ends && open.pop() != Some(name) {
                // Unbalanced: no sub-component is safe to write.
                extra.subs.clear();
                return (extra, true);
            }
            if begins || ends || !open.is_empty() {
                extra.subs.push(line.into_text());
            } else if line.is_ours() {
                damaged = true;
            } else {
                extra.lines.push(line);
            }
        }
        if !open.is_empty() {
            extra.subs.clear();
            damaged = true;
        }
        (extra, damaged)
    }

    /// The JSON text; `None` if there is nothing to hold.
    pub fn into_json(self) -> Option<String> {
        let mut object = Map::new();
        let lines = self.lines.into_iter().map(Line::into_text).chain(self.subs);
        let lines: Vec<Value> = lines.map(Value::String).collect();
        if !lines.is_empty() {
            object.insert("ics".to_owned(), Value::Array(lines));
        }
        let empty = object.is_empty() && self.others.is_none();
        object.extend(self.others.into_iter().flatten());
        (!empty).then(|| Value::Object(object).to_string())
    }

    fn of(&self, slot: Slot) -> Vec<&Line> {
        self.lines.iter().filter(|line| line.slot == slot).collect()
    }
}

/// Takes out of a component what export would make from the columns. Gives the text of a note if its plain date is
/// not the one that annals wrote beside its own properties.
pub(crate) fn reduce(extra: &mut Extra, event: &Event, cx: Writing<'_>) -> Option<String> {
    let made = generate(event, None, extra.others.as_ref(), cx);
    let mut moved = None;
    let mut form_used = made.form.is_ok();
    let mut kept = Vec::new();
    for slot in Slot::MODELLED {
        let originals: Vec<&Line> = extra.of(slot).into_iter().filter(|line| !line.is_ours()).collect();
        if originals.is_empty() {
            continue;
        }
        let equals = |texts: &[&str]| originals.iter().map(|line| line.text()).eq(texts.iter().copied());
        let theirs: Vec<&str> = made.of(slot).filter(|text| !text.starts_with("X-ANNALS-")).collect();
        let keep = match slot {
            Slot::AnnalsWhen | Slot::Annals => false,
            Slot::When => {
                let plain: Vec<&str> = made.form.iter().flat_map(|form| &form.plain).map(String::as_str).collect();
                let keep = !equals(&plain) && plain_additions(&originals, event, cx.zones).is_some();
                if keep {
                    form_used = false;
                } else if !equals(&plain) && extra.lines.iter().any(|line| line.is("X-ANNALS-EDTF")) {
                    moved = Some(format!("{} is not what X-ANNALS-EDTF says, which counts", originals[0].shown()));
                }
                keep
            }
            Slot::Transp => !equals(transp(&made, form_used)),
            Slot::Uid if event.id.is_none() => false,
            Slot::Actors => {
                let mut made: BTreeMap<&str, usize> = BTreeMap::new();
                theirs.iter().for_each(|text| *made.entry(text).or_default() += 1);
                kept.extend(originals.iter().copied().filter(|line| match made.get_mut(line.text()) {
                    Some(left) if *left > 0 => {
                        *left -= 1;
                        false
                    }
                    _ => true,
                }));
                false
            }
            _ => !equals(&theirs) && says_the_same(slot, &originals, event, cx.zones),
        };
        if keep {
            kept.extend(originals);
        }
    }
    kept.extend(extra.of(Slot::Other));
    extra.lines = kept.into_iter().cloned().collect();
    moved
}

/// The lines of an event's component between BEGIN and END, and what they do not say.
pub(crate) struct Composed {
    pub lines: Vec<String>,
    pub lossy: Vec<(&'static str, String)>,
}

/// Puts together what the columns give and what `extra` keeps. A property of `extra` is written in place of the one
/// made from the column if it still says what the column says.
pub(crate) fn compose(event: &Event, uid: Option<&str>, cx: Writing<'_>) -> Result<Composed, Omitted> {
    let (mut extra, damaged) = Extra::read(event.extra.as_deref());
    let meant = if cx.zones.has_homonyms() { with_meaning(event, &extra, cx.zones) } else { None };
    let mut ambiguous = false;
    let event = match &meant {
        None => event,
        Some((event, lines, others)) => {
            extra.lines.clone_from(lines);
            ambiguous = *others;
            event
        }
    };
    let mut made = generate(event, uid, extra.others.as_ref(), cx);
    let mut lossy = std::mem::take(&mut made.lossy);
    if ambiguous {
        let text = "the merged calendars define its time zone differently, and the same at its start; one is taken";
        lossy.push(("timezone-conflict", text.to_owned()));
    }
    if damaged {
        lossy.push(("bad-extra", "not all that it keeps for its format are content lines".to_owned()));
    }
    let mut lines = Vec::with_capacity(made.lines.len() + extra.lines.len() + extra.subs.len() + 4);
    let mut form_used = true;
    // Whether something else than the column is written.
    let replaced = |slot| match slot {
        Slot::Uid => uid.is_some(),
        Slot::Title => cx.options.prefix_lane && event.lane.is_some(),
        _ => false,
    };
    for slot in Slot::MODELLED {
        let kept = extra.of(slot);
        let own = |kept: &[&Line]| kept.iter().map(|line| line.text().to_owned()).collect::<Vec<_>>();
        match slot {
            Slot::When => {
                if let Some(added) = plain_additions(&kept, event, cx.zones) {
                    form_used = false;
                    lines.extend(own(&kept));
                    lines.extend(added);
                    continue;
                }
                let form = std::mem::replace(&mut made.form, Ok(Default::default()))?;
                if form.lossy {
                    lossy.push(("date", "its bounds cannot be said beside its date".to_owned()));
                }
                lines.extend(form.plain);
                lines.extend(form.annals);
                made.lines.extend(form.vague.then(|| (Slot::Transp, TRANSPARENT.to_owned())));
            }
            Slot::Transp => {
                lines.extend(own(&kept));
                if kept.is_empty() && form_used {
                    lines.extend(made.of(slot).map(str::to_owned));
                }
            }
            Slot::Actors => actors(event, &kept, &mut lines),
            _ if !kept.is_empty() && !replaced(slot) && says_the_same(slot, &kept, event, cx.zones) => {
                lines.extend(own(&kept));
            }
            _ => {
                lines.extend(made.of(slot).map(str::to_owned));
                // Only the first was read; the others are not the column's.
                if slot != Slot::Tags {
                    lines.extend(own(kept.get(1..).unwrap_or_default()));
                }
            }
        }
    }
    lines.extend(extra.of(Slot::Other).iter().map(|line| line.text().to_owned()));
    lines.extend(extra.subs);
    Ok(Composed { lines, lossy })
}

const TRANSPARENT: &str = "TRANSP:TRANSPARENT";

/// The TRANSP that is written for a vague date.
fn transp(made: &Generated, form_used: bool) -> &'static [&'static str] {
    let vague = made.form.as_ref().is_ok_and(|form| form.vague);
    if form_used && vague { &[TRANSPARENT] } else { &[] }
}

/// Each actor by a kept line that says who it is, else by one of annals.
fn actors(event: &Event, kept: &[&Line], lines: &mut Vec<String>) {
    let mut by_actor: BTreeMap<Actor, VecDeque<&str>> = BTreeMap::new();
    for line in kept {
        if let Some(of) = actor(line) {
            by_actor.entry(of).or_default().push_back(line.text());
        }
    }
    for of in &event.actors {
        let found = by_actor.get_mut(of).and_then(VecDeque::pop_front);
        lines.push(found.map_or_else(|| actor_line(of), str::to_owned));
    }
}

/// Whether lines say what the columns of their slot say, as they stand.
fn says_the_same(slot: Slot, lines: &[&Line], event: &Event, zones: &Zones) -> bool {
    let mut read = Event { kind: event.kind.clone(), when: event.when.clone(), ..Event::new() };
    let mut cx = Reading::new(zones, None);
    read_slot(slot, lines, &mut read, &mut cx).is_ok() && cx.is_sound() && same(slot, &read, event)
}

/// What must stand beside these plain lines for them to say the time of the event; `None` if they say another.
fn plain_additions(lines: &[&Line], event: &Event, zones: &Zones) -> Option<Vec<String>> {
    if lines.is_empty() {
        return None;
    }
    let mut read = Event { kind: event.kind.clone(), ..Event::new() };
    let mut cx = Reading::new(zones, None);
    read_slot(Slot::When, lines, &mut read, &mut cx).ok()?;
    if !cx.is_sound() {
        return None;
    }
    additions(&read.when, &event.when, zones)
}

/// An event and what it keeps, with the TZID of each of its lines written as the one of its meanings by which the
/// lines say when the event is. The last value says whether others would do as well.
fn with_meaning(event: &Event, extra: &Extra, zones: &Zones) -> Option<(Event, Vec<Line>, bool)> {
    let tzid = extra.lines.iter().filter(|line| line.slot == Slot::When).find_map(|line| line.param("TZID"))?;
    let meanings = zones.meanings(&tzid);
    let mut fitting = meanings.into_iter().filter_map(|name| {
        let renamed = |line: &Line| line.with_tzid(&tzid, name);
        let lines: Vec<Line> = extra.lines.iter().map(renamed).collect();
        let of_time: Vec<&Line> = lines.iter().filter(|line| line.slot == Slot::When).collect();
        plain_additions(&of_time, event, zones)?;
        let recurrence = event.recurrence.as_deref().map(|text| {
            let renamed = |text: &str| Line::parse(text.to_owned(), 0).map(|line| renamed(&line).into_text());
            text.split('\n').map(|text| renamed(text).unwrap_or_else(|text| text)).collect::<Vec<_>>().join("\n")
        });
        Some((Event { recurrence, ..event.clone() }, lines))
    });
    let (event, lines) = fitting.next()?;
    let ambiguous = zones.is_base(&tzid) && event.recurrence.is_some() && fitting.next().is_some();
    Some((event, lines, ambiguous))
}

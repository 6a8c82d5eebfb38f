//! `--expand`: a series becomes its instances.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use annals_core::recur::{
    Budget, Clock, Clocks, Expansion, Origin, Override, RecurErrorKind, clock_of, is_this_and_future, start_tzid,
};
use annals_core::when::{Relation, Zone};
use annals_core::{Event, Fact};
use serde_json::Value;

use super::filter::Test;
use crate::exit::Trouble;

/// The stretch of time whose instances are wanted.
#[derive(Clone, Debug)]
pub struct Expand(Test);

/// The zones that calendars define themselves, by TZID: what the facts of kind `timezone` say.
#[derive(Default)]
pub struct Calendars {
    definitions: BTreeMap<String, Vec<Vec<String>>>,
    /// The clocks of those that have been asked for.
    clocks: RefCell<HashMap<String, Vec<Clock>>>,
}

impl Calendars {
    /// Those that the facts tell of.
    pub fn of(facts: &[Fact]) -> Self {
        let mut definitions: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| fact.kind == "timezone") {
            let lines = fact.value.get("ics").and_then(Value::as_array).into_iter().flatten();
            let lines: Vec<String> = lines.filter_map(Value::as_str).map(str::to_owned).collect();
            if !lines.is_empty() {
                definitions.entry(fact.key.clone()).or_default().push(lines);
            }
        }
        for of in definitions.values_mut() {
            of.sort();
            of.dedup();
        }
        Self { definitions, clocks: RefCell::default() }
    }

    /// The clocks of an event whose zone is an offset only: that of its TZID which has that offset at its start.
    fn clocks(&self, event: &Event) -> Clocks {
        let is_offset = event.when.zone.as_deref().is_some_and(|zone| zone.starts_with(['+', '-']));
        let own = || {
            let (zone, start) = (Zone::parse(event.when.zone.as_deref()?)?, event.when.start_lo?);
            let clocks = self.clocks_of(&start_tzid(event)?);
            clocks.into_iter().find(|clock| clock.offset_at(start) == zone.offset_at(start))
        };
        let mut clocks = Clocks { own: if is_offset { own() } else { None }, ..Clocks::default() };
        if let (Some(own), Some(tzid)) = (&clocks.own, start_tzid(event)) {
            clocks.named.insert(tzid, own.clone());
        }
        clocks
    }

    fn clocks_of(&self, tzid: &str) -> Vec<Clock> {
        let mut known = self.clocks.borrow_mut();
        known
            .entry(tzid.to_owned())
            .or_insert_with(|| {
                let definitions = self.definitions.get(tzid).into_iter().flatten();
                definitions.filter_map(|lines| clock_of(lines.iter().map(String::as_str))).collect()
            })
            .clone()
    }
}

/// Who takes the events that a series becomes: which of the merged ones each is of, and the event.
pub type Take<'a, E> = &'a mut dyn FnMut(usize, Event) -> Result<(), E>;

impl Expand {
    /// Reads the option; dates are those of `zone`.
    pub fn new(text: &str, zone: &str) -> Result<Self, Trouble> {
        let zone = Zone::parse(zone).unwrap_or(Zone::Utc);
        Ok(Self(Test::of("--expand", text, Relation::Overlaps, &zone)?))
    }

    /// Gives what the events of one id become. Masters become their instances that share time with the stretch, overrides
    /// stay if they do, an override without a master and an event that does not recur stay in any case. Notes tell what
    /// could not be expanded: such a master stays as it is.
    pub fn each<E>(&self, group: &[&Event], calendars: &Calendars, take: Take<'_, E>) -> Result<Vec<String>, E> {
        let mut notes = Vec::new();
        let masters: Vec<usize> = (0..group.len()).filter(|&at| group[at].instance.is_none()).collect();
        let overrides: Vec<usize> = (0..group.len()).filter(|&at| group[at].instance.is_some()).collect();
        if masters.iter().all(|&at| group[at].recurrence.is_none()) {
            group.iter().enumerate().try_for_each(|(at, event)| take(at, (*event).clone()))?;
            return Ok(notes);
        }
        let clocks: Vec<Clocks> = group.iter().map(|event| calendars.clocks(event)).collect();
        let of = |&at: &usize| {
            let event = group[at];
            Override { event, this_and_future: is_this_and_future(event), clocks: &clocks[at] }
        };
        let given: Vec<Override<'_>> = overrides.iter().map(of).collect();
        // Of masters that contradict each other the first has the overrides; the instances are those of each.
        let mut taken = false;
        for &at in &masters {
            let master = group[at];
            if master.recurrence.is_none() {
                take(at, master.clone())?;
                continue;
            }
            let mut tell = |what: &str, error: &dyn std::fmt::Display| {
                let id = master.id.as_deref().unwrap_or("without an id");
                notes.push(format!("the recurrence of `{id}` {what}: {error}"));
            };
            let expansion = match Expansion::of(master, &clocks[at], &given) {
                Ok(expansion) => expansion,
                Err(error) => {
                    tell("cannot be evaluated, so that it stays as it is", &error);
                    take(at, master.clone())?;
                    continue;
                }
            };
            let mut budget = Budget::default();
            for found in expansion.between(self.window(master), &mut budget) {
                let found = match found {
                    Ok(found) => found,
                    Err(error) => {
                        let what = match error.kind {
                            RecurErrorKind::Limit => "is expanded in part, up to the limit of work",
                            RecurErrorKind::Refused => "is expanded in part",
                        };
                        tell(what, &error);
                        break;
                    }
                };
                match found.origin {
                    Origin::Override(_) if taken => {}
                    Origin::Override(of) => {
                        let mut event = group[overrides[of]].clone();
                        if given[of].this_and_future {
                            forget_range(&mut event);
                        }
                        take(overrides[of], event)?;
                    }
                    Origin::Master | Origin::Following(_) => {
                        let of = match found.origin {
                            Origin::Following(of) => overrides[of],
                            _ => at,
                        };
                        let mut event = Event {
                            instance: Some(found.key),
                            when: found.when,
                            recurrence: None,
                            ..group[of].clone()
                        };
                        if of != at {
                            forget_range(&mut event);
                        }
                        take(of, event)?;
                    }
                }
            }
            taken = true;
        }
        if !taken {
            // No master could be expanded.
            overrides.iter().try_for_each(|&at| take(at, group[at].clone()))?;
        }
        Ok(notes)
    }

    fn window(&self, event: &Event) -> Range<i64> {
        let window = self.0.window(event.when.zone.as_deref());
        window.from..window.to
    }
}

/// The instances that follow are events of their own now.
fn forget_range(event: &mut Event) {
    let Some(extra) = &event.extra else { return };
    let Ok(mut object) = serde_json::from_str::<serde_json::Map<String, Value>>(extra) else { return };
    if let Some(lines) = object.get_mut("ics").and_then(Value::as_array_mut) {
        lines.retain(|line| !line.as_str().is_some_and(|line| line.to_ascii_uppercase().starts_with("RECURRENCE-ID")));
        if lines.is_empty() {
            object.shift_remove("ics");
        }
    }
    event.extra = (!object.is_empty()).then(|| Value::Object(object).to_string());
}

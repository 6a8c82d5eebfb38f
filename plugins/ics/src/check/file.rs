//! What a check remembers across components.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use annals_core::Locator;

use super::frame::{Form, Frame, Time};
use super::tell::{Tell, shown};
use crate::value::Stamp;
use crate::zone::{Found, Zones, iana};

/// How many instances, series and overrides each are compared with one another.
const MAX_KNOWN: usize = 1 << 20;

/// How many TZIDs of a calendar are.
const MAX_TZIDS: usize = 10_000;

/// A VCALENDAR.
#[derive(Default)]
pub(super) struct Calendar {
    /// Its METHOD in upper case.
    pub method: Option<String>,
    /// The TZIDs in use, with the first place.
    used: BTreeMap<String, Locator>,
    defined: BTreeMap<String, Locator>,
}

impl Calendar {
    /// Notes that a time has this TZID.
    pub fn uses(&mut self, tzid: &str, at: Locator) {
        if !self.used.contains_key(tzid) && self.used.len() < MAX_TZIDS {
            self.used.insert(tzid.to_owned(), at);
        }
    }

    /// Notes a VTIMEZONE.
    pub fn defines(&mut self, frame: &Frame, tell: &mut Tell<'_, '_>) {
        let Some(tzid) = &frame.tzid else { return };
        // A parameter has no escapes.
        let tzid = crate::line::unescape(tzid);
        if let Some(first) = self.defined.get(&tzid) {
            let text = format!(
                "a second VTIMEZONE {} (the first is in line {}): programs take either one; leave one out (RFC 5545 section 3.6.5)",
                shown(&tzid),
                first.line
            );
            tell.warning(frame.at, "timezone-twice", text);
        } else if self.defined.len() < MAX_TZIDS {
            if iana(&tzid).is_none() && !tzid.starts_with('/') && !frame.has_location {
                let text = format!(
                    "the time zone {} has no name of the IANA database: programs that do not read VTIMEZONE do not know it{}",
                    shown(&tzid),
                    perhaps(&tzid)
                );
                tell.warning(frame.at, "timezone-name", text);
            }
            self.defined.insert(tzid, frame.at);
        }
    }

    /// Tells of the time zones that are missing.
    pub fn end(&self, tell: &mut Tell<'_, '_>) {
        for (tzid, at) in &self.used {
            // A name with a solidus in front is one that a registry defines.
            if tzid.starts_with('/') || self.defined.contains_key(tzid) || self.defined.len() >= MAX_TZIDS {
                continue;
            }
            let known = match iana(tzid) {
                Some(_) => "; programs that know the IANA database read it nevertheless".to_owned(),
                None => perhaps(tzid),
            };
            let text = format!(
                "TZID={} has no VTIMEZONE in this calendar: add one, or write UTC (RFC 5545 section 3.2.19){known}",
                shown(tzid)
            );
            tell.error(*at, "timezone-missing", text);
        }
    }
}

/// What a name that is not one of the IANA database may stand for.
fn perhaps(tzid: &str) -> String {
    match Zones::iana().find(tzid, 0) {
        Found::Meant(zone) => format!("; it may mean {}", zone.name()),
        _ => "; no program can know what it means by its name".to_owned(),
    }
}

struct Override {
    series: u64,
    form: Form,
    at: Locator,
    uid: Box<str>,
}

/// All components of a file.
#[derive(Default)]
pub(super) struct File {
    /// By the hash of component, UID and RECURRENCE-ID: the line and the SEQUENCE.
    instances: HashMap<u64, (u64, i64)>,
    /// By the hash of component and UID: the form of DTSTART.
    series: HashMap<u64, Option<Form>>,
    overrides: Vec<Override>,
    is_full: bool,
}

impl File {
    /// Notes an entry.
    pub fn entry(&mut self, frame: &Frame, calendar: &Calendar, tell: &mut Tell<'_, '_>) {
        let Some(uid) = &frame.uid else { return };
        if self.instances.len() >= MAX_KNOWN || self.overrides.len() >= MAX_KNOWN {
            if !std::mem::replace(&mut self.is_full, true) {
                let text =
                    format!("more than {MAX_KNOWN} components: from here on they are not compared with one another");
                tell.warning(frame.at, "too-many", text);
            }
            return;
        }
        let series = hash(&(&frame.name, uid));
        let instance = frame.recurrence.as_ref().map(key);
        let this = (frame.at.line, frame.sequence);
        match self.instances.insert(hash(&(series, &instance)), this) {
            Some((line, sequence)) if sequence == frame.sequence => {
                let what = if instance.is_some() { "UID, RECURRENCE-ID" } else { "UID" };
                let text = format!(
                    "{what} and SEQUENCE are those of the component in line {line}: programs keep either one; leave one out, or count SEQUENCE up (RFC 5545 section 3.8.4.7)"
                );
                tell.warning(frame.at, "duplicate", text);
            }
            _ => {}
        }
        match &frame.recurrence {
            None => {
                self.series.entry(series).or_insert(frame.start.as_ref().map(Time::form));
            }
            Some(time) if calendar.method.as_deref().is_none_or(|method| method == "PUBLISH") => {
                let uid = uid.chars().take(60).collect::<String>().into();
                self.overrides.push(Override { series, form: time.form(), at: time.at, uid });
            }
            Some(_) => {}
        }
    }

    /// Compares overrides with their series.
    pub fn end(self, tell: &mut Tell<'_, '_>) {
        for Override { series, form, at, uid } in self.overrides {
            match self.series.get(&series) {
                None if !self.is_full => {
                    let text = "RECURRENCE-ID without its series in this file: programs show it alone, or not at all (RFC 5545 section 3.8.4.4)";
                    tell.warning(at, "override-alone", text.to_owned());
                }
                Some(Some(start)) if !form.fits(*start) => {
                    let text = format!(
                        "RECURRENCE-ID is {}, but DTSTART of its series is {}: write both alike (RFC 5545 section 3.8.4.4)",
                        form.name(),
                        start.name()
                    );
                    tell.error(at, "override-type", text);
                }
                _ => {}
            }
            tell.flush(Some(&uid));
        }
    }
}

/// What tells instances of a series apart.
fn key(time: &Time) -> (i64, Form, Option<&str>) {
    let local = match time.stamp {
        Stamp::Date(date) => i64::from(date.to_epoch_days()),
        Stamp::Time { local, .. } => local,
    };
    (local, time.form(), time.tzid.as_deref())
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

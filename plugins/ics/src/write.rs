//! Writing an event as the content lines of a component.

use annals_core::{Actor, Event};
use serde_json::{Map, Value};

use crate::line::{Line, escape, has_controls, param_value, without_controls};
use crate::read::{TENTATIVE, actor, derived_status, is_canonical_instance};
use crate::slot::Slot;
use crate::value::{Stamp, date_text, iso, utc_text};
use crate::when::{self, Form, Omitted, local_text};
use crate::zone::Zones;

/// What the user wants of an export.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct WriteOptions {
    /// The lane stands before the title.
    pub prefix_lane: bool,
    /// Vague dates are written as their longest span.
    pub vague_spans: bool,
    /// Claims are written.
    pub claims: bool,
}

/// What writing needs besides the event.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    /// What TZIDs stand for in the calendar being written.
    pub zones: &'a Zones,
    /// The name of that calendar.
    pub calendar: Option<&'a str>,
    pub options: WriteOptions,
}

/// The content lines that the columns of an event give.
pub(crate) struct Generated {
    /// The lines by slot, all but those of the time.
    pub lines: Vec<(Slot, String)>,
    /// The time, or why it cannot be held.
    pub form: Result<Form, Omitted>,
    /// What is not said even so.
    pub lossy: Vec<(&'static str, String)>,
}

impl Generated {
    /// The lines of a slot.
    pub fn of(&self, slot: Slot) -> impl Iterator<Item = &str> {
        self.lines.iter().filter(move |(at, _)| *at == slot).map(|(_, line)| line.as_str())
    }
}

/// The component that an event becomes.
pub(crate) fn component(event: &Event) -> &'static str {
    let known = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];
    let kind = event.kind.as_deref().unwrap_or_default();
    known.into_iter().find(|name| *name == kind).unwrap_or("VEVENT")
}

/// Whether the kind of an event is a component of RFC 5545.
fn is_native(event: &Event) -> bool {
    event.kind.as_deref() == Some(component(event))
}

/// The content lines of an event. `uid` is the text of UID where it is not [`Event::id`]; `others` is what
/// [`Event::extra`] holds for other formats.
pub(crate) fn generate(
    event: &Event,
    uid: Option<&str>,
    others: Option<&Map<String, Value>>,
    cx: Writing<'_>,
) -> Generated {
    let mut out = Generated {
        lines: Vec::with_capacity(16),
        form: when::write(&event.when, component(event), is_native(event), cx.zones, cx.options.vague_spans),
        lossy: Vec::new(),
    };
    if let Some(id) = &event.id {
        out.text(Slot::Uid, "UID", Some(uid.unwrap_or(id)));
        if uid.is_some() {
            out.text(Slot::Uid, "X-ANNALS-UID", Some(id));
        }
    }
    out.utc(Slot::Stamp, "DTSTAMP", event.stamped);
    if out.lines.iter().all(|(slot, _)| *slot != Slot::Stamp) {
        // Required; the first moment of 1970 stands for an unknown one, the clock is never asked.
        out.line(Slot::Stamp, "DTSTAMP:19700101T000000Z".to_owned());
    }
    out.utc(Slot::Modified, "LAST-MODIFIED", event.modified);
    if let Some(revision) = event.revision {
        out.line(Slot::Revision, format!("SEQUENCE:{revision}"));
    }
    if let Some(instance) = &event.instance {
        out.instance(instance, event);
    }
    if let Some(recurrence) = &event.recurrence {
        out.recurrence(recurrence);
    }
    let prefixed = cx.options.prefix_lane.then_some(event.lane.as_ref()).flatten();
    let prefixed = prefixed.map(|lane| format!("{lane}: {}", event.title.as_deref().unwrap_or_default()));
    out.text(Slot::Title, "SUMMARY", prefixed.as_deref().or(event.title.as_deref()));
    out.text(Slot::Body, "DESCRIPTION", event.body.as_deref());
    out.text(Slot::Place, "LOCATION", event.place.as_deref());
    match (event.lat, event.lon) {
        (Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
            out.line(Slot::Geo, format!("GEO:{lat};{lon}"));
        }
        (None, None) => {}
        _ => out.lossy("geo", "its latitude and longitude are no place on the globe".to_owned()),
    }
    let derived = derived_status(event.when.qualifier);
    if derived && event.status.is_none() {
        out.line(Slot::Status, format!("STATUS:{TENTATIVE}"));
    }
    out.text(Slot::Status, "STATUS", event.status.as_deref());
    if derived && event.status.as_deref() == Some(TENTATIVE) {
        out.text(Slot::Status, "X-ANNALS-STATUS", event.status.as_deref());
    }
    if let Some(url) = &event.url {
        let clean = without_controls(url);
        if clean != *url {
            out.lossy("control-characters", "control characters in its URL are left out".to_owned());
        }
        out.line(Slot::Url, format!("URL:{clean}"));
    }
    out.tags(&event.tags);
    for actor in &event.actors {
        out.line(Slot::Actors, actor_line(actor));
    }
    if !is_native(event) {
        out.text(Slot::Annals, "X-ANNALS-KIND", Some(event.kind.as_deref().unwrap_or_default()));
    }
    if event.lane.as_deref() != cx.calendar {
        out.text(Slot::Annals, "X-ANNALS-LANE", Some(event.lane.as_deref().unwrap_or_default()));
    }
    if cx.options.claims {
        for claim in &event.claims {
            out.text(Slot::Annals, "X-ANNALS-CLAIM", Some(&json_text(&crate::claim::write(claim))));
        }
    }
    if let Some(others) = others {
        out.text(Slot::Annals, "X-ANNALS-EXTRA", Some(&json_text(&Value::Object(others.clone()))));
    }
    out
}

impl Generated {
    fn line(&mut self, slot: Slot, line: String) {
        self.lines.push((slot, line));
    }

    fn lossy(&mut self, code: &'static str, text: String) {
        if self.lossy.iter().all(|(known, _)| *known != code) {
            self.lossy.push((code, text));
        }
    }

    fn text(&mut self, slot: Slot, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        if has_controls(text) {
            self.lossy("control-characters", format!("control characters in its {name} are left out"));
        }
        self.line(slot, format!("{name}:{}", escape(text)));
    }

    fn utc(&mut self, slot: Slot, name: &str, us: Option<i64>) {
        let Some(us) = us else { return };
        if us % 1_000_000 != 0 {
            self.lossy("rounded", format!("its {name} is cut to the second"));
        }
        match utc_text(us) {
            Some(text) => self.line(slot, format!("{name}:{text}")),
            None => self.lossy("rounded", format!("its {name} is outside the years 1 to 9999")),
        }
    }

    fn instance(&mut self, instance: &str, event: &Event) {
        let zone = event.when.zone.as_deref().and_then(annals_core::when::Zone::parse);
        let text = match iso(instance).filter(|_| is_canonical_instance(instance)) {
            Some(Stamp::Date(date)) => date_text(date).map(|text| format!(";VALUE=DATE:{text}")),
            Some(Stamp::Time { local, utc: false }) => local_text(annals_core::when::Zone::Floating, local),
            Some(Stamp::Time { local, utc: true }) => {
                let zone = zone.filter(|zone| *zone != annals_core::when::Zone::Floating);
                local_text(zone.unwrap_or(annals_core::when::Zone::Utc), local)
            }
            None => None,
        };
        match text {
            Some(text) => self.line(Slot::Instance, format!("RECURRENCE-ID{text}")),
            None => self.text(Slot::Instance, "X-ANNALS-INSTANCE", Some(instance)),
        }
    }

    fn recurrence(&mut self, recurrence: &str) {
        for text in recurrence.split('\n').filter(|text| !text.is_empty()) {
            let line = Line::parse(without_controls(text).into_owned(), 0);
            match line {
                Ok(line) if line.slot == Slot::Recurrence => self.line(Slot::Recurrence, line.into_text()),
                _ => self.lossy("recurrence", format!("`{text}` is no RRULE, RDATE, EXRULE or EXDATE")),
            }
        }
    }

    fn tags(&mut self, tags: &[String]) {
        let mut list = String::new();
        for tag in tags {
            if tag.trim() != tag || tag.is_empty() || has_controls(tag) {
                self.lossy(
                    "tag",
                    "white space around a tag, control characters and empty tags are left out".to_owned(),
                );
            }
            let tag = escape(tag);
            if !tag.trim().is_empty() {
                list.push_str(if list.is_empty() { "" } else { "," });
                list.push_str(tag.trim());
            }
        }
        if !list.is_empty() {
            self.line(Slot::Tags, format!("CATEGORIES:{list}"));
        }
    }
}

/// JSON without control characters: of these JSON itself escapes all but DEL.
fn json_text(value: &Value) -> String {
    value.to_string().replace('\u{7f}', "\\u007f")
}

/// ORGANIZER or ATTENDEE, where these can say who it is.
pub(crate) fn actor_line(of: &Actor) -> String {
    let name = match of.role.as_deref() {
        Some("organizer") => "ORGANIZER",
        _ => "ATTENDEE",
    };
    let cn = of.name.as_deref().map(|name| format!(";CN={}", param_value(name))).unwrap_or_default();
    let text = format!("{name}{cn}:{}", without_controls(of.address.as_deref().unwrap_or_default()));
    match Line::parse(text, 0) {
        Ok(line) if of.address.is_some() && actor(&line).as_ref() == Some(of) => line.into_text(),
        _ => {
            let fields = [("name", &of.name), ("role", &of.role), ("address", &of.address)];
            let fields =
                fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into())));
            format!("X-ANNALS-ACTOR:{}", escape(&json_text(&Value::Object(fields.collect()))))
        }
    }
}

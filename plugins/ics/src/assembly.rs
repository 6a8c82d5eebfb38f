//! Components of calendars, from whatever they are read: each becomes an event, a fact or a reject.

use std::collections::{BTreeSet, VecDeque};

use annals_core::when::Zone;
use annals_core::{Error, ImportRequest, Locator, Out};
use serde_json::json;

use crate::line::Line;
use crate::read::{Fault, Reading};
use crate::record::{Record, Repairs};
use crate::vtimezone::MADE_FROM;
use crate::zone::Zones;

/// The components that are records.
pub(crate) const RECORDS: [&str; 4] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];

/// How deep components may be nested; RFC 5545 needs two levels.
pub(crate) const MAX_DEPTH: usize = 32;

/// What a content line costs beyond its bytes, so that a component of millions of empty lines is bounded too.
pub(crate) const LINE_COST: usize = 24;

/// The calendar being read, and what of it cannot be told yet.
#[derive(Default)]
pub(crate) struct Assembly {
    /// What the bytes of a record are called, if they are wanted.
    pub raw: Option<&'static str>,
    /// The calendar being read.
    pub calendar: Option<Calendar>,
    /// The calendar is at its end; what waits is to be read.
    pub closing: bool,
    max_record: usize,
    default: Option<Zone>,
    /// Records that use a time zone not yet defined.
    waiting: VecDeque<Record>,
    waiting_bytes: usize,
}

/// A VCALENDAR being read.
#[derive(Default)]
pub(crate) struct Calendar {
    pub names: Names,
    properties: Vec<String>,
    bytes: usize,
    zones: Zones,
    /// TZIDs that had to be taken for unknown before the end of the calendar.
    late: BTreeSet<String>,
    /// TZIDs that no VTIMEZONE defines, of which it has been told what their names mean.
    meant: BTreeSet<String>,
    /// Components without a VCALENDAR around them.
    pub implicit: bool,
}

impl Calendar {
    /// A calendar for components that have none around them.
    pub fn implicit() -> Self {
        Self { implicit: true, ..Self::default() }
    }

    /// What TZIDs stand for.
    pub fn zones(&self) -> &Zones {
        &self.zones
    }
}

impl Assembly {
    /// `format` is what the bytes of a record are called.
    pub fn new(request: &ImportRequest, format: &'static str) -> Result<Self, Error> {
        let default = match request.options.text("zone") {
            None => None,
            Some(name) => Some(Zone::parse(name).ok_or_else(|| {
                Error::new(format!("zone={name}: no such time zone")).hint("give an IANA name such as Europe/Berlin")
            })?),
        };
        Ok(Self {
            raw: request.raw.then_some(format),
            max_record: request.max_record.max(1),
            default: default.filter(|zone| *zone != Zone::Floating),
            ..Self::default()
        })
    }

    /// Whether a VCALENDAR is being read.
    pub fn in_calendar(&self) -> bool {
        self.calendar.as_ref().is_some_and(|calendar| !calendar.implicit)
    }

    /// Whether there is room for a property of the calendar that counts `cost` bytes, or is `over` the limit by itself.
    pub fn has_room(&mut self, cost: usize, over: bool, at: Locator, out: &mut Out<'_>) -> bool {
        let Some(calendar) = &mut self.calendar else { return false };
        calendar.bytes += cost;
        let room = !over && calendar.bytes <= self.max_record;
        if !room {
            out.repair(at, None, "too-large", "the calendar's properties are too large; this one is left out");
        }
        room
    }

    /// A property of the calendar.
    pub fn property(&mut self, line: Line) {
        let Some(calendar) = &mut self.calendar else { return };
        calendar.names.see(&line);
        if !is_of_every_file(&line) {
            calendar.properties.push(line.into_text());
        }
    }

    /// A component that has been read to its end, or a fault of it.
    pub fn complete(
        &mut self,
        record: Record,
        fault: Option<(&'static str, String)>,
        out: &mut Out<'_>,
    ) -> Result<(), Error> {
        let is_record = RECORDS.contains(&record.name.as_str());
        match fault {
            Some((code, text)) if is_record => out.reject(record.at, record.bytes(), code, text),
            Some((code, text)) => out.repair(record.at, None, code, format!("{} is left out: {text}", record.name)),
            None if is_record => self.record(record, out),
            None => self.fact(&record, out)?,
        }
        Ok(())
    }

    /// Whether no record waits.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Reads what waits, once the calendar is at its end, one record a call.
    pub fn wind_up(&mut self, out: &mut Out<'_>) {
        match self.waiting.pop_front() {
            Some(record) => self.record(record, out),
            None => self.finish(out),
        }
    }

    /// A VTIMEZONE, or a component that is no event.
    fn fact(&mut self, record: &Record, out: &mut Out<'_>) -> Result<(), Error> {
        let Some(calendar) = &mut self.calendar else { return Ok(()) };
        let mut repairs = Repairs::new();
        let lines = record.balanced(&mut repairs);
        for (code, text) in repairs {
            out.repair(record.at, None, code, text);
        }
        let value = |lines: Vec<Line>| json!({"ics": lines.into_iter().map(Line::into_text).collect::<Vec<_>>()});
        if record.name != "VTIMEZONE" {
            let uid = lines.iter().find(|line| line.is("UID")).map(Line::text_value);
            out.fact("component", &uid.unwrap_or_else(|| record.name.clone()), value(lines));
            return Ok(());
        }
        // As in parameters, which are written without white space at the front.
        let mut lines = lines;
        for line in lines.iter_mut().filter(|line| line.is("TZID") && line.value().starts_with([' ', '\t'])) {
            if let Ok(trimmed) = Line::parse(format!("TZID:{}", line.value().trim_start()), line.number) {
                let text = format!("{} is read without the white space at its front", line.shown());
                out.repair(record.at, None, "bad-parameter", text);
                *line = trimmed;
            }
        }
        let Some(tzid) = calendar.zones.define(&lines) else {
            out.repair(record.at, None, "no-tzid", "VTIMEZONE has no TZID, and is left out");
            return Ok(());
        };
        if calendar.late.contains(&tzid) {
            let text = format!("the time zone `{tzid}` is defined too far behind the events that use it");
            let hint = format!("raise --max-record, which is {} bytes, to hold those events", self.max_record);
            return Err(Error::new(text).hint(hint).at(record.at.offset, record.at.line));
        }
        // What annals made from the IANA database is made anew for the events at hand.
        match lines.iter().find(|line| line.is(MADE_FROM)).map(Line::text_value) {
            Some(name) if name == tzid => {}
            Some(name) => out.fact("timezone", &tzid, json!({"zone": name})),
            None => out.fact("timezone", &tzid, value(lines)),
        }
        Ok(())
    }

    /// An event, or a reject; a record that uses a time zone not yet defined waits.
    fn record(&mut self, record: Record, out: &mut Out<'_>) {
        let Some(calendar) = &mut self.calendar else { return };
        let mut cx = Reading::new(&calendar.zones, self.default);
        let mut read = record.event(calendar.names.get(), &mut cx);
        let Reading { mut repairs, mut meant, .. } = cx;
        if let Err((Fault::Later(tzid), _)) = &read {
            let size = record.raw.len() + record.source.len() + record.spans.len() * LINE_COST;
            if self.waiting_bytes + size <= self.max_record {
                self.waiting_bytes += size;
                self.waiting.push_back(record);
                return;
            }
            calendar.late.insert(tzid.clone());
            calendar.zones.complete = true;
            let mut cx = Reading::new(&calendar.zones, self.default);
            read = record.event(calendar.names.get(), &mut cx);
            Reading { repairs, meant, .. } = cx;
            calendar.zones.complete = false;
        }
        match read {
            Ok(mut event) => {
                for (tzid, zone) in meant {
                    if calendar.meant.insert(tzid.clone()) {
                        out.fact("timezone", &tzid, json!({"zone": zone.name()}));
                    }
                }
                for (code, text) in repairs {
                    out.repair(record.at, event.id.as_deref(), code, text);
                }
                if let Some(format) = self.raw {
                    (event.raw, event.raw_format) = (Some(record.into_bytes()), Some(format.to_owned()));
                }
                out.event(event);
            }
            Err((Fault::Bad(code, text), id)) => {
                let id = id.map(|id| format!(" (UID {id})")).unwrap_or_default();
                out.reject(record.at, record.bytes(), code, text + &id);
            }
            Err((Fault::Later(tzid), _)) => {
                out.reject(record.at, record.bytes(), "unknown-timezone", format!("no time zone `{tzid}`"));
            }
        }
    }

    /// The calendar is at its end.
    pub fn close(&mut self) {
        self.closing = true;
        if let Some(calendar) = &mut self.calendar {
            calendar.zones.complete = true;
        }
    }

    /// Tells what is said of the calendar itself.
    fn finish(&mut self, out: &mut Out<'_>) {
        (self.closing, self.waiting_bytes) = (false, 0);
        if let Some(calendar) = self.calendar.take().filter(|calendar| !calendar.implicit) {
            out.fact("calendar", calendar.names.get().unwrap_or_default(), json!({"ics": calendar.properties}));
        }
    }
}

/// What a calendar is called.
#[derive(Default)]
pub(crate) struct Names {
    name: Option<String>,
    wr_name: Option<String>,
}

impl Names {
    /// Looks at a property of the calendar.
    pub fn see(&mut self, line: &Line) {
        let name = || Some(line.text_value()).filter(|name| !name.is_empty());
        if line.is("NAME") {
            self.name = self.name.take().or_else(name);
        } else if line.is("X-WR-CALNAME") {
            self.wr_name = self.wr_name.take().or_else(name);
        }
    }

    /// NAME (RFC 7986), else X-WR-CALNAME.
    pub fn get(&self) -> Option<&str> {
        self.name.as_deref().or(self.wr_name.as_deref())
    }
}

/// Whether a property stands in every file that annals writes, so that it says nothing of the calendar.
pub(crate) fn is_of_every_file(line: &Line) -> bool {
    line.is("VERSION")
        || line.is("PRODID")
        || (line.is("CALSCALE") && line.value().trim().eq_ignore_ascii_case("GREGORIAN"))
}

//! Reading calendars: components one after the other, each an event, a fact or a reject.

use std::collections::{BTreeSet, VecDeque};

use annals_core::plugin::MAX_REJECT_BYTES;
use annals_core::when::Zone;
use annals_core::{Error, Import, ImportRequest, Input, Locator, Out};
use serde_json::json;

use crate::charset::decoded;
use crate::fast::{Place, Reader};
use crate::line::Line;
use crate::read::{Fault, Reading};
use crate::record::{Record, Repairs, decode};
use crate::scan::{Bracket, Logical, Scanner, bracket};
use crate::vtimezone::MADE_FROM;
use crate::zone::Zones;

/// The components that are records.
const RECORDS: [&str; 4] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];

/// How deep components may be nested; RFC 5545 needs two levels.
const MAX_DEPTH: usize = 32;

/// What a content line costs beyond its bytes, so that a component of millions of empty lines is bounded too.
const LINE_COST: usize = 24;

/// How much text the short way is given at a time, at least and at most. A record that is longer goes the general way.
const WINDOWS: std::ops::Range<usize> = 4 << 10..64 << 10;

/// An import under way.
pub(crate) struct IcsImport {
    scan: Scanner,
    /// The short way; `None` if all goes the general way.
    short: Option<Reader>,
    /// How much text it is given.
    window: usize,
    max_record: usize,
    batch_rows: usize,
    raw: bool,
    default: Option<Zone>,
    calendar: Option<Calendar>,
    open: Option<Open>,
    /// Records that use a time zone not yet defined.
    waiting: VecDeque<Record>,
    waiting_bytes: usize,
    /// The calendar is at its end; what waits is to be read.
    closing: bool,
    seen_calendar: bool,
    in_stray: bool,
    /// The encoding that the input had, until that has been told.
    decoded: Option<&'static str>,
}

/// A VCALENDAR being read.
#[derive(Default)]
struct Calendar {
    names: Names,
    properties: Vec<String>,
    bytes: usize,
    zones: Zones,
    /// TZIDs that had to be taken for unknown before the end of the calendar.
    late: BTreeSet<String>,
    /// TZIDs that no VTIMEZONE defines, of which it has been told what their names mean.
    meant: BTreeSet<String>,
    /// Components without a VCALENDAR around them.
    implicit: bool,
}

/// A component being read.
struct Open {
    record: Record,
    stack: Vec<String>,
    /// Levels that are not on the stack, being too many.
    over: usize,
    fault: Option<(&'static str, String)>,
}

impl IcsImport {
    pub fn open(input: Box<dyn Input>, request: &ImportRequest) -> Result<Self, Error> {
        let default = match request.options.text("zone") {
            None => None,
            Some(name) => Some(Zone::parse(name).ok_or_else(|| {
                Error::new(format!("zone={name}: no such time zone")).hint("give an IANA name such as Europe/Berlin")
            })?),
        };
        let max_record = request.max_record.max(1);
        let (input, decoded) = decoded(input, request.options.text("charset"))?;
        Ok(Self {
            scan: Scanner::new(input, max_record)?,
            // A zone for times that have none changes what many lines say.
            short: default.is_none().then(Reader::default),
            window: WINDOWS.end,
            max_record,
            batch_rows: request.batch_rows,
            raw: request.raw,
            default: default.filter(|zone| *zone != Zone::Floating),
            calendar: None,
            open: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            closing: false,
            seen_calendar: false,
            in_stray: false,
            decoded,
        })
    }

    /// The same by the general way alone.
    #[cfg(test)]
    pub fn general(self) -> Self {
        Self { short: None, ..self }
    }

    /// Reads the records at hand that can go the short way.
    fn plain_records(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        let (Some(reader), Some(calendar), None) = (&mut self.short, &self.calendar, &self.open) else { return Ok(()) };
        let (lane, raw, max_record) = (calendar.names.get(), self.raw, self.max_record);
        loop {
            let Some((text, mut at, last)) = self.scan.ahead(self.window)? else { return Ok(()) };
            let (mut taken, mut lines, mut last_line) = (0, 0, at.line);
            loop {
                let place = Place { at, lane, raw, max_record, line_cost: LINE_COST };
                let Some(extent) = reader.record(&text[taken..], last, place, out.columns()) else { break };
                last_line = at.line + extent.before_end;
                taken += extent.bytes;
                lines += extent.lines;
                (at.offset, at.line) = (at.offset + extent.bytes as u64, at.line + extent.lines);
                // A batch is not to get more rows than are asked for.
                if out.len().is_multiple_of(self.batch_rows.max(1)) {
                    break;
                }
            }
            // The text was looked through for nothing; where odd records come one after the other, little is wasted.
            let cut = text.len() == self.window && memchr::memmem::find(text.as_bytes(), b"\nEND:VEVENT").is_none();
            let again = taken == 0 && cut && self.window < WINDOWS.end;
            self.window = if taken > 0 || again { WINDOWS.end.min(self.window * 4) } else { WINDOWS.start };
            if taken > 0 {
                self.scan.skip(taken, lines, last_line);
                self.in_stray = false;
            }
            if !again {
                return Ok(());
            }
        }
    }

    /// The line that is not part of a component.
    fn outside(&mut self, out: &mut Out<'_>) {
        let line = self.scan.line();
        let at = place(line);
        match bracket(&line.raw, self.scan.bare_cr()) {
            Some((Bracket::Begin, name)) if name == "VCALENDAR" => {
                if let Some(calendar) = &self.calendar {
                    if !calendar.implicit {
                        out.repair(at, None, "missing-end", "the calendar before has no END:VCALENDAR");
                    }
                    self.close();
                    self.scan.stay();
                } else {
                    self.seen_calendar = true;
                    self.calendar = Some(Calendar::default());
                }
            }
            Some((Bracket::Begin, name)) => {
                if self.calendar.is_none() {
                    out.repair(at, None, "outside-calendar", format!("{name} is outside of a VCALENDAR"));
                    self.calendar = Some(Calendar { implicit: true, ..Calendar::default() });
                }
                let mut open = Open {
                    record: Record { name: name.clone(), at, bare_cr: self.scan.bare_cr(), ..Record::default() },
                    stack: vec![name],
                    over: 0,
                    fault: None,
                };
                open.push(self.scan.line(), self.max_record);
                self.open = Some(open);
            }
            Some((Bracket::End, name)) if name == "VCALENDAR" && self.in_calendar() => self.close(),
            None if self.in_calendar() => self.property(out),
            _ => return self.stray(out),
        }
        self.in_stray = false;
    }

    fn in_calendar(&self) -> bool {
        self.calendar.as_ref().is_some_and(|calendar| !calendar.implicit)
    }

    /// A line that belongs to nothing; of several in a row the first is told.
    fn stray(&mut self, out: &mut Out<'_>) {
        let line = self.scan.line();
        let blank = line.raw.iter().all(u8::is_ascii_whitespace);
        if !blank && !self.in_stray {
            self.in_stray = true;
            out.repair(place(line), None, "stray-line", format!("line {} belongs to no component", line.number));
        }
    }

    /// A property of the calendar.
    fn property(&mut self, out: &mut Out<'_>) {
        let (logical, bare_cr) = (self.scan.line(), self.scan.bare_cr());
        let at = place(logical);
        let Some(calendar) = &mut self.calendar else { return };
        calendar.bytes += logical.raw.len() + LINE_COST;
        if logical.over || calendar.bytes > self.max_record {
            out.repair(at, None, "too-large", "the calendar's properties are too large; this one is left out");
            return;
        }
        let mut repairs = Repairs::new();
        let line = decode(&logical.raw, bare_cr, logical.number, &mut repairs);
        for (code, text) in repairs {
            out.repair(at, None, code, text);
        }
        let Some(line) = line else { return };
        calendar.names.see(&line);
        if !is_of_every_file(&line) {
            calendar.properties.push(line.into_text());
        }
    }

    /// A line within a component.
    fn inside(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        let found = bracket(&self.scan.line().raw, self.scan.bare_cr());
        if found.as_ref().is_some_and(|(which, name)| open.is_broken_by(*which, name)) {
            // What has come is whole but for its END.
            let Record { name, at, .. } = &open.record;
            let line = self.scan.line().number;
            out.repair(
                *at,
                None,
                "missing-end",
                format!("{name} has no END:{name}; it is taken to end before line {line}"),
            );
            self.scan.stay();
            return self.complete(open, out);
        }
        open.push(self.scan.line(), self.max_record);
        match found {
            Some((Bracket::Begin, _)) if open.stack.len() == MAX_DEPTH => {
                open.over += 1;
                open.fault.get_or_insert(("too-deep", format!("nested deeper than {MAX_DEPTH} components")));
            }
            Some((Bracket::Begin, name)) => open.stack.push(name),
            Some((Bracket::End, _)) if open.over > 0 => open.over -= 1,
            Some((Bracket::End, name)) => {
                if let Some(at) = open.stack.iter().rposition(|open| *open == name) {
                    open.stack.truncate(at);
                }
            }
            None => {}
        }
        if open.stack.is_empty() {
            return self.complete(open, out);
        }
        self.open = Some(open);
        Ok(())
    }

    /// A component in which the file ends: some of it may be missing.
    fn abandon(&mut self, open: Open, out: &mut Out<'_>) {
        let Record { name, at, raw, .. } = &open.record;
        let text = format!("the file ends in the middle of this {name}");
        if RECORDS.contains(&name.as_str()) {
            out.reject(*at, raw, "truncated", text);
        } else {
            out.repair(*at, None, "truncated", text + ", which is left out");
        }
    }

    /// A component that has been read to its end.
    fn complete(&mut self, open: Open, out: &mut Out<'_>) -> Result<(), Error> {
        let record = open.record;
        let is_record = RECORDS.contains(&record.name.as_str());
        match open.fault {
            Some((code, text)) if is_record => out.reject(record.at, &record.raw, code, text),
            Some((code, text)) => out.repair(record.at, None, code, format!("{} is left out: {text}", record.name)),
            None if is_record => self.record(record, out),
            None => self.fact(&record, out)?,
        }
        Ok(())
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
            let size = record.raw.len() + record.spans.len() * LINE_COST;
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
                if self.raw {
                    (event.raw, event.raw_format) = (Some(record.raw), Some("ics".to_owned()));
                }
                out.event(event);
            }
            Err((Fault::Bad(code, text), id)) => {
                let id = id.map(|id| format!(" (UID {id})")).unwrap_or_default();
                out.reject(record.at, &record.raw, code, text + &id);
            }
            Err((Fault::Later(tzid), _)) => {
                out.reject(record.at, &record.raw, "unknown-timezone", format!("no time zone `{tzid}`"));
            }
        }
    }

    /// The calendar is at its end.
    fn close(&mut self) {
        self.closing = true;
        if let Some(calendar) = &mut self.calendar {
            calendar.zones.complete = true;
        }
    }

    /// Tells what is said of the calendar itself.
    fn finish(&mut self, out: &mut Out<'_>) {
        (self.closing, self.waiting_bytes, self.in_stray) = (false, 0, false);
        if let Some(calendar) = self.calendar.take().filter(|calendar| !calendar.implicit) {
            out.fact("calendar", calendar.names.get().unwrap_or_default(), json!({"ics": calendar.properties}));
        }
    }

    /// The end of the input; `false` if nothing is left to do.
    fn end(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        if let Some(open) = self.open.take() {
            self.abandon(open, out);
        }
        // Events that somebody saved without the calendar around them are taken all the same.
        if !self.seen_calendar && self.waiting.is_empty() && out.counts().emitted == 0 {
            return Err(Error::new("not an iCalendar file: there is no BEGIN:VCALENDAR").at(0, 1));
        }
        if self.calendar.is_none() {
            return Ok(false);
        }
        if self.in_calendar() {
            let at = Locator { offset: self.scan.offset(), len: 0, line: self.scan.line().number };
            out.repair(at, None, "missing-end", "the file ends before END:VCALENDAR");
        }
        self.close();
        Ok(true)
    }
}

impl Import for IcsImport {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let before = out.counts().read();
        if let Some(encoding) = self.decoded.take() {
            let text = format!("the file is {encoding}; offsets are those of its text as UTF-8");
            out.repair(Locator { offset: 0, len: 0, line: 1 }, None, "not-utf8", text);
        }
        loop {
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
            if !self.closing {
                self.plain_records(out)?;
                if out.counts().read() > before {
                    out.progress(self.scan.offset());
                    return Ok(true);
                }
            }
            if self.closing {
                match self.waiting.pop_front() {
                    Some(record) => self.record(record, out),
                    None => self.finish(out),
                }
            } else if !self.scan.advance()? {
                if !self.end(out)? {
                    return Ok(false);
                }
            } else if self.open.is_some() {
                self.inside(out)?;
            } else {
                self.outside(out);
            }
            if out.counts().read() > before {
                out.progress(self.scan.offset());
                return Ok(true);
            }
        }
    }
}

impl Open {
    /// Whether this line cannot be within the component, so that its END is missing.
    fn is_broken_by(&self, which: Bracket, name: &str) -> bool {
        let own = &self.record.name;
        let known = own == "VTIMEZONE" || RECORDS.contains(&own.as_str());
        name == "VCALENDAR" || (which == Bracket::Begin && known && (name == "VTIMEZONE" || RECORDS.contains(&name)))
    }

    /// Adds a line, up to the limit.
    fn push(&mut self, line: &Logical, max_record: usize) {
        let record = &mut self.record;
        record.at.len = line.offset + line.len - record.at.offset;
        let size = record.raw.len() + line.raw.len() + (record.spans.len() + 1) * LINE_COST;
        if line.over || size > max_record {
            self.fault.get_or_insert_with(|| {
                ("too-large", format!("larger than {max_record} bytes, the limit that --max-record sets"))
            });
        }
        if self.fault.is_none() {
            let start = record.raw.len();
            record.spans.push((start, start + line.raw.len(), line.number));
            record.raw.extend_from_slice(&line.raw);
        } else {
            record.spans = Vec::new();
            let room = MAX_REJECT_BYTES.saturating_sub(record.raw.len());
            record.raw.extend_from_slice(&line.raw[..line.raw.len().min(room)]);
            record.raw.truncate(MAX_REJECT_BYTES);
            record.raw.shrink_to_fit();
        }
    }
}

fn place(line: &Logical) -> Locator {
    Locator { offset: line.offset, len: line.len, line: line.number }
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

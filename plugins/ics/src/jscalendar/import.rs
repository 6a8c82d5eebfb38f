//! Reading JSCalendar: one entry at a time, however large the group is, as long as its title comes before them.

use std::collections::VecDeque;
use std::sync::Arc;

use annals_core::{Error, Import, ImportRequest, Input, Locator, Out};
use serde_json::{Map, Value};

use super::convert::{components, read, starts};
use super::times::until_of_start;
use crate::assembly::{Assembly, Calendar, LINE_COST};
use crate::jcal::component::{Fault, Numbered, too_large, what};
use crate::line::Line;
use crate::record::Record;
use crate::stream::{Element, Object, Stream};

/// How much more memory than its bytes an entry may take, and what each of its values counts.
const VALUES: (usize, usize) = (4, 96);

/// An import under way.
pub(crate) struct JscalendarImport {
    stream: Stream,
    assembly: Assembly,
    max_record: usize,
    /// The group whose entries are being read.
    group: Option<Group>,
    /// Entries at hand.
    ready: VecDeque<Element>,
    /// Whether the objects stand in an array, and if so whether the next is the first.
    array: Option<bool>,
    seen_any: bool,
}

/// A Group being read.
struct Group {
    at: Locator,
    /// Its members before the entries, until they are told.
    head: Option<Map<String, Value>>,
    /// Entries that wait for a member that tells of them all.
    held: Vec<Element>,
    held_bytes: usize,
    first: bool,
}

impl JscalendarImport {
    pub fn open(input: Box<dyn Input>, request: &ImportRequest) -> Result<Self, Error> {
        let max_record = request.max_record.max(1);
        Ok(Self {
            stream: Stream::new(input, max_record),
            assembly: Assembly::new(request, "jscalendar")?,
            max_record,
            group: None,
            ready: VecDeque::new(),
            array: None,
            seen_any: false,
        })
    }

    /// Reads the beginning of an object; `false` at the end of the input.
    fn object(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        match &mut self.array {
            Some(first) => {
                if !self.stream.more(first, b']', "the array")? {
                    self.array = None;
                    return Ok(true);
                }
            }
            None => match self.stream.document()? {
                None if self.seen_any => return Ok(false),
                None => return Err(Error::new("the file is empty; JSCalendar is {\"@type\": \"Group\", …}").at(0, 1)),
                Some(b'[') => {
                    self.stream.expect(b'[', "the file")?;
                    (self.array, self.seen_any) = (Some(true), true);
                    return Ok(true);
                }
                Some(_) => {}
            },
        }
        self.seen_any = true;
        match self.stream.object("entries")? {
            Object::Whole(element) => self.whole(element, out)?,
            Object::Before(head) => {
                let at = head.at;
                if head.over {
                    let text = "the members of the group before its entries are larger than a record may be";
                    return Err(Error::new(text).hint("give a larger --max-record").at(at.offset, at.line));
                }
                let members: Map<String, Value> = serde_json::from_slice(&head.bytes).map_err(|error| {
                    Error::new(format!("the members of the group are not JSON: {error}")).at(at.offset, at.line)
                })?;
                let told = members.contains_key("title");
                let mut group = Group { at, head: Some(members), held: Vec::new(), held_bytes: 0, first: true };
                if told {
                    self.tell(&mut group, out)?;
                }
                self.group = Some(group);
            }
        }
        Ok(true)
    }

    /// An object without entries: an Event or Task, or a Group that has none.
    fn whole(&mut self, element: Element, out: &mut Out<'_>) -> Result<(), Error> {
        let value: Option<Map<String, Value>> = match element.over {
            true => None,
            false => serde_json::from_slice(&element.bytes).ok(),
        };
        if let Some(head) = value.filter(|value| value.get("@type").is_some_and(|kind| kind == "Group")) {
            let mut group = Group { at: element.at, head: Some(head), held: Vec::new(), held_bytes: 0, first: false };
            self.tell(&mut group, out)?;
        } else {
            self.assembly.calendar = Some(Calendar::implicit());
            self.entry(element, out)?;
        }
        self.assembly.close();
        Ok(())
    }

    /// Tells what is known of a group, and lets its entries be read.
    fn tell(&mut self, group: &mut Group, out: &mut Out<'_>) -> Result<(), Error> {
        self.assembly.calendar = Some(Calendar::default());
        if let Some(head) = group.head.take() {
            self.members(head, group.at, out)?;
        }
        self.ready.extend(group.held.drain(..));
        Ok(())
    }

    /// Members of a group, as properties and components of the calendar.
    fn members(&mut self, mut members: Map<String, Value>, at: Locator, out: &mut Out<'_>) -> Result<(), Error> {
        members.shift_remove("entries");
        members.insert("@type".to_owned(), Value::String("Group".to_owned()));
        let lines = match read(&Value::Object(members), at.line, self.max_record) {
            Ok(lines) => lines,
            Err((code, text)) => {
                out.repair(at, None, code, format!("the members of the group are left out: {text}"));
                return Ok(());
            }
        };
        let (mut depth, mut from) = (0usize, 0);
        for (number, (text, line)) in lines.iter().enumerate() {
            if starts(text, "BEGIN:") {
                depth += 1;
                from = if depth == 2 { number } else { from };
            } else if starts(text, "END:") {
                if depth == 2 {
                    let name = lines[from].0["BEGIN:".len()..].trim().to_ascii_uppercase();
                    let record = Record::of_lines(name, &lines[from..=number], at, Arc::default());
                    self.assembly.complete(record, None, out)?;
                }
                depth = depth.saturating_sub(1);
            } else if depth == 1 && self.assembly.has_room(text.len() + LINE_COST, false, at, out) {
                Line::parse(text.clone(), *line).into_iter().for_each(|line| self.assembly.property(line));
            }
        }
        Ok(())
    }

    /// Reads the next entry of the group, or its end.
    fn next_entry(&mut self, mut group: Group, out: &mut Out<'_>) -> Result<(), Error> {
        if self.stream.more(&mut group.first, b']', "the entries")? {
            let element = self.stream.element("an entry")?;
            if group.head.is_none() {
                self.ready.push_back(element);
            } else {
                group.held_bytes += element.bytes.len() + LINE_COST;
                group.held.push(element);
                if group.held_bytes > self.max_record {
                    self.tell(&mut group, out)?;
                }
            }
            self.group = Some(group);
            return Ok(());
        }
        let mut rest = Map::new();
        let mut size = 0;
        while self.stream.more(&mut false, b'}', "the group")? {
            let at = self.stream.here();
            let key = self.stream.element("the group")?;
            self.stream.expect(b':', "the group")?;
            let value = self.stream.element("the group")?;
            size += key.bytes.len() + value.bytes.len();
            let hint = "give a larger --max-record, or write the entries last";
            if key.over || value.over || size > self.max_record {
                let text = "the members of the group behind its entries are larger than a record may be";
                return Err(Error::new(text).hint(hint).at(at.offset, at.line));
            }
            let read =
                serde_json::from_slice(&key.bytes).and_then(|key| Ok((key, serde_json::from_slice(&value.bytes)?)));
            let (key, value): (String, Value) =
                read.map_err(|error| Error::new(format!("a member is not JSON: {error}")).at(at.offset, at.line))?;
            if group.head.is_none() && key == "title" && group.held_bytes > 0 {
                let text = "the title of the group comes behind entries that are larger than a record may be";
                return Err(Error::new(text).hint(hint).at(at.offset, at.line));
            }
            rest.insert(key, value);
        }
        match &mut group.head {
            Some(head) => head.extend(rest),
            None if rest.is_empty() => {}
            None => self.members(rest, group.at, out)?,
        }
        if group.head.is_some() {
            self.tell(&mut group, out)?;
        }
        if self.ready.is_empty() {
            self.assembly.close();
        }
        Ok(())
    }

    /// An Event or Task.
    fn entry(&mut self, element: Element, out: &mut Out<'_>) -> Result<(), Error> {
        let Element { at, bytes, over } = element;
        let read = if over { Err(too_large(self.max_record)) } else { self.components(&bytes, at.line) };
        let source: Arc<[u8]> = bytes.into();
        match read {
            Ok(components) => {
                for (name, lines) in components {
                    let record = Record::of_lines(name, &lines, at, Arc::clone(&source));
                    self.assembly.complete(record, None, out)?;
                }
                Ok(())
            }
            Err(fault) => {
                let record = Record { name: "VEVENT".to_owned(), at, source, ..Record::default() };
                self.assembly.complete(record, Some(fault), out)
            }
        }
    }

    /// The components of an entry, by name.
    fn components(&self, bytes: &[u8], number: u64) -> Result<Vec<(String, Numbered)>, Fault> {
        if memchr::memchr_iter(b',', bytes).count() * VALUES.1 > self.max_record.saturating_mul(VALUES.0).max(1 << 20) {
            return Err(too_large(self.max_record));
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| ("bad-json", format!("line {number}: not JSON: {}", what(&error))))?;
        match (value.get("@type"), value.is_object()) {
            (_, false) => return Err(("bad-entry", "an entry is an object".to_owned())),
            (Some(kind), _) if kind != "Event" && kind != "Task" => {
                return Err(("unknown-type", format!("an entry of type {kind} is neither an Event nor a Task")));
            }
            _ => {}
        }
        let iana;
        let zones = match &self.assembly.calendar {
            Some(calendar) => calendar.zones(),
            None => {
                iana = crate::zone::Zones::iana();
                &iana
            }
        };
        let each = |lines: Numbered| {
            let lines = lines.into_iter().filter_map(|(line, _)| Line::parse(line, number).ok()).collect();
            let lines = until_of_start(lines, zones);
            let name = lines.first().map(|line| line.value().trim().to_ascii_uppercase()).unwrap_or_default();
            (name, lines.into_iter().map(|line| (line.into_text(), number)).collect())
        };
        Ok(components(&value, number, self.max_record)?.into_iter().map(each).collect())
    }
}

impl Import for JscalendarImport {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let before = out.counts().read();
        while out.counts().read() == before {
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
            if let Some(element) = self.ready.pop_front() {
                self.entry(element, out)?;
                if self.ready.is_empty() && self.group.is_none() {
                    self.assembly.close();
                }
            } else if self.assembly.closing {
                self.assembly.wind_up(out);
            } else if let Some(group) = self.group.take() {
                self.next_entry(group, out)?;
            } else if !self.object(out)? {
                return Ok(false);
            }
        }
        out.progress(self.stream.offset());
        Ok(true)
    }
}

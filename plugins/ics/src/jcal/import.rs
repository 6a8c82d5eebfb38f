//! Reading jCal: one component at a time, however large the calendar is.

use annals_core::{Error, Import, ImportRequest, Input, Locator, Out};

use super::component::{Fault, Reader, too_large};
use crate::assembly::{Assembly, Calendar, LINE_COST, RECORDS};
use crate::line::Line;
use crate::record::Record;
use crate::stream::{Element, Stream};

/// An import under way.
pub(crate) struct JcalImport {
    stream: Stream,
    assembly: Assembly,
    max_record: usize,
    state: State,
    /// Whether the calendars stand in an array, and if so whether the next is the first.
    array: Option<bool>,
    seen_any: bool,
}

/// What comes next.
#[derive(Clone, Copy)]
enum State {
    /// A calendar, or the end.
    Calendar,
    /// A component of a calendar, or their end.
    Components { first: bool },
}

impl JcalImport {
    pub fn open(input: Box<dyn Input>, request: &ImportRequest) -> Result<Self, Error> {
        let max_record = request.max_record.max(1);
        Ok(Self {
            stream: Stream::new(input, max_record),
            assembly: Assembly::new(request, "jcal")?,
            max_record,
            state: State::Calendar,
            array: None,
            seen_any: false,
        })
    }

    /// Reads the beginning of a calendar; `false` at the end of the input.
    fn calendar(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        match &mut self.array {
            Some(first) => {
                if !self.stream.more(first, b']', "the array of calendars")? {
                    self.array = None;
                    return Ok(true);
                }
            }
            None => match self.stream.document()? {
                None if self.seen_any => return Ok(false),
                None => return Err(Error::new("the file is empty; a jCal calendar is [\"vcalendar\", …]").at(0, 1)),
                Some(b'[') if self.stream.is_array_of_arrays()? => {
                    self.stream.expect(b'[', "the file")?;
                    (self.array, self.seen_any) = (Some(true), true);
                    return Ok(true);
                }
                Some(_) => {}
            },
        }
        self.seen_any = true;
        if self.stream.is_array_of("vcalendar")? {
            self.assembly.calendar = Some(Calendar::default());
            self.stream.expect(b'[', "the file")?;
            self.stream.skip("the calendar")?;
            self.properties(out)?;
            return Ok(true);
        }
        let element = match self.stream.peek()? {
            Some(b'[') => self.stream.element("the file")?,
            found => return Err(self.stream.unexpected(found, "[\"vcalendar\", …]", "the file")),
        };
        // A component that somebody saved without the calendar around it is taken all the same.
        let text = "a component is outside of a vcalendar";
        out.repair(element.at, None, "outside-calendar", text);
        self.assembly.calendar = Some(Calendar::implicit());
        self.component(element, out)?;
        self.assembly.close();
        Ok(true)
    }

    /// Reads the properties of a calendar, up to its components.
    fn properties(&mut self, out: &mut Out<'_>) -> Result<(), Error> {
        let place = "the calendar";
        if !self.stream.more(&mut false, b']', place)? {
            self.assembly.close();
            return Ok(());
        }
        self.stream.expect(b'[', "the properties of the calendar")?;
        let mut first = true;
        while self.stream.more(&mut first, b']', "the properties of the calendar")? {
            let element = self.stream.element("a property of the calendar")?;
            self.property(element, out);
        }
        if !self.stream.more(&mut false, b']', place)? {
            self.assembly.close();
            return Ok(());
        }
        self.stream.expect(b'[', "the components of the calendar")?;
        self.state = State::Components { first: true };
        Ok(())
    }

    /// A property of the calendar.
    fn property(&mut self, element: Element, out: &mut Out<'_>) {
        if !self.assembly.has_room(element.bytes.len() + LINE_COST, element.over, element.at, out) {
            return;
        }
        let mut reader = Reader::new(self.max_record);
        if let Err((code, text)) = reader.property(&element.bytes, element.at.line) {
            out.repair(element.at, None, code, text + ", and is left out");
            return;
        }
        for (code, text) in reader.repairs {
            out.repair(element.at, None, code, text);
        }
        let lines = reader.lines.into_iter().filter_map(|(line, number)| Line::parse(line, number).ok());
        lines.for_each(|line| self.assembly.property(line));
    }

    /// A component of the calendar.
    fn component(&mut self, element: Element, out: &mut Out<'_>) -> Result<(), Error> {
        let Element { at, bytes, over } = element;
        let mut reader = Reader::new(self.max_record);
        let read = if over { Err(too_large(self.max_record)) } else { reader.component(&bytes, at.line) };
        if read.is_ok() {
            for (code, text) in std::mem::take(&mut reader.repairs) {
                out.repair(at, None, code, text);
            }
        }
        take(&mut self.assembly, read, &reader.lines, at, bytes, out)
    }
}

/// Hands on a component that has been read from JSON, or rejects it.
pub(crate) fn take(
    assembly: &mut Assembly,
    read: Result<String, Fault>,
    lines: &[(String, u64)],
    at: Locator,
    bytes: Vec<u8>,
    out: &mut Out<'_>,
) -> Result<(), Error> {
    match read {
        Ok(name) => assembly.complete(Record::of_lines(name, lines, at, bytes.into()), None, out),
        Err(fault) => {
            // What is no record by its name is none; what has no name that could be read may be one.
            let name = name_of(&bytes).filter(|name| !RECORDS.contains(&name.as_str()));
            let name = name.unwrap_or_else(|| RECORDS[0].to_owned());
            assembly.complete(Record { name, at, source: bytes.into(), ..Record::default() }, Some(fault), out)
        }
    }
}

/// The name of a component that is cut off or broken behind it.
fn name_of(bytes: &[u8]) -> Option<String> {
    let rest = bytes.strip_prefix(b"[")?.trim_ascii_start().strip_prefix(b"\"")?;
    let name = &rest[..memchr::memchr(b'"', rest)?];
    std::str::from_utf8(name).ok().filter(|name| crate::line::is_name(name)).map(str::to_ascii_uppercase)
}

impl Import for JcalImport {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let before = out.counts().read();
        while out.counts().read() == before {
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
            if self.assembly.closing {
                self.assembly.wind_up(out);
                continue;
            }
            match self.state {
                State::Calendar => {
                    if !self.calendar(out)? {
                        return Ok(false);
                    }
                }
                State::Components { mut first } => {
                    if self.stream.more(&mut first, b']', "the components of the calendar")? {
                        self.state = State::Components { first };
                        let element = self.stream.element("a component")?;
                        self.component(element, out)?;
                    } else {
                        self.stream.expect(b']', "the calendar")?;
                        self.state = State::Calendar;
                        self.assembly.close();
                    }
                }
            }
        }
        out.progress(self.stream.offset());
        Ok(true)
    }
}

//! Reading calendars: components one after the other, each an event, a fact or a reject.

use annals_core::plugin::MAX_REJECT_BYTES;
use annals_core::{Error, Import, ImportRequest, Input, Locator, Out};

use crate::assembly::{Assembly, Calendar, LINE_COST, MAX_DEPTH, RECORDS};
use crate::charset::decoded;
use crate::fast::{Place, Reader};
use crate::record::{Record, Repairs, decode};
use crate::scan::{Bracket, Logical, Scanner, bracket};

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
    open: Option<Open>,
    assembly: Assembly,
    seen_calendar: bool,
    in_stray: bool,
    /// The encoding that the input had, until that has been told.
    decoded: Option<&'static str>,
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
        let assembly = Assembly::new(request, "ics")?;
        let zoned = request.options.text("zone").is_some();
        let max_record = request.max_record.max(1);
        let (input, decoded) = decoded(input, request.options.text("charset"))?;
        Ok(Self {
            scan: Scanner::new(input, max_record)?,
            // A zone for times that have none changes what many lines say.
            short: (!zoned).then(Reader::default),
            window: WINDOWS.end,
            max_record,
            batch_rows: request.batch_rows,
            open: None,
            assembly,
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
        let (Some(reader), Some(calendar), None) = (&mut self.short, &self.assembly.calendar, &self.open) else {
            return Ok(());
        };
        let (lane, raw, max_record) = (calendar.names.get(), self.assembly.raw.is_some(), self.max_record);
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
                if let Some(calendar) = &self.assembly.calendar {
                    if !calendar.implicit {
                        out.repair(at, None, "missing-end", "the calendar before has no END:VCALENDAR");
                    }
                    self.assembly.close();
                    self.scan.stay();
                } else {
                    self.seen_calendar = true;
                    self.assembly.calendar = Some(Calendar::default());
                }
            }
            Some((Bracket::Begin, name)) => {
                if self.assembly.calendar.is_none() {
                    out.repair(at, None, "outside-calendar", format!("{name} is outside of a VCALENDAR"));
                    self.assembly.calendar = Some(Calendar::implicit());
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
            Some((Bracket::End, name)) if name == "VCALENDAR" && self.assembly.in_calendar() => self.assembly.close(),
            None if self.assembly.in_calendar() => self.property(out),
            _ => return self.stray(out),
        }
        self.in_stray = false;
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
        if !self.assembly.has_room(logical.raw.len() + LINE_COST, logical.over, at, out) {
            return;
        }
        let mut repairs = Repairs::new();
        let line = decode(&logical.raw, bare_cr, logical.number, &mut repairs);
        for (code, text) in repairs {
            out.repair(at, None, code, text);
        }
        if let Some(line) = line {
            self.assembly.property(line);
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
            return self.assembly.complete(open.record, open.fault, out);
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
            return self.assembly.complete(open.record, open.fault, out);
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

    /// The end of the input; `false` if nothing is left to do.
    fn end(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        if let Some(open) = self.open.take() {
            self.abandon(open, out);
        }
        // Events that somebody saved without the calendar around them are taken all the same.
        if !self.seen_calendar && self.assembly.is_idle() && out.counts().emitted == 0 {
            return Err(Error::new("not an iCalendar file: there is no BEGIN:VCALENDAR").at(0, 1));
        }
        if self.assembly.calendar.is_none() {
            return Ok(false);
        }
        if self.assembly.in_calendar() {
            let at = Locator { offset: self.scan.offset(), len: 0, line: self.scan.line().number };
            out.repair(at, None, "missing-end", "the file ends before END:VCALENDAR");
        }
        self.assembly.close();
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
            if !self.assembly.closing {
                self.plain_records(out)?;
                if out.counts().read() > before {
                    out.progress(self.scan.offset());
                    return Ok(true);
                }
            }
            if self.assembly.closing {
                self.in_stray = false;
                self.assembly.wind_up(out);
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

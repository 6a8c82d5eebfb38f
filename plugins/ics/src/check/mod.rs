//! `annals check` for iCalendar.
//!
//! | code | what is wrong |
//! |---|---|
//! | **bytes** | |
//! | `not-utf8` `control-character` | not UTF-8; a control character |
//! | `line-end` `no-line-end` | not CR LF; none at the end of the file (once a file) |
//! | `blank-line` `stray-line` | a blank line; a line outside VCALENDAR (once a file) |
//! | `byte-order-mark` `long-line` `fold-in-character` | *warnings*: before BEGIN; over 75 octets; a character cut in two (the last two once a file) |
//! | `too-large` | *warning*: a line over `--max-record` is not checked |
//! | **lines** | |
//! | `bad-line` `bad-folding` `bad-name` `bad-parameter` | no `NAME:value`; folding; the name; a parameter |
//! | `missing-end` `stray-end` `truncated` `too-deep` | BEGIN and END do not match; the file ends early; over 32 levels |
//! | **properties** | |
//! | `property-not-here` `property-twice` `property-late` | not of this component; too often; behind a component within |
//! | `bad-value` `bad-uri` `bad-rule` `rule-order` `bad-escape` `unescaped` `bad-color` `bad-version` `empty` | a value against its grammar |
//! | `date-without-value` `value-type` `value-missing` `encoding-missing` `parameter-missing` | VALUE and what goes with it |
//! | `not-utc` `not-local` `tzid-not-here` | the form of a time |
//! | `unknown-property` `unknown-parameter` `unknown-word` `parameter-not-here` `several-rules` `deprecated` | *warnings*: what programs ignore or read in different ways (`parameter-not-here` is an error for RELATED of a time) |
//! | `floating-time` `x-wr-timezone` | *warnings*, once a file: times that depend on the reader |
//! | **components** | |
//! | `component-not-here` `outside-calendar` `empty-calendar` `no-calendar` | where components stand |
//! | `missing-uid` `missing-dtstamp` `missing-dtstart` `missing-prodid` `missing-version` `missing-property` `no-observance` | what is missing |
//! | `end-and-duration` `end-not-after-start` `types-differ` `duration-of-date` `negative-duration` | start, end and duration |
//! | `until-type` `rule-of-date` `trigger-of-nothing` | what does not fit DTSTART |
//! | `method` | what METHOD asks for (RFC 5546) |
//! | `no-end` `dates-differ` `unknown-component` | *warnings*: no DTEND (once a file); EXDATE or RDATE of another form than DTSTART |
//! | **the file** | |
//! | `timezone-missing` | a TZID without VTIMEZONE |
//! | `override-type` | RECURRENCE-ID of another form than DTSTART of its series |
//! | `timezone-name` `timezone-twice` `duplicate` `override-alone` | *warnings*: TZIDs that are no IANA names; a VTIMEZONE or a component twice; an override without its series |
//! | `too-many` | *warning*: more than a million components are not compared |
//!
//! Errors are what RFC 5545, 5546, 7529, 7808, 7953, 7986, 9073, 9074 or 9253 forbids, warnings what programs are known to
//! read in different ways. One line is looked at after the other; of an open component only counts and times are kept,
//! of the file hashes of UIDs.

use annals_core::{Error, Findings, ImportRequest, Input, Locator, Validator};

use self::components::component;
use self::file::{Calendar, File};
use self::frame::Frame;
use self::grammar::Content;
use self::properties::section;
use self::tell::{Tell, shown};
use crate::Ics;
use crate::charset::decoded;
use crate::scan::Scanner;

mod bytes;
mod components;
mod ends;
mod file;
mod frame;
mod grammar;
mod params;
mod properties;
mod property;
mod recur;
mod tell;
#[cfg(test)]
mod tests;
mod times;
mod values;
mod words;

/// How deep components may be nested; RFC 9073 needs four levels.
const MAX_DEPTH: usize = 32;

/// How many characters of a name are looked at; none that is known is longer.
const MAX_NAME: usize = 64;

impl Validator for Ics {
    fn validate(input: Box<dyn Input>, request: &ImportRequest, findings: &mut Findings<'_>) -> Result<(), Error> {
        let charset = request.options.text("charset");
        let (input, encoding) = decoded(input, charset)?;
        let mut scan = Scanner::new(input, request.max_record)?;
        let mut check = Check::default();
        let mut lines = 0u64;
        let mut tell = Tell::new(findings);
        if let Some(encoding) = encoding {
            let text = format!("the file is {encoding}: save it as UTF-8 (RFC 5545 section 6)");
            tell.error(Locator { offset: 0, len: 0, line: 1 }, "not-utf8", text);
        }
        while scan.advance()? {
            lines += 1;
            if lines.is_multiple_of(1024) && tell.cancelled() {
                return Err(Error::new("interrupted"));
            }
            let line = scan.line();
            let at = Locator { offset: line.offset, len: line.len, line: line.number };
            if let Some(text) = bytes::text(line, scan.bare_cr(), request.max_record, &mut tell)
                && let Some(content) = Content::read(&text, at, &mut tell)
            {
                check.line(&content, &mut tell);
            }
        }
        check.end(&mut tell);
        tell.finish();
        Ok(())
    }
}

/// A file that is being checked.
#[derive(Default)]
struct Check {
    /// The components that are open, the outermost first.
    open: Vec<Frame>,
    /// How many more are open below the deepest that is looked at.
    deeper: u64,
    calendar: Calendar,
    file: File,
    seen_calendar: bool,
}

impl Check {
    fn line(&mut self, line: &Content<'_>, tell: &mut Tell<'_, '_>) {
        match line.name.as_str() {
            "BEGIN" | "END" => {
                let name: String = line.value.trim().chars().take(MAX_NAME).collect();
                let name = name.to_ascii_uppercase();
                if line.value.trim() != line.value || !line.params.is_empty() || !grammar::is_token(&name) {
                    let text =
                        format!("{} takes the name of a component alone (RFC 5545 section 3.6)", shown(&line.name));
                    tell.error(line.at, "bad-line", text);
                }
                match line.name.as_str() {
                    "BEGIN" => self.begin(line.at, name, tell),
                    _ => self.close(line.at, &name, tell),
                }
            }
            _ if self.deeper > 0 => {}
            _ => match self.open.last_mut() {
                Some(frame) => property::check(line, frame, &mut self.calendar, tell),
                None => tell.error_once(line.at, "stray-line", || {
                    "a line outside BEGIN:VCALENDAR and END:VCALENDAR: remove it (RFC 5545 section 3.4)".to_owned()
                }),
            },
        }
    }

    fn begin(&mut self, at: Locator, name: String, tell: &mut Tell<'_, '_>) {
        if self.deeper > 0 || self.open.len() >= MAX_DEPTH {
            if self.deeper == 0 {
                tell.error(at, "too-deep", format!("components within components, more than {MAX_DEPTH} deep"));
            }
            self.deeper += 1;
            return;
        }
        let known = component(&name);
        if let Some(known) = known {
            self.make_room(at, known, tell);
        } else if !name.starts_with("X-") && !self.open.is_empty() {
            let text =
                format!("no RFC defines the component {}: programs ignore it (RFC 5545 section 3.6)", shown(&name));
            tell.warning(at, "unknown-component", text);
        }
        match self.open.last_mut() {
            None => tell.flush(None),
            Some(parent) => {
                // What stands in the calendar itself has no UID.
                if parent.name == "VCALENDAR" {
                    tell.flush(None);
                }
                parent.has_inner = true;
                parent.observances += u64::from(known.is_some_and(|known| known.is_observance()));
            }
        }
        if name == "VCALENDAR" {
            (self.seen_calendar, self.calendar) = (true, Calendar::default());
        }
        self.open.push(Frame { name, component: known, at, ..Frame::default() });
    }

    /// Ends what a component cannot stand in, and tells if nothing is left that it can.
    fn make_room(&mut self, at: Locator, known: &components::Component, tell: &mut Tell<'_, '_>) {
        let fits = |frame: &Frame| frame.component.is_none() || components::has(known.parents, &frame.name);
        let Some(parent) = self.open.last() else {
            if known.name != "VCALENDAR" {
                let text =
                    format!("{} stands outside BEGIN:VCALENDAR: put it into one (RFC 5545 section 3.4)", known.name);
                tell.error(at, "outside-calendar", text);
            }
            return;
        };
        if fits(parent) {
            return;
        }
        let keep = match known.name {
            "VCALENDAR" => Some(0),
            _ => self.open.iter().rposition(|frame| frame.component.is_some() && fits(frame)).map(|at| at + 1),
        };
        match keep {
            Some(keep) => self.end_down_to(keep, at, tell),
            None => {
                let text = format!(
                    "{} may not stand in {}, but in {} ({})",
                    known.name,
                    parent.name,
                    known.parents.replace(' ', ", "),
                    section(known.rule)
                );
                tell.error(at, "component-not-here", text);
            }
        }
    }

    fn close(&mut self, at: Locator, name: &str, tell: &mut Tell<'_, '_>) {
        if self.deeper > 0 {
            self.deeper -= 1;
            return;
        }
        match self.open.iter().rposition(|frame| frame.name == name) {
            Some(place) => {
                self.end_down_to(place + 1, at, tell);
                self.pop(tell);
            }
            None => tell.error(
                at,
                "stray-end",
                format!("END:{} without its BEGIN: remove it (RFC 5545 section 3.6)", shown(name)),
            ),
        }
    }

    /// Ends components whose END is missing until so many are left.
    fn end_down_to(&mut self, keep: usize, at: Locator, tell: &mut Tell<'_, '_>) {
        while self.open.len() > keep {
            if let Some(frame) = self.open.last() {
                let text = format!(
                    "{} has no END:{} before line {}: write it (RFC 5545 section 3.6)",
                    frame.name, frame.name, at.line
                );
                tell.error(frame.at, "missing-end", text);
            }
            self.pop(tell);
        }
    }

    fn pop(&mut self, tell: &mut Tell<'_, '_>) {
        let Some(frame) = self.open.pop() else { return };
        ends::check(&frame, &self.calendar, tell);
        let Some(component) = frame.component else { return };
        match component.name {
            "VALARM" => {
                if let (Some((at, to_end)), Some(parent)) = (frame.trigger, self.open.last_mut()) {
                    parent.triggers[usize::from(to_end)].get_or_insert(at);
                }
            }
            "VTIMEZONE" => self.calendar.defines(&frame, tell),
            "VCALENDAR" => {
                if !frame.has_inner {
                    let text = "VCALENDAR has no component within: it needs one (RFC 5545 section 3.6)";
                    tell.error(frame.at, "empty-calendar", text.to_owned());
                }
                self.calendar.end(tell);
                self.calendar = Calendar::default();
            }
            _ if component.is_entry() => self.file.entry(&frame, &self.calendar, tell),
            _ => {}
        }
        if self.open.len() <= 1 {
            tell.flush(frame.uid.as_deref());
        }
    }

    fn end(mut self, tell: &mut Tell<'_, '_>) {
        while let Some(frame) = self.open.pop() {
            let text = format!(
                "the file ends within {}, before END:{}: it may be cut off (RFC 5545 section 3.6)",
                frame.name, frame.name
            );
            tell.error(frame.at, "truncated", text);
            tell.flush(frame.uid.as_deref());
        }
        if !self.seen_calendar {
            let text = "there is no BEGIN:VCALENDAR: this is no iCalendar file (RFC 5545 section 3.4)";
            tell.error(Locator { offset: 0, len: 0, line: 1 }, "no-calendar", text.to_owned());
        }
        self.calendar.end(tell);
        tell.flush(None);
        self.file.end(tell);
    }
}

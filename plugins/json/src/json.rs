//! Reading JSON: a document `{"events":[…]}`, an array, single objects one after the other. A stream all the way:
//! no more than one record is kept.

use annals_core::json::scan::Scanner;
use annals_core::plugin;
use annals_core::{Error, ImportRequest, Input, Locator, Out};
use serde_json::{Map, Value};

use crate::jsonl::{check_utf16, without_bom};
use crate::record::Records;

/// How many events and bytes make a step.
const STEP: (usize, u64) = (64, 64 << 10);
/// The version of the document that this reads.
const VERSION: u64 = 1;

/// An import under way.
pub struct Importer {
    scanner: Scanner,
    records: Records,
    state: State,
    /// Whether there has been any value.
    any: bool,
}

/// What comes next.
enum State {
    /// A value, or the end.
    Top,
    /// A member of an object, or its end.
    Members(Members),
    /// An element of an array, or its end; with the members of the document that it stands in.
    Elements { at: Locator, first: bool, document: Option<Members> },
}

/// An object at the top: a document, once its `events` or `annals` is seen; an event, if they never are.
struct Members {
    at: Locator,
    first: bool,
    is_document: bool,
    /// The beginning of an object that is too large to be an event.
    too_large: Option<Vec<u8>>,
}

impl Importer {
    pub fn open(input: Box<dyn Input>, request: &ImportRequest) -> Result<Self, Error> {
        let scanner = Scanner::new(input, request.max_record);
        Ok(Self { scanner, records: Records::new("json", request)?, state: State::Top, any: false })
    }

    /// The beginning of a value at the top.
    fn top(&mut self) -> Result<Option<State>, Error> {
        let at = self.scanner.here();
        if at.offset == 0 {
            let head = self.scanner.ahead(3)?;
            check_utf16(head)?;
            let bom = head.len() - without_bom(head).len();
            self.scanner.advance(bom);
        }
        let next = self.scanner.peek()?;
        let at = self.scanner.here();
        let state = match next {
            None if self.any => return Ok(None),
            None => return Err(self.scanner.error("the file is empty").hint("a timeline without events is []")),
            Some(b'{') => {
                self.scanner.record();
                self.scanner.advance(1);
                State::Members(Members { at, first: true, is_document: false, too_large: None })
            }
            Some(b'[') => {
                self.scanner.advance(1);
                State::Elements { at, first: true, document: None }
            }
            Some(b',') if self.any => {
                let error = self.scanner.error("a comma after the end of the JSON value");
                return Err(error.hint("put the objects into one array: [ … ]"));
            }
            Some(byte) => {
                let error = self.scanner.error(format!("expected {{ or [, found {}", shown(byte)));
                return Err(error.hint("a timeline is an object, an array of objects, or objects one after the other"));
            }
        };
        self.any = true;
        Ok(Some(state))
    }

    /// Reads members until `events` begins or the object ends.
    fn members(&mut self, mut members: Members, out: &mut Out<'_>) -> Result<State, Error> {
        loop {
            match (self.scanner.peek()?, members.first) {
                (Some(b'}'), _) => {
                    self.scanner.advance(1);
                    self.end(members, out);
                    return Ok(State::Top);
                }
                (Some(b'"'), true) => {}
                (Some(b','), false) => {
                    self.scanner.advance(1);
                    match self.scanner.peek()? {
                        Some(b'"') => {}
                        other => return Err(self.unexpected(other, "a key in quotes", "the object", members.at)),
                    }
                }
                (other, true) => return Err(self.unexpected(other, "a key in quotes or }", "the object", members.at)),
                (other, false) => return Err(self.unexpected(other, "a comma or }", "the object", members.at)),
            }
            members.first = false;
            let key: Option<String> = self.piece(&mut members)?.and_then(|key| serde_json::from_slice(&key).ok());
            match self.scanner.peek()? {
                Some(b':') => self.scanner.advance(1),
                other => return Err(self.unexpected(other, "a colon", "the object", members.at)),
            }
            let next = self.scanner.peek()?;
            self.check_value(next, "the object", members.at)?;
            match (key.as_deref(), next) {
                (Some("events"), Some(b'[')) => {
                    members.is_document = true;
                    self.scanner.stop();
                    let at = self.scanner.here();
                    self.scanner.advance(1);
                    return Ok(State::Elements { at, first: true, document: Some(members) });
                }
                (Some("events"), _) if members.is_document => {
                    return Err(self.scanner.error("`events` is not an array"));
                }
                (Some("annals"), _) => {
                    let at = self.scanner.here();
                    let version = self.piece(&mut members)?.and_then(|text| serde_json::from_slice(&text).ok());
                    check_version(version).map_err(|error| error.at(at.offset, at.line))?;
                    members.is_document = true;
                    self.scanner.stop();
                }
                (Some("timeline"), Some(b'{')) => {
                    let at = self.scanner.here();
                    let Some(bytes) = self.piece(&mut members)? else {
                        let error = Error::new("`timeline` is larger than a record may be").at(at.offset, at.line);
                        return Err(error.hint("give a larger --max-record"));
                    };
                    tell_facts(&bytes, at, out);
                }
                _ => drop(self.value(members.at)?),
            }
        }
    }

    /// Takes a value and gives its bytes, whether the whole object is kept or not; `None` if it is too large.
    fn piece(&mut self, members: &mut Members) -> Result<Option<Vec<u8>>, Error> {
        if self.scanner.is_over() && !members.is_document && members.too_large.is_none() {
            members.too_large = Some(self.scanner.recorded().to_vec());
        }
        let whole = !members.is_document && members.too_large.is_none();
        let from = if whole { self.scanner.recorded().len() } else { 0 };
        if !whole {
            self.scanner.record();
        }
        self.value(members.at)?;
        let piece = (!self.scanner.is_over()).then(|| self.scanner.recorded()[from..].to_vec());
        if !whole {
            self.scanner.stop();
        }
        Ok(piece)
    }

    /// The end of an object at the top.
    fn end(&mut self, mut members: Members, out: &mut Out<'_>) {
        let over = self.scanner.is_over() && members.too_large.is_none();
        if over {
            members.too_large = Some(self.scanner.recorded().to_vec());
        }
        self.scanner.stop();
        if members.is_document {
            return;
        }
        let at = Locator { len: self.scanner.here().offset - members.at.offset, ..members.at };
        match members.too_large {
            Some(bytes) => self.records.too_large(&bytes, at, out),
            None => self.records.read(self.scanner.recorded(), at, false, out),
        }
    }

    /// Reads some elements of an array.
    fn elements(
        &mut self,
        start: Locator,
        mut first: bool,
        document: Option<Members>,
        out: &mut Out<'_>,
    ) -> Result<State, Error> {
        let place = if document.is_some() { "the array `events`" } else { "the array" };
        let (from, full) = (self.scanner.here().offset, out.len() + STEP.0);
        while out.len() < full && self.scanner.here().offset - from < STEP.1 {
            match (self.scanner.peek()?, first) {
                (Some(b']'), _) => {
                    self.scanner.advance(1);
                    return Ok(document.map_or(State::Top, State::Members));
                }
                (_, true) => {}
                (Some(b','), false) => self.scanner.advance(1),
                (other, false) => return Err(self.unexpected(other, "a comma or ]", place, start)),
            }
            first = false;
            let next = self.scanner.peek()?;
            self.check_value(next, place, start)?;
            self.scanner.record();
            let at = self.value(self.scanner.here())?;
            self.scanner.stop();
            if self.scanner.is_over() {
                self.records.too_large(self.scanner.recorded(), at, out);
            } else {
                self.records.read(self.scanner.recorded(), at, false, out);
            }
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
        }
        Ok(State::Elements { at: start, first, document })
    }

    /// Takes one value, part of what begins at `from`.
    fn value(&mut self, from: Locator) -> Result<Locator, Error> {
        match self.scanner.value()? {
            Some(at) => Ok(at),
            None => Err(self.cut_off("the value", from)),
        }
    }

    /// Whether a value can begin with `next`.
    fn check_value(&self, next: Option<u8>, place: &str, from: Locator) -> Result<(), Error> {
        match next {
            Some(b',' | b']' | b'}' | b':') | None => Err(self.unexpected(next, "a value", place, from)),
            _ => Ok(()),
        }
    }

    fn unexpected(&self, found: Option<u8>, expected: &str, place: &str, from: Locator) -> Error {
        match found {
            Some(byte) => self.scanner.error(format!("expected {expected}, found {}", shown(byte))),
            None => self.cut_off(place, from),
        }
    }

    fn cut_off(&self, place: &str, from: Locator) -> Error {
        let error = self.scanner.error(format!("the file ends inside {place} that begins at line {}", from.line));
        error.hint("the file may have been cut short; objects on lines of their own (jsonl) survive that")
    }
}

impl plugin::Import for Importer {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        if out.cancelled() {
            return Err(Error::new("interrupted"));
        }
        self.state = match std::mem::replace(&mut self.state, State::Top) {
            State::Top => match self.top()? {
                Some(state) => state,
                None => return Ok(false),
            },
            State::Members(members) => self.members(members, out)?,
            State::Elements { at, first, document } => self.elements(at, first, document, out)?,
        };
        out.progress(self.scanner.here().offset);
        Ok(true)
    }
}

fn check_version(version: Option<Value>) -> Result<(), Error> {
    let number = version.as_ref().and_then(Value::as_u64);
    match number {
        Some(1..=VERSION) => Ok(()),
        Some(newer) if newer > VERSION => {
            let error = Error::new(format!("the document has version {newer}; this annals reads up to {VERSION}"));
            Err(error.hint("use a newer annals"))
        }
        _ => {
            Err(Error::new("`annals` is the version of the document, a whole number from 1")
                .hint("write \"annals\": 1"))
        }
    }
}

/// Passes on the facts of a `timeline`, other people's `timeline` aside.
fn tell_facts(bytes: &[u8], at: Locator, out: &mut Out<'_>) {
    let at = Locator { len: bytes.len() as u64, ..at };
    let Ok(mut timeline) = serde_json::from_slice::<Map<String, Value>>(bytes) else {
        out.repair(at, None, "bad-timeline", "`timeline` is not JSON, or too deep, and is left out");
        return;
    };
    let Some(Value::Array(facts)) = timeline.remove("facts") else { return };
    for (number, fact) in facts.into_iter().enumerate() {
        match fact_of(fact) {
            // What the host finds out by itself is no fact of a source.
            Some((kind, _, _)) if kind == "zone" || kind == "conflict" => {}
            Some((kind, key, value)) => out.fact(&kind, &key, value),
            None => {
                let text = format!("`timeline.facts[{number}]` is left out: a fact has a kind, a key and a value");
                out.repair(at, None, "bad-fact", text);
            }
        }
    }
}

fn fact_of(fact: Value) -> Option<(String, String, Value)> {
    let Value::Object(mut fact) = fact else { return None };
    match (fact.remove("kind"), fact.remove("key"), fact.remove("value")) {
        (Some(Value::String(kind)), Some(Value::String(key)), Some(value)) => Some((kind, key, value)),
        _ => None,
    }
}

/// A byte as people know it.
fn shown(byte: u8) -> String {
    match byte {
        b' '..=b'~' => format!("`{}`", char::from(byte)),
        _ => format!("the byte {byte:#04x}"),
    }
}

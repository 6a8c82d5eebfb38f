//! JSON documents element by element, each with its place.

use annals_core::json::scan::{Scanner, end_of_value};
use annals_core::{Error, Input, Locator};

/// A JSON text being read.
pub(crate) struct Stream {
    scanner: Scanner,
}

/// A value that has been taken.
pub(crate) struct Element {
    pub at: Locator,
    /// Its bytes; the beginning of them if it is over the limit.
    pub bytes: Vec<u8>,
    pub over: bool,
}

/// An object that has been begun.
pub(crate) enum Object {
    /// All of it.
    Whole(Element),
    /// What comes before a member that is an array, as an object of its own. That array comes next, without its `[`.
    Before(Element),
}

impl Stream {
    /// Elements of at most `limit` bytes each.
    pub fn new(input: Box<dyn Input>, limit: usize) -> Self {
        Self { scanner: Scanner::new(input, limit) }
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.scanner.here().offset
    }

    /// What the next document begins with, be it the only one, one of a line each, or one of a JSON text sequence
    /// (RFC 7464); `None` at the end.
    pub fn document(&mut self) -> Result<Option<u8>, Error> {
        if self.scanner.here().offset == 0 && self.scanner.ahead(3)?.starts_with(b"\xef\xbb\xbf") {
            self.scanner.advance(3);
        }
        loop {
            match self.scanner.peek()? {
                Some(b'\x1e') => self.scanner.advance(1),
                next => return Ok(next),
            }
        }
    }

    /// The next byte that is not white space.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        self.scanner.peek()
    }

    /// Takes this byte; it is an error if it is another.
    pub fn expect(&mut self, byte: u8, place: &str) -> Result<(), Error> {
        match self.scanner.peek()? {
            Some(found) if found == byte => {
                self.scanner.advance(1);
                Ok(())
            }
            found => Err(self.unexpected(found, &format!("`{}`", char::from(byte)), place)),
        }
    }

    /// Whether there is another element, and if so takes the comma before it; else takes `close`.
    pub fn more(&mut self, first: &mut bool, close: u8, place: &str) -> Result<bool, Error> {
        let was_first = std::mem::replace(first, false);
        match self.scanner.peek()? {
            Some(byte) if byte == close => {
                self.scanner.advance(1);
                return Ok(false);
            }
            Some(b',') if !was_first => self.scanner.advance(1),
            _ if was_first => {}
            found => return Err(self.unexpected(found, &format!("a comma or `{}`", char::from(close)), place)),
        }
        match self.scanner.peek()? {
            found @ (None | Some(b',' | b']' | b'}' | b':')) => Err(self.unexpected(found, "a value", place)),
            _ => Ok(true),
        }
    }

    /// Takes the value that begins with the next byte.
    pub fn element(&mut self, place: &str) -> Result<Element, Error> {
        if let found @ (None | Some(b',' | b']' | b'}' | b':')) = self.scanner.peek()? {
            return Err(self.unexpected(found, "a value", place));
        }
        self.scanner.record();
        let at = self.scanner.value()?;
        self.scanner.stop();
        let Some(at) = at else { return Err(self.cut_off(place)) };
        Ok(Element { at, bytes: self.scanner.recorded().to_vec(), over: self.scanner.is_over() })
    }

    /// Takes the value that begins with the next byte, and keeps nothing of it.
    pub fn skip(&mut self, place: &str) -> Result<(), Error> {
        match self.scanner.value()? {
            Some(_) => Ok(()),
            None => Err(self.cut_off(place)),
        }
    }

    /// The place of the next byte that is not white space, once that has been looked for.
    pub fn here(&self) -> Locator {
        self.scanner.here()
    }

    /// Takes an object that begins with the next byte, up to the array that is its member `name` if it has one.
    pub fn object(&mut self, name: &str) -> Result<Object, Error> {
        let place = "the object";
        self.scanner.peek()?;
        let at = self.scanner.here();
        self.scanner.record();
        self.expect(b'{', "the file")?;
        let mut first = true;
        loop {
            // What has been taken before the comma.
            let before = self.scanner.recorded().len();
            if !self.more(&mut first, b'}', place)? {
                self.scanner.stop();
                let at = Locator { len: self.scanner.here().offset - at.offset, ..at };
                let bytes = self.scanner.recorded().to_vec();
                return Ok(Object::Whole(Element { at, bytes, over: self.scanner.is_over() }));
            }
            let from = self.scanner.recorded().len();
            match self.scanner.peek()? {
                Some(b'"') => self.skip(place)?,
                found => return Err(self.unexpected(found, "a key in quotes", place)),
            }
            let key = self.scanner.recorded().get(from..).unwrap_or_default();
            let is_split = !self.scanner.is_over() && key == format!("\"{name}\"").as_bytes();
            self.expect(b':', place)?;
            match self.scanner.peek()? {
                Some(b'[') if is_split => {
                    self.scanner.stop();
                    let at = Locator { len: self.scanner.here().offset - at.offset, ..at };
                    let mut bytes = self.scanner.recorded()[..before].to_vec();
                    bytes.push(b'}');
                    self.scanner.advance(1);
                    return Ok(Object::Before(Element { at, bytes, over: false }));
                }
                None | Some(b',' | b']' | b'}' | b':') => {
                    let found = self.scanner.peek()?;
                    return Err(self.unexpected(found, "a value", place));
                }
                _ => self.skip(place)?,
            }
        }
    }

    /// Whether the array that comes next begins with this name, in any case.
    pub fn is_array_of(&mut self, name: &str) -> Result<bool, Error> {
        let ahead = self.scanner.ahead(256)?;
        let inner = ahead.strip_prefix(b"[").map(<[u8]>::trim_ascii_start).and_then(|inner| inner.strip_prefix(b"\""));
        let found = inner.and_then(|inner| inner.split_at_checked(name.len()));
        Ok(found.is_some_and(|(found, rest)| found.eq_ignore_ascii_case(name.as_bytes()) && rest.starts_with(b"\"")))
    }

    /// Whether the array that comes next holds arrays.
    pub fn is_array_of_arrays(&mut self) -> Result<bool, Error> {
        let inner = self.scanner.ahead(256)?.strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
        Ok(inner.is_some_and(|inner| matches!(inner.first(), Some(b'[' | b']'))))
    }

    /// Something else than was expected.
    pub fn unexpected(&self, found: Option<u8>, expected: &str, place: &str) -> Error {
        match found {
            None => self.cut_off(place),
            Some(byte @ b' '..=b'~') => {
                self.scanner.error(format!("expected {expected} in {place}, found `{}`", char::from(byte)))
            }
            Some(byte) => self.scanner.error(format!("expected {expected} in {place}, found the byte {byte:#04x}")),
        }
    }

    fn cut_off(&self, place: &str) -> Error {
        self.scanner.error(format!("the file ends inside {place}")).hint("the file may have been cut short")
    }
}

/// The elements of a JSON array, each with its offset.
pub(crate) struct Items<'a> {
    bytes: &'a [u8],
    at: usize,
    first: bool,
    done: bool,
}

impl<'a> Items<'a> {
    /// `None` if the bytes are no array.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let at = bytes.len() - bytes.trim_ascii_start().len();
        (bytes.get(at) == Some(&b'[')).then_some(Self { bytes, at: at + 1, first: true, done: false })
    }

    fn skip_space(&mut self) -> Option<u8> {
        let rest = &self.bytes[self.at..];
        self.at += rest.len() - rest.trim_ascii_start().len();
        self.bytes.get(self.at).copied()
    }
}

/// An element, or that the array is none.
impl<'a> Iterator for Items<'a> {
    type Item = Result<(usize, &'a [u8]), ()>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let first = std::mem::replace(&mut self.first, false);
        match self.skip_space() {
            Some(b']') => {
                self.done = true;
                self.at += 1;
                // Nothing may come behind it.
                return self.skip_space().map(|_| Err(()));
            }
            Some(b',') if !first => {
                self.at += 1;
                self.skip_space();
            }
            _ if first => {}
            _ => {
                self.done = true;
                return Some(Err(()));
            }
        }
        let at = self.at;
        match end_of_value(&self.bytes[at..]) {
            Some(len) if len > 0 => {
                self.at += len;
                Some(Ok((at, &self.bytes[at..at + len])))
            }
            _ => {
                self.done = true;
                Some(Err(()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        let check = |text: &str, expected: Option<&[&str]>| {
            let items: Result<Vec<&str>, ()> = Items::of(text.as_bytes())
                .ok_or(())
                .and_then(|items| items.map(|item| item.map(|(_, item)| std::str::from_utf8(item).unwrap())).collect());
            assert_eq!(items.ok().as_deref(), expected, "{text}");
        };
        check("[]", Some(&[]));
        check(" [ 1 , \"a,]\",[2,[]],{\"b\":[]} ] ", Some(&["1", "\"a,]\"", "[2,[]]", "{\"b\":[]}"]));
        for broken in ["", "{}", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1]]", "[\"a]"] {
            check(broken, None);
        }
    }
}

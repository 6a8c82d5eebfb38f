//! Finding the values of a JSON text in a stream: strings, escapes and a counter of depth, nothing kept but what is
//! asked for.

use std::io::Read;

use super::lex::special;
use crate::claim::Locator;
use crate::error::Error;
use crate::plugin::Input;

/// How much is read at a time.
const CHUNK: usize = 256 << 10;
/// How much is kept of what is over the limit, to show it.
const SHOWN: usize = 4 << 10;

/// A reader of JSON tokens, with their places.
pub struct Scanner {
    input: Box<dyn Input>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    eof: bool,
    offset: u64,
    line: u64,
    limit: usize,
    recording: bool,
    record: Vec<u8>,
    over: bool,
}

impl Scanner {
    /// A scanner that records at most `limit` bytes.
    pub fn new(input: Box<dyn Input>, limit: usize) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            eof: false,
            offset: 0,
            line: 1,
            limit,
            recording: false,
            record: Vec::new(),
            over: false,
        }
    }

    /// The place of the next byte.
    pub fn here(&self) -> Locator {
        Locator { offset: self.offset, len: 0, line: self.line }
    }

    /// Adds the place of the next byte to an error.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::new(message).at(self.offset, self.line)
    }

    /// The bytes to come, as many as are at hand and at least `count` unless the input ends.
    pub fn ahead(&mut self, count: usize) -> Result<&[u8], Error> {
        while self.end - self.start < count && !self.eof {
            if self.start > 0 {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end -= self.start;
                self.start = 0;
            }
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.eof = true,
                Ok(read) => self.end += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// The next byte that is not white space; `None` at the end of the input.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let ahead = self.ahead(1)?;
            let space = ahead.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = ahead.get(space).copied();
            let at_end = ahead.is_empty();
            self.advance(space);
            if next.is_some() || at_end {
                return Ok(next);
            }
        }
    }

    /// Takes `count` bytes that are at hand.
    pub fn advance(&mut self, count: usize) {
        let taken = &self.buffer[self.start..self.start + count];
        self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
        if self.recording && !self.over {
            let room = self.limit - self.record.len();
            if count > room {
                self.over = true;
                self.record.extend_from_slice(&taken[..count.min(SHOWN)]);
                self.record.truncate(SHOWN);
                self.record.shrink_to_fit();
            } else {
                self.record.extend_from_slice(taken);
            }
        }
        self.start += count;
        self.offset += count as u64;
    }

    /// Records all bytes taken from here on.
    pub fn record(&mut self) {
        self.record.clear();
        (self.recording, self.over) = (true, false);
    }

    /// Records no more.
    pub fn stop(&mut self) {
        self.recording = false;
    }

    /// What has been recorded; its beginning if that is over the limit.
    pub fn recorded(&self) -> &[u8] {
        &self.record
    }

    /// Whether more was to be recorded than the limit allows.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes one value, which begins with the next byte, and gives its place; `None` if the input ends inside it.
    pub fn value(&mut self) -> Result<Option<Locator>, Error> {
        let from = self.here();
        let mut walk = Walk::default();
        loop {
            let ahead = self.ahead(1)?;
            if ahead.is_empty() {
                // A number or word ends with the input, all else has an end of its own.
                let ended = walk.form == Form::Word;
                return Ok(ended.then(|| Locator { len: self.offset - from.offset, ..from }));
            }
            let (count, ended) = match walk.end(ahead) {
                Some(count) => (count, true),
                None => (ahead.len(), false),
            };
            self.advance(count);
            if ended {
                return Ok(Some(Locator { len: self.offset - from.offset, ..from }));
            }
        }
    }
}

/// A way through one value, chunk by chunk.
#[derive(Default)]
struct Walk {
    form: Form,
    depth: u64,
    in_string: bool,
    escaped: bool,
}

#[derive(Default, PartialEq)]
enum Form {
    /// Nothing seen yet.
    #[default]
    Unknown,
    /// An array, an object or a string.
    Closed,
    /// A number, `true`, `false`, `null` or what is none of them.
    Word,
}

impl Walk {
    /// Where in `bytes` the value ends; `None` if it goes on.
    fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.form == Form::Unknown {
            self.form = if matches!(bytes.first()?, b'{' | b'[' | b'"') { Form::Closed } else { Form::Word };
        }
        if self.form == Form::Word {
            return bytes.iter().position(|byte| byte.is_ascii_whitespace() || b",:]}[{\"".contains(byte));
        }
        let mut at = 0;
        while at < bytes.len() {
            if self.escaped {
                self.escaped = false;
                at += 1;
            } else if self.in_string {
                // Strings are short, and this is made for them; control characters are nothing special here.
                at = special(bytes, at) + 1;
                match bytes.get(at - 1)? {
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Some(at);
                        }
                    }
                    _ => {}
                }
            } else {
                match bytes[at] {
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth -= 1,
                    _ => {}
                }
                at += 1;
                if self.depth == 0 && !self.in_string {
                    return Some(at);
                }
            }
        }
        None
    }
}

/// How deep arrays and objects are nested in a value.
pub fn depth(bytes: &[u8]) -> u64 {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0u64, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Where in `bytes` the first value ends; `None` if it goes on behind them.
pub fn end_of_value(bytes: &[u8]) -> Option<usize> {
    Walk::default().end(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// An input that gives `step` bytes at a time.
    struct Slow(Cursor<Vec<u8>>, usize);

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let step = self.1.min(buffer.len());
            self.0.read(&mut buffer[..step])
        }
    }

    impl Input for Slow {}

    fn values(text: &[u8], step: usize) -> Vec<(u64, u64, String)> {
        let mut scanner = Scanner::new(Box::new(Slow(Cursor::new(text.to_vec()), step)), 1000);
        let mut found = Vec::new();
        while scanner.peek().unwrap().is_some() {
            scanner.record();
            let Some(at) = scanner.value().unwrap() else { break };
            if at.len == 0 {
                scanner.advance(1);
                continue;
            }
            found.push((at.offset, at.line, String::from_utf8_lossy(scanner.recorded()).into_owned()));
        }
        found
    }

    #[test]
    fn values_end_where_they_end() {
        let check = |text: &str, expected: &[&str]| {
            for step in [1, 2, 1000] {
                let found: Vec<String> = values(text.as_bytes(), step).into_iter().map(|value| value.2).collect();
                assert_eq!(found, expected, "{text:?} by {step}");
            }
        };
        check("", &[]);
        check(" 1 ", &["1"]);
        check("1,2", &["1", "2"]);
        check(r#"{"a":"}"}[1]"b""#, &[r#"{"a":"}"}"#, "[1]", "\"b\""]);
        check(r#"["\"]","\\"]true"#, &[r#"["\"]","\\"]"#, "true"]);
        check(r#"{"a":[{"b":{}}]}{}"#, &[r#"{"a":[{"b":{}}]}"#, "{}"]);
        check("{\"a\":1", &[]);
        check("\"a\\", &[]);
    }

    #[test]
    fn places() {
        assert_eq!(values(b"\n [1,\n2]\n\n{}", 3), [(2, 2, "[1,\n2]".to_owned()), (10, 5, "{}".to_owned())]);
    }

    #[test]
    fn what_is_over_the_limit_is_not_kept() {
        let text = format!("[\"{}\"]", "x".repeat(1 << 20));
        let mut scanner = Scanner::new(Box::new(Cursor::new(text.clone().into_bytes())), 100);
        scanner.record();
        assert_eq!(scanner.value().unwrap().unwrap().len, text.len() as u64);
        assert!(scanner.is_over() && scanner.recorded().len() <= SHOWN && scanner.record.capacity() <= SHOWN);
    }

    proptest! {
        #[test]
        fn chunks_make_no_difference(bytes in prop::collection::vec(prop::sample::select(b"{}[]\",\\ a1\n\xff:".to_vec()), 0..60)) {
            prop_assert_eq!(values(&bytes, 1), values(&bytes, 1000));
        }

        #[test]
        fn never_panics(bytes in any::<Vec<u8>>()) {
            values(&bytes, 7);
            depth(&bytes);
            end_of_value(&bytes);
        }
    }
}

//! Reading lines in bounded memory, with their places: what every line-based importer needs.

use std::io::{self, Read};

mod ahead;

/// How much is read at a time. Reused, since fresh memory costs more than the reading.
const CHUNK: usize = 256 << 10;

/// One line of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Byte offset of its first byte.
    pub offset: u64,
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes without the line end; cut short to the limit when `over`.
    pub bytes: &'a [u8],
    /// Its length in the input, with the line end.
    pub len: u64,
    /// Whether it was longer than the limit. The rest of it has been skipped.
    pub over: bool,
    /// Whether it had a line end (LF, CR LF, or CR when [`Lines::bare_cr`] says so).
    pub terminated: bool,
}

/// An iterator over the lines of an input, lending each from a reused buffer.
pub struct Lines<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    offset: u64,
    number: u64,
    limit: usize,
    eof: bool,
    bare_cr: bool,
}

impl<R: Read> Lines<R> {
    /// Lines of at most `limit` bytes.
    pub fn new(input: R, limit: usize) -> Self {
        Self {
            input,
            buffer: vec![0; CHUNK],
            start: 0,
            end: 0,
            offset: 0,
            number: 0,
            limit,
            eof: false,
            bare_cr: false,
        }
    }

    /// Takes a CR without LF as a line end as well.
    pub fn bare_cr(mut self) -> Self {
        self.bare_cr = true;
        self
    }

    /// The bytes that the next lines begin with, up to one chunk, without consuming them.
    pub fn peek(&mut self) -> io::Result<&[u8]> {
        while !self.eof && self.end - self.start < CHUNK {
            self.fill()?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Bytes consumed so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next line, `None` at the end of the input.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        let (content, terminator) = loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some((content, terminator)) = self.find_end(unread, searched) {
                break (content, terminator);
            }
            if self.eof {
                if unread.is_empty() {
                    return Ok(None);
                }
                break (unread.len(), 0);
            }
            if unread.len() > self.limit {
                return self.skip_long().map(Some);
            }
            // A CR at the very end may be half of a CR LF, so it is searched again.
            searched = unread.len().saturating_sub(1);
            self.fill()?;
        };
        let from = self.start;
        let len = content + terminator;
        let over = content > self.limit;
        let line = Line {
            offset: self.offset,
            number: self.number + 1,
            bytes: &[],
            len: len as u64,
            over,
            terminated: terminator > 0,
        };
        self.start += len;
        self.offset += len as u64;
        self.number += 1;
        Ok(Some(Line { bytes: &self.buffer[from..from + content.min(self.limit)], ..line }))
    }

    /// Where the first line of `bytes` ends: (length of its content, length of its line end).
    fn find_end(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut at = from;
        loop {
            let found = if self.bare_cr {
                bytes[at..].iter().position(|&byte| byte == b'\n' || byte == b'\r')
            } else {
                memchr::memchr(b'\n', &bytes[at..])
            };
            let end = at + found?;
            match (bytes[end], bytes.get(end + 1)) {
                (b'\n', _) if end > 0 && bytes[end - 1] == b'\r' => return Some((end - 1, 2)),
                (b'\n', _) => return Some((end, 1)),
                (_, Some(b'\n')) => at = end + 1,
                (_, None) if !self.eof => return None,
                (_, _) => return Some((end, 1)),
            }
        }
    }

    /// Skips the rest of a line that is over the limit, keeping its beginning.
    fn skip_long(&mut self) -> io::Result<Line<'_>> {
        let kept = self.buffer[self.start..self.start + self.limit].to_vec();
        let (offset, number) = (self.offset, self.number + 1);
        let mut len = 0;
        let terminated = loop {
            let unread = &self.buffer[self.start..self.end];
            if let Some((content, terminator)) = self.find_end(unread, 0) {
                len += (content + terminator) as u64;
                self.start += content + terminator;
                break true;
            }
            // A last CR is kept back: with an LF behind it, it is one line end.
            let back = usize::from(!self.eof && unread.last() == Some(&b'\r'));
            len += (unread.len() - back) as u64;
            self.start = self.end - back;
            if self.eof {
                break false;
            }
            self.fill()?;
        };
        self.offset += len;
        self.number = number;
        // What the buffer grew to for this line is given back.
        self.buffer.drain(..self.start);
        self.end -= self.start;
        self.start = 0;
        self.buffer.resize(CHUNK.max(self.end), 0);
        self.buffer.shrink_to_fit();
        self.buffer.splice(0..0, kept.iter().copied());
        self.start = kept.len();
        self.end += kept.len();
        Ok(Line { offset, number, bytes: &self.buffer[..kept.len()], len, over: true, terminated })
    }

    /// Reads more behind the unread bytes, making room first.
    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize(self.buffer.len() + CHUNK.max(self.buffer.len() / 2), 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.end += read;
        self.eof = read == 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8], limit: usize, bare_cr: bool) -> Vec<(u64, u64, String, u64, bool)> {
        let mut lines = Lines::new(text, limit);
        if bare_cr {
            lines = lines.bare_cr();
        }
        let mut found = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let text = String::from_utf8_lossy(line.bytes).into_owned();
            found.push((line.offset, line.number, text, line.len, line.over));
        }
        found
    }

    #[test]
    fn line_ends() {
        let check = |text: &str, bare_cr: bool, expected: &[&str]| {
            let found: Vec<String> = lines(text.as_bytes(), 100, bare_cr).into_iter().map(|line| line.2).collect();
            assert_eq!(found, expected, "{text:?}");
        };
        check("", false, &[]);
        check("a", false, &["a"]);
        check("a\n", false, &["a"]);
        check("a\r\nb\n\nc", false, &["a", "b", "", "c"]);
        check("a\rb\r\nc\r\r\n", false, &["a\rb", "c\r"]);
        check("a\rb\r\nc\r\rd\r", true, &["a", "b", "c", "", "d"]);
    }

    #[test]
    fn a_line_over_the_limit_is_cut_and_skipped() {
        let long = "x".repeat(3 * CHUNK);
        let text = format!("a\n{long}\r\nb\n");
        let found = lines(text.as_bytes(), 10, false);
        assert_eq!(found[1], (2, 2, "x".repeat(10), long.len() as u64 + 2, true));
        assert_eq!(found[2], (2 + long.len() as u64 + 2, 3, "b".to_owned(), 2, false));
        let found = lines(format!("{long}\rb").as_bytes(), 10, true);
        assert_eq!((found[0].4, found[1].2.as_str()), (true, "b"));
    }

    #[test]
    fn places_add_up() {
        let text = b"one\r\ntwo\nthree";
        let places: Vec<(u64, u64, u64)> = lines(text, 100, false).iter().map(|l| (l.0, l.1, l.3)).collect();
        assert_eq!(places, [(0, 1, 5), (5, 2, 4), (9, 3, 5)]);
    }
}

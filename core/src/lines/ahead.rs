//! Looking at lines before they are taken: for importers that read several at a time.

use std::io::{self, Read};

use super::{CHUNK, Lines};

impl<R: Read> Lines<R> {
    /// The bytes that the next lines begin with, at least `least` of them (up to one chunk) where there are so many,
    /// without consuming them; and whether the input ends with them.
    pub fn ahead(&mut self, least: usize) -> io::Result<(&[u8], bool)> {
        while !self.eof && self.end - self.start < least.min(CHUNK) {
            self.fill()?;
        }
        Ok((&self.buffer[self.start..self.end], self.eof))
    }

    /// Counts from here: so many bytes and lines are before this input, which is a part of a larger one.
    pub fn behind(mut self, offset: u64, lines: u64) -> Self {
        (self.offset, self.number) = (offset, lines);
        self
    }

    /// The number of the last line consumed; 0 at the start.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Consumes `bytes` of what [`Lines::ahead`] gave, which are so many whole lines.
    pub fn skip(&mut self, bytes: usize, lines: u64) {
        self.start += bytes.min(self.end - self.start);
        self.offset += bytes as u64;
        self.number += lines;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_ahead_are_not_taken() {
        let mut lines = Lines::new(&b"one\ntwo\r\nthree"[..], 100);
        assert_eq!(lines.ahead(1).unwrap().0, b"one\ntwo\r\nthree");
        assert_eq!(lines.next_line().unwrap().unwrap().bytes, b"one");
        assert_eq!(lines.ahead(100).unwrap(), (&b"two\r\nthree"[..], true));
        lines.skip(5, 1);
        let line = lines.next_line().unwrap().unwrap();
        assert_eq!((line.bytes, line.offset, line.number), (&b"three"[..], 9, 3));
        assert_eq!(lines.ahead(1).unwrap(), (&b""[..], true));
    }
}

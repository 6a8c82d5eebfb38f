//! Reading content lines, still folded, in bounded memory.

use annals_core::lines::Lines;
use annals_core::{Error, Input, Locator};

use crate::fast::clean_text;
use crate::record::{Repairs, decode};

/// A content line as it stands in the source, with the physical lines that it is folded into.
#[derive(Debug, Default)]
pub(crate) struct Logical {
    /// All its bytes; cut short if `over`.
    pub raw: Vec<u8>,
    /// Byte offset of the first.
    pub offset: u64,
    /// Number of its first physical line, from 1.
    pub number: u64,
    /// Its length in the source.
    pub len: u64,
    /// Whether it is longer than the limit.
    pub over: bool,
}

/// Gives one content line after the other.
pub(crate) struct Scanner {
    lines: Lines<Box<dyn Input>>,
    limit: usize,
    current: Logical,
    next: Logical,
    again: bool,
    bare_cr: bool,
}

impl Scanner {
    /// Lines of `input`, kept up to `limit` bytes each.
    pub fn new(input: Box<dyn Input>, limit: usize) -> Result<Scanner, Error> {
        let mut lines = Lines::new(input, limit);
        let head = lines.peek()?;
        let bare_cr = head.contains(&b'\r') && !head.contains(&b'\n');
        if bare_cr {
            lines = lines.bare_cr();
        }
        let (current, next) = (Logical::default(), Logical::default());
        Ok(Scanner { lines, limit, current, next, again: false, bare_cr })
    }

    /// Goes to the next line that is not blank; `false` at the end.
    pub fn advance(&mut self) -> Result<bool, Error> {
        if std::mem::take(&mut self.again) {
            return Ok(true);
        }
        if !self.fetch()? {
            return Ok(false);
        }
        std::mem::swap(&mut self.current, &mut self.next);
        while self.continues()? && self.fetch()? {
            let (current, more) = (&mut self.current, &self.next);
            current.len += more.len;
            current.over |= more.over || current.raw.len() + more.raw.len() > self.limit;
            if !current.over {
                current.raw.extend_from_slice(&more.raw);
            }
        }
        Ok(true)
    }

    /// The text that the next lines begin with, at most `window` bytes, if the short way may read it: with the place of
    /// its first line, and whether the input ends with it.
    pub fn ahead(&mut self, window: usize) -> Result<Option<(&str, Locator, bool)>, Error> {
        if self.again || self.bare_cr {
            return Ok(None);
        }
        let at = Locator { offset: self.lines.offset(), len: 0, line: self.lines.number() + 1 };
        let (bytes, last) = self.lines.ahead(window)?;
        if !bytes.starts_with(b"BEGIN:VEVENT") {
            return Ok(None);
        }
        let text = clean_text(&bytes[..bytes.len().min(window)]);
        Ok(Some((text, at, last && text.len() == bytes.len())))
    }

    /// Takes `bytes` of what [`Scanner::ahead`] gave, `lines` physical lines; the last content line began at `last`.
    pub fn skip(&mut self, bytes: usize, lines: u64, last: u64) {
        self.lines.skip(bytes, lines);
        self.current.number = last;
    }

    /// Makes the next [`Scanner::advance`] stay where it is.
    pub fn stay(&mut self) {
        self.again = true;
    }

    /// The line.
    pub fn line(&self) -> &Logical {
        &self.current
    }

    /// Whether a CR alone ends a line.
    pub fn bare_cr(&self) -> bool {
        self.bare_cr
    }

    /// Bytes read so far.
    pub fn offset(&self) -> u64 {
        self.lines.offset()
    }

    /// Whether the next physical line continues this one.
    fn continues(&mut self) -> Result<bool, Error> {
        Ok(matches!(self.lines.ahead(1)?.0.first(), Some(b' ' | b'\t')))
    }

    /// Reads the next physical line.
    fn fetch(&mut self) -> Result<bool, Error> {
        self.next.raw.clear();
        // A long line is not to hold its memory for the rest of the file.
        self.next.raw.shrink_to(64 << 10);
        let bare_cr = self.bare_cr;
        let Some(line) = self.lines.next_line()? else {
            return Ok(false);
        };
        let mut bytes = line.bytes;
        if let (1, Some(rest)) = (line.number, bytes.strip_prefix(b"\xef\xbb\xbf")) {
            bytes = rest;
        }
        self.next.raw.extend_from_slice(bytes);
        if !line.over {
            self.next.raw.extend_from_slice(match line.len - line.bytes.len() as u64 {
                0 => b"",
                1 if bare_cr => b"\r",
                1 => b"\n",
                _ => b"\r\n",
            });
        }
        (self.next.offset, self.next.number) = (line.offset, line.number);
        (self.next.len, self.next.over) = (line.len, line.over);
        Ok(true)
    }
}

/// `BEGIN:` or `END:` and the name in upper case, if the line is one of these.
pub(crate) fn bracket(raw: &[u8], bare_cr: bool) -> Option<(Bracket, String)> {
    // Most lines are told by their first letter; what `decode` takes away may stand before it.
    let first = raw.iter().find(|byte| matches!(byte, 0x21..=0x7e))?;
    if !matches!(first, b'B' | b'b' | b'E' | b'e') {
        return None;
    }
    // What counts is how the line is read later.
    let line = decode(raw, bare_cr, 0, &mut Repairs::new())?;
    let bracket = if line.is("BEGIN") {
        Bracket::Begin
    } else if line.is("END") {
        Bracket::End
    } else {
        return None;
    };
    Some((bracket, line.value().trim().to_ascii_uppercase()))
}

/// The first or the last line of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bracket {
    Begin,
    End,
}

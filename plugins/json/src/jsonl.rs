//! Reading JSONL: one object a line, blank lines between them allowed.

use annals_core::lines::Lines;
use annals_core::plugin;
use annals_core::{Error, ImportRequest, Input, Locator, Out};

use crate::record::Records;

/// How many events and bytes make a step.
const STEP: (usize, u64) = (64, 64 << 10);

/// An import under way.
pub struct Importer {
    lines: Lines<Box<dyn Input>>,
    records: Records,
}

impl Importer {
    pub fn open(input: Box<dyn Input>, request: &ImportRequest) -> Result<Self, Error> {
        let before = |name| request.options.integer(name).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        let lines = Lines::new(input, request.max_record).behind(before("part-offset"), before("part-line"));
        Ok(Self { lines, records: Records::new("jsonl", request)? })
    }
}

#[cfg(test)]
impl Importer {
    /// The same without the short way of records.
    pub fn slow(self) -> Self {
        Self { records: self.records.slow(), ..self }
    }
}

impl plugin::Import for Importer {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        if self.lines.offset() == 0 {
            let head = self.lines.peek()?;
            check_utf16(head)?;
            check_text(head)?;
        }
        let (from, full) = (self.lines.offset(), out.len() + STEP.0);
        while out.len() < full && self.lines.offset() - from < STEP.1 {
            if out.cancelled() {
                return Err(Error::new("interrupted"));
            }
            let wanted = self.records.pass(&mut self.lines, out)?;
            let Some(line) = self.lines.next_line()? else { return Ok(false) };
            let bytes = if line.offset == 0 { without_bom(line.bytes) } else { line.bytes };
            let before = bytes.len() - bytes.trim_ascii_start().len() + line.bytes.len() - bytes.len();
            let bytes = bytes.trim_ascii();
            let offset = line.offset + before as u64;
            if line.over {
                let at = Locator { offset, len: line.len - before as u64, line: line.number };
                self.records.too_large(bytes, at, out);
            } else if !bytes.is_empty() {
                let at = Locator { offset, len: bytes.len() as u64, line: line.number };
                self.records.read(bytes, at, wanted, out);
            }
        }
        out.progress(self.lines.offset());
        Ok(true)
    }
}

/// Without the byte order mark that some programs write before UTF-8.
pub fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Refuses binary data, of which every line would be rejected: JSON escapes NUL, so no text of it has one.
fn check_text(head: &[u8]) -> Result<(), Error> {
    match head.iter().position(|&byte| byte == 0) {
        Some(at) if !head.trim_ascii_start().starts_with(b"{") => {
            let line = 1 + head[..at].iter().filter(|&&byte| byte == b'\n').count() as u64;
            let error = Error::new("this is binary data, not JSON lines: it has a NUL byte").at(at as u64, line);
            Err(error.hint("name the right format with `-f FORMAT`"))
        }
        _ => Ok(()),
    }
}

/// Refuses UTF-16, told by its byte order mark.
pub fn check_utf16(head: &[u8]) -> Result<(), Error> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        let error = Error::new("the file is UTF-16; JSON is UTF-8 (RFC 8259 section 8.1)").at(0, 1);
        return Err(error.hint("convert it: iconv -f UTF-16 -t UTF-8"));
    }
    Ok(())
}

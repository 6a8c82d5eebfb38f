//! Passing over records that lie outside the windows of a filter, without filling columns. Every one is read to its end
//! and checked as ever: what is passed over is what [`Fast::read`] takes and finds outside, though not all of it.

use annals_core::json::lex::Unusual;
use annals_core::outside::{Outside, Windows};
use annals_core::table::Text;
use annals_core::when::{Instant, Zone};
use annals_core::{Error, Input, Out, lines::Lines};

use super::scan::{Scan, Scratch};
use super::table::{Action, UNKNOWN};
use super::time::{Clock, Told};
use super::{Fast, MAX_UNKNOWN};

/// How many bytes are looked at a time: the fewer, the more often something else has come up.
const BLOCK: usize = 16 << 10;
const LEAST: usize = 1 << 10;

/// Passes over records.
pub struct Dry {
    /// What is before is to be read the general way.
    general: u64,
    block: usize,
    scratch: Scratch,
    /// Where the keys of `extra` stand in the record.
    unknown: Vec<(usize, usize)>,
}

/// A record that has been passed over.
struct Passed<'a> {
    len: usize,
    clock: Clock,
    id: Option<&'a str>,
    local_id: Option<&'a str>,
}

impl Default for Dry {
    fn default() -> Self {
        Self { general: 0, block: BLOCK, scratch: Scratch::default(), unknown: Vec::new() }
    }
}

impl Dry {
    /// Passes over the lines that come next, as long as they are records outside. `true` = the next line is one that is
    /// wanted as a row.
    pub fn pass(
        &mut self,
        fast: &mut Fast,
        lines: &mut Lines<Box<dyn Input>>,
        (windows, limit): (&Windows, usize),
        out: &mut Out<'_>,
    ) -> Result<bool, Error> {
        loop {
            let (from, number) = (lines.offset(), lines.number());
            if from < self.general {
                return Ok(false);
            }
            let block = lines.ahead(BLOCK)?.0;
            let block = &block[..block.len().min(self.block)];
            let len = memchr::memrchr(b'\n', block).map_or(0, |last| last + 1);
            if len == 0 {
                if self.block == BLOCK {
                    return Ok(false);
                }
                self.block = BLOCK;
                continue;
            }
            let Ok(text) = simdutf8::basic::from_utf8(&block[..len]) else {
                self.general = from + len as u64;
                return Ok(false);
            };
            let (mut at, mut count, mut wanted) = (0, 0, false);
            while at < len
                && let Ok(passed) = self.record(fast, &text[at..])
                && passed.len <= limit
                && windows.exclude(&passed.clock.when, passed.clock.local)
                && let Some(end) = line_end(&text.as_bytes()[at + passed.len..])
            {
                let (offset, line) = (from + at as u64, number + count + 1);
                let Passed { id, local_id, clock, .. } = passed;
                let (floating, row) = (clock.floating, 0);
                if out.outside(Outside { offset, line, id, local_id, floating, row }) {
                    wanted = true;
                    break;
                }
                at += passed.len + end;
                count += 1;
            }
            lines.skip(at, count);
            if at < len {
                self.block = (self.block / 2).max(LEAST);
                return Ok(wanted);
            }
            self.block = (self.block * 2).min(BLOCK);
            out.progress(lines.offset());
            if out.cancelled() {
                return Ok(false);
            }
        }
    }

    /// Passes over the record that `text` begins with, which ends with a line.
    fn record<'a>(&mut self, fast: &mut Fast, text: &'a str) -> Result<Passed<'a>, Unusual> {
        self.unknown.clear();
        let mut scan = Scan::new(text);
        let mut told = Told::default();
        let (mut id, mut local_id, mut has_extra) = (None, None, false);
        if !scan.same("{") {
            return Err(Unusual);
        }
        let (mut seen, mut place) = (0u64, 0);
        let mut open = !scan.eat(b'}');
        while open {
            scan.peek();
            let number = match fast.order.get(place) {
                Some((token, number)) if scan.same_key(token) => *number,
                _ => {
                    let key = scan.plain_string()?;
                    scan.expect(b':')?;
                    fast.learn(place, key)?
                }
            };
            let key_end = scan.at;
            place += 1;
            if number == UNKNOWN {
                self.unknown(fast, place - 1, key_end, text.as_bytes())?;
                scan.value(&mut self.scratch)?;
            } else {
                if seen >> number & 1 == 1 {
                    return Err(Unusual);
                }
                seen |= 1 << number;
                let action = fast.table.action(number);
                let first = scan.peek();
                if first == b'"' {
                    match action {
                        Action::Text { column: Text::Instance | Text::Recurrence, .. } => return Err(Unusual),
                        Action::Text { .. } | Action::Tags | Action::Skip => scan.string()?,
                        Action::Id { .. } => id = Some(scan.plain_string()?),
                        Action::LocalId => local_id = Some(scan.plain_string()?).filter(|id| !id.is_empty()),
                        Action::Start { mapped } => {
                            told.start = fast.date_of_text(scan.plain_string()?, mapped, &mut told.other_start)?;
                        }
                        Action::End { mapped } => {
                            told.end = fast.date_of_text(scan.plain_string()?, mapped, &mut told.other_end)?;
                        }
                        Action::When => told.when = Some(scan.plain_string()?),
                        Action::Zone => told.zone = Some(fast.zone_of(scan.plain_string()?)?),
                        Action::Instant { .. } => is_instant(scan.plain_string()?)?,
                        _ => return Err(Unusual),
                    }
                } else if first == b'n' && scan.same("null") {
                } else {
                    match action {
                        Action::Text { mapped: false, .. } | Action::Id { mapped: false } if fast.foreign => {
                            // The key is somebody else's.
                            return Err(Unusual);
                        }
                        Action::Text { column: Text::Instance | Text::Recurrence, .. } => return Err(Unusual),
                        Action::Text { mapped: true, .. } | Action::Skip => scan.value(&mut self.scratch)?,
                        Action::Revision { .. } => drop(scan.number()?.parse::<i64>().map_err(|_| Unusual)?),
                        Action::Tags => scan.strings()?,
                        Action::Id { mapped: true } => id = Some(scan.number()?),
                        Action::LocalId => local_id = Some(scan.number()?),
                        Action::Start { mapped } => {
                            told.start = fast.date_of_number(scan.number()?, mapped, &mut told.other_start)?;
                        }
                        Action::End { mapped } => {
                            told.end = fast.date_of_number(scan.number()?, mapped, &mut told.other_end)?;
                        }
                        Action::Degrees { .. } => is_finite(scan.number()?)?,
                        Action::Extra if first == b'{' => {
                            scan.value(&mut self.scratch)?;
                            has_extra = true;
                        }
                        _ => return Err(Unusual),
                    }
                }
            }
            if !scan.eat(b',') {
                scan.expect(b'}')?;
                open = false;
            }
        }
        if has_extra && !self.unknown.is_empty() {
            return Err(Unusual);
        }
        let clock = told.clock(fast.zone.as_ref()).ok_or(Unusual)?;
        Ok(Passed { len: scan.at, clock, id, local_id })
    }

    /// Notes a key of `extra`, which ends, with its colon, before `end`.
    fn unknown(&mut self, fast: &Fast, place: usize, end: usize, bytes: &[u8]) -> Result<(), Unusual> {
        let len = match fast.order.get(place) {
            Some((token, _)) => token.text.len() - 3,
            None => return Err(Unusual),
        };
        // There may be blanks before the colon.
        let close = memchr::memrchr(b'"', &bytes[..end]).ok_or(Unusual)?;
        let from = close.checked_sub(len).ok_or(Unusual)?;
        let key = &bytes[from..close];
        let twice = self.unknown.iter().any(|&(from, len)| bytes[from..from + len] == *key);
        if twice || self.unknown.len() == MAX_UNKNOWN {
            return Err(Unusual);
        }
        self.unknown.push((from, len));
        Ok(())
    }
}

/// How long the line end is that stands here.
#[inline]
fn line_end(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

fn is_instant(text: &str) -> Result<(), Unusual> {
    Instant::parse_plain(text, None).filter(|(instant, _)| instant.zone != Zone::Floating).map(drop).ok_or(Unusual)
}

fn is_finite(number: &str) -> Result<(), Unusual> {
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(drop).ok_or(Unusual)
}

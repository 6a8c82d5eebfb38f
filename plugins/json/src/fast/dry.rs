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

/// How many bytes are looked at a time.
const BLOCK: usize = 16 << 10;

/// How far an input has been looked at.
#[derive(Default)]
pub struct Dry {
    /// All before is UTF-8, or is to be read the general way.
    until: u64,
    is_text: bool,
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
            let (bytes, _) = lines.ahead(BLOCK)?;
            if from >= self.until {
                let block = &bytes[..bytes.len().min(BLOCK)];
                let Some(last) = memchr::memrchr(b'\n', block) else { return Ok(false) };
                self.until = from + last as u64 + 1;
                self.is_text = simdutf8::basic::from_utf8(&block[..=last]).is_ok();
            }
            let Some(block) = bytes.get(..(self.until - from) as usize).filter(|_| self.is_text) else {
                return Ok(false);
            };
            let (mut at, mut count, mut wanted) = (0, 0, false);
            while let Some(rest) = block.get(at..).filter(|rest| !rest.is_empty())
                && let Ok(passed) = self.record(fast, rest)
                && passed.len <= limit
                && windows.exclude(&passed.clock.when, passed.clock.local)
                && let Some(end) = line_end(&rest[passed.len..])
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
            let ended = at == block.len();
            lines.skip(at, count);
            out.progress(lines.offset());
            if !ended || out.cancelled() {
                return Ok(wanted);
            }
        }
    }

    /// Passes over the record that `bytes` begin with. They end with a line.
    fn record<'a>(&mut self, fast: &mut Fast, bytes: &'a [u8]) -> Result<Passed<'a>, Unusual> {
        self.unknown.clear();
        let mut scan = Scan { bytes, at: 0 };
        let mut told = Told::default();
        let (mut id, mut local_id, mut has_extra) = (None, None, false);
        if !scan.same(b"{") {
            return Err(Unusual);
        }
        let (mut seen, mut place) = (0u64, 0);
        let mut open = !scan.eat(b'}');
        while open {
            scan.peek();
            let number = match fast.order.get(place) {
                Some((token, number)) if scan.same(token.as_bytes()) => *number,
                _ => {
                    let key = scan.plain_text()?;
                    scan.expect(b':')?;
                    fast.learn(place, key)?
                }
            };
            let key_end = scan.at;
            place += 1;
            if number == UNKNOWN {
                self.unknown(fast, place - 1, key_end, bytes)?;
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
                        Action::Id { .. } => id = Some(scan.plain_text()?),
                        Action::LocalId => local_id = Some(scan.plain_text()?).filter(|id| !id.is_empty()),
                        Action::Start { mapped } => {
                            told.start = fast.date_of_text(scan.plain_text()?, mapped, &mut told.other_start)?;
                        }
                        Action::End { mapped } => {
                            told.end = fast.date_of_text(scan.plain_text()?, mapped, &mut told.other_end)?;
                        }
                        Action::When => told.when = Some(scan.plain_text()?),
                        Action::Zone => told.zone = Some(fast.zone_of(scan.plain_text()?)?),
                        Action::Instant { .. } => is_instant(scan.plain_text()?)?,
                        _ => return Err(Unusual),
                    }
                } else if first == b'n' && scan.same(b"null") {
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
            Some((token, _)) => token.len() - 3,
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

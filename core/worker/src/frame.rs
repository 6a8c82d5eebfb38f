//! Frames: how messages are cut out of a stream of bytes.
//!
//! A frame is a head of 8 bytes (its kind, three zero bytes, the length of what follows as a little-endian `u32`) and as
//! many bytes. The other encoding is a line of JSON for each message. Which one a worker speaks shows in its first byte:
//! `{` begins a line.

use std::io::{self, BufRead, Read, Write};

/// The bytes of a frame before its payload.
pub const HEAD: usize = 8;

/// A frame or a line may be this much larger than two records of the largest size.
pub const ROOM: usize = 64 << 20;

/// The most room that is taken for a payload before it comes.
const STEP: usize = 1 << 20;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The first of each direction: which version of the protocol.
    Hello = b'H',
    /// Whole messages of an Arrow IPC stream.
    Batch = b'B',
    /// A note: the length of its JSON as a `u32`, the JSON, the bytes of the record.
    Note = b'N',
    /// A fact.
    Fact = b'F',
    /// How many bytes have been read.
    Progress = b'P',
    /// A line for the log.
    Log = b'L',
    /// Bytes of an output.
    Data = b'D',
    /// The answer to `describe` or `sniff`.
    Result = b'R',
    /// The trailer: the account.
    End = b'E',
    /// Why it cannot go on.
    Error = b'X',
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Hello,
        Self::Batch,
        Self::Note,
        Self::Fact,
        Self::Progress,
        Self::Log,
        Self::Data,
        Self::Result,
        Self::End,
        Self::Error,
    ];

    fn of(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A frame, or a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A binary frame.
    Binary(Kind, Vec<u8>),
    /// A line, without its end.
    Line(Vec<u8>),
}

impl Frame {
    /// How much room it takes.
    pub fn len(&self) -> usize {
        match self {
            Self::Binary(_, bytes) | Self::Line(bytes) => bytes.len(),
        }
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads frames or lines, whichever the stream begins with.
pub struct Frames<R> {
    input: R,
    limit: usize,
    lines: Option<bool>,
    at: u64,
}

impl<R: BufRead> Frames<R> {
    /// A frame or line of more than `limit` bytes is an error.
    pub fn new(input: R, limit: usize) -> Self {
        Self { input, limit, lines: None, at: 0 }
    }

    /// The next one; `None` at the end, if it does not come inside a frame. An error tells what is wrong at which byte.
    pub fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let lines = match self.lines {
            Some(lines) => lines,
            None => {
                let head = fill(&mut self.input)?;
                let Some(first) = head.first() else { return Ok(None) };
                *self.lines.insert(*first == b'{')
            }
        };
        if lines { self.line() } else { self.binary() }
    }

    fn line(&mut self) -> io::Result<Option<Frame>> {
        let mut line = Vec::new();
        let limit = self.limit as u64 + 1;
        retry(|| (&mut self.input).take(limit - line.len() as u64).read_until(b'\n', &mut line))?;
        self.at += line.len() as u64;
        if line.is_empty() {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            return Err(match line.len() > self.limit {
                true => self.wrong(format!("a line of more than {} bytes", self.limit)),
                false => cut_off(),
            });
        }
        line.pop_if(|last| *last == b'\r');
        Ok(Some(Frame::Line(line)))
    }

    fn binary(&mut self) -> io::Result<Option<Frame>> {
        if fill(&mut self.input)?.is_empty() {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.input.read_exact(&mut head).map_err(end_is_cut_off)?;
        let [kind, a, b, c, length @ ..] = head;
        let Some(kind) = Kind::of(kind).filter(|_| [a, b, c] == [0; 3]) else {
            let shown = String::from_utf8_lossy(&head).into_owned();
            return Err(self.wrong(format!("{shown:?} is not the head of a frame")));
        };
        let length = u32::from_le_bytes(length) as usize;
        if length > self.limit {
            return Err(self.wrong(format!("a frame of {length} bytes; at most {} are allowed", self.limit)));
        }
        // Room is taken for what comes, not for what is said to come.
        let mut payload = Vec::with_capacity(length.min(STEP));
        retry(|| (&mut self.input).take((length - payload.len()) as u64).read_to_end(&mut payload))?;
        if payload.len() < length {
            return Err(cut_off());
        }
        self.at += (HEAD + length) as u64;
        Ok(Some(Frame::Binary(kind, payload)))
    }

    fn wrong(&self, what: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, format!("{what} (at byte {} of its output)", self.at))
    }
}

/// What is in the buffer, read until there is something or the end.
fn fill<R: BufRead>(input: &mut R) -> io::Result<&[u8]> {
    // Asked twice, since the first answer cannot be kept over the loop.
    retry(|| input.fill_buf().map(|_| ()))?;
    input.fill_buf()
}

fn retry<T>(mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "its output ends in the middle of a frame")
}

fn end_is_cut_off(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::UnexpectedEof { cut_off() } else { error }
}

/// Writes a frame whose payload is in several pieces.
pub fn write_frame(out: &mut dyn Write, kind: Kind, pieces: &[&[u8]]) -> io::Result<()> {
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    let length = u32::try_from(length).map_err(|_| io::Error::other("a frame of more than 4 GiB"))?;
    let mut head = [0; HEAD];
    head[0] = kind as u8;
    head[4..].copy_from_slice(&length.to_le_bytes());
    out.write_all(&head)?;
    pieces.iter().try_for_each(|piece| out.write_all(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expected: &[&str]) {
        let mut frames = Frames::new(bytes, 100);
        let mut found = Vec::new();
        loop {
            match frames.next_frame() {
                Ok(Some(Frame::Binary(kind, bytes))) => {
                    found.push(format!("{kind:?} {}", String::from_utf8_lossy(&bytes)))
                }
                Ok(Some(Frame::Line(bytes))) => found.push(format!("line {}", String::from_utf8_lossy(&bytes))),
                Ok(None) => break,
                Err(error) => {
                    found.push(format!("error: {error}"));
                    break;
                }
            }
        }
        assert_eq!(found, expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn frames_are_cut_out() {
        check(b"", &[]);
        check(b"H\0\0\0\x02\0\0\0{}E\0\0\0\0\0\0\0", &["Hello {}", "End "]);
        check(b"{}\n{\"a\":1}\r\n", &["line {}", "line {\"a\":1}"]);
    }

    #[test]
    fn what_is_no_frame_is_told() {
        let cut = "error: its output ends in the middle of a frame";
        check(b"H\0\0\0\x02\0\0\0{", &[cut]);
        check(b"H\0\0", &[cut]);
        check(b"{\"a\":1}\n{", &["line {\"a\":1}", cut]);
        let noise = "error: \"hello wo\" is not the head of a frame (at byte 0 of its output)";
        check(b"hello world\n", &[noise]);
        let large = "error: a frame of 4294967295 bytes; at most 100 are allowed (at byte 8 of its output)";
        check(b"E\0\0\0\0\0\0\0B\0\0\0\xff\xff\xff\xff", &["End ", large]);
        let line = [b"{".as_slice(), &[b'x'; 200]].concat();
        check(&line, &["error: a line of more than 100 bytes (at byte 101 of its output)"]);
    }

    #[test]
    fn written_frames_are_read() {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, Kind::Note, &[b"ab", b"", b"c"]).unwrap();
        check(&bytes, &["Note abc"]);
    }
}

//! The notes of a source or output, in their canonical order, in little memory: a broken input may have millions.

use std::cmp::Ordering as Order;
use std::collections::BinaryHeap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_core::{Locator, Note, NoteKind};

use crate::exit::Trouble;
use crate::spill::{Part, SpillFile};

/// Notes of one source are not moved to a file before they have so many bytes, unless there are many sources.
const OWN: usize = 1 << 20;
const LEAST: usize = 64 << 10;

/// How many bytes of notes are in memory, of all sources and outputs.
static KEPT: AtomicUsize = AtomicUsize::new(0);
/// How many may be.
const BUDGET: usize = 16 << 20;

/// The notes of one source or output.
#[derive(Default)]
pub struct Notes {
    list: Vec<Note>,
    bytes: usize,
    runs: Vec<Part>,
}

/// Moves notes to a temporary file of its own.
pub struct NoteFile(SpillFile);

impl NoteFile {
    /// A file in this folder, made when it is needed.
    pub fn new(folder: &Path) -> Self {
        Self(SpillFile::new(folder))
    }
}

/// Offset, kind, code.
fn rank(note: &Note) -> (u64, NoteKind, &str) {
    (note.locator.map_or(u64::MAX, |l| l.offset), note.kind, &note.code)
}

fn size(note: &Note) -> usize {
    200 + note.code.len() + note.text.len() + note.event.as_ref().map_or(0, String::len) + note.bytes.len()
}

impl Notes {
    /// Adds a note.
    pub fn push(&mut self, note: Note, file: &mut NoteFile) -> Result<(), Trouble> {
        let size = size(&note);
        self.bytes += size;
        self.list.push(note);
        let kept = KEPT.fetch_add(size, Ordering::Relaxed) + size;
        if self.bytes > OWN || self.bytes > LEAST && kept > BUDGET { self.spill(file) } else { Ok(()) }
    }

    /// No more notes come.
    pub fn end(&mut self, file: &mut NoteFile) -> Result<(), Trouble> {
        if KEPT.load(Ordering::Relaxed) > BUDGET / 2 { self.spill(file) } else { Ok(()) }
    }

    fn spill(&mut self, file: &mut NoteFile) -> Result<(), Trouble> {
        let mut list = std::mem::take(&mut self.list);
        if list.is_empty() {
            return Ok(());
        }
        list.sort_by(|a, b| rank(a).cmp(&rank(b)));
        self.runs.push(file.0.append(|out| list.iter().try_for_each(|note| write(note, out)))?);
        KEPT.fetch_sub(std::mem::take(&mut self.bytes), Ordering::Relaxed);
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.runs.is_empty()
    }

    /// The last rejected record, of those in memory.
    pub fn last_reject(&self) -> Option<&Note> {
        self.list.iter().rfind(|note| note.kind == NoteKind::Reject)
    }

    /// Calls `each` with every note in its canonical order.
    pub fn each(&self, mut each: impl FnMut(&Note) -> io::Result<()>) -> io::Result<()> {
        let mut list: Vec<&Note> = self.list.iter().collect();
        list.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let mut list = list.into_iter();
        let mut readers: Vec<_> = self.runs.iter().map(|run| run.reader(16 << 10)).collect();
        let mut heap = BinaryHeap::new();
        let mut next = |from: usize| -> io::Result<Option<Next>> {
            let note = match readers.get_mut(from) {
                Some(reader) => read(reader)?,
                None => list.next().cloned(),
            };
            Ok(note.map(|note| Next { note, from }))
        };
        for from in 0..=self.runs.len() {
            heap.extend(next(from)?);
        }
        while let Some(Next { note, from }) = heap.pop() {
            each(&note)?;
            heap.extend(next(from)?);
        }
        Ok(())
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        KEPT.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A note on a heap: the smallest first, and of equal ones that of the earlier run.
struct Next {
    note: Note,
    from: usize,
}

impl Ord for Next {
    fn cmp(&self, other: &Self) -> Order {
        (rank(&other.note), other.from).cmp(&(rank(&self.note), self.from))
    }
}

impl PartialOrd for Next {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Next {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Order::Equal
    }
}

impl Eq for Next {}

fn write(note: &Note, out: &mut dyn Write) -> io::Result<()> {
    let locator = note.locator.unwrap_or_default();
    let flags = u8::from(note.locator.is_some()) | u8::from(note.event.is_some()) << 1;
    out.write_all(&[note.kind as u8, flags])?;
    for number in [locator.offset, locator.len, locator.line] {
        out.write_all(&number.to_le_bytes())?;
    }
    let event = note.event.as_deref().unwrap_or_default();
    for bytes in [note.code.as_bytes(), note.text.as_bytes(), event.as_bytes(), &note.bytes] {
        out.write_all(&(bytes.len() as u64).to_le_bytes())?;
        out.write_all(bytes)?;
    }
    Ok(())
}

fn read(reader: &mut impl Read) -> io::Result<Option<Note>> {
    let mut head = [0; 2];
    if reader.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    reader.read_exact(&mut head[1..])?;
    let number = |reader: &mut dyn Read| -> io::Result<u64> {
        let mut bytes = [0; 8];
        reader.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    };
    let locator = Locator { offset: number(reader)?, len: number(reader)?, line: number(reader)? };
    let bytes = |reader: &mut dyn Read| -> io::Result<Vec<u8>> {
        let len = number(reader)?;
        let mut bytes = Vec::new();
        reader.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let [code, text, event, bytes] = [bytes(reader)?, bytes(reader)?, bytes(reader)?, bytes(reader)?];
    let text_of = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(io::Error::other);
    Ok(Some(Note {
        kind: NoteKind::from_u32(head[0].into()).unwrap_or(NoteKind::Reject),
        code: text_of(code)?,
        text: text_of(text)?,
        event: (head[1] & 2 != 0).then(|| text_of(event)).transpose()?,
        locator: (head[1] & 1 != 0).then_some(locator),
        bytes,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_in_order_from_memory_and_file() {
        let note = |n: u64| Note {
            kind: [NoteKind::Reject, NoteKind::Repair][(n % 2) as usize],
            code: format!("c{}", n % 3),
            text: format!("é {n}"),
            event: n.is_multiple_of(5).then(|| n.to_string()),
            locator: (!n.is_multiple_of(7)).then_some(Locator { offset: n * 31 % 1000, len: n, line: 1 }),
            bytes: vec![n as u8; (n % 4) as usize],
        };
        let mut file = NoteFile::new(&std::env::temp_dir());
        let (mut notes, mut expected) = (Notes::default(), Vec::new());
        for n in 0..1000 {
            notes.push(note(n), &mut file).unwrap();
            expected.push(note(n));
            if n % 300 == 299 {
                notes.spill(&mut file).unwrap();
            }
        }
        expected.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let mut found = Vec::new();
        let keep = |note: &Note| {
            found.push(note.clone());
            Ok(())
        };
        notes.each(keep).unwrap();
        assert!(found == expected && notes.runs.len() == 3);
    }
}

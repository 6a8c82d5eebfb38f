//! Which rows may belong together: one entry a row and group, sorted by the group's hash, beyond memory if need be.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read};

use crate::exit::Trouble;
use crate::spill::{Part, SpillFile};

/// Up to so many rows a group is looked at as a whole.
const LARGE: usize = 1 << 16;
/// How many bytes an entry takes.
const BYTES: usize = 16;
/// The row is outside the windows of the filters. Such rows come last in their groups.
const OUT: u64 = 1 << 63;
/// The row has not been taken in; its number is the place of its record in the source.
const LEFT: u64 = 1 << 62;
/// Below it: 24 bits of the source, and the number.
const SOURCE_SHIFT: u32 = 38;
/// Numbers are below it.
pub const NUMBERS: u64 = 1 << SOURCE_SHIFT;

/// A row's membership in a group. The last bit of the hash tells groups of content from groups of identity.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    /// [`OUT`], [`LEFT`], the source, and the number.
    at: u64,
}

impl Entry {
    fn is_content(self) -> bool {
        self.hash & 1 == 1
    }

    fn source(self) -> usize {
        ((self.at & (LEFT - 1)) >> SOURCE_SHIFT) as usize
    }

    fn seq(self) -> u64 {
        self.at & (NUMBERS - 1)
    }

    fn is_left(self) -> bool {
        self.at & LEFT != 0
    }

    fn is_out(self) -> bool {
        self.at & OUT != 0
    }
}

/// Entries of one thread.
#[derive(Default)]
pub struct Entries {
    list: Vec<Entry>,
    parts: Vec<Part>,
    /// How many of all are outside the windows.
    outside: usize,
    /// Rows that are taken out even if they have no company: their sources and numbers, and whether by their content.
    alone: Vec<(u32, u64, bool)>,
}

impl Entries {
    /// Adds the row numbered `seq` to the group with this hash. A group whose rows are all `out` is left out as a whole,
    /// and need not be joined.
    pub fn add(&mut self, hash: u64, content: bool, source: u32, (seq, out): (u64, bool)) {
        self.outside += usize::from(out);
        let at = u64::from(source) << SOURCE_SHIFT | if out { OUT } else { 0 } | seq;
        self.list.push(Entry { hash: hash & !1 | u64::from(content), at });
    }

    /// Adds a record outside the windows that has not been taken in, by its place in the source, which is below
    /// [`NUMBERS`], to a group of identity.
    #[inline]
    pub fn add_left(&mut self, hash: u64, source: u32, place: u64) {
        self.outside += 1;
        self.list.push(Entry { hash: hash & !1, at: OUT | LEFT | u64::from(source) << SOURCE_SHIFT | place });
    }

    /// Says that a row is to be taken out even if it has no company, as one of its content or of its identity.
    pub fn add_alone(&mut self, content: bool, source: u32, seq: u64) {
        self.alone.push((source, seq, content));
    }

    /// How many bytes the entries that can be moved to a file take.
    pub fn bytes(&self) -> usize {
        self.list.capacity() * BYTES
    }

    /// Moves them to a temporary file.
    pub fn spill(&mut self, file: &mut SpillFile) -> Result<(), Trouble> {
        self.list.sort_unstable();
        let list = std::mem::take(&mut self.list);
        let part = file.append(|out| {
            for entry in &list {
                out.write_all(&entry.hash.to_le_bytes())?;
                out.write_all(&entry.at.to_le_bytes())?;
            }
            Ok(())
        })?;
        self.parts.push(part);
        Ok(())
    }
}

/// One bit a row.
#[derive(Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, at: u64) {
        let word = (at / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (at % 64);
    }

    /// Whether the bit is set.
    pub fn get(&self, at: u64) -> bool {
        usize::try_from(at / 64).ok().and_then(|word| self.0.get(word)).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    /// Whether no bit is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The rows that have company, by their numbers.
#[derive(Default)]
pub struct Groups {
    /// Of one identity with others.
    pub identity: Bits,
    /// Of one content with rows of other sources.
    pub content: Bits,
    /// Of one content with rows of the same source.
    pub repeated: Bits,
    /// Rows of one identity with others, by their numbers, each with the number of the first row of its group; only
    /// where asked for. Groups in this order are near to one another in memory.
    pub neighbours: Vec<(u64, u64)>,
    /// Records that have not been taken in and are of one identity with rows that are not outside.
    pub left: Vec<Left>,
}

/// A record that has not been taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Its source.
    pub source: u32,
    /// Its place there.
    pub place: u64,
    /// The number of the first row of its group.
    pub first: u64,
}

impl Groups {
    /// Records that had not been taken in are rows now, with these numbers.
    pub fn found(&mut self, left: &[Left], numbers: &[u64], neighbours: bool) {
        numbers.iter().for_each(|&seq| self.identity.set(seq));
        if neighbours {
            self.neighbours.extend(numbers.iter().zip(left).map(|(&seq, left)| (seq, left.first)));
            self.neighbours.sort_unstable();
        }
    }
}

/// Finds the groups of more than one row. Rows of failed sources are in none.
pub fn groups(all: Vec<Entries>, failed: &[bool], neighbours: bool) -> Result<Groups, Trouble> {
    let mut groups = Groups::default();
    for &(source, seq, content) in all.iter().flat_map(|entries| &entries.alone) {
        if !failed[source as usize] {
            if content { groups.content.set(seq) } else { groups.identity.set(seq) }
        }
    }
    let mut group: Vec<Entry> = Vec::new();
    // Whether the present group is so large that its first rows have been settled.
    let mut large = false;
    // The first row of the present group, once it is known that there are others.
    let mut first_row = None;
    let mut left = Vec::new();
    let mut settle = |group: &mut Vec<Entry>, large: bool, first_row: &mut Option<u64>| {
        let Some((first, last)) = group.first().zip(group.last()).filter(|_| large || group.len() > 1) else {
            return group.clear();
        };
        // It is the first of all, or the others have been looked at.
        if first.is_out() && !large {
            return group.clear();
        }
        let across = large || first.source() != last.source();
        let bits = match (first.is_content(), across) {
            (false, _) => &mut groups.identity,
            (true, true) => &mut groups.content,
            (true, false) => &mut groups.repeated,
        };
        let first_seq = *first_row.get_or_insert(first.seq());
        if neighbours && !first.is_content() {
            let rows = group.iter().filter(|entry| !entry.is_left());
            groups.neighbours.extend(rows.map(|entry| (entry.seq(), first_seq)));
        }
        for entry in group.drain(..) {
            match entry.is_left() {
                true => left.push(Left { source: entry.source() as u32, place: entry.seq(), first: first_seq }),
                false => bits.set(entry.seq()),
            }
        }
    };
    let mut sorted = sorted(all)?;
    while let Some(entry) = sorted.next()? {
        if failed[entry.source()] {
            continue;
        }
        if group.first().is_some_and(|first| first.hash != entry.hash) {
            settle(&mut group, large, &mut first_row);
            (large, first_row) = (false, None);
        }
        // Without one that is not outside, which would be the first, they are all left out.
        if entry.is_out() && group.is_empty() && !large {
            continue;
        }
        group.push(entry);
        if group.len() > LARGE {
            large = true;
            let last = group.pop();
            settle(&mut group, large, &mut first_row);
            // One is kept to know the group by.
            group.extend(last);
        }
    }
    settle(&mut group, large, &mut first_row);
    groups.neighbours.sort_unstable();
    left.sort_unstable();
    groups.left = left;
    Ok(groups)
}

/// Leaves out most of the entries that are outside and have no company that is not: they need not be sorted.
fn prune(all: &mut [Entries]) {
    // What has gone to a temporary file may be the company of any.
    let in_memory = all.iter().all(|entries| entries.parts.is_empty());
    let (outside, count) =
        all.iter().fold((0, 0), |(outside, count), entries| (outside + entries.outside, count + entries.list.len()));
    if !in_memory || outside < count / 2 || outside == 0 {
        return;
    }
    let inside = || all.iter().flat_map(|entries| &entries.list).filter(|entry| !entry.is_out());
    // One bit of sixteen is set, or more if they are very many.
    let bits = (16 * inside().count()).next_power_of_two().clamp(1 << 10, 1 << 26);
    let at = |entry: &Entry| (entry.hash >> 1) as usize & (bits - 1);
    let mut known = vec![0u64; bits / 64];
    inside().for_each(|entry| known[at(entry) / 64] |= 1 << (at(entry) % 64));
    let is_known = |entry: &Entry| known[at(entry) / 64] >> (at(entry) % 64) & 1 == 1;
    all.iter_mut().for_each(|entries| entries.list.retain(|entry| !entry.is_out() || is_known(entry)));
}

/// All entries in order.
fn sorted(mut all: Vec<Entries>) -> Result<Sorted, Trouble> {
    prune(&mut all);
    let mut list = Vec::new();
    let mut readers = Vec::new();
    for entries in all {
        if list.is_empty() {
            list = entries.list;
        } else {
            list.extend(entries.list);
        }
        let reader = |part: Part| Box::new(part.reader(8 << 10)) as Box<dyn Read>;
        readers.extend(entries.parts.into_iter().map(reader));
    }
    list.sort_unstable();
    let mut sorted = Sorted { list: list.into_iter(), heap: BinaryHeap::new(), readers };
    let list = sorted.readers.len();
    for from in 0..=list {
        sorted.refill(from)?;
    }
    Ok(sorted)
}

/// Entries of several sorted lists in one order; the list in memory counts as the last.
struct Sorted {
    list: std::vec::IntoIter<Entry>,
    readers: Vec<Box<dyn Read>>,
    heap: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Sorted {
    fn next(&mut self) -> Result<Option<Entry>, Trouble> {
        if self.readers.is_empty() {
            // The one in the heap came first.
            let next = self.heap.pop().map(|Reverse((entry, _))| entry);
            return Ok(next.or_else(|| self.list.next()));
        }
        let Some(Reverse((entry, from))) = self.heap.pop() else { return Ok(None) };
        self.refill(from)?;
        Ok(Some(entry))
    }

    fn refill(&mut self, from: usize) -> Result<(), Trouble> {
        let entry = match self.readers.get_mut(from) {
            Some(reader) => {
                read(reader).map_err(|error| Trouble::new("cannot read temporary data back").cause(error))?
            }
            None => self.list.next(),
        };
        self.heap.extend(entry.map(|entry| Reverse((entry, from))));
        Ok(())
    }
}

fn read(reader: &mut dyn Read) -> io::Result<Option<Entry>> {
    let mut bytes = [0; BYTES];
    match reader.read_exact(&mut bytes) {
        Ok(()) => {
            let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
            Ok(Some(Entry { hash: number(0), at: number(8) }))
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows as (hash, content, source), spilled after each of `spill`; the rows in each of the three sets.
    fn check(rows: &[(u64, bool, u32)], expected: [&[u64]; 3]) {
        for spill in [vec![], vec![1], vec![0, 2, 3]] {
            let mut file = SpillFile::new(&std::env::temp_dir());
            let mut entries = [Entries::default(), Entries::default()];
            for (seq, &(hash, content, source)) in rows.iter().enumerate() {
                entries[seq % 2].add(hash, content, source, (seq as u64, hash == 90));
                if spill.contains(&seq) {
                    entries[seq % 2].spill(&mut file).unwrap();
                }
            }
            let groups = groups(entries.into(), &[false, false, true], true).unwrap();
            let found = [&groups.identity, &groups.content, &groups.repeated];
            let found = found.map(|bits| (0..rows.len() as u64).filter(|&seq| bits.get(seq)).collect::<Vec<_>>());
            assert_eq!(found, expected.map(<[u64]>::to_vec), "{rows:?}");
        }
    }

    #[test]
    fn rows_with_company_are_found() {
        check(&[(10, false, 0), (20, false, 0), (10, false, 1), (30, true, 0)], [&[0, 2], &[], &[]]);
        check(&[(10, true, 0), (20, true, 0), (10, true, 1), (20, true, 0)], [&[], &[0, 2], &[1, 3]]);
        check(&[(90, false, 0), (90, false, 0), (90, true, 0), (90, true, 1)], [&[], &[], &[]]);
        // A row of a failed source is no company, and one hash for two things is not one group.
        check(&[(10, true, 0), (10, true, 2), (10, false, 0), (10, false, 2)], [&[], &[], &[]]);
    }

    #[test]
    fn records_left_out_are_wanted_where_there_is_company_that_is_not() {
        let left = |source, place, first| Left { source, place, first };
        let check = |out: &[u64], expected: &[Left]| {
            for spill in [false, true] {
                let mut file = SpillFile::new(&std::env::temp_dir());
                let mut entries = [Entries::default(), Entries::default()];
                // Two of one source, one of another, and 2,000 that have none.
                for (hash, source, place) in [(10, 0, 70), (10, 0, NUMBERS - 1), (10, 1, 5), (20, 1, 6), (20, 1, 7)] {
                    entries[source as usize].add_left(hash, source, place);
                }
                (0..2000).for_each(|place| entries[0].add_left(1000 + 2 * place, 2, place));
                for (hash, seq) in [(10, 1), (20, 2), (30, 3)] {
                    entries[1].add(hash, false, 0, (seq, out.contains(&seq)));
                }
                if spill {
                    entries[0].spill(&mut file).unwrap();
                }
                let mut groups = groups(entries.into(), &[false; 3], true).unwrap();
                assert_eq!(groups.left, expected, "{out:?}");
                let rows: Vec<u64> = (1..=3).filter(|&seq| groups.identity.get(seq)).collect();
                assert_eq!(rows, [1, 2].into_iter().filter(|seq| !out.contains(seq)).collect::<Vec<u64>>());
                // They are rows of these numbers then, beside the others of their group.
                let numbers: Vec<u64> = (100..).take(expected.len()).collect();
                groups.found(expected, &numbers, true);
                assert!(numbers.iter().all(|&seq| groups.identity.get(seq)));
                let firsts = expected.iter().zip(&numbers).map(|(left, &seq)| (seq, left.first));
                assert!(firsts.into_iter().all(|one| groups.neighbours.contains(&one)));
            }
        };
        let first = [left(0, 70, 1), left(0, NUMBERS - 1, 1), left(1, 5, 1)];
        check(&[], &[first[0], first[1], first[2], left(1, 6, 2), left(1, 7, 2)]);
        check(&[2], &first);
        check(&[1, 2, 3], &[]);
    }

    #[test]
    fn a_very_large_group_is_taken_as_one_across_sources() {
        let mut entries = Entries::default();
        (0..200_000).for_each(|seq| entries.add(8, true, 0, (seq, false)));
        let groups = groups(vec![entries], &[false], true).unwrap();
        assert!((0..200_000).all(|seq| groups.content.get(seq)) && groups.repeated.is_empty());
    }
}

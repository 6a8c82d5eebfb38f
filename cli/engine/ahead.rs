//! Groups one after the other, whose rows are fetched into the cache before they are looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use super::plain::Member;
use super::run::Merge;
use crate::exit::Trouble;

/// The rows of a merge, each fetched into the cache some rows before it is given: groups are strewn over the memory.
pub struct Ahead<'a, 'm> {
    merge: &'a mut Merge<'m>,
    rows: VecDeque<(u128, Member)>,
}

impl<'a, 'm> Ahead<'a, 'm> {
    /// How many rows before.
    const ROWS: usize = 16;

    /// The rows of `merge`.
    pub fn new(merge: &'a mut Merge<'m>) -> Self {
        Self { merge, rows: VecDeque::new() }
    }

    /// The next row, and the hash of its group.
    pub fn next(&mut self) -> Result<Option<(u128, Member)>, Trouble> {
        while self.rows.len() <= Self::ROWS
            && let Some((prefix, chunk, row)) = self.merge.next()?
        {
            chunk.rows.prefetch(row);
            self.rows.push_back((prefix >> 64, (Arc::clone(chunk), row)));
        }
        Ok(self.rows.pop_front())
    }
}

/// Calls `each` with the rows of one hash after the other.
pub fn each_group(merge: &mut Merge, mut each: impl FnMut(&[Member]) -> Result<(), Trouble>) -> Result<(), Trouble> {
    let mut rows = Ahead::new(merge);
    let mut group: Vec<Member> = Vec::new();
    let mut hash = None;
    loop {
        let next = rows.next()?;
        let next_hash = next.as_ref().map(|(hash, _)| *hash);
        if next_hash != hash && !group.is_empty() {
            each(&group)?;
            group.clear();
        }
        hash = next_hash;
        match next {
            Some((_, member)) => group.push(member),
            None => return Ok(()),
        }
    }
}

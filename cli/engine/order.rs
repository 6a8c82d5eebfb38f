//! The orders in which runs are sorted: a fixed-width prefix first, the whole on ties.

use std::cmp::Ordering;
use std::hash::{DefaultHasher, Hash, Hasher};

use annals_core::key;
use annals_core::table::Text;

use super::chunk::Chunk;
use super::{Dedupe, Settings};

/// How the rows of a run are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As in the timeline.
    Time,
    /// Rows of one group one after the other, in the order of their sources; in a group as in the timeline.
    Group(Group),
    /// By the number of the row, then its source.
    Occurrence,
}

/// What rows may have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The id, real or local, and the instance.
    Identity,
    /// The real id.
    Series,
    /// All that they say.
    Content,
    /// All that they say, and where, of rows without an id.
    Place,
    /// All that they say, where, and the id.
    Whole,
}

impl Order {
    /// What rows are sorted by first.
    pub fn prefix(self, chunk: &Chunk, row: usize) -> u128 {
        match self {
            Self::Time => time_prefix(chunk, row),
            Self::Group(group) => {
                let hash = group.hash(chunk, row).unwrap_or_default();
                u128::from(hash) << 64 | u128::from(chunk.source(row)) << 32
            }
            Self::Occurrence => u128::from(chunk.meta.seq[row]) << 64 | u128::from(chunk.source(row)) << 32,
        }
    }
}

/// Undated, `start_lo` (unknown: `end_hi`), `start_nanos`; then, as far as it goes, how long after that `end_hi` is.
fn time_prefix(chunk: &Chunk, row: usize) -> u128 {
    let (undated, first, nanos, end_hi, ..) = key::time_key_of(&chunk.rows, row);
    // The order of i64 as that of u64.
    let first_bits = u128::from(first.cast_unsigned() ^ 1 << 63);
    let after = (i128::from(end_hi) - i128::from(first)).clamp(0, (1 << 53) - 1) as u128;
    u128::from(undated) << 127 | first_bits << 63 | u128::from(nanos.min(1023)) << 53 | after
}

impl Group {
    /// Which rows with an id have company, as the engine is to work.
    pub fn of_identity(settings: &Settings) -> Self {
        match (settings.filter.is_empty() && settings.expand.is_none(), settings.dedupe) {
            // Filters judge a series as one, and it is expanded as one.
            (false, _) => Self::Series,
            (true, Dedupe::None) => Self::Whole,
            (true, _) => Self::Identity,
        }
    }

    /// The same as [`Group::hash`] of a row with this id: in its series if there is a filter.
    #[inline]
    pub fn hash_of_series(id: &str) -> u64 {
        hash_of((3, id))
    }

    /// The same of a row with this id inside a source, without an instance.
    pub fn hash_of_local(source: u32, id: &str) -> u64 {
        hash_of((2, source, id, None::<&str>))
    }

    /// A number that rows of one group have in common; `None` = the row is in no such group.
    pub fn hash(self, chunk: &Chunk, row: usize) -> Option<u64> {
        let id = chunk.rows.text(Text::Id, row);
        let mut hasher = DefaultHasher::new();
        match (self, id) {
            (Self::Identity, Some(id)) => (1, id, chunk.rows.text(Text::Instance, row)).hash(&mut hasher),
            (Self::Identity | Self::Series, None) => {
                let local = chunk.meta.local.get(row)?.as_ref()?;
                (2, chunk.source(row), local.as_str(), chunk.rows.text(Text::Instance, row)).hash(&mut hasher);
            }
            (Self::Series, Some(id)) => (3, id).hash(&mut hasher),
            // It is one already.
            (Self::Content, None) => return chunk.content(row)?.first_chunk().copied().map(u64::from_le_bytes),
            (Self::Place, None) => (6, chunk.content(row)?, key::place_of(&chunk.rows, row)).hash(&mut hasher),
            (Self::Content | Self::Place, Some(_)) => return None,
            (Self::Whole, id) => {
                let mut buffer = Vec::new();
                let content = key::content_key_of(&chunk.rows, row, &mut buffer);
                (5, id, content, key::place_of(&chunk.rows, row)).hash(&mut hasher);
            }
        }
        Some(hasher.finish())
    }
}

#[inline]
fn hash_of(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// Two rows with the same prefix, in the order of the timeline.
pub fn compare((a, at): (&Chunk, usize), (b, bt): (&Chunk, usize)) -> Ordering {
    let time = key::time_key_of(&a.rows, at).cmp(&key::time_key_of(&b.rows, bt));
    let place = || key::place_of(&a.rows, at).cmp(&key::place_of(&b.rows, bt));
    let content = || match (a.content(at), b.content(bt)) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    let all = || key::sort_key(&a.rows.event(at)).cmp(&key::sort_key(&b.rows.event(bt)));
    time.then_with(place).then_with(content).then_with(all)
}

#[cfg(test)]
mod tests {
    use annals_core::table::to_batch;
    use annals_core::{Event, When, sample};

    use super::*;
    use crate::engine::chunk::Meta;

    #[test]
    fn prefix_and_whole_are_the_order_of_the_timeline() {
        let mut events: Vec<Event> = (0..200).map(sample::event).collect();
        let times = ["-9999", "9999", "..1900", "1985/..", "2025-09-10T10:00:00.000000001Z", "2025-09-10", "1950/9999"];
        events.extend(times.map(|text| Event::new().when(When::parse(text, None).unwrap())));
        events.push(Event::new());
        let meta = Meta { source: vec![0; events.len()], ..Meta::default() };
        let chunk = Chunk::new(&to_batch(&events, None), meta);
        for (a, one) in events.iter().enumerate() {
            for (b, other) in events.iter().enumerate() {
                let prefix = |row| Order::Time.prefix(&chunk, row);
                let found = prefix(a).cmp(&prefix(b)).then_with(|| compare((&chunk, a), (&chunk, b)));
                assert_eq!(found, key::sort_key(one).cmp(&key::sort_key(other)), "{one:?} {other:?}");
            }
        }
    }
}

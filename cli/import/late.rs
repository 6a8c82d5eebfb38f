//! Reads records that importers have left out, since they lie outside the windows of the filters, and that turn out to
//! be versions of events that do not.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use annals_core::host::Failure;
use annals_core::outside::{Outside, Windows};
use annals_core::plugin::{ImportRequest, Options};
use annals_core::table::{self, Pick};
use annals_core::{Fact, Host, Note};

use super::{Chosen, Importing, Stops, cannot_read, open, trouble_of};
use crate::engine::{Got, Intake, Late, Left, Numbers};
use crate::exit::Trouble;
use crate::interrupt;
use crate::record::{Common, ready};
use crate::registry::Entry;
use crate::source::{Opened, Source};

/// Lines of a source among which records are wanted.
struct Range<'a> {
    from: u64,
    /// The number of its first line, from 1.
    line: u64,
    to: u64,
    left: &'a [Left],
}

/// Reads `left`, which are in order of their sources and places. `stops` say of each source where a reading may begin.
pub fn read(
    sources: &[Source],
    importing: &Importing<'_>,
    numbers: &Numbers,
    stops: &[Stops],
    left: &[Left],
) -> Result<Late, Trouble> {
    let ranges: Vec<Range<'_>> = left
        .chunk_by(|a, b| a.source == b.source)
        .flat_map(|left| ranges(left, &stops[left[0].source as usize]))
        .collect();
    let threads = importing.threads.min(ranges.len()).max(1);
    let windows = importing.settings.filter.windows().unwrap_or_default();
    let found: Vec<Mutex<Vec<u64>>> = ranges.iter().map(|_| Mutex::default()).collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Got, Trouble> {
        let mut intake = Intake::late(importing.settings, numbers, threads);
        let mut reader: Option<Reader<'_>> = None;
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(range) = ranges.get(at) else { break };
            let number = range.left[0].source;
            let reader = match &mut reader {
                Some(reader) if reader.number == number => reader,
                other => other.insert(Reader::of(&sources[number as usize], number, importing)?),
            };
            *found[at].lock().unwrap_or_else(PoisonError::into_inner) = reader.read(range, &windows, &mut intake)?;
        }
        intake.finish()
    };
    let got: Vec<Result<Got, Trouble>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let own = work();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        std::iter::once(own).chain(threads.into_iter().map(join)).collect()
    });
    let numbers = found.into_iter().flat_map(|one| one.into_inner().unwrap_or_else(PoisonError::into_inner)).collect();
    Ok(Late { got: got.into_iter().collect::<Result<_, _>>()?, numbers })
}

/// Where to read what is wanted of one source: from the stop before it to the one behind it, what is near at once.
fn ranges<'a>(left: &'a [Left], stops: &Stops) -> Vec<Range<'a>> {
    let stop = |one: &Left| stops.partition_point(|(offset, _)| *offset <= one.place).saturating_sub(1);
    let near = |a: &Left, b: &Left| stop(b) <= stop(a) + 1;
    let range = |left: &'a [Left]| {
        let (first, last) = (stop(&left[0]), stop(&left[left.len() - 1]));
        let (from, line) = stops[first];
        Range { from, line, to: stops.get(last + 1).map_or(u64::MAX, |(offset, _)| *offset), left }
    };
    left.chunk_by(near).map(range).collect()
}

/// A source that is read again.
struct Reader<'a> {
    number: u32,
    source: &'a Source,
    entry: &'a Entry,
    options: Options,
    common: Common,
    request: ImportRequest,
}

impl<'a> Reader<'a> {
    fn of(source: &'a Source, number: u32, importing: &'a Importing<'_>) -> Result<Self, Trouble> {
        let Chosen { entry, common, options, .. } = open(source, importing.from, importing.registry)?;
        let request = ImportRequest {
            max_record: importing.limits.max_record,
            batch_rows: importing.settings.batch_rows(),
            ..ImportRequest::default()
        };
        Ok(Self { number, source, entry, options, common, request })
    }

    /// Takes in what is wanted of a range, and gives the numbers of the rows.
    fn read(&self, range: &Range<'_>, windows: &Windows, intake: &mut Intake<'_>) -> Result<Vec<u64>, Trouble> {
        let opened = Opened::part(&self.source.path, range.from, range.to)
            .map_err(|error| cannot_read(self.source).cause(error))?;
        let mut request = ImportRequest { options: self.options.clone(), ..self.request.clone() };
        let place = [("part-offset", range.from), ("part-line", range.line - 1)];
        request.options.0.extend(place.map(|(name, n)| (name.to_owned(), n.into())));
        let host = Asker { windows, left: range.left, next: Cell::new(0), rows: RefCell::default() };
        let trouble = |failure| trouble_of(failure, self.source, self.entry);
        let import = self.entry.format.import(opened, &self.source.label, &request, &host);
        let mut stream = import.map_err(trouble)?;
        let (mut numbers, mut before) = (Vec::with_capacity(range.left.len()), 0);
        while let Some(batch) = stream.next_batch().map_err(trouble)? {
            let behind = before + batch.num_rows() as u64;
            let mut rows = host.rows.borrow_mut();
            let count = rows.partition_point(|row| *row < behind);
            let picks: Vec<Pick> =
                rows.drain(..count).map(|row| Pick { batch: 0, row: (row - before) as u32 }).collect();
            before = behind;
            if picks.is_empty() {
                continue;
            }
            let (batch, local) = ready(&table::gather(&[&batch], &picks), &self.source.label, &self.common)
                .map_err(|error| trouble(Failure::Plugin(error)))?;
            let first = intake.add_late(self.number, &batch, local)?;
            numbers.extend((first..).take(picks.len()));
        }
        if numbers.len() < range.left.len() {
            return Err(cannot_read(self.source).cause("it has changed while it was read"));
        }
        Ok(numbers)
    }
}

/// Asks for the rows of what is wanted, and for nothing else.
struct Asker<'a> {
    windows: &'a Windows,
    left: &'a [Left],
    next: Cell<usize>,
    /// The rows that are wanted, by their number among those that come.
    rows: RefCell<Vec<u64>>,
}

impl Host for Asker<'_> {
    fn cancelled(&self) -> bool {
        interrupt::requested()
    }

    fn note(&self, _: &Note) {}

    fn fact(&self, _: &Fact) {}

    fn windows(&self) -> Option<&Windows> {
        Some(self.windows)
    }

    fn outside(&self, record: &Outside<'_>) -> bool {
        let is_next = self.left.get(self.next.get()).is_some_and(|left| left.place == record.offset);
        if is_next {
            self.next.set(self.next.get() + 1);
            self.rows.borrow_mut().push(record.row);
        }
        is_next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_read_at_once() {
        let stops = vec![(0, 1), (100, 5), (200, 9), (300, 13), (400, 17)];
        let check = |places: &[u64], expected: &[(u64, u64, u64, usize)]| {
            let left: Vec<Left> = places.iter().map(|&place| Left { source: 0, place, first: 0 }).collect();
            let found: Vec<_> =
                ranges(&left, &stops).iter().map(|one| (one.from, one.line, one.to, one.left.len())).collect();
            assert_eq!(found, expected);
        };
        check(&[0], &[(0, 1, 100, 1)]);
        check(&[10, 150, 420], &[(0, 1, 200, 2), (400, 17, u64::MAX, 1)]);
        check(&[99, 300, 301], &[(0, 1, 100, 1), (300, 13, 400, 2)]);
    }
}

//! Large inputs whose lines are records of their own are read in parts, several at once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::sync::Mutex;

use serde_json::Value;

use crate::registry::Entry;

/// A part of an input: whole lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first byte.
    pub from: u64,
    /// The byte after its last.
    pub to: u64,
    /// How many lines come before it.
    pub line: u64,
}

/// Whether the format reads each line for itself; see [`annals_core::FormatInfo::options`].
pub fn can_split(entry: &Entry) -> bool {
    serde_json::from_str::<Value>(&entry.format.options()).is_ok_and(|schema| schema["parts"] == "lines")
}

/// Cuts a regular file into parts of about `size` bytes each.
pub fn split(path: &str, size: u64, threads: usize) -> io::Result<Vec<Part>> {
    let len = std::fs::metadata(path)?.len();
    let mut cuts = vec![0];
    let mut file = BufReader::new(File::open(path)?);
    for near in (1..).map(|n| n * size).take_while(|near| near + size / 2 < len) {
        if cuts.last().is_some_and(|last| near <= *last) {
            continue;
        }
        file.seek(SeekFrom::Start(near))?;
        let cut = near + file.skip_until(b'\n')? as u64;
        if cut >= len {
            break;
        }
        cuts.push(cut);
    }
    cuts.push(len);
    let ranges: Vec<(u64, u64)> = cuts.windows(2).map(|cut| (cut[0], cut[1])).collect();
    let counts = count_lines(path, &ranges, threads)?;
    let mut line = 0;
    let parts = ranges.iter().zip(counts).map(|(&(from, to), count)| {
        let part = Part { from, to, line };
        line += count;
        part
    });
    Ok(parts.collect())
}

/// How many lines end in each range.
fn count_lines(path: &str, ranges: &[(u64, u64)], threads: usize) -> io::Result<Vec<u64>> {
    let count = |&(from, to): &(u64, u64)| -> io::Result<u64> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(from))?;
        let mut file = BufReader::with_capacity(256 << 10, io::Read::take(file, to - from));
        let mut lines = 0;
        loop {
            let bytes = file.fill_buf()?;
            if bytes.is_empty() {
                return Ok(lines);
            }
            lines += memchr::memchr_iter(b'\n', bytes).count() as u64;
            let len = bytes.len();
            file.consume(len);
        }
    };
    let counts: Mutex<Vec<(usize, io::Result<u64>)>> = Mutex::default();
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(ranges.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let Some(range) = ranges.get(at) else { return };
                    let counted = count(range);
                    counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, counted));
                }
            });
        }
    });
    let mut counts = counts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    counts.sort_by_key(|(at, _)| *at);
    counts.into_iter().map(|(_, count)| count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_lines() {
        let check = |text: &str, size: u64, expected: &[&str]| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x");
            std::fs::write(&path, text).unwrap();
            let parts = split(path.to_str().unwrap(), size, 3).unwrap();
            let texts: Vec<&str> = parts.iter().map(|part| &text[part.from as usize..part.to as usize]).collect();
            assert_eq!(texts, expected);
            for part in parts {
                assert_eq!(part.line as usize, text[..part.from as usize].matches('\n').count());
            }
        };
        check("aa\nbb\ncc\ndd\n", 4, &["aa\nbb\n", "cc\n", "dd\n"]);
        check("aa\nbb\ncc\ndd", 3, &["aa\nbb\n", "cc\ndd"]);
        check("aaaaaaaaaa\nb\nc\n", 3, &["aaaaaaaaaa\n", "b\n", "c\n"]);
        check("aaaaaaaaaa", 3, &["aaaaaaaaaa"]);
        check("", 3, &[""]);
    }
}

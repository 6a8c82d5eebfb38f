//! Counts what a plugin tells, and says when it is too much.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::Failure;
use super::limits::{MAX_CODE, MAX_CODES, MAX_FACTS, MAX_TEXT, fit, most_facts, most_notes, one_line};
use crate::error::Error;
use crate::note::Note;
use crate::plugin::MAX_REJECT_BYTES;

/// What one call or worker has told.
#[derive(Default)]
pub struct Tally {
    /// Notes of each kind, by its number.
    pub notes: [u64; 5],
    codes: HashSet<String>,
    facts: HashSet<[u8; 32]>,
    /// How many facts have been told, the same ones too, and how many bytes they have without those.
    fact_count: u64,
    fact_bytes: usize,
}

fn breach(text: &str) -> Failure {
    Failure::Plugin(Error::new(format!("the plugin broke the ABI: {text}")))
}

impl Tally {
    /// How much has been told; it grows with everything that is.
    pub(super) fn told(&self) -> u64 {
        self.notes.iter().sum::<u64>() + self.fact_count
    }

    /// Counts a note, and cuts it to what is kept. `read` = how many bytes of the input have been read, where that is
    /// known.
    pub fn note(&mut self, note: &mut Note, read: Option<u64>) -> Result<(), Failure> {
        if let Some(read) = read.filter(|&read| self.notes.iter().sum::<u64>() >= most_notes(read)) {
            return Err(breach(&format!("more than {} notes about {read} bytes", most_notes(read))));
        }
        note.code = one_line(fit(&mut note.code, MAX_CODE));
        fit(&mut note.text, MAX_TEXT);
        note.event.as_mut().map(|event| fit(event, MAX_TEXT));
        note.bytes.truncate(MAX_REJECT_BYTES);
        if !self.codes.contains(&note.code) {
            if self.codes.len() == MAX_CODES {
                return Err(breach(&format!("notes of more than {MAX_CODES} codes")));
            }
            self.codes.insert(note.code.clone());
        }
        self.notes[note.kind as usize] += 1;
        Ok(())
    }

    /// Counts a fact; whether it is a new one. A fact that has been told is told: calendars repeat their time zones.
    pub fn fact(&mut self, kind: &[u8], key: &[u8], json: &[u8], read: Option<u64>) -> Result<bool, Failure> {
        self.fact_count += 1;
        if let Some(read) = read.filter(|&read| self.fact_count > most_notes(read)) {
            return Err(breach(&format!("more than {} facts about {read} bytes", most_notes(read))));
        }
        let mut hash = Sha256::new();
        for part in [kind, key, json] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        if !self.facts.insert(hash.finalize().into()) {
            return Ok(false);
        }
        self.fact_bytes += 64 + kind.len() + key.len() + json.len();
        if self.fact_bytes <= MAX_FACTS {
            return Ok(true);
        }
        match read.filter(|&read| self.fact_bytes as u64 > most_facts(read)) {
            Some(read) => Err(breach(&format!("more than {MAX_FACTS} bytes of facts about {read} bytes"))),
            None => Err(Failure::Refused(Error::new(format!(
                "what it says of all its records (calendars, time zones) is above {MAX_FACTS} bytes"
            )))),
        }
    }
}

/// Cuts an error to what is told.
pub fn fit_error(mut error: Error) -> Error {
    fit(&mut error.message, MAX_TEXT);
    error.hint.as_mut().map(|hint| fit(hint, MAX_TEXT));
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::NoteKind;

    fn note(code: &str) -> Note {
        let text = "x".repeat(2 * MAX_TEXT);
        let bytes = vec![0; MAX_REJECT_BYTES + 1];
        Note { kind: NoteKind::Reject, code: code.to_owned(), text, event: None, locator: None, bytes }
    }

    fn tell(failure: Failure) -> String {
        match failure {
            Failure::Plugin(error) => format!("plugin: {error}"),
            Failure::Refused(error) => format!("refused: {error}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn notes_are_cut_and_counted() {
        let (mut tally, mut long) = (Tally::default(), note("\u{1b}[1m"));
        tally.note(&mut long, Some(0)).unwrap();
        assert_eq!((long.code.as_str(), long.text.len(), long.bytes.len()), ("\u{fffd}[1m", MAX_TEXT + 3, 1 << 20));
        let told = (0..1 << 20).find_map(|_| tally.note(&mut note("a"), Some(1)).err()).map(tell);
        assert_eq!(told.unwrap(), "plugin: the plugin broke the ABI: more than 65540 notes about 1 bytes");
    }

    #[test]
    fn codes_are_few() {
        let mut tally = Tally::default();
        let told = (0..1000).find_map(|n| tally.note(&mut note(&n.to_string()), None).err()).map(tell);
        assert_eq!(told.unwrap(), "plugin: the plugin broke the ABI: notes of more than 256 codes");
    }

    #[test]
    fn facts_are_told_once_and_have_a_bound() {
        let mut tally = Tally::default();
        assert!(tally.fact(b"k", b"a", b"1", Some(9)).unwrap() && tally.fact(b"ka", b"", b"1", Some(9)).unwrap());
        assert!(!tally.fact(b"k", b"a", b"1", Some(9)).unwrap());
        let large = vec![b'1'; MAX_FACTS];
        let check = |read, expected: &str| {
            let told = Tally::default().fact(b"k", b"k", &large, read).map_err(tell).unwrap_err();
            assert!(told.starts_with(expected), "{told}");
        };
        check(Some(10), "plugin: the plugin broke the ABI: more than 67108864 bytes of facts about 10 bytes");
        check(Some(MAX_FACTS as u64), "refused: what it says of all its records");
        check(None, "refused: what it says of all its records");
    }
}

//! What a plugin tells during one call: notes and facts, passed on to the host within bounds.
//!
//! However a plugin is carried, what it tells comes through here. Nothing more is passed on after the first failure.

use std::collections::HashSet;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Failure;
use super::limits::{MAX_CODE, MAX_CODES, MAX_FACTS, MAX_TEXT, most_facts, most_notes, one_line, shortened};
use crate::claim::Locator;
use crate::error::Error;
use crate::note::{Note, NoteKind};
use crate::plugin::{Fact, Host, MAX_REJECT_BYTES};

/// A note as a plugin tells it, not yet looked at.
#[derive(Clone, Copy, Debug)]
pub struct RawNote<'a> {
    /// What happened.
    pub kind: NoteKind,
    /// The code.
    pub code: &'a [u8],
    /// A sentence.
    pub text: &'a [u8],
    /// The id of the event; empty = none.
    pub event: &'a [u8],
    /// Where the record stands.
    pub locator: Option<Locator>,
    /// The record.
    pub bytes: &'a [u8],
}

impl<'a> RawNote<'a> {
    /// From a note.
    pub fn of(note: &'a Note) -> Self {
        Self {
            kind: note.kind,
            code: note.code.as_bytes(),
            text: note.text.as_bytes(),
            event: note.event.as_deref().unwrap_or_default().as_bytes(),
            locator: note.locator,
            bytes: &note.bytes,
        }
    }
}

/// Passes on what a plugin tells during one call, counts it, and holds it to its bounds.
pub struct Told<'h> {
    host: &'h dyn Host,
    notes: [u64; 5],
    codes: HashSet<String>,
    facts: HashSet<[u8; 32]>,
    /// How many facts have been told, the same ones too, and how many bytes they have without those.
    fact_count: u64,
    fact_bytes: usize,
    /// The first thing for which the call counts as failed, whatever the plugin says.
    failure: Option<Failure>,
}

impl<'h> Told<'h> {
    /// Nothing has been told yet.
    pub fn new(host: &'h dyn Host) -> Self {
        Self {
            host,
            notes: [0; 5],
            codes: HashSet::new(),
            facts: HashSet::new(),
            fact_count: 0,
            fact_bytes: 0,
            failure: None,
        }
    }

    /// Who is told.
    pub fn host(&self) -> &'h dyn Host {
        self.host
    }

    /// How many notes of a kind have been told.
    pub fn notes(&self, kind: NoteKind) -> u64 {
        self.notes[kind as usize]
    }

    /// How much has been told; it grows with everything that is new.
    pub fn count(&self) -> u64 {
        self.notes.iter().sum::<u64>() + self.facts.len() as u64
    }

    /// Whether the call counts as failed: the plugin broke the contract, or its input has more facts than can be kept.
    pub fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// Why, once.
    pub fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// The plugin broke the contract.
    pub fn breach(&mut self, text: &str) {
        self.failure.get_or_insert_with(|| Failure::Plugin(Error::new(format!("the plugin broke the ABI: {text}"))));
    }

    /// Texts that are not UTF-8 are mended, unless the host is strict.
    fn expect_texts(&mut self, of: &str, texts: [&[u8]; 3]) {
        if let Some(bad) = texts.into_iter().find(|text| str::from_utf8(text).is_err()).filter(|_| self.host.strict()) {
            self.breach(&format!("{of} with a text that is not UTF-8: {:?}", String::from_utf8_lossy(bad)));
        }
    }

    /// Passes on a note. `read` is how many bytes of the input have been read, `None` where there is none: no input has
    /// more to be told of than a few things a byte.
    pub fn note(&mut self, note: RawNote<'_>, read: Option<u64>) {
        if self.has_failed() {
            return;
        }
        if let Some(read) = read.filter(|read| self.notes.iter().sum::<u64>() >= most_notes(*read)) {
            return self.breach(&format!("more than {} notes about {read} bytes", most_notes(read)));
        }
        let code = one_line(&shortened(note.code, MAX_CODE));
        if !self.codes.contains(&code) {
            if self.codes.len() == MAX_CODES {
                return self.breach(&format!("notes of more than {MAX_CODES} codes"));
            }
            self.codes.insert(code.clone());
        }
        self.notes[note.kind as usize] += 1;
        self.expect_texts("a note", [note.code, note.text, note.event]);
        let event = shortened(note.event, MAX_TEXT);
        self.host.note(&Note {
            kind: note.kind,
            code,
            text: shortened(note.text, MAX_TEXT),
            event: (!event.is_empty()).then_some(event),
            locator: note.locator,
            bytes: note.bytes[..note.bytes.len().min(MAX_REJECT_BYTES)].to_vec(),
        });
    }

    /// Passes on a fact whose value is JSON, unless it has been told already: calendars repeat their time zones. `read` as
    /// for notes.
    pub fn fact(&mut self, kind: &[u8], key: &[u8], json: &[u8], read: u64) {
        if !self.is_new([kind, key, json], read) {
            return;
        }
        let [kind, key, json] = [kind, key, json].map(|part| String::from_utf8_lossy(part).into_owned());
        match serde_json::from_str(&json) {
            Ok(value) => self.host.fact(&Fact { kind, key, value }),
            Err(error) => self.breach(&format!("a fact `{}` that is not JSON: {error}", one_line(&kind))),
        }
    }

    /// The same for a fact whose value has been read.
    pub fn parsed_fact(&mut self, fact: &Fact, read: u64) {
        let json = match &fact.value {
            // Many facts are a text, which need not be escaped to be counted.
            Value::String(text) => format!("\"{text}"),
            value => value.to_string(),
        };
        if self.is_new([fact.kind.as_bytes(), fact.key.as_bytes(), json.as_bytes()], read) {
            self.host.fact(fact);
        }
    }

    /// Counts a fact; whether it is to be passed on.
    fn is_new(&mut self, parts: [&[u8]; 3], read: u64) -> bool {
        if self.has_failed() {
            return false;
        }
        self.expect_texts("a fact", parts);
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        });
        self.fact_count += 1;
        if self.fact_count > most_notes(read) {
            self.breach(&format!("more than {} facts about {read} bytes", most_notes(read)));
            return false;
        }
        if !self.facts.insert(hash.finalize().into()) {
            return false;
        }
        self.fact_bytes += 64 + parts.iter().map(|part| part.len()).sum::<usize>();
        if self.fact_bytes <= MAX_FACTS {
            return true;
        }
        if self.fact_bytes as u64 > most_facts(read) {
            self.breach(&format!("more than {MAX_FACTS} bytes of facts about {read} bytes"));
        } else {
            let text = format!("what it says of all its records (calendars, time zones) is above {MAX_FACTS} bytes");
            self.failure = Some(Failure::Refused(Error::new(text)));
        }
        false
    }
}

/// An error of a plugin as it may be shown: its texts on one line each, without control characters, and not endless.
pub fn presentable(error: Error) -> Error {
    let text = |text: String| one_line(&shortened(text.as_bytes(), MAX_TEXT));
    Error { message: text(error.message), hint: error.hint.map(text), ..error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Recorder;

    fn note(code: &str) -> Note {
        Note {
            kind: NoteKind::Repair,
            code: code.to_owned(),
            text: "t".repeat(MAX_TEXT + 1),
            event: Some("e".repeat(MAX_TEXT + 1)),
            locator: None,
            bytes: vec![b'x'; MAX_REJECT_BYTES + 1],
        }
    }

    /// What comes of telling; the number of notes and facts that were passed on, and the failure.
    fn check(tell: impl FnOnce(&mut Told<'_>), expected: (usize, usize, &str)) {
        let host = Recorder::default();
        let mut told = Told::new(&host);
        tell(&mut told);
        let failure = match told.take_failure() {
            Some(Failure::Plugin(error) | Failure::Refused(error)) => error.message,
            _ => String::new(),
        };
        assert_eq!((host.notes.take().len(), host.facts.take().len(), failure.as_str()), expected);
    }

    #[test]
    fn notes_are_cut_and_cleaned() {
        let host = Recorder::default();
        let mut told = Told::new(&host);
        told.note(RawNote::of(&note(&format!("\u{1b}{}", "c".repeat(100)))), None);
        let found = host.notes.take().remove(0);
        assert_eq!(found.code, format!("\u{fffd}{}…", "c".repeat(63)));
        let cut = |letter: &str| format!("{}…", letter.repeat(MAX_TEXT));
        assert_eq!((found.text, found.event), (cut("t"), Some(cut("e"))));
        assert_eq!(found.bytes.len(), MAX_REJECT_BYTES);
    }

    #[test]
    fn notes_are_in_proportion_to_what_was_read() {
        let short = Note { text: String::new(), event: None, bytes: Vec::new(), ..note("c") };
        let tell = |count: usize, read| {
            let short = short.clone();
            move |told: &mut Told<'_>| (0..count).for_each(|_| told.note(RawNote::of(&short), read))
        };
        let flood = "the plugin broke the ABI: more than 65536 notes about 0 bytes";
        check(tell(65_537, Some(0)), (65_536, 0, flood));
        check(tell(65_540, Some(1)), (65_540, 0, ""));
        check(tell(70_000, None), (70_000, 0, ""));
    }

    #[test]
    fn codes_are_few() {
        let tell = |told: &mut Told<'_>| {
            (0..300).for_each(|n| {
                told.note(
                    RawNote { kind: NoteKind::Reject, code: n.to_string().as_bytes(), ..RawNote::of(&note("")) },
                    None,
                )
            });
        };
        check(tell, (256, 0, "the plugin broke the ABI: notes of more than 256 codes"));
    }

    #[test]
    fn facts_are_told_once_and_bounded() {
        let fact = |key: String, size: usize| Fact { kind: "k".into(), key, value: "v".repeat(size).into() };
        check(|told| (0..9).for_each(|_| told.parsed_fact(&fact("a".into(), 3), 0)), (0, 1, ""));
        check(|told| (0..9).for_each(|_| told.fact(b"k", b"a", b"[1]", 0)), (0, 1, ""));
        check(
            |told| told.fact(b"k", b"a", b"[", 0),
            (
                0,
                0,
                "the plugin broke the ABI: a fact `k` that is not JSON: EOF while parsing a list at line 1 column 1",
            ),
        );
        let large = |read| {
            move |told: &mut Told<'_>| (0..5).for_each(|n: u32| told.parsed_fact(&fact(n.to_string(), 20 << 20), read))
        };
        check(large(0), (0, 3, "the plugin broke the ABI: more than 67108864 bytes of facts about 0 bytes"));
        let refused = "what it says of all its records (calendars, time zones) is above 67108864 bytes";
        check(large(1 << 30), (0, 3, refused));
        let flood = |told: &mut Told<'_>| (0..70_000).for_each(|_| told.fact(b"", b"", b"1", 0));
        check(flood, (0, 1, "the plugin broke the ABI: more than 65536 facts about 0 bytes"));
    }

    #[test]
    fn errors_are_presentable() {
        let error = presentable(Error::new("a\nb\u{1b}").hint("x".repeat(MAX_TEXT + 9)).at(1, 2));
        assert_eq!(error.message, "a\u{fffd}b\u{fffd}");
        assert_eq!(error.hint.map(|hint| hint.len()), Some(MAX_TEXT + "…".len()));
        assert_eq!((error.offset, error.line), (Some(1), Some(2)));
    }
}

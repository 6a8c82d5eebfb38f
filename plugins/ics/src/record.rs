//! One component of a file: its bytes, its lines, and the event that they tell of.

use std::sync::Arc;

use annals_core::{Event, Locator};
use serde_json::Value;

use crate::charset;
use crate::extra::{Extra, reduce};
use crate::fold::unfold;
use crate::line::{Line, without_controls};
use crate::read::{Fault, Reading, read_slot};
use crate::slot::Slot;
use crate::write::{WriteOptions, Writing};

/// A component as it stands in the source.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The component's name in upper case.
    pub name: String,
    /// Its content lines, from BEGIN to END.
    pub raw: Vec<u8>,
    /// Its bytes in the source, where these are not `raw`.
    pub source: Arc<[u8]>,
    /// Where its content lines are in `raw`, and their line numbers.
    pub spans: Vec<(usize, usize, u64)>,
    /// Where it is in the source.
    pub at: Locator,
    /// Whether a CR alone ends a line.
    pub bare_cr: bool,
}

/// What had to be repaired: a code and a text.
pub(crate) type Repairs = Vec<(&'static str, String)>;

impl Record {
    /// A component that was no content lines in its source: those that say the same, with the numbers of the lines that
    /// they are from, and its bytes there.
    pub fn of_lines(name: String, lines: &[(String, u64)], at: Locator, source: Arc<[u8]>) -> Self {
        let mut record = Self { name, at, source, ..Self::default() };
        for (line, number) in lines {
            let start = record.raw.len();
            record.raw.extend_from_slice(line.as_bytes());
            record.spans.push((start, record.raw.len(), *number));
        }
        record
    }

    /// Its bytes in the source.
    pub fn bytes(&self) -> &[u8] {
        if self.source.is_empty() { &self.raw } else { &self.source }
    }

    /// Its bytes in the source.
    pub fn into_bytes(self) -> Vec<u8> {
        if self.source.is_empty() { self.raw } else { self.source.to_vec() }
    }

    /// The content lines, unfolded, from BEGIN to END.
    pub fn lines(&self, repairs: &mut Repairs) -> Vec<Line> {
        let lines = self
            .spans
            .iter()
            .filter_map(|&(start, end, number)| decode(&self.raw[start..end], self.bare_cr, number, repairs));
        lines.collect()
    }

    /// The content lines with an END for each BEGIN.
    pub fn balanced(&self, repairs: &mut Repairs) -> Vec<Line> {
        let mut balanced = Vec::with_capacity(self.spans.len());
        let mut open: Vec<String> = Vec::new();
        let end = |name: String| Line::parse(format!("END:{name}"), 0).ok();
        for line in self.lines(repairs) {
            let name = || line.value().trim().to_ascii_uppercase();
            if line.is("BEGIN") {
                open.push(name());
            } else if line.is("END") {
                let name = name();
                let Some(at) = open.iter().rposition(|open| *open == name) else { continue };
                balanced.extend(open.drain(at + 1..).rev().filter_map(end));
                open.pop();
            }
            balanced.push(line);
            if open.is_empty() {
                break;
            }
        }
        balanced.extend(open.drain(..).rev().filter_map(end));
        balanced
    }

    /// The lines of the component itself, and those of its sub-components, all with an END.
    fn split(&self, repairs: &mut Repairs) -> (Vec<Line>, Vec<String>) {
        let (mut own, mut subs) = (Vec::with_capacity(self.spans.len()), Vec::new());
        let mut open: Vec<String> = Vec::new();
        for line in self.lines(repairs) {
            let name = || line.value().trim().to_ascii_uppercase();
            if line.is("BEGIN") {
                open.push(name());
                if open.len() == 1 {
                    continue;
                }
            } else if line.is("END") {
                let name = name();
                let Some(at) = open.iter().rposition(|open| *open == name) else {
                    repair(repairs, "bad-line", format!("{} ends nothing, and is left out", line.shown()));
                    continue;
                };
                for missing in open.drain(at + 1..).rev() {
                    repair(repairs, "missing-end", format!("{}: {missing} has no END", line.shown()));
                    subs.push(format!("END:{missing}"));
                }
                open.pop();
                if open.is_empty() {
                    break;
                }
                subs.push(line.into_text());
                continue;
            }
            if open.len() == 1 {
                own.push(line);
            } else {
                subs.push(line.into_text());
            }
        }
        // The component itself may have no END either.
        subs.extend(open.drain(..).skip(1).rev().map(|missing| format!("END:{missing}")));
        (own, subs)
    }

    /// The event that the component tells of. `calendar` has the calendar's name, `cx` its zones.
    pub fn event(&self, calendar: Option<&str>, cx: &mut Reading<'_>) -> Result<Event, (Fault, Option<String>)> {
        let (mut own, subs) = self.split(&mut cx.repairs);
        let mut event = Event { kind: Some(self.name.clone()), lane: calendar.map(str::to_owned), ..Event::new() };
        own.sort_by_key(|line| line.slot);
        for lines in own.chunk_by(|a, b| a.slot == b.slot) {
            let lines: Vec<&Line> = lines.iter().collect();
            if let Err(fault) = read_slot(lines[0].slot, &lines, &mut event, cx) {
                return Err((fault, event.id));
            }
        }
        for line in own.iter_mut().filter(|line| cx.unusable.iter().any(|text| line.text() == text)) {
            *line = Line::keeping(line.text(), line.number);
        }
        if event.claims.is_empty() {
            event = event.at(self.at);
        }
        let others = own.iter().find(|line| line.slot == Slot::Annals && line.is("X-ANNALS-EXTRA"));
        let others = others.map(|line| (line, serde_json::from_str(&line.text_value())));
        let others = match others {
            Some((_, Ok(Value::Object(object)))) => Some(object),
            Some((line, _)) => {
                cx.repair("bad-extra", format!("{} is no JSON object, and is left out", line.shown()));
                None
            }
            None => None,
        };
        let mut extra = Extra { lines: own, subs, others };
        let writing = Writing {
            zones: cx.zones,
            calendar,
            options: WriteOptions { vague_spans: true, ..WriteOptions::default() },
        };
        if let Some(text) = reduce(&mut extra, &event, writing) {
            cx.repair("edtf-differs", text);
        }
        event.extra = extra.into_json();
        Ok(event)
    }
}

/// Notes a repair. The last ones are looked at only, so that a record of many odd lines does not take long.
pub(crate) fn repair(repairs: &mut Repairs, code: &'static str, text: String) {
    let repair = (code, text);
    if !repairs.iter().rev().take(8).any(|known| *known == repair) {
        repairs.push(repair);
    }
}

/// A content line from its bytes: unfolded, then decoded, without control characters. `None` if nothing is left.
pub(crate) fn decode(raw: &[u8], bare_cr: bool, number: u64, repairs: &mut Repairs) -> Option<Line> {
    let bytes = unfold(raw, bare_cr);
    let text = match String::from_utf8(bytes.into_owned()) {
        Ok(text) => text,
        Err(error) => {
            let (charset, text) = charset::guess(error.as_bytes());
            repair(repairs, "not-utf8", format!("line {number} is not UTF-8, and is read as {charset}"));
            text
        }
    };
    let clean = without_controls(&text);
    if clean.len() != text.len() {
        repair(repairs, "control-characters", format!("control characters in line {number} are left out"));
    }
    // White space at the front would make it part of the line before.
    let clean = clean.trim_start_matches([' ', '\t', '\u{feff}']);
    if clean.trim().is_empty() {
        return None;
    }
    let line = Line::parse(clean.to_owned(), number).unwrap_or_else(|text| {
        let line = Line::keeping(&text, number);
        repair(repairs, "bad-line", format!("line {number} is no content line, and is kept as {}", line.name()));
        line
    });
    Some(match line.with_sound_params() {
        None => line,
        Some((sound, odd)) => {
            let text = format!("{}: `{odd}` is not as parameters are written", line.shown());
            repair(repairs, "bad-parameter", text);
            sound
        }
    })
}

//! Writing rows of the event table as canonical JSON, without events between: [`super::write_line`] says what is
//! written, this writes the same bytes.

use std::cell::RefCell;

use super::write::{extent_name, part_name, precision_name, qualifier_name, write_embedded, write_string};
use crate::claim::Locator;
use crate::table::{ActorText, ClaimText, Code, Degrees, Number, Rows, Text};
use crate::when::{Clock, Extent, Part, Precision, Qualifier};

/// Writes the rows of one batch.
pub struct RowWriter<'a> {
    rows: &'a Rows,
    /// What stands before each value that not all rows lack: its key, and the keys before it that they do.
    steps: Vec<(String, Step)>,
    /// What stands behind the last value.
    tail: String,
    /// The same for a claim.
    claim: Vec<(String, ClaimStep)>,
    claim_tail: String,
    /// What was written before, since most rows have much of the row before.
    last: RefCell<Last>,
}

/// Texts of what was written last.
#[derive(Default)]
struct Last {
    /// The extent and what follows it, with what they are made of.
    codes: Option<([u8; 5], String)>,
    clock: Clock,
}

/// A value of a row.
#[derive(Clone, Copy)]
enum Step {
    Text(Text),
    Revision,
    Instant(Number),
    When,
    Degrees(Degrees),
    Tags,
    Actors,
    Claims,
    Extra,
}

/// A value of a claim.
#[derive(Clone, Copy)]
enum ClaimStep {
    Text(ClaimText),
    Revision,
    Modified,
    Locator,
    Differs,
}

impl<'a> RowWriter<'a> {
    /// A writer of `rows`.
    pub fn new(rows: &'a Rows) -> Self {
        let (steps, tail) = plan(super::FIELDS.iter().map(|field| field.name), |key| step(rows, key));
        let claims = super::CLAIM_FIELDS.iter().map(|field| field.name);
        let (claim, claim_tail) = plan(claims, |key| claim_step(rows, key));
        Self { rows, steps, tail, claim, claim_tail, last: RefCell::default() }
    }

    /// Appends a row as one line of canonical JSON, without the line end: what [`super::write_line`] makes of its
    /// event.
    pub fn write(&self, row: usize, out: &mut String) {
        for (before, step) in &self.steps {
            out.push_str(before);
            self.value(*step, row, out);
        }
        out.push_str(&self.tail);
    }

    #[inline]
    fn value(&self, step: Step, row: usize, out: &mut String) {
        match step {
            Step::Text(column) => text(self.rows.text(column, row), out),
            Step::Revision => number(self.rows.number(Number::Revision, row), out),
            Step::Instant(column) => self.instant(self.rows.number(column, row), out),
            Step::When => self.when(row, out),
            Step::Degrees(column) => degrees(self.rows.degrees(column, row), out),
            Step::Tags => array(self.rows.tags(row), out, write_string),
            Step::Actors => array(self.rows.actors(row), out, |at, out| self.actor(at, out)),
            Step::Claims => array(self.rows.claims(row), out, |at, out| self.claim(at, out)),
            Step::Extra => embedded(self.rows.text(Text::Extra, row), out),
        }
    }

    /// From the value of `when` to that of `part`.
    fn when(&self, row: usize, out: &mut String) {
        let rows = self.rows;
        let edtf = rows.text(Text::Edtf, row);
        match edtf {
            None => out.push_str("null,\"start\":null,\"end\":null"),
            Some(edtf) => write_edtf(edtf, out),
        }
        out.push_str(",\"bounds\":");
        let bounds = [Number::StartLo, Number::StartHi, Number::EndLo, Number::EndHi].map(|of| rows.number(of, row));
        if bounds == [None; 4] {
            out.push_str("null");
        } else {
            let is_zoned = rows.text(Text::Zone, row).is_some_and(|zone| zone != "floating");
            let clock = &mut self.last.borrow_mut().clock;
            if !plain_bounds(bounds, is_zoned, clock, out) {
                out.push_str("{\"start\":[");
                bound_pair(bounds[0], bounds[1], is_zoned, clock, out);
                out.push_str("],\"end\":[");
                bound_pair(bounds[2], bounds[3], is_zoned, clock, out);
                out.push_str("]}");
            }
        }
        let [extent, precision, qualifier, part] =
            [Code::Extent, Code::Precision, Code::Qualifier, Code::Part].map(|column| rows.code(column, row));
        let codes = [extent, precision, qualifier, part, u8::from(edtf.is_some())];
        let last = &mut self.last.borrow_mut().codes;
        match last {
            Some((same, text)) if *same == codes => out.push_str(text),
            _ => {
                let mut text = String::new();
                write_codes(codes, &mut text);
                out.push_str(&text);
                *last = Some((codes, text));
            }
        }
    }

    fn instant(&self, us: Option<i64>, out: &mut String) {
        let Some(us) = us else { return out.push_str("null") };
        out.push('"');
        self.last.borrow_mut().clock.write(us, true, out);
        out.push('"');
    }

    fn actor(&self, at: usize, out: &mut String) {
        for (before, field) in
            [("{\"name\":", ActorText::Name), (",\"role\":", ActorText::Role), (",\"address\":", ActorText::Address)]
        {
            out.push_str(before);
            text(self.rows.actor_text(field, at), out);
        }
        out.push('}');
    }

    fn claim(&self, at: usize, out: &mut String) {
        for (before, step) in &self.claim {
            out.push_str(before);
            match *step {
                ClaimStep::Text(field) => text(self.rows.claim_text(field, at), out),
                ClaimStep::Revision => number(self.rows.claim_revision(at), out),
                ClaimStep::Modified => self.instant(self.rows.claim_modified(at), out),
                ClaimStep::Locator => locator(self.rows.locator(at), out),
                ClaimStep::Differs => embedded(self.rows.claim_text(ClaimText::Differs, at), out),
            }
        }
        out.push_str(&self.claim_tail);
    }
}

/// What [`Step::When`] writes beyond the key `when`.
const OF_WHEN: [&str; 7] = ["start", "end", "bounds", "extent", "precision", "qualifier", "part"];

/// What to write for a key: `None` where all rows lack it, and so for what another key writes.
fn step(rows: &Rows, key: &str) -> Option<Step> {
    match key {
        "when" => return Some(Step::When),
        "tags" => return Some(Step::Tags),
        "actors" => return Some(Step::Actors),
        "claims" => return Some(Step::Claims),
        "extra" => return rows.has(Text::Extra).then_some(Step::Extra),
        _ => {}
    }
    if let Some(&column) = Text::ALL.iter().find(|column| column.name() == key) {
        return rows.has(column).then_some(Step::Text(column));
    }
    if let Some(&column) = Degrees::ALL.iter().find(|column| column.name() == key) {
        return rows.has_degrees(column).then_some(Step::Degrees(column));
    }
    let column = *Number::ALL.iter().find(|column| column.name() == key)?;
    let step = if column == Number::Revision { Step::Revision } else { Step::Instant(column) };
    rows.has_number(column).then_some(step)
}

fn claim_step(rows: &Rows, key: &str) -> Option<ClaimStep> {
    match key {
        "revision" => Some(ClaimStep::Revision),
        "modified" => Some(ClaimStep::Modified),
        "locator" => Some(ClaimStep::Locator),
        "differs" => rows.claims_have(ClaimText::Differs).then_some(ClaimStep::Differs),
        _ => {
            let field = *ClaimText::ALL.iter().find(|field| field.name() == key)?;
            rows.claims_have(field).then_some(ClaimStep::Text(field))
        }
    }
}

/// The steps of an object with these keys, and what stands behind the last one.
fn plan<T>(keys: impl Iterator<Item = &'static str>, step: impl Fn(&str) -> Option<T>) -> (Vec<(String, T)>, String) {
    let mut steps = Vec::new();
    let mut before = String::from("{");
    for (at, key) in keys.enumerate() {
        if OF_WHEN.contains(&key) {
            continue;
        }
        before.push_str(if at > 0 { ",\"" } else { "\"" });
        before.push_str(key);
        before.push_str("\":");
        match step(key) {
            Some(step) => steps.push((std::mem::take(&mut before), step)),
            None => before.push_str("null"),
        }
    }
    before.push('}');
    (steps, before)
}

fn text(text: Option<&str>, out: &mut String) {
    match text {
        Some(text) => write_string(text, out),
        None => out.push_str("null"),
    }
}

fn number(number: Option<i64>, out: &mut String) {
    match number {
        Some(number) => out.push_str(itoa::Buffer::new().format(number)),
        None => out.push_str("null"),
    }
}

/// The shortest decimal that reads back as the same number; JSON has none for infinity and NaN.
fn degrees(degrees: Option<f64>, out: &mut String) {
    match degrees.and_then(serde_json::Number::from_f64) {
        Some(number) => out.push_str(&number.to_string()),
        None => out.push_str("null"),
    }
}

/// From the key `extent` to the value of `part`, by their codes and whether the row is dated.
fn write_codes([extent, precision, qualifier, part, dated]: [u8; 5], out: &mut String) {
    let extent = Extent::from_code(extent).unwrap_or_default();
    let precision = Precision::from_code(precision).unwrap_or_default();
    let qualifier = Qualifier::from_code(qualifier).unwrap_or_default();
    let part = Part::from_code(part).unwrap_or_default();
    let dated = dated > 0;
    let names = [
        (",\"extent\":", (dated || extent != Extent::default()).then(|| extent_name(extent))),
        (",\"precision\":", (dated || precision != Precision::default()).then(|| precision_name(precision))),
        (",\"qualifier\":", qualifier_name(qualifier)),
        (",\"part\":", part_name(part)),
    ];
    for (key, name) in names {
        out.push_str(key);
        match name {
            Some(name) => {
                out.push('"');
                out.push_str(name);
                out.push('"');
            }
            None => out.push_str("null"),
        }
    }
}

fn embedded(json: Option<&str>, out: &mut String) {
    match json {
        Some(json) => write_embedded(json, out),
        None => out.push_str("null"),
    }
}

fn array<T>(items: impl Iterator<Item = T>, out: &mut String, write: impl Fn(T, &mut String)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(']');
}

fn locator(locator: Option<Locator>, out: &mut String) {
    let Some(Locator { offset, len, line }) = locator else { return out.push_str("null") };
    // Three numbers of at most twenty digits, and the keys.
    let mut text = [0; 96];
    let mut end = 0;
    let mut put = |part: &[u8]| {
        text[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    };
    let mut digits = itoa::Buffer::new();
    put(b"{\"offset\":");
    put(digits.format(offset).as_bytes());
    put(b",\"len\":");
    put(digits.format(len).as_bytes());
    put(b",\"line\":");
    put(digits.format(line).as_bytes());
    put(b"}");
    out.push_str(str::from_utf8(&text[..end]).expect("keys and digits are ASCII"));
}

/// The values of `when`, `start` and `end`, with the keys between them.
fn write_edtf(edtf: &str, out: &mut String) {
    let from = out.len() + 1;
    write_string(edtf, out);
    let slash = memchr::memchr(b'/', edtf.as_bytes());
    let (start, end) = slash.map_or((edtf, None), |at| (&edtf[..at], Some(&edtf[at + 1..])));
    // A text without escapes is copied half by half.
    let is_plain = out.len() - from == edtf.len() + 1;
    let half = |half: &str, at: usize, out: &mut String| match half {
        "" => out.push_str("null"),
        _ if is_plain => {
            out.push('"');
            out.extend_from_within(at..at + half.len());
            out.push('"');
        }
        _ => write_string(half, out),
    };
    out.push_str(",\"start\":");
    half(start, from, out);
    out.push_str(",\"end\":");
    half(end.unwrap_or_default(), from + start.len() + 1, out);
}

/// Writes the bounds at one go, if all are there and plain.
fn plain_bounds(bounds: [Option<i64>; 4], is_zoned: bool, clock: &mut Clock, out: &mut String) -> bool {
    let mut text = [0; 160];
    let mut len = 0;
    let mut put = |part: &[u8], count: usize| {
        text[len..len + part.len()].copy_from_slice(part);
        len += count;
    };
    let mut before = None;
    for (at, bound) in bounds.into_iter().enumerate() {
        let Some(us) = bound else { return false };
        let written = match before {
            Some((same, written)) if same == us => written,
            _ => {
                let Some(written) = clock.text(us, is_zoned) else { return false };
                written
            }
        };
        before = Some((us, written));
        match at {
            0 => put(b"{\"start\":[\"", 11),
            2 => put(b"\"],\"end\":[\"", 11),
            _ => put(b"\",\"", 3),
        }
        put(&written.0, written.1);
    }
    put(b"\"]}", 3);
    out.push_str(str::from_utf8(&text[..len]).expect("keys and digits are ASCII"));
    true
}

/// Earliest and latest, which are often the same.
fn bound_pair(lo: Option<i64>, hi: Option<i64>, is_zoned: bool, clock: &mut Clock, out: &mut String) {
    let from = out.len();
    bound(lo, is_zoned, clock, out);
    let to = out.len();
    out.push(',');
    if lo == hi { out.extend_from_within(from..to) } else { bound(hi, is_zoned, clock, out) }
}

fn bound(us: Option<i64>, is_zoned: bool, clock: &mut Clock, out: &mut String) {
    match us {
        None => out.push_str("null"),
        Some(i64::MIN | i64::MAX) => out.push_str("\"..\""),
        Some(us) => {
            out.push('"');
            clock.write(us, is_zoned, out);
            out.push('"');
        }
    }
}

/// Appends an object with some keys of the canonical JSON of a row, in the order given: what [`super::write_some`] makes
/// of its event. None of the keys may be of the time or `claims`.
pub fn write_some_of(rows: &Rows, row: usize, keys: &[&str], out: &mut String) {
    let (tail, claim_tail, last) = Default::default();
    let writer = RowWriter { rows, steps: Vec::new(), tail, claim: Vec::new(), claim_tail, last };
    out.push('{');
    for (at, key) in keys.iter().enumerate() {
        out.push_str(if at > 0 { ",\"" } else { "\"" });
        out.push_str(key);
        out.push_str("\":");
        match step(rows, key) {
            Some(step) => writer.value(step, row, out),
            None => out.push_str("null"),
        }
    }
    out.push('}');
}

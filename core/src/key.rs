//! Keys: what makes two records the same, and what puts them in order.
//!
//! # Content key
//!
//! SHA-256 over the bytes below: all that a record says, and not who says it (`id`, `lane`, `claims`) nor how
//! (`raw`, `raw_format`). Integers are little-endian.
//!
//! | part | bytes |
//! |---|---|
//! | head | the ASCII text `annals-content-1` |
//! | optional text | `00`, or `01`, u32 length, UTF-8 bytes |
//! | optional i64 | `00`, or `01`, 8 bytes |
//! | optional f64 | `00`, or `01`, the 8 bytes of its IEEE 754 bits; -0 as 0, any NaN as `7ff8000000000000` |
//! | list | u32 count, then the items |
//!
//! In this order: `instance`, `revision`, `modified`, `stamped`; the time: `start_lo start_hi end_lo end_hi`
//! (optional i64 each), `start_nanos` (u16), `extent precision qualifier part` (u8 each), `said`, one byte for the
//! clock (`00` none: a date or undated; `01` zoned, whatever the zone, since the bounds are UTC; `02` floating),
//! for clock `00` also `edtf` (sets and masks can say more than bounds); `recurrence`, and only if it is present
//! `zone` (the instances depend on it); `title body kind status url place` (optional texts), `lat lon` (optional
//! f64), `tags` (list of u32 length + bytes), `actors` (list of three optional texts: name, role, address),
//! `extra`.
//!
//! # Sort key
//!
//! `start_lo` (unknown: `end_hi`), `start_nanos`, `end_hi`, `start_hi`, precision from fine to coarse, the smallest
//! (source, offset) among the claims, content key, id. Undated events come last.

use sha2::{Digest, Sha256};

use crate::claim::Claim;
use crate::event::Event;
use crate::table::{ActorText, ClaimText, Code, Degrees, Number, Rows, Text};
use crate::when::When;

/// What every content begins with.
const HEAD: &[u8] = b"annals-content-1";

/// A content key: SHA-256.
pub type ContentKey = [u8; 32];

/// The content key of an event; see the module's documentation.
pub fn content_key(event: &Event) -> ContentKey {
    Sha256::digest(content_bytes(event)).into()
}

/// The bytes whose SHA-256 is the content key.
pub fn content_bytes(event: &Event) -> Vec<u8> {
    let mut out = Encoder(HEAD.to_vec());
    out.text(event.instance.as_deref());
    out.number(event.revision);
    out.number(event.modified);
    out.number(event.stamped);
    out.when(&event.when);
    out.text(event.recurrence.as_deref());
    if event.recurrence.is_some() {
        out.text(event.when.zone.as_deref());
    }
    for text in [&event.title, &event.body, &event.kind, &event.status, &event.url, &event.place] {
        out.text(text.as_deref());
    }
    out.float(event.lat);
    out.float(event.lon);
    out.count(event.tags.len());
    event.tags.iter().for_each(|tag| out.bytes(tag.as_bytes()));
    out.count(event.actors.len());
    for actor in &event.actors {
        [&actor.name, &actor.role, &actor.address].into_iter().for_each(|text| out.text(text.as_deref()));
    }
    out.text(event.extra.as_deref());
    out.0
}

/// The content key of a row: that of its event, without making one. `buffer` is scratch space.
pub fn content_key_of(rows: &Rows, row: usize, buffer: &mut Vec<u8>) -> ContentKey {
    buffer.clear();
    let mut out = Encoder(std::mem::take(buffer));
    out.0.extend(HEAD);
    let text = |column| rows.text(column, row);
    out.text(text(Text::Instance));
    for column in [Number::Revision, Number::Modified, Number::Stamped] {
        out.number(rows.number(column, row));
    }
    for column in [Number::StartLo, Number::StartHi, Number::EndLo, Number::EndHi] {
        out.number(rows.number(column, row));
    }
    out.0.extend(rows.nanos(row).to_le_bytes());
    out.0.extend(Code::ALL.iter().map(|column| rows.code(*column, row)));
    out.text(text(Text::Said));
    out.clock(text(Text::Zone), text(Text::Edtf));
    let recurrence = text(Text::Recurrence);
    out.text(recurrence);
    if recurrence.is_some() {
        out.text(text(Text::Zone));
    }
    for column in [Text::Title, Text::Body, Text::Kind, Text::Status, Text::Url, Text::Place] {
        out.text(text(column));
    }
    out.float(rows.degrees(Degrees::Lat, row));
    out.float(rows.degrees(Degrees::Lon, row));
    let tags = rows.tags(row);
    out.count(tags.len());
    tags.for_each(|tag| out.bytes(tag.as_bytes()));
    let actors = rows.actors(row);
    out.count(actors.len());
    for actor in actors {
        ActorText::ALL.iter().for_each(|field| out.text(rows.actor_text(*field, actor)));
    }
    out.text(text(Text::Extra));
    *buffer = out.0;
    Sha256::digest(&buffer).into()
}

/// What two records of one id and version must agree in, or they conflict: time, recurrence, title, status, place;
/// encoded as in the content key.
pub fn substance_bytes(event: &Event) -> Vec<u8> {
    let mut out = Encoder(Vec::new());
    out.when(&event.when);
    for text in [&event.recurrence, &event.title, &event.status, &event.place] {
        out.text(text.as_deref());
    }
    out.0
}

struct Encoder(Vec<u8>);

impl Encoder {
    fn count(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&count.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.0.push(1);
                self.bytes(text.as_bytes());
            }
            None => self.0.push(0),
        }
    }

    fn number(&mut self, number: Option<i64>) {
        let mut bytes = [0; 9];
        if let Some(number) = number {
            bytes[0] = 1;
            bytes[1..].copy_from_slice(&number.to_le_bytes());
        }
        self.0.extend_from_slice(if number.is_some() { &bytes } else { &bytes[..1] });
    }

    fn float(&mut self, number: Option<f64>) {
        let canonical = |number: f64| match number {
            n if n.is_nan() => 0x7ff8_0000_0000_0000,
            0.0 => 0,
            n => n.to_bits(),
        };
        self.number(number.map(|number| canonical(number).cast_signed()));
    }

    fn when(&mut self, when: &When) {
        for bound in [when.start_lo, when.start_hi, when.end_lo, when.end_hi] {
            self.number(bound);
        }
        self.0.extend(when.start_nanos.to_le_bytes());
        self.0.extend([when.extent as u8, when.precision as u8, when.qualifier as u8, when.part as u8]);
        self.text(when.said.as_deref());
        self.clock(when.zone.as_deref(), when.edtf.as_deref());
    }

    fn clock(&mut self, zone: Option<&str>, edtf: Option<&str>) {
        match zone {
            None => {
                self.0.push(0);
                self.text(edtf);
            }
            Some("floating") => self.0.push(2),
            Some(_) => self.0.push(1),
        }
    }
}

/// The minted id of the `n`-th (from 1) of several events with this content key.
pub fn minted_id(key: &ContentKey, n: u64) -> String {
    let mut id = String::new();
    write_minted_id(key, n, &mut id);
    id
}

/// Appends it.
pub fn write_minted_id(key: &ContentKey, n: u64, out: &mut String) {
    out.push_str("sha256-");
    write_hex(&key[..16], out);
    if n > 1 {
        out.push('-');
        out.push_str(itoa::Buffer::new().format(n));
    }
}

/// Whether an id has the form of a minted one, which is never a real id.
pub fn is_minted(id: &str) -> bool {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let Some((digits, rest)) = id.strip_prefix("sha256-").and_then(|rest| rest.split_at_checked(32)) else {
        return false;
    };
    let numbered = |n: &str| n.parse::<u64>().is_ok_and(|number| number >= 2 && number.to_string() == n);
    digits.bytes().all(is_hex) && (rest.is_empty() || rest.strip_prefix('-').is_some_and(numbered))
}

/// Eight hexadecimal digits of the SHA-256 of some bytes, to tell things of one name apart.
pub fn short_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..4])
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    write_hex(bytes, &mut text);
    text
}

fn write_hex(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number)]);
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
}

/// What puts events into the total order of a timeline: see the module's documentation. Behind it stands all else that
/// two events can differ in, so that equal keys are equal events.
pub type SortKey = (TimeKey, Option<(String, u64)>, ContentKey, Option<String>, Option<String>, Vec<Claim>);

/// The sort key of an event. It costs a hash: compute it once for each event.
pub fn sort_key(event: &Event) -> SortKey {
    let place = place(event).map(|(source, offset)| (source.to_owned(), offset));
    let (id, lane, claims) = (event.id.clone(), event.lane.clone(), event.claims.clone());
    (time_key(&event.when), place, content_key(event), id, lane, claims)
}

/// Undated, `start_lo` or `end_hi`, `start_nanos`, `end_hi`, `start_hi`, precision.
pub type TimeKey = (bool, i64, u16, i64, i64, u8);

/// The part of the sort key that is time.
fn time_key(when: &When) -> TimeKey {
    let unknown = |bound: Option<i64>| bound.unwrap_or(i64::MAX);
    let first = when.start_lo.or(when.end_hi).unwrap_or(i64::MAX);
    let undated = when.edtf.is_none();
    (undated, first, when.start_nanos, unknown(when.end_hi), unknown(when.start_hi), when.precision as u8)
}

/// The part of the sort key of a row that is time.
pub fn time_key_of(rows: &Rows, row: usize) -> TimeKey {
    let (end_hi, start_hi) = (rows.number(Number::EndHi, row), rows.number(Number::StartHi, row));
    let first = rows.number(Number::StartLo, row).or(end_hi).unwrap_or(i64::MAX);
    let unknown = |bound: Option<i64>| bound.unwrap_or(i64::MAX);
    let undated = rows.text(Text::Edtf, row).is_none();
    (undated, first, rows.nanos(row), unknown(end_hi), unknown(start_hi), rows.code(Code::Precision, row))
}

/// The smallest (source, offset) among the claims of a row.
pub fn place_of(rows: &Rows, row: usize) -> Option<(&str, u64)> {
    let place = |at| {
        let source = rows.claim_text(ClaimText::Source, at).unwrap_or_default();
        (source, rows.locator(at).map_or(0, |locator| locator.offset))
    };
    rows.claims(row).map(place).min()
}

/// The smallest (source, offset) among the claims.
pub fn place(event: &Event) -> Option<(&str, u64)> {
    let places = event.claims.iter().map(|claim| (claim.source.as_str(), claim.locator.map_or(0, |l| l.offset)));
    places.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids() {
        let check = |id: &str, expected: bool| assert_eq!(is_minted(id), expected, "{id}");
        let hex = "0123456789abcdef0123456789abcdef";
        check(&format!("sha256-{hex}"), true);
        check(&format!("sha256-{hex}-2"), true);
        check(&format!("sha256-{hex}-12"), true);
        check(&format!("sha256-{hex}-1"), false);
        check(&format!("sha256-{hex}-02"), false);
        check(&format!("sha256-{hex}-"), false);
        check(&format!("sha256-{hex}0"), false);
        check(&format!("sha256-{}", hex.to_uppercase()), false);
        check("sha256-ü", false);
        let key = content_key(&Event::new());
        assert!(is_minted(&minted_id(&key, 1)) && is_minted(&minted_id(&key, 3)));
    }

    /// The vectors that other implementations can check themselves against.
    #[test]
    fn content_key_vectors() {
        let check = |event: Event, bytes: &str, key: &str| {
            assert_eq!(hex(&content_bytes(&event)), bytes);
            assert_eq!(hex(&content_key(&event)), key);
        };
        check(
            Event::new().title("a").tag("x"),
            concat!(
                "616e6e616c732d636f6e74656e742d31", // annals-content-1
                "00000000",                         // instance revision modified stamped
                "00000000",                         // four bounds
                "0000",                             // start_nanos
                "000a0000",                         // extent precision qualifier part
                "00",                               // said
                "0000",                             // no clock, no EDTF
                "00",                               // recurrence
                "010100000061",                     // title
                "0000000000",                       // body kind status url place
                "0000",                             // lat lon
                "010000000100000078",               // tags
                "00000000",                         // actors
                "00",                               // extra
            ),
            "4cde8e925f683918f2b52078f9ad6941d5b133e2ff9ff15ee75c2fc60523ea30",
        );
    }

    #[test]
    fn keys_of_rows_are_those_of_their_events() {
        let events: Vec<Event> = (0..300).map(crate::sample::event).collect();
        let rows = Rows::of(&crate::table::to_batch(&events, None)).unwrap();
        let mut buffer = Vec::new();
        for (row, event) in events.iter().enumerate() {
            assert_eq!(content_key_of(&rows, row, &mut buffer), content_key(event));
            assert_eq!(buffer, content_bytes(event));
            assert_eq!(time_key_of(&rows, row), time_key(&event.when));
            assert_eq!(place_of(&rows, row), place(event));
        }
    }

    #[test]
    fn what_the_key_leaves_out() {
        let base = Event::new().title("a").when(When::parse("2025-09-10T10:00:00+02:00", None).unwrap());
        let check = |other: Event, same: bool| {
            assert_eq!(content_key(&base) == content_key(&other), same, "{other:?}");
        };
        let at = |text| base.clone().when(When::parse(text, None).unwrap());
        check(base.clone().id("x").lane("l").local_id("7"), true);
        check(at("2025-09-10T08:00:00Z"), true);
        check(at("2025-09-10T10:00:00"), false);
        check(at("2025-09-10T08:00:00"), false);
        check(base.clone().body("b"), false);
        check(Event { lat: Some(0.0), ..base.clone() }, false);
    }
}

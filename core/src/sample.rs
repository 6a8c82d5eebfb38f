//! Made-up events, for tests: every field, every sort of time, awkward texts.

use crate::claim::{Claim, Locator};
use crate::event::{Actor, Event};
use crate::when::{Instant, Part, Precision, When, Zone};

/// A made-up event; the same for the same `seed`. About half of its fields are set.
pub fn event(seed: u64) -> Event {
    let mut dice = Dice::new(seed);
    let when = when(&mut dice);
    let recurs = when.is_dated() && dice.one_in(8);
    Event {
        id: dice.maybe(|dice| format!("{}@example.org", dice.below(1000))),
        instance: dice.one_in(6).then(|| "2025-09-10T08:00:00Z".to_owned()),
        revision: dice.maybe(|dice| dice.below(5) as i64 - 1),
        modified: dice.maybe(micros),
        stamped: dice.maybe(micros),
        recurrence: recurs.then(|| "RRULE:FREQ=WEEKLY;COUNT=10\nEXDATE:20250917T080000Z".to_owned()),
        title: dice.maybe(text),
        body: dice.maybe(text),
        kind: dice.maybe(|dice| dice.pick(&["VEVENT", "VTODO", "Creation Time"]).to_owned()),
        status: dice.maybe(|dice| dice.pick(&["CONFIRMED", "CANCELLED", ""]).to_owned()),
        lane: dice.maybe(|dice| dice.pick(&["Physics", "Physik A", "host-1"]).to_owned()),
        url: dice.one_in(4).then(|| "https://example.org/?a=1&b=%20#c".to_owned()),
        place: dice.maybe(text),
        lat: dice.maybe(|dice| (dice.below(180_000_000) as f64 - 9e7) / 1e6),
        lon: dice.maybe(|dice| (dice.below(360_000_000) as f64 - 1.8e8) / 1e6),
        tags: dice.several(text),
        actors: dice.several(|dice| Actor {
            name: dice.maybe(text),
            role: dice.maybe(|dice| dice.pick(&["organizer", "attendee", "user", "host"]).to_owned()),
            address: dice.maybe(|_| "mailto:a@example.org".to_owned()),
        }),
        claims: dice.several(claim),
        extra: dice.maybe(|dice| dice.pick(EXTRAS).to_owned()),
        when,
        ..Event::default()
    }
}

/// A made-up time: undated, dates of every precision, instants, intervals, sets; BCE, far, open, unknown.
pub fn a_when(seed: u64) -> When {
    when(&mut Dice::new(seed))
}

fn when(dice: &mut Dice) -> When {
    let read = |text: &str, zone: Option<&Zone>| When::parse(text, zone).unwrap_or_default();
    match dice.below(10) {
        0 => When::undated(),
        1 => When { said: Some("late August 2025".to_owned()), part: Part::Late, ..read("2025-08", None) },
        2 => read(dice.pick(DATES), None).throughout(),
        3..6 => read(dice.pick(DATES), None),
        6 | 7 => When::instant(instant(dice)),
        _ => {
            let start = instant(dice);
            let zone = if dice.one_in(4) && start.zone != Zone::Floating { zone(dice) } else { start.zone };
            let zone = if zone == Zone::Floating { start.zone } else { zone };
            let end = Instant { us: start.us + 1 + dice.below(100_000_000_000) as i64, zone, nanos: 0, ..start };
            When::span(start, end)
        }
    }
}

const DATES: &[&str] = &[
    "2025-09-10",
    "2025-09",
    "2025",
    "2025-08~",
    "1850?",
    "1850%",
    "2004-06~-11",
    "2023-24",
    "2025-33",
    "199X",
    "19XX",
    "1XXX",
    "1985-XX-25",
    "1985-XX",
    "1950S2",
    "-0043-03-15",
    "0000",
    "Y12025",
    "Y-17E7",
    "Y9E99",
    "1914-07-28/1918-11-11",
    "1914/1918~",
    "../1918",
    "1914/..",
    "1914/",
    "/1918",
    "..1914/1918..",
    "[1914,1916..1918]",
    "[..1914]",
    "{1914,1916}",
    "2025-09-10/2025-09-11T10:00:00+02:00",
    "2025-09-10T10:00:00/..",
    "/2025-09-10T10:00:00Z",
];

const EXTRAS: &[&str] = &[
    "{}",
    r#"{"X-B":1,"X-A":{"deep":[1,[2,[3,null]]]}}"#,
    r#"{"number":1.50,"big":123456789012345678901234567890,"small":-1e-400}"#,
    r#"{"":"","quote\"":"line\nline","\u0000":true}"#,
];

fn zone(dice: &mut Dice) -> Zone {
    let name =
        dice.pick(&["floating", "UTC", "+02:00", "-03:30", "Europe/Berlin", "America/New_York", "Europe/London"]);
    Zone::parse(name).unwrap_or(Zone::Utc)
}

fn instant(dice: &mut Dice) -> Instant {
    Instant {
        us: micros(dice),
        nanos: if dice.one_in(3) { dice.below(1000) as u16 } else { 0 },
        precision: dice.pick(&[Precision::Second, Precision::Minute, Precision::Hour]),
        zone: zone(dice),
    }
}

/// From the year 44 BC to 2100, whole seconds half of the time.
fn micros(dice: &mut Dice) -> i64 {
    let second = if dice.one_in(8) { -63_500_000_000 } else { 0 } + dice.below(4_102_444_800) as i64;
    second * 1_000_000 + if dice.one_in(2) { dice.below(1_000_000) as i64 } else { 0 }
}

fn text(dice: &mut Dice) -> String {
    dice.pick(&[
        "Lecture",
        "Vorlesung über \"Größen\"",
        "two\nlines\r\n",
        "tab\tand \\ backslash / slash",
        "party 🎉 👩‍👩‍👧",
        "",
        " spaces ",
        "nul \0 bell \x07 del \x7f",
        "<b>*bold*</b> & [link](x) `code`",
        "a,b;c:d=\u{feff}\u{2028}",
    ])
    .to_owned()
}

fn claim(dice: &mut Dice) -> Claim {
    Claim {
        source: dice.pick(&["a.ics", "b.jsonl", "-"]).to_owned(),
        id: dice.maybe(|dice| dice.below(1000).to_string()),
        revision: dice.maybe(|dice| dice.below(9) as i64),
        modified: dice.maybe(micros),
        lane: dice.maybe(text),
        attributed_to: dice.maybe(text),
        locator: dice.maybe(|dice| Locator { offset: dice.next(), len: dice.below(10_000), line: dice.below(100) }),
        quote: dice.maybe(text),
        edtf: dice.maybe(|dice| dice.pick(DATES).to_owned()),
        title: dice.maybe(text),
        differs: dice.maybe(|dice| dice.pick(EXTRAS).to_owned()),
        retrieved: dice.one_in(4).then(|| "2025-09-10T08:00:00Z".to_owned()),
        instance: None,
    }
}

/// Marsaglia's xorshift64*: plain, seedable, the same everywhere.
pub struct Dice(u64);

impl Dice {
    /// The same numbers for the same `seed`.
    pub fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// `true` once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `items`, of which there is one.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.one_in(2).then(|| make(self))
    }

    fn several<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4).saturating_sub(1)).map(|_| make(self)).collect()
    }
}

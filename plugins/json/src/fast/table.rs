//! Which key of a record does what, found without a walk through all of them.

use annals_core::json::FIELDS;
use annals_core::table::{Degrees, Number, Text};

use crate::fields::Fields;

/// What the value of a key is for. `mapped`: an option names the key, which then may hold other types as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Id {
        mapped: bool,
    },
    /// A mapped id that is good inside its source only.
    LocalId,
    Text {
        column: Text,
        mapped: bool,
    },
    Revision {
        mapped: bool,
    },
    Instant {
        column: Number,
        mapped: bool,
    },
    When,
    Start {
        mapped: bool,
    },
    End {
        mapped: bool,
    },
    Bounds,
    Extent,
    Precision,
    Qualifier,
    Part,
    Said,
    Zone,
    EndZone,
    Degrees {
        column: Degrees,
        mapped: bool,
    },
    Tags,
    Actors,
    Claims,
    Extra,
    /// Nothing.
    Skip,
}

/// How many places the table has: many more than keys, so that most keys are found at once.
const PLACES: usize = 256;

/// The number of keys that are not in the table. The others count from 1, below 64.
pub const UNKNOWN: u8 = 0;

/// The keys that mean something.
pub struct Table {
    keys: Vec<(String, Action)>,
    /// Numbers of keys, each at the first place that was free from the one of its hash on.
    places: [u8; PLACES],
}

impl Table {
    /// The keys by the options; `None` if a record has to be known as a whole to tell what a key means.
    pub fn new(fields: &Fields) -> Option<Self> {
        let mut table = Self { keys: Vec::new(), places: [0; PLACES] };
        for (key, path) in fields.mapped() {
            let action = mapped(key, path)?;
            if path.contains('.') || table.find(path) != UNKNOWN {
                return None;
            }
            table.add(path, action);
        }
        let is_mapped = |key: &str| fields.mapped().any(|(mapped, _)| mapped == key);
        for field in FIELDS {
            let hidden = is_mapped(field.name) || fields.is_dated() && matches!(field.name, "when" | "bounds");
            if !hidden && table.find(field.name) == UNKNOWN {
                table.add(field.name, own(field.name)?);
            }
        }
        if !fields.is_foreign() {
            ["annals", "conflict"].into_iter().for_each(|key| table.add(key, Action::Skip));
        }
        Some(table)
    }

    fn add(&mut self, key: &str, action: Action) {
        self.keys.push((key.to_owned(), action));
        let mut at = hash(key);
        while self.places[at] != 0 {
            at = (at + 1) % PLACES;
        }
        self.places[at] = self.keys.len() as u8;
    }

    /// The number of a key, [`UNKNOWN`] if it has none.
    pub fn find(&self, key: &str) -> u8 {
        let mut at = hash(key);
        loop {
            let number = self.places[at];
            if number == 0 || self.keys[usize::from(number) - 1].0 == key {
                return number;
            }
            at = (at + 1) % PLACES;
        }
    }

    /// What the key of this number is for.
    #[inline]
    pub fn action(&self, number: u8) -> Action {
        self.keys[usize::from(number) - 1].1
    }
}

#[inline]
fn hash(key: &str) -> usize {
    let bytes = key.as_bytes();
    let byte = |at: usize| usize::from(bytes.get(at).copied().unwrap_or(0));
    (bytes.len() * 37 + byte(0) * 7 + byte(bytes.len() / 2) * 3 + byte(bytes.len().wrapping_sub(1))) % PLACES
}

/// What a key of annals is for.
fn own(key: &str) -> Option<Action> {
    Some(match key {
        "id" => Action::Id { mapped: false },
        "revision" => Action::Revision { mapped: false },
        "modified" => Action::Instant { column: Number::Modified, mapped: false },
        "stamped" => Action::Instant { column: Number::Stamped, mapped: false },
        "when" => Action::When,
        "start" => Action::Start { mapped: false },
        "end" => Action::End { mapped: false },
        "bounds" => Action::Bounds,
        "extent" => Action::Extent,
        "precision" => Action::Precision,
        "qualifier" => Action::Qualifier,
        "part" => Action::Part,
        "said" => Action::Said,
        "zone" => Action::Zone,
        "end_zone" => Action::EndZone,
        "lat" => Action::Degrees { column: Degrees::Lat, mapped: false },
        "lon" => Action::Degrees { column: Degrees::Lon, mapped: false },
        "tags" => Action::Tags,
        "actors" => Action::Actors,
        "claims" => Action::Claims,
        "extra" => Action::Extra,
        _ => Action::Text { column: *Text::ALL.iter().find(|column| column.name() == key)?, mapped: false },
    })
}

/// What the field at `path` is for that an option maps to `key`.
fn mapped(key: &str, path: &str) -> Option<Action> {
    Some(match own(key)? {
        Action::Id { .. } if path != "id" => Action::LocalId,
        Action::Id { .. } => Action::Id { mapped: true },
        Action::Revision { .. } => Action::Revision { mapped: true },
        Action::Instant { column, .. } => Action::Instant { column, mapped: true },
        Action::Start { .. } => Action::Start { mapped: true },
        Action::End { .. } => Action::End { mapped: true },
        Action::Degrees { column, .. } => Action::Degrees { column, mapped: true },
        Action::Text { column, .. } => Action::Text { column, mapped: true },
        Action::Tags => Action::Tags,
        _ => return None,
    })
}

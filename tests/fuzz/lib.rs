//! What the fuzz targets share.

use std::sync::Once;

use annals_core::host::Plugin;
use annals_core::testing::options;
use annals_core::{Event, Fact, ImportRequest};

/// The choices of an input and the rest of it.
///
/// A first byte that begins no file as people write it (a control or a byte beyond ASCII) chooses; any other belongs
/// to the data, so that real files are inputs as they are, and chooses nothing.
pub fn choices(data: &[u8]) -> (u8, &[u8]) {
    match data {
        [choice @ (0..=8 | 14..=31 | 128..), data @ ..] => (*choice, data),
        _ => (0, data),
    }
}

/// A request with a limit of 64 KiB, or of 32 bytes to 4 KiB where the choice's low bits say so.
pub fn request(choice: u8, pairs: &[(&str, &str)]) -> ImportRequest {
    let max_record = match choice & 7 {
        0..=3 => 64 << 10,
        small => 32 << (7 * (small - 4) / 3),
    };
    ImportRequest { options: options(pairs), max_record, ..ImportRequest::default() }
}

/// How others call the fields of their events.
const FOREIGN: &[(&str, &str)] = &[
    ("start", "a"),
    ("end", "b"),
    ("title", "c"),
    ("id", "d"),
    ("revision", "e"),
    ("modified", "f.g"),
    ("tags-field", "h"),
    ("lane-field", "i.j"),
    ("lat", "k"),
    ("lon", "l"),
    ("zone", "Europe/Berlin"),
];

/// Options of the json formats.
pub fn fields(choice: u8) -> &'static [(&'static str, &'static str)] {
    if choice & 16 == 0 { &[] } else { FOREIGN }
}

/// Events without what depends on where they were read.
pub fn without_places(mut events: Vec<Event>) -> Vec<Event> {
    for event in &mut events {
        for claim in event.claims.iter_mut().filter(|claim| claim.is_own()) {
            claim.locator = None;
        }
        event.claims.retain(|claim| *claim != Default::default());
    }
    events
}

/// Facts as the host gives them to an exporter.
pub fn sorted(mut facts: Vec<Fact>) -> Vec<Fact> {
    facts.sort_by_cached_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    facts
}

/// The plugin `json`.
pub fn json() -> Plugin {
    // SAFETY: the descriptor that the macro made.
    unsafe { Plugin::built_in(&annals_json::PLUGIN) }.expect("a good descriptor")
}

/// Lets panics pass that are caught, which libFuzzer takes for failures of its own; those that are not caught end the run
/// all the same.
pub fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|info| eprintln!("{info}"))));
}

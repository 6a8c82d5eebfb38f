//! The algebra of merging, through the program and its own files.

use crate::cases::{NOTES, ada, ben};
use crate::common::{Place, samples};

/// Sources that overlap: small ones, and the samples that are read without rejects.
fn sources() -> (Place, Vec<String>) {
    let place = Place::with(&[("ada.ics", &ada()), ("ben.ics", &ben()), ("notes.jsonl", NOTES)]);
    let mut names = vec!["ada.ics".to_owned(), "ben.ics".to_owned(), "notes.jsonl".to_owned()];
    for (_, path) in samples() {
        let name = crate::common::file_name(&path);
        if !name.starts_with("hostile-") {
            place.write(name, std::fs::read(&path).expect("a sample"));
            names.push(name.to_owned());
        }
    }
    (place, names)
}

/// The bytes of a merge, which is also kept as `to`.
fn merge(place: &Place, dedupe: &str, inputs: &[&str], to: &str) -> String {
    let args = [&["merge", "--dedupe", dedupe, "-q", "-o", to][..], inputs].concat();
    let _ = place.run(&args).ok();
    place.text(to)
}

#[test]
fn merging_in_steps_is_merging_at_once() {
    let (place, names) = sources();
    for dedupe in ["none", "identity", "exact"] {
        for three in names.windows(3) {
            let [a, b, c] = three else { unreachable!() };
            let at_once = merge(&place, dedupe, &[a, b, c], "all.json");
            merge(&place, dedupe, &[a, b], "ab.json");
            merge(&place, dedupe, &[b, c], "bc.json");
            assert_eq!(merge(&place, dedupe, &["ab.json", c], "left.json"), at_once, "{dedupe}: ({a} {b}) {c}");
            assert_eq!(merge(&place, dedupe, &[a, "bc.json"], "right.json"), at_once, "{dedupe}: {a} ({b} {c})");
        }
    }
}

/// Merging what is already there, in any form, changes nothing.
fn adds_nothing(place: &Place, name: &str) {
    for dedupe in ["none", "identity", "exact"] {
        let once = merge(place, dedupe, &[name], "once.json");
        assert_eq!(merge(place, dedupe, &[name, name], "twice.json"), once, "{dedupe}: {name}");
        assert_eq!(merge(place, dedupe, &["once.json", "once.json"], "own.json"), once, "{dedupe}: {name}");
        assert_eq!(merge(place, dedupe, &["once.json", name], "both.json"), once, "{dedupe}: {name}");
    }
}

#[test]
fn merging_with_itself_adds_nothing() {
    let (place, names) = sources();
    // Claims written by hand have a story of their own, below.
    names.iter().filter(|name| *name != "chronicle.jsonl").for_each(|name| adds_nothing(&place, name));
}

#[test]
fn merging_claims_by_hand_with_themselves_adds_nothing() {
    let (place, _) = sources();
    adds_nothing(&place, "chronicle.jsonl");
}

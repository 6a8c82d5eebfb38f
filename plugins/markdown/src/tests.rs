use annals_core::plugin::Fact;
use annals_core::testing::options;
use annals_core::when::{Part, When, Zone};
use annals_core::{Claim, Event, NoteKind, sample};
use annals_plugin_test::{Exported, export, format};
use proptest::prelude::*;

use super::*;

fn event(when: &str, title: &str) -> Event {
    let zone = Zone::parse("Europe/Berlin");
    let when = if when.is_empty() { When::undated() } else { When::parse(when, zone.as_ref()).unwrap() };
    Event::new().title(title).when(when)
}

fn write(events: Vec<Event>, pairs: &[(&str, &str)]) -> Exported {
    let exported = export(&format(&PLUGIN, "markdown"), &events, &[], &options(pairs));
    assert!(exported.ended.is_ok(), "{exported}");
    exported
}

fn text(exported: &Exported) -> &str {
    str::from_utf8(&exported.bytes).unwrap()
}

fn chronicle() -> Vec<Event> {
    let claim = |source: &str| Claim { source: source.to_owned(), ..Claim::default() };
    let mut plague = event("1347-10", "The plague reaches Messina");
    plague.place = Some("Messina".to_owned());
    plague.url = Some("https://example.org/plague".to_owned());
    plague.claims = vec![
        Claim {
            attributed_to: Some("a Franciscan".to_owned()),
            quote: Some("Twelve *galleys*\ncame.".to_owned()),
            edtf: Some("1347-10-01~".to_owned()),
            ..claim("Piazza")
        },
        Claim { title: Some("Plague".to_owned()), differs: Some(r#"{"place":null}"#.to_owned()), ..claim("b.json") },
        claim("1. c.json"),
        claim("d.json"),
        claim("d.json"),
    ];
    let mut harvest = event("1348-08", "The harvest # fails").body("Nobody counted.\n\n- not a list\nsecond line");
    harvest.when.part = Part::Late;
    harvest.claims = vec![claim("e.json")];
    let mut war = event("1348/1350", "Mortality").tag("death");
    war.status = Some("CANCELLED".to_owned());
    vec![plague, harvest, event("1348", ""), war, event("135X", "Recovery"), event("", "A comet")]
}

#[test]
fn a_chronicle() {
    let exported = write(chronicle(), &[("group", "auto")]);
    insta::assert_snapshot!("chronicle", exported);
    assert_eq!(exported.notes[0].kind, NoteKind::Lossy);
}

#[test]
fn a_day() {
    let events = || {
        vec![
            event("2025-09-10", "All day"),
            event("2025-09-10T10:00/2025-09-10T11:00", "Lecture"),
            event("2025-09-10T23:30/2025-09-11T00:30", "Night"),
            event("2025-09-10T22:00Z", "Elsewhere"),
        ]
    };
    insta::assert_snapshot!("day", write(events(), &[]));
    insta::assert_snapshot!("day_in_another_zone", write(events(), &[("zone", "Asia/Tokyo"), ("group", "month")]));
}

#[test]
fn less_is_written_on_demand_and_told() {
    let exported = write(chronicle(), &[("body", "no"), ("claims", "no"), ("group", "year")]);
    assert!(!text(&exported).contains("Piazza") && !text(&exported).contains("counted"));
    assert_eq!(exported.notes[0].text, "a chronology does not show, of so many events: body (1), claims (2), tags (1)");
}

#[test]
fn titles() {
    let fact = |key: &str| Fact { kind: "title".to_owned(), key: key.to_owned(), value: serde_json::json!({}) };
    let titled = |facts: &[Fact]| text(&export(&format(&PLUGIN, "markdown"), &[], facts, &options(&[]))).to_owned();
    assert_eq!(titled(&[]), "# Timeline\n");
    assert_eq!(titled(&[fact("The *Black* Death"), fact("Two")]), "# The \\*Black\\* Death · Two\n");
    let refused = export(&format(&PLUGIN, "markdown"), &[], &[], &options(&[("zone", "Mars")]));
    insta::assert_snapshot!("no_such_zone", refused);
}

proptest! {
    #[test]
    fn any_events(seeds in prop::collection::vec(any::<u64>(), 0..30), group in 0..4usize) {
        let events: Vec<Event> = seeds.into_iter().map(sample::event).collect();
        let count = events.len();
        let exported = write(events, &[("group", ["auto", "day", "month", "year"][group])]);
        prop_assert_eq!(exported.ended.as_ref().map(|counts| (counts.read, counts.omitted)), Ok((count as u64, 0)));
        let items = text(&exported).lines().filter(|line| line.starts_with("- ")).count();
        prop_assert_eq!(items, count, "one item an event, and nothing in a text makes another");
    }
}

mod conformance {
    annals_plugin_test::conform!(crate::PLUGIN);
}

//! Checks of each filter, and of rows against events.

mod errors;
mod series;

use annals_core::table::to_batch;
use annals_core::{Claim, sample};
use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::commands::filtering::Filtering;

#[derive(Debug, Parser)]
struct Options {
    #[command(flatten)]
    filtering: Filtering,
}

/// The filter of options, which are separated by two spaces.
fn filter(options: &str) -> Result<Filter, Trouble> {
    let options = options.split("  ").filter(|option| !option.is_empty());
    Options::try_parse_from(std::iter::once("annals").chain(options)).expect("options").filtering.filter()
}

fn dated(when: &str) -> Event {
    let (when, zone) = when.split_once(' ').unwrap_or((when, ""));
    Event::new().when(if when == "undated" {
        When::undated()
    } else {
        When::parse(when, Zone::parse(zone).as_ref()).unwrap()
    })
}

fn keeps(options: &str, event: &Event) -> bool {
    let filter = filter(options).unwrap();
    let kept = filter.judge(std::slice::from_ref(event)).keep == [true];
    let batch = to_batch(std::slice::from_ref(event), None);
    let rows = Rows::of(&batch).unwrap();
    if event.recurrence.is_none() && event.instance.is_none() {
        assert_eq!(filter.keeps_row(&rows, 0), kept, "{options}: a row is judged as its event");
    }
    kept
}

/// Possibly and certainly.
fn check_window(option: &str, when: &str, expected: [bool; 2]) {
    let got = ["--possibly", "--certainly"].map(|how| keeps(&format!("{option}  {how}"), &dated(when)));
    assert_eq!(got, expected, "{option}: {when}");
    assert_eq!(keeps(option, &dated(when)), expected[0], "possibly is the default");
}

#[test]
fn windows() {
    use check_window as check;
    check("--during=2025-08", "2025-08-31", [true, true]);
    check("--during=2025-08", "2025-09-01", [false, false]);
    check("--during=2025-08..2025-09", "2025-09-30", [true, true]);
    check("--during=2025-08..2025-09", "2025-10-01", [false, false]);
    check("--during=2025-08-15", "2025-08~", [true, false]);
    check("--during=2025-08", "2025-08~", [true, true]);
    check("--during=..2025-08", "2025-08", [true, true]);
    check("--during=2025-08..", "2025-07", [false, false]);
    check("--during=1914", "1914/1918", [false, false]);
    check("--overlapping=1914", "1914/1918", [true, true]);
    check("--overlapping=1916", "1914/1918", [true, true]);
    check("--overlapping=1918..1920", "1914/1918", [true, true]);
    check("--overlapping=1920", "1914/..", [true, false]);
    check("--overlapping=1916", "1916-05?", [true, true]);
    check("--during=1900..2000", "undated", [true, false]);
    check("--overlapping=1900", "undated", [true, false]);
    check("--since=1900", "undated", [true, false]);
    check("--since=1916", "1914/1918", [true, true]);
    check("--since=1919", "1914/1918", [false, false]);
    check("--since=1919", "1914/..", [true, false]);
    check("--since=1985", "198X", [true, false]);
    check("--until=1916", "1914/1918", [true, true]);
    check("--until=1914", "1914-12-31", [true, true]);
    check("--until=1914", "1915-01-01", [false, false]);
    check("--until=1914", "../1918", [true, false]);
    check("--since=1916  --until=1917", "1914/1918", [true, true]);
    check("--since=1990  --until=1999", "1995", [true, true]);
    // A time of day is exact, a date includes its last unit.
    check("--during=2025-08-01T10:00..2025-08-01T11:00", "2025-08-01T11:00Z", [false, false]);
    check("--during=2025-08-01T10:00..2025-08-01T11:00", "2025-08-01T10:00Z", [true, true]);
    check("--during=2025-08-01T10:00", "2025-08-01T10:00Z", [true, true]);
    check("--until=2025-08-01T10:00", "2025-08-01T10:00Z", [false, false]);
    // Phrases, years BC, sets.
    check("--during=late 1990s", "1995", [true, true]);
    check("--during=50 BC..AD 14", "-0043-03-15", [true, true]);
    check("--during=-0050..-0040", "-0043-03-15", [true, true]);
    check("--during=[1914,1916]", "1915", [true, true]);
    check("--during=1914–18", "1918", [true, true]);
    check("--during=1914/1918", "1918", [true, true]);
}

#[test]
fn zones() {
    use check_window as check;
    check("--during=2025-08-01", "2025-07-31T23:00Z", [false, false]);
    check("--during=2025-08-01  --zone=Europe/Berlin", "2025-07-31T23:00Z", [true, true]);
    check("--during=2025-08-01T00:00..2025-08-01T02:00  --zone=Europe/Berlin", "2025-07-31T23:00Z", [true, true]);
    check("--during=2025-08-01T00:00+02:00..", "2025-07-31T22:00Z", [true, true]);
    check("--during=2025-08-01T00:00+02:00..", "2025-07-31T21:59Z", [false, false]);
    // Dates and floating times go by the clock of the filter.
    check("--overlapping=2025-08-01  --zone=Europe/Berlin", "2025-07-31", [false, false]);
    check("--overlapping=2025-08-01  --zone=Europe/Berlin", "2025-08-01", [true, true]);
    check("--during=2025-08-01  --zone=Europe/Berlin", "2025-08-01T00:30", [true, true]);
    check("--during=2025-07-31T22:00Z..  --zone=Europe/Berlin", "2025-08-01T00:00", [true, true]);
    check("--during=2025-07-31T22:00Z..  --zone=Europe/Berlin", "2025-07-31T23:59", [false, false]);
    check("--since=2025-08-01  --zone=-12:00", "2025-08-01T11:00Z", [false, false]);
}

#[test]
fn what_is_said() {
    let event = Event {
        claims: vec![
            Claim {
                source: "a.ics".into(),
                lane: Some("Maths".into()),
                title: Some("Analysis".into()),
                ..Claim::default()
            },
            Claim {
                source: "b.ics".into(),
                differs: Some(r#"{"tags":["exam"],"place":"Attic"}"#.into()),
                ..Claim::default()
            },
        ],
        kind: Some("VEVENT".into()),
        place: Some("Cellar".into()),
        extra: Some(r#"{"X-A":{"deep":[1,{"n":1.50}]},"a.b":{"c":"dots"},"no":null,"flag":true}"#.into()),
        lat: Some(50.5),
        actors: vec![annals_core::Actor { name: Some("Emmy".into()), ..Default::default() }],
        ..dated("2025-09-10T10:00 Europe/Berlin")
    }
    .title("Lecture")
    .body("On Rings\nand ideals")
    .lane("Physics")
    .tag("a")
    .tag("b");
    let check = |options: &str, expected: bool| assert_eq!(keeps(options, &event), expected, "{options}");
    check("", true);
    check("--lane=Physics", true);
    check("--lane=Maths", true);
    check("--lane=Other", false);
    check("--lane=Other  --lane=Maths", true);
    check("--tag=a", true);
    check("--tag=A", false);
    check("--tag=exam", true);
    check("--tag=exam  --lane=Other", false);
    check("--kind=VTODO", false);
    check("--kind=VTODO  --kind=VEVENT", true);
    check("--grep=^Lecture$", true);
    check("--grep=lecture", false);
    check("--grep=(?i)lecture", true);
    check("--grep=and ideals", true);
    check("--grep=Rings.and", false);
    check("--grep=(?s)Rings.and", true);
    check("--grep=Cellar|Kitchen", true);
    check("--grep=Attic", true);
    check("--grep=Analysis", true);
    check("--grep=Physics", false);
    check("--where=title=Lecture", true);
    check("--where=title!=Lecture", false);
    check("--where=title=Lect", false);
    check("--where=status=", true);
    check("--where=status!=", false);
    check("--where=status!=CANCELLED", true);
    check("--where=status=CANCELLED", false);
    check("--where=tags=b", true);
    check("--where=tags!=b", false);
    check("--where=tags=exam", false);
    check("--where=lat=50.5", true);
    check("--where=lat=50.50", false);
    check("--where=revision=", true);
    check("--where=when=2025-09-10T10:00:00+02:00", true);
    check("--where=start=2025-09-10T10:00:00+02:00", true);
    check("--where=end=", true);
    check("--where=bounds.start=2025-09-10T08:00:00Z", true);
    check("--where=precision=minute", true);
    check("--where=extent=moment  --where=zone=Europe/Berlin", true);
    check("--where=extent=moment  --where=zone=Europe/Paris", false);
    check("--where=actors.name=Emmy", true);
    check("--where=actors.role=", true);
    check("--where=claims.source=b.ics", true);
    check("--where=claims.differs.place=Attic", true);
    check("--where=extra.X-A.deep=1", true);
    check("--where=extra.X-A.deep=2", false);
    check("--where=extra.X-A.deep.n=1.50", true);
    check("--where=extra.a.b.c=dots", true);
    check("--where=extra.no=", true);
    check("--where=extra.flag=true", true);
    check("--where=extra.missing=", true);
    check("--where=extra.missing!=x", true);
    check("--where=title=a=b", false);
}

#[test]
fn columns_are_what_is_read() {
    let check = |options: &str, expected: &str| {
        let filter = filter(options).unwrap();
        assert_eq!(filter.columns().join(" "), expected, "{options}");
        assert_eq!(filter.is_empty(), options.is_empty());
    };
    check("", "");
    check("--kind=x", "id instance kind recurrence status");
    check("--lane=x  --where=end=", "claims edtf id instance lane recurrence status");
    check("--grep=x", "body claims id instance place recurrence status title");
}

const SOME_OPTIONS: &[&str] = &[
    "--during=1914..2030",
    "--overlapping=2000..2020",
    "--since=1985",
    "--until=1990",
    "--certainly",
    "--zone=Europe/Berlin",
    "--tag=Lecture",
    "--lane=Physics",
    "--lane=host-1",
    "--kind=VEVENT",
    "--grep=Lecture|party",
    "--grep=^$",
    "--where=status!=CANCELLED",
    "--where=place=",
    "--where=extra.X-B=1",
    "--where=precision=day",
    "--where=tags!=",
    "--where=claims.source=a.ics",
    "--where=lat!=",
    "--where=when=2025",
    "--where=end=..",
    "--where=actors.role=user",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Columns alone give the same answer as the event, with all columns and with those that are read.
    #[test]
    fn rows_are_judged_as_events(seed in any::<u64>(), picked in proptest::sample::subsequence(SOME_OPTIONS, 0..4)) {
        // An option that stands alone is taken once.
        let mut seen = BTreeSet::new();
        let once = |option: &&&str| !option.starts_with("--grep") || seen.insert("--grep");
        let filter = filter(&picked.iter().filter(once).copied().collect::<Vec<_>>().join("  ")).unwrap();
        let made = |n| Event { recurrence: None, instance: None, ..sample::event(seed.wrapping_add(n)) };
        let events: Vec<Event> = (0..20).map(made).collect();
        let needed: Vec<String> = filter.columns().into_iter().map(str::to_owned).collect();
        for batch in [to_batch(&events, None), to_batch(&events, Some(&needed))] {
            let rows = Rows::of(&batch).unwrap();
            for (row, event) in events.iter().enumerate() {
                let verdicts = filter.judge(std::slice::from_ref(event));
                prop_assert_eq!(vec![filter.keeps_row(&rows, row)], verdicts.keep, "{:?} {:?}", &picked, event);
            }
        }
    }

    /// Any group is judged, a series as one, and possibly wherever certainly.
    #[test]
    fn groups_are_judged(seeds in proptest::collection::vec(any::<u64>(), 1..5), picked in proptest::sample::subsequence(&SOME_OPTIONS[..4], 1..3)) {
        let group: Vec<Event> = seeds.into_iter().map(sample::event).collect();
        let options = picked.join("  ");
        let possibly = filter(&options).unwrap().judge(&group);
        let certainly = filter(&format!("{options}  --certainly")).unwrap().judge(&group);
        prop_assert_eq!(possibly.keep.len(), group.len());
        for (possible, certain) in possibly.keep.iter().zip(&certainly.keep) {
            prop_assert!(*possible || !certain);
        }
        if group.iter().any(|event| event.instance.is_some() || event.recurrence.is_some()) {
            prop_assert!(possibly.keep.iter().all(|keep| *keep == possibly.keep[0]));
        }
    }

    #[test]
    fn texts_never_panic(text in "[.0-9A-Za-zé/=!\\[\\](){}~? -]{0,20}") {
        let zone = Zone::Utc;
        let _ = Test::of("--during", &text, Relation::Within, &zone);
        let _ = Test::since(&text, &zone);
        let _ = Where::parse(&text);
        let _ = expression(&text);
    }
}

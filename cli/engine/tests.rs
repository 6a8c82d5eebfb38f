//! The algebra of the merge, over generated sources that collide in every way.

use std::collections::BTreeSet;

use std::sync::OnceLock;

use annals_core::account::Account;
use annals_core::key::{is_minted, sort_key};
use annals_core::table::{from_batch, to_batch};
use annals_core::{Claim, Event, Fact, Locator, When};
use proptest::prelude::*;

use super::filter::{Filter, Given};
use super::{
    Chunks, Conflict, Conflicts, Dedupe, Explain, Intake, Numbers, Ordered, Record, Settings, Windows, canonical,
    none_left,
};
use crate::exit::Trouble;
use crate::progress::Progress;

const TIMES: &[&str] =
    &["", "2025-09-10", "2025-08~", "2025-09-10T10:00:00+02:00", "2025-09-10T08:00:00Z", "2025-09-10T10:00:00"];

/// A record of a source, before the source has given it a place.
fn events() -> impl Strategy<Value = Event> {
    let text = |values: &'static [&'static str]| {
        proptest::option::weighted(0.7, proptest::sample::select(values)).prop_map(|it| it.map(str::to_owned))
    };
    let id = proptest::option::of(proptest::sample::select(["a", "b"].as_slice()));
    let local = proptest::option::weighted(0.3, proptest::sample::select(["1", "2"].as_slice()));
    let version = (proptest::option::of(0..3i64), proptest::option::of(0..2i64), proptest::option::of(0..2i64));
    let time = proptest::sample::select(TIMES);
    let texts = (text(&["x", "y"]), text(&["one", "two"]), text(&["CANCELLED"]), text(&["Home", "Work"]));
    let extra = text(&[r#"{"k":1}"#, r#"{"k":2}"#]);
    (id, local, version, time, texts, extra, any::<bool>()).prop_map(
        |(id, local, version, time, texts, extra, over)| {
            let mut event = Event {
                id: id.map(str::to_owned),
                revision: version.0,
                modified: version.1,
                stamped: version.2,
                title: texts.0,
                body: texts.1,
                status: texts.2,
                lane: texts.3,
                extra,
                instance: over.then(|| "2025-09-10".to_owned()),
                ..Event::default()
            };
            if !time.is_empty() {
                event.when = When::parse(time, None).unwrap();
            }
            event.claims = vec![Claim { id: local.map(str::to_owned), ..Claim::default() }];
            event
        },
    )
}

/// A source: its records in order, some of them twice.
fn source(label: &'static str) -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec((events(), any::<bool>()), 0..6).prop_map(move |events| {
        let twice = events.into_iter().flat_map(|(event, twice)| vec![event; 1 + usize::from(twice)]);
        twice.enumerate().map(|(at, event)| placed(event, label, at)).collect()
    })
}

fn placed(mut event: Event, label: &str, at: usize) -> Record {
    let claim = &mut event.claims[0];
    claim.source = label.to_owned();
    claim.locator = Some(Locator { offset: at as u64 * 10, len: 10, line: at as u64 + 1 });
    let local = if event.id.is_none() { claim.id.clone() } else { None };
    if event.id.is_some() {
        claim.id = None;
    }
    Record { event: Box::new(event), source: 0, local, weight: 0, explained: false }
}

/// A merged timeline as a whole.
#[derive(Debug)]
struct Timeline {
    events: Vec<Event>,
    facts: Vec<Fact>,
    accounts: Vec<Account>,
    conflicts: Conflicts,
}

/// How the engine is to work in a test: with so much memory, and so many threads.
const WAYS: [(usize, usize); 3] = [(1 << 30, 1), (1, 1), (1, 3)];

fn merge(sources: &[&[Record]], dedupe: Dedupe, conflict: Conflict, way: (usize, usize)) -> Result<Timeline, Trouble> {
    filter(sources, &Filter::default(), dedupe, conflict, way)
}

fn filter(
    sources: &[&[Record]],
    filter: &Filter,
    dedupe: Dedupe,
    conflict: Conflict,
    (memory, threads): (usize, usize),
) -> Result<Timeline, Trouble> {
    let (temp_dir, filter) = (std::env::temp_dir(), filter.clone());
    let settings = Settings {
        dedupe,
        conflict,
        filter,
        expand: None,
        memory,
        temp_dir,
        progress: Progress::default(),
        input_bytes: OnceLock::new(),
    };
    let numbers = Numbers::default();
    let mut intakes: Vec<Intake<'_>> = (0..threads).map(|_| Intake::new(&settings, &numbers, threads)).collect();
    for (at, records) in sources.iter().enumerate() {
        let intake = &mut intakes[at % threads];
        for some in records.chunks(3) {
            let events: Vec<Event> = some.iter().map(|record| canonical(record.event.as_ref().clone())).collect();
            let locals = some.iter().map(|record| record.local.clone()).collect();
            intake.add(at as u32, &to_batch(&events, None), locals)?;
        }
    }
    let got = intakes.into_iter().map(Intake::finish).collect::<Result<_, _>>()?;
    let mut merged =
        super::merge(&settings, got, vec![false; sources.len()], Vec::new(), Explain::default(), &mut none_left)?;
    let mut events = Vec::new();
    while let Some(batch) = merged.stream.next()? {
        events.extend(from_batch(&batch).unwrap());
    }
    let mut accounts = merged.joined;
    accounts.iter_mut().zip(merged.stream.accounts()).for_each(|(account, alone)| *account += *alone);
    Ok(Timeline { events, facts: merged.facts, accounts, conflicts: merged.conflicts })
}

fn merged(sources: &[&[Record]], dedupe: Dedupe, conflict: Conflict) -> Timeline {
    filtered(sources, &Filter::default(), dedupe, conflict)
}

fn filtered(sources: &[&[Record]], by: &Filter, dedupe: Dedupe, conflict: Conflict) -> Timeline {
    let timeline = filter(sources, by, dedupe, conflict, WAYS[0]).unwrap();
    // One other way is as good as both, over many cases.
    let other = 1 + sources.iter().map(|records| records.len()).sum::<usize>() % 2;
    let other = filter(sources, by, dedupe, conflict, WAYS[other]).unwrap();
    assert_eq!(other.events, timeline.events, "not independent of memory and threads");
    assert_eq!((other.facts, other.accounts), (timeline.facts.clone(), timeline.accounts.clone()));
    for (records, account) in sources.iter().zip(&timeline.accounts) {
        let account = Account { read: records.len() as u64, ..*account };
        assert!(account.balances(), "{account:?}");
    }
    let kept: u64 = timeline.accounts.iter().map(|account| account.kept).sum();
    assert_eq!(kept, timeline.events.len() as u64);
    let minted = || timeline.events.iter().filter_map(|event| event.id.as_deref()).filter(|id| is_minted(id));
    assert_eq!(minted().collect::<BTreeSet<_>>().len(), minted().count(), "two events have one minted id");
    timeline
}

/// A source in order, without ids; some of its records twice.
fn log(label: &'static str) -> impl Strategy<Value = Vec<Record>> {
    proptest::collection::vec((events(), 1..3usize), 0..15).prop_map(move |events| {
        let mut events: Vec<Event> = events.into_iter().flat_map(|(event, times)| vec![event; times]).collect();
        for event in &mut events {
            (event.id, event.instance, event.claims[0].id) = (None, None, None);
        }
        events.sort_by_key(|event| sort_key(event).0);
        events.into_iter().enumerate().map(|(at, event)| placed(event, label, at)).collect()
    })
}

/// Sources merged window by window, if they are fit for it.
fn streamed(sources: &[&[Record]], filter: &Filter, dedupe: Dedupe, memory: usize) -> Option<Timeline> {
    let (temp_dir, filter, conflict) = (std::env::temp_dir(), filter.clone(), Conflict::Both);
    let progress = Progress::default();
    let settings =
        Settings { dedupe, conflict, filter, expand: None, memory, temp_dir, progress, input_bytes: OnceLock::new() };
    let chunks = |(at, records): (usize, &&[Record])| -> Option<Chunks<'_>> {
        let mut ordered = Ordered::new(&settings, at);
        let mut chunk = |some: &[Record]| {
            let events: Vec<Event> = some.iter().map(|record| canonical(record.event.as_ref().clone())).collect();
            let locals: Vec<_> = some.iter().map(|record| record.local.clone()).collect();
            ordered.take(&to_batch(&events, None), &locals).map(Ok)
        };
        let chunks: Option<Vec<_>> = records.chunks(3).map(&mut chunk).collect();
        Some(Box::new(chunks?.into_iter()))
    };
    let chunks: Option<Vec<Chunks<'_>>> = sources.iter().enumerate().map(chunks).collect();
    let mut windows = Windows::new(&settings, chunks?).unwrap();
    let mut events = Vec::new();
    while let Some(batch) = windows.next().unwrap() {
        events.extend(from_batch(&batch).unwrap());
    }
    let accounts = windows.accounts().to_vec();
    Some(Timeline { events, facts: Vec::new(), accounts, conflicts: Conflicts::new() })
}

/// A timeline as a source: what reading its JSON gives.
fn again(timeline: &Timeline) -> Vec<Record> {
    let record = |event: &Event| {
        let line = annals_core::json::to_object(event);
        let mut event = annals_core::json::from_object(line, None).unwrap();
        event.id = event.id.filter(|id| !is_minted(id));
        Record { event: Box::new(event), source: 0, local: None, weight: 0, explained: false }
    };
    timeline.events.iter().map(record).collect()
}

const FILTERS: [Given<'_>; 3] = [
    Given { during: Some("2025-09-10"), certainly: true, ..GIVEN },
    Given { since: Some("2025-09"), grep: Some("x"), ..GIVEN },
    Given { overlapping: Some("2025-09-10T07:00..2025-09-10T09:00"), ..GIVEN },
];
const GIVEN: Given<'_> = Given {
    during: None,
    overlapping: None,
    since: None,
    until: None,
    certainly: false,
    tags: &[],
    lanes: &[],
    kinds: &[],
    grep: None,
    wheres: &[],
    zone: "UTC",
};
const MODES: [Dedupe; 3] = [Dedupe::None, Dedupe::Identity, Dedupe::Exact];

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_is_idempotent(a in source("a")) {
        for dedupe in MODES {
            let once = merged(&[&a], dedupe, Conflict::Both);
            prop_assert_eq!(&merged(&[&a, &a], dedupe, Conflict::Both).events, &once.events, "{:?}: A + A", dedupe);
            let read = again(&once);
            prop_assert_eq!(&merged(&[&read], dedupe, Conflict::Both).events, &once.events, "{:?}: again", dedupe);
            let both = merged(&[&read, &a], dedupe, Conflict::Both);
            // Without identity a newer version cannot be told from another event, so only `exact` is held to this.
            if dedupe == Dedupe::Exact && a.iter().all(|record| record.local.is_none()) {
                prop_assert_eq!(&both.events, &once.events, "its own output and A");
            }
        }
    }

    #[test]
    fn merging_is_commutative(a in source("a"), b in source("b")) {
        for dedupe in MODES {
            for conflict in [Conflict::Both, Conflict::One] {
                let ab = merged(&[&a, &b], dedupe, conflict);
                let ba = merged(&[&b, &a], dedupe, conflict);
                prop_assert_eq!(&ab.events, &ba.events, "{:?} {:?}", dedupe, conflict);
                prop_assert_eq!(ab.facts, ba.facts);
            }
        }
    }

    #[test]
    fn merging_is_associative(a in source("a"), b in source("b"), c in source("c")) {
        for dedupe in MODES {
            let all = merged(&[&a, &b, &c], dedupe, Conflict::Both);
            let ab = again(&merged(&[&a, &b], dedupe, Conflict::Both));
            let bc = again(&merged(&[&b, &c], dedupe, Conflict::Both));
            prop_assert_eq!(&merged(&[&ab, &c], dedupe, Conflict::Both).events, &all.events, "{:?}: (AB)C", dedupe);
            prop_assert_eq!(&merged(&[&a, &bc], dedupe, Conflict::Both).events, &all.events, "{:?}: A(BC)", dedupe);
        }
    }

    #[test]
    fn filters_judge_what_is_merged(a in source("a"), b in source("b"), way in 0..9usize) {
        let (by, dedupe) = (Filter::new(&FILTERS[way / 3]).unwrap(), MODES[way % 3]);
        let mut all = merged(&[&a, &b], dedupe, Conflict::Both).events;
        let mut found = filtered(&[&a, &b], &by, dedupe, Conflict::Both).events;
        let id = |event: &Event| event.id.clone().filter(|id| !is_minted(id));
        let keeps = |event: &Event| {
            let of_id = |other: &&Event| *other == event || id(event).is_some() && id(event) == id(other);
            let group: Vec<Event> = all.iter().filter(of_id).cloned().collect();
            by.judge(&group).keep[group.iter().position(|other| other == event).unwrap()]
        };
        let mut keep = all.iter().map(keeps).collect::<Vec<bool>>().into_iter();
        all.retain(|_| keep.next().unwrap());
        // Which of several equal events a minted id names depends on what is left.
        all.iter_mut().chain(&mut found).for_each(|event| event.id = id(event));
        prop_assert_eq!(all, found, "{:?} {:?}", by, dedupe);
    }

    #[test]
    fn windows_are_the_whole(a in log("a"), b in log("b"), c in log("a"), way in 0..36usize) {
        let by = FILTERS.get(way % 4).map_or_else(Filter::default, |given| Filter::new(given).unwrap());
        // A window is one time, in temporary files; a few times; all.
        let (dedupe, memory) = (MODES[way / 4 % 3], [1, 200_000, 1 << 30][way / 12]);
        let whole = filtered(&[&a, &b, &c, &a], &by, dedupe, Conflict::Both);
        let found = streamed(&[&a, &b, &c, &a], &by, dedupe, memory).unwrap();
        prop_assert_eq!(whole.events, found.events, "{:?} {:?}", by, dedupe);
        prop_assert_eq!((whole.facts, whole.accounts), (found.facts, found.accounts));
    }

    #[test]
    fn bounds_are_never_changed(a in source("a"), b in source("b")) {
        let before: Vec<_> = a.iter().chain(&b).map(|record| record.event.when.bounds()).collect();
        for event in merged(&[&a, &b], Dedupe::Exact, Conflict::Both).events {
            prop_assert!(before.contains(&event.when.bounds()));
        }
    }

    #[test]
    fn every_record_keeps_its_claim(a in source("a"), b in source("b")) {
        let timeline = merged(&[&a, &b], Dedupe::Exact, Conflict::Both);
        for record in a.iter().chain(&b) {
            let claim = &record.event.claims[0];
            let kept = timeline.events.iter().flat_map(|event| &event.claims);
            let same = |kept: &&Claim| kept.source == claim.source && kept.locator == claim.locator;
            prop_assert_eq!(kept.filter(same).count(), 1);
        }
    }
}

/// Records of one source, in the order given.
fn records(label: &str, events: &[Event]) -> Vec<Record> {
    let claimed = |event: &Event| Event { claims: vec![Claim::default()], ..event.clone() };
    events.iter().enumerate().map(|(at, event)| placed(claimed(event), label, at)).collect()
}

fn version(id: &str, revision: i64, title: &str) -> Event {
    Event { revision: Some(revision), ..Event::new().id(id).title(title) }
}

#[test]
fn the_newest_version_wins_and_the_older_says_where_it_differs() {
    let old = Event { body: Some("bring cake".to_owned()), ..version("x", 0, "Meeting") };
    let new = version("x", 2, "Meeting, moved");
    let timeline = merged(&[&records("a", &[old]), &records("b", &[new])], Dedupe::Exact, Conflict::Both);
    let [event] = timeline.events.as_slice() else { panic!("{:?}", timeline.events) };
    assert_eq!(event.title.as_deref(), Some("Meeting, moved"));
    let [a, b] = event.claims.as_slice() else { panic!("{:?}", event.claims) };
    assert_eq!((a.source.as_str(), a.title.as_deref(), a.revision), ("a", Some("Meeting"), Some(0)));
    assert_eq!(a.differs.as_deref(), Some(r#"{"body":"bring cake"}"#));
    assert_eq!((b.source.as_str(), b.title.as_deref(), b.differs.as_deref()), ("b", None, None));
    assert!(timeline.conflicts.is_empty());
    assert_eq!((timeline.accounts[0].merged, timeline.accounts[1].kept), (1, 1));
}

#[test]
fn conflicts() {
    let check = |conflict: Conflict, expected: &[&str], conflicts: usize| {
        let sources = ["b", "a"].map(|title| records(title, &[version("x", 1, title)]));
        let timeline = merged(&[&sources[0], &sources[1]], Dedupe::Exact, conflict);
        let titles: Vec<&str> = timeline.events.iter().filter_map(|event| event.title.as_deref()).collect();
        assert_eq!((titles.as_slice(), timeline.conflicts.len()), (expected, conflicts));
        assert_eq!(timeline.facts.len(), conflicts);
    };
    check(Conflict::Both, &["a", "b"], 1);
    check(Conflict::One, &["a"], 0);
    let sources = ["b", "a"].map(|title| records(title, &[version("x", 1, title)]));
    let failed = merge(&[&sources[0], &sources[1]], Dedupe::Exact, Conflict::Fail, WAYS[0]).unwrap_err();
    assert_eq!(failed.message, "records contradict each other under one id and version: `x`");
}

#[test]
fn a_log_may_say_a_thing_three_times() {
    let event = Event::new().title("tick");
    let three = records("a", &[event.clone(), event.clone(), event.clone()]);
    let two = records("b", &[event.clone(), event]);
    let timeline = merged(&[&three, &two], Dedupe::Exact, Conflict::Both);
    assert_eq!(timeline.events.len(), 3);
    let claims: Vec<usize> = timeline.events.iter().map(|event| event.claims.len()).collect();
    assert_eq!(claims, [2, 2, 1]);
    let ids: Vec<&str> = timeline.events.iter().filter_map(|event| event.id.as_deref()).collect();
    assert!(is_minted(ids[0]) && ids[1] == format!("{}-2", ids[0]) && ids[2] == format!("{}-3", ids[0]), "{ids:?}");
}

#[test]
fn a_local_id_serves_its_own_source_only() {
    let row = |title: &str| Event::new().title(title);
    let mut a = records("a", &[Event { revision: Some(1), ..row("old") }, Event { revision: Some(2), ..row("new") }]);
    let mut b = records("b", &[row("other")]);
    a.iter_mut().chain(&mut b).for_each(|record| record.local = Some("7".to_owned()));
    let timeline = merged(&[&a, &b], Dedupe::Exact, Conflict::Both);
    let titles: Vec<&str> = timeline.events.iter().filter_map(|event| event.title.as_deref()).collect();
    assert_eq!(titles, ["new", "other"]);
}

#[test]
fn equal_events_with_and_without_a_local_id_are_numbered_together() {
    let mut a = records("a", &[Event::new().title("tick"), Event::new().title("tick"), Event::new().title("tick")]);
    a[0].local = Some("7".to_owned());
    a[1].local = Some("7".to_owned());
    let b = records("b", &[Event::new().title("tick")]);
    for sources in [&[a.as_slice()][..], &[&a, &b]] {
        assert_eq!(merged(sources, Dedupe::Exact, Conflict::Both).events.len(), 2);
    }
}

#[test]
fn windows_take_only_what_has_to_do_with_no_other_time() {
    let event = |when: &str| Event::new().title("x").when(When::parse(when, None).unwrap());
    let check = |events: &[Event], expected: bool| {
        let records = records("a", events);
        let found = streamed(&[&records], &Filter::default(), Dedupe::None, 1 << 20);
        assert_eq!(found.is_some(), expected, "{events:?}");
    };
    let [first, last] = ["2025-01-01", "2025-01-02"].map(event);
    let many = |one: &Event| vec![one.clone(); 5];
    check(&[many(&first), many(&last)].concat(), true);
    check(&[last.clone(), first.clone()], false);
    check(&[many(&last), vec![first.clone()]].concat(), false);
    check(&[first.clone(), last.clone().id("x")], false);
    check(&[Event { instance: Some("2025".to_owned()), ..first.clone() }], false);
    check(&[Event { recurrence: Some("RRULE:FREQ=DAILY".to_owned()), ..first.clone() }], false);
    check(&[event("2025-01-01T10:00:00+01:00"), event("2025-01-01T10:00:00Z"), event("2025-01-01T10:30:00")], true);
    let berlin = annals_core::when::Zone::parse("Europe/Berlin");
    let there = When::parse("2025-01-01T10:00:00", berlin.as_ref()).unwrap();
    check(&[first, Event::new().when(there)], false);
    let mut local = records("a", &[last]);
    local[0].local = Some("7".to_owned());
    assert!(streamed(&[&local], &Filter::default(), Dedupe::None, 1 << 20).is_none());
}

#[test]
fn more_runs_than_are_merged_at_once_are_merged_in_passes() {
    // Three records make a run; some are there twice, some have versions.
    let event = |n: usize| Event {
        id: n.is_multiple_of(4).then(|| (n % 300).to_string()),
        revision: Some(n as i64 % 5),
        ..Event::new().title((n % 1000).to_string()).when(When::parse(&format!("{}", 1000 + n % 900), None).unwrap())
    };
    let a = records("a", &(0..1600).map(event).collect::<Vec<_>>());
    let b = records("b", &(500..600).map(event).collect::<Vec<_>>());
    let [whole, little] = [WAYS[0], WAYS[1]].map(|way| merge(&[&a, &b], Dedupe::Exact, Conflict::Both, way).unwrap());
    assert_eq!(whole.events, little.events);
    assert_eq!((whole.facts, whole.accounts), (little.facts, little.accounts));
}

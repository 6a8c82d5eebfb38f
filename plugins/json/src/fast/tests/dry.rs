//! What is passed over is what the long way finds outside.

use std::cell::RefCell;
use std::collections::HashMap;

use annals_core::outside::{Outside, Windows};
use annals_core::when::{Asked, Relation, Window};
use annals_core::{Fact, Host};

use super::*;

/// What a host is told: offset, line, id, id inside the source, whether it floats.
type Told = (u64, u64, String, String, bool);

/// A host that wants no rows from outside of its windows, but those at some offsets.
#[derive(Default)]
struct Asking {
    windows: Windows,
    wanted: Vec<u64>,
    told: RefCell<Vec<Told>>,
    /// Which rows it has asked for.
    rows: RefCell<Vec<u64>>,
    notes: RefCell<Vec<Note>>,
}

impl Host for Asking {
    fn note(&self, note: &Note) {
        self.notes.borrow_mut().push(note.clone());
    }

    fn fact(&self, _: &Fact) {}

    fn windows(&self) -> Option<&Windows> {
        Some(&self.windows)
    }

    fn outside(&self, record: &Outside<'_>) -> bool {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let Outside { offset, line, row, .. } = *record;
        self.told.borrow_mut().push((offset, line, text(record.id), text(record.local_id), record.floating));
        let wanted = self.wanted.contains(&offset);
        self.rows.borrow_mut().extend(Some(row).filter(|_| wanted));
        wanted
    }
}

/// Windows around the middle of 2016, one in UTC and one by the clock.
fn windows(certainly: bool) -> Windows {
    let at = |text: &str| Instant::parse(text, None).unwrap().us;
    let window = |from, to| Window { from: at(from), to: at(to) };
    let (utc, local) = (
        window("2016-06-01T00:00:00Z", "2016-07-01T03:00:00Z"),
        window("2016-07-01T02:00:00Z", "2016-07-02T00:00:00Z"),
    );
    Windows { asked: vec![Asked { relation: Relation::Overlaps, utc, local }], certainly }
}

/// Asserts that what is told and what is given is what all rows would be, with no row kept from outside but those that
/// are wanted. Gives how many records were told.
#[track_caller]
fn passes(lines: &[u8], pairs: &[(&str, &str)], certainly: bool, wanted: &[usize]) -> usize {
    let request = request(pairs);
    let (all, notes, count) = read(lines, &request, true);
    let run = |wanted: Vec<u64>| {
        let host = Asking { windows: windows(certainly), wanted, ..Asking::default() };
        let mut importer = jsonl::Importer::open(Box::new(Cursor::new(lines.to_vec())), &request).unwrap();
        let mut out = Out::new(&host);
        while importer.step(&mut out).unwrap() {}
        let events = from_batch(&out.take()).unwrap();
        assert_eq!((host.notes.take(), out.counts().read()), (notes.clone(), count), "{pairs:?}");
        assert_eq!(out.counts().filtered as usize + host.rows.borrow().len(), host.told.borrow().len());
        (events, host.told.take(), host.rows.take())
    };
    let (events, told, _) = run(Vec::new());
    let by_offset: HashMap<u64, _> = told.iter().map(|told| (told.0, told)).collect();
    let is_told = |event: &Event| {
        let own = event.claims.first().filter(|claim| event.claims.len() == 1 && claim.is_own())?;
        by_offset.get(&own.locator?.offset).copied().cloned()
    };
    let mut rest = Vec::new();
    let mut expected = Vec::new();
    for event in &all {
        let Some(one) = is_told(event) else {
            rest.push(event.clone());
            continue;
        };
        let local = event.when.zone.as_deref().is_none_or(|zone| zone == "floating");
        assert!(windows(certainly).exclude(&event.when, local), "{event:?}");
        assert!(event.instance.is_none() && event.recurrence.is_none());
        let at = event.claims[0].locator.unwrap();
        let (id, local_id) = (event.id.clone().unwrap_or_default(), event.claims[0].id.clone().unwrap_or_default());
        assert_eq!(one, (at.offset, at.line, id, local_id, event.when.is_floating()));
        expected.push(one);
    }
    assert_eq!((&events, &told), (&rest, &expected), "{pairs:?} {}", String::from_utf8_lossy(lines));
    // The same records are told if some of them are wanted, and these come as they would have.
    let offsets: Vec<u64> = wanted.iter().filter_map(|at| told.get(*at)).map(|told| told.0).collect();
    let (events, again, rows) = run(offsets.clone());
    assert_eq!(again, told);
    let rows: Vec<&Event> = rows.iter().map(|row| &events[*row as usize]).collect();
    let asked: Vec<&Event> =
        all.iter().filter(|event| is_told(event).is_some_and(|one| offsets.contains(&one.0))).collect();
    assert_eq!(rows, asked);
    assert_eq!(events.len(), rest.len() + asked.len());
    told.len()
}

#[test]
fn records_outside_are_passed_over() {
    let line = |more: &str| format!("{{\"start\":\"2016-01-01T10:00:00Z\"{more}}}");
    let plain = [
        "",
        ",\"id\":\"a\"",
        ",\"title\":\"\\u00e9\\ud83c\\udf89\\n\",\"x\":[1,{\"a\":null}],\"tags\":[\"t\"]",
        ",\"end\":null",
    ];
    let odd = [
        ",\"recurrence\":\"RRULE:FREQ=DAILY\"",
        ",\"instance\":\"1\"",
        ",\"claims\":[{\"source\":\"x\"}]",
        ",\"title\":\"\\ud83c\"",
        ",\"x\":1,\"x\":2",
        ",\"end\":\"2015-01-01T10:00:00Z\"",
    ];
    let mut all = Vec::new();
    for more in plain {
        assert_eq!(passes(line(more).as_bytes(), &[], false, &[0]), 1, "{more}");
        all.push(line(more));
    }
    for more in odd {
        assert_eq!(passes(line(more).as_bytes(), &[], false, &[0]), 0, "{more}");
        all.push(line(more));
    }
    let mut text = (all.join("\r\n") + "\n").repeat(400).into_bytes();
    passes(&text, &[], false, &[1, 2, 1000]);
    // One block is no text.
    let middle = text.len() / 2;
    text[middle] = 0xff;
    passes(&text, &[], true, &[0, 1200]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn records_are_passed_over_as_they_are_read(
        records in prop::collection::vec(prop::collection::vec(member(), 0..7), 1..6),
        at in 0..OPTIONS.len(),
        certainly in any::<bool>(),
        end in prop::sample::select(vec!["\n", "\r\n", " \n", "\n\n"]),
    ) {
        let lines = records.iter().map(|members| format!("{{{}}}{end}", members.join(","))).collect::<String>();
        passes(lines.as_bytes(), OPTIONS[at], certainly, &[1]);
    }

    #[test]
    fn broken_lines_are_the_same_when_they_are_passed_over(
        records in prop::collection::vec(prop::collection::vec(member(), 0..7), 1..6),
        at in 0..OPTIONS.len(),
        (place, byte) in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let mut lines: Vec<u8> = records.iter().flat_map(|members| format!("{{{}}}\n", members.join(",")).into_bytes()).collect();
        let place = place.index(lines.len());
        lines[place] = byte;
        passes(&lines, OPTIONS[at], false, &[0, 2]);
        lines.truncate(place);
        passes(&lines, OPTIONS[at], true, &[]);
}
}

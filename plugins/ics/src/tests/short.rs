//! The short way and the general way come to the same: events, notes, facts, accounts and bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use annals_core::key::content_key;
use annals_core::testing::{Recorder, batches, options};
use annals_core::{Error, Event, Export, Fact, Import, ImportRequest, Options, Out, table};
use proptest::prelude::*;

use super::{HOME, WORK};
use crate::export::export_by;
use crate::fast::{Place, Reader, Writer};
use crate::import::IcsImport;

/// What an import gives, as far as it can be compared, and the events and facts.
fn import(bytes: &[u8], request: &ImportRequest, short: bool) -> (String, Vec<Event>, Vec<Fact>) {
    let host = Recorder::default();
    let run = |out: &mut Out<'_>| {
        let mut import = IcsImport::open(Box::new(std::io::Cursor::new(bytes.to_vec())), request)?;
        if !short {
            import = import.general();
        }
        while import.step(out)? {}
        Ok::<(), Error>(())
    };
    let mut out = Out::new(&host);
    let outcome = run(&mut out);
    let counts = out.counts();
    let events = table::from_batch(&out.take()).unwrap();
    let (notes, facts) = (host.notes.take(), host.facts.take());
    (format!("{events:#?}\n{notes:#?}\n{facts:#?}\n{counts:?}\n{outcome:?}"), events, facts)
}

fn export(events: Vec<Event>, facts: Vec<Fact>, options: Options, short: bool) -> String {
    let (host, mut bytes, mut batches) = (Recorder::default(), Vec::new(), batches(events));
    let mut cx = Export::new(options, facts, &mut batches, &mut bytes, &host);
    export_by(&mut cx, short.then(Writer::default)).unwrap();
    let counts = cx.counts();
    format!("{}\n{:#?}\n{counts:?}", String::from_utf8(bytes).unwrap(), host.notes.take())
}

/// The first lines that differ.
fn first_difference(one: &str, other: &str) -> Option<String> {
    let at = one.lines().zip(other.lines()).position(|(a, b)| a != b);
    let from = |text: &str, at: usize| text.lines().skip(at.saturating_sub(3)).take(8).collect::<Vec<_>>().join("\n");
    let differs = (one != other).then(|| at.unwrap_or(one.lines().count().min(other.lines().count())));
    differs.map(|at| format!("general:\n{}\nshort:\n{}", from(one, at), from(other, at)))
}

/// Ids that stand for several events, as the host tells them.
fn conflicts(events: &[Event]) -> impl Iterator<Item = Fact> {
    let mut keys: BTreeMap<(&str, Option<&str>), BTreeSet<String>> = BTreeMap::new();
    for event in events {
        let Some(id) = &event.id else { continue };
        let key = content_key(event).iter().map(|byte| format!("{byte:02x}")).collect();
        keys.entry((id, event.instance.as_deref())).or_default().insert(key);
    }
    let several = keys.into_iter().filter(|(_, keys)| keys.len() > 1);
    let facts = several.map(|((id, instance), keys)| Fact {
        kind: "conflict".to_owned(),
        key: id.to_owned(),
        value: serde_json::json!({"instance": instance, "keys": keys}),
    });
    facts.collect::<Vec<_>>().into_iter()
}

/// Takes a file both ways; `edit` changes its events before they are written.
fn check(bytes: &[u8], max_record: usize, edit: impl FnOnce(&mut Vec<Event>)) -> Result<(), String> {
    let request = ImportRequest { max_record, raw: max_record % 2 == 1, batch_rows: 3, ..ImportRequest::default() };
    let (general, mut events, mut facts) = import(bytes, &request, false);
    let (short, ..) = import(bytes, &request, true);
    first_difference(&general, &short).map_or(Ok(()), Err)?;
    edit(&mut events);
    facts.extend(conflicts(&events));
    facts.sort_by_key(|fact| (fact.kind.clone(), fact.key.clone(), fact.value.to_string()));
    facts.dedup();
    let sets: [&[(&str, &str)]; 3] =
        [&[], &[("name", "Both"), ("vague", "span")], &[("prefix", "lane"), ("claims", "yes")]];
    for set in sets {
        let export = |short| export(events.clone(), facts.clone(), options(set), short);
        first_difference(&export(false), &export(true)).map_or(Ok(()), Err)?;
    }
    Ok(())
}

/// One record of each plain form.
const PLAIN: &str = "BEGIN:VEVENT\r\nUID:a@b\r\nDTSTAMP:20250101T000000Z\r\nDTSTART:20250910T080000Z\r\n\
    DTEND:20250910T090000Z\r\nSUMMARY:One\\, two\r\nDESCRIPTION:a\\nb\r\n  c\r\nSTATUS:CONFIRMED\r\nTRANSP:OPAQUE\r\n\
    CATEGORIES:A,B\r\nORGANIZER;CN=Ada:mailto:ada@example.org\r\n\
    ATTENDEE;PARTSTAT=ACCEPTED;CN=\"B, C\":mailto:b@example.org\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n\
    END:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20250101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20251026T013000\r\n\
    DURATION:P1DT90M\r\nRECURRENCE-ID;TZID=Europe/Berlin:20251019T013000\r\nSUMMARY:raw, comma\r\nSEQUENCE:3\r\n\
    LAST-MODIFIED:20250102T000000Z\r\nURL:https://example.org/?a=1;b,c\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:c\r\nDTSTAMP:20250101T000000Z\r\nDTSTART;VALUE=DATE:20250910\r\nDTEND;VALUE=DATE:20250912\r\n\
    RRULE:FREQ=YEARLY\r\nEXDATE;VALUE=DATE:20260910\r\nLOCATION:Zürich\\; HB\r\nGEO:47.3;8.5\r\nX-REF;A=\"b:c\":\t\"d\\e\"\r\n\
    END:VEVENT\r\n\
    BEGIN:VEVENT\r\nDTSTAMP:19700101T000000Z\r\nDTSTART:20250910T080000\r\nSUMMARY:\r\nEND:VEVENT\r\n\
    BEGIN:VEVENT\r\nUID:e\r\nDTSTAMP:20250101T000000Z\r\nDTSTART;TZID=Asia/Tokyo:20250910T080000\r\n\
    DTEND;TZID=America/New_York:20250910T080000\r\nRECURRENCE-ID;VALUE=DATE:20250910\r\nEND:VEVENT\r\n";

fn plain() -> Vec<u8> {
    format!("BEGIN:VCALENDAR\r\nX-WR-CALNAME:Plain\r\n{PLAIN}END:VCALENDAR\r\n").into_bytes()
}

/// Were it not for this, the other tests could compare the general way with itself.
#[test]
fn plain_records_go_the_short_way() {
    let (mut reader, mut columns) = (Reader::default(), table::Builder::default());
    let place = Place { at: Default::default(), lane: Some("Plain"), raw: false, max_record: 10_000, line_cost: 24 };
    let mut rest = PLAIN;
    while !rest.is_empty() {
        let extent = reader.record(rest, true, place, &mut columns);
        let extent = extent.unwrap_or_else(|| panic!("not the short way: {rest}"));
        rest = &rest[extent.bytes..];
    }
    assert_eq!(columns.len(), 5);
    let batch = columns.finish();
    let rows = table::Rows::of(&batch).unwrap();
    let (mut writer, mut out) = (Writer::default(), Vec::new());
    for row in 0..5 {
        let written = writer.row(&rows, row, None, Some("Plain"), &mut out);
        assert!(written.is_some(), "not the short way: {:?}", rows.event(row));
    }
    let again = String::from_utf8(out).unwrap();
    assert!(again.starts_with("BEGIN:VEVENT\r\nUID:a@b\r\nDTSTAMP:20250101T000000Z\r\nDTSTART:20250910T080000Z\r\n"));
}

#[test]
fn samples() {
    for bytes in [WORK, HOME, &plain()] {
        for max_record in [1 << 20, 501] {
            check(bytes, max_record, |_| {}).unwrap();
        }
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            found.push(path);
        }
    }
}

#[test]
fn files_of_others() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(&root.join("../../../shared/corpus/ics"), &mut paths);
    if paths.is_empty() {
        // Past the test harness, which would keep what a passing test says to itself.
        let _ = writeln!(std::io::stderr(), "0 corpus documents, samples only");
    }
    files(&root.join("samples"), &mut paths);
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        // The large ones are many records of one program, and take long.
        if bytes.len() < 100 << 10 {
            check(&bytes, 1 << 20, |_| {}).unwrap_or_else(|text| panic!("{}: {text}", path.display()));
        }
    }
}

/// Zones with clocks that change, some in odd ways, and days on which they do.
const ZONES: [&str; 10] = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Africa/Monrovia",
    "Asia/Tokyo",
    "UTC",
    "EST",
    "No/Where",
];
const DAYS: [&str; 12] = [
    "20250330", "20251026", "20250309", "20251102", "20251005", "20250406", "20111230", "19720107", "20250223",
    "10000101", "90001231", "21001231",
];

const PIECES: &[&str] = &[
    "\r\n ",
    "\n",
    "\r",
    "\\",
    ",",
    ";",
    ":",
    "\"",
    "\t",
    " ",
    "0",
    "Z",
    "\u{7}",
    "é",
    "\u{7f}",
    "\\n",
    "\\N",
    "BEGIN:VEVENT\r\n",
    "END:VEVENT\r\n",
    "BEGIN:VALARM\r\n",
    "begin:vevent\r\n",
    "END:VCALENDAR\r\n",
    "UID: \r\n",
    ";TZID=Europe/Berlin",
    ";TZID=Foo",
    ";VALUE=DATE",
    "20250330T023000",
    "20251026T023000",
    "X-ANNALS-EDTF:2025?\r\n",
    "DTSTART:20250101T000000Z\r\n",
    "DTEND:20250101\r\n",
    "DURATION:PT1H\r\n",
    "STATUS:TENTATIVE\r\n",
    "GEO:1;2\r\n",
    "GEO:1.0;2\r\n",
    "GEO:x\r\n",
    "SUMMARY;LANGUAGE=en:x,y\r\n",
    "RECURRENCE-ID:20250910T080000Z\r\n",
    "CATEGORIES:a\\,b\r\n",
    "ATTENDEE:\r\n",
];

fn time() -> impl Strategy<Value = String> {
    let day =
        prop_oneof![4 => prop::sample::select(&DAYS[..]).prop_map(str::to_owned), 1 => "[12]0[0-9]{2}0[1-9][012][0-9]"];
    let zone = prop_oneof![3 => Just(0), 1 => 0..ZONES.len() + 3];
    (zone, day, 0..24, prop_oneof![Just(0), Just(30)]).prop_map(|(zone, day, hour, minute)| {
        match zone.checked_sub(ZONES.len()) {
            None => format!(";TZID={}:{day}T{hour:02}{minute:02}00", ZONES[zone]),
            Some(0) => format!(":{day}T{hour:02}{minute:02}00Z"),
            Some(1) => format!(":{day}T{hour:02}{minute:02}00"),
            Some(_) => format!(";VALUE=DATE:{day}"),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Times around changes of clocks, and at both ends of what the short way takes.
    #[test]
    fn times(
        records in proptest::collection::vec((time(), prop::option::of(time()), prop::option::of(time()), 0..5usize), 1..6),
        swap in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let mut text = "BEGIN:VCALENDAR\n".to_owned();
        for (start, end, instance, length) in records {
            let end = match (end, ["", "DURATION:PT90M\n", "DURATION:P1D\n", "DURATION:P1DT24H\n", "DURATION:P1W\n"][length]) {
                (Some(end), "") => format!("DTEND{end}\n"),
                (_, length) => length.to_owned(),
            };
            let instance = instance.map(|instance| format!("RECURRENCE-ID{instance}\n")).unwrap_or_default();
            text += &format!("BEGIN:VEVENT\nUID:a\nDTSTART{start}\n{instance}{end}END:VEVENT\n");
        }
        text += "END:VCALENDAR\n";
        let edit = |events: &mut Vec<Event>| {
            if !events.is_empty() {
                let from = events[swap.0.index(events.len())].when.clone();
                let at = swap.1.index(events.len());
                events[at].when = from;
            }
        };
        check(text.as_bytes(), 1 << 20, edit).map_err(TestCaseError::fail)?;
    }

    /// Damage of all kinds, and events that were changed after they were read.
    #[test]
    fn damaged_and_edited(
        sample in 0usize..6,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..30, 0..PIECES.len(), 0..4u8), 0..5),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..12u8), 0..4),
        max_record in prop_oneof![Just(1usize << 20), 300usize..900],
    ) {
        let mut bytes = match sample { 0 => WORK.to_vec(), 1 => HOME.to_vec(), _ => plain() };
        for (at, length, piece, how) in damage {
            let mut at = at.index(bytes.len());
            if how > 0 {
                // Most damage is at the start of a line.
                at = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            }
            let end = if how < 3 { at } else { (at + length).min(bytes.len()) };
            bytes.splice(at..end, PIECES[piece].bytes());
        }
        let edit = |events: &mut Vec<Event>| {
            for (one, other, what) in edits {
                if events.is_empty() {
                    return;
                }
                let from = events[other.index(events.len())].clone();
                let at = one.index(events.len());
                let event = &mut events[at];
                match what {
                    0 => event.title = from.title,
                    1 => event.when = from.when,
                    2 => event.lane = from.lane.map(|lane| lane + "\n;x"),
                    3 => event.tags = [from.tags, vec![" a".to_owned()]].concat(),
                    4 => event.actors = from.actors,
                    5 => event.extra = from.extra,
                    6 => event.instance = from.instance,
                    7 => event.place = Some("a\rb\u{7}; c".to_owned()),
                    8 => event.stamped = Some(1),
                    9 if event.lat.is_some() => (event.lat, event.lon) = (from.lat, Some(200.0)),
                    9 => event.when.said = Some("then".to_owned()),
                    10 => event.recurrence = from.recurrence.map(|lines| lines + "\n\nX:y"),
                    _ => event.kind = from.kind.map(|kind| kind + "X"),
                }
            }
        };
        check(&bytes, max_record, edit).map_err(TestCaseError::fail)?;
    }
}

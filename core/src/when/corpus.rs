//! Agreement with other people's EDTF strings and date phrases, read in place and skipped where absent.

use std::path::Path;

use super::text::bound_text;
use super::*;

/// The lines of a table of the corpus without its head; none where there is no corpus.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/edtf").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        tell("0 corpus documents, skipped");
        return Vec::new();
    };
    let rows: Vec<Vec<String>> =
        text.lines().skip(1).map(|line| line.split('\t').map(str::to_string).collect()).collect();
    tell(&format!("{name}: {} rows", rows.len()));
    rows
}

/// Bounds that are wrong in the table: midnight at +14:00 is 10:00 UTC of the day before, at -12:00 it is noon.
const WRONG_BOUNDS: [&str; 2] = ["2020-05-01T00:00:00+14:00", "2020-05-01T00:00:00-12:00"];

/// Whether a string that EDTF refuses is one of our instants: RFC 3339 and ISO 8601 allow more than EDTF.
fn is_our_instant(text: &str) -> bool {
    text.split('/').any(|side| Instant::parse(side, None).is_ok())
}

#[test]
fn vectors() {
    let (mut verdicts, mut extensions, mut bounds) = (0, 0, 0);
    let rows = rows("vectors.tsv");
    for row in &rows {
        let (text, valid, lower, upper) = (row[0].as_str(), row[1] == "valid", row[2].as_str(), row[3].as_str());
        let parsed = When::parse(text, None);
        if parsed.is_ok() && !valid && is_our_instant(text) {
            println!("instant beyond EDTF: {text}");
            extensions += 1;
            continue;
        }
        assert_eq!(parsed.is_ok(), valid, "{text}: {parsed:?}");
        verdicts += 1;
        let skipped = lower.is_empty() || WRONG_BOUNDS.contains(&text);
        let (Ok(when), false) = (parsed, skipped) else { continue };
        let edge = |bound: Option<i64>| match bound {
            None => "unknown".to_string(),
            Some(i64::MIN) => "-inf".to_string(),
            Some(i64::MAX) => "inf".to_string(),
            Some(us) => bound_text(us, "Z"),
        };
        // The upper bound of the table is the last day or second; ours is the first microsecond after the event.
        let last = when.end_hi.map(parse::before);
        let is_date = |expected: &str| !expected.contains('T');
        let day = |text: String| text.split_once('T').map_or(text.clone(), |(day, _)| day.to_string());
        let year =
            |text: &str| text.trim_start_matches('-').split('-').next().and_then(|year| year.parse::<i64>().ok());
        let far = |text: &str| year(text).is_some_and(|year| year > civil::YEAR_LIMIT);
        for (expected, got) in [(lower, when.start_lo), (upper, last)] {
            // Far years saturate here.
            if far(expected) {
                continue;
            }
            let got = edge(got);
            let got = if is_date(expected) { day(got) } else { got };
            assert_eq!(got.trim_start_matches('+'), expected, "{text}");
            bounds += 1;
        }
    }
    tell(&format!("{verdicts} verdicts and {bounds} bounds agree, {extensions} instants beyond EDTF"));
    assert!(rows.is_empty() || extensions <= 20, "{extensions}");
    assert!(rows.is_empty() || bounds >= 328, "{bounds}");
}

#[test]
fn phrases() {
    let rows = rows("natlang.tsv");
    let (mut same, mut refused, mut other) = (0, 0, 0);
    for row in &rows {
        let (text, expected) = (row[0].as_str(), row[1].replace(' ', ""));
        let got = phrase(text, Some(DateOrder::Mdy)).ok().and_then(|when| when.edtf).unwrap_or_default();
        // The table is older than open ends and open sets: it writes both as intervals with an unknown end.
        let open_set = |text: &str| match text.strip_prefix('[')?.strip_suffix(']')?.split_once("..")? {
            ("", last) => Some(format!("/{last}")),
            (first, "") => Some(format!("{first}/")),
            _ => None,
        };
        let plain = open_set(&got).unwrap_or_else(|| got.replace("..", ""));
        match (got == expected || plain == expected && plain.contains('/'), got.is_empty()) {
            (true, _) => same += 1,
            (false, true) => refused += 1,
            (false, false) => other += 1,
        }
        if got != expected && plain != expected {
            println!("{text:40} {expected:16} {got}");
        }
    }
    tell(&format!("{same} agree, {refused} are refused, {other} are read otherwise"));
    assert!(rows.is_empty() || same >= 102, "{same} of {}", rows.len());
}

/// Prints past the test harness, which would keep what a passing test says to itself.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

//! Agreement with the answers that others give, read in place and skipped where absent.

use std::path::Path;

use super::lines::{Stamp, stamp};
use super::occur::Occurrences;
use super::rule::Rule;
use super::*;
use crate::when::Zone;
use crate::when::civil::civil_from_days;

/// Start, rule and first occurrences of a table of the corpus; none where there is no corpus.
fn rows(name: &str) -> Vec<[String; 3]> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/ics/ical-rs").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        tell(&format!("{name}: 0 rules, skipped"));
        return Vec::new();
    };
    let row = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        [(); 3].map(|()| fields.next().unwrap_or_default())
    };
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(row).collect()
}

/// What a rule gives by itself: a start that does not fit is no occurrence.
fn occurrences(start: &str, rule: &str, asked: usize) -> Result<String, RecurError> {
    let Some(Stamp::Local(start)) = stamp(start) else { panic!("{start}") };
    let clock = Clock::Zone(Zone::Floating);
    let rule = Rule::parse(rule, start)?;
    let mut occurrences = Occurrences::of(&rule, &clock, start, i64::MIN);
    let mut budget = Budget::default();
    let mut found = Vec::new();
    while found.len() < asked
        && let Some(us) = occurrences.next(&mut budget)?
    {
        let (year, month, day) = civil_from_days(us.div_euclid(US_PER_DAY));
        let second = us.rem_euclid(US_PER_DAY) / US_PER_SECOND;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        found.push(format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}"));
    }
    Ok(found.join(","))
}

/// Rules on which python-dateutil 2.9 and libical 3.0.20 agree.
#[test]
fn consensus() {
    let rows = rows("recur_consensus.tsv");
    let mut wrong = Vec::new();
    for [start, rule, expected] in &rows {
        let got = occurrences(start, rule, 12).unwrap_or_else(|error| error.to_string());
        if got != *expected {
            wrong.push(format!("{start} {rule}\n  {got}\n  {expected}"));
        }
    }
    tell(&format!("{} of {} rules agree", rows.len() - wrong.len(), rows.len()));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

/// Prints past the test harness, which would keep what a passing test says to itself.
fn tell(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}

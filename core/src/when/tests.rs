//! Reading, making and writing times; the four bounds of each.

use super::*;
use chrono::NaiveDate;
use proptest::prelude::*;

/// `start_lo start_hi end_lo end_hi`, midnight left out and `,9` for the microsecond before it, `,1` after it.
fn bounds(when: &When) -> String {
    let short = |bound| {
        let text = when.bound_text(bound).unwrap_or("-".to_string());
        let text = text.replace("T23:59:59.999999", ",9").replace("T00:00:00.000001", ",1");
        text.replace("T00:00:00", "")
    };
    when.bounds().map(short).join(" ")
}

fn check(input: &str, expected: &str) {
    let got = match When::parse(input, None) {
        Ok(when) => bounds(&when),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(got, expected, "{input}");
}

fn at(text: &str) -> Instant {
    Instant::parse(text, None).unwrap()
}

#[test]
fn single_dates_are_moments_in_their_unit() {
    check("2025-09-10", "2025-09-10 2025-09-10,9 2025-09-10,1 2025-09-11");
    check("2025-09?", "2025-09-01 2025-09-30,9 2025-09-01,1 2025-10-01");
    check("199X", "1990-01-01 1999-12-31,9 1990-01-01,1 2000-01-01");
    check("2023-24", "2023-12-01 2024-02-29,9 2023-12-01,1 2024-03-01");
    check("Y17E7", "+262001-01-01 .. +262001-01-01,1 ..");
    check("Y-17E7", ".. -262001-12-31,9 .. -262000-01-01");
    assert_eq!(When::parse("1985", None).unwrap().extent, Extent::Moment);
}

#[test]
fn instants_are_exact() {
    check(
        "2025-09-10T10:00Z",
        "2025-09-10T10:00:00Z 2025-09-10T10:00:00Z 2025-09-10T10:00:00.000001Z 2025-09-10T10:00:00.000001Z",
    );
    let when = When::parse("2025-09-10T10:00:00.123456789+02:00", None).unwrap();
    assert_eq!(when.start_nanos, 789);
    assert_eq!(when.zone.as_deref(), Some("+02:00"));
    assert_eq!(when.edtf.as_deref(), Some("2025-09-10T10:00:00.123456789+02:00"));
    let when = When::parse("2025-09-10T10:00", None).unwrap();
    assert!(when.is_floating() && when.precision == Precision::Minute);
    assert!(!When::parse("2025-09-10", None).unwrap().is_floating());
}

#[test]
fn intervals_last_throughout() {
    check("1914/1918", "1914-01-01 1914-12-31,9 1918-01-01,1 1919-01-01");
    check("1914..1918", "1914-01-01 1914-12-31,9 1918-01-01,1 1919-01-01");
    check("1985/1985", "1985-01-01 1985-12-31,9 1985-01-01,1 1986-01-01");
    check("1985/1985-04", "1985-01-01 1985-04-30,9 1985-04-01,1 1985-05-01");
    check("1985-04/1985", "1985-04-01 1985-04-30,9 1985-04-01,1 1986-01-01");
    check("../1985", ".. 1985-12-31,9 1985-01-01,1 1986-01-01");
    check("..1985", ".. 1985-12-31,9 1985-01-01,1 1986-01-01");
    check("1985/..", "1985-01-01 1985-12-31,9 1985-01-01,1 ..");
    check("1985..", "1985-01-01 1985-12-31,9 1985-01-01,1 ..");
    check("/1985", "- - 1985-01-01,1 1986-01-01");
    check("1985/", "1985-01-01 1985-12-31,9 - -");
    check("..2004-06-01/2004-06-20..", ".. 2004-06-01,9 2004-06-20,1 ..");
    check(
        "2025-09-10T10:00/2025-09-10T12:00",
        "2025-09-10T10:00:00 2025-09-10T10:00:00 2025-09-10T12:00:00 2025-09-10T12:00:00",
    );
    check(
        "2025-09-10T10:00Z/2025-09-10",
        "2025-09-10T10:00:00Z 2025-09-10T10:00:00Z 2025-09-10T10:00:00.000001Z 2025-09-11Z",
    );
    // The day is one in the zone of the time beside it.
    check(
        "2025-09-10T23:00+02:00/2025-09-11",
        "2025-09-10T21:00:00Z 2025-09-10T21:00:00Z 2025-09-10T22:00:00.000001Z 2025-09-11T22:00:00Z",
    );
    check("2025-09-10T10:00Z/..", "2025-09-10T10:00:00Z 2025-09-10T10:00:00Z 2025-09-10T10:00:00.000001Z ..");
    let edtf = |text| When::parse(text, None).unwrap().edtf.unwrap();
    assert_eq!(edtf("1914..1918"), "1914/1918");
    assert_eq!(edtf("2025-09-10T10+02/2025-09-10T12"), "2025-09-10T10:00:00+02:00/2025-09-10T12:00:00+02:00");
    assert_eq!(edtf("2025-09-10T10:00Z/2025-09-10T10:00Z"), "2025-09-10T10:00:00Z");
    assert_eq!(When::parse("/1985?", None).unwrap().precision, Precision::Year);
    assert_eq!(When::parse("1984?/1985~", None).unwrap().qualifier, Qualifier::Both);
}

#[test]
fn sets() {
    check("[1667,1760-12]", "1667-01-01 1760-12-31,9 1667-01-01,1 1761-01-01");
    check("[1900..1910]", "1900-01-01 1910-12-31,9 1900-01-01,1 1911-01-01");
    check("[..1984]", ".. 1984-12-31,9 .. 1985-01-01");
    check("[1984..]", "1984-01-01 .. 1984-01-01,1 ..");
    check("{1667,1668,1670..1672}", "1667-01-01 1667-12-31,9 1672-01-01,1 1673-01-01");
    check("{1960,1961-12}", "1960-01-01 1960-12-31,9 1961-12-01,1 1962-01-01");
    check("{2020}", "2020-01-01 2020-12-31,9 2020-01-01,1 2021-01-01");
    check("{..1984}", ".. 1984-12-31,9 .. 1985-01-01");
    assert_eq!(When::parse("[1667,1668]", None).unwrap().extent, Extent::Moment);
    assert_eq!(When::parse("{1667,1668}", None).unwrap().extent, Extent::Throughout);
}

#[test]
fn errors_name_text_and_reason() {
    check("20250230", "error: `20250230`: February 2025 has 28 days");
    check("2025-02-30", "error: `2025-02-30`: February 2025 has 28 days");
    check("2025-13-01", "error: `2025-13-01`: there is no month 13");
    check("2025-13", "error: `2025-13`: there is no month 13");
    check("2025-04-00", "error: `2025-04-00`: there is no day 0");
    check("20250910", "error: `20250910`: a date has dashes");
    check("1918/1914", "error: the end `1914` is before the start `1918`");
    check("Y300001/Y300000", "error: the end `Y300000` is before the start `Y300001`");
    check("1914/1915/1916", "error: `1914/1915/1916`: more than one `/`");
    check("../..", "error: `../..`: neither end has a date");
    check("/", "error: `/`: neither end has a date");
    check("", "error: ``: no date");
    check(" 2025", "error: ` 2025`: white space around the date");
    check("199", "error: `199`: a year has four digits");
    check("1985日", "error: `1985日`: EDTF permits ASCII characters only");
    check(
        "2025-09-10T12:00Z/2025-09-10T10:00Z",
        "error: the end `2025-09-10T10:00Z` is before the start `2025-09-10T12:00Z`",
    );
    check(
        "2025-09-10T12:00/2025-09-10T13:00Z",
        "error: `2025-09-10T12:00/2025-09-10T13:00Z`: only the end has an offset",
    );
    let hint = |text| When::parse(text, None).unwrap_err().hint.unwrap();
    assert_eq!(hint("20250910"), "write 2025-09-10");
    assert!(hint("10 September 2025").contains("2025-09-10"));
}

#[test]
fn between_start_and_end() {
    let check = |start: Option<&str>, end: Option<&str>, expected: &str| {
        let got = match When::between(start, end, Zone::parse("Europe/Berlin").as_ref()) {
            Ok(when) => when.edtf.unwrap_or("undated".to_string()),
            Err(error) => format!("error: {error}"),
        };
        assert_eq!(got, expected, "{start:?} {end:?}");
    };
    check(None, None, "undated");
    check(Some(""), Some(""), "undated");
    check(Some("1914"), None, "1914");
    check(Some("1914"), Some("1918"), "1914/1918");
    check(None, Some("1918"), "/1918");
    check(Some(".."), Some("1918"), "../1918");
    check(Some("1914"), Some(".."), "1914/..");
    check(Some("2025-09-10 10:00"), Some("2025-09-10 12:00"), "2025-09-10T10:00:00+02:00/2025-09-10T12:00:00+02:00");
    check(Some("1918"), Some("1914"), "error: the end `1914` is before the start `1918`");
    check(Some("1914/1916"), Some("1918"), "error: `1914/1916`: a start or end is one date");
    check(Some("[1914,1916]"), Some("1918"), "error: `[1914,1916]`: a start or end is one date");
}

#[test]
fn made_times() {
    let show = |when: When| format!("{} {} {:?}", when.edtf.as_deref().unwrap_or("-"), bounds(&when), when.extent);
    let day = |y, m, d| NaiveDate::from_ymd_opt(y, m, d).unwrap();
    assert_eq!(
        show(When::all_day(day(2025, 9, 10), day(2025, 9, 12))),
        "2025-09-10/2025-09-12 2025-09-10 2025-09-10 2025-09-13 2025-09-13 Throughout"
    );
    assert_eq!(
        show(When::all_day(day(2025, 9, 10), day(2025, 9, 10))),
        "2025-09-10 2025-09-10 2025-09-10 2025-09-11 2025-09-11 Throughout"
    );
    let far = When::all_day(day(12_025, 1, 2), day(12_025, 1, 3));
    assert!(When::parse(far.edtf.as_deref().unwrap(), None).unwrap().with_bounds(far.bounds()).is_ok());
    assert_eq!(
        show(When::until(at("2025-09-10T10:00"))),
        "/2025-09-10T10:00:00 - - 2025-09-10T10:00:00 2025-09-10T10:00:00 Throughout"
    );
    let span = When::span(at("2025-09-10T10:00+02:00"), at("2025-09-10T18:00Z"));
    assert_eq!((span.zone.as_deref(), span.end_zone.as_deref()), (Some("+02:00"), Some("UTC")));
    let same = at("2025-09-10T10:00Z");
    assert_eq!(When::span(same, same), When::instant(same));
    // Nanoseconds below an end still belong to the event.
    let span = When::span(at("2025-09-10T10:00:00.0000001Z"), at("2025-09-10T10:00:00.0000009Z"));
    assert_eq!(span.end_hi, span.start_lo.map(|start| start + 1));
    assert_eq!(span.extent, Extent::Throughout);
}

#[test]
fn throughout_a_unit() {
    let check = |input: &str, expected: &str| {
        let when = When::parse(input, None).unwrap().throughout();
        assert_eq!(format!("{} {:?}", bounds(&when), when.extent), expected, "{input}");
    };
    check("1914", "1914-01-01 1914-01-01 1915-01-01 1915-01-01 Throughout");
    check("19XX~", "1900-01-01 1900-01-01 2000-01-01 2000-01-01 Throughout");
    check("1985-XX-25", "1985-01-25 1985-12-25,9 1985-01-25,1 1985-12-26 Moment");
    check("[1914,1916]", "1914-01-01 1916-12-31,9 1914-01-01,1 1917-01-01 Moment");
    check("1914/1918", "1914-01-01 1914-12-31,9 1918-01-01,1 1919-01-01 Throughout");
    check("Y17E7", "+262001-01-01 .. +262001-01-01,1 .. Throughout");
    assert_eq!(When::undated().throughout(), When::undated());
}

#[test]
fn texts_of_start_and_end() {
    let check = |input: &str, start: Option<&str>, end: Option<&str>| {
        let when = When::parse(input, None).unwrap();
        assert_eq!((when.start_text().as_deref(), when.end_text().as_deref()), (start, end), "{input}");
    };
    check("1914/1918~", Some("1914"), Some("1918~"));
    check("1914", Some("1914"), None);
    check("1914/..", Some("1914"), Some(".."));
    check("../1918", Some(".."), Some("1918"));
    check("1914/", Some("1914"), None);
    check("/1918", None, Some("1918"));
    check("[1914,1916]", Some("[1914,1916]"), None);
    assert_eq!(When::undated().start_text(), None);
}

#[test]
fn bounds_are_written_and_read() {
    let zoned = When::parse("2025-09-10T10:00+02:00", None).unwrap();
    let date = When::parse("2025-09-10", None).unwrap();
    assert_eq!(zoned.bound_text(zoned.end_hi).as_deref(), Some("2025-09-10T08:00:00.000001Z"));
    assert_eq!(date.bound_text(date.end_hi).as_deref(), Some("2025-09-11T00:00:00"));
    assert_eq!(date.bound_text(None), None);
    assert_eq!(zoned.parse_bound("2025-09-10T10:00:00+02:00", Edge::Lo), Ok(zoned.start_lo.unwrap()));
    assert_eq!(date.parse_bound("..", Edge::Lo), Ok(i64::MIN));
    assert_eq!(date.parse_bound("..", Edge::Hi), Ok(i64::MAX));
    let error = |when: &When, text| when.parse_bound(text, Edge::Lo).unwrap_err().to_string();
    assert_eq!(error(&date, "2025-09-10T10:00Z"), "`2025-09-10T10:00Z`: an offset, but the time has no zone");
    assert_eq!(error(&date, "2025-09-10"), "`2025-09-10`: a bound is a date with a time, or ..");
    assert_eq!(error(&date, "soon"), "`soon`: a bound is a date with a time, or ..");
}

#[test]
fn bounds_narrow_and_must_agree() {
    let year = || When::parse("1985", None).unwrap();
    let us = |text| Some(at(text).us);
    let day = year().with_bounds([us("1985-04-12T00"), us("1985-04-12T00"), us("1985-04-13T00"), None]).unwrap();
    assert_eq!(bounds(&day), "1985-04-12 1985-04-12 1985-04-13 1986-01-01");
    assert_eq!(year().with_bounds([None; 4]).unwrap(), year());
    assert_eq!(year().with_bounds([Some(i64::MIN), None, None, Some(i64::MAX)]).unwrap(), year());
    assert!(year().with_bounds([us("1986-01-01T00"), None, None, None]).is_err());
    let error = year().with_bounds([None, None, None, us("1985-01-01T00")]).unwrap_err();
    assert!(error.message.starts_with("`1985`: the bounds contradict it: start unknown to unknown"), "{error}");
}

/// Strings that are EDTF or nearly so.
fn edtf_like() -> impl Strategy<Value = String> {
    let date = prop_oneof![
        "-?[0-9X]{4}",
        "[12][0-9]{3}-(0[1-9]|1[0-2]|2[1-9]|3[0-9]|4[01])",
        "[12][0-9]{3}-[01X][0-9X]-[0-3X][0-9X]",
        "[?~%]?[12][0-9]{3}[?~%]?-[?~%]?0[1-9][?~%]?",
        "Y-?[1-9][0-9]{4,18}(S[1-9])?",
        "Y-?[1-9]E[0-9]{1,2}(S[1-9])?",
        "-?[12][0-9]{3}S[1-4]",
        "[12][0-9]{3}-0[1-9]-1[0-9][T ]1[0-9]:00(:00(\\.[0-9]{1,9})?)?(Z|[+-]0[0-9]:30)?",
    ];
    let side = prop_oneof![4 => date.clone(), 1 => Just("..".to_string()), 1 => Just(String::new())];
    prop_oneof![
        date.clone(),
        (side.clone(), side.clone()).prop_map(|(a, b)| format!("{a}/{b}")),
        (side.clone(), side).prop_map(|(a, b)| format!("{a}..{b}")),
        (date.clone(), date.clone(), date).prop_map(|(a, b, c)| format!("[{a},{b}..{c}]")),
        "[\\[{](\\.\\.)?[12][0-9]{3}(,[12][0-9]{3}(-0[1-9])?)?(\\.\\.)?[\\]}]",
    ]
}

fn check_parsed(text: &str) -> Result<(), TestCaseError> {
    let zone = Zone::parse("Europe/Berlin");
    for zone in [None, zone.as_ref()] {
        let Ok(when) = When::parse(text, zone) else { continue };
        let edtf = when.edtf.clone().expect("dated");
        let again = When::parse(&edtf, zone).expect("what was written");
        prop_assert_eq!(again.edtf.as_deref(), Some(edtf.as_str()));
        prop_assert_eq!(again.bounds(), when.bounds());
        prop_assert_eq!(parse::tighten(when.bounds()), Some(when.bounds()));
        let [start_lo, start_hi, end_lo, end_hi] = when.bounds();
        let ordered = |a: Option<i64>, b: Option<i64>| a.is_none() || b.is_none() || a <= b;
        prop_assert!(ordered(start_lo, start_hi) && ordered(end_lo, end_hi));
        prop_assert!(ordered(start_lo, end_lo) && ordered(start_hi, end_hi));
        for (bound, edge) in when.bounds().into_iter().zip([Edge::Lo, Edge::Hi, Edge::Lo, Edge::Hi]) {
            if let Some(text) = when.bound_text(bound) {
                prop_assert_eq!(when.parse_bound(&text, edge).ok(), bound, "{}", text);
            }
        }
        prop_assert_eq!(when.clone().with_bounds(when.bounds()).unwrap(), when.clone());
        let lasting = when.throughout();
        prop_assert_eq!(parse::tighten(lasting.bounds()), Some(lasting.bounds()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text(text in "\\PC*") {
        check_parsed(&text)?;
        let _ = When::undated().parse_bound(&text, Edge::Lo);
        let _ = When::between(Some(&text), Some(&text), None);
    }

    #[test]
    fn edtf_text(text in edtf_like()) {
        check_parsed(&text)?;
    }
}

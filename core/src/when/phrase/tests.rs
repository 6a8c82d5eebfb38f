use proptest::prelude::*;

use super::*;
use crate::when::{Extent, Part, Precision, Qualifier};

fn read(input: &str, order: Option<DateOrder>) -> String {
    match phrase(input, order) {
        Ok(when) => when.edtf.unwrap_or("undated".to_string()),
        Err(error) => format!("error: {}", error.message.split_once(": ").map_or("", |(_, reason)| reason)),
    }
}

fn check(input: &str, expected: &str) {
    assert_eq!(read(input, None), expected, "{input}");
}

#[test]
fn days_and_months() {
    check("10 September 2025", "2025-09-10");
    check("September 10, 2025", "2025-09-10");
    check("Sept. 10th 2025", "2025-09-10");
    check("the 10th of September, 2025", "2025-09-10");
    check("Wednesday, 10 September 2025", "2025-09-10");
    check("10.Sept.2025", "2025-09-10");
    check("2025 September 10", "2025-09-10");
    check("10-Sep-2025", "2025-09-10");
    check("Sep-2025", "2025-09");
    check("2025-09-10", "2025-09-10");
    check("2025/9/10", "2025-09-10");
    check("20250910", "2025-09-10");
    check("September 2025", "2025-09");
    check("SEPT 2025", "2025-09");
    check("May, 1920", "1920-05");
    check("9/2025", "2025-09");
    check("09.2025", "2025-09");
    check("15 March 44 BC", "-0043-03-15");
    check("March 15, 44 BC", "-0043-03-15");
    check("March 44 B.C.", "-0043-03");
    check("24 August AD 79", "0079-08-24");
    check("30 February 2025", "error: February 2025 has 28 days");
    check("2025-02-30", "error: February 2025 has 28 days");
    check("20250230", "error: February 2025 has 28 days");
    check("Monday, 10 September 2025", "error: 10 September 2025 is a Wednesday, not a Monday");
}

#[test]
fn numeric_dates_are_never_guessed() {
    check("10.9.2025", "error: day and month may be either way round");
    check("10/7/2008", "error: day and month may be either way round");
    check("10-7-2008", "error: day and month may be either way round");
    check("23.9.2025", "2025-09-23");
    check("9/23/2025", "2025-09-23");
    check("5/5/2025", "2025-05-05");
    check("23. 9. 2025", "2025-09-23");
    check("23/9/25", "error: a two-digit year does not name its century");
    for (input, order, expected) in [
        ("10.9.2025", DateOrder::Dmy, "2025-09-10"),
        ("10.9.2025", DateOrder::Mdy, "2025-10-09"),
        ("10/7/2008", DateOrder::Mdy, "2008-10-07"),
        ("10/23/2008", DateOrder::Dmy, "error: there is no month 23"),
        ("2025/9/10", DateOrder::Mdy, "2025-09-10"),
    ] {
        assert_eq!(read(input, Some(order)), expected, "{input}");
    }
    let error = phrase("10/7/2008", None).unwrap_err();
    assert_eq!(error.message, "`10/7/2008`: day and month may be either way round");
    assert!(error.hint.unwrap().contains("dates=dmy"));
}

#[test]
fn years_and_eras() {
    check("1862", "1862");
    check("the year 1862", "1862");
    check("in 1862", "1862");
    check("44 BC", "-0043");
    check("44 B.C.E.", "-0043");
    check("44bc", "-0043");
    check("300 BCE", "-0299");
    check("1 BC", "0000");
    check("AD 79", "0079");
    check("79 CE", "0079");
    check("A.D. 476", "0476");
    check("12000 BC", "Y-11999");
    check("c. 12,000 BCE", "Y-11999~");
    check("0 BC", "error: no era has a year 0");
    check("476", "error: a year that has not four digits needs its era");
    check("'63", "error: a two-digit year does not name its century");
    check("63", "error: a two-digit year does not name its century");
}

#[test]
fn doubt() {
    check("c. 1850", "1850~");
    check("c1850", "1850~");
    check("ca 1850", "1850~");
    check("circa 1450", "1450~");
    check("about 1850", "1850~");
    check("1850 (approx.)", "1850~");
    check("~1850", "1850~");
    check("1862?", "1862?");
    check("1862 (?)", "1862?");
    check("1862 (uncertain)", "1862?");
    check("possibly 1862", "1862?");
    check("uncertain: c. 1862", "1862%");
    check("c. March 1850", "1850-03~");
    check("c. 1860s?", "186X%");
    check("c. 10th century BC", "[-0999..-0900]");
    let qualifier = |text| phrase(text, None).unwrap().qualifier;
    assert_eq!(qualifier("1850"), Qualifier::None);
    assert_eq!(qualifier("1850?"), Qualifier::Uncertain);
    assert_eq!(qualifier("c. 10th century BC"), Qualifier::Approximate);
    assert_eq!(qualifier("between about 1900 and 1910?"), Qualifier::Both);
    assert_eq!(qualifier("possibly between 1900 and 1910"), Qualifier::Uncertain);
}

#[test]
fn seasons_quarters_halves() {
    check("spring 1920", "1920-21");
    check("Fall of 1920", "1920-23");
    check("winter of 1940", "1940-24");
    check("winter 1940-41", "1940-24");
    check("winter of 1940/41", "1940-24");
    check("winter 1999–2000", "1999-24");
    check("Q3 2024", "2024-35");
    check("2024 Q3", "2024-35");
    check("2024-Q3", "2024-35");
    check("third quarter of 2024", "2024-35");
    check("last quarter of 2024", "2024-36");
    check("first half of 2024", "2024-40");
    check("H2 2024", "2024-41");
    check("Q5 2024", "error: not a date phrase");
    check("spring-summer 1920", "1920-21/1920-22");
    check("spring 1920 - autumn 1921", "1920-21/1921-23");
}

#[test]
fn decades_centuries_millennia() {
    check("the 1860s", "186X");
    check("1860's", "186X");
    check("1800s", "18XX");
    check("19th century", "18XX");
    check("nineteenth century", "18XX");
    check("twenty-first century", "20XX");
    check("19th cent.", "18XX");
    check("19c", "18XX");
    check("c. 19c", "18XX~");
    check("1st century", "00XX");
    check("2nd century AD", "01XX");
    check("10th century BC", "[-0999..-0900]");
    check("1st century BC", "[-0099..0000]");
    check("2nd millennium", "1XXX");
    check("2nd millennium BC", "[-1999..-1000]");
    check("the 440s BC", "[-0448..-0439]");
    check("first half of the 19th century", "[1800..1849]");
    check("last quarter of the 19th century", "[1875..1899]");
    check("first half of the 1860s", "[1860..1864]");
    check("17th-19th centuries", "16XX/18XX");
    check("17-19th centuries", "16XX/18XX");
    check("3rd-1st century BC", "[-0299..0000]");
    check("1940s-50s", "194X/195X");
    check("1860s to 1870s", "186X/187X");
    check("60s", "error: a two-digit decade does not name its century");
    check("0th century", "error: not a date phrase");
    let precision = |text| phrase(text, None).unwrap().precision;
    assert_eq!(precision("10th century BC"), Precision::Century);
    assert_eq!(precision("19th century"), Precision::Century);
    assert_eq!(precision("440s BC"), Precision::Decade);
}

#[test]
fn parts_never_narrow() {
    let part = |text| phrase(text, None).unwrap().part;
    for (input, edtf, expected) in [
        ("late 1990s", "199X", Part::Late),
        ("early 20th century", "19XX", Part::Early),
        ("mid-2012", "2012", Part::Mid),
        ("mid 2012", "2012", Part::Mid),
        ("late August 2025", "2025-08", Part::Late),
        ("mid-September 2025", "2025-09", Part::Mid),
        ("end of 1998", "1998", Part::Late),
        ("beginning of the 1860s", "186X", Part::Early),
        ("mid to late 1990s", "199X", Part::Whole),
        ("mid-to-late 1990s", "199X", Part::Whole),
        ("late 1990s - early 2000s", "199X/20XX", Part::Late),
    ] {
        check(input, edtf);
        assert_eq!(part(input), expected, "{input}");
        let (vague, whole) = (phrase(input, None).unwrap(), When::parse(edtf, None).unwrap());
        assert_eq!(vague.bounds(), whole.bounds(), "{input}");
        assert_eq!(vague.said.as_deref(), Some(input));
    }
    check("late August", "error: no year");
    check("September 10", "error: no year");
    check("10 September", "error: no year");
    check("January", "error: no year");
}

#[test]
fn ranges() {
    check("1914–18", "1914/1918");
    check("1914-18", "1914/1918");
    check("1914 — 18", "1914/1918");
    check("1914-1918", "1914/1918");
    check("1914 to 1918", "1914/1918");
    check("from 1900 to 1910", "1900/1910");
    check("1904–05", "1904/1905");
    check("1856-c. 1865", "1856/1865~");
    check("c. 1850 - 1860?", "1850~/1860?");
    check("AD 79-80", "0079/0080");
    check("79-80 AD", "0079/0080");
    check("300-200 BC", "-0299/-0199");
    check("1200-1000 BC", "-1199/-0999");
    check("300-50 BC", "-0299/-0049");
    check("480-79 BC", "error: the end may be 479 or 79 BC");
    check("480 BC - 79 BC", "-0479/-0078");
    check("1914-18 AD", "1914/1918");
    check("476-93 AD", "0476/0493");
    check("March 1914–18", "error: a two-digit year does not name its century");
    check("27 BC - AD 14", "-0026/0014");
    check("10-12 September 2025", "2025-09-10/2025-09-12");
    check("10 to 12 September 2025", "2025-09-10/2025-09-12");
    check("September 10-12, 2025", "2025-09-10/2025-09-12");
    check("28 September – 3 October 2025", "2025-09-28/2025-10-03");
    check("September-October 2025", "2025-09/2025-10");
    check("September 2025 to October", "2025-09/2025-10");
    check("2025-09-10 - 2025-09-12", "2025-09-10/2025-09-12");
    check("2025-09-10 to 2025-09-12", "2025-09-10/2025-09-12");
    check("2025-09 to 2025-11", "2025-09/2025-11");
    check("2001-03 to 2001-11", "2001-03/2001-11");
    check("10 September-12 October 2025", "2025-09-10/2025-10-12");
    check("23.9.2025 - 25.9.2025", "2025-09-23/2025-09-25");
    check("1914 to present", "1914/..");
    check("1918-1914", "error: the end `1914` is before the start `1918`");
    check("1914–08", "error: the end `1908` is before the start `1914`");
    check("100-50 CE", "0100/0150");
    check("1914-1916-1918", "error: more than one range");
    check("44 BC - 14", "error: a two-digit year does not name its century");
    assert_eq!(phrase("1914–18", None).unwrap().extent, Extent::Throughout);
}

#[test]
fn two_readings_are_refused() {
    check("1914-21", "error: `1914-21` may be a season or a range of years");
    check("1910-30?", "error: `1910-30` may be a season or a range of years");
    check("c. 1904-05", "error: `1904-05` may be a month or a range of years");
    check("active 1910-30", "1910/1930");
    // Only one of the readings is possible, or the form is ISO 8601.
    check("1984-24", "1984-24");
    check("2004-06", "2004-06");
    check("c. 1984-06", "1984-06~");
    check("1914/18", "error: not a date phrase");
    let error = phrase("1914-21", None).unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("write 1914/1921, or the season in words"));
}

#[test]
fn limits_and_alternatives() {
    check("before 1900", "[..1900]");
    check("before about 1900", "[..1900~]");
    check("prior to March 1900", "[..1900-03]");
    check("no later than 1900", "[..1900]");
    check("pre-1900", "[..1900]");
    check("after 1900", "[1900..]");
    check("since 1900", "1900/..");
    check("from 1900", "1900/..");
    check("1900 onwards", "1900/..");
    check("1900 or later", "[1900..]");
    check("before the 2nd century BC", "[..-0100]");
    check("after the 2nd century BC", "[-0199..]");
    check("between 1900 and 1910", "[1900..1910]");
    check("between c. 1900 and c. 1910", "[1900..1910]");
    check("between the 1860s and 1870s", "[1860..1879]");
    check("between March and May 1920", "[1920-03..1920-05]");
    check("between 10 and 12 May 1920", "[1920-05-10..1920-05-12]");
    check("between spring 1920 and 1921", "[1920-03-01..1921-12-31]");
    check("between 1910 and 1900", "error: the end `1900` is before the start `1910`");
    check("1862 or 1863", "[1862,1863]");
    check("1862 or 63", "[1862,1863]");
    check("May or June 1862", "[1862-05,1862-06]");
    check("1862? or 1863", "[1862?,1863]");
    assert_eq!(phrase("between 1900 and 1910", None).unwrap().extent, Extent::Moment);
}

#[test]
fn undated_and_refused() {
    for input in ["unknown", "n.d.", "[n.d.]", "undated", "No date"] {
        check(input, "undated");
        assert!(!phrase(input, None).unwrap().is_dated());
    }
    check("1863, printed 1870", "error: the word `printed` is not part of a date");
    check("soon", "error: the word `soon` is not part of a date");
    check("1900; 1973", "error: not a date phrase");
    check("", "error: no date");
    check("2025-09-10T25:00", "error: hours end at 23");
    check("1850 日", "error: the word `日` is not part of a date");
}

#[test]
fn edtf_says_nothing() {
    for input in ["1984?", "2004-06/2006-08", "[1667,1668]", "2025-09-10T10:00:00Z", "156X"] {
        let when = phrase(input, None).unwrap();
        assert_eq!((when.edtf.as_deref(), when.said), (Some(input), None));
    }
    assert_eq!(phrase(" c. 1850 ", None).unwrap().said.as_deref(), Some("c. 1850"));
}

proptest! {
    #[test]
    fn never_panics(text in "\\PC*") {
        let _ = phrase(&text, None);
    }

    #[test]
    fn never_panics_on_date_words(
        words in proptest::collection::vec(
            prop_oneof![
                Just("c."), Just("BC"), Just("AD"), Just("century"), Just("late"), Just("-"), Just("–"), Just("to"),
                Just("between"), Just("and"), Just("or"), Just("before"), Just("half"), Just("quarter"), Just("May"),
                Just("winter"), Just("last"), Just("10"), Just("0"), Just("1914"), Just("18"), Just("1860s"), Just("60s"),
                Just("440s"), Just("3rd"), Just("12000"), Just("/"), Just("."), Just(","), Just("?"), Just("é"),
                Just("99999999999999999999"), Just("millennium"), Just("day"), Just("month"), Just("present"),
                Just("000"), Just("31"),
            ], 0..8),
        gaps in proptest::collection::vec(any::<bool>(), 8),
    ) {
        let text: String = words.iter().zip(gaps).map(|(word, gap)| if gap { format!("{word} ") } else { word.to_string() }).collect();
        for order in [None, Some(DateOrder::Dmy), Some(DateOrder::Mdy)] {
            if let Ok(when) = phrase(&text, order) && let Some(edtf) = &when.edtf {
                prop_assert_eq!(When::parse(edtf, None).unwrap().bounds(), when.bounds());
            }
        }
    }
}

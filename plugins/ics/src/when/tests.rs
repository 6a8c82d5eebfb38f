//! Times to lines and back.

use annals_core::When;
use annals_core::when::{Extent, Instant, Part, Precision, Zone};

use super::*;
use crate::line::Line;
use crate::read::{Fault, Reading};
use crate::zone::Zones;

fn lines(text: &str) -> Vec<Line> {
    text.split('|').map(|line| Line::parse(line.trim().to_owned(), 0).unwrap()).collect()
}

/// Lines as the EDTF, the zones and the codes of repairs.
fn read(kind: &str, text: &str) -> String {
    let zones = Zones::iana();
    let mut cx = Reading::new(&zones, None);
    let lines = lines(text);
    let when = match read_plain(Some(kind), &lines.iter().collect::<Vec<_>>(), &mut cx) {
        Ok(when) => when,
        Err(Fault::Bad(code, _)) => return code.to_owned(),
        Err(Fault::Later(tzid)) => return format!("later {tzid}"),
    };
    let codes = cx.repairs.iter().map(|(code, _)| format!(" !{code}"));
    let zone = when.zone.iter().chain(&when.end_zone).map(|zone| format!(" {zone}"));
    let edtf = when.edtf.clone().unwrap_or("undated".to_owned());
    std::iter::once(edtf).chain(zone).chain(codes).collect()
}

#[test]
fn plain_times() {
    let check = |text: &str, expected: &str| assert_eq!(read("VEVENT", text), expected, "{text}");
    check("DTSTART:20250910T080000Z", "2025-09-10T08:00:00Z UTC");
    check("DTSTART:20250910T080000Z|DTEND:20250910T090000Z", "2025-09-10T08:00:00Z/2025-09-10T09:00:00Z UTC");
    check("DTSTART:20250910T080000", "2025-09-10T08:00:00 floating");
    check("DTSTART;TZID=Europe/Berlin:20250910T100000", "2025-09-10T10:00:00+02:00 Europe/Berlin");
    check(
        "DTSTART;TZID=Europe/Berlin:20250910T100000|DTEND;TZID=America/New_York:20250910T100000",
        "2025-09-10T10:00:00+02:00/2025-09-10T10:00:00-04:00 Europe/Berlin America/New_York",
    );
    check("DTSTART;VALUE=DATE:20250910", "2025-09-10");
    check("DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250911", "2025-09-10");
    check("DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250912", "2025-09-10/2025-09-11");
    check("DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250910", "2025-09-10");
    check("DTEND:20250910T080000Z", "/2025-09-10T08:00:00Z UTC");
    check("DURATION:PT1H", "undated");
}

#[test]
fn durations() {
    let check = |text: &str, expected: &str| assert_eq!(read("VEVENT", text), expected, "{text}");
    check("DTSTART:20250910T080000Z|DURATION:PT90M", "2025-09-10T08:00:00Z/2025-09-10T09:30:00Z UTC");
    // A day on the calendar is not always 24 hours on the clock.
    check(
        "DTSTART;TZID=Europe/Berlin:20250329T120000|DURATION:P1D",
        "2025-03-29T12:00:00+01:00/2025-03-30T12:00:00+02:00 Europe/Berlin",
    );
    check(
        "DTSTART;TZID=Europe/Berlin:20250329T120000|DURATION:PT24H",
        "2025-03-29T12:00:00+01:00/2025-03-30T13:00:00+02:00 Europe/Berlin",
    );
    check("DTSTART;VALUE=DATE:20250910|DURATION:P1W", "2025-09-10/2025-09-16");
    check("DTSTART;VALUE=DATE:20250910|DURATION:PT48H", "2025-09-10/2025-09-11");
    check("DTSTART;VALUE=DATE:20250910|DURATION:PT1H", "2025-09-10 !duration-of-day");
    check("DTSTART:20250910T080000Z|DURATION:-PT1H", "2025-09-10T08:00:00Z UTC !end-before-start");
    check("DTSTART:20250910T080000Z|DURATION:P1Y", "2025-09-10T08:00:00Z UTC !bad-duration");
}

#[test]
fn to_dos() {
    let check = |text: &str, expected: &str| assert_eq!(read("VTODO", text), expected, "{text}");
    check("DUE:20250910T080000Z", "/2025-09-10T08:00:00Z UTC");
    check("DUE;VALUE=DATE:20250910", "/2025-09-10");
    check("DTSTART;VALUE=DATE:20250908|DUE;VALUE=DATE:20250910", "2025-09-08/2025-09-10");
    check("DTSTART;VALUE=DATE:20250910|DUE;VALUE=DATE:20250910", "2025-09-10");
    check("DTSTART:20250910T080000|DUE:20250910T090000", "2025-09-10T08:00:00/2025-09-10T09:00:00 floating");
}

#[test]
fn repairs() {
    let check = |text: &str, expected: &str| assert_eq!(read("VEVENT", text), expected, "{text}");
    check("DTSTART:20250910", "2025-09-10 !date-without-value");
    check("DTSTART;VALUE=DATE:20250910T080000", "2025-09-10T08:00:00 floating !date-with-time");
    check("DTSTART;TZID=Europe/Berlin:20250910T080000Z", "2025-09-10T08:00:00Z UTC !utc-with-tzid");
    check("DTSTART;TZID=Nowhere:20250910T080000", "2025-09-10T08:00:00 floating !unknown-timezone");
    check("DTSTART:20250910T080000Z|DTEND:20250910T070000Z", "2025-09-10T08:00:00Z UTC !end-before-start");
    check("DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250909", "2025-09-10 !end-before-start");
    check(
        "DTSTART;VALUE=DATE:20250910|DTEND:20250910T080000Z",
        "2025-09-10T00:00:00Z/2025-09-10T08:00:00Z UTC !mixed-dates",
    );
    check(
        "DTSTART:20250910T080000Z|DTEND;VALUE=DATE:20250911",
        "2025-09-10T08:00:00Z/2025-09-11T00:00:00Z UTC !mixed-dates",
    );
    check("DTSTART:20250910T080000|DTEND:20250910T090000Z", "2025-09-10T08:00:00 floating !mixed-zones");
    check(
        "DTSTART:20250910T080000Z|DTEND:20250910T090000",
        "2025-09-10T08:00:00Z/2025-09-10T09:00:00Z UTC !mixed-zones",
    );
    check("DTSTART:|DTEND:20250910T080000Z", "/2025-09-10T08:00:00Z UTC !empty-date");
    check("DTSTART:20250230", "bad-date");
    check("DTSTART:20250910T080000Z|DTEND:None", "2025-09-10T08:00:00Z UTC !bad-date");
    check("DTSTART:20250910T080000Z|DTSTART:20250911T080000Z", "2025-09-10T08:00:00Z UTC !repeated-date");
    check(
        "DTSTART:20250910T080000Z|DURATION:PT1H|DTEND:20250910T083000Z",
        "2025-09-10T08:00:00Z/2025-09-10T08:30:00Z UTC !end-and-duration",
    );
    check("DTSTART;TZID=GMT+0100:20250910T080000", "2025-09-10T08:00:00+01:00 +01:00 !timezone-by-name");
    check(
        "DTSTART;TZID=\"(UTC-05:00) Eastern Time (US & Canada)\":20250910T080000",
        "2025-09-10T08:00:00-04:00 America/New_York !timezone-by-name",
    );
}

/// What is written for a time, and that it reads back.
fn written(component: &str, when: &When, vague_spans: bool) -> String {
    let zones = Zones::iana();
    let form = match write(when, component, false, &zones, vague_spans) {
        Ok(form) => form,
        Err((code, _)) => return code.to_owned(),
    };
    let parse =
        |texts: &[String]| -> Vec<Line> { texts.iter().map(|text| Line::parse(text.clone(), 0).unwrap()).collect() };
    let (plain, annals) = (parse(&form.plain), parse(&form.annals));
    let mut cx = Reading::new(&zones, None);
    let base = read_plain(Some(component), &plain.iter().collect::<Vec<_>>(), &mut cx).unwrap();
    let again = read_annals(base, &annals.iter().collect::<Vec<_>>(), &mut cx);
    assert!(form.lossy || again == *when, "{when:?} is read back as {again:?}");
    assert_eq!(cx.repairs, []);
    let vague = if form.vague { " vague" } else { "" };
    let lossy = if form.lossy { " lossy" } else { "" };
    form.plain.iter().chain(&form.annals).cloned().collect::<Vec<_>>().join("|").replace("X-ANNALS-", "+")
        + vague
        + lossy
}

fn when(text: &str, zone: &str) -> When {
    When::parse(text, Zone::parse(zone).as_ref()).unwrap()
}

#[test]
fn exact_times_are_written() {
    let check = |text: &str, zone: &str, expected: &str| {
        assert_eq!(written("VEVENT", &when(text, zone), false), expected, "{text} {zone}");
    };
    check("2025-09-10T08:00:00Z", "", "DTSTART:20250910T080000Z");
    check("2025-09-10T10:00:00", "Europe/Berlin", "DTSTART;TZID=Europe/Berlin:20250910T100000");
    check("2025-09-10T10:00:00", "", "DTSTART:20250910T100000");
    check("2025-09-10T10:00", "", "DTSTART:20250910T100000|+PRECISION:minute");
    check("2025-09-10T10:00:00+02:00", "", "DTSTART:20250910T080000Z|+EDTF:2025-09-10T10:00:00+02:00");
    check(
        "2025-09-10T10:00:00.5/2025-09-10T11:00:00.123456789",
        "Europe/Berlin",
        "DTSTART;TZID=Europe/Berlin:20250910T100000|DTEND;TZID=Europe/Berlin:20250910T110001|\
         +EDTF:2025-09-10T10:00:00.5+02:00/2025-09-10T11:00:00.123456789+02:00",
    );
    // The second of two times that the clock shows.
    check(
        "2025-10-26T02:30:00+01:00",
        "Europe/Berlin",
        "DTSTART:20251026T013000Z|+EDTF:2025-10-26T02:30:00+01:00|+ZONE:Europe/Berlin",
    );
    check("-0043-03-15T12:00:00Z", "", "out-of-range");
    check("2025-09-10T08:00:00Z/", "", "no-date");
    let day = |day: &str| day.parse().unwrap();
    let two_days = When::all_day(day("2025-09-10"), day("2025-09-11"));
    assert_eq!(written("VEVENT", &two_days, false), "DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250912");
    assert_eq!(written("VTODO", &two_days, false), "DTSTART;VALUE=DATE:20250910|DUE;VALUE=DATE:20250911");
    let far = When::all_day(day("2025-01-01"), day("2026-12-31"));
    assert_eq!(written("VEVENT", &far, false), "DTSTART;VALUE=DATE:20250101|DTEND;VALUE=DATE:20270101");
    let said = When { said: Some("next, week".to_owned()), part: Part::Late, ..two_days };
    assert_eq!(
        written("VEVENT", &said, false),
        "DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250912|+PART:late|+SAID:next\\, week"
    );
}

#[test]
fn vague_times_are_written_as_their_days() {
    let check = |text: &str, zone: &str, expected: &str| {
        assert_eq!(written("VEVENT", &when(text, zone), false), expected, "{text}");
    };
    let days = "DTSTART;VALUE=DATE:20250801|DTEND;VALUE=DATE:20250901";
    check("2025-08~", "", &format!("{days}|+EDTF:2025-08~ vague"));
    check("2025-09-10", "", "DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250911|+EDTF:2025-09-10 vague");
    check(
        "2025-06-01/2025-08-31",
        "",
        "DTSTART;VALUE=DATE:20250601|DTEND;VALUE=DATE:20250901|+EDTF:2025-06-01/2025-08-31 vague",
    );
    check(
        "2025-09-10T23:30:00Z/2025-09-12",
        "America/New_York",
        "DTSTART;VALUE=DATE:20250910|DTEND;VALUE=DATE:20250913|+EDTF:2025-09-10T23:30:00Z/2025-09-12 vague",
    );
    check(
        "[2025-08-01,2025-08-03]",
        "",
        "DTSTART;VALUE=DATE:20250801|DTEND;VALUE=DATE:20250804|+EDTF:[2025-08-01\\,2025-08-03] vague",
    );
    check("2025", "", "vague-span");
    check("2025-08/2025-10", "", "DTSTART;VALUE=DATE:20250801|DTEND;VALUE=DATE:20251101|+EDTF:2025-08/2025-10 vague");
    check("../2025-08", "", "no-date");
    check("2025-08/..", "", "no-date");
    check("-0043-03-15", "", "out-of-range");
    check("Y12025", "", "out-of-range");
    check("-0043", "", "out-of-range");
    assert_eq!(
        written("VEVENT", &when("2025", ""), true),
        "DTSTART;VALUE=DATE:20250101|DTEND;VALUE=DATE:20260101|+EDTF:2025 vague"
    );
    assert_eq!(
        written("VEVENT", &when("2025", "").throughout(), false),
        "DTSTART;VALUE=DATE:20250101|DTEND;VALUE=DATE:20260101|+EDTF:2025|+EXTENT:throughout"
    );
    let narrow = when("2025-08", "").with_bounds([Some(1_754_956_800_000_000), None, None, None]).unwrap();
    assert_eq!(
        written("VEVENT", &narrow, false),
        "DTSTART;VALUE=DATE:20250812|DTEND;VALUE=DATE:20250901|+EDTF:2025-08|\
         +BOUNDS:2025-08-12T00:00:00/2025-08-31T23:59:59.999999/2025-08-12T00:00:00.000001/2025-09-01T00:00:00 vague"
    );
}

#[test]
fn to_dos_and_journals_need_no_date() {
    let check = |component: &str, text: &str, expected: &str| {
        assert_eq!(written(component, &when(text, ""), false), expected, "{text}");
    };
    check("VTODO", "/2025-09-10T08:00:00Z", "DUE:20250910T080000Z");
    check("VTODO", "../2025-09-10T08:00:00Z", "DUE:20250910T080000Z|+EDTF:../2025-09-10T08:00:00Z");
    check("VTODO", "1914/1918", "+EDTF:1914/1918");
    check("VTODO", "/2025-09-10", "+EDTF:/2025-09-10");
    check("VJOURNAL", "-0043-03-15", "+EDTF:-0043-03-15");
    check(
        "VJOURNAL",
        "2025-09-10T08:00:00Z/2025-09-10T09:00:00Z",
        "DTSTART:20250910T080000Z|+EDTF:2025-09-10T08:00:00Z/2025-09-10T09:00:00Z",
    );
    assert_eq!(written("VTODO", &When::undated(), false), "");
    assert_eq!(written("VEVENT", &When::undated(), false), "undated");
}

#[test]
fn annals_properties_are_read_with_care() {
    let check = |text: &str, expected: &str| {
        let zones = Zones::iana();
        let mut cx = Reading::new(&zones, None);
        let lines = lines(text);
        let base = When::instant(Instant::parse("2025-09-10T08:00:00Z", None).unwrap());
        let when = read_annals(base, &lines.iter().collect::<Vec<_>>(), &mut cx);
        let code = cx.repairs.first().map(|(code, _)| *code).unwrap_or_default();
        assert_eq!(format!("{} {code}", when.edtf.unwrap_or_default()), expected, "{text}");
        assert!(matches!((when.extent, when.precision), (Extent::Moment, Precision::Second)) || code.is_empty());
    };
    check("X-ANNALS-EDTF:2025-02-30", "2025-09-10T08:00:00Z bad-edtf");
    check("X-ANNALS-BOUNDS:1/2", "2025-09-10T08:00:00Z bad-bounds");
    check("X-ANNALS-BOUNDS:2026-01-01T00:00:00Z///", "2025-09-10T08:00:00Z bad-bounds");
    check("X-ANNALS-PRECISION:fortnight", "2025-09-10T08:00:00Z ");
    check("X-ANNALS-EDTF:", " ");
}

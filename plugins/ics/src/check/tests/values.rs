//! Mistakes in values, in whole files.

use super::{event, inside};

#[test]
fn values_of_properties() {
    let check = |line: &str, expected: &[&str]| event(&format!("DTSTART;VALUE=DATE:20250910\n{line}"), expected);
    for line in [
        "SUMMARY:a\\, b\\; c\\\\ d\\ne\\N: \"f\"",
        "CATEGORIES:a,b\\,c",
        "GEO:37.386013;-122.082932",
        "PRIORITY:9",
        "STATUS:confirmed",
        "COLOR:Turquoise",
        "URL:https://example.com/a?b=c#d",
        "IMAGE;VALUE=URI;DISPLAY=BADGE,THUMBNAIL:https://example.com/a.png",
        "CONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:https://example.com/a",
        "ATTACH;VALUE=BINARY;ENCODING=BASE64:aGVsbG8=",
        "REQUEST-STATUS:2.8;Success\\, but;RRULE:FREQ=DAILY",
        "LINK;VALUE=URI;LINKREL=latest:https://example.com/a",
        "CLASS:X-SECRET",
    ] {
        check(line, &[]);
    }
    check("SUMMARY:C:\\data", &["8 bad-escape"]);
    check("SUMMARY:a\\", &["8 bad-escape"]);
    check("SUMMARY:a, b", &["8 unescaped"]);
    check("CATEGORIES:a;b", &["8 unescaped"]);
    check("GEO:37.386013\\;-122.082932", &["8 bad-value"]);
    check("GEO:91;0", &["8 bad-value"]);
    check("PRIORITY:10", &["8 bad-value"]);
    check("PRIORITY:high", &["8 bad-value"]);
    check("SEQUENCE:99999999999999999999", &["8 bad-value"]);
    check("STATUS:COMPLETED", &["8 bad-value"]);
    check("TRANSP:BUSY", &["8 bad-value"]);
    check("CLASS:SECRET", &["8 (unknown-word)"]);
    check("COLOR:#ff0000", &["8 bad-color"]);
    check("URL:example.com", &["8 bad-uri"]);
    check("URL:https://example.com/a b", &["8 bad-uri"]);
    check("ATTENDEE:a@example.com", &["8 bad-uri"]);
    check("IMAGE:https://example.com/a.png", &["8 value-missing"]);
    check("CONFERENCE:https://example.com/a", &["8 value-missing"]);
    check("ATTACH;VALUE=BINARY:aGVsbG8=", &["8 encoding-missing"]);
    check("ATTACH;VALUE=BINARY;ENCODING=BASE64:aGVsbG8", &["8 bad-value"]);
    check("ATTACH;ENCODING=BASE64:aGVsbG8=", &["8 bad-uri", "8 value-missing"]);
    check("SUMMARY;VALUE=URI:a", &["8 value-type"]);
    check("LINK;VALUE=URI:https://example.com/a", &["8 parameter-missing"]);
    check("REQUEST-STATUS:good", &["8 bad-value"]);
    check("DUE:20250910T000000Z", &["8 property-not-here"]);
    check("SUMMARY:a\nSUMMARY:b", &["9 property-twice"]);
    check("EXRULE:FREQ=DAILY", &["8 (deprecated)"]);
    check("CREATED:20250910T000000", &["8 not-utc"]);
    check("CREATED:20250910", &["8 bad-value"]);
}

#[test]
fn times() {
    let zoned = ";TZID=Europe/Berlin:";
    let check = |lines: &str, expected: &[&str]| event(&lines.replace(";Z:", zoned), expected);
    check("DTSTART:20250910T100000Z\nDTEND:20250910T110000Z", &[]);
    check("DTSTART:20250910t100000z\nDURATION:PT1H", &[]);
    check("DTSTART:20250910T100000Z", &["4 (no-end)"]);
    check("DTSTART:20250910T100000\nDURATION:PT1H", &["7 (floating-time)"]);
    check("DTSTART;Z:20250910T100000\nDURATION:PT1H", &["7 timezone-missing"]);
    check("DTSTART;TZID=/own/zone:20250910T100000\nDURATION:PT1H", &[]);
    check("DTSTART;Z:20250910T100000Z\nDURATION:PT1H", &["7 tzid-not-here"]);
    check("DTSTART;VALUE=DATE;Z:20250910".replace(";Z:", ";TZID=Europe/Berlin:").as_str(), &["7 tzid-not-here"]);
    check("DTSTART:20250910", &["7 date-without-value"]);
    check("DTSTART;VALUE=DATE:20250910\nEXDATE:20250911,20250912", &["8 date-without-value"]);
    check("DTSTART;VALUE=DATE:20250910\nEXDATE;VALUE=DATE;TZID=A:20250911,20250912", &["8 tzid-not-here"]);
    check("DTSTART;VALUE=DATE:20250910T100000Z", &["7 bad-value"]);
    check("DTSTART;VALUE=DATE:20250230", &["7 bad-value"]);
    check("DTSTART:2025-09-10T10:00:00Z", &["7 bad-value"]);
    check("DTSTART:20250910T240000Z", &["7 bad-value"]);
    check("DTSTART:20250910T100000Z\nDTEND:20250910T100000Z", &["8 end-not-after-start"]);
    check("DTSTART;VALUE=DATE:20250910\nDTEND;VALUE=DATE:20250910", &["8 end-not-after-start"]);
    check("DTSTART;VALUE=DATE:20250910\nDTEND:20250911T000000Z", &["8 types-differ"]);
    check("DTSTART:20250910T100000Z\nDTEND:20250910T110000", &["8 (floating-time)", "8 types-differ"]);
    check("DTSTART:20250910T100000Z\nDTEND:20250910T110000Z\nDURATION:PT1H", &["9 end-and-duration"]);
    check("DTSTART;VALUE=DATE:20250910\nDURATION:PT1H", &["8 duration-of-date"]);
    check("DTSTART;VALUE=DATE:20250910\nDURATION:-P1D", &["8 negative-duration"]);
    for duration in ["P1W2D", "PT1H30S", "P", "PT", "1H", "PT1.5H", "P1H", "PTH"] {
        check(&format!("DTSTART:20250910T100000Z\nDURATION:{duration}"), &["8 bad-value"]);
    }
    check("DTSTART;VALUE=DATE:20250910\nRDATE;VALUE=PERIOD:20250911T000000Z/PT1H", &["8 (dates-differ)"]);
    check("DTSTART;VALUE=DATE:20250910\nEXDATE:20250911T000000Z,20250912T000000Z", &["8 (dates-differ)"]);
    inside("BEGIN:VEVENT\nEND:VEVENT", &["4 missing-dtstamp", "4 missing-dtstart", "4 missing-uid"]);
    inside("BEGIN:VTODO\nUID:a\nDTSTAMP:20250101T000000Z\nDURATION:P1D\nEND:VTODO", &["4 missing-dtstart"]);
}

#[test]
fn rules() {
    let check = |rule: &str, expected: &[&str]| {
        event(&format!("DTSTART:20250910T100000Z\nDURATION:PT1H\nRRULE:{rule}"), expected);
    };
    for rule in [
        "FREQ=DAILY",
        "FREQ=MONTHLY;BYDAY=-1SU,2MO;BYHOUR=1,2;WKST=SU;COUNT=3",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;UNTIL=20260910T100000Z",
        "RSCALE=CHINESE;FREQ=YEARLY;BYMONTH=5L;SKIP=FORWARD",
    ] {
        check(rule, &[]);
    }
    for rule in [
        "",
        "COUNT=2",
        "FREQ=DAILY;",
        "FREQ=OFTEN",
        "FREQ=DAILY;FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;BYMONTH=13",
        "FREQ=DAILY;BYMONTH=5L",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYDAY=MO, TU",
        "FREQ=WEEKLY;BYDAY=ü",
        "FREQ=WEEKLY;BYDAY=1MO",
        "FREQ=WEEKLY;BYMONTHDAY=1",
        "FREQ=MONTHLY;BYWEEKNO=1",
        "FREQ=DAILY;BYYEARDAY=1",
        "FREQ=DAILY;BYSETPOS=1",
        "FREQ=DAILY;SKIP=OMIT",
        "FREQ=DAILY;X-A=1",
        "FREQ=DAILY;UNTIL=20260910T100000Z;COUNT=2",
        "FREQ=DAILY;UNTIL=tomorrow",
    ] {
        check(rule, &["9 bad-rule"]);
    }
    check("COUNT=2;FREQ=DAILY", &["9 rule-order"]);
    check("FREQ=DAILY\nRRULE:FREQ=WEEKLY", &["10 (several-rules)"]);
    check("FREQ=DAILY;UNTIL=20260910", &["9 until-type"]);
    check("FREQ=DAILY;UNTIL=20260910T100000", &["9 until-type"]);
    let date = "DTSTART;VALUE=DATE:20250910\nRRULE:FREQ=DAILY;";
    event(&format!("{date}UNTIL=20260910"), &[]);
    event(&format!("{date}UNTIL=20260910T000000Z"), &["8 until-type"]);
    event(&format!("{date}BYHOUR=9"), &["8 rule-of-date"]);
}

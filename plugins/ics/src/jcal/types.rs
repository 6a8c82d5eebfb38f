//! Value types: those that properties have by default, and how each is spelled in JSON and in a content line.

/// The type of a property that names none (RFC 5545, 7808, 7953, 7986, 9073, 9074, 9253), in lower case. `unknown` for
/// properties of which no RFC says one, or says that VALUE has to be given.
pub(crate) fn default_type(name: &str) -> &'static str {
    match name.to_ascii_uppercase().as_str() {
        "CALSCALE" | "METHOD" | "PRODID" | "VERSION" | "CATEGORIES" | "CLASS" | "COMMENT" | "DESCRIPTION"
        | "LOCATION" | "RESOURCES" | "STATUS" | "SUMMARY" | "TRANSP" | "TZID" | "TZNAME" | "CONTACT" | "RELATED-TO"
        | "UID" | "ACTION" | "REQUEST-STATUS" | "TZID-ALIAS-OF" | "BUSYTYPE" | "NAME" | "COLOR" | "LOCATION-TYPE"
        | "PARTICIPANT-TYPE" | "RESOURCE-TYPE" | "PROXIMITY" | "REFID" => "text",
        "ATTACH" | "TZURL" | "URL" | "CONCEPT" => "uri",
        "ATTENDEE" | "ORGANIZER" | "CALENDAR-ADDRESS" => "cal-address",
        "COMPLETED" | "DTEND" | "DUE" | "DTSTART" | "RECURRENCE-ID" | "EXDATE" | "RDATE" | "CREATED" | "DTSTAMP"
        | "LAST-MODIFIED" | "TZUNTIL" | "ACKNOWLEDGED" => "date-time",
        "DURATION" | "TRIGGER" => "duration",
        "FREEBUSY" => "period",
        "GEO" => "float",
        "PERCENT-COMPLETE" | "PRIORITY" | "REPEAT" | "SEQUENCE" => "integer",
        "RRULE" | "EXRULE" => "recur",
        "TZOFFSETFROM" | "TZOFFSETTO" => "utc-offset",
        _ => "unknown",
    }
}

/// How the value of a property is made of values (RFC 7265 section 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One value.
    One,
    /// Several, with commas between.
    List,
    /// Parts of one value, with semicolons between.
    Parts,
}

/// The shape of a property.
pub(crate) fn shape(name: &str) -> Shape {
    match name.to_ascii_uppercase().as_str() {
        "CATEGORIES" | "RESOURCES" | "FREEBUSY" | "EXDATE" | "RDATE" => Shape::List,
        "GEO" | "REQUEST-STATUS" => Shape::Parts,
        _ => Shape::One,
    }
}

/// Digits in groups of these lengths, with a separator between: `20250910` as `2025-09-10`.
fn grouped(digits: &str, groups: &[usize], separator: char) -> Option<String> {
    if digits.len() != groups.iter().sum::<usize>() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (mut text, mut rest) = (String::with_capacity(digits.len() + 2), digits);
    for (at, group) in groups.iter().enumerate() {
        let (head, tail) = rest.split_at(*group);
        text.extend((at > 0).then_some(separator));
        text.push_str(head);
        rest = tail;
    }
    Some(text)
}

/// The inverse.
fn plain(text: &str, groups: &[usize], separator: char) -> Option<String> {
    let digits = text.replace(separator, "");
    (grouped(&digits, groups, separator).as_deref() == Some(text)).then_some(digits)
}

fn parted(text: &str, date: impl Fn(&str) -> Option<String>, time: impl Fn(&str) -> Option<String>) -> Option<String> {
    match text.split_once('T') {
        None => date(text),
        Some((day, clock)) => {
            let (clock, utc) = clock.strip_suffix('Z').map_or((clock, ""), |clock| (clock, "Z"));
            Some(format!("{}T{}{utc}", date(day)?, time(clock)?))
        }
    }
}

/// A DATE or DATE-TIME as JSON spells it (RFC 7265 section 3.6.4 and 3.6.5); `None` for any other text.
pub(crate) fn time_to_json(text: &str) -> Option<String> {
    parted(text, |date| grouped(date, &[4, 2, 2], '-'), |time| grouped(time, &[2, 2, 2], ':'))
}

/// The inverse.
pub(crate) fn time_from_json(text: &str) -> Option<String> {
    parted(text, |date| plain(date, &[4, 2, 2], '-'), |time| plain(time, &[2, 2, 2], ':'))
}

/// A TIME (section 3.6.12).
pub(crate) fn clock(text: &str, to_json: bool) -> Option<String> {
    let (time, utc) = text.strip_suffix('Z').map_or((text, ""), |time| (time, "Z"));
    let time = if to_json { grouped(time, &[2, 2, 2], ':') } else { plain(time, &[2, 2, 2], ':') };
    time.map(|time| time + utc)
}

/// A PERIOD: a start, and an end or a duration (section 3.6.9).
pub(crate) fn period(text: &str, time: fn(&str) -> Option<String>) -> Option<String> {
    let (start, end) = text.split_once('/')?;
    let end = if end.trim_start_matches(['+', '-']).starts_with('P') { end.to_owned() } else { time(end)? };
    Some(format!("{}/{end}", time(start)?))
}

/// A UTC-OFFSET (section 3.6.14).
pub(crate) fn offset(text: &str, to_json: bool) -> Option<String> {
    let (sign, rest) = text.split_at_checked(1).filter(|(sign, _)| matches!(*sign, "+" | "-"))?;
    let groups: [&[usize]; 2] = [&[2, 2], &[2, 2, 2]];
    let convert = |groups: &&[usize]| match to_json {
        true => grouped(rest, groups, ':'),
        false => plain(rest, groups, ':'),
    };
    groups.iter().find_map(convert).map(|rest| sign.to_owned() + &rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let check = |plain: &str, json: &str| {
            assert_eq!(time_to_json(plain).as_deref(), Some(json), "{plain}");
            assert_eq!(time_from_json(json).as_deref(), Some(plain), "{json}");
        };
        check("20250910", "2025-09-10");
        check("20250910T090000", "2025-09-10T09:00:00");
        check("20250910T090000Z", "2025-09-10T09:00:00Z");
        for odd in ["", "2025", "20250910T", "20250910T0900", "2025-09-10", "20250910Z", "é0250910"] {
            assert_eq!(time_to_json(odd), None, "{odd}");
        }
        for odd in ["", "20250910", "2025-9-100", "2025-09-10T09:00", "20-25-0910", "2025-09-1é"] {
            assert_eq!(time_from_json(odd), None, "{odd}");
        }
    }

    #[test]
    fn periods_clocks_and_offsets() {
        let json = "2025-09-10T09:00:00Z/PT1H";
        assert_eq!(period("20250910T090000Z/PT1H", time_to_json).as_deref(), Some(json));
        assert_eq!(period(json, time_from_json).as_deref(), Some("20250910T090000Z/PT1H"));
        assert_eq!(period("20250910T090000/20250910T100000", time_to_json).unwrap().len(), 39);
        assert_eq!(period("20250910T090000", time_to_json), None);
        assert_eq!(clock("090000Z", true).as_deref(), Some("09:00:00Z"));
        assert_eq!(clock("09:00:00", false).as_deref(), Some("090000"));
        assert_eq!(offset("-0530", true).as_deref(), Some("-05:30"));
        assert_eq!(offset("+00:01:15", false).as_deref(), Some("+000115"));
        for odd in ["", "0530", "+5", "+5:300", "é"] {
            assert_eq!((offset(odd, true), offset(odd, false)), (None, None), "{odd}");
        }
    }
}

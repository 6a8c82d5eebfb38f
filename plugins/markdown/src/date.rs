//! Times as people write them, from EDTF.

use annals_core::When;
use annals_core::when::{Extent, Instant, Part, Qualifier, Zone, civil};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A time in words, and its part that says the day, if that is one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// `10 September 2025, 10:00–11:00 (Europe/Berlin)`
    pub whole: String,
    /// `10:00–11:00 (Europe/Berlin)`: what is left under a heading that says the day. Empty = the whole day.
    pub within_day: Option<String>,
}

/// The time in words; `zone` is the zone in which to show it. Empty if undated.
pub fn words(when: &When, zone: Option<&Zone>) -> Words {
    let Some(edtf) = when.edtf.as_deref() else { return Words::default() };
    if let Some(said) = &when.said {
        return Words { whole: said.clone(), within_day: None };
    }
    let mut words = match edtf.split_once('/') {
        Some((start, end)) => interval(when, start, end, zone),
        None => match instant(edtf, when.zone.as_deref(), zone) {
            Some(at) => Words { whole: at.text(), within_day: Some(format!("{}{}", at.clock, at.suffix())) },
            None => Words { whole: date(edtf), within_day: is_day(edtf).then(String::new) },
        },
    };
    match (when.part, edtf.contains('/')) {
        (Part::Whole, _) | (_, true) => {}
        (part, _) => {
            let name = match part {
                Part::Early => "early",
                Part::Mid => "mid",
                _ => "late",
            };
            words.whole = format!("{name} {}", words.whole);
        }
    }
    words
}

fn interval(when: &When, start: &str, end: &str, zone: Option<&Zone>) -> Words {
    let end_zone = when.end_zone.as_deref().or(when.zone.as_deref());
    let (first, last) = (instant(start, when.zone.as_deref(), zone), instant(end, end_zone, zone));
    if let (Some(first), Some(last)) = (&first, &last)
        && first.zone == last.zone
    {
        if first.day == last.day {
            let clock = format!("{}–{}{}", first.clock, last.clock, last.suffix());
            return Words { whole: format!("{}, {clock}", date(&first.day)), within_day: Some(clock) };
        }
        let whole = format!("{}, {} – {}", date(&first.day), first.clock, last.text());
        return Words { whole, within_day: None };
    }
    let side = |text: &str, at: &Option<At>| at.as_ref().map_or_else(|| date(text), At::text);
    let whole = match (start, end) {
        ("" | "..", "" | "..") => "at any time".to_owned(),
        ("" | "..", _) => format!("until {}", side(end, &last)),
        (_, "..") => format!("since {}", side(start, &first)),
        (_, "") => format!("{} – ?", side(start, &first)),
        _ if first.is_none() && last.is_none() => range(start, end),
        _ => format!("{} – {}", side(start, &first), side(end, &last)),
    };
    Words { whole, within_day: None }
}

/// Two dates, with what both have in common said once.
fn range(start: &str, end: &str) -> String {
    let (from, to) = (date(start), date(end));
    if from == to {
        return from;
    }
    if is_day(start) && is_day(end) {
        let (from_day, from_month) = from.split_once(' ').unwrap_or((&from, ""));
        let (_, to_month) = to.split_once(' ').unwrap_or((&to, ""));
        if from_month == to_month {
            return format!("{from_day}–{to}");
        }
        if let (Some((from_month, from_year)), Some((_, to_year))) =
            (from_month.split_once(' '), to_month.split_once(' '))
            && from_year == to_year
        {
            return format!("{from_day} {from_month} – {to}");
        }
    }
    // 1914–1918, but 28 July 1914 – 1918.
    if from.contains(' ') || to.contains(' ') { format!("{from} – {to}") } else { format!("{from}–{to}") }
}

/// An instant in parts.
struct At {
    /// `YYYY-MM-DD`
    day: String,
    /// `10:00`
    clock: String,
    /// `Europe/Berlin`; empty if floating.
    zone: String,
}

impl At {
    fn text(&self) -> String {
        format!("{}, {}{}", date(&self.day), self.clock, self.suffix())
    }

    fn suffix(&self) -> String {
        if self.zone.is_empty() { String::new() } else { format!(" ({})", self.zone) }
    }
}

/// An instant of EDTF in its own zone, or in the one to show; `None` if it is a date.
fn instant(text: &str, own: Option<&str>, show: Option<&Zone>) -> Option<At> {
    let own = own.and_then(Zone::parse);
    let mut at = Instant::parse(text, own.as_ref()).ok()?;
    if let (Some(own @ Zone::Named(_)), Zone::Utc) = (own, at.zone) {
        at.zone = own;
    }
    if let Some(show) = show
        && at.zone != Zone::Floating
        && *show != Zone::Floating
    {
        at.zone = *show;
    }
    let written = at.to_text();
    let (day, time) = written.split_once('T')?;
    // Without the offset, which the zone says better, and without seconds that are not there.
    let time = time.trim_end_matches('Z');
    let clock = time.split(['+', '-']).next().unwrap_or(time);
    let clock = clock.strip_suffix(":00").filter(|clock| clock.len() == 5).unwrap_or(clock);
    let zone = if at.zone == Zone::Floating { String::new() } else { at.zone.name() };
    Some(At { day: day.to_owned(), clock: clock.to_owned(), zone })
}

/// Whether it is a plain day.
fn is_day(edtf: &str) -> bool {
    let digits = edtf.strip_prefix('-').unwrap_or(edtf);
    digits.len() == 10
        && digits.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
}

/// A date of EDTF (levels 0-2) in words; what has no good words stays EDTF.
pub fn date(edtf: &str) -> String {
    if let Some(members) = edtf.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return list(members, " or ");
    }
    if let Some(members) = edtf.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        return list(members, " and ");
    }
    let has = |mark| edtf.contains(mark) || edtf.contains('%');
    let plain: String = edtf.chars().filter(|c| !matches!(c, '?' | '~' | '%')).collect();
    let Some(mut words) = plain_date(&plain) else { return edtf.to_owned() };
    if has('~') {
        words = format!("c. {words}");
    }
    if has('?') {
        words.push_str(" (uncertain)");
    }
    words
}

fn list(members: &str, last: &str) -> String {
    let words: Vec<String> = members
        .split(',')
        .map(|member| match member.split_once("..") {
            Some(("", end)) => format!("{} or before", date(end)),
            Some((start, "")) => format!("{} or after", date(start)),
            Some((start, end)) => range(start, end),
            None => date(member),
        })
        .collect();
    match words.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, rest)) => format!("{}{last}{end}", rest.join(", ")),
        None => String::new(),
    }
}

fn plain_date(text: &str) -> Option<String> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(far) = text.strip_prefix('Y') {
        return far.parse::<i64>().ok().map(year);
    }
    let mut parts = digits.splitn(3, '-');
    let (years, month, day) = (parts.next()?, parts.next(), parts.next());
    let Some(month) = month else { return years_of(years, negative) };
    let number = years.parse::<i64>().ok().filter(|_| years.len() >= 4)?;
    let year = year(if negative { -number } else { number });
    match (month, day) {
        ("XX", None | Some("XX")) => Some(format!("{year}, month unknown")),
        (_, None) => Some(format!("{} {year}", month_or_season(month)?)),
        (_, Some("XX")) => Some(format!("{} {year}, day unknown", month_or_season(month)?)),
        (_, Some(day)) => Some(format!("{} {} {year}", day.parse::<u8>().ok()?, month_or_season(month)?)),
    }
}

/// `1850`, `199X`, `19XX`
fn years_of(digits: &str, negative: bool) -> Option<String> {
    let known = digits.trim_end_matches('X');
    let number = known.parse::<i64>().ok()?;
    match digits.len() - known.len() {
        0 => Some(year(if negative { -number } else { number })),
        1 if !negative => Some(format!("{known}0s")),
        2 if !negative => Some(format!("{} century", ordinal(number + 1))),
        3 if !negative => Some(format!("{} millennium", ordinal(number + 1))),
        _ => None,
    }
}

/// Astronomical years as people count them: 0 is 1 BC.
pub fn year(year: i64) -> String {
    match year {
        1000.. => year.to_string(),
        1..1000 => format!("AD {year}"),
        _ => format!("{} BC", 1i64.saturating_sub(year)),
    }
}

/// The name of a month, 1-12.
pub fn month(number: u32) -> &'static str {
    MONTHS[(number as usize).clamp(1, 12) - 1]
}

fn month_or_season(code: &str) -> Option<String> {
    let code = code.parse::<u32>().ok()?;
    let name = match code {
        1..=12 => month(code),
        21 | 25 | 31 => "spring",
        22 | 26 | 32 => "summer",
        23 | 27 | 29 => "autumn",
        24 | 28 | 30 => "winter",
        33..=36 => return Some(format!("{} quarter of", ordinal(i64::from(code) - 32))),
        37..=39 => return Some(format!("{} third of", ordinal(i64::from(code) - 36))),
        40 => "first half of",
        41 => "second half of",
        _ => return None,
    };
    Some(name.to_owned())
}

fn ordinal(number: i64) -> String {
    let suffix = match (number % 10, number % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

/// The calendar day of microseconds: year, month, day.
pub fn civil_day(us: i64) -> (i64, u32, u32) {
    civil::civil_from_days(us.div_euclid(civil::US_PER_DAY))
}

/// Microseconds of the start as the clock of the event, or of the zone to show, has them.
pub fn local_start(when: &When, show: Option<&Zone>) -> Option<i64> {
    let us =
        when.start_lo.filter(|us| *us != i64::MIN).or(when.end_hi.filter(|us| *us != i64::MAX).map(|us| us - 1))?;
    let own = when.zone.as_deref().and_then(Zone::parse);
    let zone = match (own, show) {
        (None | Some(Zone::Floating), _) => return Some(us),
        (_, Some(show)) if *show != Zone::Floating => *show,
        (Some(own), _) => own,
    };
    Some(us.saturating_add(i64::from(zone.offset_at(us)) * civil::US_PER_SECOND))
}

/// Words for what another source says of the time.
pub fn claimed(edtf: &str) -> String {
    words(
        &When { edtf: Some(edtf.to_owned()), extent: Extent::Moment, qualifier: Qualifier::None, ..When::default() },
        None,
    )
    .whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, zone: &str, expected: &str) {
        let when = When::parse(text, Zone::parse(zone).as_ref()).unwrap();
        assert_eq!(words(&when, None).whole, expected, "{text}");
    }

    #[test]
    fn dates() {
        check("2025-09-10", "", "10 September 2025");
        check("2025-09", "", "September 2025");
        check("2025", "", "2025");
        check("1450~", "", "c. 1450");
        check("1450?", "", "1450 (uncertain)");
        check("1450%", "", "c. 1450 (uncertain)");
        check("2004-06~-11", "", "c. 11 June 2004");
        check("-0043-03-15", "", "15 March 44 BC");
        check("0000", "", "1 BC");
        check("0476", "", "AD 476");
        check("199X", "", "1990s");
        check("19XX", "", "20th century");
        check("20XX", "", "21st century");
        check("1XXX", "", "2nd millennium");
        check("2023-24", "", "winter 2023");
        check("2025-33", "", "1st quarter of 2025");
        check("1985-XX", "", "1985, month unknown");
        check("1985-04-XX", "", "April 1985, day unknown");
        check("1985-XX-25", "", "1985-XX-25");
        check("1950S2", "", "1950S2");
        check("Y-17000000", "", "17000001 BC");
        check("Y12025", "", "12025");
        check("[1914,1916..1918]", "", "1914 or 1916–1918");
        check("{1914,1915,1918}", "", "1914, 1915 and 1918");
        check("[..1914]", "", "1914 or before");
    }

    #[test]
    fn intervals() {
        check("1914/1918", "", "1914–1918");
        check("1914-07-28/1918-11-11", "", "28 July 1914 – 11 November 1918");
        check("2025-09-03/2025-09-05", "", "3–5 September 2025");
        check("2025-09-30/2025-10-02", "", "30 September – 2 October 2025");
        check("1914~/1918-11", "", "c. 1914 – November 1918");
        check("1914/..", "", "since 1914");
        check("1914/", "", "1914 – ?");
        check("../1918", "", "until 1918");
        check("/1918", "", "until 1918");
    }

    #[test]
    fn times_of_day() {
        check("2025-09-10T10:00/2025-09-10T11:00", "Europe/Berlin", "10 September 2025, 10:00–11:00 (Europe/Berlin)");
        check("2025-09-10T10:00", "", "10 September 2025, 10:00");
        check("2025-09-10T10:00:05.25Z", "", "10 September 2025, 10:00:05.25 (UTC)");
        check(
            "2025-09-10T22:00-03:30/2025-09-11T01:00-03:30",
            "",
            "10 September 2025, 22:00 – 11 September 2025, 01:00 (-03:30)",
        );
        check(
            "2025-09-10T10:00+02:00/2025-09-10T12:00-04:00",
            "Europe/Berlin",
            "10 September 2025, 10:00 (Europe/Berlin) – 10 September 2025, 12:00 (-04:00)",
        );
        check("2025-09-10T10:00Z/..", "", "since 10 September 2025, 10:00 (UTC)");
        check("-0043-03-15T12:00", "", "15 March 44 BC, 12:00");
        let when = When::parse("2025-09-10T23:00Z", None).unwrap();
        let berlin = Zone::parse("Europe/Berlin");
        assert_eq!(words(&when, berlin.as_ref()).whole, "11 September 2025, 01:00 (Europe/Berlin)");
        assert_eq!(words(&when, berlin.as_ref()).within_day.as_deref(), Some("01:00 (Europe/Berlin)"));
    }

    #[test]
    fn what_the_source_said() {
        let late = When { part: Part::Late, ..When::parse("2025-08", None).unwrap() };
        assert_eq!(words(&late, None).whole, "late August 2025");
        let said = When { said: Some("harvest time".to_owned()), ..late };
        assert_eq!(words(&said, None).whole, "harvest time");
        assert_eq!(words(&When::undated(), None).whole, "");
    }
}

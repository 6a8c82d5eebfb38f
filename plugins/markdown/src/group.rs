//! Which heading an event stands under.

use std::collections::HashSet;

use annals_core::when::{Precision, Zone};
use annals_core::{Event, When};

use crate::date;

/// The unit that a heading is for; a coarser one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Day,
    Month,
    Year,
}

impl Group {
    /// The group of the option; `None` = by the data.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "day" => Self::Day,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// The finest unit that most of the events are known in and that gives a heading two events or more.
    pub fn of<'a>(events: impl Iterator<Item = &'a Event>, zone: Option<&Zone>) -> Self {
        let (mut count, mut fine, mut days, mut months, mut years) =
            (0, [0, 0], HashSet::new(), HashSet::new(), HashSet::new());
        for event in events {
            let Some(us) = date::local_start(&event.when, zone) else { continue };
            let (year, month, day) = date::civil_day(us);
            count += 1;
            fine[0] += usize::from(event.when.precision <= Precision::Day);
            fine[1] += usize::from(event.when.precision <= Precision::Month);
            days.insert((year, month, day));
            months.insert((year, month));
            years.insert(year);
        }
        if fine[0] * 2 >= count && days.len() * 2 <= count {
            Self::Day
        } else if fine[1] * 2 >= count && (months.len() * 2 <= count || years.len() == 1) {
            Self::Month
        } else {
            Self::Year
        }
    }
}

/// The heading of an event, never finer than the event is known.
pub fn heading(when: &When, group: Group, zone: Option<&Zone>) -> String {
    if !when.is_dated() {
        return "Undated".to_owned();
    }
    let Some(us) = date::local_start(when, zone) else { return "At any time".to_owned() };
    if when.start_lo == Some(i64::MIN) {
        return "Open beginning".to_owned();
    }
    let (year, month, day) = date::civil_day(us);
    let known = match when.precision {
        precision if precision <= Precision::Day => Group::Day,
        precision if precision <= Precision::Month => Group::Month,
        _ => Group::Year,
    };
    let span = match when.precision {
        Precision::Decade => 10,
        Precision::Century => 100,
        Precision::Millennium => 1000,
        _ => 1,
    };
    if span > 1 {
        let digits = format!("{:04}", year.div_euclid(span));
        let masked =
            format!("{}{}", &digits[digits.len() + span.ilog10() as usize - 4..], "X".repeat(span.ilog10() as usize));
        // Before our era, and in years of five digits, such units have no common name.
        return if (0..10_000).contains(&year) { date::date(&masked) } else { date::words(when, zone).whole };
    }
    match group.max(known) {
        Group::Day => format!("{day} {} {}", date::month(month), date::year(year)),
        Group::Month => format!("{} {}", date::month(month), date::year(year)),
        Group::Year => date::year(year),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings() {
        let check = |text: &str, group, expected: &str| {
            let when = When::parse(text, Zone::parse("Europe/Berlin").as_ref()).unwrap();
            assert_eq!(heading(&when, group, None), expected, "{text}");
        };
        check("2025-09-10T00:30", Group::Day, "10 September 2025");
        check("2025-09-10T00:30", Group::Month, "September 2025");
        check("2025-09-10", Group::Day, "10 September 2025");
        check("2025-09", Group::Day, "September 2025");
        check("2025-21", Group::Day, "2025");
        check("2025", Group::Day, "2025");
        check("199X", Group::Day, "1990s");
        check("19XX", Group::Year, "20th century");
        check("1XXX", Group::Year, "2nd millennium");
        check("-0043-03", Group::Year, "44 BC");
        check("1914/..", Group::Year, "1914");
        check("../1918", Group::Year, "Open beginning");
        check("/1918", Group::Year, "1918");
        assert_eq!(heading(&When::undated(), Group::Day, None), "Undated");
    }

    #[test]
    fn the_data_choose() {
        let check = |texts: &[&str], expected| {
            let events: Vec<Event> =
                texts.iter().map(|text| Event::new().when(When::parse(text, None).unwrap())).collect();
            assert_eq!(Group::of(events.iter(), None), expected, "{texts:?}");
        };
        check(&["2025-09-10T10:00", "2025-09-10T11:00", "2025-09-10T12:00"], Group::Day);
        check(&["2025-09-10", "2025-09-17", "2025-09-24"], Group::Month);
        check(&["2025-09-10", "2025-10-17", "2025-11-24"], Group::Month);
        check(&["1914-07-28", "1916-02-21", "1918-11-11"], Group::Year);
        check(&["1914", "1916", "1918-11-11T11:00"], Group::Year);
        check(&["1914-07", "1914-07", "1914-08", "1914-08"], Group::Month);
    }
}

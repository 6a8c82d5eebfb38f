//! Time zones of a calendar: what a TZID stands for, by the IANA database or by the VTIMEZONE of the file.

use std::cell::RefCell;
use std::collections::BTreeMap;

use annals_core::when::Zone;
use annals_core::when::civil::{US_PER_DAY, civil_from_days, days_from_civil};

use crate::line::Line;

mod definition;
mod names;

pub(crate) use definition::Definition;
pub(crate) use names::iana;

/// The time zones that the TZIDs of a calendar stand for.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    defined: BTreeMap<String, Definition>,
    /// Whether definitions agree with the zone that their name means, by TZID and year.
    agreed: RefCell<BTreeMap<(String, i64), bool>>,
    homonyms: Homonyms,
    /// Whether all VTIMEZONEs have been read.
    pub complete: bool,
}

/// TZIDs by which the merged calendars mean different zones: of each the definitions, by their fingerprints, with the
/// TZIDs that they are written under.
pub(crate) type Homonyms = BTreeMap<String, Vec<(String, String)>>;

/// The TZID that one with this definition had before it got a fingerprint; `None` if it has none.
pub(crate) fn base_of<'a>(tzid: &'a str, definition: &Definition) -> Option<&'a str> {
    tzid.strip_suffix(&definition.fingerprint())?.strip_suffix('-').filter(|base| !base.is_empty())
}

/// What a TZID stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// This zone; of a zone that only the file defines, the offset at the time asked for.
    At(Zone),
    /// This zone, which no VTIMEZONE defines, by a name that is not one of the IANA database.
    Meant(Zone),
    /// A VTIMEZONE that still has to come may say.
    Later,
    /// Nothing that is known.
    Unknown,
}

impl Zones {
    /// No zones but those of the IANA database.
    pub fn iana() -> Zones {
        Zones { complete: true, ..Zones::default() }
    }

    /// Adds a VTIMEZONE, given by its lines from BEGIN to END; the first of a name stands. Gives its TZID.
    pub fn define(&mut self, lines: &[Line]) -> Option<String> {
        let tzid = lines.iter().find(|line| line.is("TZID"))?.text_value();
        if tzid.trim().is_empty() {
            return None;
        }
        self.defined.entry(tzid.clone()).or_insert_with(|| Definition::read(lines));
        Some(tzid)
    }

    /// The zone of a TZID; `local` is the time on its clock that is asked for.
    ///
    /// The name of an IANA zone means that zone even where the file defines it too: definitions in files are often
    /// cut down to the rules of one year. But old abbreviations (`EST`, `CET`) are also what programs call zones of
    /// their own, so there a definition in the file counts. It counts for all other names too; where it says the same
    /// as the zone that the name means, that zone is given, since series need more than an offset.
    pub fn find(&self, tzid: &str, local: i64) -> Found {
        let defined = self.defined.get(tzid);
        if let Some(zone) = iana(tzid) {
            let abbreviation = tzid.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if abbreviation && zone != Zone::Utc && defined.is_none() && !self.complete {
                return Found::Later;
            }
            let own = defined.filter(|definition| abbreviation && definition.location.is_none());
            return Found::At(own.and_then(|definition| definition.offset_at(local)).map_or(zone, Zone::Fixed));
        }
        if let Some(definition) = defined {
            if let Some(zone) = definition.location {
                return Found::At(zone);
            }
            if let Some(seconds) = definition.offset_at(local) {
                let meant = names::meaning(tzid).filter(|zone| self.agrees(tzid, definition, *zone, local));
                return Found::At(meant.unwrap_or(Zone::Fixed(seconds)));
            }
        } else if !self.complete && names::suffix(tzid).is_none() {
            return Found::Later;
        }
        names::meaning(tzid).map_or(Found::Unknown, Found::Meant)
    }

    /// Says which TZIDs have several meanings.
    pub fn set_homonyms(&mut self, homonyms: Homonyms) {
        self.homonyms = homonyms;
    }

    /// Whether any TZID has several meanings.
    pub fn has_homonyms(&self) -> bool {
        !self.homonyms.is_empty()
    }

    /// Whether a TZID has several meanings, and nothing in it tells which one.
    pub fn is_base(&self, tzid: &str) -> bool {
        self.homonyms.contains_key(tzid)
    }

    /// The TZIDs that one of several meanings may be written as, the likeliest first; none if it has one meaning.
    pub fn meanings(&self, tzid: &str) -> Vec<&str> {
        let (of, fingerprint) = match (self.homonyms.get(tzid), tzid.rsplit_once('-')) {
            (Some(of), _) => (of, ""),
            (None, Some((base, fingerprint))) => match self.homonyms.get(base) {
                Some(of) => (of, fingerprint),
                None => return Vec::new(),
            },
            (None, None) => return Vec::new(),
        };
        let mut names: Vec<(bool, &str)> =
            of.iter().map(|(known, name)| (known != fingerprint, name.as_str())).collect();
        names.sort_by_key(|(other, _)| *other);
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Whether a definition says what `zone` says, at this time and at noon of each day of its year.
    fn agrees(&self, tzid: &str, definition: &Definition, zone: Zone, local: i64) -> bool {
        let same = |local: i64| definition.offset_at(local) == Some(zone.offset_at(zone.to_utc(local)));
        let year = civil_from_days(local.div_euclid(US_PER_DAY)).0;
        let noons = || {
            let (first, next) = (days_from_civil(year, 1, 1), days_from_civil(year + 1, 1, 1));
            (first..next).all(|day| same(day * US_PER_DAY + US_PER_DAY / 2))
        };
        let mut agreed = self.agreed.borrow_mut();
        same(local) && *agreed.entry((tzid.to_owned(), year)).or_insert_with(noons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Stamp, stamp};

    fn lines(text: &str) -> Vec<Line> {
        text.lines().map(|line| Line::parse(line.trim().to_owned(), 0).unwrap()).collect()
    }

    fn zones(tzid: &str, extra: &str, rules: [&str; 2]) -> Zones {
        let [to_summer, to_winter] = rules;
        let mut zones = Zones::iana();
        zones.define(&lines(&format!(
            "BEGIN:VTIMEZONE
            TZID:{tzid}{extra}
            BEGIN:DAYLIGHT
            DTSTART:19810329T020000
            TZOFFSETFROM:+0100
            TZOFFSETTO:+0200
            {to_summer}
            END:DAYLIGHT
            BEGIN:STANDARD
            DTSTART:19961027T030000
            TZOFFSETFROM:+0200
            TZOFFSETTO:+0100
            {to_winter}
            END:STANDARD
            END:VTIMEZONE"
        )));
        zones
    }

    fn find(zones: &Zones, tzid: &str, time: &str) -> String {
        let Ok(Stamp::Time { local, .. }) = stamp(time) else { panic!("{time}") };
        match zones.find(tzid, local) {
            Found::At(zone) | Found::Meant(zone) => zone.name(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn names() {
        let mut zones = Zones::iana();
        let check = |zones: &Zones, tzid: &str, expected: &str| {
            assert_eq!(find(zones, tzid, "20250701T120000"), expected, "{tzid}");
        };
        check(&zones, "Europe/Berlin", "Europe/Berlin");
        check(&zones, "europe/berlin", "Europe/Berlin");
        check(&zones, "UTC", "UTC");
        check(&zones, "EST", "EST");
        check(&zones, "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", "Europe/Berlin");
        check(&zones, "/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York");
        check(&zones, "/mozilla.org/20050126_1/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires");
        check(&zones, "America/New_Yrok", "Unknown");
        check(&zones, "floating", "Unknown");
        check(&zones, "+02:00", "+02:00");
        check(&zones, "W. Europe Standard Time", "Europe/Berlin");
        check(&zones, "", "Unknown");
        zones.complete = false;
        check(&zones, "Customized Time Zone", "Later");
        check(&zones, "EST", "Later");
        check(&zones, "W. Europe Standard Time", "Later");
        check(&zones, "UTC", "UTC");
        check(&zones, "/mozilla.org/20050126_1/Europe/Paris", "Europe/Paris");
    }

    #[test]
    fn definitions() {
        let rules = ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"];
        let own = zones("W. Europe", "", rules);
        let check = |zones: &Zones, time: &str, expected: &str| {
            assert_eq!(find(zones, "W. Europe", time), expected, "{time}");
        };
        check(&own, "20250330T015959", "+01:00");
        check(&own, "20250330T023000", "+01:00"); // skipped by the clock
        check(&own, "20250330T030000", "+02:00");
        check(&own, "20251026T023000", "+02:00"); // shown twice
        check(&own, "20251026T030000", "+01:00");
        check(&own, "19700701T120000", "+01:00"); // before the first onset
        check(&own, "90000701T120000", "+02:00");

        let until = ["RRULE:FREQ=YEARLY;UNTIL=19990328T010000Z;BYMONTH=3;BYDAY=-1SU", rules[1]];
        check(&zones("W. Europe", "", until), "19990701T120000", "+02:00");
        check(&zones("W. Europe", "", until), "20000701T120000", "+01:00");
        let count = ["RRULE:FREQ=YEARLY;COUNT=20;BYMONTH=3;BYDAY=-1SU", rules[1]];
        check(&zones("W. Europe", "", count), "20000701T120000", "+02:00");
        check(&zones("W. Europe", "", count), "20010701T120000", "+01:00");
        let range = ["RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU", rules[1]];
        check(&zones("W. Europe", "", range), "20250330T030000", "+02:00");
        let dates = ["RDATE:20250401T020000,20260401T020000", "RDATE:20251001T030000"];
        check(&zones("W. Europe", "", dates), "20250401T030000", "+02:00");
        check(&zones("W. Europe", "", dates), "20251001T030000", "+01:00");
        let windows = zones("W. Europe Standard Time", "", rules);
        assert_eq!(find(&windows, "W. Europe Standard Time", "20250701T120000"), "Europe/Berlin");
        let otherwise = zones("Tokyo Standard Time", "", rules);
        assert_eq!(find(&otherwise, "Tokyo Standard Time", "20250701T120000"), "+02:00");
        let odd = ["RRULE:FREQ=DAILY", rules[1]];
        check(&zones("W. Europe", "", odd), "20250701T120000", "Unknown");

        let located = zones("Mine", "\nX-LIC-LOCATION:Europe/Berlin", odd);
        assert_eq!(find(&located, "Mine", "20250701T120000"), "Europe/Berlin");
        assert_eq!(find(&zones("CET", "", odd), "CET", "20250701T120000"), "CET");
        assert_eq!(find(&zones("EST", "", rules), "EST", "20250701T120000"), "+02:00");
        assert_eq!(find(&zones("Asia/Tokyo", "", rules), "Asia/Tokyo", "20250701T120000"), "Asia/Tokyo");
    }
}

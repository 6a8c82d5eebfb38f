//! What a TZID says by its text alone, where no VTIMEZONE of the file defines it.

use std::collections::HashMap;
use std::sync::LazyLock;

use annals_core::when::Zone;
use strum::IntoEnumIterator;
use windows_timezones::WindowsTimezone;

use crate::value::offset;

/// The IANA zone of exactly this name.
pub(crate) fn iana(tzid: &str) -> Option<Zone> {
    // `Zone::parse` also takes any case, offsets and `floating`, which are no names that all readers know.
    let zone = Zone::parse(tzid).filter(|zone| matches!(zone, Zone::Named(_) | Zone::Utc))?;
    (zone.name() == tzid).then_some(zone)
}

/// The IANA zone at the end of a name such as `/freeassociation.sourceforge.net/Europe/Berlin`, in any case.
pub(super) fn suffix(tzid: &str) -> Option<Zone> {
    let tails = std::iter::successors(Some(tzid), |tail| tail.split_once('/').map(|(_, rest)| rest));
    let named = |tail: &str| Zone::parse(tail).filter(|zone| matches!(zone, Zone::Named(_)));
    tails.filter(|tail| tail.contains('/')).find_map(named)
}

/// The zone that Windows means by a name (`W. Europe Standard Time`) or shows as one (`(UTC+01:00) Amsterdam, …`), by
/// the mapping of Unicode CLDR for the whole world; and `tzone://Microsoft/Utc`, which Outlook writes.
pub(super) fn windows(tzid: &str) -> Option<Zone> {
    static NAMES: LazyLock<HashMap<String, Zone>> = LazyLock::new(|| {
        let mut names = HashMap::new();
        for known in WindowsTimezone::iter() {
            let zone = Zone::Named(known.into());
            names.insert(known.description().to_ascii_lowercase(), zone);
            names.insert(known.name().to_ascii_lowercase(), zone);
        }
        names.insert("tzone://microsoft/utc".to_owned(), Zone::Utc);
        names
    });
    let name = tzid.trim().to_ascii_lowercase();
    // Older versions of Windows showed GMT.
    let shown = name.strip_prefix("(gmt").map(|rest| format!("(utc{rest}"));
    NAMES.get(&name).or_else(|| NAMES.get(&shown?)).copied()
}

/// The offset that a name consists of: `GMT+0100`, `UTC-05:30`, `+02:00`. Two digits alone are not taken for one, since
/// the signs of `Etc/GMT+1` are the other way round.
pub(super) fn fixed(tzid: &str) -> Option<Zone> {
    let text = tzid.trim();
    let upper = text.to_ascii_uppercase();
    let rest = ["GMT", "UTC"].iter().find_map(|name| upper.strip_prefix(name)).unwrap_or(&upper);
    let signed = rest.starts_with(['+', '-']) && matches!(rest.len(), 5 | 6);
    let seconds = offset(rest).filter(|_| signed && rest.is_ascii())?;
    Some(if seconds == 0 { Zone::Utc } else { Zone::Fixed(seconds) })
}

/// What the name alone says.
pub(super) fn meaning(tzid: &str) -> Option<Zone> {
    iana(tzid).or_else(|| suffix(tzid)).or_else(|| windows(tzid)).or_else(|| fixed(tzid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let check = |tzid: &str, expected: &str| {
            assert_eq!(meaning(tzid).map(|zone| zone.name()).unwrap_or_default(), expected, "{tzid}");
        };
        check("Europe/Berlin", "Europe/Berlin");
        check("europe/berlin", "Europe/Berlin");
        check("/softwarestudio.org/Olson_20011030_5/America/New_York", "America/New_York");
        check("W. Europe Standard Time", "Europe/Berlin");
        check("w. europe standard time", "Europe/Berlin");
        check("Eastern Standard Time", "America/New_York");
        check("(UTC-05:00) Eastern Time (US & Canada)", "America/New_York");
        check("(GMT-05:00) Eastern Time (US & Canada)", "America/New_York");
        check("tzone://Microsoft/Utc", "UTC");
        check("GMT+0100", "+01:00");
        check("UTC-05:30", "-05:30");
        check("+02:00", "+02:00");
        check("GMT+0000", "UTC");
        for tzid in ["GMT+1", "+1", "Customized Time Zone", "tzone://Microsoft/Custom", "US-Eastern", "", "GMT+99:00"] {
            check(tzid, "");
        }
    }

    #[test]
    fn every_windows_name_is_known() {
        assert!(WindowsTimezone::iter().count() > 130);
        for known in WindowsTimezone::iter() {
            assert!(windows(known.name()).is_some(), "{}", known.name());
        }
    }
}

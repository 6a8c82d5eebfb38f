//! Reading the properties of a component into the columns of an event.

use annals_core::when::civil::US_PER_SECOND;
use annals_core::when::{Qualifier, Zone};
use annals_core::{Actor, Event};
use serde_json::Value;

use crate::line::{Line, split_list, unescape};
use crate::record::{Repairs, repair};
use crate::slot::Slot;
use crate::value::{Stamp, iso, stamp, utc_text};
use crate::when::{read_annals, read_instance, read_plain};
use crate::zone::Zones;

/// What reading needs besides the lines, and what it has to say.
pub(crate) struct Reading<'a> {
    /// What TZIDs stand for.
    pub zones: &'a Zones,
    /// The zone of times that give none.
    pub default: Option<Zone>,
    /// What had to be repaired.
    pub repairs: Repairs,
    /// The texts of lines that say nothing usable.
    pub unusable: Vec<String>,
    /// TZIDs that no VTIMEZONE defines, and the zones that their names mean.
    pub meant: Vec<(String, Zone)>,
}

impl<'a> Reading<'a> {
    pub fn new(zones: &'a Zones, default: Option<Zone>) -> Self {
        Self { zones, default, repairs: Vec::new(), unusable: Vec::new(), meant: Vec::new() }
    }

    /// Notes a repair, once.
    pub fn repair(&mut self, code: &'static str, text: String) {
        repair(&mut self.repairs, code, text);
    }

    /// Whether all lines may be written as they stand: nothing had to be repaired. A TZID that says nothing stays, since
    /// others may know it.
    pub fn is_sound(&self) -> bool {
        self.repairs.iter().all(|(code, _)| matches!(*code, "unknown-timezone" | "timezone-by-name"))
    }

    /// Notes that a line is left out, and why.
    pub fn leave_out(&mut self, code: &'static str, line: &Line, reason: &str) {
        self.unusable.push(line.text().to_owned());
        self.repair(code, format!("{}: {reason}, and is left out", line.shown()));
    }
}

/// Why a component cannot be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It uses this TZID, of which a VTIMEZONE that still has to come may tell.
    Later(String),
    /// It is wrong: a code and a reason.
    Bad(&'static str, String),
}

/// Reads the properties of one slot into the columns that the slot stands for. [`Event::kind`] must be known, and the
/// time before all that comes after it.
pub(crate) fn read_slot(slot: Slot, lines: &[&Line], event: &mut Event, cx: &mut Reading<'_>) -> Result<(), Fault> {
    let Some(&first) = lines.first() else { return Ok(()) };
    let text = || Some(first.text_value());
    let named = |name: &str| lines.iter().find(|line| line.is(name));
    match slot {
        Slot::Uid => {
            let uid = named("X-ANNALS-UID").unwrap_or(&first).text_value();
            event.id = Some(uid).filter(|uid| !uid.trim().is_empty());
        }
        Slot::Stamp => event.stamped = utc(first, cx).filter(|us| *us != 0),
        Slot::Modified => event.modified = utc(first, cx),
        Slot::Revision => event.revision = first.value().trim().parse().ok(),
        Slot::Instance => {
            event.instance = match named("X-ANNALS-INSTANCE") {
                Some(line) => Some(line.text_value()),
                None => Some(read_instance(first, cx)?),
            };
        }
        Slot::When => event.when = read_plain(event.kind.as_deref(), lines, cx)?,
        Slot::AnnalsWhen => event.when = read_annals(std::mem::take(&mut event.when), lines, cx),
        Slot::Recurrence => {
            let (empty, lines): (Vec<&Line>, Vec<&Line>) =
                lines.iter().copied().partition(|line| line.value().trim().is_empty());
            for line in empty {
                cx.leave_out("empty-recurrence", line, "it says nothing");
            }
            let texts: Vec<&str> = lines.iter().map(|line| line.text()).collect();
            event.recurrence = Some(texts.join("\n")).filter(|text| !text.is_empty());
        }
        Slot::Title => event.title = text(),
        Slot::Body => event.body = text(),
        Slot::Place => event.place = text(),
        Slot::Url => event.url = Some(first.value().to_owned()),
        Slot::Geo => {
            (event.lat, event.lon) = geo(first.value()).unzip();
            if event.lat.is_none() {
                cx.leave_out("bad-geo", first, "it is no place on the globe");
            }
        }
        Slot::Status => {
            event.status = match named("X-ANNALS-STATUS") {
                Some(line) => Some(line.text_value()),
                // Written because the date is uncertain: no word of the source.
                None if derived_status(event.when.qualifier) && first.value() == TENTATIVE => None,
                None => text(),
            };
        }
        Slot::Tags => {
            let values = lines.iter().flat_map(|line| split_list(line.value()));
            event.tags = values.map(|value| unescape(value.trim())).filter(|tag| !tag.is_empty()).collect();
        }
        Slot::Actors => event.actors = lines.iter().filter_map(|line| actor(line)).collect(),
        Slot::Annals => {
            if let Some(line) = named("X-ANNALS-KIND") {
                event.kind = Some(line.text_value()).filter(|kind| !kind.is_empty());
            }
            if let Some(line) = named("X-ANNALS-LANE") {
                event.lane = Some(line.text_value()).filter(|lane| !lane.is_empty());
            }
            let claims = lines.iter().filter(|line| line.is("X-ANNALS-CLAIM"));
            for line in claims {
                match crate::claim::read(&line.text_value()) {
                    Some(claim) => event.claims.push(claim),
                    None => cx.repair("bad-claim", format!("{} is no claim", line.shown())),
                }
            }
        }
        Slot::Transp | Slot::Other => {}
    }
    Ok(())
}

/// The STATUS of an event whose date is uncertain.
pub(crate) const TENTATIVE: &str = "TENTATIVE";

/// Whether the date alone makes an event tentative.
pub(crate) fn derived_status(qualifier: Qualifier) -> bool {
    matches!(qualifier, Qualifier::Uncertain | Qualifier::Both)
}

/// Whether two events say the same in the columns of a slot.
pub(crate) fn same(slot: Slot, a: &Event, b: &Event) -> bool {
    match slot {
        Slot::Uid => a.id == b.id,
        Slot::Stamp => a.stamped == b.stamped,
        Slot::Modified => a.modified == b.modified,
        Slot::Revision => a.revision == b.revision,
        Slot::Instance => a.instance == b.instance,
        Slot::When => a.when == b.when,
        Slot::Recurrence => a.recurrence == b.recurrence,
        Slot::Title => a.title == b.title,
        Slot::Body => a.body == b.body,
        Slot::Place => a.place == b.place,
        Slot::Geo => (a.lat, a.lon) == (b.lat, b.lon),
        Slot::Status => a.status == b.status,
        Slot::Url => a.url == b.url,
        Slot::Tags => a.tags == b.tags,
        Slot::Actors => a.actors == b.actors,
        Slot::Transp | Slot::Other => true,
        Slot::AnnalsWhen | Slot::Annals => false,
    }
}

/// The actor of an ORGANIZER, ATTENDEE or X-ANNALS-ACTOR.
pub(crate) fn actor(line: &Line) -> Option<Actor> {
    if line.is("X-ANNALS-ACTOR") {
        let value: Value = serde_json::from_str(&line.text_value()).ok()?;
        let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        return Some(Actor { name: field("name"), role: field("role"), address: field("address") });
    }
    let address = line.value();
    Some(Actor {
        name: line.param("CN"),
        role: Some(line.name().to_ascii_lowercase()),
        address: (!address.is_empty()).then(|| address.to_owned()),
    })
}

/// Latitude and longitude of a GEO, if they lie on the globe.
pub(crate) fn geo(value: &str) -> Option<(f64, f64)> {
    let (lat, lon) = value.split_once(';')?;
    let degrees = |text: &str, limit: f64| text.trim().parse().ok().filter(|d: &f64| d.abs() <= limit);
    Some((degrees(lat, 90.0)?, degrees(lon, 180.0)?))
}

/// Microseconds of DTSTAMP or LAST-MODIFIED, which are in UTC; without `Z` they are taken as such.
fn utc(line: &Line, cx: &mut Reading<'_>) -> Option<i64> {
    match stamp(line.value()) {
        Ok(Stamp::Time { local, .. }) => {
            if utc_text(local).as_deref() != Some(line.value()) {
                cx.repair("odd-date", format!("{} is not as UTC is written", line.shown()));
            }
            Some(local)
        }
        Ok(Stamp::Date(_)) => {
            cx.leave_out("bad-timestamp", line, "it has no time of day");
            None
        }
        Err(reason) => {
            cx.leave_out("bad-timestamp", line, &reason);
            None
        }
    }
}

/// Whether a text is the canonical text of an instance: what reading it back from a RECURRENCE-ID gives.
pub(crate) fn is_canonical_instance(text: &str) -> bool {
    match iso(text) {
        Some(Stamp::Date(date)) => date.format("%Y-%m-%d").to_string() == text,
        Some(Stamp::Time { local, utc }) => {
            debug_assert_eq!(local % US_PER_SECOND, 0);
            let zone = if utc { Zone::Utc } else { Zone::Floating };
            let precision = annals_core::when::Precision::Second;
            annals_core::when::Instant { us: local, nanos: 0, precision, zone }.to_text() == text
        }
        None => false,
    }
}

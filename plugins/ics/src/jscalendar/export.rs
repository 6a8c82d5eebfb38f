//! Writing JSCalendar: a Group, with an entry a line.

use serde_json::{Map, Value, json};

use super::convert::{NOTHING, entry, group};
use crate::export::{Said, Spell, lines_of};
use crate::jcal::component::{json as write_json, write};
use crate::line::Line;
use crate::zone::{Zones, iana};

/// Respells a calendar.
pub(crate) struct Spelling {
    zones: Zones,
    /// The members of the group but its entries, until they are written.
    group: Option<Map<String, Value>>,
    any: bool,
}

impl Default for Spelling {
    fn default() -> Self {
        Self { zones: Zones::iana(), group: Some(Map::new()), any: false }
    }
}

impl Spelling {
    /// Writes the members of the group, which come before its entries.
    fn begin(&mut self, buffer: &mut Vec<u8>) {
        let Some(group) = self.group.take() else { return };
        buffer.extend_from_slice(b"{\"@type\":\"Group\"");
        for (name, value) in group.iter().filter(|(name, _)| *name != "@type" && *name != "entries") {
            buffer.push(b',');
            write_json(&Value::String(name.clone()), buffer);
            buffer.push(b':');
            write_json(value, buffer);
        }
        buffer.extend_from_slice(b",\"entries\":[");
    }
}

impl Spell for Spelling {
    const COMPONENTS_FIRST: bool = true;

    fn head(&mut self, buffer: &mut Vec<u8>) {
        self.group = Some(group(&lines_of(buffer)).unwrap_or_default());
        buffer.clear();
    }

    fn component(&mut self, lines: Vec<Line>, buffer: &mut Vec<u8>) -> Said {
        let name = lines.first().map(|line| line.value().to_ascii_uppercase()).unwrap_or_default();
        if matches!(name.as_str(), "VEVENT" | "VTODO") {
            let (entry, mut lossy) = entry(&lines, &self.zones)?;
            // The definition stands in the group, but in a member that only some know.
            if let Some(name) = entry["timeZone"].as_str().filter(|name| iana(name).is_none()) {
                lossy.push(("custom-timezone", format!("others may not know the time zone `{name}`")));
            }
            self.begin(buffer);
            buffer.extend_from_slice(if std::mem::replace(&mut self.any, true) { b",\n" } else { b"\n" });
            write_json(&entry, buffer);
            return Ok(lossy);
        }
        if matches!(name.as_str(), "VJOURNAL" | "VFREEBUSY") {
            return Err(("no-such-entry", format!("JSCalendar has no {name}")));
        }
        let tzid = match name.as_str() {
            "VTIMEZONE" => self.zones.define(&lines),
            _ => None,
        };
        // Others know the zones of the IANA database (RFC 8984 section 4.7.1).
        if tzid.is_some_and(|tzid| iana(&tzid).is_some()) {
            return NOTHING;
        }
        let Some(group) = &mut self.group else {
            return Err(("no-such-entry", format!("JSCalendar has no {name}")));
        };
        let mut jcal = Vec::new();
        write(&lines, &mut jcal);
        let component: Value = serde_json::from_slice(&jcal).unwrap_or_default();
        let hatch = group.entry("iCalendar").or_insert_with(|| json!({"@type": "ICalComponent", "name": "vcalendar"}));
        match hatch.get_mut("components") {
            Some(Value::Array(components)) => components.push(component),
            _ => hatch["components"] = Value::Array(vec![component]),
        }
        NOTHING
    }

    fn end(&mut self, buffer: &mut Vec<u8>) {
        self.begin(buffer);
        buffer.extend_from_slice(b"\n]}\n");
    }
}

//! Writing times.

use annals_core::When;
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};
use annals_core::when::{Extent, Zone};
use serde_json::to_value;

use super::{read_annals, read_plain};
use crate::line::{Line, escape};
use crate::read::Reading;
use crate::value::{date_text, day_of, time_text, utc_text};
use crate::zone::Zones;

/// A vaguer start or end than this many days makes no entry for a calendar.
const VAGUE_DAYS: i64 = 31;

/// Why a time cannot stand in a calendar: a code and a reason.
pub(crate) type Omitted = (&'static str, String);

/// A time as content lines.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// DTSTART, DTEND, DUE: what every calendar program reads.
    pub plain: Vec<String>,
    /// What these cannot say.
    pub annals: Vec<String>,
    /// Whether the plain form is only the days between which it happened.
    pub vague: bool,
    /// Whether something is not said even so.
    pub lossy: bool,
}

/// The time of a component of this name.
///
/// Exact times become DATE-TIMEs, all others the days from the first possible to the last possible one. A VTODO or
/// VJOURNAL needs no date, so that it can carry in properties of annals what no date can say. A VEVENT needs one, save
/// in a calendar with METHOD: one that a calendar gave without (`native`) goes back as it came.
pub(crate) fn write(
    when: &When,
    component: &str,
    native: bool,
    zones: &Zones,
    vague_spans: bool,
) -> Result<Form, Omitted> {
    let mut form = match plain(when, component, vague_spans) {
        Ok(form) => form,
        Err(("undated", _)) if native => Form::default(),
        Err(_) if matches!(component, "VTODO" | "VJOURNAL") => Form::default(),
        Err(omitted) => return Err(omitted),
    };
    let mut cx = Reading::new(zones, None);
    let lines = parsed(&form.plain);
    let base = read_plain(Some(component), &lines.iter().collect::<Vec<_>>(), &mut cx).unwrap_or_default();
    match additions(&base, when, zones) {
        Some(lines) => form.annals = lines,
        None => {
            let (lines, lossy) = whole(base, when, zones);
            (form.annals, form.lossy) = (lines, lossy);
        }
    }
    Ok(form)
}

/// The properties that turn what the plain ones say (`base`) into `when`, where these are right about the date.
pub(crate) fn additions(base: &When, when: &When, zones: &Zones) -> Option<Vec<String>> {
    if base == when {
        return Some(Vec::new());
    }
    if (&base.edtf, base.start_nanos) != (&when.edtf, when.start_nanos) {
        return None;
    }
    let lines = differences(base, when, zones);
    (applied(base.clone(), &lines, zones) == *when).then_some(lines)
}

/// The whole time as properties of annals; and whether something is missing even so.
fn whole(base: When, when: &When, zones: &Zones) -> (Vec<String>, bool) {
    let edtf = format!("X-ANNALS-EDTF:{}", escape(when.edtf.as_deref().unwrap_or_default()));
    let mut lines = vec![edtf];
    if applied(base.clone(), &lines, zones).zone != when.zone {
        lines.push(format!("X-ANNALS-ZONE:{}", escape(when.zone.as_deref().unwrap_or_default())));
    }
    let read = applied(base.clone(), &lines, zones);
    lines.extend(differences(&read, when, zones));
    let lossy = applied(base, &lines, zones) != *when;
    (lines, lossy)
}

/// Properties for the fields that differ, all but the EDTF.
fn differences(base: &When, when: &When, zones: &Zones) -> Vec<String> {
    let mut lines = Vec::new();
    let mut text = |name: &str, value: Option<&str>| {
        lines.push(format!("X-ANNALS-{name}:{}", escape(value.unwrap_or_default())));
    };
    if base.zone != when.zone {
        text("ZONE", when.zone.as_deref());
    }
    if base.end_zone != when.end_zone {
        text("END-ZONE", when.end_zone.as_deref());
    }
    if base.extent != when.extent {
        text("EXTENT", to_value(when.extent).unwrap_or_default().as_str());
    }
    if base.precision != when.precision {
        text("PRECISION", to_value(when.precision).unwrap_or_default().as_str());
    }
    if base.qualifier != when.qualifier {
        text("QUALIFIER", to_value(when.qualifier).unwrap_or_default().as_str());
    }
    if base.part != when.part {
        text("PART", to_value(when.part).unwrap_or_default().as_str());
    }
    if base.said != when.said {
        text("SAID", when.said.as_deref());
    }
    if applied(base.clone(), &lines, zones).bounds() != when.bounds() {
        let bounds = when.bounds().map(|bound| when.bound_text(bound).unwrap_or_default());
        lines.push(format!("X-ANNALS-BOUNDS:{}", bounds.join("/")));
    }
    lines
}

fn applied(base: When, lines: &[String], zones: &Zones) -> When {
    let lines = parsed(lines);
    read_annals(base, &lines.iter().collect::<Vec<_>>(), &mut Reading::new(zones, None))
}

fn parsed(lines: &[String]) -> Vec<Line> {
    lines.iter().filter_map(|line| Line::parse(line.clone(), 0).ok()).collect()
}

/// DTSTART with DTEND or DUE.
fn plain(when: &When, component: &str, vague_spans: bool) -> Result<Form, Omitted> {
    let [start_lo, start_hi, end_lo, end_hi] = when.bounds();
    let todo = component == "VTODO";
    let zone = when.zone.as_deref().and_then(Zone::parse);
    let end_zone = when.end_zone.as_deref().and_then(Zone::parse).or(zone);
    let far = |edge: &str| ("out-of-range", format!("its {edge} is outside the years 1 to 9999"));
    if let (Some(end_zone), Some(end), true) = (end_zone, end_hi.filter(|_| end_lo == end_hi), todo)
        && matches!(start_lo, None | Some(i64::MIN))
    {
        let due = local_text(end_zone, ceil(end)).map(|text| format!("DUE{text}")).ok_or_else(|| far("end"))?;
        return Ok(Form { plain: vec![due], ..Form::default() });
    }
    if !when.is_dated() && when.bounds() == [None; 4] {
        return Err(("undated", "it has no date".to_owned()));
    }
    let bound = |bound, open: i64, edge: &str| match bound {
        Some(us) if us == open => Err(("no-date", format!("its {edge} is open"))),
        Some(us) => Ok(us),
        None => Err(("no-date", format!("its {edge} is unknown"))),
    };
    let (first, last) = (bound(start_lo, i64::MIN, "start")?, bound(end_hi, i64::MAX, "end")?);
    let exact = start_lo == start_hi && end_lo == end_hi;
    if let (Some(zone), Some(end_zone), true) = (zone, end_zone, exact) {
        let start = local_text(zone, first).ok_or_else(|| far("start"))?;
        let mut lines = vec![format!("DTSTART{start}")];
        let lasts = when.extent == Extent::Throughout && last > first + 1 && component != "VJOURNAL";
        if lasts {
            let end = local_text(end_zone, ceil(last)).ok_or_else(|| far("end"))?;
            lines.push(format!("{}{end}", if todo { "DUE" } else { "DTEND" }));
        }
        return Ok(Form { plain: lines, ..Form::default() });
    }
    let local = |zone: Option<Zone>, us: i64| {
        us.saturating_add(zone.map_or(0, |zone| i64::from(zone.offset_at(us)) * US_PER_SECOND))
    };
    let day = |local: i64, edge: &str| {
        let date = day_of(local).ok_or_else(|| far(edge))?;
        date_text(date).ok_or_else(|| far(edge))
    };
    let (first, last) = (local(zone, first), local(end_zone, last.saturating_sub(1)));
    let (first_text, last_text) = (day(first, "start")?, day(last, "end")?);
    let slack = |lo: Option<i64>, hi: Option<i64>| match (lo, hi) {
        (Some(lo), Some(hi)) => hi.saturating_sub(lo) > VAGUE_DAYS * US_PER_DAY,
        _ => true,
    };
    if !vague_spans && (slack(start_lo, start_hi) || slack(end_lo, end_hi)) {
        let text = format!("its date is vaguer than {VAGUE_DAYS} days; vague=span writes it as its longest span");
        return Err(("vague-span", text));
    }
    let mut lines = vec![format!("DTSTART;VALUE=DATE:{first_text}")];
    let exact = exact && zone.is_none() && first % US_PER_DAY == 0 && (last + 1) % US_PER_DAY == 0;
    match component {
        "VJOURNAL" => {}
        // A to-do is due on its last day.
        "VTODO" if last.div_euclid(US_PER_DAY) == first.div_euclid(US_PER_DAY) => {}
        "VTODO" => lines.push(format!("DUE;VALUE=DATE:{last_text}")),
        _ => lines.push(format!("DTEND;VALUE=DATE:{}", day(last.saturating_add(US_PER_DAY), "end")?)),
    }
    Ok(Form { plain: lines, vague: !exact, ..Form::default() })
}

/// The instant at or after which an end given to the second covers `us`.
fn ceil(us: i64) -> i64 {
    us.div_euclid(US_PER_SECOND)
        .saturating_add(i64::from(us.rem_euclid(US_PER_SECOND) > 0))
        .saturating_mul(US_PER_SECOND)
}

/// Parameters and value of an instant, cut to the second: `;TZID=Europe/Berlin:20250910T100000`, `:20250910T080000Z`
/// in UTC and fixed offsets, `:20250910T100000` floating. `None` outside the years 1-9999.
pub(crate) fn local_text(zone: Zone, us: i64) -> Option<String> {
    let us = us.div_euclid(US_PER_SECOND) * US_PER_SECOND;
    match zone {
        Zone::Floating => time_text(us).map(|text| format!(":{text}")),
        Zone::Named(tz) => {
            let local = us + i64::from(zone.offset_at(us)) * US_PER_SECOND;
            // Of a time that the clock shows twice, the text would mean the first.
            if zone.to_utc(local) != us {
                return utc_text(us).map(|text| format!(":{text}"));
            }
            time_text(local).map(|text| format!(";TZID={}:{text}", tz.name()))
        }
        Zone::Utc | Zone::Fixed(_) => utc_text(us).map(|text| format!(":{text}")),
    }
}

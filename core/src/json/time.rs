//! Making one time of what the keys of an object say about it.

use super::read::{FieldError, Repair};
use crate::when::phrase::phrase;
use crate::when::{Edge, Extent, Instant, Part, Precision, Qualifier, When, WhenError, Zone};

/// What an object says about its time, key by key; see [`super::FIELDS`].
#[derive(Debug, Default)]
pub struct Times {
    /// `when`
    pub when: Option<String>,
    /// `start`
    pub start: Option<String>,
    /// `end`
    pub end: Option<String>,
    /// `bounds`: `start_lo start_hi end_lo end_hi`
    pub bounds: Option<[Option<String>; 4]>,
    /// `extent`
    pub extent: Option<Extent>,
    /// `precision`
    pub precision: Option<Precision>,
    /// `qualifier`
    pub qualifier: Option<Qualifier>,
    /// `part`
    pub part: Option<Part>,
    /// `said`
    pub said: Option<String>,
    /// `zone`
    pub zone: Option<Zone>,
    /// `end_zone`
    pub end_zone: Option<Zone>,
}

impl Times {
    /// The time; `option` is the zone that the user says zoneless times are in.
    pub fn resolve(self, option: Option<&Zone>, repairs: &mut Vec<Repair>) -> Result<When, FieldError> {
        let floating = self.zone == Some(Zone::Floating);
        let zone = if floating { option.or(self.zone.as_ref()) } else { self.zone.as_ref().or(option) };
        let mut when = self.date(zone, repairs)?;
        // A zone that says "floating" has given way to the option.
        let moved_from_floating = floating && when.zone.is_some() && !when.is_floating();
        if !moved_from_floating {
            self.put_zone(&mut when, repairs)?;
        } else if option.is_none_or(|zone| when.zone.as_deref() != Some(&zone.name())) {
            return Err(FieldError::new("zone", "floating, but the time has an offset")
                .hint("leave out the zone, or the offset"));
        }
        self.put_end_zone(&mut when);
        let shift = option.filter(|_| moved_from_floating);
        when = self.put_extent(when, shift)?;
        when.precision = self.precision.unwrap_or(when.precision);
        when.qualifier = self.qualifier.unwrap_or(when.qualifier);
        when.part = self.part.unwrap_or(when.part);
        when.said = self.said.or(when.said);
        Ok(when)
    }

    /// The time by `when`, else by `start` and `end`.
    fn date(&self, zone: Option<&Zone>, repairs: &mut Vec<Repair>) -> Result<When, FieldError> {
        let (start, end) = (non_empty(&self.start), non_empty(&self.end));
        let Some(text) = non_empty(&self.when) else {
            return match (start, end) {
                (None, None) => Ok(When::undated()),
                (Some(start), None) => read_date("start", start, zone),
                (start, Some(end)) => self.between(start, end, zone),
            };
        };
        let when = read_date("when", text, zone)?;
        let (derived_start, derived_end) = (when.start_text(), when.end_text());
        let same = |given: Option<&str>, derived: &Option<String>| given.is_none() || given == derived.as_deref();
        if !(same(start, &derived_start) && same(end, &derived_end)) {
            // Other words for the same are no contradiction.
            let other = When::between(start.or(derived_start.as_deref()), end.or(derived_end.as_deref()), zone);
            if other.as_ref().map(|other| &other.edtf) != Ok(&when.edtf) {
                let given = [start, end].map(|text| text.unwrap_or("nothing")).join("` and `");
                let text = format!("`start` and `end` say `{given}`, `when` says `{text}`: `when` is kept");
                repairs.push(Repair::new("when-wins", text));
            }
        }
        Ok(when)
    }

    fn between(&self, start: Option<&str>, end: &str, zone: Option<&Zone>) -> Result<When, FieldError> {
        // An end without offset is in its own zone, where it has one.
        let own = self.end_zone.filter(|zone| *zone != Zone::Floating);
        let moved = own.and_then(|zone| Instant::parse(end, Some(&zone)).ok()).map(|at| at.to_text());
        let end = moved.as_deref().unwrap_or(end);
        let first = match When::between(start, Some(end), zone) {
            Ok(when) => return Ok(when),
            Err(error) => error,
        };
        // Phrases at either end: each for itself, then from one to the other.
        let single = |field: &str, text: &str| {
            let when = read_date(field, text, zone)?;
            match &when.edtf {
                Some(edtf) if !edtf.contains('/') && !edtf.starts_with(['[', '{']) => Ok(when),
                _ => Err(bad_date(field, first.clone())),
            }
        };
        let start = start.map(|text| single("start", text)).transpose()?;
        let end = if end == ".." { None } else { Some(single("end", end)?) };
        let edge = |when: &Option<When>| when.as_ref().and_then(|when| when.edtf.clone());
        let words = |when: &Option<When>| when.as_ref().and_then(|when| when.said.clone().or(when.edtf.clone()));
        let said = [&start, &end].iter().any(|when| when.as_ref().is_some_and(|when| when.said.is_some()));
        let (from, to) = (edge(&start), edge(&end).unwrap_or("..".to_owned()));
        let when = When::between(from.as_deref(), Some(&to), zone).map_err(|error| bad_date("end", error))?;
        Ok(When {
            said: said.then(|| {
                let [from, to] = [words(&start), words(&end)].map(Option::unwrap_or_default);
                format!("{from} – {to}")
            }),
            part: start.map_or(Part::Whole, |start| start.part),
            ..when
        })
    }

    /// Takes the key `zone`, where the time has one.
    fn put_zone(&self, when: &mut When, repairs: &mut Vec<Repair>) -> Result<(), FieldError> {
        let Some(zone) = self.zone else { return Ok(()) };
        let name = zone.name();
        match when.zone.as_deref() {
            Some(own) if own == name => {}
            Some(own) => {
                // Times that have an offset of their own: the instant stands. `Z` says nothing of the place.
                let fits = own == "UTC" && matches!(zone, Zone::Named(_))
                    || when
                        .start_lo
                        .or(when.end_hi)
                        .is_some_and(|us| Zone::parse(own).is_some_and(|own| own.offset_at(us) == zone.offset_at(us)));
                if fits {
                    when.zone = Some(name);
                } else {
                    let text = format!("`zone`: the time has the offset of {own}, not of {name}: the offset is kept");
                    repairs.push(Repair::new("zone-offset", text));
                }
            }
            None if zone == Zone::Floating => {}
            None if when.is_dated() => {
                let edtf = when.edtf.as_deref().unwrap_or_default();
                let text = format!("`zone`: `{edtf}` has no time of day, so {name} is left out");
                repairs.push(Repair::new("zone-unused", text));
            }
            None => {}
        }
        Ok(())
    }

    fn put_end_zone(&self, when: &mut When) {
        let Some(zone) = self.end_zone.map(|zone| zone.name()) else { return };
        let has_end_time = when.end_text().is_some_and(|end| Instant::parse(&end, None).is_ok());
        if has_end_time && when.zone.as_deref().is_some_and(|own| own != zone) {
            when.end_zone = Some(zone);
        }
    }

    /// Takes the keys `extent` and `bounds`; bounds of floating times that have got a zone are shifted to it.
    fn put_extent(&self, mut when: When, shift: Option<&Zone>) -> Result<When, FieldError> {
        let Some(texts) = &self.bounds else {
            return match self.extent {
                Some(Extent::Moment) => Ok(as_moment(when)),
                Some(Extent::Throughout) if when.extent == Extent::Moment => throughout(when),
                _ => Ok(when),
            };
        };
        if self.extent == Some(Extent::Moment) {
            when = as_moment(when);
        }
        let mut bounds = [None; 4];
        for (at, text) in texts.iter().enumerate() {
            let Some(text) = text else { continue };
            let field = || format!("bounds.{}[{}]", ["start", "end"][at / 2], at % 2);
            let edge = if at % 2 == 0 { Edge::Lo } else { Edge::Hi };
            let us = when.parse_bound(text, edge).map_err(|error| bad_date(field(), error))?;
            let open = us == i64::MIN || us == i64::MAX;
            bounds[at] = Some(shift.filter(|_| !open).map_or(us, |zone| zone.to_utc(us)));
        }
        when = when.with_bounds(bounds).map_err(|error| bad_date("bounds", error))?;
        when.extent = self.extent.unwrap_or(when.extent);
        Ok(when)
    }
}

/// A moment somewhere within what is given.
fn as_moment(when: When) -> When {
    if when.extent == Extent::Moment {
        return when;
    }
    let [lo, start_hi, end_lo, hi] = when.bounds();
    let start_hi = hi.map(|hi| if hi == i64::MAX { hi } else { hi.saturating_sub(1) }).or(start_hi);
    let end_lo = lo.map(|lo| if lo == i64::MIN { lo } else { lo.saturating_add(1) }).or(end_lo);
    When { start_hi, end_lo, extent: Extent::Moment, ..when }
}

fn throughout(when: When) -> Result<When, FieldError> {
    let mut when = when.throughout();
    let exact = when.start_lo.is_some() && when.start_lo == when.start_hi;
    if when.extent == Extent::Moment && !exact {
        let edtf = when.edtf.as_deref().unwrap_or("no date");
        return Err(FieldError::new("extent", format!("throughout, but `{edtf}` is no single stretch of time"))
            .hint("give a start and an end, or bounds"));
    }
    when.extent = Extent::Throughout;
    Ok(when)
}

/// Reads EDTF, RFC 3339 or, where it is neither, a date phrase.
fn read_date(field: &str, text: &str, zone: Option<&Zone>) -> Result<When, FieldError> {
    let error = match When::parse(text, zone) {
        Ok(when) => return Ok(when),
        Err(error) => error,
    };
    match phrase(text, None) {
        Ok(when) => {
            let said = Some(when.said.clone().unwrap_or_else(|| text.trim().to_owned()));
            // A phrase with a time of day knows no zone yet.
            let zoned = zone.filter(|_| when.is_floating()).zip(when.edtf.as_deref());
            let when = match zoned.and_then(|(zone, edtf)| When::parse(edtf, Some(zone)).ok()) {
                Some(zoned) => When { part: when.part, precision: when.precision, ..zoned },
                None => when,
            };
            Ok(When { said, ..when })
        }
        // Words are a phrase that failed, digits an EDTF that failed.
        Err(other) if text.split(|c: char| !c.is_alphabetic()).any(|word| word.len() > 2) => {
            Err(bad_date(field, other))
        }
        Err(_) => Err(bad_date(field, error)),
    }
}

fn bad_date(field: impl Into<String>, error: WhenError) -> FieldError {
    FieldError { code: "bad-date", field: field.into(), message: error.message, hint: error.hint }
}

fn non_empty(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

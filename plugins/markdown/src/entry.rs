//! One event as one item of a list.

use annals_core::when::Zone;
use annals_core::{Claim, Event};
use serde_json::{Map, Value};

use crate::{date, escape};

/// What is written of an event.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub body: bool,
    pub claims: bool,
}

/// Appends the item; what the heading says already is not said again.
pub fn write(event: &Event, heading: &str, day_heading: bool, style: Style, zone: Option<&Zone>, out: &mut String) {
    out.push_str("- ");
    let words = date::words(&event.when, zone);
    let time = match words.within_day {
        Some(within_day) if day_heading => within_day,
        _ if words.whole == heading => String::new(),
        _ => words.whole,
    };
    if !time.is_empty() {
        out.push_str(&escape::line(&time));
        out.push_str(" — ");
    }
    let title = escape::inline(event.title.as_deref().unwrap_or_default());
    let title = if title.trim().is_empty() { "*untitled*".to_owned() } else { format!("**{}**", title.trim()) };
    match event.url.as_deref().and_then(escape::link) {
        Some(url) => out.push_str(&format!("[{title}]({url})")),
        None => out.push_str(&title),
    }
    if let Some(place) = some(event.place.as_deref()) {
        out.push_str(&format!(", {}", escape::inline(place)));
    }
    if let Some(status) = shown_status(event) {
        out.push_str(&format!(" *({status})*"));
    }
    if style.body
        && let Some(body) = some(event.body.as_deref())
    {
        escape::paragraphs(body, "  ", out);
        out.push('\n');
    }
    out.push('\n');
    if style.claims {
        for line in claims(&event.claims) {
            out.push_str("  - ");
            out.push_str(&line);
            out.push('\n');
        }
    }
}

/// A status that changes how the event is to be read.
fn shown_status(event: &Event) -> Option<&'static str> {
    let status = event.status.as_deref()?;
    ["cancelled", "tentative"].into_iter().find(|name| status.eq_ignore_ascii_case(name))
}

/// A line for each claim that says something; those that merely name a source share the last one.
fn claims(claims: &[Claim]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut plain: Vec<String> = Vec::new();
    for claim in claims {
        let mut who: Vec<String> = vec![escape::inline(&claim.source)];
        who.extend(some(claim.attributed_to.as_deref()).map(escape::inline));
        who.retain(|name| !name.is_empty());
        let mut says = Vec::new();
        if let Some(quote) = some(claim.quote.as_deref()) {
            says.push(format!("“{}”", escape::inline(quote)));
        }
        if let Some(title) = some(claim.title.as_deref()) {
            says.push(format!("titled “{}”", escape::inline(title)));
        }
        if let Some(edtf) = some(claim.edtf.as_deref()) {
            says.push(format!("dated {}", escape::inline(&date::claimed(edtf))));
        }
        let differs = claim.differs.as_deref().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        if let Some(differs) = differs.filter(|differs| !differs.is_empty()) {
            let keys: Vec<String> = differs.keys().map(|key| escape::inline(key)).collect();
            says.push(format!("differs in {}", keys.join(", ")));
        }
        let who = who.join(", ");
        match (who.is_empty(), says.is_empty()) {
            (true, true) => {}
            (false, true) if !plain.contains(&who) => plain.push(who),
            (false, true) => {}
            (true, false) => lines.push(says.join("; ")),
            (false, false) => lines.push(format!("{who}: {}", says.join("; "))),
        }
    }
    if !plain.is_empty() {
        lines.push(plain.join(", "));
    }
    lines.into_iter().map(|text| escape::block_start(&text)).collect()
}

/// What an event says that a chronology does not.
pub fn left_out(event: &Event, style: Style) -> impl Iterator<Item = &'static str> {
    let url = event.url.as_deref().is_some_and(|url| escape::link(url).is_none());
    let status = event.status.is_some() && shown_status(event).is_none();
    [
        ("body", !style.body && some(event.body.as_deref()).is_some()),
        ("claims", !style.claims && !event.claims.is_empty()),
        ("recurrence", event.recurrence.is_some()),
        ("kind", event.kind.is_some()),
        ("status", status),
        ("lane", event.lane.is_some()),
        ("url", url),
        ("lat and lon", event.lat.is_some() || event.lon.is_some()),
        ("tags", !event.tags.is_empty()),
        ("actors", !event.actors.is_empty()),
        ("extra", event.extra.as_deref().is_some_and(|extra| extra != "{}")),
    ]
    .into_iter()
    .filter_map(|(name, left)| left.then_some(name))
}

fn some(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

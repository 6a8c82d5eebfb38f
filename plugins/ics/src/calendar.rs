//! The properties of the calendar as a whole, of one source or of several.

use std::collections::BTreeSet;

use annals_core::Export;
use serde_json::{Value, json};

use crate::assembly::is_of_every_file;
use crate::export::fact_lines;
use crate::line::{Line, escape};

/// What keeps the properties of a calendar that has been merged with others, as JSON `{"ics": [content lines]}`.
const MERGED: &str = "X-ANNALS-CALENDAR";

/// The properties to write: those of the only source; of several what they have in common, and all that each has in a
/// property of its own, so that names and colours are not lost and merging in steps is merging at once.
pub(crate) fn properties(cx: &mut Export<'_>) -> Vec<Line> {
    let facts: Vec<Vec<Line>> = cx.facts_of("calendar").map(fact_lines).collect();
    let is_one = facts.len() <= 1;
    let mut calendars: Vec<Vec<Line>> =
        facts.into_iter().flat_map(|lines| if is_one { vec![lines] } else { parts(lines) }).collect();
    for lines in &mut calendars {
        lines.retain(|line| !is_of_every_file(line) && !line.is("BEGIN") && !line.is("END"));
    }
    calendars.sort_by(|a, b| a.iter().map(Line::text).cmp(b.iter().map(Line::text)));
    calendars.dedup();
    let mut lines = calendars.first().cloned().unwrap_or_default();
    for other in calendars.iter().skip(1) {
        let texts: BTreeSet<&str> = other.iter().map(Line::text).collect();
        lines.retain(|line| texts.contains(line.text()));
    }
    if calendars.iter().any(|of| of.len() > lines.len()) {
        let text = "properties that differ between the merged calendars are kept beside them; name=NAME gives one name";
        cx.lossy(None, "calendar-properties", text);
        let kept = |of: &Vec<Line>| {
            let texts: Vec<&str> = of.iter().map(Line::text).collect();
            Line::parse(format!("{MERGED}:{}", escape(&json!({ "ics": texts }).to_string())), 0).ok()
        };
        lines.extend(calendars.iter().filter(|of| !of.is_empty()).filter_map(kept));
    }
    if let Some(name) = cx.options.text("name") {
        lines.retain(|line| !line.is("NAME") && !line.is("X-WR-CALNAME"));
        let names = ["NAME", "X-WR-CALNAME"].map(|property| format!("{property}:{}", escape(name)));
        lines.splice(0..0, names.into_iter().filter_map(|text| Line::parse(text, 0).ok()));
    }
    lines
}

/// The calendars that one was merged of, or itself.
fn parts(lines: Vec<Line>) -> Vec<Vec<Line>> {
    let read = |line: &Line| -> Option<Vec<Line>> {
        let kept: Value = serde_json::from_str(&line.text_value()).ok()?;
        let texts = kept.get("ics")?.as_array()?.iter().filter_map(Value::as_str);
        Some(texts.filter_map(|text| Line::parse(text.to_owned(), 0).ok()).collect())
    };
    let parts: Vec<Vec<Line>> = lines.iter().filter(|line| line.is(MERGED)).filter_map(read).collect();
    if parts.is_empty() { vec![lines] } else { parts }
}

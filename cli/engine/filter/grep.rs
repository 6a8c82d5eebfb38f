//! `--grep`: an expression in what an event says, and what its claims say otherwise.

use annals_core::table::{ClaimText, Text};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::view::View;
use super::window::pointed;
use crate::exit::Trouble;

/// What a compiled expression may take, in bytes.
const MAX_SIZE: usize = 8 << 20;

/// The expression of `--grep`.
pub fn expression(text: &str) -> Result<Regex, Trouble> {
    let built = RegexBuilder::new(text).size_limit(MAX_SIZE).dfa_size_limit(MAX_SIZE).build();
    built.map_err(|error| {
        let trouble = Trouble::new("cannot read the expression of `--grep`");
        match error {
            regex::Error::Syntax(told) => {
                // The expression and its caret first, then the reason.
                let (shown, reason) = told.rsplit_once("\nerror: ").unwrap_or(("", &told));
                let shown = shown.strip_prefix("regex parse error:").unwrap_or(shown);
                trouble
                    .cause(format!("{reason}{shown}"))
                    .hint(r"put `\` before a character that is meant as it is: `\(`")
            }
            regex::Error::CompiledTooBig(_) => {
                trouble.cause(format!("it is too large{}", pointed(text, 0..text.len())))
            }
            other => trouble.cause(other),
        }
    })
}

/// Whether the expression is found in a title, body or place, the event's own or a claim's.
pub fn found(grep: &Regex, view: &dyn View) -> bool {
    let is_found = |text: &str| grep.is_match(text);
    let differs = |text: &str| different(text, &["body", "place"]).values().filter_map(Value::as_str).any(is_found);
    [Text::Title, Text::Body, Text::Place].into_iter().any(|column| view.text(column).is_some_and(is_found))
        || view.any_claim(ClaimText::Title, &is_found)
        || view.any_claim(ClaimText::Differs, &differs)
}

/// Some fields of what a claim says otherwise.
pub fn different(text: &str, names: &[&str]) -> Map<String, Value> {
    // Most claims differ in something else, which is seen without reading them.
    if !names.iter().any(|name| text.contains(name)) {
        return Map::new();
    }
    let mut map: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    map.retain(|name, _| names.contains(&name.as_str()));
    map
}

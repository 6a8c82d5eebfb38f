//! The parameters of a property (RFC 5545 section 3.2).

use std::collections::BTreeSet;

use super::components::has;
use super::grammar::{Content, Param};
use super::properties::{Property, section};
use super::tell::{Tell, shown};
use super::values;
use super::words::{Parameter, Says, parameter};

/// Parameters that any property may have.
const ANYWHERE: &str = "VALUE DERIVED ORDER";

/// Tells what is wrong with the parameters of a line; `property` is what is known of it.
pub(super) fn check(line: &Content<'_>, property: Option<&Property>, tell: &mut Tell<'_, '_>) {
    let mut seen = BTreeSet::new();
    for param in &line.params {
        let (name, of) = (&param.name, &line.name);
        let Some(known) = parameter(name) else {
            if !name.starts_with("X-") {
                let text = format!(
                    "{of} has a parameter {}, which no RFC defines: programs ignore it; name own ones X-… (RFC 5545 section 3.2)",
                    shown(name)
                );
                tell.warning(line.at, "unknown-parameter", text);
            }
            continue;
        };
        if !seen.insert(known.name) {
            let text = format!("{of} has the parameter {name} twice: leave one out ({})", section(known.rule));
            tell.error(line.at, "bad-parameter", text);
        }
        // What own properties say is their own business.
        let Some(property) = property else { continue };
        if !has(property.params, name) && !has(ANYWHERE, name) {
            // TZID on times in UTC is an error that is told elsewhere.
            let text = format!("{of} takes no parameter {name}: programs ignore it ({})", section(property.rule));
            tell.warning(line.at, "parameter-not-here", text);
        }
        if let Err((code, text)) = says(known, param) {
            let text = format!("{of}: the parameter {name} {text} ({})", section(known.rule));
            match code {
                "unknown-word" => tell.warning(line.at, code, text),
                _ => tell.error(line.at, code, text),
            }
        }
    }
}

fn says(known: &Parameter, param: &Param<'_>) -> Result<(), (&'static str, String)> {
    if param.values.len() > 1 && !known.list {
        let text = "has several values, but takes one: quote a value that has commas";
        return Err(("bad-parameter", text.to_owned()));
    }
    for &(value, quoted) in &param.values {
        let bad = |text: String| Err(("bad-parameter", format!("is {}, {text}", shown(value))));
        let among = |words: &str| words.split(' ').any(|word| word.eq_ignore_ascii_case(value));
        match known.says {
            Says::Word(words) if !among(words) => {
                return bad(format!("but has to be one of {}", words.replace(' ', ", ")));
            }
            Says::OpenWord(words) if !among(words) && !value.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("X-")) => {
                let text = format!(
                    "is {}, which no RFC defines: programs take it as if it was not there, or drop it; known are {}",
                    shown(value),
                    words.replace(' ', ", ")
                );
                return Err(("unknown-word", text));
            }
            Says::Uris if !quoted => return bad("but has to be a URI in quotes".to_owned()),
            Says::Uris | Says::Uri => {
                if let Err(why) = values::uri(value) {
                    return bad(format!("which {why}"));
                }
            }
            Says::Media if !is_media(value) => return bad("but has to be a media type such as text/plain".to_owned()),
            Says::Language if !is_language(value) => {
                return bad("but has to be a language tag such as de-AT (RFC 5646)".to_owned());
            }
            Says::Duration => {
                if let Err(why) = values::duration(value) {
                    return bad(format!("which {}", why.text));
                }
            }
            Says::Number if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) => {
                return bad("but has to be a number".to_owned());
            }
            _ => {}
        }
    }
    Ok(())
}

/// `type/subtype`, with what RFC 4288 allows in names, and perhaps `;` and more (in quotes).
fn is_media(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default();
    let name = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&.+-^_".contains(&byte))
    };
    essence.split_once('/').is_some_and(|(kind, sub)| name(kind) && name(sub))
}

/// Subtags of one to eight letters and digits.
fn is_language(value: &str) -> bool {
    value.split('-').all(|tag| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

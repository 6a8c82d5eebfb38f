//! A content line taken apart to the letter (RFC 5545 section 3.1).

use annals_core::Locator;

use super::MAX_NAME;
use super::tell::{Tell, shown};
use crate::line::parts;

/// How many parameters of a line, and values of them, are looked at: each costs more memory than its bytes.
const MAX_PARAMS: usize = 10_000;

/// A content line.
pub(super) struct Content<'a> {
    pub at: Locator,
    /// The name in upper case.
    pub name: String,
    pub params: Vec<Param<'a>>,
    pub value: &'a str,
}

/// A parameter of it.
pub(super) struct Param<'a> {
    /// The name in upper case.
    pub name: String,
    /// The values without their quotes, and whether they had some.
    pub values: Vec<(&'a str, bool)>,
}

impl<'a> Content<'a> {
    /// Takes a line apart and tells what is wrong; `None` if there is no `NAME:`.
    pub fn read(text: &'a str, at: Locator, tell: &mut Tell<'_, '_>) -> Option<Content<'a>> {
        let Some((name_end, value_at)) = parts(text.as_bytes()) else {
            let why = match text.split_once(':') {
                None => "has no colon: if it goes on the line before, put a space before it",
                Some(_) => "does not begin with a name of letters, digits and hyphens",
            };
            tell.error(at, "bad-line", format!("{} {why} (RFC 5545 section 3.1)", shown(text)));
            return None;
        };
        let name = &text[..name_end];
        if !is_token(name) {
            let text = format!(
                "the name {} has other characters than letters, digits and `-` (RFC 5545 section 3.1)",
                shown(name)
            );
            tell.error(at, "bad-name", text);
        }
        let mut params = Vec::new();
        if let Some(list) = text.get(name_end + 1..value_at - 1) {
            let mut room = MAX_PARAMS;
            for param in outside_quotes(list, ';') {
                if room == 0 {
                    let text = format!(
                        "{}: more than {MAX_PARAMS} parameters and values of them are not checked (RFC 5545 section 3.1)",
                        upper(name)
                    );
                    tell.warning(at, "too-large", text);
                    break;
                }
                match read_param(param, &mut room) {
                    Ok(param) => params.push(param),
                    Err(why) => {
                        let text = format!("{}: the parameter {} {why}", upper(name), shown(param));
                        tell.error(at, "bad-parameter", text);
                    }
                }
            }
        }
        Some(Content { at, name: upper(name), params, value: &text[value_at..] })
    }

    /// The first value of a parameter.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.params.iter().find(|param| param.name == name)?.values.first().map(|(value, _)| *value)
    }
}

fn read_param<'a>(text: &'a str, room: &mut usize) -> Result<Param<'a>, &'static str> {
    let Some((name, list)) = text.split_once('=') else {
        return Err("has no `=`: write NAME=VALUE (RFC 5545 section 3.1)");
    };
    if !is_token(name) {
        return Err("has a name of other characters than letters, digits and `-` (RFC 5545 section 3.1)");
    }
    let mut values = Vec::new();
    for value in outside_quotes(list, ',').take(*room) {
        *room -= 1;
        let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|_| value.len() > 1);
        match quoted {
            Some(inner) if !inner.contains('"') => values.push((inner, true)),
            None if !value.contains('"') => values.push((value, false)),
            _ => return Err("has a quote within: quote the whole value, and write a quote in it `^'` (RFC 6868)"),
        }
    }
    Ok(Param { name: upper(name), values })
}

/// A name in upper case, cut off where it is too long to be one.
fn upper(name: &str) -> String {
    name.chars().take(MAX_NAME).collect::<String>().to_ascii_uppercase()
}

/// `1*(ALPHA / DIGIT / "-")`.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn outside_quotes(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

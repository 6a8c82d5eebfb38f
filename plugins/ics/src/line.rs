//! Content lines (RFC 5545 section 3.1): their parts, escaping.

use std::borrow::Cow;

use crate::slot::Slot;

/// The name of the property that keeps a line which is no content line, escaped as TEXT: calendar files stay valid
/// and nothing is lost.
const KEPT: &str = "X-ANNALS-LINE";

/// Parameters that have one value (RFC 5545 section 3.2, RFC 7986 section 6).
const SINGLE: [&str; 19] = [
    "ALTREP", "CN", "CUTYPE", "DIR", "ENCODING", "FMTTYPE", "FBTYPE", "LANGUAGE", "PARTSTAT", "RANGE", "RELATED",
    "RELTYPE", "ROLE", "RSVP", "SENT-BY", "TZID", "VALUE", "EMAIL", "LABEL",
];

/// An unfolded content line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    text: String,
    /// Its line number in the source, 0 = it has none.
    pub number: u64,
    /// The slot of its property.
    pub slot: Slot,
    name_end: usize,
    value_at: usize,
}

impl Line {
    /// Takes a line apart; gives it back if there is no `NAME:` or `NAME;…:`.
    pub fn parse(text: String, number: u64) -> Result<Line, String> {
        match parts(text.as_bytes()) {
            Some((name_end, value_at)) => {
                Ok(Line { slot: Slot::of(&text[..name_end]), number, name_end, value_at, text })
            }
            None => Err(text),
        }
    }

    /// A line that keeps a text which is no content line.
    pub fn keeping(text: &str, number: u64) -> Line {
        let text = format!("{KEPT}:{}", escape(text));
        Line { slot: Slot::Other, number, name_end: KEPT.len(), value_at: KEPT.len() + 1, text }
    }

    /// The whole line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole line.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The name of the property as it is written.
    pub fn name(&self) -> &str {
        &self.text[..self.name_end]
    }

    /// Whether the property has this name.
    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// Whether annals made this property to say what RFC 5545 cannot.
    pub fn is_ours(&self) -> bool {
        let ours = "X-ANNALS-";
        self.slot != Slot::Other && self.name().get(..ours.len()).is_some_and(|name| name.eq_ignore_ascii_case(ours))
    }

    /// The value as it is written.
    pub fn value(&self) -> &str {
        &self.text[self.value_at..]
    }

    /// The value as TEXT.
    pub fn text_value(&self) -> String {
        unescape(self.value())
    }

    /// The first value of a parameter, without quotes and escapes (RFC 6868).
    pub fn param(&self, name: &str) -> Option<String> {
        param(self.text.get(self.name_end + 1..self.value_at - 1)?, name)
    }

    /// The parameters, each with its values, without quotes and escapes (RFC 6868).
    pub fn params(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let params = self.text.get(self.name_end + 1..self.value_at - 1).unwrap_or_default();
        split_params(params).filter(|param| !param.is_empty()).map(|param| {
            // A word alone, as in vCalendar 1.0, is a type.
            let (name, values) = param.split_once('=').unwrap_or((param, ""));
            let name = name.trim();
            // A comma that somebody did not quote.
            if SINGLE.iter().any(|single| single.eq_ignore_ascii_case(name)) && !values.contains('"') {
                return (name, vec![param_text(values)]);
            }
            (name, split_outside_quotes(values, b',').map(param_text).collect())
        })
    }

    /// The line with another TZID, if this is the one that it has.
    pub fn with_tzid(&self, from: &str, to: &str) -> Line {
        if from == to || self.param("TZID").as_deref() != Some(from) {
            return self.clone();
        }
        let mut text = self.name().to_owned();
        for param in split_params(&self.text[self.name_end + 1..self.value_at - 1]) {
            let is_tzid = param.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("TZID"));
            text.push(';');
            if is_tzid {
                text.push_str("TZID=");
                text.push_str(&param_value(to));
            } else {
                text.push_str(param);
            }
        }
        text.push(':');
        text.push_str(self.value());
        Line::parse(text, self.number).unwrap_or_else(|_| self.clone())
    }

    /// The line with parameters as RFC 5545 has them, and those that had to be changed or left out; `None` if all are
    /// well formed.
    pub fn with_sound_params(&self) -> Option<(Line, String)> {
        let params = self.text.get(self.name_end + 1..self.value_at - 1)?;
        if are_params(params) {
            return None;
        }
        let (mut sound, mut odd) = (String::new(), Vec::new());
        for param in split_params(params) {
            let trimmed = param.split_once('=').map(|(name, value)| format!("{}={}", name.trim(), value.trim()));
            if !are_params(param) || param.is_empty() {
                odd.push(param);
            }
            if let Some(trimmed) = trimmed.filter(|trimmed| are_params(trimmed)) {
                sound.push(';');
                sound.push_str(&trimmed);
            }
        }
        let line = Line::parse(format!("{}{sound}:{}", self.name(), self.value()), self.number).ok()?;
        Some((line, odd.join(";")))
    }

    /// The line as a person should see it in a message: not too long, with its number.
    pub fn shown(&self) -> String {
        let mut shown: String = self.text.chars().take(80).collect();
        if shown.len() < self.text.len() {
            shown.push('…');
        }
        if self.number > 0 { format!("`{shown}` (line {})", self.number) } else { format!("`{shown}`") }
    }
}

/// Where the name of a content line ends and where its value begins; `None` if there is no `NAME:` or `NAME;…:`.
pub(crate) fn parts(line: &[u8]) -> Option<(usize, usize)> {
    let name_end = line.iter().position(|&byte| !IS_NAME[byte as usize]).filter(|end| *end > 0)?;
    let value_at = match line[name_end] {
        b':' => name_end,
        b';' => colon(line, name_end)?,
        _ => return None,
    };
    Some((name_end, value_at + 1))
}

/// Whether a byte may stand in a name.
static IS_NAME: [bool; 256] = {
    let mut is_name = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        is_name[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/');
        byte += 1;
    }
    is_name
};

/// The first value of a parameter, without quotes and escapes (RFC 6868); `params` are those of a line without the
/// first semicolon.
pub(crate) fn param(params: &str, name: &str) -> Option<String> {
    let (_, value) = split_params(params)
        .filter_map(|param| param.split_once('='))
        .find(|(found, _)| found.trim().eq_ignore_ascii_case(name))?;
    Some(param_text(value))
}

/// A value of a parameter, without quotes and escapes.
fn param_text(value: &str) -> String {
    let value = value.trim();
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next().unwrap_or(quoted),
        None => value,
    };
    decode_param(value)
}

/// Whether a text can be the name of a property, a parameter or a component.
pub(crate) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| IS_NAME[byte as usize])
}

/// The parameters of a line, each `NAME=VALUE`.
fn split_params(params: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(params, b';')
}

fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let end = find_outside_quotes(text.as_bytes(), 0, separator).unwrap_or(text.len());
        rest = text.get(end + 1..);
        Some(&text[..end])
    })
}

/// Whether the parameters of a line are well formed: `NAME=VALUE,"VALUE"…` (RFC 5545 section 3.1), separated by
/// semicolons.
pub(crate) fn are_params(params: &str) -> bool {
    let mut rest = params.as_bytes();
    while !rest.is_empty() {
        let name = rest.iter().take_while(|&&byte| IS_NAME[byte as usize]).count();
        if name == 0 || rest.get(name) != Some(&b'=') {
            return false;
        }
        rest = &rest[name + 1..];
        loop {
            let end = match rest {
                [b'"', quoted @ ..] => match memchr::memchr(b'"', quoted) {
                    Some(end) => end + 2,
                    None => return false,
                },
                // White space at the front hides a quote from many readers.
                [b' ', ..] => return false,
                _ => rest.iter().position(|byte| matches!(byte, b';' | b',' | b'"')).unwrap_or(rest.len()),
            };
            let (separator, more) = match rest.get(end) {
                None => return true,
                Some(separator) => (separator, &rest[end + 1..]),
            };
            rest = more;
            match separator {
                b',' => {}
                b';' if !rest.is_empty() => break,
                _ => return false,
            }
        }
    }
    params.is_empty()
}

/// Where the value begins: at the first colon outside quotes; if a quote is not closed, at the first colon.
fn colon(bytes: &[u8], from: usize) -> Option<usize> {
    find_outside_quotes(bytes, from, b':')
        .or_else(|| bytes[from..].iter().position(|&byte| byte == b':').map(|at| from + at))
}

fn find_outside_quotes(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    let mut quoted = false;
    bytes.iter().enumerate().skip(from).find_map(|(at, &byte)| {
        quoted ^= byte == b'"';
        (byte == wanted && !quoted).then_some(at)
    })
}

/// Whether a character has no place in a content line (RFC 5545 section 3.1, CONTROL).
fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// Whether a text has characters that no content line can hold, even escaped.
pub(crate) fn has_controls(text: &str) -> bool {
    text.bytes().any(|byte| is_control(byte) && byte != b'\n')
}

/// The text without control characters, line ends included.
pub(crate) fn without_controls(text: &str) -> Cow<'_, str> {
    if text.bytes().any(is_control) {
        Cow::Owned(text.chars().filter(|c| !c.is_ascii() || !is_control(*c as u8)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// A text as TEXT (RFC 5545 section 3.3.11). A CR or CR LF is a line end like LF; other control characters are left
/// out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ';' | ',' => escaped.extend(['\\', c]),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("\\n"),
            c if c.is_ascii() && is_control(c as u8) => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text of a TEXT. A backslash before any other character than `\ ; , n N` is kept: `C:\data`.
pub(crate) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let taken = match rest.as_bytes().get(at + 1) {
            Some(b'n' | b'N') => '\n',
            Some(&byte @ (b'\\' | b';' | b',')) => byte as char,
            _ => {
                text.push('\\');
                rest = &rest[at + 1..];
                continue;
            }
        };
        text.push(taken);
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    text
}

/// The texts of a comma-separated list of TEXT, still escaped.
pub(crate) fn split_list(value: &str) -> impl Iterator<Item = &str> {
    split_unescaped(value, ',')
}

/// The parts of a structured value, still escaped.
pub(crate) fn split_parts(value: &str) -> impl Iterator<Item = &str> {
    split_unescaped(value, ';')
}

fn split_unescaped(value: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    value.split(move |c: char| {
        let separates = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        separates
    })
}

/// A parameter value (RFC 5545 section 3.2, RFC 6868), quoted where it must be.
pub(crate) fn param_value(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() + 2);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '^' => encoded.push_str("^^"),
            '"' => encoded.push_str("^'"),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\r' => encoded.push_str("^n"),
            c if c.is_ascii() && is_control(c as u8) => {}
            c => encoded.push(c),
        }
    }
    // Outer white space is not part of a value without quotes to many readers.
    let quoted = encoded.contains([':', ';', ',']) || encoded.trim() != encoded || encoded.is_empty();
    if quoted { format!("\"{encoded}\"") } else { encoded }
}

fn decode_param(value: &str) -> String {
    if !value.contains('^') {
        return value.to_owned();
    }
    let mut decoded = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        let taken = match (c, chars.peek()) {
            ('^', Some('n')) => '\n',
            ('^', Some('^')) => '^',
            ('^', Some('\'')) => '"',
            _ => {
                decoded.push(c);
                continue;
            }
        };
        chars.next();
        decoded.push(taken);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts() {
        let check = |text: &str, name: &str, tzid: Option<&str>, value: &str| {
            let line = Line::parse(text.to_owned(), 1).unwrap();
            assert_eq!((line.name(), line.param("tzid").as_deref(), line.value()), (name, tzid, value), "{text}");
        };
        check("SUMMARY:a:b", "SUMMARY", None, "a:b");
        check("dtstart;TZID=Europe/Berlin:20250910", "dtstart", Some("Europe/Berlin"), "20250910");
        check("A;X=\"p;q:r\";TZID=\"(UTC+01:00) Rome, Berlin\":v", "A", Some("(UTC+01:00) Rome, Berlin"), "v");
        check("A;TzId=a^nb^^c^'d^x:", "A", Some("a\nb^c\"d^x"), "");
        check("A;TZID=:v", "A", Some(""), "v");
        check("A;CN=\"not closed:v", "A", None, "v");
        check("A;:v", "A", None, "v");
        for text in ["", "SUMMARY", "two words:x", ":x", "ü:x", "A;B", "A;B=\"c"] {
            assert!(Line::parse(text.to_owned(), 1).is_err(), "{text}");
        }
        let kept = Line::keeping("no; line", 1);
        assert_eq!(kept.text(), "X-ANNALS-LINE:no\\; line");
        assert_eq!(Line::parse(kept.text().to_owned(), 1), Ok(kept));
    }

    #[test]
    fn texts() {
        let check = |value: &str, text: &str, again: &str| {
            assert_eq!(unescape(value), text, "{value}");
            assert_eq!(escape(text), again, "{text}");
        };
        check("a\\, b\\; c\\\\d\\ne\\Nf", "a, b; c\\d\ne\nf", "a\\, b\\; c\\\\d\\ne\\nf");
        check("raw, comma", "raw, comma", "raw\\, comma");
        check("C:\\data\\", "C:\\data\\", "C:\\\\data\\\\");
        check("\\é", "\\é", "\\\\é");
        assert_eq!(escape("a\r\nb\rc\u{7}\td"), "a\\nb\\nc\td");
        let list: Vec<&str> = split_list("a\\,b,c\\\\,,d").collect();
        assert_eq!(list, ["a\\,b", "c\\\\", "", "d"]);
    }

    #[test]
    fn parameter_values() {
        let check = |text: &str, expected: &str| assert_eq!(param_value(text), expected, "{text}");
        check("Ada", "Ada");
        check("Ada Lovelace", "Ada Lovelace");
        check("Lovelace, Ada", "\"Lovelace, Ada\"");
        check("\"Ada\"", "^'Ada^'");
        check("a^b\r\nc", "a^^b^nc");
        check("", "\"\"");
        check(" a", "\" a\"");
    }

    proptest! {
        #[test]
        fn texts_come_back(text in "[^\\p{Cc}]{0,40}(\n[^\\p{Cc}]{0,40})?", number in 0u64..9) {
            prop_assert_eq!(unescape(&escape(&text)), text.as_str());
            let line = format!("ATTENDEE;A=b;CN={}:mailto:x", param_value(&text));
            prop_assert_eq!(Line::parse(line, number).unwrap().param("CN").unwrap(), text.as_str());
            let list = format!("{},{}", escape(&text), escape("a,b"));
            prop_assert_eq!(split_list(&list).map(unescape).collect::<Vec<_>>(), [text.as_str(), "a,b"]);
        }

        #[test]
        fn any_line_is_taken(text in ".*") {
            if let Ok(line) = Line::parse(text.clone(), 1) {
                prop_assert_eq!(line.text(), text);
                line.param("TZID");
                line.text_value();
                line.shown();
            }
        }
    }
}

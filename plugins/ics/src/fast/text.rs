//! Texts, many bytes at a time.

/// How many bytes are tested together: without a branch for each, so that the processor takes them at once.
const BLOCK: usize = 16;

/// The length of the start of `bytes` in which no byte is special.
#[inline]
fn run(bytes: &[u8], special: impl Fn(u8) -> bool) -> usize {
    let mut at = 0;
    let mut blocks = bytes.chunks_exact(BLOCK);
    for block in &mut blocks {
        if block.iter().fold(0, |found, &byte| found | u8::from(special(byte))) > 0 {
            break;
        }
        at += BLOCK;
    }
    at + bytes[at..].iter().position(|&byte| special(byte)).unwrap_or(bytes.len() - at)
}

/// A control character that is no tab.
#[inline]
fn is_control(byte: u8) -> bool {
    (byte < b' ') & (byte != b'\t') | (byte == 0x7f)
}

/// The start of `bytes` that is UTF-8 and in which the only control characters are tabs, LF, and CR before LF.
pub(crate) fn clean_text(bytes: &[u8]) -> &str {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    };
    let bad = |byte, next| is_control(byte) & (byte != b'\n') & ((byte != b'\r') | (next != b'\n'));
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(block) = bytes.get(at..at + 2 * BLOCK + 1) {
        let pairs = block[..2 * BLOCK].iter().zip(&block[1..]);
        if pairs.fold(0, |found, (&byte, &next)| found | u8::from(bad(byte, next))) > 0 {
            break;
        }
        at += 2 * BLOCK;
    }
    let left = &bytes[at..];
    let clean = (0..left.len()).find(|&at| bad(left[at], left.get(at + 1).copied().unwrap_or_default()));
    &text[..at + clean.unwrap_or(left.len())]
}

/// Appends the text of a TEXT. Gives whether the escapes are those that annals writes.
pub(crate) fn unescape_into(value: &str, text: &mut String) -> bool {
    let mut canonical = true;
    let mut rest = value;
    while let Some(at) = memchr::memchr3(b'\\', b',', b';', rest.as_bytes()) {
        let (taken, next) = match (rest.as_bytes()[at], rest.as_bytes().get(at + 1)) {
            (b'\\', Some(b'n')) => ('\n', at + 2),
            (b'\\', Some(&byte @ (b'\\' | b';' | b','))) => (char::from(byte), at + 2),
            (byte, next) => {
                canonical = false;
                if (byte, next) == (b'\\', Some(&b'N')) { ('\n', at + 2) } else { (char::from(byte), at + 1) }
            }
        };
        text.push_str(&rest[..at]);
        text.push(taken);
        rest = &rest[next..];
    }
    text.push_str(rest);
    canonical
}

/// Appends a text as TEXT. `None` if it has control characters that no content line can hold.
pub(crate) fn escape_into(text: &str, escaped: &mut String) -> Option<()> {
    let mut rest = text;
    // Few texts have line ends.
    let controls = has_controls(text);
    loop {
        let at = if controls {
            run(rest.as_bytes(), |byte| is_control(byte) | (byte == b'\\') | (byte == b';') | (byte == b','))
        } else {
            memchr::memchr3(b'\\', b';', b',', rest.as_bytes()).unwrap_or(rest.len())
        };
        escaped.push_str(&rest[..at]);
        match rest.as_bytes().get(at) {
            None => return Some(()),
            Some(b'\n') => escaped.push_str("\\n"),
            Some(b'\\') => escaped.push_str("\\\\"),
            Some(b';') => escaped.push_str("\\;"),
            Some(b',') => escaped.push_str("\\,"),
            Some(_) => return None,
        }
        rest = &rest[at + 1..];
    }
}

/// Whether a text has control characters, tabs aside.
pub(crate) fn has_controls(text: &str) -> bool {
    any(text.as_bytes(), is_control)
}

/// Whether any byte is special.
#[inline]
fn any(bytes: &[u8], special: impl Fn(u8) -> bool) -> bool {
    let any = |block: &[u8]| block.iter().fold(0, |found, &byte| found | u8::from(special(byte))) > 0;
    match bytes.last_chunk::<BLOCK>() {
        // The last block overlaps, so that no byte is tested alone.
        Some(last) => any(last) || bytes.chunks_exact(BLOCK).any(any),
        None => any(bytes),
    }
}

/// Appends a text without control characters but tabs as a JSON string.
pub(crate) fn json_into(text: &str, json: &mut String) {
    json.push('"');
    let mut rest = text;
    while let Some(at) = memchr::memchr3(b'"', b'\\', b'\t', rest.as_bytes()) {
        json.push_str(&rest[..at]);
        json.push_str(match rest.as_bytes()[at] {
            b'\t' => "\\t",
            b'"' => "\\\"",
            _ => "\\\\",
        });
        rest = &rest[at + 1..];
    }
    json.push_str(rest);
    json.push('"');
}

/// The JSON string at the front of `json`: its text between the quotes, whether it has escapes, and what follows.
/// `None` if there is none, or one with control characters.
pub(crate) fn json_string(json: &str) -> Option<(&str, bool, &str)> {
    let json = json.strip_prefix('"')?;
    let (mut at, mut escaped) = (0, false);
    loop {
        at += memchr::memchr2(b'"', b'\\', json.as_bytes().get(at..)?)?;
        if json.as_bytes()[at] == b'"' {
            let text = &json[..at];
            let control = |byte| (byte < b' ') | (byte == 0x7f);
            return (!any(text.as_bytes(), control)).then_some((text, escaped, &json[at + 1..]));
        }
        (at, escaped) = (at + 2, true);
    }
}

/// Appends the text of a JSON string with escapes. `None` if there are other escapes than those [`json_into`] writes.
pub(crate) fn json_text_into(string: &str, text: &mut String) -> Option<()> {
    let mut rest = string;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        text.push(match rest.as_bytes().get(at + 1)? {
            &byte @ (b'"' | b'\\') => char::from(byte),
            b't' => '\t',
            _ => return None,
        });
        rest = &rest[at + 2..];
    }
    text.push_str(rest);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::{escape, unescape};
    use proptest::prelude::*;

    #[test]
    fn clean_texts() {
        let check = |bytes: &[u8], clean: &str| assert_eq!(clean_text(bytes), clean, "{bytes:?}");
        check(b"a\tb\r\nc\nd", "a\tb\r\nc\nd");
        check(b"a\r\nb\rc", "a\r\nb");
        check(b"a\r\r\nb", "a");
        check(b"a\r", "a");
        check(b"ab\xffc", "ab");
        check("é\u{7f}".as_bytes(), "é");
        check("0123456789abcdefé0123456789abcdef\u{7}".as_bytes(), "0123456789abcdefé0123456789abcdef");
    }

    proptest! {
        #[test]
        fn texts(value in "[ -~\t\n\\\\;,nNé]{0,60}") {
            let mut text = String::new();
            let canonical = unescape_into(&value, &mut text);
            prop_assert_eq!(&text, &unescape(&value));
            prop_assert_eq!(canonical && !value.contains('\n'), escape(&text) == value);
            let mut escaped = String::new();
            escape_into(&value, &mut escaped).unwrap();
            prop_assert_eq!(escaped, escape(&value));
        }

        #[test]
        fn json(text in "[ -~\té]{0,60}") {
            let mut json = String::new();
            json_into(&text, &mut json);
            prop_assert_eq!(&json, &serde_json::Value::from(text.as_str()).to_string());
            let json = json + "]";
            let (string, escaped, rest) = json_string(&json).unwrap();
            prop_assert_eq!((escaped, rest), (text.contains(['"', '\\', '\t']), "]"));
            let mut read = String::new();
            json_text_into(string, &mut read).unwrap();
            prop_assert_eq!(read, text);
        }

        #[test]
        fn no_escape_that_is_not_known(text in "[ -~\\x00-\\x1f]{0,20}") {
            let json = serde_json::Value::from(text.as_str()).to_string();
            let mut read = String::new();
            if let Some((string, _, "")) = json_string(&json) && json_text_into(string, &mut read).is_some() {
                prop_assert_eq!(read, text);
            }
        }
    }
}

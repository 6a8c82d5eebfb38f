//! Text that is not UTF-8.

use std::io::{self, Cursor, Read};

use annals_core::{Error, Input};
use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;

use crate::line::{param, parts};

/// An input as UTF-8, and what it was if it was not: UTF-16 tells itself by its first bytes, all else by `charset`,
/// a label of the WHATWG Encoding Standard.
pub(crate) fn decoded(
    mut input: Box<dyn Input>,
    charset: Option<&str>,
) -> Result<(Box<dyn Input>, Option<&'static str>), Error> {
    let given = match charset {
        None => None,
        Some(label) => Some(Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::new(format!("charset={label}: no such character encoding"))
                .hint("give a name such as utf-8, windows-1252 or utf-16le")
        })?),
    };
    let mut head = [0; 4];
    let mut filled = 0;
    while filled < head.len() {
        match input.read(&mut head[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    let size = input.size();
    let input = Cursor::new(head[..filled].to_vec()).chain(input);
    let found = utf16(&head[..filled]).or(given.filter(|encoding| *encoding != encoding_rs::UTF_8));
    let Some(encoding) = found else { return Ok((Box::new(Sized { input, size }), None)) };
    let input = DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(input);
    // How long the text is will be known at its end.
    Ok((Box::new(Sized { input, size: None }), Some(encoding.name())))
}

struct Sized<R> {
    input: R,
    size: Option<u64>,
}

impl<R: Read> Read for Sized<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

impl<R: Read + Send> Input for Sized<R> {
    fn size(&self) -> Option<u64> {
        self.size
    }
}

/// UTF-16 with a byte order mark, or as `BEGIN` looks in it.
pub(crate) fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] | [b'B' | b'b', 0, b'E' | b'e', 0, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] | [0, b'B' | b'b', 0, b'E' | b'e', ..] => Some(UTF_16BE),
        _ => None,
    }
}

/// The text of a line that is not UTF-8, and the encoding it was read as: what its CHARSET says, as in vCalendar 1.0,
/// else windows-1252, which Latin-1 is taken for everywhere.
pub(crate) fn guess(line: &[u8]) -> (&'static str, String) {
    let params = parts(line).and_then(|(name_end, value_at)| line.get(name_end + 1..value_at - 1));
    let label = params.and_then(|params| param(&String::from_utf8_lossy(params), "CHARSET"));
    let said = label.and_then(|label| Encoding::for_label_no_replacement(label.as_bytes()));
    let encoding = said.filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8);
    let encoding = encoding.unwrap_or(WINDOWS_1252);
    let (text, _) = encoding.decode_without_bom_handling(line);
    (encoding.name(), text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_inputs() {
        let check = |bytes: &[u8], charset: Option<&str>, expected: (&str, &str)| {
            let (mut input, found) = decoded(Box::new(Cursor::new(bytes.to_vec())), charset).unwrap();
            let mut text = String::new();
            input.read_to_string(&mut text).unwrap();
            assert_eq!((found.unwrap_or_default(), text.as_str()), expected);
        };
        check(b"", None, ("", ""));
        check(b"BE", None, ("", "BE"));
        check(b"BEGIN", Some("utf-8"), ("", "BEGIN"));
        check(b"B\0E\0\xe9\0", None, ("UTF-16LE", "BEé"));
        check(b"\xfe\xff\0B\0E", None, ("UTF-16BE", "BE"));
        check(b"caf\xe9 \x80", Some("latin1"), ("windows-1252", "café €"));
        assert!(decoded(Box::new(&b""[..]), Some("klingon")).is_err());
    }

    #[test]
    fn lines() {
        let check = |line: &[u8], expected: (&str, &str)| {
            let (encoding, text) = guess(line);
            assert_eq!((encoding, text.as_str()), expected);
        };
        check(b"SUMMARY:caf\xe9", ("windows-1252", "SUMMARY:café"));
        check(b"SUMMARY;CHARSET=ISO-8859-7:\xe1", ("ISO-8859-7", "SUMMARY;CHARSET=ISO-8859-7:α"));
        check(b"SUMMARY;CHARSET=UTF-16:\xe9", ("windows-1252", "SUMMARY;CHARSET=UTF-16:é"));
    }
}

//! Folding of content lines (RFC 5545 section 3.1).

use std::borrow::Cow;

/// Writes a content line: folded to 75 octets, never inside a character, with CR LF.
pub(crate) fn fold(line: &str, out: &mut Vec<u8>) {
    let mut rest = line;
    let mut room = 75;
    while rest.len() > room {
        let mut at = room;
        while !rest.is_char_boundary(at) {
            at -= 1;
        }
        out.extend_from_slice(&rest.as_bytes()[..at]);
        out.extend_from_slice(b"\r\n ");
        rest = &rest[at..];
        // The space at the front counts.
        room = 74;
    }
    out.extend_from_slice(rest.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Unfolds the bytes of a content line: takes out each line end that white space follows, with that white space, and
/// the line end at the end (LF, CR LF, or CR if `bare_cr`).
pub(crate) fn unfold(raw: &[u8], bare_cr: bool) -> Cow<'_, [u8]> {
    let mut raw = raw;
    while let [start @ .., b'\n' | b'\r'] = raw {
        raw = start;
    }
    let is_end = |byte: u8| byte == b'\n' || (bare_cr && byte == b'\r');
    if !raw.iter().any(|&byte| is_end(byte)) {
        return Cow::Borrowed(raw);
    }
    let mut unfolded = Vec::with_capacity(raw.len());
    let mut at = 0;
    while at < raw.len() {
        if is_end(raw[at]) {
            while unfolded.last() == Some(&b'\r') {
                unfolded.pop();
            }
            at += 1;
            if let Some(b' ' | b'\t') = raw.get(at) {
                at += 1;
            }
        } else {
            unfolded.push(raw[at]);
            at += 1;
        }
    }
    Cow::Owned(unfolded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding() {
        let check = |line: &str, expected: &str| {
            let mut out = Vec::new();
            fold(line, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        };
        let x = |count| "x".repeat(count);
        check("a", "a\r\n");
        check(&x(75), &format!("{}\r\n", x(75)));
        check(&x(76), &format!("{}\r\n x\r\n", x(75)));
        check(&x(150), &format!("{}\r\n {}\r\n x\r\n", x(75), x(74)));
        check(&format!("{}é", x(74)), &format!("{}\r\n é\r\n", x(74)));
        check(&format!("{}𝄞{}", x(73), x(70)), &format!("{}\r\n 𝄞{}\r\n", x(73), x(70)));
    }

    #[test]
    fn unfolding() {
        let check = |raw: &str, bare_cr: bool, expected: &str| {
            assert_eq!(String::from_utf8_lossy(&unfold(raw.as_bytes(), bare_cr)), expected, "{raw:?}");
        };
        check("a\r\n", false, "a");
        check("a\r\n b\n\tc\n", false, "abc");
        check("a\r\n  b", false, "a b");
        check("a\r\r\n b\r\r\n", false, "ab");
        check("a\r b\r", true, "ab");
        check("a\rb\n", false, "a\rb");
    }

    proptest! {
        #[test]
        fn folded_lines_come_back(line in "[^\\p{Cc}]{0,300}") {
            let mut out = Vec::new();
            fold(&line, &mut out);
            prop_assert_eq!(&*unfold(&out, false), line.as_bytes());
            for part in out.split_inclusive(|byte| *byte == b'\n') {
                prop_assert!(part.len() <= 77 && part.ends_with(b"\r\n") && std::str::from_utf8(part).is_ok());
            }
        }
    }
}

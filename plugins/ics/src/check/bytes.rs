//! What is wrong with the bytes of a line, before it says anything.

use annals_core::Locator;

use super::tell::Tell;
use crate::charset::guess;
use crate::fold::unfold;
use crate::line::without_controls;
use crate::scan::Logical;

/// The most octets of a physical line that RFC 5545 section 3.1 recommends, without its line end.
const MAX_LINE: usize = 75;

/// Tells what is wrong with the bytes of a line, and gives its text, unfolded; `None` if it is blank or too long.
pub(super) fn text(line: &Logical, bare_cr: bool, max: usize, tell: &mut Tell<'_, '_>) -> Option<String> {
    let at = Locator { offset: line.offset, len: line.len, line: line.number };
    if line.over {
        let text = format!("longer than {max} bytes, which --max-record sets: the line is not checked");
        tell.warning(at, "too-large", text);
        return None;
    }
    if line.number == 1 && line.raw.len() + 3 == line.len as usize {
        let text = "the file begins with a byte order mark, which some programs take for a part of `BEGIN`: leave it \
                    out (RFC 5545 section 3.1)";
        tell.warning(at, "byte-order-mark", text.to_owned());
    }
    physical(line, bare_cr, tell);
    let unfolded = unfold(&line.raw, bare_cr);
    let text = match String::from_utf8(unfolded.into_owned()) {
        Ok(text) => text,
        Err(error) => {
            let (charset, text) = guess(error.as_bytes());
            let told =
                format!("the line is not UTF-8, but perhaps {charset}: save the file as UTF-8 (RFC 5545 section 6)");
            tell.error(at, "not-utf8", told);
            text
        }
    };
    let clean = without_controls(&text);
    if clean.len() != text.len() {
        let told = "the line has control characters, which no value may have: remove them (RFC 5545 section 3.1)";
        tell.error(at, "control-character", told.to_owned());
    }
    if clean.trim().is_empty() {
        tell.error_once(at, "blank-line", || "a blank line: remove it (RFC 5545 section 3.1)".to_owned());
        return None;
    }
    if clean.starts_with([' ', '\t']) {
        let told = "the file begins with a folded line: remove the space at its front (RFC 5545 section 3.1)";
        tell.error(at, "bad-folding", told.to_owned());
        return Some(clean.trim_start().to_owned());
    }
    Some(clean.into_owned())
}

/// Looks at the physical lines that a content line is folded into.
fn physical(line: &Logical, bare_cr: bool, tell: &mut Tell<'_, '_>) {
    let whole_is_utf8 =
        std::str::from_utf8(&line.raw).is_ok() || std::str::from_utf8(&unfold(&line.raw, bare_cr)).is_ok();
    let (mut offset, mut number) = (line.offset, line.number);
    for piece in line.raw.split_inclusive(|byte| *byte == if bare_cr { b'\r' } else { b'\n' }) {
        let at = Locator { offset, len: piece.len() as u64, line: number };
        let bare = if piece.ends_with(b"\r\n") {
            &piece[..piece.len() - 2]
        } else if let [bare @ .., end @ (b'\n' | b'\r')] = piece {
            let which = if *end == b'\n' { "LF" } else { "CR" };
            tell.error_once(at, "line-end", || {
                format!("lines end with {which} alone: write CR LF (RFC 5545 section 3.1)")
            });
            bare
        } else {
            let text = "the last line has no line end: write CR LF behind it (RFC 5545 section 3.1)";
            tell.error_once(at, "no-line-end", || text.to_owned());
            piece
        };
        if bare.len() > MAX_LINE {
            tell.warning_once(at, "long-line", || {
                format!("a line of {} octets: fold it at 75, since some programs read no longer ones (RFC 5545 section 3.1)", bare.len())
            });
        }
        if whole_is_utf8 && std::str::from_utf8(bare).is_err() {
            let text = "a line is folded within a character: fold between characters, since some programs decode first \
                        (RFC 5545 section 3.1)";
            tell.warning_once(at, "fold-in-character", || text.to_owned());
        }
        (offset, number) = (offset + piece.len() as u64, number + 1);
    }
}

//! What a plugin may tell, so that neither a lie about a length nor a flood takes the host down.

use crate::abi::Str;

/// The most formats of a plugin.
pub(super) const MAX_FORMATS: usize = 256;
/// The most bytes of a text of a descriptor.
pub(super) const MAX_DESCRIPTOR_TEXT: usize = 1 << 20;
/// The most bytes of a message, or of what a note says, that are kept.
pub(super) const MAX_TEXT: usize = 64 << 10;
/// The most bytes of a note's code.
pub(super) const MAX_CODE: usize = 64;
/// The most different codes of notes that one call gives.
pub(super) const MAX_CODES: usize = 256;
/// Facts are in memory until the end: so many bytes of one call.
pub(super) const MAX_FACTS: usize = 64 << 20;
/// Batches without rows that may follow one another while nothing is read and nothing told.
pub(super) const MAX_IDLE: u32 = 1000;

/// No record is larger than this, and so no text about one.
const MAX_LEN: usize = 1 << 31;

/// The most notes about an input of which so many bytes have been read: some for every byte, and then some.
pub(super) fn most_notes(read: u64) -> u64 {
    read.saturating_mul(4).saturating_add(1 << 16)
}

/// The most bytes of facts that are the input's own, which a plugin may spell out; what is more it has made up.
pub(super) fn most_facts(read: u64) -> u64 {
    read.saturating_mul(8).saturating_add(1 << 20)
}

/// Whether this can be a text at all. One that is not must not be read.
pub(super) fn is_text(text: Str) -> bool {
    text.len <= MAX_LEN && !(text.ptr.is_null() && text.len > 0)
}

/// The beginning of a text, of at most so many bytes, with `…` where it is cut; invalid UTF-8 is replaced. What cannot be
/// a text is empty.
///
/// # Safety
///
/// As [`Str::bytes`].
pub(super) unsafe fn beginning(text: Str, most: usize) -> String {
    if !is_text(text) {
        return String::new();
    }
    // SAFETY: the caller's promise.
    shortened(unsafe { text.bytes() }, most)
}

/// The same of bytes.
pub(super) fn shortened(bytes: &[u8], most: usize) -> String {
    if bytes.len() <= most {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let is_inside = |byte: &u8| byte & 0xC0 == 0x80;
    let end = (0..=most).rev().find(|&at| !is_inside(&bytes[at])).unwrap_or(0);
    String::from_utf8_lossy(&bytes[..end]).into_owned() + "…"
}

/// Text from outside on one line, without control characters, which could command a terminal.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        // SAFETY: a text that lives for the call.
        let check = |text: &str, most, expected: &str| assert_eq!(unsafe { beginning(Str::new(text), most) }, expected);
        check("four", 4, "four");
        check("four", 3, "fou…");
        check("né", 2, "n…");
        check("né", 3, "né");
        check("éé", 1, "…");
    }

    #[test]
    fn what_cannot_be_a_text_is_not_read() {
        let check = |ptr: *const std::ffi::c_char, len| {
            // SAFETY: nothing is read.
            assert_eq!(unsafe { beginning(Str { ptr, len }, 9) }, "");
        };
        check(std::ptr::null(), 0);
        check(std::ptr::null(), 5);
        check(c"short".as_ptr(), usize::MAX);
        check(c"short".as_ptr(), MAX_LEN + 1);
    }
}

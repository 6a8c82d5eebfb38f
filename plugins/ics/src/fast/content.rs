//! Content lines that are borrowed from a text.

use crate::line::{are_params, parts};
use crate::slot::Slot;

/// A content line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub text: &'a str,
    pub parts: Parts,
}

/// Where the parts of a line are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub slot: Slot,
    name_end: u32,
    value_at: u32,
}

impl Parts {
    /// The parts of an unfolded line; `None` if it is no content line, or one that annals adds to say what RFC 5545
    /// cannot.
    pub fn of(line: &str) -> Option<Parts> {
        Parts::outline(line)?.slotted(line)
    }

    /// The same with the slot.
    pub fn slotted(self, line: &str) -> Option<Parts> {
        let name = &line[..self.name_end as usize];
        let slot = quick_slot(name.as_bytes()).unwrap_or_else(|| Slot::of(name));
        let ours = matches!(name.as_bytes()[0], b'X' | b'x') && slot != Slot::Other;
        (!ours).then_some(Parts { slot, ..self })
    }

    /// The parts without the slot.
    pub fn outline(line: &str) -> Option<Parts> {
        let (name_end, value_at) = parts(line.as_bytes())?;
        if name_end + 1 < value_at && !are_params(line.get(name_end + 1..value_at - 1)?) {
            return None;
        }
        let at = |at: usize| u32::try_from(at).ok();
        Some(Parts { slot: Slot::Other, name_end: at(name_end)?, value_at: at(value_at)? })
    }

    /// Whether `line`, which these are of, is a BEGIN or END, in whichever case.
    pub fn is_bracket(&self, line: &str) -> bool {
        match (self.name_end, line.as_bytes()[0]) {
            (5, b'B' | b'b') => line.as_bytes()[..5].eq_ignore_ascii_case(b"BEGIN"),
            (3, b'E' | b'e') => line.as_bytes()[..3].eq_ignore_ascii_case(b"END"),
            _ => false,
        }
    }
}

impl<'a> Content<'a> {
    /// The name as it is written.
    pub fn name(&self) -> &'a str {
        &self.text[..self.parts.name_end as usize]
    }

    /// The value as it is written.
    pub fn value(&self) -> &'a str {
        &self.text[self.parts.value_at as usize..]
    }

    /// The parameters: nothing, or with a `;` at the front.
    pub fn params(&self) -> &'a str {
        &self.text[self.parts.name_end as usize..self.parts.value_at as usize - 1]
    }

    /// Whether the line is of this name in upper case and without parameters.
    #[inline]
    pub fn is_bare(&self, name: &str) -> bool {
        let Parts { name_end, value_at, .. } = self.parts;
        name_end as usize == name.len() && value_at == name_end + 1 && self.text.starts_with(name)
    }
}

/// The name that a line `BEGIN:NAME` or `END:NAME` gives (`with` is what stands before it).
pub(crate) fn component_name<'a>(line: &'a str, with: &str) -> Option<&'a str> {
    let name = line.strip_prefix(with)?;
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

/// Whether the name of somebody stands in CN as it is.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let special = |byte| matches!(byte, b':' | b';' | b',' | b'"' | b'^');
    !name.is_empty() && !name.bytes().any(special) && name.trim() == name
}

/// [`Slot::of`] for the names that are met most.
fn quick_slot(name: &[u8]) -> Option<Slot> {
    Some(match (name.len(), name[0]) {
        (3, b'U') if name == b"UID" => Slot::Uid,
        (3, b'U') if name == b"URL" => Slot::Url,
        (5, b'D') if name == b"DTEND" => Slot::When,
        (5, b'C') if name == b"CLASS" => Slot::Other,
        (5, b'R') if name == b"RRULE" => Slot::Recurrence,
        (6, b'S') if name == b"STATUS" => Slot::Status,
        (6, b'T') if name == b"TRANSP" => Slot::Transp,
        (7, b'D') if name == b"DTSTART" => Slot::When,
        (7, b'D') if name == b"DTSTAMP" => Slot::Stamp,
        (7, b'S') if name == b"SUMMARY" => Slot::Title,
        (7, b'C') if name == b"CREATED" => Slot::Other,
        (6, b'E') if name == b"EXDATE" => Slot::Recurrence,
        (8, b'L') if name == b"LOCATION" => Slot::Place,
        (8, b'S') if name == b"SEQUENCE" => Slot::Revision,
        (8, b'D') if name == b"DURATION" => Slot::When,
        (8, b'A') if name == b"ATTENDEE" => Slot::Actors,
        (9, b'O') if name == b"ORGANIZER" => Slot::Actors,
        (10, b'C') if name == b"CATEGORIES" => Slot::Tags,
        (11, b'D') if name == b"DESCRIPTION" => Slot::Body,
        (13, b'L') if name == b"LAST-MODIFIED" => Slot::Modified,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots() {
        let names = "UID URL DTEND CLASS RRULE EXDATE ORGANIZER CATEGORIES STATUS TRANSP DTSTART DTSTAMP SUMMARY CREATED LOCATION SEQUENCE DURATION \
                     ATTENDEE DESCRIPTION LAST-MODIFIED";
        for name in names.split_whitespace() {
            assert_eq!(quick_slot(name.as_bytes()), Some(Slot::of(name)), "{name}");
        }
    }

    #[test]
    fn lines() {
        let check = |text: &str, expected: Option<(&str, &str, &str)>| {
            let found = Parts::of(text).map(|parts| Content { text, parts });
            assert_eq!(found.map(|line| (line.name(), line.params(), line.value())), expected, "{text}");
        };
        check("A:b", Some(("A", "", "b")));
        check("A;B=\"c:d\":e:f", Some(("A", ";B=\"c:d\"", "e:f")));
        check("A;B=\"c:d", None);
        check("A;;B=c:d", None);
        check("X-ANNALS-REF:a", Some(("X-ANNALS-REF", "", "a")));
        check("x-annals-edtf:2025", None);
        check("a b", None);
        check("", None);
    }
}

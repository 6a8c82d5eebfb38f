//! Taking a text apart into the content lines of one component.

use super::content::{Content, Parts, component_name};
use crate::slot::Slot;

/// The lines of one component; its memory is used again for the next.
#[derive(Default)]
pub(crate) struct Component {
    /// Its own properties.
    own: Vec<Property>,
    /// The lines of its sub-components.
    subs: Vec<Span>,
    /// The first line of each slot, the last, and how many there are.
    slots: [(u32, u32, u32); Slot::COUNT],
    /// Lines that were folded.
    unfolded: String,
    /// The BEGIN lines of what is open.
    open: Vec<Span>,
}

/// Where a line is: in the text, or in [`Component::unfolded`].
#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
    folded: bool,
}

struct Property {
    span: Span,
    parts: Parts,
    /// The next line of the same slot.
    next: u32,
}

/// How much of a text is a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub bytes: usize,
    /// Physical lines.
    pub lines: u64,
    /// Physical lines before the END.
    pub before_end: u64,
}

/// Deeper than sub-components go.
const MAX_DEPTH: usize = 8;

/// The physical lines of a text.
struct Physical<'a> {
    bytes: &'a [u8],
    ends: memchr::Memchr<'a>,
    start: usize,
    lines: u64,
    /// Whether the input ends with the text.
    last: bool,
}

impl Physical<'_> {
    /// Start and end of the next line, and whether the one behind continues it. `None` if that cannot be seen.
    #[inline]
    fn next(&mut self) -> Option<(usize, usize, bool)> {
        let (start, end) = (self.start, self.ends.next()?);
        let content = end - usize::from(end > start && self.bytes[end - 1] == b'\r');
        (self.start, self.lines) = (end + 1, self.lines + 1);
        let more = match self.bytes.get(end + 1) {
            Some(byte) => matches!(byte, b' ' | b'\t'),
            None if self.last => false,
            None => return None,
        };
        Some((start, content, more))
    }
}

impl Component {
    /// Takes apart the VEVENT that `text` begins with; `last` says that the input ends with the text. `None` if it is
    /// not all there, or not plain.
    pub fn split(&mut self, text: &str, last: bool) -> Option<Extent> {
        self.own.clear();
        self.subs.clear();
        self.slots = Default::default();
        self.unfolded.clear();
        self.open.clear();
        let bytes = text.as_bytes();
        let mut physical = Physical { bytes, ends: memchr::memchr_iter(b'\n', bytes), start: 0, lines: 0, last };
        loop {
            let before = physical.lines;
            let (start, end, mut more) = physical.next()?;
            let mut span = Span { start, end, folded: more };
            if more {
                span.start = self.unfolded.len();
                self.unfolded.push_str(&text[start..end]);
                while more {
                    let (start, end, again) = physical.next()?;
                    self.unfolded.push_str(&text[start + 1..end]);
                    more = again;
                }
                span.end = self.unfolded.len();
            } else if start == end && before > 0 {
                continue;
            }
            let line = self.line(text, span);
            let parts = Parts::outline(line)?;
            if parts.is_bracket(line) {
                if self.bracket(text, span, before == 0)? {
                    return Some(Extent { bytes: physical.start, lines: physical.lines, before_end: before });
                }
                continue;
            }
            match self.open.len() {
                0 => return None,
                1 => {
                    let parts = parts.slotted(line)?;
                    self.add(span, parts);
                }
                _ => self.subs.push(span),
            }
        }
    }

    /// A BEGIN or END; `true` at the end of the component. `None` unless all are written plainly and match.
    fn bracket(&mut self, text: &str, span: Span, first: bool) -> Option<bool> {
        if span.folded {
            return None;
        }
        let line = &text[span.start..span.end];
        if let Some(name) = component_name(line, "BEGIN:") {
            let other = !matches!(name, "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY" | "VTIMEZONE" | "VCALENDAR");
            let fits = if first { name == "VEVENT" } else { other };
            if !fits || self.open.len() == MAX_DEPTH {
                return None;
            }
            self.open.push(span);
        } else {
            let begin = self.open.pop()?;
            let name = component_name(line, "END:")?;
            if component_name(&text[begin.start..begin.end], "BEGIN:") != Some(name) {
                return None;
            }
            if self.open.is_empty() {
                return Some(true);
            }
        }
        if !first {
            self.subs.push(span);
        }
        Some(false)
    }

    fn add(&mut self, span: Span, parts: Parts) {
        let at = self.own.len() as u32;
        let (first, last, count) = &mut self.slots[parts.slot as usize];
        if *count == 0 {
            *first = at;
        } else {
            self.own[*last as usize].next = at;
        }
        (*last, *count) = (at, *count + 1);
        self.own.push(Property { span, parts, next: u32::MAX });
    }

    fn line<'a>(&'a self, text: &'a str, span: Span) -> &'a str {
        let base = if span.folded { &self.unfolded } else { text };
        &base[span.start..span.end]
    }

    /// The lines of a slot; `text` is the one that was taken apart.
    pub fn of<'a>(&'a self, slot: Slot, text: &'a str) -> Group<'a> {
        let (first, _, count) = self.slots[slot as usize];
        Group { component: self, text, at: first, left: count }
    }

    /// The lines of the sub-components.
    pub fn subs<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        self.subs.iter().map(move |&span| self.line(text, span))
    }
}

/// The lines of a slot, in their order.
#[derive(Clone)]
pub(crate) struct Group<'a> {
    component: &'a Component,
    text: &'a str,
    at: u32,
    left: u32,
}

impl Group<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.left as usize
    }
}

impl<'a> Iterator for Group<'a> {
    type Item = Content<'a>;

    #[inline]
    fn next(&mut self) -> Option<Content<'a>> {
        self.left = self.left.checked_sub(1)?;
        let property = &self.component.own[self.at as usize];
        self.at = property.next;
        Some(Content { text: self.component.line(self.text, property.span), parts: property.parts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines by slot, those of sub-components, and the extent.
    fn split(text: &str, last: bool) -> Option<(String, Extent)> {
        let mut component = Component::default();
        let extent = component.split(text, last)?;
        let mut lines: Vec<String> = Vec::new();
        for slot in [Slot::Title, Slot::Actors, Slot::Other] {
            lines.extend(component.of(slot, text).map(|line| format!("{slot:?} {}", line.text)));
        }
        lines.extend(component.subs(text).map(str::to_owned));
        Some((lines.join("|"), extent))
    }

    #[test]
    fn components() {
        let text = "BEGIN:VEVENT\r\nX-B:1\r\n\r\nSUMMARY:a\r\n b\r\nBEGIN:VALARM\nACTION:\n \n\tx\nEND:VALARM\nX-A:2\nEND:VEVENT\nX";
        let (lines, extent) = split(text, false).unwrap();
        assert_eq!(lines, "Title SUMMARY:ab|Other X-B:1|Other X-A:2|BEGIN:VALARM|ACTION:x|END:VALARM");
        assert_eq!(extent, Extent { bytes: text.len() - 1, lines: 12, before_end: 11 });
        let whole = &text[..text.len() - 1];
        assert!(split(whole, false).is_none() && split(whole, true).is_some());
    }

    #[test]
    fn what_is_not_plain_is_left() {
        let rest = [
            "SUMMARY",
            "END:VALARM",
            "BEGIN:VEVENT",
            "begin:VALARM",
            "BEGIN:VALARM",
            "BEGIN;X=Y:VALARM",
            "BEGIN:",
            " ",
        ];
        for line in rest.into_iter().chain(["END:VCALENDAR", "X-ANNALS-EDTF:2025", "END:VEVENT x", "END:\n VEVENT"]) {
            assert!(split(&format!("BEGIN:VEVENT\n{line}\nEND:VEVENT\n"), true).is_none(), "{line}");
        }
        for text in [
            "BEGIN:VTODO\nEND:VTODO\n",
            "END:VEVENT\n",
            "BEGIN:VEVENT\n",
            "SUMMARY:a\nEND:VEVENT\n",
            "\nBEGIN:VEVENT\nEND:VEVENT\n",
        ] {
            assert!(split(text, true).is_none(), "{text}");
        }
    }
}

//! The content lines that `extra` keeps, read from its JSON.

use super::content::{Content, Parts, component_name};
use super::text::{json_string, json_text_into};
use crate::slot::Slot;

/// The lines that an event keeps; the memory is used again for the next one.
#[derive(Default)]
pub(crate) struct Kept {
    lines: Vec<Entry>,
    /// The slots that have lines, a bit each.
    slots: u32,
    /// The lines with escapes in JSON.
    decoded: String,
}

struct Entry {
    start: usize,
    end: usize,
    decoded: bool,
    /// `None` in sub-components.
    parts: Option<Parts>,
    used: bool,
}

impl Kept {
    /// Reads `{"ics":["…",…]}` as the importer writes it; `None` if it is anything else, or has to be repaired.
    pub fn read(&mut self, json: Option<&str>) -> Option<()> {
        self.lines.clear();
        self.decoded.clear();
        self.slots = 0;
        let Some(json) = json else { return Some(()) };
        let mut rest = json.strip_prefix("{\"ics\":[")?;
        let mut open: Vec<&str> = Vec::new();
        loop {
            let (string, escaped, after) = json_string(rest)?;
            let (base, start) = if escaped {
                let start = self.decoded.len();
                json_text_into(string, &mut self.decoded)?;
                (&self.decoded[..], start)
            } else {
                (json, json.len() - rest.len() + 1)
            };
            let end = if escaped { base.len() } else { start + string.len() };
            let line = &base[start..end];
            let parts = Parts::of(line)?;
            let mut sub = !open.is_empty();
            if parts.is_bracket(line) {
                if escaped {
                    return None;
                }
                match component_name(string, "BEGIN:") {
                    Some(name) => open.push(name),
                    None if open.pop() != Some(component_name(string, "END:")?) => return None,
                    None => {}
                }
                sub = true;
            }
            self.slots |= u32::from(!sub) << parts.slot as u32;
            self.lines.push(Entry { start, end, decoded: escaped, parts: (!sub).then_some(parts), used: false });
            rest = match after.as_bytes() {
                [b',', ..] => &after[1..],
                b"]}" => break,
                _ => return None,
            };
        }
        open.is_empty().then_some(())
    }

    fn text<'a>(&'a self, json: &'a str, line: &Entry) -> &'a str {
        let base = if line.decoded { &self.decoded } else { json };
        &base[line.start..line.end]
    }

    /// The lines of a slot; `json` is what was read.
    pub fn of<'a>(&'a self, slot: Slot, json: &'a str) -> impl Iterator<Item = Content<'a>> + Clone {
        self.lines.iter().filter_map(move |line| {
            let parts = line.parts.filter(|parts| parts.slot == slot)?;
            Some(Content { text: self.text(json, line), parts })
        })
    }

    /// The lines of sub-components.
    pub fn subs<'a>(&'a self, json: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines.iter().filter(|line| line.parts.is_none()).map(|line| self.text(json, line))
    }

    /// Whether a slot has lines.
    pub fn has(&self, slot: Slot) -> bool {
        self.slots >> slot as u32 & 1 == 1
    }

    /// The first line of a slot that is not taken yet and of which `is` holds; it is taken.
    pub fn take<'a>(&'a mut self, slot: Slot, json: &'a str, is: impl Fn(&Content<'_>) -> bool) -> Option<&'a str> {
        let at = self.lines.iter().position(|line| {
            let content = |parts| Content { text: self.text(json, line), parts };
            !line.used && line.parts.filter(|parts| parts.slot == slot).is_some_and(|parts| is(&content(parts)))
        })?;
        self.lines[at].used = true;
        Some(self.text(json, &self.lines[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept() {
        let mut kept = Kept::default();
        let mut read = |json: &str| {
            kept.read(Some(json))?;
            let lines = kept.of(Slot::Title, json).map(|line| line.text).chain(kept.subs(json));
            Some(lines.collect::<Vec<_>>().join("|"))
        };
        let json = r#"{"ics":["SUMMARY:a\\,\"b\t","X:1","BEGIN:A","X:2","END:A","SUMMARY:c"]}"#;
        assert_eq!(read(json).unwrap(), "SUMMARY:a\\,\"b\t|SUMMARY:c|BEGIN:A|X:2|END:A");
        for json in [
            "",
            "{}",
            "[]",
            r#"{"ics":[]}"#,
            r#"{"ics":["A:b"],"x":1}"#,
            r#"{"ics": ["A:b"]}"#,
            r#"{"ics":["A:b",]}"#,
            r#"{"ics":["A:\u00e9"]}"#,
            r#"{"ics":["A"]}"#,
            r#"{"ics":[" A:b"]}"#,
            r#"{"ics":["BEGIN:A"]}"#,
            r#"{"ics":["END:A"]}"#,
            r#"{"ics":["X-ANNALS-EDTF:2025"]}"#,
            r#"{"ics":["BEGIN:A","END:B"]}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }
}

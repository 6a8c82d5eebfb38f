//! Writing jCal: the content lines of each component, respelled as soon as they are there.

use super::component::{json, write};
use super::property;
use crate::export::{Said, Spell, lines_of};
use crate::line::Line;

/// Respells a calendar.
#[derive(Default)]
pub(crate) struct Spelling {
    any: bool,
}

impl Spell for Spelling {
    fn head(&mut self, buffer: &mut Vec<u8>) {
        let lines = lines_of(buffer);
        buffer.clear();
        buffer.extend_from_slice(b"[\"vcalendar\",[");
        let properties = lines.iter().filter(|line| !line.is("BEGIN") && !line.is("END"));
        for (at, line) in properties.enumerate() {
            if at > 0 {
                buffer.push(b',');
            }
            json(&property::to_json(line), buffer);
        }
        buffer.extend_from_slice(b"],[");
    }

    fn component(&mut self, lines: Vec<Line>, buffer: &mut Vec<u8>) -> Said {
        buffer.extend_from_slice(if std::mem::replace(&mut self.any, true) { b",\n" } else { b"\n" });
        write(&lines, buffer);
        Ok(Vec::new())
    }

    fn end(&mut self, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(b"\n]]\n");
    }
}

//! A component as jCal spells it, `[name, [properties], [components]]` (RFC 7265 section 3.3), and back.

use serde_json::Value;

use super::property;
use crate::assembly::{LINE_COST, MAX_DEPTH};
use crate::line::{Line, without_controls};
use crate::record::{Repairs, repair};
use crate::stream::Items;

/// How much more memory than its bytes a property may take while it is read, and what each of its values counts.
const VALUES: (usize, usize) = (4, 96);

/// Why a component cannot be read: a code and a reason.
pub(crate) type Fault = (&'static str, String);

/// Content lines, with the numbers of the lines that they are from.
pub(crate) type Numbered = Vec<(String, u64)>;

/// Reads a component into content lines.
pub(crate) struct Reader {
    /// The lines.
    pub lines: Numbered,
    /// What had to be repaired.
    pub repairs: Repairs,
    size: usize,
    limit: usize,
}

impl Reader {
    /// Lines of at most `limit` bytes in all.
    pub fn new(limit: usize) -> Self {
        Self { lines: Vec::new(), repairs: Repairs::new(), size: 0, limit }
    }

    /// Reads a component that begins on line `number`; gives its name in upper case.
    pub fn component(&mut self, bytes: &[u8], number: u64) -> Result<String, Fault> {
        self.level(bytes, number, 1)
    }

    fn level(&mut self, bytes: &[u8], first: u64, depth: usize) -> Result<String, Fault> {
        if depth > MAX_DEPTH {
            return Err(("too-deep", format!("nested deeper than {MAX_DEPTH} components")));
        }
        let mut items = Items::of(bytes).ok_or_else(|| bad_shape(first))?;
        let mut next = || items.next().transpose().map_err(|()| bad_json(first));
        let name = match next()? {
            Some((_, name)) => serde_json::from_slice::<Value>(name).map_err(|_| bad_json(first))?,
            None => return Err(bad_shape(first)),
        };
        let name =
            name.as_str().filter(|name| can_be_called(name)).ok_or_else(|| bad_shape(first))?.to_ascii_uppercase();
        self.push(format!("BEGIN:{name}"), first)?;
        let (mut number, mut counted) = (first, 0);
        for part in 0.. {
            let Some((at, list)) = next()? else { break };
            number += lines_in(&bytes[counted..at]);
            counted = at;
            match part {
                0 => self.each(list, number, |reader, item, number| reader.property(item, number))?,
                1 => self.each(list, number, |reader, item, number| reader.level(item, number, depth + 1).map(drop))?,
                _ => return Err(bad_shape(number)),
            }
        }
        self.push(format!("END:{name}"), number)?;
        Ok(name)
    }

    /// Each element of an array, with its line.
    fn each(
        &mut self,
        list: &[u8],
        mut number: u64,
        mut read: impl FnMut(&mut Self, &[u8], u64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut counted = 0;
        for item in Items::of(list).ok_or_else(|| bad_shape(number))? {
            let (at, item) = item.map_err(|()| bad_json(number))?;
            number += lines_in(&list[counted..at]);
            counted = at;
            read(self, item, number)?;
        }
        Ok(())
    }

    /// Reads a property.
    pub fn property(&mut self, bytes: &[u8], number: u64) -> Result<(), Fault> {
        let values = memchr::memchr_iter(b',', bytes).count();
        if values * VALUES.1 > self.limit.saturating_mul(VALUES.0) && values > 1000 {
            return Err(too_large(self.limit));
        }
        let value: Value = serde_json::from_slice(bytes)
            .map_err(|error| ("bad-json", format!("line {number}: a property is not JSON: {}", what(&error))))?;
        let line = property::from_json(&value).unwrap_or_else(|reason| {
            let kept = Line::keeping(&value.to_string(), number).into_text();
            let text = format!("line {number}: a property is kept as X-ANNALS-LINE: {reason}");
            repair(&mut self.repairs, "bad-line", text);
            kept
        });
        self.push(line, number)
    }

    fn push(&mut self, line: String, number: u64) -> Result<(), Fault> {
        self.size += line.len() + LINE_COST;
        // The lines of a component that is within the limit are not much longer than it.
        if self.size > self.limit.saturating_mul(VALUES.0) {
            return Err(too_large(self.limit));
        }
        self.lines.push((line, number));
        Ok(())
    }
}

/// Whether a component can have this name; damaged files have odd ones.
fn can_be_called(name: &str) -> bool {
    without_controls(name).trim() == name
}

fn lines_in(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// What is wrong, without a place within the piece.
pub(crate) fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

fn bad_json(number: u64) -> Fault {
    ("bad-json", format!("line {number}: not JSON"))
}

fn bad_shape(number: u64) -> Fault {
    ("bad-component", format!("line {number}: a component is [name, [properties], [components]]"))
}

/// The fault of a component over the limit.
pub(crate) fn too_large(limit: usize) -> Fault {
    ("too-large", format!("larger than {limit} bytes, the limit that --max-record sets"))
}

/// Writes a component, given by its content lines from BEGIN to END, on one line.
pub(crate) fn write(lines: &[Line], out: &mut Vec<u8>) {
    let mut open: Vec<Level> = Vec::new();
    for line in lines {
        if line.is("BEGIN") {
            open.push(Level { name: line.value().trim().to_ascii_lowercase(), ..Level::default() });
        } else if line.is("END") {
            let Some(level) = open.pop() else { continue };
            match open.last_mut() {
                Some(around) => level.write(separated(&mut around.components)),
                None => level.write(out),
            }
        } else if let Some(level) = open.last_mut() {
            json(&property::to_json(line), separated(&mut level.properties));
        }
    }
}

/// A component being written. Properties may come behind components in content lines, but not in jCal.
#[derive(Default)]
struct Level {
    name: String,
    properties: Vec<u8>,
    components: Vec<u8>,
}

impl Level {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        json(&Value::String(self.name.clone()), out);
        for list in [&self.properties, &self.components] {
            out.extend_from_slice(b",[");
            out.extend_from_slice(list);
            out.push(b']');
        }
        out.push(b']');
    }
}

/// The list, ready for another element.
fn separated(list: &mut Vec<u8>) -> &mut Vec<u8> {
    if !list.is_empty() {
        list.push(b',');
    }
    list
}

/// Writes a value without spaces.
pub(crate) fn json(value: &Value, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("a value is written into memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, u64)>, &'static str> {
        let mut reader = Reader::new(4096);
        reader.component(text.as_bytes(), 7).map_err(|fault| fault.0)?;
        Ok(reader.lines)
    }

    #[test]
    fn both_ways() {
        let lines = "BEGIN:VEVENT\nSUMMARY:x\nUID:y\nBEGIN:VALARM\nACTION:AUDIO\nEND:VALARM\nBEGIN:VALARM\nEND:VALARM\nEND:VEVENT";
        let json = r#"["vevent",[["summary",{},"text","x"],["uid",{},"text","y"]],[["valarm",[["action",{},"text","AUDIO"]],[]],["valarm",[],[]]]]"#;
        let parsed: Vec<Line> = lines.lines().map(|line| Line::parse(line.to_owned(), 0).unwrap()).collect();
        let mut out = Vec::new();
        write(&parsed, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), json);
        let back: Vec<String> = read(json).unwrap().into_iter().map(|(line, _)| line).collect();
        assert_eq!(back.join("\n"), lines);
    }

    #[test]
    fn lines_have_the_numbers_of_their_properties() {
        let text = "[\"vevent\",\n [[\"uid\",{},\"text\",\"a\"],\n\n  [\"summary\",{},\"text\",\n\"b\"]],\n [[\"valarm\",\n[[\"action\",{},\"text\",\"AUDIO\"]]]]]";
        let lines: Vec<u64> = read(text).unwrap().into_iter().map(|(_, number)| number).collect();
        assert_eq!(lines, [7, 8, 10, 12, 13, 13, 12]);
    }

    #[test]
    fn faults() {
        let check = |text: &str, code: &str| assert_eq!(read(text).unwrap_err(), code, "{text}");
        check("{}", "bad-component");
        check("[]", "bad-component");
        check("[5,[],[]]", "bad-component");
        check("[\"a\\n\",[],[]]", "bad-component");
        check("[\"vevent\",{},[]]", "bad-component");
        check("[\"vevent\",[],[],[]]", "bad-component");
        check("[\"vevent\",[[\"uid\",{},\"text\",\"\\q\"]],[]]", "bad-json");
        check("[\"vevent\",[[\"uid\",}],[]]", "bad-json");
        check(&format!("{}{}", "[\"a\",[],[".repeat(40), "]]".repeat(40)), "too-deep");
        check(&format!("[\"vevent\",[[\"x\",{{}},\"text\"{}]],[]]", ",1".repeat(1001)), "too-large");
        assert_eq!(read("[\"vevent\",[5]]").unwrap()[1].0, "X-ANNALS-LINE:5");
        assert_eq!(read("[\"vevent\"]").unwrap().len(), 2);
    }
}

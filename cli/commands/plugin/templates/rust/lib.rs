//! A plugin of annals: the format `@NAME@`, lines of a date and a title.
//!
//! `line.rs` knows what a line says; this file is what annals calls.

use std::io::Write;

use annals_core::key::is_minted;
use annals_core::lines::{Line, Lines};
use annals_core::{
    Error, Event, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input,
    Locator, Options, Out,
};

mod line;
#[cfg(test)]
mod tests;

annals_core::plugin! {
    id: "@NAME@", version: env!("CARGO_PKG_VERSION"), formats: [Dated: import export]
}

/// Lines of a date and a title.
pub struct Dated;

impl Format for Dated {
    const INFO: FormatInfo = FormatInfo {
        name: "@NAME@",
        summary: "a date, a tab and a title a line",
        extensions: "@NAME@",
        media_types: "",
        options: r#"{
          "type": "object",
          "properties": {
            "separator": {
              "type": "string", "enum": ["tab", "semicolon"], "default": "tab",
              "description": "What stands between the date and the title."
            }
          }
        }"#,
        example: "annals merge @NAME@,separator=semicolon:a.@NAME@",
    };

    /// Likely, if the first line can be read.
    fn sniff(head: &[u8], _name: &str) -> u8 {
        let first = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first);
        if line::read(first, '\t').is_ok() { 50 } else { 0 }
    }
}

/// The separator that the options name.
fn separator(options: &Options) -> char {
    match options.text("separator") {
        Some("semicolon") => ';',
        _ => '\t',
    }
}

impl Importer for Dated {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        let lines = Lines::new(input, request.max_record);
        Ok(Box::new(Reading { lines, separator: separator(&request.options) }))
    }
}

/// An import under way.
struct Reading {
    lines: Lines<Box<dyn Input>>,
    separator: char,
}

impl Import for Reading {
    /// One line: an event or a reject, each with its place, or nothing if the line is empty.
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let Some(Line { offset, number, bytes, len, over, .. }) = self.lines.next_line()? else {
            return Ok(false);
        };
        let at = Locator { offset, len, line: number };
        if over {
            out.reject(at, bytes, "too-large", "the line is longer than a record may be");
        } else if !bytes.is_empty() {
            match line::read(bytes, self.separator) {
                Ok(event) => out.event(event.at(at)),
                Err(why) => out.reject(at, bytes, why.code, why.text),
            }
        }
        Ok(true)
    }
}

impl Exporter for Dated {
    /// A line an event. What a line cannot say is told: `lossy` if some of it is lost, `omit` if all.
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        let separator = separator(&cx.options);
        while let Some(event) = cx.next_event()? {
            let Some(line) = line::write(&event, separator) else {
                cx.omit(&event, "no-date", "a line begins with a date, and it has none");
                continue;
            };
            match line::read(line.as_bytes(), separator) {
                Ok(back) if back.says_the_same(&without_minted_id(&event)) => {}
                Ok(_) => {
                    cx.lossy(Some(&event), "fields", "only its date and its title are written")
                }
                Err(why) => {
                    cx.omit(&event, why.code, why.text);
                    continue;
                }
            }
            writeln!(cx, "{line}")?;
        }
        Ok(())
    }
}

/// annals gives events that have no id one made of what they say; it need not be written.
fn without_minted_id(event: &Event) -> Event {
    let id = event.id.clone().filter(|id| !is_minted(id));
    Event { id, ..event.clone() }
}

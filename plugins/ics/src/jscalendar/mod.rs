//! JSCalendar (RFC 8984): a Group of Events and Tasks.
//!
//! Both ways lead through iCalendar. What JSCalendar has no member for stands in the `iCalendar` member of its object
//! (draft-ietf-calext-jscalendar-icalendar), and what iCalendar has no property for in JSPROP properties, so that
//! neither loses it. An instance of a series that is otherwise is an entry of its own, with its `recurrenceId`, since
//! events are written as they come.

use annals_core::{Error, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input};

mod convert;
mod export;
mod hidden;
mod import;
mod times;

#[cfg(test)]
mod tests;

/// JSCalendar.
pub struct Jscalendar;

impl Format for Jscalendar {
    const INFO: FormatInfo = FormatInfo {
        name: "jscalendar",
        summary: "JSCalendar (RFC 8984): a Group of Events and Tasks, or these alone",
        extensions: "jscal jscalendar",
        media_types: "application/jscalendar+json",
        options: crate::JSON_OPTIONS,
        example: "annals merge work.ics events.jscal -o jscalendar:all.json",
    };

    fn sniff(head: &[u8], _name: &str) -> u8 {
        let mut text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        text = text.strip_prefix(b"\x1e").unwrap_or(text).trim_ascii_start();
        let text = text.strip_prefix(b"[").unwrap_or(text).trim_ascii_start();
        if text.starts_with(b"{") && type_of(text).is_some() { 95 } else { 0 }
    }
}

/// The type that an object of JSCalendar gives, as far as its text goes.
fn type_of(text: &[u8]) -> Option<&'static str> {
    use annals_core::json::scan::end_of_value;
    let mut rest = text.strip_prefix(b"{")?;
    loop {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let (key, behind) = rest.split_at_checked(end_of_value(rest).filter(|len| *len > 0)?)?;
        rest = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
        let (value, behind) = rest.split_at_checked(end_of_value(rest).filter(|len| *len > 0)?)?;
        if key == b"\"@type\"" {
            return ["Group", "Event", "Task"].into_iter().find(|name| value == format!("\"{name}\"").as_bytes());
        }
        rest = behind;
    }
}

impl Importer for Jscalendar {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(import::JscalendarImport::open(input, &request)?))
    }
}

impl Exporter for Jscalendar {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        crate::export::export_as(cx, Some(crate::fast::Writer::default()), export::Spelling::default())
    }
}

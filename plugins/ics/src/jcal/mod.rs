//! jCal (RFC 7265): iCalendar as JSON.
//!
//! What is read becomes the content lines that say the same, and goes the way of those; what is written is made of the
//! content lines that the `ics` format would write. So the two formats hold the same, property for property.

use annals_core::{Error, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input};

pub(crate) mod component;
mod export;
mod import;
pub(crate) mod property;
pub(crate) mod types;

#[cfg(test)]
pub(crate) mod corpus;
#[cfg(test)]
mod tests;

/// jCal.
pub struct Jcal;

impl Format for Jcal {
    const INFO: FormatInfo = FormatInfo {
        name: "jcal",
        summary: "jCal (RFC 7265): iCalendar as JSON",
        extensions: "jcal",
        media_types: "application/calendar+json",
        options: crate::JSON_OPTIONS,
        example: "annals merge work.ics home.jcal -o both.jcal",
    };

    fn sniff(head: &[u8], _name: &str) -> u8 {
        let mut text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        text = text.strip_prefix(b"\x1e").unwrap_or(text).trim_ascii_start();
        // The calendar, or the first of an array of them.
        for score in [95, 90] {
            let Some(inner) = text.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return 0 };
            let name = b"\"vcalendar\"";
            if inner.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
                return score;
            }
            text = inner;
        }
        0
    }
}

impl Importer for Jcal {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(import::JcalImport::open(input, &request)?))
    }
}

impl Exporter for Jcal {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        crate::export::export_as(cx, Some(crate::fast::Writer::default()), export::Spelling::default())
    }
}

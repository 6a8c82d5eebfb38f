//! iCalendar (RFC 5545) for annals: import and export.
//!
//! Each VEVENT, VTODO, VJOURNAL and VFREEBUSY is a record. What the event table has no column for stays in
//! `Event::extra` (module `extra`), so that a file read and written again says the same, property for property; what
//! RFC 5545 cannot say is written in `X-ANNALS-` properties:
//!
//! | property | says |
//! |---|---|
//! | `EDTF` | the time, where DTSTART and DTEND are only the days around it |
//! | `EXTENT` `PRECISION` `QUALIFIER` `PART` `SAID` `ZONE` `END-ZONE` `BOUNDS` | what of it the EDTF does not give |
//! | `UID` | the id of an event whose UID had to be another, in a conflict |
//! | `INSTANCE` | an instance that is no DATE or DATE-TIME |
//! | `KIND` | the kind, where it is no component of RFC 5545 |
//! | `LANE` | the lane, where it is not the calendar's name |
//! | `STATUS` | that STATUS is the source's, not that of an uncertain date |
//! | `ACTOR` | an actor that is no ORGANIZER or ATTENDEE, as JSON |
//! | `CLAIM` | a claim, as JSON, if asked for |
//! | `EXTRA` | what other formats keep in `extra`, as JSON |
//! | `LINE` | a line of the source that is no content line, or says nothing usable |
//! | `CALENDAR` | in the calendar: the properties of one that it was merged of, as JSON |
//! | `ZONE` | in a VTIMEZONE: the IANA zone that it was made from |
//!
//! Facts: `calendar` (key: its name) has the properties of a calendar, `timezone` (key: TZID) and `component` the
//! lines of a VTIMEZONE or of a component that is no record, each as `{"ics": [unfolded lines]}`. An export also takes
//! `zone` (key: an IANA zone that events are in) and `conflict` (key: an id; `{"instance", "keys": [content keys in hex]}`).
//!
//! The formats `jcal` and `jscalendar` are other spellings of the same: see the modules of these names.

use annals_core::{Error, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input};

mod assembly;
mod calendar;
mod charset;
mod check;
mod claim;
mod export;
mod extra;
mod fast;
mod fold;
mod import;
mod jcal;
mod jscalendar;
mod line;
mod read;
mod record;
mod scan;
mod slot;
mod stream;
#[cfg(test)]
mod tests;
mod timezones;
mod value;
mod vtimezone;
mod when;
mod write;
mod zone;

annals_core::plugin! { id: "ics", version: env!("CARGO_PKG_VERSION"), formats: [Ics: import export validate, Jcal: import export, Jscalendar: import export] }

pub use jcal::Jcal;
pub use jscalendar::Jscalendar;

/// The options of the formats that are iCalendar in JSON: those of `ics` but the character encoding.
const JSON_OPTIONS: &str = r#"{"type":"object","properties":{
    "name":{"type":"string","description":"writing: the name of the calendar"},
    "prefix":{"type":"string","enum":["lane"],"description":"writing: `lane` puts the lane before each title"},
    "vague":{"type":"string","enum":["span"],"description":"writing: `span` writes dates vaguer than 31 days as the longest span they allow; else such events are omitted"},
    "claims":{"type":"boolean","default":false,"description":"writing: keeps what each source says, in X-ANNALS-CLAIM"}
}}"#;

/// iCalendar.
pub struct Ics;

impl Format for Ics {
    const INFO: FormatInfo = FormatInfo {
        name: "ics",
        summary: "iCalendar (RFC 5545): calendars of Google, Apple, Outlook, Thunderbird and others",
        extensions: "ics ical ifb icalendar",
        media_types: "text/calendar",
        options: r#"{"type":"object","properties":{
            "charset":{"type":"string","description":"reading: the character encoding, where it is not UTF-8 or UTF-16 (`windows-1252`)"},
            "name":{"type":"string","description":"writing: the name of the calendar"},
            "prefix":{"type":"string","enum":["lane"],"description":"writing: `lane` puts the lane before each title"},
            "vague":{"type":"string","enum":["span"],"description":"writing: `span` writes dates vaguer than 31 days as the longest span they allow; else such events are omitted"},
            "claims":{"type":"boolean","default":false,"description":"writing: keeps what each source says, in X-ANNALS-CLAIM"}
        }}"#,
        example: "annals merge work.ics home.ics -o ics,name=Both,prefix=lane:both.ics",
    };

    fn sniff(head: &[u8], _name: &str) -> u8 {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        let begin = b"BEGIN:VCALENDAR";
        let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
        if begins(begin) {
            return 100;
        }
        if [&b"BEGIN:VEVENT"[..], b"BEGIN:VTODO", b"BEGIN:VJOURNAL", b"BEGIN:VTIMEZONE"].into_iter().any(begins) {
            return 80;
        }
        let letters: Vec<u8> = head.iter().take(64).copied().filter(|byte| byte.is_ascii_graphic()).collect();
        let utf16 = charset::utf16(head).is_some();
        if utf16 && letters.to_ascii_uppercase().starts_with(begin) { 100 } else { 0 }
    }
}

impl Importer for Ics {
    fn open(input: Box<dyn Input>, request: ImportRequest) -> Result<Box<dyn Import>, Error> {
        Ok(Box::new(import::IcsImport::open(input, &request)?))
    }
}

impl Exporter for Ics {
    fn export(cx: &mut Export<'_>) -> Result<(), Error> {
        export::export(cx)
    }
}

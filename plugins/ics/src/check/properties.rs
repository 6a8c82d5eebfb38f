//! The properties that are known: where they are defined, and what they take.

/// A value type (RFC 5545 section 3.3), with what single properties narrow it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Binary,
    CalAddress,
    Date,
    DateTime,
    /// A DATE-TIME that has to be in UTC.
    Utc,
    Duration,
    /// Two FLOATs.
    Geo,
    /// An INTEGER from the first to the second.
    Integer(i32, i32),
    Offset,
    Period,
    Recur,
    /// A status code and texts.
    RequestStatus,
    Text,
    /// TEXTs separated by commas.
    Texts,
    /// TEXT that is one of these words and no other.
    Word(&'static [&'static str]),
    /// TEXT that is one of these words, or one that somebody else registered.
    OpenWord(&'static [&'static str]),
    /// A name of CSS3 (RFC 7986 section 5.9).
    Color,
    Uid,
    Uri,
    /// A pointer into XML (RFC 9253 section 7).
    XmlReference,
}

impl Type {
    /// What the parameter VALUE calls it.
    pub fn name(self) -> &'static str {
        match self {
            Type::Binary => "BINARY",
            Type::CalAddress => "CAL-ADDRESS",
            Type::Date => "DATE",
            Type::DateTime | Type::Utc => "DATE-TIME",
            Type::Duration => "DURATION",
            Type::Geo => "FLOAT",
            Type::Integer(..) => "INTEGER",
            Type::Offset => "UTC-OFFSET",
            Type::Period => "PERIOD",
            Type::Recur => "RECUR",
            Type::RequestStatus | Type::Text | Type::Texts | Type::Word(_) | Type::OpenWord(_) | Type::Color => "TEXT",
            Type::Uid => "UID",
            Type::Uri => "URI",
            Type::XmlReference => "XML-REFERENCE",
        }
    }
}

/// A property.
#[derive(Debug)]
pub(super) struct Property {
    pub name: &'static str,
    /// The RFC and the section.
    pub rule: (&'static str, &'static str),
    /// The value types that it takes; the first is the default.
    pub types: &'static [Type],
    /// Whether VALUE has to be given, since there is no default type.
    pub explicit: bool,
    /// Whether it takes several values, separated by commas.
    pub list: bool,
    /// The parameters that its definition names, separated by spaces.
    pub params: &'static str,
}

const fn p(
    name: &'static str,
    rule: (&'static str, &'static str),
    types: &'static [Type],
    params: &'static str,
) -> Property {
    Property { name, rule, types, params, explicit: false, list: false }
}

impl Property {
    const fn many(self) -> Property {
        Property { list: true, ..self }
    }

    const fn explicit(self) -> Property {
        Property { explicit: true, ..self }
    }
}

use Type::{
    Binary, CalAddress, Color, Date, DateTime, Duration, Geo, Integer, Offset, OpenWord, Period, Recur, RequestStatus,
    Text, Texts, Uid, Uri, Utc, Word, XmlReference,
};

const TIMES: &[Type] = &[DateTime, Date];
const TEXT: &[Type] = &[Text];
const TEXTS: &[Type] = &[Texts];
const UTC: &[Type] = &[Utc];
const URI: &[Type] = &[Uri];
const MAX: i32 = i32::MAX;
const METHODS: &[&str] = &["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"];
const CLASSES: &[&str] = &["PUBLIC", "PRIVATE", "CONFIDENTIAL"];
const BUSY_TYPES: &[&str] = &["BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE"];
const PROXIMITIES: &[&str] = &["ARRIVE", "DEPART", "CONNECT", "DISCONNECT"];
const PARTICIPANTS: &[&str] = &[
    "ACTIVE",
    "INACTIVE",
    "SPONSOR",
    "CONTACT",
    "BOOKING-CONTACT",
    "EMERGENCY-CONTACT",
    "PUBLICITY-CONTACT",
    "PLANNER-CONTACT",
    "PERFORMER",
    "SPEAKER",
];
const RESOURCES: &[&str] = &["PROJECTOR", "ROOM", "REMOTE-CONFERENCE-AUDIO", "REMOTE-CONFERENCE-VIDEO"];
const PERSON: &str = "CUTYPE MEMBER ROLE PARTSTAT RSVP DELEGATED-TO DELEGATED-FROM SENT-BY CN DIR LANGUAGE EMAIL \
                      SCHEDULE-AGENT SCHEDULE-FORCE-SEND SCHEDULE-STATUS";

/// All properties of RFC 5545 and those that extend it, in order of their names.
#[rustfmt::skip]
static PROPERTIES: &[Property] = &[
    p("ACKNOWLEDGED", ("9074", "6.1"), UTC, ""),
    p("ACTION", ("5545", "3.8.6.1"), &[OpenWord(&["AUDIO", "DISPLAY", "EMAIL"])], ""),
    p("ATTACH", ("5545", "3.8.1.1"), &[Uri, Binary], "FMTTYPE ENCODING MANAGED-ID SIZE FILENAME"),
    p("ATTENDEE", ("5545", "3.8.4.1"), &[CalAddress], PERSON),
    p("BUSYTYPE", ("7953", "3.2"), &[OpenWord(BUSY_TYPES)], ""),
    p("CALENDAR-ADDRESS", ("9073", "6.4"), &[CalAddress], ""),
    p("CALSCALE", ("5545", "3.7.1"), &[Word(&["GREGORIAN"])], ""),
    p("CATEGORIES", ("5545", "3.8.1.2"), TEXTS, "LANGUAGE").many(),
    p("CLASS", ("5545", "3.8.1.3"), &[OpenWord(CLASSES)], ""),
    p("COLOR", ("7986", "5.9"), &[Color], ""),
    p("COMMENT", ("5545", "3.8.1.4"), TEXT, "ALTREP LANGUAGE"),
    p("COMPLETED", ("5545", "3.8.2.1"), UTC, ""),
    p("CONCEPT", ("9253", "8.1"), URI, ""),
    p("CONFERENCE", ("7986", "5.11"), URI, "FEATURE LABEL LANGUAGE").explicit(),
    p("CONTACT", ("5545", "3.8.4.2"), TEXT, "ALTREP LANGUAGE"),
    p("CREATED", ("5545", "3.8.7.1"), UTC, ""),
    p("DESCRIPTION", ("5545", "3.8.1.5"), TEXT, "ALTREP LANGUAGE"),
    p("DTEND", ("5545", "3.8.2.2"), TIMES, "TZID"),
    p("DTSTAMP", ("5545", "3.8.7.2"), UTC, ""),
    p("DTSTART", ("5545", "3.8.2.4"), TIMES, "TZID"),
    p("DUE", ("5545", "3.8.2.3"), TIMES, "TZID"),
    p("DURATION", ("5545", "3.8.2.5"), &[Duration], ""),
    p("EXDATE", ("5545", "3.8.5.1"), TIMES, "TZID").many(),
    p("EXRULE", ("2445", "4.8.5.2"), &[Recur], ""),
    p("FREEBUSY", ("5545", "3.8.2.6"), &[Period], "FBTYPE").many(),
    p("GEO", ("5545", "3.8.1.6"), &[Geo], ""),
    p("IMAGE", ("7986", "5.10"), &[Uri, Binary], "ENCODING FMTTYPE ALTREP DISPLAY").explicit(),
    p("LAST-MODIFIED", ("5545", "3.8.7.3"), UTC, ""),
    p("LINK", ("9253", "8.2"), &[Uri, Uid, XmlReference], "LINKREL FMTTYPE LABEL LANGUAGE").explicit(),
    p("LOCATION", ("5545", "3.8.1.7"), TEXT, "ALTREP LANGUAGE"),
    p("LOCATION-TYPE", ("9073", "6.1"), TEXTS, "").many(),
    p("METHOD", ("5545", "3.7.2"), &[OpenWord(METHODS)], ""),
    p("NAME", ("7986", "5.1"), TEXT, "ALTREP LANGUAGE"),
    p("ORGANIZER", ("5545", "3.8.4.3"), &[CalAddress], PERSON),
    p("PARTICIPANT-TYPE", ("9073", "6.2"), &[OpenWord(PARTICIPANTS)], ""),
    p("PERCENT-COMPLETE", ("5545", "3.8.1.8"), &[Integer(0, 100)], ""),
    p("PRIORITY", ("5545", "3.8.1.9"), &[Integer(0, 9)], ""),
    p("PRODID", ("5545", "3.7.3"), TEXT, ""),
    p("PROXIMITY", ("9074", "8.1"), &[OpenWord(PROXIMITIES)], ""),
    p("RDATE", ("5545", "3.8.5.2"), &[DateTime, Date, Period], "TZID").many(),
    p("RECURRENCE-ID", ("5545", "3.8.4.4"), TIMES, "TZID RANGE"),
    p("REFID", ("9253", "8.3"), TEXT, ""),
    p("REFRESH-INTERVAL", ("7986", "5.7"), &[Duration], "").explicit(),
    p("RELATED-TO", ("5545", "3.8.4.5"), &[Text, Uid, Uri], "RELTYPE GAP"),
    p("REPEAT", ("5545", "3.8.6.2"), &[Integer(0, MAX)], ""),
    p("REQUEST-STATUS", ("5545", "3.8.8.3"), &[RequestStatus], "LANGUAGE"),
    p("RESOURCE-TYPE", ("9073", "6.3"), &[OpenWord(RESOURCES)], ""),
    p("RESOURCES", ("5545", "3.8.1.10"), TEXTS, "ALTREP LANGUAGE").many(),
    p("RRULE", ("5545", "3.8.5.3"), &[Recur], ""),
    p("SEQUENCE", ("5545", "3.8.7.4"), &[Integer(0, MAX)], ""),
    p("SOURCE", ("7986", "5.8"), URI, ""),
    p("STATUS", ("5545", "3.8.1.11"), TEXT, ""),
    p("STRUCTURED-DATA", ("9073", "6.6"), &[Text, Binary, Uri], "FMTTYPE SCHEMA ENCODING").explicit(),
    p("STYLED-DESCRIPTION", ("9073", "6.5"), &[Text, Uri], "ALTREP LANGUAGE FMTTYPE").explicit(),
    p("SUMMARY", ("5545", "3.8.1.12"), TEXT, "ALTREP LANGUAGE"),
    p("TRANSP", ("5545", "3.8.2.7"), &[Word(&["OPAQUE", "TRANSPARENT"])], ""),
    p("TRIGGER", ("5545", "3.8.6.3"), &[Duration, Utc], "RELATED"),
    p("TZID", ("5545", "3.8.3.1"), TEXT, ""),
    p("TZID-ALIAS-OF", ("7808", "7.2"), TEXT, ""),
    p("TZNAME", ("5545", "3.8.3.2"), TEXT, "LANGUAGE"),
    p("TZOFFSETFROM", ("5545", "3.8.3.3"), &[Offset], ""),
    p("TZOFFSETTO", ("5545", "3.8.3.4"), &[Offset], ""),
    p("TZUNTIL", ("7808", "7.1"), UTC, ""),
    p("TZURL", ("5545", "3.8.3.5"), URI, ""),
    p("UID", ("5545", "3.8.4.7"), TEXT, ""),
    p("URL", ("5545", "3.8.4.6"), URI, ""),
    p("VERSION", ("5545", "3.7.4"), TEXT, ""),
    p("XML", ("6321", "4.2"), TEXT, ""),
];

/// The property of this name, in upper case.
pub(super) fn property(name: &str) -> Option<&'static Property> {
    let at = PROPERTIES.binary_search_by(|property| property.name.cmp(name)).ok()?;
    PROPERTIES.get(at)
}

/// How a message names a section.
pub(super) fn section((rfc, section): (&str, &str)) -> String {
    format!("RFC {rfc} section {section}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(PROPERTIES.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert_eq!(property("DTSTART").map(|property| property.list), Some(false));
        assert!(property("dtstart").is_none());
    }
}

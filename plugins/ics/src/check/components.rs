//! The components that are known: where they may stand, and which properties they take how often.

/// A component. The lists are names separated by spaces.
#[derive(Debug)]
pub(super) struct Component {
    pub name: &'static str,
    /// The RFC and the section.
    pub rule: (&'static str, &'static str),
    /// The components that it may stand in; empty for VCALENDAR.
    pub parents: &'static str,
    /// Properties that stand in it once.
    pub required: &'static str,
    /// Properties that stand in it once or not at all.
    pub once: &'static str,
    /// Properties that stand in it any number of times.
    pub many: &'static str,
    /// What STATUS may say in it.
    pub status: &'static [&'static str],
    /// Whether all its properties come before the components within (`*prop *component`).
    pub properties_first: bool,
}

/// Properties that any component may have.
const ANYWHERE: &str = "CONCEPT LINK REFID STRUCTURED-DATA XML";

const EVENTS: &str = "VEVENT VTODO VJOURNAL VFREEBUSY";

static COMPONENTS: &[Component] = &[
    Component {
        name: "VCALENDAR",
        rule: ("5545", "3.6"),
        parents: "",
        required: "PRODID VERSION",
        once: "CALSCALE METHOD UID LAST-MODIFIED URL REFRESH-INTERVAL SOURCE COLOR",
        many: "NAME DESCRIPTION CATEGORIES IMAGE",
        status: &[],
        properties_first: true,
    },
    Component {
        name: "VEVENT",
        rule: ("5545", "3.6.1"),
        parents: "VCALENDAR",
        required: "DTSTAMP UID",
        once: "DTSTART CLASS CREATED DESCRIPTION GEO LAST-MODIFIED LOCATION ORGANIZER PRIORITY SEQUENCE STATUS SUMMARY \
               TRANSP URL RECURRENCE-ID DTEND DURATION COLOR",
        many: "RRULE EXRULE ATTACH ATTENDEE CATEGORIES COMMENT CONTACT EXDATE REQUEST-STATUS RELATED-TO RESOURCES RDATE \
               CONFERENCE IMAGE STYLED-DESCRIPTION",
        status: &["TENTATIVE", "CONFIRMED", "CANCELLED"],
        properties_first: true,
    },
    Component {
        name: "VTODO",
        rule: ("5545", "3.6.2"),
        parents: "VCALENDAR",
        required: "DTSTAMP UID",
        once: "CLASS COMPLETED CREATED DESCRIPTION DTSTART GEO LAST-MODIFIED LOCATION ORGANIZER PERCENT-COMPLETE \
               PRIORITY RECURRENCE-ID SEQUENCE STATUS SUMMARY URL DUE DURATION COLOR",
        many: "RRULE EXRULE ATTACH ATTENDEE CATEGORIES COMMENT CONTACT EXDATE REQUEST-STATUS RELATED-TO RESOURCES RDATE \
               CONFERENCE IMAGE STYLED-DESCRIPTION",
        status: &["NEEDS-ACTION", "COMPLETED", "IN-PROCESS", "CANCELLED"],
        properties_first: true,
    },
    Component {
        name: "VJOURNAL",
        rule: ("5545", "3.6.3"),
        parents: "VCALENDAR",
        required: "DTSTAMP UID",
        once: "CLASS CREATED DTSTART LAST-MODIFIED ORGANIZER RECURRENCE-ID SEQUENCE STATUS SUMMARY URL COLOR",
        many: "RRULE EXRULE ATTACH ATTENDEE CATEGORIES COMMENT CONTACT DESCRIPTION EXDATE RELATED-TO RDATE \
               REQUEST-STATUS IMAGE STYLED-DESCRIPTION",
        status: &["DRAFT", "FINAL", "CANCELLED"],
        properties_first: false,
    },
    Component {
        name: "VFREEBUSY",
        rule: ("5545", "3.6.4"),
        parents: "VCALENDAR",
        required: "DTSTAMP UID",
        once: "CONTACT DTSTART DTEND ORGANIZER URL",
        many: "ATTENDEE COMMENT FREEBUSY REQUEST-STATUS STYLED-DESCRIPTION",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "VTIMEZONE",
        rule: ("5545", "3.6.5"),
        parents: "VCALENDAR",
        required: "TZID",
        once: "LAST-MODIFIED TZURL TZUNTIL",
        many: "TZID-ALIAS-OF",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "STANDARD",
        rule: ("5545", "3.6.5"),
        parents: "VTIMEZONE",
        required: "DTSTART TZOFFSETTO TZOFFSETFROM",
        once: "",
        many: "RRULE COMMENT RDATE TZNAME",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "DAYLIGHT",
        rule: ("5545", "3.6.5"),
        parents: "VTIMEZONE",
        required: "DTSTART TZOFFSETTO TZOFFSETFROM",
        once: "",
        many: "RRULE COMMENT RDATE TZNAME",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "VALARM",
        rule: ("5545", "3.6.6"),
        parents: "VEVENT VTODO",
        required: "ACTION TRIGGER",
        once: "DURATION REPEAT DESCRIPTION SUMMARY UID ACKNOWLEDGED PROXIMITY",
        many: "ATTACH ATTENDEE RELATED-TO STYLED-DESCRIPTION",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "VAVAILABILITY",
        rule: ("7953", "3.1"),
        parents: "VCALENDAR",
        required: "DTSTAMP UID",
        once: "BUSYTYPE CLASS CREATED DESCRIPTION DTSTART LAST-MODIFIED LOCATION ORGANIZER PRIORITY SEQUENCE SUMMARY \
               URL DTEND DURATION",
        many: "CATEGORIES COMMENT CONTACT",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "AVAILABLE",
        rule: ("7953", "3.1"),
        parents: "VAVAILABILITY",
        required: "DTSTAMP DTSTART UID",
        once: "CREATED DESCRIPTION LAST-MODIFIED LOCATION RECURRENCE-ID SUMMARY DTEND DURATION",
        many: "RRULE CATEGORIES COMMENT CONTACT EXDATE RDATE",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "PARTICIPANT",
        rule: ("9073", "7.1"),
        parents: EVENTS,
        required: "UID PARTICIPANT-TYPE",
        once: "CALENDAR-ADDRESS CREATED DESCRIPTION DTSTAMP GEO LAST-MODIFIED PRIORITY SEQUENCE STATUS SUMMARY URL",
        many: "ATTACH CATEGORIES COMMENT CONTACT LOCATION REQUEST-STATUS RELATED-TO RESOURCES STYLED-DESCRIPTION NAME",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "VLOCATION",
        rule: ("9073", "7.2"),
        parents: "VEVENT VTODO VJOURNAL VFREEBUSY PARTICIPANT VALARM VAVAILABILITY AVAILABLE",
        required: "UID",
        once: "DESCRIPTION GEO LOCATION-TYPE NAME URL",
        many: "STYLED-DESCRIPTION",
        status: &[],
        properties_first: false,
    },
    Component {
        name: "VRESOURCE",
        rule: ("9073", "7.3"),
        parents: "VEVENT VTODO VJOURNAL VFREEBUSY PARTICIPANT",
        required: "UID",
        once: "DESCRIPTION GEO NAME RESOURCE-TYPE",
        many: "STYLED-DESCRIPTION",
        status: &[],
        properties_first: false,
    },
];

/// How often a property may stand in a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Often {
    Never,
    Once,
    Many,
}

impl Component {
    /// How often it may have this property.
    pub fn takes(&self, property: &str) -> Often {
        if has(self.required, property) || has(self.once, property) {
            Often::Once
        } else if has(self.many, property) || has(ANYWHERE, property) {
            Often::Many
        } else {
            Often::Never
        }
    }

    /// Whether it is what people look at, with a UID of its own among others.
    pub fn is_entry(&self) -> bool {
        has(EVENTS, self.name)
    }

    /// Whether it is a part of a time zone.
    pub fn is_observance(&self) -> bool {
        matches!(self.name, "STANDARD" | "DAYLIGHT")
    }
}

/// The component of this name, in upper case.
pub(super) fn component(name: &str) -> Option<&'static Component> {
    COMPONENTS.iter().find(|component| component.name == name)
}

/// Whether a list of names has this one.
pub(super) fn has(list: &str, name: &str) -> bool {
    list.split(' ').any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::super::properties::property;
    use super::*;

    #[test]
    fn lists_name_what_is_known() {
        for Component { name, parents, required, once, many, .. } in COMPONENTS {
            let all = || [required, once, many].into_iter().flat_map(|list| list.split(' ')).filter(|n| !n.is_empty());
            for property_name in all() {
                assert!(property(property_name).is_some(), "{name}: {property_name}");
                assert_eq!(all().filter(|other| *other == property_name).count(), 1, "{name}: {property_name}");
            }
            for parent in parents.split(' ').filter(|parent| !parent.is_empty()) {
                assert!(component(parent).is_some(), "{name} in {parent}");
            }
        }
    }

    #[test]
    fn how_often() {
        let check = |name: &str, property: &str, expected: Often| {
            assert_eq!(component(name).map(|component| component.takes(property)), Some(expected), "{name} {property}");
        };
        check("VEVENT", "UID", Often::Once);
        check("VEVENT", "ATTENDEE", Often::Many);
        check("VEVENT", "DUE", Often::Never);
        check("VJOURNAL", "DESCRIPTION", Often::Many);
        check("VALARM", "LINK", Often::Many);
    }
}

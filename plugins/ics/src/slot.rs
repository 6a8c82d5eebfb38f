//! Where a property stands in a component that annals writes.

/// The place of a property, in the order of writing. All but [`Slot::Other`] are made from the columns of the event
/// table; the properties of one slot are read and written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Slot {
    Uid,
    Stamp,
    Modified,
    Revision,
    Instance,
    /// DTSTART with DTEND, DUE or DURATION.
    When,
    /// What these cannot say of the time.
    AnnalsWhen,
    Recurrence,
    Title,
    Body,
    Place,
    Geo,
    Status,
    Transp,
    Url,
    Tags,
    Actors,
    /// What RFC 5545 has no property for.
    Annals,
    /// What the event table has no column for.
    Other,
}

impl Slot {
    /// The slots made from columns, in the order of writing.
    pub const MODELLED: [Slot; 18] = [
        Slot::Uid,
        Slot::Stamp,
        Slot::Modified,
        Slot::Revision,
        Slot::Instance,
        Slot::When,
        Slot::AnnalsWhen,
        Slot::Recurrence,
        Slot::Title,
        Slot::Body,
        Slot::Place,
        Slot::Geo,
        Slot::Status,
        Slot::Transp,
        Slot::Url,
        Slot::Tags,
        Slot::Actors,
        Slot::Annals,
    ];

    /// How many slots there are.
    pub const COUNT: usize = Slot::Other as usize + 1;

    /// The slot of the property with this name, in any case.
    pub fn of(name: &str) -> Slot {
        let mut upper = [0; 20];
        let Some(upper) = upper.get_mut(..name.len()) else { return Slot::Other };
        upper.copy_from_slice(name.as_bytes());
        upper.make_ascii_uppercase();
        match &*upper {
            b"UID" | b"X-ANNALS-UID" => Slot::Uid,
            b"DTSTAMP" => Slot::Stamp,
            b"LAST-MODIFIED" => Slot::Modified,
            b"SEQUENCE" => Slot::Revision,
            b"RECURRENCE-ID" | b"X-ANNALS-INSTANCE" => Slot::Instance,
            b"DTSTART" | b"DTEND" | b"DUE" | b"DURATION" => Slot::When,
            b"X-ANNALS-EDTF"
            | b"X-ANNALS-EXTENT"
            | b"X-ANNALS-PRECISION"
            | b"X-ANNALS-QUALIFIER"
            | b"X-ANNALS-PART"
            | b"X-ANNALS-SAID"
            | b"X-ANNALS-ZONE"
            | b"X-ANNALS-END-ZONE"
            | b"X-ANNALS-BOUNDS" => Slot::AnnalsWhen,
            b"RRULE" | b"RDATE" | b"EXRULE" | b"EXDATE" => Slot::Recurrence,
            b"SUMMARY" => Slot::Title,
            b"DESCRIPTION" => Slot::Body,
            b"LOCATION" => Slot::Place,
            b"GEO" => Slot::Geo,
            b"STATUS" | b"X-ANNALS-STATUS" => Slot::Status,
            b"TRANSP" => Slot::Transp,
            b"URL" => Slot::Url,
            b"CATEGORIES" => Slot::Tags,
            b"ORGANIZER" | b"ATTENDEE" | b"X-ANNALS-ACTOR" => Slot::Actors,
            b"X-ANNALS-KIND" | b"X-ANNALS-LANE" | b"X-ANNALS-CLAIM" | b"X-ANNALS-EXTRA" => Slot::Annals,
            _ => Slot::Other,
        }
    }
}

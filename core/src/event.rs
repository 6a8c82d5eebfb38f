//! One event of a timeline: what the columns of the event table say, as a plain struct.
//!
//! Plugin authors fill an [`Event`] and never see columns; [`crate::table`] is the only place that turns rows
//! into columns and back.

use crate::claim::{Claim, Locator};
use crate::when::When;

/// An event: something that happened, or is to happen, as one or more sources claim it.
///
/// Every text field is `None` where the source says nothing; an empty text is kept as such.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    /// The source's own real id (ICS UID, the key `id` of JSON, a UUID or URI). `None` = none; ids that mean
    /// something inside their source only go to [`Event::local_id`].
    pub id: Option<String>,
    /// Which instance of a recurring event: UTC instant if zoned, date if all-day, local time if floating
    /// (RFC 5545 section 3.8.4.4, in ISO 8601 extended form).
    pub instance: Option<String>,
    /// SEQUENCE (RFC 5545 section 3.8.7.4): the version of the record.
    pub revision: Option<i64>,
    /// LAST-MODIFIED, in microseconds since 1970-01-01T00:00:00Z.
    pub modified: Option<i64>,
    /// DTSTAMP, in microseconds since 1970-01-01T00:00:00Z.
    pub stamped: Option<i64>,
    /// When it happened.
    pub when: When,
    /// RRULE, RDATE, EXRULE and EXDATE content lines (RFC 5545), unfolded, joined by `\n`.
    pub recurrence: Option<String>,
    /// One line that names the event (SUMMARY).
    pub title: Option<String>,
    /// The longer text (DESCRIPTION).
    pub body: Option<String>,
    /// What sort of record: an ICS component (`VEVENT`), a `timestamp_desc`, …
    pub kind: Option<String>,
    /// STATUS.
    pub status: Option<String>,
    /// A viewer's row: calendar, host or file.
    pub lane: Option<String>,
    /// URL.
    pub url: Option<String>,
    /// Where it happened, in words (LOCATION).
    pub place: Option<String>,
    /// WGS 84 latitude in degrees, north positive.
    pub lat: Option<f64>,
    /// WGS 84 longitude in degrees, east positive.
    pub lon: Option<f64>,
    /// Categories, in the order of the source.
    pub tags: Vec<String>,
    /// Who took part, in the order of the source.
    pub actors: Vec<Actor>,
    /// Who says so. A claim with an empty `source` is the record's own: the host fills in the source's label.
    pub claims: Vec<Claim>,
    /// JSON text of an object: what the format has beyond these fields, lossless and in order.
    pub extra: Option<String>,
    /// The record's source bytes, only when asked for.
    pub raw: Option<Vec<u8>>,
    /// The format whose bytes `raw` holds.
    pub raw_format: Option<String>,
}

/// Somebody or something that took part: organizer, attendee, user, host.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Actor {
    /// The name as a person would say it.
    pub name: Option<String>,
    /// `organizer`, `attendee`, `user`, `host`, …
    pub role: Option<String>,
    /// A URI (`mailto:…`), an account name or a network address.
    pub address: Option<String>,
}

impl Event {
    /// An event without a date and without a title.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether another event says the same, whoever says it.
    pub fn says_the_same(&self, other: &Self) -> bool {
        // Spelled out so that a new field cannot be forgotten.
        let Self {
            id, instance, revision, modified, stamped, when, recurrence, title, body, kind, status, lane, ..
        } = self;
        let Self { url, place, lat, lon, tags, actors, claims: _, extra, raw, raw_format, .. } = self;
        let degrees = |degrees: Option<f64>| degrees.map(f64::to_bits);
        *id == other.id
            && *instance == other.instance
            && (*revision, *modified, *stamped) == (other.revision, other.modified, other.stamped)
            && *when == other.when
            && *recurrence == other.recurrence
            && *title == other.title
            && *body == other.body
            && *kind == other.kind
            && *status == other.status
            && *lane == other.lane
            && *url == other.url
            && *place == other.place
            && (degrees(*lat), degrees(*lon)) == (degrees(other.lat), degrees(other.lon))
            && *tags == other.tags
            && *actors == other.actors
            && *extra == other.extra
            && *raw == other.raw
            && *raw_format == other.raw_format
    }

    /// Sets the time.
    pub fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    /// Sets the real id.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the lane.
    pub fn lane(mut self, lane: impl Into<String>) -> Self {
        self.lane = Some(lane.into());
        self
    }

    /// Adds a tag.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// Says where in the source the record stands.
    pub fn at(mut self, locator: Locator) -> Self {
        self.own_claim().locator = Some(locator);
        self
    }

    /// Sets an id that means something inside its source only (a row number, a RecordID, a mapped key): it
    /// serves identity inside that source, and the event counts as having no real id.
    pub fn local_id(mut self, id: impl Into<String>) -> Self {
        self.own_claim().id = Some(id.into());
        self
    }

    /// The claim of the record itself (empty `source`), made when absent.
    pub fn own_claim(&mut self) -> &mut Claim {
        let at = match self.claims.iter().position(Claim::is_own) {
            Some(at) => at,
            None => {
                self.claims.push(Claim::default());
                self.claims.len() - 1
            }
        };
        &mut self.claims[at]
    }
}

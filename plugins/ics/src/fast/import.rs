//! From the bytes of records to columns.

use std::fmt::Write as _;

use annals_core::table::{Builder, Degrees, Number, Text};
use annals_core::{Actor, Locator};

use super::clock::Clocks;
use super::content::{Content, is_plain_name};
use super::digits::utc;
use super::split::{Component, Extent, Group};
use super::text::{json_into, unescape_into};
use super::times::{self, Times};
use crate::line::param;
use crate::read::geo;
use crate::slot::Slot;
use crate::write::actor_line;

/// Reads records the short way.
#[derive(Default)]
pub(crate) struct Reader {
    component: Component,
    clocks: Clocks,
    extra: String,
    scratch: String,
    someone: Actor,
}

/// What a record is read with.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Where it is in the source; the length is not known yet.
    pub at: Locator,
    /// The name of the calendar.
    pub lane: Option<&'a str>,
    /// Whether its bytes are wanted.
    pub raw: bool,
    /// The largest record that may be read.
    pub max_record: usize,
    /// What a line counts beyond its bytes.
    pub line_cost: usize,
}

impl Reader {
    /// Reads the record that `text` begins with, and ends its row. `None` if it has to go the general way; then
    /// nothing is in the row. `last` says that the input ends with the text.
    pub fn record(&mut self, text: &str, last: bool, place: Place<'_>, columns: &mut Builder) -> Option<Extent> {
        let extent = self.component.split(text, last)?;
        if extent.bytes.saturating_add((extent.lines as usize + 1) * place.line_cost) > place.max_record {
            return None;
        }
        if self.columns(text, columns).is_none() {
            columns.cancel_row();
            return None;
        }
        columns.text(Text::Kind, "VEVENT");
        if let Some(lane) = place.lane {
            columns.text(Text::Lane, lane);
        }
        columns.own_claim(Some(Locator { len: extent.bytes as u64, ..place.at }), None);
        if place.raw {
            columns.raw(&text.as_bytes()[..extent.bytes]);
            columns.text(Text::RawFormat, "ics");
        }
        columns.end_row();
        Some(extent)
    }

    /// Sets the columns that the lines give, slot by slot in the order of writing: so what is kept of them stands in
    /// that order too.
    fn columns(&mut self, text: &str, columns: &mut Builder) -> Option<()> {
        let Self { component, clocks, extra, scratch, someone } = self;
        let of = |slot| component.of(slot, text);
        if of(Slot::AnnalsWhen).len() + of(Slot::Annals).len() > 0 {
            return None;
        }
        extra.clear();
        if let Some(uid) = only(of(Slot::Uid), "UID")? {
            scratch.clear();
            let canonical = unescape_into(uid, scratch);
            // Without a text it is no id.
            if scratch.trim().is_empty() {
                return None;
            }
            columns.text(Text::Id, scratch);
            if !canonical {
                keep(of(Slot::Uid), extra);
            }
        }
        if let Some(stamped) = only(of(Slot::Stamp), "DTSTAMP")? {
            // The first moment of 1970 stands for an unknown one.
            Some(utc(stamped)?).filter(|us| *us != 0).into_iter().for_each(|us| columns.number(Number::Stamped, us));
        }
        if let Some(modified) = only(of(Slot::Modified), "LAST-MODIFIED")? {
            columns.number(Number::Modified, utc(modified)?);
        }
        if let Some(revision) = only(of(Slot::Revision), "SEQUENCE")? {
            columns.number(Number::Revision, whole_number(revision)?);
        }
        let (times, plain) = times::read(of(Slot::When), clocks)?;
        times.put(clocks, columns)?;
        if !plain {
            keep(of(Slot::When), extra);
        }
        instance(of(Slot::Instance), &times, clocks, columns)?;
        if of(Slot::Recurrence).any(|line| line.value().trim().is_empty()) {
            return None;
        }
        if of(Slot::Recurrence).len() > 0 {
            let lines = of(Slot::Recurrence).enumerate();
            let join = |text: &mut String| {
                lines.for_each(|(at, line)| {
                    text.push_str(if at > 0 { "\n" } else { "" });
                    text.push_str(line.text);
                });
                Ok::<(), ()>(())
            };
            columns.text_with(Text::Recurrence, join).ok()?;
        }
        put(of(Slot::Title), "SUMMARY", Text::Title, columns, extra);
        put(of(Slot::Body), "DESCRIPTION", Text::Body, columns, extra);
        put(of(Slot::Place), "LOCATION", Text::Place, columns, extra);
        if let Some(line) = of(Slot::Geo).next() {
            scratch.clear();
            let (lat, lon) = geo(line.value())?;
            columns.degrees(Degrees::Lat, lat);
            columns.degrees(Degrees::Lon, lon);
            write!(scratch, "GEO:{lat};{lon}").ok()?;
            if of(Slot::Geo).len() > 1 || line.text != scratch {
                keep(of(Slot::Geo), extra);
            }
        }
        put(of(Slot::Status), "STATUS", Text::Status, columns, extra);
        keep(of(Slot::Transp), extra);
        if let Some(url) = of(Slot::Url).next() {
            columns.text(Text::Url, url.value());
            if of(Slot::Url).len() > 1 || !url.is_bare("URL") {
                keep(of(Slot::Url), extra);
            }
        }
        tags(of(Slot::Tags), columns)?;
        for line in of(Slot::Actors) {
            actor(&line, someone, columns, extra);
        }
        keep(of(Slot::Other), extra);
        for line in component.subs(text) {
            keep_text(line, extra);
        }
        if !extra.is_empty() {
            extra.push_str("]}");
            columns.text(Text::Extra, extra);
        }
        Some(())
    }
}

/// Keeps a line.
fn keep_text(line: &str, extra: &mut String) {
    extra.push_str(if extra.is_empty() { "{\"ics\":[" } else { "," });
    json_into(line, extra);
}

/// Keeps lines.
fn keep(lines: Group<'_>, extra: &mut String) {
    lines.for_each(|line| keep_text(line.text, extra));
}

/// The value of the only line, if there is any; it must be plain.
fn only<'a>(mut lines: Group<'a>, name: &str) -> Option<Option<&'a str>> {
    match lines.len() {
        0 => Some(None),
        1 => lines.next().filter(|line| line.is_bare(name)).map(|line| Some(line.value())),
        _ => None,
    }
}

/// Sets a text. What is said in an other way than annals would is kept.
fn put(lines: Group<'_>, name: &str, column: Text, columns: &mut Builder, extra: &mut String) {
    let Some(first) = lines.clone().next() else { return };
    let mut canonical = false;
    let written = columns.text_with(column, |text| {
        canonical = unescape_into(first.value(), text);
        Ok::<(), ()>(())
    });
    debug_assert!(written.is_ok());
    if !canonical || lines.len() > 1 || !first.is_bare(name) {
        keep(lines, extra);
    }
}

/// A number of at most 18 digits, without a zero at the front.
fn whole_number(text: &str) -> Option<i64> {
    let digits = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (text.len() == 1 || !text.starts_with('0')) { text.parse().ok() } else { None }
}

fn instance(mut lines: Group<'_>, times: &Times, clocks: &mut Clocks, columns: &mut Builder) -> Option<()> {
    let Some(line) = lines.next() else { return Some(()) };
    if lines.len() > 0 || line.name() != "RECURRENCE-ID" {
        return None;
    }
    let mut plain = false;
    let written = columns.text_with(Text::Instance, |text| {
        plain = times::read_instance(&line, times, clocks, text).ok_or(())?;
        Ok::<(), ()>(())
    });
    (written.is_ok() && plain).then_some(())
}

fn tags(lines: Group<'_>, columns: &mut Builder) -> Option<()> {
    let Some(list) = only(lines, "CATEGORIES")? else { return Some(()) };
    if list.bytes().any(|byte| matches!(byte, b'\\' | b';')) {
        return None;
    }
    for tag in list.split(',') {
        if tag.is_empty() || tag.trim() != tag {
            return None;
        }
        columns.tag(tag);
    }
    Some(())
}

/// Adds an actor, and keeps the line if annals would write another. `scratch` is any actor.
fn actor(line: &Content<'_>, scratch: &mut Actor, columns: &mut Builder, extra: &mut String) {
    let (params, address) = (line.params(), line.value());
    scratch.name = params.strip_prefix(';').and_then(|params| param(params, "CN"));
    let role = scratch.role.get_or_insert_default();
    role.clear();
    role.push_str(line.name());
    role.make_ascii_lowercase();
    if address.is_empty() {
        scratch.address = None;
    } else {
        let of = scratch.address.get_or_insert_default();
        of.clear();
        of.push_str(address);
    }
    columns.actor(scratch);
    // No other parameter is ever written.
    let other = !params.is_empty() && !params.starts_with(";CN=");
    if other || (!is_plain_actor(line) && actor_line(scratch) != line.text) {
        keep_text(line.text, extra);
    }
}

/// Whether an ORGANIZER or ATTENDEE says nothing but an address and a name without quotes.
fn is_plain_actor(line: &Content<'_>) -> bool {
    let plain = match line.params().strip_prefix(";CN=") {
        None => line.params().is_empty(),
        Some(name) => is_plain_name(name),
    };
    plain && matches!(line.name(), "ORGANIZER" | "ATTENDEE") && !line.value().is_empty()
}

//! From columns to the lines of a component.

use std::fmt::Write as _;

use annals_core::Actor;
use annals_core::table::{ActorText, Degrees, Number, Rows, Text};

use super::clock::Clocks;
use super::content::{Content, Parts, is_plain_name};
use super::kept::Kept;
use super::text::{escape_into, has_controls, unescape_into};
use super::times::{self, Times, write_instance, write_utc};
use crate::fold::fold;
use crate::line::param;
use crate::read::geo;
use crate::slot::Slot;
use crate::write::actor_line;

/// Writes rows the short way.
#[derive(Default)]
pub(crate) struct Writer {
    clocks: Clocks,
    kept: Kept,
    line: String,
    scratch: String,
}

/// Of these slots nothing is kept but in odd cases.
const ODD: [Slot; 8] = [
    Slot::Stamp,
    Slot::Modified,
    Slot::Revision,
    Slot::Instance,
    Slot::AnnalsWhen,
    Slot::Recurrence,
    Slot::Tags,
    Slot::Annals,
];

impl Writer {
    /// Appends the component of a row to `out`. `None` if it has to go the general way; then part of it may stand
    /// there. `uid` is the UID where it is not the id, `calendar` the name of the calendar.
    pub fn row(
        &mut self,
        rows: &Rows,
        row: usize,
        uid: Option<&str>,
        calendar: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let Self { clocks, kept, line, scratch } = self;
        let extra = rows.text(Text::Extra, row);
        kept.read(extra)?;
        if rows.text(Text::Kind, row) != Some("VEVENT") || ODD.into_iter().any(|slot| kept.has(slot)) {
            return None;
        }
        let times = Times::of(rows, row, clocks, scratch)?;
        let json = extra.unwrap_or_default();
        let mut lines = Lines { rows, row, kept, json, line, scratch, out };
        lines.put("BEGIN:VEVENT");
        match uid {
            None => lines.text(Slot::Uid, "UID:", Text::Id)?,
            Some(_) if lines.kept.has(Slot::Uid) => return None,
            Some(uid) => {
                for (name, text) in [("UID:", uid), ("X-ANNALS-UID:", rows.text(Text::Id, row)?)] {
                    lines.made(|line| {
                        line.push_str(name);
                        escape_into(text, line)
                    })?;
                }
            }
        }
        // The first moment of 1970 stands for an unknown one.
        lines.utc("DTSTAMP:", Some(rows.number(Number::Stamped, row).unwrap_or(0)))?;
        lines.utc("LAST-MODIFIED:", rows.number(Number::Modified, row))?;
        if let Some(revision) = rows.number(Number::Revision, row) {
            lines.made(|line| write!(line, "SEQUENCE:{revision}").ok())?;
        }
        if let Some(instance) = rows.text(Text::Instance, row) {
            lines.made(|line| {
                line.push_str("RECURRENCE-ID");
                write_instance(instance, &times, clocks, line)
            })?;
        }
        lines.when(&times, clocks)?;
        lines.recurrence()?;
        lines.text(Slot::Title, "SUMMARY:", Text::Title)?;
        lines.text(Slot::Body, "DESCRIPTION:", Text::Body)?;
        lines.text(Slot::Place, "LOCATION:", Text::Place)?;
        lines.geo()?;
        lines.text(Slot::Status, "STATUS:", Text::Status)?;
        lines.keep(Slot::Transp);
        lines.url()?;
        lines.tags()?;
        for actor in rows.actors(row) {
            lines.actor(actor)?;
        }
        let lane = rows.text(Text::Lane, row);
        if lane != calendar {
            lines.made(|line| {
                line.push_str("X-ANNALS-LANE:");
                escape_into(lane.unwrap_or_default(), line)
            })?;
        }
        lines.keep(Slot::Other);
        lines.kept.subs(json).for_each(|line| fold(line, lines.out));
        lines.put("END:VEVENT");
        Some(())
    }
}

/// The lines of a component being written.
struct Lines<'a> {
    rows: &'a Rows,
    row: usize,
    kept: &'a mut Kept,
    json: &'a str,
    line: &'a mut String,
    scratch: &'a mut String,
    out: &'a mut Vec<u8>,
}

impl Lines<'_> {
    fn put(&mut self, line: &str) {
        fold(line, self.out);
    }

    /// A line that `write` makes.
    fn made(&mut self, write: impl FnOnce(&mut String) -> Option<()>) -> Option<()> {
        self.line.clear();
        write(self.line)?;
        fold(self.line, self.out);
        Some(())
    }

    /// The kept lines of a slot.
    fn keep(&mut self, slot: Slot) {
        if self.kept.has(slot) {
            self.kept.of(slot, self.json).for_each(|line| fold(line.text, self.out));
        }
    }

    /// The kept lines of a slot, if they say what the column says.
    fn keep_if(&mut self, slot: Slot, says: impl FnOnce(&Content<'_>, &mut String) -> bool) -> Option<()> {
        let first = self.kept.of(slot, self.json).next()?;
        self.scratch.clear();
        if !says(&first, self.scratch) {
            return None;
        }
        self.keep(slot);
        Some(())
    }

    fn text(&mut self, slot: Slot, name: &str, column: Text) -> Option<()> {
        let text = self.rows.text(column, self.row);
        if self.kept.has(slot) {
            return self.keep_if(slot, |line, said| {
                unescape_into(line.value(), said);
                Some(&**said) == text && (slot != Slot::Uid || !said.trim().is_empty())
            });
        }
        let Some(text) = text else { return Some(()) };
        self.made(|line| {
            line.push_str(name);
            escape_into(text, line)
        })
    }

    fn utc(&mut self, name: &str, us: Option<i64>) -> Option<()> {
        let Some(us) = us else { return Some(()) };
        self.made(|line| {
            line.push_str(name);
            write_utc(us, line)
        })
    }

    fn when(&mut self, times: &Times, clocks: &mut Clocks) -> Option<()> {
        if self.kept.has(Slot::When) {
            let (said, _) = times::read(self.kept.of(Slot::When, self.json), clocks)?;
            return self.keep_if(Slot::When, |_, _| said == *times);
        }
        times.write(clocks, self.line, |line| fold(line, self.out))
    }

    fn recurrence(&mut self) -> Option<()> {
        let Some(text) = self.rows.text(Text::Recurrence, self.row) else { return Some(()) };
        for line in text.split('\n').filter(|line| !line.is_empty()) {
            if Parts::of(line)?.slot != Slot::Recurrence || has_controls(line) {
                return None;
            }
            self.put(line);
        }
        Some(())
    }

    fn geo(&mut self) -> Option<()> {
        let place = (self.rows.degrees(Degrees::Lat, self.row), self.rows.degrees(Degrees::Lon, self.row));
        if self.kept.has(Slot::Geo) {
            return self.keep_if(Slot::Geo, |line, _| geo(line.value()).unzip() == place);
        }
        match place {
            (None, None) => Some(()),
            (Some(lat), Some(lon)) if lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
                self.made(|line| write!(line, "GEO:{lat};{lon}").ok())
            }
            _ => None,
        }
    }

    fn url(&mut self) -> Option<()> {
        let url = self.rows.text(Text::Url, self.row);
        if self.kept.has(Slot::Url) {
            return self.keep_if(Slot::Url, |line, _| Some(line.value()) == url);
        }
        let Some(url) = url else { return Some(()) };
        if has_controls(url) {
            return None;
        }
        self.made(|line| {
            line.extend(["URL:", url]);
            Some(())
        })
    }

    fn tags(&mut self) -> Option<()> {
        let tags = self.rows.tags(self.row);
        if tags.len() == 0 {
            return Some(());
        }
        self.made(|line| {
            line.push_str("CATEGORIES:");
            for (at, tag) in tags.enumerate() {
                if tag.is_empty() || tag.trim() != tag {
                    return None;
                }
                line.push_str(if at > 0 { "," } else { "" });
                escape_into(tag, line)?;
            }
            Some(())
        })
    }

    fn actor(&mut self, at: usize) -> Option<()> {
        let text = |field| self.rows.actor_text(field, at);
        let (name, role, address) = (text(ActorText::Name), text(ActorText::Role), text(ActorText::Address));
        if self.kept.has(Slot::Actors) {
            let same = |line: &Content<'_>| {
                let says_role =
                    role.is_some_and(|role| line.name().bytes().map(|b| b.to_ascii_lowercase()).eq(role.bytes()));
                let says_name = || line.params().strip_prefix(';').and_then(|params| param(params, "CN"));
                says_role
                    && line.value() == address.unwrap_or_default()
                    && address != Some("")
                    && says_name().as_deref() == name
            };
            if let Some(line) = self.kept.take(Slot::Actors, self.json, same) {
                fold(line, self.out);
                return Some(());
            }
        }
        let property = match role {
            Some("organizer") => "ORGANIZER",
            Some("attendee") => "ATTENDEE",
            _ => "",
        };
        let known = !property.is_empty() && name.is_none_or(|name| is_plain_name(name) && !has_controls(name));
        match address {
            Some(address) if known && !address.is_empty() && !has_controls(address) => self.made(|line| {
                line.push_str(property);
                name.iter().for_each(|name| line.extend([";CN=", name]));
                line.extend([":", address]);
                Some(())
            }),
            _ => {
                let owned = |text: Option<&str>| text.map(str::to_owned);
                let line = actor_line(&Actor { name: owned(name), role: owned(role), address: owned(address) });
                self.put(&line);
                Some(())
            }
        }
    }
}

//! Filters: which of the merged events are written.
//!
//! - A filter judges the merged event. Tags, lanes and texts match if the event's own do or those of any claim.
//! - `--during` asks to lie within the window, `--overlapping`, `--since` and `--until` to share time with it: possibly,
//!   or certainly with `--certainly`. An unknown bound is never certain and always possible, so that undated events
//!   pass every window, and none with `--certainly`.
//! - Dates and floating times are compared by the clock of `--zone`, times in a zone as instants.
//! - A series, which is what shares an id with something that recurs or is an instance, is kept or left out as one. It is
//!   kept if some event of it passes all but the windows, and one of the instances of that same event the windows. The
//!   instances of a master are those without an override of their own; an override is an instance of itself. One that is
//!   cancelled counts for nothing where there is a master. A recurrence that cannot be evaluated passes possibly, never
//!   certainly, and leaves a note.

mod field;
mod grep;
#[cfg(test)]
mod tests;
mod view;
mod window;

use std::cell::OnceCell;
#[cfg(test)]
use std::collections::BTreeSet;

use annals_core::json::to_object;
use annals_core::outside::Windows;
use annals_core::recur::{Budget, Clocks, Expansion, Origin, Override, RecurError, Series, is_this_and_future};
use annals_core::table::{ClaimText, Rows, Text};
use annals_core::when::Zone;
use annals_core::{Event, When};
use regex::Regex;
use serde_json::Value;

use crate::exit::Trouble;
use annals_core::when::{Asked, Relation};
use field::Where;
use grep::{different, expression, found};
use view::{Row, View};
pub use window::Test;

/// The options of filters as they are given.
#[derive(Clone, Debug, Default)]
pub struct Given<'a> {
    /// `--during`
    pub during: Option<&'a str>,
    /// `--overlapping`
    pub overlapping: Option<&'a str>,
    /// `--since`
    pub since: Option<&'a str>,
    /// `--until`
    pub until: Option<&'a str>,
    /// `--certainly`
    pub certainly: bool,
    /// `--tag`
    pub tags: &'a [String],
    /// `--lane`
    pub lanes: &'a [String],
    /// `--kind`
    pub kinds: &'a [String],
    /// `--grep`
    pub grep: Option<&'a str>,
    /// `--where`
    pub wheres: &'a [String],
    /// `--zone`
    pub zone: &'a str,
}

/// All filters together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    windows: Vec<Test>,
    certainly: bool,
    tags: Vec<String>,
    lanes: Vec<String>,
    kinds: Vec<String>,
    grep: Option<Regex>,
    wheres: Vec<Where>,
}

/// Which of a group of events are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// One for each event, in their order.
    pub keep: Vec<bool>,
    /// What could not be judged, each in one line.
    pub notes: Vec<String>,
}

impl Filter {
    /// Reads the options; an error tells which one is wrong, and where.
    pub fn new(given: &Given<'_>) -> Result<Self, Trouble> {
        let zone = Zone::parse(given.zone).ok_or_else(|| {
            let trouble = Trouble::new(format!("`--zone {}`: there is no such time zone", given.zone));
            trouble.hint("give an IANA name such as Europe/Berlin, an offset such as +02:00, or UTC")
        })?;
        let read =
            |option, text: Option<&str>, relation| text.map(|text| Test::of(option, text, relation, &zone)).transpose();
        let during = read("--during", given.during, Relation::Within)?;
        let overlapping = read("--overlapping", given.overlapping, Relation::Overlaps)?;
        let since = given.since.map(|text| Test::since(text, &zone)).transpose()?;
        let until = given.until.map(|text| Test::until(text, &zone)).transpose()?;
        if since.as_ref().zip(until.as_ref()).is_some_and(|(since, until)| Test::contradict(since, until)) {
            return Err(Trouble::new("`--until` ends before `--since` begins").hint("swap the two"));
        }
        Ok(Self {
            windows: [during, overlapping, since, until].into_iter().flatten().collect(),
            certainly: given.certainly,
            tags: given.tags.to_vec(),
            lanes: given.lanes.to_vec(),
            kinds: given.kinds.to_vec(),
            grep: given.grep.map(expression).transpose()?,
            wheres: given.wheres.iter().map(|text| Where::parse(text)).collect::<Result<_, _>>()?,
        })
    }

    /// Whether there is nothing to judge.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty() && self.is_timeless()
    }

    fn is_timeless(&self) -> bool {
        let lists = [&self.tags, &self.lanes, &self.kinds].iter().all(|list| list.is_empty());
        lists && self.grep.is_none() && self.wheres.is_empty()
    }

    /// Judges all merged events of one id together, or one event alone. Without a recurrence or an instance among them
    /// each is judged for itself; else they are a series, and kept or left out as one.
    pub fn judge(&self, group: &[Event]) -> Verdicts {
        let is_series = group.iter().any(|event| event.instance.is_some() || event.recurrence.is_some());
        if !is_series {
            return Verdicts { keep: group.iter().map(|event| self.passes(event)).collect(), notes: Vec::new() };
        }
        let mut notes = Vec::new();
        let keep = self.keeps_series(group, &mut notes);
        Verdicts { keep: vec![keep; group.len()], notes }
    }

    /// Judges a row without recurrence and instance: the same as [`Filter::judge`] of its event alone.
    pub fn keeps_row(&self, rows: &Rows, row: usize) -> bool {
        self.passes(&Row { rows, row })
    }

    /// Whether a row without recurrence and instance lies outside the windows: then it does so whatever else is said of
    /// the event.
    pub fn is_out(&self, rows: &Rows, row: usize) -> bool {
        let view = Row { rows, row };
        !self.passes_windows(&view.bounds(), view.text(Text::Zone))
    }

    /// The windows, if there are any: what [`Filter::is_out`] looks at.
    pub fn windows(&self) -> Option<Windows> {
        let asked: Vec<Asked> = self.windows.iter().map(Test::asked).collect();
        (!asked.is_empty()).then_some(Windows { asked, certainly: self.certainly })
    }

    /// The columns of the event table that judging reads.
    #[cfg(test)]
    pub fn columns(&self) -> Vec<&'static str> {
        const WINDOWS: &[&str] = &[
            "id",
            "instance",
            "edtf",
            "start_lo",
            "start_hi",
            "end_lo",
            "end_hi",
            "start_nanos",
            "extent",
            "precision",
            "qualifier",
            "part",
            "zone",
            "end_zone",
            "recurrence",
            "status",
        ];
        // Which events are a series, and which of them count.
        let mut columns = BTreeSet::new();
        if !self.is_empty() {
            columns.extend(["id", "instance", "recurrence", "status"]);
        }
        let mut need = |when: bool, names: &[&'static str]| columns.extend(names.iter().filter(|_| when));
        need(!self.windows.is_empty(), WINDOWS);
        need(!self.tags.is_empty(), &["tags", "claims"]);
        need(!self.lanes.is_empty(), &["lane", "claims"]);
        need(!self.kinds.is_empty(), &["kind"]);
        need(self.grep.is_some(), &["title", "body", "place", "claims"]);
        self.wheres.iter().for_each(|condition| need(true, condition.columns()));
        columns.into_iter().collect()
    }

    fn passes(&self, view: &dyn View) -> bool {
        self.passes_windows(&view.bounds(), view.text(Text::Zone)) && self.passes_timeless(view)
    }

    fn passes_windows(&self, when: &When, zone: Option<&str>) -> bool {
        self.windows.iter().all(|test| test.passes(when, zone, self.certainly))
    }

    /// All filters but the windows.
    fn passes_timeless(&self, view: &dyn View) -> bool {
        let listed = |list: &[String], text: &str| list.iter().any(|item| item == text);
        let kind = self.kinds.is_empty() || view.text(Text::Kind).is_some_and(|kind| listed(&self.kinds, kind));
        kind && self.passes_lane(view)
            && self.passes_tag(view)
            && self.grep.as_ref().is_none_or(|grep| found(grep, view))
            && self.passes_where(view)
    }

    fn passes_lane(&self, view: &dyn View) -> bool {
        let listed = |lane: &str| self.lanes.iter().any(|item| item == lane);
        self.lanes.is_empty() || view.text(Text::Lane).is_some_and(listed) || view.any_claim(ClaimText::Lane, &listed)
    }

    fn passes_tag(&self, view: &dyn View) -> bool {
        let listed = |tag: &str| self.tags.iter().any(|item| item == tag);
        let differs = |text: &str| {
            let tags = different(text, &["tags"]).remove("tags");
            let Some(Value::Array(tags)) = tags else { return false };
            tags.iter().filter_map(Value::as_str).any(listed)
        };
        self.tags.is_empty() || view.any_tag(&listed) || view.any_claim(ClaimText::Differs, &differs)
    }

    fn passes_where(&self, view: &dyn View) -> bool {
        let object = OnceCell::new();
        let json = || object.get_or_init(|| to_object(&view.event()));
        self.wheres.iter().all(|condition| condition.holds(view, &json))
    }

    fn keeps_series(&self, group: &[Event], notes: &mut Vec<String>) -> bool {
        let (masters, overrides): (Vec<&Event>, Vec<&Event>) = group.iter().partition(|event| event.instance.is_none());
        let is_cancelled =
            |event: &Event| event.status.as_deref().is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"));
        let stands = |event: &&&Event| masters.is_empty() || !is_cancelled(event);
        if overrides.iter().filter(stands).any(|event| self.passes(*event)) {
            return true;
        }
        let mut kept = false;
        for master in masters.into_iter().filter(|event| self.passes_timeless(*event)) {
            kept |= match self.any_instance(master, &overrides) {
                Ok(any) => any,
                Err(error) => {
                    let fate = if self.certainly { "it matches no window certainly" } else { "it may match" };
                    let id = master.id.as_deref().unwrap_or("without an id");
                    notes.push(format!("the recurrence of `{id}` cannot be evaluated, so {fate}: {error}"));
                    !self.certainly
                }
            };
        }
        kept
    }

    /// Whether an instance of a master that has no override passes the windows.
    fn any_instance(&self, master: &Event, overrides: &[&Event]) -> Result<bool, RecurError> {
        if self.windows.is_empty() {
            return Ok(true);
        }
        let zone = master.when.zone.as_deref();
        if master.recurrence.is_none() {
            let key = Series::first_key(master);
            let is_overridden = key.is_some_and(|key| overrides.iter().any(|of| of.instance.as_deref() == Some(&key)));
            return Ok(!is_overridden && self.passes_windows(&master.when, zone));
        }
        // What passes shares time with every window, possibly at least.
        let windows = || self.windows.iter().map(|test| test.window(zone));
        let from = windows().map(|window| window.from).max().unwrap_or(i64::MIN);
        let to = windows().map(|window| window.to).min().unwrap_or(i64::MAX);
        let clocks = Clocks::default();
        let mut given = Vec::with_capacity(overrides.len());
        for &event in overrides {
            given.push(Override { event, this_and_future: is_this_and_future(event), clocks: &clocks });
        }
        let expansion = Expansion::of(master, &clocks, &given)?;
        let mut budget = Budget::default();
        for found in expansion.between(from..to, &mut budget) {
            let found = found?;
            if !matches!(found.origin, Origin::Override(_)) && self.passes_windows(&found.when, zone) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

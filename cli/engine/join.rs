//! Joins rows that have company: takes them out of the runs, group by group, and gives back what they become.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use annals_core::Event;
use annals_core::account::Account;
use annals_core::key;

use serde_json::{Value, json};

use super::ahead::{Ahead, each_group};
use super::chunk::{Chunk, DONE, FILTERED, REPEATED, UNJUDGED, from_spill};
use super::entries::Groups;
use super::expand::Calendars;
use super::explain::Explain;
use super::order::{Group, Order};
use super::plain::{self, Member, Plain};
use super::run::{Merge, Run};
use super::sorter::{Made, Sorter};
use super::zones::Zones;
use super::{Conflicts, Dedupe, Joined, Record, Remarks, Settings, exact, identity};
use crate::exit::Trouble;
use crate::spill::SpillFile;

/// A group with more rows than this is not looked at as a whole.
const LARGE: usize = 10_000;

/// What joining needs to know, and what it finds out.
pub struct Joiner<'a> {
    pub settings: &'a Settings,
    /// Sources that failed: their rows are not there.
    pub failed: &'a [bool],
    pub accounts: &'a mut [Account],
    pub zones: &'a mut Zones,
    /// What the sources define themselves.
    pub calendars: &'a Calendars,
    pub conflicts: &'a mut Conflicts,
    pub file: &'a mut SpillFile,
    pub explain: &'a mut Explain,
    pub remarks: &'a mut Remarks,
    /// Whether there are rows that the filters could not judge.
    pub unjudged: bool,
    /// Facts of conflicting events: id, instance, content keys.
    pub clashes: Vec<Value>,
}

impl Joiner<'_> {
    /// Joins the rows in `groups`, which stay in `runs`; gives runs of what they become.
    pub fn join(mut self, runs: &[Run], groups: &Groups) -> Result<(Vec<Run>, Vec<Value>), Trouble> {
        if groups.identity.is_empty() && groups.content.is_empty() && !self.unjudged {
            return Ok((Vec::new(), Vec::new()));
        }
        let mut identities = Sorter::new(Order::Group(Group::of_identity(self.settings)), self.settings);
        // Where content alone joins nothing, groups need not be as large as that.
        let of_content = if self.settings.dedupe == Dedupe::Exact { Group::Content } else { Group::Place };
        let mut contents = Sorter::new(Order::Group(of_content), self.settings);
        self.take_out(runs, groups, &mut identities, &mut contents)?;
        let mut done = Made::new(Order::Time, self.settings);
        let mut winners = Made::new(Order::Group(of_content), self.settings);
        let mut merge = identities.merge(self.file)?;
        each_group(&mut merge, |group| self.identity(group, &mut done, &mut winners))?;
        let winners = winners.finish(self.file)?.runs();
        contents.add(winners);
        let mut merge = contents.merge(self.file)?;
        self.contents(&mut merge, &mut done)?;
        let runs = done.finish(self.file)?.runs();
        Ok((runs, self.clashes))
    }

    fn take_out(
        &mut self,
        runs: &[Run],
        groups: &Groups,
        identities: &mut Sorter,
        contents: &mut Sorter,
    ) -> Result<(), Trouble> {
        let limit = identities.limit;
        let mut sort_in = |chunk: &Arc<Chunk>, file: &mut SpillFile, stays: bool, take: bool| -> Result<(), Trouble> {
            for (row, &seq) in chunk.meta.seq.iter().enumerate() {
                if self.failed[chunk.source(row) as usize] {
                    continue;
                }
                let sorter = if groups.identity.get(seq) {
                    &mut *identities
                } else if groups.content.get(seq) {
                    &mut *contents
                } else {
                    if chunk.has(row, UNJUDGED) {
                        self.remarks.extend(self.settings.filter.judge(&[chunk.rows.event(row)]).notes);
                    }
                    continue;
                };
                let neighbours = &groups.neighbours;
                let first = neighbours.binary_search_by_key(&seq, |(seq, _)| *seq).map(|at| neighbours[at].1);
                if let (true, Ok(first)) = (stays, first) {
                    let prefix = u128::from(first) << 64 | u128::from(chunk.source(row)) << 32;
                    sorter.lend_by(chunk, row, prefix);
                } else if stays {
                    sorter.lend(chunk, row);
                } else {
                    sorter.push(chunk, row, file)?;
                }
                if !chunk.has(row, FILTERED) {
                    self.zones.row(&chunk.rows, row, -1);
                }
            }
            if take {
                for sorter in [&mut *identities, &mut *contents] {
                    sorter.take_picked();
                    sorter.make_room(file)?;
                }
            }
            Ok(())
        };
        for run in runs {
            match run {
                Run::Memory(sorted) => {
                    sorted.chunks().iter().try_for_each(|chunk| sort_in(chunk, self.file, true, false))?
                }
                Run::File(part) => {
                    // What is picked keeps its whole chunk alive.
                    let mut held = 0;
                    for batch in part.batches()? {
                        let chunk = from_spill(&batch?);
                        held += chunk.bytes();
                        sort_in(&chunk, self.file, false, held > limit)?;
                        if held > limit {
                            held = 0;
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether groups may be joined by their columns: nothing is judged as a whole, and nothing written down.
    fn by_columns(&self) -> bool {
        self.settings.filter.is_empty() && self.settings.expand.is_none() && !self.explain.is_on()
    }

    fn records(&self, group: &[Member]) -> Vec<Record> {
        let explained = self.explain.is_on();
        group.iter().map(|(chunk, row)| Record::of(chunk, *row, explained)).collect()
    }

    /// Rows of one hash of identity.
    fn identity(&mut self, group: &[Member], done: &mut Made, winners: &mut Made) -> Result<(), Trouble> {
        if self.settings.dedupe >= Dedupe::Identity
            && self.by_columns()
            && let Some(joined) = plain::by_id(group)
        {
            return self.settle_rows(group, &joined, 0, done);
        }
        let group = self.records(group);
        let series = !self.settings.filter.is_empty() || self.settings.expand.is_some();
        let joined = match self.settings.dedupe {
            Dedupe::None => exact::join(group, Dedupe::None),
            _ => identity::join(group, self.settings.conflict),
        };
        let (joined, local): (Vec<Joined>, Vec<Joined>) = joined.into_iter().partition(|one| one.event.id.is_some());
        for same_id in split(local, |a, b| {
            let id = |one: &Joined| (one.standing.source, one.standing.local.clone(), one.event.instance.clone());
            id(a) == id(b)
        }) {
            let clash = same_id.len() > 1;
            for one in &same_id {
                if clash || !one.others.is_empty() {
                    self.explain.merged("identity", one, clash)?;
                }
                // Its content is still to be looked at; all its records are of one source.
                let weight = one.standing.weight + one.others.iter().map(|other| 1 + other.weight).sum::<u32>();
                winners.push((DONE, 0), &one.event, (one.standing.source, weight), self.file)?;
            }
            if clash {
                let first = &same_id[0];
                let key = (first.standing.local.clone().unwrap_or_default(), first.event.instance.clone());
                *self.conflicts.entry(key).or_default() += same_id.len();
            }
        }
        let together =
            |a: &Joined, b: &Joined| a.event.id == b.event.id && (series || a.event.instance == b.event.instance);
        for same_id in split(joined, together) {
            self.settle("identity", same_id, 0, done)?;
        }
        Ok(())
    }

    /// Rows by their content.
    fn contents(&mut self, merge: &mut Merge, done: &mut Made) -> Result<(), Trouble> {
        let mut rows = Ahead::new(merge);
        let mut large: Option<Made> = None;
        let mut group: Vec<Member> = Vec::new();
        let mut hash = None;
        // The place of a row among those of its source in a large group.
        let mut last = (u32::MAX, 0);
        loop {
            let next = rows.next()?;
            let next_hash = next.as_ref().map(|(hash, _)| *hash);
            if next_hash != hash {
                self.end_contents(&group, large.take(), done)?;
                group.clear();
                hash = next_hash;
                last = (u32::MAX, 0);
            }
            let Some((_, (chunk, row))) = next else { return Ok(()) };
            let source = chunk.source(row);
            last = if last.0 == source { (source, last.1 + 1) } else { (source, 0) };
            match &mut large {
                Some(made) => {
                    let record = Record::of(&chunk, row, false);
                    made.push((last.1, 0), &record.event, (record.source, record.weight), self.file)?;
                }
                None => {
                    group.push((chunk, row));
                    if group.len() > LARGE && self.settings.dedupe == Dedupe::Exact {
                        large = Some(self.occurrences(&group)?);
                        group.clear();
                    }
                }
            }
        }
    }

    /// The beginning of a large group as rows sorted by their occurrence.
    fn occurrences(&mut self, group: &[Member]) -> Result<Made, Trouble> {
        let mut made = Made::new(Order::Occurrence, self.settings);
        let mut last = (usize::MAX, 0);
        for (chunk, row) in group {
            let record = Record::of(chunk, *row, false);
            last = if last.0 == record.source { (record.source, last.1 + 1) } else { (record.source, 0) };
            made.push((last.1, 0), &record.event, (record.source, record.weight), self.file)?;
        }
        Ok(made)
    }

    fn end_contents(&mut self, group: &[Member], large: Option<Made>, done: &mut Made) -> Result<(), Trouble> {
        let settings = self.settings;
        if let Some(made) = large {
            let mut merge = made.finish(self.file)?.merge(self.file)?;
            return each_group(&mut merge, |same| {
                // One from each source; equal hashes are no proof here either.
                let joined = exact::join(self.records(same), settings.dedupe);
                joined.into_iter().try_for_each(|one| self.settle("exact", vec![one], REPEATED, done))
            });
        }
        if group.is_empty() {
            return Ok(());
        }
        if settings.dedupe == Dedupe::Exact
            && group.len() > 1
            && self.by_columns()
            && let Some(joined) = plain::by_content(group)
        {
            return self.settle_rows(group, &joined, 0, done);
        }
        // Only what is equal in more than the hash is joined.
        let joined = exact::join(self.records(group), settings.dedupe);
        // All that is said in several sources has come here, so that one event of it is the only one.
        let across = |one: &Joined| one.others.iter().any(|other| other.source != one.standing.source);
        let alone = settings.dedupe == Dedupe::Exact && joined.len() == 1 && across(&joined[0]);
        for one in joined {
            self.settle("exact", vec![one], if alone { 0 } else { REPEATED }, done)?;
        }
        Ok(())
    }

    /// What records have become, in the account and on the way out. They are judged together.
    fn settle(&mut self, rule: &'static str, joined: Vec<Joined>, flags: u8, done: &mut Made) -> Result<(), Trouble> {
        if self.settings.expand.is_some() && joined.iter().any(|one| one.event.recurrence.is_some()) {
            return self.settle_series(rule, &joined, flags, done);
        }
        if let ([one], true) = (joined.as_slice(), self.settings.filter.is_empty()) {
            return self.settle_one(rule, one, (true, false), flags, done);
        }
        let events: Vec<Event> = joined.iter().map(|one| one.event.as_ref().clone()).collect();
        let kept = match self.settings.filter.is_empty() {
            true => vec![true; events.len()],
            false => {
                let verdicts = self.settings.filter.judge(&events);
                self.remarks.extend(verdicts.notes);
                verdicts.keep
            }
        };
        // Versions of one instance that contradict each other.
        let mut of_instance: HashMap<Option<&str>, usize> = HashMap::new();
        for (event, _) in events.iter().zip(&kept).filter(|(_, kept)| **kept) {
            *of_instance.entry(event.instance.as_deref()).or_default() += 1;
        }
        let clash = |a: &Event| {
            self.settings.dedupe >= Dedupe::Identity
                && a.id.is_some()
                && of_instance.get(&a.instance.as_deref()).is_some_and(|&count| count > 1)
        };
        let clashing: Vec<bool> = events.iter().map(clash).collect();
        for (at, one) in joined.iter().enumerate() {
            self.settle_one(rule, one, (kept[at], clashing[at]), flags, done)?;
        }
        let clashing: Vec<&Event> = events
            .iter()
            .zip(&clashing)
            .zip(&kept)
            .filter(|((_, c), k)| **c && **k)
            .map(|((event, _), _)| event)
            .collect();
        self.note_conflicts(&clashing);
        Ok(())
    }

    /// The same for events of one id of which some recur: they become their instances, each judged alone.
    fn settle_series(
        &mut self,
        rule: &'static str,
        joined: &[Joined],
        flags: u8,
        done: &mut Made,
    ) -> Result<(), Trouble> {
        let settings = self.settings;
        let Some(expand) = &settings.expand else { return Ok(()) };
        let events: Vec<&Event> = joined.iter().map(|one| one.event.as_ref()).collect();
        let mut instances: HashMap<Option<&str>, usize> = HashMap::new();
        events.iter().for_each(|event| *instances.entry(event.instance.as_deref()).or_default() += 1);
        let clash = settings.dedupe >= Dedupe::Identity && instances.values().any(|count| *count > 1);
        // Which of several equal ones they are is told in their minted ids.
        let flags = if events.iter().any(|event| event.id.is_none()) { flags | REPEATED } else { flags };
        // Of each: how many events it has become, and how many of these stay.
        let mut became = vec![(0u64, 0u64); joined.len()];
        let mut stay = Vec::new();
        let notes = expand.each(&events, self.calendars, &mut |at, event| {
            became[at].0 += 1;
            if !settings.filter.is_empty() {
                let verdicts = settings.filter.judge(std::slice::from_ref(&event));
                self.remarks.extend(verdicts.notes);
                if !verdicts.keep[0] {
                    return Ok(());
                }
            }
            became[at].1 += 1;
            self.zones.event(&event, 1);
            done.push((DONE, flags), &event, (joined[at].standing.source, 0), self.file)?;
            if clash {
                stay.push(event);
            }
            Ok(())
        })?;
        self.remarks.extend(notes);
        for (one, (all, kept)) in joined.iter().zip(became) {
            let account = &mut self.accounts[one.standing.source];
            account.expanded += all.saturating_sub(1);
            account.kept += kept;
            account.filtered += all.max(1) - kept;
            for member in one.others.iter().chain([&one.standing]) {
                let more = u64::from(member.weight) + u64::from(!std::ptr::eq(member, &one.standing));
                let account = &mut self.accounts[member.source];
                *(if kept > 0 { &mut account.merged } else { &mut account.filtered }) += more;
            }
            if kept > 0 && !one.others.is_empty() {
                self.explain.merged(rule, one, clash)?;
            }
        }
        let mut of_instance: HashMap<Option<&str>, usize> = HashMap::new();
        stay.iter().for_each(|event| *of_instance.entry(event.instance.as_deref()).or_default() += 1);
        let clashing: Vec<&Event> =
            stay.iter().filter(|event| event.id.is_some() && of_instance[&event.instance.as_deref()] > 1).collect();
        self.note_conflicts(&clashing);
        Ok(())
    }

    /// The same for rows that were joined by their columns.
    fn settle_rows(&mut self, group: &[Member], joined: &Plain, flags: u8, done: &mut Made) -> Result<(), Trouble> {
        for (at, (chunk, row)) in group.iter().enumerate() {
            let weight = u64::from(chunk.weight(*row));
            let account = &mut self.accounts[chunk.source(*row) as usize];
            let stands = at == joined.standing;
            account.kept += u64::from(stands);
            account.merged += weight + u64::from(!stands);
        }
        let (chunk, row) = &group[joined.standing];
        self.zones.row(&chunk.rows, *row, 1);
        done.push_row((chunk, *row), flags, &joined.claims, self.file)
    }

    fn settle_one(
        &mut self,
        rule: &'static str,
        one: &Joined,
        (kept, clashing): (bool, bool),
        flags: u8,
        done: &mut Made,
    ) -> Result<(), Trouble> {
        if !one.others.is_empty() || clashing {
            self.explain.merged(rule, one, clashing)?;
        }
        let standing = &mut self.accounts[one.standing.source];
        if kept {
            standing.kept += 1;
            standing.merged += u64::from(one.standing.weight);
        } else {
            standing.filtered += 1 + u64::from(one.standing.weight);
        }
        for other in &one.others {
            let account = &mut self.accounts[other.source];
            let count = if kept { &mut account.merged } else { &mut account.filtered };
            *count += 1 + u64::from(other.weight);
        }
        if kept {
            self.zones.event(&one.event, 1);
            done.push((DONE, flags), &one.event, (one.standing.source, 0), self.file)?;
        }
        Ok(())
    }

    fn note_conflicts(&mut self, clashing: &[&Event]) {
        let mut of_instance: BTreeMap<Option<&str>, Vec<&Event>> = BTreeMap::new();
        for event in clashing {
            of_instance.entry(event.instance.as_deref()).or_default().push(event);
        }
        for same in of_instance.into_values() {
            let first = same[0];
            let mut keys: Vec<String> = same.iter().map(|event| key::hex(&key::content_key(event))).collect();
            keys.sort();
            let id = first.id.clone().unwrap_or_default();
            self.clashes.push(json!({ "id": id, "instance": first.instance, "keys": keys }));
            *self.conflicts.entry((id, first.instance.clone())).or_default() += same.len();
        }
    }
}

/// Splits into neighbours that belong together.
fn split(mut joined: Vec<Joined>, together: impl Fn(&Joined, &Joined) -> bool) -> Vec<Vec<Joined>> {
    let rank = |one: &Joined| {
        (one.event.id.clone(), one.standing.source, one.standing.local.clone(), one.event.instance.clone())
    };
    joined.sort_by_cached_key(rank);
    let mut groups: Vec<Vec<Joined>> = Vec::new();
    for one in joined {
        match groups.last_mut() {
            Some(group) if together(&group[0], &one) => group.push(one),
            _ => groups.push(vec![one]),
        }
    }
    groups
}

impl Record {
    fn of(chunk: &Chunk, row: usize, explained: bool) -> Self {
        Self {
            event: Box::new(chunk.rows.event(row)),
            source: chunk.source(row) as usize,
            local: chunk.meta.local.get(row).cloned().flatten(),
            weight: chunk.weight(row),
            explained,
        }
    }
}

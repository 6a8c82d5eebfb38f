//! Times of records: the plain forms of DTSTART, DTEND, DURATION and RECURRENCE-ID, and their columns.

use annals_core::table::{Builder, Code, Number, Rows, Text};
use annals_core::when::civil::{US_PER_DAY, US_PER_SECOND};
use annals_core::when::{Extent, Part, Precision, Qualifier};

use super::clock::{Clock, Clocks, Moment};
use super::content::Content;
use super::digits::{
    date, date_time, in_years, iso_date, iso_time, push_ascii, push_compact, push_compact_date, push_date, push_time,
    put_two, utc,
};

/// The time of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Times {
    At(Moment),
    /// The end is after the start; both float or neither does.
    Span(Moment, Moment),
    /// Days since 1970, the first and the last.
    Days(i64, i64),
}

/// A DATE or DATE-TIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    Day(i64),
    At(Moment),
}

/// What a property says; and whether annals writes it so.
fn point(line: &Content<'_>, clocks: &mut Clocks) -> Option<(Point, bool)> {
    let (params, value) = (line.params(), line.value());
    if params == ";VALUE=DATE" {
        return (value.len() == 8).then_some((Point::Day(date(value.as_bytes())?), true));
    }
    let moment = match params.strip_prefix(";TZID=") {
        Some(tzid) => {
            let local = date_time(value.as_bytes())?;
            let clock = clocks.find(tzid)?;
            let moment = clocks.local(clock, local);
            return Some((Point::At(moment), moment.shown == local));
        }
        None if !params.is_empty() => return None,
        None if value.ends_with('Z') => clocks.at(Clock::Utc, utc(value)?),
        None => clocks.at(Clock::Floating, date_time(value.as_bytes())?),
    };
    Some((Point::At(moment), true))
}

/// Days and seconds of a DURATION, of which one at least is not zero.
fn duration(text: &str) -> Option<(i64, i64)> {
    let mut rest = text.strip_prefix('P')?.as_bytes();
    let (mut days, mut seconds, mut timed) = (0, 0, false);
    while let Some((&first, after)) = rest.split_first() {
        if first == b'T' && !timed {
            (rest, timed) = (after, true);
            continue;
        }
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=5).contains(&count) {
            return None;
        }
        let number = rest[..count].iter().fold(0, |number, byte| number * 10 + i64::from(byte - b'0'));
        match (rest.get(count)?, timed) {
            (b'W', false) => days += number * 7,
            (b'D', false) => days += number,
            (b'H', true) => seconds += number * 3600,
            (b'M', true) => seconds += number * 60,
            (b'S', true) => seconds += number,
            _ => return None,
        }
        rest = &rest[count + 1..];
        if days > 1_000_000 || seconds > 1_000_000_000 {
            return None;
        }
    }
    (days + seconds > 0).then_some((days, seconds))
}

/// The time that DTSTART with DTEND or DURATION gives; and whether annals would write these lines.
pub(crate) fn read<'a>(mut lines: impl Iterator<Item = Content<'a>>, clocks: &mut Clocks) -> Option<(Times, bool)> {
    let (one, two) = (lines.next()?, lines.next());
    if lines.next().is_some() {
        return None;
    }
    let ordered = one.name() == "DTSTART";
    let (first, second) = if ordered { (one, two) } else { (two?, Some(one)) };
    if first.name() != "DTSTART" {
        return None;
    }
    let (start, start_plain) = point(&first, clocks)?;
    let (times, plain) = match (start, second) {
        (Point::Day(day), None) => (Times::Days(day, day), false),
        (Point::At(start), None) => (Times::At(start), true),
        (start, Some(second)) if second.name() == "DTEND" => {
            let (end, end_plain) = point(&second, clocks)?;
            (span(start, end)?, end_plain)
        }
        (start, Some(second)) if second.is_bare("DURATION") => {
            let (days, seconds) = duration(second.value())?;
            (lasting(start, days, seconds, clocks)?, false)
        }
        _ => return None,
    };
    Some((times, plain && start_plain && ordered))
}

fn span(start: Point, end: Point) -> Option<Times> {
    match (start, end) {
        (Point::Day(start), Point::Day(end)) => (end > start).then_some(Times::Days(start, end - 1)),
        (Point::At(start), Point::At(end)) => {
            let alike = (start.clock == Clock::Floating) == (end.clock == Clock::Floating);
            (alike && end.us > start.us).then_some(Times::Span(start, end))
        }
        _ => None,
    }
}

/// Days on the calendar, the rest on the clock.
fn lasting(start: Point, days: i64, seconds: i64, clocks: &mut Clocks) -> Option<Times> {
    match start {
        Point::Day(day) => {
            let whole = days + seconds / 86_400;
            let last = day + whole - 1;
            (seconds % 86_400 == 0 && in_years(last * US_PER_DAY)).then_some(Times::Days(day, last))
        }
        Point::At(start) => {
            let us = match days {
                0 => start.us,
                _ => clocks.local(start.clock, start.shown + days * US_PER_DAY).us,
            };
            let end = clocks.at(start.clock, us + seconds * US_PER_SECOND);
            in_years(end.shown).then_some(span(Point::At(start), Point::At(end)))?
        }
    }
}

/// The text of an instance; and whether annals writes its RECURRENCE-ID so in a record of this time.
pub(crate) fn read_instance(line: &Content<'_>, times: &Times, clocks: &mut Clocks, text: &mut String) -> Option<bool> {
    let (point, plain) = point(line, clocks)?;
    let own = clock_of(times).filter(|clock| *clock != Clock::Floating).unwrap_or(Clock::Utc);
    match point {
        Point::Day(day) => push_date(text, day),
        Point::At(Moment { clock, shown, us }) => {
            if clock != Clock::Floating && clock != own {
                return None;
            }
            push_time(text, if clock == Clock::Floating { shown } else { us });
            text.push_str(if clock == Clock::Floating { "" } else { "Z" });
        }
    }
    Some(plain)
}

fn clock_of(times: &Times) -> Option<Clock> {
    match times {
        Times::At(start) | Times::Span(start, _) => Some(start.clock),
        Times::Days(..) => None,
    }
}

/// Appends the RECURRENCE-ID of an instance, after its name.
pub(crate) fn write_instance(instance: &str, times: &Times, clocks: &mut Clocks, line: &mut String) -> Option<()> {
    let moment = match iso_time(instance) {
        None => {
            line.push_str(";VALUE=DATE:");
            push_compact_date(line, iso_date(instance.as_bytes())?);
            return Some(());
        }
        Some((local, false)) => clocks.at(Clock::Floating, local),
        Some((us, true)) => {
            let own = clock_of(times).filter(|clock| *clock != Clock::Floating);
            clocks.at(own.unwrap_or(Clock::Utc), us)
        }
    };
    write_moment(moment, clocks, line)
}

/// Appends parameters and value of a DATE-TIME. `None` if annals writes this one in an other way.
fn write_moment(moment: Moment, clocks: &mut Clocks, line: &mut String) -> Option<()> {
    if !in_years(moment.shown) || !clocks.is_plain(moment) {
        return None;
    }
    if let Clock::Named(_) = moment.clock {
        line.push_str(";TZID=");
        line.push_str(clocks.name(moment.clock));
    }
    line.push(':');
    push_compact(line, moment.shown);
    if moment.clock == Clock::Utc {
        line.push('Z');
    }
    Some(())
}

/// Appends a time of UTC as DATE-TIME. `None` if it is not whole seconds, or far away.
pub(crate) fn write_utc(us: i64, line: &mut String) -> Option<()> {
    if us % US_PER_SECOND != 0 || !in_years(us) {
        return None;
    }
    push_compact(line, us);
    line.push('Z');
    Some(())
}

impl Times {
    /// Gives each line that says the time to `put`.
    pub fn write(&self, clocks: &mut Clocks, line: &mut String, mut put: impl FnMut(&str)) -> Option<()> {
        let (start, end) = match *self {
            Times::Days(first, last) => (Point::Day(first), Some(Point::Day(last + 1))),
            Times::At(start) => (Point::At(start), None),
            Times::Span(start, end) => (Point::At(start), Some(Point::At(end))),
        };
        for (name, point) in [("DTSTART", Some(start)), ("DTEND", end)] {
            line.clear();
            line.push_str(name);
            match point {
                None => break,
                Some(Point::At(moment)) => write_moment(moment, clocks, line)?,
                Some(Point::Day(day)) => {
                    line.push_str(";VALUE=DATE:");
                    push_compact_date(line, day);
                }
            }
            put(line);
        }
        Some(())
    }

    /// Appends the EDTF. `None` if an offset has seconds.
    fn edtf(&self, text: &mut String) -> Option<()> {
        match *self {
            Times::At(at) => push_instant(text, at)?,
            Times::Span(start, end) => {
                push_instant(text, start)?;
                text.push('/');
                push_instant(text, end)?;
            }
            Times::Days(first, last) => {
                push_date(text, first);
                if last != first {
                    text.push('/');
                    push_date(text, last);
                }
            }
        }
        Some(())
    }

    /// Start and end, in microseconds.
    fn bounds(&self) -> (i64, i64) {
        match *self {
            Times::At(at) => (at.us, at.us + 1),
            Times::Span(start, end) => (start.us, end.us),
            Times::Days(first, last) => (first * US_PER_DAY, (last + 1) * US_PER_DAY),
        }
    }

    /// Sets the columns of a time.
    pub fn put(&self, clocks: &Clocks, columns: &mut Builder) -> Option<()> {
        columns.text_with(Text::Edtf, |text| self.edtf(text).ok_or(())).ok()?;
        let (start, end) = self.bounds();
        columns.number(Number::StartLo, start);
        columns.number(Number::StartHi, start);
        columns.number(Number::EndLo, end);
        columns.number(Number::EndHi, end);
        if !matches!(self, Times::At(_)) {
            columns.code(Code::Extent, Extent::Throughout as u8);
        }
        match *self {
            Times::Days(..) => columns.code(Code::Precision, Precision::Day as u8),
            Times::At(start) => columns.text(Text::Zone, clocks.name(start.clock)),
            Times::Span(start, end) => {
                columns.text(Text::Zone, clocks.name(start.clock));
                if end.clock != start.clock {
                    columns.text(Text::EndZone, clocks.name(end.clock));
                }
            }
        }
        Some(())
    }

    /// The time of a row, if its columns are those that [`Times::put`] sets.
    pub fn of(rows: &Rows, row: usize, clocks: &mut Clocks, scratch: &mut String) -> Option<Times> {
        let number = |column| rows.number(column, row);
        let (start, end) = (number(Number::StartLo)?, number(Number::EndLo)?);
        let exact = number(Number::StartHi)? == start && number(Number::EndHi)? == end;
        let plain = rows.code(Code::Qualifier, row) == Qualifier::None as u8
            && rows.code(Code::Part, row) == Part::Whole as u8
            && rows.nanos(row) == 0
            && rows.text(Text::Said, row).is_none();
        if !(exact && plain && in_years(start) && in_years(end)) {
            return None;
        }
        let lasts = rows.code(Code::Extent, row) == Extent::Throughout as u8;
        let (zone, end_zone) = (rows.text(Text::Zone, row), rows.text(Text::EndZone, row));
        let precision = rows.code(Code::Precision, row);
        let times = match zone {
            None => {
                let days = start % US_PER_DAY == 0 && end % US_PER_DAY == 0 && end > start;
                if !(days && lasts && end_zone.is_none() && precision == Precision::Day as u8) {
                    return None;
                }
                Times::Days(start / US_PER_DAY, end / US_PER_DAY - 1)
            }
            Some(zone) => {
                if precision != Precision::Second as u8 || start % US_PER_SECOND != 0 {
                    return None;
                }
                let clock = clock_named(zone, clocks)?;
                let first = clocks.at(clock, start);
                if lasts {
                    let end_clock = match end_zone {
                        Some(name) => Some(clock_named(name, clocks)?).filter(|end| *end != clock)?,
                        None => clock,
                    };
                    let last = clocks.at(end_clock, end);
                    if end % US_PER_SECOND != 0 { None } else { span(Point::At(first), Point::At(last)) }?
                } else if end == start + 1 && end_zone.is_none() {
                    Times::At(first)
                } else {
                    return None;
                }
            }
        };
        scratch.clear();
        times.edtf(scratch)?;
        (rows.text(Text::Edtf, row)? == scratch).then_some(times)
    }
}

fn clock_named(name: &str, clocks: &mut Clocks) -> Option<Clock> {
    match name {
        "UTC" => Some(Clock::Utc),
        "floating" => Some(Clock::Floating),
        _ => clocks.find(name),
    }
}

/// Appends an instant as core writes it.
fn push_instant(text: &mut String, at: Moment) -> Option<()> {
    push_time(text, at.shown);
    match at.clock {
        Clock::Floating => {}
        Clock::Utc => text.push('Z'),
        Clock::Named(_) => {
            let offset = (at.shown - at.us) / US_PER_SECOND;
            if offset % 60 != 0 {
                return None;
            }
            let minutes = (offset.unsigned_abs() / 60) as u32;
            let mut shift = *b"+00:00";
            shift[0] = if offset < 0 { b'-' } else { b'+' };
            put_two(&mut shift, 1, minutes / 60);
            put_two(&mut shift, 4, minutes % 60);
            push_ascii(text, &shift);
        }
    }
    Some(())
}

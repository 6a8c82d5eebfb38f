//! The words that date phrases are made of.

use super::super::Part;

/// What a word does in a date phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Month 1-12.
    Month(i64),
    /// EDTF season 21-24.
    Season(i64),
    /// Day of the week, Monday = 0.
    Weekday(i64),
    /// A number as a word; -1 is the last.
    Ordinal(i64),
    /// BC or AD.
    Era(Era),
    Century,
    Millennium,
    Quarter,
    Half,
    /// "day in 1872": the digits that stay open.
    Somewhere(Somewhere),
    Uncertain,
    Approximate,
    Part(Part),
    /// Until now.
    Present,
    /// Adds nothing.
    Filler,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    Bc,
    Ad,
}

/// The unit that is not told in "day in 1872".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Somewhere {
    Day,
    Month,
    /// Coarser units say nothing that the date does not.
    Year,
}

/// How a phrase limits its date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// A moment no later than the date: `[..B]`
    Before,
    /// A moment no earlier than the date: `[A..]`
    After,
    /// A state up to the date: `../B`
    Until,
    /// A state from the date on: `A/..`
    Since,
}

/// What `word` means; lower case, without dots. The word `c` is left to the reader: circa or century.
pub(super) fn lookup(word: &str) -> Option<Word> {
    TABLE.iter().find(|(names, _)| names.contains(&word)).map(|(_, meaning)| *meaning)
}

#[rustfmt::skip]
const TABLE: &[(&[&str], Word)] = &[
    (&["january", "jan"], Word::Month(1)),
    (&["february", "feb", "febr"], Word::Month(2)),
    (&["march", "mar"], Word::Month(3)),
    (&["april", "apr"], Word::Month(4)),
    (&["may"], Word::Month(5)),
    (&["june", "jun"], Word::Month(6)),
    (&["july", "jul"], Word::Month(7)),
    (&["august", "aug"], Word::Month(8)),
    (&["september", "sept", "sep"], Word::Month(9)),
    (&["october", "oct"], Word::Month(10)),
    (&["november", "nov"], Word::Month(11)),
    (&["december", "dec"], Word::Month(12)),
    (&["spring"], Word::Season(21)),
    (&["summer"], Word::Season(22)),
    (&["autumn", "fall"], Word::Season(23)),
    (&["winter"], Word::Season(24)),
    (&["monday", "mon"], Word::Weekday(0)),
    (&["tuesday", "tue", "tues"], Word::Weekday(1)),
    (&["wednesday", "wed"], Word::Weekday(2)),
    (&["thursday", "thu", "thur", "thurs"], Word::Weekday(3)),
    (&["friday", "fri"], Word::Weekday(4)),
    (&["saturday", "sat"], Word::Weekday(5)),
    (&["sunday", "sun"], Word::Weekday(6)),
    (&["first"], Word::Ordinal(1)),
    (&["second"], Word::Ordinal(2)),
    (&["third"], Word::Ordinal(3)),
    (&["fourth"], Word::Ordinal(4)),
    (&["fifth"], Word::Ordinal(5)),
    (&["sixth"], Word::Ordinal(6)),
    (&["seventh"], Word::Ordinal(7)),
    (&["eighth"], Word::Ordinal(8)),
    (&["ninth"], Word::Ordinal(9)),
    (&["tenth"], Word::Ordinal(10)),
    (&["eleventh"], Word::Ordinal(11)),
    (&["twelfth"], Word::Ordinal(12)),
    (&["thirteenth"], Word::Ordinal(13)),
    (&["fourteenth"], Word::Ordinal(14)),
    (&["fifteenth"], Word::Ordinal(15)),
    (&["sixteenth"], Word::Ordinal(16)),
    (&["seventeenth"], Word::Ordinal(17)),
    (&["eighteenth"], Word::Ordinal(18)),
    (&["nineteenth"], Word::Ordinal(19)),
    (&["twentieth"], Word::Ordinal(20)),
    (&["last"], Word::Ordinal(-1)),
    (&["bc", "bce"], Word::Era(Era::Bc)),
    (&["ad", "ce"], Word::Era(Era::Ad)),
    (&["century", "centuries", "cent"], Word::Century),
    (&["millennium", "millennia", "millenium"], Word::Millennium),
    (&["quarter", "q"], Word::Quarter),
    (&["half", "h"], Word::Half),
    (&["day"], Word::Somewhere(Somewhere::Day)),
    (&["month"], Word::Somewhere(Somewhere::Month)),
    (&["year", "decade"], Word::Somewhere(Somewhere::Year)),
    (&["possibly", "probably", "perhaps", "maybe", "uncertain", "guess"], Word::Uncertain),
    (&["ca", "circa", "about", "around", "roughly", "approx", "approximate", "approximately", "approximated"],
        Word::Approximate),
    (&["early", "beginning", "start"], Word::Part(Part::Early)),
    (&["mid", "middle"], Word::Part(Part::Mid)),
    (&["late", "end"], Word::Part(Part::Late)),
    // "mid to late 1990s", joined by the tokenizer.
    (&[SEVERAL_PARTS], Word::Part(Part::Whole)),
    (&["present", "now", "today", "ongoing"], Word::Present),
    (&["the", "of", "in", "on", "during", "a", "dated", "somewhere", "sometime", "active", "fl"], Word::Filler),
];

/// Stands for two part words in a row.
pub(super) const SEVERAL_PARTS: &str = "\u{1}";

/// Phrases before a date that limit it.
pub(super) const LIMITS_BEFORE: &[(&[&str], Limit)] = &[
    (&["before"], Limit::Before),
    (&["until"], Limit::Until),
    (&["till"], Limit::Until),
    (&["pre"], Limit::Before),
    (&["up", "to"], Limit::Until),
    (&["prior", "to"], Limit::Before),
    (&["earlier", "than"], Limit::Before),
    (&["not", "after"], Limit::Before),
    (&["not", "later", "than"], Limit::Before),
    (&["no", "later", "than"], Limit::Before),
    (&["after"], Limit::After),
    (&["since"], Limit::Since),
    (&["post"], Limit::After),
    (&["later", "than"], Limit::After),
    (&["not", "before"], Limit::After),
    (&["not", "earlier", "than"], Limit::After),
    (&["no", "earlier", "than"], Limit::After),
];

/// Phrases after a date that limit it.
pub(super) const LIMITS_AFTER: &[(&[&str], Limit)] = &[
    (&["or", "earlier"], Limit::Before),
    (&["or", "before"], Limit::Before),
    (&["or", "later"], Limit::After),
    (&["or", "after"], Limit::After),
    (&["and", "later"], Limit::Since),
    (&["onward"], Limit::Since),
    (&["onwards"], Limit::Since),
];

/// Words between the start and the end of a range.
pub(super) const RANGE_WORDS: &[&str] = &["to", "until", "till", "through", "thru"];

/// Words that are joined to the next by a hyphen: "mid-1860s", "pre-1900".
pub(super) const HYPHENATED: &[&str] = &["early", "mid", "late", "pre", "post"];

/// Whole phrases that say there is no date.
pub(super) const UNDATED: &[&str] =
    &["unknown", "undated", "nd", "sd", "no date", "date unknown", "unknown date", "not dated", "not known"];

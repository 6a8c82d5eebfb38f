//! What hostile plugins do, and how it has to end. `tests/plugins/hostile/README.md` is this table for people.

use End::{Contained, Fails, Free, Reads};

/// How a case ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It does no harm: exit code 0, as if nothing were.
    Reads,
    /// Nothing is written: exit code, and what the error says.
    Fails(i32, &'static str),
    /// It is kept from what it tries: it says so itself, or is ended for it with exit code 3.
    Contained,
    /// Nothing in the same process can prevent it. A plugin that the user has approved is free to do so.
    Free,
}

/// A case: its name, and how it ends in this process and in a worker.
pub type Case = (&'static str, End, End);

/// The same wherever the plugin runs.
const fn both(name: &'static str, end: End) -> Case {
    (name, end, end)
}

const fn plugin(name: &'static str, says: &'static str) -> Case {
    both(name, Fails(3, says))
}

const fn input(name: &'static str, says: &'static str) -> Case {
    both(name, Fails(2, says))
}

const fn fine(name: &'static str) -> Case {
    both(name, Reads)
}

/// What only a process of its own survives.
const fn ends(name: &'static str, says: &'static str) -> Case {
    (name, Free, Fails(3, says))
}

/// What is told in process, and is nothing to a worker, which is not asked for it.
const fn here(name: &'static str, end: End) -> Case {
    (name, end, Reads)
}

/// It ends the process as if all were done.
const fn exits(name: &'static str) -> Case {
    (name, Fails(3, ENDED), Fails(3, EXITED))
}

/// What is said when a plugin has ended the program itself, and when it has ended a worker.
pub const ENDED: &str = "a plugin ended the program";
const EXITED: &str = "it ended before it was done, with exit code 0";

const fn kept(name: &'static str) -> Case {
    (name, Free, Contained)
}

/// `descriptors.c`: each is a library `libannals_CASE.so`.
pub const DESCRIPTORS: &[Case] = &[
    fine("size_huge"),
    fine("format_size_huge"),
    fine("minor_newer"),
    fine("no_formats"),
    fine("bare"),
    fine("summary_not_utf8"),
    fine("summary_commands"),
    input("wrong_magic", "its descriptor does not begin with the magic of an annals plugin"),
    input("newer_major", "it speaks version 2 of the plugin ABI"),
    input("size_zero", "its descriptor is too small (0 bytes)"),
    input("size_short", "its descriptor is too small (87 bytes)"),
    input("all_zero", "its descriptor does not begin with the magic"),
    input("misaligned", "its descriptor is misaligned"),
    input("id_null", "its text `id` is NULL, but not empty"),
    input("id_empty", "its id \"\" is not of lower-case letters"),
    input("id_not_utf8", "its id \"id\u{fffd}\" is not of lower-case letters"),
    input("id_huge", "its text `id` is 18446744073709551615 bytes long"),
    input("version_null", "its text `version` is NULL, but not empty"),
    input("manifest_null", "its text `manifest` is NULL, but not empty"),
    input("manifest_huge", "its text `manifest` is 4611686018427387904 bytes long"),
    input("formats_null", "its list of formats is NULL or misaligned"),
    input("list_misaligned", "its list of formats is NULL or misaligned"),
    input("formats_huge", "it says it has 1099511627776 formats; at most 256 can be"),
    input("formats_most", "it says it has 18446744073709551615 formats"),
    input("format_null", "format 2 of its list is NULL or misaligned"),
    input("format_misaligned", "format 1 of its list is NULL or misaligned"),
    input("format_twice", "it has two formats `format_twice`"),
    input("format_size_zero", "a format's descriptor is too small (0 bytes)"),
    input("name_null", "its text `name` is NULL, but not empty"),
    input("name_empty", "a format has the name \"\""),
    input("name_with_nul", "a format has the name \"a\\0b\""),
    input("name_with_colon", "a format has the name \"a:b\""),
    input("name_not_utf8", "a format has the name \"a\u{fffd}\""),
    input("name_long", "a format has the name \"aaaa"),
    input("summary_null", "its text `summary` is NULL, but not empty"),
    input("extensions_null", "its text `extensions` is NULL, but not empty"),
    input("media_types_null", "its text `media_types` is NULL, but not empty"),
    input("options_null", "its text `options` is NULL, but not empty"),
    input("example_null", "its text `example` is NULL, but not empty"),
    input("options_no_json", "an options schema that is not a JSON object"),
    input("options_array", "an options schema that is not a JSON object"),
    input("options_deep", "an options schema that is not a JSON object"),
    input("options_of_no_objects", "an options schema whose properties are no objects"),
    input("no_stats", "has `open_import` but no `stream_stats`"),
];

/// `spoil.c`: schemas.
pub const SCHEMAS: &[Case] = &[
    plugin("schema-fails", "no reason given"),
    plugin("schema-fails-aloud", "the tape is torn"),
    plugin("schema-unfilled", "bad schema: a field's format is missing"),
    plugin("schema-format-null", "bad schema: a field's format is missing"),
    plugin("schema-format-empty", "bad schema: a field's format is missing"),
    plugin("schema-format-long", "bad schema: a field's format is missing, too long"),
    plugin("schema-format-not-utf8", "bad schema: a field's format is missing, too long or not UTF-8"),
    plugin("schema-format-unknown", "bad schema: The datatype"),
    plugin("schema-no-struct", "bad schema: Unable to interpret"),
    plugin("schema-name-null", "a column `` that the event table has not"),
    plugin("schema-name-not-utf8", "bad schema: a field's name is too long or not UTF-8"),
    plugin("schema-children-negative", "bad schema: its number of children is out of range"),
    plugin("schema-children-huge", "bad schema: its number of children is out of range"),
    plugin("schema-children-null", "bad schema: its list of children is NULL"),
    plugin("schema-child-null", "bad schema: a child is NULL"),
    plugin("schema-list-without-item", "bad schema: a nested field has no child"),
    plugin("schema-cycle", "bad schema: it is nested too deep"),
    plugin("schema-deep", "bad schema: it is nested too deep"),
    plugin("schema-dictionary", "bad schema: a field is encoded by a dictionary"),
    plugin("schema-metadata-none", "the table's metadata has no `annals.schema`"),
    plugin("schema-metadata-negative", "bad schema: its metadata has a length that is out of range"),
    plugin("schema-metadata-huge", "bad schema: its metadata has a length that is out of range"),
    plugin("schema-metadata-many", "bad schema: its metadata has a length that is out of range"),
    plugin("schema-version", "the table has schema version 2, not 1"),
    plugin("column-extra", "the table has a column `titel` that the event table has not"),
    plugin("column-twice", "the table has two columns `title`"),
    plugin("column-of-another-type", "column `title` is of type Int64, not Utf8"),
    fine("column-missing"),
    fine("columns-none"),
    plugin("columns-none-rows", "bad batch: the batch has 0 children, not 5"),
];

/// `spoil.c`: batches.
pub const BATCHES: &[Case] = &[
    plugin("length-negative", "bad batch: it has -1 rows"),
    plugin("length-huge", "bad batch: it has 4611686018427387904 rows"),
    plugin("length-most", "bad batch: it has 9223372036854775807 rows"),
    plugin("rows-too-many", "bad batch: it has 1048577 rows; at most 1048576 can be"),
    plugin("column-length-negative", "bad batch: column `title` has -1 values for 2 rows"),
    plugin("column-length-huge", "bad batch: column `title` has a length of 9223372036854775807"),
    plugin("column-short", "bad batch: column `title` has 1 values for 2 rows"),
    fine("column-long"),
    plugin("offset-negative", "bad batch: the batch has a length of 2 from offset -1"),
    plugin("offset-beyond", "bad batch: column `title` has 2 values for 3 rows"),
    plugin("offset-most", "bad batch: the batch has a length of 2 from offset 9223372036854775807"),
    plugin("column-offset-negative", "bad batch: column `title` has a length of 2 from offset -2"),
    plugin("column-offset-most", "bad batch: column `title` has a length of 2 from offset 9223372036854775806"),
    fine("offset-good"),
    plugin("nulls-negative", "bad batch: column `title` has -5 nulls in 2 rows"),
    fine("nulls-unknown"),
    plugin("nulls-too-many", "bad batch: column `title` has 3 nulls in 2 rows"),
    plugin("nulls-nowhere", "bad batch: column `title` has nulls but does not say where"),
    plugin("nulls-fewer-than-told", "bad batch: column `title`: null_count value (1) doesn't match"),
    // Nobody looks where no null is told.
    fine("nulls-more-than-told"),
    plugin("null-row", "bad batch: a row that is null"),
    plugin("null-code", "column `extent` has a null, which it may not"),
    plugin("null-list", "column `tags` has a null, which it may not"),
    plugin("null-tag", "column `tags` has a null, which it may not"),
    plugin("code-unknown", "row 1 of column `extent` has the unknown code 9"),
    plugin("nanos-above", "row 1 of column `start_nanos` is above 999"),
    plugin("dictionary", "bad batch: column `title` has a dictionary"),
    fine("times-extreme"),
    plugin("array-released", "the plugin says 2 events and 0 rejects, but gave 0 and 0"),
    plugin("buffers-none", "bad batch: column `title` has 0 buffers, not 3"),
    plugin("buffers-negative", "bad batch: column `title` has -3 buffers, not 3"),
    plugin("buffers-many", "bad batch: column `title` has 1099511627776 buffers, not 3"),
    plugin("buffers-null", "bad batch: column `title` has a list of buffers that is NULL"),
    plugin("batch-buffers-none", "bad batch: the batch has 0 buffers, not 1"),
    plugin("children-none", "bad batch: the batch has 0 children, not 5"),
    plugin("children-negative", "bad batch: the batch is wrong: its number of children is out of range"),
    plugin("children-many", "bad batch: the batch is wrong: its number of children is out of range"),
    plugin("children-null", "bad batch: the batch is wrong: its list of children is NULL"),
    plugin("child-null", "bad batch: the batch is wrong: a child is NULL"),
    plugin("list-children-none", "bad batch: column `tags` has 0 children, not 1"),
    plugin("values-null", "bad batch: column `start_lo` has no values"),
    plugin("text-null", "bad batch: column `title` has no bytes"),
    plugin("offsets-null", "bad batch: column `title` has offsets that are NULL or misaligned"),
    plugin("offsets-negative", "bad batch: column `title` has the negative offset -3"),
    plugin("offsets-all-negative", "bad batch: column `title` has the negative offset -9"),
    plugin("offsets-falling", "bad batch: column `title` has offsets that fall from 9 to 6"),
    plugin("last-offset-negative", "bad batch: column `title` has offsets that fall from 3 to -1"),
    plugin("offsets-misaligned", "bad batch: column `title` has offsets that are NULL or misaligned"),
    // Values are copied to where they are aligned.
    fine("values-misaligned"),
    plugin("list-offsets-negative", "bad batch: column `tags` has the negative offset -1"),
    plugin("list-offsets-falling", "bad batch: column `tags` has offsets that fall from 2 to 1"),
    plugin("list-offsets-beyond", "bad batch: column `tags` has 1 items, but offsets up to 1000"),
    plugin("text-not-utf8", "bad batch: column `title`: Invalid UTF8 sequence"),
    plugin("text-cut-inside-a-character", "bad batch: column `title`: incomplete utf-8 byte sequence"),
    fine("text-with-nul"),
    plugin("tag-not-utf8", "bad batch: column `tags`: "),
    fine("views-good"),
    plugin("views-wild", "bad batch: column `title`: "),
    plugin("views-of-no-buffer", "bad batch: column `title`: "),
    plugin("views-length-negative", "bad batch: column `title`: "),
    plugin("views-not-utf8", "bad batch: column `title`: "),
    plugin("views-size-negative", "bad batch: column `title` has a buffer whose length is out of range"),
    plugin("views-size-huge", "bad batch: column `title` has a buffer whose length is out of range"),
    plugin("views-sizes-null", "bad batch: column `title` does not say how long its buffers are"),
    plugin("views-buffers-many", "bad batch: column `title` has 8589934592 buffers"),
    plugin("views-buffers-few", "bad batch: column `title` has 2 buffers"),
    // The interface does not say how long a buffer is.
    ends("buffer-short", ""),
    ends("buffer-nowhere", "it crashed (SIG"),
    ends("offsets-nowhere", "it crashed (SIG"),
];

/// `hostile.c`, `tell.c`: streams, errors, accounts, and what is told to the host.
pub const CALLS: &[Case] = &[
    input("open-error-silent", "the plugin gives no reason"),
    input("open-error-text", "the tape is torn"),
    plugin("open-error-of-plugin", "the tape is torn"),
    input("open-error-null", "the plugin gives no reason"),
    input("open-error-huge", "the plugin gives no reason"),
    input("open-error-nul", "torn\u{fffd} tape"),
    input("open-error-not-utf8", "the t\u{fffd}pe"),
    input("open-error-commands", "\u{fffd}[2J\u{fffd}]0;x\u{fffd} torn"),
    input("open-error-wild", "the tape is torn"),
    plugin("open-error-kind", "the tape is torn"),
    plugin("open-gives-nothing", "the stream lacks a callback"),
    fine("open-succeeds-with-error"),
    plugin("stream-without-next", "the stream lacks a callback"),
    plugin("stream-without-schema", "the stream lacks a callback"),
    fine("stream-without-errors"),
    fine("stream-release-kept"),
    fine("calls-in-release"),
    input("next-error-null", "no reason given"),
    input("next-error-negative", "no reason given"),
    input("next-error-text", "the tape is torn"),
    input("next-error-not-utf8", "the t\u{fffd}pe is torn"),
    input("next-error-commands", "\u{fffd}[2Jthe tape is torn"),
    input("next-error-full", "the tape is torn"),
    plugin("next-error-full-of-plugin", "the tape is torn"),
    fine("out-unfilled"),
    plugin("stats-fail", "the plugin ended the stream without completing the import"),
    plugin("stats-unfilled", "the plugin ended the stream without completing the import"),
    plugin("stats-incomplete", "the plugin ended the stream without completing the import"),
    plugin("stats-more", "the plugin says 3 events and 0 rejects, but gave 2 and 0"),
    plugin("stats-fewer", "the plugin says 1 events and 0 rejects, but gave 2 and 0"),
    plugin("stats-rejects", "the plugin says 2 events and 1 rejects, but gave 2 and 0"),
    plugin("stats-unbalanced", "the plugin's account does not balance: read 3 != 2 + 0 + 0"),
    plugin("stats-overflow", "the plugin's account does not balance: read 1 != 2 + 0 + 18446744073709551615"),
    plugin("stats-all-ones", "the plugin says 18446744073709551615 events"),
    plugin("empty-batches", "more than 1000 batches without rows, for which it read nothing"),
    plugin("note-small", "the plugin broke the ABI: a note of 8 bytes"),
    plugin("note-kind-0", "the plugin broke the ABI: a note of the unknown kind 0"),
    plugin("note-kind-wild", "the plugin broke the ABI: a note of the unknown kind 4294967295"),
    plugin("note-text-null", "the plugin broke the ABI: a note whose text is no text"),
    plugin("note-text-huge", "the plugin broke the ABI: a note whose text is no text"),
    plugin("note-bytes-huge", "the plugin broke the ABI: a note whose bytes is no text"),
    plugin("note-unasked", "the plugin says 2 events and 0 rejects, but gave 2 and 1"),
    fine("note-null"),
    plugin("notes-many", "the plugin broke the ABI: more than 65536 notes about 0 bytes"),
    plugin("notes-of-many-codes", "the plugin broke the ABI: notes of more than 256 codes"),
    plugin("fact-no-json", "the plugin broke the ABI: a fact `k` that is not JSON"),
    plugin("fact-empty", "the plugin broke the ABI: a fact `k` that is not JSON"),
    plugin("fact-deep", "the plugin broke the ABI: a fact `k` that is not JSON: recursion limit"),
    plugin("fact-null", "the plugin broke the ABI: a fact of which one part is no text"),
    plugin("fact-huge", "the plugin broke the ABI: a fact of which one part is no text"),
    plugin("facts-small", "the plugin broke the ABI: more than 65536 facts about 0 bytes"),
    plugin("facts-the-same", "the plugin broke the ABI: more than 65536 facts about 0 bytes"),
    plugin("facts-large", "the plugin broke the ABI: more than 67108864 bytes of facts about 0 bytes"),
    fine("call-extension"),
    fine("call-progress"),
    fine("call-without-context"),
    fine("call-read-null"),
    fine("call-read-behind-the-end"),
];

/// `tell.c`: records outside the windows of a filter.
pub const OUTSIDE: &[Case] = &[
    // It is nowhere in the input, which therefore seems to have changed.
    here("outside-nowhere", Fails(2, "it has changed while it was read")),
    here("outside-no-line", Fails(3, "line 0, row 0, out of order")),
    here("outside-backwards", Fails(3, "at byte 0, line 1, row 0, out of order")),
    here("outside-small", Fails(3, "the plugin broke the ABI: a record outside the windows that is none")),
    here("outside-id-null", Fails(3, "the plugin broke the ABI: a record outside the windows that is none")),
    here("outside-id-huge", Fails(3, "the plugin broke the ABI: a record outside the windows that is none")),
    here("outside-id-not-utf8", Fails(3, "a record outside the windows whose id is not UTF-8")),
    here("outside-row-wild", Fails(3, "the plugin told of a record behind row 18446744073709551615")),
];

/// `hostile.c`: exports.
pub const EXPORTS: &[Case] = &[
    fine("writes"),
    fine("releases-twice"),
    input("open-error-silent", "the plugin gives no reason"),
    input("open-error-nul", "torn\u{fffd} tape"),
    plugin("open-error-of-plugin", "the tape is torn"),
    plugin("write-null", "the plugin broke the ABI: it writes bytes that are none"),
    plugin("write-huge", "the plugin broke the ABI: it writes bytes that are none"),
    plugin("write-null-ignored", "the plugin broke the ABI: it writes bytes that are none"),
    plugin("takes-nothing", "the plugin did not take all events"),
    plugin("takes-nothing-claims-one", "the plugin did not take all events"),
    plugin("releases-unread", "the plugin did not take all events"),
    plugin("takes-one-batch", "the plugin did not take all events"),
    plugin("claims-more", "the plugin did not take all events"),
    plugin("claims-fewer", "the plugin's account does not balance"),
    plugin("omits-untold", "the plugin's account does not balance"),
    plugin("stats-overflow", "the plugin's account does not balance"),
    plugin("stats-unfilled", "the plugin did not take all events"),
];

/// `act.c`: what is done to the process and around it.
pub const ACTS: &[Case] = &[
    ends("segfault", "it crashed (SIGSEGV"),
    ends("segfault-schema", "it crashed (SIGSEGV"),
    ends("segfault-next", "it crashed (SIGSEGV"),
    ends("segfault-stats", "it crashed (SIGSEGV"),
    ends("segfault-release", "it crashed (SIGSEGV"),
    ends("abort", "it crashed (SIGABRT"),
    ends("abort-next", "it crashed (SIGABRT"),
    ends("trap", "it crashed (SIG"),
    exits("exit"),
    exits("exit-next"),
    ends("exit-at-once", EXITED),
    ends("exit-at-once-next", EXITED),
    ("kill-itself", Free, Reads),
    ends("stack", "it crashed (SIG"),
    ends("hang", "it gave no sign of life for 1 s"),
    ends("hang-next", "it gave no sign of life for 1 s"),
    ends("hang-stats", "it gave no sign of life for 1 s"),
    ends("sleep", "it gave no sign of life for 1 s"),
    ends("babble", "what it writes is not the protocol"),
    // Killed when it has closed its output, or dead of that before.
    ends("closes", ""),
    kept("hog"),
    kept("fork"),
    fine("threads"),
    kept("network"),
    kept("read-outside"),
    kept("write-outside"),
    kept("descriptors"),
    kept("parent"),
    kept("run"),
    kept("new-code"),
    ("noise", Free, Reads),
];

/// `act.c`: the same while an output is written.
pub const EXPORT_ACTS: &[Case] = &[
    ends("segfault-export", "it crashed (SIGSEGV"),
    ends("abort-export", "it crashed (SIGABRT"),
    ends("hang-export", "it gave no sign of life for 1 s"),
    exits("exit-export"),
    kept("write-outside-export"),
];

/// `act.c`: the same where the library is loaded, and where it looks at an input.
pub const CONSTRUCTORS: &[Case] = &[
    ("segfault", Free, Fails(2, "it crashed (SIGSEGV")),
    ("abort", Free, Fails(2, "it crashed (SIGABRT")),
    ("exit", Fails(3, ENDED), Fails(2, EXITED)),
    ("exit-at-once", Free, Fails(2, EXITED)),
    ("hang", Free, Fails(2, "it gave no sign of life for 1 s")),
    kept("fork"),
    kept("write-outside"),
];

/// `hostile.c`: what an input of unknown format makes it do. The name is the first line of the input.
pub const SNIFFS: &[Case] = &[
    fine("sniff-above"),
    fine("sniff-most"),
    input("sniff-below", "cannot tell the format"),
    ("segfault-sniff", Free, Fails(2, "cannot tell the format")),
    ("hang-sniff", Free, Fails(2, "cannot tell the format")),
];

/// `unruly/`
pub const UNRULY: &[Case] = &[
    fine("well"),
    plugin("panic-open", "the plugin panicked: panic in open"),
    plugin("panic-next", "the plugin panicked: panic in next"),
    plugin("panic-later", "the plugin panicked: panic later"),
    plugin("panic-of-number", "the plugin panicked: no message"),
    plugin("panic-of-panic", "the plugin panicked: no message"),
    plugin("panic-with-nul", "the plugin panicked: panic \u{fffd} \u{fffd}[2J"),
    fine("panic-drop"),
    fine("thread-panics"),
    input("error-large", "xxxx\u{2026}"),
    input("error-with-nul", "torn\u{fffd} tape"),
    plugin("allocation-huge", "the plugin panicked: capacity overflow"),
    ends("allocation-large", "memory allocation of"),
    fine("column-fills"),
    fine("fact-large"),
    fine("threads"),
    ends("stack", "it crashed (SIG"),
    ends("abort", "it crashed (SIGABRT"),
    ends("panic-twice", "it crashed (SIGABRT"),
];

/// `unruly/`: exports.
pub const UNRULY_EXPORTS: &[Case] = &[
    fine("well"),
    plugin("panic-export", "the plugin panicked: panic in export"),
    plugin("panic-export-late", "the plugin panicked: panic after all was written"),
];

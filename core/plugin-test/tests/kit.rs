//! The kit finds what is wrong with formats that write.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use annals_core::plugin::Out;
use annals_core::{Error, Event, Export, Exporter, Format, FormatInfo, Import, ImportRequest, Importer, Input};
use annals_plugin_test::kit::{Trial, Verdict, named};
use annals_plugin_test::{Subject, format};

const fn info(name: &'static str) -> FormatInfo {
    let example = "annals merge a.ics -t titles";
    FormatInfo { name, summary: "ids and titles, as JSON", extensions: "", media_types: "", options: "{}", example }
}

macro_rules! formats {
    ($($format:ident $name:literal)*) => {
        $(
            struct $format;
            impl Format for $format {
                const INFO: FormatInfo = info($name);
            }
            impl Importer for $format {
                fn open(mut input: Box<dyn Input>, _: ImportRequest) -> Result<Box<dyn Import>, Error> {
                    let mut text = String::new();
                    input.read_to_string(&mut text)?;
                    Ok(Box::new(Lines(text.lines().rev().map(str::to_owned).collect())))
                }
            }
            impl Exporter for $format {
                fn export(cx: &mut Export<'_>) -> Result<(), Error> {
                    write(cx, $name)
                }
            }
        )*
    };
}
formats! { Forgets "forgets" Tells "tells" Drops "drops" Counts "counts" Strange "strange" Panics "panics" Mute "mute" }

annals_core::plugin! {
    id: "wrong", version: "1.0.0",
    formats: [
        Forgets: import export, Tells: import export, Drops: import export, Counts: import export, Strange: import export,
        Panics: import export, Mute: import export,
    ]
}

/// The lines, the last first.
struct Lines(Vec<String>);

impl Import for Lines {
    fn step(&mut self, out: &mut Out<'_>) -> Result<bool, Error> {
        let Some(line) = self.0.pop() else { return Ok(false) };
        let (id, title) = serde_json::from_str(&line).map_err(|error| Error::new(error.to_string()))?;
        out.event(Event { id: Some(id), title, ..Event::default() });
        Ok(true)
    }
}

fn write(cx: &mut Export<'_>, how: &str) -> Result<(), Error> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    let mut count = 0;
    while let Some(event) = cx.next_event()? {
        count += 1;
        match how {
            "tells" => cx.lossy(Some(&event), "fields", "only its id and its title are written"),
            "drops" if count % 2 == 0 => {
                cx.omit(&event, "even", "every other event is left out");
                continue;
            }
            // Says that it is lossy, and loses all of it.
            "drops" => {
                cx.lossy(Some(&event), "fields", "not much is written");
                continue;
            }
            "strange" => cx.lossy(Some(&Event::new().id("who")), "fields", "it is lossy"),
            "panics" if count == 7 => panic!("seven"),
            "mute" => return Err(Error::new("")),
            _ => {}
        }
        let line = serde_json::to_string(&(&event.id, &event.title)).map_err(|error| Error::new(error.to_string()))?;
        writeln!(cx, "{line}")?;
    }
    if how == "counts" {
        writeln!(cx, "[\"{calls}\", null]")?;
    }
    Ok(())
}

#[track_caller]
fn check(name: &str, test: &str, expected: &str) {
    let format = format(&PLUGIN, name);
    assert!(format.about().can_import);
    let trial = Trial { subject: &format, samples: &[], cuts: 10, fuzz: None, timed: false, at: &|_| {} };
    let verdict = match (named(test).unwrap().run)(&trial) {
        Verdict::Passed(text) => format!("passed: {text}"),
        Verdict::Skipped(text) => format!("skipped: {text}"),
        Verdict::Failed(failures) => format!("failed: {}", failures.join("\n")),
    };
    assert!(verdict.starts_with(expected), "{name}, {test}: {verdict}");
}

#[test]
fn what_comes_back_is_compared() {
    check("tells", "round-trip", "passed: 0 events equal, 600 told as lossy, 0 omitted");
    check("forgets", "round-trip", "failed: made-up events, event Some(");
    check("drops", "round-trip", "failed: made-up events: 150 events written, and 0 come back");
    check("counts", "round-trip", "failed: made-up events: 300 events written, and 301 come back");
}

#[test]
fn exports_are_compared_with_one_another() {
    check("tells", "export", "passed: 200 events, 0 omitted");
    check("counts", "export", "failed: written again in batches of 100: first [\"");
    check("strange", "export", "failed: 200 made-up events: a note names an event that was not given: Some(\"who\")");
    check("panics", "export", "failed: 200 made-up events: the plugin is at fault: the plugin panicked: seven");
    check("mute", "export", "failed: 200 made-up events: it is refused without a reason");
}

#[test]
fn what_was_not_there_is_told() {
    check("tells", "samples", "skipped: there are no samples of it");
    check("tells", "fuzz", "skipped: it needs a seed: `--fuzz SEED`");
    check("tells", "validate", "skipped: the format has no check of its own");
}

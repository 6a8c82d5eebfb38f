//! What a plugin and its formats say of themselves, and how they tell their files.

use std::collections::BTreeSet;

use annals_core::host::Plugin;
use annals_core::sample::Dice;
use serde_json::{Map, Value};

use super::{Found, Trial, Verdict, count};

/// How many bytes of an input a host shows.
const HEAD: usize = 64 << 10;

pub fn of_plugin(plugin: Plugin) -> Verdict {
    let mut found = Found::default();
    texts(&plugin.texts(), &mut found);
    let version = plugin.version();
    found.check(!version.is_empty(), || "it has no version".to_owned());
    let manifest = plugin.texts().into_iter().find(|(name, _)| *name == "manifest").map_or(&[][..], |(_, text)| text);
    let is_object = manifest.is_empty() || serde_json::from_slice::<Map<String, Value>>(manifest).is_ok();
    found.check(is_object, || "its manifest is not a JSON object".to_owned());
    let formats = plugin.formats();
    found.check(!formats.is_empty(), || "it has no formats".to_owned());
    let mut names = BTreeSet::new();
    for format in &formats {
        found.check(names.insert(format.name()), || format!("it has two formats `{}`", format.name()));
    }
    found.verdict(format!("{} {version} with {}", plugin.id(), count(formats.len(), "format")))
}

pub fn descriptor(trial: &Trial<'_>) -> Verdict {
    let (about, mut found) = (trial.subject.about(), Found::default());
    let one_line = |text: &str| !text.trim().is_empty() && !text.contains('\n');
    found.check(one_line(&about.summary), || format!("the summary is one line, not {:?}", about.summary));
    let names_it = one_line(&about.example) && about.example.contains(&about.name);
    found.check(names_it || about.example.contains("annals "), || {
        format!("the example is a command line with the format, not {:?}", about.example)
    });
    for extension in &about.extensions {
        let is_plain = |c: char| c.is_alphanumeric() && !c.is_uppercase() || "_-+".contains(c);
        found.check(extension.chars().all(is_plain), || {
            format!("an extension is in lower case and without a dot, not {extension:?}")
        });
    }
    for media_type in &about.media_types {
        let parts = media_type.split('/').filter(|part| !part.is_empty()).count();
        found.check(parts == 2, || format!("a media type is `type/subtype`, not {media_type:?}"));
    }
    let does_something = about.can_import || about.can_export;
    found.check(does_something, || "it can be neither read nor written".to_owned());
    let ways = [(about.can_import, "import"), (about.can_export, "export"), (about.can_validate, "validate")];
    let ways: Vec<&str> = ways.iter().filter(|(can, _)| *can).map(|(_, way)| *way).collect();
    found.verdict(ways.join(", "))
}

pub fn utf8(trial: &Trial<'_>) -> Verdict {
    let Some(probe) = trial.subject.probe() else {
        return Verdict::Skipped("the descriptor is in another process".to_owned());
    };
    let mut found = Found::default();
    texts(&probe.texts(), &mut found);
    found.verdict(count(probe.texts().len(), "text"))
}

fn texts(texts: &[(&str, &[u8])], found: &mut Found) {
    for (name, text) in texts {
        found.check(str::from_utf8(text).is_ok(), || {
            format!("`{name}` is not UTF-8: {:?}", String::from_utf8_lossy(text))
        });
    }
}

pub fn flags(trial: &Trial<'_>) -> Verdict {
    let Some(probe) = trial.subject.probe() else {
        return Verdict::Skipped("the descriptor is in another process".to_owned());
    };
    let mut found = Found::default();
    let answers = [("import", probe.import_refuses_unknown_flags()), ("export", probe.export_refuses_unknown_flags())];
    for (way, answer) in answers {
        found.check(answer != Some(false), || format!("an {way} with a flag of a later version is taken"));
    }
    let asked: Vec<&str> = answers.iter().filter(|(_, answer)| answer.is_some()).map(|(way, _)| *way).collect();
    found.verdict(asked.join(", "))
}

pub fn sniff(trial: &Trial<'_>) -> Verdict {
    let Some(probe) = trial.subject.probe() else {
        return sniff_with(trial, |head, name| i64::from(trial.subject.sniff(head, name)));
    };
    if probe.sniff(b"", "").is_none() {
        return Verdict::Skipped("the format has no `sniff`".to_owned());
    }
    sniff_with(trial, |head, name| probe.sniff(head, name).unwrap_or(0))
}

fn sniff_with(trial: &Trial<'_>, sniff: impl Fn(&[u8], &str) -> i64) -> Verdict {
    let mut heads: Vec<(String, Vec<u8>, String)> = vec![("nothing".to_owned(), Vec::new(), String::new())];
    for sample in trial.samples {
        let head = &sample.bytes[..sample.bytes.len().min(HEAD)];
        for cut in super::cut::cuts(head.len(), 200) {
            heads.push((format!("{} cut at byte {cut}", sample.name), head[..cut].to_vec(), sample.name.clone()));
        }
    }
    let mut dice = Dice::new(1);
    for round in 0..200 {
        let bytes: Vec<u8> = (0..dice.below(300)).map(|_| dice.below(256) as u8).collect();
        heads.push((format!("random bytes {round}"), bytes, String::new()));
    }
    let mut found = Found::default();
    let scores: Vec<i64> = heads
        .iter()
        .map(|(what, head, name)| {
            (trial.at)(what);
            sniff(head, name)
        })
        .collect();
    for ((what, ..), score) in heads.iter().zip(&scores) {
        found.check((0..=100).contains(score), || format!("{what}: the score is {score}, not 0 to 100"));
    }
    // Once more in the opposite order: what was seen before must not matter.
    for ((what, head, name), score) in heads.iter().zip(&scores).rev() {
        (trial.at)(what);
        let again = sniff(head, name);
        found.check(again == *score, || format!("{what}: the score was {score} and is {again} now"));
    }
    found.verdict(count(heads.len(), "head"))
}

//! The conformance kit: what every format must keep to, whatever it reads and writes.
//!
//! A test looks at one [`Subject`] and its samples. It says what it has looked at, or why it could not, or what is wrong.

mod about;
mod cancel;
mod cut;
mod export;
mod fuzz;
mod import;
mod inputs;
mod options;
mod round;
mod sound;
mod validate;

use std::path::Path;

use annals_core::abi::PluginTable;
use annals_core::host::Plugin;

use crate::samples::{Sample, read_samples, samples_of};
use crate::subject::{Subject, plugin};

/// How many failures of one test are told.
const SHOWN: usize = 5;

/// At how many places `annals plugin check` cuts a sample off, at most. All places of a sample of some kilobytes.
pub const CUTS: usize = 4096;

/// What a test is run on.
pub struct Trial<'a> {
    /// The format.
    pub subject: &'a dyn Subject,
    /// Its samples.
    pub samples: &'a [Sample],
    /// At how many places one sample is cut off, at most.
    pub cuts: usize,
    /// The seed of the first mutation, and how many there are; each further one has the seed after it.
    pub fuzz: Option<(u64, u64)>,
    /// Whether to judge by the clock.
    pub timed: bool,
    /// Is told what comes next, so that a crash has a place.
    pub at: &'a dyn Fn(&str),
}

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well; what was looked at.
    Passed(String),
    /// Nothing could be said, and why.
    Skipped(String),
    /// What is wrong, the first few of it.
    Failed(Vec<String>),
}

/// A test of the kit.
pub struct Test {
    /// Its name.
    pub name: &'static str,
    /// What it holds, in one line.
    pub what: &'static str,
    /// Runs it.
    pub run: fn(&Trial<'_>) -> Verdict,
}

/// All tests, in the order in which they are best read. The last needs a seed.
pub const TESTS: &[Test] = &[
    Test { name: "descriptor", what: "name, summary, extensions, media types and example", run: about::descriptor },
    Test { name: "utf-8", what: "every text of the descriptor is UTF-8", run: about::utf8 },
    Test { name: "options", what: "the options schema says all that a host needs", run: options::schema },
    Test { name: "flags", what: "request flags that it does not know are refused", run: about::flags },
    Test { name: "sniff", what: "sniffing is pure, and gives 0 to 100 on any bytes", run: about::sniff },
    Test { name: "samples", what: "there are samples, and they give events", run: import::samples },
    Test { name: "schema", what: "every event is one that canonical JSON holds", run: import::schema },
    Test {
        name: "accounting",
        what: "samples and their ends come to an account that is true",
        run: import::accounting,
    },
    Test { name: "locators", what: "every place that is told lies inside the input", run: import::locators },
    Test { name: "empty", what: "an input without a byte is no trouble", run: inputs::empty },
    Test { name: "determinism", what: "the same input gives the same, every time", run: import::determinism },
    Test { name: "batches", what: "the size of the batches changes nothing", run: inputs::batches },
    Test { name: "reads", what: "it does not matter how many bytes a read gives", run: inputs::reads },
    Test { name: "wanted", what: "wanted columns hold what they hold when all are wanted", run: inputs::wanted },
    Test { name: "parts", what: "lines read in parts give what the whole gives", run: inputs::parts },
    Test {
        name: "read-error",
        what: "an input that cannot be read on is a failure, not an end",
        run: inputs::read_error,
    },
    Test { name: "max-record", what: "larger records are rejected", run: inputs::max_record },
    Test { name: "cancel", what: "it stops within 100 ms when asked to", run: cancel::cancel },
    Test {
        name: "truncation",
        what: "a sample cut anywhere is read as far as it goes, or refused",
        run: cut::truncation,
    },
    Test {
        name: "validate",
        what: "the check of the format keeps to what the import keeps to",
        run: validate::validate,
    },
    Test { name: "export", what: "made-up events are written or omitted, whatever the batches", run: export::export },
    Test { name: "option-values", what: "every value that the options schema names is taken", run: options::values },
    Test { name: "round-trip", what: "import(export(x)) = x, but for what is told as lossy", run: round::round_trip },
    Test { name: "fuzz", what: "mutated samples are no trouble", run: fuzz::fuzz },
];

/// The names of the tests that need no seed, as names of Rust functions.
pub fn names() -> Vec<String> {
    let without_seed = TESTS.iter().filter(|test| test.name != "fuzz");
    without_seed.map(|test| test.name.replace('-', "_")).collect()
}

/// The test of a name, with `-` or `_`.
pub fn named(name: &str) -> Option<&'static Test> {
    TESTS.iter().find(|test| test.name == name.replace('_', "-"))
}

/// The whole descriptor of a plugin beyond its formats: UTF-8, a version, a manifest, names that differ.
pub fn of_plugin(plugin: Plugin) -> Verdict {
    about::of_plugin(plugin)
}

/// Runs one test on all formats of a plugin, without a look at the clock. For [`crate::conform!`].
///
/// # Panics
///
/// If the test fails, there is no such test, or a folder of samples that is there cannot be read.
pub fn assert_passes(table: &'static PluginTable, samples: impl AsRef<Path>, name: &str) {
    let test = named(name).unwrap_or_else(|| panic!("the kit has no test `{name}`"));
    let plugin = plugin(table).unwrap_or_else(|error| panic!("the descriptor is refused: {error}"));
    let samples = match samples.as_ref() {
        folder if folder.exists() => read_samples(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}")),
        _ => Vec::new(),
    };
    let formats = plugin.formats();
    let others: Vec<&dyn Subject> = formats.iter().map(|format| format as &dyn Subject).collect();
    for format in &formats {
        let samples = samples_of(format, &others, &samples);
        let trial = Trial { subject: format, samples: &samples, cuts: CUTS / 8, fuzz: None, timed: false, at: &|_| {} };
        if let Verdict::Failed(failures) = (test.run)(&trial) {
            panic!("{}, {}: {}", format.name(), test.what, failures.join("\n"));
        }
    }
}

/// Gathers what is wrong.
#[derive(Default)]
struct Found {
    failures: Vec<String>,
    more: usize,
}

impl Found {
    /// Something that has to hold.
    fn check(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        match (holds, self.failures.len() < SHOWN) {
            (true, _) => {}
            (false, true) => self.failures.push(otherwise()),
            (false, false) => self.more += 1,
        }
    }

    /// The same of a result; `at` says where.
    fn hold(&mut self, result: Result<(), String>, at: impl FnOnce() -> String) {
        if let Err(error) = result {
            self.check(false, || format!("{}: {error}", at()));
        }
    }

    /// Whether there is more than would be told.
    fn is_full(&self) -> bool {
        self.more > 0
    }

    fn verdict(mut self, passed: impl Into<String>) -> Verdict {
        if self.more > 0 {
            self.failures.push(format!("… and {} more", self.more));
        }
        if self.failures.is_empty() { Verdict::Passed(passed.into()) } else { Verdict::Failed(self.failures) }
    }
}

/// Why a test of reading has nothing to read, if so.
fn cannot_read(trial: &Trial<'_>) -> Option<Verdict> {
    if !trial.subject.about().can_import {
        return Some(Verdict::Skipped("the format cannot be read".to_owned()));
    }
    trial.samples.is_empty().then(|| Verdict::Skipped("there are no samples of it".to_owned()))
}

/// `1 sample`, `3 samples`
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

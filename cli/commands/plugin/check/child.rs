//! The process that one test runs in. It tells on standard output what it is at, and at the end what came of it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use annals_core::host::Plugin;
use annals_core::plugin::{ImportRequest, Options};
use annals_core::{Error, sample};
use annals_plugin_test::kit::{self, CUTS, Trial, Verdict};
use annals_plugin_test::{Sample, Subject, export, import, read_samples, samples_of, validate};
use clap::Args;
use serde_json::{Value, json};

use crate::exit::{Exit, Trouble};
use crate::load;
use crate::plugins::sealed::Sealed;
use crate::worker::{Limits, Program, Worker, WorkerFormat};

/// Not a test: which plugin this is, and which formats it has.
pub const DESCRIBE: &str = "describe";
/// The test of how long a scan takes.
pub const SCAN: &str = "scan";
/// The test of the plugin's own descriptor.
pub const PLUGIN: &str = "plugin";
/// Not a test by itself: some calls, watched by valgrind.
pub const LEAKS: &str = "leaks";

/// Before what the test tells, so that what a plugin prints is not taken for it.
pub const AT: &str = "\u{1}annals at ";
/// Before the answer.
pub const ANSWER: &str = "\u{1}annals answer ";
/// The longest text that is told.
const LONGEST: usize = 4000;

/// Run one test of `annals plugin check` in this process
#[derive(Args, Debug)]
pub struct RunTestArgs {
    library: PathBuf,
    test: String,
    #[arg(long)]
    of: Option<String>,
    #[arg(long)]
    samples: Option<PathBuf>,
    #[arg(long)]
    fuzz: Option<u64>,
    #[arg(long, default_value_t = 1)]
    runs: u64,
    #[arg(long)]
    untimed: bool,
}

/// Runs it.
pub fn run_test(args: &RunTestArgs) -> anyhow::Result<Exit> {
    let start = Instant::now();
    let answer = match Tested::load(&args.library) {
        Ok(tested) => answer(args, &tested, start)?,
        Err(error) => json!({"error": error.message, "hint": error.hint}),
    };
    // A plugin may have left a line of its own open.
    writeln!(io::stdout(), "\n{ANSWER}{answer}")?;
    Ok(Exit::Done)
}

/// How many cuts a sample gets where each is a process.
const FEW_CUTS: usize = 64;

/// A plugin under test.
enum Tested {
    /// A library, loaded here.
    Library(Plugin),
    /// A program, in sandboxed processes of its own.
    Program(Arc<Worker>),
}

impl Tested {
    fn load(path: &Path) -> Result<Self, Error> {
        let sealed = Sealed::new(path)?;
        if let Some(id) = sealed.id() {
            return load::for_test(path, id).map(Self::Library);
        }
        let program = Program { sealed: Arc::new(sealed), trusted: false, limits: Limits::default() };
        Worker::new(program).map(|worker| Self::Program(Arc::new(worker)))
    }

    fn formats(&self) -> Vec<Box<dyn Subject>> {
        match self {
            Self::Library(plugin) => {
                plugin.formats().into_iter().map(|format| Box::new(format) as Box<dyn Subject>).collect()
            }
            Self::Program(worker) => {
                WorkerFormat::all(worker).into_iter().map(|format| Box::new(format) as Box<dyn Subject>).collect()
            }
        }
    }

    fn cuts(&self) -> usize {
        match self {
            Self::Library(_) => CUTS,
            Self::Program(_) => FEW_CUTS,
        }
    }
}

fn answer(args: &RunTestArgs, tested: &Tested, start: Instant) -> anyhow::Result<Value> {
    let formats = tested.formats();
    match args.test.as_str() {
        DESCRIBE => {
            let (id, version) = match tested {
                Tested::Library(plugin) => (plugin.id(), plugin.version()),
                Tested::Program(worker) => (worker.description.id.clone(), worker.description.version.clone()),
            };
            let names: Vec<String> = formats.iter().map(|format| format.about().name).collect();
            let is_program = matches!(tested, Tested::Program(_));
            return Ok(json!({"id": id, "version": version, "formats": names, "program": is_program}));
        }
        SCAN => {
            formats.iter().for_each(|format| drop(format.about()));
            return Ok(json!({"micros": start.elapsed().as_micros() as u64}));
        }
        PLUGIN => {
            return Ok(match tested {
                Tested::Library(plugin) => of_verdict(&kit::of_plugin(*plugin)),
                // What it says of itself has been checked when it was asked.
                Tested::Program(_) => json!({"passed": "its description"}),
            });
        }
        _ => {}
    }
    let samples = args.samples.as_deref().map_or_else(|| Ok(Vec::new()), read_samples)?;
    let others: Vec<&dyn Subject> = formats.iter().map(|format| &**format).collect();
    if args.test == LEAKS {
        formats.iter().for_each(|format| use_once(&**format, &samples_of(&**format, &others, &samples)));
        return Ok(json!({"passed": ""}));
    }
    let test = kit::named(&args.test).ok_or_else(|| Trouble::new(format!("there is no test `{}`", args.test)))?;
    let name = args.of.clone().unwrap_or_default();
    let format = others.iter().find(|format| format.about().name == name);
    let format = format.ok_or_else(|| Trouble::new(format!("there is no format `{name}`")))?;
    let at = |place: &str| {
        // Whoever reads this may be gone; then nobody waits for the answer either.
        let _ = writeln!(io::stdout(), "{AT}{}", short(&place.replace(['\n', '\r'], " ")));
    };
    let samples = samples_of(*format, &others, &samples);
    let fuzz = args.fuzz.map(|seed| (seed, args.runs));
    let trial = Trial { subject: *format, samples: &samples, cuts: tested.cuts(), fuzz, timed: !args.untimed, at: &at };
    Ok(of_verdict(&(test.run)(&trial)))
}

/// Everything that a format can do, a few times: what is lost each time is lost more than once.
fn use_once(format: &dyn Subject, samples: &[Sample]) {
    let about = format.about();
    let events: Vec<_> = (0..20).map(|seed| sample::event(seed).id(seed.to_string())).collect();
    let smallest = samples.iter().filter(|sample| !sample.bytes.is_empty()).min_by_key(|sample| sample.bytes.len());
    for _ in 0..3 {
        for sample in smallest.into_iter().chain(samples.iter().take(4)) {
            let request = ImportRequest { options: sample.options.clone(), ..ImportRequest::default() };
            format.sniff(&sample.bytes, &sample.name);
            if about.can_import {
                drop(import(format, &sample.bytes, &request));
                drop(import(format, &sample.bytes[..sample.bytes.len() / 2], &request));
            }
            if about.can_validate {
                drop(validate(format, &sample.bytes, &request));
            }
        }
        if about.can_export {
            drop(export(format, &events, &[], &Options::default()));
        }
    }
}

fn of_verdict(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Passed(text) => json!({"passed": short(text)}),
        Verdict::Skipped(text) => json!({"skipped": short(text)}),
        Verdict::Failed(failures) => json!({"failed": failures.iter().map(|text| short(text)).collect::<Vec<_>>()}),
    }
}

/// The verdict that an answer says.
pub fn verdict_of(answer: &Value) -> Verdict {
    let text = |key: &str| answer[key].as_str().map(str::to_owned);
    if let Some(text) = text("passed") {
        return Verdict::Passed(text);
    }
    if let Some(text) = text("skipped") {
        return Verdict::Skipped(text);
    }
    let failures = answer["failed"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let failures: Vec<String> = failures.chain(answer["error"].as_str()).map(str::to_owned).collect();
    Verdict::Failed(if failures.is_empty() { vec!["the test says nothing".to_owned()] } else { failures })
}

fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}

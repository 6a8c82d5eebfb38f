//! `annals plugin check`: the conformance kit of `annals-plugin-test` on a library or program, each test in a process of its own.

mod child;
mod leaks;
mod process;
mod program;
mod samples;
mod symbols;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use annals_plugin_test::kit::{TESTS, Verdict};
use clap::{Args, ValueEnum};
use serde_json::Value;

pub use child::{RunTestArgs, run_test};

use self::child::{DESCRIBE, LEAKS, PLUGIN, SCAN};
use crate::args::Global;
use crate::exit::{Exit, Trouble, near};

/// The test of what the library exports.
const SYMBOLS: &str = "symbols";
/// After how long a library that is still being loaded counts as one that cannot be.
const LOAD_LIMIT: Duration = Duration::from_secs(60);
/// How long loading a library and reading its descriptor may take.
const SCAN_LIMIT: Duration = Duration::from_millis(10);
/// How often that is measured; the median counts.
const SCANS: usize = 5;

/// Test a plugin against the conformance kit
///
/// Every test runs in a process of its own, so that a crash or an endless loop is one failed test, with the place where it
/// was. A library's code runs with your rights: check only libraries that you trust. A program is sandboxed; each reading
/// of it is a process more, so that its samples are cut at fewer places.
///
/// Samples are files of the plugin's formats, told by their extension or their first bytes. Without `--samples` they are
/// those in the first folder `samples`, or `plugins/ID/samples`, found beside the library and then in the four folders
/// above it. The options that a sample needs stand beside it in `NAME.options.json`, as a JSON object.
///
/// The exit code is 0 if all tests passed or were skipped, 1 if one failed, 2 if the library cannot be loaded at all.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  annals plugin check target/release/libannals_markdown.so\n  annals plugin check libannals_csv.so --samples tests/samples --fuzz 1 --runs 10000\n  annals plugin check libannals_csv.so --only truncation --format json | jq '.tests[]'"
)]
pub struct CheckArgs {
    /// The plugin's library, `libannals_ID.so`, or program
    #[arg(value_name = "PLUGIN")]
    library: PathBuf,
    /// The folder with samples
    #[arg(long, value_name = "DIR")]
    samples: Option<PathBuf>,
    /// A table for people, or JSON
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Output::Text)]
    format: Output,
    /// Read mutated samples too, the same ones for the same seed
    #[arg(long, value_name = "SEED")]
    fuzz: Option<u64>,
    /// How many mutated samples; each has the seed after that of the one before
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "fuzz")]
    runs: u64,
    /// Run this test only (repeatable)
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Do not run this test (repeatable)
    #[arg(long, value_name = "NAME")]
    skip: Vec<String>,
    /// How long a test may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    timeout: u64,
    /// Judge nothing by the clock but endless loops, for machines that are busy with other things
    #[arg(long)]
    untimed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// A plugin as the tests have found it.
struct Report {
    library: PathBuf,
    id: String,
    version: String,
    samples: Option<(PathBuf, usize)>,
    rows: Vec<Row>,
    untimed: bool,
}

/// What came of one test.
struct Row {
    test: &'static str,
    /// `None` = of the library as a whole.
    format: Option<String>,
    verdict: Verdict,
    took: Duration,
}

/// Checks.
pub fn run(args: &CheckArgs, _: &Global) -> anyhow::Result<Exit> {
    for name in args.only.iter().chain(&args.skip) {
        let mut names = names();
        if !names.any(|known| known == name) {
            return Err(Trouble::new(format!("there is no test `{name}`")).hint(near(name, self::names())).into());
        }
    }
    let cannot_load =
        |cause: &str| Trouble::new(format!("cannot load plugin `{}`", args.library.display())).cause(cause);
    let ended = process::run(args.command(DESCRIBE, None, None)?, args.limit().max(LOAD_LIMIT))?;
    let answer = match ended.answer() {
        Ok(answer) => answer,
        Err(failures) => return Err(cannot_load(&failures.join("; ")).into()),
    };
    if let Some(error) = answer["error"].as_str() {
        let hint = answer["hint"].as_str().map(str::to_owned);
        return Err(Trouble { hint, ..cannot_load(error) }.into());
    }
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    let samples = samples::find(args.samples.as_deref(), &args.library, &text("id"))?;
    let mut report = Report {
        library: args.library.clone(),
        id: text("id"),
        version: text("version"),
        samples,
        rows: Vec::new(),
        untimed: args.untimed,
    };
    let formats = answer["formats"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let is_program = answer["program"] == true;
    args.run_all(formats.map(str::to_owned).collect(), is_program, &mut report)?;
    match args.format {
        Output::Text => table::print(&report)?,
        Output::Json => table::print_json(&report)?,
    }
    let failed = report.rows.iter().any(|row| matches!(row.verdict, Verdict::Failed(_)));
    Ok(if failed { Exit::Partial } else { Exit::Done })
}

/// The names of all tests.
fn names() -> impl Iterator<Item = &'static str> {
    [SYMBOLS, SCAN, PLUGIN].into_iter().chain(TESTS.iter().map(|test| test.name)).chain([LEAKS])
}

impl CheckArgs {
    fn limit(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }

    fn run_all(&self, formats: Vec<String>, is_program: bool, report: &mut Report) -> Result<(), Trouble> {
        let folder = report.samples.as_ref().map(|(folder, _)| folder.clone());
        let folder = folder.as_deref();
        let id = report.id.clone();
        if !is_program {
            self.row(SYMBOLS, None, report, || Ok(symbols::check(&self.library, &id)))?;
            self.row(SCAN, None, report, || self.scan())?;
        }
        self.row(PLUGIN, None, report, || self.in_child(PLUGIN, None, None))?;
        for format in formats {
            for test in TESTS {
                self.row(test.name, Some(&format), report, || self.in_child(test.name, Some(&format), folder))?;
            }
        }
        if is_program {
            return Ok(());
        }
        self.row(LEAKS, None, report, || {
            leaks::check(self.command(LEAKS, None, folder)?, &self.library, self.limit() * 4)
        })
    }

    /// Runs a test, if it is asked for.
    fn row(
        &self,
        test: &'static str,
        format: Option<&str>,
        report: &mut Report,
        run: impl FnOnce() -> Result<Verdict, Trouble>,
    ) -> Result<(), Trouble> {
        let names = |list: &[String]| list.iter().any(|name| name == test);
        if !self.only.is_empty() && !names(&self.only) || names(&self.skip) {
            return Ok(());
        }
        let start = Instant::now();
        let verdict = run()?;
        report.rows.push(Row { test, format: format.map(str::to_owned), verdict, took: start.elapsed() });
        Ok(())
    }

    fn in_child(&self, test: &str, format: Option<&str>, samples: Option<&Path>) -> Result<Verdict, Trouble> {
        let ended = process::run(self.command(test, format, samples)?, self.limit())?;
        Ok(ended.answer().map_or_else(Verdict::Failed, |answer| child::verdict_of(&answer)))
    }

    /// How long it takes to load the library and to read its descriptor, in a process that has not seen it before.
    fn scan(&self) -> Result<Verdict, Trouble> {
        let mut took = Vec::new();
        for _ in 0..SCANS {
            let answer = match process::run(self.command(SCAN, None, None)?, self.limit())?.answer() {
                Ok(answer) => answer,
                Err(failures) => return Ok(Verdict::Failed(failures)),
            };
            took.push(Duration::from_micros(answer["micros"].as_u64().unwrap_or(u64::MAX)));
        }
        took.sort();
        let median = took[SCANS / 2];
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        Ok(match (self.untimed, median <= SCAN_LIMIT) {
            (true, _) => Verdict::Passed("not judged by the clock".to_owned()),
            (false, true) => Verdict::Passed(ms(median)),
            (false, false) => {
                let (median, limit) = (ms(median), ms(SCAN_LIMIT));
                Verdict::Failed(vec![format!(
                    "loading it and reading its descriptor takes {median}, the limit is {limit}"
                )])
            }
        })
    }

    /// This program, to run one test.
    fn command(&self, test: &str, format: Option<&str>, samples: Option<&Path>) -> Result<Command, Trouble> {
        let program = std::env::current_exe()
            .map_err(|error| Trouble::new("cannot run the tests in processes of their own").cause(error))?;
        let mut command = Command::new(program);
        command.args(["plugin", "run-test"]).arg(&self.library).arg(test);
        command.args(format.iter().flat_map(|format| ["--of", format]));
        if let Some(folder) = samples {
            command.arg("--samples").arg(folder);
        }
        if let Some(seed) = self.fuzz {
            command.args(["--fuzz", &seed.to_string(), "--runs", &self.runs.to_string()]);
        }
        command.args(self.untimed.then_some("--untimed"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }
}

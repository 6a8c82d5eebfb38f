//! The result for people, and as JSON.

use std::io::{self, Write};

use annals_plugin_test::kit::Verdict;
use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use super::Report;
use crate::report::clean;

const PASS: Style = AnsiColor::Green.on_default();
const FAIL: Style = AnsiColor::Red.on_default().bold();
const SKIP: Style = AnsiColor::Yellow.on_default();

/// Prints a table: of the library first, then of each format.
pub fn print(report: &Report) -> io::Result<()> {
    let mut out = io::BufWriter::new(anstream::stdout().lock());
    let samples = match &report.samples {
        Some((folder, count)) => {
            format!("{count} {} in {}", if *count == 1 { "sample" } else { "samples" }, folder.display())
        }
        None => "no samples; `--samples DIR` names them".to_owned(),
    };
    writeln!(out, "{} {}: {}", clean(&report.id), clean(&report.version), clean(&samples))?;
    let mut above = None;
    for row in &report.rows {
        let of = row.format.as_deref().unwrap_or("library");
        if above != Some(of) {
            writeln!(out, "\n{}", clean(of))?;
            above = Some(of);
        }
        let (style, word, texts) = match &row.verdict {
            Verdict::Passed(text) => (PASS, "pass", std::slice::from_ref(text)),
            Verdict::Skipped(text) => (SKIP, "skip", std::slice::from_ref(text)),
            Verdict::Failed(failures) => (FAIL, "FAIL", failures.as_slice()),
        };
        let mut texts = texts.iter().flat_map(|text| text.lines());
        let line = format!("{style}{word}{style:#}  {:14} {}", row.test, clean(texts.next().unwrap_or_default()));
        writeln!(out, "  {}", line.trim_end())?;
        for text in texts {
            writeln!(out, "{:23}{}", "", clean(text))?;
        }
    }
    let [passed, failed, skipped] = counts(report);
    writeln!(out, "\n{passed} passed, {failed} failed, {skipped} skipped")?;
    out.flush()
}

/// Prints one JSON object.
pub fn print_json(report: &Report) -> io::Result<()> {
    let rows = report.rows.iter().map(|row| {
        let (verdict, detail, failures) = match &row.verdict {
            Verdict::Passed(text) => ("passed", Some(text), None),
            Verdict::Skipped(text) => ("skipped", Some(text), None),
            Verdict::Failed(failures) => ("failed", None, Some(failures)),
        };
        let ms = (!report.untimed).then(|| u64::try_from(row.took.as_millis()).unwrap_or(u64::MAX));
        json!({
            "test": row.test, "format": row.format, "verdict": verdict, "detail": detail, "failures": failures, "ms": ms,
        })
    });
    let [passed, failed, skipped] = counts(report);
    let report = json!({
        "library": report.library.to_string_lossy(), "plugin": report.id, "version": report.version,
        "samples": report.samples.as_ref().map(|(folder, _)| folder.to_string_lossy()),
        "tests": rows.collect::<Vec<Value>>(), "passed": passed, "failed": failed, "skipped": skipped,
    });
    writeln!(io::stdout(), "{report:#}")
}

/// How many passed, failed and were skipped.
fn counts(report: &Report) -> [usize; 3] {
    let mut counts = [0; 3];
    for row in &report.rows {
        let at = match row.verdict {
            Verdict::Passed(_) => 0,
            Verdict::Failed(_) => 1,
            Verdict::Skipped(_) => 2,
        };
        counts[at] += 1;
    }
    counts
}

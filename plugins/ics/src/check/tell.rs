//! What is found, on its way to the host.

use std::collections::BTreeMap;

use annals_core::{Findings, Locator};

/// How many findings of one component wait for its UID, which may come last.
const MAX_WAITING: usize = 1000;

struct Finding {
    is_error: bool,
    at: Locator,
    code: &'static str,
    text: String,
}

/// Something that is told once a file, with the first place.
struct Once {
    first: Finding,
    count: u64,
}

/// Takes what is found.
pub(super) struct Tell<'a, 'b> {
    findings: &'a mut Findings<'b>,
    waiting: Vec<Finding>,
    once: BTreeMap<&'static str, Once>,
}

impl<'a, 'b> Tell<'a, 'b> {
    pub fn new(findings: &'a mut Findings<'b>) -> Self {
        Self { findings, waiting: Vec::new(), once: BTreeMap::new() }
    }

    /// Something that the specification forbids.
    pub fn error(&mut self, at: Locator, code: &'static str, text: String) {
        self.push(Finding { is_error: true, at, code, text });
    }

    /// Something that programs read in different ways.
    pub fn warning(&mut self, at: Locator, code: &'static str, text: String) {
        self.push(Finding { is_error: false, at, code, text });
    }

    /// An error that is told once a file, with the number of places.
    pub fn error_once(&mut self, at: Locator, code: &'static str, text: impl FnOnce() -> String) {
        self.count(true, at, code, text);
    }

    /// A warning that is told once a file, with the number of places.
    pub fn warning_once(&mut self, at: Locator, code: &'static str, text: impl FnOnce() -> String) {
        self.count(false, at, code, text);
    }

    fn count(&mut self, is_error: bool, at: Locator, code: &'static str, text: impl FnOnce() -> String) {
        let first = || Once { first: Finding { is_error, at, code, text: text() }, count: 0 };
        self.once.entry(code).or_insert_with(first).count += 1;
    }

    /// Whether the user wants to stop.
    pub fn cancelled(&self) -> bool {
        self.findings.cancelled()
    }

    fn push(&mut self, finding: Finding) {
        self.waiting.push(finding);
        if self.waiting.len() >= MAX_WAITING {
            self.flush(None);
        }
    }

    /// Passes on what has been found in a component, with its UID.
    pub fn flush(&mut self, uid: Option<&str>) {
        for finding in self.waiting.drain(..) {
            pass(self.findings, finding, uid);
        }
    }

    /// Passes on all the rest.
    pub fn finish(mut self) {
        self.flush(None);
        for (_, Once { mut first, count }) in self.once {
            if count > 1 {
                first.text.push_str(&format!("; {count} times in this file"));
            }
            pass(self.findings, first, None);
        }
    }
}

fn pass(findings: &mut Findings<'_>, finding: Finding, uid: Option<&str>) {
    let Finding { is_error, at, code, text } = finding;
    match is_error {
        true => findings.error(at, uid, code, text),
        false => findings.warning(at, uid, code, text),
    }
}

/// A text as a person should see it in a message.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

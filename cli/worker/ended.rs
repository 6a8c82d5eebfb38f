//! How a worker ended, in words.

use std::io::Read;
use std::process::ExitStatus;

/// How much of what a worker says on standard error is kept, and how many of its last lines are told.
const KEPT: usize = 4 << 10;
const LINES: usize = 3;

/// The end of what a worker said on standard error.
#[derive(Default)]
pub struct Tail(Vec<u8>);

impl Tail {
    /// Reads `from` to its end.
    pub fn read(mut from: impl Read) -> Self {
        let (mut kept, mut block) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = from.read(&mut block) {
            kept.extend_from_slice(&block[..read]);
            let over = kept.len().saturating_sub(KEPT);
            kept.drain(..over);
        }
        Self(kept)
    }

    /// Its last lines, to be put behind a sentence; nothing where nothing was said.
    pub fn told(&self) -> String {
        let text = String::from_utf8_lossy(&self.0);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return String::new();
        }
        let last = lines[lines.len().saturating_sub(LINES)..].join(" / ");
        let clean: String = last.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        format!("; its last words: {clean}")
    }
}

/// How a worker ended before it was done.
pub fn how(status: ExitStatus) -> String {
    match signal(status) {
        // Nobody but annals, after the worker had closed its output.
        Some("SIGKILL") => "it closed its output before it was done, or was killed".to_owned(),
        Some(name) => format!("it crashed ({name})"),
        None => match status.code() {
            Some(code) => format!("it ended before it was done, with exit code {code}"),
            None => format!("it ended before it was done ({status})"),
        },
    }
}

/// What to do, where its words show that.
pub fn hint(said: &str, memory: u64) -> Option<String> {
    let said = said.to_ascii_lowercase();
    let is_memory = ["memory allocation of", "memoryerror", "bad_alloc", "out of memory", "cannot allocate memory"];
    is_memory
        .iter()
        .any(|words| said.contains(words))
        .then(|| format!("it may use {} MiB of memory; `--plugin-memory SIZE` gives it more", memory >> 20))
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<&'static str> {
    use std::os::unix::process::ExitStatusExt;
    Some(match status.signal()? {
        libc::SIGSEGV => "SIGSEGV: it used memory that is not its own",
        libc::SIGBUS => "SIGBUS: it used memory that is not there",
        libc::SIGABRT => "SIGABRT: it gave up",
        libc::SIGILL => "SIGILL: an instruction that does not exist",
        libc::SIGFPE => "SIGFPE: a division by zero, say",
        libc::SIGTRAP => "SIGTRAP",
        libc::SIGSYS => "SIGSYS: a system call that is not allowed",
        libc::SIGPIPE => "SIGPIPE: it wrote to nobody",
        libc::SIGKILL => "SIGKILL",
        libc::SIGTERM => "SIGTERM",
        _ => "a signal",
    })
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words() {
        let check = |text: &str, expected: &str| assert_eq!(Tail::read(text.as_bytes()).told(), expected, "{text:?}");
        check("", "");
        check("\n \n", "");
        check("one\n\ntwo\n", "; its last words: one / two");
        check("1\n2\n3\n4\n\u{1b}[31m5", "; its last words: 3 / 4 / \u{fffd}[31m5");
        let long = format!("{}end", "x".repeat(10_000));
        assert_eq!(Tail::read(long.as_bytes()).told().len(), KEPT + "; its last words: ".len());
    }

    #[test]
    fn a_hint_where_memory_is_short() {
        assert_eq!(hint("x", 1), None);
        let hint = hint("memory allocation of 99 bytes failed", 64 << 20);
        assert_eq!(hint.as_deref(), Some("it may use 64 MiB of memory; `--plugin-memory SIZE` gives it more"));
    }
}

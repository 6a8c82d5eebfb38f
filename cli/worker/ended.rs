//! How a worker ended, in words.

use std::io::{self, Read};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// How much of what a worker says on standard error is kept, and how many of its last lines are told.
const KEPT: usize = 4 << 10;
const LINES: usize = 3;

/// How long its last words are waited for, once it has ended: something that it left running may hold its standard error.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a worker says on standard error, as far as it has been read.
pub struct Words {
    tail: Arc<Mutex<Tail>>,
    end: Receiver<()>,
}

impl Words {
    /// Reads `from` to its end, on a thread.
    pub fn of(mut from: impl Read + Send + 'static) -> io::Result<Self> {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (at_end, end) = sync_channel(0);
        let kept = Arc::clone(&tail);
        thread::Builder::new().spawn(move || {
            let _at_end = at_end;
            let mut block = [0; 4096];
            loop {
                match from.read(&mut block) {
                    Ok(read @ 1..) => kept.lock().unwrap_or_else(PoisonError::into_inner).push(&block[..read]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    _ => return,
                }
            }
        })?;
        Ok(Self { tail, end })
    }

    /// Its last lines, after its end; see [`Tail::told`].
    pub fn told(&self) -> String {
        // Nothing is sent; the end is that nobody can any more.
        let _ = self.end.recv_timeout(PATIENCE);
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).told()
    }
}

/// The end of what a worker said on standard error.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over);
    }

    /// Its last lines, to be put behind a sentence; nothing where nothing was said.
    fn told(&self) -> String {
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
        let told = |text: &str| Words::of(io::Cursor::new(text.to_owned())).unwrap().told();
        let check = |text: &str, expected: &str| assert_eq!(told(text), expected, "{text:?}");
        check("", "");
        check("\n \n", "");
        check("one\n\ntwo\n", "; its last words: one / two");
        check("1\n2\n3\n4\n\u{1b}[31m5", "; its last words: 3 / 4 / \u{fffd}[31m5");
        let long = format!("{}end", "x".repeat(10_000));
        assert_eq!(told(&long).len(), KEPT + "; its last words: ".len());
    }

    #[test]
    fn a_hint_where_memory_is_short() {
        assert_eq!(hint("x", 1), None);
        let hint = hint("memory allocation of 99 bytes failed", 64 << 20);
        assert_eq!(hint.as_deref(), Some("it may use 64 MiB of memory; `--plugin-memory SIZE` gives it more"));
    }
}

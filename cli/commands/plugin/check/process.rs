//! Runs a test in its process, for no longer than it may take, and tells how it ended.

use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::child::{ANSWER, AT};
use crate::exit::Trouble;
use crate::interrupt;

/// The longest line that is read; what goes on is passed over.
const LONGEST_LINE: usize = 1 << 20;
/// How much of standard error is kept, of its end.
const STDERR: usize = 16 << 10;
/// How many lines of it are quoted.
const QUOTED: usize = 6;
/// How often to look whether the user wants to stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// How a process ended.
#[derive(Debug, Default)]
pub struct Ended {
    at: Option<String>,
    answer: Option<Value>,
    stderr: Vec<u8>,
    /// How else than with exit code 0.
    how: Option<String>,
}

/// What comes from a process.
enum Heard {
    Line(Vec<u8>),
    Stderr(Vec<u8>),
    /// Standard output is closed.
    Over,
}

/// Runs `command`, whose standard output and error are pipes. Fails only if it cannot be run, or the user wants to stop.
pub fn run(mut command: Command, limit: Duration) -> Result<Ended, Trouble> {
    let cannot = |error: std::io::Error| Trouble::new("cannot run a test in a process of its own").cause(error);
    let mut child = command.spawn().map_err(cannot)?;
    let heard = listen(&mut child);
    let (mut ended, deadline) = (Ended::default(), Instant::now() + limit);
    let mut is_over = false;
    let status = loop {
        match heard.recv_timeout(if is_over { Duration::from_millis(2) } else { PATIENCE }) {
            Ok(heard) => is_over |= ended.hear(heard),
            Err(RecvTimeoutError::Timeout) => {}
            // Both pipes are closed: it has ended, or is about to.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(Duration::from_millis(2)),
        }
        if let Some(status) = child.try_wait().map_err(cannot)? {
            break Some(status);
        }
        if interrupt::requested() || Instant::now() >= deadline {
            break None;
        }
    };
    if status.is_none() {
        // It may have ended meanwhile.
        let _ = child.kill();
        child.wait().map_err(cannot)?;
    }
    if interrupt::requested() {
        return Err(Trouble::interrupted());
    }
    // What is still in the pipes; a process that it has left behind may hold them open for ever.
    while let Ok(heard) = heard.recv_timeout(PATIENCE) {
        ended.hear(heard);
    }
    ended.how = match status {
        None => Some(format!("does not end within {} s", limit.as_secs())),
        Some(status) => how(status),
    };
    Ok(ended)
}

impl Ended {
    /// Takes what was heard; `true` = there is no more.
    fn hear(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Line(line) => {
                let line = String::from_utf8_lossy(&line);
                if let Some(at) = line.strip_prefix(AT) {
                    self.at = Some(at.to_owned());
                } else if let Some(answer) = line.strip_prefix(ANSWER) {
                    self.answer = serde_json::from_str(answer).ok();
                }
            }
            Heard::Stderr(bytes) => {
                self.stderr.extend(bytes);
                self.stderr.drain(..self.stderr.len().saturating_sub(STDERR));
            }
            Heard::Over => return true,
        }
        false
    }

    /// The answer, or what is wrong with a process that gives none or does not end as it should.
    pub fn answer(self) -> Result<Value, Vec<String>> {
        let how = match (self.how, self.answer) {
            (None, Some(answer)) => return Ok(answer),
            (None, None) => "ends without an answer".to_owned(),
            (Some(how), _) => how,
        };
        let at = self.at.map(|at| format!(", at: {at}")).unwrap_or_default();
        let mut failures = vec![format!("the process {how}{at}")];
        let stderr = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
        failures.extend(lines[lines.len().saturating_sub(QUOTED)..].iter().map(|line| format!("stderr: {line}")));
        Err(failures)
    }
}

fn listen(child: &mut Child) -> Receiver<Heard> {
    let (tell, heard) = channel();
    if let Some(stdout) = child.stdout.take() {
        let tell = tell.clone();
        thread::spawn(move || lines(stdout, &tell));
    }
    if let Some(mut stderr) = child.stderr.take() {
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                // Nobody listens any more: then nobody wants to know.
                let _ = tell.send(Heard::Stderr(buffer[..read].to_vec()));
            }
        });
    }
    heard
}

fn lines(mut stdout: impl Read, tell: &Sender<Heard>) {
    let (mut buffer, mut line) = ([0; 4096], Vec::new());
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        for &byte in &buffer[..read] {
            match byte {
                b'\n' => drop(tell.send(Heard::Line(std::mem::take(&mut line)))),
                _ if line.len() < LONGEST_LINE => line.push(byte),
                _ => {}
            }
        }
    }
    let _ = tell.send(Heard::Over);
}

/// How a process ended that did not end well.
#[cfg(unix)]
fn how(status: ExitStatus) -> Option<String> {
    use std::os::unix::process::ExitStatusExt;
    let names = [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGKILL, "SIGKILL"),
        (libc::SIGTRAP, "SIGTRAP"),
        (libc::SIGPIPE, "SIGPIPE"),
        (libc::SIGTERM, "SIGTERM"),
    ];
    let Some(signal) = status.signal() else { return exit_code(status) };
    let name = names.iter().find(|(number, _)| *number == signal).map(|(_, name)| format!(" ({name})"));
    Some(format!("is killed by signal {signal}{}", name.unwrap_or_default()))
}

#[cfg(not(unix))]
fn how(status: ExitStatus) -> Option<String> {
    exit_code(status)
}

fn exit_code(status: ExitStatus) -> Option<String> {
    status.code().filter(|code| *code != 0).map(|code| format!("ends with exit code {code}"))
}

//! A worker that runs, as annals sees it: its messages, its signs of life, how it ended.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use annals_core::Error;
use annals_core::host::Failure;
use annals_core::plugin::{Host, Input};
use annals_worker::client::Running;
use annals_worker::frame::{Frame, Frames, ROOM};
use annals_worker::message::Message;
use annals_worker::request::{Action, Request};

use super::ended::{self, Words};
use super::group::Group;
use super::inlet::{Activity, Inlet, Outlet};
use super::program::Program;
use crate::interrupt;
use crate::plugins::sealed::Sealed;
use crate::source::Opened;

/// How long a wait for a message lasts before the user's wish to stop is asked for.
const TICK: Duration = Duration::from_millis(20);

/// How long a worker that has closed its output has to end by itself; and how long what is still in its pipes may take once
/// it has ended.
const GRACE: Duration = Duration::from_secs(2);

/// How many frames wait to be taken.
const WAITING: usize = 2;

/// What a worker is given to read.
pub enum Given {
    /// Nothing.
    Nothing,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A source.
    Input(Opened),
    /// Messages, which somebody writes to [`Process::input`].
    Messages,
}

impl Given {
    /// Its size in bytes, where known.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Input(opened) => opened.size(),
            _ => None,
        }
    }
}

/// The file that a worker reads by itself: the place in it is shared.
struct Shared {
    file: File,
    size: u64,
    /// The farthest place that has been seen.
    farthest: u64,
}

impl Shared {
    /// Where the worker is.
    fn place(&mut self) -> u64 {
        // It may go where it likes, but there is nothing behind the end.
        let place = self.file.stream_position().unwrap_or(0).min(self.size);
        self.farthest = self.farthest.max(place);
        place
    }
}

/// A worker that runs. It is killed when this goes.
pub struct Process<'h> {
    group: Group,
    /// The names of the file for messages: the user's in place of ours.
    sealed: Arc<Sealed>,
    input: Option<Inlet>,
    frames: Receiver<io::Result<Frame>>,
    words: Words,
    activity: Arc<Activity>,
    file: Option<Shared>,
    patience: Duration,
    memory: u64,
    /// When it last gave a sign of life, and what was taken then.
    alive: (Instant, u64),
    /// Since when it is known to have ended.
    ended: Option<Instant>,
    host: Option<&'h dyn Host>,
}

impl<'h> Process<'h> {
    /// Starts `program` for `action`; `host` says whether the user wants to stop.
    pub fn start(
        program: &Program,
        action: Action,
        request: &Request,
        given: Given,
        host: Option<&'h dyn Host>,
    ) -> Result<Self, Failure> {
        let io = |error: io::Error| Failure::Io(format!("a worker cannot be started: {error}"));
        let mut command = program.command(action, request).map_err(io)?;
        let (mut file, mut source): (Option<Shared>, Option<Box<dyn Read + Send>>) = (None, None);
        match given {
            Given::Nothing => drop(command.stdin(Stdio::null())),
            Given::Messages => drop(command.stdin(Stdio::piped())),
            Given::Bytes(bytes) => {
                command.stdin(Stdio::piped());
                source = Some(Box::new(io::Cursor::new(bytes)));
            }
            Given::Input(opened) => match opened.into_file().map_err(|error| Failure::Io(error.to_string()))? {
                Ok(whole) => {
                    let size = whole.metadata().map_err(io)?.len();
                    file = Some(Shared { file: whole.try_clone().map_err(io)?, size, farthest: 0 });
                    command.stdin(whole);
                }
                Err(opened) => {
                    command.stdin(Stdio::piped());
                    source = Some(Box::new(opened));
                }
            },
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // With the command go its own ends of the pipes: they are the worker's alone. From here on it is killed if
        // anything fails.
        let mut group = Group::start(command).map_err(io)?;
        let pipes = group.pipes();
        let (stdin, stdout, stderr) = (pipes.stdin.take(), pipes.stdout.take(), pipes.stderr.take());
        let missing = || io(io::Error::other("it has no pipes"));
        let (stdout, stderr) = (stdout.ok_or_else(missing)?, stderr.ok_or_else(missing)?);
        let activity = Arc::new(Activity::default());
        let inlet = stdin.map(|pipe| Inlet::new(pipe, Arc::clone(&activity))).transpose().map_err(io)?;
        let input = match (source, inlet) {
            (Some(source), Some(inlet)) => {
                // Not waited for: it ends with its source, or when the worker takes no more.
                thread::Builder::new().spawn(move || inlet.pump(source)).map_err(io)?;
                None
            }
            (_, inlet) => inlet,
        };
        let (sender, frames) = sync_channel(WAITING);
        larger(&stdout);
        let limit = ROOM.saturating_add(request.import.max_record.saturating_mul(2));
        let outlet = Outlet { pipe: stdout, activity: Arc::clone(&activity) };
        let reader = Frames::new(BufReader::with_capacity(64 << 10, outlet), limit);
        thread::Builder::new().spawn(move || forward(reader, &sender)).map_err(io)?;
        Ok(Self {
            group,
            sealed: Arc::clone(&program.sealed),
            input,
            frames,
            words: Words::of(stderr).map_err(io)?,
            activity,
            file,
            patience: program.limits.patience,
            memory: program.limits.memory,
            alive: (Instant::now(), 0),
            ended: None,
            host,
        })
    }

    /// Where messages for it are written.
    pub fn input(&mut self) -> Option<Inlet> {
        self.input.take()
    }

    fn is_cancelled(&self) -> bool {
        self.host.map_or_else(interrupt::requested, Host::cancelled)
    }

    /// Whether it has given no sign of life for too long: nothing said, and nothing taken of what it is given.
    fn is_silent(&mut self) -> bool {
        let taken = self.activity.steps() + self.file.as_mut().map_or(0, Shared::place);
        if taken != self.alive.1 || self.activity.is_waiting() {
            self.alive = (Instant::now(), taken);
        }
        self.alive.0.elapsed() > self.patience
    }

    /// Whether it has ended and nothing more comes of it. What it has started, and holds its output, ends too.
    fn is_gone(&mut self) -> bool {
        if self.ended.is_none() && self.group.has_ended() {
            self.group.kill();
            self.ended = Some(Instant::now());
        }
        self.ended.is_some_and(|ended| ended.elapsed() > GRACE)
    }

    fn failure(&self, text: String) -> Failure {
        Failure::Plugin(Error::new(self.sealed.name_in(&text)))
    }

    /// Why the source could not be read, which comes before what the worker makes of it.
    fn source_failure(&self) -> Option<Failure> {
        self.activity.take_failure().map(Failure::Io)
    }
}

impl Running for Process<'_> {
    fn receive(&mut self) -> Result<Option<Message>, Failure> {
        loop {
            if self.is_cancelled() {
                return Err(Failure::Cancelled);
            }
            match self.frames.recv_timeout(TICK) {
                Ok(Ok(frame)) => {
                    self.alive.0 = Instant::now();
                    let message = Message::decode(frame).map_err(|wrong| self.failure(wrong))?;
                    let is_last = matches!(message, Message::End(_) | Message::Error(..));
                    if let Some(failure) = is_last.then(|| self.source_failure()).flatten() {
                        return Err(failure);
                    }
                    return Ok(Some(match message {
                        Message::Error(error, bug) => {
                            Message::Error(Error { message: self.sealed.name_in(&error.message), ..error }, bug)
                        }
                        other => other,
                    }));
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(self.failure(format!("what it writes is not the protocol: {error}")));
                }
                // Cut off, which its end explains.
                Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Ok(Err(error)) => return Err(Failure::Io(format!("what it writes cannot be read: {error}"))),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.is_gone() => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.is_silent() => {
                    self.group.kill();
                    let seconds = self.patience.as_secs();
                    let text = format!("it gave no sign of life for {seconds} s{}", self.words.told());
                    let error = Error::new(self.sealed.name_in(&text));
                    return Err(Failure::Plugin(error.hint("`--plugin-timeout SECONDS` gives it longer")));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn ended(&mut self) -> Failure {
        if let Some(failure) = self.source_failure() {
            return failure;
        }
        // A program may close its output a little before it ends, with an exit code that says something.
        let status = self.group.end(GRACE);
        if self.is_cancelled() {
            return Failure::Cancelled;
        }
        let said = self.words.told();
        let how = status.map_or_else(|error| error.to_string(), ended::how);
        let hint = ended::hint(&said, self.memory);
        Failure::Plugin(Error { hint, ..Error::new(self.sealed.name_in(&format!("{how}{said}"))) })
    }

    fn taken(&mut self) -> u64 {
        let of_file = self.file.as_mut().map_or(0, |file| file.place().max(file.farthest));
        self.activity.given() + of_file
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        self.activity.is_over();
    }
}

/// Forwards frames until the end, an error, or until nobody wants them.
fn forward(mut frames: Frames<impl io::BufRead>, sender: &SyncSender<io::Result<Frame>>) {
    while let Some(next) = frames.next_frame().transpose() {
        let is_last = next.is_err();
        if sender.send(next).is_err() || is_last {
            return;
        }
    }
}

/// Makes a pipe larger, so that a batch needs few turns.
#[cfg(target_os = "linux")]
fn larger(pipe: &impl std::os::fd::AsRawFd) {
    // SAFETY: a call on a descriptor of ours; that it is refused does no harm.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, 1 << 20) };
}

#[cfg(not(target_os = "linux"))]
fn larger<T>(_: &T) {}

//! A worker that runs, as annals sees it: its messages, its signs of life, how it ended.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use annals_core::Error;
use annals_core::host::Failure;
use annals_core::plugin::{Host, Input};
use annals_worker::client::Running;
use annals_worker::frame::{Frame, Frames, ROOM};
use annals_worker::message::Message;
use annals_worker::request::{Action, Request};

use super::program::Program;
use crate::source::Opened;
use crate::worker::ended::{self, Tail};

/// How long a wait for a message lasts before the user's wish to stop is asked for.
const TICK: Duration = Duration::from_millis(20);

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

/// What goes into a worker, as a sign of its life.
#[derive(Default)]
pub struct Activity {
    /// Grows as the worker takes what it is given.
    taken: AtomicU64,
    /// annals itself is waiting for its source, so that the worker has nothing to do.
    waiting: AtomicBool,
    /// Why the source could not be read.
    failed: Mutex<Option<String>>,
}

impl Activity {
    /// Waits for what the worker is to be given; it is not blamed meanwhile.
    pub fn wait<T>(&self, work: impl FnOnce() -> T) -> T {
        self.waiting.store(true, Ordering::Relaxed);
        let result = work();
        self.waiting.store(false, Ordering::Relaxed);
        result
    }

    /// The worker has taken something.
    pub fn went_on(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }
}

/// A worker that runs. It is killed when this goes.
pub struct Process<'h> {
    child: Child,
    /// The names of the file for messages: the user's in place of ours.
    sealed: Arc<crate::plugins::sealed::Sealed>,
    input: Option<ChildStdin>,
    frames: Receiver<io::Result<Frame>>,
    errors: JoinHandle<Tail>,
    activity: Arc<Activity>,
    /// The file that it reads by itself: the place in it is shared.
    file: Option<File>,
    patience: Duration,
    memory: u64,
    /// When it last gave a sign of life, and what was taken then.
    alive: (Instant, u64),
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
        let (mut file, mut pump): (Option<File>, Option<Box<dyn Read + Send>>) = (None, None);
        match given {
            Given::Nothing => drop(command.stdin(Stdio::null())),
            Given::Messages => drop(command.stdin(Stdio::piped())),
            Given::Bytes(bytes) => {
                command.stdin(Stdio::piped());
                pump = Some(Box::new(io::Cursor::new(bytes)));
            }
            Given::Input(opened) => match opened.into_file().map_err(|error| Failure::Io(error.to_string()))? {
                Ok(whole) => {
                    file = Some(whole.try_clone().map_err(io)?);
                    command.stdin(whole);
                }
                Err(opened) => {
                    command.stdin(Stdio::piped());
                    pump = Some(Box::new(opened));
                }
            },
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // A signal of the terminal is for annals to answer.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(io)?;
        // Its own ends of the pipes are the worker's alone.
        drop(command);
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let activity = Arc::new(Activity::default());
        let mut input = child.stdin.take();
        if let (Some(source), Some(pipe)) = (pump, input.take_if(|_| action != Action::Export)) {
            let activity = Arc::clone(&activity);
            // Not waited for: it ends with its source, or when the worker takes no more.
            thread::spawn(move || self::pump(source, pipe, &activity));
        }
        let (sender, frames) = sync_channel(WAITING);
        if let Some(stdout) = stdout {
            larger(&stdout);
            let limit = ROOM.saturating_add(request.import.max_record.saturating_mul(2));
            thread::spawn(move || forward(Frames::new(BufReader::with_capacity(64 << 10, stdout), limit), &sender));
        }
        let errors = thread::spawn(move || stderr.map(Tail::read).unwrap_or_default());
        Ok(Self {
            child,
            sealed: Arc::clone(&program.sealed),
            input,
            frames,
            errors,
            activity,
            file,
            patience: program.limits.patience,
            memory: program.limits.memory,
            alive: (Instant::now(), 0),
            host,
        })
    }

    /// Where messages for it are written, and what to tell meanwhile.
    pub fn input(&mut self) -> Option<(ChildStdin, Arc<Activity>)> {
        self.input.take().map(|input| (input, Arc::clone(&self.activity)))
    }

    fn is_cancelled(&self) -> bool {
        self.host.is_some_and(Host::cancelled)
    }

    /// Whether it has given no sign of life for too long: no message, and nothing taken of what it is given.
    fn is_silent(&mut self) -> bool {
        let place = self.file.as_mut().and_then(|file| file.stream_position().ok()).unwrap_or(0);
        let taken = self.activity.taken.load(Ordering::Relaxed) + place;
        if taken != self.alive.1 || self.activity.waiting.load(Ordering::Relaxed) {
            self.alive = (Instant::now(), taken);
        }
        self.alive.0.elapsed() > self.patience
    }

    fn failure(&self, text: String) -> Failure {
        Failure::Plugin(Error::new(self.sealed.name_in(&text)))
    }

    /// Why the source could not be read, which comes before what the worker makes of it.
    fn source_failure(&self) -> Option<Failure> {
        self.activity.failed.lock().unwrap_or_else(PoisonError::into_inner).take().map(Failure::Io)
    }

    /// What it said on standard error, after its end.
    fn said(&mut self) -> String {
        let nothing = thread::spawn(Tail::default);
        let errors = std::mem::replace(&mut self.errors, nothing);
        errors.join().unwrap_or_default().told()
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
                    return match (&message, self.source_failure()) {
                        (Message::End(_) | Message::Error(..), Some(failure)) => Err(failure),
                        (Message::Error(error, bug), None) => {
                            let error = Error { message: self.sealed.name_in(&error.message), ..error.clone() };
                            Ok(Some(Message::Error(error, *bug)))
                        }
                        _ => Ok(Some(message)),
                    };
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(self.failure(format!("what it writes is not the protocol: {error}")));
                }
                // Cut off, which its end explains.
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) if self.is_silent() => {
                    let _ = self.child.kill();
                    let seconds = self.patience.as_secs();
                    let error = Error::new(format!("it gave no sign of life for {seconds} s{}", self.said()));
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
        // Where it has ended already this changes nothing of how.
        let _ = self.child.kill();
        let status = self.child.wait();
        if self.is_cancelled() {
            return Failure::Cancelled;
        }
        let said = self.said();
        let how = status.map_or_else(|error| error.to_string(), ended::how);
        let hint = ended::hint(&said, self.memory);
        Failure::Plugin(Error { hint, ..Error::new(self.sealed.name_in(&format!("{how}{said}"))) })
    }
}

impl Drop for Process<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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

/// Gives a worker what a source has.
fn pump(mut source: Box<dyn Read + Send>, mut pipe: ChildStdin, activity: &Activity) {
    let mut block = vec![0; 64 << 10];
    loop {
        match activity.wait(|| source.read(&mut block)) {
            Ok(0) => return,
            Ok(read) => {
                if pipe.write_all(&block[..read]).is_err() {
                    return;
                }
                activity.went_on();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                *activity.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                return;
            }
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

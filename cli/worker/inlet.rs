//! The ways into a worker and out of it: what it is given, and what shows that it lives.

use std::io::{self, Read, Write};
use std::process::ChildStdin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The most bytes that are given at once. Each piece that is taken is a sign of life.
const PIECE: usize = 64 << 10;

/// What goes into a worker and comes out of it, as a sign of its life.
#[derive(Default)]
pub struct Activity {
    /// Bytes that it has been given.
    given: AtomicU64,
    /// Grows as it takes what it is given, and as it says something.
    steps: AtomicU64,
    /// annals itself is waiting for its source, so that the worker has nothing to do.
    waiting: AtomicBool,
    /// Nobody listens to the worker any more.
    over: AtomicBool,
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

    /// Whether annals itself is waiting for what it is to give.
    pub fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many bytes it has been given.
    pub fn given(&self) -> u64 {
        self.given.load(Ordering::SeqCst)
    }

    /// How many pieces it has taken and given.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// From now on nobody waits for the worker to take what it is given.
    pub fn is_over(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// Why the source could not be read, once.
    pub fn take_failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A worker's standard input. Writing to it ends when the worker has gone, whoever else holds the other end.
pub struct Inlet {
    pipe: ChildStdin,
    activity: Arc<Activity>,
}

impl Inlet {
    /// Of a pipe.
    pub fn new(pipe: ChildStdin, activity: Arc<Activity>) -> io::Result<Self> {
        do_not_block(&pipe)?;
        Ok(Self { pipe, activity })
    }

    /// What it shows of the worker's life.
    pub fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// Where to see, later and when this has gone, what the worker has not read.
    pub fn unread(&self) -> Unread {
        Unread::of(&self.pipe)
    }

    /// Gives the worker what a source has.
    pub fn pump(mut self, mut source: Box<dyn Read + Send>) {
        let mut block = vec![0; PIECE];
        loop {
            match self.activity.wait(|| source.read(&mut block)) {
                Ok(0) => return,
                Ok(read) => {
                    if self.write_all(&block[..read]).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    // Before the pipe is closed, so that it is known when the worker takes that for the end.
                    let mut failed = self.activity.failed.lock().unwrap_or_else(PoisonError::into_inner);
                    *failed = Some(error.to_string());
                    return;
                }
            }
        }
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        // Before it is written, since the worker may tell of it at once.
        self.activity.given.fetch_add(piece.len() as u64, Ordering::SeqCst);
        let written = loop {
            match self.pipe.write(piece) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if self.activity.over.load(Ordering::SeqCst) {
                        break Err(io::ErrorKind::BrokenPipe.into());
                    }
                    wait_for_room(&self.pipe);
                }
                other => break other,
            }
        };
        let left = piece.len() - written.as_ref().unwrap_or(&0);
        self.activity.given.fetch_sub(left as u64, Ordering::SeqCst);
        self.activity.steps.fetch_add(1, Ordering::Relaxed);
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is left in a pipe. It does not keep who reads from it from seeing its end.
#[cfg(target_os = "linux")]
pub struct Unread(Option<std::fs::File>);

#[cfg(target_os = "linux")]
impl Unread {
    fn of(pipe: &ChildStdin) -> Self {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::OpenOptionsExt;
        let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
        Self(std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).ok())
    }

    /// How many bytes; none where it cannot be seen.
    pub fn bytes(&self) -> usize {
        use std::os::fd::AsRawFd;
        let mut count: libc::c_int = 0;
        // SAFETY: a call on a descriptor of ours, with room for the number.
        let seen = self.0.as_ref().map(|pipe| unsafe { libc::ioctl(pipe.as_raw_fd(), libc::FIONREAD, &raw mut count) });
        if seen == Some(0) { usize::try_from(count).unwrap_or(0) } else { 0 }
    }
}

/// What is left in a pipe, which cannot be seen here.
#[cfg(not(target_os = "linux"))]
pub struct Unread;

#[cfg(not(target_os = "linux"))]
impl Unread {
    fn of(_: &ChildStdin) -> Self {
        Self
    }

    /// None that is known of.
    pub fn bytes(&self) -> usize {
        0
    }
}

/// A worker's standard output. A large message may take its time, as long as it comes.
pub struct Outlet<R> {
    /// The pipe.
    pub pipe: R,
    /// What it shows of the worker's life.
    pub activity: Arc<Activity>,
}

impl<R: Read> Read for Outlet<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.pipe.read(buffer)?;
        self.activity.steps.fetch_add(1, Ordering::Relaxed);
        Ok(read)
    }
}

/// Our end alone: the worker's is another, and as it expects it.
#[cfg(unix)]
fn do_not_block(pipe: &ChildStdin) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: calls on a descriptor of ours.
    let set = unsafe {
        let flags = libc::fcntl(pipe.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if set == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(not(unix))]
fn do_not_block(_: &ChildStdin) -> io::Result<()> {
    Ok(())
}

/// Until there is room, the reader has gone, or it is time to see whether anybody still waits, in milliseconds.
#[cfg(unix)]
fn wait_for_room(pipe: &ChildStdin) {
    use std::os::fd::AsRawFd;
    const PATIENCE: libc::c_int = 50;
    let mut of = libc::pollfd { fd: pipe.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one valid struct.
    unsafe { libc::poll(&mut of, 1, PATIENCE) };
}

#[cfg(not(unix))]
fn wait_for_room(_: &ChildStdin) {}

#[cfg(all(test, unix))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn inlet(script: &str) -> (std::process::Child, Inlet) {
        let mut command = Command::new("sh");
        let mut child =
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("a shell");
        let pipe = child.stdin.take().expect("a pipe");
        (child, Inlet::new(pipe, Arc::default()).expect("a pipe of ours"))
    }

    #[test]
    fn what_is_given_is_counted() {
        let (mut child, inlet) = inlet("cat");
        let activity = inlet.activity();
        inlet.pump(Box::new(io::repeat(b'x').take(1 << 20)));
        assert_eq!(activity.given(), 1 << 20);
        assert!(activity.steps() >= 16 && activity.take_failure().is_none());
        child.wait().expect("an end");
    }

    #[test]
    fn who_takes_nothing_is_not_waited_for_when_it_is_over() {
        let (mut child, mut inlet) = inlet("exec tail -f /dev/null");
        inlet.activity().is_over();
        let error = inlet.write_all(&vec![0; 1 << 20]).expect_err("there is no room for so much");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        child.kill().and_then(|()| child.wait()).expect("an end");
    }

    #[test]
    fn why_a_source_failed_is_kept() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("the disk is gone"))
            }
        }
        let (mut child, inlet) = inlet("cat");
        let activity = inlet.activity();
        inlet.pump(Box::new(Broken));
        assert_eq!(activity.take_failure().as_deref(), Some("the disk is gone"));
        child.wait().expect("an end");
    }
}

//! A process and whatever it starts: they end together.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// How long a wait lasts before the process is looked at again.
const TICK: Duration = Duration::from_millis(5);

/// A process, in a group of its own where the system has groups. It is killed when this goes, and its group with it.
pub struct Group {
    child: Child,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts a command.
    pub fn start(mut command: Command) -> io::Result<Self> {
        // A signal of the terminal is for annals to answer.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(Self { child: command.spawn()?, status: None })
    }

    /// The process, for its pipes.
    pub fn pipes(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Whether it has ended by itself. What it has started may go on.
    pub fn has_ended(&mut self) -> bool {
        self.status.is_some() || has_ended(&mut self.child)
    }

    /// Kills it, and all of its group.
    pub fn kill(&mut self) {
        // Once it has been waited for, its number may be that of another.
        if self.status.is_none() {
            kill_group(&self.child);
            let _ = self.child.kill();
        }
    }

    /// How it ended. It has so much time to do so by itself; then it is killed, and its group in any case.
    pub fn end(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        let start = Instant::now();
        while !self.has_ended() && start.elapsed() < grace {
            thread::sleep(TICK);
        }
        // Where it has ended already this changes nothing of how.
        self.kill();
        let status = self.child.wait()?;
        Ok(*self.status.insert(status))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.end(Duration::ZERO);
    }
}

/// Looks without waiting for it: its number stays its own, and that of its group.
#[cfg(unix)]
fn has_ended(child: &mut Child) -> bool {
    // SAFETY: a plain struct, for which zeros are a value.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: one valid struct; the process is a child that has not been waited for.
    let asked = unsafe { libc::waitid(libc::P_PID, child.id() as libc::id_t, &mut info, how) };
    // SAFETY: filled in by the call, or zero.
    asked == 0 && unsafe { info.si_pid() } != 0
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

#[cfg(unix)]
fn kill_group(child: &Child) {
    if let Ok(group) = libc::pid_t::try_from(child.id()) {
        // SAFETY: a signal to a group that the child, not yet waited for, is the leader of.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

#[cfg(not(unix))]
fn kill_group(_: &Child) {}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Read;
    use std::process::Stdio;

    use super::*;

    fn shell(script: &str) -> Group {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        Group::start(command).expect("a shell")
    }

    #[test]
    fn how_it_ended_is_its_own_doing() {
        let mut group = shell("exit 7");
        assert_eq!(group.end(Duration::from_secs(60)).expect("an end").code(), Some(7));
        assert_eq!(group.end(Duration::ZERO).expect("the same").code(), Some(7));
        let mut group = shell("exec >&-; read x; exit 7");
        assert!(!group.has_ended());
        assert_eq!(group.end(Duration::ZERO).expect("an end").code(), None);
    }

    #[test]
    fn what_it_has_started_ends_with_it() {
        let mut group = shell("cat & exit 0");
        let (stdin, stdout) = (group.pipes().stdin.take(), group.pipes().stdout.take());
        let status = group.end(Duration::from_secs(60)).expect("an end");
        assert_eq!(status.code(), Some(0));
        // To its end, which comes only when nobody can write any more.
        let mut said = Vec::new();
        stdout.expect("a pipe").read_to_end(&mut said).expect("an end");
        assert!(said.is_empty());
        drop(stdin);
    }
}

//! What a worker runs, and how it is started.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use annals_worker::request::{Action, Request};
use serde_json::json;

use crate::plugins::sealed::Sealed;
use crate::worker::ARGUMENT;

/// What a worker may use.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of address space.
    pub memory: u64,
    /// How long it may give no sign of life.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: 2 << 30, patience: Duration::from_secs(60) }
    }
}

/// A plugin's file, how it is run, and within which limits.
pub struct Program {
    /// The library or program.
    pub sealed: Arc<Sealed>,
    /// Whether the user has approved it: a program then runs without the sandbox. (An approved library is loaded and
    /// needs no worker.)
    pub trusted: bool,
    /// What it may use.
    pub limits: Limits,
}

impl Program {
    /// The command that does `action`. A sandboxed one is annals itself, which becomes the plugin.
    pub fn command(&self, action: Action, request: &Request) -> std::io::Result<Command> {
        let path = self.sealed.open_path();
        let asked = [action.name().to_owned(), request.to_json()];
        if self.trusted {
            let mut command = Command::new(path);
            command.args(asked);
            return Ok(command);
        }
        let launch = json!({
            "path": path,
            "id": self.sealed.id(),
            "memory": self.limits.memory,
            "parent": std::process::id(),
        });
        let mut command = Command::new(own_program()?);
        command.arg(ARGUMENT).arg(launch.to_string()).args(asked).env_clear();
        Ok(command)
    }
}

/// This program, even if its file has been replaced meanwhile.
#[cfg(target_os = "linux")]
fn own_program() -> std::io::Result<std::path::PathBuf> {
    Ok("/proc/self/exe".into())
}

#[cfg(not(target_os = "linux"))]
fn own_program() -> std::io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

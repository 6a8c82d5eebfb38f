//! What tests of authors' tools need: a folder in which cargo builds against this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Place, ROOT};

/// Cargo's own target folder, so that what the workspace has built need not be built again.
pub fn target() -> PathBuf {
    let program = std::env::current_exe().expect("the test program has a path");
    program.ancestors().nth(3).expect("cargo's target folder").to_owned()
}

/// As the workspace builds, or else all would be built anew.
const CONFIG: &str =
    "[net]\noffline = true\n[profile.dev]\ndebug = \"line-tables-only\"\n[profile.dev.package.sha2]\nopt-level = 3\n";

/// A fresh folder with the settings of cargo for all projects in it.
pub fn projects() -> Place {
    Place::with(&[(".cargo/config.toml", CONFIG)])
}

/// Lets a project that has been made take the versions of this workspace, and its target folder.
pub fn prepare(project: &Path) {
    if project.join("Cargo.toml").is_file() && !project.join("Cargo.lock").exists() {
        fs::copy(Path::new(ROOT).join("Cargo.lock"), project.join("Cargo.lock")).expect("Cargo.lock can be copied");
        #[cfg(unix)]
        std::os::unix::fs::symlink(target(), project.join("target")).expect("a link can be made");
    }
}

/// Gives a command what cargo needs of the environment, with `home` as the user's folder.
pub fn with_cargo<'c>(command: &'c mut Command, home: &Path) -> &'c mut Command {
    let own = std::env::home_dir().unwrap_or_default();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        command.env(name, std::env::var_os(name).unwrap_or_else(|| own.join(folder).into()));
    }
    command.envs(std::env::var_os("RUSTUP_TOOLCHAIN").map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain)));
    command.env("HOME", home).env("CARGO", env!("CARGO"))
}

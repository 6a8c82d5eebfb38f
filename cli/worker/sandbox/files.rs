//! Landlock: which files may be read, and that nothing may be written or connected to.

use std::io;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr, Scope, path_beneath_rules,
};

/// The version of Landlock whose rights are asked for; an older kernel gives what it has.
const VERSION: ABI = ABI::V6;

/// Where libraries and interpreters are.
const SYSTEM: &[&str] = &[
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/alternatives",
    "/etc/localtime",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/dev/null",
    "/dev/urandom",
];

fn ruleset() -> Result<RulesetCreated, landlock::RulesetError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(VERSION))?
        .handle_access(AccessNet::from_all(VERSION))?
        .scope(Scope::from_all(VERSION))?
        .create()
}

fn enforce(rules: RulesetCreated) -> io::Result<()> {
    rules.restrict_self().map(|_| ()).map_err(io::Error::other)
}

/// Only the system's libraries and programs may be read and executed, nothing written.
pub fn only_system() -> io::Result<()> {
    let rules = ruleset().map_err(io::Error::other)?;
    let system = path_beneath_rules(SYSTEM, AccessFs::from_read(VERSION));
    enforce(rules.add_rules(system).map_err(io::Error::other)?)
}

/// Nothing may be opened at all.
pub fn none() -> io::Result<()> {
    enforce(ruleset().map_err(io::Error::other)?)
}

/// What this kernel lacks.
pub fn lacks() -> Vec<&'static str> {
    // landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)
    // SAFETY: asks for a number.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, 1) };
    match version {
        ..1 => vec!["Landlock: while a library is loaded, and for programs, files that you may read can be read"],
        1..4 => vec!["Landlock of Linux 6.7: connections are refused by seccomp alone"],
        _ => Vec::new(),
    }
}

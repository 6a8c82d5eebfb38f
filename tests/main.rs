//! Runs the program as its users do: command lines in, bytes, messages and exit codes out.

mod algebra;
#[cfg(target_os = "linux")]
mod authors;
mod carriers;
mod cases;
mod check;
mod common;
mod corpus;
#[cfg(target_os = "linux")]
mod docs;
mod engine;
mod expand;
mod files;
mod filters;
#[cfg(target_os = "linux")]
mod foreign;
mod frames;
mod help;
mod hostile;
#[cfg(unix)]
mod install;
mod limits;
mod options;
#[cfg(unix)]
mod outside;
mod plugin_check;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod projects;
mod samples;
mod scenarios;
mod signals;
mod streaming;
mod tidy;

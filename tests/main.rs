//! Runs the program as its users do: command lines in, bytes, messages and exit codes out.

mod algebra;
mod carriers;
mod cases;
mod check;
mod common;
mod corpus;
mod engine;
mod expand;
mod files;
mod filters;
#[cfg(target_os = "linux")]
mod foreign;
mod frames;
mod help;
mod hostile;
mod limits;
mod options;
#[cfg(unix)]
mod outside;
mod plugin_check;
mod samples;
mod scenarios;
mod signals;
mod streaming;
mod tidy;

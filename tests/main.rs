//! Runs the program as its users do: command lines in, bytes, messages and exit codes out.

mod cases;
mod common;
mod files;
mod help;
mod limits;
mod options;
mod scenarios;

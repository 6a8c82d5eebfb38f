//! Runs the program as its users do: command lines in, bytes, messages and exit codes out.

mod common;
mod scenarios;

//! The protocol from end to end in memory: a plugin served, its messages followed; and messages that no good plugin sends.

mod common;
mod descriptions;
mod ipc;
mod schemas;
mod served;
mod streams;

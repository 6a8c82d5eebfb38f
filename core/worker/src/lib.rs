//! The protocol between annals and a plugin in a process of its own: `docs/worker-protocol.md` as code, for both sides.
//!
//! A worker is started as `PROGRAM ACTION [REQUEST]`. It reads its input (or, for an export, messages) from standard
//! input and writes messages to standard output. Nothing here starts a process or opens a file: [`client`] works on
//! messages that somebody receives, [`serve`] on any reader and writer.

pub mod batch;
pub mod client;
pub mod describe;
pub mod frame;
pub mod ipc;
pub mod message;
pub mod request;
pub mod serve;
pub mod testing;

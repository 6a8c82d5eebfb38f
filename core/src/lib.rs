//! The timeline model, the event table and the plugin boundary of annals.
//!
//! Core is pure: it sees bytes and times given to it. No file system, environment, clock, threads or network.

pub mod abi;
pub mod account;
pub mod check;
pub mod claim;
pub mod error;
pub mod event;
mod foreign;
mod guard;
pub mod host;
pub mod json;
pub mod key;
pub mod lines;
mod macros;
pub mod note;
pub mod outside;
pub mod plugin;
pub mod recur;
pub mod sample;
pub mod schema;
pub mod shim;
mod stream;
pub mod table;
pub mod testing;
pub mod when;

pub use check::{Findings, Validator};
pub use claim::{Claim, Locator};
pub use error::Error;
pub use event::{Actor, Event};
pub use note::{Note, NoteKind};
pub use plugin::{
    Export, Exporter, Fact, Format, FormatInfo, Host, Import, ImportRequest, Importer, Input, Options, Out,
};
pub use when::When;

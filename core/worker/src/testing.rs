//! For tests: a worker whose whole output is at hand, and workers that are in this process.

use std::io::{BufRead, BufReader, Cursor};

use annals_core::host::{Failure, Plugin};
use annals_core::plugin::{Host, ImportCounts};
use annals_core::{Error, Event, table};

use crate::client::{Import, Running};
use crate::frame::{Frames, ROOM};
use crate::message::Message;
use crate::request::{Action, Request};
use crate::serve::serve;

/// What stands for the reason of an end that comes too early.
pub const TOO_EARLY: &str = "it ended before it was done";

/// A worker that has written all it will.
pub struct Wire<R> {
    frames: Frames<R>,
    taken: u64,
}

impl<R: BufRead> Wire<R> {
    /// Of its output; it counts as having taken so many bytes of its input.
    pub fn new(output: R, taken: u64) -> Self {
        Self { frames: Frames::new(output, ROOM), taken }
    }
}

impl<R: BufRead> Running for Wire<R> {
    fn receive(&mut self) -> Result<Option<Message>, Failure> {
        let wrong = |text: String| Failure::Plugin(Error::new(text));
        match self.frames.next_frame() {
            Ok(frame) => frame.map(Message::decode).transpose().map_err(wrong),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    fn ended(&mut self) -> Failure {
        Failure::Plugin(Error::new(TOO_EARLY))
    }

    fn taken(&mut self) -> u64 {
        self.taken
    }
}

/// All that a worker writes whose plugin is `plugin` and whose standard input is `input`.
pub fn served(plugin: Plugin, action: Action, request: &Request, input: impl Into<Vec<u8>>) -> Vec<u8> {
    let mut output = Vec::new();
    let input = BufReader::new(Cursor::new(input.into()));
    serve(plugin, action, request, input, &mut output).expect("memory can be written");
    output
}

/// The events and the account of an import that has this output.
pub fn import(output: &[u8], taken: u64, host: &dyn Host) -> Result<(Vec<Event>, ImportCounts), Failure> {
    let mut import = Import::new(Wire::new(output, taken), 1000, host);
    let mut events = Vec::new();
    while let Some(batch) = import.next_batch()? {
        events.extend(table::from_batch(&batch).map_err(Failure::Plugin)?);
    }
    import.finish().map(|counts| (events, counts))
}

//! Plugins in processes of their own: each import, export or check is one process, which ends with it.
//!
//! `program` says what is started, `process` is annals' side of a process that runs (`group` the process and what it starts,
//! `inlet` what goes into it, `ended` how it ended), `launch` the process's own side
//! before the plugin's code runs in it: limits, `sandbox`, then the library or program.

mod ended;
mod group;
mod inlet;
pub mod launch;
mod process;
mod program;
mod sandbox;

use std::collections::VecDeque;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use annals_core::host::Failure;
use annals_core::plugin::{ExportCounts, Host, ImportCounts, ImportRequest, Options};
use annals_core::{Error, Fact};
use annals_worker::batch::Writer;
use annals_worker::client;
use annals_worker::describe::{Description, FormatDescription};
use annals_worker::message::{Encoding, Message, VERSION};
use annals_worker::request::{Action, Request};
use arrow_array::RecordBatch;
use sha2::{Digest, Sha256};

use crate::source::Opened;
use inlet::{Activity, Inlet, Unread};
use process::{Given, Process};

pub use program::{Limits, Program};
pub use sandbox::lacks;

/// The first argument by which annals starts itself as a worker. No user types it.
pub const ARGUMENT: &str = "__worker";

/// A plugin that runs in processes of its own.
pub struct Worker {
    program: Program,
    /// What it says of itself.
    pub description: Description,
    /// What it has said of inputs, by their name and hash: each of its formats is asked, and some inputs twice.
    sniffed: Mutex<VecDeque<(String, Scores)>>,
}

/// How surely an input is of each format.
type Scores = Vec<(String, u8)>;

/// The scores of so many inputs are remembered.
const REMEMBERED: usize = 64;

impl Worker {
    /// Starts it once, to ask what it is.
    pub fn new(program: Program) -> Result<Self, Error> {
        let process = Process::start(&program, Action::Describe, &Request::default(), Given::Nothing, None);
        let description = process.and_then(client::describe).map_err(|failure| match failure {
            Failure::Refused(error) | Failure::Plugin(error) => error,
            Failure::Io(text) => Error::new(text),
            Failure::Cancelled => Error::new("interrupted"),
        });
        let description = description.map_err(|error| {
            let is_program = program.sealed.id().is_none() && error.hint.is_none();
            if is_program { error.hint("a program is a plugin if it speaks docs/worker-protocol.md") } else { error }
        })?;
        if let Some(id) = program.sealed.id().filter(|id| *id != description.id) {
            return Err(Error::new(format!("it calls itself `{}`, but its file is named for `{id}`", description.id)));
        }
        Ok(Self { program, description, sniffed: Mutex::default() })
    }

    /// Whether the user has approved it.
    pub fn is_trusted(&self) -> bool {
        self.program.trusted
    }

    /// How surely `head` is of each format. A plugin that fails to say knows nothing of it.
    fn sniff(&self, head: &[u8], name: &str) -> Scores {
        let key = format!("{:x} {name}", Sha256::digest(head));
        let mut sniffed = self.sniffed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, scores)) = sniffed.iter().find(|(known, _)| *known == key) {
            return scores.clone();
        }
        let request = Request { label: name.to_owned(), ..Request::default() };
        let given = Given::Bytes(head.to_vec());
        let process = Process::start(&self.program, Action::Sniff, &request, given, None);
        let scores = process.and_then(client::sniff).unwrap_or_default();
        if sniffed.len() == REMEMBERED {
            sniffed.pop_front();
        }
        sniffed.push_back((key, scores.clone()));
        scores
    }
}

/// A format of such a plugin.
#[derive(Clone)]
pub struct WorkerFormat {
    worker: Arc<Worker>,
    at: usize,
}

impl WorkerFormat {
    /// The formats of a plugin.
    pub fn all(worker: &Arc<Worker>) -> Vec<Self> {
        (0..worker.description.formats.len()).map(|at| Self { worker: Arc::clone(worker), at }).collect()
    }

    /// What the plugin says of it.
    pub fn info(&self) -> &FormatDescription {
        &self.worker.description.formats[self.at]
    }

    /// How surely `head` is of this format, 0-100.
    pub fn sniff(&self, head: &[u8], name: &str) -> u8 {
        if !self.info().sniff {
            return 0;
        }
        let scores = self.worker.sniff(head, name);
        scores.iter().find(|(name, _)| *name == self.info().name).map_or(0, |(_, score)| *score)
    }

    /// Starts reading `opened`.
    pub fn import<'h>(
        &self,
        opened: Opened,
        label: &str,
        request: &ImportRequest,
        host: &'h dyn Host,
    ) -> Result<Import<'h>, Failure> {
        let process = self.start(Action::Import, label, request, Given::Input(opened), host)?;
        Ok(Import(client::Import::new(process, request.batch_rows, host)))
    }

    /// Checks `opened` against the specification of the format.
    pub fn validate(
        &self,
        opened: Opened,
        label: &str,
        request: &ImportRequest,
        host: &dyn Host,
    ) -> Result<(), Failure> {
        client::check(self.start(Action::Check, label, request, Given::Input(opened), host)?, host)
    }

    fn start<'h>(
        &self,
        action: Action,
        label: &str,
        request: &ImportRequest,
        given: Given,
        host: &'h dyn Host,
    ) -> Result<Process<'h>, Failure> {
        let request = Request {
            format: self.info().name.clone(),
            label: label.to_owned(),
            size: given.size(),
            import: request.clone(),
        };
        Process::start(&self.worker.program, action, &request, given, Some(host))
    }

    /// Writes the events of `batches` to `out`.
    pub fn export(
        &self,
        mut batches: impl Iterator<Item = Result<RecordBatch, Error>> + Send,
        facts: &[Fact],
        options: &Options,
        out: &mut dyn Write,
        host: &dyn Host,
    ) -> Result<ExportCounts, Failure> {
        let import = ImportRequest { options: options.clone(), ..ImportRequest::default() };
        let mut process = self.start(Action::Export, "", &import, Given::Messages, host)?;
        let pipe = process.input().ok_or_else(|| Failure::Io("the worker has no input".to_owned()))?;
        let activity = pipe.activity();
        let given = Fed::default();
        let feed = Feed { facts, encoding: self.worker.description.encoding, activity, given: &given };
        // They live until it is known what came of it: that nobody takes them any more is how others learn of a failure.
        let batches = &mut batches;
        std::thread::scope(|scope| {
            // An error is a worker that takes no more, which shows itself in what it says.
            scope.spawn(move || feed.run(batches, &mut BufWriter::with_capacity(64 << 10, pipe)).ok());
            client::export(process, out, host, || given.rows())
        })
    }
}

/// Sends a worker what it is to write.
struct Feed<'a> {
    facts: &'a [Fact],
    encoding: Encoding,
    activity: Arc<Activity>,
    given: &'a Fed,
}

/// What has been sent.
#[derive(Default)]
struct Fed {
    rows: AtomicU64,
    /// After the last byte: where to see what of it has not been read.
    sent: Mutex<Option<Unread>>,
    changed: Condvar,
}

/// How long a worker may be ahead of what it is told.
const AHEAD: Duration = Duration::from_secs(1);

impl Fed {
    /// How many rows, if they are all there are and the worker has read them. It says that it has.
    fn rows(&self) -> Option<u64> {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let (sent, _) =
            self.changed.wait_timeout_while(sent, AHEAD, |sent| sent.is_none()).unwrap_or_else(PoisonError::into_inner);
        sent.as_ref().filter(|unread| unread.bytes() == 0).map(|_| self.rows.load(Ordering::SeqCst))
    }

    fn all_is_sent(&self, unread: Unread) {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner) = Some(unread);
        self.changed.notify_all();
    }
}

impl Feed<'_> {
    fn run(
        self,
        batches: &mut impl Iterator<Item = Result<RecordBatch, Error>>,
        pipe: &mut BufWriter<Inlet>,
    ) -> std::io::Result<()> {
        let mut writer = Writer::new(self.encoding);
        Message::Hello(VERSION).write(pipe, self.encoding)?;
        self.facts.iter().try_for_each(|fact| Message::Fact(fact.clone()).write(pipe, self.encoding))?;
        while let Some(batch) = self.activity.wait(|| batches.next()) {
            // The merge has failed: without an `end` the worker knows that what it has is not all.
            let Ok(batch) = batch else { return Ok(()) };
            self.given.rows.fetch_add(batch.num_rows() as u64, Ordering::SeqCst);
            writer.write(&batch, pipe)?;
        }
        Message::End(Default::default()).write(pipe, self.encoding)?;
        pipe.flush()?;
        self.given.all_is_sent(pipe.get_ref().unread());
        Ok(())
    }
}

/// An import under way.
pub struct Import<'h>(client::Import<'h, Process<'h>>);

impl Import<'_> {
    /// The next events as columns, `None` at the end of the data.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Failure> {
        self.0.next_batch()
    }

    /// The account, after the end.
    pub fn finish(self) -> Result<ImportCounts, Failure> {
        self.0.finish()
    }
}

//! annals' side: what comes of a worker's messages, held to the contract that a loaded plugin is held to.

use std::collections::VecDeque;
use std::io::Write;

use annals_core::abi::{ExportStats, ImportStats};
use annals_core::host::{Failure, RawNote, Told, presentable, settle_export, settle_import};
use annals_core::plugin::{ExportCounts, Host, ImportCounts};
use annals_core::table::{Builder, Rows};
use annals_core::{Error, NoteKind, json};
use arrow_array::RecordBatch;
use serde_json::{Map, Value};

use crate::batch::Reader;
use crate::describe::Description;
use crate::message::{Message, VERSION};

/// A worker that runs.
pub trait Running {
    /// The next message; `None` when its output has ended. An end before the message that ends an action is for
    /// [`Running::ended`] to explain.
    fn receive(&mut self) -> Result<Option<Message>, Failure>;

    /// Why its output has ended too early: it crashed, say.
    fn ended(&mut self) -> Failure;

    /// How many bytes of its input it has been given or has taken. It may be told of these, not of more.
    fn taken(&mut self) -> u64;
}

/// Batches without rows that may follow one another while nothing is taken and nothing told. More of them than a pipe holds:
/// what the worker took meanwhile may have been seen with the first.
const MAX_IDLE: u32 = 10_000;

/// A batch of events that came one by one ends at about as many bytes.
const BATCH_BYTES: usize = 1 << 20;

fn wrong(text: impl Into<String>) -> Failure {
    Failure::Plugin(Error::new(text))
}

/// The messages of a worker after its greeting.
struct Conversation<R> {
    worker: R,
    greeted: bool,
}

impl<R: Running> Conversation<R> {
    fn new(worker: R) -> Self {
        Self { worker, greeted: false }
    }

    fn next(&mut self) -> Result<Message, Failure> {
        loop {
            match self.worker.receive()? {
                None => return Err(self.worker.ended()),
                Some(Message::Error(error, true)) => return Err(Failure::Plugin(presentable(error))),
                Some(Message::Error(error, false)) => return Err(Failure::Refused(presentable(error))),
                Some(Message::Hello(VERSION)) if !self.greeted => self.greeted = true,
                Some(Message::Hello(version)) if !self.greeted => {
                    return Err(wrong(format!("it speaks version {version} of the protocol, not {VERSION}")));
                }
                Some(_) if !self.greeted => return Err(wrong("its first message is not `hello`")),
                Some(message) => return Ok(message),
            }
        }
    }

    /// The answer to a question.
    fn answer(&mut self) -> Result<Value, Failure> {
        loop {
            match self.next()? {
                Message::Result(value) => return Ok(value),
                Message::Log(_) | Message::Progress(_) => {}
                other => return unexpected(&other),
            }
        }
    }
}

/// The answer to `describe`.
pub fn describe(worker: impl Running) -> Result<Description, Failure> {
    let answer = Conversation::new(worker).answer()?;
    Description::parse(&answer).map_err(Failure::Plugin)
}

/// The answer to `sniff`: how surely an input is of each format, 0-100.
pub fn sniff(worker: impl Running) -> Result<Vec<(String, u8)>, Failure> {
    let answer = Conversation::new(worker).answer()?;
    let Value::Object(scores) = answer else { return Err(wrong("its scores are not a JSON object")) };
    // What is out of range is as good as its nearer end.
    let score = |value: &Value| value.as_i64().map_or(0, |score| score.clamp(0, 100) as u8);
    Ok(scores.iter().map(|(name, value)| (name.clone(), score(value))).collect())
}

fn count(account: &Map<String, Value>, key: &str) -> Result<u64, Failure> {
    let number = account.get(key).and_then(Value::as_u64);
    number.ok_or_else(|| wrong(format!("its account has no whole number `{key}`")))
}

/// Tells the host what any action may tell; gives back what is none of it. `read` is how much of the input has been read,
/// if there is one.
fn tell(told: &mut Told<'_>, message: Message, read: Option<u64>) -> Result<Option<Message>, Failure> {
    match message {
        Message::Note(note) => told.note(RawNote::of(&note), read),
        Message::Fact(fact) if read.is_some() => told.parsed_fact(&fact, read.unwrap_or(0)),
        Message::Progress(bytes) => told.host().progress(bytes),
        Message::Log(_) => {}
        other => return Ok(Some(other)),
    }
    told.take_failure().map_or(Ok(None), Err)
}

/// An import under way.
pub struct Import<'h, R> {
    worker: Conversation<R>,
    told: Told<'h>,
    reader: Reader,
    /// Events that came one by one.
    events: Builder,
    ready: VecDeque<RecordBatch>,
    batch_rows: usize,
    rows: u64,
    /// How many batches without rows have come while nothing was taken or told, and what had been.
    idle: (u32, u64, u64),
    account: Option<Map<String, Value>>,
}

impl<'h, R: Running> Import<'h, R> {
    /// From a worker that has just been asked to import.
    pub fn new(worker: R, batch_rows: usize, host: &'h dyn Host) -> Self {
        Self {
            worker: Conversation::new(worker),
            told: Told::new(host),
            reader: Reader::default(),
            events: Builder::default(),
            ready: VecDeque::new(),
            batch_rows,
            rows: 0,
            idle: (0, 0, 0),
            account: None,
        }
    }

    /// The next events as columns, `None` at the end of the data. [`Rows::of`] it cannot fail.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>, Failure> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                self.count_idle(&batch)?;
                Rows::of(&batch).map_err(Failure::Plugin)?;
                self.rows += batch.num_rows() as u64;
                return Ok(Some(batch));
            }
            if self.account.is_some() {
                return Ok(None);
            }
            let message = self.worker.next()?;
            let read = self.worker.worker.taken();
            match tell(&mut self.told, message, Some(read))? {
                None => {}
                Some(Message::Batches(bytes)) => {
                    let batches = self.reader.read(bytes);
                    self.ready.extend(batches.map_err(|error| Failure::Plugin(presentable(error)))?);
                }
                Some(Message::Event(event)) => self.event(event, read)?,
                Some(Message::End(account)) => {
                    self.account = Some(account);
                    self.flush();
                }
                Some(other) => return unexpected(&other),
            }
        }
    }

    fn count_idle(&mut self, batch: &RecordBatch) -> Result<(), Failure> {
        let (taken, told) = (self.worker.worker.taken(), self.told.count());
        let is_idle = batch.num_rows() == 0 && (taken, told) == (self.idle.1, self.idle.2);
        self.idle = (if is_idle { self.idle.0 + 1 } else { 0 }, taken, told);
        if self.idle.0 > MAX_IDLE {
            return Err(wrong(format!("more than {MAX_IDLE} batches without rows, for which it read nothing")));
        }
        Ok(())
    }

    fn event(&mut self, map: Map<String, Value>, read: u64) -> Result<(), Failure> {
        let reading = json::read_object(map, None).map_err(|error| {
            let number = self.rows + self.events.len() as u64 + 1;
            Failure::Plugin(presentable(Error::new(format!("its event {number} is none: {}", error.sentence()))))
        })?;
        for repair in reading.repairs {
            let note = RawNote {
                kind: NoteKind::Repair,
                code: repair.code.as_bytes(),
                text: repair.text.as_bytes(),
                event: reading.event.id.as_deref().unwrap_or_default().as_bytes(),
                locator: None,
                bytes: &[],
            };
            self.told.note(note, Some(read));
        }
        self.told.take_failure().map_or(Ok(()), Err)?;
        self.events.event(&reading.event);
        if self.events.len() >= self.batch_rows || self.events.bytes() >= BATCH_BYTES {
            self.flush();
        }
        Ok(())
    }

    fn flush(&mut self) {
        if !self.events.is_empty() {
            self.ready.push_back(self.events.finish());
        }
    }

    /// The account, after the end.
    pub fn finish(self) -> Result<ImportCounts, Failure> {
        let account = self.account.ok_or_else(|| wrong("the import has not ended"))?;
        let stats = ImportStats {
            struct_size: 0,
            complete: 1,
            read: count(&account, "read")?,
            emitted: count(&account, "emitted")?,
            rejected: count(&account, "rejected")?,
            filtered: count(&account, "filtered")?,
        };
        settle_import(&stats, self.rows, self.told.notes(NoteKind::Reject), 0).map_err(Failure::Plugin)
    }
}

/// Follows a check to its end.
pub fn check(worker: impl Running, host: &dyn Host) -> Result<(), Failure> {
    let (mut worker, mut told) = (Conversation::new(worker), Told::new(host));
    loop {
        let message = worker.next()?;
        let read = worker.worker.taken();
        match tell(&mut told, message, Some(read))? {
            None => {}
            Some(Message::End(_)) => return Ok(()),
            Some(other) => return unexpected(&other),
        }
    }
}

fn unexpected<T>(message: &Message) -> Result<T, Failure> {
    Err(wrong(format!("a message `{}` that has no place here", message.name())))
}

/// Follows an export to its end; somebody else sends it the events, and `given` says at the end how many, or `None`
/// if it was not told of all.
pub fn export(
    worker: impl Running,
    out: &mut dyn Write,
    host: &dyn Host,
    given: impl FnOnce() -> Option<u64>,
) -> Result<ExportCounts, Failure> {
    let (mut worker, mut told) = (Conversation::new(worker), Told::new(host));
    loop {
        let message = worker.next()?;
        match tell(&mut told, message, None)? {
            None => {}
            Some(Message::Data(bytes)) => out.write_all(&bytes).map_err(|error| Failure::Io(error.to_string()))?,
            Some(Message::End(account)) => {
                let stats = ExportStats {
                    struct_size: 0,
                    reserved: 0,
                    read: count(&account, "read")?,
                    written: count(&account, "written")?,
                    omitted: count(&account, "omitted")?,
                };
                return settle_export(&stats, given(), told.notes(NoteKind::Omit)).map_err(Failure::Plugin);
            }
            Some(other) => return unexpected(&other),
        }
    }
}

//! The worker's side, for a plugin that is loaded here: answers one action.

use std::cell::RefCell;
use std::io::{BufRead, Read, Write};

use annals_core::host::{Failure, FormatRef, Plugin};
use annals_core::plugin::{Host, Input};
use annals_core::schema::event_schema;
use annals_core::{Error, Fact, Note};
use arrow_array::RecordBatch;
use serde_json::{Map, Value, json};

use crate::batch::{Reader, Writer};
use crate::describe::Description;
use crate::frame::{Frames, ROOM};
use crate::message::{Encoding, Message, VERSION, write_data};
use crate::request::{Action, Request};

const FRAMES: Encoding = Encoding::Frames;

/// Where messages go; an error (annals has gone) ends the action.
struct Line<'o> {
    out: RefCell<&'o mut dyn Write>,
    failed: RefCell<Option<std::io::Error>>,
}

impl Line<'_> {
    fn send(&self, message: &Message) {
        self.keep(message.write(*self.out.borrow_mut(), FRAMES));
    }

    fn keep(&self, sent: std::io::Result<()>) {
        if let Err(error) = sent {
            self.failed.borrow_mut().get_or_insert(error);
        }
    }
}

impl Host for Line<'_> {
    fn cancelled(&self) -> bool {
        self.failed.borrow().is_some()
    }

    fn progress(&self, done: u64) {
        self.send(&Message::Progress(done));
    }

    fn note(&self, note: &Note) {
        self.send(&Message::Note(note.clone()));
    }

    fn fact(&self, fact: &Fact) {
        self.send(&Message::Fact(fact.clone()));
    }
}

/// Bytes of an output as messages.
struct Data<'a, 'o>(&'a Line<'o>);

impl Write for Data<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        write_data(bytes, *self.0.out.borrow_mut(), FRAMES)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A worker's standard input as the source of an import.
struct Source<R> {
    input: R,
    size: Option<u64>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.input.read(buffer)
    }
}

impl<R: Read + Send> Input for Source<R> {
    fn size(&self) -> Option<u64> {
        self.size
    }
}

/// Does what is asked with `plugin`, which is loaded here: reads `input`, and writes messages to `out`.
pub fn serve(
    plugin: Plugin,
    action: Action,
    request: &Request,
    input: impl BufRead + Send + 'static,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    let line = Line { out: RefCell::new(out), failed: RefCell::default() };
    line.send(&Message::Hello(VERSION));
    let last = answer(plugin, action, request, input, &line).unwrap_or_else(|failure| match failure {
        Failure::Refused(error) => Message::Error(error, false),
        Failure::Plugin(error) => Message::Error(error, true),
        Failure::Io(error) => Message::Error(Error::new(error), false),
        Failure::Cancelled => Message::Error(Error::new("interrupted"), false),
    });
    line.send(&last);
    let Line { out, failed } = line;
    out.into_inner().flush()?;
    failed.into_inner().map_or(Ok(()), Err)
}

fn answer(
    plugin: Plugin,
    action: Action,
    request: &Request,
    input: impl BufRead + Send + 'static,
    line: &Line<'_>,
) -> Result<Message, Failure> {
    if action == Action::Describe {
        return Ok(Message::Result(Description::of(plugin).to_json()));
    }
    if action == Action::Sniff {
        let mut head = Vec::new();
        let read = input.take(64 << 10).read_to_end(&mut head);
        read.map_err(|error| Failure::Io(error.to_string()))?;
        let score = |format: FormatRef| (format.name(), json!(format.sniff(&head, &request.label)));
        return Ok(Message::Result(Value::Object(plugin.formats().into_iter().map(score).collect())));
    }
    let format = plugin.formats().into_iter().find(|format| format.name() == request.format);
    let format = format.ok_or_else(|| {
        let name = &request.format;
        Failure::Plugin(Error::new(format!("the plugin has no format `{name}`")))
    })?;
    match action {
        Action::Export => export(format, request, input, line),
        Action::Check => {
            let source = Box::new(Source { input, size: request.size });
            format.validate(source, &request.label, &request.import, line)?;
            Ok(Message::End(Map::new()))
        }
        _ => import(format, request, input, line),
    }
}

fn import(
    format: FormatRef,
    request: &Request,
    input: impl Read + Send + 'static,
    line: &Line<'_>,
) -> Result<Message, Failure> {
    let source = Box::new(Source { input, size: request.size });
    let mut stream = format.import(source, &request.label, &request.import, line)?;
    let mut writer = Writer::new(FRAMES);
    while let Some(batch) = stream.next_batch()? {
        let sent = writer.write(&batch, *line.out.borrow_mut());
        sent.map_err(|error| Failure::Io(format!("its events cannot be sent: {error}")))?;
        if line.cancelled() {
            return Err(Failure::Cancelled);
        }
    }
    let counts = stream.finish()?;
    Ok(account(&[
        ("read", counts.read()),
        ("emitted", counts.emitted),
        ("rejected", counts.rejected),
        ("filtered", counts.filtered),
    ]))
}

fn account(numbers: &[(&str, u64)]) -> Message {
    Message::End(numbers.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect())
}

/// The events that annals sends.
struct Events<R> {
    frames: Frames<R>,
    reader: Reader,
    /// The first message behind the facts.
    first: Option<Message>,
    ready: std::vec::IntoIter<RecordBatch>,
    ended: bool,
}

impl<R: BufRead> Events<R> {
    fn receive(&mut self) -> Result<Message, Error> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        match self.frames.next_frame()? {
            Some(frame) => Message::decode(frame).map_err(Error::new),
            None => Err(Error::new("annals has gone")),
        }
    }

    fn unexpected(&self, message: &Message) -> Error {
        Error::new(format!("annals sent `{}`", message.name()))
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, Error> {
        loop {
            if let Some(batch) = self.ready.next() {
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            match self.receive()? {
                Message::Batches(bytes) => {
                    let batches = self.reader.read(bytes)?;
                    // As the exporter is told they are.
                    let is_whole = |batch: &RecordBatch| batch.schema().fields() == event_schema().fields();
                    if !batches.iter().all(is_whole) {
                        return Err(Error::new("annals sent a batch that is not of the whole event table"));
                    }
                    self.ready = batches.into_iter();
                }
                Message::End(_) => self.ended = true,
                other => return Err(self.unexpected(&other)),
            }
        }
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

fn export(
    format: FormatRef,
    request: &Request,
    input: impl BufRead + Send + 'static,
    line: &Line<'_>,
) -> Result<Message, Failure> {
    let limit = ROOM.saturating_add(request.import.max_record.saturating_mul(2));
    let mut events = Events {
        frames: Frames::new(input, limit),
        reader: Reader::default(),
        first: None,
        ready: Vec::new().into_iter(),
        ended: false,
    };
    let mut facts = Vec::new();
    // The facts come first, the greeting before them.
    match events.receive().map_err(Failure::Refused)? {
        Message::Hello(VERSION) => {}
        other => return Err(Failure::Refused(events.unexpected(&other))),
    }
    loop {
        match events.receive().map_err(Failure::Refused)? {
            Message::Fact(fact) => facts.push(fact),
            first => {
                events.first = Some(first);
                break;
            }
        }
    }
    let mut out = std::io::BufWriter::with_capacity(64 << 10, Data(line));
    let counts = format.export(events, &facts, &request.import.options, &mut out, line)?;
    out.flush().map_err(|error| Failure::Io(error.to_string()))?;
    let written = counts.read - counts.omitted;
    Ok(account(&[("read", counts.read), ("written", written), ("omitted", counts.omitted)]))
}

//! Messages: what frames and lines mean, in both encodings.

use std::io::{self, Write};

use annals_core::{Error, Fact, Locator, Note, NoteKind};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::frame::{Frame, Kind, write_frame};

/// The version of the protocol.
pub const VERSION: u64 = 1;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Binary frames; events are Arrow batches.
    Frames,
    /// A line of JSON each; events are canonical JSON.
    Lines,
}

impl Encoding {
    /// The name in a description.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Lines => "jsonl",
        }
    }

    /// The encoding of a name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Frames, Self::Lines].into_iter().find(|encoding| encoding.name() == name)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// The version that the sender speaks.
    Hello(u64),
    /// Whole messages of an Arrow IPC stream.
    Batches(Vec<u8>),
    /// An event as canonical JSON.
    Event(Map<String, Value>),
    /// A note.
    Note(Note),
    /// A fact.
    Fact(Fact),
    /// How many bytes have been read.
    Progress(u64),
    /// A line for the log.
    Log(String),
    /// Bytes of an output.
    Data(Vec<u8>),
    /// The answer to `describe` or `sniff`.
    Result(Value),
    /// The account.
    End(Map<String, Value>),
    /// Why the sender cannot go on, and whether the plugin itself is to blame.
    Error(Error, bool),
}

impl Message {
    /// What a frame or line says, or what is wrong with it.
    pub fn decode(frame: Frame) -> Result<Self, String> {
        match frame {
            Frame::Binary(kind, bytes) => binary(kind, bytes),
            Frame::Line(line) => {
                let value: Value =
                    parse(&line).map_err(|error| format!("a line that is not JSON: {error}: {}", shown(&line)))?;
                let Value::Object(map) = value else { return Err("a line that is not a JSON object".to_owned()) };
                lined(map)
            }
        }
    }

    /// Its name in lines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Batches(_) => "batch",
            Self::Event(_) => "event",
            Self::Note(_) => "note",
            Self::Fact(_) => "fact",
            Self::Progress(_) => "progress",
            Self::Log(_) => "log",
            Self::Data(_) => "data",
            Self::Result(_) => "result",
            Self::End(_) => "end",
            Self::Error(..) => "error",
        }
    }

    /// Writes it. Batches and events are written by [`crate::batch::Writer`].
    pub fn write(&self, out: &mut dyn Write, encoding: Encoding) -> io::Result<()> {
        let (kind, value) = match self {
            Self::Hello(version) => (Kind::Hello, json!(version)),
            Self::Note(note) => return write_note(note, out, encoding),
            Self::Fact(fact) => (Kind::Fact, json!({"kind": fact.kind, "key": fact.key, "value": fact.value})),
            Self::Progress(bytes) => (Kind::Progress, json!(bytes)),
            Self::Log(text) => (Kind::Log, json!(text)),
            Self::Data(bytes) => return write_data(bytes, out, encoding),
            Self::Result(value) => (Kind::Result, value.clone()),
            Self::End(account) => (Kind::End, Value::Object(account.clone())),
            Self::Error(error, bug) => (Kind::Error, error_json(error, *bug)),
            Self::Event(event) => (Kind::Batch, Value::Object(event.clone())),
            Self::Batches(bytes) => return write_frame(out, Kind::Batch, &[bytes]),
        };
        match encoding {
            Encoding::Frames => write_frame(out, kind, &[value.to_string().as_bytes()]),
            Encoding::Lines => writeln!(out, "{}", json!({ self.name(): value })),
        }
    }
}

/// Bytes of an output, without a copy.
pub fn write_data(bytes: &[u8], out: &mut dyn Write, encoding: Encoding) -> io::Result<()> {
    match encoding {
        Encoding::Frames => write_frame(out, Kind::Data, &[bytes]),
        Encoding::Lines => {
            let line = match std::str::from_utf8(bytes) {
                Ok(text) => json!({ "data": text }),
                Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
            };
            writeln!(out, "{line}")
        }
    }
}

fn write_note(note: &Note, out: &mut dyn Write, encoding: Encoding) -> io::Result<()> {
    let mut map = Map::new();
    let mut set = |key: &str, value: Value| drop(map.insert(key.to_owned(), value));
    set("kind", note.kind.name().into());
    set("code", note.code.as_str().into());
    set("text", note.text.as_str().into());
    if let Some(event) = &note.event {
        set("event", event.as_str().into());
    }
    if let Some(Locator { offset, len, line }) = note.locator {
        set("offset", offset.into());
        set("len", len.into());
        set("line", line.into());
    }
    match encoding {
        Encoding::Frames => {
            let text = Value::Object(map).to_string();
            let length = u32::try_from(text.len()).map_err(|_| io::Error::other("a note of more than 4 GiB"))?;
            write_frame(out, Kind::Note, &[&length.to_le_bytes(), text.as_bytes(), &note.bytes])
        }
        Encoding::Lines => {
            match std::str::from_utf8(&note.bytes) {
                Ok("") => {}
                Ok(text) => drop(map.insert("bytes".to_owned(), text.into())),
                Err(_) => drop(map.insert("base64".to_owned(), STANDARD.encode(&note.bytes).into())),
            }
            writeln!(out, "{}", json!({ "note": map }))
        }
    }
}

fn error_json(error: &Error, bug: bool) -> Value {
    json!({
        "blame": if bug { "plugin" } else { "input" },
        "message": error.message,
        "hint": error.hint,
        "offset": error.offset,
        "line": error.line,
        "column": error.column,
    })
}

fn binary(kind: Kind, mut bytes: Vec<u8>) -> Result<Message, String> {
    match kind {
        Kind::Batch => return Ok(Message::Batches(bytes)),
        Kind::Data => return Ok(Message::Data(bytes)),
        Kind::Note => {
            let bad = || "a note whose JSON is longer than the note".to_owned();
            let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(bad)?;
            let length = u32::from_le_bytes(*length) as usize;
            let text = rest.get(..length).ok_or_else(bad)?;
            let map = object("note", json_of("note", text)?)?;
            let record = bytes.split_off(4 + length);
            return note(&map, record).map(Message::Note);
        }
        _ => {}
    }
    let name = match kind {
        Kind::Hello => "hello",
        Kind::Fact => "fact",
        Kind::Progress => "progress",
        Kind::Log => "log",
        Kind::Result => "result",
        Kind::End => "end",
        _ => "error",
    };
    let value = json_of(name, &bytes)?;
    plain(name, value).unwrap_or_else(|| Err(format!("a frame of kind {kind:?} that cannot be read")))
}

fn json_of(name: &str, bytes: &[u8]) -> Result<Value, String> {
    parse(bytes).map_err(|error| format!("a message `{name}` that is not JSON: {error}"))
}

/// A message has at most this many values: two bytes may be one, which takes thirty times as much memory.
const MAX_VALUES: usize = 1 << 21;

fn parse(text: &[u8]) -> Result<Value, String> {
    if text.len() > MAX_VALUES && values(text) > MAX_VALUES {
        return Err(format!("more than {MAX_VALUES} values"));
    }
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

/// About how many values a JSON text has: one behind each comma, colon and opening bracket.
fn values(text: &[u8]) -> usize {
    let (mut count, mut bytes) = (1, text.iter());
    while let Some(byte) = bytes.next() {
        match byte {
            b',' | b':' | b'[' | b'{' => count += 1,
            // To the end of the text; what is escaped is no end.
            b'"' => {
                while bytes.next().is_some_and(|byte| *byte != b'"' && (*byte != b'\\' || bytes.next().is_some())) {}
            }
            _ => {}
        }
    }
    count
}

/// The beginning of a text from outside, in quotes.
pub(crate) fn shown(bytes: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(80)]))
}

fn lined(mut map: Map<String, Value>) -> Result<Message, String> {
    let mut entries = std::mem::take(&mut map).into_iter();
    let (Some((name, value)), None) = (entries.next(), entries.next()) else {
        return Err("a line that has not one key, the name of the message".to_owned());
    };
    match name.as_str() {
        "event" => object("event", value).map(Message::Event),
        "note" => {
            let map = object("note", value)?;
            let bytes = bytes_of(&map, "bytes")?.unwrap_or_default();
            note(&map, bytes).map(Message::Note)
        }
        "data" => {
            value.as_str().map(|text| Message::Data(text.into())).ok_or_else(|| "data that is no text".to_owned())
        }
        "base64" => base64(&value).map(Message::Data),
        name => plain(name, value)
            .unwrap_or_else(|| Err(format!("a message of the unknown name {}", shown(name.as_bytes())))),
    }
}

/// Messages that are the same in both encodings.
fn plain(name: &str, value: Value) -> Option<Result<Message, String>> {
    Some(match name {
        "hello" => number(name, &value).map(Message::Hello),
        "fact" => fact(value).map(Message::Fact),
        "progress" => number(name, &value).map(Message::Progress),
        "log" => {
            value.as_str().map(|text| Message::Log(text.to_owned())).ok_or_else(|| "a log that is no text".to_owned())
        }
        "result" => Ok(Message::Result(value)),
        "end" => object(name, value).map(Message::End),
        "error" => object(name, value).map(|map| {
            let (error, bug) = error(&map);
            Message::Error(error, bug)
        }),
        _ => return None,
    })
}

fn number(name: &str, value: &Value) -> Result<u64, String> {
    value.as_u64().ok_or_else(|| format!("a message `{name}` that is not a whole number"))
}

fn object(name: &str, value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(format!("a message `{name}` that is not a JSON object")),
    }
}

fn bytes_of(map: &Map<String, Value>, text: &str) -> Result<Option<Vec<u8>>, String> {
    match (map.get(text), map.get("base64")) {
        (Some(Value::String(text)), _) => Ok(Some(text.clone().into_bytes())),
        (_, Some(coded)) => base64(coded).map(Some),
        _ => Ok(None),
    }
}

fn base64(value: &Value) -> Result<Vec<u8>, String> {
    let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
    bytes.ok_or_else(|| "bytes that are not Base64".to_owned())
}

fn text_of(map: &Map<String, Value>, key: &str) -> String {
    map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn note(map: &Map<String, Value>, bytes: Vec<u8>) -> Result<Note, String> {
    let kind = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    let kinds = [NoteKind::Reject, NoteKind::Repair, NoteKind::Lossy, NoteKind::Omit];
    let Some(kind) = kinds.into_iter().find(|one| one.name() == kind) else {
        return Err(format!("a note of the unknown kind {}", shown(kind.as_bytes())));
    };
    let number = |key: &str| map.get(key).and_then(Value::as_u64);
    let locator = number("offset").map(|offset| Locator {
        offset,
        len: number("len").unwrap_or(0),
        line: number("line").unwrap_or(0),
    });
    let event = map.get("event").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
    Ok(Note { kind, code: text_of(map, "code"), text: text_of(map, "text"), event, locator, bytes })
}

fn fact(value: Value) -> Result<Fact, String> {
    let mut map = object("fact", value)?;
    let value = map.remove("value").unwrap_or(Value::Null);
    Ok(Fact { kind: text_of(&map, "kind"), key: text_of(&map, "key"), value })
}

fn error(map: &Map<String, Value>) -> (Error, bool) {
    let number = |key: &str| map.get(key).and_then(Value::as_u64);
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let error = Error {
        message: some(text_of(map, "message")).unwrap_or_else(|| "the plugin gives no reason".to_owned()),
        hint: some(text_of(map, "hint")),
        offset: number("offset"),
        line: number("line").filter(|line| *line > 0),
        column: number("column").filter(|column| *column > 0),
    };
    (error, map.get("blame").and_then(Value::as_str) == Some("plugin"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::Frames;

    fn read(bytes: &[u8]) -> Result<Message, String> {
        let frame = Frames::new(bytes, 1 << 20).next_frame().map_err(|error| error.to_string())?;
        Message::decode(frame.ok_or("nothing")?)
    }

    fn round(message: &Message) {
        for encoding in [Encoding::Frames, Encoding::Lines] {
            let mut bytes = Vec::new();
            message.write(&mut bytes, encoding).unwrap();
            assert_eq!(read(&bytes).as_ref(), Ok(message), "{encoding:?}");
        }
    }

    #[test]
    fn messages_are_read_as_they_were_written() {
        round(&Message::Hello(1));
        round(&Message::Progress(u64::MAX));
        round(&Message::Log("a\nb".to_owned()));
        round(&Message::Result(json!({"formats": []})));
        round(&Message::Fact(Fact { kind: "zone".into(), key: "a".into(), value: json!([1, null]) }));
        let error = Error::new("no").hint("yes").at(7, 3);
        round(&Message::Error(error, true));
        round(&Message::End(json!({"read": 1}).as_object().cloned().unwrap_or_default()));
    }

    proptest! {
        #[test]
        fn notes_and_data_keep_their_bytes(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            text in ".{0,20}",
            at in prop::option::of(any::<u64>()),
        ) {
            round(&Message::Data(bytes.clone()));
            let locator = at.map(|offset| Locator { offset, len: 3, line: 0 });
            let event = Some(text.clone()).filter(|text| !text.is_empty());
            round(&Message::Note(Note { kind: NoteKind::Reject, code: "bad".into(), text, event, locator, bytes }));
        }

        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..100), kind in 0..10usize) {
            let _ = read(&bytes);
            let _ = Message::decode(Frame::Binary(Kind::ALL[kind], bytes.clone()));
            let _ = Message::decode(Frame::Line(bytes));
        }
    }

    #[test]
    fn values_are_counted() {
        let check = |text: &str, expected| assert_eq!(values(text.as_bytes()), expected, "{text}");
        check("1", 1);
        check(r#"{"a":[1,2],"b,[":"\\"}"#, 7);
        check(r#"["a\",[", 1]"#, 3);
        check("\"", 1);
        check("\"\\", 1);
        let long = format!("[{}0]", "0,".repeat(MAX_VALUES));
        let wrong = Message::decode(Frame::Binary(Kind::Result, long.into())).err();
        assert_eq!(wrong.as_deref(), Some("a message `result` that is not JSON: more than 2097152 values"));
    }

    #[test]
    fn wrong_lines_are_told() {
        let check = |line: &str, expected: &str| {
            assert_eq!(read(format!("{line}\n").as_bytes()).err().unwrap_or_default(), expected, "{line}");
        };
        check("{}", "a line that has not one key, the name of the message");
        check(r#"{"a":1,"b":2}"#, "a line that has not one key, the name of the message");
        check(r#"{"events":1}"#, "a message of the unknown name \"events\"");
        check(r#"{"hello":"1"}"#, "a message `hello` that is not a whole number");
        check(r#"{"note":{"kind":"what"}}"#, "a note of the unknown kind \"what\"");
        check(r#"{"base64":"?"}"#, "bytes that are not Base64");
        check(
            "{\"hello\":1",
            "a line that is not JSON: EOF while parsing an object at line 1 column 10: \"{\\\"hello\\\":1\"",
        );
    }
}

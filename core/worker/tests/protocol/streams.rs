//! Streams of messages that no good worker writes: each is a failure with a name, never a success.

use annals_core::testing::Recorder;
use annals_worker::client;
use annals_worker::frame::{Frames, HEAD, Kind, ROOM};
use annals_worker::message::Encoding;
use annals_worker::request::Action;
use annals_worker::testing::{TOO_EARLY, Wire, served};
use serde_json::{Value, json};

use crate::common::{failure, import, plugin, request, tell};

const CUT: &str = "plugin: its output ends in the middle of a frame";

fn frame(kind: Kind, payload: impl AsRef<[u8]>) -> Vec<u8> {
    raw([kind as u8, 0, 0, 0], payload.as_ref().len() as u32, payload)
}

fn raw(head: [u8; 4], length: u32, payload: impl AsRef<[u8]>) -> Vec<u8> {
    [&head, &length.to_le_bytes(), payload.as_ref()].concat()
}

fn hello() -> Vec<u8> {
    frame(Kind::Hello, "1")
}

/// The output of an import of two events, a reject and a fact.
fn good() -> Vec<u8> {
    served(plugin(), Action::Import, &request(), "1 reject fact 2 filter")
}

/// The same without its last message.
fn without_end() -> Vec<u8> {
    let mut good = good();
    let (mut at, mut last) = (0, 0);
    let mut frames = Frames::new(good.as_slice(), ROOM);
    while let Some(frame) = frames.next_frame().unwrap() {
        (last, at) = (at, at + HEAD + frame.len());
    }
    good.truncate(last);
    good
}

fn after(start: Vec<u8>, messages: &[Vec<u8>]) -> Vec<u8> {
    [start, messages.concat()].concat()
}

/// What comes of these messages behind a greeting.
fn check(messages: &[Vec<u8>], expected: &str) {
    let output = after(hello(), messages);
    assert_eq!(failure(&output), expected, "{}", output[..output.len().min(200)].escape_ascii());
}

fn lines(text: &str, expected: &str) {
    assert_eq!(failure(format!("{{\"hello\":1}}\n{text}\n").as_bytes()), expected, "{text:.200}");
}

#[test]
fn a_stream_that_is_cut_anywhere_is_no_success() {
    let good = good();
    assert_eq!(import(&good).unwrap().account, [6, 2, 1, 3]);
    let end = format!("plugin: {TOO_EARLY}");
    for at in 0..good.len() {
        let found = failure(&good[..at]);
        assert!(found == end || found == CUT, "{at} of {}: {found}", good.len());
    }
    let lines = concat!(
        "{\"hello\":1}\n{\"event\":{\"start\":\"2025\",\"title\":\"é\"}}\r\n",
        "{\"note\":{\"kind\":\"reject\",\"code\":\"c\",\"text\":\"t\",\"base64\":\"/w==\"}}\n",
        "{\"end\":{\"read\":2,\"emitted\":1,\"rejected\":1,\"filtered\":0}}\n"
    );
    assert_eq!(import(lines.as_bytes()).unwrap().account, [2, 1, 1, 0]);
    for at in 0..lines.len() {
        let found = failure(&lines.as_bytes()[..at]);
        assert!(found == end || found == CUT, "{at} of {}: {found}", lines.len());
    }
}

#[test]
fn an_account_is_right_or_the_import_has_failed() {
    let right = json!({"read": 6, "emitted": 2, "rejected": 1, "filtered": 3});
    let ends = |account: &Value| failure(&after(without_end(), &[frame(Kind::End, account.to_string())]));
    assert_eq!(ends(&right), "");
    let mut more = right.clone();
    more["also"] = json!([1]);
    assert_eq!(ends(&more), "");
    let wrong = [
        "5",
        "7",
        "-6",
        "6.0",
        "6.5",
        "1e1",
        "18446744073709551615",
        "18446744073709551616",
        "1e400",
        "\"6\"",
        "null",
        "[6]",
    ];
    for key in ["read", "emitted", "rejected", "filtered"] {
        for value in wrong {
            let mut account = right.clone();
            account[key] = serde_json::from_str(value).unwrap();
            let found = ends(&account);
            let named = ["whole number", "does not balance", "the plugin says"].iter().any(|name| found.contains(name));
            assert!(named && found.starts_with("plugin: "), "{key} {value}: {found:?}");
        }
        let mut account = right.clone();
        account.as_object_mut().unwrap().remove(key);
        assert_eq!(ends(&account), format!("plugin: its account has no whole number `{key}`"));
    }
    // Sums that come to the same only because they overflow.
    let large = json!({"read": 2, "emitted": 2, "rejected": 1, "filtered": u64::MAX});
    assert!(ends(&large).contains("does not balance"), "{}", ends(&large));
    for account in ["", "1", "[]", "null", "{", "\"x\""] {
        let found = failure(&after(without_end(), &[frame(Kind::End, account)]));
        assert!(found.starts_with("plugin: a message `end` that is not"), "{account}: {found}");
    }
}

#[test]
fn an_account_of_an_export_likewise() {
    let check = |account: &str, given, expected: &str| {
        let omit = b"\x2a\0\0\0{\"kind\":\"omit\",\"code\":\"c\",\"text\":\"123456\"}";
        let output = after(hello(), &[frame(Kind::Note, omit), frame(Kind::End, account)]);
        let counts = client::export(Wire::new(output.as_slice(), 0), &mut Vec::new(), &Recorder::default(), || given);
        let found = counts.err().map(|failure| tell(&failure)).unwrap_or_default();
        assert!(if expected.is_empty() { found.is_empty() } else { found.contains(expected) }, "{account}: {found}");
    };
    let right = r#"{"read":5,"written":4,"omitted":1}"#;
    check(right, Some(5), "");
    check(right, Some(6), "did not take all events");
    check(right, None, "did not take all events");
    check(r#"{"read":5,"written":5,"omitted":0}"#, Some(5), "does not balance");
    check(r#"{"read":5,"written":3,"omitted":1}"#, Some(5), "does not balance");
    check(r#"{"read":5,"written":18446744073709551615,"omitted":1}"#, Some(5), "does not balance");
    check(r#"{"read":5,"written":4.0,"omitted":1}"#, Some(5), "no whole number `written`");
    check(r#"{"read":5,"written":4}"#, Some(5), "no whole number `omitted`");
    check(r#"{"read":5}"#, Some(5), "no whole number `written`");
}

#[test]
fn the_greeting_comes_first_and_once() {
    let end = || frame(Kind::End, r#"{"read":0,"emitted":0,"rejected":0,"filtered":0}"#);
    let no_hello = "plugin: its first message is not `hello`";
    let check = |messages: &[Vec<u8>], expected: &str| assert_eq!(failure(&messages.concat()), expected);
    check(&[hello(), end()], "");
    check(&[end()], no_hello);
    check(&[frame(Kind::Log, "\"x\""), hello(), end()], no_hello);
    check(&[hello(), hello(), end()], "plugin: a message `hello` that has no place here");
    check(&[frame(Kind::Hello, "2"), end()], "plugin: it speaks version 2 of the protocol, not 1");
    check(&[frame(Kind::Hello, "0"), end()], "plugin: it speaks version 0 of the protocol, not 1");
    check(&[frame(Kind::Hello, "-1"), end()], "plugin: a message `hello` that is not a whole number");
    check(&[frame(Kind::Hello, "1.0"), end()], "plugin: a message `hello` that is not a whole number");
    check(
        &[frame(Kind::Hello, ""), end()],
        "plugin: a message `hello` that is not JSON: EOF while parsing a value at line 1 column 0",
    );
    // An error is told whatever came before.
    check(&[frame(Kind::Error, r#"{"message":"no"}"#)], "refused: no");
}

#[test]
fn what_comes_after_the_end_is_not_read() {
    let good = good();
    let expected = import(&good).unwrap();
    for more in [hello(), frame(Kind::End, "{}"), frame(Kind::Note, ""), b"noise".to_vec(), vec![0; 100]] {
        assert_eq!(import(&after(good.clone(), &[more])).unwrap(), expected);
    }
}

#[test]
fn what_is_no_frame_is_told() {
    let noise = |head: &[u8]| {
        let shown = String::from_utf8_lossy(head).into_owned();
        format!("plugin: {shown:?} is not the head of a frame (at byte 9 of its output)")
    };
    for kind in (0..=255u8).filter(|byte| !Kind::ALL.iter().any(|kind| *kind as u8 == *byte)) {
        let head = raw([kind, 0, 0, 0], 0, "");
        check(std::slice::from_ref(&head), &noise(&head));
    }
    for at in 1..4 {
        let mut head = frame(Kind::End, "");
        head[at] = 1;
        check(std::slice::from_ref(&head), &noise(&head));
    }
    let limit = ROOM;
    let large = |length: u32| {
        format!("plugin: a frame of {length} bytes; at most {limit} are allowed (at byte 9 of its output)")
    };
    for length in [u32::MAX, 1 << 31, ROOM as u32 + 1] {
        check(&[raw([b'D', 0, 0, 0], length, "abc")], &large(length));
    }
    check(&[raw([b'D', 0, 0, 0], ROOM as u32, "abc")], CUT);
    assert_eq!(
        failure(b"Traceback (most"),
        "plugin: \"Tracebac\" is not the head of a frame (at byte 0 of its output)"
    );
    // Frames are not mixed with lines.
    let found = failure(b"{\"hello\":1}\nE\0\0\0\0\0\0\0\n");
    assert!(found.starts_with("plugin: a line that is not JSON"), "{found}");
    check(
        &[b"{\"end\":{}}\n".to_vec()],
        "plugin: \"{\\\"end\\\":{\" is not the head of a frame (at byte 9 of its output)",
    );
}

#[test]
fn notes_that_are_none() {
    let note = |length: u32, rest: &[u8]| frame(Kind::Note, [&length.to_le_bytes(), rest].concat());
    let longer = "plugin: a note whose JSON is longer than the note";
    let json = br#"{"kind":"reject","code":"c","text":"t"}"#;
    check(&[frame(Kind::Note, "")], longer);
    check(&[frame(Kind::Note, "abc")], longer);
    for length in [json.len() as u32 + 1, 1 << 31, u32::MAX] {
        check(&[note(length, json)], longer);
    }
    check(&[note(0, json)], "plugin: a message `note` that is not JSON: EOF while parsing a value at line 1 column 0");
    check(&[note(2, b"[]")], "plugin: a message `note` that is not a JSON object");
    check(&[note(2, b"{}")], "plugin: a note of the unknown kind \"\"");
    for kind in ["what", "Reject", "reject ", "note"] {
        let text = json!({"kind": kind}).to_string();
        check(&[note(text.len() as u32, text.as_bytes())], &format!("plugin: a note of the unknown kind {kind:?}"));
        lines(&format!("{{\"note\":{text}}}"), &format!("plugin: a note of the unknown kind {kind:?}"));
    }
    // One that is not counted as what it is said to be.
    let end = br#"{"read":0,"emitted":0,"rejected":0,"filtered":0}"#;
    let found = failure(&after(hello(), &[note(json.len() as u32, json), frame(Kind::End, end)]));
    assert_eq!(found, "plugin: the plugin says 0 events and 0 rejects, but gave 0 and 1");
    lines(r#"{"note":{"kind":"reject","base64":"*"}}"#, "plugin: bytes that are not Base64");
    lines(r#"{"note":{"kind":"reject","base64":1}}"#, "plugin: bytes that are not Base64");
}

#[test]
fn notes_and_facts_are_bounded() {
    let note = |n: u32| format!("{{\"note\":{{\"kind\":\"repair\",\"code\":\"{n}\",\"text\":\"t\"}}}}\n");
    let codes: String = (0..300).map(note).collect();
    lines(&codes, "plugin: the plugin broke the ABI: notes of more than 256 codes");
    let flood = note(1).repeat(70_000);
    lines(&flood, "plugin: the plugin broke the ABI: more than 69536 notes about 1000 bytes");
    let facts = "{\"fact\":{\"kind\":\"k\",\"key\":\"\",\"value\":1}}\n".repeat(70_000);
    lines(&facts, "plugin: the plugin broke the ABI: more than 69536 facts about 1000 bytes");
    let large = format!("{{\"fact\":{{\"kind\":\"k\",\"key\":\"K\",\"value\":\"{}\"}}}}\n", "v".repeat(1 << 20));
    let large: String = (0..70).map(|n| large.replace('K', &n.to_string())).collect();
    lines(&large, "plugin: the plugin broke the ABI: more than 67108864 bytes of facts about 1000 bytes");
    // Repairs of events that came as JSON are notes as well.
    let repaired = "{\"event\":{\"start\":\"2025\",\"revision\":\"x\"}}\n".repeat(70_000);
    let found = failure(format!("{{\"hello\":1}}\n{repaired}").as_bytes());
    assert!(found.contains("more than 69536 notes") || found.contains("is none"), "{found}");
}

#[test]
fn json_that_is_no_use() {
    let deep = "[".repeat(100_000);
    let limit = "recursion limit exceeded at line 1 column";
    for kind in [Kind::Hello, Kind::Fact, Kind::Progress, Kind::Log, Kind::Result, Kind::End, Kind::Error] {
        let found = failure(&after(hello(), &[frame(kind, &deep)]));
        assert!(found.contains(limit), "{kind:?}: {found}");
        let found = failure(&after(hello(), &[frame(kind, b"\xff")]));
        assert!(found.contains("that is not JSON"), "{kind:?}: {found}");
    }
    let objects = "{\"event\":".repeat(100_000);
    let found = failure(format!("{{\"hello\":1}}\n{objects}\n").as_bytes());
    assert!(found.contains(limit) && found.len() < 500, "{found}");
    for number in ["1e999999999", "-1", "1.5", &"9".repeat(100_000), "NaN", "0x1", "01", "1e-400"] {
        let found = failure(&after(hello(), &[frame(Kind::Progress, number)]));
        assert!(found.contains("a message `progress` that is not"), "{number:.20}: {found}");
    }
    let found = failure(b"{\"hello\":1}\n{\"log\":\"\xff\"}\n");
    assert!(found.contains("a line that is not JSON: invalid unicode code point"), "{found}");
    let found = failure(b"{\"hello\":1}\n{\"log\":\"\\ud800\"}\n");
    assert!(found.contains("a line that is not JSON"), "{found}");
    lines("{}", "plugin: a line that has not one key, the name of the message");
    lines("[]", "plugin: a line that is not a JSON object");
    lines(r#"{"log":"a","end":{}}"#, "plugin: a line that has not one key, the name of the message");
    let long = format!("{{\"{}\":1}}", "n".repeat(100_000));
    let found = failure(format!("{{\"hello\":1}}\n{long}\n").as_bytes());
    assert!(found.starts_with("plugin: a message of the unknown name \"nnn") && found.len() < 200, "{found}");
    // The last of two equal keys counts, as for everybody who reads JSON with a map.
    let end = r#"{"end":{"read":9,"read":0,"emitted":0,"rejected":0,"filtered":0}}"#;
    lines(end, "");
    lines(
        &end.replace(r#"9,"read":0"#, r#"0,"read":9"#),
        "plugin: the plugin's account does not balance: read 9 != 0 + 0 + 0",
    );
}

#[test]
fn messages_have_their_places() {
    let misplaced = |name| format!("plugin: a message `{name}` that has no place here");
    check(&[frame(Kind::Data, "x")], &misplaced("data"));
    check(&[frame(Kind::Result, "{}")], &misplaced("result"));
    let export = |messages: &[Vec<u8>]| {
        let output = after(hello(), messages);
        let counts = client::export(Wire::new(output.as_slice(), 0), &mut Vec::new(), &Recorder::default(), || Some(0));
        counts.err().map(|failure| tell(&failure)).unwrap_or_default()
    };
    assert_eq!(export(&[frame(Kind::Batch, "x")]), misplaced("batch"));
    assert_eq!(export(&[frame(Kind::Fact, "{}")]), misplaced("fact"));
    assert_eq!(export(&[frame(Kind::Result, "{}")]), misplaced("result"));
    assert_eq!(export(&[]), format!("plugin: {TOO_EARLY}"));
    let checked = |messages: &[Vec<u8>]| {
        let output = after(hello(), messages);
        client::check(Wire::new(output.as_slice(), 0), &Recorder::default()).err().map(|failure| tell(&failure))
    };
    assert_eq!(checked(&[frame(Kind::Batch, "x")]), Some(misplaced("batch")));
    assert_eq!(checked(&[frame(Kind::Data, "x")]), Some(misplaced("data")));
    assert_eq!(checked(&[]), Some(format!("plugin: {TOO_EARLY}")));
    assert_eq!(checked(&[frame(Kind::End, "{}")]), None);
}

#[test]
fn events_that_are_none() {
    let check = |event: &str, expected: &str| {
        let found = failure(format!("{{\"hello\":1}}\n{{\"event\":{event}}}\n").as_bytes());
        assert!(found.starts_with(&format!("plugin: {expected}")) && found.len() < 500, "{event}: {found}");
    };
    check("1", "a message `event` that is not a JSON object");
    check(r#"{"start":"no such time"}"#, "its event 1 is none: ");
    check(r#"{"start":[]}"#, "its event 1 is none: ");
}

#[test]
fn errors_are_cleaned_and_cut() {
    let error =
        json!({"message": format!("a\nb\u{1b}[31m{}", "x".repeat(1 << 20)), "hint": "h\u{7}", "line": 0, "column": -1});
    for kind in [Encoding::Frames, Encoding::Lines] {
        let output = match kind {
            Encoding::Frames => after(hello(), &[frame(Kind::Error, error.to_string())]),
            Encoding::Lines => format!("{{\"hello\":1}}\n{{\"error\":{error}}}\n").into_bytes(),
        };
        let failure = import(&output).unwrap_err();
        let annals_core::host::Failure::Refused(error) = failure else { panic!("{failure:?}") };
        assert!(error.message.len() < 70_000 && error.message.starts_with("a\u{fffd}b\u{fffd}[31mxx"));
        assert_eq!((error.hint.as_deref(), error.line, error.column), (Some("h\u{fffd}"), None, None));
    }
    for error in ["{}", r#"{"message":7}"#, r#"{"message":""}"#] {
        check(&[frame(Kind::Error, error)], "refused: the plugin gives no reason");
    }
    check(&[frame(Kind::Error, "7")], "plugin: a message `error` that is not a JSON object");
}

//! Batches of events in which something has been changed are refused or are batches all the same.
//!
//! An input is a list of changes to good messages: six bytes each, which message, where in it, what, and with what.
#![no_main]

use std::sync::LazyLock;

use annals_core::table::{self, Rows};
use annals_core::testing::batches;
use annals_core::{Event, sample};
use annals_fuzz::quiet;
use annals_worker::batch::{Reader, Writer};
use annals_worker::frame::HEAD;
use annals_worker::message::Encoding;
use libfuzzer_sys::fuzz_target;

/// A schema and two batches, for full events and for empty ones.
static GOOD: LazyLock<[Vec<Vec<u8>>; 2]> = LazyLock::new(|| {
    let full: Vec<Event> = (1..=3).map(sample::event).collect();
    [full, vec![Event::default(); 3]].map(|events| {
        let mut writer = Writer::new(Encoding::Frames);
        let batch = batches(events).next().expect("a batch").expect("events");
        let mut one = || {
            let mut bytes = Vec::new();
            writer.write(&batch, &mut bytes).expect("memory can be written");
            bytes.split_off(HEAD)
        };
        let (first, second) = (one(), one());
        let (schema, first) = first.split_at(first.len() - second.len());
        vec![schema.to_vec(), first.to_vec(), second]
    })
});

const WILD: [i64; 16] = [
    0,
    1,
    -1,
    2,
    7,
    8,
    255,
    256,
    i16::MAX as i64,
    1 << 20,
    i32::MAX as i64,
    i32::MIN as i64,
    1 << 32,
    1 << 62,
    i64::MAX,
    i64::MIN,
];

fn change(messages: &mut Vec<Vec<u8>>, with: &[u8; 6]) {
    let [which, low, high, what, value, _] = *with;
    let which = usize::from(which) % messages.len();
    let message = &mut messages[which];
    let at = usize::from(u16::from_le_bytes([low, high])) % message.len().max(1);
    let wild = WILD[usize::from(value) % WILD.len()].to_le_bytes();
    let mut set = |at: usize, bytes: &[u8]| {
        message.iter_mut().skip(at).zip(bytes).for_each(|(old, new)| *old = *new);
    };
    match what % 9 {
        0 => set(at, &[value]),
        1 => set(at & !3, &wild[..4]),
        2 => set(at & !7, &wild),
        3 => set(at & !1, &wild[..2]),
        4 => message.truncate(at),
        5 => message.insert(at.min(message.len()), value),
        6 => message.extend(std::iter::repeat_n(value, at)),
        7 if messages.len() < 8 => messages.push(messages[which].clone()),
        _ => drop(if messages.len() > 1 { messages.remove(which) } else { Vec::new() }),
    }
}

fuzz_target!(|data: &[u8]| {
    quiet();
    let Some((first, changes)) = data.split_first() else { return };
    let mut messages = GOOD[usize::from(first & 1)].clone();
    changes.as_chunks().0.iter().take(64).for_each(|with| change(&mut messages, with));
    // In one frame, or each in its own.
    let frames = if first & 2 == 0 { vec![messages.concat()] } else { messages };
    let mut reader = Reader::default();
    for frame in frames {
        let Ok(batches) = reader.read(frame) else { return };
        for batch in batches {
            if Rows::of(&batch).is_ok() {
                table::from_batch(&batch).expect("rows that can be read are events");
            }
        }
    }
});

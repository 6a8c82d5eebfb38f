//! Inputs that are read in other ways than files are.

use std::io::{self, Read};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use annals_core::plugin::Input;

/// Whether the user wants to stop, and since when.
#[derive(Default)]
pub(crate) struct Cancel(OnceLock<Instant>);

impl Cancel {
    /// The user wants to stop.
    pub(crate) fn set(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// Since when.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.0.get().copied()
    }
}

/// Bytes in memory, and how a plugin gets to read them.
#[derive(Clone, Default)]
pub struct Bytes {
    bytes: Arc<[u8]>,
    at: usize,
    at_once: Option<usize>,
    is_stream: bool,
    fails_at: Option<usize>,
    cancels: Option<(usize, Arc<Cancel>)>,
}

impl Bytes {
    /// All that a read has room for at once; the size is known.
    pub fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    /// At most `count` bytes a read, and the size is not known, as in a pipe.
    pub fn in_pieces(self, count: usize) -> Self {
        Self { at_once: Some(count), is_stream: true, ..self }
    }

    /// Reading fails after `count` bytes.
    pub fn failing_at(self, count: usize) -> Self {
        Self { fails_at: Some(count), ..self }
    }

    /// The user wants to stop when `count` bytes have been read.
    pub(crate) fn cancelling_at(self, count: usize, cancel: Arc<Cancel>) -> Self {
        Self { cancels: Some((count, cancel)), ..self }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.fails_at.unwrap_or(usize::MAX).min(self.bytes.len());
        let count = buffer.len().min(self.at_once.unwrap_or(usize::MAX)).min(end - self.at);
        if count == 0 && !buffer.is_empty() && self.fails_at.is_some() {
            return Err(io::Error::other("the disk is gone"));
        }
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        if let Some((_, cancel)) = self.cancels.as_ref().filter(|(count, _)| self.at >= *count) {
            cancel.set();
        }
        Ok(count)
    }
}

impl Input for Bytes {
    fn size(&self) -> Option<u64> {
        (!self.is_stream).then_some(self.bytes.len() as u64)
    }
}

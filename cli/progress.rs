//! How far a long run is: one line that is drawn anew, on a terminal.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// When to show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, when a run takes long
    #[default]
    Auto,
    /// Not at all
    Never,
    /// Also where standard error is no terminal
    Always,
}

/// Runs that end sooner are not worth a line.
const PATIENCE: Duration = Duration::from_millis(400);

/// Who is told how far a run is; cheap to clone.
#[derive(Clone, Default)]
pub struct Progress(Option<Arc<State>>);

struct State {
    when: When,
    began: Instant,
    read: AtomicU64,
    events: AtomicU64,
    spilled: AtomicU64,
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    /// Bytes of all inputs, where known.
    total: Option<u64>,
    phase: &'static str,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows it as `when` says.
    pub fn new(when: When) -> Self {
        let shown = match when {
            When::Never => false,
            When::Auto => io::IsTerminal::is_terminal(&io::stderr()),
            When::Always => true,
        };
        let state = || State {
            when,
            began: Instant::now(),
            read: AtomicU64::new(0),
            events: AtomicU64::new(0),
            spilled: AtomicU64::new(0),
            shown: Mutex::default(),
        };
        Self(shown.then(|| Arc::new(state())))
    }

    /// How many bytes all inputs have, of which none has been read; `None` = not known (standard input, a pipe).
    pub fn total(&self, bytes: Option<u64>) {
        if let Some(state) = &self.0 {
            state.shown().total = bytes;
            state.read.store(0, Ordering::Relaxed);
        }
    }

    /// So many more bytes have been read.
    pub fn read(&self, bytes: u64) {
        if let Some(state) = &self.0 {
            state.read.fetch_add(bytes, Ordering::Relaxed);
            state.draw();
        }
    }

    /// So many more events have gone through the present phase.
    pub fn events(&self, events: u64) {
        if let Some(state) = &self.0 {
            state.events.fetch_add(events, Ordering::Relaxed);
            state.draw();
        }
    }

    /// So many more bytes have gone to temporary files.
    pub fn spilled(&self, bytes: u64) {
        if let Some(state) = &self.0 {
            state.spilled.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// What is being done now.
    pub fn phase(&self, phase: &'static str) {
        if let Some(state) = &self.0 {
            state.shown().phase = phase;
            state.events.store(0, Ordering::Relaxed);
            state.draw();
        }
    }

    /// Takes the line away.
    pub fn finish(&self) {
        if let Some(bar) = self.0.as_ref().and_then(|state| state.shown().bar.take()) {
            bar.finish_and_clear();
        }
    }
}

impl State {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self) {
        if self.when != When::Always && self.began.elapsed() < PATIENCE {
            return;
        }
        let mut shown = self.shown();
        let read = self.read.load(Ordering::Relaxed);
        let (total, phase) = (shown.total, shown.phase);
        let reading = phase == "reading";
        let bar = shown.bar.get_or_insert_with(|| {
            let target = match self.when {
                When::Always => ProgressDrawTarget::term_like(Box::new(Plain)),
                _ => ProgressDrawTarget::stderr(),
            };
            ProgressBar::with_draw_target(total, target)
        });
        if bar.prefix() != phase {
            // Only reading has an end that is known beforehand.
            let style = match total.filter(|_| reading) {
                Some(_) => "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} eta {eta} {msg}",
                None if reading => "{prefix} {bytes} {bytes_per_sec} {elapsed} {msg}",
                None => "{prefix} {elapsed} {msg}",
            };
            bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(phase);
        }
        let mut message = format!("{} events", HumanCount(self.events.load(Ordering::Relaxed)));
        let spilled = self.spilled.load(Ordering::Relaxed);
        if spilled > 0 {
            message.push_str(&format!(", {} in temporary files", HumanBytes(spilled)));
        }
        bar.set_message(message);
        bar.set_position(read.min(total.unwrap_or(u64::MAX)));
    }
}

/// Standard error that is no terminal: lines one after the other.
#[derive(Debug)]
struct Plain;

impl TermLike for Plain {
    fn width(&self) -> u16 {
        100
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        match text.trim() {
            "" => {}
            text => crate::report::line(text),
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

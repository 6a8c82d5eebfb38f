//! How far a long run is: one line that is drawn anew, on a terminal.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

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
    /// Whether standard error is no terminal.
    plain: bool,
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
    /// The phase that was told last, and when.
    drawn: Option<(&'static str, Duration)>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Shows it as `when` says.
    pub fn new(when: When) -> Self {
        let plain = !io::IsTerminal::is_terminal(&io::stderr());
        let shown = match when {
            When::Never => false,
            When::Auto => !plain,
            When::Always => true,
        };
        let state = || State {
            when,
            plain,
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
        let elapsed = self.began.elapsed();
        if self.when != When::Always && elapsed < PATIENCE {
            return;
        }
        // Lines that stay are told less often than one that is drawn anew.
        let pause = if self.plain { Duration::from_secs(1) } else { Duration::from_millis(100) };
        let mut shown = self.shown();
        let new_phase = shown.drawn.is_none_or(|(phase, _)| phase != shown.phase);
        if !new_phase && shown.drawn.is_some_and(|(_, at)| elapsed < at + pause) {
            return;
        }
        shown.drawn = Some((shown.phase, elapsed));
        let read = self.read.load(Ordering::Relaxed);
        let (total, phase) = (shown.total, shown.phase);
        let reading = phase == "reading";
        let mut message = format!("{} events", HumanCount(self.events.load(Ordering::Relaxed)));
        let spilled = self.spilled.load(Ordering::Relaxed);
        if spilled > 0 {
            message.push_str(&format!(", {} in temporary files", HumanBytes(spilled)));
        }
        if self.plain {
            let of = total.map(|total| format!(" of {}", HumanBytes(total))).unwrap_or_default();
            let bytes = if reading { format!("{}{of}, ", HumanBytes(read)) } else { String::new() };
            return crate::report::line(&format!("{phase}: {bytes}{message}"));
        }
        let bar = shown
            .bar
            .get_or_insert_with(|| ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10)));
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
        bar.set_message(message);
        bar.set_position(read.min(total.unwrap_or(u64::MAX)));
    }
}

//! A worker that says it will send much does not make annals take memory for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use annals_core::testing::Recorder;
use annals_worker::testing;

/// Counts what is taken.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's, which keeps all the promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(live, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How much was taken at once for an import that has this output, beyond what there was; and why it failed.
fn taken(output: &[u8]) -> (usize, String) {
    let before = LIVE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let failure = testing::import(output, 0, &Recorder::default()).err();
    let most = MOST.load(Ordering::Relaxed) - before;
    (most, format!("{failure:?}"))
}

fn frame(kind: u8, length: u32, payload: &[u8]) -> Vec<u8> {
    [b"H\0\0\0\x01\0\0\x001".as_slice(), &[kind, 0, 0, 0], &length.to_le_bytes(), payload].concat()
}

/// One test, so that nothing else takes memory meanwhile.
#[test]
fn what_is_not_there_takes_no_room() {
    let check = |output: Vec<u8>, most: usize, expected: &str| {
        let (taken, failure) = taken(&output);
        assert!(failure.contains(expected), "{failure:.300}");
        assert!(taken <= most, "{taken} bytes for {}: {failure:.300}", output.len());
    };
    let small = 256 << 10;
    check(frame(b'D', u32::MAX, b"abc"), small, "at most 67108864 are allowed");
    // As much as is allowed, but it does not come: a step of it.
    for kind in *b"BDNFXE" {
        check(frame(kind, 64 << 20, b"abc"), small + (1 << 20), "in the middle of a frame");
    }
    let body = [&[0xff; 4], &(1u32 << 31).to_le_bytes()[..], &[0; 100]].concat();
    check(frame(b'B', body.len() as u32, &body), small, "in the middle of a message");
    let deep = "[".repeat(1 << 20);
    check(frame(b'E', deep.len() as u32, deep.as_bytes()), 3 << 20, "recursion limit");
    // Each comma would become a value of thirty bytes and more. Room doubles as the text comes.
    let wide = format!("{{\"x\":[{}0]}}", "0,".repeat(20 << 20));
    check(frame(b'E', wide.len() as u32, wide.as_bytes()), 3 * wide.len(), "more than 2097152 values");
}

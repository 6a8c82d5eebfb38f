//! How the allocator of the system deals with memory.

/// Keeps freed memory for what is allocated next. By default large blocks go back to the system as soon as they are
/// free, and every batch would have its pages cleared anew.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets parameters, which may be done at any time. Where one is refused, the default stands.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 20);
        // The heap grows by this much at once, so that `grown` comes before its pages are touched.
        libc::mallopt(libc::M_TOP_PAD, 16 << 20);
    }
}

/// Gives freed memory back to the system: what one phase has freed on its threads, the next one cannot use.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: releases only what is free.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Asks for large pages where the heap has grown, which the system gives if it has some: rows that are kept touch much
/// memory for the first time, page by page. `here` is an address of what this thread has allocated last.
pub fn grown(here: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::grown(here);
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = here;
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The heaps of all threads but the first one are as large, and begin at a multiple of it.
    const ARENA: usize = 64 << 20;

    /// What is below in the heap of the first thread has been asked for.
    static ASKED: AtomicUsize = AtomicUsize::new(0);

    thread_local! {
        /// The heap of this thread that has been asked for.
        static ARENA_ASKED: Cell<usize> = const { Cell::new(0) };
    }

    pub fn grown(here: usize) {
        // SAFETY: asks where the heap ends.
        let end = unsafe { libc::sbrk(0) } as usize;
        if (end.saturating_sub(1 << 40)..end).contains(&here) {
            let asked = ASKED.swap(end, Ordering::Relaxed);
            ask(asked.clamp(here & !(ARENA - 1), end), end);
        } else if ARENA_ASKED.replace(here & !(ARENA - 1)) != here & !(ARENA - 1) {
            ask(here & !(ARENA - 1), (here & !(ARENA - 1)) + ARENA);
        }
    }

    fn ask(from: usize, to: usize) {
        const PAGE: usize = 4096;
        let from = from.next_multiple_of(PAGE);
        if from < to {
            // SAFETY: a hint. It changes nothing of what is in the memory, and whether there is any does not matter.
            unsafe { libc::madvise(from as *mut libc::c_void, to - from, libc::MADV_HUGEPAGE) };
        }
    }
}

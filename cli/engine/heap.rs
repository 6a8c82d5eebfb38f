//! How the allocator of the system deals with memory.

/// Keeps freed memory for what is allocated next. By default large blocks go back to the system as soon as they are
/// free, and every batch would have its pages cleared anew.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets parameters, which may be done at any time. Where one is refused, the default stands.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 64 << 20);
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

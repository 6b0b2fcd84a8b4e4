//! Thread numbers.

#![forbid(unsafe_code)]

use super::thread_end;
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that no thread has.
pub(crate) const NO_THREAD: u64 = 0;

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(NO_THREAD) };
    /// Whether the end of this thread is watched. Then it has a number.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// The number of the calling thread. Numbers are never reused in the process.
#[inline(always)]
pub(crate) fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_THREAD + 1);
    NUMBER.with(|number| {
        if number.get() == NO_THREAD {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}

/// As [`this_thread`], for a thread whose end matters: the function of [`thread_end::prepare`] will
/// be called then.
#[inline(always)]
pub(crate) fn watched_thread() -> u64 {
    if !WATCHED.get() {
        watch();
    }
    NUMBER.get()
}

#[cold]
fn watch() {
    thread_end::watch();
    this_thread();
    WATCHED.set(true);
}

//! Thread numbers.

#![forbid(unsafe_code)]

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that no thread has.
pub(crate) const NO_THREAD: u64 = 0;

/// The number of the calling thread. Numbers are never reused in the process.
#[inline(always)]
pub(crate) fn this_thread() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_THREAD + 1);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(NO_THREAD) };
    }
    NUMBER.with(|number| {
        if number.get() == NO_THREAD {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get()
    })
}

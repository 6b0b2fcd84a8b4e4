//! Thread numbers.

#![forbid(unsafe_code)]

use super::{process, thread_end};
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that no thread has.
pub(crate) const NO_THREAD: u64 = 0;

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(NO_THREAD) };
    /// Whether the end of this thread is watched. Then it has a number.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// The bits of a thread's number that are the kernel's number, which has at most 22 bits
/// (`PID_MAX_LIMIT`) and is reused. Those above count the threads of the process.
const KERNEL_BITS: u32 = 24;

/// The number of the calling thread. Numbers are never reused in the process.
#[inline(always)]
pub(crate) fn this_thread() -> u64 {
    NUMBER.with(|number| {
        if number.get() == NO_THREAD {
            number.set(new_number());
        }
        number.get()
    })
}

#[cold]
#[inline(never)]
fn new_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1 << KERNEL_BITS);
    NEXT.fetch_add(1 << KERNEL_BITS, Relaxed) | process::kernel_thread()
}

/// The kernel's number of the thread with this number, by which debuggers and /proc know it.
pub(crate) fn known_to_kernel_as(number: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // the lowest bits
    let low = number as u32;
    low & ((1 << KERNEL_BITS) - 1)
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

//! Numbers for states of maps that are unique in the process.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// The number of the state that a map has.
#[derive(Debug)]
pub(super) struct UniqueNumber(AtomicU64);

impl UniqueNumber {
    /// That of a new map.
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(next()))
    }

    /// The number now.
    ///
    /// Acquire, paired with the release in [`UniqueNumber::renew`]: a thread that has the number of
    /// a state sees that state or a later one.
    pub(super) fn now(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Has to be called when the next state has been published, by the thread that did so.
    pub(super) fn renew(&self) {
        self.0.store(next(), Release);
    }
}

/// A number that was not given before, and is not 0.
fn next() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Relaxed).wrapping_add(1)
}

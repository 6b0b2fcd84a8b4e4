//! How long accesses, and other calls, wait for the lock of a space.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

/// How many milliseconds accesses wait at most, unless the host says otherwise. A holder that a busy
/// machine has stopped goes on before that, and the watchdogs of guests bite later.
const DEFAULT_LIMIT: u32 = 5000;

/// Which waits the guest allows.
#[derive(Debug)]
pub(super) struct Hold {
    /// Accesses that miss wait.
    misses_wait: bool,
    /// The longest wait, in milliseconds.
    limit: AtomicU32,
}

impl Hold {
    pub(super) fn new(misses_wait: bool) -> Self {
        Self { misses_wait, limit: AtomicU32::new(DEFAULT_LIMIT) }
    }

    pub(super) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Relaxed);
    }

    /// The time that a call can wait.
    pub(super) fn of_call(&self) -> Patience {
        let limit = self.limit.load(Relaxed);
        Patience { rest: Duration::from_millis(limit.into()), limit }
    }

    /// The time that an access can wait; `None`: accesses of this guest do not wait.
    pub(super) fn of_access(&self) -> Option<Patience> {
        self.misses_wait.then(|| self.of_call())
    }
}

/// The time that an access, or another call, can still wait.
#[derive(Debug)]
pub(crate) struct Patience {
    pub(super) rest: Duration,
    /// What it was in the beginning, in milliseconds.
    pub(super) limit: u32,
}

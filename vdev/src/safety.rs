//! Whether a vdev has said that the process is in no environment that is certified for safety.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicBool, Ordering};

static GIVEN_UP: AtomicBool = AtomicBool::new(false);

/// A vdev says so. True: it is the first one.
pub(crate) fn give_up() -> bool {
    !GIVEN_UP.swap(true, Ordering::Relaxed)
}

pub(crate) fn is_given_up() -> bool {
    GIVEN_UP.load(Ordering::Relaxed)
}

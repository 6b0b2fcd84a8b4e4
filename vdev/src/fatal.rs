//! The end of the process, and its exit codes.

#![forbid(unsafe_code)]

use core::sync::atomic::{AtomicBool, Ordering};
use gasp_abi::{GTC_VDEV_ERROR, GTC_WATCHDOG};

/// A watchdog bit.
pub(crate) const WATCHDOG: u8 = 4;
/// A vdev failed.
pub(crate) const VDEV: u8 = 6;
/// A fatal error before the guest ran.
const BEFORE: u8 = 64;
/// A fatal error in the configuration.
pub(crate) const CONFIGURATION: u8 = 65;
/// A fatal error after the guest started.
pub(crate) const AFTER: u8 = 96;

const _: () = assert!(VDEV as u32 == GTC_VDEV_ERROR && WATCHDOG as u32 == GTC_WATCHDOG);

/// Whether a guest has started.
static STARTED: AtomicBool = AtomicBool::new(false);

/// A guest starts.
pub(crate) fn guest_starts() {
    STARTED.store(true, Ordering::Relaxed);
}

/// The exit code of a failure that ends the process now: QNX's, before and after the start.
pub(crate) fn code() -> u8 {
    if STARTED.load(Ordering::Relaxed) { AFTER } else { BEFORE }
}

/// The exit code of an error in an option: QNX's, before and after the start.
pub(crate) fn option_code() -> u8 {
    if STARTED.load(Ordering::Relaxed) { AFTER } else { CONFIGURATION }
}

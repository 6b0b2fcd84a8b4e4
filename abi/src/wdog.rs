//! `<qvm/wdog.h>`: watchdogs.

use crate::types::vdev_t;
use core::ffi::c_uint;

/// What a watchdog does when its time is over (names: QNX 7.0; numbers: libgasp's own).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum wdog_actions {
    /// End the guest, with exit code 4.
    WDOG_ACTION_TERMINATE = 0,
    /// Send the vdev's interrupt to the guest.
    WDOG_ACTION_INTR = 1,
}

/// Also write a core file of the guest (name: QNX 7.0; number: libgasp's own).
pub const WDOG_FLAG_DUMP: u32 = 1;

/// A watchdog. ws_action is QNX's (7.0); its place and the other fields are libgasp's own.
#[repr(C)]
#[derive(Debug)]
pub struct wdog_state {
    /// The vdev.
    pub ws_vdev: *mut vdev_t,
    /// WDOG_ACTION_*.
    pub ws_action: c_uint,
    /// WDOG_FLAG_*.
    pub ws_flags: c_uint,
}

unsafe extern "C" {
    /// Do what is to be done when the time is over: ws_action.
    ///
    /// WDOG_ACTION_TERMINATE ends the guest with exit code 4; before the guest has started, it ends
    /// the process with 64. WDOG_ACTION_INTR asserts and deasserts v_intr of ws_vdev. Any other
    /// action is an error in the log and ends the guest as the first one does (libgasp's own), so
    /// that no bite goes unnoticed. With WDOG_FLAG_DUMP the host writes a core file of the guest
    /// first; if it writes none, there is a warning in the log. A refused interrupt, wds NULL, and
    /// a ws_vdev that is no vdev are errors in the log; the latter two do nothing else.
    ///
    /// Threads: any. Source: QNX 7.0.
    pub fn wdog_bite(wds: *mut wdog_state);
}

//! The types and numbers of `<gasp/host.h>`.

use crate::abi::vdev_core::vdev_t;
use core::ffi::{c_char, c_int, c_uint, c_void};

/// Option flag: enforce what QNX's pages require of callers (see the specification, "Modes").
pub const GASP_GUEST_STRICT: u32 = 1 << 0;

/// Kind of memory: the guest may read, write and execute it.
pub const GASP_RAM: u32 = 0;
/// Kind of memory: the guest may read and execute it.
pub const GASP_ROM: u32 = 1;

/// How to make a guest.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_guest_options {
    /// sizeof(struct gasp_guest_options) as the caller was compiled.
    pub size: usize,
    /// GASP_GUEST_*.
    pub flags: c_uint,
}

/// A region as the host sees it: whole, and with 64-bit ends.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_span {
    /// First location.
    pub location: u64,
    /// Last location (inclusive).
    pub last: u64,
    /// Address in this process, or port, behind the first location; 0 if there is none.
    pub host_location: u64,
    /// The vdev to call when an access traps.
    pub vdev: *mut vdev_t,
    /// GRF_*, as gasp_region_info() reports them.
    pub flags: u32,
    /// Handed back to the vdev.
    pub cookie: u32,
}

/// Called before a failed gasp_region_set() ends the process: `arg` as registered, the exit code
/// that follows, and the line that was printed (without its line end).
pub type gasp_fatal_handler_t =
    Option<unsafe extern "C" fn(arg: *mut c_void, exit_code: c_int, message: *const c_char)>;

//! `<qvm/guest.h>`: guests, vCPUs, interrupts and timers, as vdevs see them.

use crate::abi::vdev_core::vdev_t;
use core::ffi::c_uint;

/// The vCPU on which a vdev is called: opaque.
#[derive(Debug)]
pub struct guest_cpu {
    _opaque: (),
}

/// A timer of a vdev, made by guest_timer_create(): opaque.
#[derive(Debug)]
pub struct guest_timer {
    _opaque: (),
}

/// How to transfer data to or from a vCPU (QNX 7.x).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum guest_xfer_flags {
    /// No flags.
    GXF_NONE = 0,
    /// Pause the vCPU first.
    GXF_PAUSE = 1 << 0,
    /// Let the vCPU go on afterwards.
    GXF_UNPAUSE = 1 << 1,
    /// Do not wait.
    GXF_ASYNC = 1 << 2,
    /// Internal to QNX (debugger).
    GXF_GDB = 1 << 3,
    /// Flush.
    GXF_FLUSH = 1 << 4,
}

/// State of an interrupt line (QNX 7.x).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum guest_intr_state {
    /// Asserted.
    GIS_ON = 1,
    /// Not asserted.
    GIS_OFF = 2,
    /// Being serviced.
    GIS_ISR = 4,
}

/// Why a guest ends: the exit code of the process that runs it (QNX 7.0: an unsigned).
pub type guest_termination_cause_t = c_uint;

/// The guest has ended as it should. The name is QNX's (8.0), the number is its exit code.
pub const GTC_NORMAL_EXIT: u32 = 0;
/// A watchdog ends the guest. The name is libgasp's own, the number is QNX's exit code.
pub const GTC_WATCHDOG: u32 = 4;
/// A vdev met what it did not expect. The name is libgasp's own, the number is QNX's exit code.
pub const GTC_VDEV_ERROR: u32 = 6;
/// First number of a cause of termination that a vdev may choose (QNX 7.0).
pub const GTC_CUSTOM_MIN: u32 = 32;
/// Last number of a cause (the name is of QNX 8.0, the number of 7.0).
pub const GTC_MAX: u32 = 63;

/// An interrupt of a guest: the controller's vdev and its parameters (QNX 7.1: 16 bytes).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct guest_intr {
    /// The interrupt controller.
    pub pic: *mut vdev_t,
    /// Which input of it.
    pub param: c_uint,
    /// Which source.
    pub src_id: c_uint,
}

/// "Never": a timer that is not set. libgasp's own.
pub const GUEST_TIMER_OFF: u64 = u64::MAX;

/// What a timer function is told. The name is QNX's, the fields are libgasp's own.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct guest_timer_data {
    /// The moment for which the timer is or was set: nanoseconds of CLOCK_MONOTONIC, or
    /// GUEST_TIMER_OFF.
    pub when: u64,
    /// This moment: nanoseconds of CLOCK_MONOTONIC.
    pub now: u64,
}

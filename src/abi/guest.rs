//! `<qvm/guest.h>`: what QNX's pages give as numbers about guests, vCPUs and interrupts.

use crate::abi::vdev_core::vdev_t;
use core::ffi::c_uint;

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

/// First number of a cause of termination that a vdev may choose; 63 is the last (QNX 7.0).
pub const GTC_CUSTOM_MIN: u32 = 32;

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

//! `<qvm/guest.h>`: guests, vCPUs, interrupts and timers, as vdevs see them.

use crate::types::{guest_system, qvm_state_block, vdev_t};
use core::ffi::{c_int, c_uint, c_void};

/// The vCPU on which a vdev is called: opaque.
#[repr(C)]
#[derive(Debug)]
pub struct guest_cpu {
    _opaque: [u8; 0],
}

/// A timer of a vdev, made by guest_timer_create(): opaque.
#[repr(C)]
#[derive(Debug)]
pub struct guest_timer {
    _opaque: [u8; 0],
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

/// A `guest_intr_state` that came from C, which may pass any number as one. For C it is the
/// enumeration.
pub type any_guest_intr_state = c_uint;

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

unsafe extern "C" {
    /// Get the value of operands: in vwrite, what the guest writes (oopnd).
    ///
    /// The blocks are read in order, each into as many bytes of data as it is long; what is left of
    /// data is the last one's. A value that is shorter than its bytes of data is extended: with
    /// zeros, or as QSF_SEXT_SHIFT and QSF_ZEXT_SHIFT say (from that byte on the sign, then from that
    /// byte on zeros); of a longer one the low bytes are taken. Types: QST_HOST, QST_IMMEDIATE,
    /// QST_MEMORY and QST_PCI_IO, QST_X86_IO; the last three are accesses of the vCPU, and trap where
    /// its own would.
    ///
    /// flags: GXF_NONE; GXF_PAUSE, GXF_UNPAUSE and GXF_FLUSH have nothing to do here.
    ///
    /// Returns EOK; -1 a bus error; or an error number: EINVAL gcp, blk or data is NULL, no blocks,
    /// unknown type or flags; EPERM gcp is not this thread's vCPU; ENOTSUP the other types, GXF_ASYNC,
    /// GXF_GDB; ENOMEM; ELOOP as gasp_cpu_access(). guest_cpu_to_vrs() makes an answer of it.
    /// Threads: the one on which the vdev was called with gcp. Source: QNX 7.0; lengths, extension
    /// and errors are libgasp's own.
    pub fn guest_cpu_read(
        gcp: *mut guest_cpu,
        flags: c_uint,
        blk: *const qvm_state_block,
        nblks: c_uint,
        data: *mut c_void,
        data_len: c_uint,
    ) -> c_int;

    /// Put a value into operands: in vread, what the guest reads (oopnd).
    ///
    /// The blocks are written in order, each with as many bytes of data as it is long; what is left
    /// of data is the last one's. A value that is shorter than its block is extended, of a longer one
    /// the low bytes are taken. Everything else is as in guest_cpu_read(), but QST_IMMEDIATE cannot
    /// be written (EINVAL).
    pub fn guest_cpu_write(
        gcp: *mut guest_cpu,
        flags: c_uint,
        blk: *const qvm_state_block,
        nblks: c_uint,
        data: *const c_void,
        data_len: c_uint,
    ) -> c_int;

    /// Put all ones into an operand: in vread, the answer of a register that is not there.
    ///
    /// Returns and threads: as guest_cpu_write(). Source: QNX 7.0 (name); the rest is libgasp's own.
    pub fn guest_write_all_ones(gcp: *mut guest_cpu, blk: *const qvm_state_block) -> c_int;
}

unsafe extern "C" {
    /// Change the state of an interrupt's line. For an edge: GIS_ON, then GIS_OFF.
    ///
    /// intr: mostly &vdev->v_intr. It goes to the signal function of its controller.
    ///
    /// Returns EOK, or an error number: EINVAL NULL, no controller, an input or a state that it does
    /// not have; EAGAIN the guest has not started; or what the controller's function returned.
    /// Threads: any. Source: QNX 7.0 (name, state); the signature is that of the controller's
    /// function; the errors are libgasp's own.
    pub fn guest_intr_signal(intr: *const guest_intr, state: any_guest_intr_state) -> c_int;

    /// Make a timer for a vdev. It is not set yet. It is there as long as the vdev.
    ///
    /// data: handed to the factory's timer function, which is called when the timer expires, after
    /// the guest has started and before VDEV_CTRL_TERMINATE, on a thread of its own: one for all
    /// timers of the guest.
    ///
    /// Returns the timer, or NULL with errno EINVAL: no vdev, or its factory has no timer function.
    /// Threads: any. Source: QNX 7.0 (name); the rest is libgasp's own.
    pub fn guest_timer_create(vdev: *mut vdev_t, data: *mut c_void) -> *mut guest_timer;

    /// Set a timer: when, in nanoseconds of CLOCK_MONOTONIC; a moment that is over is now.
    /// GUEST_TIMER_OFF: not at all. The timer function is called once for each setting; one call
    /// that has begun already may still come after this function.
    ///
    /// Returns EOK; EINVAL timer is NULL or its vdev is gone. Threads: any, also the timer function.
    /// Source: QNX 7.0 (name); the rest is libgasp's own.
    pub fn guest_timer_notify(timer: *mut guest_timer, when: u64) -> c_int;

    /// The state of a timer: the moment to which it is set, and this moment.
    ///
    /// Returns EOK; EINVAL NULL, or its vdev is gone (*tdp not written). Threads: any.
    /// Source: QNX 7.0 (name); the rest is libgasp's own.
    pub fn guest_timer_state(timer: *const guest_timer, tdp: *mut guest_timer_data) -> c_int;

    /// End the guest. The exit code of the process is the cause: GTC_*, or the vdev's own number
    /// from GTC_CUSTOM_MIN to GTC_MAX; any other number is GTC_VDEV_ERROR. The first call counts.
    ///
    /// Returns at once; vCPUs leave the guest soon after. Before the guest has started the process
    /// ends here, with exit code 64.
    /// Threads: any. Source: QNX 7.0 (name, cause); the signature is libgasp's own.
    pub fn guest_terminate(gsp: *mut guest_system, cause: guest_termination_cause_t);
}

//! What plugins see: the structures of `<qvm/vdev-core.h>` and `<qvm/guest.h>`, as libgasp's
//! headers have them. A test compares them with the headers.
//!
//! Numbers that C passes as enumerators are plain integers here, because a plugin may pass any.

#![forbid(unsafe_code)]
#![allow(non_camel_case_types)] // the names are C's

use super::cpu::GuestCpu;
use super::timer::GuestTimer;
use core::ffi::{c_char, c_int, c_uint, c_void};
pub(super) use gasp_abi::{guest_system, qvm_state_block};

/// The vCPU on which a vdev is called.
pub(super) type guest_cpu = GuestCpu;
/// A vdev's timer.
pub(super) type guest_timer = GuestTimer;
/// `enum guest_intr_state`.
pub(super) type guest_intr_state = c_uint;
/// `guest_termination_cause_t`.
pub(super) type guest_termination_cause_t = c_uint;

/// An interrupt of a vdev.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct guest_intr {
    /// The controller.
    pub(super) pic: *mut vdev_t,
    /// Its input.
    pub(super) param: c_uint,
    /// Of a shared line.
    pub(super) src_id: c_uint,
}

/// What a timer function is told.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct guest_timer_data {
    /// Nanoseconds of the monotonic clock, or [`TIMER_OFF`].
    pub(super) when: u64,
    /// Nanoseconds of the monotonic clock.
    pub(super) now: u64,
}

/// Scheduling of a vdev's threads.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct qvm_sched_info {
    /// `SCHED_*`.
    pub(super) policy: c_int,
    /// Within the policy.
    pub(super) priority: c_int,
}

/// A vdev.
#[repr(C)]
pub(super) struct vdev_t {
    /// Its own data.
    pub(super) v_device: *mut c_void,
    /// What made it.
    pub(super) v_factory: *const vdev_factory,
    /// The guest.
    pub(super) v_gsp: *mut guest_system,
    /// Where it is.
    pub(super) v_block: qvm_state_block,
    /// Its interrupt.
    pub(super) v_intr: guest_intr,
    /// Its mutex.
    pub(super) v_mtx: libc::pthread_mutex_t,
    /// Of its threads.
    pub(super) v_sched: qvm_sched_info,
}

/// `control` of a factory.
pub(super) type Control = unsafe extern "C" fn(*mut vdev_t, c_uint, *const c_char) -> c_int;
/// `vread` and `vwrite` of a factory; answers `VRS_*`.
pub(super) type Reference = unsafe extern "C" fn(
    *mut vdev_t,
    c_uint,
    *const qvm_state_block,
    *const qvm_state_block,
    *mut guest_cpu,
) -> c_uint;
/// `timer` of a factory.
pub(super) type Timer =
    unsafe extern "C" fn(*mut vdev_t, *mut c_void, *const guest_timer_data, *mut guest_cpu);
/// `signal` of an interrupt controller.
pub(super) type Signal = unsafe extern "C" fn(*const guest_intr, guest_intr_state) -> c_int;
/// A function whose type QNX's pages do not give.
pub(super) type Unknown = Option<unsafe extern "C" fn()>;

/// What an interrupt controller does.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct vdev_pic_functions {
    /// Unused.
    pub(super) flags: c_uint,
    /// Which bits of a parameter number the inputs; 0: all.
    pub(super) pnum_mask: c_uint,
    /// A line changes.
    pub(super) signal: Option<Signal>,
    /// Unused.
    pub(super) notify: Unknown,
    /// Unused.
    pub(super) parse: Unknown,
    /// Unused.
    pub(super) string: Unknown,
    /// Unused.
    pub(super) table_spec: *const c_void,
}

/// What makes vdevs of one kind.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct vdev_factory {
    /// Unused.
    pub(super) next: *mut vdev_factory,
    /// Told of each step.
    pub(super) control: Option<Control>,
    /// A guest read.
    pub(super) vread: Option<Reference>,
    /// A guest write.
    pub(super) vwrite: Option<Reference>,
    /// Unused.
    pub(super) pulse: Option<unsafe extern "C" fn(*mut vdev_t, i8) -> c_int>,
    /// A timer has expired.
    pub(super) timer: Option<Timer>,
    /// Of an interrupt controller.
    pub(super) pic: *const vdev_pic_functions,
    /// Names, `NULL` at the end.
    pub(super) option_list: *const *const c_char,
    /// `NULL`: as the file is called.
    pub(super) name: *const c_char,
    /// [`vff`].
    pub(super) factory_flags: c_uint,
    /// Bit n: n bytes are allowed; 0: any size.
    pub(super) acc_sizes: c_uint,
    /// Of `v_device`.
    pub(super) extra_space: c_uint,
    /// Unused.
    pub(super) safety: c_uint,
}

/// `VFF_*`: what a vdev needs and offers.
pub(super) mod vff {
    /// Takes no interrupt.
    pub(in crate::vdev) const INTR_NO: u32 = 0x2;
    /// Needs an interrupt.
    pub(in crate::vdev) const INTR_REQ: u32 = 0x4;
    /// Needs an interrupt if it is no PCI device.
    pub(in crate::vdev) const INTR_NONPCI: u32 = 0x8;
    /// Takes no location.
    pub(in crate::vdev) const LOC_NO: u32 = 0x10;
    /// Can be in memory.
    pub(in crate::vdev) const VDEV_MEM: u32 = 0x20;
    /// Can be at ports.
    pub(in crate::vdev) const VDEV_X86_IO: u32 = 0x40;
    /// Can be a PCI device.
    pub(in crate::vdev) const VDEV_PCI: u32 = 0x80;
    /// Wants `v_mtx` to be recursive. It is initialised in any case.
    pub(in crate::vdev) const MUTEX_RECURSIVE: u32 = 0x200;
    /// Makes its region itself.
    pub(in crate::vdev) const MANUAL_REGION: u32 = 0x800;
}

/// `VDEV_CTRL_*`: the steps of a vdev's life.
pub(super) mod ctrl {
    /// Options follow.
    pub(in crate::vdev) const OPTIONS_START: u32 = 0;
    /// That were the options.
    pub(in crate::vdev) const OPTIONS_END: u32 = 1;
    /// The configuration is complete.
    pub(in crate::vdev) const GUEST_CONFIGURED: u32 = 2;
    /// The guest ends.
    pub(in crate::vdev) const TERMINATE: u32 = 3;
    /// Report your state.
    pub(in crate::vdev) const STATUS: u32 = 4;
    /// A button was pressed.
    pub(in crate::vdev) const BUTTON: u32 = 7;
    /// Choose location and interrupt.
    pub(in crate::vdev) const ASSIGN: u32 = 8;
    /// The guest starts.
    pub(in crate::vdev) const GUEST_STARTING: u32 = 9;
    /// The first option.
    pub(in crate::vdev) const FIRST_OPTIDX: u32 = 0x100;
}

/// `VRS_*`: what a reference function answers.
pub(super) mod vrs {
    /// Done.
    pub(in crate::vdev) const NORMAL: u32 = 0;
    /// Done; the instruction is not over.
    pub(in crate::vdev) const NO_ADVANCE: u32 = 1;
    /// A bus error for the guest.
    pub(in crate::vdev) const BUS_ERROR: u32 = 3;
    /// The guest is to end.
    pub(in crate::vdev) const TERMINATE: u32 = 5;
    /// Base of error numbers.
    pub(in crate::vdev) const ERRNO: u32 = 0x100;
}

/// `QST_*`: what a location is a location of.
pub(super) mod qst {
    /// Guest-physical memory.
    pub(in crate::vdev) const MEMORY: u16 = 0;
    /// Memory of this process.
    pub(in crate::vdev) const HOST: u16 = 4;
    /// A PCI device.
    pub(in crate::vdev) const PCI: u16 = 5;
    /// The same as memory.
    pub(in crate::vdev) const PCI_IO: u16 = 6;
    /// The value itself.
    pub(in crate::vdev) const IMMEDIATE: u16 = 7;
    /// A port.
    pub(in crate::vdev) const X86_IO: u16 = 0x8000;
    /// Nothing.
    pub(in crate::vdev) const NO_TYPE: u16 = 0xffff;
}

/// `GUEST_TIMER_OFF`: never.
pub(super) const TIMER_OFF: u64 = u64::MAX;
/// `QVM_VDEV_ABI`: the version of all this.
pub(super) const VDEV_ABI: c_uint = 0x0701;

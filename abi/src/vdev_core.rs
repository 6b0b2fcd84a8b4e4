//! `<qvm/vdev-core.h>`: a virtual device as its own code sees it.

use crate::guest::{any_guest_intr_state, guest_cpu, guest_intr, guest_timer_data};
use crate::types::{guest_system, qvm_state_block, vdev_t};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// What a vread or vwrite function answers (QNX 7.x). VRS_ERRNO + n reports errno n.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vdev_ref_status {
    /// Done.
    VRS_NORMAL = 0,
    /// Done; do not advance the instruction pointer.
    VRS_NO_ADVANCE = 1,
    /// Internal to QNX.
    VRS_ABORT = 2,
    /// The guest sees a bus error.
    VRS_BUS_ERROR = 3,
    /// Only for instruction callbacks.
    VRS_CONTINUE = 4,
    /// The guest is to be terminated.
    VRS_TERMINATE = 5,
    /// Base of the errno values.
    VRS_ERRNO = 0x100,
}

/// A `vdev_ref_status` that came from C, which may answer any number. For C it is the enumeration.
pub type any_vdev_ref_status = c_uint;

/// What a vdev needs and offers (`vdev_factory.factory_flags`; QNX 7.0).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vdev_factory_flags {
    /// No flags.
    VFF_NONE = 0,
    /// Reserved.
    VFF_RESERVED = 1 << 0,
    /// Takes no interrupt.
    VFF_INTR_NO = 1 << 1,
    /// Needs an interrupt.
    VFF_INTR_REQ = 1 << 2,
    /// Needs an interrupt unless it is a PCI device.
    VFF_INTR_NONPCI = 1 << 3,
    /// Takes no location.
    VFF_LOC_NO = 1 << 4,
    /// Can be in memory.
    VFF_VDEV_MEM = 1 << 5,
    /// Can be at x86 ports.
    VFF_VDEV_X86_IO = 1 << 6,
    /// Can be a PCI device.
    VFF_VDEV_PCI = 1 << 7,
    /// The three above.
    VFF_VDEV_LOC_TYPES = 7 << 5,
    /// Have v_mtx initialised.
    VFF_MUTEX = 1 << 8,
    /// Have v_mtx initialised as a recursive mutex.
    VFF_MUTEX_RECURSIVE = 1 << 9,
    /// QNX: for the future.
    VFF_RC = 1 << 10,
    /// The vdev makes its region itself.
    VFF_MANUAL_REGION = 1 << 11,
}

/// What a vdev's control function is told (QNX 7.x, but for the four that say otherwise).
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum vdev_ctrl_options {
    /// The options of this vdev follow.
    VDEV_CTRL_OPTIONS_START = 0,
    /// That was the last option.
    VDEV_CTRL_OPTIONS_END = 1,
    /// The guest's configuration is complete.
    VDEV_CTRL_GUEST_CONFIGURED = 2,
    /// The guest ends.
    VDEV_CTRL_TERMINATE = 3,
    /// Report your state.
    VDEV_CTRL_STATUS = 4,
    /// Add to the ACPI tables.
    VDEV_CTRL_GEN_ACPI = 5,
    /// Add to the device tree.
    VDEV_CTRL_GEN_FDT = 6,
    /// A button was pressed.
    VDEV_CTRL_BUTTON = 7,
    /// Choose location and interrupt. The number is libgasp's own.
    VDEV_CTRL_ASSIGN = 8,
    /// The guest starts. The number is libgasp's own.
    VDEV_CTRL_GUEST_STARTING = 9,
    /// The PCI base addresses changed. The number is libgasp's own.
    VDEV_CTRL_PCI_BARS = 10,
    /// The first entry of the option list. The number is libgasp's own.
    VDEV_CTRL_FIRST_OPTIDX = 0x100,
}

/// The older name of VDEV_CTRL_GUEST_CONFIGURED (QNX 7.0).
pub const VDEV_CTRL_BOOTUP: u32 = 2;

/// The vdev is not for safety-related guests (QNX 7.1).
pub const VDEV_SAFETY_NO: u32 = 0x5555_5555;
/// The vdev is for safety-related guests (QNX 7.1).
pub const VDEV_SAFETY_YES: u32 = 0xaaaa_aaaa;

/// Version of the vdev interface. The name is QNX's, the number is libgasp's own.
pub const QVM_VDEV_ABI: u32 = 0x0701;

/// VIRTIO references: nothing (QNX 7.x).
pub const VIOREF_CLASS_NOP: u32 = 0;
/// The driver notified a queue.
pub const VIOREF_CLASS_NOTIFY: u32 = 0x10000;
/// A queue was enabled.
pub const VIOREF_CLASS_ENABLED: u32 = 0x20000;
/// The device is to be reset.
pub const VIOREF_CLASS_RESET: u32 = 0x30000;
/// The status register was written.
pub const VIOREF_CLASS_STATUS: u32 = 0x40000;
/// The device's own configuration was accessed.
pub const VIOREF_CLASS_DEVCFG: u32 = 0x50000;
/// The access fails with a bus error.
pub const VIOREF_CLASS_BUS_ERROR: u32 = 0x60000;
/// The access fails with an errno.
pub const VIOREF_CLASS_ERRNO: u32 = 0x70000;
/// Mask of the class.
pub const VIOREF_CLASS_MASK: u32 = 0xf0000;
/// Words of feature bits that a VIRTIO device can have.
pub const VIO_MAX_FEATURE_WORDS: u32 = 4;

/// Scheduling of a vdev's threads. The name is QNX's; its pages do not give the fields, which are
/// libgasp's own.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct qvm_sched_info {
    /// Scheduling policy, SCHED_*.
    pub policy: c_int,
    /// Priority within the policy.
    pub priority: c_int,
}

/// A virtual device (QNX 7.1). Offsets up to v_mtx are QNX's; v_mtx has this system's size, and
/// v_sched follows it.
#[repr(C)]
#[allow(missing_debug_implementations)] // pthread_mutex_t has none
pub struct vdev_s {
    /// The vdev's own data.
    pub v_device: *mut c_void,
    /// What made it.
    pub v_factory: *const vdev_factory,
    /// The guest that it belongs to: what every gasp function asks for.
    pub v_gsp: *mut guest_system,
    /// Where the vdev is in the guest.
    pub v_block: qvm_state_block,
    /// Its interrupt.
    pub v_intr: guest_intr,
    /// Its mutex, initialised by the host if VFF_MUTEX asks for it.
    pub v_mtx: libc::pthread_mutex_t,
    /// Its scheduling.
    pub v_sched: qvm_sched_info,
}

/// What handles an access to a vdev.
///
/// cookie: that of the region. vopnd: what the guest touched (location, length, type of the
/// space). oopnd: the other operand: where vread puts the value (guest_cpu_write()), and where
/// vwrite gets it from (guest_cpu_read()). gcp: the vCPU that makes the access. Names and types:
/// QNX 7.0; what the operands are is libgasp's own reading.
pub type vdev_ref_function_t = Option<
    unsafe extern "C" fn(
        vdev: *mut vdev_t,
        cookie: c_uint,
        vopnd: *const qvm_state_block,
        oopnd: *const qvm_state_block,
        gcp: *mut guest_cpu,
    ) -> any_vdev_ref_status,
>;

/// A function of which QNX's pages give the name but not the type: has to be NULL here.
pub type vdev_unsupported_function_t = Option<unsafe extern "C" fn()>;

/// What an interrupt controller does (names: QNX 7.0; the order is its pages', the types but for
/// signal are libgasp's own).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vdev_pic_functions {
    /// Has to be 0 here.
    pub flags: c_uint,
    /// Which bits of guest_intr.param are the number of the input; 0: all.
    pub pnum_mask: c_uint,
    /// The line of an interrupt changes its state.
    pub signal:
        Option<unsafe extern "C" fn(intr: *const guest_intr, state: any_guest_intr_state) -> c_int>,
    /// Has to be NULL here.
    pub notify: vdev_unsupported_function_t,
    /// Has to be NULL here.
    pub parse: vdev_unsupported_function_t,
    /// Has to be NULL here.
    pub string: vdev_unsupported_function_t,
    /// Has to be NULL here.
    pub table_spec: *const c_void,
}

/// What makes vdevs of one kind (QNX 7.0: 88 bytes). It has to be there as long as the process,
/// and is not changed after vdev_register_factory().
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vdev_factory {
    /// The host's.
    pub next: *mut vdev_factory,
    /// Required. Told of each step of the life of a vdev: ctrl is VDEV_CTRL_*, or
    /// VDEV_CTRL_FIRST_OPTIDX + the index of an option, and then arg is its argument (or NULL).
    /// Returns EOK or an error number.
    pub control:
        Option<unsafe extern "C" fn(vdev: *mut vdev_t, ctrl: c_uint, arg: *const c_char) -> c_int>,
    /// A guest read that traps; NULL: as if nothing were there.
    pub vread: vdev_ref_function_t,
    /// A guest write that traps; NULL: as if nothing were there.
    pub vwrite: vdev_ref_function_t,
    /// Has to be NULL here: there are no pulses.
    pub pulse: Option<unsafe extern "C" fn(vdev: *mut vdev_t, code: i8) -> c_int>,
    /// A timer of guest_timer_create() has expired; data is what was given there.
    pub timer: Option<
        unsafe extern "C" fn(
            vdev: *mut vdev_t,
            data: *mut c_void,
            tdp: *const guest_timer_data,
            gcp: *mut guest_cpu,
        ),
    >,
    /// Interrupt controllers only.
    pub pic: *const vdev_pic_functions,
    /// Names of the options, NULL at the end; those without an argument start with
    /// QVM_OPTION_NO_ARG_PREFIX.
    pub option_list: *const *const c_char,
    /// Name of the vdev; NULL: as the file is called.
    pub name: *const c_char,
    /// VFF_*.
    pub factory_flags: c_uint,
    /// Bit n: accesses of n bytes are allowed; 0: of any size (libgasp's own reading).
    pub acc_sizes: c_uint,
    /// How many zeroed bytes v_device points to.
    pub extra_space: c_uint,
    /// VDEV_SAFETY_*.
    pub safety: c_uint,
}

unsafe extern "C" {
    /// Register the factory of a vdev: in a constructor function of the plugin.
    ///
    /// factory: has to be there as long as the process. abi_version: QVM_VDEV_ABI as the plugin was
    /// compiled; another one has the plugin refused.
    ///
    /// Threads: the one that loads the plugin. Source: QNX 7.1; the program that runs the guest has
    /// the function, libgasp does not.
    pub fn vdev_register_factory(factory: *mut vdev_factory, abi_version: c_uint);
}

//! `<qvm/vdev-core.h>`: a virtual device as its own code sees it.

use crate::guest::{any_vdev_ref_status, guest_cpu, guest_timer_data};
use crate::types::{
    any_guest_intr_notifications, any_guest_intr_state, any_guest_table_spec_component, guest_intr,
    guest_system, qvm_sched_info, qvm_state_block, vdev_t,
};
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::{pthread_attr_t, pthread_t, sigevent, ssize_t};

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

/// Control: the options of this vdev follow (QNX 7.1, as the rest but for the numbers of four).
pub const VDEV_CTRL_OPTIONS_START: u32 = 0;
/// Control: that was the last option of this vdev.
pub const VDEV_CTRL_OPTIONS_END: u32 = 1;
/// Control: the guest's configuration is complete. Threads may be made from now on.
pub const VDEV_CTRL_GUEST_CONFIGURED: u32 = 2;
/// An older name of VDEV_CTRL_GUEST_CONFIGURED.
pub const VDEV_CTRL_BOOTUP: u32 = 2;
/// Control: the guest has ended.
pub const VDEV_CTRL_TERMINATE: u32 = 3;
/// Control: report your state.
pub const VDEV_CTRL_STATUS: u32 = 4;
/// Control: add to the ACPI tables.
pub const VDEV_CTRL_GEN_ACPI: u32 = 5;
/// Control: add to the device tree. arg is not a string, but the number of the root node for vdevs.
pub const VDEV_CTRL_GEN_FDT: u32 = 6;
/// Control: the power button was pressed.
pub const VDEV_CTRL_BUTTON: u32 = 7;
/// Control: all options of all vdevs are known. Choose a location and an interrupt now, if there
/// is no `loc` and no `intr`. The number is libgasp's own.
pub const VDEV_CTRL_ASSIGN: u32 = 8;
/// Control: the guest starts. From now on it is ended with guest_terminate(), not with qvm_fatal().
/// The number is libgasp's own.
pub const VDEV_CTRL_GUEST_STARTING: u32 = 9;
/// Control: describe the base address registers (PCI devices only). The number is libgasp's own.
pub const VDEV_CTRL_PCI_BARS: u32 = 10;
/// Control: the first entry of the option list; the others follow. The number is libgasp's own.
pub const VDEV_CTRL_FIRST_OPTIDX: u32 = 0x100;

/// The vdev is not for safety-related guests (QNX 7.1).
pub const VDEV_SAFETY_NO: u32 = 0x5555_5555;
/// The vdev is for safety-related guests (QNX 7.1).
pub const VDEV_SAFETY_YES: u32 = 0xaaaa_aaaa;

/// A virtual device (QNX 7.1). Offsets up to v_mtx are QNX's; v_mtx and v_sched have this system's
/// sizes.
#[repr(C)]
#[allow(missing_debug_implementations)] // pthread_mutex_t has none
pub struct vdev_s {
    /// The vdev's own data.
    pub v_device: *mut c_void,
    /// What made it.
    pub v_factory: *mut vdev_factory,
    /// The guest that it belongs to: what every gasp function asks for.
    pub v_gsp: *mut guest_system,
    /// Where the vdev is in the guest.
    pub v_block: qvm_state_block,
    /// Its interrupt.
    pub v_intr: guest_intr,
    /// Its mutex, for its own use. The host initialises it if VFF_MUTEX asks for it.
    pub v_mtx: libc::pthread_mutex_t,
    /// Its scheduling.
    pub v_sched: qvm_sched_info,
}

/// What a thread of vdev_thread_create() runs. The name is QNX's, the type is libgasp's own reading.
pub type vdev_thread_create_func_t = Option<unsafe extern "C" fn(arg: *mut c_void) -> *mut c_void>;

/// What handles an access to a vdev. The name is libgasp's own.
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

/// What an interrupt controller does (QNX 7.1).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vdev_pic_functions {
    /// The controller's flags. QNX's pages do not give any.
    pub flags: c_uint,
    /// Which bits of guest_intr.param are the number of the input; 0: all (libgasp's own reading).
    pub pnum_mask: c_uint,
    /// Required. The line of an interrupt changes its state.
    pub signal:
        Option<unsafe extern "C" fn(gip: *const guest_intr, gis: any_guest_intr_state) -> c_int>,
    /// From now on, tell of these events with guest_intr_notify().
    pub notify:
        Option<unsafe extern "C" fn(gip: *const guest_intr, gin: any_guest_intr_notifications)>,
    /// The text of an `intr` option, after the colon, as gip->param. Returns the first character
    /// that is not of it, or NULL if there is none such (libgasp's own reading).
    pub parse:
        Option<unsafe extern "C" fn(gip: *mut guest_intr, name: *const c_char) -> *const c_char>,
    /// gip->param as text. Returns the length, as snprintf() (libgasp's own reading).
    pub string: Option<
        unsafe extern "C" fn(gip: *const guest_intr, buf: *mut c_char, buf_len: usize) -> usize,
    >,
    /// The interrupt as a table for the guest has it. Returns the number of bytes, or a negative
    /// error number (libgasp's own reading).
    pub table_spec: Option<
        unsafe extern "C" fn(
            gip: *const guest_intr,
            component: any_guest_table_spec_component,
            buf: *mut c_void,
            buf_len: usize,
        ) -> ssize_t,
    >,
}

/// What makes vdevs of one kind (QNX 7.0: 88 bytes). It has to be there as long as the process, and
/// the vdev does not change it after vdev_register_factory().
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct vdev_factory {
    /// A link of the host's.
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
    /// A pulse of vdev_pulse() has arrived. The result is not used (libgasp's own).
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
    /// compiled; another one has the plugin refused (libgasp's own reading).
    ///
    /// Threads: the one that loads the plugin. Source: QNX 7.1.
    pub fn vdev_register_factory(factory: *mut vdev_factory, abi_version: c_uint);

    /// Fill in an event whose delivery calls the vdev's pulse function with code.
    ///
    /// It is a SIGEV_THREAD event: timer_create(), mq_notify() and asynchronous input and output
    /// deliver it, and so does a call of ev->sigev_notify_function(ev->sigev_value). A delivery only
    /// puts the pulse into the vdev's queue. A thread of the vdev's takes pulses out of it, those of
    /// a higher priority first, then in the order of arrival. It is made for the first pulse after
    /// VDEV_CTRL_GUEST_CONFIGURED (until then pulses wait), and is scheduled as v_sched says. Before
    /// VDEV_CTRL_TERMINATE is sent, the function that runs is waited for, and what waits is dropped;
    /// an event that is delivered later does nothing. At most 65,536 pulses wait; those above are
    /// dropped, with an error in the log. What the pulse function returns is not used.
    ///
    /// priority: of the pulse. coid: not used, because there are no servers here.
    ///
    /// If vdp is no vdev or has no pulse function (QNX: a crash), there is an error in the log, and
    /// ev is a SIGEV_NONE event, whose delivery does nothing.
    ///
    /// When: from VDEV_CTRL_OPTIONS_START on (QNX: after it). Threads: any. Source: QNX 7.1; the kind
    /// of event, the queue and its thread are libgasp's own.
    pub fn vdev_pulse(vdp: *mut vdev_t, code: i8, priority: c_int, ev: *mut sigevent, coid: c_int);

    /// Write a name of the vdev with its location, for people. In gasp-vm: "trace@mem:0xd0000000",
    /// "serial@io:0x3f8", or the name alone if it has no location.
    ///
    /// buf, count: where, and its size; the text is cut, and ends with a zero. count 0: nothing is
    /// written, and buf may be NULL.
    ///
    /// Returns the length of the whole text, without the zero. When: from
    /// VDEV_CTRL_GUEST_CONFIGURED on. Threads: any. Source: QNX 7.1; the text is libgasp's own.
    pub fn vdev_string(buf: *mut c_char, count: usize, vdp: *const vdev_t) -> c_int;

    /// vdev_string(). The name is that of QNX's guides; that it is an older name of vdev_string()
    /// is libgasp's own reading.
    pub fn vdev_path(buf: *mut c_char, count: usize, vdp: *const vdev_t) -> c_int;

    /// Make a thread of a vdev: pthread_create(), and the thread has a name.
    ///
    /// name: cut to what the system takes (15 bytes); NULL: none. attr: NULL: as v_sched of the vdev
    /// says (libgasp's own reading).
    ///
    /// Returns what pthread_create() returns: EOK, or an error number. EINVAL: vdp is no vdev, or
    /// thread or start_routine is NULL (libgasp's own). When: from VDEV_CTRL_GUEST_CONFIGURED on;
    /// end the thread in VDEV_CTRL_TERMINATE. Threads: any. Source: QNX 7.0 (name), 8.0 (signature).
    pub fn vdev_thread_create(
        vdp: *const vdev_t,
        name: *const c_char,
        thread: *mut pthread_t,
        attr: *mut pthread_attr_t,
        start_routine: vdev_thread_create_func_t,
        arg: *mut c_void,
    ) -> c_int;
}

/// For coid of vdev_pulse(): do not register the event. The name is QNX's, the number is libgasp's
/// own.
pub const QMRE_UNREG_EVENT: i32 = -2;

//! `<gasp/vdev-host.h>`: loading vdevs and calling them, for a VMM or a test harness.

use crate::cpu::gasp_cpu;
use crate::guest::{any_guest_instr_type, any_guest_power_state_cmd, any_vdev_ref_status};
use crate::types::{
    any_guest_intr_notifications, any_guest_table_spec_component, guest_intr, guest_system,
    qvm_state_block, vdev_t,
};
use crate::vdev_core::vdev_factory;
use core::ffi::{c_char, c_int, c_uint, c_void};
use libc::ssize_t;

/// The vdevs of one guest. Opaque; from gasp_vdevs_create().
///
/// A `vdevs` is bad if it is NULL or destroyed.
#[repr(C)]
#[derive(Debug)]
pub struct gasp_vdevs {
    _opaque: [u8; 0],
}

/// Host flag: the guest's clock stands still, and moves only with gasp_vdevs_advance(). Nothing
/// sleeps, and timers expire in gasp_vdevs_advance(), on its thread.
pub const GASP_VDEVS_SIMULATED_CLOCK: u32 = 1 << 0;
/// Host flag: count the accesses of each vdev and cookie, for gasp_vdevs_each_hit().
pub const GASP_VDEVS_COUNT: u32 = 1 << 1;
/// Host flag: count what vdevs say with guest_clock_start() and guest_clock_stop(), for
/// gasp_vdev_run_time(). Without it both do nothing.
pub const GASP_VDEVS_RUN_TIME: u32 = 1 << 5;
/// Host flag: log each failure of a gasp_* function inside of a vdev, with the function, the sentence
/// of gasp_last_error() and the vdev. The set takes gasp_on_failure() of the process. Lines of one
/// vdev, function and error number are bounded: the first ten, then the 100th, the 1,000th and so on.
pub const GASP_VDEVS_LOG_FAILURES: u32 = 1 << 8;
/// Host flag: log each access that is refused, with the vdev, the location, the size and the reason:
/// what gasp_vdevs_counts() counts. Lines of one vdev and reason are bounded as above.
pub const GASP_VDEVS_LOG_REFUSED: u32 = 1 << 9;
/// Host flag: log each call of a vdev that lasts longer than a second, or than
/// gasp_vdevs_set_limit() says, once: the vdev, the function, the location, how long, the thread. A
/// thread of the library looks at the calls four times in that time, and calls `log`.
pub const GASP_VDEVS_WATCH_HANDLERS: u32 = 1 << 10;
/// Host flag: log that a vdev returns with a lock of the guest (gasp_lock()) that its thread did not
/// hold when it was called, once for each vdev and function.
pub const GASP_VDEVS_CHECK_LOCKS: u32 = 1 << 11;
/// Host flag: at the end of a vdev (gasp_vdevs_destroy()) log the regions that are its own, other
/// than the one that the library made, and its mappings, up to ten of each. The mappings are ended
/// then; the regions are taken away with or without the flag.
pub const GASP_VDEVS_CHECK_END: u32 = 1 << 12;
/// Host flag: write a line to standard error if SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT comes while
/// its thread calls a vdev, or is one of vdev_thread_create(): the signal, the vdev, the function, the
/// location, the address of the fault. Then the handler that was there before runs, or the process
/// ends as it would have. It concerns all sets of the process, which keeps the library loaded.
/// Threads without a stack for signals (sigaltstack()) get one. GASP_GUEST_GUARDED works as before.
pub const GASP_VDEVS_CATCH_CRASHES: u32 = 1 << 13;

/// Destination of a line of the log: standard output.
pub const GASP_LOG_STDOUT: u32 = 1 << 0;
/// Destination of a line of the log: standard error.
pub const GASP_LOG_STDERR: u32 = 1 << 1;
/// Destination of a line of the log: the system's log. On QNX it is slog, here syslog().
pub const GASP_LOG_SLOG: u32 = 1 << 2;

/// What a host does for its vdevs. A function may be NULL. Each is called on the thread of the vdev
/// that causes it, with no lock held, and may come from several threads at the same time. `arg` is
/// that of this structure.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_vdev_host {
    /// sizeof(struct gasp_vdev_host) as the caller was compiled.
    pub size: usize,
    /// GASP_VDEVS_*.
    pub flags: c_uint,
    /// Handed to each function.
    pub arg: *mut c_void,
    /// The line of the controller `apic` becomes asserted (1) or deasserted (0): line is the number
    /// after the colon of `intr apic:NUMBER`. NULL: interrupts vanish.
    pub interrupt: Option<unsafe extern "C" fn(arg: *mut c_void, line: c_uint, asserted: c_int)>,
    /// The guest has to end, with this exit code: guest_terminate(), or a vdev that failed. It may
    /// be called more than once; the first call counts. NULL: only a line in the log.
    pub terminate: Option<unsafe extern "C" fn(arg: *mut c_void, exit_code: c_int)>,
    /// A vdev has failed in a way that ends the process, as qvm_fatal() does. When this returns,
    /// exit(exit_code) is called. It may leave by longjmp() to a caller of this library or of
    /// gasp_cpu_access() on the same thread, or end its thread (pthread_exit()): the library can be
    /// used as before, and its thread acts for no vdev. Functions of vdevs, all but vread and vwrite,
    /// are left first, without returning, and no vdev is called until this was. Pulses of a vdev whose
    /// thread has ended are dropped. NULL: exit(exit_code).
    pub fatal: Option<unsafe extern "C" fn(arg: *mut c_void, exit_code: c_int)>,
    /// A line that has passed the filters of the log (gasp_vdevs_logger(), and the option `log` of
    /// a vdev). attr: QVM_OUT*. destinations: one or more of GASP_LOG_*, where the host writes it.
    /// vdev, name: NULL if it is not a vdev's. NULL: the library writes it there, as
    /// "NAME: LABEL: TEXT".
    pub log: Option<
        unsafe extern "C" fn(
            arg: *mut c_void,
            attr: c_uint,
            destinations: c_uint,
            vdev: *const vdev_t,
            name: *const c_char,
            text: *const c_char,
        ),
    >,
    /// A vdev reads (write is 0) or writes a register of the vCPU that makes an access. Returns EOK
    /// or an error number. NULL: ENOTSUP.
    pub registers: Option<
        unsafe extern "C" fn(
            arg: *mut c_void,
            cpu: *mut gasp_cpu,
            blk: *const qvm_state_block,
            data: *mut c_void,
            write: c_int,
        ) -> c_int,
    >,
    /// A message-signalled interrupt that no vdev claims. Returns EOK or an error number, which the
    /// vdev gets. NULL: ENXIO.
    pub msi: Option<unsafe extern "C" fn(arg: *mut c_void, addr: u64, data: c_uint) -> c_int>,
    /// A vdev wants a core file of the guest: in this file or, with NULL, which is what
    /// guest_write_core_file() means, where the configuration says. Returns EOK or an error number,
    /// which the vdev gets. NULL: ENOTSUP.
    pub core_file: Option<unsafe extern "C" fn(arg: *mut c_void, path: *const c_char) -> c_int>,
}

/// No vector of the host: the vdev is no interrupt controller.
pub const GASP_NO_HOSTVECTOR: u64 = u64::MAX;

/// An option of a vdev.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_vdev_option {
    /// Its name.
    pub name: *const c_char,
    /// Its argument; NULL for an option that takes none.
    pub value: *const c_char,
}

/// Called for each vdev and cookie with accesses. `arg` is as given.
pub type gasp_hit_function_t = Option<
    unsafe extern "C" fn(
        arg: *mut c_void,
        vdev: *const vdev_t,
        cookie: c_uint,
        reads: u64,
        writes: u64,
    ),
>;

/// Called when the guest has unmasked or acknowledged an interrupt, on the thread of its controller,
/// with no lock held. `gip` and `arg` are as given to gasp_vdevs_watch_intr(); gin: GIN_*.
pub type gasp_intr_function_t = Option<
    unsafe extern "C" fn(
        arg: *mut c_void,
        gip: *const guest_intr,
        gin: any_guest_intr_notifications,
    ),
>;

/// How many accesses were refused, by reason. In an access that reaches several regions, each piece
/// counts.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_refusals {
    /// No region is there, also if the access has waited for the lock of the space in vain
    /// (GASP_REASON_HELD). Not of a vdev.
    pub absent: u64,
    /// The region neither passes nor traps this kind of access.
    pub no_right: u64,
    /// A fetch from a region that traps fetches: no vdev takes them.
    pub fetch: u64,
    /// The host memory behind the region is not there (GASP_GUEST_GUARDED).
    pub vanished: u64,
    /// The region traps the access, and its vdev is none. Not of a vdev.
    pub no_vdev: u64,
    /// The vdev does not take this size (acc_sizes).
    pub size: u64,
    /// The vdev has no vread or no vwrite.
    pub no_function: u64,
    /// The vdev answered VRS_BUS_ERROR.
    pub bus_error: u64,
    /// The vdev answered VRS_ERRNO with an error number.
    pub error: u64,
    /// The vdev answered what is no VRS_* that an access can have.
    pub wrong_answer: u64,
}

unsafe extern "C" {
    /// Create the set of vdevs of a guest, with the interrupt controller `apic`. It sets the trap
    /// handler of the guest, and its handler for unsupported accesses.
    ///
    /// The thread that calls a vdev has it in its record, gasp_acting(); so has a thread of
    /// vdev_thread_create(). A host can name a vdev in the record of a thread of its own, and leaves
    /// `data` NULL there.
    ///
    /// host: copied; NULL: the defaults. Otherwise host->size is sizeof(struct gasp_vdev_host).
    ///
    /// Returns the set, or NULL with errno set:
    /// - EINVAL: bad gsp, host->size too small or unknown flags
    /// - E2BIG: host->size is larger than this library knows, and a byte that it does not know is
    ///   not zero
    /// - EBUSY: the guest has a set already
    /// - ENOSPC: there are 4,096 vdevs in this process already
    /// - EAGAIN: there is no thread for GASP_VDEVS_WATCH_HANDLERS
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own, as all of this header.
    pub fn gasp_vdevs_create(
        gsp: *mut guest_system,
        host: *const gasp_vdev_host,
    ) -> *mut gasp_vdevs;

    /// Destroy a set: VDEV_CTRL_TERMINATE, if it has not been sent, then all vdevs end. Their
    /// regions are taken out of the map first, and accesses under way are waited for. The files of
    /// the vdevs stay loaded. Call it before gasp_guest_destroy(). NULL is ignored.
    ///
    /// Threads: any, but no other call on this set and no function of a vdev may run at the same
    /// time.
    pub fn gasp_vdevs_destroy(vdevs: *mut gasp_vdevs);

    /// Search a directory for the files of vdevs, after those that were given before, and before
    /// the directory in which `make install` puts vdevs and the places of dlopen().
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, directory NULL
    ///
    /// Threads: any.
    pub fn gasp_vdevs_add_path(vdevs: *mut gasp_vdevs, directory: *const c_char) -> c_int;

    /// Load the file of a vdev, vdev-NAME.so, unless the process has loaded it already.
    ///
    /// name: NAME, vdev-NAME or vdev-NAME.so.
    ///
    /// Returns the factory that the file has registered, or NULL with errno set:
    /// - EINVAL: bad vdevs, name NULL or no name
    /// - ENOENT: there is no such file
    /// - ELIBBAD: it cannot be loaded, or its factory cannot be used; gasp_last_error() says why
    ///
    /// Threads: any.
    pub fn gasp_vdevs_load(vdevs: *mut gasp_vdevs, name: *const c_char) -> *const vdev_factory;

    /// Create a vdev: its options in order, from VDEV_CTRL_OPTIONS_START to VDEV_CTRL_OPTIONS_END,
    /// and its region if it has a location. VDEV_CTRL_ASSIGN comes by gasp_vdevs_control().
    ///
    /// name: as for gasp_vdevs_load(), which this calls. options: `loc`, `intr`, `hostvector`, `log`,
    /// `name`, `sched`, and the vdev's own; count of them. The value of `log` is FILTER[,FILTER...],
    /// a blank, and DEST, as for gasp_vdevs_logger(). failed: NULL, or set to the index of the option
    /// that was refused; count if it was none of them.
    ///
    /// Returns the vdev, or NULL with errno set:
    /// - as gasp_vdevs_load()
    /// - EPERM: VDEV_CTRL_ASSIGN has been sent, or a code that sends it first
    /// - ENODEV: an option or the vdev was refused; gasp_last_error() says why
    /// - ENOSPC: there are 4,096 vdevs in this process already
    ///
    /// Threads: any, one at a time for each set.
    pub fn gasp_vdevs_add(
        vdevs: *mut gasp_vdevs,
        name: *const c_char,
        options: *const gasp_vdev_option,
        count: c_uint,
        failed: *mut c_uint,
    ) -> *mut vdev_t;

    /// Send a control code to all vdevs, in the order in which they were created.
    ///
    /// ctrl, arg:
    /// - VDEV_CTRL_ASSIGN: vdevs choose what they were not given; it is sent before the next three, if
    ///   the host has not
    /// - VDEV_CTRL_GEN_ACPI, VDEV_CTRL_GEN_FDT (arg: the number of the root node, as a pointer): before
    ///   GUEST_CONFIGURED, as often as the host makes tables
    /// - VDEV_CTRL_GUEST_CONFIGURED: no vdev is added after it
    /// - VDEV_CTRL_GUEST_STARTING: the guest's clock starts, interrupts and timers work
    /// - VDEV_CTRL_STATUS, VDEV_CTRL_BUTTON
    /// - VDEV_CTRL_TERMINATE: no timer expires and no pulse is served any more. It waits for timer
    ///   and pulse functions that run, so these do not send it
    ///
    /// ASSIGN, GUEST_CONFIGURED, GUEST_STARTING and TERMINATE are sent once, in this order. TERMINATE
    /// may come first. arg is NULL for all but GEN_FDT. Others are the library's to send; and
    /// VDEV_CTRL_PCI_BARS is never sent, because there is no PCI.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, another ctrl
    /// - EPERM: it has been sent already, or it is too late or too early for it
    /// - EAGAIN: there is no thread for timers
    /// - ENODEV: a vdev refused it (GEN_ACPI, GEN_FDT, GUEST_CONFIGURED, GUEST_STARTING), and those
    ///   after it were not told; gasp_last_error() names it. Refusals of the others are logged.
    ///
    /// Threads: any; one at a time for those that are sent once.
    pub fn gasp_vdevs_control(vdevs: *mut gasp_vdevs, ctrl: c_uint, arg: *const c_char) -> c_int;

    /// Say where lines of the log go, as the configuration's `logger` does. Until the first call,
    /// lines of all kinds but debug and verbose go to standard error. That call replaces this, and
    /// each call after it adds a destination. Kinds that no call has named are not written.
    ///
    /// filters: one or more of fatal, internal, error, warn (or warning), info, debug, verbose, with
    /// commas and no blanks between them; they are a set, not levels. dest: stdout, stderr, slog or
    /// none.
    ///
    /// Lines of the kind internal go to slog too, whatever the filters say. The lines of a vdev with
    /// the option `log` obey only that; there, the last one with a kind counts.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, filters or dest NULL or another word
    ///
    /// Threads: any. Source: libgasp's own; kinds, destinations and default are QNX's (7.1).
    pub fn gasp_vdevs_logger(
        vdevs: *mut gasp_vdevs,
        filters: *const c_char,
        dest: *const c_char,
    ) -> c_int;

    /// Say which number a vCPU has, for messages and for vdevs that ask (QST_CPUREGS,
    /// GASP_CPUREG_NUMBER). A vCPU without a number makes accesses, too.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, cpu NULL
    ///
    /// Threads: any.
    pub fn gasp_vdevs_set_cpu(vdevs: *mut gasp_vdevs, cpu: *mut gasp_cpu, number: c_uint) -> c_int;

    /// The guest's clock: nanoseconds since VDEV_CTRL_GUEST_STARTING; 0 before it, and for a bad
    /// vdevs.
    ///
    /// Threads: any.
    pub fn gasp_vdevs_clock(vdevs: *mut gasp_vdevs) -> u64;

    /// Move a simulated clock on. Timers that expire until then call their vdevs here, each at its
    /// own moment, in the order of these; also those that a timer function sets meanwhile.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs
    /// - EPERM: the clock is not simulated, or the guest has not started
    /// - EDEADLK: called by a timer function
    ///
    /// Threads: any, one at a time for each set.
    pub fn gasp_vdevs_advance(vdevs: *mut gasp_vdevs, nanoseconds: u64) -> c_int;

    /// The next vdev of a set, in the order in which they were created.
    ///
    /// vdev: NULL for the first. Returns NULL after the last one.
    ///
    /// Threads: any.
    pub fn gasp_vdevs_next(vdevs: *mut gasp_vdevs, vdev: *const vdev_t) -> *mut vdev_t;

    /// The name of a vdev: that of its option `name` or, without one, of its kind. It is valid as
    /// long as the vdev. NULL: it is no vdev.
    ///
    /// Threads: any.
    pub fn gasp_vdev_name(vdev: *const vdev_t) -> *const c_char;

    /// Call a function for each vdev and cookie with accesses that vread or vwrite handled, in the
    /// order of vdevs and cookies. Only with GASP_VDEVS_COUNT.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, function NULL
    ///
    /// Threads: any.
    pub fn gasp_vdevs_each_hit(
        vdevs: *mut gasp_vdevs,
        function: gasp_hit_function_t,
        arg: *mut c_void,
    ) -> c_int;

    /// Whether a vdev has called qvm_make_non_safety() in this process: 1 or 0. The library only
    /// writes a line then; a host that is certified for safety decides what follows.
    ///
    /// Threads: any.
    pub fn gasp_vdevs_non_safety() -> c_int;
}

unsafe extern "C" {
    /// Have a function called when the guest unmasks or acknowledges an interrupt. The controller's
    /// notify function is told of which events it has to tell, which it does with
    /// guest_intr_notify().
    ///
    /// gip: the controller and the input. gin: GIN_UNMASK, GIN_ACK or both; 0: of none any more, and
    /// a call that is under way may still end later. An input has one function: the last one counts.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs; gip NULL, or its controller is none of this set; gin has other bits, or
    ///   is not 0 and function is NULL
    /// - ENOTSUP: the controller has no notify function, as `apic`
    ///
    /// Threads: any.
    pub fn gasp_vdevs_watch_intr(
        vdevs: *mut gasp_vdevs,
        gip: *const guest_intr,
        gin: any_guest_intr_notifications,
        function: gasp_intr_function_t,
        arg: *mut c_void,
    ) -> c_int;

    /// Have a controller write an interrupt as a table for the guest has it: its table_spec function.
    ///
    /// component: GTSC_FDT_INTR. buf, buf_len: where, and its size in bytes.
    ///
    /// Returns the number of bytes, or a negative error number (errno is unchanged):
    /// - EINVAL: bad vdevs; gip NULL, or its controller is none of this set
    /// - ENOTSUP: the controller has no table_spec function, as `apic`
    /// - what the controller returned
    ///
    /// Threads: any.
    pub fn gasp_vdevs_table_spec(
        vdevs: *mut gasp_vdevs,
        gip: *const guest_intr,
        component: any_guest_table_spec_component,
        buf: *mut c_void,
        buf_len: usize,
    ) -> ssize_t;

    /// The vector of the host that the first input of a controller has; those of the others follow
    /// it. It is that of the option `hostvector` or, without one, the first behind those of the
    /// controller that was created before it: 0 for the first. A controller has one more input than
    /// its pnum_mask says; `apic` does not count. GASP_NO_HOSTVECTOR: vdev is no controller of a
    /// vdev's.
    ///
    /// Threads: any.
    pub fn gasp_vdev_hostvector(vdev: *const vdev_t) -> u64;

    /// The time in nanoseconds that a vdev ran for the guest: between its calls of
    /// guest_clock_start() and guest_clock_stop(), on all threads. A period counts when it ends. It
    /// is that of CLOCK_MONOTONIC, or of the simulated clock. 0 without GASP_VDEVS_RUN_TIME, and if
    /// vdev is none.
    ///
    /// Threads: any.
    pub fn gasp_vdev_run_time(vdev: *const vdev_t) -> u64;

    /// Say that the power state of a vCPU has changed. The functions that vdevs have registered with
    /// guest_power_state_notify_register() for that are called here, with no lock held.
    ///
    /// number: that of gasp_vdevs_set_cpu(), up to 4,095; state: GPSC_WAIT and GPSC_OFF, or 0: it
    /// runs. Each vCPU runs at first.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, number too large, state has other bits
    ///
    /// Threads: any.
    pub fn gasp_vdevs_set_power(
        vdevs: *mut gasp_vdevs,
        number: c_uint,
        state: any_guest_power_state_cmd,
    ) -> c_int;

    /// Have vdevs handle an instruction of the guest: the functions of guest_instr_register() for it
    /// are called, in the order in which they were registered, until one does not return
    /// VRS_CONTINUE. For a host that decodes instructions.
    ///
    /// cpu: the vCPU, of this thread. git, qualifier: as for guest_instr_register(), but without
    /// GIT_FLAG_NO_QUALIFIER. status: set to what the last function returned; VRS_CONTINUE if there
    /// is none. With VRS_TERMINATE, the host's terminate function has been called.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, cpu or status NULL
    ///
    /// Threads: that of the vCPU.
    pub fn gasp_vdevs_instruction(
        vdevs: *mut gasp_vdevs,
        cpu: *mut gasp_cpu,
        git: any_guest_instr_type,
        qualifier: c_uint,
        status: *mut any_vdev_ref_status,
    ) -> c_int;

    /// Get how many accesses the guest made that were refused since the set was created, those to
    /// vdevs included. They are always counted.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *counts not written):
    /// - EINVAL: bad vdevs, counts NULL
    ///
    /// Threads: any.
    pub fn gasp_vdevs_counts(vdevs: *mut gasp_vdevs, counts: *mut gasp_refusals) -> c_int;

    /// Set after how long a call of a vdev is logged, in milliseconds: GASP_VDEVS_WATCH_HANDLERS.
    /// Without it, it is 1,000.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad vdevs, milliseconds 0
    /// - EPERM: the set was created without the flag
    ///
    /// Threads: any.
    pub fn gasp_vdevs_set_limit(vdevs: *mut gasp_vdevs, milliseconds: u64) -> c_int;

    /// Get how many accesses to the regions of one vdev were refused since it was created.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *counts not written):
    /// - EINVAL: vdev is no vdev, counts NULL
    ///
    /// Threads: any.
    pub fn gasp_vdev_counts(vdev: *const vdev_t, counts: *mut gasp_refusals) -> c_int;
}

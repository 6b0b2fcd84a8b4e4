//! `<gasp/host.h>`: for a library between hosts and vdevs: which vdev acts, where it fails, and what
//! it has not given back.

use crate::cpu::{gasp_cpu, gasp_trap};
use crate::types::{guest_system, vdev_t};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// For which vdev a thread acts. Each thread has one record, from gasp_acting().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_acting {
    /// The vdev; NULL: none. It is never dereferenced.
    pub vdev: *mut vdev_t,
    /// For the code that sets the mark. libgasp does not read it.
    pub data: *mut c_void,
}

/// Called for each failure of a function of the C interface. `arg` is as registered, `function` the
/// function's name, `error` the error number that it returns or that errno will have, `message`
/// what gasp_last_error() returns. The strings are valid during the call.
///
/// It runs on the thread of the failing call, when that has given back its own locks, and may call
/// any function that this thread may. Failures of those are not reported, and do not stay the last
/// error. Its change of errno does not stay. It must return: if it leaves by longjmp(), later
/// failures of the thread are not reported. A C++ exception must not leave it.
pub type gasp_failure_function_t = Option<
    unsafe extern "C" fn(
        arg: *mut c_void,
        function: *const c_char,
        error: c_int,
        message: *const c_char,
    ),
>;

/// A mapping of guest memory that is not unmapped yet.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_mapping {
    /// Its number: from 1, ascending in the order of mapping, never reused in the guest.
    pub number: u64,
    /// The address that gasp_map_sys(), gasp_map_vdma() or gasp_map_contig() returned.
    pub address: *mut c_void,
    /// Its length in bytes.
    pub length: u64,
    /// The location where it starts.
    pub location: u64,
    /// The vdev of the record (gasp_acting()) of the thread that mapped it; NULL: none.
    pub vdev: *mut vdev_t,
}

/// Reason for which an access is unsupported: no region is there.
pub const GASP_REASON_ABSENT: u32 = 0;
/// Reason: the region neither passes (GRF_PASS_*) nor traps (GRF_VIRT_*) this kind of access.
pub const GASP_REASON_NO_RIGHT: u32 = 1;
/// Reason: the access traps, and the guest has no trap handler.
pub const GASP_REASON_NO_HANDLER: u32 = 2;
/// Reason: a fetch from a region that traps fetches (GRF_VIRT_EX), which no handler takes.
pub const GASP_REASON_TRAPPED_FETCH: u32 = 3;
/// Reason: the host memory behind the region is not there (GASP_GUEST_GUARDED).
pub const GASP_REASON_VANISHED: u32 = 4;
/// Reason: the access traps, and the trap handler answered GASP_TRAP_UNSUPPORTED.
pub const GASP_REASON_DECLINED: u32 = 5;

/// Called for an unsupported access, or for the piece of it that is in one region or hole, before
/// the policy of gasp_guest_set_unsupported() applies. `arg` is as registered, `cpu` the vCPU,
/// `reason` one of GASP_REASON_*. `access` is valid during the call: `vdev` and `cookie` are those
/// of the region (NULL and 0 if none is there), `kind` can be GASP_EXECUTE too. The handler only
/// looks on: it must not write to `access->data`, and cannot change what follows.
///
/// It runs on the thread of the access, under the rules of gasp_trap_handler_t. It is not called for
/// an access that it makes itself with this vCPU, nor if the vCPU is in 16 handlers. Its change of
/// errno does not stay.
pub type gasp_unsupported_handler_t = Option<
    unsafe extern "C" fn(
        arg: *mut c_void,
        cpu: *mut gasp_cpu,
        access: *const gasp_trap,
        reason: c_uint,
    ),
>;

unsafe extern "C" {
    /// Get the calling thread's record of the vdev for which it acts. The caller writes the record:
    /// before it calls a vdev, and back to what was there after that.
    ///
    /// The address is the same in each call of a thread, as that of errno, and is valid until the
    /// thread ends. A new thread's record is zero. The first call of a thread can allocate memory;
    /// after that the record can also be read and written in a signal handler.
    ///
    /// Threads: any; other threads must not use the record. Source: libgasp's own.
    pub fn gasp_acting() -> *mut gasp_acting;

    /// Set the function that is called for each failure of a function of the C interface, in all
    /// threads of the process: for each that changes what gasp_last_error() returns, also answers
    /// such as ENXIO.
    ///
    /// fn: NULL removes it. A later call replaces it. arg: passed to the function.
    ///
    /// Failures under way in other threads may still call the old function. Each call takes a few
    /// bytes until the process ends.
    ///
    /// Returns EOK, or ENOMEM (errno is unchanged; the function stays as it was).
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_on_failure(r#fn: gasp_failure_function_t, arg: *mut c_void) -> c_int;

    /// Get how often the calling thread holds the lock of a space.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO.
    ///
    /// Returns 0 if it does not hold it, also for a bad gsp or type (errno is unchanged, and so is
    /// gasp_last_error()). In a listener callback, the lock that the change itself holds counts too.
    ///
    /// Threads: any, never waits. Source: libgasp's own.
    pub fn gasp_guest_locks_held(gsp: *mut guest_system, r#type: c_uint) -> c_uint;

    /// Get the mapping with the lowest number above `after`.
    ///
    /// To list all, start with after = 0, and go on with mapping->number until ENOENT. A mapping is
    /// ended by gasp_unmap() with its address and length.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *mapping not written):
    /// - ENOENT: no mapping has a higher number
    /// - EINVAL: bad gsp, or mapping NULL
    ///
    /// Threads: any; mappings that come and go meanwhile may be listed or not. Source: libgasp's own.
    pub fn gasp_guest_next_mapping(
        gsp: *mut guest_system,
        after: u64,
        mapping: *mut gasp_mapping,
    ) -> c_int;

    /// Set the handler that is called for each unsupported access, on the thread of the access.
    ///
    /// handler: NULL removes it. A later call replaces it. arg: passed to the handler.
    ///
    /// Accesses under way may still call the old handler; after gasp_guest_synchronize() none does.
    ///
    /// Returns EOK, or an error number (errno is unchanged; the handler stays as it was):
    /// - EINVAL: bad gsp
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_unsupported_handler(
        gsp: *mut guest_system,
        handler: gasp_unsupported_handler_t,
        arg: *mut c_void,
    ) -> c_int;
}

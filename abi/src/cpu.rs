//! `<gasp/host.h>`: vCPUs, accesses, and grace periods.

use crate::types::{gasp_region, guest_system, qvm_state_block, vdev_t};
use core::ffi::{c_int, c_uint, c_void};

/// A vCPU of a guest: the handle through which accesses are made. Opaque; from gasp_cpu_create().
///
/// A `cpu` is bad if it is NULL, or if it or its guest is destroyed.
#[repr(C)]
#[derive(Debug)]
pub struct gasp_cpu {
    _opaque: [u8; 0],
}

/// Kind of access: the guest reads.
pub const GASP_READ: u32 = 0;
/// Kind of access: the guest writes.
pub const GASP_WRITE: u32 = 1;
/// Kind of access: the guest fetches an instruction.
pub const GASP_EXECUTE: u32 = 2;

/// Unsupported accesses: reads and fetches give all ones, writes are dropped. The default (QNX:
/// `unsupported reference ignore`).
pub const GASP_UNSUPPORTED_IGNORE: u32 = 0;
/// Unsupported accesses: gasp_cpu_access() returns EFAULT, or EIO (QNX: `fail`).
pub const GASP_UNSUPPORTED_FAIL: u32 = 1;
/// Unsupported accesses: the process ends with exit code 5 (QNX: `abort`).
pub const GASP_UNSUPPORTED_ABORT: u32 = 2;

/// An access that traps, or the piece of it that is in one region. gasp_unsupported_handler_t gets
/// unsupported accesses in this form, too.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_trap {
    /// The region's vdev.
    pub vdev: *mut vdev_t,
    /// First location.
    pub location: u64,
    /// `length` bytes, of any alignment: for a read, the handler fills them; for a write, it must
    /// not change them.
    pub data: *mut c_void,
    /// Number of bytes, which for ports is the number of ports.
    pub length: usize,
    /// The region's cookie.
    pub cookie: u32,
    /// GASP_READ or GASP_WRITE.
    pub kind: u16,
    /// QST_MEMORY or QST_X86_IO.
    pub r#type: u16,
}

/// Answer of a trap handler: the access is unsupported, as if nothing trapped it.
pub const GASP_TRAP_UNSUPPORTED: i32 = -1;

/// Called when an access traps. `arg` is as registered, `cpu` the vCPU; `trap` is valid during the
/// call. Returns EOK to go on with the access, or an error number that ends it and that
/// gasp_cpu_access() returns, or GASP_TRAP_UNSUPPORTED.
///
/// It runs on the thread of the access. The library takes no lock for it. It may call any function:
/// change the map, delete the very region that trapped, make accesses with this vCPU, take locks.
/// Only gasp_guest_synchronize() is refused (EDEADLK). It must not destroy the guest or the vCPU.
/// Several vCPUs can be in the handler at the same time.
///
/// If the handler never returns, because its thread ends (pthread_exit(), cancellation), the access
/// ends with the thread. If it leaves by longjmp(), the access ends when the thread makes another
/// one with this vCPU, or ends. A C++ exception must not leave it.
pub type gasp_trap_handler_t = Option<
    unsafe extern "C" fn(arg: *mut c_void, cpu: *mut gasp_cpu, trap: *const gasp_trap) -> c_int,
>;

/// A quiet callback: called once, after a grace period. `arg` is as registered.
///
/// It can be left by longjmp(), and its thread can end. Others that are due are then called at the
/// end of the guest's next access. A C++ exception must not leave it.
pub type gasp_quiet_function_t = Option<unsafe extern "C" fn(arg: *mut c_void)>;

/// The number of a guest's accesses of each kind, indexed by GASP_READ, GASP_WRITE, GASP_EXECUTE.
/// An access that is cut at a boundary counts once for each piece. The numbers wrap at 2^64.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct gasp_counts {
    /// Accesses that reached memory.
    pub passed: [u64; 3],
    /// Accesses that trapped.
    pub trapped: [u64; 3],
    /// Unsupported accesses.
    pub unsupported: [u64; 3],
}

/// The file behind a location of memory.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_backing {
    /// The memory file. The guest closes it when destroyed; duplicate it to keep it longer.
    pub fd: c_int,
    /// The location's place in the file, in bytes.
    pub offset: u64,
    /// Number of locations from there to the end of the region, or to that of the file.
    pub length: u64,
}

unsafe extern "C" {
    /// Create a vCPU, through which one thread at a time makes accesses.
    ///
    /// Returns the vCPU, or NULL with errno set:
    /// - EINVAL: bad gsp
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu;

    /// Destroy a vCPU. NULL and a destroyed vCPU are ignored. A guest's vCPUs are destroyed with
    /// it. The guest's counts keep those of the vCPU.
    ///
    /// Threads: any, but no other call on this vCPU may run at the same time. So its trap handlers
    /// must not call this. Source: libgasp's own.
    pub fn gasp_cpu_destroy(cpu: *mut gasp_cpu);

    /// Look up a region, as gasp_region_info() does for the vCPU's guest. It is faster if this
    /// vCPU's last lookup (by this function or by an access) found the same region, and the space
    /// has not changed since.
    ///
    /// Returns as gasp_region_info(), with EINVAL for a bad cpu. Threads: one at a time for each
    /// vCPU. Source: libgasp's own.
    pub fn gasp_cpu_info(
        cpu: *mut gasp_cpu,
        blk: *const qvm_state_block,
        rgn: *mut gasp_region,
    ) -> c_int;

    /// Make an access as the guest would.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. kind: GASP_READ, GASP_WRITE or GASP_EXECUTE
    /// (which reads). location, length: in bytes or ports. data: length bytes to be filled or
    /// written.
    ///
    /// The region at the location decides:
    /// - If it traps the kind (GRF_VIRT_RD, GRF_VIRT_WR), the trap handler is called.
    /// - If it passes the kind (GRF_PASS_*), memory is read or written. 1, 2, 4 or 8 bytes at a
    ///   multiple of their number are one read or write, never torn.
    /// - Otherwise the access is unsupported, and the policy of gasp_guest_set_unsupported()
    ///   applies. An access without a region, a trap without a trap handler or to which the handler
    ///   answers GASP_TRAP_UNSUPPORTED, and (as in QNX) a trapped fetch are unsupported too, and so
    ///   is host memory that is not there
    ///   (GASP_GUEST_GUARDED; of a write, a part may have been written).
    ///   With GASP_GUEST_HOLD_MISSES, an access that finds nothing may wait before.
    ///
    /// An access over several regions or holes is cut at each boundary, so that a device gets only
    /// its own bytes. The pieces are made in ascending order, up to the first that fails. Pieces
    /// before it have taken effect.
    ///
    /// An access that starts after a set call has returned never sees what that call removed.
    ///
    /// Returns EOK, or an error number (only a trap handler changes errno):
    /// - the number that the trap handler returned
    /// - EFAULT: the access is unsupported, and the policy is GASP_UNSUPPORTED_FAIL
    /// - EIO: as EFAULT, because host memory is not there (only with GASP_GUEST_GUARDED)
    /// - ELOOP: the vCPU is in a trap handler for this vdev already (if vdev is NULL: for this
    ///   cookie), or in 16 trap handlers
    /// - ENOTSUP: the access is to a port that passes through
    /// - EINVAL: bad cpu, type or kind, data NULL, length 0, a range past the end of the space
    ///
    /// Threads: one at a time for each vCPU; its own trap handlers may call it. Takes no lock,
    /// except with GASP_GUEST_HOLD_MISSES. Source: libgasp's own; the policies are QNX's.
    pub fn gasp_cpu_access(
        cpu: *mut gasp_cpu,
        r#type: c_uint,
        kind: c_uint,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;

    /// Set the trap handler, which is called for each access that traps, on the thread of the
    /// access.
    ///
    /// handler: NULL removes it; accesses that trap are then unsupported. A later call replaces it.
    /// arg: passed to the handler.
    ///
    /// Accesses under way may still call the old handler; after gasp_guest_synchronize() none does.
    ///
    /// Returns EOK, or an error number (errno is unchanged; the handler stays as it was):
    /// - EINVAL: bad gsp
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_trap_handler(
        gsp: *mut guest_system,
        handler: gasp_trap_handler_t,
        arg: *mut c_void,
    ) -> c_int;

    /// Set the policy for unsupported accesses.
    ///
    /// policy: GASP_UNSUPPORTED_IGNORE (the default), GASP_UNSUPPORTED_FAIL or
    /// GASP_UNSUPPORTED_ABORT.
    ///
    /// Returns EOK, or EINVAL for a bad gsp or an unknown policy (errno is unchanged).
    ///
    /// Threads: any. Source: QNX's `unsupported reference` option; the function is libgasp's own.
    pub fn gasp_guest_set_unsupported(gsp: *mut guest_system, policy: c_uint) -> c_int;

    /// Wait for a grace period: until every access of this guest that had started has ended. Later
    /// accesses are not waited for.
    ///
    /// So after a set call has removed a region and this has returned, no trap handler runs or will
    /// run for it: its vdev can be unloaded.
    ///
    /// Returns EOK, or an error number (errno is unchanged; without waiting):
    /// - EINVAL: bad gsp
    /// - EDEADLK: this thread is in a trap handler of this guest, or holds the lock of one of its
    ///   spaces
    /// - ENOMEM
    /// - any: the system call membarrier failed with this number, such as EPERM in a sandbox that
    ///   came after the first vCPU
    ///
    /// After a failure accesses may still use what was removed.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int;

    /// Have a quiet callback called once, after a grace period: when every access of this guest
    /// that had started has ended. The call does not wait, and can be made anywhere.
    ///
    /// If no access is under way, fn is called before this function returns, on this thread.
    /// Otherwise it is called on a thread that ends an access of the guest, before its
    /// gasp_cpu_access() returns. In both cases no lock of the library is taken for it. fn may call
    /// any function that its thread may, but must not destroy the guest, or the vCPU of that
    /// gasp_cpu_access(). Its change of errno does not stay.
    ///
    /// Returns EOK, or an error number (errno is unchanged; fn will not be called):
    /// - EINVAL: bad gsp, fn NULL
    /// - ENOMEM
    /// - any: as for gasp_guest_synchronize()
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_call_when_quiet(
        gsp: *mut guest_system,
        r#fn: gasp_quiet_function_t,
        arg: *mut c_void,
    ) -> c_int;

    /// Count the accesses that all vCPUs of a guest have made, destroyed ones included.
    ///
    /// Accesses under way may be counted or not.
    ///
    /// Returns EOK, or EINVAL for a bad gsp or counts NULL (errno is unchanged, *counts not
    /// written).
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_counts(gsp: *mut guest_system, counts: *mut gasp_counts) -> c_int;

    /// Get the file behind a location of memory, to share it with another process (vhost-user) or a
    /// device (VFIO).
    ///
    /// Returns EOK, or an error number (errno is unchanged, *backing not written):
    /// - EINVAL: bad gsp, backing NULL
    /// - ENXIO: the location is absent, or has no memory behind it
    /// - ENOTSUP: the memory behind it is not from gasp_guest_add_memory()
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_backing(
        gsp: *mut guest_system,
        location: u64,
        backing: *mut gasp_backing,
    ) -> c_int;
}

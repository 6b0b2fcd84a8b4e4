//! `<gasp/host.h>`: vCPUs, accesses, and waiting until they have ended.

use crate::types::{gasp_region, guest_system, qvm_state_block, vdev_t};
use core::ffi::{c_int, c_uint, c_void};

/// A vCPU of a guest: made by gasp_cpu_create(), opaque.
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

/// Access to nothing: reads give all ones, writes are dropped (QNX: `unsupported reference
/// ignore`, the default).
pub const GASP_UNSUPPORTED_IGNORE: u32 = 0;
/// Access to nothing: gasp_cpu_access() returns EFAULT (QNX: `fail`).
pub const GASP_UNSUPPORTED_FAIL: u32 = 1;
/// Access to nothing: the process ends with exit code 5 (QNX: `abort`).
pub const GASP_UNSUPPORTED_ABORT: u32 = 2;

/// An access that traps.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct gasp_trap {
    /// The vdev of the region.
    pub vdev: *mut vdev_t,
    /// First location of the access that is in the region.
    pub location: u64,
    /// Where what is read goes, or what is written is; `length` bytes, of any alignment.
    pub data: *mut c_void,
    /// Bytes of the access that are in the region.
    pub length: usize,
    /// The cookie of the region.
    pub cookie: u32,
    /// GASP_READ or GASP_WRITE.
    pub kind: u16,
    /// QST_MEMORY or QST_X86_IO.
    pub r#type: u16,
}

/// Called when an access traps: `arg` as registered, the vCPU and the access. Returns EOK, or an
/// error number that gasp_cpu_access() returns.
///
/// It may do anything: change the map, remove the very region that trapped, access guest memory,
/// take locks. Only gasp_guest_synchronize() is refused.
pub type gasp_trap_handler_t = Option<
    unsafe extern "C" fn(arg: *mut c_void, cpu: *mut gasp_cpu, trap: *const gasp_trap) -> c_int,
>;

/// Called once, with `arg` as registered.
pub type gasp_quiet_function_t = Option<unsafe extern "C" fn(arg: *mut c_void)>;

/// How often accesses went where, by kind: GASP_READ, GASP_WRITE, GASP_EXECUTE. An access that is
/// cut at a boundary counts once for each piece.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct gasp_counts {
    /// To memory.
    pub passed: [u64; 3],
    /// To the trap handler.
    pub trapped: [u64; 3],
    /// To nothing.
    pub unsupported: [u64; 3],
}

/// Where the memory behind a location came from.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_backing {
    /// The memory file. It belongs to the guest; duplicate it to keep it.
    pub fd: c_int,
    /// Where in the file the location's memory is.
    pub offset: u64,
    /// From how many locations on, starting there, the memory follows in the file.
    pub length: u64,
}

unsafe extern "C" {
    /// Make a vCPU: the handle through which one thread at a time makes accesses.
    ///
    /// Returns the vCPU, or NULL with errno set: EINVAL bad gsp; ENOMEM.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_cpu_create(gsp: *mut guest_system) -> *mut gasp_cpu;

    /// Destroy a vCPU. NULL, and a vCPU that is destroyed already (as all of a guest's are with the
    /// guest), are left alone. Its counts stay in the guest's.
    ///
    /// Threads: any, but no other call on this vCPU may run at the same time. Source: libgasp's own.
    pub fn gasp_cpu_destroy(cpu: *mut gasp_cpu);

    /// Look up a region: as gasp_region_info(), but faster if it is the one that this vCPU looked up
    /// last (by this or by an access) and nothing has changed since.
    ///
    /// Returns as gasp_region_info(). Threads: one at a time for each vCPU. Source: libgasp's own.
    pub fn gasp_cpu_info(
        cpu: *mut gasp_cpu,
        blk: *const qvm_state_block,
        rgn: *mut gasp_region,
    ) -> c_int;

    /// Make an access as the guest would.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. kind: GASP_READ, GASP_WRITE or GASP_EXECUTE
    /// (which reads). data: `length` bytes to be filled or written; location and length in bytes or
    /// ports.
    ///
    /// Where the region passes this kind of access, it goes to memory; 1, 2, 4 or 8 bytes at a
    /// multiple of their number are read or written at once. Where it traps a read or a write, the
    /// trap handler is called. Everything else goes where gasp_guest_set_unsupported() says: nothing
    /// there, nothing allowed, no trap handler, and (as QNX has it) trapped fetches. An access over
    /// several regions is cut at their boundaries, so that no device sees a byte that is not its own;
    /// the pieces are made in ascending order, up to the first that fails.
    ///
    /// An access that starts after a set call has returned never sees what that call removed.
    ///
    /// Returns EOK, or an error number (errno is changed only by trap handlers): what the trap handler
    /// returned; EFAULT
    /// the access goes nowhere and the policy says so; ELOOP from inside a trap handler, for the same
    /// vdev (where that is NULL: the same cookie), or 16 handlers deep; ENOTSUP a port that passes through; EINVAL bad cpu, type or kind,
    /// data NULL, length 0, a range past the end of the space.
    /// Threads: one at a time for each vCPU; also from inside its own trap handlers. Takes no lock.
    /// Source: libgasp's own; the policies are QNX's.
    pub fn gasp_cpu_access(
        cpu: *mut gasp_cpu,
        r#type: c_uint,
        kind: c_uint,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;

    /// Have a function called for each access that traps, in the thread that makes the access.
    /// handler NULL: there is none, and such accesses go where accesses to nothing go.
    ///
    /// Accesses that are under way may still call the handler that was there before.
    /// Returns EOK, or an error number (errno is not changed): EINVAL, ENOMEM. Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_trap_handler(
        gsp: *mut guest_system,
        handler: gasp_trap_handler_t,
        arg: *mut c_void,
    ) -> c_int;

    /// Say what accesses to nothing do: GASP_UNSUPPORTED_IGNORE (at first), _FAIL or _ABORT.
    ///
    /// Returns EOK or EINVAL. Threads: any. Source: QNX's `unsupported reference` option; the
    /// function is libgasp's own.
    pub fn gasp_guest_set_unsupported(gsp: *mut guest_system, policy: c_uint) -> c_int;

    /// Wait until every access that has started has ended. After a set call has removed a region and
    /// this has returned, no trap handler is running for it or will be: its vdev can be unloaded.
    ///
    /// Returns EOK, or an error number (errno is not changed): EDEADLK from inside a trap handler of
    /// this guest, or with the lock of one of its spaces held; EINVAL; ENOMEM.
    /// Threads: any but those. Source: libgasp's own.
    pub fn gasp_guest_synchronize(gsp: *mut guest_system) -> c_int;

    /// Have a function called once, when every access that has started has ended: at once, in this
    /// thread, if there is none, else in a thread that ends one of them. As
    /// gasp_guest_synchronize(), but without waiting, so it can be called from anywhere. The thread may
    /// be inside of gasp_cpu_access(): fn must not destroy the guest or that vCPU.
    ///
    /// Returns EOK, or an error number (errno is not changed; fn will not be called): EINVAL bad gsp,
    /// fn NULL; ENOMEM.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_call_when_quiet(
        gsp: *mut guest_system,
        r#fn: gasp_quiet_function_t,
        arg: *mut c_void,
    ) -> c_int;

    /// How often the accesses of a guest went where, over all its vCPUs, those that were destroyed
    /// included.
    ///
    /// Returns EOK or EINVAL (*counts not written). Threads: any; accesses that are under way may be
    /// counted or not. Source: libgasp's own.
    pub fn gasp_guest_counts(gsp: *mut guest_system, counts: *mut gasp_counts) -> c_int;

    /// Where the memory behind a location came from: for those who share it with another process
    /// (vhost-user) or a device (VFIO).
    ///
    /// Returns EOK, or an error number (errno is not changed, *backing not written): ENXIO nothing
    /// is behind the location; ENOTSUP it is memory of the caller's own; EINVAL.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_backing(
        gsp: *mut guest_system,
        location: u64,
        backing: *mut gasp_backing,
    ) -> c_int;
}

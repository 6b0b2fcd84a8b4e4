//! `<gasp/host.h>`: guests and their memory, for a VMM or a test harness.

use crate::types::{guest_system, vdev_t};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// Option flag: strict mode, which enforces what QNX's pages require of callers (see the
/// specification, "Modes").
pub const GASP_GUEST_STRICT: u32 = 1 << 0;
/// Option flag: guarded copies. Host memory that is not there (a file that was truncated, a device
/// that is gone) makes gasp_cpu_access(), gasp_guest_read() and gasp_guest_write() fail, instead of
/// ending the process.
///
/// The first such guest of the process installs handlers for SIGBUS and SIGSEGV, which pass on to
/// the earlier ones what is not theirs. Handlers that are installed later must do the same. Threads
/// must not block these signals. The library then stays in the process, also after dlclose().
/// Uses of a pointer from gasp_map_*() are not guarded.
pub const GASP_GUEST_GUARDED: u32 = 1 << 1;

/// Kind of memory: the guest can read, write and execute it.
pub const GASP_RAM: u32 = 0;
/// Kind of memory: the guest can read and execute it.
pub const GASP_ROM: u32 = 1;

/// Options for gasp_guest_create().
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_guest_options {
    /// sizeof(struct gasp_guest_options) as the caller was compiled.
    pub size: usize,
    /// GASP_GUEST_*.
    pub flags: c_uint,
}

/// A region as hosts see it: whole, with 64-bit ends.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_span {
    /// First location.
    pub location: u64,
    /// Last location (inclusive).
    pub last: u64,
    /// Address in this process, or host port, behind the first location. 0 if there is none.
    pub host_location: u64,
    /// The vdev, handed back when an access traps.
    pub vdev: *mut vdev_t,
    /// GRF_*, as gasp_region_info() reports them.
    pub flags: u32,
    /// The vdev's cookie, handed back when an access traps.
    pub cookie: u32,
}

/// Called before a failed gasp_region_set(), or an unsupported access under GASP_UNSUPPORTED_ABORT,
/// ends the process. `arg` is as registered, `exit_code` the code that follows, `message` the
/// printed line without its newline, valid during the call.
///
/// It runs on the failing thread, may call any function, and may end the process itself. When it
/// returns, the process ends. If it leaves by longjmp(), or its thread ends, the process goes on:
/// no lock is taken, and the access has ended. A C++ exception must not leave it.
pub type gasp_fatal_handler_t =
    Option<unsafe extern "C" fn(arg: *mut c_void, exit_code: c_int, message: *const c_char)>;

/// Kind of memory, combined with GASP_RAM or GASP_ROM: ask the system for large pages. It need not
/// comply.
pub const GASP_LARGE_PAGES: u32 = 1 << 8;
/// Kind of memory, combined with GASP_RAM or GASP_ROM: have the memory there before the call
/// returns, so that no access waits for a page of it. Needs Linux 5.14 or newer.
pub const GASP_POPULATE: u32 = 1 << 9;

unsafe extern "C" {
    /// Create a guest with two empty spaces: memory and x86 I/O ports.
    ///
    /// options: NULL for the defaults. Otherwise options->size is sizeof(struct
    /// gasp_guest_options). GASP_STRICT=1 in the environment makes the guest strict whatever the
    /// options say. The environment is read once, for the first guest of the process.
    ///
    /// Returns the guest, or NULL with errno set:
    /// - EINVAL: options->size is too small, or unknown flags
    /// - E2BIG: options->size is larger than this library knows, and a byte that it does not know
    ///   is not zero
    /// - ENOTSUP: pages of this system do not have 4096 bytes; GASP_GUEST_GUARDED on an
    ///   architecture other than x86-64
    /// - EAGAIN: no thread-specific key is left for the first guest
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_create(options: *const gasp_guest_options) -> *mut guest_system;

    /// Mark the guest as started. From now on a failed gasp_region_set() exits with code 96, and
    /// strict mode requires locks.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EALREADY: the guest has started already
    /// - EINVAL: bad gsp
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_start(gsp: *mut guest_system) -> c_int;

    /// Destroy a guest. Its listeners are removed, its vCPUs destroyed, and its memory
    /// (gasp_guest_add_memory()) and all mappings of that are unmapped. NULL and a destroyed
    /// guest's handle are ignored.
    ///
    /// The handle stays recognised as destroyed (EINVAL) until 1,024 more guests have been created.
    ///
    /// Threads: any, but no other call on this guest or its vCPUs may run at the same time. Source:
    /// libgasp's own.
    pub fn gasp_guest_destroy(gsp: *mut guest_system);

    /// The calling thread's last failure, in one English sentence: the request, and why it was
    /// refused. "" if nothing has failed yet; never NULL. A success does not change it.
    ///
    /// The string is valid until this thread calls gasp_last_error() again or ends.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_last_error() -> *const c_char;

    /// Make a sentence the calling thread's last failure, for a library that stands above this one
    /// and whose callers look at gasp_last_error().
    ///
    /// message: copied, and cut at 511 bytes. NULL: as if nothing had failed yet.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_set_last_error(message: *const c_char);

    /// Set the handler that is called before gasp_region_set(), or an unsupported access under
    /// GASP_UNSUPPORTED_ABORT, ends the process.
    ///
    /// handler: NULL removes it. A later call replaces it. arg: passed to the handler.
    ///
    /// A bad gsp only sets the last error; errno is unchanged.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_fatal_handler(
        gsp: *mut guest_system,
        handler: gasp_fatal_handler_t,
        arg: *mut c_void,
    );

    /// Reserve a range, so that gasp_find_free() and gasp_find_free_range() leave it out. Nothing
    /// else changes: the range can still be set, or be present already. The reservation ends with
    /// the guest.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. location, length: in bytes or ports.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad gsp, type or range
    /// - EEXIST: the range overlaps a reservation of this function
    /// - ENOMEM
    ///
    /// Threads: any. Source: libgasp's own (qvm's `reserve` option).
    pub fn gasp_guest_reserve(
        gsp: *mut guest_system,
        r#type: c_uint,
        location: u64,
        length: u64,
    ) -> c_int;

    /// Add regions with new memory, which reads as zero and costs nothing until touched. They
    /// become visible in one step.
    ///
    /// location, length: multiples of 4096, in bytes. kind: GASP_RAM (flags MEMORY, PASS_ANY,
    /// DMA_SOURCE, DMA_TARGET) or GASP_ROM (flags MEMORY, PASS_RD, PASS_EX, DMA_SOURCE), either
    /// with GASP_LARGE_PAGES or GASP_POPULATE. chunk: 0 for memory that is contiguous in the host;
    /// otherwise a multiple of 4096: the memory is then in pieces of chunk bytes, none adjacent in
    /// the host to the next, so that each is a region.
    ///
    /// The memory belongs to the guest until the guest is destroyed. A deleted page keeps its
    /// content, and can be added again by its host_location.
    ///
    /// Returns EOK, or an error number (errno is unchanged):
    /// - EINVAL: bad gsp, range, kind, chunk or alignment
    /// - EDEADLK: as for gasp_lock(), or inside a listener callback
    /// - EEXIST: some of the range is present
    /// - ENOMEM: no memory or address space
    /// - the number of a system call that failed: EMFILE, EFBIG (RLIMIT_FSIZE), EINVAL (GASP_POPULATE
    ///   before Linux 5.14), EACCES, EPERM, ENOSYS (a sandbox) and others;
    ///   gasp_last_error() names the call and the limit
    /// - the number with which a listener refused the change
    ///
    /// Threads: any, also after the guest has started. The call takes the lock of the memory space,
    /// unless the caller holds it. Source: libgasp's own (qvm's `ram` and `rom`).
    pub fn gasp_guest_add_memory(
        gsp: *mut guest_system,
        location: u64,
        length: u64,
        kind: c_uint,
        chunk: u64,
    ) -> c_int;

    /// Get the region that holds a location, or else the first region after it: whole, with 64-bit
    /// ends.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. To list a space, start with from = 0, and go
    /// on with span->last + 1 until ENXIO, or until span->last is the end of the space.
    ///
    /// Returns EOK, or an error number (errno is unchanged, *span not written):
    /// - ENXIO: no region is there or after
    /// - EINVAL: bad gsp, type or from, or span NULL
    ///
    /// Threads: any, no lock needed, never waits. Source: libgasp's own.
    pub fn gasp_guest_next(
        gsp: *mut guest_system,
        r#type: c_uint,
        from: u64,
        span: *mut gasp_span,
    ) -> c_int;

    /// Copy guest memory into data, whatever the guest's rights there. All or nothing, except for
    /// EIO.
    ///
    /// location, length: in bytes, of any alignment. data may lie in guest memory, but must not
    /// overlap the host memory that is copied.
    ///
    /// All locations are looked up in one state of the map before the first byte is copied. Bytes
    /// that are written meanwhile may be old or new. This is not an access:
    /// gasp_guest_synchronize() does not wait for it.
    ///
    /// Returns EOK, also for length 0 if data is not NULL, or an error number (errno is unchanged,
    /// *data not written, except for EIO):
    /// - EINVAL: bad gsp, data NULL, a range past the end of the space
    /// - ENXIO: some location has no memory behind it
    /// - ENOMEM
    /// - EIO: some host memory is not there (only with GASP_GUEST_GUARDED); a part may have been
    ///   copied
    ///
    /// Threads: any, no lock needed. Source: libgasp's own.
    pub fn gasp_guest_read(
        gsp: *mut guest_system,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;

    /// Copy data into guest memory, whatever the guest's rights there (also into ROM). All or
    /// nothing, except for EIO.
    ///
    /// Parameters, returns, threads, source: as for gasp_guest_read().
    pub fn gasp_guest_write(
        gsp: *mut guest_system,
        location: u64,
        data: *const c_void,
        length: usize,
    ) -> c_int;
}

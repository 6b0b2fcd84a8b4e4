//! `<gasp/host.h>`: what a VMM or a test harness needs beside QNX's interface.

use crate::types::{guest_system, vdev_t};
use core::ffi::{c_char, c_int, c_uint, c_void};

/// Option flag: enforce what QNX's pages require of callers (see the specification, "Modes").
pub const GASP_GUEST_STRICT: u32 = 1 << 0;

/// Kind of memory: the guest may read, write and execute it.
pub const GASP_RAM: u32 = 0;
/// Kind of memory: the guest may read and execute it.
pub const GASP_ROM: u32 = 1;

/// How to make a guest.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_guest_options {
    /// sizeof(struct gasp_guest_options) as the caller was compiled.
    pub size: usize,
    /// GASP_GUEST_*.
    pub flags: c_uint,
}

/// A region as the host sees it: whole, and with 64-bit ends.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct gasp_span {
    /// First location.
    pub location: u64,
    /// Last location (inclusive).
    pub last: u64,
    /// Address in this process, or port, behind the first location; 0 if there is none.
    pub host_location: u64,
    /// The vdev to call when an access traps.
    pub vdev: *mut vdev_t,
    /// GRF_*, as gasp_region_info() reports them.
    pub flags: u32,
    /// Handed back to the vdev.
    pub cookie: u32,
}

/// Called before a failed gasp_region_set() ends the process: `arg` as registered, the exit code
/// that follows, and the line that was printed (without its line end).
pub type gasp_fatal_handler_t =
    Option<unsafe extern "C" fn(arg: *mut c_void, exit_code: c_int, message: *const c_char)>;

/// Kind of memory, beside GASP_RAM or GASP_ROM: have the host use large pages if it can.
pub const GASP_LARGE_PAGES: u32 = 1 << 8;

unsafe extern "C" {
    /// Make a guest: a memory space and a space of x86 ports, both empty.
    ///
    /// options: NULL for the defaults, else size is sizeof(struct gasp_guest_options).
    /// GASP_STRICT=1 in the environment makes the guest strict whatever the options say.
    ///
    /// Returns the guest, or NULL with errno set: EINVAL size too small or unknown flags; E2BIG size
    /// larger than this library knows, and something set in the part that it does not know; ENOMEM.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_create(options: *const gasp_guest_options) -> *mut guest_system;

    /// Say that the guest has started: from now on a failed gasp_region_set() exits with 96, and
    /// strict mode asks for locks.
    ///
    /// Returns EOK, or an error number (errno is not changed): EALREADY, EINVAL.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_start(gsp: *mut guest_system) -> c_int;

    /// Destroy a guest and the memory that gasp_guest_add_memory() gave it. NULL, and a guest that is
    /// destroyed already, are left alone.
    ///
    /// The handle is recognised as destroyed (EINVAL everywhere) until 1,024 more guests have been
    /// created.
    /// Threads: any, but no other call on this guest may run at the same time. Source: libgasp's own.
    pub fn gasp_guest_destroy(gsp: *mut guest_system);

    /// The last failure of a call in this thread, in one English sentence: what was asked, and why
    /// it was refused. "" if nothing failed yet; a success leaves it as it is.
    ///
    /// The string is valid until this thread calls gasp_last_error() again or ends.
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_last_error() -> *const c_char;

    /// Have a function called before a failed gasp_region_set() ends the process. It gets arg, the
    /// exit code and the message. It may not return to the guest; if it returns, the process ends.
    /// handler NULL: none.
    ///
    /// Threads: any. Source: libgasp's own.
    pub fn gasp_guest_set_fatal_handler(
        gsp: *mut guest_system,
        handler: gasp_fatal_handler_t,
        arg: *mut c_void,
    );

    /// Keep gasp_find_free() and gasp_find_free_range() away from a range; nothing else changes.
    ///
    /// type: QST_MEMORY (or QST_PCI_IO) or QST_X86_IO. location, length: in bytes or ports.
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, type or range; EEXIST
    /// some of it is reserved already; ENOMEM.
    /// Threads: any. Source: libgasp's own (qvm's `reserve` option).
    pub fn gasp_guest_reserve(
        gsp: *mut guest_system,
        r#type: c_uint,
        location: u64,
        length: u64,
    ) -> c_int;

    /// Give the guest memory: zeroed, and costing nothing until it is touched.
    ///
    /// kind: GASP_RAM (MEMORY, PASS_ANY, DMA_SOURCE, DMA_TARGET) or GASP_ROM (MEMORY, PASS_RD,
    /// PASS_EX, DMA_SOURCE), and GASP_LARGE_PAGES if large pages of the host are wanted. location and
    /// length are multiples of 4096; length is 64-bit. chunk 0: contiguous in the host; else the memory
    /// is made of pieces of chunk bytes (a multiple of 4096) of which no two neighbours are adjacent in
    /// the host. The memory belongs to the guest until it is destroyed: a page that was deleted can be
    /// added again by its host_location.
    ///
    /// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, range, kind, chunk or
    /// alignment; EEXIST something is there already; ENOMEM; EDEADLK as gasp_lock(), or from inside a
    /// listener's function; the errno of a listener that refuses.
    /// Threads: any, also after the guest has started. Source: libgasp's own (qvm's `ram` and `rom`).
    pub fn gasp_guest_add_memory(
        gsp: *mut guest_system,
        location: u64,
        length: u64,
        kind: c_uint,
        chunk: u64,
    ) -> c_int;

    /// The region that holds a location, or else the first one after it: whole, with 64-bit ends.
    ///
    /// To list a space, start with from = 0 and go on with span->last + 1 until ENXIO, or until
    /// span->last is the end of the space.
    ///
    /// Returns EOK, or an error number (errno is not changed, *span not written): ENXIO no region
    /// there or after; EINVAL bad gsp, type or from, span NULL.
    /// Threads: any, no lock needed, never waits. Source: libgasp's own.
    pub fn gasp_guest_next(
        gsp: *mut guest_system,
        r#type: c_uint,
        from: u64,
        span: *mut gasp_span,
    ) -> c_int;

    /// Read guest memory as the host sees it: whatever is behind the locations, whether the guest may
    /// read it or not. All of it or nothing.
    ///
    /// Returns EOK, or an error number (errno is not changed, *data not written): ENXIO some location
    /// has no memory behind it; EINVAL bad gsp, data NULL, a range past the end; ENOMEM. length 0 is EOK.
    /// The locations are looked up at once: what is copied is behind them in one state of the map.
    /// Threads: any, no lock needed. Bytes that somebody writes meanwhile may be old or new.
    /// Source: libgasp's own.
    pub fn gasp_guest_read(
        gsp: *mut guest_system,
        location: u64,
        data: *mut c_void,
        length: usize,
    ) -> c_int;

    /// Write guest memory as the host sees it: whatever is behind the locations, whether the guest
    /// may write it or not (ROM too). All of it or nothing.
    ///
    /// Returns, threads and source: as gasp_guest_read().
    pub fn gasp_guest_write(
        gsp: *mut guest_system,
        location: u64,
        data: *const c_void,
        length: usize,
    ) -> c_int;
}

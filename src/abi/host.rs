//! The types and numbers of `<gasp/host.h>`.

use crate::abi::vdev_core::vdev_t;
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

pub use crate::capi::handles::gasp_cpu;

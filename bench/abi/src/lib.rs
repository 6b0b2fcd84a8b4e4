//! What both sides of the benchmark's C calls agree on.
//!
//! The types are those of `<qvm/types.h>`, written down once more: the driver and the peers reach
//! libgasp only through its shared library, so they cannot borrow its Rust types.

use core::ffi::{c_int, c_uint, c_void};

/// `struct qvm_state_block`: a run of locations.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Block {
    /// First location.
    pub location: u64,
    /// Number of bytes.
    pub length: u32,
    /// `QST_*`; 0 is memory.
    pub kind: u16,
    /// `QSF_*`.
    pub flags: u16,
}

/// `struct gasp_region`: 40 bytes, copied out whole by every lookup.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Region {
    /// `GRF_*`; 0 in a set call deletes.
    pub flags: u32,
    /// Handed back to the vdev.
    pub cookie: u32,
    /// `vdev_t *`; nobody here follows it.
    pub vdev: usize,
    /// Address of the memory behind the region.
    pub host_location: u64,
    /// Where the region is in the guest.
    pub guest: Block,
}

const _: () = assert!(size_of::<Block>() == 16 && size_of::<Region>() == 40);

/// `struct gasp_trap`: an access that reaches a device.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Trap {
    /// `vdev_t *` of the region.
    pub vdev: usize,
    /// First location of the access.
    pub location: u64,
    /// Where what is read goes, or what is written is.
    pub data: *mut c_void,
    /// Bytes.
    pub length: usize,
    /// The region's.
    pub cookie: u32,
    /// [`READ`] and others.
    pub kind: u16,
    /// `QST_*`; 0 is memory.
    pub space: u16,
}

const _: () = assert!(size_of::<Trap>() == 40);

/// `GASP_READ`.
pub const READ: c_uint = 0;
/// `QST_MEMORY`.
pub const MEMORY_SPACE: c_uint = 0;

/// `GRF_VIRT_RD | GRF_VIRT_WR`.
pub const TRAPPED: u32 = 3;
/// `GRF_PASS_RD`.
pub const PASS_RD: u32 = 1 << 3;
/// `GRF_PASS_WR`.
pub const PASS_WR: u32 = 1 << 4;
/// `GRF_PASS_EX`.
pub const PASS_EX: u32 = 1 << 5;
/// `GRF_ACTIVE`: set in every answer.
pub const ACTIVE: u32 = 1 << 7;
/// `GRF_MEMORY`.
pub const MEMORY: u32 = 1 << 8;

/// The answer of a lookup that found something.
pub const EOK: c_int = 0;
/// The answer of a lookup that found nothing (Linux's number).
pub const ENXIO: c_int = 6;

/// Makes an empty map. The argument is `gasp_guest_create`'s; peers ignore it.
pub type CreateFn = unsafe extern "C" fn(options: *const c_void) -> *mut c_void;
/// Destroys a map.
pub type DestroyFn = unsafe extern "C" fn(map: *mut c_void);
/// As `gasp_region_set_soft`: returns the number of elements that were taken.
pub type SetFn =
    unsafe extern "C" fn(map: *mut c_void, n: c_uint, regions: *const Region) -> c_uint;
/// As `gasp_region_info`: `EOK` or `ENXIO`.
pub type InfoFn =
    unsafe extern "C" fn(map: *mut c_void, block: *const Block, region: *mut Region) -> c_int;

/// `gasp_trap_handler_t`: called for each access that traps.
pub type TrapHandler =
    unsafe extern "C" fn(arg: *mut c_void, cpu: *mut c_void, trap: *const Trap) -> c_int;
/// As `gasp_guest_set_trap_handler`.
pub type SetTrapHandlerFn =
    unsafe extern "C" fn(map: *mut c_void, handler: TrapHandler, arg: *mut c_void) -> c_int;
/// As `gasp_cpu_create`: makes a vCPU.
pub type CpuCreateFn = unsafe extern "C" fn(map: *mut c_void) -> *mut c_void;
/// As `gasp_cpu_destroy`.
pub type CpuDestroyFn = unsafe extern "C" fn(cpu: *mut c_void);
/// As `gasp_cpu_access`: makes an access as the guest would.
pub type AccessFn = unsafe extern "C" fn(
    cpu: *mut c_void,
    space: c_uint,
    kind: c_uint,
    location: u64,
    data: *mut c_void,
    length: usize,
) -> c_int;

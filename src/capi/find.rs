//! `<qvm/gasp.h>`: free space.

use super::{args, ret};
use crate::abi::vdev_core::guest_system;
use core::ffi::c_uint;

/// Find free space anywhere in a space: gasp_find_free_range() over all of it.
///
/// Source: QNX 7.1; errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_find_free(
    gsp: *const guest_system,
    qst: c_uint,
    size: u64,
    align: u64,
) -> u64 {
    ret::location(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.find_free(qst, size, align, 0, u64::MAX)
    })
}

/// Find free space: the lowest multiple of align from which size bytes (or ports) are absent and
/// not reserved by the host, all of them in [min_addr, max_addr] (both inclusive, cut to the
/// space). align is a power of two; 0 means 1.
///
/// Nothing is reserved by the call: hold gasp_lock() from here until the region is set.
///
/// Returns the location, or QSL_NO_LOCATION with errno set: EINVAL bad gsp or qst, size 0, bad
/// align, min_addr above max_addr; ENOSPC nothing fits; in strict mode EPERM if the guest has
/// started and the lock of the space is not held.
/// Threads: any. Source: QNX 7.1; "lowest", the inclusive end and the errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gasp_find_free_range(
    gsp: *const guest_system,
    qst: c_uint,
    size: u64,
    align: u64,
    min_addr: u64,
    max_addr: u64,
) -> u64 {
    ret::location(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.find_free(qst, size, align, min_addr, max_addr)
    })
}

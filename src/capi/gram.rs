//! `<qvm/gasp.h>`: places inside the guest's RAM and ROM.

use super::{args, ret};
use crate::abi::vdev_core::guest_system;
use core::ffi::{c_int, c_uint};

/// Find a place inside the guest's RAM or ROM, and reserve it.
///
/// The place is a multiple of align (a power of two; 0 means 1), size bytes long, lies in
/// [range_start, range_end] (both inclusive) and inside of one run of GRF_MEMORY: RAM where the
/// guest may write (or might before it was trapped), ROM elsewhere. flags: GRAM_HINT_RAM and
/// GRAM_HINT_ROM say which (neither means RAM); the lowest place that fits, with
/// GRAM_HINT_ALIGN_TOP the highest. What one call returned no later call returns again.
///
/// Returns the location, or QSL_NO_LOCATION with errno set: EINVAL bad gsp, size 0, bad align,
/// unknown flags, range_start above range_end; ENOSPC nothing fits; ENOMEM; in strict mode EPERM
/// after the guest has started (QNX: startup only).
/// Threads: any. Source: QNX 7.0; errors are libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gram_find_free_range(
    gsp: *mut guest_system,
    size: u64,
    align: u64,
    flags: c_uint,
    range_start: u64,
    range_end: u64,
) -> u64 {
    ret::location(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.gram_find(size, align, flags, range_start, range_end)
    })
}

/// Reserve a place inside the guest's RAM or ROM: gram_find_free_range() stays away from it.
///
/// Returns EOK, or an error number (errno is not changed): EINVAL bad gsp, size 0, a range past
/// the end of the space; ENXIO some of it is not GRF_MEMORY; EEXIST it overlaps a reservation;
/// ENOMEM; in strict mode EPERM after the guest has started (QNX: startup only).
/// Threads: any. Source: QNX (name; parameters as in 8.0 with gsp before them); errors are
/// libgasp's own.
///
/// # Safety
/// See [`args`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gram_reserve(gsp: *mut guest_system, loc: u64, size: u64) -> c_int {
    ret::code(|| {
        // SAFETY: the caller's promise about gsp is the one that `args::guest` asks for.
        let guest = unsafe { args::guest(gsp)? };
        guest.gram_reserve(loc, size)
    })
}

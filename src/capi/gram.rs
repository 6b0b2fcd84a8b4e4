//! `<qvm/gasp.h>`: places in the guest's RAM and ROM.

use super::{args, ret};
use core::ffi::{c_int, c_uint};
use gasp_abi::guest_system;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gram_find_free_range(
    gsp: *mut guest_system,
    size: u64,
    align: u64,
    flags: c_uint,
    range_start: u64,
    range_end: u64,
) -> u64 {
    ret::location(c"gram_find_free_range", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.gram_find(size, align, flags, range_start, range_end)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gram_reserve(gsp: *mut guest_system, loc: u64, size: u64) -> c_int {
    ret::code(c"gram_reserve", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.gram_reserve(loc, size)
    })
}

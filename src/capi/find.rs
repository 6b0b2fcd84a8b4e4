//! `<qvm/gasp.h>`: free space.

use super::{args, ret};
use core::ffi::c_uint;
use gasp_abi::guest_system;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_find_free(
    gsp: *const guest_system,
    qst: c_uint,
    size: u64,
    align: u64,
) -> u64 {
    ret::location(c"gasp_find_free", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.find_free(qst, size, align, 0, u64::MAX)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_find_free_range(
    gsp: *const guest_system,
    qst: c_uint,
    size: u64,
    align: u64,
    min_addr: u64,
    max_addr: u64,
) -> u64 {
    ret::location(c"gasp_find_free_range", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.find_free(qst, size, align, min_addr, max_addr)
    })
}

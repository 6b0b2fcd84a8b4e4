//! `<qvm/gasp.h>`: locks, setting regions, looking them up.

use super::{args, ret};
use core::ffi::{c_int, c_uint};
use gasp_abi::{gasp_region, guest_system, qvm_state_block};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_lock(gsp: *mut guest_system, r#type: u16) -> c_int {
    ret::quick_code(c"gasp_lock", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.lock(r#type)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_unlock(gsp: *mut guest_system, r#type: u16) -> c_int {
    ret::quick_code(c"gasp_unlock", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.unlock(r#type)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_region_set(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
) {
    if num_regions == 0 {
        return;
    }
    ret::nothing(c"gasp_region_set", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp) }
            .unwrap_or_else(|error| crate::guest::fatal::die_without_guest(&error.into()));
        // SAFETY: promise 2.
        guest.set_or_die(unsafe { args::array(num_regions, rgn) });
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_region_set_soft(
    gsp: *mut guest_system,
    num_regions: c_uint,
    rgn: *const gasp_region,
) -> c_uint {
    if num_regions == 0 {
        return 0;
    }
    ret::count(c"gasp_region_set_soft", num_regions, || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        guest.set(unsafe { args::array(num_regions, rgn) })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_region_info(
    gsp: *mut guest_system,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> c_int {
    // SAFETY: promises 1 and 2.
    let fast = unsafe { info_fast(gsp, blk, rgn) };
    ret::query(c"gasp_region_info", fast, move || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let block = unsafe { args::block(blk, rgn)? };
        let region = guest.info(&block)?.to_c(&block);
        // SAFETY: promise 2; `args::block` refused NULL.
        unsafe { rgn.write_unaligned(region) };
        Ok(())
    })
}

/// The fast path of `gasp_region_info()`. `None`: nothing was written, and the slow path must
/// answer.
///
/// # Safety
/// See [`super`].
#[inline(always)]
unsafe fn info_fast(
    gsp: *mut guest_system,
    blk: *const qvm_state_block,
    rgn: *mut gasp_region,
) -> Option<()> {
    // SAFETY: promise 1.
    let guest = unsafe { args::guest(gsp).ok()? };
    // SAFETY: promise 2.
    let block = unsafe { args::block(blk, rgn).ok()? };
    let region = guest.info_fast(&block)?.to_c(&block);
    // SAFETY: promise 2; `args::block` refused NULL.
    unsafe { rgn.write_unaligned(region) };
    Some(())
}

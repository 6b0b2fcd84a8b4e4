//! `<gasp/host.h>`: for a library between hosts and vdevs.

use super::args;
use crate::sys::acting;
use core::ffi::c_uint;
use gasp_abi::guest_system;

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_acting() -> *mut gasp_abi::gasp_acting {
    acting::record()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_locks_held(
    gsp: *mut guest_system,
    r#type: c_uint,
) -> c_uint {
    // SAFETY: promise 1.
    unsafe { args::guest(gsp) }.map_or(0, |guest| guest.locks_held(r#type))
}

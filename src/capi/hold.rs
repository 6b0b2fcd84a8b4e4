//! `<gasp/host.h>`: who holds the lock of a space, and waiting for that thread.

use super::{args, ret};
use core::ffi::{c_int, c_uint};
use gasp_abi::{gasp_holder, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_lock_holder(
    gsp: *mut guest_system,
    r#type: c_uint,
    holder: *mut gasp_holder,
) -> c_int {
    ret::code(c"gasp_guest_lock_holder", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let holder = unsafe { args::required_output("holder", holder)? };
        *holder = guest.lock_holder(r#type)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_hold_limit(
    gsp: *mut guest_system,
    milliseconds: c_uint,
) -> c_int {
    ret::code(c"gasp_guest_set_hold_limit", || {
        // SAFETY: promise 1.
        unsafe { args::guest(gsp)? }.set_hold_limit(milliseconds);
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_settle(gsp: *mut guest_system, r#type: c_uint) -> c_int {
    ret::code(c"gasp_guest_settle", || {
        // SAFETY: promise 1.
        unsafe { args::guest(gsp)? }.settle(r#type)
    })
}

//! `<gasp/host.h>`: for a library between hosts and vdevs.

use super::{args, ret};
use crate::error::report;
use crate::sys::acting;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{gasp_failure_function_t, gasp_mapping, gasp_unsupported_handler_t, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_acting() -> *mut gasp_abi::gasp_acting {
    acting::record()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_on_failure(
    r#fn: gasp_failure_function_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(c"gasp_on_failure", || {
        // SAFETY: promise 3.
        report::set(unsafe { args::failure_function(r#fn, arg) })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_locks_held(
    gsp: *mut guest_system,
    r#type: c_uint,
) -> c_uint {
    // SAFETY: promise 1.
    unsafe { args::guest(gsp) }.map_or(0, |guest| guest.locks_held(r#type))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_next_mapping(
    gsp: *mut guest_system,
    after: u64,
    mapping: *mut gasp_mapping,
) -> c_int {
    ret::code(c"gasp_guest_next_mapping", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let mapping = unsafe { args::required_output("mapping", mapping)? };
        *mapping = guest.next_mapping(after)?;
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_unsupported_handler(
    gsp: *mut guest_system,
    handler: gasp_unsupported_handler_t,
    arg: *mut c_void,
) -> c_int {
    ret::code(c"gasp_guest_set_unsupported_handler", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 3.
        guest.set_unsupported_handler(unsafe { args::unsupported_handler(handler, arg) })
    })
}

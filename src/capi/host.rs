//! `<gasp/host.h>`: guests and their memory.

use super::{args, handles, ret};
use crate::error;
use crate::guest::Guest;
use core::ffi::{c_char, c_int, c_uint, c_void};
use gasp_abi::{gasp_fatal_handler_t, gasp_guest_options, gasp_span, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_create(
    options: *const gasp_guest_options,
) -> *mut guest_system {
    ret::handle(c"gasp_guest_create", || {
        Guest::check_system()?;
        // SAFETY: promise 2.
        handles::create_guest(unsafe { args::options(options)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_start(gsp: *mut guest_system) -> c_int {
    ret::code(c"gasp_guest_start", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.start()
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_destroy(gsp: *mut guest_system) {
    ret::nothing(c"gasp_guest_destroy", || {
        // SAFETY: promise 1.
        if let Some(slot) = unsafe { handles::guest_slot(gsp) } {
            // SAFETY: promise 1.
            unsafe { handles::destroy_guest(slot) };
        }
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_last_error() -> *const c_char {
    error::last::message()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_set_last_error(message: *const c_char) {
    // SAFETY: promise 2.
    error::last::give(unsafe { args::text(message) });
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_set_fatal_handler(
    gsp: *mut guest_system,
    handler: gasp_fatal_handler_t,
    arg: *mut c_void,
) {
    ret::nothing(c"gasp_guest_set_fatal_handler", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 3.
        guest.set_fatal_handler(unsafe { args::fatal_handler(handler, arg) });
        Ok(())
    });
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_reserve(
    gsp: *mut guest_system,
    r#type: c_uint,
    location: u64,
    length: u64,
) -> c_int {
    ret::code(c"gasp_guest_reserve", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.reserve(r#type, location, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_add_memory(
    gsp: *mut guest_system,
    location: u64,
    length: u64,
    kind: c_uint,
    chunk: u64,
) -> c_int {
    ret::code(c"gasp_guest_add_memory", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.add_memory(location, length, kind, chunk)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_next(
    gsp: *mut guest_system,
    r#type: c_uint,
    from: u64,
    span: *mut gasp_span,
) -> c_int {
    ret::code(c"gasp_guest_next", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let span = unsafe { args::required_output("span", span)? };
        *span = guest.next_region(r#type, from)?.to_span();
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_read(
    gsp: *mut guest_system,
    location: u64,
    data: *mut c_void,
    length: usize,
) -> c_int {
    ret::code(c"gasp_guest_read", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        guest.read_memory(location, unsafe { args::buffer_mut(data, length)? })
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_write(
    gsp: *mut guest_system,
    location: u64,
    data: *const c_void,
    length: usize,
) -> c_int {
    ret::code(c"gasp_guest_write", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        guest.write_memory(location, unsafe { args::buffer(data, length)? })
    })
}

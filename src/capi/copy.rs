//! `<gasp/host.h>`: the host's reads and writes, with the location at which one fails.

use super::{args, ret};
use crate::error::Error;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::{GASP_READ, GASP_WRITE, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_copy(
    gsp: *mut guest_system,
    kind: c_uint,
    location: u64,
    data: *mut c_void,
    length: usize,
    failed: *mut u64,
) -> c_int {
    ret::code(c"gasp_guest_copy", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        let write = is_write(kind)?;
        // SAFETY: promise 2. For a write the bytes need not be writable, and are only read.
        let data = unsafe { args::buffer_mut(data, length)? };
        // SAFETY: promise 2.
        guest.copy_memory(write, location, data).inspect_err(|why| unsafe { tell(why, failed) })
    })
}

fn is_write(kind: c_uint) -> Result<bool, Error> {
    match kind {
        GASP_READ => Ok(false),
        GASP_WRITE => Ok(true),
        _ => Err(Error::Unknown { what: "kind of copy", bits: kind }),
    }
}

/// Writes the location at which a copy failed, if there is one.
///
/// # Safety
/// `failed` is NULL, or can be written.
unsafe fn tell(why: &Error, failed: *mut u64) {
    if let Some(at) = why.failed_at().filter(|_| !failed.is_null()) {
        // SAFETY: the caller's promise; it need not be aligned.
        unsafe { failed.write_unaligned(at.get()) };
    }
}

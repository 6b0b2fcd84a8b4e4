//! `<gasp/host.h>`: memory that comes and goes, and all runs of memory.

use super::{args, ret};
use crate::error::Error;
use core::ffi::{c_int, c_uint};
use gasp_abi::{gasp_run, guest_system};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_add_memory_fd(
    gsp: *mut guest_system,
    location: u64,
    length: u64,
    kind: c_uint,
    fd: c_int,
    offset: u64,
) -> c_int {
    ret::code(c"gasp_guest_add_memory_fd", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        guest.add_memory_of_file(location, length, kind, (fd, offset))
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_remove_memory(
    gsp: *mut guest_system,
    location: u64,
    length: u64,
) -> c_int {
    ret::code(c"gasp_guest_remove_memory", || {
        // SAFETY: promise 1.
        let system = unsafe { args::system(gsp)? };
        system.remove_memory(location, length)
    })
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn gasp_guest_runs(
    gsp: *mut guest_system,
    runs: *mut gasp_run,
    room: usize,
    count: *mut usize,
) -> c_int {
    ret::code(c"gasp_guest_runs", || {
        // SAFETY: promise 1.
        let guest = unsafe { args::guest(gsp)? };
        // SAFETY: promise 2.
        let count = unsafe { args::required_output("count", count)? };
        if runs.is_null() && room != 0 {
            return Err(Error::Null("runs"));
        }
        let found = guest.runs()?;
        *count = found.len();
        if found.len() > room {
            return Err(Error::NoRoom { needed: found.len(), room });
        }
        // SAFETY: promise 2, and the list has room, as just checked.
        unsafe { args::write_list(runs, found.into_iter()) };
        Ok(())
    })
}

//! Conversions from C arguments.

use super::sets;
use crate::failure::Failure;
use crate::host::Host;
use crate::sequence::VdevOption;
use crate::set::Vdevs;
use core::ffi::{CStr, c_char, c_uint};
use core::slice;
use gasp_abi::{
    GASP_VDEVS_CATCH_CRASHES, GASP_VDEVS_CHECK_END, GASP_VDEVS_CHECK_LOCKS, GASP_VDEVS_COUNT,
    GASP_VDEVS_LOG_FAILURES, GASP_VDEVS_LOG_REFUSED, GASP_VDEVS_RUN_TIME,
    GASP_VDEVS_SIMULATED_CLOCK, GASP_VDEVS_WATCH_HANDLERS, gasp_vdev_host, gasp_vdev_option,
    gasp_vdevs, guest_intr,
};
use std::sync::Arc;

const FLAGS: c_uint = GASP_VDEVS_SIMULATED_CLOCK
    | GASP_VDEVS_COUNT
    | GASP_VDEVS_RUN_TIME
    | GASP_VDEVS_LOG_FAILURES
    | GASP_VDEVS_LOG_REFUSED
    | GASP_VDEVS_WATCH_HANDLERS
    | GASP_VDEVS_CHECK_LOCKS
    | GASP_VDEVS_CHECK_END
    | GASP_VDEVS_CATCH_CRASHES;

fn invalid(what: &str) -> Failure {
    Failure::new(libc::EINVAL, what)
}

/// The set with this handle.
pub(super) fn vdevs(vdevs: *const gasp_vdevs) -> Result<Arc<Vdevs>, Failure> {
    sets::find(vdevs.addr()).ok_or_else(|| invalid("vdevs is no set of vdevs (NULL, or destroyed)"))
}

/// A string that must not be NULL.
///
/// # Safety
/// It is a string, or NULL.
pub(super) unsafe fn text<'a>(name: &str, text: *const c_char) -> Result<&'a CStr, Failure> {
    if text.is_null() {
        return Err(invalid(&format!("{name} is NULL")));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// An interrupt.
///
/// # Safety
/// It is NULL, or an interrupt.
pub(super) unsafe fn interrupt(intr: *const guest_intr) -> Result<guest_intr, Failure> {
    // SAFETY: the caller's promise.
    unsafe { intr.as_ref() }.copied().ok_or_else(|| invalid("gip is NULL"))
}

/// Writes a result.
///
/// # Safety
/// It can be written, or is NULL.
pub(super) unsafe fn put<T>(name: &str, to: *mut T, value: T) -> Result<(), Failure> {
    if to.is_null() {
        return Err(invalid(&format!("{name} is NULL")));
    }
    // SAFETY: the caller's promise.
    unsafe { to.write(value) };
    Ok(())
}

/// What a host gave.
///
/// # Safety
/// It is NULL, or as many bytes are there as its size says; its functions keep what the header
/// demands.
pub(super) unsafe fn host(host: *const gasp_vdev_host) -> Result<Host, Failure> {
    if host.is_null() {
        return Ok(Host::none());
    }
    // SAFETY: the caller's promise.
    let size = unsafe { (*host).size };
    let known = size_of::<gasp_vdev_host>();
    if size < known {
        return Err(invalid("host->size is smaller than struct gasp_vdev_host"));
    }
    let more = host.cast::<u8>().wrapping_add(known);
    // SAFETY: the caller's promise.
    let more = unsafe { slice::from_raw_parts(more, size.saturating_sub(known)) };
    if more.iter().any(|byte| *byte != 0) {
        return Err(Failure::new(
            libc::E2BIG,
            "the host has more functions than this library knows",
        ));
    }
    // SAFETY: the caller's promise.
    let host = unsafe { host.read() };
    if host.flags & !FLAGS != 0 {
        return Err(invalid(&format!("host->flags has unknown bits ({:#x})", host.flags & !FLAGS)));
    }
    // SAFETY: the caller's promise.
    Ok(unsafe { Host::new(host) })
}

/// The options of a vdev.
///
/// # Safety
/// `count` options are there, with strings.
pub(super) unsafe fn options(
    options: *const gasp_vdev_option,
    count: c_uint,
) -> Result<Vec<VdevOption>, Failure> {
    if options.is_null() && count != 0 {
        return Err(invalid("options is NULL"));
    }
    let convert = |index: c_uint| {
        // SAFETY: the caller's promise.
        let option = unsafe { options.wrapping_add(index as usize).read() };
        // SAFETY: the caller's promise.
        let name = unsafe { text("the name of an option", option.name)? };
        let value = match option.value.is_null() {
            true => None,
            // SAFETY: the caller's promise.
            false => Some(unsafe { CStr::from_ptr(option.value) }.to_string_lossy().into_owned()),
        };
        Ok((name.to_string_lossy().into_owned(), value))
    };
    (0..count).map(convert).collect()
}

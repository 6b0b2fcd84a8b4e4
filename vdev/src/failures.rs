//! Failures of libgasp's functions inside of vdevs, for the log.

#![allow(unsafe_code)]

use crate::bounded::so_far;
use crate::failure::Failure;
use crate::{acting, log, slots};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use gasp_abi::GASP_VDEVS_LOG_FAILURES;

/// Has libgasp report failures, in all threads.
pub(crate) fn watch() -> Result<(), Failure> {
    // SAFETY: a function that needs no argument, and stays.
    match unsafe { gasp_abi::gasp_on_failure(Some(failed), ptr::null_mut()) } {
        0 => Ok(()),
        errno => Err(Failure::new(errno, "there is no memory to watch for failures")),
    }
}

/// The function that libgasp calls.
unsafe extern "C" fn failed(
    _: *mut c_void,
    function: *const c_char,
    error: c_int,
    message: *const c_char,
) {
    let vdev = acting::vdev();
    let Some(shared) = slots::shared(vdev) else { return };
    // SAFETY: a string, valid during the call.
    let function = unsafe { CStr::from_ptr(function) }.to_string_lossy();
    if !shared.host.has(GASP_VDEVS_LOG_FAILURES) || is_answer(&function, error) {
        return;
    }
    let Some(count) = shared.failures.count((vdev.addr(), function.clone().into(), error)) else {
        return;
    };
    // SAFETY: as above.
    let message = unsafe { CStr::from_ptr(message) }.to_string_lossy();
    log::warn(&shared.host, vdev, &format!("{function}: {message}{}", so_far(count)));
}

/// Whether a vdev asks in order to get this: there is nothing, or no more.
fn is_answer(function: &str, error: c_int) -> bool {
    matches!(
        (function, error),
        ("gasp_region_info", libc::ENXIO) | ("gasp_guest_next_mapping", libc::ENOENT)
    )
}

//! Functions that `c/outpipe.c` calls with formatted texts. They are not for plugins, so not
//! exported.

use crate::ending::End;
use crate::host::Host;
use crate::shared::Shared;
use crate::{acting, fatal, log, safety, slots};
use core::ffi::{CStr, c_char, c_uint};
use core::ptr;
use gasp_abi::{qvm_outlbl, qvm_outrs, vdev_t};

/// Writes a line to the log. A fatal one ends the process.
///
/// # Safety
/// `text` is a string; the vdev may be `NULL`.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vdev_private_log(attr: c_uint, vdev: *const vdev_t, text: *const c_char) {
    // SAFETY: the caller's promise.
    let end = unsafe { write(attr, vdev, text) };
    if attr & qvm_outlbl::QVM_OUTAL_FATAL as c_uint != 0 {
        end.now();
    }
}

/// Writes a line to the log and ends the process.
///
/// # Safety
/// `text` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vdev_private_fatal(attr: c_uint, text: *const c_char) -> ! {
    // SAFETY: the caller's promise.
    unsafe { write(attr, ptr::null(), text) }.now()
}

/// Writes a line to the log; returns the end for a fatal one.
///
/// # Safety
/// `text` is a string.
unsafe fn write(attr: c_uint, vdev: *const vdev_t, text: *const c_char) -> End {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    let host = host(vdev);
    log::line(&host, attr, vdev, &text);
    End { host: host.functions, code: code(attr) }
}

/// The process leaves the environment that is certified for safety, with a line for the first time.
///
/// # Safety
/// `text` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vdev_private_non_safety(text: *const c_char) {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    if safety::give_up() {
        let vdev = acting::vdev();
        log::info(&host(vdev), vdev, &format!("not certified for safety: {text}"));
    }
}

/// The host of a vdev; of no vdev, that of the vdev for which this thread acts, or the only one.
pub(crate) fn host(vdev: *const vdev_t) -> Host {
    let shared = slots::shared(vdev).or_else(|| slots::shared(acting::vdev()));
    shared.or_else(Shared::only).map_or_else(Host::none, |shared| shared.host.clone())
}

/// Logs that a vdev has done what it may not do; returns the end of the process.
pub(super) fn error(why: String) -> End {
    let vdev = acting::vdev();
    let host = host(vdev);
    log::line(&host, qvm_outlbl::QVM_OUTAL_FATAL as u32, vdev, &why);
    End { host: host.functions, code: fatal::code() }
}

/// The exit code for an attribute.
fn code(attr: c_uint) -> u8 {
    let is_configuration = attr & qvm_outrs::QVM_OUTAC_XCONF as c_uint != 0;
    if is_configuration { fatal::CONFIGURATION } else { fatal::code() }
}

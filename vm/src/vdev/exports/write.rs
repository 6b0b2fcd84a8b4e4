//! Functions that `c/log.c` calls with formatted texts. They are not for plugins, so not exported.

use crate::vdev::shared::{Shared, fatal_code};
use crate::{exit, log};
use core::ffi::{CStr, c_char, c_uint};
use gasp_abi::{qvm_log_sources, vdev_t};

/// Writes a line to the log.
///
/// # Safety
/// `text` is a string; the vdev may be `NULL`.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vm_log(kind: c_uint, vdev: *const vdev_t, text: *const c_char) {
    let name = Shared::of_vdev(vdev.addr()).and_then(|shared| shared.name_of(vdev.addr()));
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    log::line(kind, &name.unwrap_or_default(), &text);
}

/// Writes a piece of a report.
///
/// # Safety
/// `text` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vm_report(text: *const c_char) {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    // A vdev has no use for the error.
    let _ = log::print(&text);
}

/// Writes a line to the log and ends the process.
///
/// # Safety
/// `text` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vm_fatal(source: c_uint, text: *const c_char) -> ! {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    log::line(log::ERROR, "", &text);
    let is_configuration = source == qvm_log_sources::QLS_CNF as c_uint;
    exit::now(if is_configuration { exit::CONFIGURATION } else { fatal_code() })
}

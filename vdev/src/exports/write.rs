//! Functions that `c/outpipe.c` calls with formatted texts. They are not for plugins, so not
//! exported.

use crate::vdev::shared::{Shared, fatal_code};
use crate::{exit, log};
use core::ffi::{CStr, c_char, c_uint};
use gasp_abi::{qvm_outlbl, qvm_outrs, vdev_t};

/// Writes a line to the log. A fatal one ends the process.
///
/// # Safety
/// `text` is a string; the vdev may be `NULL`.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vm_log(attr: c_uint, vdev: *const vdev_t, text: *const c_char) {
    let name = Shared::of_vdev(vdev.addr()).and_then(|shared| shared.name_of(vdev.addr()));
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    log::line(attr, &name.unwrap_or_default(), &text);
    if attr & qvm_outlbl::QVM_OUTAL_FATAL as c_uint != 0 {
        exit::now(code(attr));
    }
}

/// Writes a line to the log and ends the process.
///
/// # Safety
/// `text` is a string.
#[unsafe(no_mangle)]
unsafe extern "C" fn gasp_vm_fatal(attr: c_uint, text: *const c_char) -> ! {
    // SAFETY: the caller's promise.
    let text = unsafe { CStr::from_ptr(text) }.to_string_lossy();
    log::line(attr, "", &text);
    exit::now(code(attr))
}

/// The exit code for an attribute.
fn code(attr: c_uint) -> u8 {
    let is_configuration = attr & qvm_outrs::QVM_OUTAC_XCONF as c_uint != 0;
    if is_configuration { exit::CONFIGURATION } else { fatal_code() }
}

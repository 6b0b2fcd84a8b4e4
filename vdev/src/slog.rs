//! The system's log, which stands for QNX's slog.

#![allow(unsafe_code)]

use core::ffi::{CStr, c_int};
use gasp_abi::qvm_outlbl::{self, *};

/// Writes a line.
pub(crate) fn write(label: qvm_outlbl, text: &CStr) {
    // SAFETY: a format that takes one string, and a string.
    unsafe { libc::syslog(priority(label), c"%s".as_ptr(), text.as_ptr()) };
}

fn priority(label: qvm_outlbl) -> c_int {
    match label {
        QVM_OUTAL_FATAL | QVM_OUTAL_INTERNAL => libc::LOG_CRIT,
        QVM_OUTAL_ERROR => libc::LOG_ERR,
        QVM_OUTAL_WARNING => libc::LOG_WARNING,
        QVM_OUTAL_INFO => libc::LOG_INFO,
        QVM_OUTAL_DEBUG | QVM_OUTAL_VERBOSE => libc::LOG_DEBUG,
    }
}

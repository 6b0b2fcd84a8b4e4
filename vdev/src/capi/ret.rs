//! Conversions from results to return values and errno. Every failure becomes the thread's
//! `gasp_last_error()`.

use crate::ending;
use crate::failure::Failure;
use core::ffi::c_int;
use core::ptr;
use std::ffi::CString;

/// EOK or an error number. errno stays as it was.
pub(super) fn code(call: impl FnOnce() -> Result<(), Failure>) -> c_int {
    number(call).map_or_else(|errno| errno, |()| 0)
}

/// A length, or a negative error number. errno stays as it was.
pub(super) fn length(call: impl FnOnce() -> Result<usize, Failure>) -> isize {
    match number(call) {
        Ok(length) => isize::try_from(length).unwrap_or(isize::MAX),
        Err(errno) => isize::try_from(errno).unwrap_or(isize::MAX).saturating_neg(),
    }
}

/// A result with an error number.
fn number<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, c_int> {
    let before = errno();
    let result = settled(call());
    set_errno(before);
    result.map_err(|failure| {
        record(&failure);
        failure.errno
    })
}

/// A pointer, or NULL and errno.
pub(super) fn pointer<T>(call: impl FnOnce() -> Result<*mut T, Failure>) -> *mut T {
    let before = errno();
    let result = settled(call());
    match result {
        Ok(pointer) => {
            set_errno(before);
            pointer
        }
        Err(failure) => {
            record(&failure);
            set_errno(failure.errno);
            ptr::null_mut()
        }
    }
}

/// The result, unless a vdev's error is fatal: then the process ends.
fn settled<T>(result: Result<T, Failure>) -> Result<T, Failure> {
    let Some(end) = ending::take() else { return result };
    drop(result);
    end.now()
}

fn record(failure: &Failure) {
    let message = CString::new(failure.message.as_str()).unwrap_or_default();
    // SAFETY: a string, which is copied.
    unsafe { gasp_abi::gasp_set_last_error(message.as_ptr()) };
}

fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

fn set_errno(errno: c_int) {
    // SAFETY: no preconditions.
    let location = unsafe { libc::__errno_location() };
    // SAFETY: it is this thread's.
    unsafe { location.write(errno) };
}

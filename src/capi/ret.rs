//! Conversions from results to return values and errno.
//!
//! errno is set last. Where a function does not set it, it keeps its value, even if system calls of
//! the library changed it meanwhile. Every failure is recorded for `gasp_last_error()`.

use crate::error::{Error, Refusal, last};
use crate::sys::process;
use crate::value::range::Location;
use core::ffi::{c_int, c_uint, c_void};
use gasp_abi::QSL_NO_LOCATION;

/// No error, as on QNX.
pub(super) const EOK: c_int = 0;

/// EOK or an error number.
pub(super) fn code(call: impl FnOnce() -> Result<(), Error>) -> c_int {
    match process::keep_errno(call) {
        Ok(()) => EOK,
        Err(error) => failure(error),
    }
}

/// As [`code`], for calls that can be refused for one of their elements.
pub(super) fn refusable(call: impl FnOnce() -> Result<(), Refusal>) -> c_int {
    match process::keep_errno(call) {
        Ok(()) => EOK,
        Err(refusal) => {
            last::record(refusal);
            refusal.error.errno()
        }
    }
}

/// A number, or 0 and errno.
pub(super) fn number(call: impl FnOnce() -> Result<u64, Error>) -> u64 {
    or_errno(call, 0)
}

/// As [`code`], for calls that need no [`process::keep_errno`]: they make system calls only while
/// they wait for a lock, which keeps errno.
#[inline(always)]
pub(super) fn quick_code(call: impl FnOnce() -> Result<(), Error>) -> c_int {
    match call() {
        Ok(()) => EOK,
        Err(error) => failure(error),
    }
}

/// As [`quick_code`], for queries with a fast path. If that has no answer, `whole` is called.
#[inline(always)]
pub(super) fn query(fast: Option<()>, whole: impl FnOnce() -> Result<(), Error>) -> c_int {
    if fast.is_some() { EOK } else { slow_path(whole) }
}

#[cold]
#[inline(never)]
fn slow_path(whole: impl FnOnce() -> Result<(), Error>) -> c_int {
    quick_code(whole)
}

/// The number of elements, or the index of the refused one and errno.
pub(super) fn count(elements: c_uint, call: impl FnOnce() -> Result<(), Refusal>) -> c_uint {
    match process::keep_errno(call) {
        Ok(()) => elements,
        Err(refusal) => {
            last::record(refusal);
            process::set_errno(refusal.error.errno());
            refusal.index()
        }
    }
}

/// A location, or `QSL_NO_LOCATION` and errno.
pub(super) fn location(call: impl FnOnce() -> Result<Location, Error>) -> u64 {
    or_errno(|| Ok(call()?.get()), QSL_NO_LOCATION)
}

/// The length of a text, or 0 and errno.
pub(super) fn length(call: impl FnOnce() -> Result<usize, Error>) -> usize {
    or_errno(call, 0)
}

/// The number of entries, or 0 and errno.
pub(super) fn entries(call: impl FnOnce() -> Result<u32, Error>) -> c_uint {
    or_errno(call, 0)
}

/// An address, or NULL and errno.
pub(super) fn address(call: impl FnOnce() -> Result<u64, Error>) -> *mut c_void {
    let address = or_errno(call, 0);
    core::ptr::with_exposed_provenance_mut(usize::try_from(address).unwrap_or(0))
}

/// A handle, or NULL and errno.
pub(super) fn handle<S: 'static, H>(call: impl FnOnce() -> Result<&'static S, Error>) -> *mut H {
    or_errno(|| Ok(core::ptr::from_ref(call()?).cast_mut().cast()), core::ptr::null_mut())
}

/// 1 for `Some`, 0 for `None`.
pub(super) fn flag(call: impl FnOnce() -> Option<()>) -> c_int {
    c_int::from(process::keep_errno(call).is_some())
}

/// No return value; a failure is only recorded.
pub(super) fn nothing(call: impl FnOnce() -> Result<(), Error>) {
    if let Err(error) = process::keep_errno(call) {
        last::record(error);
    }
}

#[cold]
fn failure(error: Error) -> c_int {
    last::record(error);
    error.errno()
}

fn or_errno<T>(call: impl FnOnce() -> Result<T, Error>, otherwise: T) -> T {
    process::keep_errno(call).unwrap_or_else(|error| {
        last::record(error);
        process::set_errno(error.errno());
        otherwise
    })
}

//! Conversions from results to return values and errno.
//!
//! errno is set last. Where a function does not set it, it keeps its value, even if system calls of
//! the library changed it meanwhile. Every failure is recorded for `gasp_last_error()` and reported
//! (`gasp_on_failure()`), with the name of the function, which only the cold paths use.

use crate::error::refusal::Refusal;
use crate::error::{Error, last};
use crate::sys::process;
use crate::value::range::Location;
use core::ffi::{CStr, c_int, c_uint, c_void};
use gasp_abi::QSL_NO_LOCATION;

/// No error, as on QNX.
pub(super) const EOK: c_int = 0;

/// EOK or an error number.
pub(super) fn code(name: &'static CStr, call: impl FnOnce() -> Result<(), Error>) -> c_int {
    match process::keep_errno(call) {
        Ok(()) => EOK,
        Err(error) => failure(name, error),
    }
}

/// As [`code`], for calls that can be refused for one of their elements.
pub(super) fn refusable(name: &'static CStr, call: impl FnOnce() -> Result<(), Refusal>) -> c_int {
    match process::keep_errno(call) {
        Ok(()) => EOK,
        Err(refusal) => {
            last::record(name, refusal);
            refusal.error.errno()
        }
    }
}

/// A number, or 0 and errno.
pub(super) fn number(name: &'static CStr, call: impl FnOnce() -> Result<u64, Error>) -> u64 {
    or_errno(name, call, 0)
}

/// As [`code`], for calls that need no [`process::keep_errno`]: they make system calls only while
/// they wait for a lock, which keeps errno.
#[inline(always)]
pub(super) fn quick_code(name: &'static CStr, call: impl FnOnce() -> Result<(), Error>) -> c_int {
    match call() {
        Ok(()) => EOK,
        Err(error) => failure(name, error),
    }
}

/// As [`quick_code`], for queries with a fast path. If that has no answer, `whole` is called.
#[inline(always)]
pub(super) fn query(
    name: &'static CStr,
    fast: Option<()>,
    whole: impl FnOnce() -> Result<(), Error>,
) -> c_int {
    if fast.is_some() { EOK } else { slow_path(name, whole) }
}

#[cold]
#[inline(never)]
fn slow_path(name: &'static CStr, whole: impl FnOnce() -> Result<(), Error>) -> c_int {
    quick_code(name, whole)
}

/// The number of elements, or the index of the refused one and errno.
pub(super) fn count(
    name: &'static CStr,
    elements: c_uint,
    call: impl FnOnce() -> Result<(), Refusal>,
) -> c_uint {
    match process::keep_errno(call) {
        Ok(()) => elements,
        Err(refusal) => {
            last::record(name, refusal);
            process::set_errno(refusal.error.errno());
            refusal.index()
        }
    }
}

/// A location, or `QSL_NO_LOCATION` and errno.
pub(super) fn location(name: &'static CStr, call: impl FnOnce() -> Result<Location, Error>) -> u64 {
    or_errno(name, || Ok(call()?.get()), QSL_NO_LOCATION)
}

/// The length of a text, or 0 and errno.
pub(super) fn length(name: &'static CStr, call: impl FnOnce() -> Result<usize, Error>) -> usize {
    or_errno(name, call, 0)
}

/// The number of entries, or 0 and errno.
pub(super) fn entries(name: &'static CStr, call: impl FnOnce() -> Result<u32, Error>) -> c_uint {
    or_errno(name, call, 0)
}

/// An address, or NULL and errno.
pub(super) fn address(
    name: &'static CStr,
    call: impl FnOnce() -> Result<u64, Error>,
) -> *mut c_void {
    let address = or_errno(name, call, 0);
    core::ptr::with_exposed_provenance_mut(usize::try_from(address).unwrap_or(0))
}

/// A handle, or NULL and errno.
pub(super) fn handle<S: 'static, H>(
    name: &'static CStr,
    call: impl FnOnce() -> Result<&'static S, Error>,
) -> *mut H {
    or_errno(name, || Ok(core::ptr::from_ref(call()?).cast_mut().cast()), core::ptr::null_mut())
}

/// 1 for `Some`, 0 for `None`.
pub(super) fn flag(call: impl FnOnce() -> Option<()>) -> c_int {
    c_int::from(process::keep_errno(call).is_some())
}

/// No return value; a failure is only recorded.
pub(super) fn nothing(name: &'static CStr, call: impl FnOnce() -> Result<(), Error>) {
    if let Err(error) = process::keep_errno(call) {
        last::record(name, error);
    }
}

#[cold]
fn failure(name: &'static CStr, error: Error) -> c_int {
    last::record(name, error);
    error.errno()
}

fn or_errno<T>(name: &'static CStr, call: impl FnOnce() -> Result<T, Error>, otherwise: T) -> T {
    process::keep_errno(call).unwrap_or_else(|error| {
        last::record(name, error);
        process::set_errno(error.errno());
        otherwise
    })
}

//! Results to return values and errno. Errno is set last, and not at all on success; every
//! failure is kept for `gasp_last_error()`.

use crate::abi::types::QSL_NO_LOCATION;
use crate::error::{Error, Refusal, last};
use crate::range::Location;
use crate::registry::guest_system;
use crate::sys::process;
use core::ffi::{c_int, c_uint};

/// No error, as on QNX.
pub(super) const EOK: c_int = 0;

/// EOK or an error number; errno is not changed.
#[inline]
pub(super) fn code(result: Result<(), Error>) -> c_int {
    match result {
        Ok(()) => EOK,
        Err(error) => {
            last::record(error);
            error.errno()
        }
    }
}

/// The number of elements, or the index of the refused one.
#[inline]
pub(super) fn count(elements: c_uint, result: Result<(), Refusal>) -> c_uint {
    match result {
        Ok(()) => elements,
        Err(refusal) => {
            last::record(refusal);
            process::set_errno(refusal.error.errno());
            refusal.index()
        }
    }
}

/// A location, or `QSL_NO_LOCATION` and errno.
pub(super) fn location(result: Result<Location, Error>) -> u64 {
    or_errno(result.map(Location::get), QSL_NO_LOCATION)
}

/// A number of entries, or 0 and errno.
pub(super) fn entries(result: Result<u32, Error>) -> c_uint {
    or_errno(result, 0)
}

/// A handle, or NULL and errno.
pub(super) fn pointer(result: Result<&'static guest_system, Error>) -> *mut guest_system {
    or_errno(result.map(|slot| core::ptr::from_ref(slot).cast_mut()), core::ptr::null_mut())
}

/// 1 if there is something, else 0.
pub(super) fn flag(something: Option<()>) -> c_int {
    c_int::from(something.is_some())
}

/// Nothing to return; a failure is only kept.
pub(super) fn nothing(result: Result<(), Error>) {
    if let Err(error) = result {
        last::record(error);
    }
}

fn or_errno<T>(result: Result<T, Error>, otherwise: T) -> T {
    result.unwrap_or_else(|error| {
        last::record(error);
        process::set_errno(error.errno());
        otherwise
    })
}

//! C structures that begin with their size, so that later versions can add to them.

use crate::error::Error;
use core::mem::size_of;
use gasp_abi::{gasp_guest_options, gasp_listener, gasp_report};

/// A structure whose first field is its size in bytes, and of which any bytes are a value.
///
/// # Safety
/// The first field is a `usize`.
pub(super) unsafe trait HasSize: Copy {}

// SAFETY: the first field is `size`.
unsafe impl HasSize for gasp_guest_options {}
// SAFETY: as above.
unsafe impl HasSize for gasp_listener {}
// SAFETY: as above.
unsafe impl HasSize for gasp_report {}

/// What a caller gives; `None`: NULL. What this library does not know of it has to be 0.
///
/// # Safety
/// `pointer` is NULL, or its size and as many bytes as that says can be read.
pub(super) unsafe fn input<T: HasSize>(
    name: &'static str,
    pointer: *const T,
) -> Result<Option<T>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise; the pointer is not NULL.
    let size = unsafe { size(name, pointer)? };
    let bytes = pointer.cast::<u8>();
    // SAFETY: the caller promises `size` bytes.
    let byte = |at: usize| unsafe { bytes.wrapping_add(at).read() };
    if (size_of::<T>()..size).any(|at| byte(at) != 0) {
        return Err(Error::TooNew(name));
    }
    // SAFETY: the caller promises `size` bytes, which are at least those of the type.
    Ok(Some(unsafe { pointer.read_unaligned() }))
}

/// What a caller wants to have written; `None`: NULL.
///
/// # Safety
/// `pointer` is NULL, or aligned, its size can be read, and as many bytes can be written.
pub(super) unsafe fn output<'a, T: HasSize>(
    name: &'static str,
    pointer: *mut T,
) -> Result<Option<&'a mut T>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's promise; the pointer is not NULL.
    unsafe { size(name, pointer)? };
    // SAFETY: the caller's promise; the structure is at least as large as the type.
    Ok(unsafe { pointer.as_mut() })
}

/// The size that a structure says it has, which is at least that of its type.
///
/// # Safety
/// The first field can be read.
unsafe fn size<T: HasSize>(name: &'static str, pointer: *const T) -> Result<usize, Error> {
    // SAFETY: the caller's promise; the first field is the size.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < size_of::<T>() { Err(Error::TooSmall(name, size)) } else { Ok(size) }
}

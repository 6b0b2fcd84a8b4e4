//! C structures that begin with their size, so that later versions of the library can add fields.

use crate::error::Error;
use core::mem::size_of;
use gasp_abi::{gasp_guest_options, gasp_listener, gasp_released, gasp_report};

/// A structure whose first field is its size in bytes.
///
/// # Safety
/// The first field is a `usize`. All bytes that a C caller can put there are a valid value.
pub(super) unsafe trait HasSize: Copy {}

// SAFETY: the first field is `size: usize`, and all fields are numbers, pointers or nullable
// function pointers.
unsafe impl HasSize for gasp_guest_options {}
// SAFETY: as above.
unsafe impl HasSize for gasp_listener {}
// SAFETY: as above.
unsafe impl HasSize for gasp_report {}
// SAFETY: as above.
unsafe impl HasSize for gasp_released {}

/// An input. `None`: the pointer is NULL. Bytes that this library does not know must be 0.
///
/// # Safety
/// `pointer` is NULL, or its size field and that number of bytes can be read.
pub(super) unsafe fn input<T: HasSize>(
    name: &'static str,
    pointer: *const T,
) -> Result<Option<T>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so the size field can be read, as the caller promises.
    let size = unsafe { size(name, pointer)? };
    let bytes = pointer.cast::<u8>();
    // SAFETY: the caller promises `size` bytes, and `at` is below that.
    let byte = |at: usize| unsafe { bytes.wrapping_add(at).read() };
    if (size_of::<T>()..size).any(|at| byte(at) != 0) {
        return Err(Error::TooNew(name));
    }
    // SAFETY: the caller promises `size` bytes, which are at least those of the type.
    Ok(Some(unsafe { pointer.read_unaligned() }))
}

/// An output. `None`: the pointer is NULL.
///
/// # Safety
/// `pointer` is NULL, or aligned; its size field can be read, and that number of bytes written.
pub(super) unsafe fn output<'a, T: HasSize>(
    name: &'static str,
    pointer: *mut T,
) -> Result<Option<&'a mut T>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, so the size field can be read, as the caller promises.
    unsafe { size(name, pointer)? };
    // SAFETY: the caller promises that it is aligned, and that its size can be written; `size` has
    // checked that this is at least the size of the type.
    Ok(unsafe { pointer.as_mut() })
}

/// The size field of a structure, which must be at least the size of its type.
///
/// # Safety
/// The size field can be read.
unsafe fn size<T: HasSize>(name: &'static str, pointer: *const T) -> Result<usize, Error> {
    // SAFETY: the first field is the size (`HasSize`), and can be read, as the caller promises.
    let size = unsafe { pointer.cast::<usize>().read_unaligned() };
    if size < size_of::<T>() { Err(Error::TooSmall(name, size)) } else { Ok(size) }
}

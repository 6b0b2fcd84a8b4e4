//! Texts for people: `vdev_string()` and `guest_intr_string()`.

use crate::{ending, interrupt, slots};
use core::ffi::{c_char, c_int};
use core::ptr;
use gasp_abi::{QSL_NO_LOCATION, guest_intr, qvm_state_block, vdev_t};
use gasp_safe::Space;

/// The name of a vdev, with its location.
fn name_and_place(name: &str, block: qvm_state_block) -> String {
    match Space::of(block.r#type).filter(|_| block.location != QSL_NO_LOCATION) {
        Some(Space::Memory) => format!("{name}@mem:{:#x}", block.location),
        Some(Space::Ports) => format!("{name}@io:{:#x}", block.location),
        None => name.into(),
    }
}

/// Writes as much of a text as there is room for, with a zero at the end. Returns its whole length.
///
/// # Safety
/// `count` bytes can be written, if it is not 0.
unsafe fn put(text: &str, buf: *mut c_char, count: usize) -> usize {
    if count > 0 && !buf.is_null() {
        let length = text.len().min(count.saturating_sub(1));
        // SAFETY: the caller's promise; the length is below the count.
        unsafe { ptr::copy_nonoverlapping(text.as_ptr(), buf.cast(), length) };
        // SAFETY: as above.
        unsafe { buf.wrapping_add(length).write(0) };
    }
    text.len()
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn vdev_string(
    buf: *mut c_char,
    count: usize,
    vdp: *const vdev_t,
) -> c_int {
    let text = slots::text(vdp).map_or_else(String::new, |name| {
        // SAFETY: it is a vdev.
        name_and_place(&name, unsafe { (*vdp).v_block })
    });
    // SAFETY: the caller's promise.
    let length = unsafe { put(&text, buf, count) };
    c_int::try_from(length).unwrap_or(c_int::MAX)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn vdev_path(
    buf: *mut c_char,
    count: usize,
    vdp: *const vdev_t,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { vdev_string(buf, count, vdp) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_intr_string(
    gip: *const guest_intr,
    buf: *mut c_char,
    buf_len: usize,
) -> usize {
    // SAFETY: an interrupt, or NULL.
    let text = unsafe { gip.as_ref() }.and_then(interrupt::text).unwrap_or_default();
    // SAFETY: the caller's promise.
    let length = unsafe { put(&text, buf, buf_len) };
    drop(text);
    ending::go_on();
    length
}

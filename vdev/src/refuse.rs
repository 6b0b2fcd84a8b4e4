//! An access is refused: it is counted, and logged if the host asks for that.

#![allow(unsafe_code)]

use crate::bounded::so_far;
use crate::refusals::{Reason, describe};
use crate::shared::Shared;
use crate::{log, slots};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr;
use gasp_abi::{
    GASP_REASON_ABSENT, GASP_REASON_DECLINED, GASP_REASON_HELD, GASP_REASON_NO_RIGHT,
    GASP_REASON_TRAPPED_FETCH, GASP_REASON_VANISHED, GASP_VDEVS_LOG_REFUSED, gasp_cpu, gasp_holder,
    gasp_trap, guest_system,
};

/// Counts a refusal, and logs it if the host wants that.
#[cold]
pub(crate) fn refuse(shared: &Shared, access: &gasp_trap, reason: Reason) {
    let vdev = if slots::is_vdev(access.vdev) { access.vdev } else { ptr::null_mut() };
    shared.refusals.count(vdev.addr(), reason);
    // A wrong answer ends the guest, with a line of its own.
    if !shared.host.has(GASP_VDEVS_LOG_REFUSED) || reason == Reason::WrongAnswer {
        return;
    }
    if let Some(count) = shared.refusals.lines.count((vdev.addr(), reason)) {
        let name = |vdev| slots::text(ptr::without_provenance(vdev));
        let (what, why) = (describe(access), reason.text(access, name));
        log::warn(&shared.host, vdev, &format!("{what} is refused: {why}{}", so_far(count)));
    }
}

/// Looks on at the unsupported accesses of this guest until [`look_away`]; returns an error number.
/// `shared` lives until then.
pub(crate) fn look_on(shared: &Shared) -> c_int {
    let arg = ptr::from_ref(shared).cast_mut().cast();
    // SAFETY: a handle; any thread can use the argument, which lives, as required above.
    unsafe { gasp_abi::gasp_guest_set_unsupported_handler(guest(shared), Some(unsupported), arg) }
}

/// Looks on no more, when the accesses under way have ended.
pub(crate) fn look_away(shared: &Shared) {
    let none = ptr::null_mut();
    // SAFETY: libgasp recognises handles of destroyed guests, of which no access is left.
    unsafe { gasp_abi::gasp_guest_set_unsupported_handler(guest(shared), None, none) };
}

fn guest(shared: &Shared) -> *mut guest_system {
    ptr::with_exposed_provenance_mut(shared.guest)
}

/// The handler.
unsafe extern "C" fn unsupported(
    arg: *mut c_void,
    _: *mut gasp_cpu,
    access: *const gasp_trap,
    reason: c_uint,
) {
    // SAFETY: what `look_on` registered.
    let shared = unsafe { &*arg.cast::<Shared>() };
    // SAFETY: libgasp's, valid during this call.
    let access = unsafe { &*access };
    let reason = match reason {
        GASP_REASON_ABSENT => Reason::Absent,
        GASP_REASON_NO_RIGHT => Reason::NoRight,
        GASP_REASON_TRAPPED_FETCH => Reason::Fetch,
        GASP_REASON_VANISHED => Reason::Vanished,
        GASP_REASON_DECLINED if slots::is_vdev(access.vdev) => declined(access),
        GASP_REASON_HELD => held(shared, access),
        _ => Reason::NoVdev,
    };
    refuse(shared, access, reason);
}

/// Who holds the lock for which an access has waited too long.
fn held(shared: &Shared, access: &gasp_trap) -> Reason {
    let mut holder = gasp_holder { vdev: ptr::null_mut(), thread: 0 };
    let space = c_uint::from(access.r#type);
    // SAFETY: a handle; the holder can be written. If the lock is free by now, it stays as it is.
    unsafe { gasp_abi::gasp_guest_lock_holder(guest(shared), space, &raw mut holder) };
    Reason::Held { thread: holder.thread, vdev: holder.vdev.addr() }
}

/// Why the trap handler has not called a vdev.
fn declined(access: &gasp_trap) -> Reason {
    // SAFETY: a vdev; they live until the handler is removed.
    let factory = unsafe { (*access.vdev).v_factory };
    // SAFETY: factories live as long as the process.
    let sizes = unsafe { (*factory).acc_sizes };
    if takes(sizes, access.length) { Reason::NoFunction } else { Reason::Size }
}

/// Whether a vdev with these `acc_sizes` takes accesses of this many bytes.
#[inline]
pub(crate) fn takes(sizes: c_uint, length: usize) -> bool {
    let is_known = |length| sizes == 0 || sizes.checked_shr(length).unwrap_or(0) & 1 != 0;
    u32::try_from(length).is_ok_and(is_known)
}

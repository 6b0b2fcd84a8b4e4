//! `<qvm/guest.h>`: interrupts.

use super::write::{end, host};
use crate::{acting, events, interrupt, log};
use core::ffi::{c_int, c_uint};
use gasp_abi::{
    any_guest_intr_assign_type, any_guest_intr_notifications, any_guest_intr_state, guest_intr,
    vdev_t,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_intr_signal(
    intr: *const guest_intr,
    state: any_guest_intr_state,
) -> c_int {
    // SAFETY: an interrupt, or NULL.
    unsafe { intr.as_ref() }.map_or(libc::EINVAL, |intr| interrupt::signal(intr, state))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_intr_assign(
    pic: *mut vdev_t,
    pnum: c_uint,
    r#type: any_guest_intr_assign_type,
    ip: *mut guest_intr,
) {
    match interrupt::assign(pic, pnum, r#type) {
        Ok(intr) if !ip.is_null() => {
            // SAFETY: the caller's promise.
            unsafe { ip.write(intr) };
        }
        Ok(_) => {}
        Err(why) => {
            end(&format!("guest_intr_assign: {why}"));
        }
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_intr_notify(
    vdp: *const vdev_t,
    param: c_uint,
    gin: any_guest_intr_notifications,
) {
    if !events::tell_of_interrupt(vdp.cast_mut(), param, gin) {
        let vdev = acting::vdev();
        log::error(&host(vdev), vdev, "guest_intr_notify: vdp is no interrupt controller");
    }
}

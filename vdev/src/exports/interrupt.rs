//! `<qvm/guest.h>`: interrupts.

use super::write::{error, host};
use crate::msi::Claim;
use crate::{acting, events, interrupt, log, slots};
use core::ffi::{c_int, c_uint};
use core::ptr;
use gasp_abi::{
    any_guest_intr_assign_type, any_guest_intr_notifications, any_guest_intr_state, guest_intr,
    guest_msi_deliver_func_t, vdev_t,
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
    let assigned = interrupt::assign(pic, pnum, r#type);
    match assigned.map_err(|why| error(format!("guest_intr_assign: {why}"))) {
        Ok(intr) if !ip.is_null() => {
            // SAFETY: the caller's promise.
            unsafe { ip.write(intr) };
        }
        Ok(_) => {}
        Err(end) => end.now(),
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

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_msi_signal(
    src: *const vdev_t,
    addr: u64,
    data: c_uint,
) -> c_int {
    events::send_message(src, addr, data)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_msi_register(
    pic: *mut vdev_t,
    paddr: u64,
    mask: u64,
    deliver: guest_msi_deliver_func_t,
    cookie: c_uint,
) {
    let claim =
        Claim { controller: pic.expose_provenance(), address: paddr, mask, deliver, cookie };
    let claimed = claim_messages(pic, claim);
    if let Err(end) = claimed.map_err(|why| error(format!("guest_msi_register: {why}"))) {
        end.now();
    }
}

/// Makes a claim of a vdev's, or says why it cannot be made.
fn claim_messages(pic: *mut vdev_t, claim: Claim) -> Result<(), String> {
    let Claim { address, mask, deliver, .. } = claim;
    let shared = slots::shared(pic).ok_or("it is no vdev")?;
    if shared.has_started() {
        return Err("the guest has started, and messages are claimed before".into());
    }
    if deliver.is_none() {
        return Err("there is no function to deliver messages".into());
    }
    if address & !mask != 0 {
        return Err(format!("no address is {address:#x} under the mask {mask:#x}"));
    }
    if let Some(earlier) = shared.claims.add(claim) {
        let earlier = slots::text(ptr::with_exposed_provenance(earlier)).unwrap_or_default();
        let text = format!("{earlier} keeps its messages for {address:#x} (mask {mask:#x})");
        log::warn(&shared.host, pic, &text);
    }
    Ok(())
}

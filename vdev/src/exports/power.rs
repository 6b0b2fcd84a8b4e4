//! `<qvm/guest.h>`: the power state of the guest's vCPUs.

use super::write::{error, host};
use crate::power::{Power, Wish};
use crate::shared::Shared;
use crate::{acting, log};
use core::ffi::{c_int, c_uint, c_void};
use core::{ptr, slice};
use gasp_abi::{
    any_guest_power_state_cmd, guest_power_state_callback_func_t, guest_power_state_notify,
    guest_system,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_power_state_current(
    gsp: *mut guest_system,
    cmd: any_guest_power_state_cmd,
    base: c_uint,
    nresult: c_uint,
    result: *mut u64,
) -> c_int {
    let Some(shared) = Shared::of_guest(gsp.addr()) else { return -libc::EINVAL };
    if base != 0 || !Power::is_command(cmd) || result.is_null() {
        return -libc::EINVAL;
    }
    // SAFETY: the caller's promise.
    let words = unsafe { slice::from_raw_parts_mut(result, nresult as usize) };
    let count = shared.power.current(cmd, words);
    count.map_or(-libc::ENOENT, |count| c_int::try_from(count).unwrap_or(c_int::MAX))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_power_state_notify_create(
    gsp: *mut guest_system,
) -> *mut guest_power_state_notify {
    // A handle is never followed.
    let handle = Shared::of_guest(gsp.addr()).map_or(0, |shared| shared.power.create());
    ptr::without_provenance_mut(handle)
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_power_state_notify_delete(
    qpnp: *mut guest_power_state_notify,
) {
    let handle = qpnp.addr();
    if handle != 0 && !Shared::any(|shared| shared.power.delete(handle)) {
        let vdev = acting::vdev();
        let text = "guest_power_state_notify_delete: there is no such notification";
        log::error(&host(vdev), vdev, text);
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_power_state_notify_register(
    qpnp: *mut guest_power_state_notify,
    cmd: any_guest_power_state_cmd,
    base: c_uint,
    mask: u64,
    bits: u64,
    func: guest_power_state_callback_func_t,
    data: *mut c_void,
) {
    let (data, vdev) = (data.expose_provenance(), acting::vdev().addr());
    let wish = Wish { command: cmd, mask, bits, function: func, data, vdev };
    let is_good = base == 0 && func.is_some() && Power::is_command(cmd);
    if !is_good || !Shared::any(|shared| shared.power.register(qpnp.addr(), wish)) {
        let why = "guest_power_state_notify_register: no such notification, no function, or \
                   another base or cmd than there is";
        error(why.into()).now();
    }
}

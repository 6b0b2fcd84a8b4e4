//! `<qvm/guest.h>`: instructions.

use crate::instructions::Handler;
use crate::slots;
use core::ffi::{c_int, c_uint};
use gasp_abi::{any_guest_instr_type, guest_instr_callback_func_t, vdev_t};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_instr_register(
    vdp: *mut vdev_t,
    git: any_guest_instr_type,
    qualifier: c_uint,
    func: guest_instr_callback_func_t,
) -> c_int {
    let Some(shared) = slots::shared(vdp).filter(|_| func.is_some()) else { return libc::EINVAL };
    if shared.has_started() {
        return libc::EPERM;
    }
    let vdev = vdp.expose_provenance();
    shared.instructions.add(Handler { vdev, instruction: git, qualifier, function: func });
    0
}

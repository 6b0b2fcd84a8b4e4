//! Accesses that trap: libgasp's trap handler calls a vdev's vread or vwrite.

#![allow(unsafe_code)]

use super::cpu::{self, GuestCpu};
use super::shared::Shared;
use crate::exit;
use crate::log;
use core::ffi::{c_int, c_void};
use core::{ptr, slice};
use gasp_abi::{
    any_vdev_ref_status, gasp_cpu, gasp_trap, guest_system, qvm_state_block,
    qvm_state_types as qst, vdev_ref_status as vrs,
};
use gasp_safe::{AccessKind, Error, Guest, Unsupported};
use std::sync::Arc;

/// Registers the trap handler of this guest. `shared` has to live until [`let_go`].
pub(super) fn handle_accesses(shared: &Arc<Shared>, guest: &Guest) -> Result<(), Error> {
    if !shared.belong_to(guest.handle().expose_provenance()) {
        return Ok(());
    }
    let arg = Arc::as_ptr(shared).cast_mut().cast();
    // SAFETY: any thread can use the argument; it lives, as required above.
    unsafe { guest.set_trap_handler(Some(handle), arg) }
}

/// Removes the trap handler, and waits for the calls that are under way. If nobody can tell when
/// they have ended, the process ends: what they use is about to go.
pub(super) fn let_go(shared: &Shared) {
    let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest());
    if guest.is_null() {
        return;
    }
    // SAFETY: a handle; libgasp recognises handles of destroyed guests.
    let _ = unsafe { gasp_abi::gasp_guest_set_trap_handler(guest, None, ptr::null_mut()) };
    // SAFETY: as above.
    match unsafe { gasp_abi::gasp_guest_synchronize(guest) } {
        // EINVAL: the guest is gone, and its accesses with it.
        0 | libc::EINVAL => {}
        errno => {
            let reason = std::io::Error::from_raw_os_error(errno);
            log::error("", &format!("cannot wait for accesses to vdevs: {reason}"));
            exit::now(exit::AFTER)
        }
    }
}

/// The trap handler.
unsafe extern "C" fn handle(_: *mut c_void, _: *mut gasp_cpu, trap: *const gasp_trap) -> c_int {
    let current = cpu::current();
    // SAFETY: the vCPU of this thread, which is inside an access.
    let Some(cpu) = (unsafe { current.as_ref() }) else {
        log::error("", "an access by a thread that is no vCPU's");
        return libc::EPERM;
    };
    // SAFETY: libgasp's trap, valid during this call.
    let trap = unsafe { &*trap };
    // SAFETY: as above.
    match unsafe { reference(cpu, trap) } {
        Some(answer) => result(cpu, trap, answer),
        // SAFETY: as above.
        None => unsafe { unsupported(cpu, trap) },
    }
}

/// Calls the vdev; `None` if it has no function for this access.
///
/// # Safety
/// libgasp's trap.
unsafe fn reference(cpu: &GuestCpu, trap: &gasp_trap) -> Option<any_vdev_ref_status> {
    let vdev = trap.vdev;
    let counter = match cpu.hits.find(vdev.addr(), trap.cookie) {
        Some(counter) => counter,
        None if cpu.shared.knows(vdev.addr()) => cpu.hits.add(vdev.addr(), trap.cookie),
        None => return None,
    };
    let is_read = is_read(trap);
    counter.count(is_read);
    // SAFETY: it was one of this guest's vdevs when its counter was made; they live until `let_go`.
    let factory = unsafe { (*vdev).v_factory };
    // SAFETY: factories live as long as the process.
    let factory = unsafe { &*factory };
    let length = u32::try_from(trap.length).ok()?;
    let sizes = factory.acc_sizes;
    if sizes != 0 && sizes.checked_shr(length).unwrap_or(0) & 1 == 0 {
        return None;
    }
    let call = if is_read { factory.vread? } else { factory.vwrite? };
    let touched =
        qvm_state_block { location: trap.location, length, r#type: trap.r#type, flags: 0 };
    let other = qvm_state_block {
        location: trap.data.expose_provenance() as u64,
        length,
        r#type: qst::QST_HOST as u16,
        flags: 0,
    };
    let cpu = ptr::from_ref(cpu).cast_mut().cast();
    // SAFETY: the plugin's function, with its vdev and operands that are valid during the call.
    Some(unsafe { call(vdev, trap.cookie, &raw const touched, &raw const other, cpu) })
}

fn is_read(trap: &gasp_trap) -> bool {
    u32::from(trap.kind) == AccessKind::Read as u32
}

/// The error number for the answer of a vdev.
fn result(cpu: &GuestCpu, trap: &gasp_trap, answer: any_vdev_ref_status) -> c_int {
    let is = |known: vrs| answer == known as u32;
    match answer.checked_sub(vrs::VRS_ERRNO as u32) {
        // Error numbers are far below 2^31.
        Some(errno @ 1..) => return c_int::try_from(errno).unwrap_or(libc::EIO),
        _ if is(vrs::VRS_NORMAL) || is(vrs::VRS_NO_ADVANCE) => {}
        _ if is(vrs::VRS_BUS_ERROR) => return libc::EFAULT,
        _ if is(vrs::VRS_TERMINATE) => end(cpu, trap, exit::VDEV, "ends the guest (VRS_TERMINATE)"),
        _ => end(cpu, trap, exit::VDEV, &format!("answered {answer}, which is no VRS_*")),
    }
    0
}

/// Handles an access that no vdev handles, as the policy says.
///
/// # Safety
/// libgasp's trap.
unsafe fn unsupported(cpu: &GuestCpu, trap: &gasp_trap) -> c_int {
    match cpu.shared.unsupported() {
        Unsupported::Fail => return libc::EFAULT,
        Unsupported::Abort => end(cpu, trap, exit::UNSUPPORTED, "does not handle this access"),
        Unsupported::Ignore => {}
    }
    if is_read(trap) {
        // SAFETY: the data of a read can be written.
        unsafe { slice::from_raw_parts_mut(trap.data.cast::<u8>(), trap.length) }.fill(0xff);
    }
    0
}

/// Ends the guest and logs the reason.
fn end(cpu: &GuestCpu, trap: &gasp_trap, code: u8, why: &str) {
    let name = cpu.shared.name_of(trap.vdev.addr()).unwrap_or_default();
    let verb = if is_read(trap) { "read" } else { "write" };
    let GuestCpu { number, .. } = cpu;
    let gasp_trap { length, location, .. } = trap;
    log::error(
        &name,
        &format!("{why}: a {verb} of {length} bytes at {location:#x} by vCPU {number}"),
    );
    match cpu.shared.platform() {
        Some(platform) => platform.terminate(code),
        None => exit::now(super::shared::fatal_code()),
    }
}

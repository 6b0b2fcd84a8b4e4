//! Accesses that trap: libgasp's trap handler calls a vdev's vread or vwrite.

#![allow(unsafe_code)]

use super::acting::{GuestCpu, Mark};
use super::call::Callback;
use super::refusals::{Reason, describe};
use super::shared::Shared;
use super::slots;
use super::{fatal, log, refuse, watch};
use core::ffi::{c_int, c_void};
use core::ptr;
use gasp_abi::{
    GASP_CPUREG_INSTRUCTION, GASP_TRAP_UNSUPPORTED, any_vdev_ref_status, gasp_cpu, gasp_trap,
    guest_system, qvm_state_block, qvm_state_types as qst, vdev_ref_status as vrs,
};
use gasp_safe::{AccessKind, Error, Guest};
use std::sync::Arc;

/// Registers the trap handler of this guest. `shared` has to live until [`let_go`].
pub(crate) fn handle_accesses(shared: &Arc<Shared>, guest: &Guest) -> Result<(), Error> {
    let arg = Arc::as_ptr(shared).cast_mut().cast();
    match refuse::look_on(shared) {
        // SAFETY: any thread can use the argument; it lives, as required above.
        0 if watch::is_on(shared) => unsafe { guest.set_trap_handler(Some(handle::<true>), arg) },
        // SAFETY: as above.
        0 => unsafe { guest.set_trap_handler(Some(handle::<false>), arg) },
        errno => Err(Error { errno, message: "the accesses cannot be watched".into() }),
    }
}

/// Removes the trap handler, and waits for the calls that are under way. If nobody can tell when
/// they have ended, the process ends: what they use is about to go.
pub(crate) fn let_go(shared: &Shared) {
    let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest);
    // SAFETY: a handle; libgasp recognises handles of destroyed guests.
    let _ = unsafe { gasp_abi::gasp_guest_set_trap_handler(guest, None, ptr::null_mut()) };
    refuse::look_away(shared);
    // SAFETY: as above.
    match unsafe { gasp_abi::gasp_guest_synchronize(guest) } {
        // EINVAL: the guest is gone, and its accesses with it.
        0 | libc::EINVAL => {}
        errno => {
            let reason = std::io::Error::from_raw_os_error(errno);
            log::error(
                &shared.host,
                ptr::null(),
                &format!("cannot wait for accesses to vdevs: {reason}"),
            );
            // The host's function is not called, because it could leave.
            std::process::exit(fatal::AFTER.into())
        }
    }
}

/// The trap handler, with or without a watch of the calls: what nobody asked for costs nothing.
unsafe extern "C" fn handle<const WATCHED: bool>(
    arg: *mut c_void,
    cpu: *mut gasp_cpu,
    trap: *const gasp_trap,
) -> c_int {
    // SAFETY: what `handle_accesses` registered.
    let shared = unsafe { &*arg.cast::<Shared>() };
    // SAFETY: libgasp's trap, valid during this call.
    let trap = unsafe { &*trap };
    let call = Call { shared, cpu: GuestCpu { cpu }, trap };
    // SAFETY: as above.
    match unsafe { call.reference::<WATCHED>() } {
        Some(answer) if answer == vrs::VRS_NORMAL as u32 => 0,
        Some(answer) => call.result(answer),
        None => GASP_TRAP_UNSUPPORTED,
    }
}

/// An access of a vCPU that traps.
struct Call<'a> {
    shared: &'a Shared,
    cpu: GuestCpu,
    trap: &'a gasp_trap,
}

impl Call<'_> {
    /// Calls the vdev; `None` if there is none, or if it has no function for this access.
    ///
    /// # Safety
    /// libgasp's trap.
    #[inline]
    unsafe fn reference<const WATCHED: bool>(&self) -> Option<any_vdev_ref_status> {
        let &gasp_trap { vdev, cookie, .. } = self.trap;
        if !slots::is_vdev(vdev) {
            return None;
        }
        let length = u32::try_from(self.trap.length).ok()?;
        // SAFETY: it is a vdev; they live until `let_go`.
        let factory = unsafe { (*vdev).v_factory };
        // SAFETY: factories live as long as the process.
        let factory = unsafe { &*factory };
        if !refuse::takes(factory.acc_sizes, self.trap.length) {
            return None;
        }
        let call = if self.is_read() { factory.vread? } else { factory.vwrite? };
        if let Some(hits) = &self.shared.hits {
            hits.count(vdev.addr(), cookie, self.is_read());
        }
        let block = |location, r#type| qvm_state_block { location, length, r#type, flags: 0 };
        let touched = block(self.trap.location, self.trap.r#type);
        let other = block(self.trap.data.expose_provenance() as u64, qst::QST_HOST as u16);
        let gcp = self.cpu.pointer();
        let mark = Mark::set(vdev, &self.cpu);
        // SAFETY: the plugin's function, with its vdev and operands that are valid during the call.
        let run = || unsafe { call(vdev, cookie, &raw const touched, &raw const other, gcp) };
        let answer = if WATCHED { self.watched(run) } else { run() };
        mark.remove();
        Some(answer)
    }

    fn watched(&self, run: impl FnOnce() -> any_vdev_ref_status) -> any_vdev_ref_status {
        let callback = if self.is_read() { Callback::Read } else { Callback::Write };
        let gasp_trap { location, length, vdev, .. } = *self.trap;
        watch::around(
            self.shared,
            &watch::call(self.shared, vdev, callback, (location, length)),
            run,
        )
    }

    fn is_read(&self) -> bool {
        u32::from(self.trap.kind) == AccessKind::Read as u32
    }

    /// The error number for the answer of a vdev.
    #[cold]
    fn result(&self, answer: any_vdev_ref_status) -> c_int {
        let is = |known: vrs| answer == known as u32;
        match answer.checked_sub(vrs::VRS_ERRNO as u32) {
            // Error numbers are far below 2^31.
            Some(errno @ 1..) => {
                self.refuse(Reason::Error(errno));
                return c_int::try_from(errno).unwrap_or(libc::EIO);
            }
            _ if is(vrs::VRS_NORMAL) || is(vrs::VRS_NO_ADVANCE) => {}
            _ if is(vrs::VRS_BUS_ERROR) => {
                self.refuse(Reason::BusError);
                return libc::EFAULT;
            }
            _ if is(vrs::VRS_TERMINATE) => self.end("ends the guest (VRS_TERMINATE)".into()),
            _ => {
                self.refuse(Reason::WrongAnswer);
                self.end(format!("answered {answer}, which is no VRS_*"));
            }
        }
        0
    }

    fn refuse(&self, reason: Reason) {
        refuse::refuse(self.shared, self.trap, reason);
    }

    /// Ends the guest and logs the reason.
    fn end(&self, why: String) {
        self.log(why);
        // It may not return, so all else has been dropped.
        if let Some(end) = self.shared.terminate(fatal::VDEV) {
            end.now();
        }
    }

    /// Logs what a vdev has answered.
    fn log(&self, why: String) {
        let cpu = self.shared.number(self.cpu.cpu.addr());
        let by = cpu.map_or_else(String::new, |number| format!(" by vCPU {number}"));
        let at = self.instruction().map_or_else(String::new, |at| format!(", instruction {at:#x}"));
        let text = format!("{why}: {}{by}{at}", describe(self.trap));
        log::error(&self.shared.host, self.trap.vdev, &text);
    }

    /// The instruction pointer of the vCPU, if the host knows it.
    fn instruction(&self) -> Option<u64> {
        let mut value = 0_u64;
        let block = qvm_state_block {
            location: GASP_CPUREG_INSTRUCTION,
            length: u64::BITS / u8::BITS,
            r#type: qst::QST_CPUREGS as u16,
            flags: 0,
        };
        let data = (&raw mut value).cast();
        // SAFETY: the block has the length of the value.
        let code = unsafe { self.shared.host.register(self.cpu.cpu, &block, data, false) };
        (code == 0).then_some(value)
    }
}

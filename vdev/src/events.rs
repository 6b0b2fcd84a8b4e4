//! What a host asks of the vdevs of a guest, and tells them, beside the steps of their life.

#![allow(unsafe_code)]

use super::acting::GuestCpu;
use super::call::Callback;
use super::controller::Controller;
use super::failure::Failure;
use super::set::Vdevs;
use super::watches::Watch;
use super::{calling, ending, fatal, power, slots};
use core::ffi::{c_int, c_void};
use core::ptr;
use gasp_abi::{
    any_guest_instr_type, any_guest_intr_notifications, any_guest_table_spec_component,
    any_vdev_ref_status, gasp_cpu, gasp_intr_function_t, guest_intr,
    guest_intr_notifications as gin, guest_power_state_cmd as gpsc, vdev_ref_status as vrs, vdev_t,
};
use std::sync::Arc;

/// All events of an input.
const EVENTS: any_guest_intr_notifications = gin::GIN_UNMASK as u32 | gin::GIN_ACK as u32;
/// All bits of a vCPU's power state.
const POWER: u32 = gpsc::GPSC_WAIT as u32 | gpsc::GPSC_OFF as u32;
/// The answer of a vdev that leaves an instruction to others.
const PASSED_ON: any_vdev_ref_status = vrs::VRS_CONTINUE as u32;

impl Vdevs {
    /// The controller of an interrupt.
    fn controller(&self, intr: &guest_intr) -> Result<Controller, Failure> {
        let is_ours = slots::shared(intr.pic).is_some_and(|of| Arc::ptr_eq(&of, &self.shared));
        Controller::of(intr.pic)
            .filter(|_| is_ours)
            .ok_or_else(|| Failure::new(libc::EINVAL, "gip->pic is no controller of this set"))
    }

    /// Has a function called when the guest does something with an interrupt.
    pub(crate) fn watch(
        &self,
        intr: &guest_intr,
        events: any_guest_intr_notifications,
        function: gasp_intr_function_t,
        arg: *mut c_void,
    ) -> Result<(), Failure> {
        let controller = self.controller(intr)?;
        if events & !EVENTS != 0 || events != 0 && function.is_none() {
            return Err(Failure::new(libc::EINVAL, "gin has an unknown bit, or function is NULL"));
        }
        let watch = Watch {
            controller: intr.pic.expose_provenance(),
            param: intr.param,
            src_id: intr.src_id,
            input: intr.param & controller.mask(),
            events,
            function,
            arg: arg.expose_provenance(),
        };
        // Before the controller is told: it may answer at once.
        self.shared.watches.set(watch);
        if controller.notify(intr, events) {
            return Ok(());
        }
        self.shared.watches.set(Watch { events: 0, ..watch });
        Err(Failure::new(libc::ENOTSUP, "the controller has no notify function"))
    }

    /// Sets the power state of a vCPU, and tells the vdevs that want to know.
    pub(crate) fn set_power(&self, number: u32, state: u32) -> Result<(), Failure> {
        if number >= power::CPUS || state & !POWER != 0 {
            return Err(Failure::new(
                libc::EINVAL,
                "number is above 4,095, or state has other bits",
            ));
        }
        for wish in self.shared.power.set(number, state) {
            let Some(function) = wish.function else { continue };
            let vdev = ptr::with_exposed_provenance(wish.vdev);
            // SAFETY: the function of a vdev, with its data.
            let run = || unsafe { function(ptr::with_exposed_provenance_mut(wish.data)) };
            let called = (Callback::Power, number.into());
            if calling::make_within(&self.shared, vdev, called, run).is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Asks the vdevs that registered for an instruction, in order, until one does not pass it on.
    /// VRS_CONTINUE: all passed it on.
    pub(crate) fn instruction(
        &self,
        cpu: *mut gasp_cpu,
        instruction: any_guest_instr_type,
        qualifier: u32,
    ) -> any_vdev_ref_status {
        let cpu = GuestCpu { cpu };
        for handler in self.shared.instructions.of(instruction, qualifier) {
            let Some(function) = handler.function else { continue };
            let (vdev, gcp) = (ptr::with_exposed_provenance_mut(handler.vdev), cpu.pointer());
            // SAFETY: the function of a vdev, which forgets it when it goes.
            let run = || unsafe { function(vdev, gcp, instruction, qualifier) };
            let called = (Callback::Instruction, instruction.into());
            let Some(answer) = calling::make(&self.shared, (vdev, &cpu), called, run) else {
                break;
            };
            if answer == vrs::VRS_TERMINATE as u32 {
                if let Some(end) = self.shared.terminate(fatal::VDEV) {
                    end.later();
                }
            }
            if answer != PASSED_ON {
                return answer;
            }
        }
        PASSED_ON
    }

    /// Writes an interrupt as a table for the guest has it. Returns the number of bytes.
    ///
    /// # Safety
    /// `room` bytes can be written.
    pub(crate) unsafe fn table_spec(
        &self,
        intr: &guest_intr,
        component: any_guest_table_spec_component,
        (bytes, room): (*mut c_void, usize),
    ) -> Result<usize, Failure> {
        let controller = self.controller(intr)?;
        // SAFETY: the caller's promise.
        let written = unsafe { controller.table_spec(intr, component, (bytes, room)) };
        let none = || Failure::new(libc::ENOTSUP, "the controller has no table_spec function");
        let written = written.ok_or_else(none)?;
        usize::try_from(written).map_err(|_| {
            let errno = i32::try_from(written.unsigned_abs()).unwrap_or(libc::EIO);
            Failure::new(errno, "the controller cannot describe the interrupt")
        })
    }
}

/// The guest has done something with an input: tells the host, if it has asked for that. False: it
/// is no controller.
pub(crate) fn tell_of_interrupt(
    vdev: *mut vdev_t,
    param: u32,
    events: any_guest_intr_notifications,
) -> bool {
    let (Some(shared), Some(controller)) = (slots::shared(vdev), Controller::of(vdev)) else {
        return false;
    };
    let watch = shared.watches.find(vdev.addr(), param & controller.mask(), events);
    // The host's function need not return.
    drop(shared);
    if let Some((watch, function)) = watch.and_then(|watch| Some((watch, watch.function?))) {
        let arg = ptr::with_exposed_provenance_mut(watch.arg);
        let intr = watch.interrupt();
        // SAFETY: the host's function, with its argument.
        unsafe { function(arg, &raw const intr, watch.events & events) };
    }
    true
}

/// Sends a message to the controller that claims it, else to the host. Returns an error number for
/// C.
pub(crate) fn send_message(source: *const vdev_t, address: u64, data: u32) -> c_int {
    let Some(shared) = slots::shared(source) else { return libc::EINVAL };
    if !shared.has_started() {
        return libc::EAGAIN;
    }
    let claim = shared.claims.find(address);
    let Some((claim, deliver)) = claim.and_then(|claim| Some((claim, claim.deliver?))) else {
        let host = shared.host.functions;
        // As below.
        drop(shared);
        return host.message(address, data);
    };
    let controller = ptr::with_exposed_provenance_mut(claim.controller);
    // SAFETY: the function of a controller, which forgets it when it goes.
    let run = || unsafe { deliver(controller, source, address, data, claim.cookie) };
    calling::make_within(&shared, controller, (Callback::Deliver, address), run);
    // If the controller was left, this does not return, either.
    drop(shared);
    ending::go_on();
    0
}

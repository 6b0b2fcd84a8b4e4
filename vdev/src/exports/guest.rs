//! `<qvm/guest.h>`: timers and the end of the guest.

use super::write::{error, host};
use crate::clock::{Moment, RESOLUTION, times};
use crate::shared::Shared;
use crate::timer::GuestTimer;
use crate::{acting, fatal, log, slots};
use core::ffi::{c_int, c_void};
use core::ptr;
use gasp_abi::{
    GTC_MAX, guest_cpu, guest_system, guest_termination_cause_t, guest_timer, guest_timer_data,
    vdev_t,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_create(
    gcp: *const guest_cpu,
    vdp: *const vdev_t,
    data: *const c_void,
    resolutionp: *mut u64,
) -> *mut guest_timer {
    // SAFETY: the caller's promise.
    let made = unsafe { new_timer(gcp, vdp, data) };
    // SAFETY: a number, or NULL.
    let Some(resolution) = (unsafe { resolutionp.as_mut() }) else { return ptr::null_mut() };
    let (timer, number) = match made {
        Ok(timer) => (timer.cast_mut().cast(), RESOLUTION),
        Err(errno) => (ptr::null_mut(), errno.unsigned_abs().into()),
    };
    *resolution = number;
    timer
}

/// # Safety
/// As for [`guest_timer_create`].
unsafe fn new_timer(
    gcp: *const guest_cpu,
    vdev: *const vdev_t,
    data: *const c_void,
) -> Result<*const GuestTimer, c_int> {
    let shared = slots::shared(vdev).ok_or(libc::EINVAL)?;
    if !gcp.is_null() {
        return Err(libc::ENOTSUP);
    }
    if shared.has_started() {
        return Err(libc::EPERM);
    }
    // SAFETY: it is a vdev.
    let factory = unsafe { (*vdev).v_factory };
    // SAFETY: a vdev's factory.
    let can_expire = unsafe { factory.as_ref() }.is_some_and(|factory| factory.timer.is_some());
    Ok(shared.timers.add(vdev.expose_provenance(), data.expose_provenance(), can_expire))
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_notify(
    vtp: *mut guest_timer,
    tdp: *const guest_timer_data,
    incr: u64,
) -> c_int {
    // SAFETY: the caller's promise.
    let timer = unsafe { vtp.cast::<GuestTimer>().as_ref() };
    // SAFETY: as above.
    let told = unsafe { tdp.as_ref() }.copied();
    match timer.filter(|timer| timer.can_expire).and_then(GuestTimer::find) {
        Some((timers, index)) => {
            timers.set(index, told, incr);
            0
        }
        None => libc::EINVAL,
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_state(
    vtp: *const guest_timer,
    tdp: *mut guest_timer_data,
) {
    // SAFETY: the caller's promise.
    let timer = unsafe { vtp.cast::<GuestTimer>().as_ref() };
    let state = match timer.and_then(GuestTimer::find) {
        Some((timers, index)) => times(timers.start(index), timers.clock.now()),
        None => times(Moment::default(), Moment::default()),
    };
    if !tdp.is_null() {
        // SAFETY: the caller's promise.
        unsafe { tdp.write(state) };
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_terminate(
    gsp: *mut guest_system,
    cause: guest_termination_cause_t,
) {
    let code = match u8::try_from(cause) {
        Ok(code) if cause <= GTC_MAX => code,
        _ => fatal::VDEV,
    };
    let found = Shared::of_guest(gsp.addr());
    match found.map(|shared| (shared.host.functions, shared.has_started())) {
        Some((host, true)) => {
            if !host.terminate(code) {
                cannot_terminate(cause);
            }
        }
        Some(_) => error(format!("ended the guest before it started (cause {cause})")).now(),
        None => error("guest_terminate: gsp is no guest".into()).now(),
    }
}

fn cannot_terminate(cause: guest_termination_cause_t) {
    let vdev = acting::vdev();
    let text = format!("ends the guest (cause {cause}), but the host cannot");
    log::error(&host(vdev), vdev, &text);
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_write_core_file(gsp: *mut guest_system) -> c_int {
    Shared::of_guest(gsp.addr()).map_or(libc::EINVAL, |shared| shared.host.core_file())
}

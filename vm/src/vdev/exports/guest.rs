//! `<qvm/guest.h>`: interrupts, timers and the end of the guest.

use crate::vdev::interrupt;
use crate::vdev::shared::{Shared, fatal_code};
use crate::vdev::timer::GuestTimer;
use crate::vdev::timer_thread::now;
use crate::{exit, log};
use core::ffi::{c_int, c_void};
use core::ptr;
use gasp_abi::{
    GTC_MAX, any_guest_intr_state, guest_intr, guest_system, guest_termination_cause_t,
    guest_timer, guest_timer_data, vdev_t,
};

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_intr_signal(
    intr: *const guest_intr,
    state: any_guest_intr_state,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { interrupt::signal(intr, state) }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_create(
    vdev: *mut vdev_t,
    data: *mut c_void,
) -> *mut guest_timer {
    // SAFETY: a vdev, or NULL.
    let factory = unsafe { vdev.as_ref() }.map_or(ptr::null(), |vdev| vdev.v_factory);
    // SAFETY: a vdev's factory, or NULL.
    let has_function = unsafe { factory.as_ref() }.is_some_and(|factory| factory.timer.is_some());
    match Shared::of_vdev(vdev.addr()) {
        Some(shared) if has_function => {
            let (vdev, data) = (vdev.expose_provenance(), data.expose_provenance());
            shared.timers.add(vdev, data).cast_mut().cast()
        }
        _ => {
            set_errno(libc::EINVAL);
            ptr::null_mut()
        }
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_notify(timer: *mut guest_timer, when: u64) -> c_int {
    // SAFETY: the caller's promise.
    let timer = unsafe { timer.cast::<GuestTimer>().as_ref() };
    match timer.and_then(GuestTimer::find) {
        Some((timers, index)) => {
            timers.set(index, when);
            0
        }
        None => libc::EINVAL,
    }
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_timer_state(
    timer: *const guest_timer,
    tdp: *mut guest_timer_data,
) -> c_int {
    // SAFETY: the caller's promise.
    let timer = unsafe { timer.cast::<GuestTimer>().as_ref() };
    let (Some((timers, index)), false) = (timer.and_then(GuestTimer::find), tdp.is_null()) else {
        return libc::EINVAL;
    };
    let state = guest_timer_data { when: timers.when(index), now: now() };
    // SAFETY: the caller's promise.
    unsafe { tdp.write(state) };
    0
}

#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn guest_terminate(
    gsp: *mut guest_system,
    cause: guest_termination_cause_t,
) {
    let code = match u8::try_from(cause) {
        Ok(code) if cause <= GTC_MAX => code,
        _ => exit::VDEV,
    };
    let shared = Shared::of_guest(gsp.addr());
    match shared.as_ref().and_then(|shared| shared.platform()) {
        Some(platform) => platform.terminate(code),
        None => {
            log::error("", &format!("a vdev ended the guest before it started (cause {cause})"));
            exit::now(fatal_code());
        }
    }
}

fn set_errno(number: c_int) {
    // SAFETY: always works.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: this thread's errno.
    unsafe { errno.write(number) };
}

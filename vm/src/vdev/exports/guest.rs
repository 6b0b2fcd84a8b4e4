//! `<qvm/guest.h>`: interrupts, timers and the end of the guest.

// cbindgen takes what is `pub`.
#![allow(unreachable_pub)]

use crate::vdev::abi::{
    guest_intr, guest_intr_state, guest_system, guest_termination_cause_t, guest_timer,
    guest_timer_data, vdev_t,
};
use crate::vdev::shared::{Shared, fatal_code};
use crate::vdev::timer_thread::now;
use crate::vdev::{interrupt, log};
use core::ffi::{c_int, c_void};
use core::ptr;
use std::sync::Arc;

/// The last cause of termination.
const LAST_CAUSE: guest_termination_cause_t = 63;
/// The cause that stands for numbers that are none.
const VDEV_ERROR: u8 = 6;

/// Change the state of an interrupt's line. For an edge: GIS_ON, then GIS_OFF.
///
/// intr: mostly &vdev->v_intr. It goes to the signal function of its controller.
///
/// Returns EOK, or an error number: EINVAL NULL, no controller, an input or a state that it does
/// not have; EAGAIN the guest has not started; or what the controller's function returned.
/// Threads: any. Source: QNX 7.0 (name, state); the signature is that of the controller's
/// function; the errors are libgasp's own.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_intr_signal(
    intr: *const guest_intr,
    state: guest_intr_state,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { interrupt::signal(intr, state) }
}

/// Make a timer for a vdev. It is not set yet. It is there as long as the vdev.
///
/// data: handed to the factory's timer function, which is called when the timer expires, after
/// the guest has started and before VDEV_CTRL_TERMINATE, on a thread of its own: one for all
/// timers of the guest.
///
/// Returns the timer, or NULL with errno EINVAL: no vdev, or its factory has no timer function.
/// Threads: any. Source: QNX 7.0 (name); the rest is libgasp's own.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_timer_create(
    vdev: *mut vdev_t,
    data: *mut c_void,
) -> *mut guest_timer {
    // SAFETY: a vdev, or NULL.
    let factory = unsafe { vdev.as_ref() }.map_or(ptr::null(), |vdev| vdev.v_factory);
    // SAFETY: a vdev's factory, or NULL.
    let has_function = unsafe { factory.as_ref() }.is_some_and(|factory| factory.timer.is_some());
    match Shared::of_vdev(vdev.addr()) {
        Some(shared) if has_function => {
            let weak = Arc::downgrade(&shared);
            let (vdev, data) = (vdev.expose_provenance(), data.expose_provenance());
            shared.timers.add(weak, vdev, data).cast_mut()
        }
        _ => {
            set_errno(libc::EINVAL);
            ptr::null_mut()
        }
    }
}

/// Set a timer: when, in nanoseconds of CLOCK_MONOTONIC; a moment that is over is now.
/// GUEST_TIMER_OFF: not at all. The timer function is called once for each setting; one call
/// that has begun already may still come after this function.
///
/// Returns EOK; EINVAL timer is NULL or its vdev is gone. Threads: any, also the timer function.
/// Source: QNX 7.0 (name); the rest is libgasp's own.
///
/// # Safety
/// A timer of guest_timer_create(), whose vdev is there, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_timer_notify(timer: *mut guest_timer, when: u64) -> c_int {
    // SAFETY: the caller's promise.
    let timer = unsafe { timer.as_ref() };
    match timer.and_then(|timer| Some((timer.shared.upgrade()?, timer.index))) {
        Some((shared, index)) => {
            shared.timers.set(index, when);
            0
        }
        None => libc::EINVAL,
    }
}

/// The state of a timer: the moment to which it is set, and this moment.
///
/// Returns EOK; EINVAL NULL, or its vdev is gone (*tdp not written). Threads: any.
/// Source: QNX 7.0 (name); the rest is libgasp's own.
///
/// # Safety
/// A timer of guest_timer_create(), whose vdev is there, or NULL; data that can be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_timer_state(
    timer: *const guest_timer,
    tdp: *mut guest_timer_data,
) -> c_int {
    // SAFETY: the caller's promise.
    let timer = unsafe { timer.as_ref() };
    let found = timer.and_then(|timer| Some((timer.shared.upgrade()?, timer.index)));
    let (Some((shared, index)), false) = (found, tdp.is_null()) else { return libc::EINVAL };
    let state = guest_timer_data { when: shared.timers.when(index), now: now() };
    // SAFETY: the caller's promise.
    unsafe { tdp.write(state) };
    0
}

/// End the guest. The exit code of the process is the cause: GTC_*, or the vdev's own number
/// from GTC_CUSTOM_MIN to GTC_MAX; any other number is GTC_VDEV_ERROR. The first call counts.
///
/// Returns at once; vCPUs leave the guest soon after. Before the guest has started the process
/// ends here, with exit code 64.
/// Threads: any. Source: QNX 7.0 (name, cause); the signature is libgasp's own.
///
/// # Safety
/// As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn guest_terminate(gsp: *mut guest_system, cause: guest_termination_cause_t) {
    let code = match u8::try_from(cause) {
        Ok(code) if cause <= LAST_CAUSE => code,
        _ => VDEV_ERROR,
    };
    let shared = Shared::of_guest(gsp.addr());
    match shared.as_ref().and_then(|shared| shared.platform()) {
        Some(platform) => platform.terminate(code),
        None => {
            log::error("", &format!("a vdev ended the guest before it started (cause {cause})"));
            log::exit(fatal_code());
        }
    }
}

fn set_errno(number: c_int) {
    // SAFETY: always works.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: this thread's errno.
    unsafe { errno.write(number) };
}

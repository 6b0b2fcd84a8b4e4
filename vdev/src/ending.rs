//! Fatal errors of vdevs: how the host's `fatal` is called, which may leave by `longjmp` or end its
//! thread.
//!
//! So nothing of the library may be left to drop between that call and the host. A vdev that is
//! called for an access has only such code below it. What calls a control or a timer function has
//! locks and memory; there the vdev is left (`c/leave.c`), and the call of the host's function waits
//! until the library returns to the host.

#![allow(unsafe_code)]

use crate::acting;
use crate::host::Functions;
use crate::threads;
use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uint, c_void};
use gasp_abi::{guest_cpu, guest_timer_data, vdev_t};

/// The control function of a vdev.
pub(crate) type Control = unsafe extern "C" fn(*mut vdev_t, c_uint, *const c_char) -> c_int;
/// The timer function of a vdev.
pub(crate) type Timer =
    unsafe extern "C" fn(*mut vdev_t, *mut c_void, *const guest_timer_data, *mut guest_cpu);

unsafe extern "C" {
    fn gasp_vdev_private_control(
        control: Control,
        vdev: *mut vdev_t,
        ctrl: c_uint,
        arg: *const c_char,
        answer: *mut c_int,
    ) -> c_int;
    fn gasp_vdev_private_timer(
        timer: Timer,
        vdev: *mut vdev_t,
        data: *mut c_void,
        tdp: *const guest_timer_data,
        gcp: *mut guest_cpu,
    ) -> c_int;
    fn gasp_vdev_private_leave();
}

thread_local! {
    static PENDING: Cell<Option<End>> = const { Cell::new(None) };
}

/// The end of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End {
    pub(crate) host: Functions,
    pub(crate) code: u8,
}

impl End {
    /// Ends the process, or leaves the vdev so that the caller of [`take`] does it. No caller has
    /// anything left
    /// to drop.
    pub(crate) fn now(self) -> ! {
        PENDING.set(Some(self));
        // SAFETY: all between a vdev's call and its function here can be left.
        unsafe { gasp_vdev_private_leave() };
        PENDING.set(None);
        acting::forget();
        threads::forget();
        self.host.end(self.code)
    }

    /// Leaves it to the caller of [`take`].
    pub(crate) fn later(self) {
        PENDING.set(Some(self));
    }
}

/// Whether this thread has left a vdev whose error is fatal. It calls no vdev until [`take`].
pub(crate) fn is_pending() -> bool {
    PENDING.get().is_some()
}

/// The end that is pending. The caller drops what it has, and then calls [`End::now`].
pub(crate) fn take() -> Option<End> {
    PENDING.take()
}

/// Calls a control function; `None` if it was left.
///
/// # Safety
/// The function of this vdev, with arguments that it takes.
pub(crate) unsafe fn control(
    control: Control,
    vdev: *mut vdev_t,
    step: c_uint,
    argument: *const c_char,
) -> Option<c_int> {
    let mut answer = 0;
    let answer_at = &raw mut answer;
    // SAFETY: the caller's promise.
    let returned = unsafe { gasp_vdev_private_control(control, vdev, step, argument, answer_at) };
    (returned != 0).then_some(answer)
}

/// Calls a timer function, which may be left.
///
/// # Safety
/// The function of this vdev, with arguments that it takes.
pub(crate) unsafe fn timer(
    timer: Timer,
    vdev: *mut vdev_t,
    data: *mut c_void,
    times: &guest_timer_data,
    cpu: *mut guest_cpu,
) {
    // SAFETY: the caller's promise.
    unsafe { gasp_vdev_private_timer(timer, vdev, data, times, cpu) };
}

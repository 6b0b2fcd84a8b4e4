//! Fatal errors of vdevs: how the host's `fatal` is called, which may leave by `longjmp` or end its
//! thread.
//!
//! So nothing of the library may be left to drop between that call and the host. A vdev that is
//! called for an access has only such code below it. What calls any other function of a vdev has
//! locks and memory; there the vdev is left (`c/leave.c`), and the call of the host's function waits
//! until the library returns to the host, or to the vdev that had the other one called.

#![allow(unsafe_code)]

use crate::acting;
use crate::host::Functions;
use crate::threads;
use core::cell::Cell;
use core::ffi::{c_int, c_void};

unsafe extern "C" {
    /// In `c/leave.c`: calls a function, which may be left; 0 if it was.
    fn gasp_vdev_private_leavable(
        function: unsafe extern "C" fn(*mut c_void),
        arg: *mut c_void,
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

/// Goes on with the end that is pending: a vdev that another one has called was left. No caller has
/// anything left to drop.
pub(crate) fn go_on() {
    if let Some(end) = take() {
        end.now();
    }
}

/// A call that may be left. Neither part has anything to drop.
struct Leavable<F: Copy, T: Copy> {
    run: F,
    answer: Option<T>,
}

/// Calls a vdev; `None` if it was left.
#[inline]
pub(crate) fn leavable<T: Copy>(run: impl FnOnce() -> T + Copy) -> Option<T> {
    fn of<F: FnOnce() -> T + Copy, T: Copy>(
        _: &Leavable<F, T>,
    ) -> unsafe extern "C" fn(*mut c_void) {
        make::<F, T>
    }
    let mut call = Leavable { run, answer: None };
    let function = of(&call);
    // SAFETY: the function takes this argument; what it has on the stack can be left.
    unsafe { gasp_vdev_private_leavable(function, (&raw mut call).cast()) };
    call.answer
}

/// Makes a call.
unsafe extern "C" fn make<F: FnOnce() -> T + Copy, T: Copy>(call: *mut c_void) {
    // SAFETY: what `leavable` gave.
    let call = unsafe { &mut *call.cast::<Leavable<F, T>>() };
    call.answer = Some((call.run)());
}

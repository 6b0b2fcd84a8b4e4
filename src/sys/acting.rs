//! The vdev for which each thread acts.
//!
//! The thread-local variable has no destructor, so that the library can be unloaded.

#![forbid(unsafe_code)]

use core::cell::Cell;
use core::ptr;
use gasp_abi::{gasp_acting, vdev_t};

thread_local! {
    static ACTING: Cell<gasp_acting> =
        const { Cell::new(gasp_acting { vdev: ptr::null_mut(), data: ptr::null_mut() }) };
}

/// The address of the calling thread's record.
#[inline(always)]
pub(crate) fn record() -> *mut gasp_acting {
    ACTING.with(Cell::as_ptr)
}

/// The vdev for which the calling thread acts; null: none.
pub(crate) fn vdev() -> *mut vdev_t {
    ACTING.get().vdev
}

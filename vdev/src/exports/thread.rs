//! Functions that `c/thread.c` calls. They are not for plugins, so not exported.

use crate::{acting, slots, watch};
use core::ffi::c_int;
use gasp_abi::vdev_t;

/// Whether it is a vdev.
#[unsafe(no_mangle)]
extern "C" fn gasp_vdev_private_knows(vdev: *const vdev_t) -> c_int {
    slots::is_vdev(vdev).into()
}

/// Marks this thread as one of a vdev's.
#[unsafe(no_mangle)]
extern "C" fn gasp_vdev_private_mark_thread(vdev: *const vdev_t) {
    acting::belong_to(vdev);
    if let Some(shared) = slots::shared(vdev) {
        watch::belong_to(&shared, vdev);
    }
}

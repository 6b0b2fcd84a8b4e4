//! Functions that `c/thread.c` calls. They are not for plugins, so not exported.

use crate::vdev::outside;
use crate::vdev::shared::Shared;
use core::ffi::c_int;
use gasp_abi::vdev_t;

/// Whether it is a vdev.
#[unsafe(no_mangle)]
extern "C" fn gasp_vm_knows(vdev: *const vdev_t) -> c_int {
    Shared::of_vdev(vdev.addr()).is_some().into()
}

/// Marks this thread as one of a vdev's.
#[unsafe(no_mangle)]
extern "C" fn gasp_vm_mark_thread(vdev: *const vdev_t) {
    outside::belong_to(Shared::of_vdev(vdev.addr()).as_ref());
}

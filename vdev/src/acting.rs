//! Who acts: the vdev for which a thread runs, and the access or timer that it serves.

#![allow(unsafe_code)]

use core::cell::Cell;
use core::ptr;
use gasp_abi::{gasp_cpu, guest_cpu, vdev_t};

thread_local! {
    static VDEV: Cell<*const vdev_t> = const { Cell::new(ptr::null()) };
    static CPU: Cell<*const GuestCpu> = const { Cell::new(ptr::null()) };
}

/// What a vdev knows as `struct guest_cpu`: it is valid while the vdev is called with it, on that
/// thread.
#[derive(Debug)]
pub(crate) struct GuestCpu {
    /// Makes the accesses.
    pub(crate) cpu: *mut gasp_cpu,
}

impl GuestCpu {
    /// The handle for vdevs.
    pub(crate) fn pointer(&self) -> *mut guest_cpu {
        ptr::from_ref(self).cast_mut().cast()
    }
}

/// Marks this thread as acting for a vdev until it is dropped.
#[derive(Debug)]
pub(crate) struct Mark {
    vdev: *const vdev_t,
    cpu: *const GuestCpu,
}

impl Mark {
    /// For this vdev, which is called with this vCPU or none.
    #[inline]
    pub(crate) fn new(vdev: *const vdev_t, cpu: *const GuestCpu) -> Self {
        Self { vdev: VDEV.replace(vdev), cpu: CPU.replace(cpu) }
    }

    /// For this vdev, which another one calls: the vCPU stays.
    #[inline]
    pub(crate) fn within(vdev: *const vdev_t) -> Self {
        Self { vdev: VDEV.replace(vdev), cpu: CPU.get() }
    }
}

impl Drop for Mark {
    #[inline]
    fn drop(&mut self) {
        VDEV.set(self.vdev);
        CPU.set(self.cpu);
    }
}

/// Marks this thread as one of a vdev's, for good.
pub(crate) fn belong_to(vdev: *const vdev_t) {
    VDEV.set(vdev);
}

/// The vdev for which this thread acts, or `NULL`.
pub(crate) fn vdev() -> *const vdev_t {
    VDEV.get()
}

/// The vCPU with which a vdev is called on this thread.
pub(crate) fn cpu() -> Option<&'static GuestCpu> {
    // SAFETY: the mark of this thread, which is dropped before the vCPU; callers do not keep it.
    unsafe { CPU.get().as_ref() }
}

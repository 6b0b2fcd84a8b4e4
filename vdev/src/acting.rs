//! Who acts: the vdev for which a thread runs, and the access or timer that it serves.
//!
//! They are in libgasp's record of the thread, so that its messages, its list of mappings, and hosts
//! see them too.

#![allow(unsafe_code)]

use core::ptr;
use gasp_abi::{gasp_acting, gasp_cpu, guest_cpu, vdev_t};

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

/// A mark of this thread. It has no destructor, because a vdev that is called need not return.
#[derive(Debug)]
pub(crate) struct Mark {
    record: *mut gasp_acting,
    before: gasp_acting,
}

impl Mark {
    /// Marks this thread as acting for this vdev, which is called with this vCPU or none.
    #[inline]
    pub(crate) fn set(vdev: *const vdev_t, cpu: *const GuestCpu) -> Self {
        let record = record();
        let now = gasp_acting { vdev: vdev.cast_mut(), data: cpu.cast_mut().cast() };
        // SAFETY: this thread's record.
        Self { record, before: unsafe { record.replace(now) } }
    }

    /// Marks this thread as acting for this vdev, which another one calls: the vCPU stays.
    #[inline]
    pub(crate) fn within(vdev: *const vdev_t) -> Self {
        let record = record();
        // SAFETY: this thread's record.
        let before = unsafe { record.read() };
        let now = gasp_acting { vdev: vdev.cast_mut(), ..before };
        // SAFETY: as above.
        unsafe { record.write(now) };
        Self { record, before }
    }

    /// Takes the mark away: the vdev has returned, on the same thread.
    #[inline]
    pub(crate) fn remove(self) {
        // SAFETY: this thread's record.
        unsafe { self.record.write(self.before) };
    }
}

/// Marks this thread as one of a vdev's, for good.
pub(crate) fn belong_to(vdev: *const vdev_t) {
    Mark::set(vdev, ptr::null());
}

/// Takes away all marks of this thread: it does not return to what set them.
pub(crate) fn forget() {
    Mark::set(ptr::null(), ptr::null());
}

/// The vdev for which this thread acts, or `NULL`.
pub(crate) fn vdev() -> *const vdev_t {
    // SAFETY: this thread's record.
    unsafe { (*record()).vdev }
}

/// The vCPU with which a vdev is called on this thread.
pub(crate) fn cpu() -> Option<&'static GuestCpu> {
    // SAFETY: this thread's record.
    let cpu = unsafe { (*record()).data }.cast::<GuestCpu>();
    // SAFETY: the mark of this thread, which is removed before the vCPU ends; callers do not keep
    // it.
    unsafe { cpu.as_ref() }
}

#[inline]
fn record() -> *mut gasp_acting {
    // SAFETY: no preconditions.
    unsafe { gasp_abi::gasp_acting() }
}

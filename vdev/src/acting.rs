//! The vCPU on whose thread a vdev is called: `struct guest_cpu`.

#![forbid(unsafe_code)]

use super::hits::Hits;
use super::shared::Shared;
use core::cell::Cell;
use core::ptr;
use gasp_abi::{gasp_cpu, guest_cpu};
use std::rc::Rc;
use std::sync::Arc;

thread_local! {
    /// The vCPU of this thread.
    static CURRENT: Cell<*const GuestCpu> = const { Cell::new(ptr::null()) };
}

/// A thread that makes accesses: a vCPU's, the timers' or a vdev's.
#[derive(Debug)]
pub(super) struct GuestCpu {
    /// Makes the accesses.
    pub(super) cpu: *mut gasp_cpu,
    /// The number of the vCPU; [`u32::MAX`] for other threads.
    pub(super) number: u32,
    pub(super) shared: Arc<Shared>,
    pub(super) hits: Arc<Hits>,
}

/// Makes this thread the thread of a vCPU until it is dropped.
#[derive(Debug)]
pub(crate) struct CpuGuard {
    cpu: Rc<GuestCpu>,
    /// The vCPU of the thread before, or `NULL`.
    before: *const GuestCpu,
}

impl CpuGuard {
    pub(super) fn enter(shared: &Arc<Shared>, number: u32, cpu: *mut gasp_cpu) -> Self {
        Self::enter_with(shared, number, cpu, shared.new_hits())
    }

    /// With counters that nobody else uses now.
    pub(super) fn enter_with(
        shared: &Arc<Shared>,
        number: u32,
        cpu: *mut gasp_cpu,
        hits: Arc<Hits>,
    ) -> Self {
        let cpu = Rc::new(GuestCpu { cpu, number, shared: Arc::clone(shared), hits });
        let before = CURRENT.replace(Rc::as_ptr(&cpu));
        Self { cpu, before }
    }

    pub(super) fn cpu(&self) -> &GuestCpu {
        &self.cpu
    }

    /// The handle for vdevs.
    pub(super) fn pointer(&self) -> *mut guest_cpu {
        Rc::as_ptr(&self.cpu).cast_mut().cast()
    }
}

impl Drop for CpuGuard {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// The vCPU of this thread, or `NULL`.
pub(super) fn current() -> *const GuestCpu {
    CURRENT.get()
}

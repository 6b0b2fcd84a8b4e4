//! The vCPU on whose thread a vdev is called: what its code knows as `struct guest_cpu`.

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

/// A thread that makes accesses: a vCPU's, or the one of the timers.
#[derive(Debug)]
pub(super) struct GuestCpu {
    /// Its accesses.
    pub(super) cpu: *mut gasp_cpu,
    /// Its number; [`u32::MAX`] for the thread of the timers.
    pub(super) number: u32,
    /// Its guest's vdevs.
    pub(super) shared: Arc<Shared>,
    /// Its counters.
    pub(super) hits: Arc<Hits>,
}

/// This thread is a vCPU's until this is dropped, on the same thread.
#[derive(Debug)]
pub(crate) struct CpuGuard {
    cpu: Rc<GuestCpu>,
    /// Which one the thread was before.
    before: *const GuestCpu,
}

impl CpuGuard {
    pub(super) fn enter(shared: &Arc<Shared>, number: u32, cpu: *mut gasp_cpu) -> Self {
        let hits = shared.new_hits();
        let cpu = Rc::new(GuestCpu { cpu, number, shared: Arc::clone(shared), hits });
        let before = CURRENT.replace(Rc::as_ptr(&cpu));
        Self { cpu, before }
    }

    /// What vdevs get.
    pub(super) fn pointer(&self) -> *mut guest_cpu {
        Rc::as_ptr(&self.cpu).cast_mut().cast()
    }
}

impl Drop for CpuGuard {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// The vCPU of this thread; `NULL` if it is no vCPU's.
pub(super) fn current() -> *const GuestCpu {
    CURRENT.get()
}

//! Accesses by nobody in particular: those with `NULL` for a vCPU, by any thread.

#![allow(unsafe_code)]

use super::cpu::{self, CpuGuard, GuestCpu};
use super::shared::{Shared, Spare};
use core::cell::RefCell;
use core::ptr;
use gasp_abi::guest_system;
use std::sync::{Arc, Weak};

thread_local! {
    /// The guest of the vdev to which this thread belongs.
    static OWNER: RefCell<Weak<Shared>> = const { RefCell::new(Weak::new()) };
}

/// Says to which guest's vdevs this thread belongs.
pub(super) fn belong_to(shared: Option<&Arc<Shared>>) {
    OWNER.set(shared.map(Arc::downgrade).unwrap_or_default());
}

/// The guest that this thread means: that of its vdev, or the only one.
fn guest() -> Option<Arc<Shared>> {
    OWNER.with_borrow(Weak::upgrade).or_else(Shared::only)
}

/// Runs with a vCPU for accesses of this thread: its own, or one that nobody else uses now.
pub(super) fn with_cpu<T>(run: impl FnOnce(&GuestCpu) -> T) -> Result<T, i32> {
    // SAFETY: this thread's vCPU.
    if let Some(cpu) = unsafe { cpu::current().as_ref() } {
        return Ok(run(cpu));
    }
    let shared = guest().ok_or(libc::EINVAL)?;
    let spare = shared.take_spare().map_or_else(|| create(&shared), Ok)?;
    let cpu = ptr::with_exposed_provenance_mut(spare.cpu);
    let guard = CpuGuard::enter_with(&shared, u32::MAX, cpu, Arc::clone(&spare.hits));
    let answer = run(guard.cpu());
    drop(guard);
    shared.give_spare(spare);
    Ok(answer)
}

/// A vCPU of libgasp. It is destroyed with the guest.
fn create(shared: &Shared) -> Result<Spare, i32> {
    let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest());
    // SAFETY: a handle; libgasp recognises handles of destroyed guests.
    let cpu = unsafe { gasp_abi::gasp_cpu_create(guest) };
    if cpu.is_null() {
        return Err(libc::ENOMEM);
    }
    Ok(Spare { cpu: cpu.expose_provenance(), hits: shared.new_hits() })
}

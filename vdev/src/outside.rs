//! Accesses by nobody in particular: those with `NULL` for a vCPU, by any thread.

#![allow(unsafe_code)]

use super::acting::{self, GuestCpu};
use super::shared::Shared;
use super::slots;
use core::ptr;
use gasp_abi::guest_system;
use std::sync::Arc;

/// The guest that this thread means: that of its vdev, or the only one.
fn guest() -> Option<Arc<Shared>> {
    slots::shared(acting::vdev()).or_else(Shared::only)
}

/// Runs with a vCPU for accesses of this thread: its own, or one that nobody else uses now.
pub(crate) fn with_cpu<T>(run: impl FnOnce(&GuestCpu) -> T) -> Result<T, i32> {
    if let Some(cpu) = acting::cpu() {
        return Ok(run(cpu));
    }
    let spare = spare(&*guest().ok_or(libc::EINVAL)?)?;
    // Another vdev may be called, and not return: nothing is kept meanwhile.
    let answer = run(&GuestCpu { cpu: ptr::with_exposed_provenance_mut(spare) });
    if let Some(shared) = guest() {
        shared.give_spare(spare);
    }
    Ok(answer)
}

/// Runs with a vCPU that nobody else uses now.
pub(crate) fn with_spare<T>(shared: &Shared, run: impl FnOnce(&GuestCpu) -> T) -> Result<T, i32> {
    let spare = spare(shared)?;
    let answer = run(&GuestCpu { cpu: ptr::with_exposed_provenance_mut(spare) });
    shared.give_spare(spare);
    Ok(answer)
}

/// The address of a vCPU that nobody uses.
fn spare(shared: &Shared) -> Result<usize, i32> {
    shared.take_spare().map_or_else(|| create(shared), Ok)
}

/// The address of a vCPU of libgasp. It is destroyed with the guest.
fn create(shared: &Shared) -> Result<usize, i32> {
    let guest: *mut guest_system = ptr::with_exposed_provenance_mut(shared.guest);
    // SAFETY: a handle; libgasp recognises handles of destroyed guests.
    let cpu = unsafe { gasp_abi::gasp_cpu_create(guest) };
    if cpu.is_null() { Err(libc::ENOMEM) } else { Ok(cpu.expose_provenance()) }
}

//! Handles: creating and destroying the guests and vCPUs of C callers.

use crate::error::Error;
use crate::guest::{Guest, Options};
use crate::raw::slots::Slots;
use crate::space::Lock;
use crate::sys::{membarrier, thread_end};
use crate::vcpu::{self, CpuSlot, GuestSlot, System, Vcpu};
use gasp_abi::{gasp_cpu, guest_system};

static GUESTS: Slots<System, [Lock; 2]> = Slots::new();
static CPUS: Slots<Vcpu> = Slots::new();

/// The slot of a guest's handle. `None`: the handle is NULL.
///
/// # Safety
/// `gsp` is NULL or came from `gasp_guest_create()`.
#[inline(always)]
pub(super) unsafe fn guest_slot(gsp: *const guest_system) -> Option<&'static GuestSlot> {
    // SAFETY: `gasp_guest_create()` returns pointers to slots, which are never freed.
    unsafe { gsp.cast::<GuestSlot>().as_ref() }
}

/// The slot of a vCPU's handle. `None`: the handle is NULL.
///
/// # Safety
/// `cpu` is NULL or came from `gasp_cpu_create()`.
#[inline(always)]
pub(super) unsafe fn cpu_slot(cpu: *const gasp_cpu) -> Option<&'static CpuSlot> {
    // SAFETY: `gasp_cpu_create()` returns pointers to slots, which are never freed.
    unsafe { cpu.cast::<CpuSlot>().as_ref() }
}

/// Creates a guest.
pub(super) fn create_guest(options: Options) -> Result<&'static GuestSlot, Error> {
    Guest::prepare_guards(&options)?;
    thread_end::prepare(vcpu::thread_ends)?;
    let locks = || [Lock::new(), Lock::new()];
    let slot = GUESTS.create(locks, |slot| {
        // A thread may still hold a lock of the slot's previous guest.
        slot.kept.iter().for_each(Lock::reset);
        System::new(options, &slot.kept)
    })?;
    Ok(slot)
}

/// Creates a vCPU of a guest.
pub(super) fn create_cpu(guest: &'static GuestSlot) -> Result<&'static CpuSlot, Error> {
    membarrier::prepare();
    let system = guest.get().ok_or(Error::NotAGuest)?;
    system.add_cpu(|| Ok(CPUS.create(|| (), |_| Vcpu::new(guest))?))
}

/// Destroys a guest and its vCPUs, unless the guest is destroyed already.
///
/// # Safety
/// No other call uses the guest or one of its vCPUs.
pub(super) unsafe fn destroy_guest(slot: &'static GuestSlot) {
    let Some(system) = slot.get() else { return };
    system.guest().remove_listeners();
    for cpu in system.take_cpus() {
        // SAFETY: the vCPU's slot is one of `CPUS`; no other call uses it, as the caller promises.
        unsafe { CPUS.destroy(cpu) };
    }
    // SAFETY: the slot is one of `GUESTS`; no other call uses it, as the caller promises.
    unsafe { GUESTS.destroy(slot) };
}

/// Destroys a vCPU, unless it is destroyed already.
///
/// # Safety
/// No other call uses the vCPU.
pub(super) unsafe fn destroy_cpu(slot: &'static CpuSlot) {
    if let Some(system) = slot.get().and_then(Vcpu::system) {
        system.remove_cpu(slot);
    }
    // SAFETY: the slot is one of `CPUS`; no other call uses it, as the caller promises.
    unsafe { CPUS.destroy(slot) };
}

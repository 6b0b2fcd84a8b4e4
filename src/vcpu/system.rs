//! A guest with its vCPUs.
//!
//! Only the vCPU's own thread writes to a vCPU, and each vCPU has cache lines of its own. So vCPUs
//! do not slow each other down.

#![forbid(unsafe_code)]

use super::counts::Counts;
use super::grace::{AccessCounter, GracePeriods};
use super::quiet::Quiet;
use crate::error::Error;
use crate::guest::{Guest, Locks, Options};
use crate::map::Hint;
use crate::raw::slots::Slot;
use crate::value::convert::memory_range;
use crate::value::kind::SpaceKind;
use crate::value::range::Location;
use crate::value::region::Region;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
use gasp_abi::{gasp_counts, gasp_cpu, qvm_state_block};
use parking_lot::Mutex;

/// The target of a `guest_system` handle. The locks stay when the guest is destroyed.
pub(crate) type GuestSlot = Slot<System, Locks>;
/// The target of a `gasp_cpu` handle.
pub(crate) type CpuSlot = Slot<Vcpu>;

/// The maximum number of trap handlers that one vCPU can be in at the same time.
pub(super) const MAX_NESTED: usize = 16;

/// A trap handler that a vCPU is in.
#[derive(Debug, Default)]
pub(super) struct Handler {
    /// What identifies the device.
    pub(super) device: AtomicU64,
    /// The thread that the handler is called on.
    pub(super) thread: AtomicU64,
    /// Where on the stack of the thread the access is.
    pub(super) place: AtomicUsize,
}

/// The vCPUs of all guests, for the thread that ends. Lock order: before the list of slots.
pub(super) fn all_cpus() -> &'static Mutex<Vec<&'static CpuSlot>> {
    static ALL: Mutex<Vec<&'static CpuSlot>> = Mutex::new(Vec::new());
    &ALL
}

/// A guest and its vCPUs.
#[derive(Debug)]
pub(crate) struct System {
    guest: Guest,
    /// The vCPUs. Lock order: before that of all vCPUs, the list of grace periods, and the list of
    /// slots.
    pub(super) cpus: Mutex<Vec<&'static CpuSlot>>,
    /// The counts of destroyed vCPUs.
    past: Counts,
    pub(super) grace_periods: GracePeriods<Quiet>,
}

/// A vCPU of a guest.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Vcpu {
    system: &'static GuestSlot,
    pub(super) accesses: AccessCounter,
    /// The trap handlers that this vCPU is in, the innermost last. `nested` is their number.
    pub(super) handlers: [Handler; MAX_NESTED],
    pub(super) nested: AtomicU32,
    pub(super) counts: Counts,
    memory: Hint,
    ports: Hint,
}

impl System {
    /// A guest without vCPUs.
    pub(crate) fn new(options: Options, locks: &'static Locks) -> Self {
        Self {
            guest: Guest::new(options, locks),
            cpus: Mutex::default(),
            past: Counts::new(),
            grace_periods: GracePeriods::default(),
        }
    }

    /// The guest.
    #[inline(always)]
    pub(crate) fn guest(&self) -> &Guest {
        &self.guest
    }

    /// Adds a vCPU, which `create` puts into a slot.
    pub(crate) fn add_cpu(
        &self,
        create: impl FnOnce() -> Result<&'static CpuSlot, Error>,
    ) -> Result<&'static CpuSlot, Error> {
        let (mut cpus, mut all) = (self.cpus.lock(), all_cpus().lock());
        cpus.try_reserve(1).map_err(|_| Error::NoMemory)?;
        all.try_reserve(1).map_err(|_| Error::NoMemory)?;
        let slot = create()?;
        cpus.push(slot);
        all.push(slot);
        Ok(slot)
    }

    /// Removes a vCPU that is about to be destroyed. Its counts are kept.
    pub(crate) fn remove_cpu(&self, slot: &'static CpuSlot) {
        self.cpus.lock().retain(|cpu| !ptr::eq(*cpu, slot));
        all_cpus().lock().retain(|cpu| !ptr::eq(*cpu, slot));
        if let Some(cpu) = slot.get() {
            self.past.add(&cpu.counts);
            self.end_grace_periods(&cpu.accesses);
        }
    }

    /// Removes all vCPUs, for their destruction.
    pub(crate) fn take_cpus(&self) -> Vec<&'static CpuSlot> {
        let cpus = core::mem::take(&mut *self.cpus.lock());
        let is_ours = |cpu: &Vcpu| cpu.system().is_some_and(|other| ptr::eq(other, self));
        all_cpus().lock().retain(|slot| !slot.get().is_some_and(is_ours));
        cpus
    }

    /// The access counts of all vCPUs, destroyed ones included.
    pub(crate) fn counts(&self) -> gasp_counts {
        let sum = Counts::new();
        let cpus = self.cpus.lock();
        sum.add(&self.past);
        cpus.iter().filter_map(|cpu| cpu.get()).for_each(|cpu| sum.add(&cpu.counts));
        sum.to_c()
    }
}

impl Vcpu {
    /// A vCPU that has made no access yet.
    pub(crate) fn new(system: &'static GuestSlot) -> Self {
        Self {
            system,
            accesses: AccessCounter::new(),
            handlers: core::array::from_fn(|_| Handler::default()),
            nested: AtomicU32::new(0),
            counts: Counts::new(),
            memory: Hint::new(),
            ports: Hint::new(),
        }
    }

    /// The guest that the vCPU belongs to, unless it was destroyed.
    #[inline(always)]
    pub(crate) fn system(&self) -> Option<&'static System> {
        self.system.get()
    }

    /// The region that holds a location. The vCPU remembers it, and tries it first the next time.
    #[inline(always)]
    pub(super) fn lookup(&self, guest: &Guest, kind: SpaceKind, at: Location) -> Option<Region> {
        let hint = match kind {
            SpaceKind::Memory => &self.memory,
            SpaceKind::Ports => &self.ports,
        };
        guest.map(kind).lookup_hinted(at, hint)
    }

    /// The fast path of [`Vcpu::info`]: the remembered region. `None`: the caller must call `info`.
    #[inline(always)]
    pub(crate) fn info_fast(&self, block: &qvm_state_block) -> Option<Region> {
        let range = memory_range(block)?;
        let map = self.system()?.guest().map(SpaceKind::Memory);
        Some(map.known(range.first(), &self.memory)?.view(&range))
    }

    /// As [`Guest::info`], but the vCPU remembers the region.
    pub(crate) fn info(&self, block: &qvm_state_block) -> Result<Region, Error> {
        let guest = self.system().ok_or(Error::NotAGuest)?.guest();
        let kind = u32::from(block.r#type);
        let kind = SpaceKind::from_type(kind).ok_or(Error::BadType(kind))?;
        let range = kind.range(block.location, block.length.into())?;
        let region = self.lookup(guest, kind, range.first());
        let region = region.ok_or(Error::Absent { kind, location: range.first() })?;
        Ok(region.view(&range))
    }
}

/// The C handle of a vCPU.
#[inline(always)]
pub(super) fn handle(slot: &'static CpuSlot) -> *mut gasp_cpu {
    ptr::from_ref(slot).cast_mut().cast()
}

//! A guest with its vCPUs.
//!
//! Only the vCPU's own thread writes to a vCPU, and each vCPU has cache lines of its own. So vCPUs
//! do not slow each other down.

#![forbid(unsafe_code)]

use super::counts::Counts;
use super::grace::{AccessCounter, GracePeriods};
use crate::callback::QuietCallback;
use crate::error::Error;
use crate::guest::{Guest, Locks, Options};
use crate::map::Hint;
use crate::raw::slots::Slot;
use crate::sys::thread::this_thread;
use crate::value::convert::memory_range;
use crate::value::kind::SpaceKind;
use crate::value::range::Location;
use crate::value::region::Region;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use gasp_abi::{gasp_counts, gasp_cpu, qvm_state_block};
use parking_lot::Mutex;

/// The target of a `guest_system` handle. The locks stay when the guest is destroyed.
pub(crate) type GuestSlot = Slot<System, Locks>;
/// The target of a `gasp_cpu` handle.
pub(crate) type CpuSlot = Slot<Vcpu>;

/// The maximum number of trap handlers that one vCPU can be in at the same time.
const MAX_NESTED: usize = 16;

/// A guest and its vCPUs.
#[derive(Debug)]
pub(crate) struct System {
    guest: Guest,
    /// The vCPUs. Lock order: before the list of grace periods, and before the list of slots.
    pub(super) cpus: Mutex<Vec<&'static CpuSlot>>,
    /// The counts of destroyed vCPUs.
    past: Counts,
    pub(super) grace_periods: GracePeriods<QuietCallback>,
}

/// A vCPU of a guest.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Vcpu {
    system: &'static GuestSlot,
    pub(super) accesses: AccessCounter,
    /// The thread that is in a trap handler, valid while `nested` is not 0.
    handler: AtomicU64,
    /// The devices whose handlers this vCPU is in, the innermost last.
    devices: [AtomicU64; MAX_NESTED],
    nested: AtomicU32,
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
        let mut cpus = self.cpus.lock();
        cpus.try_reserve(1).map_err(|_| Error::NoMemory)?;
        let slot = create()?;
        cpus.push(slot);
        Ok(slot)
    }

    /// Removes a vCPU that is about to be destroyed. Its counts are kept.
    pub(crate) fn remove_cpu(&self, slot: &'static CpuSlot) {
        self.cpus.lock().retain(|cpu| !ptr::eq(*cpu, slot));
        if let Some(cpu) = slot.get() {
            self.past.add(&cpu.counts);
            self.end_grace_periods(&cpu.accesses);
        }
    }

    /// Removes all vCPUs, for their destruction.
    pub(crate) fn take_cpus(&self) -> Vec<&'static CpuSlot> {
        core::mem::take(&mut *self.cpus.lock())
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
            handler: AtomicU64::new(0),
            devices: [const { AtomicU64::new(0) }; MAX_NESTED],
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

    /// Whether the calling thread is in a trap handler of this vCPU.
    pub(super) fn is_handling(&self) -> bool {
        self.nested.load(Relaxed) > 0 && self.handler.load(Relaxed) == this_thread()
    }

    /// Runs a device's trap handler, unless this vCPU is in a handler of that device already, which
    /// would recurse forever.
    #[inline(always)]
    pub(super) fn in_handler<T>(
        &self,
        device: u64,
        handle: impl FnOnce() -> T,
    ) -> Result<T, Error> {
        let nested = self.nested.load(Relaxed);
        let outer = &self.devices[..(nested as usize).min(MAX_NESTED)];
        if outer.len() == MAX_NESTED || outer.iter().any(|other| other.load(Relaxed) == device) {
            return Err(Error::ReachesItself);
        }
        self.devices[outer.len()].store(device, Relaxed);
        self.handler.store(this_thread(), Relaxed);
        self.nested.store(nested + 1, Relaxed);
        let result = handle();
        self.nested.store(nested, Relaxed);
        Ok(result)
    }
}

/// The C handle of a vCPU.
#[inline(always)]
pub(super) fn handle(slot: &'static CpuSlot) -> *mut gasp_cpu {
    ptr::from_ref(slot).cast_mut().cast()
}

//! A vCPU: where accesses come from, and what makes removal something that can be waited for.
//!
//! Everything in a vCPU is written by its own thread only, so that vCPUs share no cache line that
//! any of them writes.

#![forbid(unsafe_code)]

mod access;
mod counts;
mod grace;
#[cfg(all(test, loom))]
mod loom;
mod running;

pub(crate) use access::{Access, Policy, What};
pub(crate) use counts::Tally;

use crate::callback::trap::Once;
use crate::capi::handles::{CpuSlot, GuestSlot};
use crate::error::Error;
use crate::guest::{Guest, usual_range};
use crate::map::Hint;
use crate::space::Kind;
use crate::space::lock::this_thread;
use crate::value::range::Location;
use crate::value::region::Region;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use gasp_abi::qvm_state_block;
use grace::Activity;

/// Who waits for accesses to end, and the functions that are called then.
pub(crate) type Quiet = grace::Quiet<Once>;

/// Trap handlers that one vCPU can be in at the same time.
const DEEPEST: usize = 16;

/// A vCPU of a guest.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Cpu {
    guest: &'static GuestSlot,
    activity: Activity,
    /// The thread that is in a trap handler, for [`Cpu::is_handling`].
    handler: AtomicU64,
    /// The devices whose handlers this vCPU is in, innermost last.
    devices: [AtomicU64; DEEPEST],
    nested: AtomicU32,
    tally: Tally,
    memory: Hint,
    ports: Hint,
}

impl Cpu {
    /// A vCPU that does nothing yet.
    pub(crate) fn new(guest: &'static GuestSlot) -> Self {
        Self {
            guest,
            activity: Activity::new(),
            handler: AtomicU64::new(0),
            devices: [const { AtomicU64::new(0) }; DEEPEST],
            nested: AtomicU32::new(0),
            tally: Tally::new(),
            memory: Hint::new(),
            ports: Hint::new(),
        }
    }

    /// The guest, unless it was destroyed.
    #[inline(always)]
    pub(crate) fn guest(&self) -> Option<&'static Guest> {
        self.guest.get()
    }

    /// The region that holds a location, which is asked for first the next time.
    #[inline(always)]
    pub(crate) fn lookup(&self, guest: &Guest, kind: Kind, location: Location) -> Option<Region> {
        let hint = match kind {
            Kind::Memory => &self.memory,
            Kind::Ports => &self.ports,
        };
        guest.map(kind).lookup_hinted(location, hint)
    }

    /// What [`Cpu::info`] answers in the usual case; `None`: ask that.
    #[inline(always)]
    pub(crate) fn usual_info(&self, block: &qvm_state_block) -> Option<Region> {
        let range = usual_range(block)?;
        let region = self.guest()?.map(Kind::Memory).known(range.first(), &self.memory)?;
        Some(region.view(&range))
    }

    /// As [`Guest::info`], remembering the region.
    pub(crate) fn info(&self, block: &qvm_state_block) -> Result<Region, Error> {
        let guest = self.guest().ok_or(Error::NotAGuest)?;
        let kind = u32::from(block.r#type);
        let kind = Kind::from_type(kind).ok_or(Error::BadType(kind))?;
        let range = kind.range(block.location, block.length.into())?;
        let region = self.lookup(guest, kind, range.first());
        let region = region.ok_or(Error::Absent { kind, location: range.first() })?;
        Ok(region.view(&range))
    }

    /// How often its accesses went where.
    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether the calling thread is in a trap handler of this vCPU.
    pub(crate) fn is_handling(&self) -> bool {
        self.nested.load(Relaxed) > 0 && self.handler.load(Relaxed) == this_thread()
    }

    /// Runs a trap handler of a device, unless this vCPU is in one of its handlers already: a
    /// device that reaches itself would never come to an end.
    #[inline(always)]
    fn in_handler<T>(&self, device: u64, handle: impl FnOnce() -> T) -> Result<T, Error> {
        let nested = self.nested.load(Relaxed);
        let outer = &self.devices[..(nested as usize).min(DEEPEST)];
        if outer.len() == DEEPEST || outer.iter().any(|other| other.load(Relaxed) == device) {
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

impl Guest {
    /// Forgets a vCPU that is about to be destroyed; its counts stay.
    pub(crate) fn forget_cpu(&self, handle: &'static CpuSlot) {
        self.cpus().lock().retain(|cpu| !core::ptr::eq(*cpu, handle));
        if let Some(cpu) = handle.get() {
            self.past_tally().add(&cpu.tally);
            self.end_of(&cpu.activity);
        }
    }
}

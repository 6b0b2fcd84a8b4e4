//! A guest system: two spaces, and everything that can be asked of them. The safe API under the
//! C functions.

#![forbid(unsafe_code)]

mod change;
mod difference;
pub(crate) mod fatal;
mod find;
mod gram;
mod listeners;
mod mapped;
mod memory;
mod set;
mod transaction;
pub(crate) mod walk;

use crate::callback::trap::TrapHandler;
use crate::capi::handles::CpuSlot;
use crate::error::Error;
use crate::guest::fatal::Handler;
use crate::map::Map;
use crate::raw::latest::Latest;
use crate::space::lock::Lock;
use crate::space::{Kind, Reservations, Space};
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use crate::vcpu::{Policy, Quiet, Tally};
use core::sync::atomic::{
    AtomicBool, AtomicU8,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use gasp_abi::{gasp_counts, gasp_region, qvm_state_block, qvm_state_types as qst};
use listeners::Listeners;
use mapped::View;
use memory::Memory;
use parking_lot::Mutex;

pub(crate) use memory::Buffer;
pub(crate) use set::{Elements, How, Outcome};

/// How a guest behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// What QNX's pages require of callers is enforced.
    pub(crate) strict: bool,
}

/// The locks of a guest's two spaces: memory, ports. They outlive the guest, because waiting
/// threads of other guests may look at who owns them.
pub(crate) type Locks = [Lock; 2];

/// A guest system.
#[derive(Debug)]
pub(crate) struct Guest {
    memory: Space,
    ports: Space,
    strict: bool,
    started: AtomicBool,
    /// Places that [`Guest::gram_find`] gave away.
    gram: Mutex<Reservations>,
    /// Memory that the guest was given; kept until the guest is dropped.
    memories: Mutex<Vec<Memory>>,
    /// What [`Guest::map_memory`] gave away.
    views: Mutex<Vec<View>>,
    fatal: Mutex<Option<Handler>>,
    trap: Latest<TrapHandler>,
    policy: AtomicU8,
    cpus: Mutex<Vec<&'static CpuSlot>>,
    /// The counts of vCPUs that were destroyed.
    past_tally: Tally,
    quiet: Quiet,
    listeners: Listeners,
}

impl Guest {
    /// A guest with two empty spaces.
    pub(crate) fn new(options: Options, locks: &'static Locks) -> Self {
        let [memory, ports] = locks;
        let forced = std::env::var_os("GASP_STRICT").is_some_and(|value| value == "1");
        Self {
            memory: Space::new(Kind::Memory, memory),
            ports: Space::new(Kind::Ports, ports),
            strict: options.strict || forced,
            started: AtomicBool::new(false),
            gram: Mutex::default(),
            memories: Mutex::default(),
            views: Mutex::default(),
            fatal: Mutex::new(None),
            trap: Latest::new(),
            policy: AtomicU8::new(Policy::Ignore as u8),
            cpus: Mutex::default(),
            past_tally: Tally::new(),
            quiet: Quiet::default(),
            listeners: Listeners::default(),
        }
    }

    /// Says that the guest has started.
    pub(crate) fn start(&self) -> Result<(), Error> {
        match self.started.swap(true, AcqRel) {
            true => Err(Error::AlreadyStarted),
            false => Ok(()),
        }
    }

    /// Takes the lock of a space.
    #[inline]
    pub(crate) fn lock(&self, kind: u16) -> Result<(), Error> {
        let space = self.lockable(kind)?;
        if !space.lock.is_mine() {
            self.listeners.refuse_teller()?;
        }
        space.lock.lock(space.kind)
    }

    /// Gives back the lock of a space.
    #[inline]
    pub(crate) fn unlock(&self, kind: u16) -> Result<(), Error> {
        let space = self.lockable(kind)?;
        space.lock.unlock(space.kind)
    }

    /// What [`Guest::info`] answers in the usual case; `None`: ask that.
    #[inline(always)]
    pub(crate) fn usual_info(&self, block: &qvm_state_block) -> Option<Region> {
        let range = usual_range(block)?;
        Some(self.memory.map.try_lookup(range.first())?.view(&range))
    }

    /// The region at the start of a block, cut to the block.
    pub(crate) fn info(&self, block: &qvm_state_block) -> Result<Region, Error> {
        let space = self.space_of(block.r#type.into())?;
        let range = space.kind.range(block.location, block.length.into())?;
        let region = space.map.lookup(range.first());
        let region = region.ok_or(Error::Absent { kind: space.kind, location: range.first() })?;
        Ok(region.view(&range))
    }

    /// The region that holds a location, or the first one after it.
    pub(crate) fn next_region(&self, kind: u32, from: u64) -> Result<Region, Error> {
        let space = self.space_of(kind)?;
        let from = space.kind.range(from, 1)?.first();
        space.map.lookup_from(from).ok_or(Error::NoMore { kind: space.kind, location: from })
    }

    /// Keeps searches for free space away from a range.
    pub(crate) fn reserve(&self, kind: u32, location: u64, length: u64) -> Result<(), Error> {
        let space = self.space_of(kind)?;
        let range = space.kind.range(location, length)?;
        space.reserved.lock().reserve(range)
    }

    /// Has a function called before a failure ends the process.
    pub(crate) fn set_fatal_handler(&self, handler: Option<Handler>) {
        *self.fatal.lock() = handler;
    }

    /// What the host wants to be called with before the process ends.
    pub(crate) fn fatal_handler(&self) -> Option<Handler> {
        self.fatal.lock().clone()
    }

    /// Has a function called for accesses that trap.
    pub(crate) fn set_trap_handler(&self, handler: Option<TrapHandler>) -> Result<(), Error> {
        Ok(self.trap.set(handler)?)
    }

    /// What is called for accesses that trap.
    #[inline(always)]
    pub(crate) fn trap_handler(&self) -> Option<&TrapHandler> {
        self.trap.get()
    }

    /// Says what accesses to nothing do.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.policy.store(policy as u8, Relaxed);
    }

    /// What accesses to nothing do.
    pub(crate) fn policy(&self) -> Policy {
        const ALL: [Policy; 3] = [Policy::Ignore, Policy::Fail, Policy::Abort];
        ALL[usize::from(self.policy.load(Relaxed)) % ALL.len()]
    }

    /// The vCPUs.
    pub(crate) fn cpus(&self) -> &Mutex<Vec<&'static CpuSlot>> {
        &self.cpus
    }

    /// The counts of vCPUs that were destroyed.
    pub(crate) fn past_tally(&self) -> &Tally {
        &self.past_tally
    }

    /// How often accesses went where.
    pub(crate) fn counts(&self) -> gasp_counts {
        let sum = Tally::new();
        let cpus = self.cpus.lock();
        sum.add(&self.past_tally);
        cpus.iter().filter_map(|cpu| cpu.get()).for_each(|cpu| sum.add(cpu.tally()));
        sum.counts()
    }

    /// How many changes of a space have become visible.
    pub(crate) fn generation(&self, kind: u32) -> Result<u64, Error> {
        Ok(self.space_of(kind)?.map.generation())
    }

    /// Who waits for accesses to end.
    #[inline(always)]
    pub(crate) fn quiet(&self) -> &Quiet {
        &self.quiet
    }

    /// Whether this thread has the lock of a space.
    pub(crate) fn holds_lock(&self, kind: Kind) -> bool {
        self.space(kind).lock.is_mine()
    }

    /// The regions of a space.
    #[inline(always)]
    pub(crate) fn map(&self, kind: Kind) -> &Map {
        &self.space(kind).map
    }

    /// The memory space's regions.
    pub(crate) fn memory(&self) -> &Map {
        &self.memory.map
    }

    #[inline(always)]
    fn space(&self, kind: Kind) -> &Space {
        match kind {
            Kind::Memory => &self.memory,
            Kind::Ports => &self.ports,
        }
    }

    #[inline(always)]
    fn space_of(&self, kind: u32) -> Result<&Space, Error> {
        Kind::from_type(kind).map(|kind| self.space(kind)).ok_or(Error::BadType(kind))
    }

    /// QNX's page names two types for locks; strict mode takes only those.
    #[inline]
    fn lockable(&self, kind: u16) -> Result<&Space, Error> {
        let space = self.space_of(kind.into())?;
        let alias = kind == qst::QST_PCI_IO as u16;
        if self.strict && alias { Err(Error::StrictLockType(kind.into())) } else { Ok(space) }
    }

    fn has_started(&self) -> bool {
        self.started.load(Acquire)
    }

    /// Strict mode: what QNX's pages allow at startup only.
    fn startup_only(&self) -> Result<(), Error> {
        if self.strict && self.has_started() { Err(Error::StartupOnly) } else { Ok(()) }
    }
}

/// The range of a block, if it is one of memory as most are.
#[inline(always)]
pub(crate) fn usual_range(block: &qvm_state_block) -> Option<Range> {
    let in_memory = block.r#type == qst::QST_MEMORY as u16;
    let location = Location::new(block.location);
    if in_memory { Range::from_length(location, block.length.into()) } else { None }
}

impl Region {
    /// The answer to a query, as C has it.
    #[inline(always)]
    pub(crate) fn to_c(self, asked: &qvm_state_block) -> gasp_region {
        #[allow(clippy::cast_possible_truncation)] // cut to a block, whose length is 32-bit
        let length = self.range.saturating_length() as u32;
        gasp_region {
            flags: self.flags.reported(),
            cookie: self.cookie,
            vdev: self.vdev.to_c(),
            host_location: self.host,
            guest: qvm_state_block {
                location: self.range.first().get(),
                length,
                r#type: asked.r#type,
                flags: 0,
            },
        }
    }
}

//! The guest itself: its parts, its locks, and queries for one region.

#![forbid(unsafe_code)]

use super::copying::Copying;
use super::listeners::Listeners;
use super::mapped::Mappings;
use super::memories::Memories;
use super::patience::Hold;
use super::policy::Policy;
use crate::callback::{FatalHandler, TrapHandler, UnsupportedHandler};
use crate::error::Error;
use crate::map::Map;
use crate::raw::guarded;
use crate::raw::latest::Latest;
use crate::space::{Lock, Reservations, Space};
use crate::sys::process::page_size;
use crate::value::convert::memory_range;
use crate::value::kind::SpaceKind;
use crate::value::range::PAGE;
use crate::value::region::Region;
use core::sync::atomic::{
    AtomicBool, AtomicU8,
    Ordering::{AcqRel, Acquire, Relaxed},
};
use gasp_abi::{qvm_state_block, qvm_state_types as qst};
use parking_lot::Mutex;
use std::sync::OnceLock;

/// Options of a guest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Enforce what QNX's pages require of callers.
    pub(crate) strict: bool,
    /// Copies from and to host memory may find that it is not there.
    pub(crate) guarded: bool,
    /// Accesses that find nothing wait while another thread holds the lock.
    pub(crate) hold_misses: bool,
}

impl Options {
    /// These options, and what the environment demands beside them. The environment is read once in
    /// the process, because reading it is a race with `setenv()`.
    fn with_environment(self) -> Self {
        static STRICT: OnceLock<bool> = OnceLock::new();
        let read = || std::env::var_os("GASP_STRICT").is_some_and(|value| value == "1");
        Self { strict: self.strict || *STRICT.get_or_init(read), ..self }
    }
}

/// Refuses a system whose pages are not those of guests.
fn check_page_size(size: u64) -> Result<(), Error> {
    if size == PAGE { Ok(()) } else { Err(Error::PageSize(size)) }
}

/// The locks of a guest's two spaces: memory, ports. They outlive the guest, because a thread that
/// waits for a lock of another guest may read their owners.
pub(crate) type Locks = [Lock; 2];

/// A guest.
///
/// Lock order: the lock of memory, the lock of ports, `listeners`, a map's writer, then `memories`
/// and the spaces' reservations. `gram` is held around a query, which does not wait for a map's
/// writer. A thread that holds one of the other mutexes takes no other lock.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(super) memory: Space,
    pub(super) ports: Space,
    pub(super) strict: bool,
    pub(super) guarded: bool,
    started: AtomicBool,
    /// The reservations of gram.
    pub(super) gram: Mutex<Reservations>,
    /// Memory that was added, kept until it is removed or the guest is dropped.
    pub(super) memories: Mutex<Memories>,
    pub(super) copying: Copying,
    /// Mappings that are not unmapped yet.
    pub(super) mappings: Mutex<Mappings>,
    pub(super) listeners: Listeners,
    pub(super) hold: Hold,
    fatal: Mutex<Option<FatalHandler>>,
    trap: Latest<TrapHandler>,
    policy: AtomicU8,
    unsupported: Latest<UnsupportedHandler>,
}

impl Guest {
    /// A guest with two empty spaces.
    pub(crate) fn new(options: Options, locks: &'static Locks) -> Self {
        let [memory, ports] = locks;
        Self {
            memory: Space::new(SpaceKind::Memory, memory),
            ports: Space::new(SpaceKind::Ports, ports),
            strict: options.with_environment().strict,
            guarded: options.guarded,
            started: AtomicBool::new(false),
            gram: Mutex::default(),
            memories: Mutex::default(),
            copying: Copying::default(),
            mappings: Mutex::default(),
            listeners: Listeners::default(),
            hold: Hold::new(options.hold_misses),
            fatal: Mutex::new(None),
            trap: Latest::new(),
            policy: AtomicU8::new(Policy::Ignore as u8),
            unsupported: Latest::new(),
        }
    }

    /// Whether guests can be created on this system.
    pub(crate) fn check_system() -> Result<(), Error> {
        check_page_size(page_size())
    }

    /// Installs what guarded copies need, if the options ask for them.
    pub(crate) fn prepare_guards(options: &Options) -> Result<(), Error> {
        match options.guarded {
            true if !guarded::AVAILABLE => Err(Error::NoGuards),
            true => Ok(guarded::prepare()?),
            false => Ok(()),
        }
    }

    /// Whether copies from and to host memory may find that it is not there.
    #[inline(always)]
    pub(crate) fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// Marks the guest as started.
    pub(crate) fn start(&self) -> Result<(), Error> {
        match self.started.swap(true, AcqRel) {
            true => Err(Error::AlreadyStarted),
            false => Ok(()),
        }
    }

    pub(super) fn has_started(&self) -> bool {
        self.started.load(Acquire)
    }

    /// Strict mode: refuses calls that QNX's pages allow only at startup, if the guest has started.
    pub(super) fn startup_only(&self) -> Result<(), Error> {
        if self.strict && self.has_started() { Err(Error::StartupOnly) } else { Ok(()) }
    }

    /// Takes the lock of a space.
    #[inline]
    pub(crate) fn lock(&self, kind: u16) -> Result<(), Error> {
        let space = self.lockable(kind)?;
        if !space.is_locked_by_caller() {
            self.listeners.refuse_inside()?;
        }
        space.lock()
    }

    /// Releases the lock of a space.
    #[inline]
    pub(crate) fn unlock(&self, kind: u16) -> Result<(), Error> {
        self.lockable(kind)?.unlock()
    }

    /// How often the calling thread holds the lock of a space; 0 for a type that names none.
    pub(crate) fn locks_held(&self, kind: u32) -> u32 {
        self.space_of(kind).map_or(0, Space::locks_held)
    }

    /// The space of a lock's type. Strict mode accepts only the two types that QNX's page names.
    #[inline]
    fn lockable(&self, kind: u16) -> Result<&Space, Error> {
        let space = self.space_of(kind.into())?;
        let alias = kind == qst::QST_PCI_IO as u16;
        if self.strict && alias { Err(Error::StrictLockType(kind.into())) } else { Ok(space) }
    }

    /// A space whose lock the calling thread owns.
    pub(crate) fn locked_space(&self) -> Option<SpaceKind> {
        SpaceKind::ALL.into_iter().find(|kind| self.space(*kind).is_locked_by_caller())
    }

    /// The fast path of [`Guest::info`]: a block that starts in a region of memory, without
    /// concurrent reuse of nodes. `None`: the caller must call `info`.
    #[inline(always)]
    pub(crate) fn info_fast(&self, block: &qvm_state_block) -> Option<Region> {
        let range = memory_range(block)?;
        Some(self.memory.map.try_lookup(range.first())?.view(&range))
    }

    /// The region at the start of a block, clipped to the block.
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

    /// Reserves a range, so that searches for free space leave it out.
    pub(crate) fn reserve(&self, kind: u32, location: u64, length: u64) -> Result<(), Error> {
        let space = self.space_of(kind)?;
        let range = space.kind.range(location, length)?;
        space.reserved.lock().reserve(range)
    }

    /// The number of changes of a space that have become visible.
    pub(crate) fn generation(&self, kind: u32) -> Result<u64, Error> {
        Ok(self.space_of(kind)?.map.generation())
    }

    /// A number for the state of a space that no other state of any space has.
    pub(crate) fn unique_generation(&self, kind: u32) -> Result<u64, Error> {
        Ok(self.space_of(kind)?.map.unique_generation())
    }

    /// Sets the fatal handler; `None` removes it.
    pub(crate) fn set_fatal_handler(&self, handler: Option<FatalHandler>) {
        *self.fatal.lock() = handler;
    }

    /// The fatal handler.
    pub(crate) fn fatal_handler(&self) -> Option<FatalHandler> {
        *self.fatal.lock()
    }

    /// Sets the trap handler; `None` removes it.
    pub(crate) fn set_trap_handler(&self, handler: Option<TrapHandler>) -> Result<(), Error> {
        Ok(self.trap.set(handler)?)
    }

    /// The trap handler.
    #[inline(always)]
    pub(crate) fn trap_handler(&self) -> Option<&TrapHandler> {
        self.trap.get()
    }

    /// Sets the policy for unsupported accesses.
    pub(crate) fn set_policy(&self, policy: Policy) {
        self.policy.store(policy as u8, Relaxed);
    }

    /// The policy for unsupported accesses.
    pub(crate) fn policy(&self) -> Policy {
        Policy::ALL[usize::from(self.policy.load(Relaxed)) % Policy::ALL.len()]
    }

    /// Sets the handler that is called for unsupported accesses; `None` removes it.
    pub(crate) fn set_unsupported_handler(
        &self,
        handler: Option<UnsupportedHandler>,
    ) -> Result<(), Error> {
        Ok(self.unsupported.set(handler)?)
    }

    /// The handler that is called for unsupported accesses.
    pub(crate) fn unsupported_handler(&self) -> Option<&UnsupportedHandler> {
        self.unsupported.get()
    }

    /// The regions of a space.
    #[inline(always)]
    pub(crate) fn map(&self, kind: SpaceKind) -> &Map {
        &self.space(kind).map
    }

    #[inline(always)]
    pub(super) fn space(&self, kind: SpaceKind) -> &Space {
        match kind {
            SpaceKind::Memory => &self.memory,
            SpaceKind::Ports => &self.ports,
        }
    }

    #[inline(always)]
    pub(super) fn space_of(&self, kind: u32) -> Result<&Space, Error> {
        SpaceKind::from_type(kind).map(|kind| self.space(kind)).ok_or(Error::BadType(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_pages_are_refused_with_their_size() {
        assert_eq!(check_page_size(4096), Ok(()));
        assert_eq!(check_page_size(65536), Err(Error::PageSize(65536)));
        assert_eq!(Error::PageSize(65536).errno(), libc::ENOTSUP);
    }
}

//! A guest system: two spaces, and everything that can be asked of them. The safe API under the
//! C functions.

#![forbid(unsafe_code)]

mod change;
mod find;
mod gram;
mod memory;
mod set;

use crate::abi::types::{gasp_region, qvm_state_block};
use crate::error::Error;
use crate::fatal::Handler;
use crate::lock::Lock;
use crate::map::Map;
use crate::region::Region;
use crate::space::{Kind, Reservations, Space};
use crate::sys::mapping::Mapping;
use core::sync::atomic::{AtomicBool, Ordering::AcqRel, Ordering::Acquire};
use parking_lot::Mutex;

pub(crate) use memory::Buffer;
pub(crate) use set::Elements;

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
    mappings: Mutex<Vec<Mapping>>,
    fatal: Mutex<Option<Handler>>,
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
            mappings: Mutex::default(),
            fatal: Mutex::new(None),
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
        space.lock.lock(space.kind)
    }

    /// Gives back the lock of a space.
    #[inline]
    pub(crate) fn unlock(&self, kind: u16) -> Result<(), Error> {
        let space = self.lockable(kind)?;
        space.lock.unlock(space.kind)
    }

    /// The region at the start of a block, cut to the block.
    #[inline(always)]
    pub(crate) fn info(&self, block: &qvm_state_block) -> Result<Region, Error> {
        // The kind is a constant in each arm, for the compiler's benefit.
        match Kind::from_type(block.r#type.into()) {
            Some(Kind::Memory) => self.memory.info(Kind::Memory, block),
            Some(Kind::Ports) => self.port_info(block),
            None => Err(Error::BadType(block.r#type.into())),
        }
    }

    fn port_info(&self, block: &qvm_state_block) -> Result<Region, Error> {
        self.ports.info(Kind::Ports, block)
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
        let alias = kind == crate::abi::types::qvm_state_types::QST_PCI_IO as u16;
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

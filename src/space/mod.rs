//! One space of a guest: its regions, its lock, and what is reserved in it.

#![forbid(unsafe_code)]

pub(crate) mod lock;

use crate::error::Error;
use crate::map::Map;
use crate::space::lock::{Held, Lock};
use crate::value::range::{Location, Range};
use core::fmt;
use gasp_abi::qvm_state_types as qst;
use parking_lot::Mutex;

/// Which space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Guest-physical memory.
    Memory,
    /// x86 I/O ports.
    Ports,
}

impl Kind {
    /// The space that a `QST_*` names.
    #[inline]
    pub(crate) fn from_type(number: u32) -> Option<Self> {
        const MEMORY: u32 = qst::QST_MEMORY as u32;
        const PCI_IO: u32 = qst::QST_PCI_IO as u32;
        const PORTS: u32 = qst::QST_X86_IO as u32;
        match number {
            MEMORY | PCI_IO => Some(Self::Memory),
            PORTS => Some(Self::Ports),
            _ => None,
        }
    }

    /// The `QST_*` that names the space and nothing else.
    #[inline]
    pub(crate) fn to_type(self) -> u16 {
        match self {
            Self::Memory => qst::QST_MEMORY as u16,
            Self::Ports => qst::QST_X86_IO as u16,
        }
    }

    /// The last location.
    #[inline]
    pub(crate) fn last(self) -> Location {
        match self {
            Self::Memory => Location::MAX,
            Self::Ports => Location::new(0xffff),
        }
    }

    /// The range that starts at a location and has this length, if the space has it.
    #[inline]
    pub(crate) fn range(self, location: u64, length: u64) -> Result<Range, Error> {
        if length == 0 {
            return Err(Error::Empty);
        }
        Range::from_length(Location::new(location), length)
            .filter(|range| range.last() <= self.last())
            .ok_or(Error::PastEnd { kind: self, location, length })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Ports => "port",
        })
    }
}

/// A space of one guest.
#[derive(Debug)]
pub(crate) struct Space {
    /// Which one.
    pub(crate) kind: Kind,
    /// Changes are made by its owner only. Lock order: memory before ports, both before the list
    /// of listeners, that before `map`'s writer, that before `reserved`.
    pub(crate) lock: &'static Lock,
    /// What is where.
    pub(crate) map: Map,
    /// Where [`crate::guest::Guest::find_free`] may not look.
    pub(crate) reserved: Mutex<Reservations>,
}

impl Space {
    /// An empty space.
    pub(crate) fn new(kind: Kind, lock: &'static Lock) -> Self {
        Self { kind, lock, map: Map::new(), reserved: Mutex::default() }
    }

    /// Takes the lock until the result is dropped, if the thread does not have it anyway.
    pub(crate) fn hold(&self) -> Result<Held, Error> {
        self.lock.hold(self.kind)
    }
}

/// Ranges that are reserved: ascending, disjoint.
#[derive(Debug, Default)]
pub(crate) struct Reservations {
    ranges: Vec<Range>,
}

impl Reservations {
    /// The first reservation that ends at a location or after it.
    pub(crate) fn first_from(&self, location: Location) -> Option<&Range> {
        self.ranges.get(self.ranges.partition_point(|range| range.last() < location))
    }

    /// Reserves a range.
    pub(crate) fn reserve(&mut self, range: Range) -> Result<(), Error> {
        let place = self.ranges.partition_point(|other| other.last() < range.first());
        if let Some(other) = self.ranges.get(place)
            && other.intersection(&range).is_some()
        {
            return Err(Error::Reserved(*other));
        }
        self.ranges.try_reserve(1).map_err(|_| Error::NoMemory)?;
        self.ranges.insert(place, range);
        Ok(())
    }
}

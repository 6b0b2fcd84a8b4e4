//! The spaces of a guest.

#![forbid(unsafe_code)]

use super::range::{Location, Range};
use core::fmt;
use gasp_abi::qvm_state_types as qst;

/// A space of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpaceKind {
    /// Guest-physical memory.
    Memory,
    /// x86 I/O ports.
    Ports,
}

/// Why a range is not in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutOfSpace {
    /// The range has no locations.
    Empty,
    /// The last location is below the first one.
    Inverted {
        /// The first location.
        first: u64,
        /// The last location.
        last: u64,
    },
    /// The range runs past the end of the space.
    PastEnd {
        /// The space.
        kind: SpaceKind,
        /// The first location.
        location: u64,
        /// The number of locations.
        length: u64,
    },
}

impl SpaceKind {
    /// All spaces, in the order of their locks.
    pub(crate) const ALL: [Self; 2] = [Self::Memory, Self::Ports];

    /// The space of a `QST_*` number.
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

    /// The `QST_*` number of the space.
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

    /// The whole space.
    pub(crate) fn whole(self) -> Range {
        Range::up_to(self.last())
    }

    /// The `length` locations from `location` on.
    #[inline]
    pub(crate) fn range(self, location: u64, length: u64) -> Result<Range, OutOfSpace> {
        if length == 0 {
            return Err(OutOfSpace::Empty);
        }
        Range::from_length(Location::new(location), length)
            .filter(|range| range.last() <= self.last())
            .ok_or(OutOfSpace::PastEnd { kind: self, location, length })
    }

    /// The locations from `first` to `last`, both inclusive.
    pub(crate) fn range_to(self, first: u64, last: u64) -> Result<Range, OutOfSpace> {
        let range = Range::from_ends(Location::new(first), Location::new(last));
        let range = range.ok_or(OutOfSpace::Inverted { first, last })?;
        if range.last() <= self.last() {
            return Ok(range);
        }
        let length = range.saturating_length();
        Err(OutOfSpace::PastEnd { kind: self, location: first, length })
    }
}

impl fmt::Display for SpaceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Ports => "port",
        })
    }
}

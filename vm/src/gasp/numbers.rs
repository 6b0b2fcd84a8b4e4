//! Numbers of libgasp's C interface that gasp-vm uses, as Rust types.

#![forbid(unsafe_code)]

use core::ffi::c_uint;
use gasp_abi::{
    GASP_EXECUTE, GASP_RAM, GASP_READ, GASP_ROM, GASP_UNSUPPORTED_ABORT, GASP_UNSUPPORTED_FAIL,
    GASP_UNSUPPORTED_IGNORE, GASP_WRITE, gasp_region_flags as grf, qvm_state_types as qst,
};

/// Bytes of a page of guest memory.
pub(crate) const PAGE_SIZE: u64 = 4096;

/// Whether pages begin at all of these locations.
pub(crate) fn at_pages<const N: usize>(locations: [u64; N]) -> bool {
    locations.iter().all(|location| location % PAGE_SIZE == 0)
}

/// A space of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Space {
    /// Guest-physical memory.
    Memory = qst::QST_MEMORY as u16,
    /// x86 ports.
    Ports = qst::QST_X86_IO as u16,
}

impl Space {
    /// The space of a `QST_*` number, if it is the number of one.
    pub(crate) fn of(r#type: u16) -> Option<Self> {
        let is = |known: qst| r#type == known as u16;
        match () {
            () if is(qst::QST_MEMORY) || is(qst::QST_PCI_IO) => Some(Self::Memory),
            () if is(qst::QST_X86_IO) => Some(Self::Ports),
            () => None,
        }
    }

    /// Its `QST_*` number, as wide as functions take it.
    pub(crate) fn number(self) -> c_uint {
        c_uint::from(self as u16)
    }

    /// The last location.
    pub(crate) fn last(self) -> u64 {
        match self {
            Self::Memory => u64::MAX,
            Self::Ports => 0xffff,
        }
    }
}

/// What an access does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum AccessKind {
    /// The guest reads.
    Read = GASP_READ,
    /// The guest writes.
    Write = GASP_WRITE,
    /// The guest fetches an instruction.
    Execute = GASP_EXECUTE,
}

/// AccessKind of memory of [`Guest::add_memory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Memory {
    /// Everything is allowed.
    Ram = GASP_RAM,
    /// Writes are not.
    Rom = GASP_ROM,
}

/// What accesses to nothing do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub(crate) enum Unsupported {
    /// Reads give all ones, writes are dropped.
    #[default]
    Ignore = GASP_UNSUPPORTED_IGNORE,
    /// The access fails.
    Fail = GASP_UNSUPPORTED_FAIL,
    /// The process ends.
    Abort = GASP_UNSUPPORTED_ABORT,
}

/// The number that has all of these flags.
pub(crate) const fn flags<const N: usize>(flags: [grf; N]) -> u32 {
    let (mut number, mut at) = (0, 0);
    while at < N {
        number |= flags[at] as u32;
        at += 1;
    }
    number
}

//! Constants of libgasp's C interface as Rust types.

#![forbid(unsafe_code)]

use core::ffi::c_uint;
use gasp_abi::{
    GASP_EXECUTE, GASP_RAM, GASP_READ, GASP_ROM, GASP_UNSUPPORTED_ABORT, GASP_UNSUPPORTED_FAIL,
    GASP_UNSUPPORTED_IGNORE, GASP_WRITE, gasp_region_flags as grf, qvm_state_types as qst,
};

/// Bytes of a page of guest memory.
pub const PAGE_SIZE: u64 = 4096;

/// Whether all of these numbers are multiples of the page size.
pub fn at_pages<const N: usize>(numbers: [u64; N]) -> bool {
    numbers.iter().all(|number| number % PAGE_SIZE == 0)
}

/// A space of a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum Space {
    /// Guest-physical memory.
    Memory = qst::QST_MEMORY as u16,
    /// x86 ports.
    Ports = qst::QST_X86_IO as u16,
}

impl Space {
    /// The space that a `QST_*` number stands for, if any.
    pub fn of(r#type: u16) -> Option<Self> {
        let is = |known: qst| r#type == known as u16;
        match () {
            () if is(qst::QST_MEMORY) || is(qst::QST_PCI_IO) => Some(Self::Memory),
            () if is(qst::QST_X86_IO) => Some(Self::Ports),
            () => None,
        }
    }

    /// The `QST_*` number as a function argument.
    pub fn number(self) -> c_uint {
        c_uint::from(self as u16)
    }

    /// The last location.
    pub fn last(self) -> u64 {
        match self {
            Self::Memory => u64::MAX,
            Self::Ports => 0xffff,
        }
    }
}

/// The kind of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum AccessKind {
    /// The guest reads.
    Read = GASP_READ,
    /// The guest writes.
    Write = GASP_WRITE,
    /// The guest fetches an instruction.
    Execute = GASP_EXECUTE,
}

/// A kind of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Memory {
    /// The guest may read, write and execute.
    Ram = GASP_RAM,
    /// The guest may not write.
    Rom = GASP_ROM,
}

/// The result of an access that nothing handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u32)]
pub enum Unsupported {
    /// Reads give all ones, writes are dropped.
    #[default]
    Ignore = GASP_UNSUPPORTED_IGNORE,
    /// The access fails.
    Fail = GASP_UNSUPPORTED_FAIL,
    /// The process ends.
    Abort = GASP_UNSUPPORTED_ABORT,
}

/// The number in which these flags are set.
pub const fn flags<const N: usize>(flags: [grf; N]) -> u32 {
    let (mut number, mut at) = (0, 0);
    while at < N {
        number |= flags[at] as u32;
        at += 1;
    }
    number
}

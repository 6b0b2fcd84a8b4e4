//! Kinds of access.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::flags::Flags;
use gasp_abi::{GASP_EXECUTE, GASP_READ, GASP_WRITE};

/// A kind of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessKind {
    /// Reads data.
    Read = 0,
    /// Writes data.
    Write = 1,
    /// Fetches an instruction.
    Execute = 2,
}

impl AccessKind {
    /// The kind of a `GASP_*` number.
    #[inline(always)]
    pub(crate) fn from_c(kind: u32) -> Result<Self, Error> {
        match kind {
            GASP_READ => Ok(Self::Read),
            GASP_WRITE => Ok(Self::Write),
            GASP_EXECUTE => Ok(Self::Execute),
            _ => Err(Error::Unknown { what: "kind of access", bits: kind }),
        }
    }

    /// The flag of regions that pass this kind.
    pub(super) fn pass_flag(self) -> Flags {
        [Flags::PASS_RD, Flags::PASS_WR, Flags::PASS_EX][self as usize]
    }

    /// The flag of regions that trap this kind. As in QNX, a trapped fetch is unsupported, so
    /// fetches have none.
    pub(super) fn trap_flag(self) -> Flags {
        [Flags::VIRT_RD, Flags::VIRT_WR, Flags::NONE][self as usize]
    }
}

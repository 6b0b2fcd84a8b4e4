//! Kinds of access.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::flags::Flags;
use gasp_abi::{GASP_EXECUTE, GASP_READ, GASP_WRITE};

/// What an access does.
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
    /// The kind that a `GASP_*` names.
    #[inline(always)]
    pub(crate) fn from_c(kind: u32) -> Result<Self, Error> {
        match kind {
            GASP_READ => Ok(Self::Read),
            GASP_WRITE => Ok(Self::Write),
            GASP_EXECUTE => Ok(Self::Execute),
            _ => Err(Error::Unknown { what: "kind of access", bits: kind }),
        }
    }

    /// The flag of a region that passes such an access.
    pub(super) fn pass_flag(self) -> Flags {
        [Flags::PASS_RD, Flags::PASS_WR, Flags::PASS_EX][self as usize]
    }

    /// The flag of a region that traps such an access. Fetches do not trap: as QNX has it, they go
    /// where accesses to nothing go.
    pub(super) fn trap_flag(self) -> Flags {
        [Flags::VIRT_RD, Flags::VIRT_WR, Flags::NONE][self as usize]
    }
}

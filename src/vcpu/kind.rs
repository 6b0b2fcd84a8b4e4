//! Kinds of access, and reasons for which one is unsupported.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::flags::Flags;
use gasp_abi::{
    GASP_EXECUTE, GASP_READ, GASP_REASON_ABSENT, GASP_REASON_DECLINED, GASP_REASON_NO_HANDLER,
    GASP_REASON_NO_RIGHT, GASP_REASON_TRAPPED_FETCH, GASP_REASON_VANISHED, GASP_WRITE,
};

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

/// Why an access is unsupported.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No region is there.
    Absent = GASP_REASON_ABSENT,
    /// The region neither passes nor traps this kind.
    NoRight = GASP_REASON_NO_RIGHT,
    /// The access traps, and there is no trap handler.
    NoHandler = GASP_REASON_NO_HANDLER,
    /// The trap handler has left the access to the policy.
    Declined = GASP_REASON_DECLINED,
    /// The region traps fetches, which no handler takes.
    TrappedFetch = GASP_REASON_TRAPPED_FETCH,
    /// The host memory behind the region is not there.
    Vanished = GASP_REASON_VANISHED,
}

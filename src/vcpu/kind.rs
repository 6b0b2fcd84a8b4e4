//! Kinds of access, and reasons for which one is unsupported.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::flags::Flags;
use crate::value::holder::Stuck;
use gasp_abi::{
    GASP_EXECUTE, GASP_READ, GASP_REASON_ABSENT, GASP_REASON_DECLINED, GASP_REASON_HELD,
    GASP_REASON_NO_HANDLER, GASP_REASON_NO_RIGHT, GASP_REASON_TRAPPED_FETCH, GASP_REASON_VANISHED,
    GASP_WRITE,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// No region is there.
    Absent,
    /// The region neither passes nor traps this kind.
    NoRight,
    /// The access traps, and there is no trap handler.
    NoHandler,
    /// The trap handler has left the access to the policy.
    Declined,
    /// The region traps fetches, which no handler takes.
    TrappedFetch,
    /// The host memory behind the region is not there.
    Vanished,
    /// Nothing takes the access, but another thread holds the lock, and may be about to change that.
    Held(Stuck),
}

impl Reason {
    /// The `GASP_REASON_*` number.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Absent => GASP_REASON_ABSENT,
            Self::NoRight => GASP_REASON_NO_RIGHT,
            Self::NoHandler => GASP_REASON_NO_HANDLER,
            Self::Declined => GASP_REASON_DECLINED,
            Self::TrappedFetch => GASP_REASON_TRAPPED_FETCH,
            Self::Vanished => GASP_REASON_VANISHED,
            Self::Held(_) => GASP_REASON_HELD,
        }
    }
}

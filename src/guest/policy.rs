//! The policy for unsupported accesses.

#![forbid(unsafe_code)]

use crate::error::Error;
use gasp_abi::{GASP_UNSUPPORTED_ABORT, GASP_UNSUPPORTED_FAIL, GASP_UNSUPPORTED_IGNORE};

/// The policy for unsupported accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Reads give all ones, writes are dropped.
    Ignore,
    /// The access fails.
    Fail,
    /// The process ends.
    Abort,
}

impl Policy {
    /// All policies, in the order of their numbers.
    pub(super) const ALL: [Self; 3] = [Self::Ignore, Self::Fail, Self::Abort];

    /// The policy of a `GASP_UNSUPPORTED_*` number.
    pub(crate) fn from_c(number: u32) -> Result<Self, Error> {
        match number {
            GASP_UNSUPPORTED_IGNORE => Ok(Self::Ignore),
            GASP_UNSUPPORTED_FAIL => Ok(Self::Fail),
            GASP_UNSUPPORTED_ABORT => Ok(Self::Abort),
            _ => Err(Error::Unknown { what: "policy", bits: number }),
        }
    }
}

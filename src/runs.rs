//! Runs: neighbouring regions taken together, whatever tells them apart.

#![forbid(unsafe_code)]

use crate::guest::Guest;
use crate::range::{Location, Range};
use crate::region::Region;

/// Neighbouring regions of the memory space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where.
    pub(crate) range: Range,
    /// What is behind the first location.
    pub(crate) host: u64,
}

impl Run {
    /// The first run at a location or after it, of regions that are `wanted`; `whole` says
    /// whether the host's memory has to be contiguous, too. The run starts at the location if
    /// that is in it.
    pub(crate) fn first_from(
        guest: &Guest,
        from: Location,
        wanted: impl Fn(&Region) -> bool,
        whole: bool,
    ) -> Option<Self> {
        let mut region = guest.memory_from(from)?;
        while !wanted(&region) {
            region = guest.memory_from(region.range.last().next()?)?;
        }
        let first = region.range.first().max(from);
        let run = Self { range: region.range, host: region.host_at(first) };
        let mut last = region;
        while let Some(next) = last.range.last().next().and_then(|next| guest.memory_from(next)) {
            let contiguous = last.host_at(next.range.first()) == next.host;
            if !last.range.meets(&next.range) || !wanted(&next) || (whole && !contiguous) {
                break;
            }
            last = next;
        }
        Some(Self { range: Range::from_ends(first, last.range.last())?, ..run })
    }
}

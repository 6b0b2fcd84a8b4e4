//! Runs: neighbouring regions taken together, whatever tells them apart.

#![forbid(unsafe_code)]

use super::lookup::Map;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

/// Neighbouring regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Where.
    pub(crate) range: Range,
    /// What is behind the first location.
    pub(crate) host: u64,
}

/// How far a run goes at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// A run that has so many bytes need not be followed further.
    pub(crate) enough: u64,
    /// The host's memory has to be contiguous, too.
    pub(crate) contiguous: bool,
}

impl Extent {
    /// As far as the regions are wanted.
    pub(crate) const WHOLE: Self = Self { enough: u64::MAX, contiguous: false };
}

impl Run {
    /// The first run at a location or after it, of regions that are `wanted`. The run starts at
    /// the location if that is in it.
    pub(crate) fn first_from(
        map: &Map,
        from: Location,
        wanted: impl Fn(&Region) -> bool,
        extent: Extent,
    ) -> Option<Self> {
        map.snapshot(|| Self::collect(map, from, &wanted, extent))
    }

    fn collect(
        map: &Map,
        from: Location,
        wanted: impl Fn(&Region) -> bool,
        extent: Extent,
    ) -> Option<Self> {
        let mut region = map.lookup_from(from)?;
        while !wanted(&region) {
            region = map.lookup_from(region.range.last().next()?)?;
        }
        let first = region.range.first().max(from);
        let run = Self { range: region.range, host: region.host_at(first) };
        let mut last = region;
        while last.range.last().offset_from(first) < extent.enough {
            let next = last.range.last().next().and_then(|next| map.lookup_from(next));
            let Some(next) = next else { break };
            let contiguous = last.host_at(next.range.first()) == next.host;
            let goes_on = contiguous || !extent.contiguous;
            if !last.range.meets(&next.range) || !wanted(&next) || !goes_on {
                break;
            }
            last = next;
        }
        Some(Self { range: Range::from_ends(first, last.range.last())?, ..run })
    }
}

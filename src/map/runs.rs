//! Runs: ranges of regions without a gap between them, whatever their other attributes.

#![forbid(unsafe_code)]

use super::snapshot::Snapshot;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

/// Regions without a gap between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// The range of the run.
    pub(crate) range: Range,
    /// The host address behind the first location.
    pub(crate) host: u64,
}

/// Where a run may end before the regions do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// The run need not be followed further once it has this many bytes.
    pub(crate) enough: u64,
    /// The run ends where host memory is not contiguous.
    pub(crate) contiguous: bool,
}

impl Extent {
    /// The run ends only where the regions do.
    pub(crate) const WHOLE: Self = Self { enough: u64::MAX, contiguous: false };
}

impl Run {
    /// The first run, at `from` or after it, of regions for which `wanted` returns true. The run
    /// starts at `from` if `from` is in it.
    pub(crate) fn first_from(
        map: &Snapshot<'_>,
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

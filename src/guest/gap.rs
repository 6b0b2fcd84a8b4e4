//! Regions backwards, and the holes between them.

#![forbid(unsafe_code)]

use super::state::Guest;
use crate::error::Error;
use crate::map::Snapshot;
use crate::value::kind::SpaceKind;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

impl Guest {
    /// The region that holds a location, or the last one before it.
    pub(crate) fn previous_region(&self, kind: u32, from: u64) -> Result<Region, Error> {
        let space = self.space_of(kind)?;
        let from = space.kind.range(from, 1)?.first();
        space.map.lookup_to(from).ok_or(Error::NoEarlier { kind: space.kind, location: from })
    }

    /// The hole that holds a location, or the first one after it.
    pub(crate) fn next_gap(&self, kind: u32, from: u64) -> Result<Range, Error> {
        let space = self.space_of(kind)?;
        let from = space.kind.range(from, 1)?.first();
        let gap = space.map.snapshot(|map| gap_from(map, space.kind, from));
        gap.ok_or(Error::NoGap { kind: space.kind, location: from })
    }
}

fn gap_from(map: &Snapshot<'_>, kind: SpaceKind, from: Location) -> Option<Range> {
    let mut inside = from;
    while let Some(region) = map.lookup(inside) {
        inside = region.range.last().next()?;
    }
    let before = map.lookup_to(inside);
    let first = before.map_or(Some(Location::ZERO), |region| region.range.last().next())?;
    let after = map.lookup_from(inside);
    let last = after.map_or(Some(kind.last()), |region| region.range.first().previous())?;
    Range::from_ends(first, last)
}

//! The map itself, and lookups in it.

#![forbid(unsafe_code)]

use super::gate::Version;
use super::pool::Pool;
use super::root::Root;
use super::unique::UniqueNumber;
use crate::value::range::Location;
use crate::value::region::Region;
use core::ptr;

/// The regions of one space.
#[derive(Debug)]
pub(crate) struct Map {
    pub(super) pool: Pool,
    pub(super) version: Version,
    pub(super) generation: UniqueNumber,
}

impl Map {
    /// An empty map.
    pub(crate) fn new() -> Self {
        Self { pool: Pool::new(0), version: Version::new(0), generation: UniqueNumber::new() }
    }

    /// An empty map with these counters.
    #[cfg(test)]
    pub(super) fn old(reuse: u64, version: u64) -> Self {
        let generation = UniqueNumber::new();
        Self { pool: Pool::new(reuse), version: Version::new(version), generation }
    }

    /// The region that holds a location.
    #[inline(always)]
    pub(crate) fn lookup(&self, location: Location) -> Option<Region> {
        match location {
            Location::MAX => self.lookup_from(location),
            _ => self.pool.read(|root| holding(root?, location)),
        }
    }

    /// As [`Map::lookup`], in one try: `None` also for the last location of all, and if nodes were
    /// reused meanwhile.
    #[inline(always)]
    pub(crate) fn try_lookup(&self, location: Location) -> Option<Region> {
        self.pool.try_read(|root| holding(root?, location))
    }

    /// The region that holds a location, or the first one after it.
    pub(crate) fn lookup_from(&self, location: Location) -> Option<Region> {
        self.pool.read(|root| first_from(root?, location.get()))
    }

    /// The region that holds a location, or the last one before it.
    pub(crate) fn lookup_to(&self, location: Location) -> Option<Region> {
        self.pool.read(|root| last_to(root?, location.get()))
    }

    /// How many drafts have been committed.
    pub(crate) fn generation(&self) -> u64 {
        self.version.now() / 2
    }

    /// A number for the state of the map that no other state of any map of the process has.
    pub(crate) fn unique_generation(&self) -> u64 {
        self.generation.now()
    }
}

/// The region that holds a location. The search is for the last key below `limit`, the location
/// plus one. For the last location of all, `limit` wraps to 0 and nothing is found.
#[inline(always)]
fn holding(root: &Root, location: Location) -> Option<Region> {
    let limit = location.get().wrapping_add(1);
    root.leaf_below(limit)?.get_around(location, limit)
}

/// The region that holds `key`, or the first one after it.
pub(super) fn first_from(root: &Root, key: u64) -> Option<Region> {
    let slot = root.find(key);
    let next = || root.leaf(slot.checked_add(1).filter(|next| *next < root.count())?);
    first_of_two(|| root.leaf(slot), |leaf| leaf.first_from(key), || next()?.get(0))
}

/// The region that holds `key`, or the last one before it.
pub(super) fn last_to(root: &Root, key: u64) -> Option<Region> {
    let slot = root.find(key);
    let before = || root.leaf(slot.checked_sub(1)?)?.last_to(u64::MAX);
    first_of_two(|| root.leaf(slot), |leaf| leaf.last_to(key), before)
}

/// What `search` finds in a leaf, or else what `beyond` finds in the one beside it.
///
/// Leaves can be replaced one at a time. The first one has to be in place still, or else the two
/// may be of different versions.
pub(super) fn first_of_two<'r, L: 'r, T>(
    leaf: impl Fn() -> Option<&'r L>,
    search: impl Fn(&'r L) -> Option<T>,
    beyond: impl Fn() -> Option<T>,
) -> Option<T> {
    loop {
        let first = leaf()?;
        if let Some(found) = search(first) {
            return Some(found);
        }
        let found = beyond()?;
        if leaf().is_some_and(|still| ptr::eq(still, first)) {
            return Some(found);
        }
    }
}

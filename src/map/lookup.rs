//! The map itself, and lookups in it.

#![forbid(unsafe_code)]

use super::gate::Version;
use super::pool::Pool;
use super::root::Root;
use crate::value::range::Location;
use crate::value::region::Region;
use core::ptr;
use core::time::Duration;

/// How often a query of several lookups is tried before it keeps the writer out.
const SNAPSHOT_TRIES: usize = 8;
/// How long it waits for the writer before it is tried again.
const WRITER_WAIT: Duration = Duration::from_millis(1);

/// The regions of one space.
#[derive(Debug)]
pub(crate) struct Map {
    pub(super) pool: Pool,
    pub(super) version: Version,
}

impl Map {
    /// A map without regions.
    pub(crate) fn new() -> Self {
        Self { pool: Pool::new(0), version: Version::new(0) }
    }

    /// A map without regions whose counters have come a long way.
    #[cfg(test)]
    pub(super) fn old(reuse: u64, version: u64) -> Self {
        Self { pool: Pool::new(reuse), version: Version::new(version) }
    }

    /// The region that holds a location.
    #[inline(always)]
    pub(crate) fn lookup(&self, location: Location) -> Option<Region> {
        match location {
            Location::MAX => self.lookup_from(location),
            _ => self.pool.read(|root| holding(root?, location)),
        }
    }

    /// The region that holds a location. `None` may also mean that it is the last location, or
    /// that nodes were used again meanwhile.
    #[inline(always)]
    pub(crate) fn try_lookup(&self, location: Location) -> Option<Region> {
        self.pool.try_read(|root| holding(root?, location))
    }

    /// The region that holds a location, or the first one after it.
    pub(crate) fn lookup_from(&self, location: Location) -> Option<Region> {
        self.pool.read(|root| first_from(root?, location.get()))
    }

    /// The result of a query of several lookups, all of which saw the same state. The query may
    /// run more than once.
    ///
    /// This does not wait for a draft that stays open: while it does, the map stays as it is, and
    /// another try succeeds. (Whoever has the draft may be waiting for this thread.)
    pub(crate) fn snapshot<T>(&self, query: impl Fn() -> T) -> T {
        loop {
            if let Some(result) = self.version.snapshot(SNAPSHOT_TRIES, &query) {
                return result;
            }
            if let Some(_no_change) = self.pool.write_within(WRITER_WAIT) {
                return query();
            }
        }
    }

    /// How many changes have been committed.
    pub(crate) fn generation(&self) -> u64 {
        self.version.now() / 2
    }
}

/// The region that holds a location, unless that is the last of all. Searches are for keys below
/// the location's number plus one; after the last one that is 0, and nothing is found.
#[inline(always)]
fn holding(root: &Root, location: Location) -> Option<Region> {
    let limit = location.get().wrapping_add(1);
    root.leaf_below(limit)?.get_around(location, limit)
}

fn first_from(root: &Root, key: u64) -> Option<Region> {
    let slot = root.find(key);
    loop {
        let leaf = root.leaf(slot)?;
        if let Some(region) = leaf.first_from(key) {
            return Some(region);
        }
        let next = slot.checked_add(1).filter(|next| *next < root.count())?;
        let found = root.leaf(next)?.get(0);
        // Leaves can be replaced one at a time: what the first one does not have, and what the
        // second one has, has to be of one state.
        if root.leaf(slot).is_some_and(|still| ptr::eq(still, leaf)) {
            return found;
        }
    }
}

//! The map of one space: which region is at a location. Readers take no lock, write nothing
//! that others share, and are never stopped by the writer.
//!
//! # Structure
//!
//! ```text
//!              Root                         Leaf (up to 64 regions)
//!   published ─▶ separators │ leaves        ┌ fences: first key of each block of 8
//!                0          │ ●────────────▶│ keys:   first location of each region
//!                0x40000    │ ●──▶          └ values: last location, flags, cookie, vdev, host
//! ```
//!
//! Two levels: a sorted array of separators with a leaf for each, and the leaves. Holes are not
//! stored. A region is in one leaf only, and lies between its leaf's separator and the next.
//! Leaves and roots come from a [`pool`] whose memory never becomes anything else.
//!
//! # Reading
//!
//! Load the root, find the leaf (one cache line of each level of the root's index), find the
//! region (two cache lines of keys), copy it, and check that no node was reused meanwhile; if one
//! was, do it again. No store, no locked instruction, and on x86 no fence. A reader has to repeat
//! only for a change that ends a quarantine, which not every change does.
//!
//! # Changing
//!
//! One [`Draft`] at a time. It replaces what is in a range by other regions ([`Draft::splice`]):
//! the leaf that the range is in is copied with the change; if leaves have to be split or merged,
//! or share their regions with a neighbour that has room ([`deal`]), so is the root. Nodes that the
//! draft made are edited in place. Nothing of it is visible until
//! [`Draft::commit`], which is one store: the new root, or, if only one leaf changed, that leaf's
//! place in the published root. So a lookup sees all of a draft or nothing. What was replaced is
//! kept in quarantine, for no reader to stumble over, until enough has come together.
//!
//! # Caches
//!
//! A map of some thousand leaves is larger than the caches near a processor. So what is needed of a
//! leaf of a large root is asked for at once (`expect_search`, `expect_copy`) and not line by line
//! as the search comes to it; and a set call says where its next element will be
//! ([`Draft::expect`]).
//!
//! # Versions
//!
//! `version` grows by two with each commit and is odd while one is being published. A reader that
//! kept a region, and finds the same even version as when it looked it up, may use it again.

mod alloc;
mod block;
mod cell;
#[cfg(any(test, debug_assertions))]
mod check;
mod draft;
mod gate;
mod hint;
mod leaf;
#[cfg(all(test, loom))]
mod loom;
mod pool;
mod rebalance;
mod root;
pub(crate) mod runs;
#[cfg(test)]
mod tests;

pub(crate) use draft::{Draft, Window};
pub(crate) use hint::Hint;

use crate::value::range::Location;
use crate::value::region::Region;
use core::ptr;
use core::time::Duration;
use gate::Version;
use pool::Pool;
use root::Root;

/// How often a query of several lookups is tried before it keeps the writer out.
const TRIES: usize = 8;
/// How long it waits for the writer before it is tried again.
const PATIENCE: Duration = Duration::from_millis(1);

/// The regions of one space.
#[derive(Debug)]
pub(crate) struct Map {
    pool: Pool,
    version: Version,
}

impl Map {
    /// A map without regions.
    pub(crate) fn new() -> Self {
        Self { pool: Pool::new(0), version: Version::new(0) }
    }

    /// A map without regions whose counters have come a long way.
    #[cfg(test)]
    fn old(reuse: u64, version: u64) -> Self {
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
    pub(crate) fn at_once<T>(&self, query: impl Fn() -> T) -> T {
        loop {
            if let Some(result) = self.version.at_once(TRIES, &query) {
                return result;
            }
            if let Some(_no_change) = self.pool.write_within(PATIENCE) {
                return query();
            }
        }
    }

    /// How many changes have been committed.
    pub(crate) fn generation(&self) -> u64 {
        self.version.now() / 2
    }

    /// Starts a change, waiting for another one to end.
    pub(crate) fn draft(&self) -> Draft<'_> {
        Draft::new(self)
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

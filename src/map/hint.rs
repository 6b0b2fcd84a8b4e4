//! A cache of one region: the last one that a caller looked up.

#![forbid(unsafe_code)]

use super::gate::Version;
use super::lookup::Map;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The ends of an empty region, which no location is in.
const NOWHERE: [u64; 2] = [1, 0];

/// The last region that was looked up, and the version of the map that it was in. One thread at a
/// time may use it. Its fields are atomics so that using it from two threads has no worse result
/// than a wrong region.
#[derive(Debug)]
pub(crate) struct Hint {
    version: AtomicU64,
    ends: [AtomicU64; 2],
    words: [AtomicU64; 3],
}

impl Hint {
    /// An empty hint.
    pub(crate) fn new() -> Self {
        let ends = NOWHERE.map(AtomicU64::new);
        Self { version: AtomicU64::new(0), ends, words: Default::default() }
    }

    /// The region that holds a location: the one in the hint if it is up to date, else what
    /// `lookup` finds, which the hint remembers.
    #[inline(always)]
    pub(super) fn lookup(
        &self,
        location: Location,
        version: &Version,
        lookup: impl FnOnce(Location) -> Option<Region>,
    ) -> Option<Region> {
        match self.known(location, version) {
            Some(region) => Some(region),
            None => self.lookup_and_remember(location, version, lookup),
        }
    }

    #[inline(always)]
    fn known(&self, location: Location, version: &Version) -> Option<Region> {
        let is_true = self.version.load(Relaxed) == version.now();
        if is_true { self.region_around(location) } else { None }
    }

    #[inline(never)]
    fn lookup_and_remember(
        &self,
        location: Location,
        version: &Version,
        lookup: impl FnOnce(Location) -> Option<Region>,
    ) -> Option<Region> {
        let before = version.now();
        let region = lookup(location)?;
        // Not at an odd version: another thread may have seen a newer region than this one.
        if version.is_still(before) {
            self.remember(before, &region);
        } else {
            self.forget();
        }
        Some(region)
    }

    #[inline(always)]
    fn region_around(&self, location: Location) -> Option<Region> {
        let [first, last] = self.ends.each_ref().map(|end| Location::new(end.load(Relaxed)));
        let range = Range::around(location, first, last)?;
        Some(Region::from_words(range, self.words.each_ref().map(|word| word.load(Relaxed))))
    }

    fn remember(&self, version: u64, region: &Region) {
        store(&self.ends, [region.range.first().get(), region.range.last().get()]);
        store(&self.words, region.to_words());
        self.version.store(version, Relaxed);
    }

    fn forget(&self) {
        store(&self.ends, NOWHERE);
    }
}

fn store<const N: usize>(cells: &[AtomicU64; N], values: [u64; N]) {
    cells.iter().zip(values).for_each(|(cell, value)| cell.store(value, Relaxed));
}

impl Map {
    /// As [`Map::lookup`], but looks at the hint first, and stores the result in it.
    #[inline(always)]
    pub(crate) fn lookup_hinted(&self, location: Location, hint: &Hint) -> Option<Region> {
        hint.lookup(location, &self.version, |location| self.lookup(location))
    }

    /// The region that holds a location, if it is the one in the hint and the hint is up to date.
    #[inline(always)]
    pub(crate) fn known(&self, location: Location, hint: &Hint) -> Option<Region> {
        hint.known(location, &self.version)
    }
}

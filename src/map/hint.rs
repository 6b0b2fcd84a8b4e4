//! A region that a caller looked up before, to be asked first the next time.

#![forbid(unsafe_code)]

use super::lookup::Map;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The ends of a region that holds no location.
const NOWHERE: [u64; 2] = [1, 0];

/// The last region that somebody looked up, and the version of the map that had it. It belongs
/// to one thread at a time; its pieces are atomics so that nothing worse than a wrong region
/// comes of using it from two.
#[derive(Debug)]
pub(crate) struct Hint {
    version: AtomicU64,
    ends: [AtomicU64; 2],
    words: [AtomicU64; 3],
}

impl Hint {
    /// Nothing looked up yet.
    pub(crate) fn new() -> Self {
        let ends = NOWHERE.map(AtomicU64::new);
        Self { version: AtomicU64::new(0), ends, words: Default::default() }
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
    /// As [`Map::lookup`], after asking the hint, which remembers the answer.
    #[inline(always)]
    pub(crate) fn lookup_hinted(&self, location: Location, hint: &Hint) -> Option<Region> {
        match self.known(location, hint) {
            Some(region) => Some(region),
            None => self.lookup_and_remember(location, hint),
        }
    }

    /// The region that holds a location, if the hint is of that region and still true.
    #[inline(always)]
    pub(crate) fn known(&self, location: Location, hint: &Hint) -> Option<Region> {
        let is_true = hint.version.load(Relaxed) == self.version.now();
        if is_true { hint.region_around(location) } else { None }
    }

    #[inline(never)]
    fn lookup_and_remember(&self, location: Location, hint: &Hint) -> Option<Region> {
        let version = self.version.now();
        let region = self.lookup(location)?;
        // Odd: a change was becoming visible, so the region may be older than what others saw.
        if self.version.is_still(version) {
            hint.remember(version, &region);
        } else {
            hint.forget();
        }
        Some(region)
    }
}

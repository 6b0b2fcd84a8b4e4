//! A leaf: up to 64 regions in ascending order.
//!
//! Every field is atomic, because a reader may still be in a leaf while the writer fills it for its
//! next use. Such a reader discards what it read (see [`super`]). All accesses are relaxed. They
//! are ordered by the publication of the leaf and by the reader's validation (`gate.rs`).

#![forbid(unsafe_code)]

use super::block::{BLOCK, copy, last_below, rank};
use crate::raw::prefetch::prefetch;
use crate::value::range::{Location, Range};
use crate::value::region::Region;
use core::ptr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// The greatest number of regions in a leaf.
pub(super) const SLOTS: usize = 64;
const BLOCKS: usize = SLOTS / BLOCK;

/// The key of an unused slot: `u64::MAX`, so no search selects it.
const UNUSED: u64 = u64::MAX;

/// The rest of a region: last location, flags and cookie, vdev, host.
type Value = [AtomicU64; 4];

/// Up to 64 regions. A search reads the first cache line, one of keys, and one value.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Leaf {
    count: AtomicU32,
    /// 1 while the leaf belongs to an open draft, which may edit it in place.
    private: AtomicU32,
    /// The first key of each block but block 0.
    fences: [AtomicU64; BLOCKS - 1],
    keys: [[AtomicU64; BLOCK]; BLOCKS],
    values: [Value; SLOTS],
}

impl Leaf {
    /// The number of regions.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        (self.count.load(Relaxed) as usize).min(SLOTS)
    }

    /// Whether the leaf belongs to an open draft.
    pub(super) fn is_private(&self) -> bool {
        self.private.load(Relaxed) != 0
    }

    /// Marks whether the leaf belongs to an open draft.
    pub(super) fn set_private(&self, private: bool) {
        self.private.store(private.into(), Relaxed);
    }

    /// Prefetches what a search reads, but for the value: which one is not known yet, and fetching
    /// all of them costs more than it gains.
    #[inline(always)]
    pub(super) fn prefetch_keys(&self) {
        prefetch(&self.fences);
        prefetch(&self.keys);
    }

    /// Prefetches the whole leaf, before a copy of it.
    pub(super) fn prefetch_all(&self) {
        prefetch(self);
    }

    /// The last region that starts below `limit`, if it holds a location.
    #[inline(always)]
    pub(super) fn get_around(&self, location: Location, limit: u64) -> Option<Region> {
        let index = self.last_below(limit);
        let (first, last) = (Location::new(self.key(index)), Location::new(self.last(index)));
        Range::around(location, first, last).map(|range| self.region(index, range))
    }

    /// The region that holds `key`, or the first one after it, if it is in this leaf.
    pub(super) fn first_from(&self, key: u64) -> Option<Region> {
        let after = self.rank(key);
        match after.checked_sub(1) {
            Some(index) if self.last(index) >= key => self.get(index),
            _ if after < self.count() => self.get(after),
            _ => None,
        }
    }

    /// The region that holds `key`, or the last one before it, if it is in this leaf.
    pub(super) fn last_to(&self, key: u64) -> Option<Region> {
        self.get(self.rank(key).checked_sub(1)?)
    }

    /// The number of regions that start at `key` or before.
    pub(super) fn rank(&self, key: u64) -> usize {
        match self.count() {
            0 => 0,
            _ if key < self.key(0) => 0,
            count if key == u64::MAX => count,
            _ => self.last_below(key + 1) + 1,
        }
    }

    /// As [`Leaf::rank`], for a key that is not below the region at `start` and is mostly near it.
    pub(super) fn rank_from(&self, start: usize, key: u64) -> usize {
        let near = (start + 3).min(self.count());
        match (start..near).find(|index| self.key(*index) > key) {
            Some(rank) => rank,
            None if near == self.count() => near,
            None => self.rank(key),
        }
    }

    /// The index of the last region that starts below `limit`; any index if there is none.
    #[inline(always)]
    pub(super) fn last_below(&self, limit: u64) -> usize {
        let small = self.count.load(Relaxed) as usize <= BLOCK;
        let block = if small { 0 } else { rank(&self.fences, limit) };
        block * BLOCK + last_below(&self.keys[block], limit)
    }

    /// The first location of a region.
    #[inline(always)]
    pub(super) fn key(&self, index: usize) -> u64 {
        self.key_cell(index).load(Relaxed)
    }

    /// The last location of a region.
    #[inline(always)]
    pub(super) fn last(&self, index: usize) -> u64 {
        self.values[index % SLOTS][0].load(Relaxed)
    }

    /// The region in a slot; `None` only while the leaf is being reused.
    pub(super) fn get(&self, index: usize) -> Option<Region> {
        let (first, last) = (Location::new(self.key(index)), Location::new(self.last(index)));
        Range::from_ends(first, last).map(|range| self.region(index, range))
    }

    #[inline(always)]
    fn region(&self, index: usize, range: Range) -> Region {
        let [_, words @ ..] = &self.values[index % SLOTS];
        Region::from_words(range, words.each_ref().map(|word| word.load(Relaxed)))
    }

    #[inline(always)]
    fn key_cell(&self, index: usize) -> &AtomicU64 {
        &self.keys[index / BLOCK % BLOCKS][index % BLOCK]
    }

    /// Becomes a copy of `source` with its regions `from..to` replaced by `new`. `source` may be
    /// this leaf. The result has to fit.
    pub(super) fn splice(&self, source: &Self, from: usize, to: usize, new: &[Region]) {
        let old_count = source.count();
        let (tail, moved) = (old_count - to, from + new.len());
        if !ptr::eq(self, source) {
            self.copy(0, source, 0, from);
            self.copy(moved, source, to, tail);
        } else if moved > to {
            self.open_gap(to, moved, tail);
        } else {
            self.copy(moved, self, to, tail);
        }
        for (index, region) in (from..).zip(new) {
            self.put(index, region);
        }
        self.finish(moved + tail);
    }

    /// Copies regions from a leaf, in ascending order. [`Leaf::finish`] has to follow.
    pub(super) fn copy(&self, at: usize, source: &Self, from: usize, count: usize) {
        let (at, from) = (at..at + count, from..from + count);
        copy(&self.keys.as_flattened()[at.clone()], &source.keys.as_flattened()[from.clone()]);
        copy(self.values[at].as_flattened(), source.values[from].as_flattened());
    }

    /// Moves regions up, in descending order because source and target overlap.
    fn open_gap(&self, from: usize, to: usize, count: usize) {
        let keys = self.keys.as_flattened();
        for index in (0..count).rev() {
            let (from, to) = (from + index, to + index);
            keys[to].store(keys[from].load(Relaxed), Relaxed);
            copy(&self.values[to], &self.values[from]);
        }
    }

    /// Writes one region. [`Leaf::finish`] has to follow.
    pub(super) fn put(&self, index: usize, region: &Region) {
        let [last, words @ ..] = &self.values[index % SLOTS];
        self.key_cell(index).store(region.range.first().get(), Relaxed);
        last.store(region.range.last().get(), Relaxed);
        words.iter().zip(region.to_words()).for_each(|(cell, word)| cell.store(word, Relaxed));
    }

    /// Sets the number of regions, and makes the fences and the unused keys that a search needs.
    pub(super) fn finish(&self, count: usize) {
        debug_assert!(count <= SLOTS);
        let padded = count.next_multiple_of(BLOCK).min(SLOTS);
        (count..padded).for_each(|index| self.key_cell(index).store(UNUSED, Relaxed));
        for (block, fence) in (1..).zip(&self.fences) {
            let first = block * BLOCK;
            fence.store(if first < count { self.key(first) } else { UNUSED }, Relaxed);
        }
        #[allow(clippy::cast_possible_truncation)] // at most SLOTS
        self.count.store(count as u32, Relaxed);
    }
}

//! A leaf: up to 64 regions in ascending order.
//!
//! Every field is atomic because a reader may look at a leaf while the writer fills it for its
//! next use; such a reader throws away what it saw (see the module above). All accesses are
//! relaxed: what orders them is the publication of the leaf and the reader's validation.

#![forbid(unsafe_code)]

use super::BLOCK;
use crate::flags::Flags;
use crate::range::{Location, Range};
use crate::region::{Region, Vdev};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

/// Regions in a leaf at most.
pub(super) const SLOTS: usize = 64;
const BLOCKS: usize = SLOTS / BLOCK;

/// The key of an unused place: no search for anything else goes past it.
const UNUSED: u64 = u64::MAX;

/// What a region is but for its first location: last location, flags and cookie, vdev, host.
type Value = [AtomicU64; 4];

/// Up to 64 regions. A search reads two cache lines of keys and one value.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Leaf {
    count: AtomicU32,
    /// 1 while the leaf belongs to an unpublished draft, which may then edit it in place.
    private: AtomicU32,
    /// The first key of each block but block 0.
    fences: [AtomicU64; BLOCKS - 1],
    keys: [AtomicU64; SLOTS],
    values: [Value; SLOTS],
}

/// How many of eight ascending keys are not above `key`. Written as two sums without a branch:
/// which key it is cannot be predicted.
#[inline(always)]
pub(super) fn rank(keys: &[AtomicU64], key: u64) -> usize {
    let (mut even, mut odd) = (0, 0);
    for pair in keys.chunks(2) {
        even += usize::from(pair[0].load(Relaxed) <= key);
        odd += pair.get(1).map_or(0, |last| usize::from(last.load(Relaxed) <= key));
    }
    even + odd
}

impl Leaf {
    /// How many regions there are.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        (self.count.load(Relaxed) as usize).min(SLOTS)
    }

    /// Whether the leaf belongs to an unpublished draft.
    pub(super) fn is_private(&self) -> bool {
        self.private.load(Relaxed) != 0
    }

    /// Says whether the leaf belongs to an unpublished draft.
    pub(super) fn set_private(&self, private: bool) {
        self.private.store(private.into(), Relaxed);
    }

    /// How many regions start at `key` or before.
    #[inline(always)]
    pub(super) fn rank(&self, key: u64) -> usize {
        let count = self.count();
        let block = if count <= BLOCK { 0 } else { rank(&self.fences, key) };
        let start = (block * BLOCK) & (SLOTS - 1);
        let found = start + rank(&self.keys[start..start + BLOCK], key);
        found.min(count)
    }

    /// The first location of a region.
    #[inline(always)]
    pub(super) fn key(&self, index: usize) -> u64 {
        self.keys[index & (SLOTS - 1)].load(Relaxed)
    }

    /// The last location of a region.
    #[inline(always)]
    pub(super) fn last(&self, index: usize) -> u64 {
        self.values[index & (SLOTS - 1)][0].load(Relaxed)
    }

    /// A region. `None` only while the leaf is being reused.
    #[inline(always)]
    pub(super) fn get(&self, index: usize) -> Option<Region> {
        let [last, tag, vdev, host] = &self.values[index & (SLOTS - 1)];
        let first = Location::new(self.key(index));
        let tag = tag.load(Relaxed);
        #[allow(clippy::cast_possible_truncation)] // the two halves of a word
        let (flags, cookie) = ((tag >> 32) as u32, tag as u32);
        Some(Region {
            range: Range::from_ends(first, Location::new(last.load(Relaxed)))?,
            flags: Flags::from_bits(flags),
            cookie,
            vdev: Vdev(vdev.load(Relaxed)),
            host: host.load(Relaxed),
        })
    }

    /// Becomes what `source` is, but with `new` in place of its regions `from..to`. `source` may
    /// be this leaf. The result has SLOTS regions at most.
    pub(super) fn splice(&self, source: &Self, from: usize, to: usize, new: &[Region]) {
        let old_count = source.count();
        if !core::ptr::eq(self, source) {
            (0..from).for_each(|index| self.copy(index, source, index));
        }
        self.move_tail(source, to..old_count, from + new.len());
        for (index, region) in (from..).zip(new) {
            self.put(index, region);
        }
        self.finish(from + new.len() + old_count - to);
    }

    /// Adds regions of another leaf to the end. [`Leaf::finish`] has to follow.
    pub(super) fn extend(&self, at: usize, source: &Self, from: usize, count: usize) {
        (0..count).for_each(|index| self.copy(at + index, source, from + index));
    }

    /// Writes one region. [`Leaf::finish`] has to follow.
    pub(super) fn put(&self, index: usize, region: &Region) {
        let [last, tag, vdev, host] = &self.values[index & (SLOTS - 1)];
        self.keys[index & (SLOTS - 1)].store(region.range.first().get(), Relaxed);
        last.store(region.range.last().get(), Relaxed);
        tag.store(u64::from(region.flags.bits()) << 32 | u64::from(region.cookie), Relaxed);
        vdev.store(region.vdev.0, Relaxed);
        host.store(region.host, Relaxed);
    }

    /// Sets the number of regions, and what the search needs beside the keys.
    pub(super) fn finish(&self, count: usize) {
        debug_assert!(count <= SLOTS);
        let padded = count.next_multiple_of(BLOCK).min(SLOTS);
        (count..padded).for_each(|index| self.keys[index].store(UNUSED, Relaxed));
        for (block, fence) in (1..).zip(&self.fences) {
            let first = block * BLOCK;
            fence.store(if first < count { self.key(first) } else { UNUSED }, Relaxed);
        }
        #[allow(clippy::cast_possible_truncation)] // at most SLOTS
        self.count.store(count as u32, Relaxed);
    }

    fn move_tail(&self, source: &Self, tail: core::ops::Range<usize>, to: usize) {
        let moves = tail.clone().zip(to..to + tail.len());
        if to > tail.start {
            moves.rev().for_each(|(from, to)| self.copy(to, source, from));
        } else if to < tail.start || !core::ptr::eq(self, source) {
            moves.for_each(|(from, to)| self.copy(to, source, from));
        }
    }

    #[inline(always)]
    fn copy(&self, to: usize, source: &Self, from: usize) {
        let (to, from) = (to & (SLOTS - 1), from & (SLOTS - 1));
        self.keys[to].store(source.keys[from].load(Relaxed), Relaxed);
        for (to, from) in self.values[to].iter().zip(&source.values[from]) {
            to.store(from.load(Relaxed), Relaxed);
        }
    }
}

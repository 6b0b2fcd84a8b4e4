//! The root: the leaves of one version of the map, in order, and an index over their separators.
//!
//! Separator `i` is at or below each key of leaf `i`, and above each location in leaf `i - 1`.
//! Separator 0 is 0. The index is a tree of blocks of eight keys without pointers. Level 0 is the
//! separators. Level `l + 1` is the first key of each block of level `l`. The highest level has at
//! most eight keys, and is in `top` only. A search reads one block (a cache line) of each level.
//!
//! As with a leaf, a reader may still be in a root while it is filled for its next use. So no
//! number that a search reads from a root is trusted to be in bounds.

#![forbid(unsafe_code)]

use super::alloc::boxed_slice;
use super::block::{BLOCK, Block, copy, last_below, words};
use super::cell::LeafCell;
use super::leaf::Leaf;
use crate::sys::failure::OutOfMemory;
use core::cmp::Ordering::{Equal, Greater, Less};
use core::ptr;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Enough levels for any number of leaves that fits in an address space.
const LEVELS: usize = 12;
/// The depth of a root whose index is not made yet.
const UNFINISHED: usize = LEVELS;

/// Up to this many levels, the leaves (512, or 1.3 MB) are probably in a cache near the processor.
/// Above it, they are prefetched: without that, a lookup at 65,536 regions takes 1.4 to 1.6 times
/// as long, a lookup at a million 1.1 to 1.2 times, and a split 1.1 and 1.3 times.
const CACHED_LEVELS: usize = 3;

/// A root with room for a fixed number of leaves.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Root {
    count: AtomicUsize,
    /// The number of levels of the index; 0 if there is one leaf or none.
    depth: AtomicUsize,
    /// The leaves, if there are no more than eight. Beside the index, they take one load less:
    /// lookups at up to 64 regions are 3 to 9 % faster.
    inline_leaves: [LeafCell; BLOCK],
    /// The highest level.
    top: Block,
    /// The leaves, if there are more than eight, or if the root is unfinished.
    leaves: Box<[LeafCell]>,
    /// The levels of the index but the highest. The writer fills level 0, the separators. The
    /// others are made when the root is finished.
    blocks: Box<[Block]>,
    /// Where each level starts in `blocks`.
    levels: [usize; LEVELS],
}

impl Root {
    /// An empty root with room for `capacity` leaves.
    pub(super) fn with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut levels = [0; LEVELS];
        let (mut start, mut blocks) = (0, capacity.div_ceil(BLOCK));
        for level in &mut levels {
            *level = start;
            start += blocks;
            blocks = if blocks > 1 { blocks.div_ceil(BLOCK) } else { 0 };
        }
        Ok(Self {
            count: AtomicUsize::new(0),
            depth: AtomicUsize::new(UNFINISHED),
            inline_leaves: Default::default(),
            top: Block::default(),
            leaves: boxed_slice(capacity, Default::default)?,
            blocks: boxed_slice(start, Default::default)?,
            levels,
        })
    }

    /// The number of leaves that there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.leaves.len()
    }

    /// The number of leaves.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether the leaves are probably in no cache near the processor.
    pub(super) fn is_large(&self) -> bool {
        self.depth.load(Relaxed) > CACHED_LEVELS
    }

    /// The leaf in a slot; `None` if there is none, or while the root is being reused.
    pub(super) fn leaf(&self, slot: usize) -> Option<&Leaf> {
        self.cells().get(slot)?.load()
    }

    fn cells(&self) -> &[LeafCell] {
        if self.depth.load(Relaxed) <= 1 { &self.inline_leaves } else { &self.leaves }
    }

    /// Whether a leaf, which has a region, is in this finished root.
    pub(super) fn has(&self, leaf: &Leaf) -> bool {
        self.leaf(self.find(leaf.key(0))).is_some_and(|found| ptr::eq(found, leaf))
    }

    /// The separator of a leaf.
    pub(super) fn separator(&self, slot: usize) -> u64 {
        self.separators()[slot].load(Relaxed)
    }

    /// Level 0 of the index as one array, for the writer.
    fn separators(&self) -> &[AtomicU64] {
        &words(&self.blocks)[..self.leaves.len()]
    }

    fn key(&self, level: usize, index: usize) -> &AtomicU64 {
        &self.blocks[self.levels[level] + index / BLOCK].0[index % BLOCK]
    }

    /// The slot of the leaf that a key belongs to.
    pub(super) fn find(&self, key: u64) -> usize {
        match (key, self.depth.load(Relaxed)) {
            (u64::MAX, _) => self.count().saturating_sub(1),
            (_, 0) => 0,
            (_, depth) => self.search_index(depth, key + 1),
        }
    }

    /// The leaf that the last location below `limit` belongs to.
    #[inline(always)]
    pub(super) fn leaf_below(&self, limit: u64) -> Option<&Leaf> {
        match self.depth.load(Relaxed) {
            0 => self.inline_leaves[0].load(),
            1 => self.inline_leaves[last_below(&self.top.0, limit)].load(),
            // A constant depth lets the compiler unroll the search.
            2 => self.leaves.get(self.search_index(2, limit))?.load(),
            3 => self.leaves.get(self.search_index(3, limit))?.load(),
            depth => self.leaf_below_prefetched(depth, limit),
        }
    }

    /// As [`Root::leaf_below`] for a large root: prefetches the lines of the leaf that the search
    /// reads. Not inlined, because most maps are small, and this would slow down their lookups.
    #[cold]
    #[inline(never)]
    fn leaf_below_prefetched(&self, depth: usize, limit: u64) -> Option<&Leaf> {
        let leaf = self.leaves.get(self.search_index(depth, limit))?.load()?;
        leaf.prefetch_keys();
        Some(leaf)
    }

    #[inline(always)]
    fn search_index(&self, depth: usize, limit: u64) -> usize {
        let mut found = last_below(&self.top.0, limit);
        for start in self.levels[..LEVELS.min(depth) - 1].iter().rev() {
            let Some(block) = self.blocks.get(start.wrapping_add(found)) else {
                return usize::MAX;
            };
            found = found.wrapping_mul(BLOCK).wrapping_add(last_below(&block.0, limit));
        }
        found
    }

    /// As [`Root::find`] in an unfinished root.
    pub(super) fn find_unfinished(&self, key: u64) -> usize {
        let separators = &self.separators()[..self.count()];
        separators.partition_point(|cell| cell.load(Relaxed) <= key).saturating_sub(1)
    }

    /// Replaces the leaf in a slot. This publishes the leaf if the root is published.
    pub(super) fn set_leaf(&self, slot: usize, leaf: &Leaf) {
        self.cells()[slot].store(Some(leaf));
    }

    /// Becomes an unfinished copy of `source`, which has to fit.
    pub(super) fn copy(&self, source: &Self) {
        let count = source.count();
        self.depth.store(UNFINISHED, Relaxed);
        for (slot, cell) in source.cells()[..count].iter().enumerate() {
            self.leaves[slot].store(cell.load());
        }
        copy(&self.separators()[..count], &source.separators()[..count]);
        self.count.store(count, Relaxed);
    }

    /// Moves the leaves from slot `from` on to slot `to`, in an unfinished root.
    pub(super) fn shift(&self, from: usize, to: usize) {
        let moved = self.count() - from;
        let (leaves, separators) = (&self.leaves[..to.max(from) + moved], self.separators());
        let separators = &separators[..leaves.len()];
        let shift = |offset: usize| {
            leaves[to + offset].store(leaves[from + offset].load());
            separators[to + offset].store(separators[from + offset].load(Relaxed), Relaxed);
        };
        match to.cmp(&from) {
            Less => (0..moved).for_each(shift),
            Equal => {}
            Greater => (0..moved).rev().for_each(shift),
        }
        self.count.store(to + moved, Relaxed);
    }

    /// Sets a leaf and its separator in an unfinished root.
    pub(super) fn put(&self, slot: usize, separator: u64, leaf: &Leaf) {
        self.leaves[slot].store(Some(leaf));
        self.separators()[slot].store(separator, Relaxed);
    }

    /// The arrays that grow with the number of leaves. They may be zeroed while the root is free.
    pub(super) fn arrays(&self) -> (&[LeafCell], &[Block]) {
        (&self.leaves, &self.blocks)
    }

    /// Becomes empty and unfinished.
    pub(super) fn clear(&self) {
        self.depth.store(UNFINISHED, Relaxed);
        self.count.store(0, Relaxed);
    }

    /// Makes the index. After that, the root may be published.
    pub(super) fn finish(&self) {
        let mut size = self.count();
        let mut depth = 0;
        while size > 1 {
            self.pad(depth, size);
            depth += 1;
            if size <= BLOCK {
                self.copy_top(depth - 1);
                break;
            }
            let blocks = size.div_ceil(BLOCK);
            for block in 0..blocks {
                let first = self.key(depth - 1, block * BLOCK).load(Relaxed);
                self.key(depth, block).store(first, Relaxed);
            }
            size = blocks;
        }
        if depth <= 1 {
            for (slot, cell) in self.inline_leaves.iter().enumerate() {
                cell.store(self.leaves[slot].load().filter(|_| slot < self.count()));
            }
        }
        self.depth.store(depth, Relaxed);
    }

    /// Fills up the last block of a level.
    fn pad(&self, level: usize, size: usize) {
        let end = size.next_multiple_of(BLOCK);
        (size..end).for_each(|index| self.key(level, index).store(u64::MAX, Relaxed));
    }

    fn copy_top(&self, level: usize) {
        for (index, cell) in self.top.0.iter().enumerate() {
            cell.store(self.key(level, index).load(Relaxed), Relaxed);
        }
    }
}

//! The root: the leaves of one state of the map, in order, and an index over their separators.
//!
//! Separator `i` is not above any key of leaf `i`, and above every last location of leaf `i - 1`;
//! separator 0 is 0. The index is a tree of blocks of eight keys without pointers: level 0 is
//! all separators, level `l + 1` the first of each block of level `l`, up to a level of at most
//! eight keys, which is in `top` only. A search reads one block (a cache line) of each level.
//!
//! Like a leaf, a root may be looked at while it is being refilled: nothing read from it is
//! trusted to be in bounds.

#![forbid(unsafe_code)]

use super::alloc::boxed_slice;
use super::block::{BLOCK, Block, copy, last_below, words};
use super::cell::LeafCell;
use super::leaf::Leaf;
use crate::sys::mapping::OutOfMemory;
use core::cmp::Ordering::{Equal, Greater, Less};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Levels that any number of leaves in an address space can need.
const LEVELS: usize = 12;
/// The depth of a root whose index is not made.
const UNFINISHED: usize = LEVELS;

/// Levels of the index over as many leaves as may be in a cache near the processor: up to 512,
/// which are 1.3 MB.
const CACHED_LEVELS: usize = 3;

/// A root with room for a fixed number of leaves.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Root {
    count: AtomicUsize,
    /// Levels of the index, 0 if there is one leaf or none.
    depth: AtomicUsize,
    /// The leaves, if there are no more: one thing less to load. Else not used.
    inline_leaves: [LeafCell; BLOCK],
    /// The highest level.
    top: Block,
    /// The leaves, if there are more.
    leaves: Box<[LeafCell]>,
    /// The levels of the index but the highest. Level 0 is the separators; the others are made of
    /// it when the root is finished.
    blocks: Box<[Block]>,
    /// Where each level starts in `blocks`.
    levels: [usize; LEVELS],
}

impl Root {
    /// A root without leaves, with room for `capacity` of them.
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

    /// How many leaves there is room for.
    pub(super) fn capacity(&self) -> usize {
        self.leaves.len()
    }

    /// How many leaves there are.
    #[inline(always)]
    pub(super) fn count(&self) -> usize {
        self.count.load(Relaxed)
    }

    /// Whether there are more leaves than caches near the processor hold.
    pub(super) fn is_large(&self) -> bool {
        self.depth.load(Relaxed) > CACHED_LEVELS
    }

    /// A leaf; `None` if there is none, or the root is being reused.
    pub(super) fn leaf(&self, slot: usize) -> Option<&Leaf> {
        self.cells().get(slot)?.load()
    }

    fn cells(&self) -> &[LeafCell] {
        if self.depth.load(Relaxed) <= 1 { &self.inline_leaves } else { &self.leaves }
    }

    /// The separator of a leaf.
    pub(super) fn separator(&self, slot: usize) -> u64 {
        self.separators()[slot].load(Relaxed)
    }

    /// Level 0 of the index, which the writer reads as an array.
    fn separators(&self) -> &[AtomicU64] {
        &words(&self.blocks)[..self.leaves.len()]
    }

    fn key(&self, level: usize, index: usize) -> &AtomicU64 {
        &self.blocks[self.levels[level] + index / BLOCK].0[index % BLOCK]
    }

    /// Which leaf a key belongs to.
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
            // Of a number that is known, the compiler makes no loop.
            2 => self.leaves.get(self.search_index(2, limit))?.load(),
            3 => self.leaves.get(self.search_index(3, limit))?.load(),
            depth => self.leaf_below_prefetched(depth, limit),
        }
    }

    /// [`Root::leaf_below`] where the leaf is probably far away: what a search needs of it is asked
    /// for at once, rather than when the search comes to it. Called, because most maps are small,
    /// and their lookups are faster without this among them.
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

    /// Which leaf a key belongs to, in a root that is not finished.
    pub(super) fn find_unfinished(&self, key: u64) -> usize {
        let separators = &self.separators()[..self.count()];
        separators.partition_point(|cell| cell.load(Relaxed) <= key).saturating_sub(1)
    }

    /// Puts another leaf in a place. The store publishes the leaf if the root is published.
    pub(super) fn set_leaf(&self, slot: usize, leaf: &Leaf) {
        self.cells()[slot].store(Some(leaf));
    }

    /// Becomes a copy of `source`, which fits, but unfinished.
    pub(super) fn copy(&self, source: &Self) {
        let count = source.count();
        self.depth.store(UNFINISHED, Relaxed);
        for (slot, cell) in source.cells()[..count].iter().enumerate() {
            self.leaves[slot].store(cell.load());
        }
        copy(&self.separators()[..count], &source.separators()[..count]);
        self.count.store(count, Relaxed);
    }

    /// Makes room, in an unfinished root: the leaves from `from` on move to `to`.
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

    /// Puts a leaf and its separator in a place of an unfinished root.
    pub(super) fn put(&self, slot: usize, separator: u64, leaf: &Leaf) {
        self.leaves[slot].store(Some(leaf));
        self.separators()[slot].store(separator, Relaxed);
    }

    /// The memory of what grows with the number of leaves, to be given back while nothing in it
    /// counts.
    pub(super) fn arrays(&self) -> (&[LeafCell], &[Block]) {
        (&self.leaves, &self.blocks)
    }

    /// Starts over, unfinished and without leaves.
    pub(super) fn clear(&self) {
        self.depth.store(UNFINISHED, Relaxed);
        self.count.store(0, Relaxed);
    }

    /// Makes the index: the root can be published.
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

    /// Fills the last block of a level up.
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

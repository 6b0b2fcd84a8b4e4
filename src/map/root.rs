//! The root: the leaves of one state of the map, in order, and an index over their separators.
//!
//! Separator `i` is not above any key of leaf `i`, and above every last location of leaf `i - 1`;
//! separator 0 is 0. The index is a tree of blocks of eight keys without pointers: level 0 is
//! all separators, level `l + 1` the first of each block of level `l`, up to a level of at most
//! eight keys, of which `top` has a copy. A search reads one block (a cache line) of each level.
//!
//! Like a leaf, a root may be looked at while it is being refilled: nothing read from it is
//! trusted to be in bounds.

#![forbid(unsafe_code)]

use super::BLOCK;
use super::leaf::{Leaf, last_below};
use super::pool::{LeafCell, NoMemory};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Levels that any number of leaves in an address space can need.
const LEVELS: usize = 12;

/// A root with room for a fixed number of leaves.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Root {
    count: AtomicUsize,
    /// Levels of the index in use, 0 if there is one leaf or none.
    depth: AtomicUsize,
    /// The first leaves, here for maps that have no more.
    first: [LeafCell; BLOCK],
    /// All leaves but the first, whose places are not used.
    leaves: Box<[LeafCell]>,
    keys: Box<[AtomicU64]>,
    /// The highest level.
    top: Top,
    /// Where each level starts in `keys`.
    levels: [usize; LEVELS],
}

#[derive(Debug)]
#[repr(C, align(64))]
struct Top([AtomicU64; BLOCK]);

fn zeroed<T>(count: usize, zero: impl FnMut() -> T) -> Result<Box<[T]>, NoMemory> {
    let mut cells = Vec::new();
    cells.try_reserve_exact(count).map_err(|_| NoMemory)?;
    cells.resize_with(count, zero);
    Ok(cells.into_boxed_slice())
}

impl Root {
    /// A root without leaves, with room for `capacity` of them.
    pub(super) fn with_capacity(capacity: usize) -> Result<Self, NoMemory> {
        let mut levels = [0; LEVELS];
        let (mut start, mut size) = (0, capacity.next_multiple_of(BLOCK));
        for level in &mut levels {
            *level = start;
            start += size;
            size = if size > BLOCK { size.div_ceil(BLOCK).next_multiple_of(BLOCK) } else { 0 };
        }
        Ok(Self {
            count: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            leaves: zeroed(capacity, LeafCell::default)?,
            first: Default::default(),
            keys: zeroed(start, AtomicU64::default)?,
            top: Top(Default::default()),
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

    /// A leaf; `None` if there is none, or the root is being reused.
    #[inline(always)]
    pub(super) fn leaf(&self, slot: usize) -> Option<&Leaf> {
        self.cell(slot)?.load()
    }

    #[inline(always)]
    fn cell(&self, slot: usize) -> Option<&LeafCell> {
        if slot < BLOCK { Some(&self.first[slot]) } else { self.leaves.get(slot) }
    }

    fn set_cell(&self, slot: usize, leaf: Option<&Leaf>) {
        if let Some(cell) = self.cell(slot) {
            cell.store(leaf);
        }
    }

    /// The separator of a leaf.
    pub(super) fn separator(&self, slot: usize) -> u64 {
        self.keys[slot].load(Relaxed)
    }

    /// Which leaf a key belongs to.
    pub(super) fn find(&self, key: u64) -> usize {
        match key {
            u64::MAX => self.count().saturating_sub(1),
            _ => match self.depth.load(Relaxed) {
                0 => 0,
                depth => self.search_index(depth, key + 1),
            },
        }
    }

    /// The leaf that the last location below `limit` belongs to.
    #[inline(always)]
    pub(super) fn leaf_below(&self, limit: u64) -> Option<&Leaf> {
        match self.depth.load(Relaxed) {
            0 => self.first[0].load(),
            1 => self.first[last_below(&self.top.0, limit)].load(),
            depth => self.leaf(self.search_index(depth, limit)),
        }
    }

    #[inline(always)]
    fn search_index(&self, depth: usize, limit: u64) -> usize {
        let mut found = last_below(&self.top.0, limit);
        for level in self.levels[..LEVELS.min(depth) - 1].iter().rev() {
            let start = level.wrapping_add(found.wrapping_mul(BLOCK));
            let Some(block) = self.keys.get(start..).and_then(|keys| keys.first_chunk()) else {
                return usize::MAX;
            };
            found = found.wrapping_mul(BLOCK).wrapping_add(last_below(block, limit));
        }
        found
    }

    /// Which leaf a key belongs to, in a root whose index is not made yet.
    pub(super) fn find_without_index(&self, key: u64) -> usize {
        let separators = &self.keys[..self.count()];
        separators.partition_point(|separator| separator.load(Relaxed) <= key).saturating_sub(1)
    }

    /// Puts another leaf in a place. The store publishes the leaf if the root is published.
    pub(super) fn set_leaf(&self, slot: usize, leaf: &Leaf) {
        self.set_cell(slot, Some(leaf));
    }

    /// Becomes a copy of `source`, which fits; the index is not made.
    pub(super) fn copy(&self, source: &Self) {
        let count = source.count();
        for slot in 0..count {
            self.set_cell(slot, source.leaf(slot));
            self.keys[slot].store(source.keys[slot].load(Relaxed), Relaxed);
        }
        self.count.store(count, Relaxed);
    }

    /// Makes room: the leaves from `from` on move to `to`. The index is not made.
    pub(super) fn shift(&self, from: usize, to: usize) {
        let count = self.count();
        let shift = |at: usize| {
            let target = at + to - from;
            self.set_cell(target, self.leaf(at));
            self.keys[target].store(self.separator(at), Relaxed);
        };
        match to > from {
            true => (from..count).rev().for_each(shift),
            false => (from..count).for_each(shift),
        }
        self.count.store(count + to - from, Relaxed);
    }

    /// Puts a leaf and its separator in a place. The index is not made.
    pub(super) fn put(&self, slot: usize, separator: u64, leaf: &Leaf) {
        self.set_cell(slot, Some(leaf));
        self.keys[slot].store(separator, Relaxed);
    }

    /// The memory of the separators and of the places for leaves, to be given back while nothing
    /// in it counts.
    pub(super) fn arrays(&self) -> (&[LeafCell], &[AtomicU64]) {
        (&self.leaves, &self.keys)
    }

    /// Starts over, without leaves.
    pub(super) fn clear(&self) {
        self.count.store(0, Relaxed);
        self.set_cell(0, None);
    }

    /// Makes the index.
    pub(super) fn finish(&self) {
        let mut size = self.count();
        let mut depth = 0;
        while size > 1 {
            let (start, above) = (self.levels[depth], self.levels[depth + 1]);
            let padded = size.next_multiple_of(BLOCK);
            (size..padded).for_each(|at| self.keys[start + at].store(u64::MAX, Relaxed));
            depth += 1;
            if size <= BLOCK {
                for (top, key) in self.top.0.iter().zip(&self.keys[start..]) {
                    top.store(key.load(Relaxed), Relaxed);
                }
                break;
            }
            size = size.div_ceil(BLOCK);
            for block in 0..size {
                let first = self.keys[start + block * BLOCK].load(Relaxed);
                self.keys[above + block].store(first, Relaxed);
            }
        }
        self.depth.store(depth, Relaxed);
    }
}

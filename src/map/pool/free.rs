//! What the writer has: nodes that are free, and those that wait until they may be used again.
//!
//! A free leaf is *warm* (its memory is at hand) or *cold* (it may have been given back to the
//! system). If more than half of the leaves are warm, they all become cold, and whole pages of
//! them are given back. From then on lower leaves are preferred, so that a map that has shrunk
//! moves together with its changes, and more pages become free.

#![allow(unsafe_code)]

use crate::map::alloc::{NoMemory, alone, pages, reserve};
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::sys::mapping::{Mapping, discard};
use crate::value::region::Region;
use core::mem::size_of;
use core::ptr::NonNull;

/// Leaves in a segment.
pub(super) const SEGMENT: usize = 256;
/// Warm leaves that even a small map may have.
const SPARE: usize = 64;
/// Leaves of the smallest root.
pub(super) const SMALLEST_ROOT: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Stock {
    /// In the order of their addresses when leaves last became cold, newer ones after them. All
    /// but the last are carved to their end.
    pub(super) segments: Vec<Segment>,
    /// No segment before this one has cold leaves.
    first_cold: usize,
    pub(super) warm: Vec<NonNull<Leaf>>,
    /// Leaves that were published and replaced.
    pub(super) quarantine: Vec<NonNull<Leaf>>,
    /// Leaves that the draft at work has taken.
    pub(super) fresh: Vec<NonNull<Leaf>>,
    /// Published leaves that the draft at work replaces.
    pub(super) replaced: Vec<NonNull<Leaf>>,
    pub(super) roots: Vec<NonNull<Root>>,
    pub(super) free_roots: Vec<NonNull<Root>>,
    pub(super) root_quarantine: Vec<NonNull<Root>>,
    /// Leaves that are neither warm nor cold nor uncarved.
    pub(super) taken: usize,
    pub(super) scratch: Vec<Region>,
}

// SAFETY: the pointers are to nodes that the pool owns, made of atomics and constant fields; the
// mutex around the stock orders its use.
unsafe impl Send for Stock {}

impl Stock {
    /// A free leaf.
    pub(super) fn take(&mut self) -> Result<NonNull<Leaf>, NoMemory> {
        let warm = self.warm.last().copied();
        let leaf = match self.take_cold_below(warm) {
            Some(cold) => cold,
            None if warm.is_some() => self.warm.pop().ok_or(NoMemory)?,
            None => self.carve()?,
        };
        self.taken += 1;
        Ok(leaf)
    }

    /// Takes back a leaf that no reader can be looking at without noticing it.
    pub(super) fn free(&mut self, leaf: NonNull<Leaf>) {
        self.taken -= 1;
        self.warm.push(leaf);
    }

    /// The first cold leaf, unless `limit` is below it.
    fn take_cold_below(&mut self, limit: Option<NonNull<Leaf>>) -> Option<NonNull<Leaf>> {
        while let Some(segment) = self.segments.get_mut(self.first_cold) {
            match segment.first_cold() {
                Some(index) if limit.is_some_and(|limit| limit < segment.leaf(index)) => break,
                Some(index) => {
                    segment.set_cold(index, false);
                    return Some(segment.leaf(index));
                }
                None => self.first_cold += 1,
            }
        }
        None
    }

    /// A leaf that was never taken.
    fn carve(&mut self) -> Result<NonNull<Leaf>, NoMemory> {
        if self.segments.last().is_none_or(|segment| segment.carved == SEGMENT) {
            self.add_segment()?;
        }
        // Room in the lists for all leaves: taking them back never fails.
        let full = self.segments.len().saturating_sub(1) * SEGMENT;
        let segment = self.segments.last_mut().ok_or(NoMemory)?;
        let total = full + segment.carved + 1;
        for list in [&mut self.warm, &mut self.quarantine, &mut self.replaced] {
            reserve(list, total.saturating_sub(list.len()))?;
        }
        segment.carved += 1;
        Ok(segment.leaf(segment.carved - 1))
    }

    fn add_segment(&mut self) -> Result<(), NoMemory> {
        reserve(&mut self.segments, 1)?;
        let memory = pages(SEGMENT * size_of::<Leaf>())?;
        self.segments.push(Segment { memory, carved: 0, cold: [0; SEGMENT / 64] });
        Ok(())
    }

    /// A root with room for `capacity` leaves.
    pub(super) fn new_root(&mut self, capacity: usize) -> Result<NonNull<Root>, NoMemory> {
        let total = self.roots.len() + 1;
        for list in [&mut self.roots, &mut self.free_roots, &mut self.root_quarantine] {
            reserve(list, total - list.len())?;
        }
        let [root] = Box::leak(alone(Root::with_capacity(capacity)?)?);
        let pointer = NonNull::from(root);
        self.roots.push(pointer);
        Ok(pointer)
    }

    /// Makes everything in quarantine free. What a map of this size does not need goes back to
    /// the system.
    pub(super) fn end_quarantine(&mut self) {
        while let Some(leaf) = self.quarantine.pop() {
            self.free(leaf);
        }
        let large = 4 * self.taken.max(SMALLEST_ROOT);
        discard_arrays(&self.root_quarantine, large);
        self.free_roots.append(&mut self.root_quarantine);
        if self.warm.len() > self.taken + SPARE {
            self.make_cold();
            discard_arrays(&self.free_roots, large);
        }
    }

    fn make_cold(&mut self) {
        self.segments.sort_unstable_by_key(|segment| segment.memory.start());
        self.warm.sort_unstable();
        let mut warm = self.warm.drain(..).peekable();
        for segment in &mut self.segments {
            let mut trimmed = false;
            while let Some(index) = warm.peek().and_then(|leaf| segment.index_of(*leaf)) {
                segment.set_cold(index, true);
                trimmed = warm.next().is_some();
            }
            if trimmed {
                segment.trim();
            }
        }
        drop(warm);
        self.first_cold = 0;
        if let Some(last) = self.segments.iter().position(|segment| segment.carved < SEGMENT) {
            self.segments[last..].rotate_left(1);
        }
    }

    /// The arrays of all roots.
    #[cfg(test)]
    pub(super) fn arrays(&self) -> impl Iterator<Item = (usize, usize)> {
        self.roots.iter().flat_map(|root| {
            // SAFETY: a root of this pool (invariant 1).
            let (leaves, blocks) = unsafe { root.as_ref() }.arrays();
            [
                (leaves.as_ptr().addr(), size_of_val(leaves)),
                (blocks.as_ptr().addr(), size_of_val(blocks)),
            ]
        })
    }
}

/// Memory for leaves.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) memory: Mapping,
    /// Leaves that have been taken at least once are below this index.
    pub(super) carved: usize,
    /// A bit for each leaf.
    cold: [u64; SEGMENT / 64],
}

impl Segment {
    pub(super) fn leaf(&self, index: usize) -> NonNull<Leaf> {
        assert!(index < SEGMENT);
        // SAFETY: the mapping has room for SEGMENT leaves.
        unsafe { self.memory.start().cast::<Leaf>().add(index) }
    }

    fn index_of(&self, leaf: NonNull<Leaf>) -> Option<usize> {
        let offset = leaf.addr().get().checked_sub(self.memory.start().addr().get())?;
        Some(offset / size_of::<Leaf>()).filter(|index| *index < SEGMENT)
    }

    fn first_cold(&self) -> Option<usize> {
        let word = self.cold.iter().position(|bits| *bits != 0)?;
        Some(word * 64 + self.cold[word].trailing_zeros() as usize)
    }

    pub(super) fn is_cold(&self, index: usize) -> bool {
        self.cold[index / 64] >> (index % 64) & 1 != 0
    }

    fn set_cold(&mut self, index: usize, cold: bool) {
        let bit = 1 << (index % 64);
        let bits = &mut self.cold[index / 64];
        *bits = if cold { *bits | bit } else { *bits & !bit };
    }

    /// Gives back the pages that only cold leaves are in.
    fn trim(&self) {
        let mut index = 0;
        while index < self.carved {
            let run = (index..self.carved).take_while(|at| self.is_cold(*at)).count();
            if run > 0 {
                let start = self.leaf(index).cast();
                // SAFETY: these are leaves of this private mapping, free and past quarantine;
                // zero is a value of a leaf (invariant 2).
                unsafe { discard(start, run * size_of::<Leaf>()) };
            }
            index += run + 1;
        }
    }
}

/// Gives back the memory of free roots with room for more than `large` leaves.
fn discard_arrays(free: &[NonNull<Root>], large: usize) {
    for pointer in free {
        // SAFETY: a root of this pool (invariant 1).
        let root = unsafe { pointer.as_ref() };
        if root.capacity() > large {
            let (leaves, blocks) = root.arrays();
            // SAFETY: memory of the root's own boxes, which holds atomics for which zero is a
            // value (invariant 2), of a root that is free and past quarantine. The allocator
            // hands out private anonymous memory.
            unsafe { discard(NonNull::from(leaves).cast(), size_of_val(leaves)) };
            // SAFETY: as above.
            unsafe { discard(NonNull::from(blocks).cast(), size_of_val(blocks)) };
        }
    }
}

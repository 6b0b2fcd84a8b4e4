//! What the writer has: nodes that are free, and those that wait until they may be used again.
//!
//! When there are more than half as many free leaves as leaves in use, the pages of all that is free
//! are given back to the system. From then on lower leaves are preferred, so that a map that has
//! shrunk moves together with its changes, and more pages become free.

#![allow(unsafe_code)]

use crate::map::alloc::{boxed, pages, reserve};
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::sys::mapping::{Mapping, OutOfMemory, discard};
use crate::value::region::Region;
use core::mem::size_of;
use core::ptr::NonNull;

/// Leaves in a segment.
pub(super) const SEGMENT: usize = 256;
/// Free leaves that even a small map may keep in memory.
const SPARE: usize = 32;
/// Leaves of the smallest root.
pub(super) const SMALLEST_ROOT: usize = 32;

#[derive(Debug, Default)]
pub(super) struct FreeLists {
    /// Memory for SEGMENT leaves each.
    pub(super) segments: Vec<Mapping>,
    /// How many leaves of the segments were ever taken; those of the last segment in their order.
    pub(super) carved: usize,
    /// Leaves that were taken and are free. The last one is taken next.
    pub(super) free_leaves: Vec<NonNull<Leaf>>,
    /// The first so many free leaves were given back to the system.
    discarded: usize,
    /// Leaves that were published and replaced.
    pub(super) quarantine: Vec<NonNull<Leaf>>,
    /// Leaves that the draft at work has taken.
    pub(super) fresh: Vec<NonNull<Leaf>>,
    /// Published leaves that the draft at work replaces.
    pub(super) replaced: Vec<NonNull<Leaf>>,
    pub(super) roots: Vec<NonNull<Root>>,
    pub(super) free_roots: Vec<NonNull<Root>>,
    pub(super) root_quarantine: Vec<NonNull<Root>>,
    pub(super) scratch: Vec<Region>,
}

// SAFETY: the pointers are to nodes that the pool owns, made of atomics and constant fields; the
// mutex around the lists orders its use.
unsafe impl Send for FreeLists {}

impl FreeLists {
    /// How many leaves are in use or in quarantine.
    pub(super) fn taken(&self) -> usize {
        self.carved - self.free_leaves.len()
    }

    /// A free leaf: the one that was freed last, unless one that was given back is lower.
    pub(super) fn take(&mut self) -> Result<NonNull<Leaf>, OutOfMemory> {
        let Some(last) = self.free_leaves.last() else { return self.carve() };
        match self.free_leaves[..self.discarded].last() {
            Some(lowest) if lowest <= last => {
                self.discarded -= 1;
                Ok(self.free_leaves.swap_remove(self.discarded))
            }
            _ => self.free_leaves.pop().ok_or(OutOfMemory),
        }
    }

    /// A leaf that was never taken.
    fn carve(&mut self) -> Result<NonNull<Leaf>, OutOfMemory> {
        let (segment, index) = (self.carved / SEGMENT, self.carved % SEGMENT);
        if segment == self.segments.len() {
            reserve(&mut self.segments, 1)?;
            self.segments.push(pages(SEGMENT * size_of::<Leaf>())?);
        }
        // Room in the lists for all leaves: taking them back never fails.
        let total = self.carved + 1;
        for list in [&mut self.free_leaves, &mut self.quarantine, &mut self.replaced] {
            reserve(list, total - list.len())?;
        }
        self.carved = total;
        // SAFETY: the mapping has room for SEGMENT leaves, and `index` is less.
        Ok(unsafe { self.segments[segment].start().cast::<Leaf>().add(index) })
    }

    /// A root with room for `capacity` leaves.
    pub(super) fn new_root(&mut self, capacity: usize) -> Result<NonNull<Root>, OutOfMemory> {
        let total = self.roots.len() + 1;
        for list in [&mut self.roots, &mut self.free_roots, &mut self.root_quarantine] {
            reserve(list, total - list.len())?;
        }
        let [root] = Box::leak(boxed(Root::with_capacity(capacity)?)?);
        let pointer = NonNull::from(root);
        self.roots.push(pointer);
        Ok(pointer)
    }

    /// Makes everything in quarantine free.
    pub(super) fn end_quarantine(&mut self) {
        self.free_leaves.append(&mut self.quarantine);
        self.free_roots.append(&mut self.root_quarantine);
        if self.free_leaves.len() - self.discarded > self.taken() / 2 + SPARE {
            self.discard_free();
        }
    }

    /// Gives the pages of all that is free back to the system.
    fn discard_free(&mut self) {
        // The lowest one is taken next, and neighbours are next to each other.
        self.free_leaves.sort_unstable_by(|one, other| other.cmp(one));
        let size = size_of::<Leaf>();
        let meet = |high: &NonNull<Leaf>, low: &NonNull<Leaf>| {
            high.addr().get() - low.addr().get() == size
        };
        for run in self.free_leaves.chunk_by(meet) {
            let Some(lowest) = run.last() else { continue };
            // SAFETY: these are leaves of private mappings, one after the other, free and past
            // quarantine; zero is a value of a leaf (invariant 2).
            unsafe { discard(lowest.cast(), run.len() * size) };
        }
        self.discarded = self.free_leaves.len();
        for (start, length) in arrays(&self.free_roots) {
            // SAFETY: memory of a root's own boxes, which holds atomics for which zero is a value
            // (invariant 2); the root is free and past quarantine. The allocator hands out
            // private anonymous memory.
            unsafe { discard(start, length) };
        }
    }
}

/// The arrays of roots: where they start, and their length in bytes.
pub(super) fn arrays(roots: &[NonNull<Root>]) -> impl Iterator<Item = (NonNull<u8>, usize)> + '_ {
    roots.iter().flat_map(|root| {
        // SAFETY: a root of this pool (invariant 1).
        let (leaves, blocks) = unsafe { root.as_ref() }.arrays();
        [
            (NonNull::from(leaves).cast(), size_of_val(leaves)),
            (NonNull::from(blocks).cast(), size_of_val(blocks)),
        ]
    })
}

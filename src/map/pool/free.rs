//! The lists of the writer: free nodes, and nodes that wait in quarantine until they may be reused.
//!
//! When the free leaves in memory are more than half as many as those in use, the pages of all free
//! nodes are given back to the system. From then on, the lowest of these leaves is taken before a
//! free leaf above it. So the leaves of a map that has shrunk move together as they are changed,
//! and more whole pages become free.

#![allow(unsafe_code)]

use crate::map::alloc::{boxed, pages, reserve};
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::sys::failure::OutOfMemory;
use crate::sys::mapping::{Mapping, discard};
use crate::value::region::Region;
use core::mem::size_of;
use core::ptr::{self, NonNull};

/// The number of leaves in a segment.
pub(super) const SEGMENT: usize = 256;
/// The number of free leaves that any map may keep in memory.
const SPARE: usize = 32;
/// The room of the smallest root.
pub(super) const SMALLEST_ROOT: usize = 32;

/// The writer's part of a pool.
#[derive(Debug, Default)]
pub(super) struct FreeLists {
    /// Mappings with room for SEGMENT leaves each.
    pub(super) segments: Vec<Mapping>,
    /// The number of leaves that were ever taken. They fill the segments in their order.
    pub(super) carved: usize,
    /// Free leaves. The first `discarded` ones are in descending order.
    pub(super) free_leaves: Vec<NonNull<Leaf>>,
    /// The number of free leaves whose pages were given back to the system.
    discarded: usize,
    /// Leaves that were published and replaced. The first `held` ones are in the pinned root.
    pub(super) quarantine: Vec<NonNull<Leaf>>,
    pub(super) held: usize,
    /// The root that was pinned last.
    pub(super) pinned: Option<NonNull<Root>>,
    /// Leaves that the open draft has taken.
    pub(super) fresh: Vec<NonNull<Leaf>>,
    /// Published leaves that the open draft replaces.
    pub(super) replaced: Vec<NonNull<Leaf>>,
    /// All roots.
    pub(super) roots: Vec<NonNull<Root>>,
    pub(super) free_roots: Vec<NonNull<Root>>,
    pub(super) root_quarantine: Vec<NonNull<Root>>,
    pub(super) scratch: Vec<Region>,
}

// SAFETY: what the pointers lead to is owned by the pool, not by a thread, and is `Sync`.
unsafe impl Send for FreeLists {}

impl FreeLists {
    /// The number of leaves in use or in quarantine.
    pub(super) fn taken(&self) -> usize {
        self.carved - self.free_leaves.len()
    }

    /// Takes the leaf that was freed last, or the lowest one that was given back, if that is lower.
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

    /// Takes a leaf for the first time.
    fn carve(&mut self) -> Result<NonNull<Leaf>, OutOfMemory> {
        let (segment, index) = (self.carved / SEGMENT, self.carved % SEGMENT);
        if segment == self.segments.len() {
            reserve(&mut self.segments, 1)?;
            self.segments.push(pages(SEGMENT * size_of::<Leaf>())?);
        }
        // Room in each list for all leaves, so that putting a leaf there never fails.
        let total = self.carved + 1;
        for list in [&mut self.free_leaves, &mut self.quarantine, &mut self.replaced] {
            reserve(list, total - list.len())?;
        }
        self.carved = total;
        // SAFETY: the mapping has room for SEGMENT leaves, and `index` is less than that.
        Ok(unsafe { self.segments[segment].start().cast::<Leaf>().add(index) })
    }

    /// Makes a root with room for `capacity` leaves.
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

    /// Frees the nodes in quarantine, which readers that do not retry cannot be in any more, except
    /// those of a pinned root.
    pub(super) fn end_quarantine(&mut self, pinned: Option<&Root>) {
        match pinned {
            Some(root) => self.hold(root),
            None => self.held = 0,
        }
        // The leaf that was replaced first is taken first. In the reverse order, merging two regions
        // in a map of a million takes 1.04 times as long.
        self.free_leaves.extend(self.quarantine.drain(self.held..).rev());
        self.root_quarantine.retain(|root| {
            let stays = pinned.is_some_and(|pinned| ptr::eq(root.as_ptr(), pinned));
            if !stays {
                self.free_roots.push(*root);
            }
            stays
        });
        if self.free_leaves.len() - self.discarded > self.taken() / 2 + SPARE {
            self.discard_free();
        }
    }

    /// Moves the leaves in quarantine that are in the pinned root to the front.
    fn hold(&mut self, pinned: &Root) {
        for index in self.held..self.quarantine.len() {
            // SAFETY: the pointers in the lists are to nodes of this pool (invariant 1).
            if pinned.has(unsafe { self.quarantine[index].as_ref() }) {
                self.quarantine.swap(self.held, index);
                self.held += 1;
            }
        }
    }

    /// Gives the pages of all free nodes back to the system.
    fn discard_free(&mut self) {
        // Descending, so that neighbours are adjacent and the lowest leaf is the last.
        self.free_leaves.sort_unstable_by(|one, other| other.cmp(one));
        let size = size_of::<Leaf>();
        let meet = |high: &NonNull<Leaf>, low: &NonNull<Leaf>| {
            high.addr().get() - low.addr().get() == size
        };
        for run in self.free_leaves.chunk_by(meet) {
            let Some(lowest) = run.last() else { continue };
            // SAFETY: the run is leaves without a gap, in private mappings of this pool, so the
            // bytes are theirs. Zero is a value of a leaf (invariant 2).
            unsafe { discard(lowest.cast(), run.len() * size) };
        }
        self.discarded = self.free_leaves.len();
        for (start, length) in arrays(&self.free_roots) {
            // SAFETY: the bytes are a root's own array of atomics, for which zero is a value
            // (invariant 2), from the allocator, which hands out private anonymous memory.
            unsafe { discard(start, length) };
        }
    }
}

/// The arrays of roots, as start and length in bytes.
pub(super) fn arrays(roots: &[NonNull<Root>]) -> impl Iterator<Item = (NonNull<u8>, usize)> + '_ {
    roots.iter().flat_map(|root| {
        // SAFETY: the pointers in the lists are to roots of this pool (invariant 1).
        let (leaves, blocks) = unsafe { root.as_ref() }.arrays();
        [
            (NonNull::from(leaves).cast(), size_of_val(leaves)),
            (NonNull::from(blocks).cast(), size_of_val(blocks)),
        ]
    })
}

//! The memory that leaves and roots live in. The only part of the map with `unsafe`.
//!
//! # What makes it sound
//!
//! 1. **Type-stable.** A leaf's memory is a [`Leaf`] from the moment its segment is mapped until
//!    the pool is dropped, a root's a [`Root`] from its allocation until then. Both consist of
//!    atomics and of fields that never change, so a reference to one is valid for as long as the
//!    pool is borrowed, whatever the writer does with it meanwhile.
//! 2. **Zero is a value.** Fresh memory is zero, and [`discard`] makes memory zero again behind
//!    the back of readers: a leaf of zeros has no regions, a [`LeafCell`] of zeros has no leaf.
//! 3. **Cells point into the pool.** A [`LeafCell`] or the published root is only ever set from
//!    a reference that this pool gave out. (Each map has one pool, and its one draft borrows it,
//!    so references of two pools never meet.)
//! 4. **Reuse is announced.** What was published and then replaced waits in quarantine. Before
//!    any of it is written again, `reuse` grows. A reader that saw any word of the new use sees
//!    the new `reuse` too (release fence before the writes, acquire fence after the reads), and
//!    starts over.

#![allow(unsafe_code)]

use super::leaf::Leaf;
use super::root::Root;
use crate::region::Region;
pub(super) use crate::sys::mapping::OutOfMemory as NoMemory;
use crate::sys::mapping::{Mapping, discard};
use core::mem::size_of;
use core::ptr::{self, NonNull};
use core::sync::atomic::{
    AtomicPtr, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};
use parking_lot::{Mutex, MutexGuard};

/// Leaves in a segment.
const SEGMENT: usize = 256;
/// Roots in quarantine before they are used again.
const ROOTS: usize = 4;
/// Leaves of the smallest root.
const SMALLEST_ROOT: usize = 32;

/// A place for a leaf in a root.
#[derive(Debug, Default)]
pub(super) struct LeafCell(AtomicPtr<Leaf>);

impl LeafCell {
    /// The leaf; `None` if there is none.
    #[inline(always)]
    pub(super) fn load(&self) -> Option<&Leaf> {
        // SAFETY: the pointer is null or was a `&Leaf` of the pool that this cell's root belongs
        // to (invariant 3), which outlives the root; leaves stay leaves (invariant 1).
        unsafe { self.0.load(Acquire).as_ref() }
    }

    /// Sets the leaf; a release, because this may publish it.
    pub(super) fn store(&self, leaf: Option<&Leaf>) {
        self.0.store(leaf.map_or(ptr::null(), ptr::from_ref).cast_mut(), Release);
    }
}

/// A look at what is published.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'p> {
    pub(super) root: Option<&'p Root>,
    reuse: u64,
}

/// The nodes of one map and the root that is published.
#[derive(Debug)]
pub(super) struct Pool {
    published: Published,
    stock: Mutex<Stock>,
}

/// What readers read, in a cache line of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Published {
    root: AtomicPtr<Root>,
    /// Grows before anything is written that a reader may still be looking at.
    reuse: AtomicU64,
}

/// What the writer has: nodes that are free, and those that wait until they may be reused.
#[derive(Debug, Default)]
struct Stock {
    segments: Vec<Segment>,
    /// Free leaves whose memory is at hand.
    warm: Vec<NonNull<Leaf>>,
    /// Leaves that were published and replaced.
    quarantine: Vec<NonNull<Leaf>>,
    /// Leaves that the draft at work has taken.
    fresh: Vec<NonNull<Leaf>>,
    /// Published leaves that the draft at work replaces.
    replaced: Vec<NonNull<Leaf>>,
    roots: Vec<NonNull<Root>>,
    free_roots: Vec<NonNull<Root>>,
    root_quarantine: Vec<NonNull<Root>>,
    /// Leaves that are neither warm nor cold nor uncarved.
    taken: usize,
    scratch: Vec<Region>,
}

// SAFETY: the pointers are to nodes that the pool owns, made of atomics and constant fields; the
// mutex around the stock orders its use.
unsafe impl Send for Stock {}

#[derive(Debug)]
struct Segment {
    memory: Mapping,
    /// Leaves that have been taken at least once are below this index.
    carved: usize,
    /// Free leaves whose memory may have been given back, a bit for each.
    cold: [u64; SEGMENT / 64],
}

impl Segment {
    fn leaf(&self, index: usize) -> NonNull<Leaf> {
        assert!(index < SEGMENT);
        // SAFETY: the mapping has room for SEGMENT leaves.
        unsafe { self.memory.start().cast::<Leaf>().add(index) }
    }

    fn index_of(&self, leaf: NonNull<Leaf>) -> Option<usize> {
        let offset = leaf.addr().get().checked_sub(self.memory.start().addr().get())?;
        Some(offset / size_of::<Leaf>()).filter(|index| *index < SEGMENT)
    }

    fn take_cold(&mut self) -> Option<NonNull<Leaf>> {
        let (word, bits) = self.cold.iter_mut().enumerate().find(|(_, bits)| **bits != 0)?;
        let bit = bits.trailing_zeros();
        *bits &= *bits - 1;
        Some(self.leaf(word * 64 + bit as usize))
    }

    fn is_cold(&self, index: usize) -> bool {
        self.cold[index / 64] >> (index % 64) & 1 != 0
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

impl Pool {
    /// A pool without memory; nothing is published.
    pub(super) fn new() -> Self {
        Self { published: Published::default(), stock: Mutex::new(Stock::default()) }
    }

    /// Starts a look at what is published. What is seen may be nonsense until
    /// [`Pool::is_steady`] has said that it is not.
    #[inline(always)]
    pub(super) fn look(&self) -> Look<'_> {
        let reuse = self.published.reuse.load(Acquire);
        Look { root: self.root(), reuse }
    }

    /// Whether no node was reused since the look started: all that was seen is of one state.
    #[inline(always)]
    pub(super) fn is_steady(&self, look: &Look<'_>) -> bool {
        fence(Acquire);
        self.published.reuse.load(Relaxed) == look.reuse
    }

    /// The published root.
    #[inline(always)]
    fn root(&self) -> Option<&Root> {
        // SAFETY: null or a `&Root` of this pool (invariant 3); roots stay roots (invariant 1).
        unsafe { self.published.root.load(Acquire).as_ref() }
    }

    /// Waits until this is the only writer.
    pub(super) fn write(&self) -> Keeper<'_> {
        Keeper { pool: self, stock: self.stock.lock() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for root in self.stock.get_mut().roots.drain(..) {
            // SAFETY: every pointer in `roots` came from `Box::into_raw` and is in it once.
            drop(unsafe { Box::from_raw(root.as_ptr()) });
        }
    }
}

/// The only writer of a pool, until dropped.
#[derive(Debug)]
pub(super) struct Keeper<'p> {
    pool: &'p Pool,
    stock: MutexGuard<'p, Stock>,
}

impl<'p> Keeper<'p> {
    /// The published root.
    pub(super) fn published(&self) -> Option<&'p Root> {
        self.pool.root()
    }

    /// A list to work with; give it back with [`Keeper::put_scratch`].
    pub(super) fn take_scratch(&mut self) -> Vec<Region> {
        core::mem::take(&mut self.stock.scratch)
    }

    /// Takes back what [`Keeper::take_scratch`] gave, unless it became large.
    pub(super) fn put_scratch(&mut self, mut scratch: Vec<Region>) {
        if scratch.capacity() <= 1024 {
            scratch.clear();
            self.stock.scratch = scratch;
        }
    }

    /// A leaf to fill, marked as private to the draft. Its content is old.
    pub(super) fn take_leaf(&mut self) -> Result<&'p Leaf, NoMemory> {
        let stock = &mut *self.stock;
        stock.fresh.try_reserve(1).map_err(|_| NoMemory)?;
        let pointer = match stock.warm.pop() {
            Some(warm) => warm,
            None => stock.take_more()?,
        };
        stock.taken += 1;
        stock.fresh.push(pointer);
        // SAFETY: a leaf of this pool (invariant 1).
        let leaf = unsafe { pointer.as_ref() };
        leaf.set_private(true);
        Ok(leaf)
    }

    /// Takes back a leaf that the draft does not need any more: at once if it was private, else
    /// when the draft is committed.
    pub(super) fn replace(&mut self, leaf: &Leaf) {
        let pointer = NonNull::from(leaf);
        if leaf.is_private() {
            leaf.set_private(false);
            self.stock.free(pointer);
        } else {
            self.stock.replaced.push(pointer);
        }
    }

    /// A root with room for `count` leaves. Its content is old.
    pub(super) fn take_root(&mut self, count: usize) -> Result<&'p Root, NoMemory> {
        let stock = &mut *self.stock;
        let capacity = count.next_power_of_two().max(SMALLEST_ROOT);
        let fits = |root: &NonNull<Root>| {
            // SAFETY: a root of this pool (invariant 1).
            unsafe { root.as_ref() }.capacity() == capacity
        };
        let pointer = match stock.free_roots.iter().position(fits) {
            Some(free) => stock.free_roots.swap_remove(free),
            None => stock.new_root(capacity)?,
        };
        // SAFETY: a root of this pool (invariant 1).
        Ok(unsafe { pointer.as_ref() })
    }

    /// Takes back a root that was not published.
    pub(super) fn drop_root(&mut self, root: &Root) {
        self.stock.free_roots.push(NonNull::from(root));
    }

    /// Publishes a root in place of the present one.
    pub(super) fn publish(&mut self, root: &Root) {
        let new = ptr::from_ref(root).cast_mut();
        let old = self.pool.published.root.swap(new, Release);
        self.stock.root_quarantine.extend(NonNull::new(old));
    }

    /// Ends a draft whose nodes have been published.
    pub(super) fn commit(&mut self) {
        let stock = &mut *self.stock;
        for leaf in stock.fresh.drain(..) {
            // SAFETY: a leaf of this pool (invariant 1).
            unsafe { leaf.as_ref() }.set_private(false);
        }
        stock.quarantine.append(&mut stock.replaced);
        let patience = (stock.taken / 8).clamp(4, 256);
        if stock.quarantine.len() >= patience || stock.root_quarantine.len() >= ROOTS {
            let reuse = self.pool.published.reuse.load(Relaxed);
            self.pool.published.reuse.store(reuse.wrapping_add(1), Release);
            fence(Release);
            stock.end_quarantine();
        }
    }

    /// Ends a draft of which nothing was published.
    pub(super) fn abort(&mut self) {
        self.stock.replaced.clear();
        while let Some(pointer) = self.stock.fresh.pop() {
            // SAFETY: a leaf of this pool (invariant 1).
            let leaf = unsafe { pointer.as_ref() };
            if leaf.is_private() {
                leaf.set_private(false);
                self.stock.free(pointer);
            }
        }
    }

    /// Leaves that are published or in quarantine, and leaves in quarantine.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn accounts(&self) -> (usize, usize) {
        (self.stock.taken, self.stock.quarantine.len())
    }
}

impl Stock {
    fn free(&mut self, leaf: NonNull<Leaf>) {
        self.taken -= 1;
        self.warm.push(leaf);
    }

    fn take_more(&mut self) -> Result<NonNull<Leaf>, NoMemory> {
        if let Some(cold) = self.segments.iter_mut().find_map(Segment::take_cold) {
            return Ok(cold);
        }
        if self.segments.last().is_none_or(|segment| segment.carved == SEGMENT) {
            self.add_segment()?;
        }
        let segment = self.segments.last_mut().ok_or(NoMemory)?;
        segment.carved += 1;
        Ok(segment.leaf(segment.carved - 1))
    }

    /// Maps a segment, with room in the lists for all of its leaves: taking leaves back never
    /// fails.
    fn add_segment(&mut self) -> Result<(), NoMemory> {
        let total = (self.segments.len() + 1) * SEGMENT;
        for list in [&mut self.warm, &mut self.quarantine, &mut self.replaced] {
            list.try_reserve(total.saturating_sub(list.len())).map_err(|_| NoMemory)?;
        }
        self.segments.try_reserve(1).map_err(|_| NoMemory)?;
        let memory = Mapping::private(SEGMENT * size_of::<Leaf>())?;
        self.segments.push(Segment { memory, carved: 0, cold: [0; SEGMENT / 64] });
        Ok(())
    }

    fn new_root(&mut self, capacity: usize) -> Result<NonNull<Root>, NoMemory> {
        let total = self.roots.len() + 1;
        for list in [&mut self.roots, &mut self.free_roots, &mut self.root_quarantine] {
            list.try_reserve(total - list.len()).map_err(|_| NoMemory)?;
        }
        let root = Root::with_capacity(capacity)?;
        let pointer = NonNull::from(Box::leak(Box::new(root)));
        self.roots.push(pointer);
        Ok(pointer)
    }

    /// Makes everything in quarantine free; `reuse` has grown. Memory that is free many times
    /// over goes back to the system.
    fn end_quarantine(&mut self) {
        while let Some(leaf) = self.quarantine.pop() {
            self.free(leaf);
        }
        while let Some(pointer) = self.root_quarantine.pop() {
            // SAFETY: a root of this pool (invariant 1).
            let root = unsafe { pointer.as_ref() };
            if root.capacity() > 16 * self.taken.max(SMALLEST_ROOT) {
                discard_arrays(root);
            }
            self.free_roots.push(pointer);
        }
        if self.warm.len() > self.taken + SEGMENT {
            self.trim();
        }
    }

    fn trim(&mut self) {
        let mut trimmed = Vec::new();
        self.warm.sort_unstable();
        self.segments.sort_unstable_by_key(|segment| segment.memory.start());
        while let Some(leaf) = self.warm.pop() {
            let after = self.segments.partition_point(|one| one.memory.start() <= leaf.cast());
            let Some((at, index)) =
                after.checked_sub(1).and_then(|at| Some((at, self.segments[at].index_of(leaf)?)))
            else {
                continue;
            };
            self.segments[at].cold[index / 64] |= 1 << (index % 64);
            if trimmed.last() != Some(&at) && trimmed.try_reserve(1).is_ok() {
                trimmed.push(at);
            }
        }
        trimmed.into_iter().for_each(|at| self.segments[at].trim());
        // The segment that is not carved to its end is the last one.
        self.segments.sort_by_key(|segment| segment.carved != SEGMENT);
    }
}

/// Gives back the memory of a free root's arrays.
fn discard_arrays(root: &Root) {
    let (leaves, separators, blocks) = root.arrays();
    // SAFETY: memory of the root's own boxes, which holds atomics for which zero is a value
    // (invariant 2), of a root that is free and past quarantine. The allocator hands out private
    // anonymous memory.
    unsafe { discard(NonNull::from(leaves).cast(), size_of_val(leaves)) };
    // SAFETY: as above.
    unsafe { discard(NonNull::from(separators).cast(), size_of_val(separators)) };
    // SAFETY: as above.
    unsafe { discard(NonNull::from(blocks).cast(), size_of_val(blocks)) };
}

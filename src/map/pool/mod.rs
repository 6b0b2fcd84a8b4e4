//! The memory that leaves and roots live in. With `cell.rs`, the only part of the map with `unsafe`.
//!
//! # What makes it sound
//!
//! 1. **Type-stable.** A leaf's memory is a [`Leaf`] from the moment its segment is mapped until
//!    the pool is dropped, a root's a [`Root`] from its allocation until then. Both consist of
//!    atomics and of fields that never change, so a reference to one is valid for as long as the
//!    pool is borrowed, whatever the writer does with it meanwhile.
//! 2. **Zero is a value.** Fresh memory is zero, and `discard` makes memory zero again behind
//!    the back of readers: a leaf of zeros has no regions, a [`LeafCell`](super::cell::LeafCell) of zeros has no leaf.
//! 3. **Cells point into the pool.** A cell or the published root is only ever set from
//!    a reference that this pool gave out. (Each map has one pool, and its one draft borrows it,
//!    so references of two pools never meet.)
//! 4. **Reuse is announced.** What was published and then replaced waits in quarantine. Before
//!    any of it is written again, [`Reuse`] says so: a reader that saw a word of the new use finds
//!    out, and starts over. (That is for what readers see, not for what is sound.)

#![allow(unsafe_code)]

#[cfg(test)]
mod audit;
mod free;

use super::alloc::{NoMemory, reserve};
use super::gate::{FOLLOW, PUBLISH, Reuse};
use super::leaf::Leaf;
use super::root::Root;
use crate::value::region::Region;
use core::ptr::{self, NonNull};
use core::sync::atomic::AtomicPtr;
use core::time::Duration;
use free::{SMALLEST_ROOT, Stock};
use parking_lot::{Mutex, MutexGuard};

/// Roots in quarantine before they are used again.
const ROOTS: usize = 2;

/// The nodes of one map and the root that is published.
#[derive(Debug)]
pub(super) struct Pool {
    published: Published,
    stock: Mutex<Stock>,
}

/// What readers read, in a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
struct Published {
    root: AtomicPtr<Root>,
    reuse: Reuse,
}

impl Pool {
    /// A pool without memory; nothing is published. `reuse` starts with any number.
    pub(super) fn new(reuse: u64) -> Self {
        let published = Published { root: AtomicPtr::default(), reuse: Reuse::new(reuse) };
        Self { published, stock: Mutex::new(Stock::default()) }
    }

    /// The result of a look at the published root; there may be more than one. What a look sees
    /// may be nonsense, but then its result is not used.
    #[inline(always)]
    pub(super) fn read<'p, T>(&'p self, look: impl Fn(Option<&'p Root>) -> T) -> T {
        self.published.reuse.read(|| look(self.root()))
    }

    /// As [`Pool::read`], but one look only: `None` also if nodes were used again meanwhile.
    #[inline(always)]
    pub(super) fn try_read<'p, T>(
        &'p self,
        look: impl Fn(Option<&'p Root>) -> Option<T>,
    ) -> Option<T> {
        let before = self.published.reuse.begin();
        let seen = look(self.root())?;
        if self.published.reuse.is_steady(before) { Some(seen) } else { None }
    }

    /// The published root.
    #[inline(always)]
    fn root(&self) -> Option<&Root> {
        // SAFETY: null or a `&Root` of this pool (invariant 3); roots stay roots (invariant 1).
        unsafe { self.published.root.load(FOLLOW).as_ref() }
    }

    /// Waits until this is the only writer.
    pub(super) fn write(&self) -> Keeper<'_> {
        self.keeper(self.stock.lock())
    }

    /// As [`Pool::write`]; `None`: it would have taken longer.
    pub(super) fn write_within(&self, time: Duration) -> Option<Keeper<'_>> {
        self.stock.try_lock_for(time).map(|stock| self.keeper(stock))
    }

    fn keeper<'p>(&'p self, stock: MutexGuard<'p, Stock>) -> Keeper<'p> {
        self.published.reuse.start_writing();
        Keeper { pool: self, stock }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for root in self.stock.get_mut().roots.drain(..) {
            // SAFETY: every pointer in `roots` is of a box of one root, and is in it once.
            drop(unsafe { Box::from_raw(root.as_ptr().cast::<[Root; 1]>()) });
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
        reserve(&mut stock.fresh, 1)?;
        let pointer = stock.take()?;
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
        let old = self.pool.published.root.swap(new, PUBLISH);
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
        let patience = (stock.taken / 8).clamp(3, 64);
        if stock.quarantine.len() >= patience || stock.root_quarantine.len() >= ROOTS {
            self.pool.published.reuse.announce(|| stock.end_quarantine());
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

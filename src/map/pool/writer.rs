//! What the only writer does with a pool.

use super::free::{SMALLEST_ROOT, Stock};
use super::published::Pool;
use crate::map::alloc::{NoMemory, reserve};
use crate::map::gate::PUBLISH;
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::value::region::Region;
use core::ptr::{self, NonNull};
use core::time::Duration;
use parking_lot::MutexGuard;

/// Roots in quarantine before they are used again.
const ROOTS: usize = 2;

impl Pool {
    /// Waits until this is the only writer.
    pub(in crate::map) fn write(&self) -> Keeper<'_> {
        self.keeper(self.stock.lock())
    }

    /// As [`Pool::write`]; `None`: it would have taken longer.
    pub(in crate::map) fn write_within(&self, time: Duration) -> Option<Keeper<'_>> {
        self.stock.try_lock_for(time).map(|stock| self.keeper(stock))
    }

    fn keeper<'p>(&'p self, stock: MutexGuard<'p, Stock>) -> Keeper<'p> {
        self.published.reuse.start_writing();
        Keeper { pool: self, stock }
    }
}

/// The only writer of a pool, until dropped.
#[derive(Debug)]
pub(in crate::map) struct Keeper<'p> {
    pool: &'p Pool,
    pub(super) stock: MutexGuard<'p, Stock>,
}

impl<'p> Keeper<'p> {
    /// The published root.
    pub(in crate::map) fn published(&self) -> Option<&'p Root> {
        self.pool.root()
    }

    /// A list to work with; give it back with [`Keeper::put_scratch`].
    pub(in crate::map) fn take_scratch(&mut self) -> Vec<Region> {
        core::mem::take(&mut self.stock.scratch)
    }

    /// Takes back what [`Keeper::take_scratch`] gave, unless it became large.
    pub(in crate::map) fn put_scratch(&mut self, mut scratch: Vec<Region>) {
        if scratch.capacity() <= 1024 {
            scratch.clear();
            self.stock.scratch = scratch;
        }
    }

    /// A leaf to fill, marked as private to the draft. Its content is old.
    pub(in crate::map) fn take_leaf(&mut self) -> Result<&'p Leaf, NoMemory> {
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
    pub(in crate::map) fn replace(&mut self, leaf: &Leaf) {
        let pointer = NonNull::from(leaf);
        if leaf.is_private() {
            leaf.set_private(false);
            self.stock.free.push(pointer);
        } else {
            self.stock.replaced.push(pointer);
        }
    }

    /// A root with room for `count` leaves. Its content is old.
    pub(in crate::map) fn take_root(&mut self, count: usize) -> Result<&'p Root, NoMemory> {
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
    pub(in crate::map) fn drop_root(&mut self, root: &Root) {
        self.stock.free_roots.push(NonNull::from(root));
    }

    /// Publishes a root in place of the present one.
    pub(in crate::map) fn publish(&mut self, root: &Root) {
        let new = ptr::from_ref(root).cast_mut();
        let old = self.pool.published.root.swap(new, PUBLISH);
        self.stock.root_quarantine.extend(NonNull::new(old));
    }

    /// Ends a draft whose nodes have been published.
    pub(in crate::map) fn commit(&mut self) {
        let stock = &mut *self.stock;
        for leaf in stock.fresh.drain(..) {
            // SAFETY: a leaf of this pool (invariant 1).
            unsafe { leaf.as_ref() }.set_private(false);
        }
        stock.quarantine.append(&mut stock.replaced);
        let patience = (stock.taken() / 8).clamp(3, 64);
        if stock.quarantine.len() >= patience || stock.root_quarantine.len() >= ROOTS {
            self.pool.published.reuse.announce(|| stock.end_quarantine());
        }
    }

    /// Ends a draft of which nothing was published.
    pub(in crate::map) fn abort(&mut self) {
        self.stock.replaced.clear();
        while let Some(pointer) = self.stock.fresh.pop() {
            // SAFETY: a leaf of this pool (invariant 1).
            let leaf = unsafe { pointer.as_ref() };
            if leaf.is_private() {
                leaf.set_private(false);
                self.stock.free.push(pointer);
            }
        }
    }

    /// Leaves that are published or in quarantine, and leaves in quarantine.
    #[cfg(any(test, debug_assertions))]
    pub(in crate::map) fn accounts(&self) -> (usize, usize) {
        (self.stock.taken(), self.stock.quarantine.len())
    }
}

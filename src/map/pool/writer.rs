//! The half of a pool that the writer uses.

use super::free::{FreeLists, SMALLEST_ROOT};
use super::published::Pool;
use crate::map::alloc::reserve;
use crate::map::gate::PUBLISH;
use crate::map::leaf::Leaf;
use crate::map::root::Root;
use crate::sys::failure::OutOfMemory;
use crate::value::region::Region;
use core::ptr::{self, NonNull};
use core::time::Duration;
use parking_lot::MutexGuard;

/// So many roots in quarantine end it.
const ROOTS: usize = 2;

impl Pool {
    /// Waits until no other writer is left.
    pub(in crate::map) fn write(&self) -> PoolWriter<'_> {
        self.writer(self.lists.lock())
    }

    /// As [`Pool::write`]; `None` if that takes longer than `time`.
    pub(in crate::map) fn write_within(&self, time: Duration) -> Option<PoolWriter<'_>> {
        self.lists.try_lock_for(time).map(|lists| self.writer(lists))
    }

    fn writer<'p>(&'p self, lists: MutexGuard<'p, FreeLists>) -> PoolWriter<'p> {
        self.published.reuse.start_writing();
        PoolWriter { pool: self, lists }
    }
}

/// The only writer of a pool, until dropped.
#[derive(Debug)]
pub(in crate::map) struct PoolWriter<'p> {
    pool: &'p Pool,
    pub(super) lists: MutexGuard<'p, FreeLists>,
}

impl<'p> PoolWriter<'p> {
    /// The published root.
    pub(in crate::map) fn published(&self) -> Option<&'p Root> {
        self.pool.root()
    }

    /// Pins the published root, unless there are still nodes in quarantine for the last pinned one.
    pub(super) fn pin(&mut self, root: Option<&Root>) -> bool {
        let done = self.lists.held == 0;
        if done {
            self.lists.pinned = root.map(NonNull::from);
            self.pool.pin.set();
        }
        done
    }

    /// Whether a root has to stay as it is.
    pub(in crate::map) fn is_pinned(&self, root: &Root) -> bool {
        self.pinned().is_some_and(|pinned| ptr::eq(pinned, root))
    }

    fn pinned(&self) -> Option<&'p Root> {
        let pinned = self.lists.pinned.filter(|_| self.pool.pin.is_set())?;
        // SAFETY: all pointers in the lists are to nodes of this pool (invariant 1).
        Some(unsafe { pinned.as_ref() })
    }

    /// A list to work with, to be given back with [`PoolWriter::put_scratch`].
    pub(in crate::map) fn take_scratch(&mut self) -> Vec<Region> {
        core::mem::take(&mut self.lists.scratch)
    }

    /// Takes back what [`PoolWriter::take_scratch`] gave, unless it became large.
    pub(in crate::map) fn put_scratch(&mut self, mut scratch: Vec<Region>) {
        if scratch.capacity() <= 1024 {
            scratch.clear();
            self.lists.scratch = scratch;
        }
    }

    /// A leaf with old content, marked as private to the draft.
    pub(in crate::map) fn take_leaf(&mut self) -> Result<&'p Leaf, OutOfMemory> {
        let lists = &mut *self.lists;
        reserve(&mut lists.fresh, 1)?;
        let pointer = lists.take()?;
        lists.fresh.push(pointer);
        // SAFETY: all pointers in the lists are to nodes of this pool (invariant 1).
        let leaf = unsafe { pointer.as_ref() };
        leaf.set_private(true);
        Ok(leaf)
    }

    /// Takes back a leaf that the draft no longer needs: now if it is private, or else when the
    /// draft is committed.
    pub(in crate::map) fn replace(&mut self, leaf: &Leaf) {
        let pointer = NonNull::from(leaf);
        if leaf.is_private() {
            leaf.set_private(false);
            self.lists.free_leaves.push(pointer);
        } else {
            self.lists.replaced.push(pointer);
        }
    }

    /// A root with old content and room for `count` leaves.
    pub(in crate::map) fn take_root(&mut self, count: usize) -> Result<&'p Root, OutOfMemory> {
        let lists = &mut *self.lists;
        let capacity = count.next_power_of_two().max(SMALLEST_ROOT);
        let fits = |root: &NonNull<Root>| {
            // SAFETY: as above.
            unsafe { root.as_ref() }.capacity() == capacity
        };
        let pointer = match lists.free_roots.iter().position(fits) {
            Some(free) => lists.free_roots.swap_remove(free),
            None => lists.new_root(capacity)?,
        };
        // SAFETY: as above.
        Ok(unsafe { pointer.as_ref() })
    }

    /// Takes back a root that was not published.
    pub(in crate::map) fn drop_root(&mut self, root: &Root) {
        self.lists.free_roots.push(NonNull::from(root));
    }

    /// Publishes a root, and puts the previous one in quarantine.
    pub(in crate::map) fn publish(&mut self, root: &Root) {
        let new = ptr::from_ref(root).cast_mut();
        let old = self.pool.published.root.swap(new, PUBLISH);
        self.lists.root_quarantine.extend(NonNull::new(old));
    }

    /// Ends a draft that has been published.
    pub(in crate::map) fn commit(&mut self) {
        let lists = &mut *self.lists;
        for leaf in lists.fresh.drain(..) {
            // SAFETY: all pointers in the lists are to nodes of this pool (invariant 1).
            unsafe { leaf.as_ref() }.set_private(false);
        }
        lists.quarantine.append(&mut lists.replaced);
        let patience = (lists.taken() / 8).clamp(3, 64);
        let (waiting, held) = (lists.quarantine.len() - lists.held, lists.held > 0);
        let is_long = waiting >= patience || lists.root_quarantine.len() >= ROOTS;
        if is_long || held && !self.pool.pin.is_set() {
            let pinned = self.pinned();
            self.pool.published.reuse.announce(|| self.lists.end_quarantine(pinned));
        }
    }

    /// Ends a draft that was not published.
    pub(in crate::map) fn abort(&mut self) {
        self.lists.replaced.clear();
        while let Some(pointer) = self.lists.fresh.pop() {
            // SAFETY: all pointers in the lists are to nodes of this pool (invariant 1).
            let leaf = unsafe { pointer.as_ref() };
            if leaf.is_private() {
                leaf.set_private(false);
                self.lists.free_leaves.push(pointer);
            }
        }
    }

    /// The number of leaves that are in use or in quarantine, and the number in quarantine.
    #[cfg(any(test, debug_assertions))]
    pub(in crate::map) fn accounts(&self) -> (usize, usize) {
        (self.lists.taken(), self.lists.quarantine.len())
    }
}

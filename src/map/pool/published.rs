//! The pool, and the half of it that readers use.

use super::free::FreeLists;
use crate::map::gate::{FOLLOW, Pin, ReuseEpoch};
use crate::map::root::Root;
use core::sync::atomic::AtomicPtr;
use parking_lot::Mutex;

/// The nodes of one map, and its published root.
#[derive(Debug)]
pub(in crate::map) struct Pool {
    pub(super) published: Published,
    pub(super) lists: Mutex<FreeLists>,
    /// Whether `FreeLists::pinned` is in use. Who sets it has both locks, `pins` first.
    pub(super) pin: Pin,
    pub(super) pins: Mutex<()>,
}

/// The fields that readers read, in a cache line of their own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Published {
    pub(super) root: AtomicPtr<Root>,
    pub(super) reuse: ReuseEpoch,
}

impl Pool {
    /// A pool without nodes. The epoch starts with `reuse`, which can be any number.
    pub(in crate::map) fn new(reuse: u64) -> Self {
        let published = Published { root: AtomicPtr::default(), reuse: ReuseEpoch::new(reuse) };
        let (lists, pins) = (Mutex::new(FreeLists::default()), Mutex::new(()));
        Self { published, lists, pin: Pin::new(), pins }
    }

    /// The result of a run of `look` on the published root during which no node was reused. `look`
    /// may run more than once, and read nonsense in the runs before.
    #[inline(always)]
    pub(in crate::map) fn read<'p, T>(&'p self, look: impl Fn(Option<&'p Root>) -> T) -> T {
        self.published.reuse.read(|| look(self.root()))
    }

    /// As [`Pool::read`] with one run of `look`: `None` also if nodes were reused meanwhile.
    #[inline(always)]
    pub(in crate::map) fn try_read<'p, T>(
        &'p self,
        look: impl Fn(Option<&'p Root>) -> Option<T>,
    ) -> Option<T> {
        let before = self.published.reuse.begin();
        let seen = look(self.root())?;
        if self.published.reuse.is_steady(before) { Some(seen) } else { None }
    }

    /// The published root.
    #[inline(always)]
    pub(super) fn root(&self) -> Option<&Root> {
        // SAFETY: null, or a root of this pool (invariant 3), which stays one until the pool is
        // dropped (invariant 1).
        unsafe { self.published.root.load(FOLLOW).as_ref() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for root in self.lists.get_mut().roots.drain(..) {
            // SAFETY: `new_root` leaked a box of one root for each pointer in `roots`, and nothing
            // else frees it. With the pool borrowed mutably, no reader has a reference.
            drop(unsafe { Box::from_raw(root.as_ptr().cast::<[Root; 1]>()) });
        }
    }
}

//! What readers use of a pool.

use super::free::FreeLists;
use crate::map::gate::{FOLLOW, ReuseEpoch};
use crate::map::root::Root;
use core::sync::atomic::AtomicPtr;
use parking_lot::Mutex;

/// The nodes of one map and the root that is published.
#[derive(Debug)]
pub(in crate::map) struct Pool {
    pub(super) published: Published,
    pub(super) lists: Mutex<FreeLists>,
}

/// What readers read, in a cache line of its own.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Published {
    pub(super) root: AtomicPtr<Root>,
    pub(super) reuse: ReuseEpoch,
}

impl Pool {
    /// A pool without memory; nothing is published. `reuse` starts with any number.
    pub(in crate::map) fn new(reuse: u64) -> Self {
        let published = Published { root: AtomicPtr::default(), reuse: ReuseEpoch::new(reuse) };
        Self { published, lists: Mutex::new(FreeLists::default()) }
    }

    /// The result of a look at the published root; there may be more than one. What a look sees
    /// may be nonsense, but then its result is not used.
    #[inline(always)]
    pub(in crate::map) fn read<'p, T>(&'p self, look: impl Fn(Option<&'p Root>) -> T) -> T {
        self.published.reuse.read(|| look(self.root()))
    }

    /// As [`Pool::read`], but one look only: `None` also if nodes were used again meanwhile.
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
        // SAFETY: null or a `&Root` of this pool (invariant 3); roots stay roots (invariant 1).
        unsafe { self.published.root.load(FOLLOW).as_ref() }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for root in self.lists.get_mut().roots.drain(..) {
            // SAFETY: every pointer in `roots` is of a box of one root, and is in it once.
            drop(unsafe { Box::from_raw(root.as_ptr().cast::<[Root; 1]>()) });
        }
    }
}

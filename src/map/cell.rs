//! A place for a leaf in a root.

#![allow(unsafe_code)]

use super::gate::{FOLLOW, PUBLISH};
use super::leaf::Leaf;
use core::ptr;
use core::sync::atomic::AtomicPtr;

/// A place for a leaf in a root. (The invariants that are named here are those of `pool/mod.rs`.)
#[derive(Debug, Default)]
pub(super) struct LeafCell(AtomicPtr<Leaf>);

impl LeafCell {
    /// The leaf; `None` if there is none.
    #[inline(always)]
    pub(super) fn load(&self) -> Option<&Leaf> {
        // SAFETY: the pointer is null or was a `&Leaf` of the pool that this cell's root belongs
        // to (invariant 3), which outlives the root; leaves stay leaves (invariant 1).
        unsafe { self.0.load(FOLLOW).as_ref() }
    }

    /// Sets the leaf, which may publish it.
    pub(super) fn store(&self, leaf: Option<&Leaf>) {
        self.0.store(leaf.map_or(ptr::null(), ptr::from_ref).cast_mut(), PUBLISH);
    }
}

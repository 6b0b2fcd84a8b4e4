//! The pointer from a root to a leaf. The numbered invariants are those of `pool/mod.rs`.

#![allow(unsafe_code)]

use super::gate::{FOLLOW, PUBLISH};
use super::leaf::Leaf;
use core::ptr;
use core::sync::atomic::AtomicPtr;

/// A pointer to a leaf, or none.
#[derive(Debug, Default)]
pub(super) struct LeafCell(AtomicPtr<Leaf>);

impl LeafCell {
    /// The leaf, if there is one.
    #[inline(always)]
    pub(super) fn load(&self) -> Option<&Leaf> {
        // SAFETY: the pointer is null, or comes from a `&Leaf` in `store`. That leaf is in the pool
        // of this cell's root (invariant 3), so it is a leaf for as long as the root is borrowed
        // (invariant 1).
        unsafe { self.0.load(FOLLOW).as_ref() }
    }

    /// Stores a pointer to a leaf of this root's pool. This publishes the leaf if the root is.
    pub(super) fn store(&self, leaf: Option<&Leaf>) {
        self.0.store(leaf.map_or(ptr::null(), ptr::from_ref).cast_mut(), PUBLISH);
    }
}

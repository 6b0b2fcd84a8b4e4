//! The read half of a draft: the leaves of the published root, or those that replace them.

#![forbid(unsafe_code)]

use crate::map::leaf::Leaf;
use crate::map::root::Root;
use core::cell::Cell;

/// A position between two regions, or before the first or after the last region of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) slot: usize,
    pub(super) index: usize,
}

/// How the draft differs from the published root.
#[derive(Debug, Clone, Copy)]
pub(super) enum DraftState<'m> {
    /// In nothing. `None`: no root was ever published.
    Unchanged(Option<&'m Root>),
    /// In the leaf of one slot of the published root.
    OneLeaf(&'m Root, usize, &'m Leaf),
    /// In the root, which is private to the draft.
    NewRoot(&'m Root),
}

/// The leaves of a draft.
#[derive(Debug)]
pub(super) struct View<'m> {
    pub(super) state: DraftState<'m>,
    /// The slot that was found last. The next one is often the same.
    pub(super) recent: Cell<usize>,
}

impl<'m> View<'m> {
    /// A view that equals the published root.
    pub(super) fn new(published: Option<&'m Root>) -> Self {
        Self { state: DraftState::Unchanged(published), recent: Cell::new(0) }
    }

    /// Whether the draft has replaced a node.
    pub(super) fn is_changed(&self) -> bool {
        !matches!(self.state, DraftState::Unchanged(_))
    }

    pub(super) fn count(&self, slot: usize) -> usize {
        self.leaf(slot).map_or(0, Leaf::count)
    }

    pub(super) fn root(&self) -> Option<&'m Root> {
        match self.state {
            DraftState::Unchanged(root) => root,
            DraftState::OneLeaf(root, ..) | DraftState::NewRoot(root) => Some(root),
        }
    }

    pub(super) fn slot_of(&self, key: u64) -> usize {
        match self.state {
            DraftState::Unchanged(None) => 0,
            DraftState::Unchanged(Some(root)) | DraftState::OneLeaf(root, ..) => root.find(key),
            DraftState::NewRoot(root) => {
                let recent = self.recent.get();
                let is_here = self.separator(recent).is_some_and(|separator| separator <= key)
                    && self.separator(recent + 1).is_none_or(|separator| key < separator);
                let slot = if is_here { recent } else { root.find_unfinished(key) };
                self.recent.set(slot);
                slot
            }
        }
    }

    pub(super) fn leaf(&self, slot: usize) -> Option<&'m Leaf> {
        match self.state {
            DraftState::OneLeaf(_, changed, leaf) if changed == slot => Some(leaf),
            _ => self.root().filter(|root| slot < root.count())?.leaf(slot),
        }
    }

    pub(super) fn separator(&self, slot: usize) -> Option<u64> {
        self.root().filter(|root| slot < root.count()).map(|root| root.separator(slot))
    }
}

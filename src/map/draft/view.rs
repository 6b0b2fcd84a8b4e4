//! What a draft looks like: the leaves of the published root, but for those that it changed.

#![forbid(unsafe_code)]

use crate::map::leaf::Leaf;
use crate::map::root::Root;
use core::cell::Cell;

/// A place between two regions, or before the first or after the last of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) slot: usize,
    pub(super) index: usize,
}

/// How the draft differs from the published root.
#[derive(Debug, Clone, Copy)]
pub(super) enum DraftState<'m> {
    /// Not at all. `None`: nothing was ever published.
    Unchanged(Option<&'m Root>),
    /// In one leaf, which the published root has in this place.
    OneLeaf(&'m Root, usize, &'m Leaf),
    /// In the root, which is private.
    NewRoot(&'m Root),
}

/// The leaves of a draft.
#[derive(Debug)]
pub(super) struct View<'m> {
    pub(super) state: DraftState<'m>,
    /// The slot that was looked up last: the next one is often the same.
    pub(super) recent: Cell<usize>,
}

impl<'m> View<'m> {
    /// The leaves of the published root.
    pub(super) fn new(published: Option<&'m Root>) -> Self {
        Self { state: DraftState::Unchanged(published), recent: Cell::new(0) }
    }

    /// Whether the draft differs from the published state in its nodes.
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

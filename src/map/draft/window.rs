//! Windows: the regions of a draft that a range overlaps, and those that a change leaves alone.

#![forbid(unsafe_code)]

use super::view::{DraftState, Position, View};
use crate::value::range::{Location, Range};
use crate::value::region::Region;

/// The regions that overlap a range, as positions in a draft. Valid until the draft's next splice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(super) from: Position,
    pub(super) to: Position,
}

impl View<'_> {
    /// The window of the regions that overlap a range.
    pub(super) fn window(&self, range: &Range) -> Window {
        let (low, high) = (range.first().get(), range.last().get());
        let from_slot = self.slot_of(low);
        self.prefetch_all(from_slot);
        let to_slot = if self.separator(from_slot + 1).is_none_or(|next| high < next) {
            from_slot
        } else {
            self.slot_of(high)
        };
        let from = self.leaf(from_slot).map_or(0, |leaf| {
            let after = leaf.rank(low);
            after - usize::from(after > 0 && leaf.last(after - 1) >= low)
        });
        let start = if to_slot == from_slot { from } else { 0 };
        let to = self.leaf(to_slot).map_or(0, |leaf| leaf.rank_from(start, high));
        Window {
            from: Position { slot: from_slot, index: from },
            to: Position { slot: to_slot, index: to },
        }
    }

    /// Prefetches the leaf of a location, in a draft with a new root.
    pub(super) fn prefetch(&self, location: Location) {
        let recent = self.recent.get();
        let DraftState::NewRoot(_) = self.state else { return };
        let slot = self.slot_of(location.get());
        if let Some(leaf) = self.leaf(slot).filter(|_| slot != recent) {
            leaf.prefetch_keys();
        }
    }

    /// The regions of a window.
    pub(super) fn regions(&self, window: &Window) -> impl Iterator<Item = Region> + '_ {
        let Window { mut from, to } = *window;
        let mut leaf = self.leaf(from.slot);
        core::iter::from_fn(move || {
            while from.slot < to.slot && leaf.is_none_or(|leaf| from.index >= leaf.count()) {
                from = Position { slot: from.slot + 1, index: 0 };
                leaf = self.leaf(from.slot);
            }
            if from.slot == to.slot && from.index >= to.index {
                return None;
            }
            from.index += 1;
            leaf?.get(from.index - 1)
        })
    }

    /// Prefetches a leaf that is about to be copied, if it is probably in no cache.
    fn prefetch_all(&self, slot: usize) {
        let DraftState::Unchanged(Some(root)) = self.state else { return };
        if let Some(leaf) = root.leaf(slot).filter(|_| root.is_large()) {
            leaf.prefetch_all();
        }
    }

    /// Leaves out the regions that the window and `new` have in common at either end, so that
    /// unchanged neighbours are not rewritten.
    pub(super) fn trim<'n>(&self, window: Window, mut new: &'n [Region]) -> (Window, &'n [Region]) {
        let Window { mut from, mut to } = window;
        while let Some((first, rest)) = new.split_first() {
            let Some(place) = self.forward(from, to) else {
                break;
            };
            if self.at(place).as_ref() != Some(first) {
                break;
            }
            (from, new) = (Position { index: place.index + 1, ..place }, rest);
        }
        while let Some((last, rest)) = new.split_last() {
            let Some(place) = self.backward(from, to) else {
                break;
            };
            if self.at(place).as_ref() != Some(last) {
                break;
            }
            (to, new) = (place, rest);
        }
        (self.within_leaf(Window { from, to }, new), new)
    }

    /// The first region of a window, if it has one.
    fn forward(&self, mut from: Position, to: Position) -> Option<Position> {
        while from.slot < to.slot && from.index >= self.leaf(from.slot)?.count() {
            from = Position { slot: from.slot + 1, index: 0 };
        }
        (from != to).then_some(from)
    }

    /// The last region of a window, if it has one.
    fn backward(&self, from: Position, mut to: Position) -> Option<Position> {
        while to.slot > from.slot && to.index == 0 {
            to = Position { slot: to.slot - 1, index: self.leaf(to.slot - 1)?.count() };
        }
        (from != to).then(|| Position { index: to.index - 1, ..to })
    }

    /// Leaves out leaves at the end of a window in which it has no region and which `new` does not
    /// reach, and likewise at its start.
    fn within_leaf(&self, window: Window, new: &[Region]) -> Window {
        let Window { mut from, mut to } = window;
        let is_below = |at| new.last().is_none_or(|last| last.range.last().get() < at);
        let is_above = |at| new.first().is_none_or(|first| first.range.first().get() >= at);
        while from.slot < to.slot && to.index == 0 && self.separator(to.slot).is_some_and(is_below)
        {
            to = Position { slot: to.slot - 1, index: self.count(to.slot - 1) };
        }
        while from.slot < to.slot
            && from.index == self.count(from.slot)
            && self.separator(from.slot + 1).is_some_and(is_above)
        {
            from = Position { slot: from.slot + 1, index: 0 };
        }
        Window { from, to }
    }

    fn at(&self, place: Position) -> Option<Region> {
        self.leaf(place.slot)?.get(place.index)
    }
}

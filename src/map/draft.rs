//! A change of the map that nobody sees yet.

#![forbid(unsafe_code)]

use super::Map;
use super::deal::{Part, Sizes, deal};
use super::leaf::{Leaf, SLOTS};
use super::memory::{self, NoMemory};
use super::pool::Keeper;
use super::root::Root;
use crate::range::Range;
use crate::region::Region;
use core::cell::Cell;

/// A leaf with fewer regions takes in those of a neighbour.
const FEW: usize = SLOTS / 4;

/// The next state of a map, until it is committed or dropped.
#[derive(Debug)]
pub(crate) struct Draft<'m> {
    map: &'m Map,
    keeper: Keeper<'m>,
    shape: Shape<'m>,
    /// The slot that was looked up last: the next one is often the same.
    recent: Cell<usize>,
}

/// How the draft differs from the published root.
#[derive(Debug, Clone, Copy)]
enum Shape<'m> {
    /// Not at all. `None`: nothing was ever published.
    Same(Option<&'m Root>),
    /// In one leaf, which the published root has in this place.
    Leaf(&'m Root, usize, &'m Leaf),
    /// In the root, which is private.
    Root(&'m Root),
}

/// A place between two regions, or before the first or after the last of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    slot: usize,
    index: usize,
}

/// The regions that overlap a range, as places in a draft: valid until its next splice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    from: Place,
    to: Place,
}

impl<'m> Draft<'m> {
    pub(super) fn new(map: &'m Map) -> Self {
        let keeper = map.pool.write();
        let shape = Shape::Same(keeper.published());
        Self { map, keeper, shape, recent: Cell::new(0) }
    }

    /// A list to work with; give it back with [`Draft::put_scratch`].
    pub(crate) fn take_scratch(&mut self) -> Vec<Region> {
        self.keeper.take_scratch()
    }

    /// Takes back what [`Draft::take_scratch`] gave.
    pub(crate) fn put_scratch(&mut self, scratch: Vec<Region>) {
        self.keeper.put_scratch(scratch);
    }

    /// The regions that overlap a range, as places.
    pub(crate) fn window(&self, range: &Range) -> Window {
        let (low, high) = (range.first().get(), range.last().get());
        let from_slot = self.slot_of(low);
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
            from: Place { slot: from_slot, index: from },
            to: Place { slot: to_slot, index: to },
        }
    }

    /// The regions of a window.
    pub(crate) fn regions(&self, window: &Window) -> impl Iterator<Item = Region> + '_ {
        let Window { mut from, to } = *window;
        let mut leaf = self.leaf(from.slot);
        core::iter::from_fn(move || {
            while from.slot < to.slot && leaf.is_none_or(|leaf| from.index >= leaf.count()) {
                from = Place { slot: from.slot + 1, index: 0 };
                leaf = self.leaf(from.slot);
            }
            if from.slot == to.slot && from.index >= to.index {
                return None;
            }
            from.index += 1;
            leaf?.get(from.index - 1)
        })
    }

    /// Puts `new` in place of the regions of a window. `new` is in ascending order, disjoint, and
    /// inside of what the window's range and regions cover. True: the map differs now.
    pub(crate) fn splice(&mut self, window: &Window, new: &[Region]) -> Result<bool, NoMemory> {
        let (window, new) = self.trim(*window, new);
        let Window { from, to } = window;
        if new.is_empty() && from == to {
            return Ok(false);
        }
        let leaf = self.leaf(from.slot).filter(|_| from.slot == to.slot);
        let fits = leaf.is_some_and(|leaf| {
            let count = leaf.count() + new.len() - (to.index - from.index);
            let only_one = self.root().map_or(0, Root::count) == 1;
            (1..=SLOTS).contains(&count) && (count >= FEW.min(leaf.count()) || only_one)
        });
        match leaf {
            Some(leaf) if fits => self.splice_leaf(leaf, from, to.index, new)?,
            _ => self.splice_root(from, to, new)?,
        }
        Ok(true)
    }

    /// Makes the draft the state of the map.
    pub(crate) fn commit(&mut self) {
        let (map, keeper) = (self.map, &mut self.keeper);
        match self.shape {
            Shape::Same(_) => return,
            Shape::Leaf(root, slot, leaf) => map.version.publish(|| root.set_leaf(slot, leaf)),
            Shape::Root(root) => {
                root.finish();
                map.version.publish(|| keeper.publish(root));
            }
        }
        self.keeper.commit();
        self.shape = Shape::Same(self.keeper.published());
        #[cfg(debug_assertions)]
        self.check();
    }

    /// Whether the draft differs from the published state in its nodes.
    pub(crate) fn is_changed(&self) -> bool {
        !matches!(self.shape, Shape::Same(_))
    }

    /// Leaves out what the window and `new` have in common at either end, so that neighbours that
    /// stay as they are are not written again.
    fn trim<'n>(&self, window: Window, mut new: &'n [Region]) -> (Window, &'n [Region]) {
        let Window { mut from, mut to } = window;
        while let Some((first, rest)) = new.split_first() {
            let Some(place) = self.forward(from, to) else {
                break;
            };
            if self.at(place).as_ref() != Some(first) {
                break;
            }
            (from, new) = (Place { index: place.index + 1, ..place }, rest);
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
    fn forward(&self, mut from: Place, to: Place) -> Option<Place> {
        while from.slot < to.slot && from.index >= self.leaf(from.slot)?.count() {
            from = Place { slot: from.slot + 1, index: 0 };
        }
        (from != to).then_some(from)
    }

    /// The last region of a window, if it has one.
    fn backward(&self, from: Place, mut to: Place) -> Option<Place> {
        while to.slot > from.slot && to.index == 0 {
            to = Place { slot: to.slot - 1, index: self.leaf(to.slot - 1)?.count() };
        }
        (from != to).then(|| Place { index: to.index - 1, ..to })
    }

    /// Ends the window in an earlier leaf if it has nothing in its last ones and `new` does not
    /// reach them; likewise at its start.
    fn within_leaf(&self, window: Window, new: &[Region]) -> Window {
        let Window { mut from, mut to } = window;
        while to.slot > from.slot
            && to.index == 0
            && let Some(leaf) = self.leaf(to.slot - 1)
            && let Some(separator) = self.separator(to.slot)
            && new.last().is_none_or(|last| last.range.last().get() < separator)
        {
            to = Place { slot: to.slot - 1, index: leaf.count() };
        }
        while from.slot < to.slot
            && self.leaf(from.slot).is_some_and(|leaf| from.index == leaf.count())
            && let Some(separator) = self.separator(from.slot + 1)
            && new.first().is_none_or(|first| first.range.first().get() >= separator)
        {
            from = Place { slot: from.slot + 1, index: 0 };
        }
        Window { from, to }
    }

    fn at(&self, place: Place) -> Option<Region> {
        self.leaf(place.slot)?.get(place.index)
    }

    fn root(&self) -> Option<&'m Root> {
        match self.shape {
            Shape::Same(root) => root,
            Shape::Leaf(root, ..) | Shape::Root(root) => Some(root),
        }
    }

    fn slot_of(&self, key: u64) -> usize {
        match self.shape {
            Shape::Same(None) => 0,
            Shape::Same(Some(root)) | Shape::Leaf(root, ..) => root.find(key),
            Shape::Root(root) => {
                let recent = self.recent.get();
                let is_here = self.separator(recent).is_some_and(|separator| separator <= key)
                    && self.separator(recent + 1).is_none_or(|separator| key < separator);
                let slot = if is_here { recent } else { root.find_unfinished(key) };
                self.recent.set(slot);
                slot
            }
        }
    }

    fn leaf(&self, slot: usize) -> Option<&'m Leaf> {
        match self.shape {
            Shape::Leaf(_, changed, leaf) if changed == slot => Some(leaf),
            _ => self.root().filter(|root| slot < root.count())?.leaf(slot),
        }
    }

    fn separator(&self, slot: usize) -> Option<u64> {
        self.root().filter(|root| slot < root.count()).map(|root| root.separator(slot))
    }

    fn splice_leaf(
        &mut self,
        old: &'m Leaf,
        from: Place,
        to: usize,
        new: &[Region],
    ) -> Result<(), NoMemory> {
        let slot = from.slot;
        if old.is_private() {
            old.splice(old, from.index, to, new);
            return Ok(());
        }
        if let Shape::Leaf(..) = self.shape {
            self.make_root_private(0)?;
        }
        let leaf = self.keeper.take_leaf()?;
        leaf.splice(old, from.index, to, new);
        self.keeper.replace(old);
        match self.shape {
            Shape::Same(Some(root)) => self.shape = Shape::Leaf(root, slot, leaf),
            Shape::Root(root) => root.set_leaf(slot, leaf),
            Shape::Same(None) | Shape::Leaf(..) => {}
        }
        Ok(())
    }

    /// Writes new leaves for the regions before the window in its first leaf, `new`, and those
    /// after the window in its last leaf, and puts them in place of the window's leaves.
    fn splice_root(&mut self, from: Place, to: Place, new: &[Region]) -> Result<(), NoMemory> {
        let Source { first, end, parts } = self.source(from, to, new);
        let total = parts.iter().map(Part::len).sum();
        let sizes = Sizes::new(total, to.index == self.leaf(to.slot).map_or(0, Leaf::count));
        let root = self.make_root_private(sizes.leaves)?;
        let low = self.separator(first).unwrap_or(0);
        let mut leaves = memory::list(sizes.leaves)?;
        for _ in 0..sizes.leaves {
            leaves.push(self.keeper.take_leaf()?);
        }
        deal(&leaves, &parts, &sizes);
        for slot in first..end {
            if let Some(leaf) = self.leaf(slot) {
                self.keeper.replace(leaf);
            }
        }
        root.shift(end, first + leaves.len());
        for (place, leaf) in leaves.iter().enumerate() {
            let separator = if place == 0 { low } else { leaf.key(0) };
            root.put(first + place, separator, leaf);
        }
        if root.count() == 0 {
            root.clear();
        }
        Ok(())
    }

    /// Which slots are written again, and what the new leaves are made from. If that is little,
    /// a neighbour is taken in.
    fn source<'n>(&self, from: Place, to: Place, new: &'n [Region]) -> Source<'m, 'n> {
        let part = |slot: usize, from: usize, to: usize| match self.leaf(slot) {
            Some(leaf) if from < to => Part::Old(leaf, from, to),
            _ => Part::New(&[]),
        };
        let count = |slot: usize| self.leaf(slot).map_or(0, Leaf::count);
        let whole = |slot: usize| part(slot, 0, count(slot));
        let before = part(from.slot, 0, from.index);
        let after = part(to.slot, to.index, count(to.slot));
        let few = before.len() + new.len() + after.len() < FEW;
        let slots = self.root().map_or(0, Root::count);
        let end = (to.slot + 1).min(slots);
        let (left, right) = match few {
            true if from.slot > 0 => (true, false),
            true if end < slots => (false, true),
            _ => (false, false),
        };
        let nothing = || Part::New(&[]);
        let left_part = if left { whole(from.slot - 1) } else { nothing() };
        let right_part = if right { whole(end) } else { nothing() };
        Source {
            first: from.slot - usize::from(left),
            end: end + usize::from(right),
            parts: [left_part, before, Part::New(new), after, right_part],
        }
    }

    /// Makes the root one that only this draft has, with room for `more` leaves.
    fn make_root_private(&mut self, more: usize) -> Result<&'m Root, NoMemory> {
        let count = self.root().map_or(0, Root::count);
        if let Shape::Root(root) = self.shape
            && count + more <= root.capacity()
        {
            return Ok(root);
        }
        let root = self.keeper.take_root(count + more)?;
        root.clear();
        if let Some(source) = self.root() {
            root.copy(source);
        }
        match self.shape {
            Shape::Leaf(_, slot, leaf) => root.set_leaf(slot, leaf),
            Shape::Root(small) => self.keeper.drop_root(small),
            Shape::Same(_) => {}
        }
        self.shape = Shape::Root(root);
        Ok(root)
    }

    #[cfg(debug_assertions)]
    fn check(&self) {
        if self.root().is_some_and(|root| root.count() <= 32) {
            super::check::check(self.root(), &self.keeper);
        }
    }

    /// Checks everything that has to hold between two changes.
    #[cfg(test)]
    pub(super) fn check_all(&self) {
        super::check::check(self.root(), &self.keeper);
        self.keeper.audit(self.root());
    }

    /// Bytes in memory; `None` if the system does not say.
    #[cfg(test)]
    pub(super) fn resident(&self) -> Option<usize> {
        self.keeper.resident()
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Shape::Root(root) = self.shape {
            self.keeper.drop_root(root);
        }
        if self.is_changed() {
            self.keeper.abort();
        }
    }
}

/// What new leaves are made from, and the slots `first..end` whose place they take.
struct Source<'m, 'n> {
    first: usize,
    end: usize,
    parts: [Part<'m, 'n>; 5],
}

//! A change of the map that nobody sees yet.

#![forbid(unsafe_code)]

mod window;

pub(crate) use window::Window;

use super::Map;
use super::alloc::{self, NoMemory};
use super::leaf::{Leaf, SLOTS};
use super::pool::Keeper;
use super::rebalance::{FEW, Neighbour, Part, Sizes, deal, helper};
use super::root::Root;
use crate::value::region::Region;
use core::cell::Cell;
use window::Place;

/// With more leaves than this, the copy of a root costs more than fuller leaves are worth.
const LENDERS: usize = 4096;
/// Places of a leaf that are kept for regions which are cut: a page that changes its flags, and
/// soon changes them back, needs two, and no other leaves for them.
pub(super) const ROOM: usize = 4;

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

    /// Puts `new` in place of the regions of a window. `new` is in ascending order, disjoint, and
    /// inside of what the window's range and regions cover. True: the map differs now.
    pub(crate) fn splice(&mut self, window: &Window, new: &[Region]) -> Result<bool, NoMemory> {
        let (window, new) = self.trim(*window, new);
        let Window { from, to } = window;
        if new.is_empty() && from == to {
            return Ok(false);
        }
        let leaf = self.leaf(from.slot).filter(|_| from.slot == to.slot);
        let only_one = self.root().map_or(0, Root::count) == 1;
        let limit = if from == to && !only_one { SLOTS - ROOM } else { SLOTS };
        let fits = leaf.is_some_and(|leaf| {
            let count = leaf.count() + new.len() - (to.index - from.index);
            (1..=limit).contains(&count) && (count >= FEW.min(leaf.count()) || only_one)
        });
        match leaf {
            Some(leaf) if fits => self.splice_leaf(leaf, from, to.index, new)?,
            _ => self.splice_root(window, new, limit)?,
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

    fn count(&self, slot: usize) -> usize {
        self.leaf(slot).map_or(0, Leaf::count)
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
    /// after the window in its last leaf, and puts them in place of the window's leaves. Each of
    /// them gets `limit` regions at most.
    fn splice_root(
        &mut self,
        window: Window,
        new: &[Region],
        limit: usize,
    ) -> Result<(), NoMemory> {
        let Source { first, end, parts } = self.source(window, new, limit);
        let total = parts.iter().map(Part::len).sum();
        let sizes = Sizes::new(total, limit, parts[3].len() + parts[4].len() == 0);
        let root = self.make_root_private(sizes.leaves)?;
        let low = self.separator(first).unwrap_or(0);
        let mut leaves = alloc::list(sizes.leaves)?;
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

    /// Which slots are written again, and what the new leaves are made from.
    fn source<'n>(&self, window: Window, new: &'n [Region], limit: usize) -> Source<'m, 'n> {
        let Window { from, to } = window;
        let part = |slot: usize, from: usize, to: usize| match self.leaf(slot) {
            Some(leaf) if from < to => Part::Old(leaf, from, to),
            _ => Part::New(&[]),
        };
        let whole = |slot: usize| part(slot, 0, self.count(slot));
        let before = part(from.slot, 0, from.index);
        let after = part(to.slot, to.index, self.count(to.slot));
        let slots = self.root().map_or(0, Root::count);
        let end = (to.slot + 1).min(slots);
        let total = before.len() + new.len() + after.len();
        let left = from.slot.checked_sub(1);
        let right = (end < slots).then_some(end);
        let lends = slots <= LENDERS || matches!(self.shape, Shape::Root(_));
        let count = |slot: usize| self.count(slot);
        let helper = helper(total, limit, left.map(count), right.map(count), lends);
        let left = left.filter(|_| helper == Some(Neighbour::Left));
        let right = right.filter(|_| helper == Some(Neighbour::Right));
        let [left_part, right_part] = [left, right].map(|slot| slot.map_or(Part::New(&[]), whole));
        Source {
            first: left.unwrap_or(from.slot),
            end: end + usize::from(right.is_some()),
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

    /// How many leaves there are.
    #[cfg(test)]
    pub(super) fn leaves(&self) -> usize {
        self.root().map_or(0, Root::count)
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

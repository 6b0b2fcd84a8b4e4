//! The write half of a draft.

#![forbid(unsafe_code)]

use super::view::{DraftState, Position, View};
use super::window::Window;
use crate::map::alloc;
use crate::map::leaf::{Leaf, SLOTS};
use crate::map::lookup::Map;
use crate::map::pool::PoolWriter;
use crate::map::rebalance::{
    MERGE_BELOW, Neighbour, Piece, RESERVE, SHARE_UP_TO, Sizes, choose_neighbour, distribute,
};
use crate::map::root::Root;
use crate::sys::failure::OutOfMemory;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

/// The next version of a map, until it is committed or dropped.
#[derive(Debug)]
pub(crate) struct Draft<'m> {
    map: &'m Map,
    writer: PoolWriter<'m>,
    view: View<'m>,
}

impl Map {
    /// Opens a draft. Waits while another one is open.
    pub(crate) fn draft(&self) -> Draft<'_> {
        let writer = self.pool.write();
        let view = View::new(writer.published());
        Draft { map: self, writer, view }
    }
}

impl<'m> Draft<'m> {
    /// A list to work with, to be given back with [`Draft::put_scratch`].
    pub(crate) fn take_scratch(&mut self) -> Vec<Region> {
        self.writer.take_scratch()
    }

    /// Takes back what [`Draft::take_scratch`] gave.
    pub(crate) fn put_scratch(&mut self, scratch: Vec<Region>) {
        self.writer.put_scratch(scratch);
    }

    /// Replaces the regions of a window by `new`, which has to be in ascending order, disjoint, and
    /// inside of what the window's range and regions cover. Returns whether that changed the map.
    pub(crate) fn splice(&mut self, window: &Window, new: &[Region]) -> Result<bool, OutOfMemory> {
        let (window, new) = self.view.trim(*window, new);
        let Window { from, to } = window;
        if new.is_empty() && from == to {
            return Ok(false);
        }
        let leaf = self.view.leaf(from.slot).filter(|_| from.slot == to.slot);
        let only_one = self.view.root().map_or(0, Root::count) == 1;
        let limit = if from == to && !only_one { SLOTS - RESERVE } else { SLOTS };
        let fits = leaf.is_some_and(|leaf| {
            let count = leaf.count() + new.len() - (to.index - from.index);
            (1..=limit).contains(&count) && (count >= MERGE_BELOW.min(leaf.count()) || only_one)
        });
        match leaf {
            Some(leaf) if fits => self.splice_leaf(leaf, from, to.index, new)?,
            _ => self.splice_root(window, new, limit)?,
        }
        Ok(true)
    }

    /// The window of the regions that overlap a range.
    pub(crate) fn window(&self, range: &Range) -> Window {
        self.view.window(range)
    }

    /// The regions of a window.
    pub(crate) fn regions(&self, window: &Window) -> impl Iterator<Item = Region> + '_ {
        self.view.regions(window)
    }

    /// Prefetches the leaf of a location that is about to be changed, in a draft with a new root:
    /// without that, 100,000 regions in random order in one call take 1.1 times as long.
    pub(crate) fn prefetch(&self, location: Location) {
        self.view.prefetch(location);
    }

    /// Whether the draft has replaced a node.
    pub(crate) fn is_changed(&self) -> bool {
        self.view.is_changed()
    }

    /// Publishes the draft as the next version of the map.
    pub(crate) fn commit(&mut self) {
        let (map, writer) = (self.map, &mut self.writer);
        match self.view.state {
            DraftState::Unchanged(_) => return,
            DraftState::OneLeaf(root, slot, leaf) => {
                map.version.publish(|| root.set_leaf(slot, leaf))
            }
            DraftState::NewRoot(root) => {
                root.finish();
                map.version.publish(|| writer.publish(root));
            }
        }
        map.generation.renew();
        self.writer.commit();
        self.view.state = DraftState::Unchanged(self.writer.published());
        #[cfg(debug_assertions)]
        self.check();
    }

    fn splice_leaf(
        &mut self,
        old: &'m Leaf,
        from: Position,
        to: usize,
        new: &[Region],
    ) -> Result<(), OutOfMemory> {
        let slot = from.slot;
        if old.is_private() {
            old.splice(old, from.index, to, new);
            return Ok(());
        }
        let needs_root = match self.view.state {
            DraftState::OneLeaf(..) => true,
            DraftState::Unchanged(Some(root)) => self.writer.is_pinned(root),
            DraftState::Unchanged(None) | DraftState::NewRoot(_) => false,
        };
        if needs_root {
            self.make_root_private(0)?;
        }
        let leaf = self.writer.take_leaf()?;
        leaf.splice(old, from.index, to, new);
        self.writer.replace(old);
        match self.view.state {
            DraftState::Unchanged(Some(root)) => {
                self.view.state = DraftState::OneLeaf(root, slot, leaf)
            }
            DraftState::NewRoot(root) => root.set_leaf(slot, leaf),
            DraftState::Unchanged(None) | DraftState::OneLeaf(..) => {}
        }
        Ok(())
    }

    /// Replaces the leaves of a window by new leaves of up to `limit` regions each. They get the
    /// regions before the window in its first leaf, `new`, and the regions after the window in its
    /// last leaf.
    fn splice_root(
        &mut self,
        window: Window,
        new: &[Region],
        limit: usize,
    ) -> Result<(), OutOfMemory> {
        let Rewrite { first, end, pieces } = self.source(window, new, limit);
        let total = pieces.iter().map(Piece::len).sum();
        let sizes = Sizes::new(total, limit, pieces[3].len() + pieces[4].len() == 0);
        let root = self.make_root_private(sizes.leaves)?;
        let low = self.view.separator(first).unwrap_or(0);
        let mut leaves = alloc::list(sizes.leaves)?;
        for _ in 0..sizes.leaves {
            leaves.push(self.writer.take_leaf()?);
        }
        distribute(&leaves, &pieces, &sizes);
        for slot in first..end {
            if let Some(leaf) = self.view.leaf(slot) {
                self.writer.replace(leaf);
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

    /// Which leaves are replaced, and the pieces that the new leaves are made from.
    fn source<'n>(&self, window: Window, new: &'n [Region], limit: usize) -> Rewrite<'m, 'n> {
        let Window { from, to } = window;
        let part = |slot: usize, from: usize, to: usize| match self.view.leaf(slot) {
            Some(leaf) if from < to => Piece::Old(leaf, from, to),
            _ => Piece::New(&[]),
        };
        let whole = |slot: usize| part(slot, 0, self.view.count(slot));
        let before = part(from.slot, 0, from.index);
        let after = part(to.slot, to.index, self.view.count(to.slot));
        let slots = self.view.root().map_or(0, Root::count);
        let end = (to.slot + 1).min(slots);
        let total = before.len() + new.len() + after.len();
        let left = from.slot.checked_sub(1);
        let right = (end < slots).then_some(end);
        let may_share = slots <= SHARE_UP_TO || matches!(self.view.state, DraftState::NewRoot(_));
        let count = |slot: usize| self.view.count(slot);
        let neighbour =
            choose_neighbour(total, limit, left.map(count), right.map(count), may_share);
        let left = left.filter(|_| neighbour == Some(Neighbour::Left));
        let right = right.filter(|_| neighbour == Some(Neighbour::Right));
        let [left_part, right_part] = [left, right].map(|slot| slot.map_or(Piece::New(&[]), whole));
        Rewrite {
            first: left.unwrap_or(from.slot),
            end: end + usize::from(right.is_some()),
            pieces: [left_part, before, Piece::New(new), after, right_part],
        }
    }

    /// Makes the root private to this draft, with room for `more` leaves.
    fn make_root_private(&mut self, more: usize) -> Result<&'m Root, OutOfMemory> {
        let count = self.view.root().map_or(0, Root::count);
        match self.view.state {
            DraftState::NewRoot(root) if count + more <= root.capacity() => return Ok(root),
            _ => {}
        }
        let root = self.writer.take_root(count + more)?;
        root.clear();
        if let Some(source) = self.view.root() {
            root.copy(source);
        }
        match self.view.state {
            DraftState::OneLeaf(_, slot, leaf) => root.set_leaf(slot, leaf),
            DraftState::NewRoot(small) => self.writer.drop_root(small),
            DraftState::Unchanged(_) => {}
        }
        self.view.state = DraftState::NewRoot(root);
        Ok(root)
    }

    #[cfg(debug_assertions)]
    fn check(&self) {
        if self.view.root().is_some_and(|root| root.count() <= 32) {
            crate::map::check::check(self.view.root(), &self.writer);
        }
    }

    /// Checks the invariants that hold between two changes.
    #[cfg(test)]
    pub(in crate::map) fn check_all(&self) {
        crate::map::check::check(self.view.root(), &self.writer);
        self.writer.audit(self.view.root());
    }

    /// The number of leaves.
    #[cfg(test)]
    pub(in crate::map) fn leaves(&self) -> usize {
        self.view.root().map_or(0, Root::count)
    }

    /// The bytes of the map that are in memory, if the system reports them.
    #[cfg(test)]
    pub(in crate::map) fn resident(&self) -> Option<usize> {
        self.writer.resident()
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let DraftState::NewRoot(root) = self.view.state {
            self.writer.drop_root(root);
        }
        if self.is_changed() {
            self.writer.abort();
        }
    }
}

/// The slots `first..end` whose leaves are replaced, and the pieces that the new ones are made
/// from.
struct Rewrite<'m, 'n> {
    first: usize,
    end: usize,
    pieces: [Piece<'m, 'n>; 5],
}

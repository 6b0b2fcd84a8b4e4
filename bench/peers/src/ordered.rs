//! Regions in a `BTreeMap` keyed by their first location, with splitting and merging.
//!
//! Written to be fast, because libgasp's updates are compared with it: one search finds the regions at
//! and beside a change, and a split or a merge then costs two insertions or removals more.

use crate::run::{Attrs, Change};
use std::collections::BTreeMap;

/// The value of the tree; its key is the region's first location.
#[derive(Debug, Clone, Copy)]
struct Body {
    last: u64,
    attrs: Attrs,
}

/// The surroundings of a change.
enum Place {
    /// Strictly inside one region, whose body this was; its left piece stays in the tree.
    Inside(Body),
    /// Strictly inside one region that has these very attributes already.
    Same,
    /// Exactly one region, with the equal neighbours that it now joins.
    Exactly(Joined),
    /// A gap, with the equal neighbours that the new region joins.
    Gap(Joined),
    /// Anything else.
    Several,
}

/// Which neighbours a new region joins: the left one was lengthened already, the right one, whose
/// last location this is, is still there.
struct Joined {
    left: bool,
    right: Option<u64>,
}

/// The map.
#[derive(Debug, Default)]
pub(crate) struct Ordered(BTreeMap<u64, Body>);

impl Ordered {
    /// See [`crate::export::Peer::find`].
    #[inline(always)]
    pub(crate) fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        let (_, body) = self.0.range(..=location).next_back()?;
        (location <= body.last).then_some((body.last, body.attrs))
    }

    /// Apply one change.
    pub(crate) fn change(&mut self, change: &Change) {
        let Some(attrs) = change.attrs else { return self.clear(change) };
        match self.place(change, attrs) {
            Place::Same => {}
            Place::Inside(old) => {
                self.0.insert(change.start, Body { last: change.last, attrs });
                self.0.insert(change.last + 1, old);
            }
            Place::Exactly(joined) => self.settle(change, attrs, &joined, true),
            Place::Gap(joined) => self.settle(change, attrs, &joined, false),
            Place::Several => {
                self.clear(change);
                self.change(change);
            }
        }
    }

    /// Find the surroundings of the change, by one search; cuts or lengthens the region to its left.
    fn place(&mut self, change: &Change, attrs: Attrs) -> Place {
        let mut back = self.0.range_mut(..=change.last.saturating_add(1));
        let mut at = back.next_back();
        let mut right = None;
        if let Some((start, body)) = &at {
            if **start > change.last {
                right = (body.attrs == attrs).then_some(body.last);
                at = back.next_back();
            }
        }
        let Some((&start, body)) = at else { return Place::Gap(Joined { left: false, right }) };
        let last = right.unwrap_or(change.last);
        if start < change.start && body.last > change.last {
            let old = *body;
            if old.attrs == attrs {
                return Place::Same;
            }
            body.last = change.start - 1;
            Place::Inside(old)
        } else if start == change.start && body.last == change.last {
            *body = Body { last, attrs };
            let left = back.next_back().is_some_and(|(_, left)| left.join(change, last, attrs));
            Place::Exactly(Joined { left, right })
        } else if body.last < change.start {
            let left = body.join(change, last, attrs);
            Place::Gap(Joined { left, right })
        } else {
            Place::Several
        }
    }

    /// Finish a change after `place`: remove the regions that were joined, insert the new one.
    fn settle(&mut self, change: &Change, attrs: Attrs, joined: &Joined, exists: bool) {
        if joined.right.is_some() {
            self.0.remove(&(change.last + 1));
        }
        if joined.left && exists {
            self.0.remove(&change.start);
        }
        if !joined.left && !exists {
            let last = joined.right.unwrap_or(change.last);
            self.0.insert(change.start, Body { last, attrs });
        }
    }

    /// Make every location of the change absent.
    fn clear(&mut self, change: &Change) {
        if let Some((_, left)) = self.0.range_mut(..change.start).next_back() {
            if left.last >= change.start {
                let old = *left;
                left.last = change.start - 1;
                self.0.insert(change.start, old);
            }
        }
        while let Some((&start, &body)) = self.0.range(change.start..=change.last).next() {
            self.0.remove(&start);
            if body.last > change.last {
                self.0.insert(change.last + 1, body);
            }
        }
    }
}

impl Body {
    /// Lengthen this region to `last`, if the change lies right after it and is its equal.
    fn join(&mut self, change: &Change, last: u64, attrs: Attrs) -> bool {
        let joins = self.last + 1 == change.start && self.attrs == attrs;
        if joins {
            self.last = last;
        }
        joins
    }
}

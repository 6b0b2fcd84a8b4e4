//! Dealing regions out to new leaves.

#![forbid(unsafe_code)]

use super::leaf::{Leaf, SLOTS};
use crate::region::Region;

/// Regions of a leaf when many are made at once.
const FILL: usize = SLOTS - SLOTS / 8;

/// Regions of a leaf, or new ones.
pub(super) enum Part<'m, 'n> {
    Old(&'m Leaf, usize, usize),
    New(&'n [Region]),
}

impl Part<'_, '_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Part::Old(_, from, to) => to - from,
            Part::New(regions) => regions.len(),
        }
    }

    fn write(&self, skip: usize, count: usize, leaf: &Leaf, at: usize) {
        match self {
            Part::Old(source, from, _) => leaf.copy(at, source, from + skip, count),
            Part::New(regions) => {
                let regions = regions.iter().skip(skip).take(count);
                (at..).zip(regions).for_each(|(at, region)| leaf.put(at, region));
            }
        }
    }
}

/// How many regions each of some new leaves gets.
pub(super) struct Sizes {
    total: usize,
    pub(super) leaves: usize,
    /// All leaves but the last get FILL.
    packed: bool,
}

impl Sizes {
    /// `at_end`: nothing follows what is new, so more will probably be added there, and little
    /// where the others are.
    pub(super) fn new(total: usize, at_end: bool) -> Self {
        let leaves = if total <= SLOTS { usize::from(total > 0) } else { total.div_ceil(FILL) };
        Self { total, leaves, packed: at_end && leaves > 1 }
    }

    fn of(&self, leaf: usize) -> usize {
        if self.packed {
            FILL.min(self.total - leaf * FILL)
        } else {
            self.total / self.leaves + usize::from(leaf < self.total % self.leaves)
        }
    }
}

/// Deals the regions of the parts out to the leaves.
pub(super) fn deal(leaves: &[&Leaf], parts: &[Part<'_, '_>], sizes: &Sizes) {
    let mut parts = parts.iter();
    let mut part = parts.next();
    let mut done = 0;
    for (place, leaf) in leaves.iter().enumerate() {
        let size = sizes.of(place);
        let mut at = 0;
        while at < size
            && let Some(source) = part
        {
            let count = (source.len() - done).min(size - at);
            source.write(done, count, leaf, at);
            at += count;
            done += count;
            if done == source.len() {
                (part, done) = (parts.next(), 0);
            }
        }
        leaf.finish(size);
    }
}

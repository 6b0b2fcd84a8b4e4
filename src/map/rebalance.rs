//! How regions are distributed to leaves.
//!
//! A leaf that overflows is not split if a neighbour has room: the two share their regions. So in a
//! map that grew in random order, leaves are four fifths full. They would be two thirds full
//! otherwise.

#![forbid(unsafe_code)]

use super::leaf::{Leaf, SLOTS};
use crate::value::region::Region;

/// A leaf with fewer regions is merged with a neighbour.
pub(super) const MERGE_BELOW: usize = SLOTS / 4;
/// Regions of a leaf when regions are distributed to several leaves. The slots between this number
/// and the limit of insertions take the next regions: without them (a RESERVE of 8), leaves soon
/// overflow again, and filling a map with 100,000 regions one by one in random order takes 1.28
/// times as long.
pub(super) const TARGET: usize = SLOTS - SLOTS / 8;
/// Slots that insertions leave free in a leaf, so that splitting a region (two more slots) does not
/// split the leaf and copy the root: a page often changes its flags, and soon changes them back.
pub(super) const RESERVE: usize = 4;
/// A full leaf shares with a neighbour in a map of up to this many leaves. In a larger map it is
/// split at once, because each sharing copies the root: with sharing, filling a map of a million
/// regions one by one in random order takes 1.3 times as long (57 instead of 69 bytes a region).
pub(super) const SHARE_UP_TO: usize = 4096;

/// Regions `from..to` of an old leaf, or new regions.
pub(super) enum Piece<'m, 'n> {
    Old(&'m Leaf, usize, usize),
    New(&'n [Region]),
}

impl Piece<'_, '_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Piece::Old(_, from, to) => to - from,
            Piece::New(regions) => regions.len(),
        }
    }

    fn write(&self, skip: usize, count: usize, leaf: &Leaf, at: usize) {
        match self {
            Piece::Old(source, from, _) => leaf.copy(at, source, from + skip, count),
            Piece::New(regions) => {
                let regions = regions.iter().skip(skip).take(count);
                (at..).zip(regions).for_each(|(at, region)| leaf.put(at, region));
            }
        }
    }
}

/// A neighbour of leaves that are rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Neighbour {
    Left,
    Right,
}

/// The neighbour to rewrite together with leaves of `total` regions, if there should be one. Fewer
/// than MERGE_BELOW regions are merged with a neighbour. More than `limit`, which do not fit in one
/// leaf, are shared with a neighbour that has room, if `may_share`. `left` and `right` are the
/// numbers of regions of the neighbours. The one with fewer regions is preferred.
pub(super) fn choose_neighbour(
    total: usize,
    limit: usize,
    left: Option<usize>,
    right: Option<usize>,
    may_share: bool,
) -> Option<Neighbour> {
    let has_room = |count: usize| may_share && total > limit && total + count <= 2 * TARGET;
    let helps = |count: &usize| total < MERGE_BELOW || has_room(*count);
    match (left.filter(helps), right.filter(helps)) {
        (Some(left), Some(right)) if right < left => Some(Neighbour::Right),
        (Some(_), _) => Some(Neighbour::Left),
        (None, right) => right.map(|_| Neighbour::Right),
    }
}

/// The number of regions of each new leaf.
pub(super) struct Sizes {
    total: usize,
    pub(super) leaves: usize,
    /// Each leaf but the last gets TARGET regions.
    packed: bool,
}

impl Sizes {
    /// Up to `limit` regions go to one leaf. `at_end`: no region follows the new ones, so the next
    /// ones will probably be added after them. Then the leaves before are filled up.
    pub(super) fn new(total: usize, limit: usize, at_end: bool) -> Self {
        let leaves = if total <= limit { usize::from(total > 0) } else { total.div_ceil(TARGET) };
        Self { total, leaves, packed: at_end && leaves > 1 }
    }

    /// The number of regions of one of the leaves.
    pub(super) fn of(&self, leaf: usize) -> usize {
        if self.packed {
            TARGET.min(self.total - leaf * TARGET)
        } else {
            self.total / self.leaves + usize::from(leaf < self.total % self.leaves)
        }
    }
}

/// Writes the regions of all pieces to the leaves.
pub(super) fn distribute(leaves: &[&Leaf], pieces: &[Piece<'_, '_>], sizes: &Sizes) {
    let mut pieces = pieces.iter();
    let mut part = pieces.next();
    let mut done = 0;
    for (place, leaf) in leaves.iter().enumerate() {
        let size = sizes.of(place);
        let mut at = 0;
        while at < size {
            let Some(source) = part else { break };
            let count = (source.len() - done).min(size - at);
            source.write(done, count, leaf, at);
            at += count;
            done += count;
            if done == source.len() {
                (part, done) = (pieces.next(), 0);
            }
        }
        leaf.finish(size);
    }
}

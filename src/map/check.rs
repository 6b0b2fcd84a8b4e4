//! Checks the invariants that hold between two changes.

#![forbid(unsafe_code)]

use super::leaf::{Leaf, SLOTS};
use super::pool::PoolWriter;
use super::root::Root;
use crate::value::region::Region;

/// Panics if the published nodes are not a map in canonical form, or if a leaf is lost.
pub(super) fn check(root: Option<&Root>, writer: &PoolWriter<'_>) {
    let slots = root.map_or(0, Root::count);
    let (taken, quarantined) = writer.accounts();
    assert_eq!(taken, slots + quarantined, "a leaf got lost or is used twice");
    let Some(root) = root else { return };
    let mut previous: Option<Region> = None;
    for slot in 0..slots {
        let leaf = root.leaf(slot).expect("every slot has a leaf");
        check_leaf(leaf, slots, &mut previous, bounds(root, slot));
        assert_eq!(root.find(leaf.key(0)), slot, "the index leads elsewhere");
        assert_eq!(root.find_unfinished(leaf.key(0)), slot);
    }
}

/// The first and the last location that may be in a leaf.
fn bounds(root: &Root, slot: usize) -> (u64, u64) {
    let next = if slot + 1 < root.count() { root.separator(slot + 1) } else { 0 };
    (root.separator(slot), next.wrapping_sub(1))
}

fn check_leaf(leaf: &Leaf, slots: usize, previous: &mut Option<Region>, bounds: (u64, u64)) {
    let count = leaf.count();
    assert!(count > 0 && count <= SLOTS, "{count} regions in a leaf of {slots}");
    assert!(!leaf.is_private(), "a published leaf is marked as private");
    for index in 0..count {
        let region = leaf.get(index).expect("a region has a first and a last location");
        let (first, last) = (region.range.first().get(), region.range.last().get());
        assert!(bounds.0 <= first && last <= bounds.1, "{region:?} is outside of its leaf");
        assert_eq!(leaf.rank(first), index + 1, "the fences lead elsewhere");
        if let Some(previous) = previous {
            assert!(previous.range.last() < region.range.first(), "{previous:?}, {region:?}");
            assert!(!previous.continues_in(&region), "{previous:?} continues in {region:?}");
        }
        *previous = Some(region);
    }
}

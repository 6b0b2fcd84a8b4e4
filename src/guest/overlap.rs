//! The regions and holes in a range.

#![forbid(unsafe_code)]

use crate::value::flags::Flags;
use crate::value::range::{Location, Range};
use crate::value::region::Region;

/// A summary of the regions and holes in a range.
#[derive(Debug, Default)]
pub(super) struct Overlap {
    /// The first region.
    pub(super) first: Option<Region>,
    /// The number of regions.
    pub(super) count: usize,
    /// The first absent location.
    pub(super) hole: Option<Location>,
    /// The first region that is PRECIOUS.
    pub(super) precious: Option<Region>,
    /// The first region that is not PRECIOUS.
    pub(super) common: Option<Region>,
    /// Some location is not backed.
    pub(super) unbacked: bool,
}

impl Overlap {
    pub(super) fn new(range: &Range, regions: impl Iterator<Item = Region>) -> Self {
        let mut overlap = Self::default();
        let mut next = Some(range.first());
        for region in regions {
            let Some(part) = range.intersection(&region.range) else {
                continue;
            };
            overlap.add(&region);
            overlap.hole = overlap.hole.or(next.filter(|next| *next < part.first()));
            next = part.last().next();
        }
        overlap.hole = overlap.hole.or(next.filter(|next| *next <= range.last()));
        overlap.unbacked |= overlap.hole.is_some();
        overlap
    }

    fn add(&mut self, region: &Region) {
        self.count += 1;
        self.first = self.first.or(Some(*region));
        self.unbacked |= !region.is_backed();
        let class = match region.flags.has_any(Flags::PRECIOUS) {
            true => &mut self.precious,
            false => &mut self.common,
        };
        *class = class.or(Some(*region));
    }
}

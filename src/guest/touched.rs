//! The ranges that a call changes.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::value::range::{Location, Range};

/// The ranges of a space that a call changes.
#[derive(Debug)]
pub(super) struct TouchedRanges {
    /// Each range that was added with `listed`.
    pub(super) ranges: Vec<Range>,
    /// The lowest and the highest location.
    low: Location,
    high: Location,
    /// Whether two of the ranges may overlap, so that one change may have undone another.
    overlap: bool,
}

impl TouchedRanges {
    /// No ranges yet.
    pub(super) fn none() -> Self {
        let (low, high) = (Location::MAX, Location::new(0));
        Self { ranges: Vec::new(), low, high, overlap: false }
    }

    /// Adds a range. `listed` also adds it to `ranges`, which listeners need.
    pub(super) fn add(&mut self, range: Range, listed: bool) -> Result<(), Error> {
        if listed {
            self.ranges.try_reserve(1).map_err(|_| Error::NoMemory)?;
            self.ranges.push(range);
        }
        self.overlap |= range.first() <= self.high && self.low <= range.last();
        (self.low, self.high) = (self.low.min(range.first()), self.high.max(range.last()));
        Ok(())
    }

    /// The hull of all ranges, if two of them may overlap.
    pub(super) fn overlapping_hull(&self) -> Option<Range> {
        Range::from_ends(self.low, self.high).filter(|_| self.overlap)
    }
}

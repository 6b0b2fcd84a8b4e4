//! Guest locations and ranges of them.
//!
//! A [`Location`] has no operators, so each calculation states its result at the ends of the space.
//! A [`Range`] cannot be empty or inverted. Its end is inclusive, so the last location of the space
//! is an ordinary one.

#![forbid(unsafe_code)]

use crate::sys::mapping;
use core::fmt;

/// Bytes of a page. Backed memory consists of whole pages.
pub(crate) const PAGE: u64 = mapping::PAGE as u64;

/// A guest-physical address or a port number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Location(u64);

impl Location {
    /// The first location of every space.
    pub(crate) const ZERO: Location = Location(0);
    /// The last location of the memory space.
    pub(crate) const MAX: Location = Location(u64::MAX);

    /// The location with this number.
    #[inline]
    pub(crate) const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of this location.
    #[inline]
    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    /// The next location, if there is one.
    #[inline]
    pub(crate) fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    /// The location before this one, if there is one.
    #[inline]
    pub(crate) fn previous(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    /// The location `offset` above this one, if there is one.
    #[inline]
    pub(crate) fn checked_add(self, offset: u64) -> Option<Self> {
        self.0.checked_add(offset).map(Self)
    }

    /// The distance to `base`, which must not be above this location.
    #[inline]
    pub(crate) fn offset_from(self, base: Self) -> u64 {
        debug_assert!(base <= self);
        self.0.wrapping_sub(base.0)
    }

    /// The lowest multiple of `align` (a power of two) that is not below this location.
    #[inline]
    pub(crate) fn align_up(self, align: u64) -> Option<Self> {
        self.0.checked_next_multiple_of(align).map(Self)
    }

    /// The highest multiple of `align` (a power of two) that is not above this location.
    #[inline]
    pub(crate) fn align_down(self, align: u64) -> Self {
        Self(self.0 & !align.wrapping_sub(1))
    }

    /// Whether this location is the first of a page.
    #[inline]
    pub(crate) fn starts_page(self) -> bool {
        self.0 % PAGE == 0
    }
}

/// One or more consecutive locations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: Location,
    last: Location,
}

impl Range {
    /// The range from `first` to `last`, both inclusive; `None` if `last` is below `first`.
    #[inline]
    pub(crate) fn from_ends(first: Location, last: Location) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    /// The range from the first location of a space to `last`, inclusive.
    pub(crate) fn up_to(last: Location) -> Self {
        Self { first: Location::ZERO, last }
    }

    /// The range from `first` to `last`, both inclusive, if it contains `location`.
    #[inline(always)]
    pub(crate) fn around(location: Location, first: Location, last: Location) -> Option<Self> {
        (first <= location && location <= last).then_some(Self { first, last })
    }

    /// The `length` locations from `first` on; `None` if `length` is 0, or passes the last
    /// location.
    #[inline]
    pub(crate) fn from_length(first: Location, length: u64) -> Option<Self> {
        let last = first.checked_add(length.checked_sub(1)?)?;
        Some(Self { first, last })
    }

    /// The first location.
    #[inline]
    pub(crate) fn first(&self) -> Location {
        self.first
    }

    /// The last location.
    #[inline]
    pub(crate) fn last(&self) -> Location {
        self.last
    }

    /// The length less one, which always fits into 64 bits.
    #[inline]
    pub(crate) fn extent(&self) -> u64 {
        self.last.offset_from(self.first)
    }

    /// The number of locations; 2^64-1 for the whole memory space, which has one more.
    #[inline]
    pub(crate) fn saturating_length(&self) -> u64 {
        self.extent().saturating_add(1)
    }

    /// Whether the location is in the range.
    #[inline]
    pub(crate) fn contains(&self, location: Location) -> bool {
        self.first <= location && location <= self.last
    }

    /// The range with `last` as its last location, unless that is below its own.
    #[inline]
    pub(crate) fn extended_to(&self, last: Location) -> Self {
        Self { first: self.first, last: self.last.max(last) }
    }

    /// Whether all of `other` is in the range.
    #[inline]
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.first <= other.first && other.last <= self.last
    }

    /// The range cut after `last`, but not before its own first location.
    #[inline(always)]
    pub(crate) fn ending_by(&self, last: Location) -> Self {
        Self { first: self.first, last: self.last.min(last).max(self.first) }
    }

    /// The locations that are in both ranges.
    #[inline]
    pub(crate) fn intersection(&self, other: &Self) -> Option<Self> {
        Self::from_ends(self.first.max(other.first), self.last.min(other.last))
    }

    /// The part below `location`.
    #[inline]
    pub(crate) fn below(&self, location: Location) -> Option<Self> {
        Self::from_ends(self.first, self.last.min(location.previous()?))
    }

    /// The part above `location`.
    #[inline]
    pub(crate) fn above(&self, location: Location) -> Option<Self> {
        Self::from_ends(self.first.max(location.next()?), self.last)
    }

    /// The range with one more location at each end, except at an end of the space.
    #[inline]
    pub(crate) fn with_neighbours(&self) -> Self {
        Self {
            first: self.first.previous().unwrap_or(self.first),
            last: self.last.next().unwrap_or(self.last),
        }
    }

    /// Whether `other` starts right after this range.
    #[inline]
    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.last.next() == Some(other.first)
    }

    /// Whether the range is made of whole pages.
    #[inline]
    pub(crate) fn is_whole_pages(&self) -> bool {
        self.first.starts_page() && self.last.next().is_none_or(Location::starts_page)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:#x}, {:#x}]", self.first.0, self.last.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: u64, last: u64) -> Range {
        Range { first: Location(first), last: Location(last) }
    }

    #[test]
    fn a_range_without_locations_cannot_be_made() {
        assert_eq!(Range::from_length(Location(7), 0), None);
        assert_eq!(Range::from_ends(Location(7), Location(6)), None);
    }

    #[test]
    fn the_last_location_can_be_in_a_range() {
        assert_eq!(Range::from_length(Location::MAX, 1), Some(range(u64::MAX, u64::MAX)));
    }

    #[test]
    fn a_range_past_the_last_location_cannot_be_made() {
        assert_eq!(Range::from_length(Location::MAX, 2), None);
        assert_eq!(Range::from_length(Location(1), u64::MAX), Some(range(1, u64::MAX)));
        assert_eq!(Range::from_length(Location(2), u64::MAX), None);
    }

    #[test]
    fn neighbours_stop_at_the_ends_of_the_space() {
        assert_eq!(range(0, u64::MAX).with_neighbours(), range(0, u64::MAX));
        assert_eq!(range(5, 6).with_neighbours(), range(4, 7));
    }

    #[test]
    fn parts_below_and_above_leave_the_location_out() {
        assert_eq!(range(5, 9).below(Location(7)), Some(range(5, 6)));
        assert_eq!(range(5, 9).above(Location(7)), Some(range(8, 9)));
        assert_eq!(range(0, 9).below(Location(0)), None);
        assert_eq!(range(5, u64::MAX).above(Location::MAX), None);
    }

    #[test]
    fn the_whole_space_is_made_of_whole_pages() {
        assert!(range(0, u64::MAX).is_whole_pages());
        assert!(!range(0, PAGE).is_whole_pages());
        assert_eq!(range(0, u64::MAX).saturating_length(), u64::MAX);
    }
}

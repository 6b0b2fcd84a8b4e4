//! A region: a run of locations with equal attributes.

#![forbid(unsafe_code)]

use crate::value::flags::Flags;
use crate::value::range::{Location, Range};

/// The address of a vdev. The library hands it back and never dereferences it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vdev(pub(crate) u64);

/// A run of locations with equal attributes and, where backed, consecutive host memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    /// The region's locations in the guest.
    pub(crate) range: Range,
    /// The flags, the saved rights, and whether the region is backed.
    pub(crate) flags: Flags,
    /// A number that is handed back when an access traps.
    pub(crate) cookie: u32,
    /// The device, handed back when an access traps.
    pub(crate) vdev: Vdev,
    /// The host location behind the first location; 0 if the region is not backed.
    pub(crate) host: u64,
}

impl Region {
    /// The region without its range, as three words.
    #[inline(always)]
    pub(crate) fn to_words(self) -> [u64; 3] {
        let tag = u64::from(self.flags.bits()) << 32 | u64::from(self.cookie);
        [tag, self.vdev.0, self.host]
    }

    /// The region with this range that [`Region::to_words`] made these words from.
    #[inline(always)]
    pub(crate) fn from_words(range: Range, [tag, vdev, host]: [u64; 3]) -> Self {
        #[allow(clippy::cast_possible_truncation)] // the two halves of a word
        let (flags, cookie) = (Flags::from_bits((tag >> 32) as u32), tag as u32);
        Self { range, flags, cookie, vdev: Vdev(vdev), host }
    }

    /// Whether there is host memory (or a host port) behind the region.
    #[inline]
    pub(crate) fn is_backed(&self) -> bool {
        self.flags.has_any(Flags::BACKED)
    }

    /// The part of the region that is in `range`.
    #[inline]
    pub(crate) fn cut(&self, range: &Range) -> Option<Self> {
        let part = self.range.intersection(range)?;
        Some(Self { range: part, host: self.host_at(part.first()), ..*self })
    }

    /// The part of the region that is in `range`. The region contains the first location of
    /// `range`.
    #[inline(always)]
    pub(crate) fn view(&self, range: &Range) -> Self {
        let part = range.ending_by(self.range.last());
        Self { range: part, host: self.host_at(part.first()), ..*self }
    }

    /// The host location behind a location of the region; 0 if the region is not backed.
    #[inline]
    pub(crate) fn host_at(&self, location: Location) -> u64 {
        if self.is_backed() {
            self.host.wrapping_add(location.offset_from(self.range.first()))
        } else {
            0
        }
    }

    /// Whether this region and `next` are parts of one region, in this order.
    #[inline]
    pub(crate) fn continues_in(&self, next: &Self) -> bool {
        self.range.meets(&next.range)
            && self.flags == next.flags
            && self.cookie == next.cookie
            && self.vdev == next.vdev
            && (!self.is_backed() || self.host_at(next.range.first()) == next.host)
    }

    /// Appends the region to an ascending list, merged into the last region if it continues that.
    /// The result is false if there was no memory.
    #[inline]
    pub(crate) fn append_to(self, list: &mut Vec<Self>) -> bool {
        if let Some(last) = list.last_mut().filter(|last| last.continues_in(&self)) {
            last.range = last.range.extended_to(self.range.last());
            return true;
        }
        if list.len() == list.capacity() && list.try_reserve(1).is_err() {
            return false;
        }
        list.push(self);
        true
    }
}

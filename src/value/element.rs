//! An element of a set call, as its caller wrote it.

#![forbid(unsafe_code)]

use super::kind::{OutOfSpace, SpaceKind};
use super::range::Range;
use super::region::Vdev;
use gasp_abi::{gasp_change, gasp_region};

/// How an element says where its range ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// After this many locations.
    Length(u32),
    /// With this location.
    Last(u64),
}

/// An element of a set call. Nothing of it is checked yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    /// `QST_*`
    pub(crate) kind: u32,
    pub(crate) location: u64,
    pub(crate) end: End,
    /// `GRF_*`; 0: delete.
    pub(crate) flags: u32,
    pub(crate) cookie: u32,
    pub(crate) vdev: Vdev,
    /// `host_location`
    pub(crate) host: u64,
}

impl Element {
    /// The deletion of a range.
    pub(crate) fn deletion(kind: SpaceKind, range: &Range) -> Self {
        Self {
            kind: kind.to_type().into(),
            location: range.first().get(),
            end: End::Last(range.last().get()),
            flags: 0,
            cookie: 0,
            vdev: Vdev(0),
            host: 0,
        }
    }

    /// The range, which has to be inside of the space.
    #[inline]
    pub(crate) fn range(&self, kind: SpaceKind) -> Result<Range, OutOfSpace> {
        match self.end {
            End::Length(length) => kind.range(self.location, length.into()),
            End::Last(last) => kind.range_to(self.location, last),
        }
    }
}

impl From<gasp_region> for Element {
    #[inline]
    fn from(region: gasp_region) -> Self {
        Self {
            kind: region.guest.r#type.into(),
            location: region.guest.location,
            end: End::Length(region.guest.length),
            flags: region.flags,
            cookie: region.cookie,
            vdev: Vdev::from_c(region.vdev),
            host: region.host_location,
        }
    }
}

impl From<gasp_change> for Element {
    fn from(change: gasp_change) -> Self {
        Self {
            kind: change.r#type,
            location: change.location,
            end: End::Last(change.last),
            flags: change.flags,
            cookie: change.cookie,
            vdev: Vdev::from_c(change.vdev),
            host: change.host_location,
        }
    }
}

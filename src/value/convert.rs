//! Conversions between values and C structures.

#![forbid(unsafe_code)]

use super::range::{Location, Range};
use super::region::{Region, Vdev};
use core::ptr::with_exposed_provenance_mut;
use gasp_abi::{gasp_region, gasp_span, qvm_state_block, qvm_state_types as qst, vdev_t};

impl Vdev {
    /// The vdev of a C pointer.
    #[inline(always)]
    pub(crate) fn from_c(vdev: *mut vdev_t) -> Self {
        Self(vdev.expose_provenance() as u64)
    }

    /// The C pointer of the vdev.
    #[inline(always)]
    pub(crate) fn to_c(self) -> *mut vdev_t {
        with_exposed_provenance_mut(usize::try_from(self.0).unwrap_or(0))
    }
}

impl Region {
    /// The region as `gasp_region_info()` reports it for a block.
    #[inline(always)]
    pub(crate) fn to_c(self, asked: &qvm_state_block) -> gasp_region {
        #[allow(clippy::cast_possible_truncation)] // clipped to a block, whose length has 32 bits
        let length = self.range.saturating_length() as u32;
        gasp_region {
            flags: self.flags.reported(),
            cookie: self.cookie,
            vdev: self.vdev.to_c(),
            host_location: self.host,
            guest: qvm_state_block {
                location: self.range.first().get(),
                length,
                r#type: asked.r#type,
                flags: 0,
            },
        }
    }

    /// The whole region, as `gasp_guest_next()` reports it.
    pub(crate) fn to_span(self) -> gasp_span {
        gasp_span {
            location: self.range.first().get(),
            last: self.range.last().get(),
            host_location: self.host,
            vdev: self.vdev.to_c(),
            flags: self.flags.reported(),
            cookie: self.cookie,
        }
    }
}

/// The range of a block with the type `QST_MEMORY`, as in nearly all queries. `None`: another type,
/// or a bad range.
#[inline(always)]
pub(crate) fn memory_range(block: &qvm_state_block) -> Option<Range> {
    let in_memory = block.r#type == qst::QST_MEMORY as u16;
    let location = Location::new(block.location);
    if in_memory { Range::from_length(location, block.length.into()) } else { None }
}

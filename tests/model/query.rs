//! Sections 3 and 7.7 of the specification: the model's results of `gasp_region_info` and
//! `gasp_guest_next`.

use super::cells::{Attributes, Extent, Run};
use super::numbers::*;
use super::state::{Errno, Kind, Model};
use gasp_abi::{gasp_region, gasp_span, qvm_state_block};
use std::ptr::without_provenance_mut;

/// The flags as they are reported.
fn reported(attributes: Attributes) -> u32 {
    attributes.flags | ACTIVE | attributes.saved << BACKUP_SHIFT
}

/// The host location as it is reported: 0 where there is none.
fn host_location(attributes: Attributes) -> u64 {
    low64(attributes.host.unwrap_or(0))
}

pub(crate) fn low64(location: u128) -> u64 {
    u64::try_from(location).expect("a location of a space")
}

/// A region as `gasp_guest_next` reports it.
pub(crate) fn span(run: &Run) -> gasp_span {
    gasp_span {
        location: low64(run.extent.start),
        last: low64(run.extent.end - 1),
        host_location: host_location(run.first),
        vdev: without_provenance_mut(run.first.vdev),
        flags: reported(run.first),
        cookie: run.first.cookie,
    }
}

impl Model {
    /// 3.1: the longest run from `block.location` with equal attributes, clipped to `block.length`.
    pub(crate) fn info(&self, block: &qvm_state_block) -> Result<gasp_region, Errno> {
        let kind = Kind::of(block.r#type.into()).ok_or(EINVAL)?;
        let range = self.space(kind).range(block.location, block.length.into())?;
        let cells = &self.space(kind).cells;
        let here = cells.at(range.start).ok_or(ENXIO)?;
        let length = cells.uniform_part(range).length();
        Ok(gasp_region {
            flags: reported(here),
            cookie: here.cookie,
            vdev: without_provenance_mut(here.vdev),
            host_location: host_location(here),
            guest: qvm_state_block {
                length: u32::try_from(length).expect("not longer than the block"),
                flags: 0,
                ..*block
            },
        })
    }

    /// 7.7: the region that holds `from`, or the first one after it, whole.
    pub(crate) fn next(&self, qst: u32, from: u64) -> Result<gasp_span, Errno> {
        let kind = Kind::of(qst).ok_or(EINVAL)?;
        let found = self.runs(kind).iter().find(|run| u128::from(from) < run.extent.end);
        found.map(span).ok_or(ENXIO)
    }

    /// All regions of a space.
    pub(crate) fn spans(&self, kind: Kind) -> Vec<gasp_span> {
        self.runs(kind).iter().map(span).collect()
    }

    /// Does a range hold a page with memory behind it that is not all of one region?
    ///
    /// Such a page cannot be set in parts, so QNX's loop and setting what the query returned are
    /// refused there (3.9). It takes three steps to get one: pieces of a page that only trap, some with
    /// a sticky flag and some without; then memory put behind all of the page, where the sticky
    /// flags stay and keep the pieces apart.
    pub(crate) fn has_piecewise_page(&self, kind: Kind, range: Extent) -> bool {
        let cells = &self.space(kind).cells;
        let cut = |edge: u128| {
            kind == Kind::Memory
                && edge % PAGE != 0
                && range.holds(edge)
                && cells.at(edge).is_some_and(|location| location.host.is_some())
        };
        self.runs(kind).iter().any(|run| cut(run.extent.start))
    }
}

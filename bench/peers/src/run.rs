//! Runs of equal locations, and how a change turns old runs into new ones.

use gasp_abi::{gasp_region, gasp_region_flags::GRF_ACTIVE, qvm_state_block, vdev_t};

/// The attributes of a location. Host memory is kept as its distance from the guest location, so
/// that it is the same number all along a region and pieces of one compare equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attrs {
    pub(crate) flags: u32,
    pub(crate) cookie: u32,
    pub(crate) vdev: usize,
    pub(crate) bias: u64,
}

/// A region: first location, last location (inclusive), attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) start: u64,
    pub(crate) last: u64,
    pub(crate) attrs: Attrs,
}

/// One element of a set call. `attrs` is `None` where it deletes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) start: u64,
    pub(crate) last: u64,
    pub(crate) attrs: Option<Attrs>,
}

impl Change {
    /// The change that an element of a C array asks for.
    pub(crate) fn of(element: &gasp_region) -> Self {
        let start = element.guest.location;
        let attrs = Attrs {
            flags: element.flags,
            cookie: element.cookie,
            vdev: element.vdev as usize,
            bias: element.host_location.wrapping_sub(start),
        };
        Self {
            start,
            last: start + (u64::from(element.guest.length) - 1),
            attrs: (element.flags != 0).then_some(attrs),
        }
    }

    /// The run that this change leaves behind, if it is not a deletion.
    pub(crate) fn run(&self) -> Option<Run> {
        let attrs = self.attrs?;
        Some(Run { start: self.start, last: self.last, attrs })
    }
}

/// The answer to a lookup that hit a region ending at `last`, as `gasp_region_info` writes it.
#[inline(always)]
pub(crate) fn answer(last: u64, attrs: &Attrs, block: &qvm_state_block) -> gasp_region {
    let rest = last - block.location;
    let length = match u32::try_from(rest) {
        Ok(rest) => rest.min(block.length - 1) + 1,
        Err(_) => block.length,
    };
    gasp_region {
        flags: attrs.flags | GRF_ACTIVE as u32,
        cookie: attrs.cookie,
        vdev: attrs.vdev as *mut vdev_t,
        host_location: attrs.bias.wrapping_add(block.location),
        guest: qvm_state_block { length, flags: 0, ..*block },
    }
}

/// The runs that replace `old` (every run that overlaps or touches the change, in order).
pub(crate) fn replacement(old: &[Run], change: &Change) -> Vec<Run> {
    let mut new: Vec<Run> = Vec::with_capacity(old.len() + 2);
    let before = old.iter().filter(|run| run.start < change.start);
    let heads = before.map(|run| Run { last: run.last.min(change.start - 1), ..*run });
    let after = old.iter().filter(|run| run.last > change.last);
    let tails = after.map(|run| Run { start: run.start.max(change.last + 1), ..*run });
    for piece in heads.chain(change.run()).chain(tails) {
        match new.last_mut() {
            Some(left) if left.last + 1 == piece.start && left.attrs == piece.attrs => {
                left.last = piece.last;
            }
            _ => new.push(piece),
        }
    }
    new
}

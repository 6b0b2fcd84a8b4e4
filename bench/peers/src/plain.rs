//! A sorted array and nothing else: the cost of a lookup without any synchronisation.
//!
//! It is a lower bound for the others. It cannot be updated beside a reader: `set` replaces the array
//! that a reader uses, so the driver never calls it while other threads look up.

#![allow(unsafe_code)]

use crate::export::{Peer, export};
use crate::flat;
use crate::run::{Attrs, Run};
use core::cell::UnsafeCell;
use gasp_abi::gasp_region;

#[derive(Default)]
struct Plain {
    starts: UnsafeCell<Vec<u64>>,
    runs: UnsafeCell<Vec<Run>>,
}

// SAFETY: readers only read, and the driver runs `set` only where no other thread uses the map.
unsafe impl Sync for Plain {}

impl Peer for Plain {
    #[inline(always)]
    fn find(&self, location: u64) -> Option<(u64, Attrs)> {
        // SAFETY: no `set` runs at the same time (see the module), so this is a shared borrow.
        let starts = unsafe { &*self.starts.get() };
        // SAFETY: as above.
        let runs = unsafe { &*self.runs.get() };
        let after = starts.partition_point(|&start| start <= location);
        let run = runs.get(after.checked_sub(1)?)?;
        (location <= run.last).then_some((run.last, run.attrs))
    }

    fn set(&self, elements: &[gasp_region]) {
        // SAFETY: no other thread uses the map during `set` (see the module).
        let runs = unsafe { &mut *self.runs.get() };
        // SAFETY: as above.
        let starts = unsafe { &mut *self.starts.get() };
        flat::apply(runs, elements);
        starts.clear();
        starts.extend(runs.iter().map(|run| run.start));
    }
}

export!(Plain => peer_plain_create, peer_plain_destroy, peer_plain_set, peer_plain_info);

//! How often accesses went where.

#![forbid(unsafe_code)]

use super::What;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use gasp_abi::gasp_counts;

/// How often accesses went where, by kind.
#[derive(Debug)]
pub(crate) struct Tally {
    passed: [AtomicU64; 3],
    trapped: [AtomicU64; 3],
    unsupported: [AtomicU64; 3],
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        let zeros = || [const { AtomicU64::new(0) }; 3];
        Self { passed: zeros(), trapped: zeros(), unsupported: zeros() }
    }

    /// Adds what another one has.
    pub(crate) fn add(&self, other: &Self) {
        let ours = [&self.passed, &self.trapped, &self.unsupported];
        let theirs = [&other.passed, &other.trapped, &other.unsupported];
        for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
            ours.fetch_add(theirs.load(Relaxed), Relaxed);
        }
    }

    /// The numbers, as C has them.
    pub(crate) fn counts(&self) -> gasp_counts {
        let read = |cells: &[AtomicU64; 3]| cells.each_ref().map(|cell| cell.load(Relaxed));
        gasp_counts {
            passed: read(&self.passed),
            trapped: read(&self.trapped),
            unsupported: read(&self.unsupported),
        }
    }

    #[inline(always)]
    pub(super) fn count_passed(&self, what: What) {
        increment(&self.passed[what as usize]);
    }

    #[inline(always)]
    pub(super) fn count_trapped(&self, what: What) {
        increment(&self.trapped[what as usize]);
    }

    pub(super) fn count_unsupported(&self, what: What) {
        increment(&self.unsupported[what as usize]);
    }
}

/// Adds one to a number that only this thread writes: no locked instruction.
#[inline(always)]
fn increment(cell: &AtomicU64) {
    cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
}

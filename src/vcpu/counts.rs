//! Access counts.

#![forbid(unsafe_code)]

use super::kind::AccessKind;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use gasp_abi::gasp_counts;

/// The numbers of accesses, by kind.
#[derive(Debug)]
pub(super) struct Counts {
    passed: [AtomicU64; 3],
    trapped: [AtomicU64; 3],
    unsupported: [AtomicU64; 3],
}

impl Counts {
    pub(super) fn new() -> Self {
        let zeros = || [const { AtomicU64::new(0) }; 3];
        Self { passed: zeros(), trapped: zeros(), unsupported: zeros() }
    }

    /// Adds the numbers of `other` to these.
    pub(super) fn add(&self, other: &Self) {
        let ours = [&self.passed, &self.trapped, &self.unsupported];
        let theirs = [&other.passed, &other.trapped, &other.unsupported];
        for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
            ours.fetch_add(theirs.load(Relaxed), Relaxed);
        }
    }

    /// The numbers as a C structure.
    pub(super) fn to_c(&self) -> gasp_counts {
        let read = |cells: &[AtomicU64; 3]| cells.each_ref().map(|cell| cell.load(Relaxed));
        gasp_counts {
            passed: read(&self.passed),
            trapped: read(&self.trapped),
            unsupported: read(&self.unsupported),
        }
    }

    #[inline(always)]
    pub(super) fn count_passed(&self, kind: AccessKind) {
        increment(&self.passed[kind as usize]);
    }

    #[inline(always)]
    pub(super) fn count_trapped(&self, kind: AccessKind) {
        increment(&self.trapped[kind as usize]);
    }

    pub(super) fn count_unsupported(&self, kind: AccessKind) {
        increment(&self.unsupported[kind as usize]);
    }
}

/// Adds one to a number that only this thread writes, so no locked instruction is needed.
#[inline(always)]
fn increment(cell: &AtomicU64) {
    cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
}

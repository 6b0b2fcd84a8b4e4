//! Turns regions into runs of pages that can be memslots.
//!
//! Runs are as long as possible: neighbours with consecutive host addresses and the same
//! writability are one run. Cookie, vdev and other flags do not split it.

#![forbid(unsafe_code)]

use gasp_abi::{gasp_region_flags as grf, gasp_span};
use gasp_safe::PAGE_SIZE;
use std::collections::BTreeMap;

/// Bytes of a page, as a shift.
pub(super) const PAGE_SHIFT: u32 = PAGE_SIZE.ilog2();
/// The largest slot that KVM takes, in pages.
pub(super) const MAX_PAGES: u64 = (1 << 31) - 1;

/// Locations that the guest accesses without an exit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) host: u64,
    pub(super) writable: bool,
}

impl Run {
    /// The run of a region; `None` if its reads have to exit.
    pub(super) fn of(span: &gasp_span) -> Option<Self> {
        let set = |flag: grf| span.flags & flag as u32 != 0;
        let readable = set(grf::GRF_PASS_RD) && !set(grf::GRF_VIRT_RD);
        let writable = set(grf::GRF_PASS_WR) && !set(grf::GRF_VIRT_WR);
        let (first, last, host) = (span.location, span.last, span.host_location);
        (readable && host != 0).then_some(Self { first, last, host, writable })
    }

    fn continues_in(&self, next: &Self) -> bool {
        // Wrapping: a run of the last locations has no next one.
        self.last.wrapping_add(1) == next.first
            && self.writable == next.writable
            && self.host.wrapping_add(next.first.wrapping_sub(self.first)) == next.host
    }

    /// The part from `first` to `last`, which are inside.
    fn part(&self, first: u64, last: u64) -> Self {
        // Wrapping: both host addresses are addresses of this process.
        let host = self.host.wrapping_add(first.wrapping_sub(self.first));
        Self { first, last, host, ..*self }
    }

    /// The parts before and after the range from `first` to `last`.
    fn without(&self, first: u64, last: u64) -> [Option<Self>; 2] {
        let below = first.checked_sub(1).filter(|end| *end >= self.first);
        let above = last.checked_add(1).filter(|start| *start <= self.last);
        [
            below.map(|end| self.part(self.first, end.min(self.last))),
            above.map(|start| self.part(start.max(self.first), self.last)),
        ]
    }

    /// The slots of the run: it is split at KVM's limit. libgasp backs whole pages with whole
    /// pages, so nothing is left over.
    pub(super) fn areas(&self) -> impl Iterator<Item = Area> + use<> {
        let run = *self;
        // Wrapping: `last` is not below `first`; 2^52 pages at most.
        let pages = (run.last.wrapping_sub(run.first) >> PAGE_SHIFT).wrapping_add(1);
        let step = usize::try_from(MAX_PAGES).unwrap_or(usize::MAX);
        (0..pages).step_by(step).map(move |page| {
            let pages = MAX_PAGES.min(pages.wrapping_sub(page));
            let gpa = run.first.wrapping_add(page << PAGE_SHIFT);
            Area { gpa, pages, host: run.part(gpa, run.last).host, writable: run.writable }
        })
    }
}

/// The contents of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Area {
    pub(super) gpa: u64,
    pub(super) pages: u64,
    pub(super) host: u64,
    pub(super) writable: bool,
}

impl Area {
    /// The last location.
    pub(super) fn last(&self) -> u64 {
        // Wrapping: an area ends within the 2^64 locations.
        self.gpa.wrapping_add((self.pages << PAGE_SHIFT).wrapping_sub(1))
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.gpa <= other.last() && other.gpa <= self.last()
    }
}

/// All runs of a guest, by first location.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(BTreeMap<u64, Run>);

/// The runs that a change removes, and those that replace them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Splice {
    pub(super) removed: Vec<Run>,
    pub(super) added: Vec<Run>,
}

impl Runs {
    /// The splice for a difference.
    pub(super) fn splice(&self, removed: &[gasp_span], added: &[gasp_span]) -> Splice {
        let mut touched = BTreeMap::new();
        for span in removed.iter().chain(added) {
            touched.extend(self.near(span.location, span.last).map(|run| (run.first, run)));
        }
        let touched: Vec<Run> = touched.into_values().collect();
        let mut left = touched.clone();
        for span in removed {
            cut(&mut left, span.location, span.last);
        }
        left.extend(added.iter().filter_map(Run::of));
        left.sort_unstable_by_key(|run| run.first);
        Splice { removed: touched, added: merged(&left) }
    }

    /// Runs that overlap or touch a range.
    fn near(&self, first: u64, last: u64) -> impl Iterator<Item = Run> + '_ {
        let (low, high) = (first.saturating_sub(1), last.saturating_add(1));
        let before = self.0.range(..low).next_back().filter(|(_, run)| run.last >= low);
        before.into_iter().chain(self.0.range(low..=high)).map(|(_, run)| *run)
    }

    pub(super) fn apply(&mut self, splice: &Splice) {
        for run in &splice.removed {
            self.0.remove(&run.first);
        }
        self.0.extend(splice.added.iter().map(|run| (run.first, *run)));
    }
}

/// Removes a range from sorted runs.
fn cut(runs: &mut Vec<Run>, first: u64, last: u64) {
    let low = runs.partition_point(|run| run.last < first);
    let high = runs.partition_point(|run| run.first <= last);
    if low < high {
        let rest: Vec<Run> =
            runs[low..high].iter().flat_map(|run| run.without(first, last)).flatten().collect();
        runs.splice(low..high, rest);
    }
}

fn merged(sorted: &[Run]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::with_capacity(sorted.len());
    for run in sorted {
        match runs.last_mut() {
            Some(before) if before.continues_in(run) => before.last = run.last,
            _ => runs.push(*run),
        }
    }
    runs
}

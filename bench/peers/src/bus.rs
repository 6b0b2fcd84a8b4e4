//! The common part of the three VMMs' buses: ranges in a `BTreeMap`, ordered by base alone, and a
//! device behind each.
//!
//! The originals know insertion and removal of whole ranges only; a change that splits is made of
//! those here.

use crate::dispatch::{Access, Target};
use crate::run::{Attrs, Change, Run, replacement};
use core::cmp::Ordering;
use core::ffi::c_int;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Base and length, compared by base.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BusRange {
    pub(crate) base: u64,
    pub(crate) len: u64,
}

impl BusRange {
    fn last(&self) -> u64 {
        self.base + (self.len - 1)
    }
}

impl PartialEq for BusRange {
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base
    }
}

impl Eq for BusRange {}

impl PartialOrd for BusRange {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for BusRange {
    fn cmp(&self, other: &Self) -> Ordering {
        self.base.cmp(&other.base)
    }
}

/// A device that takes accesses. A lookup reads its attributes through the same kind of call as an
/// access makes.
pub(crate) trait Device: Send + Sync {
    /// The attributes of the device's region.
    fn attrs(&self) -> Attrs;

    /// Take an access: call the handler in C.
    fn access(&self, access: &Access) -> c_int;
}

/// A device whose accesses are serialised by its bus.
struct Registers {
    attrs: Attrs,
    target: Target,
}

impl Device for Registers {
    fn attrs(&self) -> Attrs {
        self.attrs
    }

    fn access(&self, access: &Access) -> c_int {
        self.target.call(&self.attrs, access)
    }
}

/// A device that serialises its accesses itself, as nearly all devices of VMMs do. Its attributes need
/// no lock, so that lookups do not pay for one.
struct Locked {
    attrs: Attrs,
    target: Mutex<Target>,
}

impl Device for Locked {
    fn attrs(&self) -> Attrs {
        self.attrs
    }

    fn access(&self, access: &Access) -> c_int {
        let target = self.target.lock().unwrap_or_else(PoisonError::into_inner);
        target.call(&self.attrs, access)
    }
}

/// Make a device for a bus that locks devices.
pub(crate) fn device(attrs: Attrs, target: Target) -> Arc<dyn Device> {
    Arc::new(Registers { attrs, target })
}

/// Make a device for a bus that does not.
pub(crate) fn locked_device(attrs: Attrs, target: Target) -> Arc<dyn Device> {
    Arc::new(Locked { attrs, target: Mutex::new(target) })
}

/// Ranges with something behind each.
#[derive(Debug)]
pub(crate) struct Ranges<E>(BTreeMap<BusRange, E>);

impl<E> Default for Ranges<E> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<E> Ranges<E> {
    /// The range with the highest base up to `location`, and what is behind it.
    #[inline(always)]
    pub(crate) fn first_before(&self, location: u64) -> Option<(&BusRange, &E)> {
        self.0.range(..=BusRange { base: location, len: 1 }).next_back()
    }

    /// Apply one change: `attrs` reads an entry, `unplug` gives one back, `plug` makes one.
    pub(crate) fn change(
        &mut self,
        change: &Change,
        attrs: impl Fn(&E) -> Attrs,
        mut unplug: impl FnMut(E),
        mut plug: impl FnMut(Run) -> E,
    ) {
        let old = self.around(change, attrs);
        let new = replacement(&old, change);
        for run in old.iter().filter(|run| !new.contains(run)) {
            let range = BusRange { base: run.start, len: 1 };
            self.0.remove(&range).into_iter().for_each(&mut unplug);
        }
        for run in new.into_iter().filter(|run| !old.contains(run)) {
            let range = BusRange { base: run.start, len: run.last - run.start + 1 };
            self.0.insert(range, plug(run));
        }
    }

    /// The ranges that overlap or touch the change, in order.
    fn around(&self, change: &Change, attrs: impl Fn(&E) -> Attrs) -> Vec<Run> {
        let end = BusRange { base: change.last.saturating_add(1), len: 1 };
        let near = self.0.range(..=end).rev();
        let near = near.take_while(|(range, _)| range.last().saturating_add(1) >= change.start);
        let run = |(range, entry): (&BusRange, &E)| Run {
            start: range.base,
            last: range.last(),
            attrs: attrs(entry),
        };
        let mut runs: Vec<Run> = near.map(run).collect();
        runs.reverse();
        runs
    }
}

/// The last location of `range`, if it holds `location`.
#[inline(always)]
pub(crate) fn last_of(range: BusRange, location: u64) -> Option<u64> {
    (location - range.base < range.len).then(|| range.last())
}

//! Keeps the slots equal to the map.
//!
//! A change is made in KVM before it is visible in the map, because KVM can refuse it. If the plan
//! deletes a slot for locations that have one before and after, vCPUs are held from before the
//! first ioctl until the map has changed. Otherwise a vCPU may see KVM's new slots with the old map
//! for a moment. That loses nothing: an access without a slot exits, and libgasp handles it
//! according to the map.

#![forbid(unsafe_code)]

use super::gate::Gate;
use super::memslots::{Ioctls, issue};
use super::plan::{Op, Plan, Table};
use super::runs::Runs;
use crate::lock::unpoisoned;
use gasp_abi::gasp_cost;
use gasp_safe::{Difference, Listener};
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard};

/// Called when the slots differ from the map and this cannot be repaired.
pub(super) type Fatal = Box<dyn Fn(String) + Send + Sync>;

/// The slots of a VM, as a listener of its guest.
pub(super) struct Slots {
    ioctls: Box<dyn Ioctls>,
    gate: Arc<Gate>,
    fatal: Fatal,
    state: Mutex<State>,
    /// Odd from the first ioctl until the map has changed.
    changes: AtomicU64,
    /// The number of changes for which vCPUs were held.
    holds: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    runs: Runs,
    table: Table,
    /// Executed in KVM, but not yet visible in the map.
    prepared: Option<Plan>,
}

impl fmt::Debug for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").field("ioctls", &self.ioctls).finish_non_exhaustive()
    }
}

impl Slots {
    pub(super) fn new(ioctls: Box<dyn Ioctls>, gate: Arc<Gate>, fatal: Fatal) -> Self {
        let (changes, holds) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { ioctls, gate, fatal, state: Mutex::default(), changes, holds }
    }

    /// A number that grows with each change and is odd during one. An instruction that failed
    /// during a change may have needed a slot that was deleted for a moment.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(SeqCst)
    }

    /// The number of changes for which vCPUs were held.
    #[cfg(test)]
    pub(super) fn holds(&self) -> u64 {
        self.holds.load(SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        unpoisoned(self.state.lock())
    }

    /// The plan for a difference, and the number of slots left. The error: there are too few slots.
    fn plan(&self, state: &State, difference: &Difference<'_>) -> Result<(Plan, u64), i32> {
        let splice = state.runs.splice(difference.removed, difference.added);
        let plan = state.table.plan(splice);
        let limit = i64::try_from(self.ioctls.limit()).unwrap_or(i64::MAX);
        let used = i64::try_from(state.table.len()).unwrap_or(i64::MAX);
        let left = limit.saturating_sub(used).saturating_sub(plan.growth());
        u64::try_from(left).map(|left| (plan, left)).map_err(|_| libc::ENOSPC)
    }

    /// Executes all operations or none.
    fn issue(&self, ops: &[Op]) -> Result<(), i32> {
        for (done, op) in ops.iter().enumerate() {
            if let Err(errno) = issue(&*self.ioctls, op) {
                self.undo(&ops[..done]);
                return Err(errno);
            }
        }
        Ok(())
    }

    fn undo(&self, ops: &[Op]) {
        for op in ops.iter().rev() {
            if let Err(errno) = issue(&*self.ioctls, &op.undo()) {
                let error = std::io::Error::from_raw_os_error(errno);
                (self.fatal)(format!(
                    "a change of the memory slots failed half-way and cannot be undone: {op:?}: {error}"
                ));
                return;
            }
        }
    }

    /// Begins the execution of a plan.
    fn begin(&self, plan: &Plan) {
        if plan.holds() {
            self.holds.fetch_add(1, SeqCst);
            self.gate.hold();
        }
        self.changes.fetch_add(1, SeqCst);
    }

    /// The slots are equal to the map again.
    fn end(&self, plan: &Plan) {
        self.changes.fetch_add(1, SeqCst);
        if plan.holds() {
            self.gate.release();
        }
    }
}

impl Listener for Slots {
    fn estimate(&self, difference: &Difference<'_>) -> Result<gasp_cost, i32> {
        let (plan, slots_left) = self.plan(&self.state(), difference)?;
        let ioctls = u64::try_from(plan.ops.len()).unwrap_or(u64::MAX);
        Ok(gasp_cost { slots: plan.growth(), slots_left, ioctls })
    }

    fn prepare(&self, difference: &Difference<'_>) -> Result<(), i32> {
        let mut state = self.state();
        let (plan, _) = self.plan(&state, difference)?;
        self.begin(&plan);
        let result = self.issue(&plan.ops);
        match result {
            Ok(()) => state.prepared = Some(plan),
            Err(_) => self.end(&plan),
        }
        result
    }

    fn commit(&self, _: &Difference<'_>) {
        let mut state = self.state();
        if let Some(plan) = state.prepared.take() {
            state.runs.apply(&plan.splice);
            plan.ops.iter().for_each(|op| state.table.apply(*op));
            self.end(&plan);
        }
    }

    fn abort(&self, _: &Difference<'_>) {
        let mut state = self.state();
        if let Some(plan) = state.prepared.take() {
            self.undo(&plan.ops);
            self.end(&plan);
        }
    }
}

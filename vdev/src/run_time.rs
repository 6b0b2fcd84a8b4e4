//! The run time of vdevs that is the guest's and not overhead: guest_clock_start() and
//! guest_clock_stop(). It is counted if the host asks for that.

#![forbid(unsafe_code)]

use super::acting;
use super::run_times::RunTimes;
use super::shared::Shared;
use super::slots;
use core::cell::RefCell;
use std::sync::{Arc, Weak};

thread_local! {
    static RUNNING: RefCell<Vec<Running>> = const { RefCell::new(Vec::new()) };
}

/// A vdev whose run time this thread counts.
struct Running {
    vdev: usize,
    /// Its guest: another vdev may have the address later.
    shared: Weak<Shared>,
    since: u64,
}

impl Running {
    fn is_of(&self, vdev: usize, shared: &Arc<Shared>) -> bool {
        self.vdev == vdev && Weak::as_ptr(&self.shared) == Arc::as_ptr(shared)
    }
}

/// The vdev for which this thread acts, if its run time is counted.
fn counted() -> Option<(usize, Arc<Shared>)> {
    if !RunTimes::are_wanted() {
        return None;
    }
    let vdev = acting::vdev();
    let shared = slots::shared(vdev).filter(|shared| shared.run_times.is_some())?;
    Some((vdev.addr(), shared))
}

/// Counts from now on, for the vdev for which this thread acts.
pub(crate) fn start() {
    let Some((vdev, shared)) = counted() else { return };
    RUNNING.with_borrow_mut(|running| {
        running.retain(|other| other.shared.strong_count() > 0);
        if !running.iter().any(|other| other.is_of(vdev, &shared)) {
            let since = shared.timers.clock.now().host;
            running.push(Running { vdev, shared: Arc::downgrade(&shared), since });
        }
    });
}

/// Counts no longer.
pub(crate) fn stop() {
    let Some((vdev, shared)) = counted() else { return };
    let begun = RUNNING.with_borrow_mut(|running| {
        let index = running.iter().position(|other| other.is_of(vdev, &shared))?;
        Some(running.swap_remove(index).since)
    });
    if let (Some(since), Some(times)) = (begun, &shared.run_times) {
        let passed = shared.timers.clock.now().host.saturating_sub(since);
        times.add(vdev, passed);
    }
}

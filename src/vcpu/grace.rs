//! Waiting until accesses that had started have ended.
//!
//! Each vCPU has a number that is odd while an access is under way. Who waits makes the guest's
//! `waiters` non-zero, then (heavy fence) looks at all numbers. An access makes its number odd,
//! then (light fence) looks at the map; at its end it makes the number even, then (light fence)
//! looks at `waiters`. So either the waiter sees that an access is under way, or the access sees
//! the map as it is after the change; and either the waiter sees that the access has ended, or
//! the access sees the waiter and tells it.
//!
//! Nothing here relies on the orderings of the map. `exhaustive` runs this file in every order
//! that the memory model allows, and has a scenario for each step: it fails without it.

#![forbid(unsafe_code)]

use crate::error::Error;
use core::sync::atomic::{self, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

#[cfg(not(all(test, loom)))]
use {
    crate::sys::membarrier,
    core::sync::atomic::{AtomicU32, AtomicU64},
    parking_lot::{Condvar, Mutex},
};

#[cfg(all(test, loom))]
use super::loom::stand_ins::{AtomicU32, AtomicU64, Condvar, Mutex, membarrier, own};

/// The number that this thread stored last; for the only thread that stores it.
#[cfg(not(all(test, loom)))]
#[inline(always)]
fn own(number: &AtomicU64) -> u64 {
    number.load(Relaxed)
}

/// Whether an access of a vCPU is under way.
#[derive(Debug)]
pub(super) struct AccessCounter {
    /// Odd while an access is under way; grows with each change.
    number: AtomicU64,
    /// Accesses within accesses. Nobody else looks at it.
    depth: atomic::AtomicU32,
}

impl AccessCounter {
    pub(super) fn new() -> Self {
        Self { number: AtomicU64::new(0), depth: atomic::AtomicU32::new(0) }
    }

    /// An access starts, maybe inside of another one.
    #[inline(always)]
    pub(super) fn start(&self) {
        let depth = self.depth.load(Relaxed);
        self.depth.store(depth + 1, Relaxed);
        if depth == 0 {
            self.number.store(own(&self.number).wrapping_add(1), Relaxed);
            membarrier::light();
        }
    }

    /// An access ends. If somebody may be waiting for it, [`GracePeriods::end_of`] has to tell them.
    ///
    /// Release, with the acquire in [`GracePeriods::list`]: who sees the even number has what the access
    /// did behind it.
    #[inline(always)]
    pub(super) fn end<F>(&self, quiet: &GracePeriods<F>) -> bool {
        let depth = self.depth.load(Relaxed) - 1;
        self.depth.store(depth, Relaxed);
        if depth > 0 {
            return false;
        }
        self.number.store(own(&self.number).wrapping_add(1), Release);
        membarrier::light();
        quiet.waiters.load(Relaxed) != 0
    }

    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// The vCPUs of a guest.
pub(super) trait Accesses {
    /// Looks at what all of them do. None comes or goes meanwhile.
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &AccessCounter>) -> T) -> T;
}

/// Who waits for accesses to end. `F` is what is called then.
#[derive(Debug)]
pub(crate) struct GracePeriods<F> {
    /// How many waits there are, and how many are being made.
    waiters: AtomicU32,
    waits: Mutex<Waits<F>>,
    /// A wait of somebody who sleeps has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct Waits<F> {
    /// The number of the last wait.
    last: u64,
    list: Vec<Wait<F>>,
}

/// Accesses that have to end, and what to do then.
#[derive(Debug)]
struct Wait<F> {
    number: u64,
    /// vCPUs, by the address of their activity. A vCPU is struck off by the end of its access.
    running: Vec<usize>,
    /// What to call; `None`: somebody sleeps until then.
    then: Option<F>,
}

impl<F> Default for GracePeriods<F> {
    fn default() -> Self {
        let waits = Waits { last: 0, list: Vec::new() };
        Self { waiters: AtomicU32::new(0), waits: Mutex::new(waits), ended: Condvar::new() }
    }
}

impl<F> GracePeriods<F> {
    /// Returns when every access that has started has ended.
    pub(super) fn synchronize(&self, cpus: &impl Accesses) -> Result<(), Error> {
        if let Some(mine) = self.wait_for_all(cpus, &mut None)? {
            let mut waits = self.waits.lock();
            while waits.list.iter().any(|wait| wait.number == mine) {
                self.ended.wait(&mut waits);
            }
        }
        Ok(())
    }

    /// Has a function called when every access that has started has ended. `None`: it will be;
    /// else the caller has to, now.
    pub(super) fn call_when_quiet(
        &self,
        cpus: &impl Accesses,
        function: F,
    ) -> Result<Option<F>, Error> {
        let mut function = Some(function);
        self.wait_for_all(cpus, &mut function)?;
        Ok(function)
    }

    /// Lists a wait for the accesses that are under way, and takes what is to be done then. `None`:
    /// there are none.
    fn wait_for_all(
        &self,
        cpus: &impl Accesses,
        then: &mut Option<F>,
    ) -> Result<Option<u64>, Error> {
        cpus.with_all(|activities| {
            self.waiters.fetch_add(1, Relaxed);
            membarrier::heavy();
            let listed = self.list(activities, then);
            if !matches!(listed, Ok(Some(_))) {
                self.waiters.fetch_sub(1, Relaxed);
            }
            listed
        })
    }

    /// The list is locked while the vCPUs are looked at, so an access that ends meanwhile finds
    /// the wait.
    fn list(
        &self,
        activities: &mut dyn Iterator<Item = &AccessCounter>,
        then: &mut Option<F>,
    ) -> Result<Option<u64>, Error> {
        let mut waits = self.waits.lock();
        let mut running = Vec::new();
        for activity in activities {
            if !activity.number.load(Acquire).is_multiple_of(2) {
                running.try_reserve(1).map_err(|_| Error::NoMemory)?;
                running.push(activity.address());
            }
        }
        if running.is_empty() {
            return Ok(None);
        }
        waits.list.try_reserve(1).map_err(|_| Error::NoMemory)?;
        waits.last += 1;
        let number = waits.last;
        waits.list.push(Wait { number, running, then: then.take() });
        Ok(Some(number))
    }

    /// Tells those who wait for it that an access has ended.
    pub(super) fn end_of(&self, activity: &AccessCounter, call: impl Fn(F)) {
        let others = |whose: &usize| *whose != activity.address();
        for wait in &mut self.waits.lock().list {
            wait.running.retain(others);
        }
        while let Some(ended) = self.take_ended() {
            match ended.then {
                Some(function) => call(function),
                None => {
                    self.ended.notify_all();
                }
            }
        }
    }

    /// A wait for which nothing is under way any more, no longer listed. Those of sleepers come
    /// first: a function may wait for one of them.
    fn take_ended(&self) -> Option<Wait<F>> {
        let mut waits = self.waits.lock();
        let ended = |wait: &Wait<F>| wait.running.is_empty();
        let sleeps = |wait: &Wait<F>| ended(wait) && wait.then.is_none();
        let place =
            waits.list.iter().position(sleeps).or_else(|| waits.list.iter().position(ended))?;
        self.waiters.fetch_sub(1, Relaxed);
        Some(waits.list.remove(place))
    }
}

//! Grace periods: waiting until all accesses that had started have ended.
//!
//! Each vCPU has a number that is odd while an access is under way. A waiter makes the guest's
//! `waiters` non-zero, then (heavy fence) reads all numbers. An access makes its number odd, then
//! (light fence) reads the map; at its end it makes the number even, then (light fence) reads
//! `waiters`. So either the waiter sees that the access is under way, or the access sees the
//! changed map. And either the waiter sees that the access has ended, or the access sees the waiter
//! and notifies it.
//!
//! Nothing here relies on the orderings of the map. The loom tests run this file in every order
//! that the memory model allows. For each step, one of their scenarios fails without that step.

#![forbid(unsafe_code)]

use crate::error::Error;
use crate::sync::{AtomicU32, AtomicU64, Condvar, Mutex, membarrier, own};
use core::sync::atomic::{Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// Whether an access of a vCPU is under way.
#[derive(Debug)]
pub(super) struct AccessCounter {
    /// Odd while an access is under way. It grows by one when an access starts or ends. Accesses
    /// inside trap handlers are parts of the outer one, and not counted.
    number: AtomicU64,
}

impl AccessCounter {
    pub(super) fn new() -> Self {
        Self { number: AtomicU64::new(0) }
    }

    /// Starts an access.
    #[inline(always)]
    pub(super) fn start(&self) {
        self.number.store(own(&self.number).wrapping_add(1), Relaxed);
        membarrier::light();
    }

    /// Ends an access. If the result is true, the caller must call [`GracePeriods::end_of`],
    /// because a grace period may wait for the access.
    ///
    /// The release pairs with the acquire in [`GracePeriods::list`]: everything the access did
    /// happens before a waiter sees the even number.
    #[inline(always)]
    pub(super) fn end<F>(&self, quiet: &GracePeriods<F>) -> bool {
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
    /// Calls `look` with the counters of all vCPUs. No vCPU is added or removed meanwhile.
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &AccessCounter>) -> T) -> T;
}

/// The grace periods that have not ended. `F` is the type of their callbacks.
#[derive(Debug)]
pub(crate) struct GracePeriods<F> {
    /// The number of waits that are listed or about to be.
    waiters: AtomicU32,
    waits: Mutex<Waits<F>>,
    /// Notified when a wait with a sleeping thread has ended.
    ended: Condvar,
}

#[derive(Debug)]
struct Waits<F> {
    /// The number of the last wait.
    last: u64,
    list: Vec<Wait<F>>,
}

/// One grace period: the accesses that it waits for, and its callback.
#[derive(Debug)]
struct Wait<F> {
    number: u64,
    /// The addresses of the counters of vCPUs with an access that must end. The end of that access
    /// removes the vCPU.
    running: Vec<usize>,
    /// The callback; `None`: a thread sleeps until the end.
    then: Option<F>,
}

impl<F> Default for GracePeriods<F> {
    fn default() -> Self {
        let waits = Waits { last: 0, list: Vec::new() };
        Self { waiters: AtomicU32::new(0), waits: Mutex::new(waits), ended: Condvar::new() }
    }
}

impl<F> GracePeriods<F> {
    /// Waits for a grace period.
    pub(super) fn synchronize(&self, cpus: &impl Accesses) -> Result<(), Error> {
        if let Some(mine) = self.wait_for_all(cpus, &mut None)? {
            let mut waits = self.waits.lock();
            while waits.list.iter().any(|wait| wait.number == mine) {
                self.ended.wait(&mut waits);
            }
        }
        Ok(())
    }

    /// Has `function` called after a grace period. If no access is under way, it is returned
    /// instead, and the caller must call it.
    pub(super) fn call_when_quiet(
        &self,
        cpus: &impl Accesses,
        function: F,
    ) -> Result<Option<F>, Error> {
        let mut function = Some(function);
        self.wait_for_all(cpus, &mut function)?;
        Ok(function)
    }

    /// Lists a wait for the accesses under way, and moves the callback `then` into it. `None`: no
    /// access is under way. Without the fence nobody knows, so its failure is the call's.
    fn wait_for_all(
        &self,
        cpus: &impl Accesses,
        then: &mut Option<F>,
    ) -> Result<Option<u64>, Error> {
        cpus.with_all(|activities| {
            self.waiters.fetch_add(1, Relaxed);
            let fenced = membarrier::heavy().map_err(Error::from);
            let listed = fenced.and_then(|()| self.list(activities, then));
            if !matches!(listed, Ok(Some(_))) {
                self.waiters.fetch_sub(1, Relaxed);
            }
            listed
        })
    }

    /// Holds the lock of the list while it reads the counters, so that an access that ends
    /// meanwhile finds the wait.
    fn list(
        &self,
        activities: &mut dyn Iterator<Item = &AccessCounter>,
        then: &mut Option<F>,
    ) -> Result<Option<u64>, Error> {
        let mut waits = self.waits.lock();
        let mut running = Vec::new();
        for activity in activities {
            if activity.number.load(Acquire) % 2 != 0 {
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

    /// Removes an access that has ended from all waits. Each wait that is empty then ends: its
    /// thread is woken, or `call` gets its callback, which need not return: what is left then is for
    /// the next end of an access.
    pub(super) fn end_of(&self, activity: &AccessCounter, call: impl Fn(F)) {
        let others = |whose: &usize| *whose != activity.address();
        for wait in &mut self.waits.lock().list {
            wait.running.retain(others);
        }
        while let Some(then) = self.take_ended() {
            match then {
                Some(function) => call(function),
                None => {
                    self.ended.notify_all();
                }
            }
        }
    }

    /// Removes a wait that has ended from the list, and returns its callback. Waits of sleeping
    /// threads come first, because a callback may wait for such a thread.
    fn take_ended(&self) -> Option<Option<F>> {
        let mut waits = self.waits.lock();
        let ended = |wait: &Wait<F>| wait.running.is_empty();
        let sleeps = |wait: &Wait<F>| ended(wait) && wait.then.is_none();
        let place =
            waits.list.iter().position(sleeps).or_else(|| waits.list.iter().position(ended))?;
        self.waiters.fetch_sub(1, Relaxed);
        Some(waits.list.remove(place).then)
    }
}

//! Waiting until accesses that had started have ended.
//!
//! Each vCPU has a number that is odd while an access is under way. Who waits makes the guest's
//! `waiters` non-zero, then (heavy fence) looks at all numbers. An access makes its number odd,
//! then (light fence) looks at the map; at its end it makes the number even, then (light fence)
//! looks at `waiters`. So either the waiter sees that an access is under way, or the access sees
//! the map as it is after the change; and either the waiter sees that the access has ended, or
//! the access sees the waiter and tells it.

#![forbid(unsafe_code)]

use super::Cpu;
use crate::abi::host::gasp_counts;
use crate::error::Error;
use crate::guest::Guest;
use crate::space::Kind;
use crate::sys::callback::Once;
use crate::sys::membarrier;
use crate::sys::process::keep_errno;
use core::sync::atomic::{
    AtomicU32, AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release, Ordering::SeqCst,
};
use parking_lot::{Condvar, Mutex};

/// Whether an access of a vCPU is under way.
#[derive(Debug)]
pub(super) struct Activity {
    /// Odd while an access is under way; grows with each change.
    number: AtomicU64,
    /// Accesses within accesses.
    depth: AtomicU32,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { number: AtomicU64::new(0), depth: AtomicU32::new(0) }
    }
}

/// An access that is under way, until dropped.
#[derive(Debug)]
pub(super) struct Running<'c> {
    activity: &'c Activity,
    guest: &'c Guest,
}

impl<'c> Running<'c> {
    #[inline(always)]
    pub(super) fn start(cpu: &'c Cpu, guest: &'c Guest) -> Self {
        let activity = &cpu.activity;
        let depth = activity.depth.load(Relaxed);
        activity.depth.store(depth + 1, Relaxed);
        if depth == 0 {
            let number = activity.number.load(Relaxed);
            activity.number.store(number.wrapping_add(1), Relaxed);
            membarrier::light();
        }
        Self { activity, guest }
    }
}

impl Drop for Running<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        let depth = self.activity.depth.load(Relaxed) - 1;
        self.activity.depth.store(depth, Relaxed);
        if depth == 0 {
            let number = self.activity.number.load(Relaxed);
            self.activity.number.store(number.wrapping_add(1), Release);
            membarrier::light();
            if self.guest.quiet().waiters.load(Relaxed) != 0 {
                keep_errno(|| self.guest.end_of(self.activity));
            }
        }
    }
}

/// Who waits for accesses to end.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    /// How many waits there are, and how many are being made.
    waiters: AtomicU32,
    waits: Mutex<Waits>,
    /// A wait of somebody who sleeps has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct Waits {
    /// The number of the last wait.
    last: u64,
    list: Vec<Wait>,
}

/// Accesses that have to end, and what to do then.
#[derive(Debug)]
struct Wait {
    number: u64,
    /// vCPUs, by the address of their activity, with the number they had.
    running: Vec<(usize, u64)>,
    /// What to call; `None`: somebody sleeps until then.
    then: Option<Once>,
}

fn address(activity: &Activity) -> usize {
    core::ptr::from_ref(activity).addr()
}

impl Guest {
    /// Returns when every access that has started has ended.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.check_may_wait()?;
        let quiet = self.quiet();
        if let Some(mine) = self.wait_for_all(&mut None)? {
            let mut waits = quiet.waits.lock();
            while waits.list.iter().any(|wait| wait.number == mine) {
                quiet.ended.wait(&mut waits);
            }
        }
        Ok(())
    }

    /// Has a function called when every access that has started has ended.
    pub(crate) fn call_when_quiet(&self, function: Once) -> Result<(), Error> {
        let mut function = Some(function);
        self.wait_for_all(&mut function)?;
        if let Some(function) = function {
            function.call();
        }
        Ok(())
    }

    /// Waiting inside of an access, or while others may wait for this thread's lock, might never
    /// end.
    fn check_may_wait(&self) -> Result<(), Error> {
        let handling = self.cpus().lock().iter().any(|cpu| cpu.get().is_some_and(Cpu::is_handling));
        let holding = [Kind::Memory, Kind::Ports].into_iter().find(|kind| self.holds_lock(*kind));
        match holding {
            Some(kind) => Err(Error::WaitsWithLock(kind)),
            None if handling => Err(Error::WaitsForItself),
            None => Ok(()),
        }
    }

    /// Lists a wait for the accesses that are under way, and takes what is to be done then. `None`:
    /// there are none.
    fn wait_for_all(&self, then: &mut Option<Once>) -> Result<Option<u64>, Error> {
        let waiters = &self.quiet().waiters;
        waiters.fetch_add(1, SeqCst);
        membarrier::heavy();
        let listed = self.list(then);
        if !matches!(listed, Ok(Some(_))) {
            waiters.fetch_sub(1, SeqCst);
        }
        listed
    }

    /// The list is locked while the vCPUs are looked at, so an access that ends meanwhile finds
    /// the wait.
    fn list(&self, then: &mut Option<Once>) -> Result<Option<u64>, Error> {
        let cpus = self.cpus().lock();
        let mut waits = self.quiet().waits.lock();
        let mut running = Vec::new();
        running.try_reserve_exact(cpus.len()).map_err(|_| Error::NoMemory)?;
        for cpu in cpus.iter().filter_map(|cpu| cpu.get()) {
            let number = cpu.activity.number.load(Acquire);
            if !number.is_multiple_of(2) {
                running.push((address(&cpu.activity), number));
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
    #[cold]
    pub(super) fn end_of(&self, activity: &Activity) {
        let number = activity.number.load(Relaxed);
        let others =
            |(whose, since): &(usize, u64)| *whose != address(activity) || *since == number;
        for wait in &mut self.quiet().waits.lock().list {
            wait.running.retain(others);
        }
        while let Some(ended) = self.take_ended() {
            match ended.then {
                Some(function) => function.call(),
                None => _ = self.quiet().ended.notify_all(),
            }
        }
    }

    /// A wait for which nothing is under way any more, no longer listed.
    fn take_ended(&self) -> Option<Wait> {
        let mut waits = self.quiet().waits.lock();
        let place = waits.list.iter().position(|wait| wait.running.is_empty())?;
        self.quiet().waiters.fetch_sub(1, SeqCst);
        Some(waits.list.remove(place))
    }
}

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
    pub(super) fn count_passed(&self, what: super::What) {
        increment(&self.passed[what as usize]);
    }

    #[inline(always)]
    pub(super) fn count_trapped(&self, what: super::What) {
        increment(&self.trapped[what as usize]);
    }

    pub(super) fn count_unsupported(&self, what: super::What) {
        increment(&self.unsupported[what as usize]);
    }
}

/// Adds one to a number that only this thread writes: no locked instruction.
#[inline(always)]
fn increment(cell: &AtomicU64) {
    cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
}

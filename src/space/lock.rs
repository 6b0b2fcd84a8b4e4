//! The lock of a space. It is held across calls, and refuses a wait that would never end.
//!
//! All waits of the process are listed. A thread that is about to wait follows the list from owner
//! to owner. If that leads back to itself, the wait is refused.
//!
//! The waits of accesses have a time limit, and *give way*: a thread is not refused a wait because
//! of them. They follow the list again and again instead, and end when they are part of a cycle.

#![forbid(unsafe_code)]

use crate::raw::owned_lock::OwnedLock;
use crate::sys::process::keep_errno;
use crate::sys::thread::{NO_THREAD, known_to_kernel_as, this_thread};
use crate::value::holder::{GaveUp, Holder};
use crate::value::region::Vdev;
use core::ptr;
use core::time::Duration;
use parking_lot::Mutex;
use std::time::Instant;

/// The time between two looks of a wait that gives way at the list.
const SLICE: Duration = Duration::from_millis(10);

/// Why a lock was not taken or released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockError {
    /// The calling thread has taken it too often.
    TooDeep,
    /// The calling thread does not own it.
    NotOwner,
    /// The owner waits, directly or through others, for the calling thread.
    Deadlock,
    /// There is no memory for the list of waits.
    NoMemory,
}

impl From<LockError> for GaveUp {
    fn from(error: LockError) -> Self {
        match error {
            LockError::NoMemory => Self::NoMemory,
            LockError::Deadlock | LockError::TooDeep | LockError::NotOwner => Self::Cycle,
        }
    }
}

/// A recursive lock, owned by a thread. One call can take it, and a later one release it.
#[derive(Debug)]
pub(crate) struct Lock(OwnedLock);

impl Lock {
    /// A free lock.
    pub(crate) const fn new() -> Self {
        Self(OwnedLock::new())
    }

    /// Whether the calling thread owns the lock.
    #[inline]
    pub(crate) fn is_mine(&self) -> bool {
        self.0.is_mine()
    }

    /// How often the calling thread holds the lock.
    pub(crate) fn times_held(&self) -> u32 {
        self.0.times_held()
    }

    /// Takes the lock, and waits for it if another thread owns it.
    #[inline]
    pub(crate) fn lock(&'static self) -> Result<(), LockError> {
        match self.0.try_lock() {
            Ok(true) => Ok(()),
            Ok(false) => keep_errno(|| self.wait()),
            Err(_) => Err(LockError::TooDeep),
        }
    }

    #[cold]
    fn wait(&'static self) -> Result<(), LockError> {
        let _listed = Wait::enter(this_thread(), &self.0, Kind::Lasting)?;
        self.0.wait();
        Ok(())
    }

    /// As [`Lock::hold`], but waits for at most `time` of `limit` milliseconds, and gives way.
    pub(crate) fn hold_for(&'static self, time: Duration, limit: u32) -> Result<Held, GaveUp> {
        match self.try_hold() {
            Some(held) => Ok(held),
            None => keep_errno(|| self.wait_for(time, limit)),
        }
    }

    #[cold]
    fn wait_for(&'static self, time: Duration, limit: u32) -> Result<Held, GaveUp> {
        let start = Instant::now();
        let wait = Wait::enter(this_thread(), &self.0, Kind::GivesWay)?;
        loop {
            let rest = time.saturating_sub(start.elapsed());
            if self.0.wait_for(rest.min(SLICE)) {
                return Ok(Held(Some(self)));
            }
            if rest <= SLICE {
                return Err(GaveUp::Limit(limit));
            }
            wait.check()?;
        }
    }

    /// The thread that owns the lock.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let (owner, vdev) = self.0.owner_and_vdev();
        let holder = Holder { thread: known_to_kernel_as(owner), vdev: Vdev::from_c(vdev) };
        (owner != NO_THREAD).then_some(holder)
    }

    /// Releases the lock once.
    #[inline]
    pub(crate) fn unlock(&self) -> Result<(), LockError> {
        if self.0.unlock() { Ok(()) } else { Err(LockError::NotOwner) }
    }

    /// Takes the lock until the result is dropped. If the thread owns it already, it stays as it
    /// is.
    #[inline]
    pub(crate) fn hold(&'static self) -> Result<Held, LockError> {
        if self.is_mine() {
            return Ok(Held(None));
        }
        self.lock()?;
        Ok(Held(Some(self)))
    }

    /// As [`Lock::hold`], but `None` if it would have to wait.
    pub(crate) fn try_hold(&'static self) -> Option<Held> {
        if self.is_mine() {
            return Some(Held(None));
        }
        matches!(self.0.try_lock(), Ok(true)).then_some(Held(Some(self)))
    }

    /// Frees the lock, whichever thread owns it. No thread may use it at the same time.
    pub(crate) fn reset(&self) {
        self.0.reset();
    }
}

/// A lock that is released when this is dropped. `None`: the thread owned it before, and keeps it.
#[derive(Debug)]
pub(crate) struct Held(Option<&'static Lock>);

impl Drop for Held {
    fn drop(&mut self) {
        // Unlocking fails only for a thread that does not own the lock, and this thread does.
        let _ = self.0.map(Lock::unlock);
    }
}

/// Whether a wait can refuse others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It lasts until the thread has the lock.
    Lasting,
    /// It ends by itself if it is part of a cycle.
    GivesWay,
}

/// A thread that waits for a lock.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    thread: u64,
    wanted: &'static OwnedLock,
    kind: Kind,
}

/// The threads of the process that wait for a lock.
static WAITS: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());

impl Waiting {
    /// Whether the wait closes a cycle, or would. A wait that lasts does not if one in the cycle
    /// gives way.
    fn closes_cycle(&self, waits: &[Self]) -> bool {
        let mut lock = self.wanted;
        for _ in 0..=waits.len() {
            let owner = lock.owner();
            if owner == self.thread {
                return true;
            }
            // A thread that waits for the lock that it owns has just got it.
            let wait =
                waits.iter().find(|wait| wait.thread == owner && !ptr::eq(wait.wanted, lock));
            match wait {
                Some(wait) if wait.kind == Kind::Lasting || self.kind == Kind::GivesWay => {
                    lock = wait.wanted;
                }
                _ => return false,
            }
        }
        false
    }
}

/// An entry in [`WAITS`], removed when this is dropped.
struct Wait(Waiting);

impl Wait {
    /// Lists a wait, unless it would close a cycle. Each waiting thread is listed under the same
    /// mutex, so the last thread to close a cycle sees all the others.
    fn enter(thread: u64, wanted: &'static OwnedLock, kind: Kind) -> Result<Self, LockError> {
        let wait = Waiting { thread, wanted, kind };
        let mut waits = WAITS.lock();
        if wait.closes_cycle(&waits) {
            return Err(LockError::Deadlock);
        }
        waits.try_reserve(1).map_err(|_| LockError::NoMemory)?;
        waits.push(wait);
        Ok(Self(wait))
    }

    /// Whether the wait can still end.
    fn check(&self) -> Result<(), LockError> {
        match self.0.closes_cycle(&WAITS.lock()) {
            true => Err(LockError::Deadlock),
            false => Ok(()),
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITS.lock().retain(|wait| wait.thread != self.0.thread);
    }
}

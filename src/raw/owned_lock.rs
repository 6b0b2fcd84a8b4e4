//! A recursive lock without a guard, so that it can be held across C calls. It knows its owner.

use crate::sys::acting;
use crate::sys::thread::{NO_THREAD, this_thread};
use core::fmt;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use core::time::Duration;
use gasp_abi::vdev_t;
use parking_lot::RawMutex;
use parking_lot::lock_api::{RawMutex as _, RawMutexTimed as _};

/// How often a thread can take a lock again that it holds. With the first time, that is 65,535.
const MAX_DEPTH: u32 = 65_534;

/// The calling thread has taken the lock [`MAX_DEPTH`] times again already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooDeep;

/// A recursive lock. Its mutex is eventually fair: a thread that takes and releases it in a loop
/// hands it to a waiter after about a millisecond at most.
pub(crate) struct OwnedLock {
    mutex: RawMutex,
    /// The thread that has locked `mutex`. Written by that thread only.
    owner: AtomicU64,
    /// The vdev for which the owner acted when it locked `mutex`; of the last owner, if there is
    /// none now.
    vdev: AtomicPtr<vdev_t>,
    /// How often the owner has taken the lock again; 0 if there is none. Used by the owner only.
    depth: AtomicU32,
}

impl OwnedLock {
    /// A free lock.
    pub(crate) const fn new() -> Self {
        Self {
            mutex: RawMutex::INIT,
            owner: AtomicU64::new(NO_THREAD),
            vdev: AtomicPtr::new(ptr::null_mut()),
            depth: AtomicU32::new(0),
        }
    }

    /// The thread that owns the lock, or [`NO_THREAD`].
    pub(crate) fn owner(&self) -> u64 {
        self.owner.load(Relaxed)
    }

    /// The thread that owns the lock, or [`NO_THREAD`], and the vdev for which it acted when it
    /// took the lock.
    pub(crate) fn owner_and_vdev(&self) -> (u64, *mut vdev_t) {
        loop {
            // Both acquire, paired with the releases in `own`: the vdev is that of this owner or of
            // a later one, and who sees that of a later one sees below that the owner is gone.
            let owner = self.owner.load(Acquire);
            let vdev = self.vdev.load(Acquire);
            if self.owner() == owner {
                return (owner, vdev);
            }
        }
    }

    /// Whether the calling thread owns the lock.
    #[inline]
    pub(crate) fn is_mine(&self) -> bool {
        self.owner.load(Relaxed) == this_thread()
    }

    /// How often the calling thread holds the lock.
    pub(crate) fn times_held(&self) -> u32 {
        if self.is_mine() { self.depth.load(Relaxed) + 1 } else { 0 }
    }

    /// Takes the lock if that needs no waiting. The result says whether it did.
    #[inline]
    pub(crate) fn try_lock(&self) -> Result<bool, TooDeep> {
        let thread = this_thread();
        if self.owner() == thread {
            let depth = self.depth.load(Relaxed);
            if depth == MAX_DEPTH {
                return Err(TooDeep);
            }
            self.depth.store(depth + 1, Relaxed);
            return Ok(true);
        }
        let locked = self.mutex.try_lock();
        if locked {
            self.own(thread);
        }
        Ok(locked)
    }

    /// Waits for the lock and takes it. The calling thread must not own it.
    pub(crate) fn wait(&self) {
        self.mutex.lock();
        self.own(this_thread());
    }

    /// As [`OwnedLock::wait`], for at most this time. The result says whether it took the lock.
    pub(crate) fn wait_for(&self, time: Duration) -> bool {
        let locked = self.mutex.try_lock_for(time);
        if locked {
            self.own(this_thread());
        }
        locked
    }

    fn own(&self, thread: u64) {
        self.vdev.store(acting::vdev(), Release);
        self.owner.store(thread, Release);
    }

    /// Releases the lock once; false if the calling thread does not own it.
    #[inline]
    pub(crate) fn unlock(&self) -> bool {
        if !self.is_mine() {
            return false;
        }
        let depth = self.depth.load(Relaxed);
        if depth == 0 {
            self.owner.store(NO_THREAD, Relaxed);
            // SAFETY: the calling thread was the owner, so it has locked the mutex.
            unsafe { self.mutex.unlock() };
        } else {
            self.depth.store(depth - 1, Relaxed);
        }
        true
    }

    /// Frees the lock, whichever thread owns it. No thread may use it at the same time.
    pub(crate) fn reset(&self) {
        if self.owner.swap(NO_THREAD, Relaxed) != NO_THREAD {
            self.depth.store(0, Relaxed);
            // SAFETY: the lock had an owner, which had locked the mutex. That thread cannot unlock
            // it a second time: `unlock` checks the owner, which was removed above.
            unsafe { self.mutex.unlock() };
        }
    }
}

impl fmt::Debug for OwnedLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedLock").field("owner", &self.owner).finish_non_exhaustive()
    }
}

//! The lock of a space. It is held across calls, and refuses a wait that would never end.
//!
//! All waits of the process are listed. A thread that is about to wait follows the list from owner
//! to owner. If that leads back to itself, the wait is refused.

#![forbid(unsafe_code)]

use crate::raw::owned_lock::OwnedLock;
use crate::sys::process::keep_errno;
use crate::sys::thread::this_thread;
use core::ptr;
use parking_lot::Mutex;

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
        let _listed = Wait::enter(this_thread(), &self.0)?;
        self.0.wait();
        Ok(())
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

/// The threads of the process that wait for a lock, each with that lock.
static WAITS: Mutex<Vec<(u64, &'static OwnedLock)>> = Mutex::new(Vec::new());

/// An entry in [`WAITS`], removed when this is dropped.
struct Wait(u64);

impl Wait {
    /// Lists a wait, unless it would close a cycle. Each waiting thread is listed under the same
    /// mutex, so the last thread to close a cycle sees all the others.
    fn enter(thread: u64, wanted: &'static OwnedLock) -> Result<Self, LockError> {
        let mut waits = WAITS.lock();
        let mut lock = wanted;
        for _ in 0..=waits.len() {
            let owner = lock.owner();
            if owner == thread {
                return Err(LockError::Deadlock);
            }
            // A thread that waits for the lock that it owns has just got it.
            let wait = waits.iter().find(|wait| wait.0 == owner && !ptr::eq(wait.1, lock));
            match wait {
                Some((_, next)) => lock = next,
                None => break,
            }
        }
        waits.try_reserve(1).map_err(|_| LockError::NoMemory)?;
        waits.push((thread, wanted));
        Ok(Self(thread))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        WAITS.lock().retain(|wait| wait.0 != self.0);
    }
}

//! One space of a guest: its regions, its lock, and its reservations.

#![forbid(unsafe_code)]

mod lock;
mod reservations;

pub(crate) use lock::{Held, Lock};
pub(crate) use reservations::Reservations;

use crate::error::Error;
use crate::map::Map;
use crate::value::holder::{GaveUp, Holder, Stuck};
use crate::value::kind::SpaceKind;
use crate::value::region::Vdev;
use core::time::Duration;
use lock::LockError;
use parking_lot::Mutex;

/// A space of one guest.
#[derive(Debug)]
pub(crate) struct Space {
    /// Memory or ports.
    pub(crate) kind: SpaceKind,
    lock: &'static Lock,
    /// The regions. Only the owner of the lock changes them.
    pub(crate) map: Map,
    /// Ranges that searches for free space leave out.
    pub(crate) reserved: Mutex<Reservations>,
}

impl Space {
    /// An empty space.
    pub(crate) fn new(kind: SpaceKind, lock: &'static Lock) -> Self {
        Self { kind, lock, map: Map::new(), reserved: Mutex::default() }
    }

    /// Whether the calling thread owns the lock.
    #[inline]
    pub(crate) fn is_locked_by_caller(&self) -> bool {
        self.lock.is_mine()
    }

    /// How often the calling thread holds the lock.
    pub(crate) fn locks_held(&self) -> u32 {
        self.lock.times_held()
    }

    /// Takes the lock, and waits for it if another thread owns it.
    #[inline]
    pub(crate) fn lock(&self) -> Result<(), Error> {
        self.lock.lock().map_err(|error| self.error(error))
    }

    /// Releases the lock once.
    #[inline]
    pub(crate) fn unlock(&self) -> Result<(), Error> {
        self.lock.unlock().map_err(|error| self.error(error))
    }

    /// Takes the lock until the result is dropped. If the thread owns it already, it stays as it
    /// is.
    #[inline]
    pub(crate) fn hold(&self) -> Result<Held, Error> {
        self.lock.hold().map_err(|error| self.error(error))
    }

    /// As [`Space::hold`], but `None` if it would have to wait.
    pub(crate) fn try_hold(&self) -> Option<Held> {
        self.lock.try_hold()
    }

    /// As [`Space::hold`], but waits for at most `time` of the `limit` milliseconds that the guest
    /// allows, and gives way.
    pub(crate) fn hold_for(&self, time: Duration, limit: u32) -> Result<Held, Stuck> {
        self.lock.hold_for(time, limit).map_err(|why| self.stuck(why))
    }

    /// The thread that holds the lock.
    pub(crate) fn holder(&self) -> Result<Holder, Error> {
        self.lock.holder().ok_or(Error::NotHeld(self.kind))
    }

    /// The failure of a wait that ended for this reason.
    #[cold]
    pub(crate) fn stuck(&self, why: GaveUp) -> Stuck {
        // The holder may have released the lock meanwhile.
        let gone = Holder { thread: 0, vdev: Vdev(0) };
        Stuck { holder: self.lock.holder().unwrap_or(gone), why }
    }

    #[cold]
    fn error(&self, error: LockError) -> Error {
        match error {
            LockError::TooDeep => Error::TooDeep(self.kind),
            LockError::NotOwner => Error::NotOwner(self.kind),
            LockError::Deadlock => Error::Deadlock(self.kind),
            LockError::NoMemory => Error::NoMemory,
        }
    }
}

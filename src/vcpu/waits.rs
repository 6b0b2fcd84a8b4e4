//! The calls that wait for the end of accesses.

#![forbid(unsafe_code)]

use super::quiet::Quiet;
use super::system::{System, Vcpu};
use crate::callback::QuietCallback;
use crate::error::Error;

impl System {
    /// Waits for a grace period.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.check_may_wait()?;
        self.grace_periods.synchronize(self)
    }

    /// Refuses a wait that might never end: inside an access, or with a lock held that an access
    /// may wait for.
    fn check_may_wait(&self) -> Result<(), Error> {
        let handling = self.cpus.lock().iter().any(|cpu| cpu.get().is_some_and(Vcpu::is_handling));
        match self.guest().locked_space() {
            Some(kind) => Err(Error::WaitsWithLock(kind)),
            None if handling => Err(Error::WaitsForItself),
            None => Ok(()),
        }
    }
}

impl System {
    /// Has the callback called after a grace period.
    pub(crate) fn call_when_quiet(&self, callback: QuietCallback) -> Result<(), Error> {
        self.when_quiet(Quiet::Call(callback))
    }

    /// Removes a range of memory that was added. What is not used any more is freed after a grace
    /// period. If there is no memory to wait for that, a later removal or the end of the guest frees
    /// it.
    pub(crate) fn remove_memory(&self, location: u64, length: u64) -> Result<(), Error> {
        if let Some(turn) = self.guest().remove_memory(location, length)? {
            let _ = self.when_quiet(Quiet::Free(turn));
        }
        Ok(())
    }

    fn when_quiet(&self, then: Quiet) -> Result<(), Error> {
        if let Some(then) = self.grace_periods.call_when_quiet(self, then)? {
            self.quiet(then);
        }
        Ok(())
    }

    pub(super) fn quiet(&self, then: Quiet) {
        match then {
            Quiet::Call(callback) => callback.call(),
            Quiet::Free(turn) => self.guest().removal_is_quiet(turn),
        }
    }
}

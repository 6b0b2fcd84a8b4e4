//! The calls that wait for the end of accesses.

#![forbid(unsafe_code)]

use super::system::{System, Vcpu};
use crate::callback::QuietCallback;
use crate::error::Error;

impl System {
    /// Waits for a grace period.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.check_may_wait()?;
        self.grace_periods.synchronize(self)
    }

    /// Has the callback called after a grace period.
    pub(crate) fn call_when_quiet(&self, callback: QuietCallback) -> Result<(), Error> {
        if let Some(callback) = self.grace_periods.call_when_quiet(self, callback)? {
            callback.call();
        }
        Ok(())
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

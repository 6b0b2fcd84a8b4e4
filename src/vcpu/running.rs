//! Accesses under way, and the calls that wait for their end.

#![forbid(unsafe_code)]

use super::grace::{AccessCounter, Accesses};
use super::system::{System, Vcpu};
use crate::callback::QuietCallback;
use crate::error::Error;
use crate::sys::process::keep_errno;

/// An access that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct Running<'c> {
    accesses: &'c AccessCounter,
    system: &'c System,
}

impl<'c> Running<'c> {
    #[inline(always)]
    pub(super) fn start(cpu: &'c Vcpu, system: &'c System) -> Self {
        cpu.accesses.start();
        Self { accesses: &cpu.accesses, system }
    }
}

impl Drop for Running<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.accesses.end(&self.system.grace_periods) {
            keep_errno(|| self.system.end_grace_periods(self.accesses));
        }
    }
}

impl Accesses for System {
    /// The list is locked before `look` makes its fence. So that fence pairs with those of every
    /// vCPU in the list, and a vCPU that is added later sees the map as it is now.
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &AccessCounter>) -> T) -> T {
        let cpus = self.cpus.lock();
        look(&mut cpus.iter().filter_map(|cpu| cpu.get()).map(|cpu| &cpu.accesses))
    }
}

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

    /// Removes a vCPU's access from all grace periods, and ends those that waited for nothing else.
    #[cold]
    pub(super) fn end_grace_periods(&self, accesses: &AccessCounter) {
        self.grace_periods.end_of(accesses, QuietCallback::call);
    }
}

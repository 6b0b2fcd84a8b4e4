//! Accesses in progress, and waits for their end.

#![forbid(unsafe_code)]

use super::grace::{AccessCounter, Accesses};
use super::system::{System, Vcpu};
use crate::callback::QuietCallback;
use crate::error::Error;
use crate::sys::process::keep_errno;

/// An access in progress, until dropped.
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
    /// The list is locked before any fence. So the fences of every vCPU that is in it are known,
    /// and a vCPU that is created later sees the map as it is now.
    fn with_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &AccessCounter>) -> T) -> T {
        let cpus = self.cpus.lock();
        look(&mut cpus.iter().filter_map(|cpu| cpu.get()).map(|cpu| &cpu.accesses))
    }
}

impl System {
    /// Returns when every access that has started has ended.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.check_may_wait()?;
        self.grace_periods.synchronize(self)
    }

    /// Has a function called when every access that has started has ended.
    pub(crate) fn call_when_quiet(&self, callback: QuietCallback) -> Result<(), Error> {
        if let Some(callback) = self.grace_periods.call_when_quiet(self, callback)? {
            callback.call();
        }
        Ok(())
    }

    /// A wait inside of an access, or with a lock held that an access may wait for, might never
    /// end.
    fn check_may_wait(&self) -> Result<(), Error> {
        let handling = self.cpus.lock().iter().any(|cpu| cpu.get().is_some_and(Vcpu::is_handling));
        match self.guest().locked_space() {
            Some(kind) => Err(Error::WaitsWithLock(kind)),
            None if handling => Err(Error::WaitsForItself),
            None => Ok(()),
        }
    }

    /// Ends the grace periods that wait for a vCPU's access only.
    #[cold]
    pub(super) fn end_grace_periods(&self, accesses: &AccessCounter) {
        self.grace_periods.end_of(accesses, QuietCallback::call);
    }
}

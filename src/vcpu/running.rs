//! Accesses of a guest's vCPUs that are under way, and who may wait for their end.

#![forbid(unsafe_code)]

use super::Cpu;
use super::grace::{Activity, Cpus};
use crate::callback::trap::Once;
use crate::error::Error;
use crate::guest::Guest;
use crate::space::Kind;
use crate::sys::process::keep_errno;

/// An access that is under way, until dropped.
#[derive(Debug)]
pub(super) struct Running<'c> {
    activity: &'c Activity,
    guest: &'c Guest,
}

impl<'c> Running<'c> {
    #[inline(always)]
    pub(super) fn start(cpu: &'c Cpu, guest: &'c Guest) -> Self {
        cpu.activity.start();
        Self { activity: &cpu.activity, guest }
    }
}

impl Drop for Running<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.activity.end(self.guest.quiet()) {
            keep_errno(|| self.guest.end_of(self.activity));
        }
    }
}

impl Cpus for Guest {
    /// With the list locked before any fence: whoever finds a vCPU there knows which fences its
    /// accesses have, and a vCPU that is made later finds the map as it is now.
    fn look_at_all<T>(&self, look: impl FnOnce(&mut dyn Iterator<Item = &Activity>) -> T) -> T {
        let cpus = self.cpus().lock();
        look(&mut cpus.iter().filter_map(|cpu| cpu.get()).map(|cpu| &cpu.activity))
    }
}

impl Guest {
    /// Returns when every access that has started has ended.
    pub(crate) fn synchronize(&self) -> Result<(), Error> {
        self.check_may_wait()?;
        self.quiet().synchronize(self)
    }

    /// Has a function called when every access that has started has ended.
    pub(crate) fn call_when_quiet(&self, function: Once) -> Result<(), Error> {
        if let Some(function) = self.quiet().call_when_quiet(self, function)? {
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

    /// Tells those who wait for it that an access has ended.
    #[cold]
    pub(super) fn end_of(&self, activity: &Activity) {
        self.quiet().end_of(activity, Once::call);
    }
}

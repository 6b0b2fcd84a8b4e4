//! Accesses under way.

#![forbid(unsafe_code)]

use super::grace::{AccessCounter, Accesses};
use super::system::{System, Vcpu};
use crate::sys::process::keep_errno;
use core::sync::atomic::Ordering::Relaxed;

/// An access that is under way until [`Running::end`], or a part of one: an access that a trap
/// handler makes. Nothing is dropped, because a trap handler can be left without returning.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running<'c> {
    cpu: &'c Vcpu,
    system: &'c System,
}

impl<'c> Running<'c> {
    /// Starts an access of a vCPU that is in this number of trap handlers.
    #[inline(always)]
    pub(super) fn start(cpu: &'c Vcpu, system: &'c System, nested: u32) -> Self {
        if nested == 0 {
            cpu.accesses.start();
        }
        Self { cpu, system }
    }

    /// The access that is under way.
    pub(super) fn of(cpu: &'c Vcpu, system: &'c System) -> Self {
        Self { cpu, system }
    }

    /// Ends the access, if the vCPU is in no trap handler.
    #[inline(always)]
    pub(super) fn end(self) {
        let Self { cpu, system } = self;
        if cpu.nested.load(Relaxed) == 0 && cpu.accesses.end(&system.grace_periods) {
            keep_errno(|| system.end_grace_periods(&cpu.accesses));
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
    /// Removes a vCPU's access from all grace periods, and ends those that waited for nothing else.
    #[cold]
    pub(super) fn end_grace_periods(&self, accesses: &AccessCounter) {
        self.grace_periods.end_of(accesses, |then| self.quiet(then));
    }
}

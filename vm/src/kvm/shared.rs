//! The state that the threads of a machine share.

#![forbid(unsafe_code)]

use super::error::KvmError;
use super::gate::Gate;
use super::lines::Lines;
use super::listener::Slots;
use super::memslots::Kernel;
use super::registers;
use crate::lock::unpoisoned;
use crate::platform::{Ending, Platform, Power, Registers, WatchPower};
use core::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU32};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

/// The end of the guest, and the reason.
#[derive(Debug)]
pub(super) struct Fate {
    gate: Arc<Gate>,
    ending: Ending,
    failure: Mutex<Option<KvmError>>,
}

impl Fate {
    fn new(gate: Arc<Gate>) -> Self {
        Self { gate, ending: Ending::default(), failure: Mutex::default() }
    }

    pub(super) fn ended(&self) -> bool {
        self.ending.code().is_some()
    }

    /// Ends the guest. Only the first call has an effect.
    pub(super) fn end(&self, exit_code: u8) {
        self.ending.end(exit_code);
        self.gate.end();
    }

    /// Ends the guest because it cannot continue.
    pub(super) fn fail(&self, error: KvmError) {
        let mut failure = self.failure();
        if self.ending.end(error.exit_code()) {
            *failure = Some(error);
        }
        drop(failure);
        self.gate.end();
    }

    fn failure(&self) -> MutexGuard<'_, Option<KvmError>> {
        unpoisoned(self.failure.lock())
    }

    pub(super) fn outcome(&self) -> Result<u8, KvmError> {
        match self.failure().take() {
            Some(error) => Err(error),
            None => Ok(self.ending.code().unwrap_or(0)),
        }
    }
}

/// The state that the threads of a machine share.
pub(super) struct Shared {
    pub(super) gate: Arc<Gate>,
    pub(super) fate: Arc<Fate>,
    pub(super) slots: Arc<Slots>,
    pub(super) lines: Lines,
    interruptible: AtomicBool,
    power: OnceLock<WatchPower>,
    /// The vCPUs, to read their registers from other threads. Vdevs may have this state longer than
    /// the machine exists, so these descriptors are its own.
    vcpus: Vec<OwnedFd>,
    /// The number of vCPUs that are not retired.
    working: AtomicU32,
}

impl Shared {
    pub(super) fn new(kernel: Kernel, cpus: u32, vcpus: Vec<OwnedFd>) -> Self {
        let gate = Arc::new(Gate::new(cpus));
        let fate = Arc::new(Fate::new(Arc::clone(&gate)));
        let fatal = {
            let fate = Arc::clone(&fate);
            Box::new(move |message| fate.fail(KvmError::Slots(message)))
        };
        let slots = Arc::new(Slots::new(Box::new(kernel), Arc::clone(&gate), fatal));
        let (interruptible, working) = (AtomicBool::new(false), AtomicU32::new(cpus));
        let power = OnceLock::new();
        let lines = Lines::default();
        Self { gate, fate, slots, lines, interruptible, power, vcpus, working }
    }

    pub(super) fn set_interruptible(&self, interruptible: bool) {
        self.interruptible.store(interruptible, SeqCst);
    }

    /// Whether interrupts may be raised.
    pub(super) fn interruptible(&self) -> bool {
        self.interruptible.load(SeqCst)
    }

    /// A vCPU changes its power state.
    pub(super) fn power(&self, number: u32, state: Power) {
        if let Some(tell) = self.power.get() {
            tell(number, state);
        }
    }

    /// Retires a vCPU that halts for good. The guest ends with the last one.
    pub(super) fn retire(&self) {
        if self.working.fetch_sub(1, SeqCst) == 1 {
            self.fate.end(0);
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("fate", &self.fate).finish_non_exhaustive()
    }
}

impl Platform for Shared {
    fn interrupt(&self, vector: u8, asserted: bool) {
        self.lines.set(vector, asserted);
        if asserted {
            self.gate.interrupt(0);
        }
    }

    fn terminate(&self, exit_code: u8) {
        self.fate.end(exit_code);
    }

    fn watch_power(&self, tell: WatchPower) {
        // The first one stays: a machine has one set of vdevs.
        let _ = self.power.set(tell);
    }

    fn registers(&self) -> Result<Vec<Registers>, i32> {
        self.gate.hold();
        let registers = self.vcpus.iter().map(registers::all).collect();
        self.gate.release();
        registers
    }
}

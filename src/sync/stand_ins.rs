//! What the protocols use, as loom has it.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // loom's locks are never poisoned

use core::ops::{Deref, DerefMut};
use core::sync::atomic::{self, Ordering, Ordering::Relaxed};
pub(crate) use loom::sync::atomic::{AtomicU32, fence};
use loom::sync::{self, atomic::AtomicU64 as LoomU64};

/// A counter with one writer. The writer reads a copy that loom does not know: loom takes a thread
/// that loads a value before it stores one as synchronised with all loads of other threads.
#[derive(Debug)]
pub(crate) struct AtomicU64 {
    number: LoomU64,
    copy: atomic::AtomicU64,
}

impl AtomicU64 {
    pub(crate) fn new(number: u64) -> Self {
        Self { number: LoomU64::new(number), copy: number.into() }
    }

    pub(crate) fn load(&self, order: Ordering) -> u64 {
        self.number.load(order)
    }

    pub(crate) fn store(&self, number: u64, order: Ordering) {
        self.number.store(number, order);
        self.copy.store(number, Relaxed);
    }
}

pub(crate) fn own(number: &AtomicU64) -> u64 {
    number.copy.load(Relaxed)
}

/// As `parking_lot` has it.
#[derive(Debug)]
pub(crate) struct Mutex<T>(sync::Mutex<T>);

/// Without loom's guard only while its thread sleeps.
pub(crate) struct Guard<'m, T>(Option<sync::MutexGuard<'m, T>>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        Guard(Some(self.0.lock().unwrap()))
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().unwrap()
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().unwrap()
    }
}

/// As `parking_lot` has it.
#[derive(Debug)]
pub(crate) struct Condvar(sync::Condvar);

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(sync::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut Guard<'_, T>) {
        guard.0 = guard.0.take().map(|guard| self.0.wait(guard).unwrap());
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The fences of `sys/membarrier.rs`, with what the kernel's system call promises and no more: each
/// heavy fence comes before or after each light fence of a vCPU, and what was done before the first
/// of the two is seen after the second. Light fences of two vCPUs order nothing.
///
/// For each vCPU there is a cell that both kinds modify. (loom's own fences do not serve: loom
/// tries no other order of them, because they are no operations on an object.)
pub(crate) mod membarrier {
    use crate::sys::failure::SystemError;
    use core::cell::Cell;
    use loom::sync::atomic::{AtomicUsize, Ordering::AcqRel};

    /// How many vCPUs a scenario has.
    pub(crate) const CPUS: usize = 2;

    loom::lazy_static! {
        static ref STEPS: [AtomicUsize; CPUS] = core::array::from_fn(|_| AtomicUsize::new(0));
    }

    loom::thread_local! {
        /// The vCPU whose access the thread makes.
        static CPU: Cell<usize> = Cell::new(0);
    }

    /// Makes the cells. Has to be called before the first thread is spawned; loom would take a
    /// thread that makes them as synchronised with the others.
    pub(crate) fn prepare() {
        assert_eq!(STEPS.len(), CPUS);
    }

    /// From now on, the light fences of this thread are those of vCPU `cpu`.
    pub(crate) fn become_cpu(cpu: usize) {
        CPU.with(|own| own.set(cpu));
    }

    pub(crate) fn light() {
        STEPS[CPU.with(Cell::get)].fetch_add(1, AcqRel);
    }

    pub(crate) fn heavy() -> Result<(), SystemError> {
        for step in STEPS.iter() {
            step.fetch_add(1, AcqRel);
        }
        Ok(())
    }
}
